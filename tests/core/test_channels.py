"""Taking channels out of a plate and putting them back."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbetween.core.channels import pick, put


@pytest.mark.parametrize("indices", [(0, 1, 2), (1,), (3, 2, 1), (0, 4), (2, 3, 4)])
def test_channels_are_picked_and_put_back_in_order(library: Any, indices: tuple[int, ...]) -> None:
    plate = np.random.default_rng(0).random((2, 3, 5), dtype=np.float32)
    picked = pick(library.array(plate), indices)
    np.testing.assert_array_equal(library.numpy(picked), plate[..., list(indices)])
    expected = plate.copy()
    expected[..., list(indices)] += 1
    np.testing.assert_array_equal(library.numpy(put(library.array(plate), indices, picked + 1)), expected)


@given(st.permutations(range(5)), st.integers(1, 5))
def test_putting_back_what_was_picked_changes_no_bit(order: list[int], count: int) -> None:
    plate = np.random.default_rng(0).integers(0, 2**32, (2, 2, 5), dtype=np.uint32).view(np.float32)  # NaNs among them
    same = put(plate, order[:count], pick(plate, order[:count]))
    np.testing.assert_array_equal(same.view(np.uint32), plate.view(np.uint32))


def test_a_plate_is_not_written_to() -> None:
    plate = np.zeros((2, 2, 3), np.float32)
    put(plate, (1,), np.ones((2, 2, 1), np.float32))
    assert not plate.any()
