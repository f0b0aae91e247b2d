from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbetween.models.surfaces import FRACTIONS
from inbetween.models.warp import Mixer, enlarge_flow, fetched_along

torch = pytest.importorskip("torch")

SIZES = st.integers(1, 40)
KINDS = ("numpy", "torch")


def plate(seed: int, height: int, width: int, channels: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.5, 2, (1, height, width, channels)).astype(np.float32)


def constant_flow(height: int, width: int, dx: float, dy: float) -> np.ndarray:
    return np.broadcast_to(np.asarray([dx, dy], np.float32), (1, height, width, 2)).copy()


@given(st.integers(0, 2**31), SIZES, SIZES, st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_no_motion_gives_the_frame_itself_to_the_bit(seed: int, height: int, width: int, channels: int) -> None:
    frame = plate(seed, height, width, channels)[0]
    assert np.array_equal(fetched_along(frame, constant_flow(height, width, 0, 0)[0]), frame)


@given(st.integers(0, 2**31), SIZES, SIZES, st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_flat_colour_stays_flat_and_nothing_leaves_the_range(seed: int, height: int, width: int, channels: int) -> None:
    frame = plate(seed, height, width, channels)[0]
    frame[..., 0] = frame[0, 0, 0]
    fetched = fetched_along(frame, plate(seed + 1, height, width, 2)[0] * 20)
    rounding = np.abs(frame).max() * 1e-6
    assert np.abs(fetched[..., 0] - frame[0, 0, 0]).max() <= rounding
    assert np.all(fetched.min((0, 1)) >= frame.min((0, 1)) - rounding)
    assert np.all(fetched.max((0, 1)) <= frame.max((0, 1)) + rounding)


def test_a_whole_pixel_shift_fetches_the_neighbour_and_repeats_the_border() -> None:
    frame = plate(1, 6, 9, 3)[0]
    fetched = fetched_along(frame, constant_flow(6, 9, 2, -1)[0])
    assert np.allclose(fetched[1:, :-2], frame[:-1, 2:], atol=1e-5)
    assert np.allclose(fetched[0, :-2], frame[0, 2:], atol=1e-5)
    assert np.allclose(fetched[1:, -1], frame[:-1, -1], atol=1e-5)


def test_motion_far_beyond_the_frame_ends_at_its_border() -> None:
    frame = plate(6, 5, 5, 1)[0]
    assert np.all(fetched_along(frame, constant_flow(5, 5, 1e6, -1e6)[0]) == frame[0, 4, 0])


def test_a_frame_larger_than_a_strip_has_no_seams(monkeypatch: pytest.MonkeyPatch) -> None:
    frame, flow = plate(7, 64, 48, 4)[0], plate(8, 64, 48, 2)[0]
    whole = fetched_along(frame, flow)
    monkeypatch.setattr("inbetween.models.warp.STRIP_PIXELS", 48 * 5)
    assert np.array_equal(fetched_along(frame, flow), whole)


@pytest.mark.parametrize("kind", KINDS)
def test_a_flow_from_a_smaller_frame_is_scaled_with_its_vectors(kind: str) -> None:
    convert = torch.from_numpy if kind == "torch" else np.asarray
    large = np.asarray(enlarge_flow(convert(constant_flow(10, 20, 1.5, -2)), 30, 40))
    assert np.allclose(large, constant_flow(30, 40, 3, -6), atol=1e-5)


def mixed(kind: str, start: Any, end: Any, flows: Any, share: Any, ids: tuple[int, ...] = ()) -> Any:
    convert = torch.from_numpy if kind == "torch" else np.asarray
    result = np.full(start.shape, np.nan, np.float32)
    Mixer(convert(start), convert(end), ids).draw(tuple(map(convert, flows)), convert(share), convert(result))
    return result


def sharp(kind: str, frame: Any, flow: Any, ids: tuple[int, ...] = ()) -> Any:
    """A frame fetched as a picture is, alone."""
    return mixed(kind, frame, frame, (flow, flow), np.ones((1, *flow.shape[1:3], 1), np.float32), ids)


@pytest.mark.parametrize("kind", KINDS)
def test_ids_are_the_nearest_pixels_and_never_mixed(kind: str) -> None:
    frame, flow = plate(4, 20, 30, 3), plate(5, 20, 30, 2) * 3
    fetched = sharp(kind, frame, flow, ids=(0, 2))
    x = np.floor(np.clip(np.arange(30, dtype=np.float32) + flow[0, ..., 0], 0, 29) + 0.5).astype(int)
    y = np.floor(np.clip(np.arange(20, dtype=np.float32)[:, None] + flow[0, ..., 1], 0, 19) + 0.5).astype(int)
    assert np.array_equal(fetched[0, ..., [0, 2]], frame[0, y, x][..., [0, 2]].transpose(2, 0, 1))
    assert not np.isin(fetched[..., 1], frame[..., 1]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_two_frames_are_fetched_and_mixed_by_the_share_of_the_first(kind: str) -> None:
    start, end = plate(5, 31, 47, 6), plate(6, 31, 47, 6)
    flows = plate(7, 31, 47, 2) * 4, plate(8, 31, 47, 2) * 4
    share = np.random.default_rng(9).random((1, 31, 47, 1), np.float32)
    got = mixed(kind, start, end, flows, share, ids=(1, 5))
    one, other = (sharp(kind, frame, flow, ids=(1, 5)) for frame, flow in zip((start, end), flows, strict=True))
    blended = [0, 2, 3, 4]
    assert np.allclose(got[..., blended], (share * one + (1 - share) * other)[..., blended], atol=1e-5)
    assert np.array_equal(got[..., [1, 5]], np.where(share >= 0.5, one, other)[..., [1, 5]])


@pytest.mark.parametrize("kind", KINDS)
def test_a_wave_between_pixels_stays_higher_than_a_bilinear_filter_leaves_it(kind: str) -> None:
    wave = np.sin(np.arange(64, dtype=np.float32) * 0.9)[None, :, None, None] * np.ones((1, 1, 8, 3), np.float32)
    moved = np.sin((np.arange(64, dtype=np.float32) + 0.4) * 0.9)[:, None, None]
    flow, inner = constant_flow(64, 8, 0, 0.4), slice(4, -4)
    both = sharp(kind, wave, flow)[0], fetched_along(wave[0], flow[0])
    wrong, blurred = (np.abs(found - moved)[inner].mean() for found in both)
    assert wrong < 0.6 * blurred


@pytest.mark.parametrize("kind", KINDS)
@given(st.integers(0, 2**31), SIZES, SIZES, st.integers(1, 9))
@settings(max_examples=30, deadline=None)
def test_pictures_keep_to_the_range_of_the_four_nearest_pixels(
    kind: str, seed: int, height: int, width: int, channels: int
) -> None:
    frame, flow = plate(seed, height, width, channels), plate(seed + 1, height, width, 2) * 9
    flow = np.round(flow * FRACTIONS) / FRACTIONS
    got = sharp(kind, frame, flow)[0]
    x = np.clip(np.arange(width) + flow[0, ..., 0], 0, width - 1)
    y = np.clip(np.arange(height)[:, None] + flow[0, ..., 1], 0, height - 1)
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    right, below = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    around = np.stack([frame[0][row, column] for row in (top, below) for column in (left, right)])
    rounding = np.abs(frame).max() * 1e-6
    assert np.all(got >= around.min(0) - rounding)
    assert np.all(got <= around.max(0) + rounding)


def test_no_motion_gives_a_picture_to_the_bit() -> None:
    frame = plate(3, 33, 21, 5)
    assert np.array_equal(sharp("numpy", frame, constant_flow(33, 21, 0, 0)), frame)


def test_opencv_and_torch_draw_the_same_picture() -> None:
    frame, flow = plate(2, 37, 53, 7), plate(3, 37, 53, 2) * 5
    assert np.allclose(sharp("numpy", frame, flow), sharp("torch", frame, flow), atol=1e-3)
