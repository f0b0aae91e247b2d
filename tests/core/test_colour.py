"""The working space: bounded, and back again."""

from math import inf, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inbetween.core.colour import DISPLAY, SCENE_LINEAR, decode, encode, resolve, visible
from inbetween.core.errors import SettingsError

light = arrays(np.float32, (2, 2, 3), elements=st.floats(-65504, 65504, width=32))
HALVES = np.arange(2**16, dtype=np.uint16).view(np.float16)
FINITE_HALVES = HALVES[np.isfinite(HALVES)].astype(np.float32)


@given(light)
def test_scene_linear_light_comes_back(pixels: np.ndarray) -> None:
    np.testing.assert_allclose(decode(encode(pixels, "linear"), "linear"), pixels, rtol=2e-6, atol=1e-37)


def test_every_half_float_comes_back_on_any_array_library(library: Any) -> None:
    back = library.numpy(decode(encode(library.array(FINITE_HALVES), "linear"), "linear"))
    np.testing.assert_allclose(back, FINITE_HALVES, rtol=2e-6, atol=0)
    np.testing.assert_array_equal(back.astype(np.float16), FINITE_HALVES.astype(np.float16))


def test_the_working_space_is_bounded_rising_and_the_same_for_dark_and_light() -> None:
    ascending = np.unique(FINITE_HALVES)
    seen = encode(ascending, "linear")
    assert np.abs(seen).max() < 5
    assert np.all(np.diff(seen) > 0)
    np.testing.assert_array_equal(seen, -encode(-ascending, "linear"))


def test_black_and_white_stay_and_middle_grey_is_in_the_middle() -> None:
    seen = encode(np.array([0, 1, 0.18], np.float32), "linear")
    assert seen[0] == 0
    assert seen[1] == pytest.approx(1, abs=1e-7)
    assert 0.4 < seen[2] < 0.6


def test_the_shaper_follows_the_srgb_curve_from_black_to_white() -> None:
    linear = np.linspace(0, 1, 1001, dtype=np.float32)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    assert np.abs(encode(linear, "linear") - srgb).max() < 0.07


@given(light)
def test_display_pixels_are_left_as_they_are(pixels: np.ndarray) -> None:
    assert encode(pixels, "display") is pixels
    assert decode(pixels, "display") is pixels


def test_light_is_not_written_to() -> None:
    pixels = np.array([[-1.0, 0.5, 100.0]], np.float32)
    seen = encode(pixels, "linear")
    kept = seen.copy()
    decode(seen, "linear")
    np.testing.assert_array_equal(pixels, np.array([[-1.0, 0.5, 100.0]], np.float32))
    np.testing.assert_array_equal(seen, kept)


def test_what_is_no_number_stays_none() -> None:
    back = decode(encode(np.array([inf, -inf, nan], np.float32), "linear"), "linear")
    np.testing.assert_array_equal(back, np.array([inf, -inf, nan], np.float32))


@pytest.mark.parametrize("space", ["auto", "acescg", ""])
def test_an_unknown_working_space_is_refused(space: str) -> None:
    for change in (encode, decode):
        with pytest.raises(SettingsError, match="linear, display"):
            change(np.zeros(1, np.float32), space)


@pytest.mark.parametrize("setting", ["linear", "display"])
@pytest.mark.parametrize("file", ["a.exr", "a.png", "a"])
def test_a_chosen_space_is_obeyed(setting: str, file: str) -> None:
    chosen = resolve(setting, file, "sRGB")
    assert (chosen.name, chosen.reason) == (setting, "as set")


@pytest.mark.parametrize(
    ("file", "tag", "name"),
    [
        ("shot.0001.exr", "", "linear"),
        ("SHOT.EXR", "", "linear"),
        (".exr", "", "linear"),
        ("hdr", "", "linear"),
        ("shot.0001.png", "", "display"),
        ("plate.dpx", "", "display"),
        ("plate.tiff", "", "display"),
        ("plate.tif", "lin_rec709_scene", "linear"),
        ("plate.tif", "lin_ap1_scene", "linear"),
        ("plate.tif", "ACEScg", "linear"),
        ("plate.tif", "ACES2065-1", "linear"),
        ("plate.tif", "scene_linear", "linear"),
        ("plate.tif", "Linear Rec.709 (sRGB)", "linear"),
        ("plate.exr", "Utility - Linear - sRGB", "linear"),
        ("plate.exr", "srgb_rec709_scene", "display"),
        ("plate.exr", "sRGB", "display"),
        ("plate.exr", "sRGB Encoded Rec.709 (sRGB)", "display"),
        ("plate.exr", "g22_rec709_display", "display"),
        ("plate.exr", "Gamma2.2", "display"),
        ("plate.exr", "Rec709", "display"),
        ("plate.exr", "KodakLog", "display"),
        ("plate.exr", "ARRI LogC4", "display"),
        ("plate.exr", "S-Log3 S-Gamut3.Cine", "display"),
        ("plate.exr", "ACEScct", "display"),
    ],
)
def test_auto_believes_the_tag_and_then_the_file_type(file: str, tag: str, name: str) -> None:
    chosen = resolve("auto", file, tag)
    assert chosen.name == name
    assert tag in chosen.reason
    assert chosen.reason != "as set"


def test_an_unknown_tag_is_said_and_the_file_type_decides() -> None:
    chosen = resolve("auto", "a.exr", "grandma's monitor")
    assert chosen.name == "linear"
    assert "grandma's monitor" in chosen.reason
    assert "exr" in chosen.reason


def test_an_unknown_file_type_is_said_with_the_remedy() -> None:
    chosen = resolve("auto", "a.xyz")
    assert chosen.name == "display"
    assert "xyz" in chosen.reason
    assert "set the working space" in chosen.reason


def test_no_file_type_is_both_linear_and_display() -> None:
    assert SCENE_LINEAR.isdisjoint(DISPLAY)


def test_measures_become_a_picture_that_rises_with_them() -> None:
    depths = np.asarray([-np.inf, -5, 0, np.nan, 5, 100, 1000, 65504, np.inf], np.float32)
    seen = visible(depths)
    assert np.allclose(seen[[0, 2, 3, 7, 8]], [0, 0.5, 0.5, 1, 1])
    assert np.all(np.diff(seen[[0, 1, 2, 4, 5, 6, 7]]) > 0.05)
