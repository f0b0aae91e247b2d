"""Frames of any size for networks that take only some: padded with their own edge, cropped back exactly."""

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


def to_multiple(height: int, width: int, multiple: int) -> Padding:
    """The least padding that makes both sides divisible by `multiple`, as even as can be; the odd one goes last."""
    down, across = -height % multiple, -width % multiple
    return Padding(down // 2, down - down // 2, across // 2, across - across // 2)


def pad(frames: Array, padding: Padding) -> Array:
    """Frames (..., H, W, C) with their edge pixels repeated outwards; the same array where nothing is added."""
    frames = _widened(frames, -3, padding.top, padding.bottom)
    return _widened(frames, -2, padding.left, padding.right)


def crop(frames: Array, padding: Padding) -> Array:
    """What `pad` was given, as a view: `crop(pad(frames, padding), padding)` equals `frames` to the bit."""
    height, width = frames.shape[-3:-1]
    return frames[..., padding.top : height - padding.bottom, padding.left : width - padding.right, :]


def _widened(frames: Array, axis: int, before: int, after: int) -> Array:
    if before == after == 0:
        return frames
    xp = array_namespace(frames)
    length = frames.shape[axis]
    places = [min(max(place, 0), length - 1) for place in range(-before, length + after)]
    return xp.take(frames, xp.asarray(places, device=device(frames)), axis=axis)
