"""The lines of a drawing: where optical flow has lost them, all of them together bend to those of the other key.

Pictures are float32 (H, W, 4), premultiplied, display-referred, 0 to 1; masks bool (H, W).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from inbetween.models.motion.deformation import Deformation
from inbetween.models.motion.regions import Mask, Pieces, nearest
from inbetween.models.motion.registration import Expected, registered, share
from inbetween.models.warp import Plane

PEN = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (11, 11))
"""What is narrower is a line."""
CONTRAST = 0.2
"""Difference of colour or coverage, of 1, from both its sides that a line has at least."""
SMALLEST, LONG = 40, 12.0
"""Pixels of the smallest line, and how many it has at least per square of half its width."""
LINES = 0.6
"""Share of a piece that is narrow, above which the piece is part of a line."""
LOST = 0.2
"""Share of a line that the flows have lost at least."""
LIKE = 0.25
"""Difference of colour or coverage, of 1, from that of most up to which lines are drawn with one pen."""
BESIDE, PAPER, ON_PAPER = (3, 6), 0.1, 0.45
"""Pixels from a line between which is what it is drawn on; difference from the usual colour of that, of 1, up to which
it is paper; and share of that around a line which is paper at least: other lines are outlines, and go with theirs."""
MOST = 0.06
"""Share of the frame that lines fill at most: more of it is texture."""
TOLD = 0.9
"""Share of the lines of either key that must come to lie on those of the other."""
RIM = np.ones((3, 3), np.uint8)


def bent_lines(
    pictures: tuple[Plane, Plane],
    cut: tuple[Pieces, Pieces],
    lost: tuple[Mask, Mask],
    free: tuple[Mask, Mask],
    expected: Expected,
) -> tuple[tuple[Mask, Mask], Deformation] | None:
    """Where both keys have lines that bend, and how they do; None if there are none, or they are not the same.

    `lost` is what the flows from either key have lost; of what is not `free` it is known where it goes.
    """
    start, end = (_lines(*each) for each in zip(pictures, cut, lost, free, strict=True))
    if not start.any() or not end.any():
        return None
    pens = [np.median(picture[mask], axis=0) for picture, mask in zip(pictures, (start, end), strict=True)]
    found = registered(start, end, expected) if np.abs(pens[0] - pens[1]).max() < LIKE else None
    if found is None or share(found[1], (start, end)) < TOLD:
        return None
    first, second = (
        cv2.dilate(line.view(np.uint8), RIM).view(np.bool_) & loose for line, loose in zip(found[1], free, strict=True)
    )
    return (first, second), found[0]


def _lines(picture: Plane, cut: Pieces, lost: Mask, free: Mask) -> Mask:
    """The lines of a picture that are lost, of one pen."""
    small = np.asarray(picture * 255, np.uint8)
    hats = (np.asarray(cv2.morphologyEx(small, kind, PEN)) for kind in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT))
    thin = (np.maximum(*hats).max(-1) > CONTRAST * 255) & free
    narrow = np.bincount(cut.labels.ravel(), thin.ravel(), len(cut.area) + 1)[1:] > LINES * cut.area
    thin &= np.append(True, narrow)[cut.labels]
    _, label, stats, _ = cv2.connectedComponentsWithStats(thin.view(np.uint8), connectivity=8)
    kept = _on_paper(picture, np.where(_kept(thin, label, stats[:, cv2.CC_STAT_AREA], lost), label, 0), len(stats))
    if not kept.any() or kept.mean() > MOST:
        return np.zeros_like(thin)
    return np.asarray(kept & (np.abs(picture - np.median(picture[kept], axis=0)).max(-1) < LIKE))


def _on_paper(picture: Plane, label: NDArray[np.int32], count: int) -> Mask:
    """Those of some lines, by their numbers from 1 in `label` (H, W), that are drawn on paper."""
    if not label.any():
        return np.zeros(label.shape, np.bool_)
    far, source = nearest(label > 0)
    beside = (far > BESIDE[0]) & (far <= BESIDE[1])
    seen, owner = picture[beside], label.ravel()[source[beside]]
    paper = np.abs(seen - np.median(seen, axis=0)).max(-1) < PAPER
    share = np.bincount(owner, paper, count) / np.maximum(np.bincount(owner, minlength=count), 1)
    return np.asarray((share > ON_PAPER)[label] & (label > 0))


def _kept(thin: Mask, label: NDArray[np.int32], area: NDArray[np.int32], lost: Mask) -> Mask:
    """Those of some narrow things, by their numbers from 1 in `label` (H, W), that are long and lost."""
    half = np.zeros(len(area), np.float32)
    np.maximum.at(half, label.ravel(), cv2.distanceTransform(thin.view(np.uint8), cv2.DIST_L2, 3).ravel())
    astray = np.bincount(label.ravel(), lost.ravel(), len(area)) / area
    kept = (area >= SMALLEST) & (area > LONG * half**2) & (astray > LOST)
    kept[0] = False
    return np.asarray(kept[label])
