"""Coverage and premultiplied colour."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inbetween.core.alpha import bounded, over, straight
from inbetween.core.channels import GREY, RGB, RGBA, Channels

ALPHA_FIRST = Channels(("A", "Z", "Y"), (2,), 0)
plates = arrays(np.float32, (2, 3, 4), elements=st.floats(0, 1, width=16))


def test_straight_colour_times_alpha_is_the_colour(library: Any) -> None:
    plate = np.random.default_rng(0).random((3, 4, 4), dtype=np.float32)
    plate[0, 0, 3] = 0
    looked_at = library.numpy(straight(library.array(plate), RGBA))
    np.testing.assert_array_equal(looked_at[..., 3], plate[..., 3])
    covered = plate[..., 3] > 0
    np.testing.assert_allclose((looked_at * looked_at[..., 3:])[covered][:, :3], plate[covered][:, :3], rtol=1e-6)


def test_light_without_coverage_stays_light() -> None:
    glow = np.array([[[2.0, 1.0, 0.5, 0.0]]], np.float32)
    np.testing.assert_array_equal(straight(glow, RGBA), glow)


def test_only_colour_is_divided() -> None:
    plate = np.array([[[0.5, 7.0, 0.25]]], np.float32)
    np.testing.assert_array_equal(straight(plate, ALPHA_FIRST), np.array([[[0.5, 7.0, 0.5]]], np.float32))


@given(plates)
def test_straight_colour_is_always_finite(plate: np.ndarray) -> None:
    assert np.isfinite(straight(plate, RGBA)).all()


def test_over_nothing_and_under_nothing_is_the_plate_itself(library: Any) -> None:
    plate = library.array(np.random.default_rng(1).random((3, 4, 4), dtype=np.float32))
    nothing = plate * 0
    np.testing.assert_array_equal(library.numpy(over(plate, nothing, RGBA)), library.numpy(plate))
    np.testing.assert_array_equal(library.numpy(over(nothing, plate, RGBA)), library.numpy(plate))


@given(plates, plates, plates)
def test_three_layers_may_be_joined_from_either_end(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> None:
    left, right = over(over(a, b, RGBA), c, RGBA), over(a, over(b, c, RGBA), RGBA)
    np.testing.assert_allclose(left, right, atol=1e-5)


def test_an_opaque_front_hides_what_is_behind() -> None:
    front, back = np.full((1, 1, 4), 1, np.float32), np.full((1, 1, 4), 9, np.float32)
    np.testing.assert_array_equal(over(front, back, RGBA), front)
    assert over(front, back, RGB) is front


def test_alpha_is_held_to_its_range_and_colour_is_not(library: Any) -> None:
    plate = np.array([[[9.0, -1.0, 0.5, 1.25], [2.0, 0.0, 0.0, -0.5]]], np.float32)
    held = library.numpy(bounded(library.array(plate), RGBA))
    np.testing.assert_array_equal(held, np.array([[[9.0, -1.0, 0.5, 1.0], [2.0, 0.0, 0.0, 0.0]]], np.float32))
    np.testing.assert_array_equal(plate[..., 3], np.array([[1.25, -0.5]], np.float32))


def test_without_alpha_nothing_is_done() -> None:
    plate = np.ones((2, 2, 1), np.float32)
    assert straight(plate, GREY) is plate
    assert bounded(plate, GREY) is plate
