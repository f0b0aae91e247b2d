"""Changes of light and of the ground: what changes its colour where it is, whatever moves meanwhile."""

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbetween.core.channels import RGBA
from inbetween.models import metrics, registry
from inbetween.models.motion.classical import evenly
from inbetween.models.motion.ground import changed, painted, shown
from inbetween.models.motion.light import levelled
from inbetween.models.optical import Motion

SIZE = 160
WHITE, BLUE, RED, SHADE = (1.0, 1.0, 1.0), (0.2, 0.4, 0.9), (0.9, 0.1, 0.1), (0.7, 0.7, 0.7)


def scene(ground: Any, *boxes: Any, size: int = SIZE) -> Any:
    """Boxes (colour, x, y, width, height) on a ground of one colour, None for nothing; opaque, with soft edges."""
    big = np.zeros((4 * size, 4 * size, 4), np.float32)
    if ground is not None:
        big[:] = (*ground, 1.0)
    for colour, x, y, width, height in boxes:
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (width / 2, height / 2) + (x, y)
        cv2.fillPoly(big, [np.round(corners * 4).astype(np.int32)], (*colour, 1.0))
    return cv2.resize(big, (size, size), interpolation=cv2.INTER_AREA)


def light(*channels: float) -> Any:
    return np.asarray(channels, np.float32)


def shaded(seed: int = 3, size: int = SIZE) -> Any:
    """A picture without an even spot."""
    coarse = np.random.default_rng(seed).random((10, 10, 4), np.float32)
    coarse[..., 3] = 1
    return np.clip(cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC), 0, 1)


def half_way(start: Any, end: Any, model: str = "motion") -> Any:
    network = registry.load(model, "cpu").network(RGBA, "display")
    return network(start[None], end[None], np.full((1, 1, 1, 1), 0.5, np.float32))[0]


gains = st.lists(st.floats(0.35, 1), min_size=3, max_size=3).filter(lambda gain: min(gain) < 0.9)


@given(gains, st.floats(0, 0.3), st.booleans())
@settings(max_examples=20, deadline=None)
def test_one_picture_in_two_lights_is_one_picture(gain: Any, veil: float, rises: bool) -> None:
    bright = shaded()
    dim = bright * light(*gain, 1) * (1 - veil) + light(veil, veil / 2, 0, veil)
    first, second = levelled(dim, bright) if rises else levelled(bright, dim)
    assert np.abs(first - second).max(-1).mean() < 0.01
    assert np.array_equal(second if rises else first, bright)


def test_what_moves_does_not_keep_the_light_from_being_found() -> None:
    start = scene(WHITE, (RED, 40, 60, 30, 30), (SHADE, 80, 130, 140, 30))
    moved = scene(WHITE, (RED, 100, 70, 30, 30), (SHADE, 80, 130, 140, 30))
    first, second = levelled(start, moved * light(0.5, 0.5, 0.5, 1))
    assert np.abs(first - start).max() < 0.01
    assert np.abs(second - moved).max() < 0.02


@pytest.mark.parametrize("half", [[], [(WHITE, 80, 120, 160, 80)]])
def test_grounds_alone_are_no_change_of_light(half: Any) -> None:
    """Two colours are explained by any gain and offset; what stands on them kept its own."""
    start = scene((0.65, 0.7, 0.95), *half, (RED, 40, 40, 40, 40), (SHADE, 80, 130, 140, 30))
    end = scene((0.4, 0.55, 0.92), *half, (RED, 60, 40, 40, 40), (SHADE, 80, 134, 140, 30))
    first, second = levelled(start, end)
    assert first is start
    assert second is end


@pytest.mark.parametrize(
    "end",
    [shaded(4), 0.1 * shaded(3), 1 - shaded(3), scene(WHITE), shaded(3)],
    ids=["another picture", "too faint", "negative", "nothing on it", "the same"],
)
def test_what_is_no_change_of_light_stays_as_it_is(end: Any) -> None:
    start, end = shaded(3), np.asarray(end, np.float32)
    assert [id(picture) for picture in levelled(start, end)] == [id(start), id(end)]


@pytest.mark.parametrize("opacity", [False, True])
def test_a_still_that_dims_or_fades_does_so_evenly(opacity: bool) -> None:
    start = shaded()
    end = start * light(0.5, 0.5, 0.5, 0.5 if opacity else 1)
    assert np.abs(half_way(start, end) - (start + end) / 2).max() < 0.025
    assert np.abs(half_way(start, end, "flow") - (start + end) / 2).max() > 0.05


def test_what_moves_while_the_light_changes_arrives_whole() -> None:
    dim = light(0.5, 0.5, 0.5, 1)
    start, truth, end = (scene(WHITE, (RED, x, 70, 30, 30), (SHADE, 80, 130, 140, 30)) for x in (40, 70, 100))
    end, truth = end * dim, truth * (1 + dim) / 2
    psnr = {model: metrics.compare(half_way(start, end, model), truth, start, end).psnr for model in ("motion", "flow")}
    assert psnr["motion"] > max(28, psnr["flow"] + 3)


def test_a_ground_of_another_colour_is_found_and_painted_edges_and_all() -> None:
    start, end = (scene(ground, (RED, x, 70, 30, 30)) for ground, x in ((WHITE, 40), (BLUE, 100)))
    grounds = changed(start, end)
    assert len(grounds) == 1
    assert np.abs(painted(start, end, grounds) - scene(WHITE, (RED, 100, 70, 30, 30))).max() < 0.06


def test_a_line_thinner_than_its_edges_keeps_its_colour_when_the_ground_is_painted() -> None:
    start, end = (scene(ground, (RED, 80, y, 120, 2)) for ground, y in ((WHITE, 50), (BLUE, 110)))
    picture = painted(start, end, changed(start, end))
    assert np.abs(picture - scene(WHITE, (RED, 80, 110, 120, 2))).max() < 0.06


def test_a_ground_that_stays_moves_or_is_another_one_is_left_alone() -> None:
    start = scene(WHITE, (BLUE, 30, 80, 60, 160))
    for end in (start, scene(WHITE, (BLUE, 110, 80, 60, 160)), scene(WHITE, (RED, 135, 80, 50, 160))):
        assert not changed(start, end)
    assert painted(start, start, []) is not start


def test_a_ground_is_mixed_where_one_key_hides_it_too() -> None:
    start, end = (scene(ground, (RED, x, 80, 40, 40)) for ground, x in ((WHITE, 40), (BLUE, 120)))
    still = np.zeros((SIZE, SIZE, 2), np.float32)
    share = np.ones((SIZE, SIZE), np.float32)
    share[:, : SIZE // 2] = 0  # either half from the key that shows the ground there
    to_start, to_end, mixed = shown(changed(start, end), (still, still, share), 0.25)
    seen = np.argwhere(np.ones((SIZE, SIZE), bool))
    for key, way, colour in ((start, to_start, WHITE), (end, to_end, BLUE)):
        rows, columns = (seen + way.reshape(-1, 2)[:, ::-1]).astype(int).T
        even = mixed.ravel() == 0.75
        assert even.mean() > 0.95
        assert np.abs(key[rows, columns, :3] - colour)[even].max() < 0.01
    assert not still.any()


def test_what_moves_over_a_ground_that_changes_arrives_whole() -> None:
    middle = tuple((a + b) / 2 for a, b in zip(WHITE, BLUE, strict=True))
    start, truth, end = (
        scene(ground, (RED, x, 60, 30, 30), (SHADE, 80, y, 60, 20))
        for ground, x, y in ((WHITE, 40, 120), (middle, 70, 125), (BLUE, 100, 130))
    )
    scores = {
        model: metrics.compare(half_way(start, end, model), truth, start, end)
        for model in ("motion", "flow", "dissolve")
    }
    assert scores["motion"].psnr > max(scores["flow"].psnr, scores["dissolve"].psnr) + 5
    assert scores["motion"].line_chamfer < 0.3 * scores["flow"].line_chamfer
    assert scores["motion"].smear < 1


def test_what_moves_in_another_light_is_lit_evenly() -> None:
    """A box that slides by a few pixels, where optical flow is sure of itself, while all goes dark."""
    start, truth, end = (scene(WHITE, (RED, x, 70, 60, 60), (SHADE, x, 130, 90, 30)) for x in (60, 66, 72))
    dim = light(0.6, 0.6, 0.6, 1)
    drawn, half = half_way(start, end * dim), truth * (1 + dim) / 2
    assert np.percentile(np.abs(drawn - half).max(-1), 97) < 0.02


def test_the_share_is_even_where_both_keys_show_the_same_and_else_left_alone() -> None:
    start, end = (np.full((48, 64), value, np.float32) for value in (100, 104))
    end[:, 40:] = 180
    still, blotchy = np.zeros((48, 64, 2), np.float32), np.random.default_rng(2).random((48, 64), np.float32)
    motion_ = Motion((start, end), (still, still), (still[..., 0], still[..., 0]))
    share = evenly(still, still, blotchy, motion_, 0.25)
    assert (share[:, :34] == 0.75).all()
    assert np.array_equal(share[:, 46:], blotchy[:, 46:])
