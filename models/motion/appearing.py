"""What one key alone has: things that appear or vanish in their place.

Pictures are float32 (H, W, 4), premultiplied, display-referred, 0 to 1.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from inbetween.models.arrays import max_difference
from inbetween.models.motion.masks import Mask, dilated, part_of_component
from inbetween.models.motion.regions import COLOUR_CHANGE, EDGE_RANGE, OUTLINE_REACH, SOFT_EDGE, Pieces
from inbetween.models.motion.verification import vanished
from inbetween.models.warp import Part, Plane

BUSY_AROUND, BUSY_PER_PIXEL = 0.25, 0.04
"""Pixels that change around something, per pixel around it and per pixel of its own, below which it appears or vanishes
in its place all the same: something else passes by."""
SIZES = (0.75, 0.5, 0.25)
PASSING = 0.05
"""Share of something that shrinks, seen at these sizes, that may pass over what stays; more of it, and it fades."""


def lone(
    picture: Plane, cut: Pieces, names: NDArray[np.intp], wrong: Plane, still: Plane, known: Mask
) -> Iterator[tuple[Part, Mask, bool]]:
    """The things of a key that appear or vanish where they are: hardly anything changes around them.

    They are of pieces that it alone has, by their `names` (n,), and of what is too large to be a piece. Each is given
    as a part of the frame, which pixels of it, and whether it fades: where it would pass over something that stays,
    rather than grow or shrink. `wrong` (H, W) is what the flow to the other key leaves unlike, `still` what no motion
    at all does, of 1. What became of `known` (H, W) is known.
    """
    gone = (np.isin(cut.labels, names + 1) | _lost_grounds(cut, wrong, still)) & ~known
    _, groups, stats, _ = cv2.connectedComponentsWithStats(dilated(gone, 1).view(np.uint8), connectivity=8)
    for group in range(1, len(stats)):
        part = part_of_component(stats[group], OUTLINE_REACH, gone.shape)
        whole = groups[part] == group
        ring = dilated(whole, OUTLINE_REACH) & ~whole
        if ring.any() and _stays_there(whole, still[part][ring]):
            yield part, whole, _passes_over(picture[part], whole, ring)


def _lost_grounds(cut: Pieces, wrong: Plane, still: Plane) -> Mask:
    """The grounds of a key, with their soft edges, of which the other key has nothing."""
    gone = vanished(cut.grounds, wrong, still)
    gone[0] = False
    return dilated(gone[cut.grounds], SOFT_EDGE)


def _stays_there(whole: Mask, change: Plane) -> bool:
    """Whether so little changes around something, by `change` (n,), that it appears or vanishes in its place."""
    busy = change > EDGE_RANGE / 255
    few = busy.mean() < BUSY_AROUND and busy.sum() < BUSY_PER_PIXEL * whole.sum()
    return bool(change.mean() < COLOUR_CHANGE or few)


def _passes_over(picture: Plane, whole: Mask, ring: Mask) -> bool:
    """Whether what shrinks into its middle would pass over something that stays: not its ground, as in `ring`."""
    ground = np.median(picture[ring], axis=0)
    stays = ~whole & (max_difference(picture, ground) > EDGE_RANGE / 255)
    places = np.argwhere(whole)
    middle = (places.min(0) + places.max(0)) / 2
    shrunk = (np.rint(middle + size * (places - middle)).astype(np.intp) for size in SIZES)
    return bool(np.mean([stays[tuple(place.T)].mean() for place in shrunk]) > PASSING)
