"""Scenery: pieces at rest, or moved by the camera alone, of which something that passes hides a part in either key.

A painted wall, the tiles of a floor, a sky: they have another outline wherever something stands before them, and are
what they were all the same. Their outlines tell: where nothing hides them, these are in the same place of the backdrop.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inbetween.models.motion.affine import Floats
from inbetween.models.motion.backdrop import seen_along
from inbetween.models.motion.camera import panned
from inbetween.models.motion.masks import Labels, Mask, dilated, part_of_mask, said_at
from inbetween.models.motion.matching import SAME_COLOUR
from inbetween.models.motion.occlusion import Hidden, Names
from inbetween.models.motion.regions import EDGE_REACH, SOFT_EDGE, Pieces
from inbetween.models.warp import Plane, pixels

RESTING_SHARE = 0.35
"""Share of the outline of a piece, at least, that is in its place in both keys if it rests."""
FREE_SHARE, FEWEST_FREE = 0.8, 20
"""The same of its outline away from all that passes, and pixels of that at least."""
SHARED = 0.1
"""Share of the smaller of two pieces at least that both keys show in one place if they are of one thing: what passes may
part it elsewhere in either key."""
AMIDST = 0.5
"""Share of what is beside a piece at least that rests, if it is in the midst of scenery."""
PASSED = 0.85
"""Share of what one key alone shows of a piece, at least, in whose place the other one has something that moves."""
EDGE = np.ones((5, 5), np.uint8)
"""What is around a pixel that must be as it was: labels may end a pixel before an edge does."""
LEAST_HIDDEN = 20
"""Pixels of a piece that are hidden at least."""


@dataclass(frozen=True)
class Scenery:
    """What rests, and what passes hides in either key."""

    parts: Mapping[tuple[int, int], Hidden]
    """The things of which something hides a part, by a piece of either key."""
    whole: NDArray[np.intp]
    """(m, 2): the pieces beside them that rest as well, and are seen wholly in both keys."""
    rests: tuple[Mask, Mask]
    """(n,): which pieces of either key all that is; and what is covered, and of one colour with any of it."""
    covered: tuple[Names, Names]
    """The pieces of either key in the midst of that in whose place the other key shows something that passes."""

    def alone(self, pairs: NDArray[np.intp]) -> tuple[Names, Names]:
        """Those of them that are hidden: `pairs` (m, 2) do not tell where they went."""
        first, second = (tuple(np.setdiff1d(self.covered[key], pairs[:, key]).tolist()) for key in (0, 1))
        return first, second


def scenery(cut: tuple[Pieces, Pieces], pictures: tuple[Plane, Plane], camera: Floats | None) -> Scenery:
    """The things at rest of which something hides a part in either key, and what rests beside them.

    So they lie below what passes. What rests elsewhere and is seen wholly in both keys may as well stand before it.
    """
    start, end = pictures
    there = end if camera is None else seen_along(end, camera)
    still = np.asarray(cv2.dilate(np.abs(start - there).max(-1), EDGE)) < SAME_COLOUR
    shown = cut[0].labels, _seen(cut[1].labels, camera)
    grounds = cut[0].grounds, _seen(cut[1].grounds, camera)
    counts = len(cut[0].area), len(cut[1].area)
    stay = [_stay(said, count, still) for said, count in zip(shown, counts, strict=True)]
    passed = _passed(shown, grounds, stay, still)
    near = dilated(passed[0] | passed[1], EDGE_REACH)
    stay = [rest | _stay(said, len(rest), still, ~near) for said, rest in zip(shown, stay, strict=True)]
    passed = _passed(shown, grounds, stay, still)
    way = np.eye(2, 3) if camera is None else camera
    found, whole = {}, []
    for names in _things(cut, shown, still, stay):
        masks = [np.isin(said, np.add(own, 1)) for said, own in zip(shown, names, strict=True)]
        size = [int(np.count_nonzero(mask)) for mask in masks]
        hides = [masks[1 - key] & ~dilated(masks[key], SOFT_EDGE) & ~still & (shown[key] >= 0) for key in (0, 1)]
        passing = np.concatenate([there[place] for there, place in zip(passed, hides, strict=True)])
        if len(passing) < LEAST_HIDDEN:
            whole += [(names[0][0], names[1][0])] * (len(names[0]) == len(names[1]) == 1)
        elif passing.mean() > PASSED:
            under = [
                np.bincount(said[place & there], minlength=len(own.area) + 1)[1:].astype(np.float64)
                for said, place, there, own in zip(shown, hides, passed, cut, strict=True)
            ]
            found[names[0][0], names[1][0]] = Hidden(names, way, (under[0], under[1]), 0, min(size), scenery=True)
    beside = _reached(cut[0].beside, [name for part in found.values() for name in part.pieces[0]], whole)
    rests = tuple(np.zeros(len(own.area), np.bool_) for own in cut)
    for key in (0, 1):
        rests[key][[name for part in found.values() for name in part.pieces[key]]] = True
        rests[key][beside[:, key]] = True
    covered = [
        tuple(name for name in np.flatnonzero(~rest).tolist() if _covered(said == name + 1, said, there, rest))
        for said, there, rest in zip(shown, passed[::-1], rests, strict=True)
    ]
    for own, rest, names in zip(cut, rests, covered, strict=True):
        apart = np.abs(own.colour[[*names]][:, None] - own.colour[rest][None]).max(-1)
        rest[np.array(names, np.intp)[(apart < SAME_COLOUR).any(1)]] = True
    return Scenery(found, beside, (rests[0], rests[1]), (covered[0], covered[1]))


def _covered(own: Mask, labels: Labels, passed: Mask, rests: Mask) -> bool:
    """Whether a piece is in the midst of what rests, and something passes in its place; all (H, W)."""
    if not own.any() or passed[own].mean() < PASSED:
        return False
    part = part_of_mask(own, EDGE_REACH)
    beside = labels[part][dilated(own[part], EDGE_REACH) & ~own[part]]
    return bool(np.append(False, rests)[np.maximum(beside, 0)].mean() > AMIDST)


def _reached(beside: Mask, known: Sequence[int], whole: Sequence[tuple[int, int]]) -> NDArray[np.intp]:
    """The pairs (m, 2) of what rests wholly, beside what is known to rest, or beside one of these, and so on."""
    pairs = np.array(whole, np.intp).reshape(-1, 2)
    reached, resting = np.zeros(len(beside), np.bool_), np.zeros(len(beside), np.bool_)
    reached[known], resting[pairs[:, 0]] = True, True
    while (new := resting & ~reached & beside[:, reached].any(1)).any():
        reached |= new
    return np.asarray(pairs[reached[pairs[:, 0]]])


def _seen(labels: Labels, camera: Floats | None) -> Labels:
    """What labels (H, W) of the end say in the places of the backdrop that the start shows; -1 beyond the frame."""
    if camera is None:
        return labels
    _, flow = panned(camera, labels.shape, 0.0)
    places = (pixels(labels.shape) + flow).reshape(-1, 2).astype(np.float64)
    return said_at(labels, places).reshape(labels.shape)


def _stay(labels: Labels, count: int, still: Mask, free: Mask | None = None) -> Mask:
    """Which of so many pieces have an outline that is in its place in both keys, (n,): `still` (H, W) tells where.

    As much of it as may not be hidden; or nearly all of what is `free` of what passes, (H, W).
    """
    edge = np.zeros(labels.shape, np.bool_)
    for axis in (0, 1):
        step = np.diff(labels, axis=axis) != 0
        before, after = ((slice(None),) * axis + (part,) for part in (slice(-1), slice(1, None)))
        edge[before] |= step
        edge[after] |= step
    edge &= labels > 0
    if free is not None:
        edge &= free
    all_, same = (np.bincount(labels[where], minlength=count + 1)[1:] for where in (edge, edge & still))
    if free is not None:
        return np.asarray((same > FREE_SHARE * all_) & (all_ >= FEWEST_FREE))
    return np.asarray(same > RESTING_SHARE * all_)


def _passed(
    shown: tuple[Labels, Labels], grounds: tuple[Labels, Labels], stay: Sequence[Mask], still: Mask
) -> list[Mask]:
    """Where either key shows something that moves, and the other one does not, (H, W)."""
    return [
        (((said == 0) & (ground == 0)) | ((said > 0) & ~np.append(True, rest)[np.maximum(said, 0)])) & ~still
        for said, ground, rest in zip(shown, grounds, stay, strict=True)
    ]


def _things(
    cut: tuple[Pieces, Pieces], shown: tuple[Labels, Labels], still: Mask, rests: Sequence[Mask]
) -> Iterator[tuple[Names, Names]]:
    """What may be one thing at rest: pieces of one colour in one place, of which what passes may part some."""
    columns = len(cut[1].area) + 1
    here = still & (shown[1] >= 0)
    both = np.bincount(shown[0][here] * columns + shown[1][here], minlength=(len(cut[0].area) + 1) * columns)
    size = [np.bincount(own.labels.ravel(), minlength=len(own.area) + 1) for own in cut]
    shared = both.reshape(-1, columns) > SHARED * np.minimum(size[0][:, None], size[1][None])
    alike = np.abs(cut[0].colour[:, None] - cut[1].colour[None]).max(-1) < SAME_COLOUR
    one = shared[1:, 1:] & alike & (rests[0][:, None] | rests[1][None])
    left = one.any(1)
    while left.any():
        ones, others = np.arange(len(left)) == left.argmax(), np.zeros(columns - 1, np.bool_)
        while (new := one[ones].any(0) & ~others).any():
            others |= new
            ones = one[:, others].any(1)
        left &= ~ones
        yield tuple(np.flatnonzero(ones).tolist()), tuple(np.flatnonzero(others).tolist())
