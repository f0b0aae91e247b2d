"""Scenes in which two keys mislead, and the marks that put it right, generated with their true frames.

As in `scenes`: pictures are float32 (H, W, 4), premultiplied, display-referred, 0 to 1; time goes from 0 to 1.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from inbetween import markdown
from inbetween.bench_scenes import WHEN
from inbetween.core.channels import RGBA
from inbetween.core.network import PathNetwork
from inbetween.models import metrics
from inbetween.models.metrics import Scores
from inbetween.models.training.readers import Picture
from inbetween.stage import BLUE, HEIGHT, NIGHT, ORANGE, PAPER, RED, WHITE, WIDTH, Colour, Stage, over

if TYPE_CHECKING:
    from inbetween.core.network import Mark
    from inbetween.models.model import Model

UNSTEADY = 2.0
"""Units of the frame by which a hand misses the place that it marks, at most, across and down."""
INK, SKIN, HAIR, DENIM = (0.08, 0.06, 0.1), (0.98, 0.82, 0.7), (0.35, 0.2, 0.12), (0.25, 0.27, 0.45)

Places = NDArray[np.float64]


@dataclass(frozen=True)
class MarkedScene:
    """A scene, and the points of it that an artist would mark."""

    draw: Callable[[Stage, float], Picture]
    points: Callable[[float], Places]
    """Where they are at a time, (n, 2), x and y in units of the frame."""

    def marks(self, stage: Stage) -> "list[Mark]":
        """As an unsteady hand sets them on both keys of a stage."""
        places = np.stack((self.points(0.0), self.points(1.0)), 1)
        places += np.random.default_rng(1).uniform(-UNSTEADY, UNSTEADY, places.shape)
        return [((a, b), (c, d)) for (a, b), (c, d) in ((places + 0.5) * stage.times).tolist()]


def measure(
    models: "Sequence[Model]", times: int, tell: Callable[[str], None]
) -> dict[str, tuple[int, dict[str, Scores]]]:
    """Scene -> how many marks it has, and the mean scores at `WHEN` of each model, also with marks if it heeds them.

    Pictures are `times` as large as the frame's units.
    """
    stage, figures = Stage(times), {}
    for name, scene in SCENES.items():
        tell(name)
        start, end, *truths = (scene.draw(stage, t) for t in (0.0, 1.0, *WHEN))
        marks = scene.marks(stage)
        rows = {
            row: metrics.mean([metrics.compare(*pair, start, end) for pair in zip(frames, truths, strict=True)])
            for row, frames in _drawn(models, start, end, marks)
        }
        figures[name] = len(marks), rows
    return figures


def table(figures: dict[str, tuple[int, dict[str, Scores]]]) -> str:
    """Markdown: a row for each scene, PSNR and line chamfer of each model."""
    rows = next(iter(figures.values()))[1]
    head = ["scene", "marks", *(f"{row}, PSNR dB" for row in rows), *(f"{row}, line chamfer x 10^4" for row in rows)]
    body = (
        [
            scene,
            str(count),
            *(f"{score.psnr:.1f}" for score in scores.values()),
            *(f"{score.line_chamfer * 1e4:.2f}" for score in scores.values()),
        ]
        for scene, (count, scores) in figures.items()
    )
    return markdown.table(head, body)


def _drawn(
    models: "Sequence[Model]", start: Picture, end: Picture, marks: "list[Mark]"
) -> Iterator[tuple[str, Picture]]:
    """The frames of each model at `WHEN`, (3, H, W, 4), by the name of its row."""
    asked = np.array(WHEN, np.float32).reshape(-1, 1, 1, 1)
    for model in models:
        network = model.network(RGBA, "display")
        yield model.name, network(start[None], end[None], asked)
        if model.knows_marks and isinstance(network, PathNetwork):
            led = network.through(None, None, False, marks)
            yield f"{model.name}, marks", led(start[None], end[None], asked)


def _outlined(stage: Stage, outline: Places, colour: Colour, width: float = 2) -> list[tuple[Picture, Colour]]:
    """A shape of one colour with an outline of ink."""
    return [(stage.shape(outline), colour), (stage.line([*map(tuple, outline), tuple(outline[0])], width), INK)]


def oval(x: float, y: float, wide: float, high: float) -> Places:
    """The outline of an ellipse around x, y, (n, 2); half as wide and high as it is."""
    around = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    return np.stack((x + wide * np.cos(around), y + high * np.sin(around)), 1)


def _swap(stage: Stage, t: float) -> Picture:
    """Two equal discs change places, one above the other."""
    return over(stage.flat(PAPER), *((stage.disc(x, y, 34), BLUE) for x, y in _swapping(t)))


def _swapping(t: float) -> Places:
    return np.array(((130 + 220 * t, 100), (350 - 220 * t, 170)))


def _head(stage: Stage, t: float) -> Picture:
    """A head turns: eyes, nose and mouth go aside on it, and the outline hardly does."""
    shift = 46 * _turned(t)
    things = _outlined(stage, oval(240 + 0.2 * shift, 140, 72, 88), SKIN)
    for x, y in _eyes(t):
        wide = 15 * np.cos((x - 240) / 100)
        things += _outlined(stage, oval(x, y, wide, 17), WHITE, 1.6)
        things += [(stage.shape(oval(x, y + 2, 8, 11)), BLUE), (stage.disc(x, y + 2, 4.5), INK)]
        things += [(stage.line([(x - wide, y - 26), (x, y - 30), (x + wide, y - 26)], 3), HAIR)]
    nose, mouth = 240 + 1.05 * shift, 240 + 0.6 * shift
    things += [(stage.line([(nose - 2, 160), (nose + 6, 176), (nose - 4, 178)], 2), INK)]
    things += [(stage.line([(mouth - 18, 196), (mouth, 201), (mouth + 18, 196)], 2), INK)]
    fringe = [(166, 140), (182 + 0.3 * shift, 112), (206 + 0.6 * shift, 122), (226 + 0.7 * shift, 100)]
    fringe += [(248 + 0.7 * shift, 122), (276 + 0.6 * shift, 102), (300 + 0.3 * shift, 116), (314, 140)]
    fringe += [(316, 84), (272, 44), (208, 44), (164, 84)]
    return over(stage.flat(NIGHT), *things, *_outlined(stage, np.array(fringe, np.float64), HAIR))


def _turned(t: float) -> float:
    return float(np.sin(0.7 * t - 0.35) / np.sin(0.35))


def _eyes(t: float) -> Places:
    return np.array([(240 + 68 * np.sin(0.35 * _turned(t) + side), 142) for side in (-0.42, 0.42)])


def _features(t: float) -> Places:
    """Both eyes and the mouth."""
    return np.vstack((_eyes(t), ((240 + 0.6 * 46 * _turned(t), 200),)))


def _passing(stage: Stage, t: float) -> Picture:
    """The legs of somebody who walks pass each other: in both keys two legs of one colour are apart."""
    body = np.array(((196, 60), (262, 60), (256, 150), (202, 150))) + np.array((30 * t, 0))
    legs = [[(stage.line(leg, 26), INK), (stage.line(leg, 22), DENIM)] for leg in _legs(t)]
    head = _outlined(stage, oval(229 + 30 * t, 34, 22, 24), SKIN)
    return over(stage.flat(PAPER), *legs[0], *legs[1], *_outlined(stage, body, RED), *head)


def _legs(t: float) -> list[list[tuple[float, float]]]:
    """Hip, knee and foot of either leg."""
    hip = np.array((229 + 30 * t, 146))
    legs = []
    for swing in (0.52 - 1.04 * t, 1.04 * t - 0.52):
        knee = hip + 50 * np.array((np.sin(swing), np.cos(swing)))
        foot = knee + 50 * np.array((np.sin(swing - 0.2), np.cos(swing - 0.2)))
        legs.append([tuple(joint.tolist()) for joint in (hip, knee, foot)])
    return legs


def _feet(t: float) -> Places:
    return np.array([leg[2] for leg in _legs(t)])


def _tail(stage: Stage, t: float) -> Picture:
    """A tail uncurls and curls the other way."""
    spine, angle = _spine(t)
    width = np.linspace(14, 3, len(spine))[:, None]
    aside = width * np.stack((-np.sin(angle), np.cos(angle)), 1)
    things = _outlined(stage, np.concatenate((spine + aside, (spine - aside)[::-1])), ORANGE)
    return over(stage.flat(None), *things, *_outlined(stage, oval(200, 190, 60, 40), ORANGE))


def _spine(t: float) -> tuple[Places, Places]:
    """Places along the tail, and its direction there, in radians."""
    along = np.linspace(0, 1, 60)
    angle = np.radians(-70 + (140 * t - 70) * along * 1.5)
    return np.stack((230 + np.cumsum(3.2 * np.cos(angle)), 180 + np.cumsum(3.2 * np.sin(angle))), 1), angle


def _hair(stage: Stage, t: float) -> Picture:
    """Strands of hair, all alike, swing by more than they are apart."""
    things = []
    for index in range(7):
        spine = _strand(index, t)
        wide = np.stack((np.linspace(9, 1, len(spine)), np.zeros(len(spine))), 1)
        things += _outlined(stage, np.concatenate((spine - wide, (spine + wide)[::-1])), HAIR, 1.6)
    return over(stage.flat(PAPER), *things, *_outlined(stage, oval(240 + 14 * t, 62, 66, 44), HAIR))


def _strand(index: int, t: float) -> Places:
    down = np.linspace(0, 1, 30)
    lean = np.radians((48 * t - 24) * (1 + 0.05 * index)) * (0.5 + down)
    step = 150 / len(down)
    return np.stack(
        (192 + 16 * index + 14 * t + step * np.cumsum(np.sin(lean)), 80 + step * np.cumsum(np.cos(lean))), 1
    )


def _painted(stage: Stage, t: float) -> Picture:
    """Something painted, without an even place, goes far before a painted ground."""
    ground, paint = _paints(stage.times)
    way = np.array(((1, 0, 200 * t * stage.times), (0, 1, -30 * t * stage.times)), np.float32)
    moved = np.asarray(cv2.warpAffine(paint, way, stage.size[::-1], borderMode=cv2.BORDER_REFLECT), np.float32)
    cover = stage.shape(oval(130 + 200 * t, 150 - 30 * t, 60, 45))
    return np.dstack((ground * (1 - cover) + cover * moved, np.ones(stage.size, np.float32)))


@cache
def _paints(times: int) -> tuple[Picture, Picture]:
    """A pale ground and a strong paint, (H, W, 3)."""
    found = []
    for seed, coarse, least, most in ((8, 12, 0.35, 0.65), (7, 9, 0.25, 0.75)):
        spots = np.random.default_rng(seed).uniform(least, most, (HEIGHT // coarse, WIDTH // coarse, 3))
        size = (WIDTH * times, HEIGHT * times)
        found.append(np.asarray(cv2.resize(spots.astype(np.float32), size, interpolation=cv2.INTER_CUBIC), np.float32))
    return np.clip(found[0], 0, 1), np.clip(found[1], 0, 1)


SCENES = {
    "equal discs change places": MarkedScene(_swap, _swapping),
    "legs pass each other": MarkedScene(_passing, _feet),
    "a head turns by 40 degrees": MarkedScene(_head, _features),
    "strands of hair swing": MarkedScene(_hair, lambda t: np.array([_strand(index, t)[18] for index in range(7)])),
    "a tail curls": MarkedScene(_tail, lambda t: _spine(t)[0][[25, 40, 55]]),
    "something painted goes far": MarkedScene(_painted, lambda t: np.array(((130 + 200 * t, 150 - 30 * t),))),
}
