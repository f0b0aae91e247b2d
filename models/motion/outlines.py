"""The outlines of carried pieces: ink that is a piece of its own, or a seam between some, goes with what it surrounds.

All outlines of a drawing hang together, and no one motion explains them. So each pixel of ink goes with the nearest
piece whose motion brings it to ink of the other key. So does that of a line between two pieces, of which either was cut
out with a half: whole, it belongs to the one that lies on top.

Labels are uint8 (H, W), the numbers of carried pieces, from 1; masks bool (H, W).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inbetween.models.motion.deformation import PointMap
from inbetween.models.motion.masks import Mask, Numbers, inner_distance, outer_distance, part_of_mask
from inbetween.models.motion.regions import THIN_HALF_WIDTH, Pieces
from inbetween.models.warp import Part, Plane, labels_at

INK_REACH = 11
"""Pixels from a piece in which its outline lies."""
GOING_SHARE = 0.6, 0.9
"""Share of the ink around a piece that must go with it, or none does; and around a thin one."""


def outlined(
    cut: tuple[Pieces, Pieces], labels: tuple[Numbers, Numbers], going: Sequence[PointMap]
) -> tuple[Numbers, Numbers]:
    """The labels of both keys with the outlines of each piece; `going` tells how they go.

    What goes with none stays whose it was.
    """
    edges = [(each.labels > 0) & ~each.inside for each in cut]
    bare = [np.where(edge, np.uint8(0), label) for edge, label in zip(edges, labels, strict=True)]
    drawn = [_ink(each, label) | edge for each, label, edge in zip(cut, labels, edges, strict=True)]
    found = _inked((bare[0], bare[1]), (drawn[0], drawn[1]), going)
    first, second = (np.where(edge & (new == 0), old, new) for edge, new, old in zip(edges, found, labels, strict=True))
    return first, second


def _ink(cut: Pieces, labels: Numbers) -> Mask:
    """Where a picture that is cut in pieces has thin ones that are not carried."""
    return np.asarray(np.append(False, cut.thin)[cut.labels] & (labels == 0))


def _inked(
    labels: tuple[Numbers, Numbers], drawn: tuple[Mask, Mask], going: Sequence[PointMap]
) -> tuple[Numbers, Numbers]:
    """The labels of both keys with what of the ink, `drawn`, goes with each piece; `going` tells how they go.

    With a thin piece, as a letter, goes what is around it if nearly all does; so with a shade along an outline none.
    """
    result = labels[0].copy(), labels[1].copy()
    nearest = [np.full(label.shape, np.inf, np.float32) for label in labels]
    for number, led in enumerate(going, start=1):
        around = [_around(labels[key] == number, drawn, key, led) for key in (0, 1)]
        thin = max(each.half for each in around) <= THIN_HALF_WIDTH
        if sum(each.goes for each in around) <= GOING_SHARE[thin] * sum(each.ink for each in around):
            continue
        for label, least, each in zip(result, nearest, around, strict=True):
            closer = each.away < least[each.part]
            least[each.part][closer] = each.away[closer]
            label[each.part][closer] = number
    return result


@dataclass(frozen=True)
class _Around:
    """The ink around a piece in a key."""

    part: Part
    """Of the frame."""
    away: Plane
    """(h, w): how far from the piece what goes with it is; infinite elsewhere."""
    ink: int
    """How many pixels there are of it."""
    goes: int
    """How many of them go with the piece."""
    half: float
    """Half the width of the piece."""


def _around(own: Mask, drawn: tuple[Mask, Mask], key: int, led: PointMap) -> _Around:
    """The ink around a piece (H, W) in a key, 0 or 1; `led` tells where it goes with the piece."""
    if not own.any():
        return _Around((slice(0), slice(0)), np.zeros((0, 0), np.float32), 0, 0, 0.0)
    part = part_of_mask(own, INK_REACH)
    top, left = part[0].start, part[1].start
    away = outer_distance(own[part])
    y, x = np.nonzero(drawn[key][part] & (away <= INK_REACH))
    there = led(np.stack((x + left, y + top), 1), key) if len(y) else np.zeros((0, 2))
    goes = labels_at(drawn[1 - key].view(np.uint8), there.astype(np.float32)) > 0
    far = np.full(away.shape, np.inf, np.float32)
    far[y[goes], x[goes]] = away[y[goes], x[goes]]
    half = float(inner_distance(own[part]).max())
    return _Around(part, far, len(y), int(np.count_nonzero(goes)), half)
