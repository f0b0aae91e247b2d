"""How a sequence moves, as motion vectors: on real files, through the runner."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest

from inbetween.core.errors import InputError, SettingsError
from inbetween.core.settings import Settings
from inbetween.hosts.sequence import provenance
from inbetween.hosts.sequence.frames import Header, write_frame
from inbetween.hosts.sequence.job import Job
from inbetween.hosts.sequence.run import preview
from inbetween.models import dissolve, flow, registry
from inbetween.models.model import Model

Make = Callable[..., Any]
WIDTH, HEIGHT, RADIUS = 160, 96, 18
RED, PAPER = (0.8, 0.2, 0.1), (0.9, 0.9, 0.85)


def disc(x: float, y: float) -> np.ndarray:
    """An opaque disc with a soft edge, and a dot that tells which way up it is, on paper."""
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH]
    frame = np.full((HEIGHT, WIDTH, 3), PAPER, np.float32)
    for aside, radius, colour in ((0, RADIUS, RED), (7, 4, (0.1, 0.1, 0.1))):
        cover = np.clip(radius + 0.5 - np.hypot(across - x - aside, down - y), 0, 1)[..., None]
        frame = frame * (1 - cover) + cover * np.array(colour)
    return frame.astype(np.float32)


@pytest.fixture(scope="module")
def motion() -> Model:
    return registry.load("motion", "cpu", "auto")


@pytest.fixture
def shot(write: Make, tmp_path: Path) -> Callable[..., Path]:
    """Keys with the disc at a place for each number."""

    def make(places: dict[int, tuple[float, float]], name: str = "shot.{:04d}.exr", folder: str = "in") -> Path:
        for number, place in places.items():
            write(tmp_path / folder / name.format(number), disc(*place), "uint8" if name.endswith("png") else "half")
        return tmp_path / folder

    return make


def channels(file: Path) -> dict[str, np.ndarray]:
    """What a compositor reads, by channel."""
    image = oiio.ImageInput.open(str(file))
    pixels, spec = np.asarray(image.read_image(oiio.FLOAT)), image.spec()
    image.close()
    return {name: pixels[..., place] for place, name in enumerate(spec.channelnames)}


def vectors(folder: Path, number: int) -> dict[str, np.ndarray]:
    return channels(folder / f"shot.{number:04d}.exr")


def inside(x: float, y: float, radius: float = RADIUS - 3) -> np.ndarray:
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.asarray(np.hypot(across - x, down - y) < radius)


def seen(found: dict[str, np.ndarray], x: float, y: float) -> tuple[float, float, float, float]:
    """The motion of the disc at a place."""
    first, second, third, last = (
        float(np.median(found[f"{way}.{axis}"][inside(x, y)])) for way in ("forward", "backward") for axis in "uv"
    )
    return first, second, third, last


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.glob("*.exr"))}


@pytest.mark.parametrize(("name", "within"), [("flow", 0.15), ("motion", 0.05), ("motion-native", 1.6)])
def test_a_disc_that_moves_twelve_pixels_in_four_frames_moves_three_in_each_keys_included(
    shot: Make, fill: Make, tmp_path: Path, name: str, within: float
) -> None:
    source = shot({1: (50, 60), 5: (62, 52)})
    summary, _ = fill(source, tmp_path / "out", model=registry.load(name, "cpu", "auto"), vectors=True)
    assert (summary.drawn, summary.failed) == (5, ())
    for number in range(1, 6):
        way = 3 * (number - 1)
        found = vectors(tmp_path / "out", number)
        there, back = ((3, 2) if number < 5 else (0, 0)), ((-3, -2) if number > 1 else (0, 0))  # up is positive
        assert seen(found, 50 + way, 60 - way * 2 / 3) == pytest.approx((*there, *back), abs=within)


def test_what_is_carried_as_a_whole_moves_as_a_whole(shot: Make, fill: Make, tmp_path: Path, motion: Model) -> None:
    fill(shot({1: (40, 48), 5: (104, 48)}), tmp_path / "out", model=motion, vectors=True)
    for number in range(1, 5):
        found, x = vectors(tmp_path / "out", number), 40 + 16 * (number - 1)
        np.testing.assert_allclose(found["forward.u"][inside(x, 48)], 16, atol=0.1)
        np.testing.assert_allclose(found["forward.v"][inside(x, 48)], 0, atol=0.1)
        assert found["confidence.a"][inside(x - 7, 48, 3)].min() > 0.9


def test_paper_is_at_rest_however_close_something_passes(shot: Make, fill: Make, tmp_path: Path, motion: Model) -> None:
    fill(shot({1: (50, 48), 5: (62, 48)}), tmp_path / "out", model=motion, vectors=True)
    for number in range(1, 6):
        found = vectors(tmp_path / "out", number)
        paper = ~inside(50 + 3 * (number - 1), 48, RADIUS + 4)
        assert all(not found[name][paper].any() for name in found if name != "confidence.a")


def test_what_the_next_frame_hides_is_trusted_less_than_what_it_shows(
    fill: Make, write: Make, tmp_path: Path, motion: Model
) -> None:
    texture = np.random.default_rng(2).random((HEIGHT // 4, WIDTH // 4, 1), np.float32).repeat(4, 0).repeat(4, 1)
    for number, x in ((1, 50), (5, 90)):
        cover = inside(x, 48, RADIUS)[..., None]
        write(tmp_path / "in" / f"shot.{number:04d}.exr", np.where(cover, RED, 0.3 + 0.5 * texture).astype(np.float32))
    fill(tmp_path / "in", tmp_path / "out", model=motion, vectors=True)
    trust = vectors(tmp_path / "out", 3)["confidence.a"]
    hidden = inside(80, 48, RADIUS - 1) & ~inside(70, 48, RADIUS + 3)
    aside = np.zeros_like(hidden)
    aside[8:20, 20:140] = True
    assert trust[hidden].mean() < 0.35
    assert trust[aside].mean() > 0.9


def test_on_a_curve_the_way_there_is_the_way_back_of_where_it_leads(
    shot: Make, fill: Make, tmp_path: Path, motion: Model
) -> None:
    source = shot({1: (30, 70), 5: (60, 40), 9: (95, 32), 13: (130, 50)})
    fill(source, tmp_path / "out", model=motion, vectors=True)
    bent = 0
    for number in range(1, 13):
        here, after = vectors(tmp_path / "out", number), vectors(tmp_path / "out", number + 1)
        solid = np.flatnonzero((np.hypot(here["forward.u"], here["forward.v"]) > 1) & (here["confidence.a"] > 0.7))
        rows, columns = np.divmod(solid, WIDTH)
        x = columns + here["forward.u"].ravel()[solid]
        y = rows - here["forward.v"].ravel()[solid]
        at = np.rint(y).astype(int), np.rint(x).astype(int)
        assert len(solid) > 300
        for axis in "uv":
            gap = here[f"forward.{axis}"].ravel()[solid] + after[f"backward.{axis}"][at]
            assert np.median(np.abs(gap)) < 0.05
        bent += abs(np.median(here["forward.u"].ravel()[solid]) - 7.5) > 0.3
    assert bent


def test_on_twos_nothing_moves_between_frames_that_show_one_drawing(shot: Make, fill: Make, tmp_path: Path) -> None:
    fill(shot({1: (50, 48), 9: (74, 48)}), tmp_path / "out", model=flow.build(), vectors=True, on=2)
    for number in range(1, 10):
        found = vectors(tmp_path / "out", number)
        x = 50 + 3 * 2 * ((number - 1) // 2)
        forward, _, backward, _ = seen(found, x, 48)
        assert forward == pytest.approx(6 if number % 2 == 0 else 0, abs=0.3)
        assert backward == pytest.approx(-6 if number % 2 and number > 1 else 0, abs=0.3)
    assert vectors(tmp_path / "out", 2)["confidence.a"].max() <= 1


def test_a_held_gap_is_still_and_sure_and_a_cut_is_still_and_unsure(
    shot: Make, write: Make, fill: Make, tmp_path: Path
) -> None:
    source = shot({1: (50, 48), 4: (50, 48)})
    noise = np.random.default_rng(0).random((HEIGHT // 8, WIDTH // 8, 3), np.float32).repeat(8, 0).repeat(8, 1)
    write(source / "shot.0007.exr", noise * np.array((0.1, 0.3, 0.6), np.float32))
    _, events = fill(source, tmp_path / "out", model=flow.build(), vectors=True, cut_threshold=0.2)
    assert [event["event"] for event in events].count("cut") == 1
    for number in range(1, 8):
        found = vectors(tmp_path / "out", number)
        assert all(not found[name].any() for name in found if name != "confidence.a")
        assert set(np.unique(found["confidence.a"])) == {0.0 if number in (6, 7) else 1.0}


def test_keys_without_gaps_move_as_well(shot: Make, fill: Make, tmp_path: Path) -> None:
    source = shot({1: (50, 48), 2: (54, 48), 3: (58, 52)})
    fill(source, tmp_path / "out", model=flow.build(), vectors=True)
    assert seen(vectors(tmp_path / "out", 2), 54, 48) == pytest.approx((4, -4, -4, 0), abs=0.3)


def test_frames_are_float_exr_with_the_windows_of_the_picture_whatever_the_keys_are(
    shot: Make, fill: Make, tmp_path: Path
) -> None:
    fill(shot({1: (50, 48), 3: (56, 48)}, name="shot.{:04d}.png"), tmp_path / "out", model=flow.build(), vectors=True)
    image = oiio.ImageInput.open(str(tmp_path / "out/shot.0002.exr"))
    spec = image.spec()
    assert set(spec.channelnames) == {"forward.u", "forward.v", "backward.u", "backward.v", "confidence.a"}
    assert str(spec.format) == "float"
    assert (spec.width, spec.height, spec.full_width, spec.full_height) == (WIDTH, HEIGHT, WIDTH, HEIGHT)
    assert spec["inbetween:model"] == "flow"
    assert spec["inbetween:keys"] == "shot.0001.png shot.0003.png"


def test_data_windows_that_differ_are_those_of_the_picture(write: Make, fill: Make, tmp_path: Path) -> None:
    for number, x, left, width in ((1, 50, 20, 100), (3, 56, 30, 110)):
        spec = oiio.ImageSpec(width, HEIGHT, 3, "half")
        spec.x, spec.full_width, spec.full_height = left, WIDTH, HEIGHT
        file = tmp_path / "in" / f"shot.{number:04d}.exr"
        file.parent.mkdir(exist_ok=True)
        write_frame(file, Header(file, (spec,), straight=False), disc(x, 48)[:, left : left + width])
    for vectors_too in (False, True):
        fill(tmp_path / "in", tmp_path / f"out{vectors_too}", model=flow.build(), vectors=vectors_too)
    for number in (1, 2, 3):
        windows = []
        for folder in ("outFalse", "outTrue"):
            spec = oiio.ImageInput.open(str(tmp_path / folder / f"shot.{number:04d}.exr")).spec()
            windows.append((spec.x, spec.y, spec.width, spec.height, spec.full_width, spec.full_height))
        assert windows[0] == windows[1]


@pytest.fixture
def long(shot: Make) -> Path:
    made: Path = shot({1: (30, 60), 5: (50, 48), 9: (75, 40), 13: (95, 42), 17: (110, 50)})
    return made


@pytest.mark.parametrize("how", [{"frames": "5,7,8-9"}, {"jobs": 5}, {"frames": "13-17", "jobs": 1}])
def test_the_same_bits_are_written_however_many_frames_are_asked_for_and_at_once(
    long: Path, fill: Make, tmp_path: Path, how: dict[str, Any]
) -> None:
    fill(long, tmp_path / "all", model=flow.build(), vectors=True)
    fill(long, tmp_path / "some", model=flow.build(), vectors=True, **how)
    every, some = bytes_of(tmp_path / "all"), bytes_of(tmp_path / "some")
    assert len(some) in (4, 5, 17)
    assert all(every[name] == content for name, content in some.items())


def test_a_second_run_keeps_all_and_a_run_that_was_stopped_goes_on_to_the_same_bits(
    long: Path, fill: Make, tmp_path: Path
) -> None:
    fill(long, tmp_path / "whole", model=flow.build(), vectors=True)
    summary, _ = fill(long, tmp_path / "whole", model=flow.build(), vectors=True)
    assert (summary.kept, summary.drawn) == (17, 0)
    out = tmp_path / "parted"
    fill(long, out, model=flow.build(), vectors=True, frames="1-6,9")
    (out / "shot.0003.exr").unlink()
    summary, _ = fill(long, out, model=flow.build(), vectors=True)
    assert (summary.kept, summary.drawn) == (6, 11)
    assert bytes_of(out) == bytes_of(tmp_path / "whole")


def test_a_breakdown_redoes_only_what_depends_on_it(long: Path, fill: Make, write: Make, tmp_path: Path) -> None:
    fill(long, tmp_path / "out", model=flow.build(), vectors=True, path="straight")
    write(long / "shot.0007.exr", disc(60, 46))
    summary, events = fill(long, tmp_path / "out", model=flow.build(), vectors=True, path="straight")
    kept = {event["frame"] for event in events if event.get("action") == "kept"}
    assert kept == {*range(1, 5), *range(10, 18)}
    assert summary.drawn == 5


@pytest.mark.parametrize("timing", ["0.1,0.5,0.6", "0.1,0.4,0.9"])
def test_a_frame_is_made_anew_when_a_neighbour_stands_elsewhere(
    shot: Make, fill: Make, tmp_path: Path, timing: str
) -> None:
    source = shot({1: (50, 48), 5: (62, 48)})
    fill(source, tmp_path / "out", model=flow.build(), vectors=True, timing="0.1,0.5,0.9")
    summary, _ = fill(source, tmp_path / "out", model=flow.build(), vectors=True, timing=timing)
    assert summary.kept == 0


def test_insertion_a_guide_and_a_chart_work_as_for_pictures(
    shot: Make, write: Make, fill: Make, tmp_path: Path
) -> None:
    source = shot({1: (50, 48), 2: (62, 48)})
    fill(source, tmp_path / "inserted", model=flow.build(), vectors=True, insert=3, timing="0.25,0.5,0.75")
    for number in (1, 2):
        write(tmp_path / "z" / f"z.{number:04d}.exr", np.full((HEIGHT, WIDTH, 1), number, np.float32), "float")
    fill(tmp_path / "z", tmp_path / "led", model=flow.build(), vectors=True, insert=3, guide=str(source))
    for number in range(1, 6):
        own, led = vectors(tmp_path / "inserted", number), channels(tmp_path / "led" / f"z.{number:04d}.exr")
        assert all(np.array_equal(own[name], led[name]) for name in own)


def test_marks_lead_vectors_too(shot: Make, fill: Make, tmp_path: Path, motion: Model) -> None:
    source = shot({1: (50, 48), 5: (62, 48)})
    table = tmp_path / "marks.csv"
    table.write_text("mark,frame,x,y\nfar,1,50.5,48.5\nfar,5,62.5,48.5\n")
    fill(source, tmp_path / "out", model=motion, vectors=True, marks=str(table))
    assert seen(vectors(tmp_path / "out", 3), 56, 48) == pytest.approx((3, 0, -3, 0), abs=0.05)
    record = json.loads((tmp_path / "out" / provenance.FOLDER / "shot.0003.exr.json").read_text())
    assert record["origin"]["marks"]


REFUSALS = {
    "a model that moves no pixels": ({"model": dissolve.build()}, "dissolve moves no pixels"),
    "triads": ({"model": flow.build(), "scheme": "triads"}, "vectors are not known in triads"),
    "another type": ({"model": flow.build(), "ext": "png"}, "vectors are kept in EXR"),
    "a contact sheet": ({"model": flow.build(), "contact_sheet": "sheet.png"}, "a contact sheet shows pictures"),
}


@pytest.mark.parametrize(("asked", "says"), REFUSALS.values(), ids=REFUSALS)
def test_what_cannot_be_done_is_refused_before_anything_is_written(
    shot: Make, fill: Make, tmp_path: Path, asked: dict[str, Any], says: str
) -> None:
    with pytest.raises(SettingsError, match=says):
        fill(shot({1: (50, 48), 5: (62, 48)}), tmp_path / "out", vectors=True, **asked)
    assert not (tmp_path / "out").exists()


def test_every_model_tells_vectors_or_refuses_in_a_sentence() -> None:
    models = [registry.load(name, "cpu", "auto") for name in registry.MODELS]
    assert {model.name for model in models if model.knows_vectors} == {"flow", "motion", "motion-native"}
    for model in models:
        if not model.knows_vectors:
            with pytest.raises(SettingsError, match=f"^{model.name} moves no pixels"):
                model.refuse_vectors(Settings())


@pytest.mark.parametrize("first", [False, True], ids=["pictures first", "vectors first"])
def test_vectors_never_take_the_place_of_pictures_nor_pictures_that_of_vectors(
    shot: Make, fill: Make, tmp_path: Path, first: bool
) -> None:
    source = shot({1: (50, 48), 3: (62, 48)})
    fill(source, tmp_path / "out", model=flow.build(), vectors=first)
    before = bytes_of(tmp_path / "out")
    with pytest.raises(InputError, match="of an earlier run; name another folder"):
        fill(source, tmp_path / "out", model=flow.build(), vectors=not first)
    assert bytes_of(tmp_path / "out") == before


def test_a_plan_shows_every_frame_as_drawn_and_what_is_kept(long: Path, fill: Make, tmp_path: Path) -> None:
    job = Job(str(long), str(tmp_path / "out"), Settings(), vectors=True)

    def shown() -> list[str]:
        ((_, rows),) = preview(job, lambda _: None, load=lambda *_: flow.build())
        return [row.action for row in rows]

    assert shown() == ["draw"] * 17
    fill(long, tmp_path / "out", model=flow.build(), vectors=True, frames="1-3", cut_threshold=0.75)
    assert shown() == ["keep"] * 3 + ["draw"] * 14


def test_a_gap_that_fails_takes_its_keys_along_and_nothing_else(long: Path, fill: Make, tmp_path: Path) -> None:
    class Failing(flow.Flow):
        def _pair(self, start: Any, end: Any, marks: Any = ()) -> Any:
            if np.allclose(start[0], disc(75, 40).astype(np.float16)):
                raise RuntimeError("spilled its ink")
            return super()._pair(start, end, marks)

    failing = replace(flow.build(), network=Failing)
    summary, _ = fill(long, tmp_path / "out", model=failing, vectors=True, path="straight")
    assert [each.frame for each in summary.failed] == [9, 10, 11, 12, 13]
    assert "spilled its ink" in summary.failed[0].message
    assert summary.drawn == 12
