"""The stand-in itself: it has nothing that Nuke lacks, and forgives less."""

import ast
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

import nuke_host
import nuke_knobs
import nuke_nodes
import pytest
from nuke_studio import Studio

OUR_OWN = {"checked", "described", "read", "written", "same_as", "knob_changed", "run"}
"""What the stand-in's classes need for themselves, and no module of the product calls."""
INSIDE = ("config", "panel", "graph", "node", "keys", "marks", "make", "doctor", "farm", "selfcheck", "init", "menu")


def stubs() -> dict[str, ast.Module]:
    """The declarations of the package types-nuke."""
    try:
        found = files("types-nuke") or []
    except PackageNotFoundError:
        pytest.skip("types-nuke is not installed; it comes with the [test] extra")
    return {
        path.stem: ast.parse(Path(str(path.locate())).read_text("utf-8")) for path in found if path.suffix == ".pyi"
    }


def declared(kind: type[ast.AST]) -> dict[str, list[Any]]:
    """Everything of a kind that is declared at the top, by name; overloads under one."""
    found: dict[str, list[Any]] = {}
    for module in stubs().values():
        for node in module.body:
            if isinstance(node, kind):
                found.setdefault(node.name, []).append(node)  # type: ignore[attr-defined] # classes and functions
    return found


def methods(name: str, classes: dict[str, list[Any]]) -> dict[str, list[ast.FunctionDef]]:
    """Methods of a class and of those it inherits from."""
    found: dict[str, list[ast.FunctionDef]] = {}
    for definition in classes.get(name, []):
        for base in definition.bases:
            found.update(methods(ast.unparse(base), classes))
        for node in definition.body:
            if isinstance(node, ast.FunctionDef):
                found.setdefault(node.name, []).append(node)
    return found


def names(function: ast.FunctionDef) -> set[str] | None:
    """The arguments a declaration names; None where it takes any."""
    if function.args.vararg or function.args.kwarg:
        return None
    return {argument.arg for argument in function.args.args} - {"self"}


def accepts(known: list[ast.FunctionDef], ours: ast.FunctionDef) -> bool:
    named = [names(function) for function in known]
    return None in named or (names(ours) or set()) <= set().union(*(each for each in named if each))


def own_classes() -> Iterator[tuple[str, ast.ClassDef]]:
    for module in (nuke_knobs, nuke_nodes, nuke_host):
        for node in ast.parse(Path(str(module.__file__)).read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef):
                yield node.name, node


def test_every_class_and_method_of_the_stand_in_is_nukes() -> None:
    classes = declared(ast.ClassDef)
    checked = 0
    for name, definition in own_classes():
        if name not in classes:
            continue
        known = methods(name, classes)
        for method in definition.body:
            if isinstance(method, ast.FunctionDef) and not method.name.startswith("_") and method.name not in OUR_OWN:
                assert method.name in known, f"{name}.{method.name}"
                assert accepts(known[method.name], method), f"{name}.{method.name}{ast.unparse(method.args)}"
                checked += 1
    assert checked > 60


def test_every_function_of_the_stand_in_is_nukes() -> None:
    functions = declared(ast.FunctionDef)
    host = next(definition for name, definition in own_classes() if name == "Host")
    ours = {node.name: node for node in host.body if isinstance(node, ast.FunctionDef)}
    for name in nuke_host.FUNCTIONS:
        assert name in functions, name
        assert accepts(functions[name], ours[name]), f"{name}({ast.unparse(ours[name].args)})"


def test_every_knob_class_of_the_stand_in_is_nukes() -> None:
    classes = declared(ast.ClassDef)
    for kind in nuke_host.KNOB_CLASSES:
        assert kind.__name__ in classes
        for base in kind.__bases__:
            if base is not object:
                assert base.__name__ in [ast.unparse(one) for one in classes[kind.__name__][0].bases], kind.__name__


def test_whatever_our_modules_take_from_nuke_is_declared() -> None:
    known = {*declared(ast.ClassDef), *declared(ast.FunctionDef)}
    for module in stubs().values():
        known |= {node.target.id for node in module.body if isinstance(node, ast.AnnAssign)}  # type: ignore[union-attr]
    folder = Path(__file__).resolve().parents[3] / "hosts/nuke"
    for name in INSIDE:
        for node in ast.walk(ast.parse((folder / f"{name}.py").read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "nuke":
                assert node.attr in known, f"{name}.py uses nuke.{node.attr}"


@pytest.mark.parametrize("gui", [True, False])
def test_start_up_files_import_nothing_of_ours_and_bring_old_nodes_up_to_date(
    open_nuke: Any, gui: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = open_nuke(gui)
    import sys

    from inbetween.hosts.nuke import init

    before = {name for name in sys.modules if name.startswith("inbetween.hosts.nuke.")}
    text = Path(str(init.__file__)).read_text("utf-8")
    monkeypatch.setattr(sys, "path", list(sys.path))
    exec(compile(text, str(init.__file__), "exec"), {"__file__": str(init.__file__), "__name__": "__main__"})
    if gui:
        menu = Path(str(init.__file__)).with_name("menu.py")
        exec(compile(menu.read_text("utf-8"), str(menu), "exec"), {"__name__": "__main__"})
        entries = studio.host.menu("Nodes").menu("Inbetween").items()
        assert [entry.name() for entry in entries] == ["Inbetween", "Doctor", "Free the engine's memory"]
        for entry in entries:
            compile(entry.script, entry.name(), "exec")
    assert {name for name in sys.modules if name.startswith("inbetween.hosts.nuke.")} == before
    node = studio.node()
    node["inbetween_version"].setValue("0.1")
    path = studio.save()
    studio.host.scriptOpen(str(path))
    assert studio.host.toNode("Inbetween1")["inbetween_version"].value() == "1.0"


def test_nodes_may_not_be_touched_off_the_main_thread(studio: Studio) -> None:
    node = studio.node()
    raised: list[str] = []

    def touch(action: Callable[[], object]) -> None:
        try:
            action()
        except RuntimeError as error:
            raised.append(str(error))

    for action in (node["theta"].value, node.fullName, node.knobs):
        thread = threading.Thread(target=touch, args=(action,))
        thread.start()
        thread.join()
    assert len(raised) == 3


def test_the_main_thread_may_not_wait_for_itself(studio: Studio) -> None:
    with pytest.raises(RuntimeError, match="hangs"):
        studio.host.executeInMainThread(print)


def test_unknown_knobs_classes_and_values_raise(studio: Studio) -> None:
    node = studio.node()
    with pytest.raises(NameError):
        node["no_such_knob"]
    with pytest.raises(RuntimeError):
        studio.nuke.nodes.NoSuchNode()
    with pytest.raises(TypeError):
        node["clamp"].setValue("no such clamp")
    with pytest.raises(AttributeError):
        _ = studio.nuke.noSuchFunction
