"""The palette clamp: pixels that nearly have one of the keys' flat colours get exactly that colour.

The binary clamp's idea carried over to colour. What is flat in the keys - a fill, an ink, the empty ground - should be
flat in the in-between, in the very same value; a network comes only near it. Pixels are premultiplied, colour and
alpha together, so a faint smear over nothing goes back to nothing.
"""

from dataclasses import dataclass
from functools import reduce
from itertools import product
from operator import and_

from array_api_compat import array_namespace, device

from inbetween.core.colour import encode
from inbetween.core.network import Array
from inbetween.core.padding import Padding, pad

MOST = 64
"""Flat colours that are looked for: more than character art has, few enough to stay quick."""

SAMPLES = 131072
"""Pixels of each key that are looked at; an even sample of a larger frame holds every colour that counts."""

LEAST = 32
"""Sampled pixels that a flat colour must have."""

CROWD = 3
"""So many other frequent values within reach are the steps of a gradient."""

SHY_OF_HALF = 0.49
"""Share of the way to the nearest other colour that a reach may take, so that no two overlap."""


@dataclass(frozen=True)
class Palette:
    """Flat colours (values, P x C) and how near a pixel must be to each (P numbers), measured in `space`.

    The reaches of two colours never overlap.
    """

    colours: Array
    reaches: tuple[float, ...]
    space: str


def find(start: Array, end: Array, reach: float, space: str) -> Palette:
    """The flat colours of two keys (H, W, C), colour and alpha only.

    A flat colour is an exact value that many pixels share, that stands apart from other such values - a gradient's
    steps come in crowds - and that is at home where it is: within its reach other values, as grain or the noise of
    compression, are rarer than itself. What is not flat is pulled nowhere.
    """
    xp = array_namespace(start, end)
    pixels = xp.concat([_sample(start), _sample(end)], axis=0)
    colours, counts = _frequent(pixels)
    seen, seen_pixels = encode(colours, space), encode(pixels, space)
    apart = xp.sort(_away(seen[:, None, :], seen[None, :, :]), axis=1)
    crowds = xp.sum(xp.astype(apart <= reach, xp.int64), axis=1) - 1
    chosen, reaches = [], []
    for place, count in enumerate(counts):
        own = min(reach, SHY_OF_HALF * float(apart[place, 1])) if len(counts) > 1 else reach
        near = int(xp.sum(xp.astype(_away(seen_pixels, seen[place, :]) <= own, xp.int64)))
        if near <= 2 * count and int(crowds[place]) < CROWD:
            chosen.append(place)
            reaches.append(own)
    index = xp.asarray(chosen, dtype=xp.int64, device=device(start))
    return Palette(xp.take(colours, index, axis=0), tuple(reaches), space)


def snap(pixels: Array, palette: Palette) -> Array:
    """Pixels (H, W, C) in which what lies within reach of a flat colour has it, alpha too; what came in stays as it is.

    Only inside: a pixel is changed where all eight around it are within reach of the same colour. The outermost tenth
    of an anti-aliased edge is near a flat colour as well, but beside it something else begins; edges and lines of one
    or two pixels stay as they were drawn.
    """
    if not palette.reaches:
        return pixels
    xp = array_namespace(pixels)
    nearest = _labels(encode(pixels, palette.space), palette)
    places = xp.reshape(xp.astype(xp.clip(nearest, 0, None), xp.int64), (-1,))
    colours = xp.take(palette.colours, places, axis=0)
    inside = (nearest >= 0) & _alike_around(nearest)
    return xp.where(inside[..., None], xp.reshape(colours, pixels.shape), pixels)


def _labels(seen: Array, palette: Palette) -> Array:
    """For each pixel (H, W) the flat colour within whose reach it is, or -1."""
    xp = array_namespace(seen)
    colours, channels = encode(palette.colours, palette.space), range(seen.shape[-1])
    planes = [seen[..., channel] for channel in channels]
    labels = xp.full(seen.shape[:2], -1, dtype=xp.int8, device=device(seen))
    for place, reach in enumerate(palette.reaches):
        # Channel by channel: on 1080p a tenth of the time that a reduction over the last axis takes.
        near = (xp.abs(planes[channel] - colours[place, channel]) <= reach for channel in channels)
        labels = xp.where(reduce(and_, near), xp.full_like(labels, place), labels)
    return labels


def _alike_around(labels: Array) -> Array:
    """Where (H, W) all eight neighbours have the pixel's own label; beyond the border it goes on as it is."""
    height, width = labels.shape
    wide = pad(labels[..., None], Padding(1, 1, 1, 1))[..., 0]
    steps = product(range(3), repeat=2)
    return reduce(and_, (wide[down : down + height, across : across + width] == labels for down, across in steps))


def _sample(frame: Array) -> Array:
    """At most about SAMPLES pixels of a frame, evenly: (n, C)."""
    xp = array_namespace(frame)
    flat = xp.reshape(frame, (-1, frame.shape[-1]))
    return flat[:: -(-flat.shape[0] // SAMPLES), :]


def _frequent(pixels: Array) -> tuple[Array, list[int]]:
    """The most frequent exact values among pixels (n, C), at most MOST of them, and how many pixels have each."""
    xp = array_namespace(pixels)
    codes = xp.zeros(pixels.shape[0], dtype=xp.int64, device=device(pixels))
    for channel in range(pixels.shape[1]):
        levels = xp.unique_inverse(pixels[:, channel])
        codes = xp.unique_inverse(codes * levels.values.shape[0] + levels.inverse_indices).inverse_indices
    found = xp.unique_counts(codes)
    order = xp.argsort(found.counts, descending=True, stable=True)
    places = [int(order[rank]) for rank in range(min(MOST, order.shape[0]))]
    counts = [count for count in (int(found.counts[place]) for place in places) if count >= LEAST]
    first = [int(xp.argmax(xp.astype(codes == found.values[place], xp.int8))) for place in places[: len(counts)]]
    return xp.take(pixels, xp.asarray(first, dtype=xp.int64, device=device(pixels)), axis=0), counts


def _away(pixels: Array, colour: Array) -> Array:
    """The largest difference in any channel between pixels (..., C) and colours that broadcast against them."""
    xp = array_namespace(pixels)
    return xp.max(xp.abs(pixels - colour), axis=-1)
