"""A camera that moves: found in the flow of the whole, and nowhere else."""

from typing import Any

import cv2
import numpy as np
import pytest

from inbetween.core.channels import RGBA
from inbetween.models.motion.camera import camera, outside, panned
from inbetween.models.optical import Motion, grey_copy
from inbetween.scenes import SCENES
from inbetween.stage import Stage

SIZE = 96, 160


def texture(seed: int = 3) -> Any:
    """A grey picture with something to see everywhere, 0 to 255, twice as large as the frame both ways."""
    noise = np.random.default_rng(seed).random((2 * SIZE[0], 2 * SIZE[1])).astype(np.float32)
    soft = np.asarray(cv2.GaussianBlur(noise, (0, 0), 3), np.float32)
    return 255 * (soft - soft.min()) / np.ptp(soft)


def seen(picture: Any, way: Any = ((1, 0, 0), (0, 1, 0))) -> Any:
    """The middle of a picture in the frame, gone along an affine map (2, 3) of the frame."""
    centred = np.asarray(way, np.float64) @ np.array([(1, 0, -SIZE[1] / 2), (0, 1, -SIZE[0] / 2), (0, 0, 1)])
    return np.asarray(cv2.warpAffine(picture, centred, SIZE[::-1], flags=cv2.INTER_CUBIC), np.float32)


def moved(way: Any, spoilt: float = 0.0, end: Any = None) -> Motion:
    """Two pictures and the flows of an affine map (2, 3), of which a share leads anywhere and does not come back."""
    random = np.random.default_rng(1)
    rows, columns = np.indices(SIZE).astype(np.float32)
    here = np.stack((columns, rows), -1)
    there = cv2.transform(here, np.asarray(way, np.float32)) - here
    back = cv2.transform(here, cv2.invertAffineTransform(np.asarray(way, np.float32))) - here
    lost = random.random((SIZE[0] // 8, SIZE[1] // 8)).repeat(8, 0).repeat(8, 1) < spoilt
    there = np.where(lost[..., None], random.normal(0, 20, there.shape), there).astype(np.float32)
    loop_errors = np.where(lost, 9, 0).astype(np.float32)
    greys = seen(texture()), seen(texture(), way) if end is None else end
    return Motion(greys, (there, np.asarray(back, np.float32)), (loop_errors, loop_errors))


PAN = [(1, 0, 12), (0, 1, -5)]
ZOOM = [(1.2, 0, -16), (0, 1.2, -10)]
ROLL = cv2.getRotationMatrix2D((80, 48), 8, 1)


@pytest.mark.parametrize("spoilt", [0.3, 0.6])
@pytest.mark.parametrize("way", [PAN, ZOOM, ROLL], ids=["pan", "zoom", "roll"])
def test_a_camera_is_found_although_flow_is_lost_in_many_places(way: Any, spoilt: float) -> None:
    found = camera(moved(way, spoilt))
    assert found is not None
    assert np.allclose(found, way, atol=0.05)


def test_a_camera_is_found_behind_a_figure_that_stays_in_the_frame() -> None:
    motion = moved(PAN)
    for grey, flow in zip(motion.greys, motion.flows, strict=True):
        grey[20:80, 60:90] = 200
        flow[20:80, 60:90] = 0
    found = camera(motion)
    assert found is not None
    assert np.allclose(found, PAN, atol=0.05)


def street(scene: str, t: float) -> Any:
    """A generated scene in grey, 0 to 255."""
    return grey_copy(SCENES[scene](Stage(1), t), RGBA, "display").astype(np.float32)


def lost(start: Any, end: Any) -> Motion:
    """Two pictures between which optical flow has found nothing."""
    nowhere, far = np.zeros((*start.shape, 2), np.float32), np.full(start.shape, 9, np.float32)
    return Motion((start, end), (nowhere, nowhere), (far, far))


@pytest.mark.parametrize(
    ("scene", "way"),
    [
        ("the camera pans along a street", ((1, 0, -120), (0, 1, 0))),
        ("the camera zooms in on a street", ((1.6, 0, -0.6 * 240), (0, 1.6, -0.6 * 135))),
    ],
)
def test_a_camera_before_flat_shapes_is_found_by_their_corners(scene: str, way: Any) -> None:
    found = camera(lost(street(scene, 0.0), street(scene, 1.0)))
    assert found is not None
    places = np.array([(150, 80, 1), (330, 80, 1), (150, 190, 1), (330, 190, 1)])
    assert np.abs(places @ found.T - places @ np.array(way, np.float64).T).max() < 3


def test_neither_a_thing_on_an_even_ground_nor_a_pattern_at_rest_is_a_camera() -> None:
    """A pattern is as much like itself a period further on, and what passes before it may have gone as far."""
    thing = street("the camera pans along a street", 0.0)[20:250, 20:380]
    even, size = np.full((270, 480), 240, np.float32), (270, 480)
    stripes = np.where(np.arange(480) // 20 % 2, 60, 200).astype(np.float32) + np.zeros(size, np.float32)
    for ground, part in ((even, thing), (stripes, thing[60:200, 30:110])):
        start, end = ground.copy(), ground.copy()
        start[20 : 20 + len(part), 20 : 20 + part.shape[1]] = part
        end[20 : 20 + len(part), 100 : 100 + part.shape[1]] = part
        assert camera(lost(start, end)) is None


def test_what_turns_far_is_no_camera() -> None:
    start = street("the camera zooms in on a street", 0.5)
    turned = cv2.warpAffine(
        start, cv2.getRotationMatrix2D((240, 135), 40, 1), (480, 270), borderMode=cv2.BORDER_REFLECT
    )
    assert camera(lost(start, np.asarray(turned, np.float32))) is None


def test_no_camera_is_found_where_nothing_moves_or_the_pictures_do_not_bear_it_out() -> None:
    assert camera(moved(np.eye(2, 3))) is None
    assert camera(moved(PAN, end=seen(texture(4), PAN))) is None


@pytest.mark.parametrize("ground", ["paper", "texture"])
def test_a_large_thing_that_moves_before_a_ground_at_rest_is_no_camera(ground: str) -> None:
    """It is the greater part of the frame, and of what is known to move."""
    start, end = (np.full(SIZE, 240, np.float32) if ground == "paper" else seen(texture(5)) for _ in range(2))
    thing = seen(texture())[10:86, 10:120]
    start[10:86, 10:120], end[10:86, 30:140] = thing, thing
    there, back, loop_errors = (
        np.zeros((*SIZE, 2), np.float32),
        np.zeros((*SIZE, 2), np.float32),
        np.zeros(SIZE, np.float32),
    )
    there[10:86, 10:120, 0], back[10:86, 30:140, 0] = 20, -20
    for flow in (there, back):
        assert np.mean(flow[..., 0] != 0) > 0.5
    assert camera(Motion((start, end), (there, back), (loop_errors, loop_errors))) is None


@pytest.mark.parametrize("way", [PAN, ZOOM, ROLL], ids=["pan", "zoom", "roll"])
def test_a_place_goes_from_key_to_key_at_an_even_pace(way: Any) -> None:
    way = np.asarray(way, np.float64)
    for t in (0.0, 0.25, 1.0):
        to_start, to_end = panned(way, SIZE, t)
        rows, columns = np.indices(SIZE)
        start, end = (np.stack((columns, rows), -1) + flow for flow in (to_start, to_end))
        assert np.allclose(cv2.transform(start.astype(np.float64), way), end, atol=1e-2)
        assert np.allclose((1 - t) * to_start + t * to_end, 0, atol=1e-2)


def test_a_flow_leads_out_of_the_frame_only_beyond_its_outermost_pixels() -> None:
    flow = np.zeros((4, 6, 2), np.float32)
    assert not outside(flow).any()
    flow[..., 0], flow[..., 1] = 2, -1
    rows, columns = np.indices((4, 6))
    assert np.array_equal(outside(flow), (columns + 2 > 5) | (rows - 1 < 0))
