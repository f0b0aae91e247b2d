"""The knobs of the node, as plain values, in the order of the panel.

Whatever pictures depend on is taken from the engine's own description of its settings, so names, defaults, limits
and advice stand in one place, `inbetween.core.settings`. Runs inside Nuke: standard library only, Python 3.7.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

VERSION = "inbetween_version"
"""The knob that makes a group one of ours; holds the release that built its panel."""

COLOUR = 0x4C6E8CFF
CHART = "chart"
CURVE = "curve"
ALPHA = ("premultiplied", "straight")
DATATYPES = ("32 bit float", "16 bit half")

CALL = "from inbetween.hosts.nuke import node; node.{}()"
KNOB_CHANGED = CALL.format("changed")

LABELS = {
    "on": "hold each drawing",
    "kmeans": "colours",
    "cut_threshold": "cut threshold",
    "working_space": "working space",
}
KINDS = {"str": "String_Knob", "int": "Int_Knob", "float": "Double_Knob", "bool": "Boolean_Knob"}


@dataclass(frozen=True)
class Knob:
    """One knob: `kind` is its class in `nuke`, `values` the entries of a pull-down, `command` a button's one line.

    `pixels` says whether frames that were made become old when it is turned.
    """

    kind: str
    name: str
    label: str = ""
    value: Any = None
    values: tuple[str, ...] = ()
    limits: tuple[float, float] | None = None
    tooltip: str = ""
    command: str = ""
    hidden: bool = False
    new_line: bool = True
    pixels: bool = False


def rows(config: Mapping[str, Any]) -> list[Knob]:
    """Every knob of the node, for the engine that `config` describes."""
    picture = [row for row in config["settings"] if row["pixels"]]
    machine = [row for row in config["settings"] if not row["pixels"]]
    return [
        Knob("Tab_Knob", "inbetween_tab", "Inbetween"),
        Knob("Text_Knob", "state", "", "nothing made yet", tooltip="What the frames shown now were made from."),
        Knob("PyScript_Knob", "make", "Make in-betweens", tooltip=MAKE, command=CALL.format("make")),
        Knob("Boolean_Knob", "reuse_keys", "reuse rendered keys", False, tooltip=REUSE, new_line=False),
        *_keys(),
        Knob("Text_Knob", "drawing_divider", "Drawing"),
        *(knob for row in picture for knob in _setting(row, config)),
        Knob("Text_Knob", "output_divider", "Output"),
        *_output(),
        Knob("Tab_Knob", "machine_tab", "Machine"),
        *(knob for row in machine for knob in _setting(row, config)),
        Knob("Boolean_Knob", "ready", "", False, hidden=True),
        Knob("String_Knob", "made", "", "", hidden=True),
        Knob("String_Knob", VERSION, "", config["release"], hidden=True),
        *_marks(),  # last: a knob that is added to the node lands below the last tab
    ]


def mark(name: str, label: str) -> Knob:
    """A point that the artist places at key frames; the node has as many of them as were added."""
    return Knob("XY_Knob", name, label, tooltip=MARK)


MAKE = (
    "Render the keys, draw what lies between them and show it here. Only what changed since the last time is drawn "
    "again. Can be cancelled; finished frames are kept."
)
REUSE = (
    "Do not render keys that were rendered before. Tick it while you try models and timings on a heavy tree; "
    "untick it when something above this node has changed. Data type and alpha of this node are heeded. Default off."
)
MARK = (
    "Where this point of the drawing is. Go to a key frame and drag the cross in the viewer onto it: that sets a key. "
    "Between two neighbouring key frames where it has a key, the drawing is led by it; a frame without a key says "
    "nothing. Linked to a track by an expression, it counts at every key frame. Unit: pixels."
)


def _marks() -> list[Knob]:
    add = "Name one more point of the drawing, in the middle of the picture, with a key at the frame that is shown."
    remove = "Take away a mark and its keys; you are asked which where there are more than one."
    return [
        Knob("Tab_Knob", "marks_tab", "Marks"),
        Knob("PyScript_Knob", "add_mark", "Add mark", tooltip=add, command=CALL.format("add_mark")),
        Knob(
            "PyScript_Knob",
            "remove_mark",
            "Remove mark",
            tooltip=remove,
            command=CALL.format("remove_mark"),
            new_line=False,
        ),
    ]


def _keys() -> list[Knob]:
    stands = "Where the key of input {0} stands: {0} is read at this frame. Unit: frames. Only while B is connected."
    return [
        Knob("Text_Knob", "keys_divider", "Keys"),
        Knob("Int_Knob", "first", "first frame", 1, tooltip=stands.format("A"), pixels=True),
        Knob("Int_Knob", "last", "last frame", 9, tooltip=stands.format("B"), pixels=True),
        Knob("PyScript_Knob", "from_project", "project range", command=CALL.format("take_range"), new_line=False),
        Knob(
            "String_Knob",
            "keys",
            "key frames",
            "",
            tooltip="Frames of input A that are keys, such as 1 9 17 or 1-33x8; every gap between two of them is "
            "filled. Unit: frames. Only while B is not connected.",
            pixels=True,
        ),
        Knob(
            "Int_Knob",
            "cycle",
            "cycle",
            0,
            tooltip="After so many frames the first key frame is seen again, as in a walk cycle: what lies between the "
            "last key frame and it is drawn as well, and the node goes round for ever. At least 0, which is no cycle. "
            "Unit: frames. Default 0. Only while B is not connected.",
            pixels=True,
        ),
        Knob(
            "File_Knob",
            "motion_vectors",
            "motion vectors",
            "",
            tooltip="For renders: EXRs with a renderer's motion vectors for every frame of the result, keys as well, "
            "such as /shots/s01/vectors.####.exr, in the layers forward and backward, or as Blender's pass Vector. "
            "Things go as they say, and the model draws how light and shadow change. Leave empty for drawings.",
            pixels=True,
        ),
        Knob("PyScript_Knob", "add_key", "add this frame", command=CALL.format("add_key")),
        Knob("PyScript_Knob", "remove_key", "remove this frame", command=CALL.format("remove_key"), new_line=False),
        Knob(
            "PyScript_Knob",
            "find_keys",
            "find gaps",
            tooltip="Take as keys the frames that exist on disk of the Read above input A.",
            command=CALL.format("find_keys"),
            new_line=False,
        ),
    ]


def _output() -> list[Knob]:
    return [
        Knob(
            "Enumeration_Knob",
            "alpha",
            "alpha",
            ALPHA[0],
            ALPHA,
            tooltip="What the inputs are: premultiplied is what Nuke's Merge expects; straight is multiplied for the "
            "drawing and divided again. Leave on premultiplied unless colour is bright where alpha is 0.",
            pixels=True,
        ),
        Knob(
            "Enumeration_Knob",
            "datatype",
            "data type",
            DATATYPES[0],
            DATATYPES,
            tooltip="How pixels are kept in the files. 32 bit float gives the keys back to the bit; "
            "16 bit half takes half the disk and is enough for most pictures.",
            pixels=True,
        ),
        Knob(
            "File_Knob",
            "output",
            "frames",
            "",
            tooltip="Where the frames are kept, such as /shots/s01/s01_inbetween.####.exr; #### and %04d both do, and "
            "the keys lie beside them in a folder of their own. Leave empty for a folder beside the script.",
            pixels=True,
        ),
    ]


def _setting(row: Mapping[str, Any], config: Mapping[str, Any]) -> list[Knob]:
    if row["name"] == "model":
        return _model(row, config["models"])
    if row["name"] == "timing":
        return _timing(row, config["timings"])
    name, values = row["name"], tuple(row["choices"])
    kind = "Enumeration_Knob" if values else KINDS[row["type"]]
    limits = None
    if row["minimum"] is not None and row["maximum"] is not None:
        limits = (row["minimum"], row["maximum"])
    label, default = LABELS.get(name, name), row["default"]
    return [Knob(kind, name, label, default, values, limits, tooltip(row), pixels=row["pixels"])]


def _model(row: Mapping[str, Any], models: list[str]) -> list[Knob]:
    own = "Weights file of your own, .safetensors or .onnx; when given, it is used instead of the model above."
    return [
        Knob("Enumeration_Knob", "model", "model", row["default"], tuple(models), tooltip=tooltip(row), pixels=True),
        Knob("File_Knob", "weights", "own weights", "", tooltip=own, pixels=True),
    ]


def _timing(row: Mapping[str, Any], timings: list[str]) -> list[Knob]:
    values = (*timings, CHART, CURVE)
    chart = (
        "Fractions from 0 to 1, one for each drawing between two keys, separated by commas: 0.1, 0.5, 0.9. Or a timing "
        "for each key frame, for the gap that begins there: 1:ease-out 9:0.2,0.5,0.8."
    )
    curve = (
        "Where the drawing stands at each frame, 0 at the first key and 1 at the last. Animate it in the Curve Editor; "
        "it must rise. Range 0 to 1. For two keys."
    )
    return [
        Knob("Enumeration_Knob", "timing", "timing", row["default"], values, tooltip=tooltip(row), pixels=True),
        Knob("String_Knob", CHART, "chart", "", tooltip=chart, hidden=True, pixels=True),
        Knob("Double_Knob", CURVE, "curve", 0.0, limits=(0.0, 1.0), tooltip=curve, hidden=True, pixels=True),
    ]


def tooltip(row: Mapping[str, Any]) -> str:
    """The engine's own advice on a setting, with range, unit and default."""
    low, high, unit = row["minimum"], row["maximum"], row["unit"]
    parts = [row["help"]]
    if low is not None:
        parts.append(f"At least {low}." if high is None else f"Range {low} to {high}.")
    if unit:
        parts.append(f"Unit: {unit}.")
    parts.append(f"Default {row['default']}.")
    return " ".join(parts)
