"""Spacing: where between two keys each in-between stands.

A named curve gives the spacing of any gap; a chart (an animator's list of fractions) gives that of one gap. Animators
write one on each key, so either may be given for the gap alone that begins at a key: `ease-in-out 9:0.2,0.5,0.8`.
"""

import re
from collections.abc import Callable
from itertools import pairwise

from inbetween.core.counted import counted
from inbetween.core.errors import SettingsError

CURVES: dict[str, Callable[[float], float]] = {
    "linear": lambda p: p,
    "ease-in": lambda p: p * p,
    "ease-out": lambda p: 1 - (1 - p) * (1 - p),
    "ease-in-out": lambda p: 2 * p * p if p < 0.5 else 1 - 2 * (1 - p) * (1 - p),
}
"""From the share of the gap's frames that has passed to t. Constant acceleration, as Blender's "quadratic" has it:
`ease-in` starts slowly, `ease-out` arrives slowly (the sense of Blender and CSS; some animators say it the other way
round). With three in-betweens `ease-in-out` is the animator's halving chart 1/8, 1/2, 7/8."""

KEY = re.compile(r"(?<!\S)(-?[0-9]+):")
"""What the timing of one gap begins with: the number of the key that the gap begins at."""


def by_key(timing: str) -> tuple[str, dict[int, str]]:
    """The timing of every gap that is not named, and, by the number of the key that it begins at, of each that is.

    What stands first, without a number, is for those that are not named; where nothing does, they are linear. Raises
    `SettingsError` as `chart` does, and for a key that is named twice.
    """
    rest, *parts = KEY.split(timing)
    if not parts:
        chart(timing)
        return timing, {}
    rest = rest.strip() or "linear"
    chart(rest)
    named: dict[int, str] = {}
    for key, own in zip(map(int, parts[::2]), map(str.strip, parts[1::2]), strict=True):
        if key in named:
            raise SettingsError(f"timing names key {key} twice; give one timing for the gap that begins there")
        try:
            chart(own)
        except SettingsError as error:
            raise SettingsError(f"at key {key}: {error}") from error
        named[key] = own
    return rest, named


def of_gap(timing: str, key: int) -> str:
    """The timing of the gap that begins at a key: the name of a curve, or a chart."""
    rest, named = by_key(timing)
    return named.get(key, rest)


def chart(timing: str) -> tuple[float, ...] | None:
    """The fractions of an animator's chart such as "0.1, 0.4, 0.8"; None for the name of a curve.

    Raises `SettingsError` for what is neither, and for fractions that do not rise or lie outside 0..1.
    """
    if timing in CURVES:
        return None
    try:
        fractions = tuple(float(part) for part in timing.split(","))
    except ValueError as error:
        raise SettingsError(
            f"timing is {timing!r}; give {', '.join(CURVES)}, or a chart of fractions such as 0.1,0.4,0.8, or one of "
            "these for each key, a space between: 1:ease-in 9:0.1,0.4,0.8"
        ) from error
    rising = all(before < after for before, after in pairwise(fractions))
    if not (rising and fractions[0] >= 0 and fractions[-1] <= 1):
        raise SettingsError(f"timing chart {timing!r} must rise from left to right and stay between 0 and 1")
    return fractions


def times(timing: str, shares: tuple[float, ...]) -> tuple[float, ...]:
    """t for each in-between of one gap; `shares` say how much of the gap's frames has passed at each, rising in 0..1.

    A chart takes the place of the shares and must have one fraction for each in-between, else `SettingsError`.
    """
    fractions = chart(timing)
    if fractions is None:
        return tuple(CURVES[timing](share) for share in shares)
    if len(fractions) != len(shares):
        raise SettingsError(
            f"timing chart {timing!r} has {counted(len(fractions), 'fraction')}, but the gap takes "
            f"{counted(len(shares), 'drawing')}; "
            "give one fraction for each, the name of a curve, or a timing for each key: 1:ease-in 9:0.1,0.4,0.8"
        )
    return fractions
