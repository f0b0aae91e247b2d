"""The plug-in laid into a Nuke folder: one block, nothing lost, twice the same, gone without a trace."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import nk_text
import pytest
from nuke_studio import engine

import inbetween
from inbetween import __version__
from inbetween.core.errors import InputError
from inbetween.core.settings import Settings, describe
from inbetween.hosts.nuke import install

needs_worker = pytest.mark.skipif(
    inbetween.__spec__ is None, reason="the worker runs isolated, and inbetween is not installed"
)
THEIRS = "import nuke\nnuke.pluginAddPath('./mine')  # by hand\n"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's answer, without a worker."""
    monkeypatch.setattr(install, "describe", engine)


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@needs_worker
def test_the_engine_describes_itself_as_nuke_will_meet_it() -> None:
    found = install.describe()
    assert found["python"] == Path(sys.executable).absolute().as_posix()
    assert found["release"] == __version__
    assert "dissolve" in found["models"]
    assert found["settings"] == json.loads(json.dumps(describe(Settings)))


def test_an_engine_that_does_not_answer_is_found_out_at_install_time(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not answer"):
        install.describe(str(tmp_path / "python"))


@pytest.mark.usefixtures("told")
def test_an_init_py_of_theirs_is_kept_and_copied_aside(tmp_path: Path) -> None:
    (tmp_path / "init.py").write_text(THEIRS, "utf-8")
    assert install.main(["--to", str(tmp_path)]) == 0
    text = (tmp_path / "init.py").read_text("utf-8")
    assert text.startswith(THEIRS)
    assert text.count(install.BEGIN) == 1
    assert (tmp_path / install.BACKUP).read_text("utf-8") == THEIRS
    compile(text, "init.py", "exec")


@pytest.mark.usefixtures("told")
def test_installing_twice_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "init.py").write_text(THEIRS, "utf-8")
    install.main(["--to", str(tmp_path)])
    before = everything(tmp_path)
    assert install.main(["--to", str(tmp_path)]) == 0
    assert everything(tmp_path) == before
    assert "nothing to do" in capsys.readouterr().out


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    "theirs", ["", THEIRS, THEIRS.rstrip("\n"), THEIRS + "\n\n"], ids=["none", "one", "bare", "wide"]
)
def test_uninstalling_leaves_what_was_there_before(tmp_path: Path, theirs: str) -> None:
    if theirs:
        (tmp_path / "init.py").write_text(theirs, "utf-8")
    before = everything(tmp_path)
    install.main(["--to", str(tmp_path)])
    assert install.main(["--to", str(tmp_path), "--uninstall"]) == 0
    after = everything(tmp_path)
    assert after.keys() == before.keys()
    assert after.get("init.py", b"").decode() == (theirs if theirs.endswith("\n") or not theirs else theirs + "\n")


@pytest.mark.usefixtures("told")
def test_a_dry_run_touches_nothing_and_says_what_it_would(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "init.py").write_text(THEIRS, "utf-8")
    before = everything(tmp_path)
    assert install.main(["--to", str(tmp_path), "--dry-run"]) == 0
    assert everything(tmp_path) == before
    assert capsys.readouterr().out.count("would ") == 2


@pytest.mark.usefixtures("told")
def test_an_older_release_is_replaced_file_by_file(tmp_path: Path) -> None:
    install.main(["--to", str(tmp_path)])
    place = tmp_path / install.FOLDER
    (place / "inbetween/hosts/nuke/retired.py").write_text("", "utf-8")
    (place / "menu.py").write_text("", "utf-8")
    install.main(["--to", str(tmp_path)])
    assert not (place / "inbetween/hosts/nuke/retired.py").exists()
    assert (place / "menu.py").read_text("utf-8")


@pytest.mark.usefixtures("told")
def test_a_block_cut_in_half_by_hand_is_reported_not_repaired(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "init.py").write_text(install.BEGIN + "\n", "utf-8")
    assert install.main(["--to", str(tmp_path)]) == 2
    assert "by hand" in capsys.readouterr().err


@pytest.mark.usefixtures("told")
def test_a_folder_that_cannot_be_written_is_one_sentence_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert install.main(["--to", str(tmp_path / "file")]) == 2
    place = tmp_path / "file" / install.FOLDER
    told = (
        f"inbetween for Nuke: {place} cannot be changed: Not a directory; name a folder that you may write to with --to"
    )
    assert capsys.readouterr().err == f"{told}\n"

    def refused(self: Path, to: Path) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(self))

    monkeypatch.setattr(Path, "replace", refused)
    assert install.main(["--to", str(tmp_path / "nuke")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "could not be written: Read-only file system; check the permissions" in line
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["file"]


@pytest.mark.usefixtures("told")
def test_a_studio_gets_the_line_for_its_environment_and_no_init_py(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert install.main(["--print-env", "--to", str(tmp_path)]) == 0
    assert not (tmp_path / "init.py").exists()
    assert f"NUKE_PATH={'' if os.name == 'nt' else chr(34)}{tmp_path / install.FOLDER}" in capsys.readouterr().out


SESSION = """
import sys
from pathlib import Path

folder, tests = Path(sys.argv[1]), sys.argv[2]
sys.path.insert(0, tests)
from nuke_host import Host

host = Host()
sys.modules["nuke"] = host.module
host.start_up(folder)
host.scriptSaveAs(str(folder / "shot.nk"))
for x, name in ((100, "A"), (160, "B")):
    disc = host.make("Radial", {"name": name})
    disc["area"].setValue(f"{x} 100 {x + 100} 200")
    disc.setXYpos(x, 0)
    disc.setSelected(True)
entry = host.menu("Nodes").menu("Inbetween").items()[0]
exec(entry.script, {"nuke": host.module})
node = host.toNode("Inbetween1")
node["last"].setValue(5)
node["model"].setValue("dissolve")
host.press(node, "make")
host.spin(lambda: node["state"].value() != "being made")
from inbetween.hosts.nuke import make
assert make.__file__.startswith(str(folder)), make.__file__
make.release()
print(node["state"].value(), host.messages, sep="|")
"""


@needs_worker
def test_a_nuke_that_starts_with_the_folder_makes_frames_from_its_menu(tmp_path: Path) -> None:
    assert install.main(["--to", str(tmp_path)]) == 0
    command = [sys.executable, "-c", SESSION, str(tmp_path), str(Path(__file__).parent)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "1-5: 3 in-betweens drawn, 0 frames kept from before|[]"
    assert len(list((tmp_path / "inbetween/shot_Inbetween1").glob("inbetween.000?.exr"))) == 5


def test_what_is_laid_down_stands_alone_in_the_oldest_python_there_is(tmp_path: Path) -> None:
    """Every module is imported from the plug-in's folder, with an empty `nuke` and nothing else of ours in reach.

    INBETWEEN_PYTHON37 names the Python of Nuke 13; without it, the one that runs the tests has to do.
    """
    for _, act in install.install(tmp_path, engine()):
        act()
    place = tmp_path / install.FOLDER
    code = (
        "import sys, types; sys.path.insert(0, sys.argv[1]); sys.modules['nuke'] = types.ModuleType('nuke')\n"
        "from inbetween.hosts.nuke import config, panel, graph, node, keys, make, doctor, farm, selfcheck\n"
        "from inbetween.hosts.worker import client\n"
        "assert panel.rows(config.load())\n"
        "assert client.__file__.startswith(sys.argv[1])\n"
    )
    python = os.environ.get("INBETWEEN_PYTHON37", sys.executable)
    done = subprocess.run([python, "-I", "-c", code, str(place)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    nk_text.parse((place / "ToolSets/Inbetween.nk").read_text("utf-8"))
