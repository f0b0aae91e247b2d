"""Small real sequences on disk, and a runner that needs no weights."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest

from inbetween.core.settings import Settings
from inbetween.hosts.sequence.frames import Header, write_frame
from inbetween.hosts.sequence.job import Job
from inbetween.hosts.sequence.run import run
from inbetween.hosts.sequence.work import Summary
from inbetween.models import dissolve
from inbetween.models.model import Model

Run = Callable[..., tuple[Summary, list[dict[str, Any]]]]


def picture(number: int, channels: int = 4, width: int = 24, height: int = 16) -> np.ndarray:
    """A disc that moves to the right with the frame number, premultiplied, with light above 1."""
    y, x = np.mgrid[0:height, 0:width]
    alpha = (((x - 6 - number % 12) ** 2 + (y - height / 2) ** 2) < 20).astype(np.float32)
    colour = np.stack([alpha * value for value in (1.5, 0.5, 0.25 + number % 12 / 64)], -1)
    return np.concatenate([colour, alpha[..., None]], -1)[..., :channels].astype(np.float32)


def write(path: Path, pixels: np.ndarray, kind: str = "half", **attributes: Any) -> Path:
    """An image file; attribute names have `__` for `:`."""
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], kind)
    spec["DateTime"] = ""
    for name, value in attributes.items():
        spec[name.replace("__", ":")] = value
    straight = path.suffix in (".png", ".tga") and pixels.shape[2] == 4
    if straight:
        spec["oiio:UnassociatedAlpha"] = 1
    path.parent.mkdir(parents=True, exist_ok=True)
    write_frame(path, Header(path, (spec,), straight), pixels)
    return path


@pytest.fixture(name="picture")
def _picture() -> Callable[..., np.ndarray]:
    return picture


@pytest.fixture(name="write")
def _write() -> Callable[..., Path]:
    return write


@pytest.fixture
def keys(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder of keys: `keys([1, 9, 17])`."""

    def make(numbers: Iterable[int], name: str = "shot.{:04d}.exr", folder: str = "in", **more: Any) -> Path:
        kind = more.pop("kind", "uint16" if name.endswith("png") else "half")
        for number in numbers:
            write(tmp_path / folder / name.format(number), picture(number), kind, **more)
        return tmp_path / folder

    return make


@pytest.fixture
def fill() -> Run:
    """Runs a job with the dissolve, or the model given; returns summary and events."""

    def go(source: Path, target: Path, model: Model | None = None, **more: Any) -> tuple[Summary, list[dict[str, Any]]]:
        events: list[dict[str, Any]] = []
        settings = {name: more.pop(name) for name in list(more) if name in Settings.__dataclass_fields__}
        cancelled = more.pop("cancelled", lambda: False)
        job = Job(str(source), str(target), Settings(**{"cut_threshold": 1.0, **settings}), **more)
        chosen = model or dissolve.build("cpu", "auto")
        return run(job, events.append, cancelled, load=lambda *_: chosen), events

    return go
