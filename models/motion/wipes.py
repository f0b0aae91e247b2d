"""What a wipe or an iris does: an even part of a picture grows over all that is there, or draws back off it.

It is no piece that goes anywhere: one key shows it where the other one does, and farther. Optical flow finds nothing
alike in what it covers or uncovers.

Pictures are float32 (H, W, 4), premultiplied, display-referred, 0 to 1.
"""

from collections.abc import Iterator

import cv2
import numpy as np

from inbetween.models.motion.affine import Floats, affine
from inbetween.models.motion.ground import Parts
from inbetween.models.motion.masks import Labels, Mask, dilated
from inbetween.models.motion.regions import SOFT_EDGE
from inbetween.models.motion.verification import LOST_DIFFERENCE
from inbetween.models.warp import Plane

WITHIN_SHARE = 0.9
"""Share of the smaller outline that lies within the larger one, and share of all of its colour there that it is."""
AS_LARGE = 0.9
"""Share of the larger one that the smaller one is at most."""
COVERED_SHARE = 0.9
"""Share of what is covered in one key alone that the flows bring to something else, in both keys."""
SAME_FORM = 0.95
"""Share of both outlines together that they share once one is enlarged: then they are of one form."""
LARGEST, HALVINGS = 8.0, 12
"""Times that the larger one is as long and wide at most, and how closely that is found."""


def swept(
    parts: tuple[Parts, Parts], grounds: tuple[Labels, Labels], wrong: tuple[Plane, Plane]
) -> Iterator[tuple[Mask, Mask, Floats]]:
    """Where either key shows what grows or draws back, (H, W), and the affine map (2, 3) from the start to the end.

    `parts` are those of both keys, of which at least one of each two is of its `grounds` (H, W), else both are pieces;
    `wrong` (H, W) is how different the flow from either to the other leaves them, of 1.
    """
    one, other = parts
    both = np.where(one.alike(other), one.shared(other), 0.0)
    for first, second in np.argwhere(both > WITHIN_SHARE * np.minimum(one.size[:, None], other.size[None])):
        masks = one.labels == first, other.labels == second
        larger = int(other.size[second] > one.size[first])
        colour = both[first] if larger == 0 else both[:, second]
        sizes = one.size[first], other.size[second]
        as_large = min(sizes) > AS_LARGE * max(sizes)
        if as_large or both[first, second] < WITHIN_SHARE * colour.sum() or masks[larger].all():
            continue
        if not (grounds[larger][masks[larger]] > 0).any():
            continue
        band = masks[larger] & ~masks[1 - larger]
        if min(np.mean(unlike[band] > LOST_DIFFERENCE) for unlike in wrong) > COVERED_SHARE:
            whole = [dilated(mask, SOFT_EDGE) for mask in masks]
            yield whole[0], whole[1], _grown(whole[0], whole[1])


def _grown(start: Mask, end: Mask) -> Floats:
    """The map (2, 3) that enlarges one outline to the other where they are of one form, else none."""
    small, large = sorted((start, end), key=np.count_nonzero)
    if small[[0, -1]].any() or small[:, [0, -1]].any():  # its form goes on beyond the frame
        return np.eye(2, 3)
    rows, columns = np.nonzero(small)
    middle = np.array((columns.mean(), rows.mean()))
    least, most = 1.0, LARGEST
    for _ in range(HALVINGS):
        growth = (least * most) ** 0.5
        covered = _enlarged(small, middle, growth)
        least, most = (growth, most) if np.count_nonzero(covered) < np.count_nonzero(large) else (least, growth)
    if np.count_nonzero(covered & large) < SAME_FORM * np.count_nonzero(covered | large):
        return np.eye(2, 3)
    return affine(np.eye(2) * (growth if small is start else 1 / growth), middle, np.zeros(2))


def _enlarged(mask: Mask, middle: Floats, growth: float) -> Mask:
    """A mask as many times as large around a middle (2,), x and y; cut off by the frame."""
    way = affine(np.eye(2) * growth, middle, np.zeros(2))
    return np.asarray(cv2.warpAffine(mask.view(np.uint8), way, mask.shape[::-1])).view(np.bool_)
