"""How far an in-between is to be doubted, told without knowing the true one: from the keys, and how they were moved.

Three things go before wrong frames. Parts of a key that change are left out of the in-between, or used twice; outlines
above all, where their key is shown; and there is more or less of a tone than both keys have. How much each counts was
fitted on true clips (`inbetween bench doubt`, docs/benchmarks.md). How different the moved keys look, how far apart
their lines lie, how fast or how unevenly things move: all of these told less, or took what is hidden for wrong.
"""

from math import exp, log
from typing import NamedTuple

import cv2
import numpy as np

from inbetween.models.curve import Ways
from inbetween.models.metrics import MOVING, Mask
from inbetween.models.warp import Plane, fetched_along, pixels

LONGEST_SIDE = 320
"""Frames are judged on copies no longer than this."""
NEAR = 5
"""Side of the square over which a pixel's uses are evened out: flows that grow or shrink a little leave holes."""
BEYOND = 4
"""Of a frame's longest side, this part is looked at on every side of it."""
SHOWN = 0.6
"""Of what time alone would give a key, the share from which it is shown."""
EDGE = 0.4
"""Slope above which an outline is seen: a step of a tenth, by Sobel's measure."""
TONES = 32


class Evidence(NamedTuple):
    """What speaks against an in-between; each 0 or more, 0 where all is well."""

    uneven: float
    """How far from once the pixels of a key that change are used, on average over the frame; of the worse key."""
    outlines: float
    """The same of its outlines, by those uses that are shown."""
    tones: float
    """How far pixels would have to be moved along the scale of tones until the frame has what the keys make expect."""


FLOORS = Evidence(uneven=0.003, outlines=0.0003, tones=0.01)
"""What is too little to tell frames apart; added before logarithms are taken."""
WEIGHTS = Evidence(uneven=0.89, outlines=1.14, tones=0.49)
"""Of those logarithms in the odds that a frame has to be drawn again."""
BIAS = 9.13
"""With these, doubt is the share of frames like it, half-way, with a line chamfer above 1e-4 (logistic regression)."""


def doubt(start: Plane, end: Plane, ways: Ways, t: float) -> float:
    """0 to 1; from `core.network.WORTH_A_LOOK` on an artist should look at it.

    `start` and `end` are the keys as they were looked at, grey, (h, w), in steps of 255; `ways` may be of another size.
    Next to a key little can go wrong, whatever speaks against it: a quarter of the way about as much as half-way.
    """
    found = zip(evidence(start, end, ways, t), FLOORS, WEIGHTS, strict=True)
    odds = BIAS + log(4 * t * (1 - t)) + sum(weight * log(value + floor) for value, floor, weight in found)
    return round(1 / (1 + exp(-odds)), 3)


def evidence(start: Plane, end: Plane, ways: Ways, t: float) -> Evidence:
    """What speaks against a frame, see `doubt`."""
    keys, flows, share = _small(start, end, ways)
    changing = np.abs(keys[0] - keys[1]) > MOVING
    weights = 1 - t, t
    shown = [
        np.asarray(own > SHOWN * weight, np.float32) for own, weight in zip((share, 1 - share), weights, strict=True)
    ]
    counts = [min(1.0, 2 * weight) for weight in weights]  # of what is far in time little is shown
    return Evidence(
        uneven=max(
            count * _unevenly(_uses(flow, np.ones_like(share)), changing)
            for flow, count in zip(flows, counts, strict=True)
        ),
        outlines=max(
            count * _unevenly(_uses(flow, seen), changing & _edges(key))
            for flow, seen, key, count in zip(flows, shown, keys, counts, strict=True)
        ),
        tones=_untoned(keys, flows, share, t),
    )


def _small(start: Plane, end: Plane, ways: Ways) -> tuple[list[Plane], list[Plane], Plane]:
    """Both keys from 0 to 1, the flows to them and the share of the first, no larger than `LONGEST_SIDE`."""
    height, width = start.shape
    shrink = min(1.0, LONGEST_SIDE / max(height, width))
    size = max(1, round(width * shrink)), max(1, round(height * shrink))

    def small(plane: Plane, mode: int, scale: float) -> Plane:
        return np.asarray(cv2.resize(plane, size, interpolation=mode) * np.float32(scale), np.float32)

    keys = [small(key, cv2.INTER_AREA, 1 / 255) for key in (start, end)]
    flows = [small(flow, cv2.INTER_NEAREST, size[0] / flow.shape[1]) for flow in ways[:2]]
    return keys, flows, small(ways[2], cv2.INTER_NEAREST, 1)


def _uses(flow: Plane, weight: Plane) -> Plane:
    """How often each pixel of a key is used, (h, w): the sum of `weight` over the pixels that fetch it.

    Frames go on a little beyond their edge, moving as they do there: what leaves the frame is not left out.
    """
    height, width = weight.shape
    beyond = max(height, width) // BEYOND
    wider, weights = (
        cv2.copyMakeBorder(plane, beyond, beyond, beyond, beyond, cv2.BORDER_REPLICATE) for plane in (flow, weight)
    )
    x, y = np.rint(pixels(wider.shape) + wider).astype(np.intp).reshape(-1, 2).T - beyond
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    uses = np.bincount((y * width + x)[inside], weights.ravel()[inside], minlength=weight.size)
    return np.asarray(cv2.blur(uses.reshape(weight.shape).astype(np.float32), (NEAR, NEAR)), np.float32)


def _unevenly(uses: Plane, counted: Mask) -> float:
    """How far from 1 uses are where it is `counted`, on average over the frame."""
    return float(np.abs(uses - 1)[counted].sum() / counted.size)


def _edges(grey: Plane) -> Mask:
    across, down = (cv2.Sobel(grey, cv2.CV_32F, *way) for way in ((1, 0), (0, 1)))
    return np.asarray(cv2.magnitude(across, down) > EDGE)


def _untoned(keys: list[Plane], flows: list[Plane], share: Plane, t: float) -> float:
    """See `Evidence.tones`: between the drawn frame and the keys, mixed by time, in steps of the scale by pixel."""
    first, second = (fetched_along(*pair) for pair in zip(keys, flows, strict=True))
    start, end, drawn = (_tones(each) for each in (*keys, second + share * (first - second)))
    return float(np.abs(np.cumsum(drawn - (1 - t) * start - t * end)).sum() / share.size)


def _tones(grey: Plane) -> Plane:
    """How many pixels have each tone."""
    found = np.bincount(np.clip(grey * TONES, 0, TONES - 1).astype(np.intp).ravel(), minlength=TONES)
    return np.asarray(found, np.float32)
