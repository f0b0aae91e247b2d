"""Layers of flat graphics that move exactly: drawn at any time, and asked where each of their pixels goes.

Coordinates are pixels of the frame, x right and y down, the centre of the first pixel at (0, 0). A layer's own
coordinates are pixels too, around its pivot.
"""

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

Array = np.ndarray[Any, Any]

OVERSAMPLING = 2
"""Times as large as they are shown that layers are drawn."""
_SHIFT = 4  # cv2 draws at sixteenths of a pixel
_OVER = 0.5  # a layer owns a pixel where it covers more than this


@dataclass(frozen=True)
class Motion:
    """How a layer stands at time t: values at t = 0.5 and their change over the whole gap."""

    place: tuple[float, float] = (0.0, 0.0)
    travel: tuple[float, float] = (0.0, 0.0)
    turn: tuple[float, float] = (0.0, 0.0)
    """Angle and its change, radians."""
    growth: tuple[float, float] = (0.0, 0.0)
    """Change of the logarithm of the scale along x and y."""
    birth: int = 0
    """1 grows from nothing at t = 0, -1 shrinks to nothing at t = 1."""
    parent: "Motion | None" = None

    def matrix(self, t: float) -> Array:
        """The affine map (2, 3), float64, from the layer's coordinates to the frame's."""
        u = t - 0.5
        size = {0: 1.0, 1: t, -1: 1 - t}[self.birth]
        sx, sy = (max(size, 0.02) * np.exp(g * u) for g in self.growth)
        angle = self.turn[0] + self.turn[1] * u
        c, s = np.cos(angle), np.sin(angle)
        own = np.array(
            [
                [c * sx, -s * sy, self.place[0] + self.travel[0] * u],
                [s * sx, c * sy, self.place[1] + self.travel[1] * u],
            ]
        )
        placed: Array = own if self.parent is None else compose(self.parent.matrix(t), own)
        return placed


@dataclass(frozen=True)
class Bend:
    """A wave across a layer: points move along `direction` by a sine of their place along `along`."""

    direction: tuple[float, float]
    along: tuple[float, float]
    amount: tuple[float, float]
    """Pixels at t = 0.5, and change."""

    def shift(self, points: Array, t: float) -> Array:
        wave = np.sin(points @ np.asarray(self.along)) * (self.amount[0] + self.amount[1] * (t - 0.5))
        shift: Array = wave[..., None] * np.asarray(self.direction)
        return shift


@dataclass(frozen=True)
class Part:
    """One mark of a layer: filled contours (even-odd, so that a second one is a hole) or an open stroke."""

    contours: tuple[Array, ...]
    colour: tuple[float, float, float]
    width: float = 0.0
    """Of the stroke; 0 fills."""
    outline: float = 0.0
    ink: tuple[float, float, float] = (0.0, 0.0, 0.0)
    texture: Array | None = None
    """(h, w, 3) laid over the part's coordinates, its middle at the pivot."""
    inside: bool = False
    """Only where the layer's first part is."""


@dataclass(frozen=True)
class Layer:
    """Parts that move together."""

    parts: tuple[Part, ...]
    motion: Motion
    bend: Bend | None = None
    opacity: tuple[float, float] = (1.0, 0.0)
    """At t = 0.5, and change."""
    softness: float = 0.0
    """Blur of the edge, pixels."""
    drawn: tuple[tuple[float, float], tuple[float, float]] = ((0.0, 1.0), (0.0, 1.0))
    """Share of its length where a stroke starts and ends: at t = 0, at t = 1."""
    present: tuple[float, float] = (0.0, 1.0)
    """First and last time at which it is there at all."""

    def to_frame(self, points: Array, t: float) -> Array:
        if self.bend is not None:
            points = points + self.bend.shift(points, t)
        return apply(self.motion.matrix(t), points)

    def from_frame(self, points: Array, t: float) -> Array:
        own = apply(invert(self.motion.matrix(t)), points)
        if self.bend is None:
            return own
        found = own
        for _ in range(5):  # a contraction: amount x frequency stays below one
            found = own - self.bend.shift(found, t)
        return found

    def opacity_at(self, t: float) -> float:
        if not self.present[0] <= t <= self.present[1]:
            return 0.0
        return float(np.clip(self.opacity[0] + self.opacity[1] * (t - 0.5), 0, 1))


@dataclass(frozen=True)
class Scene:
    """A square frame of `size` pixels; the first layer lies lowest. Flow of `ground` is the camera's."""

    size: int
    layers: tuple[Layer, ...]
    camera: Motion
    ground: Array | None
    """(h, w, 4) premultiplied, larger than the frame, moved by the camera; None is transparent."""
    swap: bool = False
    """The two uppermost layers change places half-way."""

    def order(self, t: float) -> list[int]:
        order = list(range(len(self.layers)))
        if self.swap and t > 0.5 and len(order) > 1:
            order[-2:] = order[:-3:-1]
        return order


def compose(outer: Array, inner: Array) -> Array:
    return np.hstack((outer[:, :2] @ inner[:, :2], outer[:, :2] @ inner[:, 2:] + outer[:, 2:]))


def invert(matrix: Array) -> Array:
    inverse = np.linalg.inv(matrix[:, :2])
    return np.hstack((inverse, -inverse @ matrix[:, 2:]))


def apply(matrix: Array, points: Array) -> Array:
    result: Array = points @ matrix[:, :2].T + matrix[:, 2]
    return result


def draw(scene: Scene, t: float) -> tuple[Array, Array]:
    """The frame at time t, float32 (size, size, 4) premultiplied, and who owns each pixel: 0 ground, 1 first layer."""
    side = scene.size * OVERSAMPLING
    canvas = _ground(scene, t, side)
    owners = np.zeros((side, side), np.uint8)
    for index in scene.order(t):
        _stamp(scene.layers[index], index + 1, t, canvas, owners)
    small = cv2.resize(canvas, (scene.size, scene.size), interpolation=cv2.INTER_AREA)
    return small, owners[1::OVERSAMPLING, 1::OVERSAMPLING]


def flow(scene: Scene, owners: Array, start: float, end: float) -> Array:
    """Where each pixel at time `start` is at time `end`: float32 (size, size, 2), exact for the layer that owns it."""
    points = np.moveaxis(np.mgrid[0 : scene.size, 0 : scene.size][::-1], 0, -1).astype(np.float64)
    ground = compose(scene.camera.matrix(end), invert(scene.camera.matrix(start)))
    result = apply(ground, points) - points
    for index, layer in enumerate(scene.layers):
        mine = owners == index + 1
        if mine.any():
            here = points[mine]
            result[mine] = layer.to_frame(layer.from_frame(here, start), end) - here
    return result.astype(np.float32)


def visible(motion: Array, owners: Array, target_owners: Array) -> Array:
    """Whether a pixel moved by `motion` is seen in the target too: inside the frame, and of the same owner."""
    size = owners.shape[0]
    y, x = np.mgrid[0:size, 0:size]
    x = np.rint(x + motion[..., 0]).astype(int)
    y = np.rint(y + motion[..., 1]).astype(int)
    inside = (x >= 0) & (x < size) & (y >= 0) & (y < size)
    result: Array = inside & (target_owners[y.clip(0, size - 1), x.clip(0, size - 1)] == owners)
    return result


def _ground(scene: Scene, t: float, side: int) -> Array:
    if scene.ground is None:
        return np.zeros((side, side, 4), np.float32)
    height, width = scene.ground.shape[:2]
    middle = np.array([[1.0, 0, -(width - 1) / 2], [0, 1.0, -(height - 1) / 2]])
    move = _enlarged(compose(scene.camera.matrix(t), middle))
    ground: Array = cv2.warpAffine(
        scene.ground, move, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    return ground


def _enlarged(matrix: Array) -> Array:
    """A map (2, 3) to pixels as one to oversampled ones, whose first centre lies half a frame pixel further out."""
    shift: Array = np.array([[0, 0, 0.5], [0, 0, 0.5]]) * (OVERSAMPLING - 1)
    return OVERSAMPLING * matrix + shift


def _stamp(layer: Layer, owner: int, t: float, canvas: Array, owners: Array) -> None:
    opacity = layer.opacity_at(t)
    box = _box(layer, t, canvas.shape[0])
    if opacity == 0 or box is None:
        return
    left, top, right, bottom = box
    region, owned = canvas[top:bottom, left:right], owners[top:bottom, left:right]
    first: Array | None = None
    for part in layer.parts:
        cover = _cover(part, layer, t, box)
        if first is None:
            first = cover
        elif part.inside:
            cover = np.minimum(cover, first)
        if layer.softness:
            cover = cv2.GaussianBlur(cover, (0, 0), layer.softness * OVERSAMPLING)
        paint = _paint(part, layer, t, box)
        _blend(region, cover * np.float32(opacity / 255), paint)
        owned[cover * opacity > 255 * _OVER] = owner
        if part.outline:
            edge = np.zeros_like(cover)
            _polylines(edge, _placed(part.contours, layer, t, box), True, part.outline)
            _blend(region, edge * np.float32(opacity / 255), np.asarray(part.ink, np.float32))
            owned[edge * opacity > 255 * _OVER] = owner


def _blend(region: Array, cover: Array, paint: Array) -> None:
    """Lay opaque `paint`, one colour or (h, w, 3), over a region where `cover` is 1."""
    sheet = np.ones_like(region)
    sheet[..., :3] = paint
    region[:] = cv2.blendLinear(region, sheet, 1 - cover, cover)  # four times quicker than the same in NumPy


def _box(layer: Layer, t: float, side: int) -> tuple[int, int, int, int] | None:
    points = np.concatenate([c for part in layer.parts for c in part.contours])
    placed = (layer.to_frame(points, t) + 0.5) * OVERSAMPLING
    margin = 3 + OVERSAMPLING * (max(max(p.width, p.outline) for p in layer.parts) + 3 * layer.softness)
    left, top = np.maximum(placed.min(0) - margin, 0).astype(int)
    right, bottom = np.minimum(placed.max(0) + margin, side).astype(int)
    return (left, top, right, bottom) if right > left and bottom > top else None


def _placed(contours: tuple[Array, ...], layer: Layer, t: float, box: tuple[int, int, int, int]) -> list[Array]:
    origin = np.asarray(box[:2])
    placed = [((layer.to_frame(c, t) + 0.5) * OVERSAMPLING - 0.5 - origin) * 2**_SHIFT for c in contours]
    return [p.round().astype(np.int32) for p in placed]


def _cover(part: Part, layer: Layer, t: float, box: tuple[int, int, int, int]) -> Array:
    mask = np.zeros((box[3] - box[1], box[2] - box[0]), np.uint8)
    if not part.width:
        cv2.fillPoly(mask, _placed(part.contours, layer, t, box), 255, cv2.LINE_AA, _SHIFT)
        return mask
    start, end = ((1 - t) * a + t * b for a, b in zip(*layer.drawn, strict=True))
    strokes = tuple(c for c in (_trimmed(c, start, end) for c in part.contours) if len(c) > 1)
    _polylines(mask, _placed(strokes, layer, t, box), False, part.width)
    return mask


def _polylines(mask: Array, lines: list[Array], closed: bool, width: float) -> None:
    cv2.polylines(mask, lines, closed, 255, max(1, round(width * OVERSAMPLING)), cv2.LINE_AA, _SHIFT)


def _trimmed(line: Array, start: float, end: float) -> Array:
    """The piece of an open line between two shares of its length."""
    if start <= 0 and end >= 1:
        return line
    if end - start < 1e-3:
        return line[:0]
    lengths = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))))
    along = lengths / lengths[-1]
    inner = line[(along > start) & (along < end)]
    ends = np.stack([np.interp([start, end], along, line[:, axis]) for axis in (0, 1)], 1)
    return np.concatenate((ends[:1], inner, ends[1:]))


def _paint(part: Part, layer: Layer, t: float, box: tuple[int, int, int, int]) -> Array:
    if part.texture is None:
        return np.asarray(part.colour, np.float32)
    height, width = part.texture.shape[:2]
    middle = np.array([[1.0, 0, -(width - 1) / 2], [0, 1.0, -(height - 1) / 2]])
    move = _enlarged(compose(layer.motion.matrix(t), middle))
    move[:, 2] -= box[:2]
    size = (box[2] - box[0], box[3] - box[1])
    return cv2.warpAffine(part.texture, move, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def held(layer: Layer) -> Layer:
    """A layer that stands as it does half-way, all the time."""
    still = replace(layer.motion, travel=(0, 0), turn=(layer.motion.turn[0], 0), growth=(0, 0), birth=0)
    bend = None if layer.bend is None else replace(layer.bend, amount=(layer.bend.amount[0], 0))
    return replace(layer, motion=still, bend=bend)
