"""A change of light: the same change of colour and coverage all over a picture, as when a shot fades, dims or warms.

Nothing goes anywhere by it, but whoever looks for like colours finds them elsewhere. So before motion is looked for,
both keys are brought into one light. Each channel is taken to have been changed by one gain and one offset, which is
true of premultiplied pictures for a fade of all that there is, another exposure, and a veil over everything.

Pictures are float32 (H, W, 4), premultiplied, display-referred, 0 to 1.
"""

import numpy as np
from numpy.typing import NDArray

from inbetween.models.arrays import max_difference
from inbetween.models.motion.regions import COLOUR_CHANGE
from inbetween.models.warp import Plane

Values = NDArray[np.float64]
Light = tuple[Values, Values]
"""Gain and offset of each channel, (4,)."""

SAMPLES = 20_000
"""Pixels, about, by which a change of light is known."""
ITERATIONS = 12
"""How often it is fitted, each time heeding less what did not change that way."""
NOISE = 0.01
"""Difference of colour or coverage, of 1, that is as good as none."""
FAINTEST = 0.2
"""The least gain: what is left of a picture then tells too little of it."""
LEAST = 0.05
"""The least change of gain or offset, of 1."""
FEWEST_SHARE, EXPLAINED = 0.002, 0.2
"""Share of the frame, and of what changes, that a change of light must explain."""
ALL = 0.95
"""Share of the values, in order of size, that a gain must explain where nothing is in its place."""
SPOILT = 3.0
"""How much more what it spoils counts: pixels that were alike without it."""


def levelled(start: Plane, end: Plane) -> tuple[Plane, Plane]:
    """Two pictures in the light of the one of more contrast; as they are if no one change of light is between them."""
    step = max(1, int(np.sqrt(start.shape[0] * start.shape[1] / SAMPLES)))
    first, second = (picture[::step, ::step].reshape(-1, 4).astype(np.float64) for picture in (start, end))
    light = _by_place(first, second) or _by_values(first, second)
    if light is None:
        return start, end
    gain, offset = light
    if gain.mean() > 1:
        return _lit(start, gain, offset), end
    return start, _lit(end, 1 / gain, -offset / gain)


def _by_place(first: Values, second: Values) -> Light | None:
    """The change that most of what changes in its place, of some pixels (n, 4), takes part in.

    Not the grounds alone: those, it may be, changed their colours.
    """
    gain, offset = _fitted(first, second)
    if not _tells(gain, offset):
        return None
    before, after = (max_difference(found, second) < COLOUR_CHANGE for found in (first, first * gain + offset))
    explained = (after & ~before) - SPOILT * (before & ~after)
    enough = explained.mean() >= max(FEWEST_SHARE, EXPLAINED * (1 - before.mean()))
    return (gain, offset) if enough and explained[_telling(first)].sum() >= 0 else None


def _telling(pixels: Values) -> NDArray[np.bool_]:
    """Which of some pixels (n, 4) are of neither of the two colours that are commonest: a gain and an offset fit those
    whatever happens.
    """
    left = np.ones(len(pixels), np.bool_)
    for _ in range(2):
        if left.any():
            shades, counts = np.unique(np.rint(pixels[left] / COLOUR_CHANGE), axis=0, return_counts=True)
            left &= max_difference(pixels, shades[counts.argmax()] * COLOUR_CHANGE) > COLOUR_CHANGE
    return left


def _by_values(first: Values, second: Values) -> Light | None:
    """The gain that makes the values of some pixels (n, 4) those of others, wherever these have gone meanwhile."""
    gain = (second.sum(0) + NOISE) / (first.sum(0) + NOISE)
    if not _tells(gain, np.zeros(4)):
        return None
    values, others = np.sort(first, axis=0) * gain, np.sort(second, axis=0)
    known, alike = np.maximum(values, others) > NOISE, np.abs(values - others) < COLOUR_CHANGE
    return (gain, np.zeros(4)) if ((alike & known).sum(0) >= ALL * known.sum(0)).all() else None


def _tells(gain: Values, offset: Values) -> bool:
    """Whether a change is one, and leaves enough to see."""
    seen = gain.min() > FAINTEST and gain.max() < 1 / FAINTEST
    return bool(seen and max(np.abs(gain - 1).max(), np.abs(offset).max()) > LEAST)


def _fitted(first: Values, second: Values) -> Light:
    """Gain and offset of each channel, (4,), that lead most of some pixels (n, 4) to others, whatever the rest does."""
    weight = np.ones((len(first), 1))
    for round_ in range(ITERATIONS):
        weight = weight / weight.sum()
        middle, goal = (weight * first).sum(0), (weight * second).sum(0)
        spread = (weight * np.square(first - middle)).sum(0)
        gain = ((weight * (first - middle) * (second - goal)).sum(0) + NOISE**2) / (spread + NOISE**2)
        offset = goal - gain * middle
        off = max_difference(first * gain + offset, second)[:, None]
        weight = 1 / (off + NOISE) ** (1 + round_ / ITERATIONS)
    return gain, offset


def _lit(picture: Plane, gain: Values, offset: Values) -> Plane:
    """A picture in another light."""
    return np.clip(picture * gain.astype(np.float32) + offset.astype(np.float32), 0, 1)
