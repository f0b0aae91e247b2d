"""What sweeps over a picture, what lies below or behind something, and what all leave behind: clean at any time."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from inbetween.core.channels import RGBA
from inbetween.models import metrics, registry

HEIGHT, WIDTH = 160, 240
NIGHT, ORANGE, PAPER = (0.1, 0.1, 0.15), (0.95, 0.55, 0.1), (0.9, 0.9, 0.88)
RED, BLUE = (0.9, 0.2, 0.15), (0.2, 0.35, 0.9)
TIMES = (0.25, 0.5, 0.75)
Scene = Callable[[float], Any]


def flat(colour: Any) -> Any:
    return np.full((HEIGHT, WIDTH, 4), (*colour, 1), np.float32)


def detailed() -> Any:
    """A painted ground: hardly an even spot, no hard edge."""
    random = np.random.default_rng(5)
    picture = np.full((HEIGHT, WIDTH, 4), (0.35, 0.35, 0.35, 1), np.float32)
    for across, strength in ((6, 0.3), (24, 0.12)):
        coarse = strength * random.random((across, across * WIDTH // HEIGHT, 3), np.float32)
        picture[..., :3] += cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return picture


def over(ground: Any, colour: Any, draw: Callable[[Any], Any], soft: float = 0, opacity: float = 1) -> Any:
    """Something drawn at four times the size over a ground; blurred, by pixels, if it is to be soft."""
    fine = np.zeros((4 * HEIGHT, 4 * WIDTH), np.uint8)
    draw(fine)
    cover: Any = cv2.resize(fine, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    if soft:
        cover = cv2.GaussianBlur(cover, (0, 0), soft)
    share = opacity * cover[..., None]
    return ground * (1 - share) + share * np.array((*colour, 1), np.float32)


def box(left: float, top: float, right: float, bottom: float) -> Callable[[Any], Any]:
    first, last = ((round(4 * x), round(4 * y)) for x, y in ((left, top), (right - 1, bottom - 1)))
    return lambda plane: cv2.rectangle(plane, first, last, 255, -1)


def disc(x: float, y: float, radius: float) -> Callable[[Any], Any]:
    return lambda plane: cv2.circle(plane, (round(4 * x), round(4 * y)), round(4 * radius), 255, -1)


def wipe(t: float) -> Any:
    """A sheet draws back to the right, off a picture."""
    return over(detailed(), NIGHT, box(20 + 160 * t, 0, WIDTH, HEIGHT))


def iris(t: float) -> Any:
    """A disc grows beyond the frame."""
    return over(flat(NIGHT), ORANGE, disc(120, 80, 22 + 80 * t))


def shadow(t: float) -> Any:
    """A soft shadow crosses a ground, and passes below a box that stays."""
    shaded = over(flat(PAPER), (0, 0, 0), disc(40 + 150 * t, 120, 18), soft=5, opacity=0.5)
    return over(shaded, BLUE, box(100, 90, 130, 150))


def crossing(t: float) -> Any:
    """Two discs change places."""
    one = over(flat(PAPER), RED, disc(70 + 100 * t, 70, 24))
    return over(one, BLUE, disc(170 - 100 * t, 90, 24))


def emerging(t: float) -> Any:
    """A disc comes out from behind another one, which goes the other way."""
    one = over(flat(PAPER), RED, disc(90 + 80 * t, 80, 30))
    return over(one, BLUE, disc(115 - 60 * t, 70, 26))


def entering(t: float) -> Any:
    """A box comes in over the border of the frame, before a picture."""
    return over(detailed(), RED, box(120 * t - 40, 60, 120 * t + 40, 110))


def titled(t: float) -> Any:
    """A word slides before a picture, farther than a letter is wide."""

    def draw(plane: Any) -> None:
        at = round(4 * (12 + 50 * t)), 4 * 90
        cv2.putText(plane, "BETWEEN", at, cv2.FONT_HERSHEY_DUPLEX, 4, 255, 12, cv2.LINE_AA)

    return over(detailed(), (1, 1, 1), draw)


def passing(t: float) -> Any:
    """A disc passes before a picture."""
    return over(detailed(), RED, disc(60 + 110 * t, 80, 24))


def drawn(scene: Scene, times: Any) -> Any:
    network = registry.load("motion", "cpu").network(RGBA, "display")
    return network(scene(0)[None], scene(1)[None], np.reshape(np.array(times, np.float32), (-1, 1, 1, 1)))


def quality(picture: Any, truth: Any, start: Any, end: Any) -> float:
    return metrics.compare(picture, truth, start, end).psnr


@pytest.mark.parametrize(
    ("scene", "least"),
    [
        (wipe, 30),
        (iris, 28),
        (shadow, 35),
        (crossing, 30),
        (emerging, 25),
        (entering, 28),
        (titled, 25),
        (passing, 35),
    ],
)
@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
def test_all_the_way_through_it_is_what_it_should_be(scene: Scene, least: float, backwards: bool) -> None:
    def played(t: float) -> Any:
        return scene(1 - t if backwards else t)

    start, end = played(0), played(1)
    for t, picture in zip(TIMES, drawn(played, TIMES), strict=True):
        truth = played(t)
        got, dissolve = (quality(each, truth, start, end) for each in (picture, start * (1 - t) + end * t))
        assert got > least, t
        assert got > dissolve + 3, t


def test_what_a_wipe_uncovers_is_shown_as_it_is() -> None:
    """From the key that has it: nothing tells that it moves."""
    (picture,) = drawn(wipe, [0.5])
    shown = np.concatenate((picture[:, 30:90], picture[:, 110:]), 1)
    truth = np.concatenate((wipe(1)[:, 30:90], wipe(0)[:, 110:]), 1)
    assert np.mean(np.abs(shown - truth).max(-1) > 0.001) < 0.01


def test_a_ground_that_stays_is_untouched_by_what_passes() -> None:
    (picture,) = drawn(passing, [0.5])
    away = np.abs(passing(0.5) - detailed()).max(-1) == 0
    assert np.mean(np.abs(picture - detailed())[away].max(-1) > 0.02) < 0.01


def test_what_lies_over_something_in_one_key_does_so_in_between() -> None:
    (picture,) = drawn(emerging, [0.2])
    truth = emerging(0.2)
    blue = np.abs(truth - (*BLUE, 1)).max(-1) < 0.01
    assert np.mean(np.abs(picture - truth)[blue].max(-1) > 0.1) < 0.02


def test_nothing_is_left_where_discs_have_been() -> None:
    (picture,) = drawn(crossing, [0.25])
    truth = crossing(0.25)
    ground = np.abs(truth - flat(PAPER)).max(-1) == 0
    assert np.abs(picture - truth)[ground].max() < 0.02


def test_a_thing_that_covers_the_whole_frame_in_one_key_is_not_taken_for_a_wipe() -> None:
    """A key of one colour tells nothing on what would grow there."""
    start, end = over(detailed(), ORANGE, disc(60, 50, 20)), flat(ORANGE)
    (picture,) = drawn(lambda t: end if t else start, [0.5])
    assert np.isfinite(picture).all()
    assert picture.min() >= 0
    assert picture.max() <= 1.0001
