"""Spacing: named curves and the animator's chart."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbetween.core.errors import SettingsError
from inbetween.core.settings import Settings
from inbetween.core.timing import CURVES, by_key, chart, of_gap, times

shares = st.sets(st.integers(1, 999), max_size=30).map(lambda found: tuple(n / 1000 for n in sorted(found)))


def test_linear_spacing_is_the_share_of_the_gap() -> None:
    assert times("linear", (0.25, 0.5, 0.75)) == (0.25, 0.5, 0.75)


@pytest.mark.parametrize(
    ("timing", "spacing"),
    [
        ("ease-in", (1 / 16, 1 / 4, 9 / 16)),
        ("ease-out", (7 / 16, 3 / 4, 15 / 16)),
        ("ease-in-out", (1 / 8, 1 / 2, 7 / 8)),
    ],
)
def test_eases_over_three_inbetweens(timing: str, spacing: tuple[float, ...]) -> None:
    assert times(timing, (0.25, 0.5, 0.75)) == pytest.approx(spacing)


@pytest.mark.parametrize("timing", CURVES)
@given(shares=shares)
def test_every_curve_rises_and_stays_between_the_keys(timing: str, shares: tuple[float, ...]) -> None:
    spacing = times(timing, shares)
    assert all(0 < t < 1 for t in spacing)
    assert all(before < after for before, after in pairwise(spacing))


@pytest.mark.parametrize("timing", CURVES)
def test_every_curve_starts_and_ends_on_the_keys(timing: str) -> None:
    assert (CURVES[timing](0.0), CURVES[timing](1.0)) == (0.0, 1.0)


@given(shares)
def test_ease_out_is_ease_in_played_backwards(shares: tuple[float, ...]) -> None:
    backwards = tuple(1 - share for share in reversed(shares))
    assert times("ease-out", shares) == pytest.approx([1 - t for t in reversed(times("ease-in", backwards))])


@pytest.mark.parametrize("timing", ["0.1,0.4,0.8", " 0.1 , 0.4,0.8 ", ".1,4e-1,0.80"])
def test_a_chart_is_taken_as_it_is_written(timing: str) -> None:
    assert times(timing, (0.25, 0.5, 0.75)) == (0.1, 0.4, 0.8)


def test_a_chart_may_touch_the_keys() -> None:
    assert chart("0,0.5,1") == (0.0, 0.5, 1.0)


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_a_chart_must_have_one_fraction_for_each_drawing(count: int) -> None:
    with pytest.raises(SettingsError, match=rf"3 fractions.* {count} drawings?;") as caught:
        times("0.1,0.4,0.8", tuple((n + 1) / (count + 1) for n in range(count)))
    assert "one fraction for each" in str(caught.value)


@pytest.mark.parametrize("timing", ["0.4,0.1", "0.5,0.5", "-0.1,0.5", "0.5,1.1", "nan", "0.2,nan", "0.1,nan,0.2"])
def test_a_chart_that_does_not_rise_within_the_gap_is_refused_with_the_settings(timing: str) -> None:
    with pytest.raises(SettingsError, match="rise"):
        Settings(timing=timing)


@pytest.mark.parametrize("timing", ["", "eased", "ease_in", "0.5,", "0.1;0.4", "0.1 0.4", "50%"])
def test_what_is_neither_curve_nor_chart_is_refused_naming_the_curves(timing: str) -> None:
    with pytest.raises(SettingsError, match="linear, ease-in, ease-out, ease-in-out") as caught:
        Settings(timing=timing)
    assert repr(timing) in str(caught.value)


plain = st.one_of(
    st.sampled_from(list(CURVES)),
    shares.filter(bool).map(lambda found: ", ".join(map(str, found))),
)


@given(plain, st.integers(-99, 99))
def test_a_timing_without_keys_is_that_of_every_gap_to_the_letter(timing: str, key: int) -> None:
    assert of_gap(timing, key) == timing


@given(st.one_of(st.just(""), plain), st.dictionaries(st.integers(-99, 99), plain), st.integers(-99, 99))
def test_a_gap_has_the_timing_of_its_key_else_what_stands_first_else_linear(
    rest: str, named: dict[int, str], key: int
) -> None:
    timing = " ".join([rest, *(f"{number}:{own}" for number, own in named.items())]) if named else rest or "linear"
    assert by_key(timing) == (rest or "linear", named)
    assert of_gap(timing, key) == named.get(key, rest or "linear")


@pytest.mark.parametrize("timing", ["1:ease-in 9:0.2,0.5", "9: 0.2, 0.5  01:ease-in", "  1:ease-in\n9:0.2,0.5 "])
def test_keys_may_come_in_any_order_with_any_space_between(timing: str) -> None:
    assert (of_gap(timing, 1), of_gap(timing, 9).replace(" ", "")) == ("ease-in", "0.2,0.5")


@pytest.mark.parametrize(
    ("timing", "says"),
    [
        ("1:eased", "at key 1: timing is 'eased'; give linear"),
        ("1:", "at key 1: timing is ''; give linear"),
        ("1:ease-in;9:ease-out", "at key 1: timing is 'ease-in;9:ease-out'"),
        ("1:ease-in, 9:ease-out", "at key 1: timing is 'ease-in,'"),
        ("-5:0.5,0.1", "at key -5: timing chart '0.5,0.1' must rise"),
        ("eased 9:linear", "timing is 'eased'; give linear"),
        ("1.5:linear", "timing is '1.5:linear'"),
        ("key 1:linear", "timing is 'key'"),
        ("1:linear 9:linear 1:linear", "timing names key 1 twice"),
    ],
)
def test_what_is_wrong_at_a_key_is_said_with_the_key(timing: str, says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings(timing=timing)
    assert str(caught.value).startswith(says)
