"""What the channels of a frame mean: which the network looks at, which is coverage, which may not be mixed."""

from collections.abc import Sequence
from dataclasses import dataclass

from array_api_compat import array_namespace, device

from inbetween.core.network import Array


@dataclass(frozen=True)
class Channels:
    """The layout of a frame's last axis, in the file's own channel order.

    `colour` are the indices the network looks at: one (grey) or three (red, green, blue). `alpha` is coverage
    from 0 to 1; colour is premultiplied by it. `ids` are channels whose values are names rather than amounts
    (object ids, cryptomatte): they move with the picture but are never blended. `data` are layers of measures
    (depth, positions, normals, vectors), each by its channels: they move with the picture, from whole pixels, and are
    blended within a surface only; where a file has no picture the network looks at one of them. Those of them that are
    `normals` keep their length. Whatever is in none of these is an extra layer (AOV): moved and blended as the picture.
    """

    names: tuple[str, ...]
    colour: tuple[int, ...]
    alpha: int | None = None
    ids: tuple[int, ...] = ()
    data: tuple[tuple[int, ...], ...] = ()
    normals: tuple[tuple[int, ...], ...] = ()

    @property
    def picture(self) -> tuple[int, ...]:
        """The channels that are looked at: colour, then alpha if there is one."""
        return self.colour if self.alpha is None else (*self.colour, self.alpha)

    @property
    def measures(self) -> tuple[int, ...]:
        """The channels of all layers of data."""
        return tuple(channel for layer in self.data for channel in layer)

    @property
    def shown(self) -> bool:
        """Whether colour is a picture, rather than data that is looked at for want of one."""
        return not set(self.colour) & set(self.measures)


GREY = Channels(("Y",), (0,))
RGB = Channels(("R", "G", "B"), (0, 1, 2))
RGBA = Channels(("R", "G", "B", "A"), (0, 1, 2), 3)


def pick(pixels: Array, indices: Sequence[int]) -> Array:
    """The channels at `indices` of pixels (..., C), in that order: a view where they lie side by side, else a copy."""
    first = indices[0]
    if list(indices) == list(range(first, first + len(indices))):
        return pixels[..., first : first + len(indices)]
    xp = array_namespace(pixels)
    return xp.take(pixels, xp.asarray(list(indices), device=device(pixels)), axis=-1)


def put(pixels: Array, indices: Sequence[int], values: Array) -> Array:
    """A copy of pixels (..., C) in which the channels at `indices` are those of `values` (..., len(indices))."""
    xp = array_namespace(pixels, values)
    replaced = {channel: values[..., place] for place, channel in enumerate(indices)}
    return xp.stack([replaced.get(channel, pixels[..., channel]) for channel in range(pixels.shape[-1])], axis=-1)
