"""Pictures of the stand-in for Nuke: a node graph evaluated on real files, through OpenImageIO.

A picture is its channels by Nuke's names, over the data window of a format. Only what the product's graphs hold is
known; any other node raises.
"""

import ast
import operator
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio

RGBA = {"R": "rgba.red", "G": "rgba.green", "B": "rgba.blue", "A": "rgba.alpha"}
FILE_NAMES = {nuke: file for file, nuke in RGBA.items()}
WIDTH, HEIGHT = 400, 320
"""The format of the project."""
COLOUR = ("rgba.red", "rgba.green", "rgba.blue")
OPERATORS: dict[type, Any] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Gt: operator.gt,
    ast.Lt: operator.lt,
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


@dataclass(frozen=True)
class Picture:
    """`channels`: float32 (H, W) each, over the data window `data` (x, y, width, height) in `display`."""

    channels: dict[str, Any]
    data: tuple[int, int, int, int]
    display: tuple[int, int, int, int]
    metadata: tuple[tuple[str, Any], ...] = ()


def picture(node: Any, frame: int) -> Picture:
    """What a node shows at a frame."""
    if node is None:
        raise RuntimeError("an input that is needed is not connected")
    if node.Class() not in RENDER:
        raise NotImplementedError(f"{node.Class()} is not known to this stand-in")
    if value(node["disable"], node, frame) and node.Class() != "Read":
        return picture(node.input(0), frame)
    return RENDER[node.Class()](node, frame)


def value(knob: Any, node: Any, frame: int) -> Any:
    """A number knob at a frame; its expression, where it has one, evaluated as TCL would."""
    if not knob.hasExpression(0):
        return knob.value()
    tree = ast.parse(knob._expressions[0], mode="eval").body
    return evaluate(tree, node, frame)


def write(node: Any, frame: int) -> Path:
    """Render a Write's input at a frame to its file; returns it."""
    shown = picture(node.input(0), frame)
    if node["file_type"].value() != "exr" or node["channels"].value() != "all":
        raise NotImplementedError("only all channels as exr are written")
    names = _file_order(list(shown.channels))
    pixels = np.stack([shown.channels[name] for name in names], -1)
    if not node["raw"].value():
        pixels = pixels * np.float32(0.5)  # stands for whatever a colour space would do to the numbers
    kind = oiio.FLOAT if node["datatype"].value() == "32 bit float" else oiio.HALF
    spec = oiio.ImageSpec(shown.data[2], shown.data[3], len(names), kind)
    spec.x, spec.y = shown.data[:2]
    spec.full_x, spec.full_y, spec.full_width, spec.full_height = shown.display
    spec.channelnames = tuple(FILE_NAMES.get(name, name) for name in names)
    spec["compression"] = "zip"
    spec["DateTime"] = ""
    if node["metadata"].value() == "all metadata":
        for name, item in shown.metadata:
            spec[name] = item
    path = Path(node["file"].value() % frame if "%" in node["file"].value() else node["file"].value())
    out = oiio.ImageOutput.create(str(path))
    if out is None or not out.open(str(path), spec) or not out.write_image(np.ascontiguousarray(pixels)):
        raise RuntimeError(f"Write failed: {path}")
    out.close()
    return path


def read_file(path: Path) -> Picture:
    """A file as Nuke shows it, its channels by Nuke's names."""
    file = oiio.ImageInput.open(str(path))
    if file is None:
        raise RuntimeError(f"{path}: no such file or directory ({oiio.geterror()})")
    spec = file.spec()
    pixels = file.read_image(oiio.FLOAT)
    file.close()
    assert pixels is not None, path
    channels = {
        RGBA.get(name, name if "." in name else f"other.{name}"): pixels[..., number]
        for number, name in enumerate(spec.channelnames)
    }
    data = (spec.x, spec.y, spec.width, spec.height)
    display = (spec.full_x, spec.full_y, spec.full_width, spec.full_height)
    kept = tuple((item.name, item.value) for item in spec.extra_attribs if item.name.startswith("cryptomatte"))
    return Picture(channels, data, display, kept)


def _read(node: Any, frame: int) -> Picture:
    first, last = node["first"].value(), node["last"].value()
    outside = {node[name].value() for name in ("before", "after")}
    if not first <= frame <= last and outside not in ({"hold"}, {"loop"}):
        raise RuntimeError(f"{node.name()}: {frame} is out of range")
    at = first + (frame - first) % (last - first + 1) if outside == {"loop"} else min(max(frame, first), last)
    pattern = node["file"].value()
    pattern = re.sub(r"#+", lambda match: f"%0{len(match[0])}d", pattern)
    shown = read_file(Path(pattern % at if "%" in pattern else pattern))
    if node["raw"].value():
        return shown
    halved = {name: plane * np.float32(0.5) for name, plane in shown.channels.items()}  # as a colour space would
    return replace(shown, channels=halved)


def _premult(node: Any, frame: int) -> Picture:
    return _by_alpha(picture(node.input(0), frame), np.multiply)


def _unpremult(node: Any, frame: int) -> Picture:
    return _by_alpha(picture(node.input(0), frame), lambda c, a: np.divide(c, a, out=c.copy(), where=a != 0))


def _by_alpha(shown: Picture, change: Any) -> Picture:
    alpha = shown.channels.get("rgba.alpha")
    if alpha is None:
        return shown
    changed = {name: change(plane, alpha) if name in COLOUR else plane for name, plane in shown.channels.items()}
    return replace(shown, channels=changed)


def _switch(node: Any, frame: int) -> Picture:
    return picture(node.input(int(value(node["which"], node, frame))), frame)


def _input(node: Any, frame: int) -> Picture:
    return picture(node.parent().input(node["number"].value()), frame)


def _group(node: Any, frame: int) -> Picture:
    (output,) = [inner for inner in node.nodes() if inner.Class() == "Output"]
    return picture(output.input(0), frame)


def _through(node: Any, frame: int) -> Picture:
    return picture(node.input(0), frame)


def _hold(node: Any, frame: int) -> Picture:
    return picture(node.input(0), int(value(node["firstFrame"], node, frame)))


def _shuffle(node: Any, frame: int) -> Picture:
    """`mappings`: how many, then for each source channel, selector, place, target channel, selector, place.

    A selector is 0 or 1, for `fromInput1` or `fromInput2`, which begin with the number of the input they take.
    """
    sources = [picture(node.input(number), frame) for number in range(node.inputs())]
    chosen = [int(re.findall(r"\d+", node[f"fromInput{n}"].value() or "0")[0]) for n in (1, 2)]
    words = node["mappings"].value().split()
    made = dict(sources[0].channels)
    for start in range(1, len(words), 6):
        source, selector, _, target = words[start : start + 4]
        made[target] = sources[chosen[int(selector)]].channels[source]
    return replace(sources[0], channels=made)


def _crop(node: Any, frame: int) -> Picture:
    """To the format, black outside of what there is."""
    if node["box"].value() != "0 0 {width} {height}":
        raise NotImplementedError("a crop to anything but the format")
    shown = picture(node.input(0), frame)
    x, y, width, height = shown.data
    left, top, full_width, full_height = shown.display
    wide = {}
    for name, plane in shown.channels.items():
        canvas = np.zeros((full_height, full_width), np.float32)
        rows, columns = slice(max(y - top, 0), y - top + height), slice(max(x - left, 0), x - left + width)
        canvas[rows, columns] = plane[max(top - y, 0) :, max(left - x, 0) :][:full_height, :full_width]
        wide[name] = canvas
    return Picture(wide, shown.display, shown.display, shown.metadata)


def _radial(node: Any, frame: int) -> Picture:
    """A disc with a hard edge in the format."""
    left, bottom, right, top = map(float, node["area"].value().split())
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32) + 0.5
    across, up = (columns - (left + right) / 2) / (right - left), (HEIGHT - rows - (bottom + top) / 2) / (top - bottom)
    disc = (across**2 + up**2 < 0.25).astype(np.float32)
    box = (0, 0, WIDTH, HEIGHT)
    return Picture(dict.fromkeys(FILE_NAMES, disc), box, box)


def _multiply(node: Any, frame: int) -> Picture:
    shown = picture(node.input(0), frame)
    if node["channels"].value() != "rgb":
        raise NotImplementedError("only rgb is multiplied")
    factor = np.float32(node["value"].value())
    bright = {name: plane * factor if name in COLOUR else plane for name, plane in shown.channels.items()}
    return replace(shown, channels=bright)


def sample(node: Any, channel: str, x: int, y: int, frame: int) -> float:
    """One pixel as Nuke counts, y from the bottom."""
    shown = picture(node, frame)
    return float(shown.channels[channel][shown.display[3] - 1 - y - shown.data[1], x - shown.data[0]])


def _remove(node: Any, frame: int) -> Picture:
    shown = picture(node.input(0), frame)
    layers = {node[name].value() for name in ("channels", "channels2")}
    keep = node["operation"].value() == "keep"
    kept = {name: plane for name, plane in shown.channels.items() if (name.split(".")[0] in layers) == keep}
    return replace(shown, channels=kept)


@dataclass(frozen=True)
class Cat:
    """What a .cat file holds: the TorchScript file, and which channels and attributes it was made for."""

    file: Path
    channels_in: tuple[str, ...]
    channels_out: tuple[str, ...]
    knobs: tuple[str, ...]


def _inference(node: Any, frame: int) -> Picture:
    """As Inference does: named channels stacked into one tensor, knobs set as attributes, the answer unstacked."""
    shown = picture(node.input(0), frame)
    cat = node._host.cats[re.findall(r"([\w]+\.cat)", node["modelFile"].value())[0]]
    numbers = []
    for name, expression in re.findall(r'(\w+):\{"([^"]*)"\};', node["serialiseKnob"].value()):
        if name not in cat.knobs:
            raise NameError(f"{name} is no knob of {cat.file.name}")
        numbers.append((name, evaluate(ast.parse(expression, mode="eval").body, node, frame)))
    blank = np.zeros_like(next(iter(shown.channels.values())))
    stacked = np.stack([shown.channels.get(name, blank) for name in cat.channels_in])
    half = bool(value(node["halfPrecision"], node, frame))
    result = np.frombuffer(_inferred(cat.file, tuple(numbers), half, stacked.shape, stacked.tobytes()), np.float32)
    planes = result.reshape(-1, *blank.shape)
    return replace(shown, channels={**shown.channels, **dict(zip(cat.channels_out, planes, strict=True))})


@lru_cache(4)
def _inferred(
    file: Path, numbers: tuple[tuple[str, Any], ...], half: bool, shape: tuple[int, ...], pixels: bytes
) -> bytes:
    """What the module makes of the pixels; the last few are kept, as Nuke keeps what it has drawn."""
    import torch

    model: Any = torch.jit.load(str(file))  # type: ignore[no-untyped-call] # untyped in torch
    for name, number in numbers:
        setattr(model, name, type(getattr(model, name))(number))
    given = torch.from_numpy(np.frombuffer(pixels, np.float32).reshape(1, *shape).copy())
    with torch.no_grad():
        answer = model.half()(given.half()) if half else model(given)
    return bytes(answer.float().numpy().tobytes())


RENDER = {
    "Read": _read,
    "Premult": _premult,
    "Unpremult": _unpremult,
    "Switch": _switch,
    "Input": _input,
    "Output": _through,
    "Dot": _through,
    "NoOp": _through,
    "Group": _group,
    "FrameHold": _hold,
    "Shuffle2": _shuffle,
    "Crop": _crop,
    "Remove": _remove,
    "Radial": _radial,
    "Multiply": _multiply,
    "Inference": _inference,
}


def _file_order(names: list[str]) -> list[str]:
    return [name for name in FILE_NAMES if name in names] + sorted(name for name in names if name not in FILE_NAMES)


def evaluate(tree: ast.AST, node: Any, frame: float) -> Any:
    """An expression on a knob of this node, at a frame."""
    if isinstance(tree, ast.Constant):
        return tree.value
    if isinstance(tree, ast.Name) and tree.id == "frame":
        return frame
    if isinstance(tree, ast.Attribute) and isinstance(tree.value, ast.Name) and tree.value.id == "parent":
        knob = node.parent()[tree.attr]
        return knob.getValueAt(frame) if knob.isAnimated() else knob.getValue()
    if isinstance(tree, ast.BinOp):
        return OPERATORS[type(tree.op)](evaluate(tree.left, node, frame), evaluate(tree.right, node, frame))
    if isinstance(tree, ast.Compare) and len(tree.ops) == 1:
        left, right = evaluate(tree.left, node, frame), evaluate(tree.comparators[0], node, frame)
        return OPERATORS[type(tree.ops[0])](left, right)
    raise ValueError(f"{ast.unparse(tree)} is no expression that Nuke evaluates without Python")
