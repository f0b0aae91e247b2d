"""Keys rendered in full, motion vectors for every frame: on real files, through the runner."""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import OpenImageIO as oiio
import pytest

from inbetween.core.errors import InputError, SettingsError
from inbetween.core.settings import Settings
from inbetween.hosts.sequence.frames import Header, read_header, read_plate, write_frame
from inbetween.hosts.sequence.job import Job
from inbetween.hosts.sequence.layers import motion_of
from inbetween.models import dissolve, flow, registry

Make = Callable[..., Any]
WIDTH, HEIGHT, SIDE = 96, 64, 20
COLUMNS = Path(__file__).resolve().parents[3] / "examples/columns"
NUKE = ("forward.u", "forward.v", "backward.u", "backward.v")
BLENDER = tuple(f"ViewLayer.Vector.{letter}" for letter in "XYZW")


def corner(frame: int) -> tuple[int, int]:
    """Where the box is: on its way to the right it goes up and comes down again, whole pixels at a time."""
    return 8 + 6 * frame, (52, 40, 28, 20, 16, 16, 16, 20, 28, 40, 52)[frame + 1]


def box(frame: int) -> tuple[slice, slice]:
    x, y = corner(frame)
    return slice(y, y + SIDE), slice(x, x + SIDE)


def picture(frame: int) -> np.ndarray:
    """A box of noise before a ramp, with coverage; light above 1."""
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH]
    pixels = np.stack((across / WIDTH, down / HEIGHT, 0 * down + 0.25, 0 * down + 1), -1).astype(np.float32)
    pixels[box(frame)][..., :3] = np.random.default_rng(5).random((SIDE, SIDE, 3), np.float32) * 2
    return pixels


def vectors(frame: int) -> np.ndarray:
    """To the next frame and to the one before, to the right and down, (H, W, 4)."""
    found = np.zeros((HEIGHT, WIDTH, 4), np.float32)
    for place, other in ((0, frame + 1), (2, frame - 1)):
        found[box(frame)][..., place : place + 2] = np.subtract(corner(other), corner(frame))
    return found


def same(drawn: np.ndarray, expected: np.ndarray, place: tuple[slice, slice]) -> None:
    """Equal but for a pixel or two along the outline of a box, where keys show mixtures: that is continued."""
    line = np.zeros(drawn.shape[:2], np.uint8)
    rows, columns = place
    cv2.rectangle(line, (columns.start, rows.start), (columns.stop - 1, rows.stop - 1), 1, 3)
    np.testing.assert_allclose(drawn[line == 0], expected[line == 0], atol=2e-3)


def write(path: Path, names: tuple[str, ...], pixels: np.ndarray, kind: str = "float") -> Path:
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], len(names), kind)
    spec.channelnames = names
    spec["DateTime"] = ""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_frame(path, Header(path, (spec,), False), pixels)
    return path


def as_nuke(frame: int) -> np.ndarray:
    return vectors(frame) * np.array((1, -1, 1, -1), np.float32)


def as_blender(frame: int) -> np.ndarray:
    """x and y of the way back, up; then z and w of the way on, the other way round."""
    return vectors(frame)[..., [2, 3, 0, 1]] * np.array((1, -1, -1, 1), np.float32)


@pytest.fixture
def shot(tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    """Keys, and vectors of all frames from the first to the last: `shot([0, 4, 8])` gives both folders."""

    def make(numbers: Iterable[int], layers: tuple[str, ...] = NUKE) -> tuple[Path, Path]:
        keys, moves = tmp_path / "keys", tmp_path / "vec"
        numbers = [*numbers]
        for number in numbers:
            write(keys / f"shot.{number:04d}.exr", ("R", "G", "B", "A"), picture(number), "half")
        for number in range(min(numbers), max(numbers) + 1):
            told = as_blender(number) if layers == BLENDER else as_nuke(number)
            write(moves / f"vec.{number:04d}.exr", layers, told)
        return keys, moves

    return make


def frames(folder: Path) -> dict[int, bytes]:
    return {int(file.stem[-4:]): file.read_bytes() for file in sorted(folder.glob("*.exr"))}


def actions(events: list[dict[str, Any]]) -> dict[int, str]:
    return {event["frame"]: event["action"] for event in events if event["event"] == "frame"}


@pytest.mark.parametrize("layers", [NUKE, BLENDER], ids=["nuke", "blender"])
@pytest.mark.parametrize("model", [dissolve.build, flow.build], ids=["dissolve", "flow"])
def test_things_go_where_the_renderer_says_with_their_own_pixels(
    shot: Make, fill: Make, tmp_path: Path, layers: tuple[str, ...], model: Callable[..., Any]
) -> None:
    keys, moves = shot([0, 4, 8], layers)
    built = model("cpu", "auto")
    summary, events = fill(keys, tmp_path / "out", model=built, motion_vectors=str(moves))
    assert (summary.drawn, summary.copied, summary.failed) == (6, 3, ())
    assert next(each for each in events if each["event"] == "sequence")["motion_vectors"] == str(moves / "vec.####.exr")
    for frame in (1, 2, 3, 5, 6, 7):
        drawn = read_plate(tmp_path / "out" / f"shot.{frame:04d}.exr").pixels
        same(drawn, picture(frame), box(frame))


def test_vectors_that_this_tool_wrote_are_understood(shot: Make, fill: Make, tmp_path: Path) -> None:
    """Of a whole sequence; then its keys alone and those vectors give the frames between."""
    for number in range(5):
        write(tmp_path / "whole" / f"shot.{number:04d}.exr", ("R", "G", "B", "A"), picture(number), "half")
    built = flow.build("cpu", "auto")
    fill(tmp_path / "whole", tmp_path / "own", model=built, vectors=True)
    keys, _ = shot([0, 4])
    led, alone = tmp_path / "led", tmp_path / "alone"
    fill(keys, led, model=built, motion_vectors=str(tmp_path / "own"))
    fill(keys, alone, model=built)
    errors = [np.square(read_plate(out / "shot.0002.exr").pixels - picture(2)).mean() for out in (led, alone)]
    assert errors[0] < 0.5 * errors[1]


def test_only_gaps_whose_vectors_changed_are_drawn_anew(shot: Make, fill: Make, tmp_path: Path) -> None:
    keys, moves = shot([0, 4, 8])
    out = tmp_path / "out"
    fill(keys, out, motion_vectors=str(moves))
    before = frames(out)
    _, events = fill(keys, out, motion_vectors=str(moves))
    assert set(actions(events).values()) == {"kept"}
    write(moves / "vec.0006.exr", NUKE, as_nuke(6) + np.array((0.25, 0, 0, 0), np.float32))
    _, events = fill(keys, out, motion_vectors=str(moves))
    assert {frame for frame, action in actions(events).items() if action == "drawn"} == {5, 6, 7}
    assert {frame: data for frame, data in frames(out).items() if frame < 5} == {
        frame: data for frame, data in before.items() if frame < 5
    }
    _, events = fill(keys, out)
    assert {frame for frame, action in actions(events).items() if action == "drawn"} == {1, 2, 3, 5, 6, 7}


def test_vectors_are_numbered_as_the_result_is(shot: Make, fill: Make, tmp_path: Path) -> None:
    """Keys without gaps come apart, and drawings are held on twos: each shows what is where at its own frame."""
    keys, moves = shot([0, 4])
    (keys / "shot.0004.exr").rename(keys / "shot.0001.exr")
    _, events = fill(keys, tmp_path / "out", motion_vectors=str(moves), insert=3, on=2)
    assert actions(events) == {0: "copied", 1: "held", 2: "drawn", 3: "held", 4: "copied"}
    for frame, shown in ((1, 0), (2, 2), (3, 2)):
        drawn = read_plate(tmp_path / "out" / f"shot.{frame:04d}.exr").pixels
        same(drawn, picture(shown), box(shown))


def test_neither_keys_that_are_alike_nor_a_cut_hold_what_the_renderer_moves(
    shot: Make, fill: Make, tmp_path: Path
) -> None:
    keys, moves = shot([0, 4])
    shutil.copyfile(keys / "shot.0000.exr", keys / "shot.0004.exr")
    for frame in range(5):  # there and back again
        told = np.zeros((HEIGHT, WIDTH, 4), np.float32)
        here = slice(40, 60), slice(8 + 6 * (0, 1, 2, 1, 0)[frame], 28 + 6 * (0, 1, 2, 1, 0)[frame])
        told[here] = ((6, 0, 0, 0), (6, 0, -6, 0), (-6, 0, -6, 0), (-6, 0, 6, 0), (0, 0, 6, 0))[frame]
        write(moves / f"vec.{frame:04d}.exr", NUKE, told)
    fill(keys, tmp_path / "out", motion_vectors=str(moves), cut_threshold=0.0)
    drawn = read_plate(tmp_path / "out" / "shot.0002.exr").pixels
    expected = picture(0)
    expected[40:60, 8:20] = expected[40:60, 28:40]
    expected[40:60, 20:40] = picture(0)[40:60, 8:28]
    same(drawn[:, 20:], expected[:, 20:], (slice(40, 60), slice(0, 20)))


def test_a_key_alone_needs_no_vectors(shot: Make, fill: Make, tmp_path: Path) -> None:
    keys, moves = shot([0, 4])
    summary, _ = fill(keys, tmp_path / "out", motion_vectors=str(moves), frames="4")
    assert (summary.copied, summary.drawn, summary.failed) == (1, 0, ())


def test_in_a_cycle_the_last_gap_ends_at_the_first_vectors(shot: Make, fill: Make, tmp_path: Path) -> None:
    keys, moves = shot([0, 4, 7])
    place = [(8, 40), (14, 40), (20, 40), (26, 40), (32, 40), (26, 40), (20, 40), (14, 40)]
    for frame, (x, y) in enumerate(place):
        told = np.zeros((HEIGHT, WIDTH, 4), np.float32)
        there, back = (np.subtract(place[(frame + step) % 8], (x, y)) for step in (1, -1))
        told[y : y + SIDE, x : x + SIDE] = (*there, *back)
        write(moves / f"vec.{frame:04d}.exr", NUKE, told * np.array((1, -1, 1, -1), np.float32))
        pixels = picture(0)
        pixels[40:60, 8:28] = (8 / WIDTH, 0.5, 0.25, 1)
        pixels[y : y + SIDE, x : x + SIDE] = picture(0)[box(0)]
        if frame in (0, 4):
            write(keys / f"shot.{frame:04d}.exr", ("R", "G", "B", "A"), pixels, "half")
    (keys / "shot.0007.exr").unlink()
    summary, _ = fill(keys, tmp_path / "out", motion_vectors=str(moves), cycle=8)
    assert (summary.drawn, summary.failed) == (6, ())
    drawn = read_plate(tmp_path / "out" / "shot.0006.exr").pixels
    np.testing.assert_allclose(drawn[42:58, 22:38], picture(0)[42:58, 10:26], atol=2e-3)


def test_a_data_window_of_vectors_ends_what_is_known(shot: Make, fill: Make, tmp_path: Path) -> None:
    """Outside of it the model draws as it would alone."""
    keys, moves = shot([0, 4])
    for frame in range(5):
        spec = oiio.ImageSpec(WIDTH, HEIGHT - 12, 4, "float")
        spec.y, spec.full_y, spec.full_width, spec.full_height = 12, 0, WIDTH, HEIGHT
        spec.channelnames = NUKE
        path = moves / f"vec.{frame:04d}.exr"
        write_frame(path, Header(path, (spec,), False), as_nuke(frame)[12:])
    fill(keys, tmp_path / "out", motion_vectors=str(moves))
    drawn = read_plate(tmp_path / "out" / "shot.0002.exr").pixels
    same(np.delete(drawn, slice(10, 14), 0), np.delete(picture(2), slice(10, 14), 0), (slice(16, 36), box(2)[1]))
    np.testing.assert_allclose(drawn[10:14, 50:], picture(2)[10:14, 50:], atol=0.05)


def test_passes_in_files_of_their_own_follow_too(shot: Make, fill: Make, tmp_path: Path) -> None:
    keys, moves = shot([0, 4])
    for frame in (0, 4):
        depth = np.full((HEIGHT, WIDTH, 1), 50, np.float32)
        depth[box(frame)] = 10
        write(tmp_path / "depth" / f"depth.{frame:04d}.exr", ("depth.Z",), depth)
    built = flow.build("cpu", "auto")
    fill(tmp_path / "depth", tmp_path / "out", model=built, guide=str(keys), motion_vectors=str(moves))
    drawn = read_plate(tmp_path / "out" / "depth.0002.exr").pixels[..., 0]
    assert (drawn[box(2)] == 10).all()
    assert np.count_nonzero(drawn == 10) == SIDE**2


def test_where_a_frame_moves_is_in_its_header(shot: Make, fill: Make, tmp_path: Path) -> None:
    keys, moves = shot([0, 4])
    fill(keys, tmp_path / "out", motion_vectors=str(moves))
    header = read_header(tmp_path / "out" / "shot.0002.exr").parts[0]
    assert header["inbetween:motion_vectors"] == " ".join(f"vec.{frame:04d}.exr" for frame in range(5))
    assert header["inbetween:path"] == "straight"


@pytest.mark.parametrize("way", ["forward", "backward"])
def test_vectors_one_way_tell_the_other_one_too(shot: Make, fill: Make, tmp_path: Path, way: str) -> None:
    keys, moves = shot([0, 4, 8])
    names = tuple(name for name in NUKE if name.startswith(way))
    places = [NUKE.index(name) for name in names]
    for frame in range(9):
        write(moves / f"vec.{frame:04d}.exr", names, as_nuke(frame)[..., places])
    summary, _ = fill(keys, tmp_path / "out", motion_vectors=str(moves))
    assert (summary.drawn, summary.failed) == (6, ())
    for frame in (1, 2, 3, 5, 6, 7):
        same(read_plate(tmp_path / "out" / f"shot.{frame:04d}.exr").pixels, picture(frame), box(frame))


def test_files_with_vectors_of_other_names_tell_no_motion() -> None:
    spec = oiio.ImageSpec(4, 4, 2, "float")
    for names in (("motion.X", "motion.Y"), ("R", "G"), ("forward.x", "forward.y")):
        spec.channelnames = names
        assert motion_of((spec,)) == (None, None)


def test_wrong_vectors_are_refused_in_a_line(shot: Make, fill: Make, tmp_path: Path) -> None:
    keys, moves = shot([0, 4])

    def refused(words: str, **more: Any) -> None:
        with pytest.raises((InputError, SettingsError), match=words):
            fill(keys, tmp_path / "out", **{"motion_vectors": str(moves), **more})
        assert not (tmp_path / "out").exists()

    refused("does not exist", motion_vectors=str(tmp_path / "nowhere"))
    refused("marks and motion_vectors both say", marks="marks.csv")
    refused("vectors and motion_vectors both say", vectors=True)
    refused("timing is 'ease-in'", timing="ease-in")
    refused("path is 'arc'", path="arc")
    refused("asked for halves of a gap", scheme="triads")
    refused("asked for halves of a gap", model=registry.load("akanet", "cpu", "auto"))
    write(tmp_path / "small" / "vec.0000.exr", NUKE, as_nuke(0)[:32])
    for frame in range(1, 5):
        write(tmp_path / "small" / f"vec.{frame:04d}.exr", NUKE, as_nuke(frame)[:32])
    refused("render both at the same size", motion_vectors=str(tmp_path / "small"))
    (moves / "vec.0002.exr").rename(tmp_path / "away.exr")
    refused("lack frame 2;", motion_vectors=str(moves))
    write(moves / "vec.0002.exr", ("R", "G", "B", "A"), picture(2))
    refused("holds no motion vectors; they are looked for in forward.u")
    write(moves / "vec.0002.exr", NUKE[:2], as_nuke(2)[..., :2])
    refused(r"vec\.0002\.exr holds other motion vectors than")
    write(moves / "other.0002.exr", NUKE, as_nuke(2))
    refused("name one sequence")


def test_vectors_that_are_cut_off_fail_their_gap_alone(shot: Make, fill: Make, tmp_path: Path) -> None:
    keys, moves = shot([0, 4, 8])
    file = moves / "vec.0006.exr"
    file.write_bytes(file.read_bytes()[:-500])
    summary, _ = fill(keys, tmp_path / "out", motion_vectors=str(moves))
    assert {failure.frame for failure in summary.failed} == {5, 6, 7}
    assert "vec.0006.exr is damaged" in summary.failed[0].message
    assert summary.drawn == 3


@pytest.mark.parametrize(("wrong", "why"), [((-1, -1), "reversed"), ((1, -1), "v down"), ((0.5, 0.5), "half size")])
def test_vectors_that_lead_elsewhere_are_told(
    shot: Make, fill: Make, tmp_path: Path, wrong: tuple[float, float], why: str
) -> None:
    """A sign or a unit that is wrong is wrong in both ways, so that they may well agree with each other."""
    keys, moves = shot([0, 4, 8])
    _, events = fill(keys, tmp_path / "out", motion_vectors=str(moves))
    assert not [event for event in events if event["event"] == "warning"]
    for frame in range(9):
        write(moves / f"vec.{frame:04d}.exr", NUKE, as_nuke(frame) * np.array((*wrong, *wrong), np.float32))
    _, events = fill(keys, tmp_path / "out", motion_vectors=str(moves))
    said = [event["message"] for event in events if event["event"] == "warning"]
    assert said, why
    assert all("and those behind it do not bring shot.000" in message for message in said)


def test_a_rendered_frame_is_drawn_as_it_was_rendered(fill: Make, tmp_path: Path) -> None:
    """Of the columns among the examples, the middle key from the two around it, sixteen frames apart."""
    for number in (1, 17):
        (tmp_path / "keys").mkdir(exist_ok=True)
        shutil.copyfile(COLUMNS / f"keys/columns.{number:04d}.png", tmp_path / f"keys/columns.{number:04d}.png")
    truth, built = read_plate(COLUMNS / "keys/columns.0009.png").pixels, flow.build("cpu", "auto")
    psnr = {}
    for name, more in (("led", {"motion_vectors": str(COLUMNS / "motion")}), ("alone", {})):
        _, events = fill(tmp_path / "keys", tmp_path / name, model=built, on=8, frames="9", **more)
        assert not [event for event in events if event["event"] == "warning"]
        drawn = read_plate(tmp_path / name / "columns.0009.png").pixels
        psnr[name] = -10 * np.log10(np.square(drawn - truth).mean())
    assert psnr["led"] > 28
    assert psnr["led"] > psnr["alone"] + 10


def test_a_job_with_vectors_has_a_straight_path() -> None:
    """What keys around a gap show is in no recipe then."""
    assert Job("a", "b", motion_vectors="vec").settings.path == "straight"
    assert Job("a", "b", Settings(path="arc")).settings.path == "arc"
