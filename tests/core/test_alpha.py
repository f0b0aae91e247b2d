"""Coverage and premultiplied colour."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inbetween.core.alpha import straight
from inbetween.core.channels import GREY, RGBA, Channels

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


def test_without_alpha_nothing_is_done() -> None:
    plate = np.ones((2, 2, 1), np.float32)
    assert straight(plate, GREY) is plate
