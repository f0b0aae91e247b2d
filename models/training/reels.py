"""Shots made ready to be learnt from: decoded once, kept as half floats on disk, and cut into windows.

A reel lies in a file of its own that is mapped into memory, so that hours of footage cost no more memory than the
windows in use, and processes that prepare batches share one copy.
"""

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np
import numpy.typing as npt

from inbetween.core.errors import FrameWriteError
from inbetween.models.training.curate import Shot
from inbetween.models.training.readers import Clip, Picture

log = logging.getLogger(__name__)

FARTHEST = 8
"""Drawings between the keys of a window, at most."""
CROPS = 4
"""Crops that are looked at for the one in which most happens."""


@dataclass(frozen=True)
class Reel:
    """A shot's distinct drawings as float16 (D, H, W, 4), premultiplied RGBA, 0 to 1; `ticks` (D) when each begins."""

    drawings: npt.NDArray[np.float16]
    ticks: tuple[int, ...]

    def time(self, start: int, middle: int, end: int) -> float:
        """Where drawing `middle` lies between two others, 0 to 1, by their timing."""
        return (self.ticks[middle] - self.ticks[start]) / (self.ticks[end] - self.ticks[start])


@dataclass(frozen=True)
class Window:
    """A start, a middle, an end: float32 (3, H, W, 4), and the middle's time between 0 and 1."""

    frames: npt.NDArray[np.float32]
    t: float


def decode(shot: Shot, clip: Clip, folder: Path, longest: int) -> Reel:
    """The reel of a shot, made unless it lies in `folder` already; the longer side is at most `longest` pixels.

    Raises `FrameReadError` for a clip that cannot be read and `FrameWriteError` when the disk is full.
    """
    file = folder / f"{shot.content}-{longest}.npy"
    if not file.exists():
        try:
            _write(file, shot, clip, longest)
        except OSError as error:
            raise FrameWriteError(f"{file} could not be written ({error.strerror}); make room, then retry") from error
    drawings = np.load(file, mmap_mode="r", allow_pickle=False)
    return Reel(drawings, tuple(accumulate((0, *shot.exposures[:-1]))))


def window(reel: Reel, random: np.random.Generator, size: int) -> Window:
    """A random square window of `size` pixels, where something moves if anything does.

    The keys are 2 to `FARTHEST` drawings apart, the middle is any drawing between. Pictures smaller than the window
    are surrounded by their own edge.
    """
    count = len(reel.drawings)
    gap = int(random.integers(2, min(FARTHEST, count - 1) + 1))
    start = int(random.integers(0, count - gap))
    middle, end = start + int(random.integers(1, gap)), start + gap
    three = reel.drawings[[start, middle, end]]
    crops = [_place(random, three.shape[1:3], size) for _ in range(CROPS)]
    activity = [float(np.abs(three[0][crop] - three[2][crop]).mean(dtype=np.float32)) for crop in crops]
    rows, columns = crops[int(np.argmax(activity))]
    cropped = three[:, rows, columns].astype(np.float32)
    missing = [(0, 0), *((0, max(0, size - side)) for side in cropped.shape[1:3]), (0, 0)]
    return Window(np.pad(cropped, missing, mode="edge"), reel.time(start, middle, end))


def examination(reel: Reel, gaps: tuple[int, ...], most: int) -> Iterator[Window]:
    """Whole pictures to be examined on, always the same: for each gap, at most `most` triads spread over the reel.

    The middle is the drawing halfway between keys that lie `gap` drawings apart.
    """
    for gap in gaps:
        starts = range(0, len(reel.drawings) - gap)
        for start in starts[:: max(1, len(starts) // most)][:most]:
            three = (start, start + gap // 2, start + gap)
            yield Window(reel.drawings[list(three)].astype(np.float32), reel.time(*three))


def _place(random: np.random.Generator, shape: tuple[int, ...], size: int) -> tuple[slice, slice]:
    """Rows and columns of a random crop."""
    top, left = (int(random.integers(0, max(1, side - size + 1))) for side in shape)
    return slice(top, top + size), slice(left, left + size)


def _write(file: Path, shot: Shot, clip: Clip, longest: int) -> None:
    """Decode into a file of another name, then rename it: a reel that bears its name is whole."""
    height, width = _fitted(shot.size, longest)
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{file.name}.{os.getpid()}")
    shape = (len(shot.drawings), height, width, 4)
    try:
        drawings = np.lib.format.open_memmap(aside, mode="w+", dtype=np.float16, shape=shape)
        for index, (picture, _) in enumerate(clip.frames()):
            drawings[index] = _shrunk(picture, height, width)
        drawings.flush()
        aside.replace(file)
    finally:
        aside.unlink(missing_ok=True)
    log.info("%s: %d drawings of %dx%d", shot.clip, len(shot.drawings), width, height)


def _fitted(size: tuple[int, int], longest: int) -> tuple[int, int]:
    scale = min(1.0, longest / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _shrunk(picture: Picture, height: int, width: int) -> Picture:
    """Area mean of premultiplied pixels, which is what a camera further away would see."""
    if picture.shape[:2] == (height, width):
        return picture
    import cv2

    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.float32)
