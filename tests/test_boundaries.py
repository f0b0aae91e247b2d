"""The arrows of the house, read from the sources: who may import whom, early or late, and what starting costs."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from inbetween.cli import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("torch", "onnxruntime", "cv2", "OpenImageIO", "numpy")
MAY_IMPORT = {"core": {"core"}, "models": {"core", "models"}, "hosts": {"core", "models", "hosts"}}
HOSTED = {"blender": {"bpy", "bmesh", "bpy_extras", "bl_ext"}, "nuke": {"nuke", "nukescripts", "PySide2", "PySide6"}}
"""Folders that run inside another program's Python, and what that program brings."""
ENGINE_SIDE = {"hosts/nuke/install.py", "hosts/nuke/native.py", "hosts/nuke/native_files.py", "hosts/nuke/script.py"}
"""In a host's folder, but started by the engine's own Python and never laid into the host."""


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def names(paths: list[Path]) -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in paths]


COMMANDS_ALONE = {"hosts/farm.py", "hosts/sequence/job.py", "hosts/nuke/install.py", "hosts/blender/package.py"}
"""What they say is written into command lines, or shown by commands alone."""
SHOWN = [path for path in sources("core", "models", "hosts") if path.relative_to(ROOT).as_posix() not in COMMANDS_ALONE]


def imports(path: Path) -> Iterator[str]:
    """Every module that a file names in an import, wherever in the file it stands.

    Relative ones are refused, but for the Blender extension: Blender gives the package a name of its own.
    """
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module
            if node.level:
                renamed = path.is_relative_to(ROOT / "hosts/blender")
                assert renamed, f"{path.name}:{node.lineno} imports relatively; write inbetween.... in full"
                package = path.parents[node.level - 1].relative_to(ROOT)
                module = ".".join(("inbetween", *package.parts, *filter(None, [module])))
            assert module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def sentences(path: Path) -> Iterator[str]:
    """Every text in a file but its docstrings."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        own = (each for each in ast.iter_child_nodes(node) if isinstance(each, ast.Constant))
        if not isinstance(node, ast.Expr):
            yield from (each.value for each in own if isinstance(each.value, str))


def room(module: str) -> str | None:
    """The room that a module of ours lives in; `plugin` for what is directly in the package; None for others'."""
    first, *rest = module.split(".")
    if first != "inbetween" or module == "inbetween.__version__":  # the version belongs to everyone
        return None
    return rest[0] if rest and rest[0] in MAY_IMPORT else "plugin"


@pytest.mark.parametrize("path", SHOWN, ids=names(SHOWN))
def test_what_a_host_shows_names_no_flag(path: Path) -> None:
    """An artist in Nuke or Blender has none; options are called by their names, which commands have as flags."""
    assert not [text for text in sentences(path) if re.search(r"(^|[\s(`'])--[a-z]", text)]


@pytest.mark.parametrize("path", sources("core", "models", "hosts"), ids=names(sources("core", "models", "hosts")))
def test_every_arrow_points_down(path: Path) -> None:
    own = path.relative_to(ROOT).parts[0]
    for module in imports(path):
        assert room(module) in MAY_IMPORT[own] | {None}, f"{own} may not import {module}"


@pytest.mark.parametrize("path", sources("core"), ids=names(sources("core")))
def test_core_needs_nothing_but_arrays(path: Path) -> None:
    allowed = set(sys.stdlib_module_names) | {"numpy", "array_api_compat", "inbetween"}
    assert {module.split(".")[0] for module in imports(path)} <= allowed


def hosted(host: str) -> list[Path]:
    return [path for path in sources(f"hosts/{host}") if path.relative_to(ROOT).as_posix() not in ENGINE_SIDE]


@pytest.mark.parametrize("host", HOSTED)
def test_a_host_needs_nothing_that_its_python_does_not_bring(host: str) -> None:
    """Standard library, the host, its own folder and the client: no numpy, nothing that has to be installed."""
    for path in hosted(host):
        for module in imports(path):
            ours = module.startswith((f"inbetween.hosts.{host}", "inbetween.hosts.worker.client"))
            theirs = module.split(".")[0] in set(sys.stdlib_module_names) | HOSTED[host]
            assert ours or theirs, f"{path.name} imports {module}"


def test_the_worker_client_needs_the_standard_library_only() -> None:
    modules = {module.split(".")[0] for module in imports(ROOT / "hosts/worker/client.py")}
    assert modules <= set(sys.stdlib_module_names)


@pytest.mark.parametrize("path", [ROOT / "hosts/worker/client.py", *hosted("nuke")], ids=lambda path: path.name)
def test_what_runs_inside_nuke_13_parses_as_python_3_7(path: Path) -> None:
    ast.parse(path.read_text("utf-8"), feature_version=(3, 7))


def loaded_by(statement: str) -> set[str]:
    """Which of the heavy libraries a fresh interpreter holds after a statement."""
    code = (
        f"import sys\ntry:\n    {statement}\nexcept SystemExit:\n    pass\nprint('\\n', *sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {module.split(".")[0] for module in done.stderr.split()} & set(HEAVY)


def test_importing_the_package_imports_nothing_heavy() -> None:
    assert loaded_by("import inbetween") == set()


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_imports_nothing_heavy(command: str) -> None:
    statement = (
        f"sys.argv = ['inbetween', *{command.split()}, '--help']; from inbetween.cli import main; sys.exit(main())"
    )
    assert loaded_by(statement) == set()


def test_help_of_the_main_command_imports_nothing_heavy() -> None:
    statement = "sys.argv = ['inbetween-seq', '--help']; from inbetween.seq import main; sys.exit(main())"
    assert loaded_by(statement) == set()


def listed() -> dict[str, set[str]]:
    """What docs/design.md says that each folder holds: files without their suffix, and folders with a slash.

    Folders that it names without their files are among those of the folder they lie in only.
    """
    _, told = (ROOT / "docs/design.md").read_text("utf-8").split("\n    core/", 1)
    block = "core/" + told.split("\n\n", 1)[0]
    held: dict[str, set[str]] = {}
    room = inside = ""
    for name, opens, closes in re.findall(r"([\w/]+)(\{?)|(\})", block):
        if closes:
            inside = ""
        elif name.rstrip("/") in ("core", "models", "hosts", "plugin") and name.endswith("/"):
            room = name
            held[room] = set()
        else:
            held[room + inside].add(name)
            if opens:
                inside = name
                held[room + inside] = set()
    return held


@pytest.mark.parametrize(("folder", "said"), listed().items(), ids=listed())
def test_the_list_of_files_in_the_design_is_the_one_on_disk(folder: str, said: set[str]) -> None:
    files = {path.stem for path in (ROOT / folder).glob("*.py")} - {"__init__", "__main__"}
    folders = {f"{path.name}/" for path in (ROOT / folder).iterdir() if path.is_dir() and path.name[0] not in "._"}
    assert said == files | folders
