"""Whole pieces of a drawing that move, change their shape, appear or vanish between two keys.

Pieces of even colour (`regions`) that are recognised in both keys are carried along their own affine motion, where it
brings like to like better than optical flow does, or where optical flow has lost their outlines: then they change their
shape on the way. What one key alone has grows or shrinks where it is. Where it all is between the keys: `placed`.

Pictures are float32 (H, W, 4), premultiplied, display-referred, 0 to 1; flows float32 (H, W, 2) in pixels.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from inbetween.models.motion.affine import inverse
from inbetween.models.motion.cover import View
from inbetween.models.motion.joined import joined
from inbetween.models.motion.lone import lone
from inbetween.models.motion.matching import fading, matches, recoloured
from inbetween.models.motion.regions import Floats, Mask, pieces
from inbetween.models.motion.sight import OVERLAP, WORST, Sight, alone, lost, mismatch
from inbetween.models.warp import Part, Plane

Numbers = NDArray[np.uint8]

START, END, BOTH = 0, 1, 2
"""Which keys have a piece."""


@dataclass(frozen=True)
class Carried:
    """What pieces say of the motion between two keys; of each two the first belongs to the start."""

    flows: tuple[Plane, Plane]
    """To the other key, (H, W, 2) in pixels: those handed in, each carried piece's own, and that of what goes along."""
    labels: tuple[Numbers, Numbers]
    """(H, W): the number of the carried piece, from 1; 0 elsewhere."""
    ways: Floats
    """(n, 2, 3): the affine map of each from the start to the end; what lies over others comes after them: what fits
    better, and the smaller."""
    boxes: Floats
    """(n, 2, 2): least and greatest x and y of each in the start; in the end, if the end alone has it."""
    sides: NDArray[np.int8]
    """(n,): START or END where one key alone has the piece, which appears or vanishes in its place; else BOTH."""
    fades: Mask
    """(n,): whether what one key alone has fades; else it grows or shrinks."""

    @property
    def going(self) -> tuple[Mask, Mask]:
        """(H, W): where a piece is that goes anywhere."""
        goes = np.append(False, np.any(self.ways != np.eye(2, 3), axis=(1, 2)))
        return goes[self.labels[0]], goes[self.labels[1]]

    def cropped(self, height: int, width: int) -> "Carried":
        """The same of the upper left part."""
        flows = self.flows[0][:height, :width], self.flows[1][:height, :width]
        labels = self.labels[0][:height, :width], self.labels[1][:height, :width]
        return replace(self, flows=flows, labels=labels)


def carried(start: Plane, end: Plane, flows: tuple[Plane, Plane]) -> Carried:
    """The pieces whose own motion explains two pictures better than `flows` between them, both ways, does.

    And what is lost in either: pieces of one colour whose outline the flows have lost, or of one shape that change
    their colour or coverage on the way, are carried as well, and what one key alone has, with hardly anything changing
    around it, grows out of its middle or shrinks into it. What is `joined` to a carried piece goes along with it.
    """
    cut = pieces(start), pieces(end)
    views = View(start, cut[0]), View(end, cut[1])
    diagonal = float(np.hypot(*start.shape[:2]))
    wrong = mismatch(start, end, flows[0]), mismatch(end, start, flows[1])
    sight = Sight(cut, views, flows, wrong)
    pairs = matches(*cut, sight.led(), diagonal, sight.judged)
    load = _Load(views, flows)
    # Drawn in this order: what fits better lies on top.
    pairs = pairs[np.argsort([sight.best(*pair)[1] < WORST for pair in pairs], kind="stable")]
    for (one, other), fades in zip(pairs, fading(*cut, pairs, diagonal), strict=True):
        way = np.eye(2, 3) if fades else sight.way(one, other)
        if way is not None:
            load.carry(one, other, way)
    replaced = sight.replaced(pairs)
    for one, other in replaced:
        load.carry(one, other, np.eye(2, 3))
    pairs = np.concatenate((pairs, replaced))
    still = np.abs(start - end).max(-1)
    left = _recolour(load, sight, pairs, still, diagonal)
    for side, picture in ((START, start), (END, end)):
        for part, whole, fades in lone(picture, cut[side], left[side], wrong[side], still):
            load.leave(part, whole, side, fades)
    return _joined(load.delivered(), views, sight.astray)


def _recolour(
    load: "_Load", sight: Sight, pairs: NDArray[np.intp], still: Plane, diagonal: float
) -> list[NDArray[np.intp]]:
    """Carry what changes its colour on its way; gives the pieces of either key that the other has nothing of."""
    left = [
        names[lost(cut.labels, wrong, still)[names + 1]]
        for names, cut, wrong in zip(alone(sight.cut, pairs), sight.cut, sight.wrong, strict=True)
    ]
    for one, other in recoloured(*sight.cut, left[0], left[1], diagonal):
        way, cover = sight.covering(one, other, [*sight.moved(one, other), sight.turned(one, other)])
        if cover > OVERLAP:
            load.carry(one, other, way)
            left = [names[names != name] for names, name in zip(left, (one, other), strict=True)]
    return left


def _joined(found: Carried, views: tuple[View, View], astray: list[Mask]) -> Carried:
    """The same, with what is joined to carried pieces going along with them."""
    start, end = (view.picture for view in views)
    back = np.reshape([inverse(way) for way in found.ways], (-1, 2, 3))
    ends = ((start, end), found.ways), ((end, start), back)
    first, second = (
        joined(pictures, flow, label, ways, stray)
        for (pictures, ways), flow, label, stray in zip(ends, found.flows, found.labels, astray, strict=True)
    )
    return replace(found, flows=(first, second))


class _Load:
    """What is carried, as it is found."""

    def __init__(self, views: tuple[View, View], flows: tuple[Plane, Plane]) -> None:
        self.views, self.flows = views, (flows[0].copy(), flows[1].copy())
        self.labels = np.zeros(flows[0].shape[:2], np.uint8), np.zeros(flows[1].shape[:2], np.uint8)
        self.ways: list[Floats] = []
        self.boxes: list[Floats] = []
        self.sides: list[int] = []
        self.fades: list[bool] = []

    def carry(self, one: int, other: int, way: Floats) -> None:
        """A piece of the start becomes one of the end along an affine map."""
        self._add(way, BOTH, *self.views[0].places[one])
        courses = way, inverse(way)
        for view, piece, flow, label, course in zip(
            self.views, (one, other), self.flows, self.labels, courses, strict=True
        ):
            view.put(piece, flow, course)
            label[view.places[piece]] = len(self.ways)

    def leave(self, part: Part, whole: Mask, side: int, fades: bool) -> None:
        """What one key has in these pixels of a part of the frame stays there, but for what is carried."""
        if len(self.ways) == np.iinfo(np.uint8).max:
            return
        rows, columns = np.nonzero(whole)
        self._add(np.eye(2, 3), side, rows + part[0].start, columns + part[1].start, fades)
        here = self.labels[side][part]
        here[(here == 0) & whole] = len(self.ways)
        for flow, label in zip(self.flows, self.labels, strict=True):
            flow[part][whole & ((label[part] == 0) | (label[part] == len(self.ways)))] = 0

    def delivered(self) -> Carried:
        ways, boxes = np.reshape(self.ways, (-1, 2, 3)), np.reshape(self.boxes, (-1, 2, 2))
        sides, fades = np.array(self.sides, np.int8), np.array(self.fades, np.bool_)
        return Carried(self.flows, self.labels, ways, boxes, sides, fades)

    def _add(
        self, way: Floats, side: int, rows: NDArray[np.intp], columns: NDArray[np.intp], fades: bool = False
    ) -> None:
        self.fades.append(fades)
        self.ways.append(way)
        self.sides.append(side)
        self.boxes.append(np.array(((columns.min(), rows.min()), (columns.max(), rows.max())), np.float64))
