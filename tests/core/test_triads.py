"""Recursive triads, for every length from 2 to 300 and for keys anywhere."""

from math import ceil, log2
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbetween.core.triads import Triad, batches, between, blanked, gather, middle, training_triads

TABLE_2 = {(0, 5, 9), (0, 3, 5), (0, 2, 3), (0, 1, 2), (3, 4, 5), (5, 7, 9), (5, 6, 7), (7, 8, 9), (8, 9, 9), (0, 0, 1)}
LENGTHS = range(2, 301)
keys_anywhere = st.sets(st.integers(-1000, 1000), max_size=12).map(sorted)


def test_ten_frames_give_table_2_of_the_source() -> None:
    assert set(training_triads(10)) == TABLE_2
    assert len(training_triads(10)) == 10


def test_training_triads_stand_in_the_order_of_table_2() -> None:
    assert [tuple(triad) for triad in training_triads(10)] == [
        (0, 5, 9),
        (0, 3, 5),
        (0, 2, 3),
        (0, 1, 2),
        (3, 4, 5),
        (5, 7, 9),
        (5, 6, 7),
        (7, 8, 9),
        (8, 9, 9),
        (0, 0, 1),
    ]


def test_the_middle_of_an_odd_gap_is_the_later_one() -> None:
    assert (middle(0, 9), middle(0, 3), middle(0, 10), middle(-4, 1)) == (5, 2, 5, -1)


@pytest.mark.parametrize("count", [0, 1, -3])
def test_fewer_than_two_frames_are_no_sequence(count: int) -> None:
    with pytest.raises(ValueError, match=str(count)):
        training_triads(count)


def test_a_sequence_of_n_frames_has_n_training_triads_two_of_them_closing() -> None:
    for count in LENGTHS:
        triads = training_triads(count)
        assert len(triads) == count
        assert triads[-2:] == (Triad(count - 2, count - 1, count - 1), Triad(0, 0, 1))


def test_every_frame_of_a_sequence_is_learnt_as_a_middle_exactly_once() -> None:
    for count in LENGTHS:
        assert sorted(triad.middle for triad in training_triads(count)) == list(range(count))


def test_each_missing_frame_is_drawn_once_from_frames_that_are_there() -> None:
    for count in LENGTHS:
        there = {0, count - 1}
        for batch in batches((0, count - 1)):
            assert all(triad.start in there and triad.end in there for triad in batch)
            drawn = [triad.middle for triad in batch]
            assert there.isdisjoint(drawn)
            assert len(set(drawn)) == len(drawn)
            there.update(drawn)
        assert there == set(range(count))


def test_a_gap_takes_as_many_batches_as_it_can_be_halved() -> None:
    for count in LENGTHS:
        assert len(list(batches((0, count - 1)))) == (ceil(log2(count - 1)) if count > 2 else 0)


def test_walking_breadth_first_asks_the_same_as_walking_depth_first() -> None:
    for count in LENGTHS:
        walked = [triad for batch in batches((0, count - 1)) for triad in batch]
        assert sorted(walked) == sorted(between(0, count - 1))


def test_a_triad_parts_its_gap_as_evenly_as_it_can() -> None:
    for count in LENGTHS:
        for start, parted, end in between(0, count - 1):
            assert (parted - start) - (end - parted) in (0, 1)


@given(keys_anywhere)
def test_keys_may_be_any_frames_and_are_never_drawn(keys: list[int]) -> None:
    drawn = [triad.middle for batch in batches(keys) for triad in batch]
    missing = set(range(keys[0], keys[-1] + 1)) - set(keys) if keys else set()
    assert sorted(drawn) == sorted(missing)


@given(keys_anywhere)
def test_no_triad_reaches_across_a_key(keys: list[int]) -> None:
    for batch in batches(keys):
        assert all(not any(triad.start < key < triad.end for key in keys) for triad in batch)


@given(st.integers(2, 120), st.data())
def test_a_breakdown_changes_only_the_gap_it_stands_in(last: int, data: st.DataObject) -> None:
    breakdown = data.draw(st.integers(1, last - 1))
    parted = [triad for batch in batches((0, breakdown, last)) for triad in batch]
    assert sorted(parted) == sorted([*between(0, breakdown), *between(breakdown, last)])


@given(keys_anywhere, st.integers(1, 40))
def test_small_batches_draw_the_same_triads_from_frames_that_are_there(keys: list[int], at_most: int) -> None:
    there = set(keys)
    walked: list[Triad] = []
    for batch in batches(keys, at_most=at_most):
        assert 1 <= len(batch) <= at_most
        assert all(triad.start in there and triad.end in there for triad in batch)
        there.update(triad.middle for triad in batch)
        walked += batch
    assert sorted(walked) == sorted(triad for batch in batches(keys) for triad in batch)


@given(st.integers(2, 400), st.integers(1, 16))
def test_small_batches_keep_few_frames(last: int, at_most: int) -> None:
    plan = list(batches((0, last), at_most=at_most))
    last_use = {frame: step for step, batch in enumerate(plan) for triad in batch for frame in (triad.start, triad.end)}
    kept: set[int] = set()
    for step, batch in enumerate(plan):
        kept = {frame for frame in kept | {t.middle for t in batch} if last_use.get(frame, -1) > step}
        assert len(kept) <= at_most * (1 + ceil(log2(last)))


@given(st.integers(2, 200), st.data())
def test_only_the_triads_that_lead_to_wanted_frames_are_walked(last: int, data: st.DataObject) -> None:
    wanted = data.draw(st.sets(st.integers(1, last - 1), min_size=1))
    walked = [triad for batch in batches((0, last), wanted=wanted.__contains__) for triad in batch]
    assert wanted <= {triad.middle for triad in walked}
    assert set(walked) <= set(between(0, last))
    assert all(any(triad.start < frame < triad.end for frame in wanted) for triad in walked)


def test_neighbours_have_nothing_between_them() -> None:
    assert list(between(3, 4)) == list(between(3, 3)) == []
    assert list(batches((3, 4, 5))) == list(batches((3,))) == list(batches(())) == []


def test_clips_are_gathered_into_triads_on_any_array_library(library: Any) -> None:
    clips = np.random.default_rng(0).random((2, 7, 3, 4, 2), dtype=np.float32)
    triads = library.numpy(gather(library.array(clips)))
    assert triads.shape == (2, 7, 3, 3, 4, 2)
    for place, triad in enumerate(training_triads(7)):
        np.testing.assert_array_equal(triads[:, place], clips[:, list(triad)])


@pytest.mark.parametrize("fill", [0.0, 1.0])
def test_only_the_middle_is_blanked_and_only_in_a_copy(library: Any, fill: float) -> None:
    triads = np.random.default_rng(1).random((2, 5, 3, 4, 4, 1), dtype=np.float32)
    given_array = library.array(triads.copy())
    blank = library.numpy(blanked(given_array, fill))
    np.testing.assert_array_equal(blank[..., [0, 2], :, :, :], triads[..., [0, 2], :, :, :])
    assert np.all(blank[..., 1, :, :, :] == np.float32(fill))
    np.testing.assert_array_equal(library.numpy(given_array), triads)
