"""How a thing bends from one key to the other, and where all of it is on the way.

Each link of its graph turns and grows at an even pace, so that limbs swing rather than shrink; where its places are
then, the links say together (Xu et al. 2005, "Poisson shape interpolation").

Places are float64 (n, 2) or complex (n,), planes of places float32 (h, w, 2): x and y in pixels.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inbetween.models.arrays import max_difference
from inbetween.models.curve import Bend, Side, offset
from inbetween.models.motion.affine import Floats, inverse, mapped
from inbetween.models.motion.deformation_graph import Complexes, Graph, complexes, points, unit
from inbetween.models.warp import Part, Plane, pixels_of

PointMap = Callable[[NDArray[Any], int], NDArray[np.floating]]
"""Where places (n, 2), x and y, of a key, 0 or 1, are in the other one if they go with a thing, (n, 2)."""

SEEDS = 2.0
"""Pixels, at most, between the places along a link of which pixels take the nearest."""
ANCHOR, ANCHOR_FLOOR = 1e-3, 0.01
"""How much a place keeps to its straight way, beside what a link asks for; less by the square of how far that is, of
the usual, and this: what hardly moves is what others swing about."""
SMOOTHING = 4.0
"""How much places that are linked turn alike, and are as fast beyond a key, beside what each seems to do."""
AVERAGED, LIMB_JUMP = (9, 9), 2.0
"""Pixels over which motion is averaged, and by which that may change it at most: else limbs meet there."""


@dataclass(frozen=True)
class Deformation:
    """A shape in two keys."""

    graph: Graph
    """The start's."""
    end: Floats
    """(n, 2): where its places are in the end."""
    own: int = 0
    """The key that the graph was cut from, 0 or 1; what its outline is there is known best."""

    @property
    def back(self) -> "Deformation":
        """The deformation from the end to the start."""
        return Deformation(replace(self.graph, places=self.end), self.graph.places, 1 - self.own)

    def mapped(self, places: NDArray[Any], key: int) -> Plane:
        """Where places (n, 2), x and y, of a key, 0 or 1, are in the other one, (n, 2); each as the nearest pixel."""
        if not len(places):
            return np.zeros((0, 2), np.float32)
        places = np.rint(places).astype(np.intp)
        low, high = places.min(0), places.max(0) + 1
        part = slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))
        now = complexes((self.graph.places, self.end)[key])
        x, y = (places - low).T
        return np.asarray(self.sources(part, now, key)[1 - key][y, x])

    def at(self, t: float, size: tuple[int, ...], bend: Bend | None = None) -> Complexes:
        """Where its places are at time `t`, (n,), on the curve that `bend` asks for; `size` is the frame's."""
        graph, start, end = self.graph, complexes(self.graph.places), complexes(self.end)
        before, after = graph.link_vectors(start), graph.link_vectors(end)
        first, second = graph.links.T
        # A link turns about as its ends do, be it by half a turn.
        usual = unit(self._turns[first] + self._turns[second])
        angle = np.angle(usual) + np.angle(after * (before * usual).conj())
        length = (1 - t) * np.abs(before) + t * np.abs(after)
        gone = np.square(np.abs(end - start))
        anchor = ANCHOR / (ANCHOR_FLOOR + gone / max(float(gone.mean()), 1e-9))
        wanted = graph.pulled(length * np.exp(1j * t * angle) * unit(before))
        wanted += anchor * ((1 - t) * start + t * end + self._aside(t, size, bend))
        return complexes(np.linalg.solve(graph.stiffness + np.diag(anchor), points(wanted)))

    def sources(self, part: Part, now: Complexes, t: float) -> tuple[Plane, Plane]:
        """Where the pixels of a part of the frame come from in both keys, while its places are these, (n,), at `t`.

        Each comes from beside the place that it is nearest to, as that turns.
        """
        start, end = complexes(self.graph.places), complexes(self.end)
        seeds, angle = self._seeds(now), self._seeds(np.angle(self._turns))
        nearest = _nearest(part, seeds)
        here = pixels_of(part)
        off = here @ (1, 1j) - seeds[nearest]
        one, other = (
            self._seeds(key)[nearest] + off * np.exp(1j * turned)[nearest]
            for key, turned in ((start, -t * angle), (end, (1 - t) * angle))
        )
        first, second = (_evened(points(each).astype(np.float32), here) for each in (one, other))
        return first, second

    def _aside(self, t: float, size: tuple[int, ...], bend: Bend | None) -> Complexes | float:
        """How far the curve of each place lies from its straight way at `t`, (n,)."""
        if bend is None:
            return 0.0
        goes = (self.end - self.graph.places)[:, None].astype(np.float32)
        before = self._speeds(bend.before, self.graph.places, size)
        after = self._speeds(bend.after, self.end, size)
        return complexes(offset(goes, before, after, t, bend)[:, 0])

    def _speeds(self, side: Side | None, places: Floats, size: tuple[int, ...]) -> Plane | None:
        """How fast its places (n, 2) in a key move on the far side of it, (n, 1, 2)."""
        if side is None:
            return None
        return self._alike(side.at(places, size))[:, None].astype(np.float32)

    @cached_property
    def _turns(self) -> Complexes:
        """How each place turns from the start to the end, (n,): numbers of length 1."""
        turns = self.graph.turns(self.graph.link_vectors(complexes(self.end)))
        return unit(complexes(self._alike(points(turns))))

    def _alike(self, values: NDArray[Any]) -> Floats:
        """What its places seem to have, (n, 2), made more alike among those that are linked."""
        return np.asarray(np.linalg.solve(np.eye(len(values)) + SMOOTHING * self.graph.stiffness, values))

    def _seeds(self, values: NDArray[Any]) -> NDArray[Any]:
        """What its places have, complex numbers or angles (n,), at places all along its links too."""
        first, second = self.graph.links[: self.graph.touching].T
        count = int(np.ceil(2 * self.graph.side / SEEDS)) + 1
        apart = values[second] - values[first]
        if not np.iscomplexobj(values):
            apart = np.angle(np.exp(1j * apart))
        return np.concatenate((values, (values[first] + np.linspace(0, 1, count)[:, None] * apart).ravel()))


def going(way: "Floats | Deformation") -> PointMap:
    """How places go with a thing, be it by an affine map (2, 3) from the start to the end, or as it bends."""
    if isinstance(way, Deformation):
        return way.mapped
    ways = way, inverse(way)
    return lambda places, key: mapped(places, ways[key])


def _nearest(part: Part, seeds: Complexes) -> NDArray[np.intp]:
    """Which of some places (n,) is nearest to each pixel of a part of the frame, (h, w)."""
    rows, columns = part
    size = rows.stop - rows.start, columns.stop - columns.start
    y, x = (
        np.clip(np.rint(values) - span.start, 0, length - 1).astype(np.intp)
        for values, span, length in zip((seeds.imag, seeds.real), part, size, strict=True)
    )
    empty = np.ones(size, np.uint8)
    empty[y, x] = 0
    _, label = cv2.distanceTransformWithLabels(empty, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    names = np.zeros(int(label.max()) + 1, np.intp)
    names[label[y, x]] = np.arange(len(seeds))
    return np.asarray(names[label])


def _evened(sources: Plane, here: Plane) -> Plane:
    """Sources (h, w, 2) of pixels without the small jumps between places, but for where limbs meet."""
    moves = sources - here
    even = np.asarray(cv2.blur(moves, AVERAGED))
    return here + np.where(max_difference(even, moves)[..., None] < LIMB_JUMP, even, moves)
