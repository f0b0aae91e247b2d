"""Frames with their own edge repeated around them, for what looks at the surroundings of every pixel."""

from dataclasses import dataclass

from array_api_compat import array_namespace, device

from inbetween.core.network import Array


@dataclass(frozen=True)
class Padding:
    """How many rows and columns are added on each side of a frame."""

    top: int
    bottom: int
    left: int
    right: int


def pad(frames: Array, padding: Padding) -> Array:
    """Frames (..., H, W, C) with their edge pixels repeated outwards; the same array where nothing is added."""
    frames = _widened(frames, -3, padding.top, padding.bottom)
    return _widened(frames, -2, padding.left, padding.right)


def _widened(frames: Array, axis: int, before: int, after: int) -> Array:
    if before == after == 0:
        return frames
    xp = array_namespace(frames)
    length = frames.shape[axis]
    places = [min(max(place, 0), length - 1) for place in range(-before, length + after)]
    return xp.take(frames, xp.asarray(places, device=device(frames)), axis=axis)
