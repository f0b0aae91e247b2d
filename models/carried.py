"""Whole pieces of a drawing that move, change their shape, appear or vanish between two keys.

Pieces of even colour (`regions`) that are recognised in both keys are carried along their own affine motion, where it
brings like to like better than optical flow does, or where optical flow has lost their outlines: then they change their
shape on the way. What one key alone has grows or shrinks where it is. Where it all is between the keys: `placed`.

Pictures are float32 (H, W, 4), premultiplied, display-referred, 0 to 1; flows float32 (H, W, 2) in pixels.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from inbetween.models.joined import joined
from inbetween.models.regions import (
    CHANGED,
    EDGE,
    REACH,
    Floats,
    Mask,
    Part,
    Pieces,
    Plane,
    around,
    fading,
    inverse,
    matches,
    pieces,
    recoloured,
)
from inbetween.models.sight import ALTOGETHER, OVERLAP, Sight, View, alone, mismatch

Numbers = NDArray[np.uint8]

START, END, BOTH = 0, 1, 2
"""Which keys have a piece."""
AROUND, BESIDE = 0.25, 0.04
"""Pixels that change around something, per pixel around it and per pixel of its own, below which it appears or vanishes
in its place all the same: something else passes by."""
SOFT_EDGE = np.ones((5, 5), np.uint8)
"""What a pixel of a ground is grown by to have its soft edge too."""
SIZES = (0.75, 0.5, 0.25)
PASSING = 0.05
"""Share of something that shrinks, seen at these sizes, that may pass over what stays; more of it, and it fades."""


@dataclass(frozen=True)
class Carried:
    """What pieces say of the motion between two keys; of each two the first belongs to the start."""

    flows: tuple[Plane, Plane]
    """To the other key, (H, W, 2) in pixels: those handed in, each carried piece's own, and that of what goes along."""
    labels: tuple[Numbers, Numbers]
    """(H, W): the number of the carried piece, from 1; 0 elsewhere."""
    ways: Floats
    """(n, 2, 3): the affine map of each from the start to the end; the largest pieces come first."""
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
    their colour or coverage on the way, are carried as well, and what one key alone has, with nothing changing around
    it, grows out of its middle or shrinks into it. What is `joined` to a carried piece goes along with it.
    """
    cut = pieces(start), pieces(end)
    views = View(start, cut[0]), View(end, cut[1])
    diagonal = float(np.hypot(*start.shape[:2]))
    wrong = mismatch(start, end, flows[0]), mismatch(end, start, flows[1])
    sight = Sight(cut, views, flows, wrong)
    pairs = matches(*cut, sight.led(), diagonal, sight.judged)
    load = _Load(views, flows)
    for (one, other), fades in zip(pairs, fading(*cut, pairs, diagonal), strict=True):
        way = np.eye(2, 3) if fades else sight.way(one, other)
        if way is not None:
            load.carry(one, other, way)
    replaced = sight.replaced(pairs)
    for one, other in replaced:
        load.carry(one, other, np.eye(2, 3))
    pairs = np.concatenate((pairs, replaced))
    still = np.abs(start - end).max(-1)
    lost = [
        np.array([piece for piece in names if view.lost(piece, gone, still)], np.intp)
        for names, view, gone in zip(alone(cut, pairs), views, wrong, strict=True)
    ]
    for one, other in recoloured(*cut, lost[0], lost[1], diagonal):
        way, cover = sight.covering(one, other, [*sight.ways(one, other), sight.turned(one, other)[0]])
        if cover > OVERLAP:
            load.carry(one, other, way)
            lost = [names[names != name] for names, name in zip(lost, (one, other), strict=True)]
    for side, key, names, gone in zip((START, END), cut, lost, wrong, strict=True):
        for part, whole, ring in _in_place(np.isin(key.labels, names + 1) | _lost_grounds(key, gone, still), still):
            load.leave(part, whole, side, _passes_over(views[side].picture[part], whole, ring))
    return _joined(load.delivered(), views, sight.astray)


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


def _lost_grounds(key: Pieces, wrong: Plane, still: Plane) -> Mask:
    """The grounds of a key, with their soft edges, of which the other key has nothing, as `View.lost` has it."""
    size, changed, left, first = (
        np.bincount(key.grounds.ravel(), weights)
        for weights in (None, (still > EDGE / 255).ravel(), wrong.ravel(), still.ravel())
    )
    gone = (changed > ALTOGETHER * size) & (left > 0.5 * first)
    gone[0] = False
    return cv2.dilate(gone[key.grounds].view(np.uint8), SOFT_EDGE).view(np.bool_)


def _in_place(lost: Mask, still: Plane) -> Iterator[tuple[Part, Mask, Mask]]:
    """Of pieces that one key alone has, those that appear or vanish where they are: hardly anything changes there.

    Each as a part of the frame, which pixels of it, and which surround them.
    """
    joined = cv2.dilate(lost.view(np.uint8), np.ones((3, 3), np.uint8))
    _, groups, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    for group in range(1, len(stats)):
        part = around(stats[group], REACH, lost.shape)
        whole = groups[part] == group
        ring = cv2.dilate(whole.view(np.uint8), np.ones((2 * REACH + 1,) * 2, np.uint8)).view(np.bool_) & ~whole
        if ring.any() and (still[part][ring].mean() < CHANGED or _little(still[part][ring] > EDGE / 255, whole)):
            yield part, whole, ring


def _little(changes: Mask, whole: Mask) -> bool:
    """Whether few of the pixels around something change, for their own number and for its."""
    return bool(changes.mean() < AROUND and changes.sum() < BESIDE * whole.sum())


def _passes_over(picture: Plane, whole: Mask, ring: Mask) -> bool:
    """Whether what shrinks into its middle would pass over something that stays: not its ground, as in `ring`."""
    ground = np.median(picture[ring], axis=0)
    stays = ~whole & (np.abs(picture - ground).max(-1) > EDGE / 255)
    places = np.argwhere(whole)
    middle = (places.min(0) + places.max(0)) / 2
    shrunk = (np.rint(middle + size * (places - middle)).astype(np.intp) for size in SIZES)
    return bool(np.mean([stays[tuple(place.T)].mean() for place in shrunk]) > PASSING)


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
