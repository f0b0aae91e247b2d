"""The course of what moves as a whole: its middle on a curve, and turning and growing on its way.

An affine map tells where a thing arrives, not how it comes there: points that go straight would shrink it half-way
through a turn. It is taken apart into a shift, a turn and a stretch (polar decomposition: Shoemake and Duff 1992,
"Matrix animation and polar decomposition"), and each goes on at its own pace.
"""

import numpy as np

from inbetween.models.curve import Bend, Side, offset
from inbetween.models.motion.affine import Floats, affine, mapped, spun
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
    turn, own = _polar(way[:, :2])
    growth = float(np.sqrt(np.linalg.det(own)))
    goes = np.array((mapped(middle, way) - middle, (growth - 1, 0), (turn, 0)))
    gone = t * goes
    if bend is not None:
        before = _speeds(bend.before, start, middle, size, 1)
        after = _speeds(bend.after, end, mapped(middle, way), size, growth)
        gone = gone + offset(goes[:, None].astype(np.float32), before, after, t, bend)[:, 0]
    shift, (grown, _), (turned, _) = gone
    linear = spun(np.exp(1j * turned)) @ ((1 - t) * np.eye(2) + t * own)
    linear *= (1 + grown) / (1 - t + t * growth)
    return affine(linear, middle, shift)


def _polar(linear: Floats) -> tuple[float, Floats]:
    """A linear map (2, 2) that does not mirror, as a turn, in radians, after a stretch (2, 2)."""
    u, stretch, v = np.linalg.svd(linear)
    turned = u @ v
    return float(np.arctan2(turned[1, 0], turned[0, 0])), (v.T * stretch) @ v


def _speeds(side: Side | None, places: Floats, middle: Floats, size: tuple[int, ...], growth: float) -> Plane | None:
    """Speeds of a middle, of growth and of turning at a key that shows it `growth` times as large, (3, 1, 2)."""
    if side is None:
        return None
    shift, grows, turns = fitted(places, side.at(places, size).astype(np.float64))
    shift = shift + spun(complex(grows, turns)) @ (middle - places.mean(0))
    return np.array((shift, (growth * grows, 0), (turns, 0)), np.float32)[:, None]


def fitted_way(places: Floats, moves: Floats) -> Floats:
    """The same as an affine map, (2, 3)."""
    shift, growth, turn = fitted(places, moves)
    return affine(spun(complex(1 + growth, turn)), places.mean(0), shift)


def fitted(places: Floats, moves: Floats) -> tuple[Floats, float, float]:
    """The motion of the whole in the motions (n, 2) of some places (n, 2), by least squares, outliers left out.

    The shift of their middle, (2,); the growth, 0 for none; and the turn, in radians where it is small.
    """
    z, move = places @ (1, 1j), moves @ (1, 1j)
    z = z - z.mean()
    kept = np.ones(len(z), np.bool_)
    for _ in range(ITERATIONS):
        middle, shift = z[kept].mean(), move[kept].mean()
        around = z[kept] - middle
        spin = around.conj() @ (move[kept] - shift) / max(np.square(np.abs(around)).sum(), 1e-9)
        shift = shift - spin * middle
        off = np.abs(move - shift - spin * z)
        kept = off <= OUTLIER_RATIO * np.median(off) + LEEWAY
    return np.array((shift.real, shift.imag)), float(spin.real), float(spin.imag)
