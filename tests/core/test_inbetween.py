"""Keys in, in-betweens out, on every array library."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import ceil, log2
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbetween.core.errors import DrawingError, InputError, SettingsError
from inbetween.core.inbetween import frames_at_once, inbetween
from inbetween.core.network import Array, Network
from inbetween.core.schedule import Drawing, Gap, schedule
from inbetween.core.settings import Settings

BLACK = np.zeros((2, 3, 4), np.float32)
WHITE = np.ones((2, 3, 4), np.float32)


def dissolve(start: Array, end: Array, t: Array) -> Array:
    return (1 - t) * start + t * end


def halfway(start: Array, end: Array, t: Array) -> Array:
    """Knows only the middle."""
    return (start + end) / 2 + 0 * t


class Watched:
    """A network that remembers what it was asked."""

    def __init__(self, network: Network = dissolve) -> None:
        self.network, self.asked = network, []  # type: tuple[Network, list[tuple[Array, Array, Array]]]

    def __call__(self, start: Array, end: Array, t: Array, /) -> Array:
        self.asked.append((start, end, t))
        return self.network(start, end, t)

    @property
    def times(self) -> list[list[float]]:
        return [[float(t[place, 0, 0, 0]) for place in range(t.shape[0])] for _, _, t in self.asked]


def drawings(last: int, **settings: Any) -> tuple[Drawing, ...]:
    return schedule(Gap(0, last), Settings(**settings))


def levels(frames: Any) -> dict[int, float]:
    """How white each drawing is, which with a dissolve is the t that it was drawn at."""
    return {drawing.frame: float(frame[0, 0, 0]) for drawing, frame in frames}


@pytest.mark.parametrize("scheme", ["direct", "triads"])
@pytest.mark.parametrize("timing", ["linear", "ease-in", "ease-out", "ease-in-out", "0.1,0.2,0.3,0.4,0.5,0.9,0.99"])
@pytest.mark.parametrize("batch", [None, 1, 3])
def test_each_drawing_stands_at_its_time(library: Any, scheme: str, timing: str, batch: int | None) -> None:
    wanted = drawings(8, timing=timing)
    start, end = library.array(BLACK), library.array(WHITE)
    drawn = levels(inbetween(start, end, wanted, dissolve, scheme=scheme, batch=batch))
    assert drawn == pytest.approx({drawing.frame: drawing.t for drawing in wanted}, abs=1e-6)


@pytest.mark.parametrize("scheme", ["direct", "triads"])
def test_frames_are_of_the_keys_kind_and_on_their_device(library: Any, scheme: str) -> None:
    start, end = library.array(BLACK), library.array(WHITE)
    watched = Watched()
    for _, frame in inbetween(start, end, drawings(6), watched, scheme=scheme):
        assert type(frame) is type(start)
        assert (frame.shape, frame.dtype) == (start.shape, start.dtype)
        assert getattr(frame, "device", None) == getattr(start, "device", None)
    for asked in watched.asked:
        assert {getattr(array, "device", None) for array in asked} == {getattr(start, "device", None)}
        assert {array.dtype for array in asked} == {start.dtype}


@pytest.mark.parametrize("scheme", ["direct", "triads"])
def test_at_the_keys_times_the_very_keys_come_back_unasked_and_uncleaned(scheme: str) -> None:
    watched = Watched()
    ends = (Drawing(0, 0.0, (1, 2)), Drawing(3, 1.0, (3,)), Drawing(4, 1.0 - 1e-9, (4,)))
    frames = {d.frame: f for d, f in inbetween(BLACK, WHITE, ends, watched, scheme=scheme, clean=lambda f: f * 0.5)}
    assert frames[0] is BLACK
    assert frames[3] is WHITE
    assert frames[4] is WHITE
    assert watched.asked == []


@pytest.mark.parametrize("scheme", ["direct", "triads"])
@given(times=st.sets(st.floats(0, 1, width=32), max_size=9), batch=st.integers(1, 5))
def test_the_network_is_only_asked_strictly_between_the_keys(scheme: str, times: set[float], batch: int) -> None:
    watched = Watched()
    wanted = [Drawing(frame, t, (frame,)) for frame, t in enumerate(sorted(times))]
    drawn = levels(inbetween(BLACK, WHITE, wanted, watched, scheme=scheme, batch=batch))
    assert drawn == pytest.approx({drawing.frame: drawing.t for drawing in wanted}, abs=1e-5)
    for asked in watched.times:
        assert 1 <= len(asked) <= batch
        assert all(0 < t < 1 for t in asked)


@pytest.mark.parametrize("scheme", ["direct", "triads"])
@pytest.mark.parametrize("batch", [None, 2])
def test_keys_are_not_written_to(library: Any, scheme: str, batch: int | None) -> None:
    random = np.random.default_rng(0)
    first, last = random.random((2, 3, 4), dtype=np.float32), random.random((2, 3, 4), dtype=np.float32)
    start, end = library.array(first.copy()), library.array(last.copy())
    list(inbetween(start, end, drawings(9), dissolve, scheme=scheme, batch=batch))
    np.testing.assert_array_equal(library.numpy(start), first)
    np.testing.assert_array_equal(library.numpy(end), last)


@given(st.integers(2, 100))
def test_triads_ask_once_for_each_halving(last: int) -> None:
    watched = Watched()
    list(inbetween(BLACK, WHITE, drawings(last), watched, scheme="triads"))
    assert len(watched.asked) == ceil(log2(last))
    assert sum(map(len, watched.times)) == last - 1


def test_triads_ask_for_frames_between_those_they_drew() -> None:
    watched = Watched()
    list(inbetween(BLACK, WHITE, drawings(9), watched, scheme="triads"))
    ends = [
        [(float(a[0, 0, 0]) * 9, float(b[0, 0, 0]) * 9) for a, b in zip(start, end, strict=True)]
        for start, end, _ in watched.asked
    ]
    assert ends == [
        [(pytest.approx(0), pytest.approx(9))],
        [(pytest.approx(0), pytest.approx(5)), (pytest.approx(5), pytest.approx(9))],
        [pytest.approx(pair) for pair in [(0, 3), (3, 5), (5, 7), (7, 9)]],
        [pytest.approx((0, 2))],
    ]
    local = [[5 / 9], [3 / 5, 2 / 4], [2 / 3, 1 / 2, 1 / 2, 1 / 2], [1 / 2]]
    assert watched.times == [pytest.approx(times) for times in local]


def test_direct_asks_for_all_times_of_one_pair_at_once() -> None:
    watched = Watched()
    list(inbetween(BLACK, WHITE, drawings(8), watched, scheme="direct"))
    ((start, end, t),) = watched.asked
    assert start.shape == end.shape == (1, 2, 3, 4)
    assert t.shape == (7, 1, 1, 1)


def test_direct_asks_in_chunks_that_fit() -> None:
    watched = Watched()
    list(inbetween(BLACK, WHITE, drawings(8), watched, scheme="direct", batch=3))
    assert [len(times) for times in watched.times] == [3, 3, 1]


@pytest.mark.parametrize("scheme", ["direct", "triads"])
def test_a_frame_is_yielded_before_the_next_is_asked_for(scheme: str) -> None:
    watched = Watched()
    frames = inbetween(BLACK, WHITE, drawings(8), watched, scheme=scheme, batch=1)
    assert watched.asked == []
    for count, _ in enumerate(frames, start=1):
        assert len(watched.asked) == count


def test_a_middle_only_network_recurses_over_evenly_spaced_drawings_as_the_source_does() -> None:
    watched = Watched(halfway)
    drawn = levels(inbetween(BLACK, WHITE, drawings(9), watched, scheme="triads", knows_time=False))
    assert len(watched.asked) == 4
    assert drawn == {1: 1 / 16, 2: 1 / 8, 3: 1 / 4, 4: 3 / 8, 5: 1 / 2, 6: 5 / 8, 7: 3 / 4, 8: 7 / 8}


@pytest.mark.parametrize("timing", ["ease-in", "ease-in-out", "0.1,0.4,0.8", "0.02,0.03,0.97"])
def test_a_middle_only_network_reaches_other_spacing_by_halves(library: Any, timing: str) -> None:
    wanted = drawings(4, timing=timing)
    watched = Watched(halfway)
    keys = library.array(BLACK), library.array(WHITE)
    drawn = levels(inbetween(*keys, wanted, watched, scheme="triads", knows_time=False))
    for drawing in wanted:
        assert drawn[drawing.frame] == pytest.approx(drawing.t, abs=_closest(wanted) / 8 + 1e-6)
    assert all(t == 0.5 for times in watched.times for t in times)


@given(st.sets(st.integers(1, 9999), min_size=1, max_size=8))
def test_however_close_the_spacing_a_middle_only_network_comes_within_a_thousandth(places: set[int]) -> None:
    wanted = [Drawing(frame, place / 10000, (frame,)) for frame, place in enumerate(sorted(places), start=1)]
    drawn = levels(inbetween(BLACK, WHITE, wanted, halfway, scheme="triads", knows_time=False))
    even = all(abs(d.t - n / (len(wanted) + 1)) < 1e-6 for n, d in enumerate(wanted, start=1))
    assert set(drawn) == {drawing.frame for drawing in wanted}
    assert even or all(abs(drawn[d.frame] - d.t) <= max(1 / 1024, _closest(wanted) / 8) + 1e-6 for d in wanted)


def _closest(wanted: Sequence[Drawing]) -> float:
    spaced = [0.0, *(drawing.t for drawing in wanted), 1.0]
    return min(b - a for a, b in pairwise(spaced))


def test_every_drawing_is_cleaned_and_the_recursion_leans_on_the_uncleaned() -> None:
    whitened = inbetween(BLACK, WHITE, drawings(8), dissolve, scheme="triads", clean=lambda frame: frame + 10)
    assert levels(whitened) == pytest.approx({frame: frame / 8 + 10 for frame in range(1, 8)})


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("scheme", "frame"), [("direct", 7), ("triads", 4)])
def test_values_that_are_not_finite_stop_with_the_frame_named(
    library: Any, scheme: str, frame: int, bad: float
) -> None:
    def broken(start: Array, end: Array, t: Array) -> Array:
        drawn = np.array(library.numpy(dissolve(start, end, t)))
        drawn[-1, 1, 2, 3] = bad
        return library.array(drawn)

    with pytest.raises(DrawingError, match=rf"finite.* frame {frame}"):
        list(inbetween(library.array(BLACK), library.array(WHITE), drawings(8), broken, scheme=scheme))


def test_infinite_depth_in_a_key_may_stay_infinite_in_its_channel_only() -> None:
    far = BLACK.copy()
    far[0, 0, 3] = np.inf
    drawn = dict(inbetween(far, WHITE, drawings(4), dissolve, scheme="direct"))
    assert all(np.isinf(frame[0, 0, 3]) for frame in drawn.values())

    def spreads(start: Array, end: Array, t: Array) -> Array:
        return dissolve(start, end, t) + start[..., 3:]

    with pytest.raises(DrawingError, match="finite"):
        list(inbetween(far, WHITE, drawings(4), spreads, scheme="direct"))


@pytest.mark.parametrize("wrong", [lambda a, b, t: a, lambda a, b, t: dissolve(a, b, t)[:, :1], lambda a, b, t: t])
@pytest.mark.parametrize("scheme", ["direct", "triads"])
def test_frames_of_another_shape_stop_with_both_shapes_named(wrong: Callable[..., Array], scheme: str) -> None:
    with pytest.raises(DrawingError, match=r"shape \(") as caught:
        list(inbetween(BLACK, WHITE, drawings(8), _twice(wrong), scheme=scheme))
    assert "2, 3, 4" in str(caught.value)


def _twice(wrong: Callable[..., Array]) -> Network:
    """Wrong only from the second frame on, where a walk could miss it: a single frame may have the right shape."""
    return lambda a, b, t: dissolve(a, b, t) if t.shape[0] == 1 else wrong(a[:1], b[:1], t)


def test_keys_of_different_shapes_are_refused_at_once() -> None:
    with pytest.raises(InputError, match=r"\(2, 3, 4\).*\(2, 3, 1\)"):
        inbetween(BLACK, WHITE[..., :1], drawings(4), dissolve, scheme="direct")


def test_a_middle_only_network_cannot_be_asked_directly() -> None:
    with pytest.raises(SettingsError, match="choose triads"):
        inbetween(BLACK, WHITE, drawings(4), halfway, scheme="direct", knows_time=False)


def test_a_scheme_must_be_chosen_by_the_caller() -> None:
    with pytest.raises(SettingsError, match="'auto'"):
        inbetween(BLACK, WHITE, drawings(4), dissolve, scheme="auto")


def test_nothing_to_draw_is_no_work() -> None:
    assert list(inbetween(BLACK, WHITE, (), dissolve, scheme="triads")) == []


def test_more_memory_fits_more_frames_and_one_always_fits() -> None:
    hd = (1080, 1920, 4)
    assert frames_at_once(128, (8000, 8000, 4)) == 1
    assert frames_at_once(2048, hd) == 2048 * 2**20 // (1080 * 1920 * 4 * 4 * 8)
    assert frames_at_once(4096, hd) >= 2 * frames_at_once(2048, hd)
