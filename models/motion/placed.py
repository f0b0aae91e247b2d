"""Whole pieces (`carried`) put where they are at any time between two keys.

A piece that both keys have goes along its course (`course`) and takes, on its way, the shape that it has in the other
key (`shapes`). What one key alone has grows or shrinks where it is. The frame is cleared of what they have left.

Flows are float32 (H, W, 2) in pixels of the picture looked at, shares (H, W), labels uint8 (H, W).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from inbetween.models.curve import Bend, Ways
from inbetween.models.motion.affine import inverse, mapped
from inbetween.models.motion.carried import BOTH, END, Carried, Numbers
from inbetween.models.motion.course import course
from inbetween.models.motion.regions import Floats, Mask, Part, Plane, nearest
from inbetween.models.motion.shapes import Shape, between, shape
from inbetween.models.warp import labels_at, pixels, pixels_of

ENOUGH = 500
"""Places of a piece, about, by which its course is found."""
HIDDEN = 6
"""Pixels from any piece beyond which nothing of a piece is shown; nearer, where outlines meet, keys may disagree."""
LATE = 3
"""The power of time by which something appears, or of the time left by which it vanishes. What one key alone has is
mostly not there half-way in true animation, three out of four times a quarter of the way: see docs/motion.md."""
RIM = np.ones((3, 3), np.uint8)
"""Around a piece, the pixels that may well show it: two keys do not tell its outline more closely."""


@dataclass(frozen=True)
class Whole:
    """A piece that both keys have, ready to be put anywhere between them."""

    way: Floats
    """(2, 3): the affine map from the start to the end."""
    places: Floats
    """(n, 2): x and y of some of its pixels in the start."""
    shapes: tuple[Shape, Shape]


def wholes(found: Carried) -> list[Whole | None]:
    """The pieces that are carried, in their order; None for those that one key alone has."""
    return [_whole(found, number) if side == BOTH else None for number, side in enumerate(found.sides, start=1)]


def _whole(found: Carried, number: int) -> Whole | None:
    masks = [label == number for label in found.labels]
    first, second = (shape(mask) for mask in masks)
    if first is None or second is None:  # others cover it
        return None
    rows, columns = np.nonzero(masks[0])
    step = max(1, len(rows) // ENOUGH)
    places = np.stack((columns[::step], rows[::step]), 1).astype(np.float64)
    return Whole(found.ways[number - 1], places, (first, second))


def arrived(found: Carried, pieces: Sequence[Whole | None], ways: Ways, t: float, bend: Bend | None = None) -> Ways:
    """The ways at time `t`, with every piece whole where it is by then, on the curve that `bend` asks for.

    `pieces` are the `wholes` of what was found. What a piece has left, or has yet to reach, is shown from the key in
    which it is not there.
    """
    if not len(found.ways):
        return ways
    to_start, to_end, share = ways
    frame = _Frame((to_start.copy(), to_end.copy()), share.copy(), np.zeros(share.shape, np.bool_))
    for number, (piece, side) in enumerate(zip(pieces, found.sides, strict=True), start=1):
        if piece is not None:
            _carry(frame, piece, t, bend)
        elif side != BOTH:
            _grow(frame, found, number, int(side), t)
    _clear(frame, found.labels)
    return *frame.flows, frame.share


@dataclass(frozen=True)
class _Frame:
    """A frame in the making; its planes are written to."""

    flows: tuple[Plane, Plane]
    share: Plane
    inside: Mask
    """Where a piece was put."""


def _carry(frame: _Frame, piece: Whole, t: float, bend: Bend | None) -> None:
    """Put a piece that both keys have where it is at time `t`."""
    onwards = course(piece.way, piece.places, frame.share.shape, t, bend)
    back = inverse(onwards)
    corners = [
        mapped(_corners(shape.box), way)
        for shape, way in zip(piece.shapes, (onwards, _then(inverse(piece.way), onwards)), strict=True)
    ]
    part = _part(np.concatenate(corners), frame.share.shape)
    here = pixels_of(part)
    if not here.size:
        return
    first = _moved(here, back)
    depth, sources = between(piece.shapes, (first, _moved(first, piece.way)), t)
    inside = depth <= 0
    for flow, source in zip(frame.flows, sources, strict=True):
        flow[part][inside] = source - here[inside]
    frame.share[part][inside] = 1 - t
    frame.inside[part] |= inside


def _grow(frame: _Frame, found: Carried, number: int, side: int, t: float) -> None:
    """Put a piece that one key alone has at the size it has at time `t`, and around it what the other key has there.

    Or, where it fades, in its place.
    """
    come = (t if side == END else 1 - t) ** LATE
    box = found.boxes[number - 1]
    part = _part(_corners(box), frame.share.shape)
    source = here = pixels_of(part)
    if not found.fades[number - 1]:
        middle = _middle(box, frame.share.shape)
        source, come = middle + (here - middle) / np.float32(max(come, 1e-3)), 1.0
    shown = labels_at(found.labels[side], source) == number
    place = shown | (found.labels[side][part] == number)
    for flow in frame.flows:
        flow[part][place] = 0
    frame.flows[side][part][shown] = (source - here)[shown]
    frame.share[part][place] = np.abs((side == END) - come * shown[place])
    frame.inside[part] |= place


def _middle(box: Floats, size: tuple[int, ...]) -> Plane:
    """Where what fills a box grows from: its middle, or the border of the frame that cuts it off."""
    last = np.array((size[1] - 1, size[0] - 1))
    cut = box[0] <= 0, box[1] >= last
    return np.where(cut[0] == cut[1], box.mean(0), np.where(cut[0], 0, last)).astype(np.float32)


def _clear(frame: _Frame, labels: tuple[Numbers, Numbers]) -> None:
    """Show nothing of any piece where none was put: what the other key has there, or else what is around."""
    near = cv2.dilate(frame.inside.view(np.uint8), RIM).view(np.bool_)
    here = pixels(near.shape)
    shown = [labels_at(label, here + flow) > 0 for label, flow in zip(labels, frame.flows, strict=True)]
    first, second = (piece & ~near for piece in shown)
    hidden = first & second
    if hidden.any():
        hidden &= cv2.distanceTransform((~frame.inside).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3) > HIDDEN
    if hidden.any() and not (first | second | near).all():
        _, source = nearest(~(first | second | near))
        source, at = source[hidden], here[hidden]
        flows = [flow.reshape(-1, 2)[source] for flow in frame.flows]
        still = np.logical_and(*_shown(labels, at, flows))
        for whole, flow in zip(frame.flows, flows, strict=True):
            flow[still] += (here.reshape(-1, 2)[source] - at)[still]
            whole[hidden] = flow
        frame.share[hidden] = frame.share.ravel()[source]
        first[hidden], second[hidden] = _shown(labels, at, flows)
    frame.share[first & ~second] = 0
    frame.share[second & ~first] = 1


def _shown(labels: tuple[Numbers, Numbers], places: Plane, flows: Sequence[Plane]) -> list[Mask]:
    """Whether either key shows a piece where its flow (n, 2) leads from places (n, 2), (n,)."""
    return [labels_at(label, places + flow) > 0 for label, flow in zip(labels, flows, strict=True)]


def _corners(box: Floats) -> Floats:
    return np.array([(x, y) for x in box[:, 0] for y in box[:, 1]])


def _part(places: Floats, size: tuple[int, ...]) -> Part:
    """Rows and columns that hold some places (n, 2), within the frame."""
    low = np.maximum(np.floor(places.min(0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(places.max(0)).astype(int) + 2, size[1::-1])
    return slice(low[1], max(low[1], high[1])), slice(low[0], max(low[0], high[0]))


def _moved(places: Plane, way: Floats) -> Plane:
    """Places (h, w, 2) after an affine map."""
    return np.asarray(cv2.transform(places, way.astype(np.float32)))


def _then(first: Floats, second: Floats) -> Floats:
    """One affine map (2, 3) after another."""
    return np.hstack((second[:, :2] @ first[:, :2], (second[:, :2] @ first[:, 2] + second[:, 2])[:, None]))
