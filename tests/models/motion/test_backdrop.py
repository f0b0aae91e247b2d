"""What stands behind all that moves: at rest, or taken along by the camera, on its curve as well."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from inbetween.core.channels import RGBA
from inbetween.core.network import Beyond, PathNetwork
from inbetween.models import metrics, registry
from inbetween.models.curve import Bend, Side
from inbetween.models.motion.backdrop import DETAILED, EVEN, OTHER, Backdrop
from inbetween.stage import Stage

pytest.importorskip("onnxruntime")

SIZE = 96, 160
PAN = np.array([(1.0, 0, 12), (0, 1, -4)])
ZOOM = np.array([(1.2, 0, -16), (0, 1.2, -10)])


def picture(seed: int = 3) -> Any:
    """Something to see everywhere, (H, W, 4), four times as large as a frame."""
    noise = np.random.default_rng(seed).random((2 * SIZE[0], 2 * SIZE[1], 4)).astype(np.float32)
    soft = np.asarray(cv2.GaussianBlur(noise, (0, 0), 4), np.float32)
    return (soft - soft.min()) / np.ptp(soft)


def seen(way: Any) -> Any:
    """What a camera that has gone by an affine map shows of the middle of the picture."""
    middle = way @ np.array([(1, 0, -SIZE[1] / 2), (0, 1, -SIZE[0] / 2), (0, 0, 1)])
    return np.asarray(cv2.warpAffine(picture(), middle, SIZE[::-1], flags=cv2.INTER_CUBIC), np.float32)


def times(t: float) -> Any:
    return np.full((1, 1, 1, 1), t, np.float32)


@pytest.mark.parametrize(
    ("scene", "least"),
    [("camera pans 60 pixels", 55), ("a ball, and the camera pans", 45), ("legs walk, and the camera pans", 36)],
)
def test_before_a_camera_that_pans_nothing_is_torn_or_left_behind(
    scene: str, least: float, whole: Callable[[str, float], None]
) -> None:
    whole(scene, least)


def test_a_camera_that_speeds_up_from_key_to_key_does_so_between_them() -> None:
    """A zoom, whose pace differs everywhere in the frame; a pair alone would have it even."""
    stage = Stage(1)

    def at(u: float) -> Any:
        return stage.camera(zoom=1.3 * 1.12 ** (u + 0.3 * u * u))

    keys = [at(u) for u in (-1, 0, 1, 2)]
    straight = registry.load("motion", "cpu").network(RGBA, "display")
    assert isinstance(straight, PathNetwork)
    led = straight.through(Beyond(keys[0], 1.0), Beyond(keys[3], 1.0), even=False)
    drawn = [np.asarray(network(keys[1][None], keys[2][None], times(0.5)))[0] for network in (straight, led)]
    scores = [metrics.psnr(each, at(0.5)) for each in drawn]
    assert scores[1] > scores[0] + 10


def test_a_backdrop_at_rest_is_the_same_in_its_place() -> None:
    start = seen(np.eye(2, 3))
    end = start.copy()
    start[20:40, 20:60] = end[20:40, 20:60] = 0.5
    end[60:80, 100:120] = 1
    scene = Backdrop.of(start, end, None).at(0.3, None)
    assert not np.any(scene.flows)
    assert np.all(scene.unchanged[62:78, 102:118] == OTHER)
    assert np.all(scene.unchanged[22:38, 22:58] == EVEN)
    assert np.all(scene.unchanged[:18] == DETAILED)


@pytest.mark.parametrize("way", [PAN, ZOOM], ids=["pan", "zoom"])
@pytest.mark.parametrize("t", [0.0, 0.25, 1.0])
def test_a_backdrop_that_the_camera_moves_is_the_same_where_that_takes_it(way: Any, t: float) -> None:
    start, end = seen(np.eye(2, 3)), seen(way)
    start[40:60, 70:90] = 1
    scene = Backdrop.of(start, end, way).at(t, None)
    rows, columns = np.indices(SIZE).astype(np.float32)
    here = np.stack((columns, rows), -1)
    first, second = (here + flow for flow in scene.flows)
    assert np.allclose(cv2.transform(first, way.astype(np.float32)), second, atol=1e-3)
    size = np.array(SIZE[::-1])
    inside = np.all([(at > 2).all(-1) & (at < size - 3).all(-1) for at in (first, second)], 0)
    beyond = np.any([(at < -1).any(-1) | (at > size).any(-1) for at in (first, second)], 0)
    figure = np.all((first > (66, 36)) & (first < (93, 63)), -1)
    assert np.all(scene.unchanged[beyond] == OTHER)
    assert np.mean(scene.unchanged[inside & ~figure] == DETAILED) > 0.99
    assert np.mean(scene.unchanged[figure] == OTHER) > 0.6
    assert scene.shown(scene.flows).all()
    assert not scene.shown([flow + 1 for flow in scene.flows]).any()


def test_the_camera_takes_the_curve_on_which_most_places_agree() -> None:
    """It pans by 12 px between the keys, 4 px in the gap before and 20 px in the one after: at half time it lags."""
    before, after = np.full((*SIZE, 2), (4, 0), np.float32), np.full((*SIZE, 2), (20, 0), np.float32)
    before[:40, :60], after[:40, :60] = 30, -50  # of something else
    backdrop = Backdrop.of(seen(np.eye(2, 3)), seen(PAN), np.array([(1.0, 0, 12), (0, 1, 0)]))
    bend = Bend(Side(before, 1.0), Side(after, 1.0), even=False)
    scene = backdrop.at(0.5, bend)
    lag = ((12 + 4) / 2 - (12 + 20) / 2) / 8  # Hermite's cubic at half time: an eighth of what the speeds differ by
    assert np.allclose(scene.flows[0][..., 0], -(6 + lag), atol=0.05)
    assert np.allclose(scene.flows[1][..., 0], 6 - lag, atol=0.05)


def test_a_flow_is_the_camera_s_where_it_shows_the_backdrop_and_stays_where_it_does_not() -> None:
    start, end = seen(np.eye(2, 3)), seen(PAN)
    start[40:60, 70:90] = 1
    astray = np.full((*SIZE, 2), 99, np.float32)
    led = Backdrop.of(start, end, PAN).led(astray, 0)
    assert np.all(led[42:58, 72:88] == 99)
    assert np.allclose(led[8:30, :140], (12, -4), atol=1e-3)
    back = Backdrop.of(start, end, PAN).led(astray, 1)
    assert np.allclose(back[70:90, 20:], (-12, 4), atol=1e-3)
    assert np.all(Backdrop.of(start, end, None).led(astray, 0) == 99)
