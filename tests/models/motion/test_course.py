"""What moves as a whole goes, turns and grows at its own pace, and stays whole on a curve."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from inbetween.models.curve import Bend, Side
from inbetween.models.motion.course import course, fitted

SIZE = (100, 120)
PLACES = np.array([(x, y) for x in range(20, 41, 4) for y in range(30, 51, 4)], np.float64)
MIDDLE = PLACES.mean(0)


def way(shift: Any = (0, 0), turn: float = 0, stretch: Any = (1, 1)) -> Any:
    """An affine map that moves the middle, turns and stretches around it."""
    cos, sin = np.cos(turn), np.sin(turn)
    linear = np.array(((cos, -sin), (sin, cos))) @ np.diag(stretch)
    return np.hstack((linear, (MIDDLE + shift - linear @ MIDDLE)[:, None]))


def side(shift: Any = (0, 0), turn: float = 0, growth: float = 0, distance: float = 1.0, around: Any = MIDDLE) -> Side:
    """Speeds of something that goes, turns and grows around a point."""
    rows, columns = np.indices(SIZE, np.float64)
    x, y = columns - around[0], rows - around[1]
    speed = np.stack((shift[0] + growth * x - turn * y, shift[1] + turn * x + growth * y), -1)
    return Side(speed.astype(np.float32), distance)


@pytest.mark.parametrize("there", [way((30, 5)), way((10, 0), 1.4), way((4, 9), -0.5, (2, 0.7)), way()])
@pytest.mark.parametrize("bend", [None, Bend(side((50, 0), 0.2), side((0, 9), 0, 0.3), even=False)])
def test_it_is_where_the_keys_have_it(there: Any, bend: Any) -> None:
    assert course(there, PLACES, SIZE, 0, bend) == pytest.approx(np.eye(2, 3), abs=1e-5)
    assert course(there, PLACES, SIZE, 1, bend) == pytest.approx(there, abs=1e-4)


@pytest.mark.parametrize("t", [0.25, 0.5])
def test_through_a_turn_it_keeps_its_size_and_its_middle_goes_straight(t: float) -> None:
    found = course(way((30, 6), 2.0), PLACES, SIZE, t, None)
    assert np.linalg.det(found[:, :2]) == pytest.approx(1)
    assert found == pytest.approx(way((30 * t, 6 * t), 2.0 * t))


@pytest.mark.parametrize("t", [0.25, 0.5])
def test_it_grows_evenly(t: float) -> None:
    assert course(way(stretch=(5, 1)), PLACES, SIZE, t, None) == pytest.approx(way(stretch=(1 + 4 * t, 1)))


def test_a_turn_that_began_before_the_gap_goes_on_evenly() -> None:
    there = way((10, 0), 0.8)
    even = Bend(side((10, 0), 0.8), side((10, 0), 0.8, around=MIDDLE + np.array((10, 0))), even=False)
    assert course(there, PLACES, SIZE, 0.3, even) == pytest.approx(course(there, PLACES, SIZE, 0.3, None), abs=1e-3)


def test_a_turn_out_of_rest_begins_slowly() -> None:
    found = course(way(turn=0.8), PLACES, SIZE, 0.5, Bend(side(), None, even=False))
    assert 0.5 < np.arctan2(found[1, 0], found[0, 0]) / 0.4 < 0.9
    even = course(way(turn=0.8), PLACES, SIZE, 0.5, Bend(side(), None, even=True))
    assert even == pytest.approx(way(turn=0.4), abs=1e-5)


@pytest.mark.parametrize("t", [0.25, 0.5, 0.75])
def test_what_is_stretched_along_one_axis_speeds_up_along_that_one_alone(t: float) -> None:
    """A bar that grows to the right: by 2 pixels of 20, then by 4, then by 6."""
    left, right = PLACES[:, 0].min(), PLACES[:, 0].max()
    width = right - left

    def growing(by: float) -> Side:
        columns = np.broadcast_to(np.arange(SIZE[1], dtype=np.float32), SIZE)
        return Side(np.stack((by * (columns - left), np.zeros(SIZE)), -1).astype(np.float32), 1.0)

    there = np.array(((1 + 4 / width, 0, -4 / width * left), (0, 1, 0)))
    found = course(there, PLACES, SIZE, t, Bend(growing(2 / width), growing(6 / (width + 4)), even=False))
    assert found[1] == pytest.approx((0, 1, 0), abs=1e-4)
    assert found[0] @ (left, 0, 1) == pytest.approx(left, abs=1e-3)
    assert found[0] @ (right, 0, 1) == pytest.approx(right + 3 * t + t * t, abs=1e-3)


@pytest.mark.parametrize(
    ("scene", "least"),
    [
        ("bars grow", 50),
        ("a frame widens", 35),
        ("things move and fade", 45),
        ("the light dims on things that move", 38),
        ("the ground changes its colour", 35),
        ("a soft shadow", 45),
    ],
)
def test_what_slows_down_from_key_to_key_stays_whole_between_them(
    scene: str, least: float, whole_slowing: Callable[[str, float], None]
) -> None:
    whole_slowing(scene, least)


def test_what_stands_still_does_so_whatever_moves_beyond() -> None:
    found = course(way(), PLACES, SIZE, 0.5, Bend(side((40, 0), 1), side((0, 9), 0, 2), even=False))
    assert found == pytest.approx(np.eye(2, 3))


def test_places_that_go_another_way_do_not_count() -> None:
    moves = np.stack((3 - 0.1 * (PLACES[:, 1] - MIDDLE[1]), 0.1 * (PLACES[:, 0] - MIDDLE[0])), 1)
    moves[::5] = (90, -40)
    shift, rates = fitted(PLACES, moves)
    assert shift == pytest.approx((3, 0), abs=1e-6)
    assert rates == pytest.approx(np.array(((0, -0.1), (0.1, 0))), abs=1e-6)
