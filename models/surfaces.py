"""Layers of data - depth, positions, normals, vectors - fetched from whole pixels of one surface, and mixed only there.

Half-way between a depth of 100 and one of 1000 there is nothing: interpolated across an edge, such a layer says what
neither key shows. So the key that has the larger share gives its nearest pixel, the one whose ids are shown there too.
Of the other key's pixels around the place, up to four, the one most like it counts. The two are mixed, unless they are
of two surfaces: then the first stands alone.

Two values are of two surfaces where either key shows both of them nearby and an edge between: a value there is nearer
to the other one than half their distance, and neighbours there differ by that half at least. What changes in time, flat
or sloping, has no such edge and is mixed, however much it changes. And where a steep slope passes for an edge, standing
alone is no further from the mixture than neighbours are from each other.

Of two normals the mixture would be shorter than both, and light falls on it as on no surface: it is given the length
that is mixed of theirs. Those that are encoded as colours, from 0 to 1, have no such length and are left as they are.

NumPy and torch alike.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product

import numpy as np
from array_api_compat import array_namespace, device

from inbetween.core.network import Array
from inbetween.core.parallel import in_parallel

FRACTIONS = 32
"""Places in a pixel that are told apart, each way, as OpenCV's bicubic filter has them."""
RINGS = (1, 2, 4, 8)
"""How far from a place a second surface is looked for, in eight directions, in pixels: so far motion strays there.
Of 1,000 depths that a bicubic filter invents around three discs, 370 are left if nothing is looked for, and 5 here."""


Part = tuple[slice, slice]
"""Rows and columns of a frame."""


@dataclass(frozen=True)
class Place:
    """Where points lie in a frame: x and y (n,), within it."""

    x: Array
    y: Array


class Layer:
    """One layer of data in both keys, each (H, W, C), to be fetched any number of times."""

    def __init__(self, start: Array, end: Array, normals: bool = False) -> None:
        self.keys = in_parallel(_Key, (start, end))
        xp = array_namespace(start, end)
        self.normals = normals and bool(xp.any(start < 0) or xp.any(end < 0))
        """Whether they are normals, and not encoded ones."""

    def drawn(self, places: tuple[Place, Place], share: Array) -> list[Array]:
        """The values of points (n,) from their places in either key, by the share of the start (n,): C times (n,)."""
        xp = array_namespace(share)
        result = [xp.empty_like(share) for _ in self.keys[0].planes]
        for first, rest in enumerate((1 - share, share)):
            points = xp.nonzero(share >= 0.5 if first == 0 else share < 0.5)[0]
            ways = [Place(each.x[points], each.y[points]) for each in places]
            with np.errstate(invalid="ignore", over="ignore"):  # infinite depth
                values = _led(
                    self.keys[first], self.keys[1 - first], ways[first], ways[1 - first], rest[points], self.normals
                )
            for plane, found in zip(result, values, strict=True):
                plane[points] = found
        return result


class _Key:
    """A layer of one key: its channels as rows of pixels, and where there are edges."""

    def __init__(self, frame: Array) -> None:
        self.height, self.width, channels = frame.shape
        xp = array_namespace(frame)
        planes = [xp.asarray(frame[..., c], copy=True) for c in range(channels)]
        with np.errstate(invalid="ignore", over="ignore"):
            self.steps = xp.reshape(_widened(_steps(planes), RINGS[-1]), (-1,))
        """The most that neighbours differ by within the outermost ring around each pixel."""
        # One channel after the other: NumPy is slow where an axis of three is the innermost.
        self.planes = [xp.reshape(plane, (-1,)) for plane in planes]

    def at(self, x: Array, y: Array) -> Array:
        """Numbers of the pixels at whole places; beyond the frame, those of its border."""
        xp = array_namespace(x)
        row, column = xp.clip(y, 0, self.height - 1), xp.clip(x, 0, self.width - 1)
        return xp.astype(row, xp.int64) * self.width + xp.astype(column, xp.int64)

    def values(self, pixels: Array) -> list[Array]:
        """The values of pixels by their numbers (n,): C times (n,)."""
        return [plane[pixels] for plane in self.planes]


def _steps(planes: Sequence[Array]) -> Array:
    """How far each pixel of planes (H, W) is from the one beside it, above or below that it differs from most."""
    xp = array_namespace(*planes)
    steps = xp.zeros_like(planes[0])
    for axis in (0, 1):
        here, there = _shifted(axis, 1)
        step = _apart([plane[here] for plane in planes], [plane[there] for plane in planes])
        for side in (here, there):
            steps[side] = xp.maximum(steps[side], step)
    return steps


def _led(key: _Key, other: _Key, place: Place, other_place: Place, share: Array, normals: bool) -> list[Array]:
    """The nearest pixels of a key, mixed with the other's that go with them, by the share of that."""
    xp = array_namespace(share)
    nearest, around = _nearest(place), _nearest(other_place)
    values = key.values(key.at(nearest.x, nearest.y))
    partners = _most_alike(other, other_place, around, values)
    apart = _apart(values, partners)
    alone = ~xp.isfinite(apart)
    for shown, near, sought in ((key, nearest, partners), (other, around, values)):
        alone = alone | _shows(shown, near, sought, apart)
    mixed = [xp.where(alone | (a == b), a, a + share * (b - a)) for a, b in zip(values, partners, strict=True)]
    if not normals:
        return mixed
    scale = _lengthened(mixed, _length(values) + share * (_length(partners) - _length(values)))
    return [xp.where(alone | (apart == 0), each, each * scale) for each in mixed]


def _lengthened(values: Sequence[Array], wanted: Array) -> Array:
    """What makes values that long; 1 for those that have no direction, as between two that point against each other."""
    xp = array_namespace(wanted)
    length = _length(values)
    none = length == 0
    return xp.where(none, xp.ones_like(length), wanted / xp.where(none, xp.ones_like(length), length))


def _length(values: Sequence[Array]) -> Array:
    return array_namespace(*values).sqrt(sum(each * each for each in values))


def _most_alike(key: _Key, place: Place, nearest: Place, values: Sequence[Array]) -> list[Array]:
    """Of the up to four pixels around each place that whose values are most like these; of equal ones the nearest."""
    xp = array_namespace(place.x)
    beside = [_beside(exact, near) for exact, near in ((place.x, nearest.x), (place.y, nearest.y))]
    best = key.values(key.at(nearest.x, nearest.y))
    least = _apart(best, values)
    for x, y in ((beside[0], nearest.y), (nearest.x, beside[1]), (beside[0], beside[1])):
        found = key.values(key.at(x, y))
        apart = _apart(found, values)
        closer = apart < least
        best = [xp.where(closer, a, b) for a, b in zip(found, best, strict=True)]
        least = xp.minimum(least, apart)
    return best


def _shows(key: _Key, near: Place, sought: Sequence[Array], apart: Array) -> Array:
    """Whether a key has values near these places that are nearer to those sought than half of `apart`, and an edge."""
    xp = array_namespace(apart)
    shown = xp.zeros_like(apart, dtype=xp.bool)
    points = xp.nonzero((key.steps[key.at(near.x, near.y)] >= apart / 2) & (apart > 0) & xp.isfinite(apart))[0]
    for across, down in _ring_places():
        x, y = near.x[points] + across, near.y[points] + down
        found = _apart(key.values(key.at(x, y)), [plane[points] for plane in sought]) < apart[points] / 2
        shown[points[found]] = True
        points = points[~found]
    return shown


def _ring_places() -> Iterator[tuple[int, int]]:
    directions = [(across, down) for across, down in product((-1, 0, 1), repeat=2) if across or down]
    return ((ring * across, ring * down) for ring in RINGS for across, down in directions)


def _nearest(place: Place) -> Place:
    xp = array_namespace(place.x)
    return Place(xp.floor(place.x + 0.5), xp.floor(place.y + 0.5))


def _beside(exact: Array, nearest: Array) -> Array:
    """The whole place on the other side of each; the same one where that is exact."""
    xp = array_namespace(exact)
    rounded = xp.round(exact * FRACTIONS) / FRACTIONS
    return xp.floor(rounded) + xp.ceil(rounded) - nearest


def _apart(values: Sequence[Array], others: Sequence[Array]) -> Array:
    """How far values lie apart: the most in any channel; infinitely where only one is infinite, or either is NaN."""
    return reduce(array_namespace(*values).maximum, map(_difference, values, others))


def _difference(a: Array, b: Array) -> Array:
    xp = array_namespace(a)
    apart = xp.abs(a - b)
    same, never = (xp.asarray(value, dtype=a.dtype, device=device(a)) for value in (0, xp.inf))
    return xp.where(xp.isnan(apart), xp.where(a == b, same, never), apart)


def _widened(plane: Array, reach: int) -> Array:
    """The most within `reach` pixels of each, up, down and to the sides, (H, W)."""
    xp = array_namespace(plane)
    done = 0
    while done < reach:
        step = min(done + 1, reach - done)
        for axis in (0, 1):
            if step < plane.shape[axis]:
                here, there = _shifted(axis, step)
                wide = xp.asarray(plane, copy=True)
                wide[here] = xp.maximum(plane[here], plane[there])
                wide[there] = xp.maximum(wide[there], plane[here])
                plane = wide
        done += step
    return plane


def _shifted(axis: int, step: int) -> tuple[Part, Part]:
    """All of a plane (H, W) that has something `step` before it along an axis, and what that is."""
    here, there = slice(step, None), slice(None, -step)
    whole = slice(None)
    return ((here, whole), (there, whole)) if axis == 0 else ((whole, here), (whole, there))
