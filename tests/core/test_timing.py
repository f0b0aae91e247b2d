"""Spacing: named curves and the animator's chart."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbetween.core.errors import SettingsError
from inbetween.core.settings import Settings
from inbetween.core.timing import CURVES, chart, times

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
    with pytest.raises(SettingsError, match=rf"3 fractions.* {count} drawings") as caught:
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
