"""install.py as a stranger starts it: what it says, what it leaves alone, and how it ends."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent


def start(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "install.py"), *arguments]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True)


@pytest.fixture
def elsewhere(installer: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module, working in a folder of its own with a pyproject.toml and a constraints.txt."""
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'nothing'\n")
    (tmp_path / "constraints.txt").write_text("")
    monkeypatch.setattr(installer, "ROOT", tmp_path)
    monkeypatch.setattr(installer, "CONSTRAINTS", tmp_path / "constraints.txt")
    return installer


@pytest.mark.parametrize("argument", [[], ["--help"], ["help"]])
def test_without_a_command_it_explains_itself(argument: list[str]) -> None:
    done = start(*argument)
    assert done.returncode == 0
    for command in ("demo", "test", "blender", "nuke"):
        assert f"install.py {command}" in done.stdout


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A clone in which nothing is set up."""
    for room in ("core", "hosts", "plugin"):
        shutil.copytree(ROOT / room, tmp_path / "clone" / room, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("install.py", "pyproject.toml", "constraints.txt"):
        shutil.copyfile(ROOT / file, tmp_path / "clone" / file)
    return tmp_path / "clone"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nuke", "--help"), "usage: install.py nuke"),
        (("blender", "-h"), "usage: install.py blender"),
        (("nuke", "--dry-run"), "would set up"),
        (("nuke", "--uninstall", "--to", "nowhere"), "nothing to do in"),
        (("blender", "--uninstall", "nowhere"), "Not installed in nowhere"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_help_dry_runs_and_taking_things_out_set_nothing_up(bare: Path, arguments: tuple[str, ...], says: str) -> None:
    done = subprocess.run([sys.executable, "install.py", *arguments], cwd=bare, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert says in done.stdout
    assert not list(bare.glob(".venv*"))


def test_an_unknown_command_is_wrong_use() -> None:
    assert start("everything").returncode == 2


def test_an_unknown_option_is_one_line() -> None:
    done = start("demo", "--gpu")
    assert done.returncode == 2
    assert "--gpu" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_old_python_is_told_so(installer: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(installer, "say", said.append)
    monkeypatch.setattr(installer.sys, "version_info", (3, 9, 2))
    assert installer.main(["demo"]) == 2
    assert "3.11" in said[0]


def test_the_sources_are_read_by_pythons_that_are_too_old_to_run_them() -> None:
    """Else the artist sees a SyntaxError instead of the sentence about the version."""
    import ast

    ast.parse((ROOT / "install.py").read_text("utf-8"), feature_version=(3, 7))


def test_what_is_set_up_is_not_set_up_again(elsewhere: ModuleType, tmp_path: Path) -> None:
    environment = elsewhere.Environment(".venv-small", ())
    environment.python.parent.mkdir(parents=True)
    environment.python.touch()
    environment.stamp.write_text(environment.recipe())
    assert elsewhere.set_up(environment) == 0
    assert environment.python.read_bytes() == b""


@pytest.mark.parametrize("file", ["pyproject.toml", "constraints.txt"])
def test_a_change_of_what_is_needed_makes_the_environment_stale(
    elsewhere: ModuleType, tmp_path: Path, file: str
) -> None:
    environment = elsewhere.Environment(".venv-small", ("-e", ".[cpu]"))
    before = environment.recipe()
    (tmp_path / file).write_text("numpy==2.0\n")
    assert environment.recipe() != before
    assert elsewhere.Environment(".venv-small", ("-e", ".[gpu]")).recipe() != environment.recipe()


def test_offline_is_one_clear_error_that_names_the_log(elsewhere: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index that nobody answers, as on a machine without a network."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    environment = elsewhere.Environment(".venv-small", ("no-such-package-of-ours",))
    monkeypatch.setattr(elsewhere.Environment, "python", Path(sys.executable))
    monkeypatch.setattr(elsewhere, "create", lambda new: new.folder.mkdir())
    with pytest.raises(elsewhere.InstallError) as caught:
        elsewhere.set_up(environment)
    text = str(caught.value)
    assert "cannot be reached" in text
    assert str(environment.log) in text
    assert not environment.stamp.exists()


def test_somebody_elses_environment_is_never_cleared(elsewhere: ModuleType, tmp_path: Path) -> None:
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv/precious.txt").write_text("mine")
    with pytest.raises(elsewhere.InstallError, match="was not made by"):
        elsewhere.set_up(elsewhere.Environment(".venv", ()))
    assert (tmp_path / ".venv/precious.txt").read_text() == "mine"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a user who can be refused")
def test_a_folder_that_may_not_be_written_is_named(elsewhere: ModuleType, tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(PermissionError, match="venv-small"):
            elsewhere.create(elsewhere.Environment(".venv-small", ()))
    finally:
        tmp_path.chmod(stat.S_IRWXU)


def test_another_pythons_packages_do_not_leak_in(installer: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/opt/nuke/lib")
    monkeypatch.setenv("PYTHONHOME", "/opt/nuke")
    assert not {"PYTHONPATH", "PYTHONHOME"} & set(installer.surroundings())


@pytest.mark.parametrize(("listed", "extra"), [("GPU 0: NVIDIA H200", "gpu"), ("No devices found", "cpu")])
def test_the_build_of_the_engine_follows_the_machine(
    installer: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listed: str, extra: str
) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\necho '{listed}'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert f".[{extra}]" in installer.running().requirements
    assert ".[cpu]" in installer.running(cpu=True).requirements
