"""Shots made ready to be learnt from: decoded once, kept as half floats on disk, and read window by window.

A reel is mapped into memory, so that hours of footage cost no more memory than the windows in use, and processes that
prepare batches share one copy.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from inbetween.core.errors import FrameReadError
from inbetween.core.whole import whole
from inbetween.models.training.curate import Shot
from inbetween.models.training.readers import Clip, Picture

log = logging.getLogger(__name__)

Pictures = npt.NDArray[np.float32]

FARTHEST = 8
"""Drawings between the keys of a window, at most."""
CROPS = 4
"""Crops that are looked at for the one in which most happens."""
STILL = 0.002
"""Mean difference of the keys, of 1, below which nothing moves that could be examined."""
SMALL = 0.6
"""Pictures whose longer side is a smaller share of the window are enlarged, whole pixels only."""


@dataclass(frozen=True)
class Reel:
    """A shot's distinct drawings in a file, and when each begins, in ticks."""

    file: Path
    ticks: tuple[int, ...]

    def drawings(self) -> npt.NDArray[np.float16]:
        """float16 (D, H, W, 4), premultiplied RGBA, 0 to 1, read as they are used."""
        pictures: npt.NDArray[np.float16] = np.load(self.file, mmap_mode="r", allow_pickle=False)
        return pictures

    def window(self, start: int, middle: int, end: int) -> "Window":
        """Three whole drawings."""
        t = (self.ticks[middle] - self.ticks[start]) / (self.ticks[end] - self.ticks[start])
        return Window(self.drawings()[[start, middle, end]].astype(np.float32), t)


@dataclass(frozen=True)
class Window:
    """A start, a middle and an end, float32 (3, H, W, 4), and the middle's time between 0 and 1."""

    frames: Pictures
    t: float


def decode(shot: Shot, clip: Clip, folder: Path, longest: int) -> Reel:
    """The reel of a shot, made unless it lies in `folder` already; its longer side is at most `longest` pixels.

    Raises `FrameReadError` for a clip that cannot be read and `FrameWriteError` when the disk is full.
    """
    file = folder / f"{shot.content}-{longest}.npy"
    if not file.exists():
        _write(file, shot, clip, longest)
    return Reel(file, tuple(accumulate((0, *shot.exposures[:-1]))))


def random_window(reel: Reel, random: np.random.Generator, size: int, halfway: bool = False) -> Window:
    """A random square of `size` pixels, seen whole or close, where something moves if anything does.

    The keys are 2 to `FARTHEST` drawings apart; the middle is any drawing between, or with `halfway` the one in the
    middle. What is smaller than the window is surrounded by its own edge.
    """
    count = len(reel.ticks)
    gap = int(random.integers(2, min(FARTHEST, count - 1) + 1))
    gap -= gap % 2 if halfway else 0
    start = int(random.integers(0, count - gap))
    middle = start + (gap // 2 if halfway else int(random.integers(1, gap)))
    window = reel.window(start, middle, start + gap)
    return Window(_framed(window.frames, random, size), window.t)


def examination(reel: Reel, gaps: tuple[int, ...], most: int) -> Iterator[tuple[int, int, int]]:
    """Start, middle and end of what a reel is examined on, always the same: `most` windows of each gap in which
    something moves, spread over the reel. The middle is the drawing halfway."""
    drawings = reel.drawings()
    for gap in gaps:
        starts = range(0, len(drawings) - gap, max(1, gap // 2))
        moving = [i for i in starts if float(np.abs(drawings[i] - drawings[i + gap]).mean(dtype=np.float32)) > STILL]
        for start in moving[:: max(1, len(moving) // most)][:most]:
            yield start, start + gap // 2, start + gap


def _framed(frames: Pictures, random: np.random.Generator, size: int) -> Pictures:
    """A square out of frames (3, H, W, 4), from close up to the whole picture."""
    longest = max(frames.shape[1:3])
    if longest < SMALL * size:
        enlarge = int(random.integers(1, size // longest + 1))
        frames = frames.repeat(enlarge, 1).repeat(enlarge, 2)
        longest *= enlarge
    side = int(random.integers(size, max(size, longest) + 1))
    crops = [_place(random, frames.shape[1:3], side) for _ in range(CROPS)]
    activity = [float(np.abs(frames[0][crop] - frames[2][crop]).mean()) for crop in crops]
    rows, columns = crops[int(np.argmax(activity))]
    square = np.pad(frames[:, rows, columns], _margins(frames[:, rows, columns].shape, side, random), mode="edge")
    return np.stack([_resized(picture, size, size) for picture in square])


def _place(random: np.random.Generator, shape: tuple[int, ...], side: int) -> tuple[slice, slice]:
    """Rows and columns of a random crop of at most this side."""
    top, left = (int(random.integers(0, max(1, length - side + 1))) for length in shape)
    return slice(top, top + side), slice(left, left + side)


def _margins(shape: tuple[int, ...], side: int, random: np.random.Generator) -> list[tuple[int, int]]:
    """What is missing to a square on each side of frames (3, h, w, 4), divided at random."""
    missing = [side - length for length in shape[1:3]]
    before = [int(random.integers(0, length + 1)) for length in missing]
    return [(0, 0), *((b, m - b) for b, m in zip(before, missing, strict=True)), (0, 0)]


def _write(file: Path, shot: Shot, clip: Clip, longest: int) -> None:
    """Decode into a file of another name, then rename it: a reel that bears its name is whole."""
    scale = min(1.0, longest / max(shot.size))
    height, width = (max(1, round(side * scale)) for side in shot.size)
    file.parent.mkdir(parents=True, exist_ok=True)
    with whole(file) as aside:
        # Written, not mapped: a disk that is full would kill the process on its way through the map.
        with aside.open("wb") as stream:
            shape = (len(shot.drawings), height, width, 4)
            header = {"descr": "<f2", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(stream, header)
            count = 0
            for picture, _ in clip.frames():
                stream.write(_resized(picture, height, width).astype("<f2").tobytes())
                count += 1
        if count != len(shot.drawings):
            raise FrameReadError(f"{shot.clip} has {count} drawings, not {len(shot.drawings)} as before; add it anew")
    log.info("%s: %d drawings of %dx%d", shot.clip, len(shot.drawings), width, height)


def _resized(picture: Picture, height: int, width: int) -> Picture:
    """Area mean of premultiplied pixels, which is what a camera further away would see."""
    if picture.shape[:2] == (height, width):
        return picture
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.float32)
