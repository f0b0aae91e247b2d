"""Shapes, and the shapes between two of them.

A shape is known by its signed distance: how far outside its outline a place lies, below 0 inside. The mixed distances
of two shapes are those of one between them, whatever their outlines (Raya and Udupa 1990, "Shape-based interpolation
of multidimensional objects").

Places are float32 (..., 2), x and y in pixels of the frame.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from inbetween.models.arrays import length, selected
from inbetween.models.motion.affine import Floats, corners, inverse, mapped, moved
from inbetween.models.motion.masks import Mask
from inbetween.models.warp import Plane, fetched_at, pixels_of

SOFT = 3.0
"""Pixels inside an outline in which a piece has its soft edge."""
TOUCHED = np.float32(3.0)
"""Pixels by which a place is deeper inside one outline than inside the other, from which on another part of the thing
touches it there; by twice that it has no outline of its own there."""
SLACK = 1.0
"""Pixels by which depths may differ before they matter: distances between pixels are known no better."""
SINKINGS = 6
"""How often a place is moved at most until it is inside: where two outlines are as near, a move goes between them."""


@dataclass(frozen=True)
class Shape:
    """The outline of what fills some pixels of a frame. What the border of the frame cuts off goes on beyond it."""

    box: Floats
    """(2, 2): least and greatest x and y."""
    corner: Plane
    """(2,): x and y of the first pixel of `distance`."""
    distance: Plane
    """(h, w): from the outline, of the pixels around; below 0 inside."""

    def shifted(self, shift: Floats) -> "Shape":
        """The shape elsewhere, shifted by x and y, (2,)."""
        return Shape(self.box + shift, np.asarray(self.corner + shift, np.float32), self.distance)

    def outside(self, places: Plane) -> Plane:
        """How far outside the outline places (..., 2) are, (...)."""
        at, held = self._held(places)
        beyond = length(at - held)
        return np.asarray(beyond + fetched_at(self.distance, held.reshape(-1, 2)).reshape(beyond.shape))

    def sunk(self, places: Plane, outside: Plane, depth: Plane, soft: float) -> Plane:
        """Places (n, 2) moved straight to or from the outline to the wanted `depth` (n,), below 0 inside.

        `outside` is theirs. Deeper than the soft edge, of so many pixels, they stay where they are, and no place is
        wanted deeper than the shape is.
        """
        soft = -min(soft, -float(self.distance.min()))
        wanted = np.where(depth > soft, depth, np.minimum(outside, soft))
        moved, astray = places, np.abs(wanted - outside) >= SLACK
        for _ in range(SINKINGS):
            if not astray.any():
                break
            moved = moved.copy()
            moved[astray] += (wanted - outside)[astray, None] * self.slope(moved[astray])
            outside = self.outside(moved)
            astray = outside > np.maximum(wanted, -SLACK)
        return moved

    def slope(self, places: Plane) -> Plane:
        """Which way the outline lies behind, of places (n, 2): directions of length 1, (n, 2)."""
        return fetched_at(self._away, self._held(places)[1])

    @cached_property
    def _away(self) -> Plane:
        """(h, w, 2)."""
        edge = cv2.BORDER_REPLICATE  # or else there is none at the border
        away = np.stack([cv2.Sobel(self.distance, cv2.CV_32F, *axis, borderType=edge) for axis in ((1, 0), (0, 1))], -1)
        return np.asarray(away / np.maximum(length(away)[..., None], 1e-6), np.float32)

    def _held(self, places: Plane) -> tuple[Plane, Plane]:
        """Places counted from the corner, and the nearest to them of which the distance is known."""
        at, held = np.empty(places.shape, np.float32), np.empty(places.shape, np.float32)
        for axis, size in enumerate(self.distance.shape[::-1]):  # NumPy broadcasts pairs one by one
            np.subtract(places[..., axis], self.corner[axis], out=at[..., axis])
            np.clip(at[..., axis], 0, size - 1, out=held[..., axis])
        return at, held


def shape(mask: Mask) -> Shape | None:
    """The shape that the true pixels of a mask (H, W) have; None if there are none."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return None
    (top, bottom), (left, right) = rows[[0, -1]], columns[[0, -1]]
    margin = int(SOFT) + max(bottom - top, right - left) // 4
    corner = np.array((max(0, left - margin), max(0, top - margin)), np.float32)
    part = mask[max(0, top - margin) : bottom + margin + 1, max(0, left - margin) : right + margin + 1]
    box = np.array(((left, top), (right, bottom)), np.float64)
    return Shape(box, corner, np.where(part, 0.5 - _distance(part), _distance(~part) - 0.5).astype(np.float32))


def going_on(mask: Mask, other: Shape, way: Floats) -> Shape:
    """The shape that a mask (H, W) has, if beyond the frame it goes on as another does after an affine map (2, 3)."""
    height, width = mask.shape
    reached = mapped(corners(other.box + np.array(((-SOFT,), (SOFT,)))), way)
    left, top = np.floor(np.minimum(reached.min(0), 0)).astype(int)
    right, bottom = np.ceil(np.maximum(reached.max(0), (width, height))).astype(int)
    places = pixels_of((slice(top, bottom), slice(left, right)))
    whole = other.outside(moved(places, inverse(way))) <= 0
    whole[-top : height - top, -left : width - left] = mask
    found = shape(whole)
    assert found is not None
    return found.shifted(np.array((left, top), np.float64))


def between(
    shapes: tuple[Shape, Shape],
    places: tuple[Plane, Plane],
    t: float,
    margin: Plane | float = 0,
    soft: float = SOFT,
    leads: int | None = None,
) -> tuple[Plane, tuple[Plane, Plane]]:
    """How far outside the shape between two at `t`, 0 to 1, each pixel is, (...), below 0 inside.

    And where the n that are outside by no more than a margin come from in either, (n, 2); `soft` is as in `Shape.sunk`.

    `places` (..., 2) tell where each pixel is beside either shape, by the motion of the whole. It comes from as deep
    inside either outline as it is inside the one between them, so that edges stay as soft as they were. The outline of
    one, which `leads`, holds where the other one has none for what touches it (`TOUCHED`).
    """
    one, other = (shape.outside(place) for shape, place in zip(shapes, places, strict=True))
    off = [one, other]
    if leads is not None:
        off[1 - leads] = _untouched(off[leads], off[1 - leads])
    depth = np.float32(1 - t) * off[0] + np.float32(t) * off[1]
    inside = depth <= margin
    first = shapes[0].sunk(selected(places[0], inside), one[inside], depth[inside], soft)
    return depth, (first, shapes[1].sunk(selected(places[1], inside), other[inside], depth[inside], soft))


def _untouched(own: Plane, other: Plane) -> Plane:
    """How far outside an `other` outline places are, (...): as outside their `own`, where something touches that."""
    deeper = own - other
    return np.asarray(own - np.where(deeper < TOUCHED, deeper, np.maximum(2 * TOUCHED - deeper, 0)), np.float32)


def _distance(mask: Mask) -> Plane:
    """From each true pixel to the nearest that is not; the border of the mask is none."""
    padded = np.pad(mask, 1, "edge").view(np.uint8)
    return np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_5)[1:-1, 1:-1], np.float32)
