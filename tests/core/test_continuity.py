"""Holds, movements and cuts."""

from typing import Any

import numpy as np
import pytest

from inbetween.core.channels import GREY, RGB, RGBA, Channels
from inbetween.core.continuity import Verdict, difference, is_cut, judge
from inbetween.core.settings import Settings

SETTINGS = Settings()
WITH_DEPTH = Channels(("R", "G", "B", "A", "Z"), (0, 1, 2), 3)
SHOTS = range(12)


def shot(seed: int, width: int = 96) -> np.ndarray:
    """A painted background of its own colours: a sky, a ground, and eight round things."""
    random = np.random.default_rng(seed)
    colours = random.random((10, 3))
    y, x = np.mgrid[:72, :width] / 96
    picture = np.ones((72, width, 4))
    picture[..., :3] = colours[0] + (colours[1] - colours[0]) * y[..., None]
    for colour in colours[2:]:
        across, down, radius = random.uniform((0, 0, 0.05), (width / 96, 0.75, 0.3))
        picture[(x - across) ** 2 + (y - down) ** 2 < radius**2, :3] = colour
    return picture.astype(np.float32)


def figure(x: int, size: int = 14, colour: tuple[float, float, float] = (0.9, 0.5, 0.2)) -> np.ndarray:
    """A small outlined figure on nothing."""
    picture = np.zeros((72, 96, 4), np.float32)
    picture[30 : 30 + size, x : x + size] = (0, 0, 0, 1)
    picture[32 : 28 + size, x + 2 : x + size - 2] = (*colour, 1)
    return picture


def verdict(start: np.ndarray, end: np.ndarray) -> Verdict:
    return judge(start, end, RGBA, "display", SETTINGS)


def test_the_same_picture_twice_is_a_hold(library: Any) -> None:
    assert judge(library.array(shot(0)), library.array(shot(0)), RGBA, "display", SETTINGS) is Verdict.HOLD


def test_one_changed_pixel_is_a_movement() -> None:
    changed = shot(0)
    changed[5, 5, 0] += 0.001
    assert verdict(shot(0), changed) is Verdict.MOVE


def test_a_change_in_another_layer_alone_is_a_movement() -> None:
    start = np.zeros((8, 8, 5), np.float32)
    end = start.copy()
    end[2, 2, 4] = 1
    assert judge(start, end, WITH_DEPTH, "linear", SETTINGS) is Verdict.MOVE


def test_a_damaged_pixel_that_stays_is_a_hold() -> None:
    damaged = shot(0)
    damaged[3, 3, 1] = np.nan
    assert verdict(damaged, damaged.copy()) is Verdict.HOLD


@pytest.mark.parametrize("seed", SHOTS)
def test_two_unrelated_shots_are_a_cut(library: Any, seed: int) -> None:
    start, end = library.array(shot(seed)), library.array(shot(seed + 100))
    assert judge(start, end, RGBA, "display", SETTINGS) is Verdict.CUT


@pytest.mark.parametrize("seed", SHOTS)
def test_two_unrelated_shots_at_night_are_a_cut(seed: int) -> None:
    night = np.array([0.15, 0.15, 0.2, 1], np.float32)
    assert verdict(shot(seed) * night, shot(seed + 100) * night) is Verdict.CUT


@pytest.mark.parametrize("seed", SHOTS)
def test_a_pan_over_half_the_picture_is_a_movement(seed: int) -> None:
    wide = shot(seed, width=144)
    assert verdict(wide[:, :96], wide[:, 48:]) is Verdict.MOVE


@pytest.mark.parametrize("seed", SHOTS)
@pytest.mark.parametrize("light", [(0.5, 0.5, 0.5), (0.2, 0.25, 0.35), (0.9, 0.4, 0.3)])
def test_a_change_of_light_is_a_movement(seed: int, light: tuple[float, float, float]) -> None:
    assert verdict(shot(seed), shot(seed) * np.array([*light, 1], np.float32)) is Verdict.MOVE


@pytest.mark.parametrize("seed", SHOTS)
@pytest.mark.parametrize("level", [0.0, 1.0])
def test_a_fade_from_or_to_a_plain_picture_is_a_movement(seed: int, level: float) -> None:
    plain = np.full((72, 96, 4), level, np.float32)
    assert verdict(shot(seed), plain) is verdict(plain, shot(seed)) is Verdict.MOVE


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (figure(4), figure(78)),
        (figure(4), figure(40, size=30)),
        (figure(4), figure(70, colour=(0.1, 0.2, 0.9))),
        (figure(4), np.zeros((72, 96, 4), np.float32)),
        (np.zeros((72, 96, 4), np.float32), figure(50)),
    ],
    ids=["crosses", "grows", "changes colour", "leaves", "enters"],
)
def test_a_figure_on_nothing_may_do_what_it_likes(start: np.ndarray, end: np.ndarray) -> None:
    assert verdict(start, end) is Verdict.MOVE


@pytest.mark.parametrize("seed", SHOTS)
def test_a_threshold_of_one_never_sees_a_cut(seed: int) -> None:
    never = Settings(cut_threshold=1.0)
    assert judge(shot(seed), shot(seed + 100), RGBA, "display", never) is Verdict.MOVE


def test_scene_linear_light_is_judged_as_it_is_seen() -> None:
    lamp = shot(3)
    lamp[10:30, 10:30, :3] = 5000
    assert judge(lamp, lamp * np.array([0.5, 0.5, 0.5, 1], np.float32), RGBA, "linear", SETTINGS) is Verdict.MOVE
    assert judge(shot(1) ** 2.2, shot(101) ** 2.2, RGBA, "linear", SETTINGS) is Verdict.CUT


@pytest.mark.parametrize("seed", SHOTS)
def test_the_difference_is_the_same_either_way_and_a_share(library: Any, seed: int) -> None:
    start, end = library.array(shot(seed)), library.array(shot(seed + 50))
    found = difference(start, end, RGBA, "display")
    assert 0 <= found <= 1
    assert found == pytest.approx(difference(end, start, RGBA, "display"), abs=1e-6)
    assert difference(start, start, RGBA, "display") == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("seed", SHOTS)
@pytest.mark.parametrize("threshold", [0.0, 0.05, 0.3, 0.75])
def test_the_short_way_to_no_cut_is_never_wrong(seed: int, threshold: float) -> None:
    moved = np.roll(shot(seed), seed, axis=1)
    found = difference(shot(seed), moved, RGBA, "display")
    assert is_cut(shot(seed), moved, RGBA, "display", threshold) == (found > threshold)


def test_size_does_not_change_the_verdict() -> None:
    start, end = (np.kron(shot(seed), np.ones((7, 7, 1), np.float32)) for seed in (0, 100))
    small = difference(shot(0), shot(100), RGBA, "display")
    assert difference(start, end, RGBA, "display") == pytest.approx(small, abs=0.05)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (2, 2), (65, 3), (64, 64), (129, 77)])
@pytest.mark.parametrize("channels", [GREY, RGB, RGBA, WITH_DEPTH])
def test_frames_of_any_size_and_layout_are_judged(shape: tuple[int, int], channels: Channels) -> None:
    random = np.random.default_rng(0)
    start, end = (random.random((*shape, len(channels.names)), dtype=np.float32) for _ in range(2))
    assert judge(start, end, channels, "linear", SETTINGS) in (Verdict.MOVE, Verdict.CUT)


def test_damaged_pixels_do_not_decide() -> None:
    start, end = shot(0), np.roll(shot(0), 3, axis=1)
    start[0, 0], end[40, 40] = np.nan, np.inf
    assert verdict(start, end) is Verdict.MOVE
