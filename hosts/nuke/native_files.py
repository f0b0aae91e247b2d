"""What lies beside the TorchScript file: the nodes that turn it into a .cat, a gizmo that uses it, and Cattery's card.

A .cat file can only be made by Nuke itself (CatFileCreator, NukeX or Nuke Studio). Runs in the engine's own Python.
"""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from inbetween.hosts.nuke.panel import Knob
from inbetween.hosts.nuke.script import node, quote, user_knob

NAME = "InbetweenNative"
TIMED = f"{NAME}Time"
OLDEST = 14.0
"""The first Nuke whose torch, 1.12, loads the file."""

START = ("rgba.red", "rgba.green", "rgba.blue", "rgba.alpha")
TIME = ("depth.Z",)
END = ("forward.u", "forward.v", "backward.u", "backward.v")
OUT = (*START, "depth.Z")
"""Of the channels that Inference knows at all; a second picture has to travel in the motion layers."""

ATTRIBUTES = (
    Knob("Double_Knob", "timestep", "timestep", 0.5, limits=(0, 1)),
    Knob("Int_Knob", "detail", "detail", 0),
    Knob("Int_Knob", "output_mode", "output_mode", 0),
    Knob("Int_Knob", "working_space", "working_space", 0),
)
"""Attributes of the scripted module; CatFileCreator finds them by the names of knobs."""

KNOBS = (
    Knob("Tab_Knob", "inbetween_tab", "Inbetween"),
    Knob(
        "Double_Knob",
        "timestep",
        "time",
        0.5,
        limits=(0, 1),
        tooltip="Where the in-between stands: 0 is A, 1 is B, both to the bit. Range 0 to 1, default 0.5. Animate it.",
    ),
    Knob(
        "Boolean_Knob",
        "per_pixel",
        "time of each pixel",
        False,
        tooltip="Take the time from the red channel of the input Time, in steps of 1/64: every time that occurs is "
        "drawn once, so paint flat areas. Default off.",
    ),
    Knob(
        "Int_Knob",
        "detail",
        "detail",
        0,
        limits=(0, 4096),
        tooltip="Longest side of the copy on which motion is found. Unit: pixels, 0 leaves it to the model, default 0. "
        "Raise it for fine lines in large frames; it takes memory and time with its square.",
    ),
    Knob(
        "Enumeration_Knob",
        "working_space",
        "pixels are",
        "linear",
        ("linear", "display"),
        tooltip="linear is scene-linear light, as Nuke's Read gives it; display is encoded for a screen, as drawings "
        "read raw. Default linear.",
    ),
    Knob(
        "Enumeration_Knob",
        "output_mode",
        "output",
        "picture",
        ("picture", "motion"),
        tooltip="picture: the in-between, and in depth.Z how sure it is, 1 sure and 0 not. motion: in rgba the vectors "
        "to A (u, v) and to B (u, v) in pixels, in depth.Z the share of A. Default picture.",
    ),
    Knob("Boolean_Knob", "use_gpu", "use GPU if available", True, tooltip="Default on."),
    Knob(
        "Boolean_Knob",
        "half",
        "half precision",
        False,
        tooltip="Weights take half the memory. Motion is computed in full precision all the same; values above 65504 "
        "do not survive. Default off.",
    ),
)

SERIALISED = "".join(f'{knob.name}:{{"parent.{knob.name}"}};' for knob in ATTRIBUTES)
BOX = ("box", "{0 0 {width} {height}}")


def texts(folder: Path, summary: str) -> dict[str, str]:
    """Every file beside the TorchScript file, by name. `folder` is where they will lie."""
    return {
        f"{NAME}_CatFileCreator.nk": _lines(_creators(folder)),
        f"{NAME}.gizmo": _lines(_gizmo("Gizmo", _found)),
        f"{NAME}_demo.nk": _lines(_demo(folder)),
        "cat.json": _card(summary),
    }


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def _found(name: str) -> str:
    """TCL that finds a .cat wherever on the plug-in path it lies."""
    return quote(f"[lsearch -inline [plugins -all {name}.cat] *.cat]")


def _creators(folder: Path) -> list[str]:
    """One CatFileCreator for each .cat, filled in."""
    lines = ["version 14.0 v1"]
    for place, (name, channels) in enumerate(((NAME, (*START, *END)), (TIMED, (*START, *TIME, *END)))):
        lines += ["CatFileCreator {", " inputs 0"]
        lines += [
            f" torchScriptFile {quote((folder / f'{NAME}.pt').as_posix())}",
            f" catFile {quote((folder / f'{name}.cat').as_posix())}",
            f" channelsIn {','.join(channels)}",
            f" channelsOut {','.join(OUT)}",
            f" modelId {name}",
            f" name CatFileCreator_{name}",
            f" xpos {place * 200}",
            " addUserKnob {20 User}",
        ]
        lines += [line for knob in ATTRIBUTES for line in user_knob(knob)]
        lines.append("}")
    return lines


def _gizmo(kind: str, cat: Callable[[str], str], inputs: int = 0) -> list[str]:
    """The gizmo, or the same as a group that takes its inputs from what stands before it."""
    head = [f"{kind} {{", f" name {NAME}"]
    if kind == "Group":
        head.append(f" inputs {inputs}")
    return [*head, *(line for knob in KNOBS for line in user_knob(knob)), "}", *_inside(cat), "end_group"]


def _inside(cat: Callable[[str], str]) -> list[str]:
    """A and B go through one pipe: B's channels take the place of A's motion layers, the time that of its depth."""
    lines = [
        *_input("Time", 2),
        *_input("B", 1),
        *node("Crop", "WholeB", [BOX, *_at(150, 50)]),
        *_input("A", 0),
        *node("Crop", "WholeA", [BOX, *_at(0, 50)]),
        *_pack("Pack", zip(START, END, strict=True), (0, 100)),
        "set NPack [stack 0]",
        *_pack("PackTime", zip(START, TIME, strict=False), (150, 175)),
        *_inference("DrawTimed", cat(TIMED), (150, 250)),
        "push $NPack",
        *_inference("Draw", cat(NAME), (0, 250)),
        *node("Switch", "Choose", [("which", "{{parent.per_pixel}}"), *_at(0, 300)], 2),
        *node("Remove", "Tidy", [("operation", "keep"), ("channels", "rgba"), ("channels2", "depth"), *_at(0, 350)]),
        *node("Output", "Out", _at(0, 400)),
    ]
    return [f"  {line}" for line in lines]


def _input(name: str, number: int) -> list[str]:
    return node("Input", name, [("number", str(number)), *_at(150 * number, 0)], 0)


def _pack(name: str, pairs: Iterable[tuple[str, str]], at: tuple[int, int]) -> list[str]:
    """A Shuffle that keeps what comes in by its first input and lays channels of its second into two layers of it."""
    pairs = list(pairs)
    layers = list(dict.fromkeys(target.split(".")[0] for _, target in pairs))
    words = [str(len(pairs))]
    for number, (source, target) in enumerate(pairs):
        layer = layers.index(target.split(".")[0])
        words += [source, "0", str(number), target, str(layer), str(number % 2)]
    knobs = [("fromInput1", "{{1} B A}"), ("out1", layers[0]), ("fromInput2", "{{1} B A}")]
    if len(layers) > 1:
        knobs.append(("out2", layers[1]))
    return node("Shuffle2", name, [*knobs, ("mappings", quote(" ".join(words))), *_at(*at)], 2)


def _inference(name: str, cat: str, at: tuple[int, int]) -> list[str]:
    knobs = [
        ("useGPUIfAvailable", "{{parent.use_gpu}}"),
        ("modelFile", cat),
        ("halfPrecision", "{{parent.half}}"),
        ("serialiseKnob", f"{{{SERIALISED}}}"),
    ]
    return node("Inference", name, [*knobs, *_at(*at)])


def _at(x: int, y: int) -> list[tuple[str, str]]:
    return [("xpos", str(x)), ("ypos", str(y))]


def _demo(folder: Path) -> list[str]:
    """Two discs and the in-between, in a script of its own; the .cat files are looked for beside it."""
    return [
        "version 14.0 v1",
        *node("StickyNote", "First", [("label", quote(STEPS)), *_at(-300, 0)], 0),
        *_disc("B", 700, 200),
        *_disc("A", 300, 0),
        *_gizmo("Group", lambda name: quote((folder / f"{name}.cat").as_posix()), inputs=2),
    ]


STEPS = (
    "1. Open the script whose name ends in _CatFileCreator.nk, in NukeX or Nuke Studio.\n"
    "2. In each of its two nodes press Create .cat file and Reload.\n"
    "3. Come back here and look at the last node."
)


def _disc(name: str, x: int, at: int) -> list[str]:
    return node("Radial", name, [("area", f"{{{x} 300 {x + 300} 600}}"), ("softness", "0.1"), *_at(at, 0)], 0)


def _card(summary: str) -> str:
    """What Nuke's Cattery menu reads."""
    card = {
        "minimum_nuke_version_required": OLDEST,
        "version": 1,
        "category": "Optical Flow",
        "description": summary,
        "cats": [{"filepath": f"{NAME}.gizmo", "name": NAME, "icon": ""}],
    }
    return json.dumps(card, indent=4) + "\n"
