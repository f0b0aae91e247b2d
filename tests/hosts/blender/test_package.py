"""Building, installing and removing the extension, without any Blender."""

import json
import os
import sys
import zipfile
from pathlib import Path

import pytest

from inbetween import __version__
from inbetween.core.settings import Settings, describe
from inbetween.hosts.blender import package


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return package.contents("")


def test_zip_holds_the_extension_and_nothing_of_the_engine(files: dict[str, str], tmp_path: Path) -> None:
    package.write_zip(tmp_path / "x.zip", files)
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
    assert {"blender_manifest.toml", "__init__.py", "hosts/blender/operators.py", "hosts/worker/client.py"} <= names
    assert not [name for name in names if "package" in name or "server" in name or "sequence" in name]


def test_the_same_sources_give_the_same_zip(files: dict[str, str], tmp_path: Path) -> None:
    for name in ("one.zip", "other.zip"):
        package.write_zip(tmp_path / name, dict(reversed(files.items())) if name == "one.zip" else files)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "other.zip").read_bytes()


def test_defaults_and_help_come_from_the_engine(files: dict[str, str]) -> None:
    description = json.loads(files["description.json"])
    assert description["settings"] == json.loads(json.dumps(describe(Settings)))
    assert description["version"] == __version__
    assert f'version = "{__version__}"' in files["blender_manifest.toml"]


def test_install_replaces_an_older_one_whole(files: dict[str, str], tmp_path: Path) -> None:
    place = package.install(tmp_path, {**files, "old.py": ""})
    assert package.install(tmp_path, files) == place
    found = {path.relative_to(place).as_posix(): path for path in place.rglob("*") if path.is_file()}
    assert {name: path.read_text("utf-8") for name, path in found.items()} == files
    assert [path.name for path in tmp_path.iterdir()] == ["inbetween"]


def test_uninstall_removes_what_was_installed_and_nothing_else(files: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    package.install(tmp_path, files)
    assert package.uninstall(tmp_path)
    assert not package.uninstall(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


@pytest.mark.parametrize("manifest", [None, 'id = "someone_elses"\n'])
def test_a_folder_that_is_not_ours_is_never_touched(
    files: dict[str, str], tmp_path: Path, manifest: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "inbetween"
    place.mkdir()
    (place / "precious.txt").write_text("mine")
    if manifest:
        (place / "blender_manifest.toml").write_text(manifest)
    for command in (["--to", str(tmp_path)], ["--uninstall", str(tmp_path)]):
        assert package.main(command) == 2
        assert "is not this extension" in capsys.readouterr().err
    assert (place / "precious.txt").read_text() == "mine"


def test_one_command_installs_into_every_blender_of_the_user_and_removes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if sys.platform != "linux":
        pytest.skip("the folders of another system")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert package.main(["--to"]) == 2
    assert "start Blender once" in capsys.readouterr().err
    for version in ("3.6", "4.2", "5.0", "notes.old"):
        (tmp_path / "blender" / version).mkdir(parents=True)
    assert package.main(["--to"]) == 0
    installed = sorted(tmp_path.glob("blender/*/extensions/user_default/inbetween/description.json"))
    assert [path.parts[-5] for path in installed] == ["4.2", "5.0"]
    assert {json.loads(path.read_text("utf-8"))["python"] for path in installed} == {sys.executable}
    assert package.main(["--uninstall"]) == 0
    assert not list(tmp_path.rglob("inbetween"))


def test_settings_folder_of_a_blender_stands_for_its_extensions(tmp_path: Path) -> None:
    (tmp_path / "python").touch()
    assert package.main(["--to", str(tmp_path / "4.5"), "--python", str(tmp_path / "python")]) == 0
    place = tmp_path / "4.5" / "extensions" / "user_default" / "inbetween"
    assert json.loads((place / "description.json").read_text("utf-8"))["python"] == str(tmp_path / "python")


def test_an_engine_that_is_not_there_is_found_out_when_it_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert package.main(["--to", str(tmp_path / "x"), "--python", "/nowhere/python"]) == 2
    expected = "--python /nowhere/python is not there; name the Python that inbetween was installed with\n"
    assert capsys.readouterr().err == expected
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("what", ["--zip", "--index"])
def test_an_engine_that_other_machines_have_is_taken_at_its_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    assert package.main([what, str(tmp_path / "x"), "--python", "/nowhere/python"]) == 0
    said = "/nowhere/python is not on this machine; it must be on those where Blender runs."
    assert capsys.readouterr().out.splitlines()[-1] == said


@pytest.mark.parametrize("named", [True, False])
def test_the_engine_is_to_be_named_in_blender_unless_it_was_named_here(
    files: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    named: bool,
) -> None:
    monkeypatch.setattr(package, "contents", lambda python: files)
    assert package.main(["--zip", str(tmp_path / "x.zip"), *(["--python", sys.executable] if named else [])]) == 0
    said = capsys.readouterr().out
    assert "Install from Disk" in said
    assert (sys.executable not in said) == named


def test_index_lists_every_zip_of_the_folder(tmp_path: Path) -> None:
    for _ in range(2):
        assert package.main(["--index", str(tmp_path)]) == 0
    index = json.loads((tmp_path / "index.json").read_text("utf-8"))
    (row,) = index["data"]
    archive = tmp_path / row["archive_url"].removeprefix("./")
    assert (row["id"], row["archive_size"]) == ("inbetween", archive.stat().st_size)


def test_folder_that_cannot_be_written_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert package.main(["--zip", str(tmp_path / "file" / "x.zip")]) == 2
    error = capsys.readouterr().err
    assert error.count(os.linesep) == 1
    assert str(tmp_path / "file") in error
    assert "name a place that you may write to" in error


def test_a_folder_is_no_zip_and_nothing_is_left_in_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "dist").mkdir()
    assert package.main(["--zip", f"{tmp_path / 'dist'}/"]) == 2
    expected = (
        f"{tmp_path / 'dist'} is a folder; name the zip file to build, such as {tmp_path / 'dist/inbetween.zip'}\n"
    )
    assert capsys.readouterr().err == expected
    assert [path.name for path in tmp_path.rglob("*")] == ["dist"]


def test_a_zip_that_cannot_be_put_in_its_place_leaves_nothing(files: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "x.zip").mkdir()
    with pytest.raises(OSError, match=r"x\.zip"):
        package.write_zip(tmp_path / "x.zip", files)
    assert [path.name for path in tmp_path.iterdir()] == ["x.zip"]


def test_engine_that_does_not_start_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert package.main(["--zip", str(tmp_path / "x.zip")]) == 2
    assert "cannot start the worker with '/nowhere/python'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
