"""How one shape bends to become another: two sets of places, of which nobody says what belongs to what.

Every place of the one is drawn to those of the other that are likelier its own than another's (coherent point drift:
Myronenko and Song 2010, "Point set registration: coherent point drift"), from less and less far, and held as rigidly as
may be by those that it is linked to (`deformation_graph`), less and less so.

Masks are bool (H, W); places float64 (n, 2), x and y in pixels.
"""

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np

from inbetween.models.motion.affine import Floats
from inbetween.models.motion.deformation import Deformation
from inbetween.models.motion.deformation_graph import Graph, cells, complexes, graph, points
from inbetween.models.motion.marked import NO_MARKS
from inbetween.models.motion.masks import Mask, components, nearest, outer_distance
from inbetween.models.warp import fetched_at

Expected = Callable[[Floats, int], Floats]
"""Where places (n, 2) of a key, 0 or 1, are thought to be in the other one, (n, 2)."""

ITERATIONS = 60
"""How often places are drawn and held."""
CELLS, TARGETS = (120, 5, 400), (300, 3, 1200)
"""Into how many cells, about, a shape is cut, and what it is drawn to; pixels of their sides at least; most of them."""
LAST_SIGMA = 2.5
"""Pixels from which a place is drawn at last."""
STIFFNESS = 30.0, 0.5
"""How much links weigh beside that, at first and at last."""
DELAYS = 1.0, 2.0
"""Powers of the share of all iterations by which that changes: limbs that bend by a right angle are found by the first,
by the second those that come to lie beside others, which else change places with them."""
STAY_WEIGHT = 1e-6
"""How much a place wants to stay beside that: what nothing draws would be anywhere else."""
MARK_WEIGHT = 100.0
"""How much a mark holds the place next to it, beside what draws that at most."""
OUTLIER_WEIGHT = 1e-3
"""How likely it is, beside being a place's own, that something has no partner."""
OUTSIDE = 1.0
"""Pixels from where it may be, beyond which a place is outside."""
MAX_STRAIN = 0.12
"""How much links are stretched or squeezed on the average, as a logarithm, at most: beyond it is another shape."""
STRAIN_COST = 2.0
"""Share of the pixels that stretching them by 1 must explain."""
EXPLAINED_WITHIN = 2.0
"""Pixels from the other shape within which a pixel that bent there is explained."""


def registered(
    start: Mask, end: Mask, expected: Expected, reaches: Sequence[float] = (1.0,), marks: Floats = NO_MARKS
) -> tuple[Deformation, tuple[Mask, Mask]] | None:
    """How what fills one mask becomes what fills the other, and which pixels of either that explains.

    The one is bent to the other and the other to the one, from every one of some `reaches`; whichever explains more,
    and stretches less, holds. A reach says from how far places are drawn at first, in standard deviations of those that
    they are drawn to: the less, the closer they keep to what is `expected` of them. What `marks` are on (`marked`) goes
    where they say. None if either is too small to
    bend or in more parts than it may have cells, or they are different shapes.
    """
    if any(components(mask).max() > min(CELLS[2], TARGETS[2]) for mask in (start, end)):
        return None
    shapes, targets = ([cut_up(mask, *about) for mask in (start, end)] for about in (CELLS, TARGETS))
    if not all(shape.touching for shape in shapes):
        return None
    best, found = -np.inf, None
    for (key, shape), reach, delay in product(enumerate(shapes), reaches, DELAYS):
        begin, told_here = expected(shape.places, key), marks[:, [key, 1 - key]]
        bent = Deformation(shape, drawn(shape, targets[1 - key], begin, reach, told_here, delay=delay))
        bent, stretched = bent.back if key else bent, strain(bent)
        if stretched < MAX_STRAIN:
            told = explained(start, end, bent)
            good = share(told, (start, end)) - STRAIN_COST * stretched
            if good > best:
                best, found = good, (bent, told)
    return found


def drawn(
    shape: Graph,
    targets: Graph,
    begin: Floats,
    reach: float = 1.0,
    marks: Floats = NO_MARKS,
    stiffness: tuple[float, float] = STIFFNESS,
    delay: float = 1.0,
    within: "Within | None" = None,
) -> Floats:
    """Where the places of a shape arrive, (n, 2), if from where they begin they are drawn to those of another.

    From how far at first, is said by `reach`, and where what is marked goes, by `marks`, as in `registered`; how long
    links stay stiff, by `delay` (`DELAYS`). What is outside of where it may be, `within`, is drawn there as well.
    """
    places, links, (first, second) = begin, shape.link_vectors(complexes(shape.places)), shape.links.T
    widest = max(reach * float(np.sqrt(targets.places.var(0).sum())), LAST_SIGMA)
    pinned, goals = _pinned(shape, marks)
    for step in np.linspace(0, 1, ITERATIONS):
        far, stiff = (a ** (1 - at) * b**at for at, (a, b) in ((step, (widest, LAST_SIGMA)), (step**delay, stiffness)))
        own = _apart(places, targets.places)  # and in place from here on: it is large
        own /= -2 * far**2
        np.exp(own, out=own)
        own *= shape.area[:, None]
        own *= targets.area / (own.sum(0) + OUTLIER_WEIGHT * shape.area.mean())
        weight = own.sum(1) / shape.area + STAY_WEIGHT + pinned
        turns = shape.turns(shape.link_vectors(complexes(places)))
        pull = stiff * shape.pulled((turns[first] + turns[second]) / 2 * links)
        wanted = points(pull) + own @ targets.places / shape.area[:, None] + STAY_WEIGHT * places + goals
        if within:
            outside, home = within.home(places)
            weight, wanted = weight + outside, wanted + outside[:, None] * home
        places = np.linalg.solve(stiff * shape.stiffness + np.diag(weight), wanted)
    return places


class Within:
    """Where the places of a shape may be, as a mask (H, W), and the way back there."""

    def __init__(self, allowed: Mask) -> None:
        self._far, self._source = nearest(allowed)

    def home(self, places: Floats) -> tuple[Floats, Floats]:
        """1 for each of some places (n, 2) that is outside, else 0, (n,); and the nearest place that is not, (n, 2)."""
        height, width = self._far.shape
        x, y = np.clip(np.rint(places).astype(np.intp), 0, (width - 1, height - 1)).T
        rows, columns = np.divmod(self._source[y, x], width)
        return (self._far[y, x] > OUTSIDE).astype(np.float64), np.stack((columns, rows), 1).astype(np.float64)


def _pinned(shape: Graph, marks: Floats) -> tuple[Floats, Floats]:
    """How much marks hold the places of a shape, (n,), and to where, times that, (n, 2)."""
    held, goals = np.zeros(len(shape.places)), np.zeros_like(shape.places)
    for here, there in marks:
        away = np.linalg.norm(shape.places - here, axis=1)
        place = int(away.argmin())
        held[place] += MARK_WEIGHT
        goals[place] += MARK_WEIGHT * (there + shape.places[place] - here)
    return held, goals


def _apart(places: Floats, others: Floats) -> Floats:
    """Squared distances of places (n, 2) and others (m, 2), (n, m)."""
    squares = np.square(places).sum(1)[:, None] + np.square(others).sum(1)
    squares -= 2 * places @ others.T
    return np.asarray(np.maximum(squares, 0, out=squares))


def strain(bent: Deformation) -> float:
    """How much links are stretched or squeezed on the average, as a logarithm, 0 or above."""
    before, after = (np.abs(bent.graph.link_vectors(complexes(places))) for places in (bent.graph.places, bent.end))
    return float(np.abs(np.log(np.maximum(after, 1e-3) / before)).mean())


def explained(start: Mask, end: Mask, bent: Deformation) -> tuple[Mask, Mask]:
    """Which pixels of either mask come to lie close to the other one's once they are bent."""
    first, second = _close(start, end, bent, 0), _close(end, start, bent, 1)
    return first, second


def share(told: tuple[Mask, Mask], masks: tuple[Mask, Mask]) -> float:
    """The share of either mask that is explained, whichever is less."""
    return min(np.count_nonzero(part) / np.count_nonzero(whole) for part, whole in zip(told, masks, strict=True))


def _close(own: Mask, other: Mask, bent: Deformation, key: int) -> Mask:
    """Which pixels of the mask of a key, 0 or 1, come to lie close to the other's, (H, W)."""
    rows, columns = np.nonzero(own)
    there = bent.mapped(np.stack((columns, rows), 1), key)
    close = np.zeros_like(own)
    close[rows, columns] = fetched_at(outer_distance(other), there) <= EXPLAINED_WITHIN
    return close


def cut_up(mask: Mask, count: int, smallest: int, most: int) -> Graph:
    """The graph of a shape in at most so many parts: of about so many cells, not smaller than that, and no more."""
    side = max(smallest, round(float(np.sqrt(np.count_nonzero(mask) / count))))
    while cells(mask, side).max() > most:  # lines have more cells than their area tells
        side *= 2
    return graph(mask, side)
