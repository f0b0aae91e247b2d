"""How well models in-between Moving MNIST: the thesis' figure, and its Figure 80, for any network."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from inbetween.core.inbetween import inbetween
from inbetween.core.network import Network
from inbetween.core.schedule import Drawing
from inbetween.models.training.triads_data import in_batches

Frames = NDArray[np.float32]

AT_ONCE = 200
SIDE, NAME, GAP = 96, 120, 4
"""Of the sheet, in pixels: a picture, the column of names, the lines between."""


def triad_mse(network: Network, answer: Frames) -> float:
    """Mean squared error over whole triads (N, 3, H, W) as the product draws them: start and end stay as they are."""
    total = 0.0
    for part in in_batches(len(answer), AT_ONCE):
        start, middle, end = (answer[part, place, ..., None] for place in range(3))
        drawn = network(start, end, np.full((len(start), 1, 1, 1), 0.5, np.float32))
        total += float(np.square(drawn - middle, dtype=np.float64).sum())
    return total / answer.size


def filled(network: Network, clip: Frames, knows_time: bool) -> Frames:
    """A clip (n, H, W, 1) drawn anew from its first and last frame by recursive triads."""
    last = len(clip) - 1
    wanted = [Drawing(frame, frame / last, (frame,)) for frame in range(1, last)]
    drawn = clip.copy()
    for drawing, picture in inbetween(clip[0], clip[-1], wanted, network, scheme="triads", knows_time=knows_time):
        drawn[drawing.frame] = picture
    return drawn


def inbetween_mse(drawn: Frames, truth: Frames) -> float:
    """Mean squared error of the drawn frames of clips (N, n, H, W, 1), first and last left out."""
    return float(np.square(drawn[:, 1:-1] - truth[:, 1:-1], dtype=np.float64).mean())


def sheet(rows: Mapping[str, Frames]) -> NDArray[np.uint8]:
    """A contact sheet (height, width) of clips (N, n, H, W, 1): clip by clip, a named line for each of `rows`."""
    lines = []
    for i in range(len(next(iter(rows.values())))):
        lines += [_line(name, clips[i, ..., 0]) for name, clips in rows.items()]
        lines.append(np.full((4 * GAP, lines[0].shape[1]), 255, np.uint8))
    return np.vstack(lines[:-1])


def _line(name: str, pictures: Frames) -> NDArray[np.uint8]:
    import cv2

    line = np.full((SIDE + GAP, NAME + len(pictures) * (SIDE + GAP)), 255, np.uint8)
    cv2.putText(line, name, (4, SIDE // 2 + 5), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 0, 1, cv2.LINE_AA)
    for k, picture in enumerate(np.clip(picture, 0, 1) * 255 for picture in pictures):
        left = NAME + k * (SIDE + GAP)
        line[:SIDE, left : left + SIDE] = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
    return line
