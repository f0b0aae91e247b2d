"""Cycles: what goes round for ever has no first and no last frame, and its seam is a key like any other."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest

from inbetween.core.errors import InputError, SettingsError
from inbetween.hosts.sequence.job import Job
from inbetween.hosts.sequence.run import preview
from inbetween.models import flow

Make = Callable[..., Any]
TURN = 12
"""Frames of the cycle, with a key every third."""


def orbit(turn: float) -> np.ndarray:
    """A disc that is so far round its orbit, from 0 to 1; (96, 96, 4), premultiplied."""
    y, x = 48 - 26 * np.cos(2 * np.pi * turn), 48 + 26 * np.sin(2 * np.pi * turn)
    down, across = np.mgrid[0:96, 0:96]
    alpha = np.clip(12.5 - np.hypot(across - x, down - y), 0, 1)
    return np.stack([alpha * value for value in (0.9, 0.6, 0.2, 1.0)], -1).astype(np.float32)


@pytest.fixture
def keys(tmp_path: Path, write: Make) -> Make:
    """Writes keys of these numbers; the disc is at the top at frame 1."""

    def make(numbers: Sequence[int], folder: str = "in", later: int = 0) -> Path:
        for number in numbers:
            write(tmp_path / folder / f"ball.{number:04d}.exr", orbit((number + later - 1) / TURN))
        return tmp_path / folder

    return make


def pixels(folder: Path, number: int) -> np.ndarray:
    return np.asarray(oiio.ImageBuf(str(folder / f"ball.{number:04d}.exr")).get_pixels(oiio.FLOAT))


def frames(folder: Path) -> list[int]:
    return sorted(int(file.suffixes[0][1:]) for file in folder.glob("*.exr"))


def drawn(events: Sequence[dict[str, Any]]) -> list[int]:
    return sorted(event["frame"] for event in events if event.get("action") == "drawn")


@pytest.mark.parametrize("settings", [{}, {"timing": "ease-in-out"}, {"on": 2}, {"path": "straight"}])
def test_a_cycle_is_the_middle_of_three_equal_turns(
    keys: Make, fill: Make, tmp_path: Path, settings: dict[str, Any]
) -> None:
    fill(keys((1, 4, 7, 10)), tmp_path / "out", flow.build(), cycle=TURN, **settings)
    fill(keys(range(1, 37, 3), "long"), tmp_path / "turns", flow.build(), frames="13-24", **settings)
    assert frames(tmp_path / "out") == list(range(1, 13))
    for number in range(1, 13):
        assert np.array_equal(pixels(tmp_path / "out", number), pixels(tmp_path / "turns", number + TURN)), number


def test_where_a_cycle_begins_makes_no_difference(keys: Make, fill: Make, tmp_path: Path) -> None:
    fill(keys((1, 4, 7, 10)), tmp_path / "out", flow.build(), cycle=TURN)
    fill(keys((1, 4, 7, 10), "later", later=3), tmp_path / "turned", flow.build(), cycle=TURN)
    for number in range(1, 13):
        assert np.array_equal(pixels(tmp_path / "out", (number + 2) % TURN + 1), pixels(tmp_path / "turned", number))


def test_two_keys_swing_to_and_fro(keys: Make, fill: Make, tmp_path: Path) -> None:
    fill(keys((1, 3)), tmp_path / "out", flow.build(), cycle=4)
    there, back, key = (pixels(tmp_path / "out", number) for number in (2, 4, 1))
    assert np.abs(there - back).mean() < 0.1 * np.abs(there - key).mean()


def test_a_last_key_that_repeats_the_first_changes_nothing(keys: Make, fill: Make, tmp_path: Path) -> None:
    fill(keys((1, 4, 7, 10)), tmp_path / "out", flow.build(), cycle=TURN)
    fill(keys((1, 4, 7, 10, 13), "closed"), tmp_path / "same", flow.build(), cycle=TURN)
    assert frames(tmp_path / "same") == list(range(1, 14))
    for number in range(1, 13):
        assert np.array_equal(pixels(tmp_path / "out", number), pixels(tmp_path / "same", number)), number


def test_poses_without_gaps_are_spread_over_the_cycle(keys: Make, fill: Make, tmp_path: Path, write: Make) -> None:
    fill(keys((1, 4, 7, 10)), tmp_path / "out", flow.build(), cycle=TURN)
    for number in (1, 2, 3, 4):
        write(tmp_path / "poses" / f"ball.{number:04d}.exr", orbit((number - 1) / 4))
    fill(tmp_path / "poses", tmp_path / "spread", flow.build(), insert=2, cycle=TURN)
    assert frames(tmp_path / "spread") == frames(tmp_path / "out")
    assert np.array_equal(pixels(tmp_path / "spread", 12), pixels(tmp_path / "out", 12))


def test_every_share_of_a_cycle_draws_what_the_whole_draws(keys: Make, fill: Make, tmp_path: Path) -> None:
    source = keys((1, 4, 7, 10))
    fill(source, tmp_path / "whole", flow.build(), cycle=TURN)
    for share in ("11", "12", "1-3", "4-10"):
        fill(source, tmp_path / "shared", flow.build(), cycle=TURN, frames=share)
    for number in range(1, 13):
        files = [tmp_path / folder / f"ball.{number:04d}.exr" for folder in ("whole", "shared")]
        assert files[0].read_bytes() == files[1].read_bytes(), number


def test_a_changed_key_redoes_the_gaps_that_it_leads_across_the_seam(
    keys: Make, fill: Make, write: Make, tmp_path: Path
) -> None:
    source = keys((1, 3, 5, 7, 9, 11))
    fill(source, tmp_path / "out", flow.build(), cycle=TURN)
    write(source / "ball.0001.exr", orbit(0.01))
    _, events = fill(source, tmp_path / "out", flow.build(), cycle=TURN)
    assert drawn(events) == [2, 4, 10, 12]


def test_a_sequence_that_becomes_a_cycle_keeps_what_the_seam_does_not_touch(
    keys: Make, fill: Make, tmp_path: Path
) -> None:
    source = keys((1, 3, 5, 7, 9, 11))
    fill(source, tmp_path / "out", flow.build())
    _, events = fill(source, tmp_path / "out", flow.build(), cycle=TURN)
    assert drawn(events) == [2, 10, 12]


def test_frames_past_the_end_are_named_when_a_cycle_is_one_no_longer(keys: Make, fill: Make, tmp_path: Path) -> None:
    source = keys((1, 4, 7, 10))
    fill(source, tmp_path / "out", flow.build(), cycle=TURN)
    _, events = fill(source, tmp_path / "out", flow.build())
    assert any("beyond the keys, ball.0011.exr to ball.0012.exr" in event.get("message", "") for event in events)


def test_a_mark_on_the_last_key_and_the_first_leads_through_the_seam(keys: Make, tmp_path: Path) -> None:
    (tmp_path / "marks.csv").write_text("mark,frame,x,y\nball,1,48,22\nball,10,22,48\n")
    source = keys((1, 4, 7, 10))

    def told(cycle: int) -> list[str]:
        events: list[dict[str, Any]] = []
        job = Job(str(source), str(tmp_path / "out"), marks=str(tmp_path / "marks.csv"), cycle=cycle)
        list(preview(job, events.append))
        return [event["message"] for event in events]

    assert any("ball lead nothing" in message for message in told(0))
    assert told(TURN) == []


@pytest.mark.parametrize(("share", "made"), [("1", [1]), ("11-12", [11, 12]), ("1-12", list(range(1, 13)))])
def test_the_vectors_of_a_cycle_are_those_of_the_middle_of_three_turns(
    keys: Make, fill: Make, tmp_path: Path, share: str, made: list[int]
) -> None:
    _, events = fill(keys((1, 4, 7, 10)), tmp_path / "out", flow.build(), cycle=TURN, vectors=True, frames=share)
    fill(keys(range(1, 37, 3), "long"), tmp_path / "turns", flow.build(), frames="13-24", vectors=True)
    assert frames(tmp_path / "out") == drawn(events) == made
    for number in made:
        assert np.array_equal(pixels(tmp_path / "out", number), pixels(tmp_path / "turns", number + TURN)), number


def test_the_plan_shows_the_way_back(keys: Make, tmp_path: Path) -> None:
    job = Job(str(keys((1, 4, 7, 10))), str(tmp_path / "out"), cycle=TURN)
    ((_, rows),) = preview(job, print)
    assert [row.frame for row in rows] == list(range(1, 13))
    assert rows[-1].keys == ("ball.0010.exr", "ball.0001.exr")


@pytest.mark.parametrize(
    ("numbers", "settings", "message"),
    [
        ((1, 4, 7, 10), {"cycle": 8}, "ball.0010.exr is frame 10, and a cycle of 8 frames is at its first key again"),
        ((1, 2, 3), {"cycle": 3}, "no gap in their numbers"),
        ((1, 4), {"cycle": 6, "frames": "9"}, "its result would be 1-6"),
        ((1, 4), {"cycle": 20_000}, "check the numbers of these files, or the cycle"),
    ],
)
def test_what_is_no_cycle_is_refused(
    keys: Make, fill: Make, tmp_path: Path, numbers: Sequence[int], settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        fill(keys(numbers), tmp_path / "out", flow.build(), **settings)
    assert not (tmp_path / "out").exists()


def test_a_cycle_cannot_go_backwards() -> None:
    with pytest.raises(SettingsError, match="cycle is -1; it must be at least 0"):
        Job("in", "out", cycle=-1)
