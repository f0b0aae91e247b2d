"""The lines of a drawing: where optical flow has lost them, all of them together bend to those of the other key.

Pictures are float32 (H, W, 4), premultiplied, display-referred, 0 to 1; masks bool (H, W).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inbetween.models.arrays import channel_max, max_difference
from inbetween.models.motion.affine import Floats
from inbetween.models.motion.deformation import Deformation
from inbetween.models.motion.marked import on
from inbetween.models.motion.masks import Mask, components, dilated, inner_distance, nearest
from inbetween.models.motion.regions import Pieces
from inbetween.models.motion.registration import Expected, registered, share
from inbetween.models.warp import Plane

PEN = np.ones((21, 21), np.uint8)
"""What this does not fit into, in pixels, is a line."""
CONTRAST = 0.2
"""Difference of colour or coverage, of 1, from both its sides that a line has at least."""
SMALLEST_LINE, SLENDER = 40, 12.0
"""Pixels of the smallest line, and how many it has at least per square of half its width."""
NARROW_SHARE = 0.6
"""Share of a piece that is narrow, above which the piece is part of a line."""
LOST_SHARE, MOSTLY_LOST = 0.2, 0.7
"""Share of a line that the flow has lost, at least, for the line to be lost; and share of all lines that are lost in
either key, at least, for all to bend if those that are lost explain too little."""
REACHES = 0.5, 0.25
"""See `registered`."""
PEN_DIFFERENCE = 0.25
"""Difference of colour or coverage, of 1, from that of most up to which lines are drawn with one pen."""
PAPER_RING, PAPER, ON_PAPER = (3, 6), 0.1, 0.45
"""Pixels from a line between which is what it is drawn on; difference from the usual colour of that, of 1, up to which
it is paper; and share of that around a line which is paper at least: other lines are outlines, and go with theirs."""
MOST_INK, MOST_LINES = 0.06, 60
"""Share of the frame that lines fill at most, and how many of them there are: more of them are texture, or writing."""
LINES_TOLD = 0.9
"""Share of the lines of either key that must come to lie on those of the other."""
LINE_EDGE = 1
"""Pixels by which a line is grown to have its soft edge too."""


def bent_lines(
    pictures: tuple[Plane, Plane],
    cut: tuple[Pieces, Pieces],
    flow_lost: tuple[Mask, Mask],
    free: tuple[Mask, Mask],
    expected: Expected,
    marks: Floats,
) -> tuple[tuple[Mask, Mask], Deformation] | None:
    """Where both keys have lines that bend, and how they do; None if there are none, or they are not the same.

    `flow_lost` is what the flows from either key have lost; of what is not `free` it is known where it goes.
    """
    if not all((astray & loose).any() for astray, loose in zip(flow_lost, free, strict=True)):
        return None
    both = [_Lines.of(*each) for each in zip(pictures, cut, flow_lost, free, strict=True)]
    some, every = ((both[0].lost_lines(least), both[1].lost_lines(least)) for least in (LOST_SHARE, 0))
    found = _bent(pictures, some, expected, marks)
    if found is None and _most(some, every):
        found = _bent(pictures, every, expected, marks)
    if found is None:
        return None
    bent, (first, second) = found
    return (dilated(first, LINE_EDGE) & free[0], dilated(second, LINE_EDGE) & free[1]), bent


def _most(some: tuple[Mask, Mask], every: tuple[Mask, Mask]) -> bool:
    """Whether some lines are most of all lines of either key, but not all of both."""
    ours, all_ = ([np.count_nonzero(mask) for mask in masks] for masks in (some, every))
    return ours != all_ and any(one > MOSTLY_LOST * other for one, other in zip(ours, all_, strict=True))


def _bent(
    pictures: tuple[Plane, Plane], lines: tuple[Mask, Mask], expected: Expected, marks: Floats
) -> tuple[Deformation, tuple[Mask, Mask]] | None:
    """How some lines bend to those of the other key, and which of their pixels do; None if most do not."""
    if not lines[0].any() or not lines[1].any():
        return None
    pens = [np.median(picture[mask], axis=0) for picture, mask in zip(pictures, lines, strict=True)]
    if np.abs(pens[0] - pens[1]).max() >= PEN_DIFFERENCE:
        return None
    found = registered(*lines, expected, REACHES, on(lines, marks))
    return found if found and share(found[1], lines) >= LINES_TOLD else None


@dataclass(frozen=True)
class _Lines:
    """The lines of a picture that are drawn on paper, with one pen."""

    label: NDArray[np.int32]
    """(H, W): their numbers, from 1; 0 elsewhere."""
    astray: Floats
    """(n,): the share of each that the flow has lost."""

    @classmethod
    def of(cls, picture: Plane, cut: Pieces, flow_lost: Mask, free: Mask) -> "_Lines":
        """The lines of a picture among what is `free`, (H, W)."""
        small = np.asarray(picture * 255, np.uint8)
        hats = (np.asarray(cv2.morphologyEx(small, kind, PEN)) for kind in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT))
        thin = (channel_max(np.maximum(*hats)) > CONTRAST * 255) & free
        narrow = np.bincount(cut.labels.ravel(), thin.ravel(), len(cut.area) + 1)[1:] > NARROW_SHARE * cut.area
        thin &= np.append(True, narrow)[cut.labels]
        label = _long(thin)
        label = np.where(_on_paper(picture, label)[label], label, 0)
        label = _long(_one_pen(picture, label > 0))
        area, astray = (np.bincount(label.ravel(), weights) for weights in (None, flow_lost.ravel()))
        return cls(label, astray / np.maximum(area, 1))

    def lost_lines(self, least: float) -> Mask:
        """Where the lines are, (H, W), of which the flow has lost such a share or more; none if they are too many."""
        chosen = self.astray >= least
        kept = (self.label > 0) & chosen[self.label]
        many = kept.mean() > MOST_INK or len(np.unique(self.label[kept])) > MOST_LINES
        return np.zeros_like(kept) if many else kept


def _long(thin: Mask) -> NDArray[np.int32]:
    """Which of some narrow things are long: their numbers, from 1, (H, W)."""
    label = components(thin)
    area = np.bincount(label.ravel())
    half = np.zeros(len(area))
    np.maximum.at(half, label[thin], inner_distance(thin)[thin])
    long = (area >= SMALLEST_LINE) & (area > SLENDER * half**2)
    long[0] = False
    return np.where(long[label], label, 0)


def _on_paper(picture: Plane, label: NDArray[np.int32]) -> Mask:
    """Which of some lines, by their numbers from 1 in `label` (H, W), are drawn on paper, (n,); 0 is none."""
    count = int(label.max()) + 1
    if count == 1:
        return np.zeros(count, np.bool_)
    far, source = nearest(label > 0)
    beside = (far > PAPER_RING[0]) & (far <= PAPER_RING[1])
    seen, owner = picture[beside], label.ravel()[source[beside]]
    paper = max_difference(seen, np.median(seen, axis=0)) < PAPER
    return np.bincount(owner, paper, count) > ON_PAPER * np.bincount(owner, minlength=count)


def _one_pen(picture: Plane, lines: Mask) -> Mask:
    """Lines without what has not the colour of most."""
    if not lines.any():
        return lines
    return np.asarray(lines & (max_difference(picture, np.median(picture[lines], axis=0)) < PEN_DIFFERENCE))
