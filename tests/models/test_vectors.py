"""Where everything that one frame shows is in the next one."""

from itertools import pairwise

import numpy as np
import pytest

from inbetween.core.channels import RGBA
from inbetween.core.network import Array, Moved, VectorNetwork
from inbetween.models import flow, registry
from inbetween.models.doubt import against
from inbetween.models.metrics import psnr
from inbetween.models.rest import ground
from inbetween.models.warp import fetched_along
from inbetween.scenes import SCENES
from inbetween.stage import Stage

STAGE = Stage(1)
TIMES = (0.0, 0.25, 0.5, 0.75, 1.0)
STEPS = tuple(pairwise(TIMES))


def network(name: str) -> VectorNetwork:
    found = registry.load(name, "cpu", "auto").network(RGBA, "display")
    assert isinstance(found, VectorNetwork)
    return found


def keys(name: str) -> tuple[Array, Array]:
    return SCENES[name](STAGE, 0.0)[None], SCENES[name](STAGE, 1.0)[None]


def drawn(name: str, moving: VectorNetwork) -> list[Array]:
    start, end = keys(name)
    inside = np.array(TIMES[1:-1], np.float32).reshape(-1, 1, 1, 1)
    return [start[0], *moving(start, end, inside), end[0]]


def trusted(moved: Moved) -> Array:
    return moved.trust > 0.5


@pytest.mark.parametrize("model", ["flow", "motion"])
@pytest.mark.parametrize(
    "name", ["camera pans 60 pixels", "a title slides in", "a ball, and the camera pans", "credits scroll"]
)
def test_what_is_trusted_is_where_the_next_frame_and_the_last_one_show_the_same(name: str, model: str) -> None:
    moving = network(model)
    frames = drawn(name, moving)
    for earlier, later, (there, back) in zip(frames, frames[1:], moving.vectors(*keys(name), STEPS), strict=False):
        for here, other, moved in ((earlier, later, there), (later, earlier, back)):
            sure = trusted(moved)
            assert sure.mean() > 0.6
            assert psnr(here, fetched_along(other, moved.flow), sure) > psnr(here, other, sure) + 8


@pytest.mark.parametrize("model", ["flow", "motion"])
def test_a_pan_of_sixty_pixels_is_fifteen_in_each_of_four_steps(model: str) -> None:
    for there, back in network(model).vectors(*keys("camera pans 60 pixels"), STEPS):
        for moved, way in ((there, 15), (back, -15)):
            off = np.hypot(moved.flow[..., 0] - way, moved.flow[..., 1])
            assert np.median(off) < 0.01
            assert off[trusted(moved)].mean() < 0.2


def test_no_point_finds_a_partner_across_an_outline() -> None:
    """Of two discs that pass each other, each by 50 pixels a step, all that is trusted is moved by that or rests."""
    for there, _ in network("motion").vectors(*keys("discs cross"), STEPS):
        speed = there.flow[trusted(there)][:, 0]
        whole = np.abs(np.abs(speed) - 50) < 1.5
        assert np.mean(whole | (np.abs(speed) < 1.5)) > 0.99
        assert whole.mean() > 0.05


@pytest.mark.parametrize("model", ["flow", "motion"])
def test_a_step_is_the_same_whatever_others_are_asked_for(model: str) -> None:
    start, end = keys("an arm swings 120 degrees")
    every = list(network(model).vectors(start, end, STEPS))
    (alone,) = network(model).vectors(start, end, STEPS[2:3])
    for one, other in zip(every[2], alone, strict=True):
        np.testing.assert_array_equal(one.flow, other.flow)
        np.testing.assert_array_equal(one.trust, other.trust)


def test_equal_keys_are_still_and_sure() -> None:
    start, _ = keys("discs cross")
    for model in ("flow", "motion"):
        for way in next(iter(network(model).vectors(start, start, [(0.25, 0.5)]))):
            assert not way.flow.any()
            assert way.trust.min() == 1


def test_plain_paper_is_ground_and_neither_what_stands_on_it_nor_a_smooth_picture_is() -> None:
    paper = np.full((60, 90), 220, np.float32)
    paper[20:40, 30:50] = 90
    plain = ground(paper)
    assert plain[:15].all()
    assert not plain[19:41, 29:51].any()
    assert not ground(np.linspace(0, 255, 90, dtype=np.float32)[None].repeat(60, 0)).any()


def test_more_speaks_against_pixels_where_both_keys_show_different_things() -> None:
    start, end = np.zeros((2, 60, 90), np.float32)
    end[:, 45:] = 200
    still, share = np.zeros((60, 90, 2), np.float32), np.full((60, 90), 0.5, np.float32)
    found = against(start, end, (still, still, share), 0.5)
    assert found[:, :35].max() == 0
    assert found[:, 55:].min() > 0.7


def test_what_is_doubted_is_wrong_more_often() -> None:
    moving = flow.Flow(RGBA, "display")
    name = "an arm swings 120 degrees"
    frames = drawn(name, moving)
    (_, back), (there, _) = moving.vectors(*keys(name), STEPS[1:3])
    wrong = np.abs(frames[2] - SCENES[name](STAGE, 0.5)).max(-1) > 0.1
    trust = np.minimum(there.trust, back.trust)
    assert wrong[trust < 0.3].mean() > 10 * wrong[trust > 0.8].mean()
