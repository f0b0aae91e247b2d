"""Variations of a window are still the same animation."""

import numpy as np
import pytest

from inbetween.models.training import augment


@pytest.fixture
def window() -> augment.Window:
    frames = np.random.default_rng(0).random((3, 6, 8, 4), np.float32)
    frames[..., :3] *= frames[..., 3:]
    return frames


def test_reversing_twice_is_the_window_itself(window: augment.Window) -> None:
    frames, times = augment.reverse(*augment.reverse(window, (0, 0.25, 1)))
    np.testing.assert_array_equal(frames, window)
    assert times == (0, 0.25, 1)


def test_reversed_in_time_a_frame_keeps_its_distance_to_its_neighbours(window: augment.Window) -> None:
    _, times = augment.reverse(window, (0, 0.25, 1))
    assert times == (0, 0.75, 1)


def test_every_variation_is_premultiplied_and_of_the_same_size(window: augment.Window) -> None:
    for seed in range(30):
        varied, times = augment.augmented(window, (0, 0.5, 1), np.random.default_rng(seed))
        assert varied.shape == window.shape
        assert varied.dtype == np.float32
        assert (varied[..., :3] <= varied[..., 3:] + 1e-6).all()
        assert times[0] == 0
        assert times[-1] == 1


def test_the_same_seed_gives_the_same_variation(window: augment.Window) -> None:
    one, two = (augment.augmented(window, (0, 0.5, 1), np.random.default_rng(5))[0] for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_the_input_is_never_written_to(window: augment.Window) -> None:
    before = window.copy()
    for seed in range(10):
        augment.augmented(window, (0, 0.5, 1), np.random.default_rng(seed))[0].fill(0)
    np.testing.assert_array_equal(window, before)


def test_on_a_ground_everything_is_opaque_and_what_was_opaque_is_unchanged(window: augment.Window) -> None:
    window[:, 0] = (0.1, 0.2, 0.3, 1)
    laid = augment.on_ground(window, np.array([1, 0, 0], np.float32))
    np.testing.assert_allclose(laid[..., 3], 1, atol=1e-6)
    np.testing.assert_allclose(laid[:, 0], window[:, 0], atol=1e-6)


def test_permuted_colours_leave_the_coverage_alone(window: augment.Window) -> None:
    turned = augment.permute_colours(window, (2, 0, 1))
    np.testing.assert_array_equal(turned[..., 3], window[..., 3])
    np.testing.assert_array_equal(turned[..., 0], window[..., 2])
