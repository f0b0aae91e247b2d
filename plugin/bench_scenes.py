"""Scenes that artists meet every day and clips seldom show, generated with their true middle frames.

Cameras that move, light that changes, grounds of another colour, grain, titles. Pictures are float32 (H, W, 4),
premultiplied, display-referred, 0 to 1; time goes from 0 to 1.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from inbetween import markdown
from inbetween.bench_quality import Window, between
from inbetween.core.channels import RGBA
from inbetween.models import metrics
from inbetween.models.metrics import Scores
from inbetween.models.training.readers import Picture

if TYPE_CHECKING:
    from inbetween.models.model import Model

HEIGHT, WIDTH = 270, 480
FINER = 4
"""Times as fine as shapes are drawn before they are made smaller: soft edges."""
GRAIN = 0.04
"""Standard deviation, of 1."""

Colour = tuple[float, float, float]
WHITE, NIGHT, PAPER = (1.0, 1.0, 1.0), (0.1, 0.1, 0.15), (0.9, 0.9, 0.88)
RED, BLUE, ORANGE, GREEN = (0.9, 0.2, 0.15), (0.2, 0.35, 0.9), (0.95, 0.55, 0.1), (0.2, 0.7, 0.3)


def measure(models: "Sequence[Model]", tell: Callable[[str], None]) -> dict[str, list[Scores]]:
    """Scene -> the scores of each model, half-way between two keys."""
    draws = [between(model.network(RGBA, "display")) for model in models]
    figures = {}
    for name, scene in SCENES.items():
        tell(name)
        start, truth, end = (scene(t) for t in (0.0, 0.5, 1.0))
        window = Window(2, start, truth, end, 0.5)
        figures[name] = [metrics.compare(draw(window), truth, start, end) for draw in draws]
    return figures


def table(models: "Sequence[Model]", figures: dict[str, list[Scores]]) -> str:
    """Markdown: a row for each scene, PSNR and line chamfer of each model."""
    names = [model.name for model in models]
    head = ["scene", *(f"{name}, PSNR dB" for name in names), *(f"{name}, line chamfer x 10^4" for name in names)]
    rows = (
        [scene, *(f"{score.psnr:.1f}" for score in scores), *(f"{score.line_chamfer * 1e4:.2f}" for score in scores)]
        for scene, scores in figures.items()
    )
    return markdown.table(head, rows)


@cache
def _texture() -> Picture:
    """A coloured picture with detail of all sizes, twice as large as the frame."""
    size, random = (2 * WIDTH, 2 * HEIGHT), np.random.default_rng(1)
    picture = np.zeros((2 * HEIGHT, 2 * WIDTH, 3), np.float32)
    for across, strength in ((6, 0.35), (16, 0.25), (48, 0.2), (130, 0.1)):
        coarse = random.random((max(2, across * HEIGHT // WIDTH), across, 3), np.float32)
        picture += strength * np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC), np.float32)
    return np.dstack((np.clip(picture, 0, 1), np.ones((2 * HEIGHT, 2 * WIDTH), np.float32)))


def _camera(zoom: float = 1.3, turn: float = 0, shift: float = 0) -> Picture:
    """The texture, seen `zoom` times as large, turned by degrees, shifted by pixels to the right."""
    way = cv2.getRotationMatrix2D((WIDTH, HEIGHT), turn, zoom)
    way[:, 2] += np.array((shift - WIDTH / 2, -HEIGHT / 2))
    seen = cv2.warpAffine(_texture(), way, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return np.clip(np.asarray(seen, np.float32), 0, 1)


def _flat(colour: Colour | None) -> Picture:
    """One colour; None is nothing."""
    return np.full((HEIGHT, WIDTH, 4), (0,) * 4 if colour is None else (*colour, 1), np.float32)


def _covered(draw: Callable[[Any], object]) -> Picture:
    """How far something that is drawn into a finer plane covers each pixel, (H, W, 1)."""
    plane = np.zeros((HEIGHT * FINER, WIDTH * FINER), np.uint8)
    draw(plane)
    small = cv2.resize(plane, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return np.asarray(small[..., None] / 255, np.float32)


def _disc(x: float, y: float, radius: float) -> Picture:
    return _covered(lambda plane: cv2.circle(plane, _fine(x, y), round(radius * FINER), 255, -1))


def _box(x: float, y: float, width: float, height: float, turn: float = 0) -> Picture:
    corners = cv2.boxPoints(((x * FINER, y * FINER), (width * FINER, height * FINER), turn))
    return _covered(lambda plane: cv2.fillPoly(plane, [np.round(corners).astype(np.int32)], 255))


def _words(words: str, x: float, y: float, size: float = 1) -> Picture:
    font, weight = cv2.FONT_HERSHEY_DUPLEX, round(2 * FINER)
    return _covered(lambda plane: cv2.putText(plane, words, _fine(x, y), font, size * FINER, 255, weight, cv2.LINE_AA))


def _fine(x: float, y: float) -> tuple[int, int]:
    return round(x * FINER), round(y * FINER)


def _over(ground: Picture, *things: tuple[Picture, Colour]) -> Picture:
    """Things of one colour each, the first lowest, over a ground."""
    for cover, colour in things:
        ground = ground * (1 - cover) + cover * np.array((*colour, 1), np.float32)
    return ground


def _ball(ground: Picture, x: float) -> Picture:
    """A shaded ball."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    slope = (x - columns + 140 - rows) / 115
    depth = np.sqrt(np.clip(1 - ((columns - x) ** 2 + (rows - 140) ** 2) / 46**2, 0, 1))
    light = np.clip(0.25 + 0.5 * depth + 0.75 * slope, 0, 1)[..., None] * np.array((0.9, 0.4, 0.2), np.float32)
    cover = _disc(x, 140, 45)
    return np.asarray(ground * (1 - cover) + cover * np.dstack((light, np.ones((HEIGHT, WIDTH)))), np.float32)


def _actors(ground: Picture, t: float) -> Picture:
    """A disc and a box that go their ways."""
    return _over(ground, (_box(240, 60 + 20 * t, 160, 36), GREEN), (_disc(120 + 200 * t, 170, 40), RED))


def _dimmed(picture: Picture, *light: float) -> Picture:
    return picture * np.asarray(light, np.float32)


def _grainy(picture: Picture, t: float) -> Picture:
    grain = np.random.default_rng(int(100 * t)).normal(0, GRAIN, picture.shape).astype(np.float32)
    grain[..., 3] = 0
    return np.asarray(np.clip(picture + grain, 0, 1), np.float32)


def _between(a: float, b: float, t: float) -> float:
    return a + (b - a) * t


def _mixed(a: Colour, b: Colour, t: float) -> Colour:
    red, green, blue = (_between(*pair, t) for pair in zip(a, b, strict=True))
    return red, green, blue


def _bars(t: float) -> Picture:
    heights = ((40, 160, RED), (120, 60, GREEN), (20, 200, BLUE), (90, 110, ORANGE))
    grown = ((80 + 90 * place, _between(a, b, t), colour) for place, (a, b, colour) in enumerate(heights))
    return _over(_flat(None), *((_box(x, 250 - height / 2, 46, height), colour) for x, height, colour in grown))


def _credits(t: float) -> Picture:
    lines = ("KEY ARTISTS DRAW", "THE MACHINE DRAWS", "WHAT IS BETWEEN", "NOTHING LEAVES")
    return _over(_flat(None), *((_words(line, 40, 100 + 42 * i - 60 * t, 0.7), WHITE) for i, line in enumerate(lines)))


def _title(ground: Picture, t: float) -> Picture:
    return _over(ground, (_box(160 * t, 220, 300, 50), RED), (_words("INBETWEEN", 160 * t - 120, 232), WHITE))


def _shadow(t: float) -> Picture:
    shade = np.asarray(cv2.GaussianBlur(_disc(120 + 220 * t, 190, 40), (0, 0), 9), np.float32)[..., None]
    shaded = _flat(PAPER) * (1 - shade * np.array((0.5, 0.5, 0.5, 0), np.float32))
    return _over(shaded, (_disc(110 + 220 * t, 130, 40), BLUE))


def _arm(t: float) -> Picture:
    degrees = 120 * (t - 0.5)
    x, y = 50 * np.cos(np.radians(degrees)), 50 * np.sin(np.radians(degrees))
    return _over(_flat(PAPER), (_box(240, 190, 70, 150), BLUE), (_box(240 + x, 130 + y, 110, 24, degrees), ORANGE))


SCENES: dict[str, Callable[[float], Picture]] = {
    "camera pans 60 pixels": lambda t: _camera(shift=60 * t - 30),
    "camera zooms by a third": lambda t: _camera(zoom=1.2 * 1.33**t),
    "camera rolls 15 degrees": lambda t: _camera(zoom=1.4, turn=15 * t),
    "a ball before a texture": lambda t: _ball(_camera(), 130 + 200 * t),
    "a ball, and the camera pans": lambda t: _ball(_camera(shift=50 * t), 150 + 150 * t),
    "a title slides in": lambda t: _title(_flat(NIGHT), t),
    "a title slides in before a texture": lambda t: _title(_camera(), t),
    "credits scroll": _credits,
    "a word grows": lambda t: _over(_flat(PAPER), (_words("SCALE", 140 - 60 * t, 150, 1.7 + t), BLUE)),
    "bars grow": _bars,
    "a frame widens": lambda t: _over(
        _flat(PAPER), (_box(240, 135, 90 + 240 * t, 200), BLUE), (_box(240, 135, 60 + 240 * t, 170), PAPER)
    ),
    "discs cross": lambda t: _over(
        _flat(PAPER), (_disc(140 + 200 * t, 120, 45), RED), (_disc(340 - 200 * t, 150, 45), BLUE)
    ),
    "the light of a still dims": lambda t: _dimmed(_camera(), *[1 - 0.5 * t] * 3, 1),
    "the light dims on things that move": lambda t: _dimmed(_actors(_flat(PAPER), t), *[1 - 0.5 * t] * 3, 1),
    "things move and fade": lambda t: _dimmed(_actors(_flat(None), t), *[1 - 0.6 * t] * 4),
    "the ground changes its colour": lambda t: _actors(_flat(_mixed(WHITE, BLUE, t)), t),
    "the ground fades in": lambda t: _actors(_flat(BLUE) * np.float32(t), t),
    "grain on things that move": lambda t: _grainy(_actors(_flat((0.5, 0.5, 0.55)), t), t),
    "grain, and the camera pans": lambda t: _grainy(_camera(shift=40 * t - 20), t),
    "a soft shadow": _shadow,
    "an arm swings 120 degrees": _arm,
    "an iris opens": lambda t: _over(_flat(NIGHT), (_disc(240, 135, 40 + 140 * t), ORANGE)),
    "a wipe": lambda t: _over(_camera(), (_box(290 + 280 * t, 135, 480, 270), NIGHT)),
}
