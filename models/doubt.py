"""How far an in-between is to be doubted, told without knowing the true one: from the keys, and how they were moved.

Of a frame (`doubt`), and of each of its pixels (`against`).

Three things go before wrong frames. Parts of a key that change are left out of the in-between, or used twice; outlines
above all, where their key is shown; and there is more or less of a tone than both keys have. How much each counts was
fitted on true clips (`inbetween bench doubt`, docs/benchmarks.md). How different the moved keys look, how far apart
their lines lie, how fast or how unevenly things move: all of these told less, or took what is hidden for wrong.

Of pixels it is the other way round. How different the moved keys look around a pixel tells most of how wrong it is, and
what its outlines are used for adds a little where both look alike (`inbetween bench vectors`).
"""

from math import exp, log
from typing import NamedTuple

import cv2
import numpy as np

from inbetween.models.curve import Ways
from inbetween.models.metrics import MOVING, Mask
from inbetween.models.optical import unlikeness
from inbetween.models.vectors import shown
from inbetween.models.warp import Plane, fetched_along, pixels

LONGEST_SIDE = 320
"""Frames are judged on copies no longer than this."""
NEAR = 5
"""Side of the square over which a pixel's uses are evened out: flows that grow or shrink a little leave holes."""
BEYOND = 4
"""Of a frame's longest side, this part is looked at on every side of it."""
EDGE = 0.4
"""Slope above which an outline is seen: a step of a tenth, by Sobel's measure."""
TONES = 32
OUTLINES = 0.2
"""What a misused outline counts in a pixel beside the whole scale of tones between the two keys."""


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
    keys, ways = _small(start, end, ways)
    to_start, to_end, share = ways
    changing = np.abs(keys[0] - keys[1]) > MOVING
    return Evidence(
        uneven=max(
            count * float(_unevenly(_uses(flow, np.ones_like(share)), changing).sum() / share.size)
            for flow, count in zip((to_start, to_end), _counts(t), strict=True)
        ),
        outlines=max(float(plane.sum() / share.size) for plane in _misused(keys, ways, t)),
        tones=_untoned(keys, [to_start, to_end], share, t),
    )


def against(start: Plane, end: Plane, ways: Ways, t: float) -> Plane:
    """What speaks against each pixel of an in-between, or of a key where `t` is 0 or 1: (h, w), 0 where nothing does.

    Shapes and values as `doubt` has them; h and w are the keys'. 1 is all of the scale from black to white.
    """
    height, width = start.shape
    keys, small = _small(start, end, ways)
    strayed = [fetched_along(plane, flow) for plane, flow in zip(_misused(keys, small, t), small[:2], strict=True)]
    outlines = cv2.blur(strayed[1] + small[2] * (strayed[0] - strayed[1]), (NEAR, NEAR))
    to_start, to_end, _ = _resized(ways, (width, height))
    unlike = unlikeness(fetched_along(start, to_start), fetched_along(end, to_end)) / np.float32(255)
    return np.asarray(unlike + np.float32(OUTLINES) * cv2.resize(outlines, (width, height)), np.float32)


def _counts(t: float) -> tuple[float, float]:
    """What either key counts: of what is far in time little is shown."""
    return min(1.0, 2 * (1 - t)), min(1.0, 2 * t)


def _misused(keys: list[Plane], ways: Ways, t: float) -> list[Plane]:
    """How far from once the outlines that change are used where their key is shown, (h, w) of either key."""
    changing = np.abs(keys[0] - keys[1]) > MOVING
    return [
        np.float32(count) * _unevenly(_uses(flow, seen.astype(np.float32)), changing & _edges(key))
        for flow, seen, key, count in zip(ways[:2], shown(ways[2], t), keys, _counts(t), strict=True)
    ]


def _small(start: Plane, end: Plane, ways: Ways) -> tuple[list[Plane], Ways]:
    """Both keys from 0 to 1, and the ways to them, no larger than `LONGEST_SIDE`."""
    height, width = start.shape
    shrink = min(1.0, LONGEST_SIDE / max(height, width))
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    keys = [
        np.asarray(cv2.resize(key, size, interpolation=cv2.INTER_AREA) * np.float32(1 / 255), np.float32)
        for key in (start, end)
    ]
    return keys, _resized(ways, size)


def _resized(ways: Ways, size: tuple[int, int]) -> Ways:
    """Ways for a picture of another size, its width and height: each pixel has those of the nearest one."""
    resized = (cv2.resize(part, size, interpolation=cv2.INTER_NEAREST) for part in ways)
    to_start, to_end, share = (np.asarray(part, np.float32) for part in resized)
    scale = np.float32(size[0] / ways[2].shape[1])
    return to_start * scale, to_end * scale, share


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


def _unevenly(uses: Plane, counted: Mask) -> Plane:
    """How far from 1 uses are where it is `counted`, (h, w), 0 elsewhere."""
    return np.where(counted, np.abs(uses - 1), np.float32(0)).astype(np.float32)


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
