"""What a wheel and a source archive hold, and that the installed command runs from anywhere."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from functools import reduce
from itertools import chain
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from inbetween.core.extras import EXTRAS, command

ROOT = Path(__file__).resolve().parent.parent
ROOMS = {"inbetween": "plugin", "inbetween.core": "core", "inbetween.models": "models", "inbetween.hosts": "hosts"}
DISTRIBUTIONS = {"PIL": "pillow", "pyblish": "pyblish-base"}
"""Modules that are installed under another name."""
LEFT_BEHIND = shutil.ignore_patterns(
    ".*", "build", "dist", "*.egg-info", "__pycache__", "examples", "tests", "docs", "runs"
)


def table(*keys: str) -> Any:
    """A table of pyproject.toml."""
    return reduce(getitem, keys, tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8")))


def build(kind: str, source: Path, target: Path) -> None:
    """What `python -m build --no-isolation` does, without the package: the hook of PEP 517 in a fresh process."""
    hook = f"import sys; from setuptools import build_meta; build_meta.build_{kind}(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", hook, str(target)], cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source archive, built offline from a copy, so the checkout stays clean."""
    work = tmp_path_factory.mktemp("build")
    shutil.copytree(ROOT, work / "source", ignore=LEFT_BEHIND)
    for kind in ("sdist", "wheel"):
        build(kind, work / "source", work / "dist")
    return work / "dist"


@pytest.mark.parametrize("module", EXTRAS)
def test_a_package_that_is_missing_is_looked_for_in_the_extra_that_brings_it(module: str) -> None:
    required = table("project", "optional-dependencies")[EXTRAS[module]]
    brought = {canonicalize_name(Requirement(line).name) for line in required}
    assert canonicalize_name(DISTRIBUTIONS.get(module, module)) in brought


def test_nobody_is_sent_to_an_index_for_a_package_of_this_name() -> None:
    """What lies there under it is a stranger's; the project is installed from its clone."""
    told = re.compile(r"pip install[^`\n]*\binbetween\b|\binbetween\[\w")
    files = [ROOT / "README.md", ROOT / "install.py", *(ROOT / "docs").rglob("*.md")]
    files += [file for room in ROOMS.values() for file in (ROOT / room).rglob("*.py")]
    assert [file for file in files if told.search(file.read_text("utf-8"))] == []
    assert command("cpu") in (ROOT / "README.md").read_text("utf-8")


def test_every_command_begins_where_signals_are_answered() -> None:
    assert {place.partition(":")[0] for place in table("project", "scripts").values()} == {"inbetween.start"}


def packages_on_disk() -> set[str]:
    found = set()
    for package, folder in ROOMS.items():
        for path in (ROOT / folder).rglob("*.py"):
            inner = path.parent.relative_to(ROOT / folder).parts
            if "__pycache__" not in inner:
                found.add(".".join((package, *inner)))
    return found


def test_every_package_on_disk_is_shipped() -> None:
    listed = table("tool", "setuptools")["packages"]
    assert set(listed) == packages_on_disk()
    assert listed == sorted(listed)


def test_every_folder_of_sources_is_a_package() -> None:
    for folder in ROOMS.values():
        for path in (ROOT / folder).rglob("*.py"):
            assert (path.parent / "__init__.py").exists(), f"{path.parent} has no __init__.py"


def files_of_ours() -> set[str]:
    """What must be in the wheel: every source, and every weights file and card."""
    found = set()
    for package, folder in ROOMS.items():
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                found.add((Path(*package.split(".")) / path.relative_to(ROOT / folder)).as_posix())
    return found


def test_the_wheel_holds_our_package_whole_and_nothing_else(archives: Path) -> None:
    (wheel,) = archives.glob("*.whl")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == files_of_ours()


def test_the_wheel_carries_licence_and_type_marker(archives: Path) -> None:
    (wheel,) = archives.glob("*.whl")
    held = zipfile.ZipFile(wheel).namelist()
    assert "inbetween/py.typed" in held
    assert [name for name in held if name.endswith("licenses/LICENSE")]


def test_the_source_archive_builds_the_same_wheel(archives: Path, tmp_path: Path) -> None:
    (archive,) = archives.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    build("wheel", source, tmp_path)
    (again,), (first,) = tmp_path.glob("*.whl"), archives.glob("*.whl")
    assert zipfile.ZipFile(again).namelist() == zipfile.ZipFile(first).namelist()


def test_the_installed_command_runs_from_anywhere(archives: Path, tmp_path: Path) -> None:
    (wheel,) = archives.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(tmp_path / "site")]
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True)
    (tmp_path / "elsewhere").mkdir()
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    command = [sys.executable, str(tmp_path / "site/bin/inbetween-seq"), "--help"]
    done = subprocess.run(command, cwd=tmp_path / "elsewhere", env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "inbetween-seq" in done.stdout


def test_every_direct_dependency_has_a_tested_version() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pinned = {canonicalize_name(Requirement(line).name) for line in lines if line and not line.startswith("#")}
    wanted = [*table("project")["dependencies"], *chain(*table("project", "optional-dependencies").values())]
    assert {canonicalize_name(Requirement(line).name) for line in wanted} <= pinned
