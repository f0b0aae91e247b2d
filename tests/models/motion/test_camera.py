"""A camera that moves: found in the flow of the whole, and nowhere else."""

from typing import Any

import cv2
import numpy as np
import pytest

from inbetween.models.flow import Motion
from inbetween.models.motion.camera import camera, outside, panned

SIZE = 96, 160


def moved(way: Any, spoilt: float = 0.0, seed: int = 1) -> Motion:
    """The flows of an affine map (2, 3), of which a share leads anywhere and does not come back."""
    random = np.random.default_rng(seed)
    rows, columns = np.indices(SIZE).astype(np.float32)
    here = np.stack((columns, rows), -1)
    there = cv2.transform(here, np.asarray(way, np.float32)) - here
    back = cv2.transform(here, cv2.invertAffineTransform(np.asarray(way, np.float32))) - here
    lost = random.random((SIZE[0] // 8, SIZE[1] // 8)).repeat(8, 0).repeat(8, 1) < spoilt
    there = np.where(lost[..., None], random.normal(0, 20, there.shape), there).astype(np.float32)
    doubts = np.where(lost, 9, 0).astype(np.float32)
    nothing = np.zeros(SIZE, np.float32)
    return Motion((nothing, nothing), (there, np.asarray(back, np.float32)), (doubts, doubts))


PAN = [(1, 0, 12), (0, 1, -5)]
ZOOM = [(1.2, 0, -16), (0, 1.2, -10)]
ROLL = cv2.getRotationMatrix2D((80, 48), 8, 1)


@pytest.mark.parametrize("way", [PAN, ZOOM, ROLL], ids=["pan", "zoom", "roll"])
def test_a_camera_is_found_although_something_else_moves_too(way: Any) -> None:
    found = camera(moved(way, spoilt=0.3))
    assert found is not None
    assert np.allclose(found, way, atol=0.05)


def test_no_camera_is_found_where_nothing_or_not_most_of_it_moves_as_one() -> None:
    still, many = moved(np.eye(2, 3)), moved(PAN, spoilt=0.7)
    assert camera(still) is None
    assert camera(many) is None


@pytest.mark.parametrize("way", [PAN, ZOOM, ROLL], ids=["pan", "zoom", "roll"])
def test_a_place_goes_from_key_to_key_at_an_even_pace(way: Any) -> None:
    way = np.asarray(way, np.float64)
    for t in (0.0, 0.25, 1.0):
        to_start, to_end = panned(way, SIZE, t)
        rows, columns = np.indices(SIZE)
        start, end = (np.stack((columns, rows), -1) + flow for flow in (to_start, to_end))
        assert np.allclose(cv2.transform(start.astype(np.float64), way), end, atol=1e-2)
        assert np.allclose((1 - t) * to_start + t * to_end, 0, atol=1e-2)


def test_a_flow_leads_out_of_the_frame_only_beyond_its_outermost_pixels() -> None:
    flow = np.zeros((4, 6, 2), np.float32)
    assert not outside(flow).any()
    flow[..., 0], flow[..., 1] = 2, -1
    rows, columns = np.indices((4, 6))
    assert np.array_equal(outside(flow), (columns + 2 > 5) | (rows - 1 < 0))
