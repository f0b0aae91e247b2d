"""The course of what moves as a whole: its middle on a curve, and turning and growing on its way.

An affine map tells where a thing arrives, not how it comes there: points that go straight would shrink it half-way
through a turn. It is taken apart into a shift, a turn and a stretch (polar decomposition: Shoemake and Duff 1992,
"Matrix animation and polar decomposition"), and each goes on at its own pace.
"""

from dataclasses import dataclass

import numpy as np

from inbetween.models.curve import Bend, Side, offset
from inbetween.models.motion.affine import Floats, affine, mapped, spun, uneven
from inbetween.models.warp import Plane

ITERATIONS = 4
"""How often a motion is fitted, each time without what went another way."""
OUTLIER_RATIO, LEEWAY = 2.0, 0.1
"""Times the usual difference from the fitted motion, and pixels more, above which a point goes another way."""


def course(
    way: Floats, start: Floats, size: tuple[int, ...], t: float, bend: Bend | None, pivot: Floats | None = None
) -> Floats:
    """Where a thing is at `t`: the affine map (2, 3) of its places in the start.

    `way` (2, 3) leads to the end; `start` (n, 2) are some of its places, x and y, in the picture looked at, of `size`
    (height and width). `bend` tells how fast what is there moves beyond the two keys. A thing swings about its `pivot`
    (2,), or else its middle goes straight.
    """
    end = mapped(start, way)
    middle = start.mean(0) if pivot is None else pivot
    turn, axes, stretch = _polar(way[:, :2])
    goes = np.array((mapped(middle, way) - middle, (turn, 0), *((each - 1, 0) for each in stretch)))
    gone = t * goes
    if bend is not None:
        turned_axes = axes @ spun(np.exp(1j * turn)).T
        before = _speeds(bend.before, start, middle, size, _Stretched(axes, np.ones(2), uneven(way)))
        after = _speeds(bend.after, end, mapped(middle, way), size, _Stretched(turned_axes, stretch, uneven(way)))
        gone = gone + offset(goes[:, None].astype(np.float32), before, after, t, bend)[:, 0]
    shift, (turned, _), *stretched = gone
    own = (axes.T * [1 + each for each, _ in stretched]) @ axes
    return affine(spun(np.exp(1j * turned)) @ own, middle, shift)


def _polar(linear: Floats) -> tuple[float, Floats, Floats]:
    """A linear map (2, 2) that does not mirror: a turn, in radians, after a stretch, by its axes (2, 2), (2,)."""
    u, stretch, v = np.linalg.svd(linear)
    turned = u @ v
    return float(np.arctan2(turned[1, 0], turned[0, 0])), v, stretch


@dataclass(frozen=True)
class _Stretched:
    """How a key shows what is stretched on its way."""

    axes: Floats
    """(2, 2): along which it is stretched."""
    by: Floats
    """(2,): how far it is by then, along either."""
    uneven: bool
    """Whether it is stretched farther along one of them on its way."""


def _speeds(
    side: Side | None, places: Floats, middle: Floats, size: tuple[int, ...], shown: _Stretched
) -> Plane | None:
    """Speeds of a middle, of turning, and of stretching along both axes, at a key, (4, 1, 2)."""
    if side is None:
        return None
    shift, rates = fitted(places, side.at(places, size).astype(np.float64), shown.uneven)
    shift = shift + rates @ (middle - places.mean(0))
    turns = (rates[1, 0] - rates[0, 1]) / 2
    stretches = shown.by * np.diag(shown.axes @ rates @ shown.axes.T)
    return np.array((shift, (turns, 0), *((each, 0) for each in stretches)), np.float32)[:, None]


def fitted_way(places: Floats, moves: Floats) -> Floats:
    """The similarity (2, 3) that fits moves (n, 2) of places (n, 2) by least squares, outliers left out."""
    shift, rates = fitted(places, moves)
    return affine(np.eye(2) + rates, places.mean(0), shift)


def fitted(places: Floats, moves: Floats, uneven: bool = False) -> tuple[Floats, Floats]:
    """The motion of the whole in the motions (n, 2) of some places (n, 2), by least squares, outliers left out.

    The shift of their middle, (2,), and how motion changes with the place, (2, 2): what turns and grows as one, or may
    stretch unevenly as well.
    """
    z, move = places @ (1, 1j), moves @ (1, 1j)
    z = z - z.mean()
    kept = np.ones(len(z), np.bool_)
    for _ in range(ITERATIONS):
        middle, shift = z[kept].mean(), move[kept].mean()
        around = z[kept] - middle
        unknown = np.stack((around, around.conj()), 1)[:, : 1 + uneven]
        spin, *pull = np.linalg.lstsq(unknown, move[kept] - shift, rcond=None)[0]
        pull = pull[0] if uneven else 0j
        shift = shift - spin * middle - pull * middle.conjugate()
        off = np.abs(move - shift - spin * z - pull * z.conj())
        kept = off <= OUTLIER_RATIO * np.median(off) + LEEWAY
    return np.array((shift.real, shift.imag)), spun(spin) + spun(pull) @ np.diag((1, -1))
