"""A sheet on which an artist compares: one in-between a line, the keys outside, truth and every model between them."""

from collections.abc import Iterator, Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from inbetween.core.network import Network
from inbetween.models.training.readers import Picture

Bytes = NDArray[np.uint8]

SIDE, LABEL, MARGIN = 176, 18, 4
PAPER, BACKDROP, INK = 41, 0.5, (217, 217, 217)


def line(start: Picture, truth: Picture, end: Picture, t: float, networks: Mapping[str, Network]) -> dict[str, Picture]:
    """The pictures of one line by their captions, left to right."""
    at = np.full((1, 1, 1, 1), t, np.float32)
    drawn = {name: network(start[None], end[None], at)[0] for name, network in networks.items()}
    return {"first key": start, "truth": truth, **drawn, "second key": end}


def sheet(lines: Sequence[Mapping[str, Picture]]) -> Bytes:
    """Lines of as many pictures each, one below the other, as one picture (H, W, 3)."""
    return np.concatenate([np.concatenate(list(_cells(pictures)), axis=1) for pictures in lines])


def _cells(pictures: Mapping[str, Picture]) -> Iterator[Bytes]:
    for caption, picture in pictures.items():
        height, width = picture.shape[:2]
        scale = SIDE / max(height, width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        shown = np.clip(picture[..., :3] + BACKDROP * (1 - picture[..., 3:]), 0, 1)
        small = cv2.resize(shown, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST)
        cell = np.full((SIDE + LABEL + 2 * MARGIN, SIDE + 2 * MARGIN, 3), PAPER, np.uint8)
        top, left = MARGIN + (SIDE - small.shape[0]) // 2, MARGIN + (SIDE - small.shape[1]) // 2
        cell[top : top + small.shape[0], left : left + small.shape[1]] = (small * 255 + 0.5).astype(np.uint8)
        place = (MARGIN, SIDE + MARGIN + LABEL - 3)
        yield np.asarray(cv2.putText(cell, caption, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, INK, 1, cv2.LINE_AA))
