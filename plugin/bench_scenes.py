"""Scenes that artists meet every day and clips seldom show, generated with their true frames.

Cameras that move, light that changes, grounds of another colour, grain, titles. Pictures are float32 (H, W, 4),
premultiplied, display-referred, 0 to 1; time goes from 0 to 1.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inbetween import markdown
from inbetween.core.channels import RGBA
from inbetween.models import metrics
from inbetween.models.metrics import Scores
from inbetween.models.training.readers import Picture

if TYPE_CHECKING:
    from inbetween.core.network import Network
    from inbetween.models.model import Model

HEIGHT, WIDTH = 270, 480
"""The frame, in its own units: a stage says how many pixels one is."""
FINER = 4
"""Times as fine as shapes are drawn before they are made smaller: soft edges."""
WHEN = (0.25, 0.5, 0.75)
"""Where between the keys they are drawn: what a thing leaves behind shows best where it has not gone far."""
GRAIN = 0.04
"""Standard deviation, of 1."""

Colour = tuple[float, float, float]
WHITE, NIGHT, PAPER = (1.0, 1.0, 1.0), (0.1, 0.1, 0.15), (0.9, 0.9, 0.88)
RED, BLUE, ORANGE, GREEN = (0.9, 0.2, 0.15), (0.2, 0.35, 0.9), (0.95, 0.55, 0.1), (0.2, 0.7, 0.3)


def measure(models: "Sequence[Model]", times: int, tell: Callable[[str], None]) -> dict[str, list[Scores]]:
    """Scene -> the mean scores of each model at `WHEN` between two keys, `times` as large as the frame's units."""
    stage = Stage(times)
    networks = [model.network(RGBA, "display") for model in models]
    figures = {}
    for name in SCENES:
        tell(name)
        figures[name] = [metrics.mean(scores) for scores in compared(networks, stage, name)]
    return figures


def compared(networks: "Sequence[Network]", stage: "Stage", name: str) -> Iterator[list[Scores]]:
    """The scores of each network at `WHEN` between two keys of a scene."""
    start, end, *truths = (SCENES[name](stage, t) for t in (0.0, 1.0, *WHEN))
    asked = np.array(WHEN, np.float32).reshape(-1, 1, 1, 1)
    for network in networks:
        frames = network(start[None], end[None], asked)
        yield [metrics.compare(*pair, start, end) for pair in zip(frames, truths, strict=True)]


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


def _actors(stage: Stage, ground: Picture, t: float) -> Picture:
    """A disc and a box that go their ways."""
    return over(ground, (stage.box(240, 60 + 20 * t, 160, 36), GREEN), (stage.disc(120 + 200 * t, 170, 40), RED))


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


def _bars(stage: Stage, t: float) -> Picture:
    heights = ((40, 160, RED), (120, 60, GREEN), (20, 200, BLUE), (90, 110, ORANGE))
    grown = ((80 + 90 * place, _between(a, b, t), colour) for place, (a, b, colour) in enumerate(heights))
    bars = ((stage.box(x, 250 - height / 2, 46, height), colour) for x, height, colour in grown)
    return over(stage.flat(None), *bars)


def _credits(stage: Stage, t: float) -> Picture:
    lines = ("KEY ARTISTS DRAW", "THE MACHINE DRAWS", "WHAT IS BETWEEN", "NOTHING LEAVES")
    rolled = ((stage.words(line, 40, 100 + 42 * i - 60 * t, 0.7), WHITE) for i, line in enumerate(lines))
    return over(stage.flat(None), *rolled)


def _title(stage: Stage, ground: Picture, t: float) -> Picture:
    words = stage.words("INBETWEEN", 160 * t - 120, 232)
    return over(ground, (stage.box(160 * t, 220, 300, 50), RED), (words, WHITE))


def _shadow(stage: Stage, t: float) -> Picture:
    soft = cv2.GaussianBlur(stage.disc(120 + 220 * t, 190, 40), (0, 0), 9 * stage.times)
    shade = np.asarray(soft, np.float32)[..., None] * np.array((0.5, 0.5, 0.5, 0), np.float32)
    return over(stage.flat(PAPER) * (1 - shade), (stage.disc(110 + 220 * t, 130, 40), BLUE))


def _arm(stage: Stage, t: float) -> Picture:
    degrees = 120 * (t - 0.5)
    x, y = 50 * np.cos(np.radians(degrees)), 50 * np.sin(np.radians(degrees))
    arm = stage.box(240 + x, 130 + y, 110, 24, degrees)
    return over(stage.flat(PAPER), (stage.box(240, 190, 70, 150), BLUE), (arm, ORANGE))


def _limb(x: float, y: float, length: float, *degrees: float) -> list[tuple[float, float]]:
    """The joints of a limb that hangs down where no part of it is turned."""
    joints = [(x, y)]
    for angle in np.radians(degrees):
        x, y = x + length * float(np.sin(angle)), y + length * float(np.cos(angle))
        joints.append((x, y))
    return joints


def _elbow(stage: Stage, t: float) -> Picture:
    body = stage.box(150, 200, 90, 140)
    arm = _limb(185, 150, 85, 100, 70 + 105 * t)
    return over(stage.flat(PAPER), (body, BLUE), (stage.line(arm, 40), NIGHT), (stage.line(arm, 34), ORANGE))


def _inked(*things: tuple[Picture, Picture, Colour]) -> Iterator[tuple[Picture, Colour]]:
    """Things of a colour, the first lowest, each before the same a little larger: its ink."""
    for cover, larger, colour in things:
        yield larger, NIGHT
        yield cover, colour


def _legs(stage: Stage, ground: Picture, t: float) -> Picture:
    swing = 35 - 60 * t
    ways = ((235, swing, (0.1, 0.2, 0.5)), (245, -swing, BLUE))
    legs = ((_limb(x, 130, 60, turned, turned - 10), colour) for x, turned, colour in ways)
    inked = ((stage.line(leg, 24), stage.line(leg, 30), colour) for leg, colour in legs)
    coat = stage.box(240, 100, 70, 110), stage.box(240, 100, 76, 116), RED
    return over(ground, *_inked(*inked, coat))


def _stroll(stage: Stage, t: float) -> Picture:
    """Somebody walks on the spot, from one foot in front of the other to both side by side: what is far goes behind."""
    hips, neck = (240, 145 + 3 * t), (236, 85 + 3 * t)

    def limb(start: tuple[float, float], length: float, upper: float, lower: float, width: float) -> Any:
        places = _limb(*start, length, upper, lower)
        return stage.line(places, width), stage.line(places, width + 4)

    far = limb(hips, 44, 28 * t - 28, 14 * t - 44, 15), limb((236, 92 + 3 * t), 32, 28 * t - 28, 28 * t - 8, 10)
    near = limb(hips, 44, 28 - 28 * t, 12 - 24 * t, 15), limb((236, 92 + 3 * t), 32, 28 - 28 * t, 48 - 28 * t, 10)
    body = stage.line((hips, neck), 34), stage.line((hips, neck), 38)
    head = stage.disc(235, 58 + 3 * t, 24), stage.disc(235, 58 + 3 * t, 26)
    colours = (0.25, 0.3, 0.5), (0.75, 0.45, 0.1), BLUE, RED, ORANGE, (1.0, 0.85, 0.7)
    parts = far[0], far[1], near[0], body, near[1], head
    return over(stage.flat(PAPER), *_inked(*((*part, colour) for part, colour in zip(parts, colours, strict=True))))


def _behind(stage: Stage, t: float) -> Picture:
    arm = _limb(240, 110, 110, 60 * t - 70)
    limb = stage.line(arm, 26), stage.line(arm, 32), ORANGE
    body = stage.box(240, 150, 80, 130), stage.box(240, 150, 86, 136), BLUE
    return over(stage.flat(PAPER), *_inked(limb, body))


def _nod(stage: Stage, t: float) -> Picture:
    degrees = 50 * t - 25
    down, right = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))

    def at(up: float, aside: float = 0) -> tuple[float, float]:
        """A place on the head, so far from the neck's joint, and from its axis."""
        return 240 + up * right + aside * down, 150 - up * down + aside * right

    neck, face = stage.box(*at(30), 30, 70, degrees), stage.disc(*at(70), 45)
    eyes = (stage.disc(*at(56, aside), 6) for aside in (-14, 14))
    head = (neck, ORANGE), (face, ORANGE), (stage.box(*at(95), 80, 34, degrees), RED), *((eye, NIGHT) for eye in eyes)
    return over(stage.flat(PAPER), *head, (stage.box(240, 205, 120, 110), GREEN))


def _emerging(stage: Stage, t: float) -> Picture:
    box = stage.box(200 + 70 * t, 130 - 20 * t, 60, 60, 40 * t)
    return over(stage.flat(PAPER), (box, ORANGE), (stage.box(180, 160, 90, 120), BLUE))


def _walker(stage: Stage, t: float) -> Picture:
    x, swing = 160 + 130 * t, 40 - 28 * t
    lines = [stage.line([(x, 90), (x, 165)], 4)]
    for joint, length, bent in ((110, 32, 20), (165, 38, -15)):
        for turned in (-swing, swing):
            lines.append(stage.line(_limb(x, joint, length, turned, turned + bent), 4))
    head = (stage.disc(x, 66, 26), NIGHT), (stage.disc(x, 66, 22), ORANGE)
    return over(stage.flat(PAPER), *((line, NIGHT) for line in lines), *head)


def _ball(stage: Stage, t: float) -> Picture:
    x, y, radius, grey = 110 + 240 * t, 80 + 70 * t, 36, (0.35, 0.35, 0.38)
    places = np.linspace(0, 2 * np.pi, 121)
    outline, waist = ([(x + radius * np.cos(a), y + high * np.sin(a)) for a in places] for high in (radius, 10))
    lines = stage.line(outline, 2), stage.line(waist[:61], 2), stage.line([(20, 225), (460, 225)], 2)
    return over(stage.flat(PAPER), *((line, grey) for line in lines))


def _widened(stage: Stage, t: float) -> Picture:
    outer, inner = stage.box(240, 135, 90 + 240 * t, 200), stage.box(240, 135, 60 + 240 * t, 170)
    return over(stage.flat(PAPER), (outer, BLUE), (inner, PAPER))


def _tiles(stage: Stage, t: float) -> Picture:
    things = []
    for column, row in product(range(5), range(4)):
        side = 44 - 5 * (column + row) + 10 * t
        things.append(stage.box(120 + 60 * column, 45 + 60 * row, side, side))
    return over(stage.flat(PAPER), *((thing, BLUE) for thing in things))


def _school(stage: Stage, t: float) -> Picture:
    fish = []
    for x, y in product((80 + 70 * t, 170 + 70 * t, 260 + 70 * t), (60, 130, 200)):
        tail = np.array(((x - 14, y), (x - 36, y - 14), (x - 36, y + 14)))
        fish += [stage.disc(x, y, 18), stage.shape(tail)]
    return over(stage.flat(BLUE), *((part, ORANGE) for part in fish))


def _flower(stage: Stage, t: float) -> Picture:
    around = np.linspace(0, 2 * np.pi, 61)
    petal = np.stack((60 + 42 * np.cos(around), 18 * np.sin(around)), 1)
    petals = []
    for angle in np.pi / 3 * np.arange(6) + 0.45 * t:
        turned = np.array(((np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))))
        petals.append(stage.shape(petal @ turned + (240, 135)))
    return over(stage.flat(PAPER), *((each, RED) for each in petals), (stage.disc(240, 135, 24), ORANGE))


def _twins(stage: Stage, t: float) -> Picture:
    things = []
    for x in (130 + 60 * t, 330 - 40 * t):
        things += [(stage.disc(x, 90, 26), ORANGE), (stage.box(x, 160, 50, 90), BLUE)]
        things += [(stage.disc(x + side, 86, 4), NIGHT) for side in (-8, 8)]
    return over(stage.flat(PAPER), *things)


def _equaliser(stage: Stage, t: float) -> Picture:
    heights = (40, 80, 120, 160, 120, 80, 40, 80, 120)
    changing = (_between(a, b, t) for a, b in zip(heights, (*heights[1:], heights[0]), strict=True))
    bars = (stage.box(80 + 40 * place, 220 - high / 2, 26, high) for place, high in enumerate(changing))
    return over(stage.flat(PAPER), *((bar, RED) for bar in bars))


def _switch(stage: Stage, t: float) -> Picture:
    track, knob = stage.line([(190, 135), (290, 135)], 80), stage.disc(190 + 100 * t, 135, 32)
    return over(stage.flat(PAPER), (track, _mixed((0.7, 0.7, 0.7), GREEN, t)), (knob, WHITE))


def _badge(stage: Stage, t: float) -> Picture:
    card, badge = stage.box(220 - 50 * t, 150, 280 - 120 * t, 130 - 20 * t), stage.disc(310, 120, 24)
    return over(stage.flat(PAPER), (card, _mixed(ORANGE, RED, t)), (badge, NIGHT))


def _crossing(stage: Stage, t: float) -> Picture:
    one, other = stage.disc(140 + 200 * t, 120, 45), stage.disc(340 - 200 * t, 150, 45)
    return over(stage.flat(PAPER), (one, RED), (other, BLUE))


def _meeting(stage: Stage, t: float) -> Picture:
    things = (
        stage.disc(120 + 80 * t, 110, 40),
        stage.disc(330 - 75 * t, 140, 28),
        stage.box(200, 230 - 60 * t, 70, 36, 20 * t),
    )
    return over(stage.flat(PAPER), *((thing, RED) for thing in things))


def _closing(stage: Stage, t: float) -> Picture:
    turned = 28 - 22 * t
    legs = (stage.line(_limb(240 + side * 5, 110, 110, side * turned), 24) for side in (-1, 1))
    return over(stage.flat(PAPER), *((leg, NIGHT) for leg in legs), (stage.box(240, 80, 56, 100), ORANGE))


def _cheek(stage: Stage, t: float) -> Picture:
    arm = _limb(280, 200, 85, 60 + 10 * t, 140 + 75 * t)
    skin = stage.disc(240, 110, 70), stage.line(arm, 24), stage.disc(*arm[-1], 22)
    eyes = (stage.disc(x, 100, 8) for x in (215, 265))
    things = (stage.box(240, 220, 100, 120), BLUE), *((each, ORANGE) for each in skin), *((eye, NIGHT) for eye in eyes)
    return over(stage.flat(PAPER), *things)


def _puzzle(stage: Stage, t: float) -> Picture:
    away = 80 - 40 * t
    squares = (stage.box(240 + x * away, 135 + y * away, 80, 80) for x, y in product((-1, 1), (-1, 1)))
    return over(stage.flat(PAPER), *((each, RED) for each in squares))


def _lid(stage: Stage, t: float) -> Picture:
    box, ribbon, lid = (
        stage.box(240, 180, 160, 90),
        stage.box(240, 180, 30, 90),
        stage.box(240, 120 - 60 * t, 180, 36, 20 * t),
    )
    return over(stage.flat(PAPER), (box, BLUE), (ribbon, ORANGE), (lid, BLUE))


def _silhouette(stage: Stage, t: float) -> Picture:
    parts = [stage.disc(240, 50, 22), stage.line([(240, 85), (240, 155)], 34)]
    for side in (-1, 1):
        parts.append(stage.line(_limb(240 + side * 8, 155, 80, side * (28 - 25 * t)), 20))
        parts.append(stage.line(_limb(240 + side * 12, 85, 65, side * (52 - 42 * t)), 14))
    return over(stage.flat(PAPER), *((part, NIGHT) for part in parts))


def _fingers(stage: Stage, t: float) -> Picture:
    spread = 20 - 19 * t
    fingers = (stage.line(_limb(205 + 23 * place, 150, 70, 180 - spread * (place - 1.5)), 18) for place in range(4))
    return over(stage.flat(PAPER), (stage.box(240, 200, 90, 110), ORANGE), *((finger, ORANGE) for finger in fingers))


CAMERAS: dict[str, Callable[[float], dict[str, float]]] = {
    "camera pans 60 pixels": lambda t: {"shift": 60 * t - 30},
    "camera zooms by a third": lambda t: {"zoom": 1.2 * 1.33**t},
    "camera rolls 15 degrees": lambda t: {"zoom": 1.4, "turn": 15 * t},
}
"""Scenes in which nothing moves but the camera, and how it stands: of each pixel it is known where it goes."""

SCENES: dict[str, Callable[[Stage, float], Picture]] = {
    "camera pans 60 pixels": lambda stage, t: stage.camera(**CAMERAS["camera pans 60 pixels"](t)),
    "camera zooms by a third": lambda stage, t: stage.camera(**CAMERAS["camera zooms by a third"](t)),
    "camera rolls 15 degrees": lambda stage, t: stage.camera(**CAMERAS["camera rolls 15 degrees"](t)),
    "a ball before a texture": lambda stage, t: stage.ball(stage.camera(), 130 + 200 * t),
    "a ball, and the camera pans": lambda stage, t: stage.ball(stage.camera(shift=50 * t), 150 + 150 * t),
    "a title slides in": lambda stage, t: _title(stage, stage.flat(NIGHT), t),
    "a title slides in before a texture": lambda stage, t: _title(stage, stage.camera(), t),
    "credits scroll": _credits,
    "a word grows": lambda stage, t: over(stage.flat(PAPER), (stage.words("SCALE", 140 - 60 * t, 150, 1.7 + t), BLUE)),
    "bars grow": _bars,
    "a frame widens": _widened,
    "tiles grow one after another": _tiles,
    "a school of fish swims on": _school,
    "a flower turns": _flower,
    "twins walk towards each other": _twins,
    "an equaliser": _equaliser,
    "a switch is thrown": _switch,
    "a card shrinks under a badge at rest": _badge,
    "discs cross": _crossing,
    "the light of a still dims": lambda stage, t: _dimmed(stage.camera(), *[1 - 0.5 * t] * 3, 1),
    "the light dims on things that move": lambda stage, t: _dimmed(
        _actors(stage, stage.flat(PAPER), t), *[1 - 0.5 * t] * 3, 1
    ),
    "things move and fade": lambda stage, t: _dimmed(_actors(stage, stage.flat(None), t), *[1 - 0.6 * t] * 4),
    "the ground changes its colour": lambda stage, t: _actors(stage, stage.flat(_mixed(WHITE, BLUE, t)), t),
    "the ground fades in": lambda stage, t: _actors(stage, stage.flat(BLUE) * np.float32(t), t),
    "grain on things that move": lambda stage, t: _grainy(_actors(stage, stage.flat((0.5, 0.5, 0.55)), t), t),
    "grain, and the camera pans": lambda stage, t: _grainy(stage.camera(shift=40 * t - 20), t),
    "a soft shadow": _shadow,
    "an arm swings 120 degrees": _arm,
    "an arm bends by 105 degrees": _elbow,
    "a line figure walks": _walker,
    "a ball drawn in pencil flies": _ball,
    "an arm swings behind a body": _behind,
    "legs walk under a coat": lambda stage, t: _legs(stage, stage.flat(PAPER), t),
    "legs walk, and the camera pans": lambda stage, t: _legs(stage, stage.camera(shift=60 * t), t),
    "somebody walks on the spot": _stroll,
    "a head nods": _nod,
    "a box comes out from behind another": _emerging,
    "shapes of one colour meet": _meeting,
    "legs of one colour close": _closing,
    "a hand goes to the cheek": _cheek,
    "four squares make one": _puzzle,
    "a box of one colour is opened": _lid,
    "a silhouette lowers its arms": _silhouette,
    "fingers close": _fingers,
    "an iris opens": lambda stage, t: over(stage.flat(NIGHT), (stage.disc(240, 135, 40 + 140 * t), ORANGE)),
    "a wipe": lambda stage, t: over(stage.camera(), (stage.box(290 + 280 * t, 135, 480, 270), NIGHT)),
}
