"""Grounds that change their colour: even parts of a picture that stay where they are, whatever passes over them.

A sheet of white that becomes blue has nothing in common with itself, and all that stands on it has other edges than
before. So before motion is looked for, the end is painted in the colours of the start, edges and all; and at any time
between the keys a ground is shown in the mixture of its colours, also where one of the keys hides it: that key's
nearest pixel of the same ground stands in.

Pictures are float32 (H, W, 4), premultiplied, display-referred, 0 to 1; flows float32 (H, W, 2) in pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from inbetween.models.arrays import channel_max, max_difference
from inbetween.models.curve import Ways
from inbetween.models.motion.affine import Floats
from inbetween.models.motion.masks import Labels, Mask, dilated, nearest
from inbetween.models.motion.regions import even_parts
from inbetween.models.warp import Plane, labels_at, pixels

SMALLEST_SHARE, FEWEST_PIXELS = 0.01, 500
"""Share of the frame, and pixels, that a ground covers at least."""
STAYS, FILLS = 0.6, 0.9
"""Share of either ground that the other one must cover; and if one fills the frame: else it came over the other."""
OTHER_GROUND = 0.05
"""Difference of colour or coverage, of 1, from which on a ground has another colour."""
CHANGE_SPREAD, CHANGED_SHARE = 0.5, 0.9
"""Share of the usual change by which a pixel's own may differ from it, and share of a ground that must so change."""
TIMES = 2.0
"""Times that a ground may have become as large or small, if it is somewhere else and of the same colour."""
MIXED_REACH = 4
"""Pixels around a ground in which the edges of what stands on it are mixed with its colour."""


@dataclass(frozen=True)
class Ground:
    """One that has another colour in the end."""

    masks: tuple[Mask, Mask]
    """(H, W): where either key shows it."""
    sources: tuple[Labels, Labels]
    """(H, W): the flat index of the nearest pixel of it, in either key."""


def changed(start: Plane, end: Plane, lit: tuple[Plane, Plane] | None = None) -> list[Ground]:
    """The grounds that change their colour between two pictures; `lit` are both in one light, if theirs differs."""
    one, other = (large_parts(picture) for picture in lit or (start, end))
    both = one.shared(other)
    shared = both / np.maximum(one.size[:, None], other.size[None])
    alike = one.alike(other)
    shared[_elsewhere(one, other, alike, both) & ~alike] = 0
    fills = (one.size == one.labels.size)[:, None] | (other.size == other.labels.size)[None]
    shared[fills & (shared < FILLS)] = 0
    found = []
    for first, second in np.argwhere(shared[1:, 1:] > STAYS) + 1:
        masks = one.labels == first, other.labels == second
        here = masks[0] & masks[1]
        if _one_change(start[here], end[here]):
            found.append(Ground(masks, (nearest(masks[0])[1], nearest(masks[1])[1])))
    return found


def _one_change(before: Plane, after: Plane) -> bool:
    """Whether some pixels (n, 4) change, all alike: a picture that moves does not."""
    change = after - before
    usual = np.median(change, axis=0)
    apart = max_difference(change, usual)
    changes, alike = channel_max(np.abs(change)) > OTHER_GROUND, apart < CHANGE_SPREAD * np.abs(usual).max()
    return bool(np.mean(changes & alike) > CHANGED_SHARE)


def painted(start: Plane, end: Plane, grounds: Sequence[Ground]) -> Plane:
    """The end with its grounds in the colours that they have in the start."""
    result = end.copy()
    for ground in grounds:
        _, source = nearest(ground.masks[0] & ground.masks[1])
        own, goal = (picture.reshape(-1, 4)[source] for picture in (end, start))
        near = dilated(ground.masks[1], MIXED_REACH)
        apart = max_difference(end, own)
        most = np.asarray(cv2.dilate(np.where(near, apart, 0), np.ones((2 * MIXED_REACH + 1,) * 2, np.uint8)))
        share = np.where(ground.masks[1], 1, near * (1 - apart / np.maximum(most, OTHER_GROUND)))
        result += np.clip(share, 0, 1)[..., None] * (goal - own)
    return np.clip(result, 0, 1)


def shown(grounds: Sequence[Ground], ways: Ways, t: float) -> Ways:
    """The ways at time `t`, with every ground in the mixture of its colours wherever it is seen."""
    if not grounds:
        return ways
    to_start, to_end, share = (part.copy() for part in ways)
    here = pixels(share.shape)
    last = np.array(share.shape[::-1], np.float32) - 1
    for ground in grounds:
        there = [
            labels_at(mask.view(np.uint8), np.clip(here + flow, 0, last)) > 0
            for mask, flow in zip(ground.masks, (to_start, to_end), strict=True)
        ]
        seen = np.where(share >= 0.5, there[0], there[1])
        for flow, source, held in zip((to_start, to_end), ground.sources, there, strict=True):
            hidden = seen & ~held
            rows, columns = np.divmod(source[hidden], share.shape[1])
            flow[hidden] = np.stack((columns, rows), -1) - here[hidden]
        share[seen] = 1 - t
    return to_start, to_end, share


@dataclass(frozen=True)
class Parts:
    """The even parts of a picture that are large enough to be grounds; row i of each table is the one called i."""

    labels: Labels
    """(H, W); 0 elsewhere."""
    size: Floats
    """(n,): pixels."""
    colour: Floats
    """(n, 4): the mean."""

    def alike(self, other: "Parts") -> Mask:
        """Which parts of two pictures are of one colour, (n, m)."""
        return max_difference(self.colour[:, None], other.colour[None]) < OTHER_GROUND

    def shared(self, other: "Parts") -> Labels:
        """How many pixels the parts of two pictures share, (n, m)."""
        columns = len(other.size)
        both = np.bincount((self.labels * columns + other.labels).ravel(), minlength=len(self.size) * columns)
        return both.reshape(-1, columns)


def _elsewhere(one: Parts, other: Parts, alike: Mask, both: Labels) -> Mask:
    """Which pairs of parts, (n, m), are more likely other things: the other key has one of them as well, or what is
    left or has come so far of both.

    `alike` tells which are of one colour, `both` how many pixels they share.
    """
    ratio = one.size[:, None] / other.size[None]
    moved, grown = alike & (ratio < TIMES) & (ratio > 1 / TIMES), alike & (both > 0)
    (ones, others), (left, come) = ([np.any(found, axis=axis) for axis in (1, 0)] for found in (moved, grown))
    return np.asarray(ones[:, None] | others[None] | (left[:, None] & come[None]))


def large_parts(picture: Plane) -> Parts:
    """The even parts of a picture (H, W, 4)."""
    _, flat, stats = even_parts(np.asarray(picture * 255, np.uint8))
    large = stats[:, cv2.CC_STAT_AREA] > max(FEWEST_PIXELS, SMALLEST_SHARE * flat.size)
    large[0] = False
    labels = np.where(large, np.cumsum(large), 0)[flat]
    size = np.maximum(np.bincount(labels.ravel()), 1)
    colour = np.stack([np.bincount(labels.ravel(), picture[..., c].ravel()) for c in range(4)], 1) / size[:, None]
    colour[0] = np.nan  # like nothing
    return Parts(labels, size.astype(np.float64), colour)
