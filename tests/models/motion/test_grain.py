"""Grain: pictures are looked at without it, and keep it."""

from typing import Any

import cv2
import numpy as np
import pytest

from inbetween.core.channels import RGBA
from inbetween.models import metrics, registry
from inbetween.models.motion.grain import noise, smoothed

ORANGE, SLATE = (0.9, 0.4, 0.1), (0.4, 0.45, 0.5)


def disc(x: float, y: float = 80, radius: float = 30, height: int = 160, width: int = 240) -> Any:
    """An orange disc on slate, opaque, its edge soft."""
    rows, columns = np.mgrid[0:height, 0:width]
    cover = np.clip(radius + 0.5 - np.hypot(columns - x, rows - y), 0, 1)[..., None]
    colour = cover * ORANGE + (1 - cover) * SLATE
    return np.dstack((colour, np.ones((height, width)))).astype(np.float32)


def grainy(picture: Any, strength: float, seed: int) -> Any:
    grain = np.random.default_rng(seed).normal(0, strength, picture.shape).astype(np.float32)
    grain[..., 3] = 0
    return np.clip(picture + grain, 0, 1)


@pytest.mark.parametrize("strength", [0.015, 0.04])
def test_grain_is_measured_and_goes_while_edges_stay(strength: float) -> None:
    clean = disc(100)
    picture = grainy(clean, strength, 1)
    assert noise(picture) == pytest.approx(strength, rel=0.3)
    off = np.abs(smoothed(picture) - clean).max(-1)
    assert off.mean() < 0.5 * np.abs(picture - clean).max(-1).mean()
    step = (np.abs(clean - np.roll(clean, 1, 1)).max(-1) > 0.1).astype(np.uint8)
    edge = np.asarray(cv2.dilate(step, np.ones((5, 5), np.uint8))) > 0
    assert off[edge].mean() < 2 * strength


def line_art() -> Any:
    picture = np.zeros((160, 240, 4), np.float32)
    for y in range(4, 160, 6):
        cv2.line(picture, (0, y), (240, y + 3), (1, 1, 1, 1), 2)
    return picture


def gradient() -> Any:
    picture = np.ones((160, 240, 4), np.float32)
    picture[..., :3] = np.linspace(0, 1, 240)[:, None]
    return picture


@pytest.mark.parametrize("clean", [disc(100), line_art(), gradient(), np.zeros((5, 3, 4), np.float32)])
def test_a_picture_without_grain_is_looked_at_as_it_is(clean: Any) -> None:
    assert smoothed(clean) is clean


def test_a_grainy_shape_arrives_whole_and_grainy() -> None:
    start, end = grainy(disc(50), 0.04, 1), grainy(disc(190), 0.04, 2)
    scores, drawn = {}, {}
    for model in ("motion", "flow", "dissolve"):
        network = registry.load(model, "cpu").network(RGBA, "display")
        drawn[model] = network(start[None], end[None], np.full((1, 1, 1, 1), 0.5, np.float32))[0]
        scores[model] = metrics.compare(drawn[model], disc(120), start, end).psnr
    assert scores["motion"] > max(scores["flow"], scores["dissolve"]) + 5
    assert noise(drawn["motion"]) > 0.015
