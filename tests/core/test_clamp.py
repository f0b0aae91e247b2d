"""Clean-up: the binary clamp, k-means, and what the settings choose."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inbetween.core.channels import GREY, RGB, RGBA, Channels
from inbetween.core.clamp import binary, cleaner, kmeans
from inbetween.core.colour import decode
from inbetween.core.settings import Settings

LAYERED = Channels(("A", "depth", "B", "G", "R", "id"), (4, 3, 2), 0, (5,))
pictures = arrays(np.float32, (3, 4, 1), elements=st.floats(-2, 2, width=32))


def frame(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


@given(pictures)
def test_the_binary_clamp_is_equation_7(picture: np.ndarray) -> None:
    theta, epsilon = 0.3, 0.1
    expected = [0.0 if y < theta - epsilon else 1.0 if y >= theta + epsilon else y for y in picture.ravel()]
    np.testing.assert_array_equal(binary(picture, theta, epsilon).ravel(), np.array(expected, np.float32))


def test_the_binary_clamp_runs_on_any_array_library(library: Any) -> None:
    picture = np.array([[[-1.0], [0.19], [0.25]], [[0.41], [1.0], [7.0]]], np.float32)
    clamped = library.numpy(binary(library.array(picture)))
    np.testing.assert_array_equal(clamped.ravel(), np.array([0, 0, 0.25, 1, 1, 1], np.float32))


@given(pictures, st.floats(0, 1), st.floats(0, 0.5))
@example(np.full((1, 1, 1), -1, np.float32), 1e-225, 0.0)
def test_clamping_twice_is_clamping_once(picture: np.ndarray, theta: float, epsilon: float) -> None:
    once = binary(picture, theta, epsilon)
    low, high = np.float32(theta - epsilon), np.float32(theta + epsilon)  # as exactly as pixels are
    if low <= 0 or high > 1:  # then 0 or 1 itself lies on the wrong side
        return
    np.testing.assert_array_equal(binary(once, theta, epsilon), once)


def test_kmeans_leaves_so_many_colours(library: Any) -> None:
    for count in (1, 2, 3, 5):
        reduced = library.numpy(kmeans(library.array(frame(20, 30, 3)), count))
        assert reduced.shape == (20, 30, 3)
        assert len(np.unique(reduced.reshape(-1, 3), axis=0)) == count


def test_kmeans_finds_the_colours_that_are_there(library: Any) -> None:
    colours = np.array([[0, 0, 0, 0], [0.9, 0.1, 0.1, 1], [8.0, 7.0, 0.5, 1]], np.float32)
    which = np.random.default_rng(3).integers(0, 3, (40, 30))
    noise = np.random.default_rng(4).normal(0, 0.01, (40, 30, 4)).astype(np.float32)
    reduced = library.numpy(kmeans(library.array(colours[which] + noise), 3))
    np.testing.assert_allclose(reduced, colours[which], atol=0.005)


def test_kmeans_makes_the_same_of_the_same_frame() -> None:
    np.testing.assert_array_equal(kmeans(frame(30, 30, 3), 4), kmeans(frame(30, 30, 3), 4))


def test_kmeans_puts_every_pixel_to_its_nearest_colour() -> None:
    picture = frame(15, 15, 3)
    reduced = kmeans(picture, 4)
    centres = np.unique(reduced.reshape(-1, 3), axis=0)
    distances = np.linalg.norm(picture[..., None, :] - centres, axis=-1)
    np.testing.assert_allclose(np.linalg.norm(picture - reduced, axis=-1), distances.min(axis=-1), atol=1e-6)


def test_kmeans_of_fewer_colours_than_asked_for_changes_nothing(library: Any) -> None:
    picture = np.zeros((9, 9, 3), np.float32)
    picture[3:5] = 0.5
    np.testing.assert_array_equal(library.numpy(kmeans(library.array(picture), 8)), picture)


def test_kmeans_of_a_large_frame_learns_from_a_sample() -> None:
    picture = np.zeros((400, 400, 1), np.float32)
    picture[:, 200:] = 1
    picture += np.random.default_rng(0).normal(0, 0.02, picture.shape).astype(np.float32)
    assert np.sort(np.unique(kmeans(picture, 2))) == pytest.approx([0, 1], abs=0.01)


def test_with_everything_off_the_frame_itself_comes_back() -> None:
    picture = frame(4, 4, 4)
    assert cleaner(Settings(), RGBA, picture, picture, "display")(picture) is picture


@pytest.mark.parametrize("settings", [Settings(clamp="binary"), Settings(clamp="palette"), Settings(kmeans=3)])
def test_ids_and_layers_are_left_alone(library: Any, settings: Settings) -> None:
    start, end, drawn = (library.array(frame(16, 16, 6, seed=seed)) for seed in range(3))
    cleaned = library.numpy(cleaner(settings, LAYERED, start, end, "linear")(drawn))
    np.testing.assert_array_equal(cleaned[..., [1, 5]], frame(16, 16, 6, seed=2)[..., [1, 5]])


@pytest.mark.parametrize("channels", [GREY, RGB, RGBA, LAYERED])
@pytest.mark.parametrize("settings", [Settings(clamp="binary"), Settings(clamp="palette"), Settings(kmeans=3)])
def test_what_comes_in_is_not_written_to(channels: Channels, settings: Settings) -> None:
    plates = [frame(12, 12, len(channels.names), seed=seed) for seed in range(3)]
    copies = [plate.copy() for plate in plates]
    cleaned = cleaner(settings, channels, plates[0], plates[1], "display")(plates[2])
    assert (cleaned.shape, cleaned.dtype) == (plates[2].shape, plates[2].dtype)
    for plate, copy in zip(plates, copies, strict=True):
        np.testing.assert_array_equal(plate, copy)


def test_a_binary_line_on_nothing_gets_a_hard_edge_in_its_own_colour() -> None:
    alpha = np.array([0.0, 0.1, 0.3, 0.7, 1.0], np.float32)
    line = np.stack([alpha, alpha * 0, alpha, alpha], axis=-1)[None]  # magenta, premultiplied
    cleaned = cleaner(Settings(clamp="binary"), RGBA, line, line, "display")(line)
    np.testing.assert_allclose(cleaned[0, :, 3], [0, 0, 0.3, 1, 1], rtol=1e-6)
    np.testing.assert_allclose(cleaned[0, :, :3], np.array([[1, 0, 1]], np.float32) * cleaned[0, :, 3:], rtol=1e-6)


def test_kmeans_and_clamp_work_one_after_the_other() -> None:
    picture = frame(16, 16, 1)
    cleaned = cleaner(Settings(kmeans=2, clamp="binary"), GREY, picture, picture, "display")(picture)
    np.testing.assert_array_equal(cleaned, binary(kmeans(picture, 2)))


@pytest.mark.parametrize("settings", [Settings(clamp="binary"), Settings(kmeans=3)])
def test_a_drawing_is_cleaned_alike_in_files_of_display_values_and_of_light(settings: Settings) -> None:
    drawn = frame(16, 16, 1)
    cleaned = cleaner(settings, GREY, drawn, drawn, "display")(drawn)
    light = decode(drawn, "linear")
    np.testing.assert_allclose(
        cleaner(settings, GREY, light, light, "linear")(light), decode(cleaned, "linear"), atol=1e-5
    )
