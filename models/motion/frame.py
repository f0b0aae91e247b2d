"""A frame in the making: what pieces are put into, be it all of its pixels or some places alone.

Flows are float32 (H, W, 2) in pixels of the picture looked at, shares (H, W), labels uint8 (H, W).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inbetween.models.motion.affine import Floats
from inbetween.models.motion.masks import Mask, Numbers, part_of_places
from inbetween.models.warp import Plane, pixels_of


@dataclass(frozen=True)
class Frame:
    """All pixels of a frame; its planes are written to."""

    flows: tuple[Plane, Plane]
    share: Plane
    numbers: Numbers
    """Of the piece that was put there, from 1."""

    def within(self, around: Floats) -> tuple[Any, Plane]:
        """Which pixels lie in the box around some places (n, 2), and their own places (..., 2)."""
        part = part_of_places(around, self.share.shape)
        return part, pixels_of(part)

    def margin(self, part: Any) -> Plane | float:
        """How many pixels outside its outline are put with a piece that is alone."""
        return 0.0

    def put(self, plane: NDArray[Any], part: Any, mask: Mask, values: Any) -> None:
        """Write into those pixels of a part for which the mask holds."""
        plane[part][mask] = values


@dataclass(frozen=True)
class Points(Frame):
    """Some places of a frame, in any order: its planes are (n,) and (n, 2)."""

    places: Plane
    """(n, 2)."""

    def within(self, around: Floats) -> tuple[Any, Plane]:
        inside = np.all((self.places >= around.min(0) - 1) & (self.places <= around.max(0) + 1), axis=1)
        index = np.flatnonzero(inside)
        return index, self.places[index][None]

    def margin(self, part: Any) -> Plane | float:
        return np.where(self.numbers[part] == 0, np.float32(1), np.float32(0))[None]  # over no other piece

    def put(self, plane: NDArray[Any], part: Any, mask: Mask, values: Any) -> None:
        plane[part[mask[0]]] = values
