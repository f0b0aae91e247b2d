"""Whole pieces of a drawing that move, appear or vanish between two keys, and where they are at any time between.

Pieces of even colour (`regions`) that are recognised in both keys are carried along their own affine motion, where it
brings like to like better than optical flow does. What one key alone has grows or shrinks where it is.

Pictures are float32 (H, W, 4), premultiplied, display-referred, 0 to 1; flows float32 (H, W, 2) in pixels.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inbetween.models.regions import (
    CHANGED,
    EDGE,
    GROWN,
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
    motions,
    pieces,
    recoloured,
    stretch,
    turn,
)
from inbetween.models.warp import along

Numbers = NDArray[np.uint8]

START, END, BOTH = 0, 1, 2
"""Which keys have a piece."""
TURNING = 0.02
"""Difference of colour, of 1, that a turn by one radian must save: a quarter turn brings a square back to itself."""
STRETCHED = 6.0
"""Times that a piece may be stretched at most, in one direction against the other: more is another shape."""
WORST = 0.2
"""Difference of colour, of 1, up to which a piece is held to be the one it is matched with."""
SIZES = (0.75, 0.5, 0.25)
PASSING = 0.05
"""Share of something that shrinks, seen at these sizes, that may pass over what stays; more of it, and it fades."""
ALTOGETHER = 0.9
"""Share of a piece that differs from what is in its place, above which none of it is there."""


@dataclass(frozen=True)
class Carried:
    """What pieces say of the motion between two keys; of each two the first belongs to the start."""

    flows: tuple[Plane, Plane]
    """To the other key, (H, W, 2) in pixels: those that were handed in, and each carried piece's own."""
    labels: tuple[Numbers, Numbers]
    """(H, W): the number of the carried piece, from 1; 0 elsewhere."""
    ways: Floats
    """(n, 2, 3): the affine map of each from the start to the end; the largest pieces come first."""
    boxes: Floats
    """(n, 2, 2): least and greatest x and y of each in the start; in the end, if the end alone has it."""
    sides: NDArray[np.int8]
    """(n,): START or END where one key alone has the piece, which appears or vanishes in its place; else BOTH."""

    @property
    def going(self) -> tuple[Mask, Mask]:
        """(H, W): where a piece is that goes anywhere."""
        goes = np.append(False, np.any(self.ways != np.eye(2, 3), axis=(1, 2)))
        return goes[self.labels[0]], goes[self.labels[1]]

    def cropped(self, height: int, width: int) -> "Carried":
        """The same of the upper left part."""
        flows = self.flows[0][:height, :width], self.flows[1][:height, :width]
        labels = self.labels[0][:height, :width], self.labels[1][:height, :width]
        return Carried(flows, labels, self.ways, self.boxes, self.sides)


def carried(start: Plane, end: Plane, flows: tuple[Plane, Plane]) -> Carried:
    """The pieces whose own motion explains two pictures better than `flows` between them, both ways, does.

    And what is lost in either: pieces of one shape that change their colour on the way are carried as well, and what
    one key alone has, with nothing changing around it, grows out of its middle or shrinks into it.
    """
    cut = pieces(start), pieces(end)
    views = _Views(start, cut[0]), _Views(end, cut[1])
    diagonal = float(np.hypot(*start.shape[:2]))
    pairs = matches(*cut, np.zeros((len(cut[0].area), 2)), diagonal)
    wrong = mismatch(start, end, flows[0]), mismatch(end, start, flows[1])
    load = _Load(views, flows)
    fade = fading(*cut, pairs, diagonal)
    for (one, other), tried, fades in zip(pairs, motions(*cut, pairs), fade, strict=True):
        usual = views[0].mean(one, wrong[0]) + views[1].mean(other, wrong[1])
        ways = [way for way in tried if stretch(way) < STRETCHED]
        found = [
            views[0].apart(one, end, way) + views[1].apart(other, start, inverse(way)) + TURNING * turn(way)
            for way in ways
        ]
        best = int(np.argmin(found))
        if fades:
            load.carry(one, other, np.eye(2, 3))
        elif found[best] < min(0.7 * usual - 0.002, WORST):
            load.carry(one, other, ways[best])
    still = np.abs(start - end).max(-1)
    alone = [np.setdiff1d(np.arange(len(piece.area)), names) for piece, names in zip(cut, pairs.T, strict=True)]
    lost = [
        np.array([piece for piece in names if view.lost(piece, gone, still)], np.intp)
        for names, view, gone in zip(alone, views, wrong, strict=True)
    ]
    changed = recoloured(*cut, lost[0], lost[1], diagonal)
    for (one, other), tried in zip(changed, motions(*cut, changed), strict=True):
        load.carry(one, other, tried[GROWN])
    for side in (START, END):
        alone_here = np.setdiff1d(lost[side], changed[:, side])
        for part, whole, ring in _in_place(np.isin(cut[side].labels, alone_here + 1), still):
            load.leave(part, whole, BOTH if _passes_over(views[side].picture[part], whole, ring) else side)
    return load.delivered()


def _in_place(lost: Mask, still: Plane) -> Iterator[tuple[Part, Mask, Mask]]:
    """Of pieces that one key alone has, those that appear or vanish where they are: nothing changes around them.

    Each as a part of the frame, which pixels of it, and which surround them.
    """
    joined = cv2.dilate(lost.view(np.uint8), np.ones((3, 3), np.uint8))
    _, groups, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    for group in range(1, len(stats)):
        part = around(stats[group], REACH, lost.shape)
        whole = groups[part] == group
        ring = cv2.dilate(whole.view(np.uint8), np.ones((2 * REACH + 1,) * 2, np.uint8)).view(np.bool_) & ~whole
        if ring.any() and still[part][ring].mean() < CHANGED:
            yield part, whole, ring


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

    def __init__(self, views: "tuple[_Views, _Views]", flows: tuple[Plane, Plane]) -> None:
        self.views, self.flows = views, (flows[0].copy(), flows[1].copy())
        self.labels = np.zeros(flows[0].shape[:2], np.uint8), np.zeros(flows[1].shape[:2], np.uint8)
        self.ways: list[Floats] = []
        self.boxes: list[Floats] = []
        self.sides: list[int] = []

    def carry(self, one: int, other: int, way: Floats) -> None:
        """A piece of the start becomes one of the end along an affine map."""
        self._add(way, BOTH, *self.views[0].places[one])
        courses = way, inverse(way)
        for view, piece, flow, label, course in zip(
            self.views, (one, other), self.flows, self.labels, courses, strict=True
        ):
            view.put(piece, flow, course)
            label[view.places[piece]] = len(self.ways)

    def leave(self, part: Part, whole: Mask, side: int) -> None:
        """What one key has in these pixels of a part of the frame stays there, but for what is carried.

        With BOTH for its side it fades.
        """
        if len(self.ways) == np.iinfo(np.uint8).max:
            return
        rows, columns = np.nonzero(whole)
        self._add(np.eye(2, 3), side, rows + part[0].start, columns + part[1].start)
        for key in (START, END) if side == BOTH else (side,):
            here = self.labels[key][part]
            here[(here == 0) & whole] = len(self.ways)
        for flow, label in zip(self.flows, self.labels, strict=True):
            flow[part][whole & ((label[part] == 0) | (label[part] == len(self.ways)))] = 0

    def delivered(self) -> Carried:
        ways, boxes = np.reshape(self.ways, (-1, 2, 3)), np.reshape(self.boxes, (-1, 2, 2))
        return Carried(self.flows, self.labels, ways, boxes, np.array(self.sides, np.int8))

    def _add(self, way: Floats, side: int, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> None:
        self.ways.append(way)
        self.sides.append(side)
        self.boxes.append(np.array(((columns.min(), rows.min()), (columns.max(), rows.max())), np.float64))


def arrived(found: Carried, to_start: Plane, to_end: Plane, share: Plane, t: float) -> tuple[Plane, Plane, Plane]:
    """Flows (H, W, 2) and share of the start (H, W) at time `t`, with every carried piece whole where it is by then.

    What a piece has left, or has yet to reach, is shown from the key in which the piece is not there.
    """
    if not len(found.ways):
        return to_start, to_end, share
    frame = _Frame((to_start.copy(), to_end.copy()), share.copy(), np.zeros(share.shape, np.bool_))
    for number, side in enumerate(found.sides, start=1):
        if side == BOTH:
            _carry(frame, found, number, t)
        else:
            _grow(frame, found, number, int(side), t)
    whole = _places((slice(0, share.shape[0]), slice(0, share.shape[1])))
    ghosts = [_at(label, whole + way) > 0 for label, way in zip(found.labels, frame.flows, strict=True)]
    frame.share[ghosts[0] & ~ghosts[1] & ~frame.inside] = 0
    frame.share[ghosts[1] & ~ghosts[0] & ~frame.inside] = 1
    return *frame.flows, frame.share


@dataclass(frozen=True)
class _Frame:
    """A frame in the making; its planes are written to."""

    flows: tuple[Plane, Plane]
    share: Plane
    inside: Mask
    """Where a piece was put."""


def _carry(frame: _Frame, found: Carried, number: int, t: float) -> None:
    """Put a piece that both keys have where it is at time `t`."""
    way = found.ways[number - 1]
    course = (1 - t) * np.eye(2, 3) + t * way
    part = _part(found.boxes[number - 1], course, frame.share.shape)
    here = _places(part)
    back = inverse(course)
    first = here @ back[:, :2].T + back[:, 2]
    second = first @ way[:, :2].T + way[:, 2]
    shown = [_at(label, place) == number for label, place in zip(found.labels, (first, second), strict=True)]
    both = shown[0] & shown[1]
    for flow, place in zip(frame.flows, (first, second), strict=True):
        flow[part][both] = (place - here)[both]
    frame.share[part][both] = 1 - t
    frame.inside[part] |= shown[0] | shown[1]


def _grow(frame: _Frame, found: Carried, number: int, side: int, t: float) -> None:
    """Put a piece that one key alone has at the size it has at time `t`, and around it what the other key has there."""
    size = max(t if side == END else 1 - t, 1e-3)
    box = found.boxes[number - 1]
    part = _part(box, np.eye(2, 3), frame.share.shape)
    here, middle = _places(part), box.mean(0)
    source = middle + (here - middle) / size
    shown = _at(found.labels[side], source) == number
    place = shown | (found.labels[side][part] == number)
    for flow in frame.flows:
        flow[part][place] = 0
    frame.flows[side][part][shown] = (source - here)[shown]
    frame.share[part][place] = np.where(shown == (side == START), 1, 0)[place]
    frame.inside[part] |= place


def _part(box: Floats, course: Floats, size: tuple[int, ...]) -> Part:
    """Rows and columns that hold a box after a map, within the frame."""
    corners = np.array([(x, y) for x in box[:, 0] for y in box[:, 1]]) @ course[:, :2].T + course[:, 2]
    low = np.maximum(np.floor(corners.min(0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(corners.max(0)).astype(int) + 2, size[::-1])
    return slice(low[1], max(low[1], high[1])), slice(low[0], max(low[0], high[0]))


def _places(part: Part) -> Plane:
    """x and y of every pixel of a part of the frame, (h, w, 2)."""
    rows, columns = (np.arange(axis.start, axis.stop, dtype=np.float32) for axis in part)
    return np.stack(np.meshgrid(columns, rows), -1)


def _at(labels: Numbers, places: NDArray[Any]) -> Numbers:
    """Labels at the nearest pixel to places (..., 2), x and y; 0 outside the frame."""
    if not places.size:
        return np.zeros(places.shape[:2], np.uint8)
    outside = -2.0  # remap's fixed-point coordinates wrap around far outside the frame
    at = np.clip(np.rint(places), outside, max(labels.shape) + 1).astype(np.float32)
    # OpenCV's stub knows no remap by one map of both coordinates
    found = cv2.remap(labels, at, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)  # type: ignore[call-overload]
    return np.asarray(found, np.uint8)


class _Views:
    """The pixels of each piece of a picture."""

    def __init__(self, picture: Plane, cut: Pieces) -> None:
        order = np.argsort(cut.labels, axis=None, kind="stable")
        counts = np.bincount(cut.labels.ravel(), minlength=len(cut.area) + 1)
        rows, columns = np.unravel_index(order, cut.labels.shape)
        ends = np.cumsum(counts)
        self.picture = picture
        self.places = [(rows[a:b], columns[a:b]) for a, b in pairwise(ends)]

    def mean(self, piece: int, plane: Plane) -> float:
        return float(plane[self.places[piece]].mean())

    def apart(self, piece: int, other: Plane, way: Floats) -> float:
        """Mean difference of a piece and what it is carried to."""
        y, x = self.places[piece]
        step = max(1, len(y) // 2000)
        y, x = y[::step], x[::step]
        at = (np.stack((x, y), 1) @ way[:, :2].T + way[:, 2]).astype(np.float32)
        fetched = cv2.remap(other, at[None, :, 0], at[None, :, 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return float(np.abs(self.picture[y, x] - fetched[0]).max(-1).mean())

    def lost(self, piece: int, wrong: Plane, still: Plane) -> bool:
        """Whether the other picture has nothing of a piece: neither in its place nor where the flow leads."""
        everywhere = float((still[self.places[piece]] > EDGE / 255).mean())
        return everywhere > ALTOGETHER and self.mean(piece, wrong) > 0.5 * self.mean(piece, still)

    def put(self, piece: int, flow: Plane, way: Floats) -> None:
        y, x = self.places[piece]
        points = np.stack((x, y), 1)
        flow[y, x] = points @ way[:, :2].T + way[:, 2] - points


def mismatch(picture: Plane, other: Plane, flow: Plane) -> Plane:
    """How different what a flow from a picture to another one brings together is, (H, W): of 1, the largest channel."""
    return np.asarray(np.abs(picture - along(other, flow)).max(-1), np.float32)
