"""Pieces put where they are at any time between two keys, the lowest first.

A piece that both keys have goes along its course (`course`) and takes, on its way, the shape that it has in the other
key (`shapes`). What one key alone has grows or shrinks where it is. The frame is cleared of what they have left
(`disocclusion`).

Flows are float32 (H, W, 2) in pixels of the picture looked at, shares (H, W), labels uint8 (H, W).
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from inbetween.models.arrays import selected
from inbetween.models.curve import Bend, Ways
from inbetween.models.motion.affine import Floats, corners, inverse, mapped, moved, then
from inbetween.models.motion.backdrop import Scene
from inbetween.models.motion.course import course
from inbetween.models.motion.deformation import Deformation
from inbetween.models.motion.deformation_graph import points
from inbetween.models.motion.disocclusion import clear
from inbetween.models.motion.frame import Frame
from inbetween.models.motion.masks import Mask, Numbers, part_of_places
from inbetween.models.motion.piece_motion import BOTH, END, Carried, Manner, Piece
from inbetween.models.motion.registration import EXPLAINED_WITHIN
from inbetween.models.motion.shapes import SOFT, TOUCHED, Shape, between
from inbetween.models.motion.wholes import Whole, Wholes
from inbetween.models.warp import Plane, fetched_at, labels_at

LATE = 3
"""The power of time by which something appears, or of the time left by which it vanishes. What one key alone has is
mostly not there half-way in true animation, three out of four times a quarter of the way: see docs/motion.md."""
BENT_SOFT, BEYOND = 7.0, 1.0
"""Pixels inside an outline of what bends in which it has its line, for bent shapes do not fit as closely as others; and
pixels outside that of the key it was not cut from, beyond which nothing of that key is shown."""

Pair = tuple[Plane, Plane]
"""Of places in a frame: where they come from in both keys, (..., 2) each."""


def arrived(pieces: Wholes, ways: Ways, t: float, behind: Scene, bend: Bend | None = None) -> tuple[Ways, Numbers]:
    """The ways at time `t`, with every piece whole where it is by then, on the curve that `bend` asks for.

    `behind` is the backdrop by then. What a piece has left, or has yet to reach, is shown from the key in which it is
    not there. Also tells which piece, from 1, each pixel shows, (H, W); 0 for none.
    """
    to_start, to_end, share = ways
    if not pieces.each:
        return ways, np.zeros(share.shape, np.uint8)
    frame = Frame((to_start.copy(), to_end.copy()), share.copy(), np.zeros(share.shape, np.uint8))
    put_all(frame, pieces, t, bend)
    clear(frame, pieces.found, behind)
    return (*frame.flows, frame.share), frame.numbers


def put_all(frame: Frame, pieces: Wholes, t: float, bend: Bend | None) -> None:
    """Put every piece where it is at time `t`."""
    found = pieces.found
    for piece, whole in zip(found.pieces, pieces.each, strict=True):
        if whole is not None:
            if piece.manner is Manner.SWEPT:
                _uncover(frame, found.labels, whole)
            _carry(frame, found, whole, t, bend)
        elif piece.side != BOTH:
            _grow(frame, found.labels[piece.side], piece, t)


def _carry(frame: Frame, found: Carried, whole: Whole, t: float, bend: Bend | None) -> None:
    """Put a piece that both keys have where it is at time `t`."""
    size, bent = found.labels[0].shape, whole.piece.bent
    reached, led = _bent(bent, size, t, bend) if bent else _swung(whole, size, t, bend)
    part, here = frame.within(reached)
    if not here.size:
        return
    margin, places = frame.margin(part) if whole.isolated else 0.0, led(here)
    soft, leads = (BENT_SOFT, bent.own) if bent else (SOFT, None)
    depth, sources = between(whole.shapes, places, t, margin, soft, leads)
    inside = depth <= margin
    allowed: Mask | None = None
    if bent:
        allowed = _within_line(whole.shapes[bent.own], places[bent.own])
    elif whole.piece.manner is Manner.BELOW:
        allowed = _on_grounds(found.grounds, [here + flow[part] for flow in frame.flows])
    if allowed is not None:
        sources = selected(sources[0], allowed[inside]), selected(sources[1], allowed[inside])
        inside &= allowed
    if whole.nearest:
        sources = _where_shown(whole.nearest[0], sources[0]), _where_shown(whole.nearest[1], sources[1])
    at = selected(here, inside)
    for flow, source in zip(frame.flows, sources, strict=True):
        frame.put(flow, part, inside, source - at)
    led_from = selected(places[0], inside), selected(places[1], inside)
    frame.put(frame.share, part, inside, _share(whole, led_from, sources, t))
    frame.put(frame.numbers, part, inside, whole.piece.number)


def _where_shown(nearest: NDArray[np.intp], places: Plane) -> Plane:
    """Places (n, 2), but for those at which something hides the thing: the `nearest` to these at which it is seen."""
    height, width = nearest.shape
    x, y = np.clip(np.rint(places), 0, (width - 1, height - 1)).astype(np.intp).T
    rows, columns = np.divmod(nearest[y, x], width)
    hidden = (rows != y) | (columns != x)
    return np.where(hidden[:, None], np.stack((columns, rows), 1), places).astype(np.float32)


def _within_line(own: Shape, places: Plane) -> Mask:
    """Which places (..., 2) are within its outline, (...): where lines that bend meet, each is as thick as it was."""
    thick = own.distance.min() < -BENT_SOFT
    return np.asarray(own.outside(places) <= (EXPLAINED_WITHIN if thick else 0))


def _on_grounds(grounds: tuple[Numbers, Numbers], places: Sequence[Plane]) -> Mask:
    """Where either key shows a ground, (...), in its places (..., 2): a shadow lies on grounds alone."""
    first, second = (labels_at(ground, place) > 0 for ground, place in zip(grounds, places, strict=True))
    return first | second


def _swung(whole: Whole, size: tuple[int, ...], t: float, bend: Bend | None) -> tuple[Floats, Callable[[Plane], Pair]]:
    """What is reached at `t` by a piece that goes as a whole, as places (n, 2), and where places come from then."""
    way = whole.piece.way
    onwards = course(way, whole.places, size, t, bend, whole.pivot)
    back = inverse(onwards)
    reached = [
        mapped(corners(shape.box), there)
        for shape, there in zip(whole.shapes, (onwards, then(inverse(way), onwards)), strict=True)
    ]

    def led(here: Plane) -> Pair:
        first = moved(here, back)
        return first, moved(first, way)

    return np.concatenate(reached), led


def _bent(
    bent: Deformation, size: tuple[int, ...], t: float, bend: Bend | None
) -> tuple[Floats, Callable[[Plane], Pair]]:
    """What is reached at `t` by a piece that bends, as places (n, 2), and where places come from then."""
    now = bent.at(t, size, bend)
    around, reach = points(now), 2 * bent.graph.side
    reached = corners(np.stack((around.min(0) - reach, around.max(0) + reach)))

    def led(here: Plane) -> Pair:
        part = part_of_places(reached, size)
        at = (here - np.array((part[1].start, part[0].start), np.float32)).reshape(-1, 2)
        first, second = (fetched_at(source, at).reshape(here.shape) for source in bent.sources(part, now, t))
        return first, second

    return reached, led


def _share(whole: Whole, led: Pair, sources: Pair, t: float) -> Plane | float:
    """How much of a piece is shown from the start: of one that has it, from that.

    Of places (n, 2) in either key: `led` is where it takes them, `sources` where the same is within its outlines.
    """
    if whole.piece.bent and whole.seen is None:
        leads = whole.piece.bent.own
        own, other = (whole.shapes[key].outside(led[key]) for key in (leads, 1 - leads))
        alone = (other > BEYOND) | ((own > -BENT_SOFT) & (other < own - TOUCHED))
        return np.where(alone, np.float32(1 - leads), np.float32(1 - t))
    if whole.seen is None or whole.nearest:
        return 1 - t
    first, second = (labels_at(seen, at) for seen, at in zip(whole.seen, sources, strict=True))
    return np.where(first == second, np.float32(1 - t), first).astype(np.float32)


def _uncover(frame: Frame, labels: tuple[Numbers, Numbers], whole: Whole) -> None:
    """Show what stands where a piece is to sweep over it, or to draw back off it: from the key in which it does not."""
    part, here = frame.within(np.concatenate([corners(shape.box) for shape in whole.shapes]))
    first, second = (labels_at(label, here) == whole.piece.number for label in labels)
    for covered, share in ((first & ~second, 0), (second & ~first, 1)):
        for flow in frame.flows:
            frame.put(flow, part, covered, 0)
        frame.put(frame.share, part, covered, share)


def _grow(frame: Frame, label: Numbers, piece: Piece, t: float) -> None:
    """Put a piece that one key alone has at the size it has at time `t`, and around it what the other key has there.

    Or, where it fades, in its place. `label` (H, W) is that key's.
    """
    come = (t if piece.side == END else 1 - t) ** LATE
    part, here = frame.within(corners(piece.box))
    source = here
    if piece.manner is Manner.GROWN:
        middle = _middle(piece.box, label.shape)
        source, come = middle + (here - middle) / np.float32(max(come, 1e-3)), 1.0
    shown = labels_at(label, source) == piece.number
    place = shown | (labels_at(label, here) == piece.number)
    for flow in frame.flows:
        frame.put(flow, part, place, 0)
    frame.put(frame.flows[piece.side], part, shown, (source - here)[shown])
    frame.put(frame.share, part, place, np.abs((piece.side == END) - come * shown[place]))
    frame.put(frame.numbers, part, place, piece.number)


def _middle(box: Floats, size: tuple[int, ...]) -> Plane:
    """Where what fills a box grows from: its middle, or the border of the frame that cuts it off."""
    last = np.array((size[1] - 1, size[0] - 1))
    cut = box[0] <= 0, box[1] >= last
    return np.where(cut[0] == cut[1], box.mean(0), np.where(cut[0], 0, last)).astype(np.float32)
