"""How far an in-between is doubted before anybody knows the true one."""

import numpy as np
import pytest

from inbetween.core.channels import RGBA
from inbetween.core.network import WORTH_A_LOOK, Array, Beyond, DoubtingNetwork
from inbetween.models import dissolve, flow, registry
from inbetween.models.doubt import LONGEST_SIDE, doubt, evidence
from inbetween.scenes import SCENES
from inbetween.stage import Stage

STAGE = Stage(1)


def flow_network() -> flow.Flow:
    return flow.Flow(RGBA, "display")


def asked(network: flow.Flow, start: Array, end: Array, *times: float) -> list[float | None]:
    network(start[None], end[None], np.array(times, np.float32).reshape(-1, 1, 1, 1))
    return list(network.doubts)


def scene(name: str) -> tuple[Array, Array]:
    start, end = (SCENES[name](STAGE, t) for t in (0.0, 1.0))
    return start, end


@pytest.mark.parametrize("name", ["camera pans 60 pixels", "camera rolls 15 degrees", "a title slides in"])
def test_what_flow_draws_well_is_not_doubted(name: str) -> None:
    (found,) = asked(flow_network(), *scene(name), 0.5)
    assert found is not None
    assert found < WORTH_A_LOOK


@pytest.mark.parametrize("name", ["a wipe", "a line figure walks", "the ground changes its colour"])
def test_what_flow_draws_badly_is_doubted(name: str) -> None:
    (found,) = asked(flow_network(), *scene(name), 0.5)
    assert found is not None
    assert found >= WORTH_A_LOOK


@pytest.mark.parametrize("name", ["a title slides in", "a ball before a texture", "an arm swings 120 degrees"])
def test_no_time_is_doubted_where_all_of_the_way_is_drawn_well(name: str) -> None:
    network = registry.load("motion", "cpu").network(RGBA, "display")
    times = (0.125, 0.25, 0.5, 0.75, 0.875)
    start, end = scene(name)
    network(start[None], end[None], np.array(times, np.float32).reshape(-1, 1, 1, 1))
    assert isinstance(network, DoubtingNetwork)
    assert all(found is not None and found < WORTH_A_LOOK for found in network.doubts)


def test_equal_keys_leave_nothing_to_be_doubted() -> None:
    start, _ = scene("discs cross")
    (found,) = asked(flow_network(), start, start, 0.5)
    assert found is not None
    assert found < 0.05


def test_every_frame_of_a_call_has_its_word_through_keys_beyond_as_well() -> None:
    network, (start, end) = flow_network(), scene("discs cross")
    assert isinstance(network, DoubtingNetwork)
    times = np.array([0.25, 0.5, 0.75], np.float32).reshape(-1, 1, 1, 1)
    network.through(Beyond(start, 1.0), None, False)(start[None], end[None], times)
    assert len(network.doubts) == 3
    assert all(found is not None and 0 <= found <= 1 for found in network.doubts)


def test_a_dissolve_cannot_say() -> None:
    assert not isinstance(dissolve.network(RGBA, "display"), DoubtingNetwork)


def test_ways_of_any_size_are_judged_alike() -> None:
    start, end = (np.kron(key[..., 0] * 255, np.ones((3, 3), np.float32)) for key in scene("discs cross"))
    height, width = start.shape
    assert width > LONGEST_SIDE
    way = np.zeros((height, width, 2), np.float32)
    way[..., 0] = np.linspace(0, 90, width, dtype=np.float32)
    share = np.full((height, width), 0.5, np.float32)
    half = (way[::2, ::2] * np.float32(0.5), way[::2, ::2] * np.float32(-0.5), share[::2, ::2])
    assert doubt(start, end, (way, -way, share), 0.5) == pytest.approx(doubt(start, end, half, 0.5), abs=0.03)


@pytest.mark.parametrize(("name", "says"), [("motion", True), ("motion-native", False)])
def test_the_motion_model_judges_itself_and_its_network_alone_cannot(name: str, says: bool) -> None:
    pytest.importorskip("onnxruntime")
    network = registry.load(name, "cpu").network(RGBA, "display")
    assert isinstance(network, DoubtingNetwork)
    start, end = scene("a title slides in")
    network(start[None], end[None], np.full((1, 1, 1, 1), 0.5, np.float32))
    (found,) = network.doubts
    assert (found is not None and found < WORTH_A_LOOK) if says else found is None


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (3, 2000)])
def test_a_picture_of_any_size_can_be_judged(size: tuple[int, int]) -> None:
    start, end = np.zeros(size, np.float32), np.full(size, 255, np.float32)
    still = np.zeros((*size, 2), np.float32)
    found = evidence(start, end, (still, still, np.ones(size, np.float32)), 0.5)
    assert all(np.isfinite(each) and each >= 0 for each in found)
