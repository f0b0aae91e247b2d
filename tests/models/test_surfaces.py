"""Layers of data - depth, normals, vectors - are moved from whole pixels, and mixed only within a surface."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbetween.models.warp import Mixer

torch = pytest.importorskip("torch")

KINDS = ("numpy", "torch")
HEIGHT, WIDTH = 36, 52
Y, X = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)


def drawn(kind: str, start: Any, end: Any, flows: Any, share: Any, **meaning: Any) -> Any:
    """Keys (H, W, C) fetched along flows (H, W, 2) and mixed by the share (H, W) of the first."""
    convert = torch.from_numpy if kind == "torch" else np.asarray
    result = np.full((1, *start.shape), np.nan, np.float32)
    mixer = Mixer(convert(start[None]), convert(end[None]), **meaning)
    to_start, to_end = (convert(flow[None]) for flow in flows)
    mixer.draw((to_start, to_end), convert(share[None, ..., None]), convert(result))
    return result[0]


def disc(middle: float, near: float, far: float) -> Any:
    """A depth (H, W, 1): a disc before a ground."""
    inside = (X - middle) ** 2 + (Y - HEIGHT / 2) ** 2 < 100
    return np.where(inside, np.float32(near), np.float32(far))[..., None]


def flows(across: float, astray: float = 0.0, seed: int = 0) -> tuple[Any, Any]:
    """To both keys of what moves by 2 x `across`; as far from the truth as `astray`."""
    chance = np.random.default_rng(seed)
    ways = [np.stack((np.full_like(X, way), np.zeros_like(X)), -1) for way in (-across, across)]
    to_start, to_end = (way + chance.uniform(-astray, astray, way.shape).astype(np.float32) for way in ways)
    return to_start, to_end


def shares(seed: int) -> Any:
    return np.random.default_rng(seed).random((HEIGHT, WIDTH), np.float32)


def between(values: Any, *ends: tuple[float, float]) -> Any:
    """Whether each value lies between the two of one surface."""
    return np.any([(values >= min(pair) - 1e-3) & (values <= max(pair) + 1e-3) for pair in ends], axis=0)


@pytest.mark.parametrize("kind", KINDS)
@given(st.integers(0, 2**31), st.floats(0, 6), st.floats(0, 3))
@settings(max_examples=12, deadline=None)
def test_no_depth_is_invented_across_an_outline(kind: str, seed: int, across: float, astray: float) -> None:
    start, end = disc(26 - across, 100, 1000), disc(26 + across, 120, 1010)
    got = drawn(kind, start, end, flows(across, astray, seed), shares(seed), data=((0,),))
    assert between(got, (100, 120), (1000, 1010)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_surface_whose_depth_changes_has_the_depth_half_way(kind: str) -> None:
    start, end = disc(22.5, 100, 1000), disc(29.5, 120, 1000)
    got = drawn(kind, start, end, flows(3.5), np.full_like(X, 0.5), data=((0,),))
    inside = (X - 26) ** 2 + (Y - HEIGHT / 2) ** 2 < 64
    assert np.allclose(got[inside], 110)
    assert set(np.unique(got)) <= {100, 110, 120, 1000}


@pytest.mark.parametrize("kind", KINDS)
@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-500, 500), st.floats(0, 3))
@settings(max_examples=12, deadline=None)
def test_a_slope_that_changes_is_mixed_but_for_a_step_between_neighbours(
    kind: str, right: float, below: float, change: float, across: float
) -> None:
    slope = (right * X + below * Y)[..., None].astype(np.float32)
    share = shares(3)
    got = drawn(kind, slope, slope + np.float32(change), flows(across), share, data=((0,),))
    wrong = np.abs(got - (slope + (1 - share[..., None]) * np.float32(change)))[6:-6, 6:-6]
    assert wrong.max() <= 3 * (abs(right) + abs(below)) + abs(right) * 2 * across + 1e-3


@pytest.mark.parametrize("kind", KINDS)
def test_infinite_depth_stays_and_what_is_before_it_is_mixed(kind: str) -> None:
    start, end = disc(24, 100, np.inf), disc(28, 120, np.inf)
    got = drawn(kind, start, end, flows(2.25, 0.5), np.full_like(X, 0.5), data=((0,),))
    assert set(np.unique(got)) <= {np.float32(each) for each in (100, 110, 120, np.inf)}
    assert (got == 110).sum() > 250
    assert np.isinf(got[:4]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_comes_whole_from_one_surface(kind: str) -> None:
    near, far = np.asarray([0, 0, 1], np.float32), np.asarray([0.8, 0.6, 0], np.float32)
    start, end = (np.where(disc(middle, 1, 0) == 1, near, far) for middle in (23.0, 29.0))
    got = drawn(kind, start, end, flows(2.7, 2), shares(5), data=((0, 1, 2),))
    assert np.all((got == near).all(-1) | (got == far).all(-1))


def facing(across: Any) -> Any:
    """Normals (H, W, 3) of what is turned so far to the right, in degrees."""
    angle = np.radians(np.broadcast_to(across, X.shape))
    return np.stack((np.sin(angle), 0 * angle, np.cos(angle)), -1).astype(np.float32)


@pytest.mark.parametrize("kind", KINDS)
def test_normals_that_turn_are_as_long_between_the_keys_as_in_them(kind: str) -> None:
    start, end, normals = facing(-30), facing(60), ((0, 1, 2),)
    got = drawn(kind, start, end, flows(0), np.full_like(X, 0.5), data=normals, normals=normals)
    np.testing.assert_allclose(got, facing(15), atol=1e-6)
    bent = drawn(kind, 3 * facing(X), facing(40 + X), flows(2), shares(4), data=normals, normals=normals)
    share = shares(4)
    np.testing.assert_allclose(np.linalg.norm(bent, axis=-1), 1 + 2 * share, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("plain", [{}, {"normals": ((0, 1, 2),)}], ids=["vectors", "normals"])
def test_what_is_no_normal_is_mixed_and_no_more(kind: str, plain: dict[str, Any]) -> None:
    """Motion is half as fast half-way to rest, and a normal that is encoded as a colour has no length of its own."""
    start, end = (facing(turn) if not plain else facing(turn) / 2 + 0.5 for turn in (-30, 60))
    got = drawn(kind, start, end, flows(0), np.full_like(X, 0.5), data=((0, 1, 2),), **plain)
    np.testing.assert_allclose(got, (start + end) / 2, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_a_normal_of_one_key_alone_is_its_own_to_the_bit(kind: str) -> None:
    """Nothing in front has a normal of length 0, and noise is of no length."""
    chance, normals = np.random.default_rng(9), ((0, 1, 2),)
    noise = chance.normal(0, 1, (HEIGHT, WIDTH, 3)).astype(np.float32)
    still = flows(0)
    for share in (np.ones_like(X), np.zeros_like(X)):
        got = drawn(kind, noise, -noise[::-1], still, share, data=normals, normals=normals)
        assert np.array_equal(got, noise if share[0, 0] else -noise[::-1])
    start, end = (np.where(disc(middle, 1, 0) == 1, facing(-50), 0).astype(np.float32) for middle in (23.0, 29.0))
    got = drawn(kind, start, end, flows(2.7, 2), shares(5), data=normals, normals=normals)
    assert np.all((got == facing(-50)).all(-1) | (got == 0).all(-1))
    against = drawn(kind, facing(0), -facing(0), still, np.full_like(X, 0.5), data=normals, normals=normals)
    assert np.isfinite(against).all()


@pytest.mark.parametrize("kind", KINDS)
def test_depth_and_id_of_a_pixel_are_those_of_one_surface(kind: str) -> None:
    depths = disc(23, 100, 1000), disc(29, 120, 1010)
    start, end = (np.concatenate((each, np.where(each < 500, np.float32(7), np.float32(3))), -1) for each in depths)
    got = drawn(kind, start, end, flows(2.7, 2), shares(6), ids=(1,), data=((0,),))
    assert np.array_equal(got[..., 1] == 7, got[..., 0] < 500)


@pytest.mark.parametrize("kind", KINDS)
@given(st.integers(0, 2**31), st.floats(0, 4))
@settings(max_examples=10, deadline=None)
def test_the_order_of_the_keys_does_not_matter(kind: str, seed: int, across: float) -> None:
    start, end = disc(26 - across, 100, np.inf), disc(26 + across, 120, 900)
    there, share = flows(across, 1, seed), shares(seed)
    forth = drawn(kind, start, end, there, share, data=((0,),))
    back = drawn(kind, end, start, there[::-1], 1 - share, data=((0,),))
    np.testing.assert_allclose(forth[share != 0.5], back[share != 0.5], rtol=1e-6)


@given(st.integers(0, 2**31), st.integers(1, 12), st.integers(1, 12), st.integers(1, 5))
@settings(max_examples=20, deadline=None)
def test_equal_keys_without_motion_give_themselves_to_the_bit(seed: int, height: int, width: int, count: int) -> None:
    key = np.random.default_rng(seed).normal(0, 100, (height, width, count)).astype(np.float32)
    still, share = (
        np.zeros((height, width, 2), np.float32),
        np.random.default_rng(seed).random((height, width), np.float32),
    )
    for kind in KINDS:
        assert np.array_equal(drawn(kind, key, key, (still, still), share, data=(tuple(range(count)),)), key)


@given(st.integers(0, 2**31))
@settings(max_examples=10, deadline=None)
def test_numpy_and_torch_draw_the_same_data(seed: int) -> None:
    chance = np.random.default_rng(seed)
    start, end = (np.rint(chance.normal(0, 2, (HEIGHT, WIDTH, 4))).astype(np.float32) for _ in range(2))
    ways, share = flows(2, 6, seed), shares(seed)
    one, other = (drawn(kind, start, end, ways, share, data=((3,), (0, 1))) for kind in KINDS)
    assert np.array_equal(one[..., [0, 1, 3]], other[..., [0, 1, 3]])


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_the_same_to_the_bit_with_data_beside_it(kind: str) -> None:
    chance = np.random.default_rng(8)
    start, end = (chance.random((HEIGHT, WIDTH, 6), np.float32) for _ in range(2))
    ways, share = flows(2, 3), shares(1)
    plain, beside = (drawn(kind, start, end, ways, share, ids=(5,), data=data) for data in ((), ((3, 4),)))
    assert np.array_equal(plain[..., [0, 1, 2, 5]], beside[..., [0, 1, 2, 5]])


@pytest.mark.parametrize("kind", KINDS)
def test_data_of_a_frame_larger_than_a_strip_has_no_seams(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    start, end, ways = disc(23, 100, 1000), disc(29, 120, 1010), flows(3, 2)
    whole = drawn(kind, start, end, ways, shares(2), data=((0,),))
    monkeypatch.setattr("inbetween.models.warp.STRIP_PIXELS", WIDTH * 5)
    assert np.array_equal(drawn(kind, start, end, ways, shares(2), data=((0,),)), whole)
