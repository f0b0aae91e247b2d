"""A stand-in for the module `nuke`: strict where the real one is lax, and with real pixels.

Unknown node classes, knobs and functions raise. Only what may leave the main thread may: progress, and asking the main
thread to do something, which in turn the main thread itself must not ask (the real one hangs). `Host.spin` is the
main thread's event loop.
"""

import queue
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import nk_text
import nuke_knobs as knobs
import nuke_render
from nuke_knobs import in_main_thread
from nuke_nodes import CLASSES, Group, Node, Root

KNOB_CLASSES = (
    knobs.Knob,
    knobs.Array_Knob,
    knobs.Boolean_Knob,
    knobs.Channel_Knob,
    knobs.Disable_Knob,
    knobs.Double_Knob,
    knobs.Enumeration_Knob,
    knobs.EvalString_Knob,
    knobs.File_Knob,
    knobs.Int_Knob,
    knobs.PyScript_Knob,
    knobs.Script_Knob,
    knobs.String_Knob,
    knobs.Tab_Knob,
    knobs.Text_Knob,
    knobs.Unsigned_Knob,
    knobs.XY_Knob,
)


class ProgressTask:
    """May be used from any thread. `asked` presses its cancel button."""

    asked: Callable[[], bool] = staticmethod(lambda: False)
    open: list["ProgressTask"] = []  # noqa: RUF012 - one list for the whole host

    def __init__(self, name: str) -> None:
        self.name, self.message, self.progress = name, "", 0
        ProgressTask.open.append(self)

    def setMessage(self, message: str) -> None:  # noqa: N802 - Nuke's names
        self.message = str(message)

    def setProgress(self, progress: int) -> None:  # noqa: N802
        if type(progress) is not int or not 0 <= progress <= 100:
            raise TypeError(f"{progress!r} is no whole number from 0 to 100")
        self.progress = progress

    def isCancelled(self) -> bool:  # noqa: N802
        return type(self).asked()


class Undo:
    """Switched off while the product puts helpers into a script; must be on again afterwards."""

    off = 0

    @classmethod
    def disable(cls) -> None:
        in_main_thread("Undo.disable()")
        cls.off += 1

    @classmethod
    def enable(cls) -> None:
        in_main_thread("Undo.enable()")
        if cls.off == 0:
            raise RuntimeError("undo switched on that was not off")
        cls.off -= 1


class NodeMakers:
    """`nuke.nodes`: a function for each class of node."""

    def __init__(self, host: "Host") -> None:
        self._host = host

    def __getattr__(self, kind: str) -> Callable[..., Node]:
        def make(**settings: Any) -> Node:
            return self._host.make(kind, settings)

        return make


class Menu:
    """A menu, a toolbar, or one entry of them."""

    def __init__(self, name: str, script: str = "") -> None:
        self._name, self.script = name, script
        self._items: list[Menu] = []

    def name(self) -> str:
        return self._name

    def items(self) -> list["Menu"]:
        return list(self._items)

    def addMenu(self, name: str, icon: str = "") -> "Menu":  # noqa: N802 - Nuke's signature
        found = self.menu(name)
        if found is None:
            found = Menu(name)
            self._items.append(found)
        return found

    def menu(self, name: str) -> "Menu | None":
        return next((item for item in self._items if item._name == name), None)

    def addCommand(self, name: str, command: str) -> "Menu":  # noqa: N802
        item = Menu(name, command)
        self._items.append(item)
        return item


class Host:
    """One running Nuke. `module` is what `import nuke` gives."""

    def __init__(self, gui: bool = True) -> None:
        self.groups: list[Group] = []
        self.messages: list[str] = []
        self.choices: list[int | None] = []
        self.offered: list[list[str]] = []
        self.printed: list[str] = []
        self.rendered: list[int] = []
        self.render_error = ""
        self.cats: dict[str, nuke_render.Cat] = {}
        self._here: list[tuple[Node, Any]] = []
        self._queue: queue.Queue[Callable[[], Any]] = queue.Queue()
        self._on_create: list[tuple[Callable[[], None], str]] = []
        self._menus: dict[str, Menu] = {}
        self._frame = 1
        self._folders: list[Path] = []
        self._root = Root(self)
        self._gui = gui
        ProgressTask.asked, ProgressTask.open = staticmethod(lambda: False), []
        Undo.off = 0
        self.module = self._module()

    def root(self) -> Root:
        in_main_thread("root()")
        return self._root

    def make(self, kind: str, settings: dict[str, Any]) -> Node:
        in_main_thread(f"nodes.{kind}()")
        if kind not in CLASSES:
            raise RuntimeError(f"{kind}: Unknown command")
        parent = self.groups[-1] if self.groups else self._root
        node = (Group if kind == "Group" else Node)(self, kind, parent)
        node._name = self.free_name(settings.pop("name", f"{kind}1"), parent, node)
        parent._nodes.append(node)
        for number, one in enumerate(settings.pop("inputs", [])):
            node.setInput(number, one)
        for name, item in settings.items():
            node[name].setValue(item)
        self.run_on_create(node)
        return node

    def free_name(self, name: str, parent: Group | None, node: Node) -> str:
        taken = {one._name for one in (parent._nodes if parent else []) if one is not node}
        stem, number = re.fullmatch(r"(.*?)(\d*)", name).groups()  # type: ignore[union-attr] # matches anything
        while name in taken:
            number = str(int(number or 0) + 1)
            name = stem + number
        return name

    def spin(self, until: Callable[[], object], seconds: float = 60.0) -> None:
        """Run the event loop until something is true."""
        end = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < end, f"it never came true; messages: {self.messages}"
            try:
                self._queue.get(timeout=0.01)()
            except queue.Empty:
                continue

    def turn(self, node: Node, knob: str, item: Any) -> None:
        """Set a knob as the artist's hand does."""
        node[knob].setValue(item)

    def press(self, node: Node, knob: str) -> None:
        button = node[knob]
        assert isinstance(button, knobs.PyScript_Knob)
        button.execute()

    def run_script(self, script: str, node: Node, knob: Any) -> None:
        self._here.append((node, knob))
        try:
            exec(script, {"nuke": self.module})
        finally:
            self._here.pop()

    def run_knob_changed(self, node: Node, name: str) -> None:
        script = node._knobs["knobChanged"]._value
        if script and node._parent is not None:
            stand_in = type("Changed", (), {"name": lambda _: name})() if name not in node._knobs else node._knobs[name]
            self.run_script(script, node, stand_in)

    def run_on_create(self, node: Node) -> None:
        for call, kind in self._on_create:
            if kind in ("*", node.Class()):
                self._here.append((node, None))
                call()
                self._here.pop()

    def _module(self) -> ModuleType:
        module: Any = ModuleType("nuke")
        for kind in KNOB_CLASSES:
            setattr(module, kind.__name__, kind)
        module.Node, module.Group, module.Root = Node, Group, Root
        module.ProgressTask, module.Undo, module.nodes = ProgressTask, Undo, NodeMakers(self)
        module.GUI, module.STARTLINE, module.INVISIBLE = self._gui, knobs.STARTLINE, knobs.INVISIBLE
        module.NUKE_VERSION_STRING, module.NUKE_VERSION_MAJOR = "16.0v4", 16
        module.EXE_PATH = "/usr/local/Nuke16.0v4/Nuke16.0"
        for name in FUNCTIONS:
            setattr(module, name, getattr(self, name))
        return module  # type: ignore[no-any-return] # a ModuleType, made through Any to set what it holds

    def thisNode(self) -> Node:  # noqa: N802 - from here on, Nuke's names
        return self._here[-1][0]

    def thisKnob(self) -> Any:  # noqa: N802
        return self._here[-1][1]

    def frame(self, f: int | None = None) -> int:
        in_main_thread("frame()")
        if f is not None:
            self._frame = f
        return self._frame

    def allNodes(  # noqa: N802
        self,
        filter: str | None = None,  # noqa: A002
        group: Group | None = None,
        recurseGroups: bool = False,  # noqa: N803
    ) -> list[Node]:
        in_main_thread("allNodes()")
        return [node for node in _walk(group or self._root, recurseGroups) if filter in (None, node.Class())]

    def selectedNodes(self) -> list[Node]:  # noqa: N802
        in_main_thread("selectedNodes()")
        return [node for node in self._root._nodes if node.isSelected()]

    def toNode(self, s: str) -> Any:  # noqa: N802
        in_main_thread("toNode()")
        found: Any = self._root
        for part in s.split("."):
            found = found.node(part) if isinstance(found, Group) else None
        return found

    def delete(self, n: Node | None) -> None:
        in_main_thread("delete()")
        if n is None:
            return
        assert n._parent is not None
        n._parent._nodes.remove(n)
        n.deleted = True

    def execute(self, nameOrNode: Node, start: int, end: int, incr: int = 1) -> None:  # noqa: N803
        in_main_thread("execute()")
        if not Undo.off:
            raise RuntimeError("the helper that is rendered can be undone")
        if self.render_error:
            raise RuntimeError(self.render_error)
        if self._root["proxy"].value():
            raise RuntimeError("keys rendered in proxy resolution")
        for frame in range(start, end + 1, incr):
            nuke_render.write(nameOrNode, frame)
            self.rendered.append(frame)

    def sample(self, node: Node, channel: str, x: int, y: int) -> float:
        in_main_thread("sample()")
        return nuke_render.sample(node, channel, x, y, self._frame)

    def executeInMainThread(self, call: Callable[..., Any], args: Any = (), kwargs: Any = None) -> None:  # noqa: N802
        if threading.current_thread() is threading.main_thread():
            raise RuntimeError("executeInMainThread from the main thread: Nuke hangs")
        arguments = args if isinstance(args, tuple) else (args,)
        self._queue.put(lambda: call(*arguments, **(kwargs or {})))

    def message(self, prompt: str) -> None:
        in_main_thread("message()")
        if not self._gui:
            raise RuntimeError("a dialog in a terminal")
        self.messages.append(prompt)

    def choice(self, title: str, prompt: str, options: list[str], default: int = 0) -> int | None:
        """A dialog; answered by the next of `choices`, None where it is cancelled."""
        in_main_thread("choice()")
        if not self._gui:
            raise RuntimeError("a dialog in a terminal")
        self.offered.append(list(options))
        return self.choices.pop(0)

    def tprint(self, *args: Any, sep: str = " ", end: str = "\n", file: Any = None) -> None:
        self.printed.append(sep.join(map(str, args)))

    def warning(self, message: str) -> None:
        self.printed.append(message)

    def menu(self, name: str) -> Menu:
        if not self._gui:
            raise RuntimeError("menus in a terminal")
        return self._menus.setdefault(name, Menu(name))

    def addOnCreate(  # noqa: N802
        self,
        call: Callable[[], None],
        args: Any = (),
        kwargs: Any = None,
        nodeClass: str = "*",  # noqa: N803
    ) -> None:
        self._on_create.append((call, nodeClass))

    def start_up(self, folder: Path) -> None:
        """What Nuke does with a folder of its plug-in path: run init.py, and menu.py where there is a window."""
        self._folders.append(folder)
        for name in ("init.py", "menu.py") if self._gui else ("init.py",):
            file = folder / name
            if file.exists():
                exec(compile(file.read_text("utf-8"), str(file), "exec"), {"__file__": str(file), "nuke": self.module})
        self._folders.pop()

    def pluginAddPath(self, args: str, addToSysPath: bool = True) -> None:  # noqa: N802, N803
        """A path is taken from the folder whose init.py is running."""
        folder = self._folders[-1] / args
        if not folder.is_dir():
            raise RuntimeError(f"{folder} is no folder")
        if addToSysPath:
            sys.path.insert(0, str(folder))
        self.start_up(folder)

    def create_cats(self, filename: Path) -> None:
        """Press the button of every CatFileCreator in a script."""
        for text in nk_text.parse(filename.read_text(encoding="utf-8")):
            told = {name: next(nk_text.words(item)) for name, item in text.knobs.items() if name[:1].islower()}
            taken, given = (tuple(told[name].split(",")) for name in ("channelsIn", "channelsOut"))
            attributes = tuple(knob.name for knob in text.user if knob.kind != knobs.Tab_Knob.number)
            cat = nuke_render.Cat(Path(told["torchScriptFile"]), taken, given, attributes)
            self.cats[Path(told["catFile"]).name] = cat

    def scriptSaveAs(self, filename: str, overwrite: int = 0) -> None:  # noqa: N802
        in_main_thread("scriptSaveAs()")
        if Path(filename).exists() and not overwrite:
            raise RuntimeError(f"{filename} exists")
        self._root._name = filename
        Path(filename).write_text(self.script(), encoding="utf-8")

    def scriptClear(self) -> None:  # noqa: N802
        for node in _walk(self._root, True):
            node.deleted = True
        self._root = Root(self)

    def scriptOpen(self, filename: str) -> None:  # noqa: N802
        in_main_thread("scriptOpen()")
        self.scriptClear()
        self._root._name = filename
        self.nodePaste(filename)

    def nodePaste(self, s: str) -> Any:  # noqa: N802
        in_main_thread("nodePaste()")
        made = self._load(nk_text.parse(Path(s).read_text(encoding="utf-8")), self._root)
        return made[-1] if made else None

    def script(self) -> str:
        """The script as text."""
        return "version 16.0 v4\n" + nk_text.write(self._texts(self._root)) + "\n"

    def _texts(self, group: Group) -> list[nk_text.Text]:
        made: dict[Node, nk_text.Text] = {node: self._text(node) for node in group._nodes}
        for node, text in made.items():
            text.inputs = [made[one] if one is not None else None for one in node._inputs]
            if node.maximumInputs() == 0:
                text.inputs = []
        return list(made.values())

    def _text(self, node: Node) -> nk_text.Text:
        fresh = (Group if node.Class() == "Group" else Node)(self, node.Class(), None)._knobs
        user = [knob for knob in node._knobs.values() if knob.user]
        changed = [
            knob
            for name, knob in node._knobs.items()
            if not isinstance(knob, knobs.Tab_Knob | knobs.Text_Knob | knobs.Script_Knob)
            and (knob.user or name not in fresh or not knob.same_as(fresh[name]._value))
        ]
        text = nk_text.Text(
            node.Class(),
            node.name(),
            {knob.name(): knob.toScript() for knob in changed},
            [knob.described() for knob in user],
        )
        if isinstance(node, Group):
            text.children = self._texts(node)
        return text

    def _load(self, texts: Sequence[nk_text.Text], parent: Group) -> list[Node]:
        made: dict[int, Node] = {}
        for text in texts:
            kind = "Group" if text.kind == "Gizmo" else text.kind
            if kind not in CLASSES:
                raise RuntimeError(f"{kind}: Unknown command")
            node = (Group if kind == "Group" else Node)(self, kind, parent)
            node._name = self.free_name(text.name, parent, node)
            for user in text.user:
                node.addKnob(knobs.from_text(user))
            if text.kind == "Write" and text.knobs.get("file_type") == "exr":
                node["file_type"].setValue("exr")
            for name, item in text.knobs.items():
                node[name].fromScript(item)
            parent._nodes.append(node)
            self.run_on_create(node)  # before its children are there: the worst order that the documents allow
            if isinstance(node, Group):
                self._load(text.children, node)
            made[id(text)] = node
            node._inputs = [made[id(one)] if one is not None else None for one in text.inputs]
        return list(made.values())


FUNCTIONS = (
    "root", "thisNode", "thisKnob", "frame", "allNodes", "selectedNodes", "toNode", "delete", "execute",
    "executeInMainThread", "message", "tprint", "warning", "menu", "addOnCreate", "pluginAddPath", "scriptSaveAs",
    "scriptClear", "scriptOpen", "nodePaste", "sample", "choice",
)  # fmt: skip


def _walk(group: Group, deep: bool) -> Iterator[Node]:
    for node in group._nodes:
        yield node
        if deep and isinstance(node, Group):
            yield from _walk(node, deep)
