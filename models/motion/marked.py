"""Marks: what an artist says is one point of the drawing in both keys, and what follows for pieces and lines.

A mark pairs the pieces that it is on, and says where what is small and around it went. Where its outline tells too
little of how a piece goes, it is shifted or turned by one mark, turned and grown by two, and stretched by three; and
where it bends, marks hold it.

Marks are float64 (n, 2, 2): by mark and key, x and y in pixels of the picture looked at; maps float64 (2, 3).
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inbetween.models.arrays import max_difference
from inbetween.models.motion.affine import Floats, affine, mapped, spun
from inbetween.models.motion.deformation_graph import complexes, points, unit
from inbetween.models.motion.masks import Mask
from inbetween.models.motion.regions import Pieces
from inbetween.models.warp import Plane

REACH = 8
"""Pixels beside a piece, at most, at which a mark still is on it: an outline may be thin, or a hand not steady."""
HAND, DETAIL, INSIDE = 3, 0.1, 12.0
"""Pixels around a mark in which a hand may have meant it; difference of colour there, of 1, from its piece, from which
on it is on a detail; and pixels from the outline of the piece from which on that is none of the outline."""
RADIUS, ASIDE = 0.1, 0.03
"""Diagonals of the frame at which a mark tells 1/e of what it does right there, which is also the length of things of
which it tells that share; and by which what goes along with it may miss its place at the cost of 1."""
MOST_UNLIKE = 4.0
"""Cost of colour, size and shape (`matching`) above which two pieces are not the same one, although marks are on them:
what one key shows there alone, as an eye that shuts."""
LEADS = 0.5
"""How much marks have to say of a pair at least to be believed against optical flow."""
TOLERANCE, MISSED_COST = 0.08, 4.0
"""Lengths (roots of its area) by which the map of a piece may miss a mark, and what difference of colour, of 1, each
further one costs it."""
OFF_CENTRE, ARM = 0.7, 10.0
"""Standard deviations of a piece along its longer axis, and pixels, from its middle from which on one mark tells how it
turns."""
FEWEST_FOR_AFFINE, FLAT = 3, 0.1
"""Marks that tell a whole affine map, unless they lie in a row: the lesser of their extents, of the larger."""
NOTHING = 1e-9

NO_MARKS: Floats = np.zeros((0, 2, 2))


@dataclass(frozen=True)
class Marked:
    """The marks of two keys, and the pieces that they are on."""

    pictures: tuple[Plane, Plane]
    cut: tuple[Pieces, Pieces]
    marks: Floats
    unlike: Floats
    """(n, m): how different pieces are in colour, size and shape: `matching.dissimilar`."""

    @cached_property
    def pairs(self) -> NDArray[np.intp]:
        """(m, 2): the pieces that marks say are the same, each in one pair at most: that of the most marks."""
        counted = Counter(
            (one, other)
            for one, other in self._pieces.tolist()
            if min(one, other) >= 0 and self.unlike[one, other] < MOST_UNLIKE
        )
        found: list[tuple[int, int]] = []
        for pair, _ in counted.most_common():
            if not any(pair[0] == one or pair[1] == other for one, other in found):
                found.append(pair)
        return np.array(found, np.intp).reshape(-1, 2)

    @cached_property
    def leading(self) -> tuple[Floats, Floats]:
        """How much the marks around any two pieces have to say on whether one became the other, (n, m), 0 to 1.

        And how far that would be from where they lead, at a cost of 1 for each `ASIDE`. A large piece is led by marks
        on itself alone.
        """
        heed, aside = np.zeros((2, *self.unlike.shape))
        if not len(self.marks):
            return heed, aside
        diagonal = self.cut[0].diagonal
        went = self.cut[1].centre[None] - self.cut[0].centre[:, None]
        goes = self.marks[:, 1] - self.marks[:, 0]
        for key, cut in enumerate(self.cut):
            away = np.square(cut.centre[:, None] - self.marks[None, :, key]).sum(-1)
            weight = np.exp(-away / (RADIUS * diagonal) ** 2)
            told = weight @ goes / (weight.sum(1) + NOTHING)[:, None]
            near = weight.max(1) * np.exp(-cut.area / (RADIUS * diagonal) ** 2)
            off = np.linalg.norm(went - np.expand_dims(told, 1 - key), axis=-1) / (ASIDE * diagonal)
            heed, aside = np.maximum(heed, np.expand_dims(near, 1 - key)), np.maximum(aside, off)
        return heed, np.minimum(aside, MOST_UNLIKE)

    def leads(self, one: int, other: int) -> bool:
        """Whether marks beside a piece of the start say that it became one of the end."""
        heed, aside = self.leading
        return bool(heed[one, other] > LEADS and aside[one, other] < 1)

    def denies(self, ones: Collection[int], others: Collection[int]) -> bool:
        """Whether marks say of some pieces of a key that they are others of the other key than these."""
        return any((one in ones) != (other in others) for one, other in self.pairs.tolist())

    def of(self, one: int, other: int) -> Floats:
        """The marks, (k, 2, 2), that say of a piece of the start that it is one of the end."""
        paired = (self.pairs == (one, other)).all(1).any()
        return self.marks[(self._pieces == (one, other)).all(1)] if paired else NO_MARKS

    def ways(self, one: int, other: int, usual: Sequence[Floats]) -> list[Floats]:
        """Maps that bring the marks of two pieces over each other as nearly as may be; `usual` are those of moments."""
        marks = self.of(one, other)
        if not len(marks):
            return []
        start, end = marks[:, 0], marks[:, 1]
        middle, shift = start.mean(0), (end - start).mean(0)
        found = [affine(way[:, :2], middle, shift) for way in usual]
        if len(marks) == 1:
            found += [affine(spun(spin), middle, shift) for spin in self._spins(marks[0], (one, other))]
        else:
            found.append(_similarity(start, end))
        if len(marks) >= FEWEST_FOR_AFFINE and not _in_a_row(start) and not _in_a_row(end):
            linear, *_ = np.linalg.lstsq(np.column_stack((start, np.ones(len(start)))), end, rcond=None)
            found.append(np.ascontiguousarray(linear.T))
        return [way for way in found if np.linalg.det(way[:, :2]) > 0]

    def cost(self, one: int, other: int, way: Floats) -> float:
        """What it costs a map of two pieces, in difference of colour, of 1, that it misses their marks."""
        marks = self.of(one, other)
        if not len(marks):
            return 0.0
        length = float(np.sqrt(max(self.cut[0].area[one], self.cut[1].area[other])))
        off = float(np.linalg.norm(mapped(marks[:, 0], way) - marks[:, 1], axis=1).max())
        return MISSED_COST * max(0.0, (off - HAND) / length - TOLERANCE)

    @cached_property
    def _pieces(self) -> NDArray[np.intp]:
        """(n, 2): the piece that each mark is on in either key; -1 where there is none, or a mere detail on one."""
        keys = [[self._piece(key, place) for place in self.marks[:, key]] for key in (0, 1)]
        return np.array(keys, np.intp).reshape(2, -1).T

    def _piece(self, key: int, place: Floats) -> int:
        number = _number(self.cut[key].labels, place)
        return -1 if number and _detail(self.pictures[key], self.cut[key], number, place) else number - 1

    def _spins(self, mark: Floats, pair: tuple[int, int]) -> list[complex]:
        """Turns with and without growth, as complex numbers, that one mark (2, 2) tells of a pair of pieces."""
        arms = [place - cut.centre[name] for place, cut, name in zip(mark, self.cut, pair, strict=True)]
        extents = [np.sqrt(np.linalg.eigvalsh(cut.spread[name])[1]) for cut, name in zip(self.cut, pair, strict=True)]
        if any(np.hypot(*arm) < max(ARM, OFF_CENTRE * extent) for arm, extent in zip(arms, extents, strict=True)):
            return []
        first, second = (complex(*arm) for arm in arms)
        return [second / first, second / first / abs(second / first)]


def along(places: Floats, marks: Floats) -> Floats:
    """Where places (n, 2) go if they go as the marks around them do, each as rigidly as may be, (n, 2).

    Rigid moving least squares (Schaefer, McPhail and Warren 2006, "Image deformation using moving least squares").
    """
    here, start, end = (complexes(each) for each in (places, marks[:, 0], marks[:, 1]))
    weight = 1 / (np.square(np.abs(here[:, None] - start)) + 1)
    weight /= weight.sum(1, keepdims=True)
    middle, goal = weight @ start, weight @ end
    spin = (weight * (start - middle[:, None]).conj() * (end - goal[:, None])).sum(1)
    return points(goal + (here - middle) * unit(spin))


def on(masks: tuple[Mask, Mask], marks: Floats) -> Floats:
    """The marks (n, 2, 2) that are on what fills the masks (H, W) of both keys, or right beside it."""
    keys = [[_number(mask, place) > 0 for place in marks[:, key]] for key, mask in enumerate(masks)]
    return marks[np.array(keys, np.bool_).reshape(2, -1).all(0)]


def _similarity(start: Floats, end: Floats) -> Floats:
    """The turn, growth and shift that bring places (n, 2) nearest to others (least squares)."""
    middle, goal = start.mean(0), end.mean(0)
    first, second = complexes(start - middle), complexes(end - goal)
    spin = complex((first.conj() @ second) / max(float(np.square(np.abs(first)).sum()), NOTHING))
    return affine(spun(spin), middle, goal - middle)


def _in_a_row(places: Floats) -> bool:
    """Whether places (n, 2) lie all but in a line."""
    extents = np.linalg.svd(places - places.mean(0), compute_uv=False)
    return bool(extents[1] < FLAT * extents[0])


def _detail(picture: Plane, cut: Pieces, number: int, place: Floats) -> bool:
    """Whether a place on a piece is on something within its outline that is no piece, as the line of a mouth."""
    x, y = np.clip(np.round(place).astype(int), 0, np.array(cut.labels.shape)[::-1] - 1)
    around = slice(max(0, y - HAND), y + HAND + 1), slice(max(0, x - HAND), x + HAND + 1)
    apart = max_difference(picture[around], cut.colour[number - 1])
    if apart.max() < DETAIL:
        return False
    own = (cut.labels == number).view(np.uint8)
    outlines, _ = cv2.findContours(own, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return max(cv2.pointPolygonTest(outline, (float(x), float(y)), True) for outline in outlines) > INSIDE


def _number(labels: NDArray[Any], place: Floats) -> int:
    """What labels or a mask (H, W) have at a place, or else nearest to it; 0 where that is out of reach."""
    x, y = np.round(place).astype(int)
    part = slice(max(0, y - REACH), max(0, y + REACH + 1)), slice(max(0, x - REACH), max(0, x + REACH + 1))
    rows, columns = np.nonzero(labels[part])
    away = np.hypot(rows + part[0].start - place[1], columns + part[1].start - place[0])
    if not len(away) or away.min() > REACH:
        return 0
    nearest = away.argmin()
    return int(labels[part][rows[nearest], columns[nearest]])
