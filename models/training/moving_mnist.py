"""Moving MNIST: two handwritten digits that drift through a square and bounce off its sides.

By the published rule (Srivastava, Mansimov and Salakhutdinov 2015, "Unsupervised learning of video representations
using LSTMs"): 64 x 64 pixels, digits 28 x 28 unscaled, 20 frames, brighter pixel wins, digits pass through one another.
"""

import gzip
import hashlib
from pathlib import Path

import numpy as np

from inbetween.core.errors import InputError

SIDE, DIGIT, FRAMES, DIGITS = 64, 28, 20, 2
SPEED = 0.1
"""Of the free way (36 pixels) each frame."""
FILES = {
    "train": ("train-images-idx3-ubyte.gz", "6bbc9ace898e44ae57da46a324031adb"),
    "test": ("t10k-images-idx3-ubyte.gz", "2646ac647ad5339dbf082846283269ea"),
}
"""The 60,000 digits to learn from and the 10,000 never seen: file, and md5 of what it unpacks to."""


def digits(folder: Path, part: str) -> np.ndarray:
    """The MNIST images of `part`, "train" or "test": uint8 (count, 28, 28).

    Raises `InputError` when the file is missing, damaged or not the published one.
    """
    name, md5 = FILES[part]
    path = folder / name
    try:
        raw = gzip.decompress(path.read_bytes())
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing; put MNIST's {name} there") from error
    except (OSError, EOFError) as error:
        raise InputError(f"{path} cannot be unpacked ({error}); fetch it again") from error
    if hashlib.md5(raw, usedforsecurity=False).hexdigest() != md5:
        raise InputError(f"{path} does not hold MNIST's published images; fetch it again")
    return read_idx(raw)


def read_idx(raw: bytes) -> np.ndarray:
    """Unpack images in MNIST's IDX format: four big-endian numbers (magic 2051, count, height, width), then bytes."""
    magic, count, height, width = np.frombuffer(raw, ">u4", 4)
    if magic != 2051 or len(raw) != 16 + int(count) * int(height) * int(width):
        raise InputError(
            f"not IDX images: magic number {magic} and {len(raw)} bytes; MNIST's image files begin with 2051"
        )
    return np.frombuffer(raw, np.uint8, offset=16).reshape(count, height, width)


def corners(rng: np.random.Generator, count: int, frames: int = FRAMES, things: int = DIGITS) -> np.ndarray:
    """Top-left corners (x, y) of `things` digits on their way: int (count, frames, things, 2), from 0 to 36.

    Each frame moves first, then turns back at the wall it has reached, then is stored: a digit's start is never seen.
    """
    place = rng.random((count, things, 2))
    angle = rng.uniform(0, 2 * np.pi, (count, things))
    velocity = SPEED * np.stack((np.cos(angle), np.sin(angle)), -1)
    stored = np.empty((count, frames, things, 2), int)
    for frame in range(frames):
        place = place + velocity
        outside = (place <= 0) | (place >= 1)
        place = np.clip(place, 0, 1)
        velocity = np.where(outside, -velocity, velocity)
        stored[:, frame] = (place * (SIDE - DIGIT)).astype(int)
    return stored


def draw(images: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Draw digits (count, things, 28, 28) at corners (count, frames, things, 2): uint8 (count, frames, 64, 64)."""
    count, frames, things = places.shape[:3]
    canvas = np.zeros((count, frames, SIDE, SIDE), np.uint8)
    for i, frame, thing in np.ndindex(count, frames, things):
        x, y = places[i, frame, thing]
        spot = canvas[i, frame, y : y + DIGIT, x : x + DIGIT]
        np.maximum(spot, images[i, thing], out=spot)
    return canvas


def sequences(images: np.ndarray, rng: np.random.Generator, count: int) -> np.ndarray:
    """`count` new sequences of 20 frames from a pool of digits: uint8 (count, 20, 64, 64)."""
    chosen = images[rng.integers(0, len(images), (count, DIGITS))]
    return draw(chosen, corners(rng, count))


def shrunk(frames: np.ndarray) -> np.ndarray:
    """Frames uint8 (..., 64, 64) as the thesis uses them: float32 (..., 32, 32, 1), means of 2 x 2, from 0 to 1."""
    small: np.ndarray = frames.reshape(*frames.shape[:-2], SIDE // 2, 2, SIDE // 2, 2).mean((-3, -1), dtype=np.float32)
    return small[..., None] / np.float32(255)
