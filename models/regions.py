"""Matching of flat regions: large displacements of shapes that have no texture for optical flow to follow.

A drawing is made of pieces of even colour, and a piece that moved far is still the same colour, size and shape
(colour pieces: AnimeInterp, Li et al., CVPR 2021). Both keys are cut into such pieces, pieces that are each other's
best match are paired, and each pair's affine motion follows from their moments. Where a piece's own motion brings like
to like better than optical flow does, it takes the flow's place.

Pictures are float32 (H, W, 4), premultiplied, display-referred, 0 to 1; flows float32 (H, W, 2) in pixels.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Floats = NDArray[np.float64]
Labels = NDArray[np.intp]
Numbers = NDArray[np.uint8]
Mask = NDArray[np.bool_]

START, END, BOTH = 0, 1, 2
"""Which keys have a piece."""
EDGE = 25
"""Range of values, of 255, around a pixel above which it belongs to no even piece."""
REACH = 6
"""Pixels around a piece, outline and soft edge, that move with it."""
SMALLEST = 6
"""Pixels of the smallest piece."""
MOST = 150
"""Pieces of a key that are matched, the largest."""
GROUND = 0.5
"""A piece whose bounding box covers more of the frame than this is ground: its motion is not looked for here."""
ALIKE = 3.0
"""Cost above which two pieces are not the same one."""
FAR = 2.0
"""Cost of being anywhere at all."""
CHANGED = 0.02
"""Difference of colour or coverage, of 1, above which a piece that stays is seen to fade."""
STAYING = 0.1
"""Cost of being the piece of the same shape in the same place."""
TURNING = 0.02
"""Difference of colour, of 1, that a turn by one radian must save: a quarter turn brings a square back to itself."""
WORST = 0.2
"""Difference of colour, of 1, up to which a piece is held to be the one it is matched with."""
ALTOGETHER = 0.9
"""Share of a piece that differs from what is in its place, above which none of it is there."""
RESHAPED = 0.1
"""Difference of size and shape up to which a piece of another colour may be the same one."""
NEARBY = 0.3
"""Diagonals of the frame that a piece goes at most while it changes its colour."""
GROWN = 2
"""Which of a piece's `motions` moves and grows it, and no more."""
ROUNDS = 3
"""How often pieces are matched, each time knowing where their neighbours went."""


@dataclass(frozen=True)
class Pieces:
    """The even pieces of a picture; row i of each table is the piece that `labels` calls i + 1."""

    labels: Labels
    """(H, W); 0 is ground."""
    area: Floats
    centre: Floats
    """(n, 2), x and y."""
    spread: Floats
    """(n, 2, 2): covariance of the coordinates."""
    colour: Floats
    """(n, 4)."""


def pieces(picture: Plane) -> Pieces:
    """Cut a picture into pieces of even colour, each with its outline and soft edge."""
    box = np.ones((3, 3), np.uint8)
    small = np.asarray(picture * 255, np.uint8)
    uneven = cv2.subtract(cv2.dilate(small, box), cv2.erode(small, box)).max(-1) > EDGE
    count, flat, stats, _ = cv2.connectedComponentsWithStats((~uneven).view(np.uint8), connectivity=4)
    height, width = uneven.shape
    extent = stats[:, cv2.CC_STAT_WIDTH] * stats[:, cv2.CC_STAT_HEIGHT] / (height * width)
    kept = (stats[:, cv2.CC_STAT_AREA] >= SMALLEST) & (extent <= GROUND)
    kept[0] = False
    ground = (stats[:, cv2.CC_STAT_AREA] >= SMALLEST) & (extent > GROUND)
    ground[0] = False
    labels = np.where(kept[flat], flat, 0)
    # What is left is ground, the edge of a piece, or a line too thin to have an inside.
    mark = uneven & ~_like_ground(picture, ground[flat])
    far, nearest = cv2.distanceTransformWithLabels((labels == 0).astype(np.uint8), cv2.DIST_L2, 5)
    if kept.any():
        names = np.zeros(int(nearest.max()) + 1, labels.dtype)
        names[nearest[labels > 0]] = labels[labels > 0]
        labels = np.where(mark & (far <= REACH), names[nearest], labels)
    thin = mark & (labels == 0)
    _, strokes = cv2.connectedComponents(thin.view(np.uint8), connectivity=8)
    labels = np.where(strokes > 0, strokes + count, labels)
    return _measured(picture, labels, uneven)


def _like_ground(picture: Plane, ground: Mask) -> Mask:
    """Where a pixel has the colour of the nearest ground."""
    if not ground.any():
        return np.zeros(ground.shape, np.bool_)
    _, nearest = cv2.distanceTransformWithLabels(
        (~ground).view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    colours = np.zeros((int(nearest.max()) + 1, picture.shape[2]), np.float32)
    colours[nearest[ground]] = picture[ground]
    return np.asarray(np.abs(picture - colours[nearest]).max(-1) < EDGE / 510)


def _measured(picture: Plane, labels: Labels, uneven: Mask) -> Pieces:
    size = np.bincount(labels.ravel())
    size[0] = 0
    largest = np.flatnonzero(size >= SMALLEST)
    largest = largest[np.argsort(-size[largest], kind="stable")][:MOST]
    table = np.zeros(len(size), np.intp)
    table[largest] = np.arange(1, len(largest) + 1)
    labels = table[labels]
    y, x = np.nonzero(labels)
    index, n = labels[y, x] - 1, len(largest)

    def total(values: Any) -> Floats:
        return np.asarray(np.bincount(index, values, n), np.float64)

    area = np.bincount(index, minlength=n).astype(np.float64)
    centre = np.stack((total(x), total(y)), 1) / area[:, None]
    dx, dy = x - centre[index, 0], y - centre[index, 1]
    moments = [total(dx * dx), total(dx * dy), total(dx * dy), total(dy * dy)]
    spread = (np.stack(moments, 1) / area[:, None]).reshape(n, 2, 2) + np.eye(2) / 12
    # Edges are mixed with what lies around: the colour is that of the inside, where there is one.
    weight = np.where(uneven[y, x], 1e-3, 1.0)
    seen = picture[y, x]
    colour = np.stack([total(seen[:, c] * weight) for c in range(4)], 1) / total(weight)[:, None]
    return Pieces(labels, area, centre, spread, colour)


def matches(start: Pieces, end: Pieces, expected: Floats, diagonal: float) -> NDArray[np.intp]:
    """Pairs (m, 2) of piece numbers that are each other's best match.

    `expected` (n, 2) is where each piece of the start is thought to have gone: its neighbours' motion, once known.
    """
    if not len(start.area) or not len(end.area):
        return np.zeros((0, 2), np.intp)
    unlike, stays = _unlike(start, end), _stays(start, end, diagonal)
    pairs = np.zeros((0, 2), np.intp)
    for round_ in range(ROUNDS):
        gone = end.centre[None] - start.centre[:, None] - expected[:, None]
        away = np.hypot(gone[..., 0], gone[..., 1]) / ((0.25, 0.12, 0.12)[round_] * diagonal)
        cost = unlike + np.minimum(away, FAR)  # the only one of its kind is known wherever it is
        cost = np.where(stays, np.minimum(cost, STAYING), cost)
        there, back = cost.argmin(1), cost.argmin(0)
        mutual = np.flatnonzero(back[there] == np.arange(len(there)))
        pairs = np.stack((mutual, there[mutual]), 1)
        pairs = pairs[cost[pairs[:, 0], pairs[:, 1]] < ALIKE]
        if not len(pairs):
            break
        expected = _neighbours(start, end, pairs, cost, expected, diagonal)
    return pairs


def _unlike(start: Pieces, end: Pieces) -> Floats:
    """How different pieces are in colour, size and shape, (n, m)."""
    colour = np.abs(start.colour[:, None] - end.colour[None]).max(-1) / 0.06
    return np.asarray(colour + _reshaped(start, end))


def _reshaped(start: Pieces, end: Pieces) -> Floats:
    """How different pieces are in size and shape, wherever they are and however they are turned, (n, m)."""

    def apart(a: Floats, b: Floats) -> Floats:
        return np.asarray(np.abs(np.log(a)[:, None] - np.log(b)[None]))

    wide, other = (np.asarray(np.linalg.eigvalsh(cut.spread), np.float64) for cut in (start, end))
    shape = apart(wide[:, 0], other[:, 0]) + apart(wide[:, 1], other[:, 1])
    return np.asarray(0.6 * apart(start.area, end.area) + 0.4 * shape)


def _stays(start: Pieces, end: Pieces, diagonal: float) -> Mask:
    """Which pieces have one of their shape in their very place, whatever its colour: it fades, and goes nowhere."""
    away = np.linalg.norm(start.centre[:, None] - end.centre[None], axis=-1)
    return np.asarray((away < 0.005 * diagonal) & (_reshaped(start, end) < RESHAPED))


def _fading(start: Pieces, end: Pieces, pairs: NDArray[np.intp], diagonal: float) -> Mask:
    """Which pairs are pieces that stay where they are and change their colour or coverage, (m,)."""
    first, second = pairs.T
    changed = np.abs(start.colour[first] - end.colour[second]).max(-1) > CHANGED
    return np.asarray(_stays(start, end, diagonal)[first, second] & changed)


def _neighbours(
    start: Pieces, end: Pieces, pairs: NDArray[np.intp], cost: Floats, expected: Floats, diagonal: float
) -> Floats:
    """Where every piece would go if it went with the matched ones around it."""
    first, second = pairs.T
    went = end.centre[second] - start.centre[first]
    away = np.square(start.centre[:, None] - start.centre[first][None]).sum(-1) / (0.15 * diagonal) ** 2
    sure = np.sqrt(start.area[first]) * np.exp(-cost[first, second]) * _alone(cost)[first]
    weight = np.exp(-away) * sure
    weight[first, np.arange(len(first))] = 0
    some = 0.05 * np.sqrt(start.area.mean())
    return np.asarray((weight @ went + some * expected) / (weight.sum(1) + some)[:, None])


def _alone(cost: Floats) -> Floats:
    """How far each piece's best match is ahead of its second best, 0 to 1: of equal pieces none knows its own."""
    if cost.shape[1] < 2:
        return np.ones(len(cost))
    best = np.partition(cost, 1, axis=1)
    return np.asarray((1 - np.exp(best[:, 0] - best[:, 1])) ** 2 + 1e-3)


def motions(start: Pieces, end: Pieces, pairs: NDArray[np.intp]) -> Floats:
    """Affine maps that may carry each matched piece over, (m, k, 2, 3): moved, turned, turned and grown, fitted."""
    first, second = pairs.T
    a, b = start.spread[first], end.spread[second]
    still = np.broadcast_to(np.eye(2), a.shape)
    turn = _axis(b) - _axis(a)
    turn = (turn + np.pi / 2) % np.pi - np.pi / 2  # an axis has no direction: the smaller turn
    c, s = np.cos(turn), np.sin(turn)
    turned = np.stack((c, -s, s, c), -1).reshape(-1, 2, 2)
    growth = np.sqrt(end.area[second] / start.area[first])[:, None, None]
    fitted = _root(b) @ np.linalg.inv(_root(a))
    linear = np.stack((still, turned, growth * still, growth * turned, fitted), 1)
    shift = end.centre[second][:, None] - np.einsum("mkij,mj->mki", linear, start.centre[first])
    return np.concatenate((linear, shift[..., None]), -1)


def _axis(spread: Floats) -> Floats:
    """Angle of the longer axis."""
    return np.asarray(0.5 * np.arctan2(2 * spread[:, 0, 1], spread[:, 0, 0] - spread[:, 1, 1]))


def _inverse(way: Floats) -> Floats:
    return np.asarray(cv2.invertAffineTransform(way), np.float64)


def _turn(way: Floats) -> float:
    """Radians by which an affine map turns."""
    return abs(float(np.arctan2(way[1, 0] - way[0, 1], way[0, 0] + way[1, 1])))


def _root(spread: Floats) -> Floats:
    values, vectors = np.linalg.eigh(spread)
    return np.asarray((vectors * np.sqrt(values)[:, None]) @ np.swapaxes(vectors, 1, 2))


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
    fading = _fading(*cut, pairs, diagonal)
    for (one, other), tried, fades in zip(pairs, motions(*cut, pairs), fading, strict=True):
        usual = views[0].mean(one, wrong[0]) + views[1].mean(other, wrong[1])
        found = [
            views[0].apart(one, end, way) + views[1].apart(other, start, _inverse(way)) + TURNING * _turn(way)
            for way in tried
        ]
        best = int(np.argmin(found))
        if fades:
            load.carry(one, other, np.eye(2, 3))
        elif found[best] < min(0.7 * usual - 0.002, WORST):
            load.carry(one, other, tried[best])
    still = np.abs(start - end).max(-1)
    alone = [np.setdiff1d(np.arange(len(piece.area)), names) for piece, names in zip(cut, pairs.T, strict=True)]
    lost = [
        np.array([piece for piece in names if view.lost(piece, gone, still)], np.intp)
        for names, view, gone in zip(alone, views, wrong, strict=True)
    ]
    recoloured = _recoloured(*cut, lost[0], lost[1], diagonal)
    for (one, other), tried in zip(recoloured, motions(*cut, recoloured), strict=True):
        load.carry(one, other, tried[GROWN])
    for side in (START, END):
        alone_here = np.setdiff1d(lost[side], recoloured[:, side])
        for place in _in_place(np.isin(cut[side].labels, alone_here + 1), still):
            load.leave(place, side)
    return load.delivered()


def _recoloured(
    start: Pieces, end: Pieces, gone: NDArray[np.intp], come: NDArray[np.intp], diagonal: float
) -> NDArray[np.intp]:
    """Pairs (m, 2) of pieces that are alike in all but their colour, each the nearest of its shape to the other."""
    if not len(gone) or not len(come):
        return np.zeros((0, 2), np.intp)
    away = np.linalg.norm(start.centre[gone][:, None] - end.centre[come][None], axis=-1) / diagonal
    cost = np.where((_reshaped(start, end)[np.ix_(gone, come)] < RESHAPED) & (away < NEARBY), away, np.inf)
    there, back = cost.argmin(1), cost.argmin(0)
    mutual = [i for i, j in enumerate(there) if back[j] == i and np.isfinite(cost[i, j])]
    return np.stack((gone[mutual], come[there[mutual]]), 1)


def _in_place(lost: Mask, still: Plane) -> Iterator[Mask]:
    """Of pieces that one key alone has, those that appear or vanish where they are: nothing changes around them."""
    count, groups = cv2.connectedComponents(cv2.dilate(lost.view(np.uint8), np.ones((3, 3), np.uint8)), connectivity=8)
    for group in range(1, count):
        whole = groups == group
        around = cv2.dilate(whole.view(np.uint8), np.ones((2 * REACH + 1,) * 2, np.uint8)).view(np.bool_) & ~whole
        if around.any() and still[around].mean() < CHANGED:
            yield whole


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
        courses = way, _inverse(way)
        for view, piece, flow, label, course in zip(
            self.views, (one, other), self.flows, self.labels, courses, strict=True
        ):
            view.put(piece, flow, course)
            label[view.places[piece]] = len(self.ways)

    def leave(self, place: Mask, side: int) -> None:
        """What one key has in this place stays there, but for what is carried."""
        if len(self.ways) == np.iinfo(np.uint8).max:
            return
        self._add(np.eye(2, 3), side, *np.nonzero(place))
        self.labels[side][(self.labels[side] == 0) & place] = len(self.ways)
        for flow, label in zip(self.flows, self.labels, strict=True):
            flow[place & ((label == 0) | (label == len(self.ways)))] = 0

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
    back = _inverse(course)
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


def _part(box: Floats, course: Floats, size: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns that hold a box after a map, within the frame."""
    corners = np.array([(x, y) for x in box[:, 0] for y in box[:, 1]]) @ course[:, :2].T + course[:, 2]
    low = np.maximum(np.floor(corners.min(0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(corners.max(0)).astype(int) + 2, size[::-1])
    return slice(low[1], max(low[1], high[1])), slice(low[0], max(low[0], high[0]))


def _places(part: tuple[slice, slice]) -> Plane:
    """x and y of every pixel of a part of the frame, (h, w, 2)."""
    rows, columns = (np.arange(axis.start, axis.stop, dtype=np.float32) for axis in part)
    return np.stack(np.meshgrid(columns, rows), -1)


def _at(labels: Numbers, places: NDArray[Any]) -> Numbers:
    """Labels at the nearest pixel to places (..., 2), x and y; 0 outside the frame."""
    if not places.size:
        return np.zeros(places.shape[:2], np.uint8)
    outside = -2.0  # remap's fixed-point coordinates wrap around far outside the frame
    at = np.clip(np.rint(places), outside, max(labels.shape) + 1).astype(np.float32)
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
    height, width = picture.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    fetched = cv2.remap(other, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(np.abs(picture - fetched).max(-1), np.float32)
