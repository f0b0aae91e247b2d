import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from inbetween.core.channels import GREY, RGB, RGBA, Channels
from inbetween.core.errors import EngineError
from inbetween.core.network import Network
from inbetween.models import dissolve, flow, optical
from inbetween.models.model import Model

Frames = NDArray[np.float32]

LAYERED = Channels(("R", "G", "B", "A", "Z", "id"), (0, 1, 2), 3, (5,))
LAYOUTS = {"grey": GREY, "rgb": RGB, "rgba": RGBA, "layers": LAYERED}
BUILDERS = {"dissolve": dissolve.build, "flow": flow.build}


def times(*t: float) -> Frames:
    return np.asarray(t, np.float32).reshape(-1, 1, 1, 1)


def noise(seed: int, count: int, height: int, width: int, channels: int) -> Frames:
    return np.random.default_rng(seed).random((count, height, width, channels), dtype=np.float32)


def disc(x: float, y: float, side: int = 96, radius: float = 14) -> Frames:
    """A soft-edged opaque orange disc on nothing, premultiplied RGBA (1, side, side, 4)."""
    ys, xs = np.mgrid[:side, :side]
    alpha = np.clip(radius + 0.5 - np.hypot(xs - x, ys - y), 0, 1).astype(np.float32)
    frames: NDArray[np.float32] = alpha[None, ..., None] * np.asarray([1, 0.5, 0.1, 1], np.float32)
    return frames


@pytest.mark.parametrize("model", [build() for build in BUILDERS.values()], ids=list(BUILDERS))
class TestEveryModelWithoutWeights:
    @pytest.mark.parametrize("space", ["linear", "display"])
    @pytest.mark.parametrize("channels", LAYOUTS.values(), ids=list(LAYOUTS))
    def test_any_channels_come_back_as_they_went_in(self, model: Model, channels: Channels, space: str) -> None:
        start, end = noise(1, 2, 20, 31, len(channels.names)), noise(2, 2, 20, 31, len(channels.names))
        kept = start.copy(), end.copy()
        frames = model.network(channels, space)(start, end, times(0.3, 0.8))
        assert frames.shape == start.shape
        assert frames.dtype == np.float32
        assert np.array_equal(start, kept[0])
        assert np.array_equal(end, kept[1])

    def test_one_pair_is_drawn_at_many_times(self, model: Model) -> None:
        start, end, network = noise(3, 1, 24, 24, 4), noise(4, 1, 24, 24, 4), model.network(RGBA, "display")
        together = network(start, end, times(0.25, 0.5, 0.75))
        alone = [network(start, end, times(t)) for t in (0.25, 0.5, 0.75)]
        assert np.array_equal(together, np.concatenate(alone))

    def test_pairs_do_not_mix(self, model: Model) -> None:
        start, end, network = noise(5, 3, 24, 24, 3), noise(6, 3, 24, 24, 3), model.network(RGB, "display")
        together = network(start, end, times(0.5, 0.2, 0.6))
        alone = [network(start[i : i + 1], end[i : i + 1], times(t)) for i, t in enumerate((0.5, 0.2, 0.6))]
        assert np.array_equal(together, np.concatenate(alone))

    def test_what_does_not_move_stays(self, model: Model) -> None:
        frame = noise(7, 1, 40, 40, 4)
        drawn = model.network(RGBA, "display")(frame, frame.copy(), times(0.37))
        assert np.allclose(drawn, frame, atol=1e-6)

    @pytest.mark.parametrize("space", ["linear", "display"])
    def test_nothing_leaves_the_range_of_the_keys(self, model: Model, space: str) -> None:
        start, end = noise(8, 1, 33, 40, 4) * 900 - 300, noise(9, 1, 33, 40, 4) * 60000
        drawn = model.network(RGBA, space)(start, end, times(0.1, 0.9))
        assert drawn.min() >= min(start.min(), end.min()) - 0.1
        assert drawn.max() <= max(start.max(), end.max()) + 0.1

    def test_ids_are_never_mixed(self, model: Model) -> None:
        start, end = noise(10, 1, 32, 32, 6), noise(11, 1, 32, 32, 6)
        drawn = model.network(LAYERED, "display")(start, end, times(0.2, 0.5, 0.8))
        assert np.isin(drawn[..., 5], np.concatenate((start[..., 5], end[..., 5]))).all()

    @pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (3, 5), (15, 17)])
    def test_the_smallest_frames_are_drawn(self, model: Model, size: tuple[int, int]) -> None:
        start, end = noise(12, 1, *size, 4), noise(13, 1, *size, 4)
        assert np.isfinite(model.network(RGBA, "display")(start, end, times(0.5))).all()

    @pytest.mark.parametrize("device", ["cpu", "cuda"])
    def test_torch_tensors_come_back_as_tensors_on_their_device(self, model: Model, device: str) -> None:
        torch = pytest.importorskip("torch")
        if device == "cuda" and not torch.cuda.is_available():
            pytest.skip("no CUDA device here")
        start, end, network = disc(40, 40), disc(52, 44), model.network(RGBA, "display")
        drawn = network(*(torch.from_numpy(array).to(device) for array in (start, end, times(0.3, 0.5))))
        assert drawn.device.type == device
        assert np.abs(drawn.cpu().numpy() - network(start, end, times(0.3, 0.5))).max() < 0.1

    def test_another_device_or_engine_is_refused_not_replaced(self, model: Model) -> None:
        build = BUILDERS[model.name]
        with pytest.raises(EngineError, match=f"'cuda', but {model.name} runs on the CPU only"):
            build("cuda", "auto")
        with pytest.raises(EngineError, match="'torch'"):
            build("auto", "torch")


@given(st.floats(0.01, 0.99), st.integers(0, 2**31))
@settings(max_examples=20, deadline=None)
def test_the_dissolve_is_the_weighted_mean(t: float, seed: int) -> None:
    start, end = noise(seed, 1, 4, 4, 4), noise(seed + 1, 1, 4, 4, 4)
    drawn = dissolve.network(RGBA, "linear")(start, end, times(t))
    assert np.allclose(drawn, (1 - np.float32(t)) * start + np.float32(t) * end, atol=1e-6)


def test_ids_of_a_dissolve_are_those_of_the_nearer_key() -> None:
    start, end = noise(14, 1, 6, 6, 6), noise(15, 1, 6, 6, 6)
    drawn = dissolve.network(LAYERED, "linear")(start, end, times(0.4, 0.6))
    assert np.array_equal(drawn[0, ..., 5], start[0, ..., 5])
    assert np.array_equal(drawn[1, ..., 5], end[0, ..., 5])


@pytest.mark.parametrize("t", [0.25, 0.5, 0.8])
def test_flow_puts_a_moving_disc_where_it_should_be(t: float) -> None:
    start, end, truth = disc(40, 42), disc(52, 50), disc(40 + 12 * t, 42 + 8 * t)
    moved = flow.Flow(RGBA, "display")(start, end, times(t))
    faded = dissolve.network(RGBA, "display")(start, end, times(t))
    assert np.abs(moved - truth).mean() < 0.25 * np.abs(faded - truth).mean()


def test_layers_and_values_beyond_white_follow_the_motion_of_the_picture() -> None:
    start, end, truth = disc(40, 42), disc(52, 42), disc(46, 42)
    lit = [np.concatenate((frame, frame[..., 3:] * 500, frame[..., 3:] * 7), -1) for frame in (start, end, truth)]
    drawn = flow.Flow(LAYERED, "linear")(lit[0], lit[1], times(0.5))
    agree = np.abs(drawn[..., 4] / 500 - drawn[..., 3])
    assert agree.max() < 1e-4
    assert set(np.unique(drawn[..., 5])) <= set(np.unique(np.concatenate((lit[0], lit[1]))[..., 5]))


def test_a_black_shape_on_nothing_moves_like_any_other() -> None:
    start, end, truth = (
        frame * np.asarray([0, 0, 0, 1], np.float32) for frame in (disc(40, 42), disc(52, 42), disc(46, 42))
    )
    drawn = flow.Flow(RGBA, "display")(start, end, times(0.5))
    assert np.abs(drawn - truth).mean() < 0.25 * np.abs((start + end) / 2 - truth).mean()


def test_infinite_depth_moves_and_does_not_spread() -> None:
    start, end = (np.concatenate((frame, frame[..., 3:], frame[..., 3:]), -1) for frame in (disc(40, 42), disc(52, 42)))
    for frame in (start, end):
        frame[..., 4] = np.where(frame[..., 3] > 0.5, 3, np.inf)
    drawn = flow.Flow(LAYERED, "display")(start, end, times(0.5))
    assert set(np.unique(drawn[..., 4])) == {3, np.inf}
    assert np.isfinite(drawn[..., :4]).all()


def test_the_motion_of_a_pair_is_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    real = optical.find_motion

    def counted(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> object:
        found.append(a)
        return real(a, b)

    monkeypatch.setattr(flow, "find_motion", counted)
    network, start, end = flow.Flow(RGBA, "display"), disc(40, 42), disc(52, 42)
    for t in (0.2, 0.5, 0.8):
        network(start, end, times(t, t / 2))
    assert len(found) == 1
    end = disc(30, 42)
    network(start, end, times(0.5))
    assert len(found) == 2


def test_motion_of_large_frames_is_found_on_a_small_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optical, "LONGEST_SIDE", 48)
    start, end, truth = disc(40, 42), disc(52, 42), disc(46, 42)
    assert optical.grey_copy(start[0], RGBA, "display").shape == (48, 48)
    drawn = flow.Flow(RGBA, "display")(start, end, times(0.5))
    assert np.abs(drawn - truth).mean() < 0.5 * np.abs((start + end) / 2 - truth).mean()


def test_a_network_is_what_core_asks_for() -> None:
    networks: list[Network] = [dissolve.network(RGBA, "linear"), flow.Flow(RGBA, "linear")]
    assert all(map(callable, networks))
