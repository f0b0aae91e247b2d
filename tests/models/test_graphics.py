"""Generated graphics: what they claim about motion must be what their pixels do."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbetween.models.training.graphics import render, sample, scene
from inbetween.models.training.layers import Layer, Motion, Part, Scene, draw, flow, held
from inbetween.models.warp import fetched_along

SQUARE = np.array([[-8.0, -8.0], [8.0, -8.0], [8.0, 8.0], [-8.0, 8.0]])


def moving_square(travel: Any = (12.0, 0.0), **changes: Any) -> Any:
    layer = Layer((Part((SQUARE,), (1.0, 0.5, 0.0)),), Motion((0.0, 0.0), travel, parent=Motion((31.5, 31.5))))
    return Scene(64, (replace(layer, **changes),), Motion((31.5, 31.5)), None)


def test_a_seed_is_a_picture() -> None:
    one, other, third = sample(5, 64), sample(5, 64), sample(6, 64)
    assert all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("start", "middle", "end", "flows"))
    assert not np.array_equal(one.start, third.start)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**40))
def test_frames_are_premultiplied_colour_from_0_to_1(seed: Any) -> None:
    made = sample(seed, 64)
    for frame in (made.start, made.middle, made.end):
        assert frame.shape == (64, 64, 4)
        assert frame.dtype == np.float32
        assert frame.min() >= 0
        assert frame.max() <= 1 + 1e-3
        assert (frame[..., :3] <= frame[..., 3:] + 1e-3).all()


def test_the_flow_of_a_travelling_square_is_its_travel() -> None:
    made = render(moving_square(), 0.25)
    owned = made.middle[..., 3] > 0.9
    assert np.allclose(made.flows[2][owned], (-3, 0), atol=1e-4)
    assert np.allclose(made.flows[3][owned], (9, 0), atol=1e-4)


def test_the_middle_is_found_along_the_flow_wherever_it_is_visible() -> None:
    wrong = []
    for seed in range(40):
        made = sample(seed, 96, reach=0.1)
        for key, source in ((2, made.start), (3, made.end)):
            seen = made.seen[key] == 1
            fetched = fetched_along(source, made.flows[key])
            if seen.any():
                wrong.append(np.abs(fetched - made.middle)[seen].mean())
    # Edges are drawn anew at each time, textures and fades change on the way; nothing else may differ.
    assert np.median(wrong) < 0.01
    assert np.mean(wrong) < 0.03


@pytest.mark.parametrize("there", [0, 1])
def test_what_leaves_through_the_other_key_comes_back(there: Any) -> None:
    made = sample(11, 96, reach=0.1)
    out, back = made.flows[there], made.flows[1 - there]
    loop = out + fetched_along(back, out)
    assert np.median(np.abs(loop)[made.seen[there] == 1]) < 0.1


def test_a_thing_that_appears_is_not_visible_in_the_key_before() -> None:
    made = render(moving_square(present=(0.4, 1.0)), 0.5)
    owned = made.middle[..., 3] > 0.9
    assert made.start.max() == 0
    assert (made.seen[2][owned] == 0).all()
    assert (made.seen[3][owned] == 1).all()


def test_a_fade_changes_coverage_and_nothing_else() -> None:
    made = render(moving_square(travel=(0.0, 0.0), opacity=(0.5, 1.0)), 0.25)
    inside = made.end[..., 3] > 0.99
    assert made.start.max() == 0
    assert np.allclose(made.middle[inside], 0.25 * made.end[inside], atol=0.01)


def test_a_stroke_grows_along_its_line() -> None:
    line = Part((np.array([[-20.0, 0.0], [20.0, 0.0]]),), (0.0, 0.0, 0.0), width=3.0)
    drawn = moving_square(travel=(0.0, 0.0), parts=(line,), drawn=((0.0, 0.0), (0.0, 1.0)))
    lengths = [draw(drawn, t)[0][..., 3].max(0).sum() for t in (0.25, 0.5, 1.0)]
    assert lengths == pytest.approx([10, 20, 40], abs=4)


def test_a_held_layer_does_not_move() -> None:
    still = scene(np.random.default_rng(2), 64, 0.4)
    still = replace(still, layers=tuple(held(layer) for layer in still.layers), camera=Motion((31.5, 31.5)))
    still = replace(still, layers=tuple(replace(x, motion=replace(x.motion, parent=None)) for x in still.layers))
    _, owners = draw(still, 0.0)
    assert np.abs(flow(still, owners, 0.0, 1.0)).max() < 1e-3


def test_limbs_follow_their_body() -> None:
    body = Motion((20.0, 32.0), (16.0, 0.0))
    limb = Layer((Part((SQUARE / 2,), (0.0, 0.0, 1.0)),), Motion((10.0, 0.0), parent=body))
    placed = [limb.to_frame(np.zeros((1, 2)), t)[0] for t in (0.0, 1.0)]
    assert placed[1] - placed[0] == pytest.approx((16, 0))
