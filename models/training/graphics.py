"""Generated 2D graphics for learning motion: two keys, a frame between them, and the exact motion of every pixel.

Layered shapes with exact flow stand in for a teacher ("AutoFlow", CVPR 2021; "Enhanced Deep Animation Video
Interpolation", arXiv 2206.12657). Everything an icon, a title or a cut-out figure does is in here: strokes, glyph-like
marks, gradients, soft edges, textures, limbs on limbs, bends, the same colour on different layers, order swaps, fades,
draw-on, holds, things that appear, camera moves.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from inbetween.models.training.layers import Bend, Layer, Motion, Part, Scene, draw, flow, held, visible

Array = np.ndarray[Any, Any]
Random = np.random.Generator
Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Sample:
    """A triad with its truth. Frames are float32 (S, S, 4) premultiplied; flows float32 (S, S, 2) in pixels."""

    start: Array
    end: Array
    middle: Array
    t: float
    flows: Array
    """(4, S, S, 2): start to end, end to start, middle to start, middle to end."""
    seen: Array
    """(4, S, S): 1 where the moved pixel is visible in the target, 0 where hidden; -1 where nothing is to be known."""


def sample(seed: int, size: int, t: float | None = None, reach: float | None = None) -> Sample:
    """The triad of this seed; `t` and `reach` (longest travel, as a share of the side) are drawn if None."""
    random = np.random.default_rng(seed)
    t = float(random.uniform(0.08, 0.92)) if t is None else t
    reach = float(random.choice([0.04, 0.1, 0.2, 0.4])) if reach is None else reach
    return render(scene(random, size, reach), t)


def render(drawn: Scene, t: float) -> Sample:
    """Draw a scene at 0, t and 1 and find the motion between."""
    (start, mine0), (middle, mine), (end, mine1) = (draw(drawn, at) for at in (0.0, t, 1.0))
    ways = [(0.0, 1.0, mine0, mine1), (1.0, 0.0, mine1, mine0), (t, 0.0, mine, mine0), (t, 1.0, mine, mine1)]
    flows = np.stack([flow(drawn, own, a, b) for a, b, own, _ in ways])
    seen = np.stack([visible(f, own, other) for f, (_, _, own, other) in zip(flows, ways, strict=True)])
    known = np.stack([own > 0 if drawn.ground is None else own >= 0 for _, _, own, _ in ways])
    return Sample(start, end, middle, t, flows, np.where(known, seen.astype(np.float32), np.float32(-1)))


def scene(random: Random, size: int, reach: float) -> Scene:
    """A random scene whose layers travel at most `reach` of the side."""
    palette = random.uniform(0, 1, (int(random.integers(2, 6)), 3)) if random.random() < 0.5 else None
    camera = _camera(random, size, reach)
    layers: list[Layer] = []
    for _ in range(int(random.integers(1, 8))):
        layer = _layer(random, size, reach, palette, camera)
        layers.append(layer)
        if random.random() < 0.25:
            layers += _limbs(random, size, palette, layer)
    if random.random() < 0.05:
        layers = [held(layer) for layer in layers]
    return Scene(size, tuple(layers), camera, _ground(random, size, palette), swap=random.random() < 0.06)


def _camera(random: Random, size: int, reach: float) -> Motion:
    middle = ((size - 1) / 2, (size - 1) / 2)
    if random.random() < 0.65:
        return Motion(middle)
    travel = _direction(random) * random.uniform(0, 0.5) * reach * size
    zoom = float(random.normal(0, 0.08))
    return Motion(middle, _pair(travel), (0.0, float(random.normal(0, 0.06))), (zoom, zoom))


def _layer(random: Random, size: int, reach: float, palette: Array | None, camera: Motion) -> Layer:
    radius = float(random.uniform(0.04, 0.3) * size)
    stroke = random.random() < 0.25
    parts = _stroke(random, size, radius, palette) if stroke else _figure(random, size, radius, palette)
    textured = any(part.texture is not None for part in parts)
    layer = Layer(
        parts,
        _motion(random, size, reach, camera),
        bend=_bend(random, radius) if not textured and random.random() < 0.2 else None,
        opacity=_opacity(random),
        softness=float(random.uniform(0.5, 4)) * size / 128 if random.random() < 0.08 else 0.0,
        drawn=_drawn(random) if stroke and random.random() < 0.4 else ((0.0, 1.0), (0.0, 1.0)),
        present=_present(random),
    )
    return held(layer) if random.random() < 0.2 else layer


def _motion(random: Random, size: int, reach: float, camera: Motion) -> Motion:
    travel = _direction(random) * random.uniform(0, 1) ** 0.7 * reach * size
    place = random.uniform(-0.42, 0.42, 2) * size
    lively = min(1.0, reach / 0.2)
    turn = (float(random.uniform(-3.1, 3.1)), float(random.normal(0, 0.4) * lively))
    growth = random.normal(0, 0.15, 1) if random.random() < 0.7 else random.normal(0, 0.2, 2)
    birth = int(random.choice([-1, 1])) if random.random() < 0.04 else 0
    return Motion(_pair(place), _pair(travel), turn, _pair(np.broadcast_to(growth * lively, 2)), birth, camera)


def _limbs(random: Random, size: int, palette: Array | None, body: Layer) -> list[Layer]:
    """A chain of one to three parts, each turning about a point of the one before."""
    chain, parent = [], body.motion
    length = float(random.uniform(0.08, 0.25) * size)
    for _ in range(int(random.integers(1, 4))):
        width = length * random.uniform(0.2, 0.5)
        shape = _blob(random, length / 2) * (1, width / length) + (length / 2, 0)
        joint = Motion((length * 0.8, 0.0), (0, 0), (float(random.uniform(-1, 1)), float(random.normal(0, 0.5))))
        parent = Motion(joint.place, joint.travel, joint.turn, parent=parent)
        part = Part((shape,), _colour(random, palette), outline=_outline(random, size), ink=_ink(random))
        chain.append(Layer((part,), parent, opacity=body.opacity, present=body.present))
        length *= 0.8
    return chain


def _figure(random: Random, size: int, radius: float, palette: Array | None) -> tuple[Part, ...]:
    """A filled shape, perhaps with a hole, an outline, a texture, and marks inside."""
    contours: tuple[Array, ...] = (_blob(random, radius),)
    if random.random() < 0.12:
        contours += (contours[0] * random.uniform(0.3, 0.8),)
    texture = _texture(random, max(8, int(2.4 * radius)), palette) if random.random() < 0.25 else None
    outline, ink = _outline(random, size), _ink(random)
    parts = [Part(contours, _colour(random, palette), outline=outline, ink=ink, texture=texture)]
    for _ in range(int(random.integers(0, 5)) if random.random() < 0.6 else 0):
        mark = _blob(random, radius * random.uniform(0.08, 0.4)) + random.uniform(-0.6, 0.6, 2) * radius
        parts.append(Part((mark,), _colour(random, palette), inside=True))
    return tuple(parts)


def _stroke(random: Random, size: int, radius: float, palette: Array | None) -> tuple[Part, ...]:
    """One curve, or a few short ones as in a letter."""
    width = float(random.uniform(0.8, 6) * size / 128)
    count = int(random.integers(2, 6)) if random.random() < 0.4 else 1
    lines = []
    for _ in range(count):
        corners = random.uniform(-1, 1, (int(random.integers(2, 6)), 2)) * radius
        lines.append(_curve(corners) if random.random() < 0.6 else corners)
    return (Part(tuple(lines), _colour(random, palette), width=width),)


def _blob(random: Random, radius: float) -> Array:
    """An ellipse, a polygon, a star or a soft closed curve around the origin."""
    kind = random.random()
    if kind < 0.35:
        angle = np.linspace(0, 2 * np.pi, 32, endpoint=False)
        return radius * np.stack((np.cos(angle), random.uniform(0.35, 1) * np.sin(angle)), 1)
    if kind < 0.5:
        corner = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (1, random.uniform(0.2, 1))
        return corner * radius * 0.8
    count = int(random.integers(3, 10))
    angle = np.sort(random.uniform(0, 2 * np.pi, count))
    corners = radius * random.uniform(0.4, 1, count)[:, None] * np.stack((np.cos(angle), np.sin(angle)), 1)
    return _curve(np.concatenate((corners, corners[:1]))) if kind > 0.75 else corners


def _curve(corners: Array) -> Array:
    """A Catmull-Rom curve through points."""
    padded = np.concatenate((corners[:1], corners, corners[-1:]))
    t = np.linspace(0, 1, 8, endpoint=False)[None, :, None]
    a, b, c, d = (padded[i : len(padded) - 3 + i, None] for i in range(4))
    pieces = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return np.concatenate((pieces.reshape(-1, 2), corners[-1:]))


def _bend(random: Random, radius: float) -> Bend:
    along = _direction(random) * random.uniform(0.5, 2.0) / radius
    most = 0.35 / float(np.hypot(*along))
    return Bend(_pair(_direction(random)), _pair(along), _pair(random.uniform(-0.5, 0.5, 2) * most))


def _opacity(random: Random) -> tuple[float, float]:
    kind = random.random()
    if kind < 0.84:
        return 1.0, 0.0
    if kind < 0.91:
        return float(random.uniform(0.3, 0.9)), 0.0
    first, last = (0.0, 1.0) if random.random() < 0.5 else _pair(random.uniform(0, 1, 2))
    return ((first + last) / 2, last - first) if random.random() < 0.5 else ((first + last) / 2, first - last)


def _drawn(random: Random) -> tuple[tuple[float, float], tuple[float, float]]:
    """A stroke that grows, shrinks, or runs along its own line."""
    first, second = np.sort(random.uniform(0, 1, 2))
    later = (float(random.uniform(0, 0.4)), float(random.uniform(second, 1)))
    pair = ((0.0 if random.random() < 0.6 else float(first), float(second)), later)
    if random.random() < 0.6:
        pair = (pair[0], (pair[0][0], later[1]))
    return pair if random.random() < 0.6 else (pair[1], pair[0])


def _present(random: Random) -> tuple[float, float]:
    if random.random() > 0.03:
        return 0.0, 1.0
    change = float(random.uniform(0.1, 0.9))
    return (change, 1.0) if random.random() < 0.5 else (0.0, change)


def _ground(random: Random, size: int, palette: Array | None) -> Array | None:
    kind, side = random.random(), int(1.5 * size)
    if kind < 0.45:
        return None
    picture = np.ones((side, side, 4), np.float32)
    picture[..., :3] = _colour(random, palette) if kind < 0.75 else _texture(random, side, palette)
    return picture


def _texture(random: Random, side: int, palette: Array | None) -> Array:
    """A gradient, stripes or soft noise between two colours, float32 (side, side, 3)."""
    import cv2

    first, second = np.asarray(_colour(random, palette)), np.asarray(_colour(random, palette))
    y, x = np.mgrid[0:side, 0:side] / side - 0.5
    line = x * np.cos(angle := random.uniform(0, 6.3)) + y * np.sin(angle)
    kind = random.random()
    if kind < 0.5:
        mix = np.clip(line * random.uniform(0.8, 2) + 0.5, 0, 1)
    elif kind < 0.75:
        mix = (np.sin(line * random.uniform(8, 50)) > random.uniform(-0.7, 0.7)).astype(float)
    else:
        coarse = random.uniform(0, 1, (int(random.integers(3, 24)),) * 2).astype(np.float32)
        mix = np.clip(cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC), 0, 1)
    picture: Array = (first + mix[..., None] * (second - first)).astype(np.float32)
    return picture


def _colour(random: Random, palette: Array | None) -> Colour:
    if palette is not None:
        r, g, b = palette[random.integers(len(palette))]
    else:
        r, g, b = random.uniform(0, 1, 3)
    return float(r), float(g), float(b)


def _ink(random: Random) -> Colour:
    return (0.0, 0.0, 0.0) if random.random() < 0.6 else _colour(random, None)


def _outline(random: Random, size: int) -> float:
    return float(random.uniform(0.5, 3) * size / 128) if random.random() < 0.35 else 0.0


def _direction(random: Random) -> Array:
    angle = random.uniform(0, 2 * np.pi)
    return np.array([np.cos(angle), np.sin(angle)])


def _pair(values: Array) -> tuple[float, float]:
    x, y = values
    return float(x), float(y)
