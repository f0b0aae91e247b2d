"""Masks and labels of a picture: grown, measured, taken apart, and looked up at places.

A mask is bool (H, W), labels are whole numbers (H, W), 0 for nothing. Places are x and y in pixels of the frame.
"""

from itertools import product
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inbetween.models.warp import Part, Plane

Labels = NDArray[np.intp]
Mask = NDArray[np.bool_]
Numbers = NDArray[np.uint8]
"""Labels, or marks of 0 and 1, as OpenCV takes them."""

RIM = np.ones((3, 3), np.uint8)
"""A pixel and those beside it."""


GOLDEN = 0.618034
"""The golden ratio less 1: its multiples fall evenly between whole numbers, and never keep step with anything."""


def scattered(length: int, count: int) -> NDArray[np.intp]:
    """Which of so many, evenly spread, are `count` of them, or all if they are fewer, (n,).

    Every so many-th of the pixels of a shape, row by row, may all lie on its left side.
    """
    if length <= count:
        return np.arange(length)
    steps = np.arange(count)
    return np.asarray(((steps + steps * GOLDEN % 1) * (length / count)).astype(np.intp))


def diagonal(size: tuple[int, ...]) -> float:
    """Pixels from one corner of a frame to the opposite one, by its height and width."""
    height, width = size
    return float(np.hypot(height, width))


def dilated(mask: Mask, reach: int) -> Mask:
    """A mask grown by so many pixels to all sides and corners (dilation by a square)."""
    return cv2.dilate(mask.view(np.uint8), np.ones((2 * reach + 1,) * 2, np.uint8)).view(np.bool_)


def inner_distance(mask: Mask) -> Plane:
    """How far the pixels of a mask are from the nearest that is none of it, (H, W), in pixels; 0 outside.

    The border of the frame is no outline.
    """
    return np.asarray(cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, 3), np.float32)


def outer_distance(mask: Mask) -> Plane:
    """How far each pixel is from the nearest one of a mask, (H, W), in pixels; 0 inside."""
    return np.asarray(cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, 5), np.float32)


def nearest(mask: Mask) -> tuple[Plane, NDArray[np.intp]]:
    """How far each pixel is from the nearest one of a mask, and the flat index of that one, (H, W)."""
    far, name = cv2.distanceTransformWithLabels((~mask).view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    places = np.zeros(int(name.max()) + 1, np.intp)
    places[name[mask]] = np.flatnonzero(mask)
    return np.asarray(far, np.float32), places[name]


def filled(mask: Mask) -> Mask:
    """A mask and all that its outer outlines hold."""
    outlines, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(mask.view(np.uint8).copy(), outlines, -1, 1, cv2.FILLED)).view(np.bool_)


def components(mask: Mask) -> NDArray[np.int32]:
    """The numbers, from 1, of what hangs together in a mask, corner to corner too, (H, W)."""
    return np.asarray(cv2.connectedComponents(mask.view(np.uint8), connectivity=8)[1], np.int32)


def said_at(labels: NDArray[Any], places: NDArray[np.float64]) -> Labels:
    """What labels or a mask (H, W) say at the nearest pixel to places (n, 2): -1 beyond the frame, (n,)."""
    x, y = np.rint(places).astype(np.intp).T
    height, width = labels.shape
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    return np.where(inside, labels[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)], -1)


def nearby(labels: Labels, others: Labels, reach: int) -> Mask:
    """Where labels (H, W) say at a pixel, or so many pixels beside it, what others say there."""
    height, width = labels.shape
    around, found = np.pad(labels, reach), np.zeros(labels.shape, np.bool_)
    for down, right in product(range(2 * reach + 1), repeat=2):
        found |= around[down : down + height, right : right + width] == others
    return found


def part_around(rows: NDArray[np.intp], columns: NDArray[np.intp], margin: int) -> Part:
    """The part of a frame that holds some rows and columns, one of each at least, and a margin.

    It may end beyond the frame, as slices may.
    """
    top, left = (max(0, axis.min() - margin) for axis in (rows, columns))
    return slice(top, rows.max() + margin + 1), slice(left, columns.max() + margin + 1)


def part_of_mask(mask: Mask, margin: int) -> Part:
    """The part of a frame that holds what fills a mask (H, W), one pixel at least, and a margin; see `part_around`."""
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    return part_around(rows, columns, margin)


def part_of_component(stats: NDArray[np.int32], margin: int, size: tuple[int, ...]) -> Part:
    """The part of a frame that holds a connected component, by its row of OpenCV's statistics, and a margin."""
    left, top, width, height = (int(value) for value in stats[:4])
    rows = slice(max(0, top - margin), min(size[0], top + height + margin))
    return rows, slice(max(0, left - margin), min(size[1], left + width + margin))


def part_of_places(places: NDArray[np.float64], size: tuple[int, ...]) -> Part:
    """Rows and columns that hold some places (n, 2), within the frame."""
    low = np.maximum(np.floor(places.min(0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(places.max(0)).astype(int) + 2, size[1::-1])
    return slice(low[1], max(low[1], high[1])), slice(low[0], max(low[0], high[0]))
