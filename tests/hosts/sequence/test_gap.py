"""What is done to two keys before a network sees them."""

import numpy as np

from inbetween.core.channels import Channels
from inbetween.hosts.sequence.gap import mend

CHANNELS = Channels(("R", "G", "B", "A", "Z", "id"), (0, 1, 2), 3, (5,))


def test_sound_pixels_are_handed_on_as_they_are() -> None:
    pixels = np.ones((2, 3, 6), np.float32)
    pixels[..., 4] = np.inf
    pixels[..., 5] = np.uint32(0xFFC00001).view(np.float32)
    mended, count = mend(pixels, CHANNELS)
    assert mended is pixels
    assert count == 0


def test_only_what_cannot_be_drawn_with_is_replaced() -> None:
    pixels = np.ones((2, 3, 6), np.float32)
    pixels[0, 0] = (np.nan, np.inf, -np.inf, np.nan, np.nan, np.nan)
    mended, count = mend(pixels, CHANNELS)
    assert count == 5
    np.testing.assert_array_equal(mended[0, 0], np.asarray([1, 1, 1, 1, 0, np.nan], np.float32))
    np.testing.assert_array_equal(mended[1:], pixels[1:])
    assert np.isnan(pixels[0, 0, 0]), "keys are never written to"


def test_colour_that_is_not_finite_becomes_that_of_the_nearest_pixel_which_is() -> None:
    pixels = np.zeros((9, 9, 6), np.float32)
    pixels[..., 0] = np.arange(9)
    pixels[:, 3:5, 0] = np.inf
    pixels[2, 8, 0] = -np.inf
    pixels[..., 1] = np.nan
    mended, count = mend(pixels, CHANNELS)
    assert count == 9 * 2 + 1 + 81
    assert mended[4, :, 0].tolist() == [0, 1, 2, 2, 5, 5, 6, 7, 8]
    assert mended[2, 8, 0] in (7, 8)
    assert not mended[..., 1].any(), "a channel without any finite value is black"
