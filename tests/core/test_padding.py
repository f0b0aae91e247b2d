"""What lies beyond a frame is its own edge."""

from typing import Any

import numpy as np

from inbetween.core.padding import Padding, pad


def test_the_edge_is_repeated_outwards(library: Any) -> None:
    frame = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
    padded = library.numpy(pad(library.array(frame), Padding(top=1, bottom=2, left=0, right=3)))
    np.testing.assert_array_equal(padded, np.pad(frame, ((1, 2), (0, 3), (0, 0)), mode="edge"))


def test_a_frame_that_fits_is_not_copied() -> None:
    frame = np.zeros((8, 16, 3), np.float32)
    assert pad(frame, Padding(0, 0, 0, 0)) is frame
