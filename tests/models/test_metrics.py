"""The figures that everything is judged by, held against hand values and the published formulas."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inbetween.models import metrics
from inbetween.models.metrics import Frame

FRAMES = arrays(np.float32, (12, 14, 4), elements=st.floats(0, 1, width=32))


def square(left: int, *, size: int = 64, colour: tuple[float, ...] = (0.9, 0.2, 0.1, 1.0)) -> Frame:
    """A 16 px square on nothing, its left edge at `left`."""
    frame = np.zeros((size, size, 4), np.float32)
    frame[24:40, left : left + 16] = colour
    return frame


def dissolve(start: Frame, end: Frame) -> Frame:
    return (start + end) * np.float32(0.5)


def strokes(column: int) -> Frame:
    """A white sheet with one dark upright stroke, 2 px wide."""
    sheet = np.ones((64, 64, 4), np.float32)
    sheet[:, column : column + 2, :3] = 0
    return sheet


@given(FRAMES, FRAMES, FRAMES)
@settings(max_examples=25, deadline=None)
def test_the_truth_scores_perfectly_whatever_the_keys_are(truth: Frame, start: Frame, end: Frame) -> None:
    scores = metrics.compare(truth, truth, start, end)
    assert scores.psnr == metrics.CEILING
    assert math.isnan(scores.psnr_moving) or scores.psnr_moving == metrics.CEILING
    assert scores.ssim == pytest.approx(1, abs=1e-5)
    assert (scores.line_chamfer, scores.smear, scores.alpha_error) == (0, 0, 0)


@given(FRAMES, FRAMES, FRAMES)
@settings(max_examples=25, deadline=None)
def test_every_figure_stays_in_its_range(guess: Frame, truth: Frame, key: Frame) -> None:
    scores = metrics.compare(guess, truth, key, truth)
    assert scores.psnr >= 0
    assert -1 <= scores.ssim <= 1 + 1e-6
    assert 0 <= scores.line_chamfer <= 1
    assert 0 <= scores.smear <= 100
    assert 0 <= scores.alpha_error <= 100


def test_flat_frames_are_as_alike_as_their_greys() -> None:
    greys = np.linspace(0, 1, 101, dtype=np.float32)
    for one, other in zip(greys, np.roll(greys, 1), strict=True):
        x, y = float(one), float(other)
        index = metrics.ssim(np.full((12, 14, 3), one), np.full((12, 14, 3), other))
        assert index == pytest.approx((2 * x * y + 0.01**2) / (x * x + y * y + 0.01**2), abs=1e-9)


def test_psnr_by_hand() -> None:
    truth = np.zeros((8, 8, 3), np.float32)
    assert metrics.psnr(truth + np.float32(0.1), truth) == pytest.approx(20, abs=1e-4)


def test_psnr_on_moving_pixels_leaves_the_still_background_out() -> None:
    start, end, truth = square(4), square(36), square(20)
    guess = dissolve(start, end)
    over, true = metrics.over_grey(guess), metrics.over_grey(truth)
    moving = metrics.moving(truth, start, end)
    assert moving.sum() == 16 * 48
    error = float(np.square(over - true).sum()) / (16 * 48 * 3)
    assert metrics.compare(guess, truth, start, end).psnr_moving == pytest.approx(-10 * math.log10(error), abs=1e-3)


def test_where_nothing_moves_the_moving_figure_is_no_number_and_is_left_out_of_the_mean() -> None:
    still = metrics.compare(square(4), square(4), square(4), square(4))
    assert math.isnan(still.psnr_moving)
    moved = metrics.compare(square(6), square(8), square(4), square(12))
    assert metrics.mean([still, moved]).psnr_moving == moved.psnr_moving
    assert metrics.mean([still, moved]).psnr == pytest.approx((still.psnr + moved.psnr) / 2)


def test_the_mean_of_no_frames_is_no_number() -> None:
    assert math.isnan(metrics.mean([]).psnr)


def test_equal_pictures_of_different_coverage_differ_over_the_card() -> None:
    lit, clear = np.zeros((16, 16, 4), np.float32), np.zeros((16, 16, 4), np.float32)
    lit[..., 3] = 1
    assert metrics.over_grey(clear) == pytest.approx(0.5)
    assert metrics.over_grey(lit) == pytest.approx(0)


def published_ssim(x: np.ndarray, y: np.ndarray) -> float:
    """Wang et al. 2004, equations 13 to 17, window by window."""
    axis = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    window = np.outer(axis, axis)
    window /= window.sum()
    values = []
    for top in range(x.shape[0] - 10):
        for left in range(x.shape[1] - 10):
            a, b = x[top : top + 11, left : left + 11], y[top : top + 11, left : left + 11]
            mean_a, mean_b = (window * a).sum(), (window * b).sum()
            vary_a, vary_b = (window * (a - mean_a) ** 2).sum(), (window * (b - mean_b) ** 2).sum()
            vary = (window * (a - mean_a) * (b - mean_b)).sum()
            light = (2 * mean_a * mean_b + 0.01**2) / (mean_a**2 + mean_b**2 + 0.01**2)
            values.append(light * (2 * vary + 0.03**2) / (vary_a + vary_b + 0.03**2))
    return float(np.mean(values))


def test_ssim_is_the_published_one() -> None:
    rng = np.random.default_rng(4)
    truth = rng.random((15, 18, 3), np.float32)
    guess = np.clip(truth + rng.normal(0, 0.1, truth.shape), 0, 1).astype(np.float32)
    published = np.mean([published_ssim(guess[..., c].astype(float), truth[..., c].astype(float)) for c in range(3)])
    assert metrics.ssim(guess, truth) == pytest.approx(published, abs=1e-5)


def test_line_chamfer_grows_with_the_distance_of_the_stroke() -> None:
    near, far = (metrics.line_chamfer(*map(metrics.over_grey, (strokes(at), strokes(20)))) for at in (22, 30))
    assert 0 < near < far


def test_line_chamfer_by_hand() -> None:
    """Both frames have one stroke, ten pixels apart: each stroke pixel is 10 px from the other stroke's same column."""
    guess, truth = metrics.over_grey(strokes(20)), metrics.over_grey(strokes(30))
    columns = np.flatnonzero(metrics.lines(truth)[32])
    others = np.flatnonzero(metrics.lines(guess)[32])
    reach = [abs(others - column).min() for column in columns]
    back = [abs(columns - column).min() for column in others]
    by_hand = (sum(reach) + sum(back)) / 2 / 64 / math.hypot(64, 64)
    assert metrics.line_chamfer(guess, truth) == pytest.approx(by_hand, rel=1e-4)


def test_a_frame_that_lost_its_lines_is_a_whole_diagonal_away() -> None:
    drawn, empty = metrics.over_grey(strokes(20)), np.ones((64, 64, 3), np.float32)
    share = metrics.lines(drawn).mean()
    assert metrics.line_chamfer(empty, drawn) == pytest.approx(share / 2)
    assert metrics.line_chamfer(empty, empty) == 0


def test_a_dissolve_smears_exactly_where_the_keys_show_through() -> None:
    start, end, truth = square(0), square(40), square(20)
    percent = metrics.smear(dissolve(start, end), truth, start, end)
    assert percent == pytest.approx(100 * (2 * 16 * 16) / 64**2)


def test_a_clean_drawing_in_the_wrong_place_does_not_smear() -> None:
    start, end, truth = square(0), square(40), square(20)
    assert metrics.smear(square(12), truth, start, end) == 0


def test_a_soft_edge_half_a_pixel_off_does_not_smear() -> None:
    start, end, truth = square(0), square(40), square(20)
    assert metrics.smear(dissolve(square(20), square(21)), truth, start, end) == 0


def test_a_real_fade_is_no_smear() -> None:
    start, end = square(20), square(20, colour=(0.0, 0.0, 0.0, 0.0))
    assert metrics.smear(dissolve(start, end), dissolve(start, end), start, end) == 0


def test_alpha_error_by_hand() -> None:
    truth, guess = square(20), square(20)
    guess[..., 3] *= 0.5
    assert metrics.alpha_error(guess, truth) == pytest.approx(50 * 256 / 64**2)
