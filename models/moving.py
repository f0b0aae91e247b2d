"""Networks that move the keys' own pixels: they know where each pixel comes from, and here it is fetched from there.

Every channel moves alike, so that any depth, range and layer works. Ids, and channels in which a key is not finite,
come from the nearest pixel of the key that weighs more and are never blended; layers of data from whole pixels of one
surface (`surfaces`).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from array_api_compat import array_namespace, device

from inbetween.core.channels import Channels
from inbetween.core.errors import SettingsError
from inbetween.core.network import Array, Beyond, DoubtingNetwork, Mark, Moved, PathNetwork, Step, VectorNetwork
from inbetween.models.arrays import like, numpy_of
from inbetween.models.curve import Bend, Side, Ways
from inbetween.models.doubt import against, doubt
from inbetween.models.optical import grey_copy
from inbetween.models.vectors import Moment, Seen, moment, moved, of_key, still
from inbetween.models.warp import Mixer, Plane, enlarge, enlarge_flow

Pair = TypeVar("Pair")
"""What is known of two keys whatever the time."""


class MovingNetwork(PathNetwork, DoubtingNetwork, VectorNetwork, ABC, Generic[Pair]):
    """Equal keys are handed back. What was found of the last pairs is kept: a pair may be asked for in several calls,
    and the gap beyond is often the next one.
    """

    def __init__(self, channels: Channels, space: str) -> None:
        self.channels, self.space = channels, space
        self.known: list[Pair] = []
        self.doubts: list[float | None] = []

    def __call__(self, start: Array, end: Array, t: Array, /) -> Array:
        self.known = [self._pair(start[i : i + 1, ...], end[i : i + 1, ...]) for i in range(len(start))]
        return self._frames(start, end, t, self.known)

    def through(
        self, before: Beyond | None, after: Beyond | None, even: bool, marks: Sequence[Mark] = ()
    ) -> "Led[Pair]":
        """See `PathNetwork`. The motion of the gaps beyond is found as that of the pair's own."""
        return Led(self, before, after, even, tuple(marks))

    def vectors(self, start: Array, end: Array, steps: Iterable[Step], /) -> Iterator[tuple[Moved, Moved]]:
        """See `VectorNetwork`."""
        return self.through(None, None, even=False).vectors(start, end, steps)

    def _bent(self, start: Array, end: Array, led: "Led[Pair]") -> tuple[Pair, Bend | None]:
        """What is known of two keys (1, H, W, C), and of the way that the keys beyond them ask for."""
        before, after = led.before, led.after
        pair = self._pair(start, end, led.marks)
        earlier = None if before is None else self._pair(before.frame[None, ...], start, before.marks)
        later = None if after is None else self._pair(end, after.frame[None, ...], after.marks)
        self.known = [each for each in (earlier, pair, later) if each is not None]
        from_start = None if before is None or earlier is None else self._side(earlier, 1, before.distance)
        from_end = None if after is None or later is None else self._side(later, 0, after.distance)
        return pair, None if before is None and after is None else Bend(from_start, from_end, led.even)

    @abstractmethod
    def _pair(self, start: Array, end: Array, marks: Sequence[Mark] = ()) -> Pair:
        """What is known of two keys (1, H, W, C) and their marks; from `known` where it is there.

        Raises `SettingsError` for marks that it does not heed.
        """

    @abstractmethod
    def _ways(self, pair: Pair, t: float, bend: Bend | None, size: tuple[int, int]) -> Ways | None:
        """Where each pixel comes from, on the way that `bend` asks for; None for equal keys.

        For frames of `size`, height and width; the ways may be those of a smaller picture of them.
        """

    @abstractmethod
    def _flow(self, pair: Pair, key: int) -> Plane:
        """From one key of a pair (0 or 1) to the other, (h, w, 2) in pixels of the picture looked at."""

    @abstractmethod
    def _greys(self, pair: Pair) -> tuple[Plane, Plane] | None:
        """Both keys as they were looked at, (h, w), in steps of 255; None where they are not kept."""

    def _doubt(self, pair: Pair, ways: Ways, t: float) -> float | None:
        greys = self._greys(pair)
        return None if greys is None else doubt(*greys, ways, t)

    def _steps(
        self, start: Array, end: Array, pair: Pair, bend: Bend | None, steps: Iterable[Step]
    ) -> Iterator[tuple[Moved, Moved]]:
        """See `VectorNetwork`; the later frame of a step is often the earlier one of the next."""
        size, seen = (start.shape[1], start.shape[2]), Seen.of(self._greys(pair) or self._looked_at(start, end))
        known: dict[float, tuple[Moment, Plane] | None] = {}
        for step in steps:
            known = {t: known[t] if t in known else self._moment(pair, t, bend, size, seen) for t in step}
            earlier, later = (known[t] for t in step)
            yield (still(size), still(size)) if earlier is None or later is None else moved(earlier, later)

    def _moment(
        self, pair: Pair, t: float, bend: Bend | None, size: tuple[int, int], seen: Seen
    ) -> tuple[Moment, Plane] | None:
        """A frame or a key, and what speaks against each of its pixels; None for equal keys."""
        ways = of_key(int(t), self._flow(pair, int(t))) if t in (0, 1) else self._ways(pair, t, bend, size)
        return None if ways is None else (moment(t, ways, size, seen.grounds), against(*seen.greys, ways, t))

    def _looked_at(self, *keys: Array) -> tuple[Plane, Plane]:
        first, second = (grey_copy(numpy_of(key)[0], self.channels, self.space) for key in keys)
        return first.astype(np.float32), second.astype(np.float32)

    def _side(self, pair: Pair, key: int, distance: float) -> Side:
        """How fast things move in a gap beyond, seen from the key of it that belongs to the gap in hand as well."""
        return Side(self._flow(pair, key) * np.float32((-1) ** key / distance), distance)

    def _frames(self, start: Array, end: Array, t: Array, pairs: Sequence[Pair], bend: Bend | None = None) -> Array:
        times, size = numpy_of(t).ravel().tolist(), (start.shape[1], start.shape[2])
        frames = array_namespace(start).empty((len(times), *start.shape[1:]), dtype=start.dtype, device=device(start))
        self.doubts = []
        for i, pair in enumerate(pairs):
            first, last = start[i : i + 1, ...], end[i : i + 1, ...]
            rough = (*self.channels.ids, *not_finite(first, last, self.channels))
            mixer = Mixer(first, last, rough, self.channels.data, self.channels.normals)
            for place in range(len(times)) if len(pairs) == 1 else (i,):
                frame, ways = frames[place : place + 1, ...], self._ways(pair, times[place], bend, size)
                self.doubts.append(0.0 if ways is None else self._doubt(pair, ways, times[place]))
                if ways is None:
                    frame[...] = first
                else:
                    move(mixer, ways, frame)
        return frames


@dataclass(frozen=True)
class Led(Generic[Pair]):
    """A network for one pair, led through the keys beyond it and by marks; see `PathNetwork.through`."""

    network: MovingNetwork[Pair]
    before: Beyond | None
    after: Beyond | None
    even: bool
    marks: Sequence[Mark]

    def __call__(self, start: Array, end: Array, t: Array, /) -> Array:
        pair, bend = self.network._bent(start, end, self)
        return self.network._frames(start, end, t, [pair], bend)

    def vectors(self, start: Array, end: Array, steps: Iterable[Step], /) -> Iterator[tuple[Moved, Moved]]:
        """See `VectorNetwork`."""
        pair, bend = self.network._bent(start, end, self)
        return self.network._steps(start, end, pair, bend, steps)


def move(mixer: Mixer, ways: Ways, frame: Array) -> None:
    """Both keys fetched along their flows and mixed into `frame` (1, H, W, C)."""
    height, width = frame.shape[1:3]
    to_start, to_end, share = (like(frame, part.reshape(1, *part.shape[:2], -1)) for part in ways)
    flows = enlarge_flow(to_start, height, width), enlarge_flow(to_end, height, width)
    mixer.draw(flows, enlarge(share, height, width), frame)


def refuse(marks: Sequence[Mark]) -> None:
    """Raise `SettingsError` for any marks: the network heeds none."""
    if marks:
        raise SettingsError("this model does not heed marks; choose motion, or leave them out")


def not_finite(start: Array, end: Array, channels: Channels) -> Iterator[int]:
    """Channels, neither ids nor data, that hold infinity or NaN somewhere: to mix them would spread it."""
    xp = array_namespace(start)
    ones = xp.ones(start.shape[1] * start.shape[2], dtype=start.dtype, device=device(start))
    with np.errstate(invalid="ignore", over="ignore"):
        # A sum is finite where all its terms are; as a matrix product it takes a tenth of the time of asking each.
        sums = [xp.sum(xp.matmul(ones, xp.reshape(key, (len(key), -1, key.shape[3]))), axis=0) for key in (start, end)]
    finite = xp.isfinite(sums[0]) & xp.isfinite(sums[1])
    known = {*channels.ids, *channels.measures}
    return (c for c in range(start.shape[-1]) if c not in known and not bool(finite[c]))
