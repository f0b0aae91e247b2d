"""Ways on a curve: through the keys beyond a pair as well, so that arcs and speed carry on from gap to gap.

Two keys tell no more than a straight way at an even pace. The keys before and after them tell which way things came
and where they go on to. Every point takes the cubic curve through its places at all four keys (Catmull and Rom 1974,
"A class of local interpolating splines"), its speed at a key held to three times that of the slower of both sides, so
that what stands still does so and nothing swings past its key (Fritsch and Carlson 1980, "Monotone piecewise cubic
interpolation").
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inbetween.core.parallel import in_parallel
from inbetween.models.warp import Plane, fetched_along, fetched_at

Ways = tuple[Plane, Plane, Plane]
"""Where each pixel of an in-between comes from: the flow to the start and that to the end, (h, w, 2) in pixels of the
picture looked at, and how much the start weighs, (h, w), 0 to 1."""

STEEPEST = 3.0
"""Times the lesser speed on either side of a key: beyond it a cubic swings past the key (Fritsch and Carlson)."""
SHRUNK = 2
"""How much smaller the copies are on which ways are bent; what bends is smooth."""
ITERATIONS = 4
"""An even number: where something bends out of the way nothing leads back, and every other guess shows it there."""


@dataclass(frozen=True)
class Side:
    """How fast things move on the far side of one of the pair's keys."""

    speed: Plane
    """Seen from that key, (h, w, 2) of any size: pixels of the picture looked at, per length of the pair's gap."""
    distance: float
    """Of the key beyond, in lengths of the pair's gap."""

    def at(self, places: NDArray[np.float64], size: tuple[int, ...]) -> Plane:
        """The speed at places (n, 2), x and y in the picture looked at, of `size` (height and width): (n, 2)."""
        height, width = self.speed.shape[:2]
        return fetched_at(self.speed, (places + 0.5) * (width / size[1], height / size[0]) - 0.5)


@dataclass(frozen=True)
class Bend:
    """What is known of both sides of a pair; None where nothing is."""

    before: Side | None
    after: Side | None
    even: bool
    """Whether the pace stays even and only the way bends."""


def bent(ways: Ways, t: float, bend: Bend | None) -> Ways:
    """Straight ways brought on the curve; as they are where there is none.

    What passes straight through a pixel passes it a little aside on the curve; each pixel takes what now passes it.
    """
    if bend is None:
        return ways
    to_start, to_end, share = ways
    height, width = share.shape
    size = max(1, width // SHRUNK), max(1, height // SHRUNK)
    scale = np.array([size[0] / width, size[1] / height], np.float32)
    start, end = (_resized(flow, size) for flow in (to_start, to_end))
    aside = _aside(start, end, t, bend, scale)
    back = -aside
    for _ in range(ITERATIONS):
        back = -fetched_along(aside, back * scale)
    back = _resized(back, (width, height))
    start, end, shown = in_parallel(lambda plane: fetched_along(plane, back), (to_start, to_end, share))
    start += back
    end += back
    return start, end, shown


def _aside(to_start: Plane, to_end: Plane, t: float, bend: Bend, scale: Plane) -> Plane:
    """How far the curve lies from the straight way at `t`, in pixels of the picture, for what is straight there."""

    def speed(side: Side | None, flow: Plane) -> Plane | None:
        return None if side is None else fetched_along(_resized(side.speed, flow.shape[1::-1]), flow * scale)

    before, after = speed(bend.before, to_start), speed(bend.after, to_end)
    return offset(to_end - to_start, before, after, t, bend)


def offset(straight: Plane, before: Plane | None, after: Plane | None, t: float, bend: Bend) -> Plane:
    """How far the curve lies from the straight way at `t`, in pixels, of what crosses the gap by `straight`, (h, w, 2).

    `before` and `after` are the speeds of the same on the far sides of both keys, as in `Side`; None where unknown.
    """
    aside = np.zeros_like(straight)
    # The two of Hermite's cubics that stand for the speeds at the keys.
    for side, speed, weight in (
        (bend.before, before, t * (1 - t) * (1 - t)),
        (bend.after, after, t * t * (t - 1)),
    ):
        if side and speed is not None:
            aside += np.float32(weight) * (_speed_at_key(straight, speed, side.distance) - straight)
    if bend.even:
        along_way = (aside * straight).sum(-1, keepdims=True) / np.maximum(_length(straight) ** 2, _NOTHING)
        aside -= along_way * straight
    return aside


def _speed_at_key(within: Plane, beyond: Plane, distance: float) -> Plane:
    """The speed at a key of what has these mean speeds in the pair's gap and in the one beyond, (h, w, 2).

    That of the parabola through the three places, no more than `STEEPEST` allows.
    """
    speed = (np.float32(distance) * within + beyond) / np.float32(1 + distance)
    most = np.float32(STEEPEST) * np.minimum(_length(within), _length(beyond))
    return np.asarray(speed * np.minimum(1, most / np.maximum(_length(speed), _NOTHING)), np.float32)


_NOTHING = np.float32(1e-6)


def _length(vectors: Plane) -> Plane:
    return np.asarray(cv2.magnitude(vectors[..., 0], vectors[..., 1])[..., None], np.float32)


def _resized(plane: Plane, size: Sequence[int]) -> Plane:
    """A plane (h, w, 2) resampled to `size` (width, height); its values stay."""
    if plane.shape[1::-1] == tuple(size):
        return plane
    smaller = size[0] < plane.shape[1]
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR))
