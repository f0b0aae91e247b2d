"""Scenery: pieces at rest, or moved by the camera alone, of which something that passes hides a part in either key.

A painted wall, the tiles of a floor, a sky: they have another outline wherever something stands before them, and are
what they were all the same. Their outlines tell: where nothing hides them, these are in the same place of the backdrop.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inbetween.models.arrays import max_difference
from inbetween.models.motion.affine import Floats
from inbetween.models.motion.backdrop import seen_along
from inbetween.models.motion.camera import across, outside
from inbetween.models.motion.marked import Marked
from inbetween.models.motion.masks import Labels, Mask, dilated, nearby, part_of_mask, said_at
from inbetween.models.motion.matching import SAME_COLOUR
from inbetween.models.motion.occlusion import Hidden, Names
from inbetween.models.motion.regions import EDGE_REACH, SOFT_EDGE, Pieces
from inbetween.models.warp import Plane, pixels

RESTING_SHARE = 0.35
"""Share of the outline of a piece, at least, that is in its place in both keys if it rests."""
SEEN_SHARE, FREE_SHARE = 0.25, 0.8
"""Share of its outline, at least, that is away from all that passes and may tell that instead; and the same of that."""
SHARED = 0.1
"""Share of the smaller of two pieces at least that both keys show in one place if they are of one thing, which
what passes may part elsewhere in either key."""
AMIDST = 0.5
"""Share of what is beside a piece at least that rests, if it is in the midst of scenery."""
PASSED = 0.85
"""Share of what one key alone shows of a piece, at least, in whose place the other one has something that moves."""
EDGE = np.ones((5, 5), np.uint8)
"""What is around a pixel that must be as it was: labels may end a pixel before an edge does; and wider than edges."""
SAME_ALONG = 0.2
"""Difference of colour, of 1, up to which what the camera moves is the same: it is known to a tenth of a pixel."""
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
    beyond: tuple[Mask, Mask]
    """(n,): which pieces of either key a camera has beyond the frame of the other one: one leaves, another enters.

    But those that marks are on.
    """

    def beside(self, others: Mapping[tuple[int, int], Hidden]) -> dict[tuple[int, int], Hidden]:
        """Its things and others, each piece in one of them: what is known of others otherwise counts more."""
        own = {pair: part for pair, part in self.parts.items() if not any(map(part.shares, others.values()))}
        return {**own, **others}

    def among(self, pairs: NDArray[np.intp]) -> NDArray[np.intp]:
        """The pairs (m, 2) of all pieces: those of what passes, and those that rest and are seen wholly."""
        passes = ~(self.rests[0][pairs[:, 0]] | self.rests[1][pairs[:, 1]])
        passes &= ~(self.beyond[0][pairs[:, 0]] & self.beyond[1][pairs[:, 1]])
        return np.concatenate((pairs[passes], self.whole))

    def alone(self, pairs: NDArray[np.intp]) -> tuple[Names, Names]:
        """The covered pieces of either key that are hidden: `pairs` (m, 2) do not tell where they went."""
        first, second = (tuple(np.setdiff1d(self.covered[key], pairs[:, key]).tolist()) for key in (0, 1))
        return first, second


def scenery(
    cut: tuple[Pieces, Pieces], pictures: tuple[Plane, Plane], camera: Floats | None, marked: Marked
) -> Scenery:
    """The things at rest of which something hides a part in either key, and what rests beside them.

    So they lie below what passes. What rests elsewhere and is seen wholly in both keys may as well stand before it; but
    nothing goes with a camera by chance. What is `marked` to have become something else is none of it.
    """
    watched = _Watched.of(cut, pictures, camera)
    way = np.eye(2, 3) if camera is None else camera
    parts, whole = {}, []
    for thing, seen in watched.things(cut, way):
        ones, others = thing.pieces
        if marked.denies(ones, others):
            continue
        if not seen:
            parts[ones[0], others[0]] = thing
        elif len(ones) == len(others) == 1:
            whole.append((ones[0], others[0]))
    beside = np.array(whole, np.intp).reshape(-1, 2)
    if camera is None:
        beside = _reached(cut[0].beside, [name for part in parts.values() for name in part.pieces[0]], beside)
    first, second = (np.zeros(len(own.area), np.bool_) for own in cut)
    for key, rests in enumerate((first, second)):
        rests[[name for part in parts.values() for name in part.pieces[key]]] = True
        rests[beside[:, key]] = True
    covered = watched.covered(0, first, marked.pairs[:, 0]), watched.covered(1, second, marked.pairs[:, 1])
    for own, rests, hiding in zip(cut, (first, second), covered, strict=True):
        apart = max_difference(own.colour[[*hiding]][:, None], own.colour[rests][None])
        rests[np.array(hiding, np.intp)[(apart < SAME_COLOUR).any(1)]] = True
    gone, come = (_beyond(own, camera, key) for key, own in enumerate(cut))
    gone[marked.pairs[:, 0]] = come[marked.pairs[:, 1]] = False
    return Scenery(parts, beside, (first, second), covered, (gone, come))


def _beyond(own: Pieces, camera: Floats | None, key: int) -> Mask:
    """Which pieces of a key, 0 or 1, a camera has mostly beyond the frame of the other one, (n,)."""
    if camera is None:
        return np.zeros(len(own.area), np.bool_)
    out = outside(across(camera, own.labels.shape, key))
    all_, gone = (np.bincount(own.labels[where], minlength=len(own.area) + 1)[1:] for where in (own.labels > 0, out))
    return np.asarray(2 * gone > all_)


@dataclass(frozen=True)
class _Watched:
    """What both keys show in the places of the backdrop that the start shows."""

    shown: tuple[Labels, Labels]
    """(H, W): what labels of either key say; -1 beyond the frame."""
    still: Mask
    """(H, W): where both show the same."""
    stay: tuple[Mask, Mask]
    """(n,): the pieces of either key whose outlines are in their place."""
    passed: tuple[Mask, Mask]
    """(H, W): where either key shows something that moves, and the other one does not."""

    @classmethod
    def of(cls, cut: tuple[Pieces, Pieces], pictures: tuple[Plane, Plane], camera: Floats | None) -> "_Watched":
        """What is watched in two pictures (H, W, 4) that are cut into pieces, before a camera's backdrop."""
        start, end = pictures
        there, most = (end, SAME_COLOUR) if camera is None else (seen_along(end, camera), SAME_ALONG)
        still = np.asarray(cv2.dilate(max_difference(start, there), EDGE)) < most
        shown = cut[0].labels, _seen(cut[1].labels, camera)
        grounds = cut[0].grounds, _seen(cut[1].grounds, camera)
        outlines = [_outlines(said) & (shown[1] >= 0) for said in shown]
        tables = zip(shown, (len(own.area) for own in cut), outlines, strict=True)
        counted = [(said, *_counted(said, count, outline, still), outline) for said, count, outline in tables]
        # Once it is known what passes, it is known of which outlines that hides some.
        passing = _passing(shown, grounds, [same > RESTING_SHARE * all_ for _, all_, same, _ in counted], still)
        near = dilated(passing[0] | passing[1], EDGE_REACH)
        stay = []
        for said, all_, same, outline in counted:
            free, kept = _counted(said, len(all_), outline & ~near, still)
            stay.append(np.where(free > SEEN_SHARE * all_, kept > FREE_SHARE * free, same > RESTING_SHARE * all_))
        first, second = stay
        return cls(shown, still, (first, second), _passing(shown, grounds, (first, second), still))

    def things(self, cut: tuple[Pieces, Pieces], way: Floats) -> Iterator[tuple[Hidden, bool]]:
        """The things at rest, which go that way, of which what passes hides a part; and those of which all is seen."""
        names = [*_things(cut, self.shown, self.still, self.stay)]
        if not names:
            return
        tables = np.zeros(len(cut[0].area) + 1, np.intp), np.zeros(len(cut[1].area) + 1, np.intp)
        for number, own in enumerate(names, start=1):
            for table, pieces in zip(tables, own, strict=True):
                table[np.add(pieces, 1)] = number
        first, second = (table[np.maximum(said, 0)] for table, said in zip(tables, self.shown, strict=True))
        count = len(names) + 1
        size = np.minimum(*(np.bincount(thing.ravel(), minlength=count) for thing in (first, second)))
        under, hidden = [], np.zeros(count, np.intp)
        for key, (thing, other) in enumerate(((first, second), (second, first))):
            hides = (other > 0) & ~nearby(thing, other, SOFT_EDGE) & ~self.still & (self.shown[key] >= 0)
            hidden += np.bincount(other[hides], minlength=count)
            hides &= self.passed[key]
            columns = len(cut[key].area) + 1
            said = np.bincount(other[hides] * columns + self.shown[key][hides], minlength=count * columns)
            under.append(said.reshape(count, columns).astype(np.float64))
        for number, own in enumerate(names, start=1):
            seen = hidden[number] < LEAST_HIDDEN
            if seen or sum(each[number].sum() for each in under) > PASSED * hidden[number]:
                by = under[0][number, 1:], under[1][number, 1:]
                yield Hidden(own, way, by, 0, int(size[number]), scenery=True), bool(seen)

    def covered(self, key: int, rests: Mask, named: Labels) -> Names:
        """The pieces of a key, 0 or 1, in the midst of what `rests`, (n,), where the other one shows what passes.

        But those that marks are on, by their names, (m,).
        """
        labels, passed = self.shown[key], self.passed[1 - key]
        all_, gone = (
            np.bincount(labels[where], minlength=len(rests) + 1)[1:] for where in (labels > 0, passed & (labels > 0))
        )
        found = np.setdiff1d(np.flatnonzero((gone > PASSED * all_) & ~rests), named)
        return tuple(name for name in found.tolist() if _amidst(labels == name + 1, labels, rests))


def _passing(
    shown: tuple[Labels, Labels], grounds: tuple[Labels, Labels], stay: Sequence[Mask], still: Mask
) -> tuple[Mask, Mask]:
    """Where either key shows neither ground nor what stays, (n,), and the other one does not show that, (H, W)."""
    first, second = (
        (_wide((said == 0) & (ground == 0)) | ((said > 0) & ~np.append(True, rest)[np.maximum(said, 0)])) & ~still
        for said, ground, rest in zip(shown, grounds, stay, strict=True)
    )
    return first, second


def _wide(mask: Mask) -> Mask:
    """What is wider in a mask (H, W) than soft edges are (opening)."""
    return np.asarray(cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_OPEN, EDGE) > 0)


def _amidst(own: Mask, labels: Labels, rests: Mask) -> bool:
    """Whether most of what is beside a piece is of those that rest, (n,); where it is and what is where, (H, W)."""
    part = part_of_mask(own, EDGE_REACH)
    beside = labels[part][dilated(own[part], EDGE_REACH) & ~own[part]]
    return len(beside) > 0 and bool(np.append(False, rests)[np.maximum(beside, 0)].mean() > AMIDST)


def _reached(beside: Mask, known: Sequence[int], pairs: NDArray[np.intp]) -> NDArray[np.intp]:
    """Of pairs (n, 2) of what rests wholly, those beside what is known to rest, or beside one of these, and so on."""
    reached, resting = np.zeros(len(beside), np.bool_), np.zeros(len(beside), np.bool_)
    reached[known], resting[pairs[:, 0]] = True, True
    while (new := resting & ~reached & beside[:, reached].any(1)).any():
        reached |= new
    return np.asarray(pairs[reached[pairs[:, 0]]])


def _seen(labels: Labels, camera: Floats | None) -> Labels:
    """What labels (H, W) of the end say in the places of the backdrop that the start shows; -1 beyond the frame."""
    if camera is None:
        return labels
    places = (pixels(labels.shape) + across(camera, labels.shape, 0)).reshape(-1, 2).astype(np.float64)
    return said_at(labels, places).reshape(labels.shape)


def _outlines(labels: Labels) -> Mask:
    """Where pieces border on something else, (H, W)."""
    edge = np.zeros(labels.shape, np.bool_)
    for axis in (0, 1):
        step = np.diff(labels, axis=axis) != 0
        before, after = ((slice(None),) * axis + (part,) for part in (slice(-1), slice(1, None)))
        edge[before] |= step
        edge[after] |= step
    return np.asarray(edge & (labels > 0))


def _counted(labels: Labels, count: int, outline: Mask, still: Mask) -> tuple[Labels, Labels]:
    """How many pixels the outline of so many pieces has, and how many of them are still, (n,) each."""
    all_, same = (np.bincount(labels[where], minlength=count + 1)[1:] for where in (outline, outline & still))
    return all_, same


def _things(
    cut: tuple[Pieces, Pieces], shown: tuple[Labels, Labels], still: Mask, rests: Sequence[Mask]
) -> Iterator[tuple[Names, Names]]:
    """What may be one thing at rest: pieces of one colour in one place, of which what passes may part some."""
    columns = len(cut[1].area) + 1
    here = still & (shown[1] >= 0)
    both = np.bincount(shown[0][here] * columns + shown[1][here], minlength=(len(cut[0].area) + 1) * columns)
    size = [np.bincount(own.labels.ravel(), minlength=len(own.area) + 1) for own in cut]
    shared = both.reshape(-1, columns) > SHARED * np.minimum(size[0][:, None], size[1][None])
    alike = max_difference(cut[0].colour[:, None], cut[1].colour[None]) < SAME_COLOUR
    one = shared[1:, 1:] & alike & (rests[0][:, None] | rests[1][None])
    left = np.asarray(one.any(1))
    while left.any():
        ones, others = np.arange(len(left)) == left.argmax(), np.zeros(columns - 1, np.bool_)
        while (new := one[ones].any(0) & ~others).any():
            others |= new
            ones = one[:, others].any(1)
        left &= ~ones
        yield tuple(np.flatnonzero(ones).tolist()), tuple(np.flatnonzero(others).tolist())
