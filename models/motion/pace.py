"""How fast the pixels of whole things move at either key, as the gaps beside it ask.

Inside an even piece optical flow says nothing, and its outline is lost where that goes far within a blank surface. So
what is stretched on its way, as a bar that grows, goes as a whole, and its outline to its outline.

Flows are float32 (H, W, 2) in pixels, masks bool (H, W).
"""

from collections.abc import Iterable

import numpy as np

from inbetween.models.motion.affine import Floats, inverse, mapped
from inbetween.models.motion.masks import Mask, dilated, part_of_mask
from inbetween.models.motion.shapes import SOFT, Shape, shape
from inbetween.models.warp import Plane

SAME_FLOW = 2.0
"""Pixels within which two flows mean the same: then optical flow is more exact than the motion of a whole."""


def paced(
    flows: tuple[Plane, Plane], taken: tuple[Mask, Mask], things: Iterable[tuple[tuple[Mask, Mask], Floats]]
) -> tuple[Plane, Plane]:
    """The flows from either key to the other one, with the motion of whole things, even pieces, in place of theirs.

    Of each thing its mask in both keys and the affine map (2, 3) from the start to the end. What is around it, within
    its soft edge, goes along, if that is not `taken`.
    """
    found = flows[0].copy(), flows[1].copy()
    for masks, way in things:
        first, second = (shape(mask) for mask in masks)
        if first is not None and second is not None:
            _go(found[0], masks[0], taken[0], (first, second), way)
            _go(found[1], masks[1], taken[1], (second, first), inverse(way))
    return found


def _go(flow: Plane, mask: Mask, taken: Mask, shapes: tuple[Shape, Shape], way: Floats) -> None:
    """Let what fills a mask go along an affine map (2, 3), to as deep inside the other shape as it is in its own."""
    part, (own, other) = part_of_mask(mask, int(SOFT)), shapes
    goes = mask[part] | (dilated(mask[part], int(SOFT)) & ~taken[part])
    here = np.argwhere(goes)[:, ::-1] + np.array((part[1].start, part[0].start))
    there = mapped(here, way).astype(np.float32)
    led = other.sunk(there, other.outside(there), own.outside(here.astype(np.float32)), SOFT) - here
    usual = flow[part][goes]
    same = np.abs(led - usual).max(-1, keepdims=True) < SAME_FLOW
    flow[part][goes] = np.where(same, usual, led)
