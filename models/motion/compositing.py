"""Whole pieces (`piece_motion`) put where they are at any time between two keys.

A piece that both keys have goes along its course (`course`) and takes, on its way, the shape that it has in the other
key (`shapes`). What one key alone has grows or shrinks where it is. The frame is cleared of what they have left.

Flows are float32 (H, W, 2) in pixels of the picture looked at, shares (H, W), labels uint8 (H, W).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inbetween.models.curve import Bend, Ways
from inbetween.models.motion.affine import Floats, corners, inverse, mapped, moved, then, turn
from inbetween.models.motion.backdrop import Scene
from inbetween.models.motion.course import course
from inbetween.models.motion.deformation import Deformation
from inbetween.models.motion.disocclusion import RIM, Frame, clear, jumps
from inbetween.models.motion.graph import points
from inbetween.models.motion.masks import Mask, Numbers, dilated
from inbetween.models.motion.matching import SAME_MOTION
from inbetween.models.motion.piece_motion import BELOW, BOTH, END, GROWN, PARTLY, SWEPT, Carried
from inbetween.models.motion.regions import SOFT_EDGE
from inbetween.models.motion.registration import EXPLAINED_WITHIN
from inbetween.models.motion.shapes import SOFT, Shape, between, going_on, shape
from inbetween.models.warp import Part, Plane, enlarge, enlarge_flow, fetched_at, labels_at, pixels_of

COURSE_SAMPLES = 500
"""Places of a piece, about, by which its course is found."""
LATE = 3
"""The power of time by which something appears, or of the time left by which it vanishes. What one key alone has is
mostly not there half-way in true animation, three out of four times a quarter of the way: see docs/motion.md."""
RING, RING_DIFFERENCE, RING_SHARE = (1, 4), 8.0, 0.9
"""What is around a piece: so many pixels from it, so much of it no further than this from the usual grey, of 255."""
LEAST_TURN, ELONGATED = 0.1, 1.6
"""Radians by which a piece turns at least, and times that it is as long as wide at least, to swing about its foot."""
BENT_SOFT, BEYOND = 7.0, 1.0
"""Pixels inside an outline of what bends in which it has its line, for bent shapes do not fit as closely as others; and
pixels outside that of the key it was not cut from, beyond which nothing of that key is shown."""

Pair = tuple[Plane, Plane]
"""Of places in a frame: where they come from in both keys, (..., 2) each."""


@dataclass(frozen=True)
class Whole:
    """A piece that both keys have, ready to be put anywhere between them."""

    way: Floats
    """(2, 3): the affine map from the start to the end."""
    places: Floats
    """(n, 2): x and y of some of its pixels in the start."""
    shapes: tuple[Shape, Shape]
    pivot: Floats | None
    """(2,): what it swings about, if that is a part of it."""
    isolated: bool
    """Whether there is the same even colour all around it in both keys."""
    bent: Deformation | None = None
    """How it bends, if it does."""
    seen: tuple[Numbers, Numbers] | None = None
    """(H, W): 1 where either key shows it, where it is cut off without a soft edge; None where both show it all."""


def wholes(found: Carried, greys: tuple[Plane, Plane]) -> list[Whole | None]:
    """The pieces that are carried, in their order; None for those that one key alone has.

    `greys` are both pictures, (H, W), 0 to 255.
    """
    pieces = [
        _whole(found, number, greys) if side == BOTH else None for number, side in enumerate(found.sides, start=1)
    ]
    return _jointed(found, pieces)


def _whole(found: Carried, number: int, greys: tuple[Plane, Plane]) -> Whole | None:
    """The piece of a number, from 1, but for what it swings about; None if others cover it in either key."""
    masks, way = [label == number for label in found.labels], found.ways[number - 1]
    first, second = (shape(mask) for mask in masks)
    if first is None or second is None:
        return None
    rows, columns = np.nonzero(masks[0])
    step = max(1, len(rows) // COURSE_SAMPLES)
    places = np.stack((columns[::step], rows[::step]), 1).astype(np.float64)
    isolated, growth = _isolated(masks, (first, second), greys), np.linalg.det(way[:, :2])
    seen = None
    if found.manners[number - 1] == PARTLY:
        first, second = (
            _wholly((own, other), ground, onwards)
            for own, other, ground, onwards in zip(masks, masks[::-1], found.grounds, (inverse(way), way), strict=True)
        )
        seen = _seen(masks[0], found.grounds[0]), _seen(masks[1], found.grounds[1])
    elif found.manners[number - 1] == SWEPT and growth > 1:
        second = going_on(masks[1], first, way)
    elif found.manners[number - 1] == SWEPT and growth < 1:
        first = going_on(masks[0], second, inverse(way))
    return Whole(way, places, (first, second), None, isolated, found.bent.get(number), seen)


def _jointed(found: Carried, pieces: Sequence[Whole | None]) -> list[Whole | None]:
    """The same pieces with what they swing about, the largest first: what hangs on one of them goes with it."""
    done = list(pieces)
    size = np.bincount(found.labels[0].ravel(), minlength=len(pieces) + 1)[1:]
    for index in np.argsort(-size, kind="stable"):
        piece = done[index]
        if piece is not None and piece.bent is None:
            body = _body(found, index + 1)
            done[index] = replace(piece, pivot=_pivot(found, index + 1, piece, body, done[body - 1] if body else None))
    return done


def _pivot(found: Carried, number: int, piece: Whole, body: int, holder: Whole | None) -> Floats | None:
    """The place (2,) in the start about which a piece swings; None if about its middle.

    A limb swings about its joint, which goes with what it hangs on, or stays where it is, as the foot of a clock's hand
    does: a part of what is long, or behind what hides a part of it. What does not move on its body swings as that does.
    """
    holds = holder.way if holder else np.eye(2, 3)
    middle, partly = piece.places.mean(0), piece.seen is not None
    still = turn(then(piece.way, inverse(holds))) < LEAST_TURN
    if holder and still:
        with_it = np.abs(mapped(middle, piece.way) - mapped(middle, holds)).max() < SAME_MOTION
        return (holder.places.mean(0) if holder.pivot is None else holder.pivot) if with_it else None
    if still:
        return None
    joint: Floats = np.asarray(np.linalg.solve(holds[:, :2] - piece.way[:, :2], piece.way[:, 2] - holds[:, 2]))
    off = piece.shapes[0].outside(joint.astype(np.float32)[None])[0]
    long = np.linalg.cond(np.cov(piece.places.T)) >= ELONGATED**2
    behind = partly and holder is not None and holder.shapes[0].outside(joint.astype(np.float32)[None])[0] <= 0
    hangs = behind or (off <= SOFT and _attached(found, number, (joint, mapped(joint, piece.way))))
    return joint if hangs or (long and off <= 0) else None


def _attached(found: Carried, number: int, joints: tuple[Floats, Floats]) -> bool:
    """Whether in both keys something else is right beside a piece at its joint (2,)."""
    for joint, label, ground in zip(joints, found.labels, found.grounds, strict=True):
        part = _part(joint[None] + np.array(((-SOFT, -SOFT), (SOFT, SOFT))), label.shape)
        if not ((ground[part] == 0) & (label[part] != number)).any():
            return False
    return True


def _body(found: Carried, number: int) -> int:
    """The larger piece that a piece hangs on, by its number: beside it longer than any other; 0 if there is none."""
    labels = found.labels[0]
    size = np.bincount(labels.ravel(), minlength=len(found.ways) + 1)
    beside = dilated(labels == number, SOFT_EDGE)
    touches = np.bincount(labels[beside], minlength=len(size))
    stiff = np.append(False, found.sides == BOTH)
    stiff[[number, *found.bent]] = False
    touches[~stiff | (size < size[number])] = 0
    return int(touches.argmax()) if touches.any() else 0


def _isolated(masks: Sequence[Mask], shapes: tuple[Shape, Shape], greys: tuple[Plane, Plane]) -> bool:
    """Whether what fills either mask has the same even colour all around it in both pictures."""
    usual = []
    for mask, outline, grey in zip(masks, shapes, greys, strict=True):
        part = _part(corners(outline.box + np.array(((-RING[1],), (RING[1],)))), mask.shape)
        near, far = (dilated(mask[part], reach) for reach in RING)
        seen = grey[part][far & ~near]
        if len(seen):  # else it fills the frame
            usual.append(float(np.median(seen)))
            if np.mean(np.abs(seen - usual[-1]) < RING_DIFFERENCE) < RING_SHARE:
                return False
    return not usual or max(usual) - min(usual) < RING_DIFFERENCE


def arrived(
    found: Carried, pieces: Sequence[Whole | None], ways: Ways, t: float, behind: Scene, bend: Bend | None = None
) -> tuple[Ways, Numbers]:
    """The ways at time `t`, with every piece whole where it is by then, on the curve that `bend` asks for.

    `pieces` are the `wholes` of what was found, `behind` is its backdrop by then. What a piece has left, or has yet to
    reach, is shown from the key in which it is not there. Also tells which piece, from 1, each pixel shows, (H, W); 0
    for none.
    """
    to_start, to_end, share = ways
    if not len(found.ways):
        return ways, np.zeros(share.shape, np.uint8)
    frame = _Frame((to_start.copy(), to_end.copy()), share.copy(), np.zeros(share.shape, np.uint8))
    _put_all(frame, found, pieces, t, bend)
    clear(frame, found, behind)
    return (*frame.flows, frame.share), frame.numbers


def enlarged(
    found: Carried,
    pieces: Sequence[Whole | None],
    ways: Ways,
    numbers: Numbers,
    size: tuple[int, int],
    t: float,
    bend: Bend | None = None,
) -> Ways:
    """What has `arrived`, for a frame of that height and width, with the outlines of pieces as fine as that frame's.

    Motion that is mixed across an outline leads nowhere: there every pixel goes either with the piece or with what is
    around it. Beside a piece that has the same even colour all around, the piece goes first: the smaller picture does
    not show to a pixel of the larger one where it ends.
    """
    height, width = numbers.shape
    near = _torn(ways, numbers).view(np.uint8)
    chosen = np.flatnonzero(cv2.resize(near, size[::-1], interpolation=cv2.INTER_NEAREST_EXACT))
    if not len(chosen):
        return ways
    scale = np.array((size[1] / width, size[0] / height), np.float32)
    rows, columns = np.divmod(chosen, size[1])
    places = (np.stack((columns, rows), -1) + np.float32(0.5)).astype(np.float32) / scale - np.float32(0.5)
    x, y = np.rint(places).astype(np.intp).T
    own = np.clip(y, 0, height - 1) * width + np.clip(x, 0, width - 1)
    around = _around(numbers)[own]
    first, second = (flow.reshape(-1, 2)[around] for flow in ways[:2])
    points = _Points((first, second), ways[2].ravel()[around], np.zeros(len(chosen), np.uint8), places)
    _put_all(points, found, pieces, t, bend)
    to_start, to_end = (enlarge_flow(flow[None], *size)[0] for flow in ways[:2])
    for flow, exact in zip((to_start, to_end), points.flows, strict=True):
        flow.reshape(-1, 2)[chosen] = exact * scale
    share = enlarge(ways[2][None, ..., None], *size)[0, ..., 0]
    share.ravel()[chosen] = points.share
    return to_start, to_end, share


def _wholly(masks: tuple[Mask, Mask], ground: Numbers, way: Floats) -> Shape:
    """The whole outline in a key of a piece of which it hides a part.

    `masks` (H, W) are where this key and the other one show it, which a map (2, 3) brings here; `ground` is 1 where
    this one shows that it is not there.
    """
    own, other = (mask.view(np.uint8) for mask in masks)
    boxes = [np.argwhere(mask)[:, ::-1] for mask in masks]
    reached = np.concatenate((boxes[0], mapped(boxes[1], way)))
    left, top = np.floor(reached.min(0) - SOFT).astype(int)
    right, bottom = np.ceil(reached.max(0) + SOFT).astype(int)
    here = pixels_of((slice(top, bottom + 1), slice(left, right + 1)))
    there = labels_at(other, moved(here, inverse(way))) > 0
    found = shape((labels_at(own, here) > 0) | (there & (labels_at(ground, here) == 0)))
    assert found is not None
    return found.shifted(np.array((left, top), np.float64))


def _seen(mask: Mask, ground: Numbers) -> Numbers:
    """Where a key shows a piece (H, W), but for the soft edges of what hides it; `ground` is 1 where nothing can."""
    return (mask & ~dilated((ground == 0) & ~mask, SOFT_EDGE)).view(np.uint8)


def _torn(ways: Ways, numbers: Numbers) -> Mask:
    """Where pixels beside each other do not go one way, (H, W): at outlines of pieces, and wherever motion jumps."""
    return np.asarray(cv2.dilate(numbers, RIM) != cv2.erode(numbers, RIM)) | jumps(ways[:2])


def _around(numbers: Numbers) -> NDArray[np.intp]:
    """For each pixel of a piece one beside it that shows none, where there is one, else itself: flat indices."""
    none = numbers == 0
    index = np.arange(numbers.size, dtype=np.float32).reshape(numbers.shape)  # exact, for a picture is small
    beside = cv2.dilate(np.where(none, index, np.float32(-1)), RIM)
    return np.where(none | (beside < 0), index, beside).ravel().astype(np.intp)


class _Frame(Frame):
    """All pixels of a frame."""

    def within(self, around: Floats) -> tuple[Any, Plane]:
        """Which pixels lie in the box around some places (n, 2), and their own places (..., 2)."""
        part = _part(around, self.share.shape)
        return part, pixels_of(part)

    def margin(self, part: Any) -> Plane | float:
        """How many pixels outside its outline are put with a piece that is alone."""
        return 0.0

    def put(self, plane: NDArray[Any], part: Any, mask: Mask, values: Any) -> None:
        """Write into those pixels of a part for which the mask holds."""
        plane[part][mask] = values


@dataclass(frozen=True)
class _Points(_Frame):
    """Some places of a frame, in any order: its planes are (n,) and (n, 2)."""

    places: Plane
    """(n, 2)."""

    def within(self, around: Floats) -> tuple[Any, Plane]:
        inside = np.all((self.places >= around.min(0) - 1) & (self.places <= around.max(0) + 1), axis=1)
        index = np.flatnonzero(inside)
        return index, self.places[index][None]

    def margin(self, part: Any) -> Plane | float:
        return np.where(self.numbers[part] == 0, np.float32(1), np.float32(0))[None]  # over no other piece

    def put(self, plane: NDArray[Any], part: Any, mask: Mask, values: Any) -> None:
        plane[part[mask[0]]] = values


def _put_all(frame: _Frame, found: Carried, pieces: Sequence[Whole | None], t: float, bend: Bend | None) -> None:
    """Put every piece where it is at time `t`."""
    for number, (piece, side) in enumerate(zip(pieces, found.sides, strict=True), start=1):
        if piece is not None:
            if found.manners[number - 1] == SWEPT:
                _uncover(frame, found.labels, piece, number)
            _carry(frame, found, piece, number, t, bend)
        elif side != BOTH:
            _grow(frame, found, number, int(side), t)


def _carry(frame: _Frame, found: Carried, piece: Whole, number: int, t: float, bend: Bend | None) -> None:
    """Put a piece that both keys have where it is at time `t`."""
    size = found.labels[0].shape
    reached, led = _bent(piece.bent, size, t, bend) if piece.bent else _swung(piece, size, t, bend)
    part, here = frame.within(reached)
    if not here.size:
        return
    margin, places = frame.margin(part) if piece.isolated else 0.0, led(here)
    depth, sources = between(piece.shapes, places, t, margin, BENT_SOFT if piece.bent else SOFT)
    inside = depth <= margin
    bare = _bare(frame, found, piece, number, part, here, places)
    if bare is not None:
        sources = (sources[0][bare[inside]], sources[1][bare[inside]])
        inside &= bare
    for flow, source in zip(frame.flows, sources, strict=True):
        frame.put(flow, part, inside, source - here[inside])
    frame.put(frame.share, part, inside, _share(piece, (places[0][inside], places[1][inside]), sources, t))
    frame.put(frame.numbers, part, inside, number)


def _bare(frame: _Frame, found: Carried, piece: Whole, number: int, part: Any, here: Plane, led: Pair) -> Mask | None:
    """Where a piece may be put, (...); None if anywhere. `led` is where the pixels `here` come from.

    A shadow lies on grounds alone, and where lines meet each is as thick as it was.
    """
    if piece.bent:
        own = piece.shapes[piece.bent.own]
        return own.outside(led[piece.bent.own]) <= (EXPLAINED_WITHIN if own.distance.min() < -BENT_SOFT else 0)
    if found.manners[number - 1] != BELOW:
        return None
    first, second = (
        labels_at(ground, here + flow[part]) > 0 for ground, flow in zip(found.grounds, frame.flows, strict=True)
    )
    return first | second


def _swung(piece: Whole, size: tuple[int, ...], t: float, bend: Bend | None) -> tuple[Floats, Callable[[Plane], Pair]]:
    """What is reached at `t` by a piece that goes as a whole, as places (n, 2), and where places come from then."""
    onwards = course(piece.way, piece.places, size, t, bend, piece.pivot)
    back = inverse(onwards)
    reached = [
        mapped(corners(shape.box), way)
        for shape, way in zip(piece.shapes, (onwards, then(inverse(piece.way), onwards)), strict=True)
    ]

    def led(here: Plane) -> Pair:
        first = moved(here, back)
        return first, moved(first, piece.way)

    return np.concatenate(reached), led


def _bent(
    bent: Deformation, size: tuple[int, ...], t: float, bend: Bend | None
) -> tuple[Floats, Callable[[Plane], Pair]]:
    """The same of one that bends."""
    now = bent.at(t, size, bend)
    around, reach = points(now), 2 * bent.graph.side
    reached = corners(np.stack((around.min(0) - reach, around.max(0) + reach)))

    def led(here: Plane) -> Pair:
        part = _part(reached, size)
        at = (here - np.array((part[1].start, part[0].start), np.float32)).reshape(-1, 2)
        first, second = (fetched_at(source, at).reshape(here.shape) for source in bent.sources(part, now, t))
        return first, second

    return reached, led


def _share(piece: Whole, led: Pair, sources: Pair, t: float) -> Plane | float:
    """How much of a piece is shown from the start: of one that has it, from that.

    Of places (n, 2) in either key: `led` is where it takes them, `sources` where the same is within its outlines.
    """
    if piece.bent:
        beyond = piece.shapes[1 - piece.bent.own].outside(led[1 - piece.bent.own]) > BEYOND
        return np.where(beyond, np.float32(1 - piece.bent.own), np.float32(1 - t))
    if piece.seen is None:
        return 1 - t
    first, second = (labels_at(seen, at) for seen, at in zip(piece.seen, sources, strict=True))
    return np.where(first == second, np.float32(1 - t), first).astype(np.float32)


def _uncover(frame: _Frame, labels: tuple[Numbers, Numbers], piece: Whole, number: int) -> None:
    """Show what stands where a piece is to sweep over it, or to draw back off it: from the key in which it does not."""
    part, here = frame.within(np.concatenate([corners(shape.box) for shape in piece.shapes]))
    first, second = (labels_at(label, here) == number for label in labels)
    for covered, share in ((first & ~second, 0), (second & ~first, 1)):
        for flow in frame.flows:
            frame.put(flow, part, covered, 0)
        frame.put(frame.share, part, covered, share)


def _grow(frame: _Frame, found: Carried, number: int, side: int, t: float) -> None:
    """Put a piece that one key alone has at the size it has at time `t`, and around it what the other key has there.

    Or, where it fades, in its place.
    """
    come = (t if side == END else 1 - t) ** LATE
    box, label = found.boxes[number - 1], found.labels[side]
    part, here = frame.within(corners(box))
    source = here
    if found.manners[number - 1] == GROWN:
        middle = _middle(box, label.shape)
        source, come = middle + (here - middle) / np.float32(max(come, 1e-3)), 1.0
    shown = labels_at(label, source) == number
    place = shown | (labels_at(label, here) == number)
    for flow in frame.flows:
        frame.put(flow, part, place, 0)
    frame.put(frame.flows[side], part, shown, (source - here)[shown])
    frame.put(frame.share, part, place, np.abs((side == END) - come * shown[place]))
    frame.put(frame.numbers, part, place, number)


def _middle(box: Floats, size: tuple[int, ...]) -> Plane:
    """Where what fills a box grows from: its middle, or the border of the frame that cuts it off."""
    last = np.array((size[1] - 1, size[0] - 1))
    cut = box[0] <= 0, box[1] >= last
    return np.where(cut[0] == cut[1], box.mean(0), np.where(cut[0], 0, last)).astype(np.float32)


def _part(places: Floats, size: tuple[int, ...]) -> Part:
    """Rows and columns that hold some places (n, 2), within the frame."""
    low = np.maximum(np.floor(places.min(0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(places.max(0)).astype(int) + 2, size[1::-1])
    return slice(low[1], max(low[1], high[1])), slice(low[0], max(low[0], high[0]))
