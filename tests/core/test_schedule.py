"""Which drawings fill a gap, and which frames show them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbetween.core.errors import SettingsError
from inbetween.core.schedule import Drawing, Gap, gaps, schedule
from inbetween.core.settings import Settings
from inbetween.core.timing import CURVES

any_gap = st.builds(lambda first, length: Gap(first, first + length), st.integers(-500, 500), st.integers(2, 100))
any_hold = st.integers(1, 24)


def test_gaps_are_the_neighbouring_keys_with_frames_missing_between_them() -> None:
    assert list(gaps([9, 1, 2, 17, 9])) == [Gap(2, 9), Gap(9, 17)]
    assert list(gaps([4])) == list(gaps([])) == list(gaps([-1, 0, 1])) == []


def test_missing_frames_lie_strictly_between_the_keys() -> None:
    assert list(Gap(-2, 2).missing) == [-1, 0, 1]


def test_on_ones_each_missing_frame_is_a_drawing() -> None:
    assert schedule(Gap(1, 5), Settings()) == (
        Drawing(2, 0.25, (2,)),
        Drawing(3, 0.5, (3,)),
        Drawing(4, 0.75, (4,)),
    )


def test_on_twos_the_key_is_held_for_two_frames_and_so_is_each_drawing() -> None:
    assert schedule(Gap(1, 9), Settings(on=2)) == (
        Drawing(1, 0.0, (2,)),
        Drawing(3, 0.25, (3, 4)),
        Drawing(5, 0.5, (5, 6)),
        Drawing(7, 0.75, (7, 8)),
    )


def test_the_last_drawing_gives_way_to_the_second_key() -> None:
    assert schedule(Gap(0, 5), Settings(on=3)) == (Drawing(0, 0.0, (1, 2)), Drawing(3, 0.6, (3, 4)))
    assert schedule(Gap(0, 7), Settings(on=3))[-1] == Drawing(6, 6 / 7, (6,))


def test_a_gap_within_the_keys_hold_shows_the_key() -> None:
    assert schedule(Gap(10, 13), Settings(on=4)) == (Drawing(10, 0.0, (11, 12)),)


@given(any_gap, any_hold, st.sampled_from(list(CURVES)))
def test_every_missing_frame_is_shown_exactly_once_in_order(gap: Gap, on: int, timing: str) -> None:
    drawings = schedule(gap, Settings(on=on, timing=timing))
    assert [frame for drawing in drawings for frame in drawing.shows] == list(gap.missing)


@given(any_gap, any_hold)
def test_drawings_are_held_for_no_longer_than_asked(gap: Gap, on: int) -> None:
    assert all(1 <= len(drawing.shows) <= on for drawing in schedule(gap, Settings(on=on)))


@given(any_gap, any_hold, st.sampled_from(list(CURVES)))
def test_on_twos_a_drawing_is_the_one_that_ones_would_show_there(gap: Gap, on: int, timing: str) -> None:
    on_ones = {drawing.frame: drawing.t for drawing in schedule(gap, Settings(timing=timing))}
    for drawing in schedule(gap, Settings(on=on, timing=timing)):
        assert drawing.t == (on_ones[drawing.frame] if drawing.frame != gap.first else 0.0)


def test_a_chart_gives_the_drawings_after_the_held_key() -> None:
    drawings = schedule(Gap(1, 9), Settings(on=2, timing="0.1,0.4,0.8"))
    assert [drawing.t for drawing in drawings] == [0.0, 0.1, 0.4, 0.8]


def test_a_chart_that_does_not_fit_a_gap_is_refused_naming_its_keys() -> None:
    with pytest.raises(SettingsError, match=r"keys 1 and 9: .*3 fractions.* 7 drawings"):
        schedule(Gap(1, 9), Settings(timing="0.1,0.4,0.8"))


def test_a_gap_is_spaced_as_its_own_key_says() -> None:
    settings = Settings(timing="ease-in 9:0.2,0.5,0.8")
    assert [drawing.t for drawing in schedule(Gap(9, 13), settings)] == [0.2, 0.5, 0.8]
    assert schedule(Gap(1, 9), settings) == schedule(Gap(1, 9), Settings(timing="ease-in"))
