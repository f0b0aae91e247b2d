"""Nodes of the stand-in for Nuke: only the classes that are used, each with the knobs the real one has."""

from collections.abc import Callable
from typing import Any

import nuke_knobs as knobs
import nuke_render
from nuke_knobs import Knob, in_main_thread

Maker = Callable[[str], Knob]

METADATA = [
    "no metadata",
    "default metadata",
    "default metadata and exr/*",
    "all metadata except input/*",
    "all metadata",
]
OUTSIDE = ["hold", "loop", "bounce", "black"]


def menu(*entries: str) -> Maker:
    return lambda name: knobs.Enumeration_Knob(name, name, list(entries))


COMMON: dict[str, Maker] = {
    "tile_color": knobs.Int_Knob,
    "label": knobs.String_Knob,
    "note_font_size": knobs.Int_Knob,
    "selected": knobs.Boolean_Knob,
    "hide_input": knobs.Boolean_Knob,
    "postage_stamp": knobs.Boolean_Knob,
    "disable": knobs.Disable_Knob,
    "xpos": knobs.Int_Knob,
    "ypos": knobs.Int_Knob,
    "onCreate": knobs.String_Knob,
    "knobChanged": knobs.String_Knob,
    "help": knobs.String_Knob,
}
CLASSES: dict[str, dict[str, Maker]] = {
    "Group": {},
    "Input": {"number": knobs.Int_Knob},
    "Output": {},
    "Dot": {},
    "NoOp": {},
    "Premult": {"channels": knobs.Channel_Knob, "alpha": knobs.Channel_Knob, "invert": knobs.Boolean_Knob},
    "Unpremult": {"channels": knobs.Channel_Knob, "alpha": knobs.Channel_Knob, "invert": knobs.Boolean_Knob},
    "Switch": {"which": knobs.Int_Knob},
    "FrameHold": {"firstFrame": knobs.Int_Knob, "increment": knobs.Int_Knob},
    "Shuffle2": {
        "in1": knobs.Channel_Knob,
        "in2": knobs.Channel_Knob,
        "out1": knobs.Channel_Knob,
        "out2": knobs.Channel_Knob,
        "fromInput1": knobs.String_Knob,
        "fromInput2": knobs.String_Knob,
        "mappings": knobs.String_Knob,
    },
    "StickyNote": {},
    "Crop": {"box": knobs.BBox_Knob, "crop": knobs.Boolean_Knob},
    "Remove": {
        "operation": menu("remove", "keep"),
        "channels": knobs.Channel_Knob,
        "channels2": knobs.Channel_Knob,
    },
    "Radial": {"area": knobs.BBox_Knob, "softness": knobs.Double_Knob},
    "Multiply": {"channels": knobs.Channel_Knob, "value": knobs.Double_Knob},
    "Inference": {
        "modelFile": knobs.File_Knob,
        "useGPUIfAvailable": knobs.Boolean_Knob,
        "halfPrecision": knobs.Boolean_Knob,
        "serialiseKnob": knobs.String_Knob,
    },
    "CatFileCreator": {
        "torchScriptFile": knobs.File_Knob,
        "catFile": knobs.File_Knob,
        "channelsIn": knobs.String_Knob,
        "channelsOut": knobs.String_Knob,
        "modelId": knobs.String_Knob,
    },
    "Read": {
        "file": knobs.File_Knob,
        "file_type": knobs.String_Knob,
        "first": knobs.Int_Knob,
        "last": knobs.Int_Knob,
        "origfirst": knobs.Int_Knob,
        "origlast": knobs.Int_Knob,
        "origset": knobs.Boolean_Knob,
        "before": menu(*OUTSIDE),
        "after": menu(*OUTSIDE),
        "frame_mode": menu("expression", "start at", "offset"),
        "frame": knobs.String_Knob,
        "on_error": menu("error", "black", "checkerboard", "nearest frame"),
        "raw": knobs.Boolean_Knob,
        "colorspace": knobs.String_Knob,
        "reload": knobs.Action_Knob,
    },
    "Write": {
        "channels": knobs.Channel_Knob,
        "file": knobs.File_Knob,
        "file_type": menu(" ", "exr", "png", "dpx", "tiff", "jpeg"),
        "raw": knobs.Boolean_Knob,
        "colorspace": knobs.String_Knob,
        "create_directories": knobs.Boolean_Knob,
        "use_limit": knobs.Boolean_Knob,
    },
}
EXR: dict[str, Maker] = {
    "datatype": menu("16 bit half", "32 bit float"),
    "metadata": menu(*METADATA),
    "autocrop": knobs.Boolean_Knob,
}
"""What a Write only has once its type is exr."""

SOURCES = ("Read", "Input", "CatFileCreator", "StickyNote", "Radial")
MAXIMUM = {"Switch": 16, "Shuffle2": 2}


class Node:
    """One node; made by the host."""

    def __init__(self, host: Any, kind: str, parent: "Group | None") -> None:
        self._host = host
        self._kind = kind
        self._name = kind
        self._parent = parent
        self._inputs: list[Node | None] = []
        self._knobs: dict[str, Knob] = {}
        self.deleted = False
        for name, make in {**COMMON, **CLASSES[kind]}.items():
            self._attach(make(name))

    def Class(self) -> str:  # noqa: N802 - Nuke's name
        return self._kind

    def name(self) -> str:
        return self._name

    def fullName(self) -> str:  # noqa: N802
        in_main_thread("fullName()")
        self._must_be_attached()
        above = self._parent
        return self._name if above is None or above is self._host.root() else f"{above.fullName()}.{self._name}"

    def setName(self, name: str) -> None:  # noqa: N802
        in_main_thread("setName()")
        self._name = self._host.free_name(name, self._parent, self)

    def parent(self) -> "Group | None":
        return self._parent

    def knobs(self) -> dict[str, Knob]:
        in_main_thread("knobs()")
        return dict(self._knobs)

    def knob(self, p: str) -> Knob | None:
        in_main_thread("knob()")
        return self._knobs.get(p)

    def __getitem__(self, name: str) -> Any:
        in_main_thread(f"{self._name}[{name!r}]")
        self._must_be_attached()
        if name not in self._knobs:
            raise NameError(f"knob {name} does not exist")
        return self._knobs[name]

    def addKnob(self, knob: Knob) -> None:  # noqa: N802
        in_main_thread("addKnob()")
        if knob.name() in self._knobs or knob.name() == "name":
            raise ValueError(f"{self._name} has a knob {knob.name()} already")
        knob.user = True
        self._attach(knob)

    def removeKnob(self, knob: Knob) -> None:  # noqa: N802
        in_main_thread("removeKnob()")
        if not knob.user:
            raise ValueError(f"{knob.name()} is no user knob")
        del self._knobs[knob.name()]

    def setInput(self, i: int, node: "Node | None") -> bool:  # noqa: N802
        in_main_thread("setInput()")
        if i >= self.maximumInputs():
            raise ValueError(f"{self._name} has no input {i}")
        if node is not None and node._parent is not self._parent:
            raise ValueError(f"{node._name} and {self._name} are not in the same group")
        self._inputs += [None] * (i + 1 - len(self._inputs))
        self._inputs[i] = node
        self._host.run_knob_changed(self, "inputChange")
        return True

    def input(self, index: int) -> "Node | None":
        in_main_thread("input()")
        return self._inputs[index] if index < len(self._inputs) else None

    def inputs(self) -> int:
        return len(self._inputs)

    def maximumInputs(self) -> int:  # noqa: N802
        return 0 if self._kind in SOURCES else MAXIMUM.get(self._kind, 1)

    def width(self) -> int:
        return self._format()[0]

    def height(self) -> int:
        return self._format()[1]

    def _format(self) -> tuple[int, int]:
        """Of what the node shows, where that is there; else of the project."""
        in_main_thread("format")
        try:
            return nuke_render.picture(self.input(0), self._host.frame()).display[2:]
        except RuntimeError:
            return nuke_render.WIDTH, nuke_render.HEIGHT

    def xpos(self) -> int:
        return int(self._knobs["xpos"]._value)

    def ypos(self) -> int:
        return int(self._knobs["ypos"]._value)

    def setXYpos(self, x: int, y: int) -> None:  # noqa: N802
        self._knobs["xpos"]._value, self._knobs["ypos"]._value = int(x), int(y)

    def setSelected(self, selected: bool) -> None:  # noqa: N802
        self._knobs["selected"]._value = selected

    def isSelected(self) -> bool:  # noqa: N802
        return bool(self._knobs["selected"]._value)

    def showControlPanel(self) -> None:  # noqa: N802
        in_main_thread("showControlPanel()")
        self._host.run_knob_changed(self, "showPanel")

    def knob_changed(self, knob: Knob) -> None:
        """A knob was set: what hangs on that happens, as in the real host."""
        if self._kind == "Write" and knob.name() == "file_type" and knob.value() == "exr":
            for name, make in EXR.items():
                if name not in self._knobs:
                    self._attach(make(name))
        self._host.run_knob_changed(self, knob.name())

    def _must_be_attached(self) -> None:
        """As every method of a Python object whose node is gone."""
        if self.deleted:
            raise ValueError("A PythonObject is not attached to a node")

    def run(self, script: str, knob: Knob) -> None:
        self._host.run_script(script, self, knob)

    def _attach(self, knob: Knob) -> None:
        knob._node = self
        self._knobs[knob.name()] = knob


class Group(Node):
    """A node that holds nodes; `with group:` makes new ones land in it."""

    def __init__(self, host: Any, kind: str, parent: "Group | None") -> None:
        super().__init__(host, kind, parent)
        self._nodes: list[Node] = []

    def nodes(self) -> list[Node]:
        in_main_thread("nodes()")
        return list(self._nodes)

    def node(self, s: str) -> Any:
        in_main_thread("node()")
        return next((node for node in self._nodes if node._name == s), None)

    def begin(self) -> "Group":
        self._host.groups.append(self)
        return self

    def end(self) -> None:
        self._host.groups.remove(self)

    def __enter__(self) -> "Group":
        return self.begin()

    def __exit__(self, *_: object) -> None:
        self.end()

    def maximumInputs(self) -> int:  # noqa: N802
        return sum(node._kind == "Input" for node in self._nodes)


class Root(Group):
    """The script itself."""

    def __init__(self, host: Any) -> None:
        CLASSES.setdefault("Root", {})
        super().__init__(host, "Root", None)
        self._name = "Root"
        for knob in (
            knobs.Boolean_Knob("proxy"),
            knobs.Int_Knob("first_frame"),
            knobs.Int_Knob("last_frame"),
            knobs.Int_Knob("frame"),
        ):
            self._attach(knob)
        self._knobs["first_frame"]._value, self._knobs["last_frame"]._value = 1, 100

    def setName(self, name: str) -> None:  # noqa: N802
        self._name = name
