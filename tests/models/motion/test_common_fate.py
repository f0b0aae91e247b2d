"""What moves alike goes as one, however little each piece of it tells."""

from collections.abc import Callable
from itertools import islice

import numpy as np
import pytest

from inbetween.core.channels import RGBA
from inbetween.models import registry
from inbetween.models.motion.affine import Floats, affine, mapped, spun
from inbetween.models.motion.common_fate import common_motions

RANDOM = np.random.default_rng(5)
PLACES = RANDOM.uniform(0, 400, (40, 2))
LOST = RANDOM.uniform(0, 400, (40, 2))
SHIFT = affine(np.eye(2), np.zeros(2), np.array((37.5, -12.0)))
TURN = affine(spun(1.1 * np.exp(0.3j)), np.array((200.0, 150.0)), np.array((20.0, 5.0)))


def unsteady(places: Floats) -> Floats:
    return places + RANDOM.uniform(-0.4, 0.4, places.shape)


@pytest.mark.parametrize("way", [SHIFT, TURN])
def test_most_things_tell_how_all_go_though_half_of_them_are_lost(way: Floats) -> None:
    end = unsteady(mapped(PLACES, way))
    end[::2] = LOST[::2]
    found = next(common_motions(PLACES, end))
    assert np.abs(mapped(PLACES, found) - mapped(PLACES, way)).max() < 1


def test_what_goes_two_ways_is_told_apart_the_larger_company_first() -> None:
    end = unsteady(mapped(PLACES, SHIFT))
    end[:15] = unsteady(mapped(PLACES[:15], TURN))
    found = islice(common_motions(PLACES, end), 2)
    for each, way in zip(found, (SHIFT, TURN), strict=True):
        assert np.abs(mapped(PLACES, each) - mapped(PLACES, way)).max() < 1


def test_what_only_shifts_does_not_turn() -> None:
    found = next(common_motions(PLACES, unsteady(mapped(PLACES, SHIFT))))
    assert np.array_equal(found[:, :2], np.eye(2))


def test_of_what_goes_apart_nothing_is_common() -> None:
    assert not [*common_motions(np.zeros((0, 2)), np.zeros((0, 2)))]
    assert not [*common_motions(PLACES[:4], PLACES[:4] * 2, turning=False)]


@pytest.mark.parametrize(
    ("scene", "least"), [("a title slides in", 42), ("a title slides in before a texture", 41), ("credits scroll", 34)]
)
def test_lettering_that_slows_down_comes_whole(
    scene: str, least: float, whole_slowing: Callable[[str, float], None]
) -> None:
    whole_slowing(scene, least)


def test_lettering_before_a_texture_comes_whole_by_two_keys_alone(psnr: Callable[[str, str], list[float]]) -> None:
    ours, flow = (psnr("a title slides in before a texture", model) for model in ("motion", "flow"))
    assert min(ours) > max(44, *flow)


def banner(left: int) -> np.ndarray:
    """A banner with marks of different sizes, one of them a ring, which may come in from the left."""
    frame = np.zeros((96, 240, 4), np.float32)
    frame[...] = (0.1, 0.1, 0.3, 1)
    for (top, bottom, start, end), colour in (
        ((20, 76, 0, 170), (0.8, 0.2, 0.1, 1)),
        ((34, 62, 30, 56), (1, 1, 1, 1)),
        ((42, 54, 38, 48), (0.8, 0.2, 0.1, 1)),
        ((40, 50, 66, 90), (1, 1, 1, 1)),
        ((34, 44, 104, 112), (1, 1, 1, 1)),
        ((44, 64, 124, 150), (1, 1, 1, 1)),
        ((30, 66, 156, 164), (1, 1, 1, 1)),
    ):
        frame[top:bottom, max(0, start + left) : max(0, end + left)] = colour
    return frame


def test_what_the_frame_hides_in_one_key_comes_in_with_the_others() -> None:
    network = registry.load("motion", "cpu").network(RGBA, "display")
    frame = network(banner(-60)[None], banner(0)[None], np.full((1, 1, 1, 1), 0.5, np.float32))[0]
    assert np.abs(frame - banner(-30)).max() < 0.06


def test_what_lies_alone_does_not_go_along_out_of_the_frame() -> None:
    start, end = banner(60), banner(0)
    bar = np.array((0.2, 0.9, 0.3, 1), np.float32)
    start[84:94, 40:50] = bar
    network = registry.load("motion", "cpu").network(RGBA, "display")
    frame = network(start[None], end[None], np.full((1, 1, 1, 1), 0.5, np.float32))[0]
    assert np.abs(frame[84:94, 10:20] - bar).max(-1).min() > 0.3
