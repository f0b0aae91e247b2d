"""What is joined to a carried piece goes along with it, where that fits, and nothing else does."""

from typing import Any

import numpy as np
import pytest

from inbetween.models.motion.propagation import joined

SIZE, MOVE = 120, (30, 10)
STAYS = np.zeros((SIZE, SIZE, 2), np.float32)
EVERYWHERE = np.ones((SIZE, SIZE), np.bool_)


def eye(x: int, y: int, ring: float = 0.95) -> Any:
    """A dark pupil of 4 px in a ring of 12 px that is hardly brighter than what is around it."""
    picture = np.full((SIZE, SIZE, 4), 0.85, np.float32)
    picture[..., 3] = 1
    far = np.hypot(*np.subtract(np.indices((SIZE, SIZE)), np.reshape((y, x), (2, 1, 1))))
    picture[far < 12, :3] = ring
    picture[far < 4, :3] = 0.1
    return picture, (far < 4).astype(np.uint8), (far >= 4) & (far < 12)


def moved(way: Any, end: Any = None, astray: Any = EVERYWHERE) -> tuple[Any, Any]:
    """The flow of an eye that is carried by its pupil's `way`, and where its ring is."""
    start, pupil, ring = eye(40, 50)
    shown = eye(40 + MOVE[0], 50 + MOVE[1])[0] if end is None else end
    return joined((start, shown), STAYS, pupil, np.array([way], np.float64), astray), ring


SHIFT = [[1, 0, MOVE[0]], [0, 1, MOVE[1]]]


def test_a_faint_ring_goes_with_the_pupil_that_it_surrounds() -> None:
    flow, ring = moved(SHIFT)
    assert (flow[ring] == MOVE).all(-1).mean() > 0.95


def test_what_is_even_stays_where_the_flow_has_it() -> None:
    """Away from the ring, and from where it arrives, both explain the picture: the flow is kept."""
    flow, _ = moved(SHIFT)
    y, x = np.nonzero(flow.any(-1))
    assert np.minimum(np.hypot(x - 40, y - 50), np.hypot(x - 40 - MOVE[0], y - 50 - MOVE[1])).max() < 12 + 5


def test_a_ring_that_is_not_there_any_more_does_not_go() -> None:
    flow, ring = moved(SHIFT, end=eye(40 + MOVE[0], 50 + MOVE[1], ring=0.6)[0])
    assert not flow[ring].any()


def test_where_the_flow_is_to_be_believed_nothing_changes() -> None:
    flow, _ = moved(SHIFT, astray=~EVERYWHERE)
    assert not flow.any()


def test_a_piece_that_stays_takes_nothing_along() -> None:
    flow, _ = moved(np.eye(2, 3))
    assert flow is STAYS


@pytest.mark.parametrize("turn", [0.3, -0.5])
def test_it_goes_by_the_whole_motion_of_the_piece(turn: float) -> None:
    """A ring looks the same after a turn around its middle, and each of its pixels has gone another way."""
    cos, sin = np.cos(turn), np.sin(turn)
    linear = np.array(((cos, -sin), (sin, cos)))
    shift = np.array((40, 50)) + MOVE - linear @ (40, 50)
    flow, ring = moved(np.hstack((linear, shift[:, None])))
    y, x = np.nonzero(ring & flow.any(-1))
    assert len(y) > 0.8 * ring.sum()
    places = np.stack((x, y), 1)
    assert flow[y, x] == pytest.approx(places @ linear.T + shift - places, abs=1e-3)
