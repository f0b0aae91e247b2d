"""Scenes that artists meet every day and clips seldom show, generated with their true frames.

Cameras that move, light that changes, grounds of another colour, grain, titles, illustrated backgrounds. Pictures are
float32 (H, W, 4), premultiplied, display-referred, 0 to 1; time goes from 0 to 1.
"""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import cv2
import numpy as np

from inbetween.models.training.readers import Picture
from inbetween.stage import BLUE, GREEN, NIGHT, ORANGE, PAPER, RED, WHITE, Colour, Stage, over

GRAIN = 0.04
"""Standard deviation, of 1."""


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


SKY, LAWN, HILL, ROAD = (0.6, 0.8, 0.95), (0.45, 0.7, 0.35), (0.35, 0.6, 0.3), (0.45, 0.45, 0.48)
WALL, ROOF, WOOD, SUN = (0.9, 0.8, 0.6), (0.7, 0.3, 0.2), (0.45, 0.3, 0.2), (1.0, 0.85, 0.3)
SKIN = (1.0, 0.85, 0.7)


def _street(stage: Stage, shift: float = 0) -> Picture:
    """An illustrated background: houses before hills, by a road; seen so many pixels farther to the right."""
    across = np.linspace(-10, 490, 60)
    hills = []
    for colour, height, high, long, begin in ((LAWN, 150, 25, 60, 0), (HILL, 175, 15, 45, 2)):
        crest = np.column_stack((across, height + high * np.sin((across + shift) / long + begin)))
        hills.append((stage.shape(np.concatenate((crest, ((490, 280), (-10, 280))))), colour))
    things = [(stage.disc(400 - shift, 50, 26), SUN), *hills, (stage.box(240, 250, 500, 50), ROAD)]
    for x in (90 - shift, 330 - shift, 520 - shift):
        roof = np.array(((x - 50, 137), (x + 50, 137), (x, 100)))
        walls = (stage.box(x, 175, 80, 80), WALL), (stage.shape(roof), ROOF)
        things += [*walls, (stage.box(x - 15, 165, 18, 22), BLUE), (stage.box(x + 15, 195, 20, 40), WOOD)]
    return over(stage.flat(SKY), *things)


def _car(stage: Stage, ground: Picture, x: float) -> Picture:
    cabin = np.array(((x - 28, 203), (x + 28, 203), (x + 18, 179), (x - 18, 179)))
    windows = ((stage.box(x + aside, 193, 12, 14), WHITE) for aside in (-9, 9))
    wheels = ((stage.disc(x + aside, 231, 12), NIGHT) for aside in (-26, 26))
    return over(ground, (stage.box(x, 215, 90, 28), RED), (stage.shape(cabin), RED), *windows, *wheels)


def _passer(stage: Stage, ground: Picture, t: float) -> Picture:
    x, swing = 60 + 100 * t, 30 - 12 * t
    legs = ((stage.line(_limb(x, 170, 30, side * swing, side * swing - 8), 10), side) for side in (-1, 1))
    body = (stage.box(x, 150, 30, 50), ORANGE), (stage.disc(x, 110, 18), SKIN)
    arm = stage.line(_limb(x, 132, 22, swing, swing + 10), 8), WALL
    return over(ground, *((leg, NIGHT if side < 0 else BLUE) for leg, side in legs), *body, arm)


def _balloon(stage: Stage, t: float) -> Picture:
    x, y = 150 + 120 * t, 100 - 30 * t
    basket, stripe = (stage.box(x, y + 50, 18, 14), WOOD), (stage.box(x, y, 16, 72), RED)
    return over(_street(stage), (stage.disc(x, y, 36), ORANGE), stripe, basket)


def _tiled(stage: Stage, t: float) -> Picture:
    tiles = (stage.box(20 + 40 * x, 15 + 40 * y, 40, 40) for x, y in product(range(12), range(7)) if (x + y) % 2)
    return over(
        stage.flat(NIGHT), *((tile, PAPER) for tile in tiles), (stage.disc(110 + 240 * t, 120 + 40 * t, 50), RED)
    )


def _lift(stage: Stage, t: float) -> Picture:
    y = 200 - 130 * t
    cabin = (stage.box(240, y, 60, 70), ORANGE), (stage.box(240, y, 4, 70), NIGHT)
    return over(_street(stage), (stage.box(240, 135, 90, 230), (0.5, 0.5, 0.6)), *cabin)


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
    "a ball before tiles": _tiled,
    "a lift goes up before a house": _lift,
    "the camera pans along a street": lambda stage, t: _street(stage, 120 * t),
    "the camera zooms in on a street": lambda stage, t: stage.enlarged(_street(stage), 1.6**t),
    "a car passes houses": lambda stage, t: _car(stage, _street(stage), 80 + 230 * t),
    "a car passes houses, and the camera pans": lambda stage, t: _car(stage, _street(stage, 60 * t), 200 + 20 * t),
    "somebody passes a house": lambda stage, t: _passer(stage, _street(stage), t),
    "a balloon passes a house": _balloon,
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
