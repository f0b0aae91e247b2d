"""Affine maps of the plane, float64 (2, 3) as OpenCV has them, and what they do.

Places are x and y in pixels. A map is called a way.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inbetween.models.warp import Plane

Floats = NDArray[np.float64]

EVEN_GROWTH = 1.05
"""Times that lengths are enlarged more in one direction than in another, up to which a thing grows as one."""


def mapped(places: NDArray[Any], way: Floats) -> Floats:
    """Places (n, 2), x and y, after an affine map (2, 3)."""
    return np.asarray(places @ way[:, :2].T + way[:, 2])


def moved(places: Plane, way: Floats) -> Plane:
    """A plane of places, float32 (h, w, 2), after an affine map (2, 3)."""
    return np.asarray(cv2.transform(places, way.astype(np.float32)), np.float32)


def corners(box: Floats) -> Floats:
    """The corners (4, 2) of a box (2, 2) by its least and greatest x and y."""
    return np.array([(x, y) for x in box[:, 0] for y in box[:, 1]])


def affine(linear: Floats, middle: Floats, shift: Floats) -> Floats:
    """The affine map (2, 3) that is linear (2, 2) around a middle, which it shifts."""
    return np.hstack((linear, (middle + shift - linear @ middle)[:, None]))


def spun(spin: complex) -> Floats:
    """The linear map (2, 2) that turns by the angle of a complex number and grows by its length."""
    return np.array(((spin.real, -spin.imag), (spin.imag, spin.real)))


def inverse(way: Floats) -> Floats:
    """The affine map (2, 3) that leads back."""
    return np.asarray(cv2.invertAffineTransform(way), np.float64)


def then(first: Floats, second: Floats) -> Floats:
    """One affine map (2, 3) after another."""
    return np.hstack((second[:, :2] @ first[:, :2], (second[:, :2] @ first[:, 2] + second[:, 2])[:, None]))


def turn(way: Floats) -> float:
    """Radians by which an affine map turns."""
    return abs(float(np.arctan2(way[1, 0] - way[0, 1], way[0, 0] + way[1, 1])))


def stretch(way: Floats) -> float:
    """How many times more an affine map enlarges lengths in one direction than in another."""
    most, least = np.linalg.svd(way[:, :2], compute_uv=False)
    return float(most / least)


def uneven(way: Floats) -> bool:
    """Whether an affine map stretches a thing in one direction, more than it grows."""
    return stretch(way) > EVEN_GROWTH
