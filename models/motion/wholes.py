"""Pieces that both keys have, made ready to be put anywhere between them: their outlines, and what they swing about.

Labels are uint8 (H, W).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from inbetween.models.motion.affine import Floats, corners, inverse, mapped, then, turn
from inbetween.models.motion.alignment import ELONGATED
from inbetween.models.motion.deformation import PointMap, going
from inbetween.models.motion.masks import (
    Mask,
    Numbers,
    dilated,
    filled,
    nearest,
    part_of_mask,
    part_of_places,
    scattered,
)
from inbetween.models.motion.matching import SAME_MOTION
from inbetween.models.motion.piece_motion import BOTH, Carried, Manner, Piece
from inbetween.models.motion.regions import SOFT_EDGE
from inbetween.models.motion.shapes import SOFT, Shape, going_on, shape
from inbetween.models.warp import Plane, labels_at, pixels_of

COURSE_SAMPLES = 500
"""Places of a piece, about, by which its course is found."""
RING, RING_DIFFERENCE, RING_SHARE = (1, 4), 8.0, 0.9
"""What is around a piece: so many pixels from it, so much of it no further than this from the usual grey, of 255."""
LEAST_TURN = 0.1
"""Radians by which a piece turns at least to swing about anything but its middle."""


@dataclass(frozen=True)
class Whole:
    """A piece that both keys have, ready to be put anywhere between them."""

    piece: Piece
    places: Floats
    """(n, 2): x and y of some of its pixels in the start."""
    shapes: tuple[Shape, Shape]
    pivot: Floats | None
    """(2,): what it swings about, if that is a part of it."""
    isolated: bool
    """Whether there is the same even colour all around it in both keys."""
    seen: tuple[Numbers, Numbers] | None = None
    """(H, W): 1 where either key shows it, where it is cut off without a soft edge; None where both show it all."""
    nearest: tuple[NDArray[np.intp], NDArray[np.intp]] | None = None
    """(H, W): flat index of the nearest pixel at which either key shows it, of what changes its colour."""


@dataclass(frozen=True)
class Wholes:
    """All pieces that were found, ready to be put into a frame."""

    found: Carried
    each: Sequence[Whole | None]
    """By their numbers; None for those that one key alone has, or others cover in either key."""


def wholes(found: Carried, greys: tuple[Plane, Plane]) -> Wholes:
    """The pieces made ready; `greys` are both pictures, (H, W), 0 to 255."""
    each = [_whole(found, piece, greys) if piece.side == BOTH else None for piece in found.pieces]
    return Wholes(found, _jointed(found, each))


def _whole(found: Carried, piece: Piece, greys: tuple[Plane, Plane]) -> Whole | None:
    """A piece but for what it swings about; None if others cover it in either key."""
    masks, way = [label == piece.number for label in found.labels], piece.way
    first, second = (shape(mask) for mask in masks)
    if first is None or second is None:
        return None
    rows, columns = np.nonzero(masks[0])
    some = scattered(len(rows), COURSE_SAMPLES)
    places = np.stack((columns[some], rows[some]), 1).astype(np.float64)
    isolated, growth = _isolated(masks, (first, second), greys), np.linalg.det(way[:, :2])
    seen = None
    bears = piece.manner in {Manner.CARRIED, Manner.TINTED} and _bears(found, piece, masks)
    if piece.manner is Manner.PARTLY or bears:
        first, second = (_wholly(masks, found.grounds[key], going(piece.bent or way), key) for key in (0, 1))
        seen = _seen(masks[0], found.grounds[0]), _seen(masks[1], found.grounds[1])
    elif piece.manner is Manner.SWEPT and growth > 1:
        second = going_on(masks[1], first, way)
    elif piece.manner is Manner.SWEPT and growth < 1:
        first = going_on(masks[0], second, inverse(way))
    near = None
    if piece.manner is Manner.TINTED and seen and seen[0].any() and seen[1].any():
        near = nearest(seen[0] > 0)[1], nearest(seen[1] > 0)[1]
    return Whole(piece, places, (first, second), None, isolated, seen, near)


def _bears(found: Carried, piece: Piece, masks: Sequence[Mask]) -> bool:
    """Whether something that goes another way lies on what fills either mask, as a knob on its track."""
    for key, (mask, label) in enumerate(zip(masks, found.labels, strict=True)):
        part = part_of_mask(mask, 0)
        on_it = label[part][filled(mask[part]) & ~mask[part]]
        for other in (found.pieces[number - 1] for number in np.unique(on_it[on_it > 0])):
            middle = np.argwhere(label == other.number)[:, ::-1].mean(0, keepdims=True)
            if other.side == BOTH and np.abs(other.mapped(middle, key) - piece.mapped(middle, key)).max() > SAME_MOTION:
                return True
    return False


def _isolated(masks: Sequence[Mask], shapes: tuple[Shape, Shape], greys: tuple[Plane, Plane]) -> bool:
    """Whether what fills either mask has the same even colour all around it in both pictures."""
    usual = []
    for mask, outline, grey in zip(masks, shapes, greys, strict=True):
        part = part_of_places(corners(outline.box + np.array(((-RING[1],), (RING[1],)))), mask.shape)
        near, far = (dilated(mask[part], reach) for reach in RING)
        seen = grey[part][far & ~near]
        if len(seen):  # else it fills the frame
            usual.append(float(np.median(seen)))
            if np.mean(np.abs(seen - usual[-1]) < RING_DIFFERENCE) < RING_SHARE:
                return False
    return not usual or max(usual) - min(usual) < RING_DIFFERENCE


def _wholly(masks: Sequence[Mask], ground: Numbers, led: PointMap, key: int) -> Shape:
    """The whole outline in a key, 0 or 1, of a piece of which it hides a part.

    `masks` (H, W) are where either key shows it, `led` tells how it goes; `ground` is 1 where this key shows that it is
    not there.
    """
    own, other = masks[key].view(np.uint8), masks[1 - key].view(np.uint8)
    reached = np.concatenate((np.argwhere(own)[:, ::-1], led(np.argwhere(other)[:, ::-1], 1 - key)))
    left, top = np.floor(reached.min(0) - SOFT).astype(int)
    right, bottom = np.ceil(reached.max(0) + SOFT).astype(int)
    here = pixels_of((slice(top, bottom + 1), slice(left, right + 1)))
    there = labels_at(other, led(here.reshape(-1, 2), key).reshape(here.shape).astype(np.float32)) > 0
    found = shape((labels_at(own, here) > 0) | (there & (labels_at(ground, here) == 0)))
    assert found is not None
    return found.shifted(np.array((left, top), np.float64))


def _seen(mask: Mask, ground: Numbers) -> Numbers:
    """Where a key shows a piece (H, W), but for the soft edges of what hides it; `ground` is 1 where nothing can."""
    return (mask & ~dilated((ground == 0) & ~mask, SOFT_EDGE)).view(np.uint8)


def _jointed(found: Carried, each: Sequence[Whole | None]) -> list[Whole | None]:
    """Wholes with what they swing about, the largest first: what hangs on one of them goes with it."""
    done = list(each)
    size = np.bincount(found.labels[0].ravel(), minlength=len(each) + 1)[1:]
    for index in np.argsort(-size, kind="stable"):
        whole = done[index]
        if whole is not None and whole.piece.bent is None:
            body = _body(found, index + 1)
            done[index] = replace(whole, pivot=_pivot(found, whole, done[body - 1] if body else None))
    return done


def _pivot(found: Carried, whole: Whole, holder: Whole | None) -> Floats | None:
    """The place (2,) in the start about which a piece swings; None if about its middle.

    A limb swings about its joint, which goes with what it hangs on, or stays where it is, as the foot of a clock's hand
    does: a part of what is long, or behind what hides a part of it. What does not move on its body swings as that does.
    """
    way, holds = whole.piece.way, holder.piece.way if holder else np.eye(2, 3)
    middle, partly = whole.places.mean(0), whole.piece.manner is Manner.PARTLY
    still = turn(then(way, inverse(holds))) < LEAST_TURN
    if holder and still:
        with_it = np.abs(mapped(middle, way) - mapped(middle, holds)).max() < SAME_MOTION
        return (holder.places.mean(0) if holder.pivot is None else holder.pivot) if with_it else None
    if still:
        return None
    joint: Floats = np.asarray(np.linalg.solve(holds[:, :2] - way[:, :2], way[:, 2] - holds[:, 2]))
    off = whole.shapes[0].outside(joint.astype(np.float32)[None])[0]
    long = np.linalg.cond(np.cov(whole.places.T)) >= ELONGATED**2
    behind = partly and holder is not None and holder.shapes[0].outside(joint.astype(np.float32)[None])[0] <= 0
    hangs = behind or (off <= SOFT and _attached(found, whole.piece.number, (joint, mapped(joint, way))))
    return joint if hangs or (long and off <= 0) else None


def _attached(found: Carried, number: int, joints: tuple[Floats, Floats]) -> bool:
    """Whether in both keys something else is right beside a piece at its joint (2,)."""
    for joint, label, ground in zip(joints, found.labels, found.grounds, strict=True):
        part = part_of_places(joint[None] + np.array(((-SOFT, -SOFT), (SOFT, SOFT))), label.shape)
        if not ((ground[part] == 0) & (label[part] != number)).any():
            return False
    return True


def _body(found: Carried, number: int) -> int:
    """The larger piece that a piece hangs on, by its number: beside it longer than any other; 0 if there is none."""
    labels = found.labels[0]
    size = np.bincount(labels.ravel(), minlength=len(found.pieces) + 1)
    beside = dilated(labels == number, SOFT_EDGE)
    touches = np.bincount(labels[beside], minlength=len(size))
    stiff = np.array([False, *(piece.side == BOTH and piece.bent is None for piece in found.pieces)])
    stiff[number] = False
    touches[~stiff | (size < size[number])] = 0
    return int(touches.argmax()) if touches.any() else 0
