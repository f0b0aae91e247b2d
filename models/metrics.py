"""How far a drawn frame is from the true one: the figures that training, fine-tuning and the bench report.

Every function takes frames as float32 (H, W, 4), premultiplied RGBA, display-referred, 0 to 1. `guess` is the drawn
frame, `truth` the real one, `start` and `end` the keys it was drawn from. Colour is compared over a mid-grey card,
so that what is transparent in both counts for nothing and a wrong coverage counts once.
"""

import math
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from inbetween.models.arrays import channel_max, max_difference

Frame = NDArray[np.float32]
Mask = NDArray[np.bool_]

CEILING = 100.0
"""dB given to frames that are equal, where PSNR has no number; 8-bit files cannot tell frames above 60 dB apart."""

MOVING = 5 / 255
"""A pixel moves when a channel changes by more than this between the two keys or the truth."""

MIX = 0.05
"""Tolerance of `smear`, in pixel values."""


@dataclass(frozen=True)
class Scores:
    """The figures of one frame, or their mean over many. NaN where a figure has no meaning (nothing moves)."""

    psnr: float
    """dB over the whole frame; higher is better."""
    psnr_moving: float
    """dB over the pixels that move; higher is better."""
    ssim: float
    """0 to 1; higher is better."""
    line_chamfer: float
    """Mean distance between the lines of both frames, in image diagonals; lower is better."""
    smear: float
    """Per cent of the pixels that show both keys through each other; lower is better."""
    alpha_error: float
    """Mean absolute error of the coverage in per cent; lower is better."""


def compare(guess: Frame, truth: Frame, start: Frame, end: Frame) -> Scores:
    """All figures of one in-between."""
    mine, true = over_grey(guess), over_grey(truth)
    return Scores(
        psnr=psnr(mine, true),
        psnr_moving=psnr(mine, true, where=moving(truth, start, end)),
        ssim=ssim(mine, true),
        line_chamfer=line_chamfer(mine, true),
        smear=smear(guess, truth, start, end),
        alpha_error=alpha_error(guess, truth),
    )


def mean(scores: Iterable[Scores]) -> Scores:
    """The mean of each figure over frames, NaN left out; all NaN for no frames at all."""
    table = np.array([astuple(one) for one in scores], np.float64).reshape(-1, len(fields(Scores)))
    counted = ~np.isnan(table)
    with np.errstate(invalid="ignore"):
        means = np.where(counted, table, 0).sum(0) / counted.sum(0)
    return Scores(*map(float, means))


def over_grey(frame: Frame) -> Frame:
    """The frame on a mid-grey card: float32 (H, W, 3), clipped to 0 and 1 as a screen would."""
    return np.clip(frame[..., :3] + 0.5 * (1 - frame[..., 3:]), 0, 1)


def moving(truth: Frame, start: Frame, end: Frame) -> Mask:
    """(..., H, W), true where the three frames (..., H, W, 4) are not all alike."""
    high = np.maximum(np.maximum(start, end), truth)
    low = np.minimum(np.minimum(start, end), truth)
    return channel_max(high - low) > MOVING


def psnr(guess: Frame, truth: Frame, where: Mask | None = None) -> float:
    """dB of equally shaped frames, peak 1, over the pixels in `where`; NaN when there are none."""
    wrong = np.square(guess - truth, dtype=np.float32)
    if where is not None:
        wrong = wrong[where]
    if not wrong.size:
        return math.nan
    error = float(wrong.mean(dtype=np.float64))
    return min(CEILING, -10 * math.log10(error)) if error else CEILING


def ssim(guess: Frame, truth: Frame) -> float:
    """Structural similarity (Wang et al. 2004): 11 x 11 Gaussian of 1.5 px, K1 .01, K2 .03, mean over channels.

    As in the paper the border of 5 px, where the window leaves the frame, is not counted; a frame too small to have
    an inside is counted whole.
    """

    def blur(image: NDArray[np.float64]) -> NDArray[np.float64]:
        return cv2.GaussianBlur(image, (11, 11), 1.5).astype(np.float64, copy=False)

    c1, c2 = 0.01**2, 0.03**2
    one, other = guess.astype(np.float64), truth.astype(np.float64)  # a variance is a small difference of large sums
    x, y = blur(one), blur(other)
    xx, yy, xy = blur(one * one) - x * x, blur(other * other) - y * y, blur(one * other) - x * y
    index = (2 * x * y + c1) * (2 * xy + c2) / ((x * x + y * y + c1) * (xx + yy + c2))
    if min(index.shape[:2]) > 10:
        index = index[5:-5, 5:-5]
    return float(index.mean())


def lines(frame: Frame) -> Mask:
    """(H, W), true on dark lines: a difference of Gaussians of 1.6 and 1.0 px on the grey picture.

    The line mask of EISAI (Chen and Zwicker 2022), with which AnimeInbet and SAIN measure as well.
    """
    grey = frame @ np.array([0.299, 0.587, 0.114], np.float32)
    surround, centre = cv2.GaussianBlur(grey, (0, 0), 1.6), cv2.GaussianBlur(grey, (0, 0), 1.0)
    return np.asarray(2 * (surround - centre) > 0.01)


def line_chamfer(guess: Frame, truth: Frame) -> float:
    """Line chamfer distance (EISAI): how far lines are from the other frame's nearest line, both ways.

    The mean over the whole frame of (distance where there is a line, else 0), averaged over both directions, in
    image diagonals. A frame without any line is a whole diagonal away from every line.
    """
    diagonal = math.hypot(*truth.shape[:2])
    mine, true = lines(guess), lines(truth)
    there = np.where(true, distance(mine, diagonal), 0).mean(dtype=np.float64)
    back = np.where(mine, distance(true, diagonal), 0).mean(dtype=np.float64)
    return float(there + back) / 2 / diagonal


def distance(mask: Mask, nowhere: float) -> Frame:
    """(H, W): Euclidean distance in px to the nearest true pixel; `nowhere` where there is none at all."""
    if not mask.any():
        return np.full(mask.shape, nowhere, np.float32)
    return np.asarray(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE))


def smear(guess: Frame, truth: Frame, start: Frame, end: Frame) -> float:
    """Per cent of the frame's pixels that are see-through mixes of both keys, as a cross-dissolve leaves them.

    With a, b and o the pixel in `start`, `end` and `guess`, all four channels, and |.| the largest channel: the
    pixel is smeared when o lies on the way from a to b (|o - (a + s (b - a))| <= MIX for the nearest s), is neither
    of them (|o - a| > MIX and |o - b| > MIX), and the truth shows nothing like it within one pixel (o leaves the
    range of the truth's 3 x 3 neighbourhood by more than MIX in a channel). So a soft edge that is half a pixel off
    is no smear, nor is a fade that is really there. 0 for the truth; 100 at most.
    """
    a, b, o = start, end, guess
    way = b - a
    s = np.clip(((o - a) * way).sum(-1) / np.maximum(np.square(way).sum(-1), 1e-12), 0, 1)[..., None]
    between = max_difference(o, a + s * way) <= MIX
    neither = np.minimum(max_difference(o, a), max_difference(o, b)) > MIX
    box = np.ones((3, 3), np.uint8)
    low, high = cv2.erode(truth, box), cv2.dilate(truth, box)
    foreign = channel_max(np.maximum(low - o, o - high)) > MIX
    return float(100 * np.mean(between & neither & foreign))


def alpha_error(guess: Frame, truth: Frame) -> float:
    """Mean absolute difference of the coverage, in per cent."""
    return float(100 * np.abs(guess[..., 3] - truth[..., 3]).mean(dtype=np.float64))
