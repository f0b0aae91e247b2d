"""Depth, normals, vectors and ids of real files: moved with the picture, and never mixed across an outline."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest

from inbetween.hosts.sequence.frames import Header, read_plate, write_frame
from inbetween.models import dissolve, flow
from inbetween.models.model import Model
from inbetween.progress import sentence

Make = Callable[..., Any]

NAMES = ["R", "G", "B", "A", "depth.Z", "N.X", "N.Y", "N.Z", "forward.u", "forward.v", "objectid.R", "diffuse.R"]
NEAR, FAR = (0.0, 0.6, 0.8), (0.0, 0.0, 1.0)
HEIGHT, WIDTH = 64, 96


def shot(number: int) -> np.ndarray:
    """A soft-edged disc before nothing; it moves to the right and comes nearer."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    away = np.hypot(x - 40 - number, y - 32)
    alpha = np.clip(16.5 - away, 0, 1)[..., None]
    inside = alpha >= 0.5
    colour = alpha * np.stack((0.5 + 0.5 * np.sin(away / 2), x * 0 + 0.3, y / HEIGHT), -1)
    depth = np.where(inside, 100.0 + 5 * number, np.inf)
    normals, vectors = np.where(inside, NEAR, FAR), np.where(inside, (1.0, 0.0), (0.0, 0.0))
    layers = (colour, alpha, depth, normals, vectors, np.where(inside, 7.0, 3.0), alpha * 0.5)
    return np.concatenate(layers, -1).astype(np.float32)


def write(path: Path, names: list[str], pixels: np.ndarray) -> None:
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], len(names), "float")
    spec.channelnames = tuple(names)
    spec["DateTime"] = ""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_frame(path, Header(path, (spec,), False), pixels)


def channels(path: Path) -> dict[str, np.ndarray]:
    """The planes of a file by name."""
    plate = read_plate(path)
    return {name: plate.pixels[..., place] for place, name in enumerate(plate.header.channels.names)}


@pytest.fixture(params=[flow.build, dissolve.build], ids=["flow", "dissolve"])
def model(request: pytest.FixtureRequest) -> Model:
    built: Model = request.param("cpu", "auto")
    return built


def test_no_measure_is_invented_between_two_keys(fill: Make, tmp_path: Path, model: Model) -> None:
    for number in (0, 4):
        write(tmp_path / "in" / f"shot.{number}.exr", NAMES, shot(number))
    summary, _ = fill(tmp_path / "in", tmp_path / "out", model=model)
    assert summary.failed == ()
    for number in (1, 2, 3):
        drawn = channels(tmp_path / "out" / f"shot.{number}.exr")
        depth = drawn["depth.Z"]
        assert np.all(np.isinf(depth) | ((depth >= 100) & (depth <= 120)))
        normals = np.stack([drawn[f"N.{axis}"] for axis in "XYZ"], -1)
        near, far = (np.isclose(normals, each).all(-1) for each in (NEAR, FAR))
        assert np.all(near | far)
        assert np.isin(drawn["forward.u"], (0, 1)).all()
        assert np.array_equal(drawn["objectid.R"] == 7, np.isfinite(depth))


def test_depth_that_changes_has_the_value_between(fill: Make, tmp_path: Path) -> None:
    for number in (0, 4):
        write(tmp_path / "in" / f"shot.{number}.exr", NAMES, shot(number))
    fill(tmp_path / "in", tmp_path / "out", model=flow.build("cpu", "auto"))
    depth = channels(tmp_path / "out" / "shot.1.exr")["depth.Z"]
    assert np.allclose(depth[26:38, 35:47], 105, atol=1)


def test_normals_of_what_turns_stay_as_long_as_light_needs_them(fill: Make, tmp_path: Path) -> None:
    for number, turn in ((0, -0.6), (4, 0.6)):
        pixels = shot(number)
        pixels[..., 5:8] = np.where(pixels[..., 3:4] >= 0.5, (np.sin(turn), 0, np.cos(turn)), FAR)
        write(tmp_path / "in" / f"shot.{number}.exr", NAMES, pixels)
    fill(tmp_path / "in", tmp_path / "out", model=flow.build("cpu", "auto"))
    drawn = channels(tmp_path / "out" / "shot.2.exr")
    normals = np.stack([drawn[f"N.{axis}"] for axis in "XYZ"], -1)
    assert np.allclose(normals[26:38, 36:48], (0, 0, 1), atol=1e-5)
    assert np.allclose(np.linalg.norm(normals, axis=-1), 1, atol=1e-5)


def test_a_pass_of_depth_alone_moves_and_keeps_its_infinite_ground(fill: Make, tmp_path: Path, model: Model) -> None:
    for number in (0, 4):
        write(tmp_path / "in" / f"shot.{number}.exr", ["Z"], shot(number)[..., 4:5])
    summary, events = fill(tmp_path / "in", tmp_path / "out", model=model, clamp="palette")
    assert summary.failed == ()
    assert not [event for event in events if event["event"] == "warning"]
    depth = channels(tmp_path / "out" / "shot.2.exr")["Z"]
    assert np.isinf(depth[:8]).all()
    assert np.all(np.isinf(depth) | ((depth >= 100) & (depth <= 120)))
    if model.name == "flow":
        middle = np.isfinite(depth).nonzero()[1].mean()
        assert middle == pytest.approx(42, abs=0.5)
        assert np.allclose(depth[26:38, 36:48], 110, atol=1)


def test_a_pass_of_motion_alone_is_announced_as_no_picture(fill: Make, tmp_path: Path) -> None:
    for number in (0, 4):
        write(tmp_path / "in" / f"shot.{number}.exr", ["motion.X", "motion.Y"], shot(number)[..., 8:10])
    _, events = fill(tmp_path / "in", tmp_path / "out")
    (announced,) = [event for event in events if event["event"] == "sequence"]
    assert "no picture, motion is seen in motion.X, 1 more channel along with it" in sentence(announced)
