"""The motion model: whatever its weights, what it may and may not do to pixels; with the shipped weights, how well."""

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbetween.core.channels import GREY, RGB, RGBA, Channels
from inbetween.core.errors import EngineError

torch = pytest.importorskip("torch")

from inbetween.models import engines, metrics, registry  # noqa: E402 - after the skip
from inbetween.models.motion.backdrop import Backdrop  # noqa: E402 - after the skip
from inbetween.models.motion.classical import entering, offer, sharpened  # noqa: E402 - after the skip
from inbetween.models.motion.model import graph_file, in_torch  # noqa: E402 - after the skip
from inbetween.models.motion.modules import WIDTH  # noqa: E402 - after the skip
from inbetween.models.motion.mover import Graphs, Mover  # noqa: E402 - after the skip
from inbetween.models.motion.net import MotionNet, share_of_start  # noqa: E402 - after the skip
from inbetween.models.motion.onnx_graphs import Enlarge  # noqa: E402 - after the skip
from inbetween.models.motion.operations import enlarged  # noqa: E402 - after the skip
from inbetween.models.motion.sizes import CELL, level_count, padding  # noqa: E402 - after the skip
from inbetween.scenes import SCENES  # noqa: E402 - after the skip
from inbetween.stage import Stage  # noqa: E402 - after the skip

DEEP = Channels(("R", "G", "B", "A", "depth", "id"), (0, 1, 2), 3, (5,))


def times(*values: Any) -> Any:
    return np.asarray(values, np.float32).reshape(-1, 1, 1, 1)


def blobs(seed: Any, height: Any = 48, width: Any = 70, count: Any = 4) -> Any:
    """Soft colour, premultiplied."""
    random = np.random.default_rng(seed)
    coarse = random.random((height // 8 + 1, width // 8 + 1, count), np.float32)
    frame = coarse.repeat(8, 0).repeat(8, 1)[:height, :width]
    frame[..., :3] *= frame[..., 3:4] if count > 3 else 1
    return np.ascontiguousarray(frame)


@pytest.fixture(scope="module")
def pieces() -> Any:
    """An untrained network that nevertheless moves and mixes: what must hold holds for any weights."""
    torch.manual_seed(1)
    net = MotionNet()
    with torch.no_grad():
        for head in (net.step.head, net.between.head, net.between.fine):
            head.weight.normal_(std=0.2)
    return Graphs(*(engine.run for engine in in_torch(lambda: net, "cpu")))


def test_a_picture_has_as_many_levels_as_its_longest_side_asks_for() -> None:
    assert [level_count(h, w) for h, w in ((64, 10), (65, 2), (1080, 1920))] == [1, 2, 6]


@given(st.integers(1, 3000), st.integers(1, 3000))
def test_a_padded_picture_halves_evenly_down_to_two_cells_at_least(height: Any, width: Any) -> None:
    unit = CELL << (level_count(height, width) - 1)
    for side, more in zip((height, width), padding(height, width), strict=True):
        assert more >= 0
        assert (side + more) % unit == 0
        assert side + more >= 2 * unit


def test_the_graphs_enlarge_as_the_network_does() -> None:
    torch.manual_seed(2)
    net = MotionNet().eval()
    net.between.fine.weight.data.normal_(std=0.5)
    cells, hidden, t = torch.randn(1, 5, 7, 9) * 3, torch.randn(1, WIDTH, 7, 9), torch.full((1, 1, 1, 1), 0.3)
    with torch.no_grad():
        expected = enlarged(cells, net.between.fine(hidden))
        to_start, to_end, share = Enlarge(net)(cells, hidden, t)
    assert torch.allclose(torch.cat((to_start, to_end), 3).permute(0, 3, 1, 2), expected[:, :4], atol=1e-4)
    assert torch.allclose(share, share_of_start(expected, t)[:, 0], atol=1e-5)


def test_equal_keys_come_back_to_the_bit(pieces: Any) -> None:
    key = blobs(1) * 7 - 2
    drawn = Mover(pieces, RGBA, "linear")(key[None], key[None].copy(), times(0.3, 0.5))
    assert np.array_equal(drawn, np.stack((key, key)))


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 1000), st.floats(0.05, 0.95))
def test_no_colour_is_invented(pieces: Any, seed: Any, t: Any) -> None:
    start, end = blobs(seed), blobs(seed + 1)
    drawn = Mover(pieces, RGBA, "display")(start[None], end[None], times(t))[0]
    low, high = (f(start, end) for f in (np.minimum, np.maximum))
    assert (drawn >= low.min((0, 1)) - 1e-5).all()
    assert (drawn <= high.max((0, 1)) + 1e-5).all()


@pytest.mark.parametrize("size", [(64, 64), (33, 70), (150, 20), (5, 3), (1, 1)])
def test_any_size_comes_back_in_its_own(pieces: Any, size: Any) -> None:
    start, end = blobs(1, *size), blobs(2, *size)
    assert Mover(pieces, RGBA, "display")(start[None], end[None], times(0.5)).shape == (1, *size, 4)


@pytest.mark.parametrize("channels", [GREY, RGB, RGBA], ids=lambda c: "".join(c.names))
def test_any_layout_is_moved(pieces: Any, channels: Any) -> None:
    count = len(channels.names)
    start, end = (blobs(seed, count=count) for seed in (1, 2))
    drawn = Mover(pieces, channels, "linear")(start[None], end[None], times(0.5))
    assert np.isfinite(drawn).all()
    assert not np.array_equal(drawn[0], start)


def test_extra_layers_move_with_the_picture_at_any_range(pieces: Any) -> None:
    start, end = (np.dstack((blobs(s), blobs(s)[..., :1] * 1000, blobs(s)[..., 1] > 0.2)) for s in (1, 2))
    start, end = (np.ascontiguousarray(key, np.float32) for key in (start, end))
    drawn = Mover(pieces, DEEP, "display")(start[None], end[None], times(0.4))[0]
    assert np.allclose(drawn[..., 4], drawn[..., 0] * 1000, atol=0.1)
    assert set(np.unique(drawn[..., 5])) <= {0.0, 1.0}


@pytest.mark.parametrize("t", [0.25, 0.5, 0.8])
def test_layers_change_at_an_even_pace_where_the_picture_stays(t: float) -> None:
    layout = Channels(("R", "G", "B", "A", "Z"), (0, 1, 2), 3)
    picture = SCENES["an arm swings 120 degrees"](Stage(1), 0.0)
    start, end = (np.dstack((picture, np.full(picture.shape[:2], depth, np.float32)))[None] for depth in (100, 120))
    drawn = registry.load("motion", "cpu").network(layout, "display")(start, end, times(t))
    assert np.allclose(drawn[0, ..., 4], 100 + 20 * t, rtol=1e-5)


def test_values_that_are_not_finite_do_not_spread(pieces: Any) -> None:
    start, end = blobs(1, count=5), blobs(2, count=5)
    layout = Channels(("R", "G", "B", "A", "Z"), (0, 1, 2), 3)
    start[10:20, 10:20, 4] = np.inf
    drawn = Mover(pieces, layout, "linear")(start[None], end[None], times(0.5))[0]
    assert np.isfinite(drawn[..., :4]).all()
    assert not np.isnan(drawn).any()


def test_one_pair_at_many_times_is_each_time_alone(pieces: Any) -> None:
    start, end = blobs(1)[None], blobs(2)[None]
    together = Mover(pieces, RGBA, "display")(start, end, times(0.2, 0.5, 0.9))
    for frame, t in zip(together, (0.2, 0.5, 0.9), strict=True):
        assert np.allclose(Mover(pieces, RGBA, "display")(start, end, times(t))[0], frame, atol=1e-5)


def test_several_pairs_are_each_pair_alone(pieces: Any) -> None:
    starts, ends = np.stack((blobs(1), blobs(3))), np.stack((blobs(2), blobs(4)))
    together = Mover(pieces, RGBA, "display")(starts, ends, times(0.3, 0.6))
    for i, t in enumerate((0.3, 0.6)):
        alone = Mover(pieces, RGBA, "display")(starts[i : i + 1], ends[i : i + 1], times(t))
        assert np.allclose(alone[0], together[i], atol=1e-5)


def test_a_pair_is_prepared_once(pieces: Any) -> None:
    calls = []

    def counted(*arrays: Any) -> Any:
        calls.append(1)
        return pieces.match(*arrays)

    mover = Mover(replace(pieces, match=counted), RGBA, "display")
    for t in (0.2, 0.4, 0.6):
        mover(blobs(1)[None], blobs(2)[None], times(t))
    assert len(calls) == 1


def test_keys_are_not_written_to(pieces: Any) -> None:
    start, end = blobs(1)[None], blobs(2)[None]
    before = start.copy(), end.copy()
    Mover(pieces, RGBA, "linear")(start, end, times(0.5))
    assert np.array_equal(start, before[0])
    assert np.array_equal(end, before[1])


def test_torch_frames_are_answered_in_torch(pieces: Any) -> None:
    start, end = (torch.from_numpy(blobs(seed))[None] for seed in (1, 2))
    drawn = Mover(pieces, RGBA, "display")(start, end, torch.full((1, 1, 1, 1), 0.5))
    assert isinstance(drawn, torch.Tensor)
    expected = Mover(pieces, RGBA, "display")(start.numpy(), end.numpy(), times(0.5))
    assert np.allclose(drawn.numpy(), expected, atol=0.02)  # OpenCV rounds positions to 1/32 px


def test_a_script_of_the_network_does_the_same() -> None:
    torch.manual_seed(0)
    net = MotionNet().eval()
    start, end = torch.rand(2, 1, 4, 96, 64)
    inputs = (start, end, torch.full((1, 1, 1, 1), 0.4), torch.randn(2, 2, 24, 16), torch.ones(2, 1, 1, 1))
    with torch.no_grad():
        assert torch.allclose(torch.jit.script(net)(*inputs), net(*inputs), atol=1e-5)


def shipped(engine: Any = "auto") -> Any:
    return registry.load("motion", "cpu", engine)


def disc(x: Any, y: Any, radius: Any = 20, side: Any = 160) -> Any:
    """A flat orange disc on nothing, its edge smooth."""
    rows, columns = np.mgrid[0:side, 0:side]
    cover = np.clip(radius + 0.5 - np.hypot(columns - x, rows - y), 0, 1).astype(np.float32)
    return cover[..., None] * np.asarray((0.9, 0.5, 0.1, 1.0), np.float32)


def test_onnx_runtime_and_torch_draw_the_same_picture() -> None:
    start, end = disc(60, 80)[None], disc(90, 80)[None]
    graph, torch_ = (shipped(engine).network(RGBA, "display")(start, end, times(0.4)) for engine in ("auto", "torch"))
    assert np.abs(graph - torch_).max() < 0.02
    assert shipped().engine.startswith("onnxruntime")


def test_a_disc_moves_evenly_in_time() -> None:
    network = shipped().network(RGBA, "display")
    at = (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875)
    frames = network(disc(60, 80)[None], disc(100, 80)[None], times(*at))
    places = [(frame[..., 3] * np.arange(160)).sum() / frame[..., 3].sum() for frame in frames]
    assert np.allclose(places, [60 + 40 * t for t in at], atol=3)


def test_a_disc_arrives_whole_and_not_as_two_ghosts() -> None:
    network = shipped().network(RGBA, "display")
    drawn = network(disc(56, 80)[None], disc(104, 80)[None], times(0.5))[0]
    dissolved = (disc(56, 80) + disc(104, 80)) / 2
    assert np.abs(drawn - disc(80, 80)).mean() < 0.5 * np.abs(dissolved - disc(80, 80)).mean()


def test_flat_shapes_that_move_48_pixels_arrive_where_dissolve_and_optical_flow_lose_them() -> None:
    """Five polygons of one colour each on nothing, 256 pixels; PSNR over a mid-grey card, mean of the scenes."""
    networks = {name: registry.load(name, "cpu").network(RGBA, "display") for name in ("dissolve", "flow")}
    networks["motion"] = shipped().network(RGBA, "display")
    found: dict[str, list[float]] = {name: [] for name in networks}
    for seed in range(8):
        start, truth, end = (polygons(seed, t) for t in (0.0, 0.5, 1.0))
        for name, network in networks.items():
            drawn = network(start[None], end[None], times(0.5))[0]
            found[name].append(metrics.compare(drawn, truth, start, end).psnr)
    mean = {name: float(np.mean(values)) for name, values in found.items()}
    assert mean["motion"] > max(mean["dissolve"], mean["flow"]) + 3
    assert mean["motion"] > 24


def polygons(seed: int, t: float, size: int = 256, way: float = 48) -> Any:
    """Flat polygons that travel `way` pixels and turn a little, (size, size, 4) premultiplied, soft by oversampling."""
    random, big = np.random.default_rng(seed), np.zeros((4 * size, 4 * size, 4), np.float32)
    for _ in range(5):
        angle = np.sort(random.uniform(0, 2 * np.pi, random.integers(3, 8)))
        radius = random.uniform(0.07, 0.22) * size * random.uniform(0.6, 1, len(angle))
        course, turn = random.uniform(0, 2 * np.pi), random.uniform(-0.5, 0.5)
        centre = random.uniform(0.2, 0.8, 2) * size + way * (t - 0.5) * np.array([np.cos(course), np.sin(course)])
        angle = angle + turn * (t - 0.5)
        corners = centre + radius[:, None] * np.stack((np.cos(angle), np.sin(angle)), 1)
        cv2.fillPoly(big, [np.round(4 * corners).astype(np.int32)], (*random.uniform(0, 1, 3), 1.0))
    return cv2.resize(big, (size, size), interpolation=cv2.INTER_AREA)


def test_without_the_hint_the_same_weights_draw_another_picture_under_a_name_of_its_own() -> None:
    start, end = disc(56, 80)[None], disc(104, 80)[None]
    hinted, native = shipped(), registry.load("motion-native", "cpu")
    assert (native.name, native.weights_sha256) == ("motion-native", hinted.weights_sha256)
    drawn = [model.network(RGBA, "display")(start, end, times(0.5)) for model in (hinted, native)]
    assert not np.array_equal(*drawn)
    assert np.abs(drawn[1][0] - disc(80, 80)).mean() < np.abs((disc(56, 80) + disc(104, 80)) / 2 - disc(80, 80)).mean()


def test_a_graph_of_another_release_is_named_with_its_remedy() -> None:
    weights = registry.WEIGHTS / "motion.safetensors"
    refine = engines.open_onnx(graph_file(weights, "refine"), "cpu")
    with pytest.raises(EngineError, match=r"motion_refine\.onnx takes blocks, .*inbetween export"):
        refine.run(np.zeros((2, 64, 4, 4), np.float32))


def test_optical_flow_is_taken_where_the_network_agrees_or_it_leads_back_or_out_of_the_frame_and_nowhere_else() -> None:
    """A picture that slides by 3.4 px, and flows of a network that are half a pixel off, or mean another motion."""
    key = cv2.GaussianBlur(blobs(5, 96, 128), (0, 0), 2.0)
    shift = np.array([[1, 0, 3.4], [0, 1, 0]], np.float32)
    moved: Any = cv2.warpAffine(key, shift, (128, 96), borderMode=cv2.BORDER_REPLICATE)
    optical, still = offer(key, moved).optical, Backdrop.of(key, moved, None).at(0.5, None)
    near, far = (np.full((96, 128, 2), (x, 0), np.float32) for x in (-1.2, -8.0))
    loop_errors = np.full_like(optical.loop_errors[0], 9), np.full_like(optical.loop_errors[1], 9)
    lost = replace(optical, loop_errors=loop_errors)
    inner = (slice(24, -24), slice(24, -24))
    for flow, found in ((near, lost), (far, optical)):
        to_start, to_end = sharpened(flow, -flow, found, still, 0.5)
        assert np.median(to_start[inner][..., 0]) == pytest.approx(-1.7, abs=0.1)
        assert np.median(to_end[inner][..., 0]) == pytest.approx(1.7, abs=0.1)
    kept = sharpened(far, -far, lost, still, 0.5)[0]
    assert np.array_equal(kept[inner], far[inner])
    assert np.median(kept[:, 0, 0]) == pytest.approx(-1.7, abs=0.1)


@pytest.mark.parametrize("path", ["pan", "zoom", "roll"])
def test_what_a_moving_camera_brings_into_the_frame_is_shown_from_the_key_that_has_it(path: str) -> None:
    picture = cv2.GaussianBlur(blobs(9, 320, 400), (0, 0), 5.0)
    picture[..., 3] = 1

    def seen(t: float) -> Any:
        turn, zoom, shift = {"pan": (0, 1, 16 * t), "zoom": (0, 1.2**t, 0), "roll": (10 * t, 1, 0)}[path]
        way = cv2.getRotationMatrix2D((200, 160), turn, zoom) - [(0, 0, 100 + shift), (0, 0, 80)]
        return np.clip(cv2.warpAffine(picture, way, (200, 160), flags=cv2.INTER_CUBIC), 0, 1)

    start, truth, end = (np.asarray(seen(t), np.float32) for t in (0, 0.5, 1))
    networks = {"motion": shipped(), "flow": registry.load("flow", "cpu"), "dissolve": registry.load("dissolve", "cpu")}
    scores = {
        name: metrics.compare(model.network(RGBA, "display")(start[None], end[None], times(0.5))[0], truth, start, end)
        for name, model in networks.items()
    }
    assert scores["motion"].psnr > max(scores["flow"].psnr, scores["dissolve"].psnr + 6)


def test_beyond_the_frame_only_the_other_key_is_shown() -> None:
    still, share = np.zeros((4, 6, 2), np.float32), np.full((4, 6), 0.5, np.float32)
    left = np.full((4, 6, 2), (-3, 0), np.float32)
    assert np.array_equal(entering(left, still, share)[0], (0, 0, 0, 0.5, 0.5, 0.5))
    assert np.array_equal(entering(still, left, share)[0], (1, 1, 1, 0.5, 0.5, 0.5))
    assert np.array_equal(entering(left, left, share), share)


def test_without_a_candidate_optical_flow_has_no_say(pieces: Any) -> None:
    mover = Mover(pieces, RGBA, "display", offered=False)
    mover(blobs(1)[None], blobs(2)[None], times(0.5))
    assert mover.known[0].offered is None
