"""Lines that are drawn on and off grow along themselves; what moves, or appears otherwise, is left alone."""

from time import process_time

import cv2
import numpy as np
import pytest

from inbetween.core.channels import RGBA
from inbetween.models import registry
from inbetween.models.motion.classical import grown, offer
from inbetween.models.motion.strokes import Stroke, drawn_on, strokes
from inbetween.models.warp import Plane
from inbetween.scenes import SCENES
from inbetween.stage import Stage

SIZE = 128
NOTHING = np.zeros((SIZE, SIZE), np.bool_)
RED, BLUE = (0.8, 0.1, 0.1, 1.0), (0.1, 0.2, 0.9, 1.0)
HOOK = [(20, 100), (20, 30), (90, 30), (90, 80)]


def line(share: float, colour: tuple[float, ...] = RED, points: list[tuple[int, int]] = HOOK) -> Plane:
    """A line 5 px wide with round ends, drawn from its beginning to `share` of its length; four times oversampled."""
    ends = np.array(points, np.float64)
    lengths = np.hypot(*np.diff(ends, axis=0).T)
    left = share * lengths.sum()
    cover = np.zeros((4 * SIZE, 4 * SIZE), np.uint8)
    for first, second, length in zip(ends, ends[1:], lengths, strict=False):
        last = first + (second - first) * min(1.0, left / length)
        a, b = ([round(4 * float(v)) for v in point] for point in (first, last))
        cv2.line(cover, a, b, 255, 20)
        left -= length
        if left <= 0:
            break
    alpha = cv2.resize(cover, (SIZE, SIZE), interpolation=cv2.INTER_AREA)[..., None] / np.float32(255)
    return np.asarray(alpha * np.array(colour, np.float32), np.float32)


def square(left: int, top: int, side: int) -> Plane:
    frame = np.zeros((SIZE, SIZE, 4), np.float32)
    frame[top : top + side, left : left + side] = BLUE
    return frame


def hair(left: int, right: int, row: int) -> Plane:
    frame = np.zeros((SIZE, SIZE, 4), np.float32)
    frame[row, left:right] = RED
    return frame


def shown(start: Plane, end: Plane, found: list[Stroke], t: float) -> Plane:
    """What is drawn where nothing moves and, but for strokes, everything dissolves."""
    still = np.zeros((SIZE, SIZE, 2), np.float32)
    _, _, share = drawn_on(found, still, still, np.full((SIZE, SIZE), 1 - t, np.float32), t)
    return share[..., None] * start + (1 - share[..., None]) * end


@pytest.mark.parametrize("t", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("forwards", [True, False])
def test_a_line_grows_along_itself_and_shrinks_the_same_way(t: float, forwards: bool) -> None:
    short, long = line(0.2), line(0.9)
    start, end = (short, long) if forwards else (long, short)
    truth = line(0.2 + 0.7 * (t if forwards else 1 - t))
    found = strokes(start, end, (NOTHING, NOTHING))
    assert [stroke.grows for stroke in found] == [forwards]
    drawn = shown(start, end, found, t)
    dissolved = (1 - t) * start + t * end
    assert np.abs(drawn - truth).mean() < 0.15 * np.abs(dissolved - truth).mean()


def test_at_the_keys_a_line_is_as_the_keys_have_it() -> None:
    start, end = line(0.3), line(1.0)
    found = strokes(start, end, (NOTHING, NOTHING))
    assert np.abs(shown(start, end, found, 0.0) - start).mean() < 1e-3
    assert np.abs(shown(start, end, found, 1.0) - end).mean() < 1e-3


def test_only_keys_are_shown_never_a_mix_of_them_but_at_the_tip() -> None:
    start, end = line(0.2), line(0.9)
    drawn = shown(start, end, strokes(start, end, (NOTHING, NOTHING)), 0.5)
    mixed = (np.abs(drawn - start).max(-1) > 0.05) & (np.abs(drawn - end).max(-1) > 0.05)
    assert mixed.sum() < 30


@pytest.mark.parametrize(
    ("start", "end"),
    [
        pytest.param(square(20, 20, 40), square(28, 20, 40), id="moves"),
        pytest.param(square(30, 30, 40), square(24, 24, 52), id="grows on all sides"),
        pytest.param(square(30, 30, 40), line(0.5) + square(80, 60, 30), id="becomes something else"),
        pytest.param(square(30, 30, 40) * 0, line(0.7), id="appears on nothing"),
        pytest.param(line(0.6), line(0.6, BLUE), id="changes its colour"),
        pytest.param(line(0.5), np.maximum(line(0.5), hair(44, 110, 30)), id="moves by a hair"),
        pytest.param(line(0.6), line(0.6), id="stays"),
    ],
)
def test_what_is_no_growing_line_is_left_alone(start: Plane, end: Plane) -> None:
    assert strokes(start, end, (NOTHING, NOTHING)) == []


def test_what_a_motion_explains_is_no_growth() -> None:
    everywhere = ~NOTHING
    assert strokes(line(0.2), line(0.9), (everywhere, everywhere)) == []


def test_the_model_draws_lines_on() -> None:
    pytest.importorskip("onnxruntime")
    motion = registry.load("motion", "cpu", "onnxruntime").network(RGBA, "display")
    start, end, truth = line(0.2), line(0.9), line(0.55)
    drawn = motion(start[None], end[None], np.full((1, 1, 1, 1), 0.5, np.float32))[0]
    assert np.abs(drawn - truth).mean() < 0.2 * np.abs((start + end) / 2 - truth).mean()


def test_a_long_line_takes_no_more_time_than_it_has_pixels() -> None:
    """A spiral of many turns fills its box, which is not looked at anew for every pixel of its way."""
    turn = np.linspace(6, 178, 20000)
    points = np.stack((480 + 2.6 * turn * np.cos(turn), 480 + 2.6 * turn * np.sin(turn)), -1)
    frames = []
    for share in (0.01, 1.0):
        frame = np.zeros((960, 960, 4), np.float32)
        way = np.round(points[: round(share * len(points))] * 16).astype(np.int32)
        cv2.polylines(frame, [way], False, RED, 6, cv2.LINE_8, 4)
        frames.append(frame)
    nothing = np.zeros((960, 960), np.bool_)
    began = process_time()
    (found,) = strokes(frames[0], frames[1], (nothing, nothing))
    assert process_time() - began < 5
    assert found.length > 30000


def test_a_sky_that_a_setting_sun_covers_is_no_line() -> None:
    """A narrow part of it at the border of the frame, where the camera takes the sun."""
    start, end = (SCENES["the camera zooms in on a street"](Stage(1), t) for t in (0.4375, 0.75))
    assert not grown(start, end, offer(start, end))
