"""The palette clamp: flat colours come back exact, everything else is left alone."""

from typing import Any

import numpy as np
import pytest

from inbetween.core.palette import MOST, find, snap
from inbetween.core.settings import Settings, describe

INK = np.array([0.05, 0.05, 0.1, 1], np.float32)
SKIN = np.array([0.9, 0.7, 0.55, 1], np.float32)
GLOW = np.array([6.0, 3.0, 0.25, 1], np.float32)
NOTHING = np.zeros(4, np.float32)
COLOURS = (NOTHING, INK, SKIN, GLOW)
REACH = 0.1


def drawing(shift: int = 0) -> np.ndarray:
    """Four flat colours, each in a quarter."""
    picture = np.empty((40, 40, 4), np.float32)
    picture[:20, :20], picture[:20, 20:], picture[20:, :20], picture[20:, 20:] = COLOURS
    return np.roll(picture, shift, axis=1)


def ramp(width: int, height: int = 40) -> np.ndarray:
    """An opaque grey gradient of 8-bit steps."""
    grey = np.round(np.linspace(0.2, 0.8, width) * 255) / 255
    picture = np.ones((height, width, 4), np.float32)
    picture[..., :3] = grey[None, :, None]
    return picture


def inside(picture: np.ndarray) -> np.ndarray:
    """Where (H, W) a pixel has only its own colour around it."""
    around = np.pad(picture, ((1, 1), (1, 1), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(around, (3, 3), axis=(0, 1))
    return np.asarray((windows == picture[..., None, None]).all(axis=(2, 3, 4)))


@pytest.mark.parametrize("space", ["display", "linear"])
def test_nearly_flat_colours_come_home_exactly_inside_and_edges_stay_as_drawn(library: Any, space: str) -> None:
    palette = find(library.array(drawing()), library.array(drawing(3)), REACH, space)
    assert len(palette.reaches) == len(COLOURS)
    noise = np.random.default_rng(0).uniform(-0.004, 0.004, (40, 40, 4)).astype(np.float32)
    drawn = drawing(1) + noise
    snapped = library.numpy(snap(library.array(drawn), palette))
    flat = inside(drawing(1))
    assert 0.7 < flat.mean() < 0.95
    np.testing.assert_array_equal(snapped[flat], drawing(1)[flat])
    np.testing.assert_array_equal(snapped[~flat], drawn[~flat])


def test_a_smear_on_nothing_is_wiped_out_in_alpha_too() -> None:
    palette = find(drawing(), drawing(), REACH, "display")
    smear = np.broadcast_to(np.array([0.06, 0.05, 0.04, 0.08], np.float32), (3, 3, 4))
    np.testing.assert_array_equal(snap(smear, palette), np.zeros((3, 3, 4), np.float32))


@pytest.mark.parametrize("space", ["display", "linear"])
def test_a_key_comes_back_as_it_was(space: str) -> None:
    np.testing.assert_array_equal(snap(drawing(), find(drawing(), drawing(5), REACH, space)), drawing())


def test_snapping_twice_is_snapping_once() -> None:
    palette = find(drawing(), drawing(), REACH, "display")
    noisy = drawing() + np.random.default_rng(1).normal(0, 0.1, (40, 40, 4)).astype(np.float32)
    np.testing.assert_array_equal(snap(snap(noisy, palette), palette), snap(noisy, palette))


@pytest.mark.parametrize("coverage", [0.04, 0.25, 0.5, 0.75, 0.96])
def test_a_soft_edge_is_left_alone(coverage: float) -> None:
    palette = find(drawing(), drawing(), REACH, "display")
    edge = np.zeros((12, 12, 4), np.float32)
    edge[:, :6], edge[:, 6] = SKIN, SKIN * np.float32(coverage)
    np.testing.assert_array_equal(snap(edge, palette), edge)


@pytest.mark.parametrize("width", [1, 2])
def test_a_thin_line_is_left_alone(width: int) -> None:
    palette = find(drawing(), drawing(), REACH, "display")
    line = np.zeros((12, 12, 4), np.float32)
    line[:, 5 : 5 + width] = INK * np.float32(0.95)
    np.testing.assert_array_equal(snap(line, palette), line)


@pytest.mark.parametrize("width", [40, 154, 600])
def test_gradients_are_left_alone(width: int) -> None:
    palette = find(ramp(width), ramp(width), REACH, "display")
    between = ramp(width) + np.array([0.002, 0.001, -0.001, 0], np.float32)
    np.testing.assert_array_equal(snap(between, palette), between)


def test_grain_is_left_alone() -> None:
    grain = np.random.default_rng(2).normal(0.5, 0.05, (60, 60, 4)).astype(np.float32)
    eight_bit = np.round(grain * 255) / np.float32(255)
    for picture in (grain, eight_bit):
        np.testing.assert_array_equal(snap(picture, find(picture, picture, REACH, "display")), picture)


def test_two_close_colours_stay_two() -> None:
    shade = SKIN - np.array([0.04, 0.04, 0.04, 0], np.float32)
    picture = drawing()
    picture[25:, :15] = shade
    palette = find(picture, picture, REACH, "display")
    noise = np.random.default_rng(0).uniform(-0.015, 0.015, picture.shape).astype(np.float32)
    flat = inside(picture)
    np.testing.assert_array_equal(snap(picture + noise, palette)[flat], picture[flat])


def test_a_colour_of_a_few_pixels_is_not_flat() -> None:
    picture = drawing()
    picture[:2, :2] = np.array([0, 1, 0, 1], np.float32)
    assert len(find(picture, picture, REACH, "display").reaches) == len(COLOURS)


def test_the_colours_of_either_key_count() -> None:
    plain = np.broadcast_to(SKIN, (40, 40, 4)).copy()
    palette = find(plain, np.broadcast_to(INK, (40, 40, 4)).copy(), REACH, "display")
    for colour in (SKIN, INK):
        np.testing.assert_array_equal(snap(np.full((2, 2, 4), colour + np.float32(0.01)), palette)[0, 0], colour)


def test_a_picture_without_flat_colours_has_no_palette(library: Any) -> None:
    noise = library.array(np.random.default_rng(0).random((30, 30, 4), dtype=np.float32))
    palette = find(noise, noise, REACH, "linear")
    assert palette.reaches == ()
    np.testing.assert_array_equal(library.numpy(snap(noise, palette)), library.numpy(noise))


def test_flat_colours_of_a_large_frame_are_found_in_a_sample() -> None:
    picture = np.kron(drawing(), np.ones((15, 15, 1), np.float32))
    assert len(find(picture, picture, REACH, "display").reaches) == len(COLOURS)


def test_reaches_never_overlap() -> None:
    close = drawing()
    close[25:, :15] = SKIN - np.array([0.04, 0, 0, 0], np.float32)
    palette = find(close, close, REACH, "display")
    for one, (colour, reach) in enumerate(zip(palette.colours, palette.reaches, strict=True)):
        for other in range(one):
            assert np.abs(palette.colours[other] - colour).max() > palette.reaches[other] + reach


def test_the_option_tells_how_many_colours_are_looked_for() -> None:
    (clamp,) = (row for row in describe(Settings) if row["name"] == "clamp")
    assert f"up to {MOST}" in clamp["help"]
