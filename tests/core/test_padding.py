"""Any size in, the same size and bits out."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from inbetween.core.padding import Padding, crop, pad, to_multiple

sides = st.integers(1, 60)


@given(sides, sides, st.integers(1, 64))
def test_what_was_padded_is_cropped_back_to_the_bit(height: int, width: int, multiple: int) -> None:
    frames = np.random.default_rng(0).random((2, height, width, 3), dtype=np.float32)
    padding = to_multiple(height, width, multiple)
    padded = pad(frames, padding)
    assert padded.shape[-3] % multiple == padded.shape[-2] % multiple == 0
    assert padded.shape[-3] - height < multiple
    assert padded.shape[-2] - width < multiple
    np.testing.assert_array_equal(crop(padded, padding), frames)


def test_the_edge_is_repeated_outwards(library: Any) -> None:
    frame = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
    padding = Padding(top=1, bottom=2, left=0, right=3)
    padded = library.numpy(pad(library.array(frame), padding))
    np.testing.assert_array_equal(padded, np.pad(frame, ((1, 2), (0, 3), (0, 0)), mode="edge"))
    np.testing.assert_array_equal(library.numpy(crop(library.array(padded), padding)), frame)


def test_a_frame_that_fits_is_not_copied() -> None:
    frame = np.zeros((8, 16, 3), np.float32)
    assert to_multiple(8, 16, 8) == Padding(0, 0, 0, 0)
    assert pad(frame, to_multiple(8, 16, 8)) is frame


@given(sides, sides, st.integers(1, 64))
def test_both_sides_are_padded_alike_but_for_one(height: int, width: int, multiple: int) -> None:
    padding = to_multiple(height, width, multiple)
    assert padding.bottom - padding.top in (0, 1)
    assert padding.right - padding.left in (0, 1)
