"""What is told of channels, one by one, is what NumPy tells of the last axis, to the bit."""

from typing import Any

import numpy as np
import pytest

from inbetween.models.arrays import channel_max, channel_min, length, max_difference, selected

SHAPES = ((7, 9, 4), (7, 9, 2), (11, 4), (0, 4), (3,))


@pytest.fixture(params=SHAPES, ids=str)
def pair(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray]:
    """Two arrays of a shape, above and below zero."""
    one, other = np.random.default_rng(5).normal(size=(2, *request.param)).astype(np.float32)
    return one, other


def same(found: Any, wanted: Any) -> None:
    """The same values, to the bit, of one type and shape."""
    assert np.shape(found) == np.shape(wanted)
    assert np.asarray(found).dtype == np.asarray(wanted).dtype
    assert np.asarray(found).tobytes() == np.asarray(wanted).tobytes()


def test_the_greatest_and_the_least_of_the_channels(pair: tuple[np.ndarray, np.ndarray]) -> None:
    same(channel_max(pair[0]), pair[0].max(-1))
    same(channel_min(pair[0]), pair[0].min(-1))


def test_of_truths_it_is_whether_any_or_all_hold(pair: tuple[np.ndarray, np.ndarray]) -> None:
    same(channel_max(pair[0] > 0), (pair[0] > 0).any(-1))
    same(channel_min(pair[0] > 0), (pair[0] > 0).all(-1))


def test_how_far_colours_are_apart(pair: tuple[np.ndarray, np.ndarray]) -> None:
    one, other = pair
    same(max_difference(one, other), np.abs(one - other).max(-1))


def test_every_pixel_of_a_picture_is_compared_with_one_colour() -> None:
    picture, colour = np.random.default_rng(6).random((5, 6, 4)), np.array((0.1, 0.5, 0.9, 1))
    same(max_difference(picture, colour), np.abs(picture - colour).max(-1))
    same(
        max_difference(picture[:, None, 0], picture[None, :, 1]),
        np.abs(picture[:, None, 0] - picture[None, :, 1]).max(-1),
    )


def test_a_value_that_is_none_is_no_difference_either() -> None:
    one = np.array([[0.0, np.nan], [0.0, 1.0]], np.float32)
    assert np.isnan(max_difference(one, np.zeros_like(one))).tolist() == [True, False]


def test_colours_of_unlike_layouts_are_not_compared() -> None:
    with pytest.raises(ValueError, match="shorter"):
        max_difference(np.zeros((2, 4)), np.zeros((2, 3)))


def test_lengths_of_vectors(pair: tuple[np.ndarray, np.ndarray]) -> None:
    same(length(pair[0][..., :2]), np.linalg.norm(pair[0][..., :2], axis=-1))


def test_channels_where_a_mask_holds_come_in_the_order_of_pixels() -> None:
    random = np.random.default_rng(7)
    values, mask = random.random((6, 5, 2)).astype(np.float32), random.random((6, 5)) > 0.5
    same(selected(values, mask), values[mask])
    same(selected(values[:, ::-1], mask), values[:, ::-1][mask])
    same(selected(values, np.zeros_like(mask)), np.zeros((0, 2), np.float32))
