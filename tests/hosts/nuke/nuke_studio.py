"""What the tests of the node share: the stand-in with our modules inside it, and plates to work on."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import OpenImageIO as oiio
from nuke_host import Host
from nuke_nodes import Group, Node

from inbetween.core.settings import Settings, describe
from inbetween.core.timing import CURVES

INSIDE = ("node", "make", "marks", "keys", "doctor", "farm", "selfcheck")
"""Modules of ours that hold on to the `nuke` they were imported with."""


def engine(python: str = sys.executable) -> dict[str, Any]:
    """What the installer would write down, without asking a worker."""
    return {
        "python": python,
        "release": "1.0",
        "models": ["dissolve", "flow", "motion"],
        "timings": list(CURVES),
        "settings": json.loads(json.dumps(describe(Settings))),
    }


def forget() -> None:
    import inbetween.hosts.nuke as package

    for name in INSIDE:
        sys.modules.pop(f"inbetween.hosts.nuke.{name}", None)
        vars(package).pop(name, None)


@dataclass
class Studio:
    """A running stand-in, our modules inside it, and a folder for its files."""

    host: Host
    folder: Path

    @property
    def nuke(self) -> ModuleType:
        return self.host.module

    @property
    def adapter(self) -> Any:
        from inbetween.hosts.nuke import node

        return node

    @property
    def make(self) -> Any:
        from inbetween.hosts.nuke import make

        return make

    def save(self, name: str = "shot.nk") -> Path:
        path = self.folder / name
        self.host.scriptSaveAs(str(path), 1)
        return path

    def plate(self, name: str, file: Path, first: int = 1, last: int = 1) -> Node:
        """A Read of files that exist."""
        read = self.host.make("Read", {"name": name})
        for knob, value in (("file", file.as_posix()), ("first", first), ("last", last), ("raw", True)):
            read[knob].setValue(value)
        return read

    def node(self, *plates: Node, **settings: Any) -> Group:
        """An Inbetween node under plates, as the menu makes it, with knobs turned."""
        for one in plates:
            one.setSelected(True)
        made = self.adapter.create()
        for one in plates:
            one.setSelected(False)
        for name, value in settings.items():
            made[name].setValue(value)
        assert isinstance(made, Group)
        return made

    def run(self, node: Group) -> None:
        """Press the button and wait until the frames are read back."""
        self.host.press(node, "make")
        self.host.spin(lambda: node["state"].value() != "being made")


def save_exr(path: Path, pixels: Any, names: tuple[str, ...] = ("R", "G", "B", "A")) -> Path:
    """A float EXR, channels as named."""
    path.parent.mkdir(parents=True, exist_ok=True)
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], len(names), oiio.FLOAT)
    spec.channelnames = names
    spec["DateTime"] = ""
    out = oiio.ImageOutput.create(str(path))
    assert out is not None
    assert out.open(str(path), spec)
    assert out.write_image(np.ascontiguousarray(pixels, dtype=np.float32))
    assert out.close()
    return path


def load_exr(path: Path) -> Any:
    file = oiio.ImageInput.open(str(path))
    assert file is not None, path
    pixels = file.read_image(oiio.FLOAT)
    file.close()
    return pixels


def drawing(x: float, width: int = 48, height: int = 32, light: float = 4.0) -> Any:
    """A bright disc over nothing, premultiplied, its left part brighter than white, a dark ring below 0, and depth."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    distance = np.hypot(rows - height / 2, columns - x)
    alpha = np.clip(8.5 - distance, 0, 1)
    colour = np.stack([light * alpha, 0.5 * alpha, 0.1 * alpha - 0.15 * (distance < 3)], -1)
    depth = (100 - x) * alpha
    return np.concatenate([colour, alpha[..., None], depth[..., None]], -1).astype(np.float32)


LAYERED = ("R", "G", "B", "A", "depth.Z")
