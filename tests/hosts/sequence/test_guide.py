"""Passes in files of their own move as another sequence's picture does."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest

from inbetween.core.errors import FrameReadError, InputError
from inbetween.hosts.sequence import sheet as sheets
from inbetween.hosts.sequence.frames import Header, Plate, read_header, read_plate, write_frame
from inbetween.models import dissolve, flow
from inbetween.models.model import Model

Make = Callable[..., Any]

PASSES = {
    "beauty": ("R", "G", "B", "A"),
    "diffuse": ("diffuse.R", "diffuse.G", "diffuse.B"),
    "depth": ("depth.Z",),
    "normals": ("N.X", "N.Y", "N.Z"),
    "ids": ("objectid.R",),
}
NAMES = [name for names in PASSES.values() for name in names]
HEIGHT, WIDTH = 64, 96


def shot(number: int) -> np.ndarray:
    """All passes of a soft-edged disc that moves to the right and comes nearer, one behind the other."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    away = np.hypot(x - 30 - 2 * number, y - 32)
    alpha = np.clip(16.5 - away, 0, 1)[..., None]
    inside = alpha >= 0.5
    colour = alpha * np.stack((0.5 + 0.5 * np.sin(away / 2), x * 0 + 0.3, y / HEIGHT), -1)
    depth = np.where(inside, 100.0 + 5 * number, np.inf)
    normals = np.where(inside, (0.0, 0.6, 0.8), (0.0, 0.0, 1.0))
    layers = (colour, alpha, colour * 0.5, depth, normals, np.where(inside, 7.0, 3.0))
    return np.concatenate(layers, -1).astype(np.float32)


def write(
    path: Path,
    names: tuple[str, ...] | list[str],
    pixels: np.ndarray,
    at: tuple[int, int] = (0, 0),
    kind: str = "float",
) -> Path:
    """A file of these channels, its data window at (x, y) within the display window."""
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], len(names), kind)
    spec.x, spec.y = at
    spec.full_width, spec.full_height = WIDTH, HEIGHT
    spec.channelnames = tuple(names)
    spec["DateTime"] = ""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_frame(path, Header(path, (spec,), False), pixels)
    return path


def planes(pixels: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """Of all passes, the channels with these names."""
    return pixels[..., [NAMES.index(name) for name in names]]


@pytest.fixture
def render(tmp_path: Path) -> Callable[..., Path]:
    """Writes keys, each pass into files of its own: `render([0, 4])` gives the folder, with one folder a pass."""

    def make(numbers: list[int]) -> Path:
        for number in numbers:
            for name, channels in PASSES.items():
                write(tmp_path / "render" / name / f"{name}.{number}.exr", channels, planes(shot(number), channels))
        return tmp_path / "render"

    return make


@pytest.fixture(params=[flow.build, dissolve.build], ids=["flow", "dissolve"])
def model(request: pytest.FixtureRequest) -> Model:
    built: Model = request.param("cpu", "auto")
    return built


def test_passes_in_files_of_their_own_come_out_as_layers_of_one_file_do(
    render: Make, fill: Make, tmp_path: Path, model: Model
) -> None:
    numbers = [0, 4, 9]
    folder = render(numbers)
    for number in numbers:
        write(tmp_path / "whole" / f"shot.{number}.exr", NAMES, shot(number))
    fill(tmp_path / "whole", tmp_path / "out", model=model)
    for name, channels in PASSES.items():
        summary, _ = fill(folder / name, tmp_path / name, model=model, guide=str(folder / "beauty"))
        assert (summary.drawn, summary.copied, summary.failed) == (7, 3, ())
        for number in range(10):
            expected = read_plate(tmp_path / "out" / f"shot.{number}.exr")
            order = [expected.header.channels.names.index(channel) for channel in channels]
            drawn = read_plate(tmp_path / name / f"{name}.{number}.exr")
            assert sorted(drawn.header.channels.names) == sorted(channels)
            mine = [drawn.header.channels.names.index(channel) for channel in channels]
            np.testing.assert_array_equal(drawn.pixels[..., mine], expected.pixels[..., order])


def test_a_folder_of_passes_moves_as_one_of_them(render: Make, fill: Make, tmp_path: Path) -> None:
    """The guide itself is in the folder, and moves as it would without."""
    folder, together = render([0, 4]), tmp_path / "together"
    together.mkdir()
    for file in folder.rglob("*.exr"):
        shutil.copyfile(file, together / file.name)
    built = flow.build("cpu", "auto")
    summary, _ = fill(together, tmp_path / "out", model=built, guide=str(together / "beauty.#.exr"))
    assert (summary.drawn, summary.failed) == (3 * len(PASSES), ())
    fill(folder / "beauty", tmp_path / "alone", model=built)
    for name in PASSES:
        fill(folder / name, tmp_path / "each" / name, model=built, guide=str(folder / "beauty"))
        for number in (1, 2, 3):
            apart = tmp_path / ("alone" if name == "beauty" else f"each/{name}") / f"{name}.{number}.exr"
            drawn = tmp_path / "out" / f"{name}.{number}.exr"
            np.testing.assert_array_equal(read_plate(drawn).pixels, read_plate(apart).pixels)


def test_ids_alone_move_with_a_guide_and_are_refused_without(render: Make, fill: Make, tmp_path: Path) -> None:
    folder = render([0, 4])
    with pytest.raises(InputError, match=r"holds ids or 32-bit whole numbers only; .* or name as guide the files"):
        fill(folder / "ids", tmp_path / "out")
    fill(folder / "ids", tmp_path / "out", model=flow.build("cpu", "auto"), guide=str(folder / "beauty"))
    drawn = read_plate(tmp_path / "out" / "ids.2.exr").pixels[..., 0]
    assert set(np.unique(drawn)) == {3.0, 7.0}
    truth = planes(shot(2), PASSES["ids"])[..., 0]
    assert np.mean(drawn != truth) < 0.01


@pytest.mark.parametrize("kind", ["float", "uint"])
def test_a_contact_sheet_shows_every_id_in_a_colour_of_its_own(
    render: Make, fill: Make, tmp_path: Path, kind: str
) -> None:
    """Numbers would all be white as light, and 32-bit ones all black."""
    folder, sheet = render([0, 4]), tmp_path / "sheet.png"
    for number in (0, 4) if kind == "uint" else ():
        ids = planes(shot(number), PASSES["ids"]).astype(np.uint32).view(np.float32)
        write(folder / "ids" / f"ids.{number}.exr", PASSES["ids"], ids, kind=kind)
    guide, built = str(folder / "beauty"), flow.build("cpu", "auto")
    fill(folder / "ids", tmp_path / "out", model=built, guide=guide, contact_sheet=str(sheet))
    page, scale = read_plate(sheet).pixels, sheets.WIDTH / WIDTH
    discs, grounds = set(), set()
    for number in range(5):
        across = sheets.MARGIN + number * (sheets.WIDTH + 2 * sheets.MARGIN)
        middle = round(32 * scale), round((30 + 2 * number) * scale)
        discs.add(tuple(page[sheets.MARGIN + middle[0], across + middle[1]]))
        grounds.add(tuple(page[sheets.MARGIN + 5, across + 5]))
    assert len(discs) == len(grounds) == 1, "an id has one colour, in keys and in-betweens"
    (disc,), (ground,) = discs, grounds
    assert np.abs(np.subtract(disc, ground)).max() > 0.2
    assert max(disc) > 0.2
    assert max(ground) > 0.2


def test_ids_that_follow_each_other_are_told_apart() -> None:
    ids = np.arange(1, 65, dtype=np.uint32)
    for values in (ids.view(np.float32), ids.astype(np.float32)):
        colours = sheets._in_colours(values[None])[0]
        apart = np.abs(colours[:, None] - colours[None]).max(-1)
        assert apart[~np.eye(64, dtype=bool)].min() > 0.03
        assert colours.min() >= 0.2


def test_a_guide_of_ids_shows_nothing_to_move_by(render: Make, fill: Make, tmp_path: Path) -> None:
    folder = render([0, 4])
    with pytest.raises(FrameReadError, match="holds ids or 32-bit whole numbers only"):
        fill(folder / "depth", tmp_path / "out", guide=str(folder / "ids"))


def test_a_pass_may_have_less_room_than_its_guide(fill: Make, tmp_path: Path) -> None:
    """Renderers crop each pass to what it holds: what is drawn is cut to the pass's own data windows."""
    built = flow.build("cpu", "auto")
    for number in (0, 4):
        pixels, left = shot(number), 12 + 2 * number
        write(tmp_path / "beauty" / f"a.{number}.exr", PASSES["beauty"], planes(pixels, PASSES["beauty"]))
        diffuse = planes(pixels, PASSES["diffuse"])
        write(tmp_path / "full" / f"a.{number}.exr", PASSES["diffuse"], diffuse)
        cropped = np.ascontiguousarray(diffuse[10:54, left : left + 36])
        write(tmp_path / "cropped" / f"a.{number}.exr", PASSES["diffuse"], cropped, (left, 10))
    for name in ("full", "cropped"):
        fill(tmp_path / name, tmp_path / f"{name}-out", model=built, guide=str(tmp_path / "beauty"))
    full, less = (read_plate(tmp_path / f"{name}-out" / "a.2.exr") for name in ("full", "cropped"))
    assert str(less.header.window) == "44x44 at 12,10"
    np.testing.assert_array_equal(less.pixels, full.over(less.header.window))


def test_what_the_guide_leaves_in_place_is_mixed(render: Make, fill: Make, tmp_path: Path) -> None:
    """A light that fades in a pass alone: its guide stands still, and the pass goes on evenly."""
    beauty = planes(shot(0), PASSES["beauty"])
    for number, light in ((0, 1.0), (2, 0.5)):
        write(tmp_path / "beauty" / f"a.{number}.exr", PASSES["beauty"], beauty)
        write(tmp_path / "light" / f"a.{number}.exr", ("R", "G", "B"), light * beauty[..., :3])
    fill(tmp_path / "light", tmp_path / "out", guide=str(tmp_path / "beauty"))
    drawn = read_plate(tmp_path / "out" / "a.1.exr").pixels
    np.testing.assert_allclose(drawn, 0.75 * beauty[..., :3], atol=1e-6)


def test_a_changed_guide_redoes_the_gaps_beside_it(render: Make, fill: Make, tmp_path: Path) -> None:
    folder = render([0, 4, 8])
    guide = str(folder / "beauty")
    fill(folder / "depth", tmp_path / "out", guide=guide)
    summary, _ = fill(folder / "depth", tmp_path / "out", guide=guide)
    assert (summary.drawn, summary.kept) == (0, 9)
    write(folder / "beauty" / "beauty.8.exr", PASSES["beauty"], planes(shot(7), PASSES["beauty"]))
    summary, events = fill(folder / "depth", tmp_path / "out", guide=guide)
    assert sorted(event["frame"] for event in events if event.get("action") == "drawn") == [5, 6, 7]
    summary, _ = fill(folder / "depth", tmp_path / "out")
    assert (summary.drawn, summary.kept) == (6, 3)


def test_a_frame_names_its_guide(render: Make, fill: Make, tmp_path: Path) -> None:
    folder = render([0, 4])
    _, events = fill(folder / "depth", tmp_path / "out", guide=str(folder / "beauty"))
    spec = read_header(tmp_path / "out" / "depth.2.exr").parts[0]
    assert spec.get_string_attribute("inbetween:guide") == "beauty.0.exr beauty.4.exr"
    assert events[1]["guide"] == str(folder / "beauty" / "beauty.#.exr")
    assert (events[1]["picture"], events[1]["alpha"], events[1]["layers"]) == (["R", "G", "B"], "A", 1)


def test_a_guide_without_a_frame_for_every_key_is_wrong_use(render: Make, fill: Make, tmp_path: Path) -> None:
    folder = render([0, 4, 8])
    (folder / "beauty" / "beauty.4.exr").unlink()
    with pytest.raises(InputError, match=r"lacks frame 4, which depth\.#\.exr has; give the guide a frame for every"):
        fill(folder / "depth", tmp_path / "out", guide=str(folder / "beauty"))


def test_a_guide_of_another_size_is_wrong_use(render: Make, fill: Make, picture: Make, tmp_path: Path) -> None:
    folder = render([0, 4])
    for number in (0, 4):
        small = shot(number)[::2, ::2, :4]
        file = tmp_path / "small" / f"a.{number}.exr"
        file.parent.mkdir(exist_ok=True)
        spec = oiio.ImageSpec(small.shape[1], small.shape[0], 4, "float")
        write_frame(file, Header(file, (spec,), False), np.ascontiguousarray(small))
    with pytest.raises(InputError, match=r"has display window 96x64, but its guide .* has 48x32"):
        fill(folder / "depth", tmp_path / "out", guide=str(tmp_path / "small"))


def test_a_guide_must_be_one_sequence(render: Make, fill: Make, tmp_path: Path) -> None:
    folder = render([0, 4])
    shutil.copytree(folder / "depth", tmp_path / "mixed")
    shutil.copytree(folder / "beauty", tmp_path / "mixed", dirs_exist_ok=True)
    with pytest.raises(InputError, match=r"holds beauty\.#\.exr, depth\.#\.exr; name one sequence"):
        fill(folder / "depth", tmp_path / "out", guide=str(tmp_path / "mixed"))


def test_a_result_does_not_go_where_the_guide_is(render: Make, fill: Make) -> None:
    folder = render([0, 4])
    with pytest.raises(InputError, match="name another folder"):
        fill(folder / "depth", folder / "beauty", guide=str(folder / "beauty"))


def test_a_damaged_guide_costs_its_gaps(render: Make, fill: Make, tmp_path: Path) -> None:
    folder = render([0, 4, 8])
    damaged = folder / "beauty" / "beauty.8.exr"
    damaged.write_bytes(damaged.read_bytes()[:-200])
    summary, _ = fill(folder / "depth", tmp_path / "out", guide=str(folder / "beauty"))
    assert sorted(failure.frame for failure in summary.failed) == [5, 6, 7]
    assert all("beauty.8.exr" in failure.message for failure in summary.failed)
    assert (summary.drawn, summary.copied) == (3, 3)


def test_what_is_not_finite_in_the_guide_spoils_nothing(render: Make, fill: Make, tmp_path: Path) -> None:
    folder = render([0, 4])
    pixels = planes(shot(0), PASSES["beauty"])
    pixels[0, 0, 0] = np.nan
    write(folder / "beauty" / "beauty.0.exr", PASSES["beauty"], pixels)
    _, events = fill(
        folder / "diffuse", tmp_path / "out", model=flow.build("cpu", "auto"), guide=str(folder / "beauty")
    )
    drawn: Plate = read_plate(tmp_path / "out" / "diffuse.2.exr")
    assert np.isfinite(drawn.pixels).all()
    assert any("beauty.0.exr holds 1 value not" in event.get("message", "") for event in events)
