"""Real clips packed for training, and random triads out of them.

A packed clip is one `NAME.npy`, uint8 (T, H, W, 4), premultiplied, in a folder for its split (`train`, `val`): read by
memory map, so that a triad costs three frames and many processes share one cache.
"""

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inbetween.core.channels import RGBA
from inbetween.core.errors import InputError
from inbetween.core.whole import finished, whole
from inbetween.models import metrics, optical
from inbetween.models.arrays import max_difference
from inbetween.models.training.readers import open_clip, premultiplied

Array = np.ndarray[Any, Any]

STILL = 0.002
"""Mean change between the keys, of 1, below which a window teaches nothing."""
CUT = 0.25
"""Mean change above which a window is a cut."""
LONGEST_GAP = 10
"""Frames from key to key of a window, at most."""
UNSTEADY = 0.15
"""How far the middle frame may be astray, as a share of the way between the keys."""
TRIES = 20
"""Windows that are looked at for one that moves steadily."""
SIDE = 256
"""Longer side that vector animations are packed at."""
RATE = 24.0
"""Frames a second that vector animations are packed at, about."""
MOST = 64
"""Frames of a packed clip."""
FREE = ("CC0-1.0", "BSD-3-Clause")
"""Licences under which a clip may be learnt from, whoever made it."""


@dataclass(frozen=True)
class Packed:
    """A clip on disk: uint8 (T, H, W, 4), premultiplied, at a steady rate of about 24 frames a second."""

    name: str
    frames: Array


def pack(frames: Iterable[Array], file: Path) -> None:
    """Write a clip of float32 (H, W, 4) premultiplied frames, 0 to 1, whole or not at all."""
    clip = np.stack([np.round(np.clip(frame, 0, 1) * 255).astype(np.uint8) for frame in frames])
    file.parent.mkdir(parents=True, exist_ok=True)
    with whole(file) as aside:
        np.save(aside, clip)


def pack_library(root: Path, folder: Path) -> Iterator[Path]:
    """Pack a library of animations, those that may be learnt from and those to validate on; yields each new file.

    `root` holds `manifest.json`: rows of `lottie` and of `sprites` with id, file, split, fps and licence. Only what a
    designer's name stands behind (provenance A) or what is free of terms is learnt from; the rest of `train` is left
    out. What is packed already is left alone. Raises `InputError` for a library without a manifest.
    """
    try:
        manifest = json.loads((root / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as cause:
        raise InputError(f"{root / 'manifest.json'} cannot be read ({cause}); name a library's folder") from cause
    for row in itertools.chain(manifest["lottie"], manifest["sprites"]):
        file = folder / row["split"] / f"{row['id']}.npy"
        learnable = row.get("provenance") == "A" or row["licence"] in FREE
        if (learnable or row["split"] == "val") and not file.exists():
            pack(_frames(root, row), file)
            yield file


def _frames(root: Path, row: Mapping[str, Any]) -> Iterator[Array]:
    file = root / row["file"]
    if row.get("layout") == "strip":
        from PIL import Image

        strip = premultiplied(np.asarray(Image.open(file).convert("RGBA")))
        return (strip[:, i * row["w"] : (i + 1) * row["w"]] for i in range(row["frames"]))
    every = max(1, round(row["fps"] / RATE)) if "lottie" in row["file"] else 1
    drawings = (picture for picture, _ in open_clip(file, SIDE).frames())
    return itertools.islice(drawings, 0, every * MOST, every)


def packed(folder: Path, split: str) -> list[Packed]:
    """The clips of a split that have a frame between two, by name. Raises `InputError` when there is none."""
    clips = (Packed(file.stem, np.load(file, mmap_mode="r")) for file in finished(folder / split, "*.npy"))
    found = [clip for clip in clips if len(clip.frames) > 2]
    if not found:
        raise InputError(f"{folder / split}: no packed clips (*.npy) of three frames or more; pack some first")
    return found


def triad(random: np.random.Generator, clips: list[Packed], size: int) -> tuple[Array, Array, Array, float]:
    """A random window of a random clip, moving if one is found: start, middle, end, (size, size, 4), and middle's t.

    float32, cropped or padded to the size, and changed in ways that keep the motion true: mirrored, turned, reversed in
    time, colours exchanged, made negative, laid over a flat ground.
    """
    for _ in range(TRIES):
        frames = clips[int(random.integers(len(clips)))].frames
        # Small steps more often than large ones: there keys are mostly in-betweened, and precision shows.
        gap = min(2 + int((LONGEST_GAP - 1) * random.random() ** 2), len(frames) - 1)
        first = int(random.integers(0, len(frames) - gap))
        chosen = first + int(random.integers(1, gap))
        window = _fitted(random, np.stack([frames[i] for i in (first, chosen, first + gap)]), size)
        t = (chosen - first) / gap
        start, middle, end = window
        if STILL < np.abs(start - end).mean() < CUT and steady(start, middle, end, t):
            break
    start, middle, end, t = _varied(random, window, t)
    return start, middle, end, t


def steady(start: Array, middle: Array, end: Array, t: float) -> bool:
    """Whether things stand in the middle frame where steady motion between the keys would have them at time `t`.

    An ease that no two keys can tell of teaches nothing but blur.
    """
    greys = [optical.grey_copy(frame, RGBA, "display") for frame in (start, middle, end)]
    back, on = (optical.find_motion(greys[1], key).flows[0] for key in (greys[0], greys[2]))
    moves = max_difference(start, end) > metrics.MOVING
    astray, way = (np.hypot(*np.moveaxis(path, -1, 0))[moves].mean() for path in ((1 - t) * back + t * on, on - back))
    return bool(astray < UNSTEADY * way + 0.5)


def keys_apart(clip: Packed, gap: int, count: int) -> list[tuple[Array, Array, Array]]:
    """Up to `count` evenly spread windows (start, middle, end) whose keys are `gap` frames apart and differ."""
    frames = clip.frames
    windows = []
    for first in np.linspace(0, len(frames) - 1 - gap, 3 * count).round().astype(int) if len(frames) > gap else []:
        start, middle, end = (frames[first + i].astype(np.float32) / 255 for i in (0, gap // 2, gap))
        if STILL < np.abs(start - end).mean() < CUT:
            windows.append((start, middle, end))
    step = max(1, len(windows) // count)
    return windows[::step][:count]


def _fitted(random: np.random.Generator, frames: Array, size: int) -> Array:
    """A random square of the frames, (3, size, size, 4) float32: shrunk or cropped when larger, padded when smaller."""
    height, width = frames.shape[1:3]
    if max(height, width) < 0.6 * size:
        grow = int(random.integers(1, 0.9 * size // max(height, width) + 1))
        frames = frames.repeat(grow, 1).repeat(grow, 2)
        height, width = frames.shape[1:3]
    side = int(random.integers(size, max(height, width, size) + 1))
    if side < height or side < width:
        side = max(size, int(side * 0.9))
    square = np.zeros((len(frames), side, side, 4), np.uint8)
    top, left = (int(random.integers(min(0, n - side), max(0, n - side) + 1)) for n in (height, width))
    seen = frames[:, max(0, top) : top + side, max(0, left) : left + side]
    y, x = max(0, -top), max(0, -left)
    square[:, y : y + seen.shape[1], x : x + seen.shape[2]] = seen
    if side > size:
        square = np.stack([cv2.resize(one, (size, size), interpolation=cv2.INTER_AREA) for one in square])
    return square.astype(np.float32) / 255


def _varied(random: np.random.Generator, frames: Array, t: float) -> tuple[Array, Array, Array, float]:
    for axis in (1, 2):
        if random.random() < 0.5:
            frames = np.flip(frames, axis)
    if random.random() < 0.3:
        frames = frames.transpose(0, 2, 1, 3)
    if random.random() < 0.5:
        frames, t = frames[::-1], 1 - t
    frames = frames[..., [*random.permutation(3), 3]]
    if random.random() < 0.3:  # negative: dark on light becomes light on dark
        frames[..., :3] = frames[..., 3:] - frames[..., :3]
    if random.random() < 0.5:
        frames[..., :3] += random.uniform(0, 1, 3).astype(np.float32) * (1 - frames[..., 3:])
        frames[..., 3] = 1
    start, middle, end = np.ascontiguousarray(frames)
    return start, middle, end, t
