"""Optical flow led by marks: where an artist says that a point went, it is looked for there as well.

Optical flow finds what is near. So around each mark it is looked for once more from where the mark leads, and every
pixel takes the proposal under which the keys look more alike around it (fusion moves: Lempitsky, Roth and Rother 2008,
"FusionFlow"); right beside a mark also one that fits a little less, since of equal things the artist knows which is
which. What has no even pieces, as a painted thing, is cut out by that: all that follows a mark goes as one.

Marks are float64 (n, 2, 2): by mark and key, x and y in pixels of the grey copies. Flows are float32 (h, w, 2) in
pixels; grey pictures uint8 (h, w).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from inbetween.models.arrays import channel_max, max_difference
from inbetween.models.motion.affine import Floats, inverse, mapped
from inbetween.models.motion.course import fitted_way
from inbetween.models.motion.marked import HAND, NO_MARKS
from inbetween.models.motion.masks import Mask, Numbers, components, diagonal
from inbetween.models.optical import Grey, Motion, dense, loop_error, unlikeness
from inbetween.models.warp import Part, Plane, fetched_along, fetched_at, labels_at

AGREED = 2.0
"""Pixels by which flow and a mark differ at most where the mark says nothing new."""
RADIUS, WINDOW = 0.06, 3.0
"""Diagonals of the frame at which a mark tells 1/e of what it does right there; and such radii around it in which flow
is looked for from where it leads."""
SMALLEST = 16
"""Pixels of the sides of the smallest part of a frame in which flow is looked for."""
HEED, FITTING, MARGIN = 60.0, 25.0, 2.0
"""Steps of 255 by which a proposal may look worse than what was known, right at its mark, if it fits exactly; steps by
which it misses that at 1/e of this; and by which it must look better where its mark has nothing to say."""
LOOP, MOST_LOOP = 2.0, 5.0
"""Steps of 255 that each pixel counts by which a flow fails to lead back, and the most of such pixels."""
AIM = np.ones((2 * HAND + 1, 2 * HAND + 1), np.uint8)
"""Pixels around a mark in which a hand may have meant it."""
BRUSH = np.ones((5, 5), np.uint8)
"""Pixels within which something painted changes, and wider than which what follows a mark is everywhere."""
PAINTED_RANGE, PAINTED_SHARE = 2 / 255, 0.8
"""By how much, of 1, it does so at least, and in which share of it."""
ALIKE = 0.1
"""Difference of colour, of 1, up to which both keys show the same."""
SMALLEST_PART = 60
"""Pixels of the smallest thing that is cut out."""


@dataclass(frozen=True)
class Told:
    """What an artist tells of two keys."""

    marks: Floats
    followed: tuple[Numbers, Numbers]
    """(h, w) of either key: the number of the mark, from 1, whose proposal a pixel took; 0 where none."""

    def parts(
        self, pictures: tuple[Plane, Plane], flows: tuple[Plane, Plane], taken: tuple[Mask, Mask]
    ) -> Iterator[tuple[tuple[Mask, Mask], Floats]]:
        """Painted things that follow a mark: where both keys (h, w, 4) show each, and its map, (2, 3).

        `flows` are those that took the proposals; what is `taken` (h, w) is known to go otherwise.
        """
        for number, mark in enumerate(self.marks, start=1):
            one, other = ((followed == number) & ~known for followed, known in zip(self.followed, taken, strict=True))
            if not one.any() or not other.any():
                continue
            rows, columns = np.nonzero(one)
            places = np.stack((columns, rows), 1).astype(np.float64)
            way = fitted_way(places, flows[0][rows, columns].astype(np.float64))
            here, there = _arriving(pictures, (one, other), way), _arriving(pictures[::-1], (other, one), inverse(way))
            both = _around(here, mark[0]), _around(there, mark[1])
            if all(_painted(picture, mask) for picture, mask in zip(pictures, both, strict=True)):
                yield both, way


UNTOLD = Told(NO_MARKS, (np.zeros((0, 0), np.uint8), np.zeros((0, 0), np.uint8)))


def news(marks: Floats, flows: tuple[Plane, Plane], labels: tuple[Numbers, Numbers]) -> Mask:
    """Which marks, (n,), say anything else than what is known, as far as a hand is steady on either key.

    It is known where carried things go, by their `labels` (h, w) in both keys and the flows between these; if the hand
    can have meant nothing else.
    """
    whole = [np.where(cv2.erode(label, AIM) == cv2.dilate(label, AIM), label, 0).astype(np.uint8) for label in labels]
    of = [labels_at(label, marks[:, key].astype(np.float32)) for key, label in enumerate(whole)]
    missed = [fetched_at(flow, marks[:, key]) - (marks[:, 1 - key] - marks[:, key]) for key, flow in enumerate(flows)]
    agreed = np.abs(missed).max(axis=(0, 2), initial=0) <= 2 * HAND
    return np.asarray(~(agreed & (of[0] > 0) & (of[0] == of[1])))


def led(motion: Motion, greys: tuple[Grey, Grey], marks: Floats, new: Mask) -> tuple[Motion, Told]:
    """Motion between two grey pictures, with what `new` marks propose in its place where that is nearer to the seen.

    The other marks (n,) say what is known.
    """
    flows = motion.flows[0].copy(), motion.flows[1].copy()
    followed = np.zeros(greys[0].shape, np.uint8), np.zeros(greys[0].shape, np.uint8)
    for key in (0, 1):
        own, other = greys[key], greys[1 - key]
        unlike = unlikeness(motion.greys[key], fetched_along(motion.greys[1 - key], flows[key]))
        cost = unlike + LOOP * np.minimum(motion.loop_errors[key], MOST_LOOP)
        for number, mark in enumerate(marks[: np.iinfo(np.uint8).max, [key, 1 - key]], start=1):
            if new[number - 1] and np.abs(fetched_at(flows[key], mark[:1])[0] - (mark[1] - mark[0])).max() > AGREED:
                for part, proposed, missed in _proposals(own, other, mark):
                    heed = HEED * _near(mark[0], part, own.shape) * np.exp(-np.square(missed / FITTING))
                    worth = missed + MARGIN - heed
                    better = worth < cost[part]
                    flows[key][part][better] = proposed[better]
                    followed[key][part][better] = number
                    cost[part] = np.minimum(cost[part], worth)
    loop_errors = loop_error(*flows), loop_error(*flows[::-1])
    return Motion(motion.greys, flows, loop_errors), Told(marks, followed)


def _proposals(own: Grey, other: Grey, mark: Floats) -> Iterator[tuple[Part, Plane, Plane]]:
    """Flows to another grey picture around a mark (2, 2): a part of the frame, the flow, and how unlike the keys look.

    Once as far as the mark goes, and once as optical flow leads from there.
    """
    height, width = own.shape
    shift = np.round(mark[1] - mark[0]).astype(int)
    reach = round(WINDOW * RADIUS * diagonal(own.shape))
    x, y = np.round(mark[0]).astype(int)
    left, top = max(0, x - reach, -shift[0]), max(0, y - reach, -shift[1])
    right, bottom = min(width, x + reach, width - shift[0]), min(height, y + reach, height - shift[1])
    if right - left < SMALLEST or bottom - top < SMALLEST:
        return
    part = slice(top, bottom), slice(left, right)
    there = np.ascontiguousarray(other[top + shift[1] : bottom + shift[1], left + shift[0] : right + shift[0]])
    here = np.ascontiguousarray(own[part])
    straight = np.full((*here.shape, 2), mark[1] - mark[0] - shift, np.float32)
    for flow in (straight, dense(here, there)):
        missed = unlikeness(here.astype(np.float32), fetched_along(there.astype(np.float32), flow))
        yield part, flow + shift.astype(np.float32), missed


def _near(place: Floats, part: Part, size: tuple[int, ...]) -> Plane:
    """How near the pixels of a part of a frame are to a place, (h, w), 1 right there."""
    radius = RADIUS * diagonal(size)
    y, x = np.arange(part[0].start, part[0].stop)[:, None], np.arange(part[1].start, part[1].stop)
    return np.asarray(np.exp(-(np.square(x - place[0]) + np.square(y - place[1])) / radius**2), np.float32)


def _arriving(pictures: tuple[Plane, Plane], masks: tuple[Mask, Mask], way: Floats) -> Mask:
    """What of a picture (h, w, 4) within the first mask comes to lie on its like within the other by an affine map."""
    rows, columns = np.nonzero(masks[0])
    there = mapped(np.stack((columns, rows), 1), way).astype(np.float32)
    apart = max_difference(pictures[0][rows, columns], fetched_at(pictures[1], there))
    result = np.zeros_like(masks[0])
    result[rows, columns] = (labels_at(masks[1].view(np.uint8), there) > 0) & (apart < ALIKE)
    return np.asarray(cv2.morphologyEx(result.view(np.uint8), cv2.MORPH_CLOSE, BRUSH) > 0)


def _around(mask: Mask, place: Floats) -> Mask:
    """The connected part of a mask (h, w), without its fringes, that is nearest to a place."""
    label = components(cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_OPEN, BRUSH) > 0)
    rows, columns = np.nonzero(label)
    if not len(rows):
        return np.zeros_like(mask)
    nearest = np.hypot(columns - place[0], rows - place[1]).argmin()
    return np.asarray(label == label[rows[nearest], columns[nearest]])


def _painted(picture: Plane, mask: Mask) -> bool:
    """Whether hardly anything of a picture (h, w, 4) is even within a mask, which is large enough."""
    if np.count_nonzero(mask) < SMALLEST_PART:
        return False
    spread = np.asarray(cv2.dilate(picture, BRUSH)) - np.asarray(cv2.erode(picture, BRUSH))
    return bool((channel_max(spread)[mask] > PAINTED_RANGE).mean() >= PAINTED_SHARE)
