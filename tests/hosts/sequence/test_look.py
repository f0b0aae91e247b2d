"""Which in-betweens an artist is told to look at: on real files, through the runner."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inbetween.core.network import WORTH_A_LOOK, Array
from inbetween.core.schedule import Gap
from inbetween.hosts.sequence import gap, provenance
from inbetween.hosts.sequence.frames import read_header, read_plate
from inbetween.hosts.sequence.look import look_at
from inbetween.models import dissolve, flow
from inbetween.models.model import Model
from inbetween.progress import sentence

Make = Callable[..., Any]
Event = dict[str, Any]

WIDTH, HEIGHT = 96, 64


def shapes(*places: tuple[int, int], radius: int = 9) -> np.ndarray:
    """Opaque discs on grey, each of its own colour."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    frame = np.full((HEIGHT, WIDTH, 4), (0.8, 0.8, 0.8, 1), np.float32)
    for number, (across, down) in enumerate(places):
        inside = (x - across) ** 2 + (y - down) ** 2 < radius**2
        frame[inside, :3] = ((0.9, 0.1, 0.1), (0.1, 0.2, 0.7), (0.1, 0.5, 0.1))[number % 3]
    return frame


STARTS = shapes((20, 20), (40, 45), (30, 34))
MOVES_ON = shapes((23, 20), (43, 45), (33, 34))
ELSEWHERE = shapes((80, 12), (60, 54), (85, 40), (14, 50), (48, 10), (66, 30), radius=6)


@pytest.fixture
def shot(write: Make, tmp_path: Path) -> Callable[..., Path]:
    """Three keys: from the first to the second hardly anything moves; where it goes then, nobody can tell."""

    def make(name: str = "shot.{:04d}.exr") -> Path:
        kind = "uint16" if name.endswith("png") else "half"
        for number, key in ((1001, STARTS), (1005, MOVES_ON), (1013, ELSEWHERE)):
            write(tmp_path / "in" / name.format(number), key, kind)
        return tmp_path / "in"

    return make


def of(events: list[Event], kind: str) -> list[Event]:
    return [event for event in events if event["event"] == kind]


def doubts(events: list[Event]) -> dict[int, float | None]:
    return {event["frame"]: event["doubt"] for event in of(events, "frame") if "doubt" in event}


def test_a_hopeless_gap_is_named_and_an_easy_one_is_not(shot: Make, fill: Make, tmp_path: Path) -> None:
    _, events = fill(shot(), tmp_path / "out", model=flow.build(), path="straight")
    (look,) = of(events, "look")
    assert look["frames"]
    assert set(look["frames"]) <= set(range(1006, 1013))
    assert look["breakdown"] in look["frames"]
    assert sentence(look).startswith("look at 10")
    assert sentence(look).endswith(f": a breakdown at {look['breakdown']} would help most")


def test_every_in_between_says_how_far_it_is_doubted_and_no_key_does(shot: Make, fill: Make, tmp_path: Path) -> None:
    _, events = fill(shot(), tmp_path / "out", model=flow.build())
    assert sorted(doubts(events)) == [1002, 1003, 1004, *range(1006, 1013)]
    assert all(doubt is not None and 0 <= doubt <= 1 for doubt in doubts(events).values())


def test_the_breakdown_that_was_asked_for_leaves_less_to_be_looked_at(
    shot: Make, fill: Make, write: Make, tmp_path: Path
) -> None:
    source, out = shot(), tmp_path / "out"
    _, before = fill(source, out, model=flow.build(), path="straight")
    (look,) = of(before, "look")
    write(source / f"shot.{look['breakdown']:04d}.exr", ELSEWHERE)
    _, after = fill(source, out, model=flow.build(), path="straight")
    left = [frame for each in of(after, "look") for frame in each["frames"]]
    assert len(left) < len(look["frames"])
    assert all(frame < look["breakdown"] for frame in left)


@pytest.mark.parametrize("name", ["shot.{:04d}.exr", "shot.{:04d}.png"])
def test_frames_that_are_kept_are_still_named(shot: Make, fill: Make, tmp_path: Path, name: str) -> None:
    source = shot(name)
    _, first = fill(source, tmp_path / "out", model=flow.build())
    summary, second = fill(source, tmp_path / "out", model=flow.build())
    assert summary.kept == 13
    assert doubts(second) == doubts(first)
    assert of(second, "look") == of(first, "look")


def test_an_exr_without_its_record_still_knows_how_far_it_is_doubted(shot: Make, fill: Make, tmp_path: Path) -> None:
    out = tmp_path / "out"
    _, events = fill(shot(), out, model=flow.build())
    for record in (out / provenance.FOLDER).iterdir():
        record.unlink()
    for frame, doubt in doubts(events).items():
        made = provenance.made(out / f"shot.{frame:04d}.exr")
        assert made
        assert made.doubt == pytest.approx(doubt)


@pytest.mark.parametrize("with_record", [True, False])
def test_what_is_on_record_of_a_kept_frame_is_read_once(
    shot: Make, fill: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_record: bool
) -> None:
    source, out, read = shot(), tmp_path / "out", Counter[Path]()
    fill(source, out, model=flow.build())
    if not with_record:
        for record in (out / provenance.FOLDER).iterdir():
            record.unlink()

    def noting(wrapped: Callable[[Path], Any]) -> Callable[[Path], Any]:
        def note(file: Path) -> Any:
            read[file] += file.parent == out
            return wrapped(file)

        return note

    monkeypatch.setattr(provenance, "_read", noting(provenance._read))
    monkeypatch.setattr(provenance, "read_header", noting(read_header))
    summary, events = fill(source, out, model=flow.build())
    kept = {Path(event["file"]) for event in of(events, "frame") if event["action"] == "kept"}
    assert len(kept) == summary.kept == (13 if with_record else 10)
    assert {read[file] for file in kept} == {1 if with_record else 2}, "a record is looked for, then a header is read"


def test_frames_of_an_older_release_are_kept_and_nothing_is_said_of_them(
    shot: Make, fill: Make, tmp_path: Path
) -> None:
    source, out = shot("shot.{:04d}.png"), tmp_path / "out"
    fill(source, out, model=flow.build())
    for file in (out / provenance.FOLDER).iterdir():
        record = json.loads(file.read_text())
        record["origin"].pop(provenance.DOUBT, None)
        file.write_text(json.dumps(record))
    summary, events = fill(source, out, model=flow.build())
    assert summary.kept == 13
    assert set(doubts(events).values()) == {None}
    assert not of(events, "look")


def test_a_model_that_cannot_say_says_nothing(shot: Make, fill: Make, tmp_path: Path) -> None:
    out = tmp_path / "out"
    _, events = fill(shot(), out)
    assert set(doubts(events).values()) == {None}
    assert not of(events, "look")
    header = read_header(out / "shot.1009.exr").parts[0]
    assert header.get("inbetween:recipe")
    assert header.get("inbetween:doubt") is None


def test_in_triads_nothing_is_said(shot: Make, fill: Make, tmp_path: Path) -> None:
    _, events = fill(shot(), tmp_path / "out", model=flow.build(), scheme="triads")
    assert set(doubts(events).values()) == {None}


def test_a_held_drawing_is_doubted_on_all_its_frames_and_a_held_key_on_none(
    shot: Make, fill: Make, tmp_path: Path
) -> None:
    _, events = fill(shot(), tmp_path / "out", model=flow.build(), on=2)
    told = doubts(events)
    assert told[1006] is None
    assert told[1007] is not None
    assert told[1007] == told[1008]


class Unsure:
    """A network that doubts what it draws as it is told to, whatever it draws."""

    def __init__(self, *doubts: float | None) -> None:
        self.told = list(doubts)
        self.doubts: list[float | None] = []

    def __call__(self, start: Array, end: Array, t: Array, /) -> Array:
        self.doubts = [self.told.pop(0) for _ in range(len(t))]
        return start + t * (end - start)


def unsure(*doubts: float | None) -> Model:
    network = Unsure(*doubts)
    return replace(dissolve.build(), network=lambda *_: network)


@pytest.mark.parametrize("at_once", [1, 3, 99])
def test_each_frame_gets_the_word_on_itself_however_few_are_drawn_at_once(
    shot: Make, fill: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(gap, "frames_at_once", lambda *_: at_once)
    told = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, None, 0.8, 0.9, 1.0]
    _, events = fill(shot(), tmp_path / "out", model=unsure(*told))
    assert [doubt for _, doubt in sorted(doubts(events).items())] == told
    (look,) = of(events, "look")
    assert look["message"] == "look at 1007-1008, 1010-1012: a breakdown at 1012 would help most"
    assert (look["frames"], look["breakdown"]) == ((1007, 1008, 1010, 1011, 1012), 1012)


def test_of_several_sequences_each_is_named(write: Make, fill: Make, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / "in" / f"{name}.01.exr", STARTS)
        write(tmp_path / "in" / f"{name}.03.exr", MOVES_ON)
    _, events = fill(tmp_path / "in", tmp_path / "out", model=unsure(0.9, 0.9))
    assert [look["message"] for look in of(events, "look")] == [
        "a.##.exr: look at 2: a breakdown at 2 would help most",
        "b.##.exr: look at 2: a breakdown at 2 would help most",
    ]


def test_the_contact_sheet_marks_what_is_worth_a_look(shot: Make, fill: Make, tmp_path: Path) -> None:
    sheets = []
    for name, doubt in (("sure", 0.1), ("unsure", WORTH_A_LOOK)):
        sheet = tmp_path / f"{name}.png"
        fill(shot(), tmp_path / name, model=unsure(*[doubt] * 10), contact_sheet=str(sheet))
        sheets.append(read_plate(sheet).pixels)
    pink = [(np.abs(sheet - np.array((255, 77, 106)) / 255).max(-1) < 0.01).sum() for sheet in sheets]
    assert pink[0] == 0
    assert pink[1] > 10 * 4 * 100


def test_the_same_pictures_are_drawn_whatever_is_thought_of_them(shot: Make, fill: Make, tmp_path: Path) -> None:
    for name, doubt in (("sure", 0.1), ("unsure", 0.9)):
        fill(shot("shot.{:04d}.png"), tmp_path / name, model=unsure(*[doubt] * 10))
    for file in sorted((tmp_path / "sure").glob("*.png")):
        assert file.read_bytes() == (tmp_path / "unsure" / file.name).read_bytes()


@pytest.mark.parametrize(
    ("found", "says"),
    [
        ({}, None),
        ({2: 0.49}, None),
        ({2: 0.5}, "look at 2: a breakdown at 2 would help most"),
        ({2: 0.6, 3: 0.7, 4: 0.7}, "look at 2-4: a breakdown at 3 would help most"),
        ({3: 0.9, 11: 0.6, 12: 0.7, 13: 0.6}, "look at 3, 11-13: a breakdown at 12 would help most"),
    ],
)
def test_the_gap_with_most_to_be_doubted_is_where_a_breakdown_goes(found: dict[int, float], says: str | None) -> None:
    look = look_at(found, [Gap(1, 5), Gap(5, 10), Gap(10, 15)])
    assert (look and str(look)) == says
