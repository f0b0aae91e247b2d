"""A drawing board for the examples: smooth curves, painted back to front at twice the size, then halved."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

FINE = 2
"""Pixels of the canvas to one of the picture, in each direction."""

Points = NDArray[np.float64]
Place = Callable[[Points], Points]
"""Puts a part of a figure where the pose has it."""

Image = NDArray[np.float32]
Mask = NDArray[np.uint8]
"""Coverage on the canvas, 0 to 255."""

INK = "3a211f"


def rgb(colour: str) -> Image:
    """Display-referred red, green, blue of a hexadecimal colour, 0 to 1."""
    return np.array([int(colour[i : i + 2], 16) for i in (0, 2, 4)], np.float32) / 255


def smooth(points: Iterable[tuple[float, float]], closed: bool = True, steps: int = 16) -> Points:
    """A Catmull-Rom curve through the points: (N, 2)."""
    p = np.array(list(points), float)
    p = np.concatenate([p[-1:], p, p[:2]]) if closed else np.concatenate([p[:1] * 2 - p[1:2], p, p[-1:] * 2 - p[-2:-1]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    pieces = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False)
    ]
    return np.concatenate(pieces if closed else [*pieces, p[-2:-1]])


def oval(x: float, y: float, rx: float, ry: float, turn: float = 0) -> Points:
    angle = np.linspace(0, 2 * math.pi, 48, endpoint=False)
    return move(np.stack([rx * np.cos(angle), ry * np.sin(angle)], 1), turn) + (x, y)


def move(
    points: Points, turn: float = 0, about: tuple[float, float] = (0, 0), by: tuple[float, float] = (0, 0)
) -> Points:
    """Turn by degrees (clockwise on screen) about a point, then shift."""
    c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    return (points - about) @ np.array([[c, s], [-s, c]]) + about + by


def limb(spine: Points, widths: Sequence[float]) -> Points:
    """The outline of something round and long: a spine with a half-width that runs smoothly along it."""
    along = np.gradient(spine, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], 1) / np.hypot(*along.T)[:, None]
    knots = smooth(list(enumerate(widths)), closed=False)
    width = np.interp(np.linspace(0, len(widths) - 1, len(spine)), *knots.T)[:, None]
    cap = [_cap(spine[-1], normal[-1] * width[-1]), _cap(spine[0], -normal[0] * width[0])]
    return np.concatenate([spine + normal * width, cap[0], (spine - normal * width)[::-1], cap[1]])


def _cap(centre: Points, arm: Points) -> Points:
    angle = np.linspace(0, -math.pi, 12)[1:-1, None]
    across = np.array([arm[1], -arm[0]])
    return centre + arm * np.cos(angle) - across * np.sin(angle)


def both(one: Mask, other: Mask) -> Mask:
    return np.asarray(cv2.multiply(one, other, scale=1 / 255))


@dataclass
class Canvas:
    """A premultiplied RGBA picture that shapes are painted onto, back to front."""

    width: int
    height: int
    origin: tuple[float, float]
    """Where the figure's own (0, 0) is, in pixels of the picture."""
    scale: float = 1
    pixels: Image = field(init=False)

    def __post_init__(self) -> None:
        self.pixels = np.zeros((self.height * FINE, self.width * FINE, 4), np.float32)

    def _fixed(self, points: Points) -> NDArray[np.int32]:
        """OpenCV's fixed-point pixels, 4 binary places."""
        return np.round((points * self.scale + self.origin) * FINE * 16).astype(np.int32)

    def mask(self, points: Points) -> Mask:
        """Coverage of a closed shape."""
        mask = np.zeros(self.pixels.shape[:2], np.uint8)
        cv2.fillPoly(mask, [self._fixed(points)], 255, cv2.LINE_AA, shift=4)
        return mask

    def line(self, points: Points, width: float, closed: bool = False) -> Mask:
        """Coverage of a line with round joins."""
        mask = np.zeros(self.pixels.shape[:2], np.uint8)
        cv2.polylines(mask, [self._fixed(points)], closed, 255, round(width * self.scale * FINE), cv2.LINE_AA, shift=4)
        return mask

    def paint(self, coverage: Mask, colour: str, opacity: float = 1, within: Mask | None = None) -> None:
        if within is not None:
            coverage = both(coverage, within)
        x, y, width, height = cv2.boundingRect(coverage)
        inside = np.s_[y : y + height, x : x + width]
        over = coverage[inside][..., None] * np.float32(opacity / 255)
        self.pixels[inside] *= 1 - over
        self.pixels[inside] += over * np.append(rgb(colour), np.float32(1))

    def fill(self, points: Points, colour: str, within: Mask | None = None, opacity: float = 1) -> Mask:
        """Paint a closed shape, only where `within` is; return the coverage that was painted."""
        coverage = self.mask(points)
        if within is not None:
            coverage = both(coverage, within)
        self.paint(coverage, colour, opacity)
        return coverage

    def shade(self, coverage: Mask, lit: Points, colour: str) -> None:
        """Paint what of a coverage lies outside of its lit side."""
        self.paint(both(coverage, 255 - self.mask(lit)), colour)

    def stroke(self, points: Points, width: float, colour: str = INK, closed: bool = True) -> None:
        self.paint(self.line(points, width, closed), colour)

    def shape(self, points: Points, colour: str, shade: str, light: tuple[float, float]) -> Mask:
        """A flat shape and its shaded side, the light coming from `light`; return the coverage to paint upon."""
        coverage = self.fill(points, colour)
        self.shade(coverage, points + light, shade)
        return coverage

    def finished(self) -> Image:
        size = (self.width, self.height)
        return cv2.resize(self.pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32)
