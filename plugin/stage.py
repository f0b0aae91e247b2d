"""What generated scenes are drawn with: a frame of any size, and shapes of which it is told how far they cover it.

Pictures are float32 (H, W, 4), premultiplied, display-referred, 0 to 1.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inbetween.models.training.readers import Picture

HEIGHT, WIDTH = 270, 480
"""The frame, in its own units: a stage says how many pixels one is."""
FINER = 4
"""Times as fine as shapes are drawn before they are made smaller: soft edges."""
Colour = tuple[float, float, float]
WHITE, NIGHT, PAPER = (1.0, 1.0, 1.0), (0.1, 0.1, 0.15), (0.9, 0.9, 0.88)
RED, BLUE, ORANGE, GREEN = (0.9, 0.2, 0.15), (0.2, 0.35, 0.9), (0.95, 0.55, 0.1), (0.2, 0.7, 0.3)


@cache
def _texture(times: int) -> Picture:
    """A coloured picture with detail of all sizes, twice as large as the frame."""
    size, random = (2 * WIDTH * times, 2 * HEIGHT * times), np.random.default_rng(1)
    picture = np.zeros((size[1], size[0], 3), np.float32)
    for across, strength in ((6, 0.35), (16, 0.25), (48, 0.2), (130, 0.1)):
        coarse = random.random((max(2, across * HEIGHT // WIDTH), across, 3), np.float32)
        picture += strength * np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC), np.float32)
    return np.dstack((np.clip(picture, 0, 1), np.ones((size[1], size[0]), np.float32)))


@dataclass(frozen=True)
class Stage:
    """Draws in the units of the frame, pictures that are `times` as large."""

    times: int

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return HEIGHT * self.times, WIDTH * self.times

    def camera(self, zoom: float = 1.3, turn: float = 0, shift: float = 0) -> Picture:
        """The texture, seen `zoom` times as large, turned by degrees, shifted to the right."""
        height, width = self.size
        way = self.sight(zoom, turn, shift)
        texture = _texture(self.times)
        seen = cv2.warpAffine(texture, way, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
        return np.clip(np.asarray(seen, np.float32), 0, 1)

    def enlarged(self, picture: Picture, times: float) -> Picture:
        """The middle of a picture, so many times as large."""
        height, width = self.size
        way = cv2.getRotationMatrix2D((width / 2, height / 2), 0, times)
        return np.clip(cv2.warpAffine(picture, way, (width, height), flags=cv2.INTER_CUBIC), 0, 1)

    def sight(self, zoom: float = 1.3, turn: float = 0, shift: float = 0) -> NDArray[np.float64]:
        """The affine map (2, 3) from the texture to the frame that such a camera makes."""
        height, width = self.size
        way = cv2.getRotationMatrix2D((width, height), turn, zoom)
        way[:, 2] += np.array((shift * self.times - width / 2, -height / 2))
        return np.asarray(way, np.float64)

    def flat(self, colour: Colour | None) -> Picture:
        """One colour; None is nothing."""
        return np.full((*self.size, 4), (0,) * 4 if colour is None else (*colour, 1), np.float32)

    def disc(self, x: float, y: float, radius: float) -> Picture:
        """How far a disc covers each pixel, (H, W, 1)."""
        return self._covered(lambda plane, fine: cv2.circle(plane, _at(x, y, fine), round(radius * fine), 255, -1))

    def box(self, x: float, y: float, width: float, height: float, turn: float = 0) -> Picture:
        """Likewise a box around its middle, turned by degrees."""

        def draw(plane: Any, fine: int) -> None:
            corners = cv2.boxPoints(((x * fine, y * fine), (width * fine, height * fine), turn))
            cv2.fillPoly(plane, [np.round(corners).astype(np.int32)], 255)

        return self._covered(draw)

    def line(self, places: Iterable[tuple[float, float]], width: float) -> Picture:
        """Likewise a line from place to place, with round ends."""
        joints = list(places)

        def draw(plane: Any, fine: int) -> None:
            for first, last in pairwise(joints):
                cv2.line(plane, _at(*first, fine), _at(*last, fine), 255, round(width * fine))

        return self._covered(draw)

    def shape(self, outline: NDArray[np.floating]) -> Picture:
        """Likewise what an outline (n, 2), x and y, holds."""
        return self._covered(
            lambda plane, fine: cv2.fillPoly(plane, [np.round(outline * fine * 8).astype(np.int32)], 255, cv2.LINE_8, 3)
        )

    def words(self, words: str, x: float, y: float, size: float = 1) -> Picture:
        """Likewise words."""
        font = cv2.FONT_HERSHEY_DUPLEX
        return self._covered(
            lambda plane, fine: cv2.putText(
                plane, words, _at(x, y, fine), font, size * fine, 255, round(2 * fine), cv2.LINE_AA
            )
        )

    def ball(self, ground: Picture, x: float) -> Picture:
        """A shaded ball over a ground."""
        rows, columns = (np.mgrid[0 : self.size[0], 0 : self.size[1]].astype(np.float32) + 0.5) / self.times - 0.5
        slope = (x - columns + 140 - rows) / 115
        depth = np.sqrt(np.clip(1 - ((columns - x) ** 2 + (rows - 140) ** 2) / 46**2, 0, 1))
        light = np.clip(0.25 + 0.5 * depth + 0.75 * slope, 0, 1)[..., None] * np.array((0.9, 0.4, 0.2), np.float32)
        cover = self.disc(x, 140, 45)
        return np.asarray(ground * (1 - cover) + cover * np.dstack((light, np.ones(self.size))), np.float32)

    def _covered(self, draw: Callable[[Any, int], object]) -> Picture:
        """How far something that is drawn into a finer plane covers each pixel, (H, W, 1)."""
        height, width = self.size
        plane = np.zeros((height * FINER, width * FINER), np.uint8)
        draw(plane, FINER * self.times)
        small = cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA)
        return np.asarray(small[..., None] / 255, np.float32)


def _at(x: float, y: float, fine: int) -> tuple[int, int]:
    return round(x * fine), round(y * fine)


def over(ground: Picture, *things: tuple[Picture, Colour]) -> Picture:
    """Things of one colour each, the first lowest, over a ground."""
    for cover, colour in things:
        ground = ground * (1 - cover) + cover * np.array((*colour, 1), np.float32)
    return ground
