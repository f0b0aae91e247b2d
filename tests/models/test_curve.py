"""Things go through the keys around a gap: on arcs, at the pace they have, never past what stands still."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from inbetween.core.channels import RGBA
from inbetween.core.network import Beyond, PathNetwork
from inbetween.models import flow, optical, registry
from inbetween.models.curve import Bend, Side, bent
from inbetween.models.warp import Plane

SIZE, RADIUS = 192, 60.0
speeds = st.floats(-40, 40, width=32)


def plane(x: float, y: float = 0.0) -> Plane:
    return np.broadcast_to(np.array([x, y], np.float32), (8, 8, 2)).copy()


def place(within: float, before: float | None, after: float | None, t: float, even: bool = False) -> float:
    """Where something is at `t` that starts at 0 and goes by `within`, having gone by `before`, and then by `after`."""
    earlier, later = (None if speed is None else Side(plane(speed), 1.0) for speed in (before, after))
    ways = plane(-t * within), plane((1 - t) * within), np.full((8, 8), 1 - t, np.float32)
    to_start, to_end, share = bent(ways, t, Bend(earlier, later, even))
    assert np.allclose(to_end - to_start, plane(within), atol=1e-3)
    assert np.allclose(share, 1 - t, atol=1e-6)
    return float(-to_start[4, 4, 0])


def disc(x: float, y: float) -> NDArray[np.float32]:
    """A disc of 24 px, (SIZE, SIZE, 4), premultiplied."""
    down, across = np.mgrid[0:SIZE, 0:SIZE]
    alpha = np.clip(24.5 - np.hypot(across - x, down - y), 0, 1)
    return np.stack([alpha * value for value in (0.9, 0.6, 0.2, 1.0)], -1).astype(np.float32)


def centroid(frame: NDArray[np.float32]) -> NDArray[np.float64]:
    down, across = np.mgrid[0 : frame.shape[0], 0 : frame.shape[1]]
    weights = frame[..., 3] / frame[..., 3].sum()
    return np.array([(across * weights).sum(), (down * weights).sum()])


def on_circle(degrees: float) -> NDArray[np.float64]:
    return SIZE / 2 + RADIUS * np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])


@given(speeds, st.floats(0.01, 0.99))
def test_where_nothing_is_known_beyond_ways_are_straight_and_even(speed: float, t: float) -> None:
    assert place(speed, None, None, t) == pytest.approx(t * speed, abs=1e-3)


@given(speeds, st.floats(0.01, 0.99))
def test_an_even_motion_stays_one(speed: float, t: float) -> None:
    assert place(speed, speed, speed, t) == pytest.approx(t * speed, abs=1e-3)


@pytest.mark.parametrize("t", [0.25, 0.5, 0.75])
def test_a_constant_acceleration_is_followed_exactly(t: float) -> None:
    """x = 4 s + s squared at s = 0, 1, 2, 3; between s = 1 and 2 that is 6 t + t squared from there on."""
    assert place(7, 5, 9, t) == pytest.approx(6 * t + t * t, abs=1e-3)


def test_a_key_further_away_counts_for_less() -> None:
    """x = 4 s + s squared at s = -1, 2, 3: the key beyond is three gaps away, and its mean speed is 5."""
    ways = plane(-4.5), plane(4.5), np.full((8, 8), 0.5, np.float32)
    to_start, _, _ = bent(ways, 0.5, Bend(Side(plane(5), 3.0), Side(plane(11), 1.0), False))
    assert -to_start[4, 4, 0] == pytest.approx(8 * 0.5 + 0.25, abs=1e-3)


@given(speeds, speeds, speeds)
def test_nothing_turns_back_or_swings_past_its_key(within: float, before: float, after: float) -> None:
    places = [place(within, before, after, t) for t in (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98)]
    agrees = before * within >= 0 <= after * within
    if agrees:
        ways = [np.sign(within) * (later - earlier) for earlier, later in pairwise([0.0, *places, within])]
        assert min(ways) >= -1e-3


def test_what_stands_still_beyond_sets_off_and_arrives_gently() -> None:
    assert place(10, 0, 0, 0.1) < 0.4
    assert place(10, 0, 0, 0.9) > 9.6
    assert place(10, 0, 0, 0.5) == pytest.approx(5, abs=1e-3)


def test_what_stands_still_in_the_gap_does_so_whatever_it_does_beyond() -> None:
    assert place(0, 30, -20, 0.4) == pytest.approx(0, abs=1e-3)


@given(speeds, speeds, speeds, st.floats(0.05, 0.95))
def test_an_even_pace_is_kept_on_an_arc(within: float, before: float, after: float, t: float) -> None:
    assert place(within, before, after, t, even=True) == pytest.approx(t * within, abs=1e-2)


@pytest.fixture(scope="module", params=["flow", "motion"])
def network(request: pytest.FixtureRequest) -> Any:
    return registry.load(request.param, "cpu").network(RGBA, "display")


def drawn(network: PathNetwork, degrees: tuple[float, float, float, float], t: float, even: bool = False) -> Any:
    """Where a disc on a circle is drawn between the second and the third of four keys."""
    before, start, end, after = (disc(*on_circle(angle)) for angle in degrees)
    led = network.through(Beyond(before, 1.0), Beyond(after, 1.0), even)
    return centroid(led(start[None], end[None], np.full((1, 1, 1, 1), t, np.float32))[0])


@pytest.mark.parametrize("even", [False, True])
def test_a_disc_on_a_circle_stays_on_it(network: PathNetwork, even: bool) -> None:
    middle = drawn(network, (-45, -15, 15, 45), 0.5, even)
    straight = np.mean([on_circle(-15), on_circle(15)], 0)
    assert np.hypot(*(middle - on_circle(0))) < 0.5 * np.hypot(*(straight - on_circle(0)))


def test_a_disc_that_speeds_up_is_behind_the_middle(network: PathNetwork) -> None:
    before, start, end, after = (disc(x, 96) for x in (50, 58, 82, 122))
    middle = np.full((1, 1, 1, 1), 0.5, np.float32)
    smooth = network.through(Beyond(before, 1.0), Beyond(after, 1.0), False)(start[None], end[None], middle)[0]
    even = network.through(Beyond(before, 1.0), Beyond(after, 1.0), True)(start[None], end[None], middle)[0]
    assert centroid(smooth)[0] == pytest.approx(70 - 16 / 8, abs=0.5)
    assert centroid(even)[0] == pytest.approx(70, abs=0.5)


def test_with_no_key_beyond_it_is_the_pair_alone(network: PathNetwork) -> None:
    keys, t = (disc(30, 40)[None], disc(44, 50)[None]), np.full((1, 1, 1, 1), 0.3, np.float32)
    assert np.allclose(network.through(None, None, False)(*keys, t), network(*keys, t), atol=1e-5)


def test_equal_keys_come_back_to_the_bit_whatever_lies_beyond(network: PathNetwork) -> None:
    key, other = disc(40, 40), Beyond(disc(20, 40), 1.0)
    held = network.through(other, other, False)(key[None], key[None].copy(), np.full((1, 1, 1, 1), 0.5, np.float32))
    assert np.abs(held[0] - key).max() < 1e-3


def test_the_motion_of_the_next_gap_is_found_once_in_a_row_of_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    real = optical.find_motion

    def counted(*greys: Any) -> Any:
        found.append(greys)
        return real(*greys)

    monkeypatch.setattr(flow, "find_motion", counted)
    network, keys = flow.Flow(RGBA, "display"), [disc(60 + 5 * i, 96) for i in range(6)]
    for i in range(1, 4):
        led = network.through(Beyond(keys[i - 1], 1.0), Beyond(keys[i + 2], 1.0), False)
        led(keys[i][None], keys[i + 1][None], np.full((1, 1, 1, 1), 0.5, np.float32))
    assert len(found) == 5
