"""A timing for each key: every gap is spaced as the key says that it begins at, and no other gap knows of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inbetween.core.errors import InbetweenError, SettingsError
from inbetween.hosts.sequence.job import Job, job_from
from inbetween.hosts.sequence.run import preview
from inbetween.models import dissolve, flow

Make = Callable[..., Any]
EACH = "1:0.05,0.15,0.3,0.5,0.7,0.85,0.95 9:0.2,0.5,0.8"


def times(events: list[dict[str, Any]]) -> dict[int, float]:
    """The time of every in-between that was made or kept."""
    return {event["frame"]: event["t"] for event in events if event.get("t") is not None}


def drawn(events: list[dict[str, Any]]) -> list[int]:
    return sorted(event["frame"] for event in events if event.get("action") == "drawn")


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if not file.name.startswith(".")}


def test_each_gap_has_the_chart_of_its_own_key(keys: Make, fill: Make, tmp_path: Path) -> None:
    _, events = fill(keys([1, 9, 13]), tmp_path / "out", timing=EACH)
    found = times(events)
    assert [found[frame] for frame in range(2, 9)] == [0.05, 0.15, 0.3, 0.5, 0.7, 0.85, 0.95]
    assert [found[frame] for frame in range(10, 13)] == [0.2, 0.5, 0.8]


@pytest.mark.parametrize(("rest", "spacing"), [("", (0.25, 0.5, 0.75)), ("ease-in ", (1 / 16, 1 / 4, 9 / 16))])
def test_gaps_that_are_not_named_are_linear_or_as_what_stands_first(
    keys: Make, fill: Make, tmp_path: Path, rest: str, spacing: tuple[float, ...]
) -> None:
    _, events = fill(keys([1, 5, 9]), tmp_path / "out", timing=f"{rest}5:0.2,0.5,0.8")
    assert times(events) == {2: spacing[0], 3: spacing[1], 4: spacing[2], 6: 0.2, 7: 0.5, 8: 0.8}


def test_on_twos_a_chart_is_for_the_drawings_of_its_gap(keys: Make, fill: Make, tmp_path: Path) -> None:
    _, events = fill(keys([1, 9, 13]), tmp_path / "out", timing="1:0.1,0.4,0.8 9:0.9", on=2)
    assert [times(events)[frame] for frame in (3, 4, 5, 7, 11, 12)] == [0.1, 0.1, 0.4, 0.8, 0.9, 0.9]


def test_keys_below_zero_are_named_as_well(keys: Make, fill: Make, tmp_path: Path) -> None:
    _, events = fill(keys([-8, -4, 0, 4]), tmp_path / "out", timing="-4:ease-in 0:ease-out")
    assert [times(events)[frame] for frame in (-7, -3, 1)] == [1 / 4, 1 / 16, 7 / 16]


def test_one_run_makes_the_frames_of_a_run_for_each_gap(keys: Make, fill: Make, tmp_path: Path) -> None:
    source = keys([1, 9, 13])
    fill(source, tmp_path / "parts", flow.build(), timing="ease-in", frames="1-8")
    fill(source, tmp_path / "parts", flow.build(), timing="0.2,0.5,0.8", frames="9-13")
    fill(source, tmp_path / "whole", flow.build(), timing="1:ease-in 9:0.2,0.5,0.8")
    assert contents(tmp_path / "whole") == contents(tmp_path / "parts")
    summary, _ = fill(source, tmp_path / "parts", flow.build(), timing="1:ease-in 9:0.2,0.5,0.8")
    assert (summary.kept, summary.drawn) == (13, 0)


@pytest.mark.parametrize("model", [dissolve.build, flow.build], ids=["dissolve", "flow"])
def test_another_chart_redoes_its_own_gap_alone(keys: Make, fill: Make, tmp_path: Path, model: Make) -> None:
    source = keys([1, 5, 9, 13])
    fill(source, tmp_path / "out", model(), timing="1:ease-in 5:0.2,0.5,0.8")
    _, events = fill(source, tmp_path / "out", model(), timing="1:ease-in 5:0.2,0.6,0.8")
    assert drawn(events) == [6, 7, 8]
    fill(source, tmp_path / "fresh", model(), timing="1:ease-in 5:0.2,0.6,0.8")
    assert contents(tmp_path / "out") == contents(tmp_path / "fresh")


def test_what_is_said_in_other_words_is_kept(keys: Make, fill: Make, tmp_path: Path) -> None:
    source = keys([1, 5, 9])
    fill(source, tmp_path / "out", timing="1:ease-in 5:ease-out")
    for same in ("5:ease-out  1:ease-in", "ease-in 5:ease-out", "ease-out 0001: ease-in"):
        summary, _ = fill(source, tmp_path / "out", timing=same)
        assert summary.kept == 9, same


@pytest.mark.parametrize("model", [dissolve.build, flow.build], ids=["dissolve", "flow"])
def test_a_shot_of_one_timing_is_kept_when_a_key_is_named(keys: Make, fill: Make, tmp_path: Path, model: Make) -> None:
    source = keys([1, 5, 9])
    fill(source, tmp_path / "out", model())
    _, events = fill(source, tmp_path / "out", model(), timing="5:ease-out")
    assert drawn(events) == [6, 7, 8]


def test_keys_are_named_by_their_own_numbers_where_the_result_is_renumbered(
    keys: Make, fill: Make, tmp_path: Path
) -> None:
    source = keys([10, 11, 12])
    _, events = fill(source, tmp_path / "out", insert=3, timing="11:0.2,0.5,0.8")
    assert times(events) == {11: 0.25, 12: 0.5, 13: 0.75, 15: 0.2, 16: 0.5, 17: 0.8}
    with pytest.raises(SettingsError, match=r"timing names key 14, at which no gap begins.* one does: 10, 11$"):
        fill(source, tmp_path / "none", insert=3, timing="14:0.2,0.5,0.8")
    says = "shot.0011.exr to shot.0012.exr, by the numbers of the result between keys 14 and 18: .*2 fractions"
    with pytest.raises(SettingsError, match=says):
        fill(source, tmp_path / "none", insert=3, timing="11:0.2,0.8")


def test_in_a_cycle_the_last_key_begins_a_gap_too(keys: Make, fill: Make, tmp_path: Path) -> None:
    _, events = fill(keys([1, 5]), tmp_path / "out", cycle=8, timing="5:0.2,0.5,0.8")
    assert times(events) == {2: 0.25, 3: 0.5, 4: 0.75, 6: 0.2, 7: 0.5, 8: 0.8}


def test_vectors_of_other_gaps_are_kept_and_those_of_its_keys_are_not(keys: Make, fill: Make, tmp_path: Path) -> None:
    source = keys([1, 5, 9, 13])
    fill(source, tmp_path / "out", flow.build(), vectors=True, timing="5:0.2,0.5,0.8")
    _, events = fill(source, tmp_path / "out", flow.build(), vectors=True, timing="5:0.2,0.6,0.9")
    assert drawn(events) == [5, 6, 7, 8, 9]


def test_a_share_of_the_frames_takes_the_whole_timing(keys: Make, fill: Make, tmp_path: Path) -> None:
    source = keys([1, 9, 13])
    fill(source, tmp_path / "whole", timing=EACH)
    for share in ("1-8", "9-13"):
        fill(source, tmp_path / "shares", timing=EACH, frames=share)
    assert contents(tmp_path / "shares") == contents(tmp_path / "whole")


def test_auto_is_an_arc_in_gaps_with_charts_and_smooth_in_the_others(keys: Make, fill: Make, tmp_path: Path) -> None:
    source, timing = keys([1, 5, 9, 13]), "9:0.2,0.5,0.8"
    for path in ("auto", "arc", "smooth"):
        fill(source, tmp_path / path, flow.build(), timing=timing, path=path)
    for number, same, other in ((6, "smooth", "arc"), (10, "arc", "smooth")):
        auto, as_it, unlike = (read(tmp_path / name / f"shot.{number:04d}.exr") for name in ("auto", same, other))
        assert auto == as_it != unlike


def read(file: Path) -> bytes:
    """The pixels of a frame, without its provenance."""
    from inbetween.hosts.sequence.frames import read_plate

    return read_plate(file).pixels.tobytes()


@pytest.mark.parametrize("key", [0, 5, 13, 130])
def test_a_number_at_which_no_gap_begins_is_refused_naming_the_keys(
    keys: Make, fill: Make, tmp_path: Path, key: int
) -> None:
    with pytest.raises(SettingsError, match=f"timing names key {key}, at which no gap begins.* one does: 1, 9$"):
        fill(keys([1, 9, 13, 14]), tmp_path / "out", timing=f"ease-in {key}:linear", frames="2")
    assert not (tmp_path / "out").exists()


def test_of_many_keys_the_nearest_are_named(keys: Make, fill: Make, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"timing names key 20, .*: 15, 17, 19, 21, 23$"):
        fill(keys(range(1, 40, 2)), tmp_path / "out", timing="20:ease-in")


def test_a_key_of_any_sequence_in_the_folder_may_be_named(keys: Make, fill: Make, tmp_path: Path) -> None:
    keys([1, 4], "a.{:04d}.exr")
    _, events = fill(keys([7, 9], "b.{:04d}.exr"), tmp_path / "out", timing="7:ease-in")
    assert times(events) == {2: 1 / 3, 3: 2 / 3, 8: 0.25}


def test_a_breakdown_in_a_charted_gap_asks_for_a_chart_of_its_own(
    keys: Make, fill: Make, write: Make, picture: Make, tmp_path: Path
) -> None:
    source = keys([1, 9, 13])
    write(source / "shot.0005.exr", picture(8))
    with pytest.raises(SettingsError, match=r"between keys 1 and 5: .* has 7 fractions, but the gap takes 3 drawings"):
        fill(source, tmp_path / "out", timing=EACH)
    fill(source, tmp_path / "out", timing="1:0.1,0.3,0.6 5:0.4,0.7,0.9 9:0.2,0.5,0.8")


def test_motion_vectors_leave_no_gap_a_timing_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="timing is '1:ease-in', but motion vectors say where everything is"):
        job_from({"motion_vectors": "motion", "settings": {"timing": "1:ease-in"}})


def test_a_dry_run_shows_the_times_of_each_gap(keys: Make, tmp_path: Path) -> None:
    job = job_from({"source": str(keys([1, 9, 13])), "target": str(tmp_path / "out"), "settings": {"timing": EACH}})
    ((_, rows),) = preview(job, print, load=lambda *_: dissolve.build())
    assert [row.t for row in rows if row.t is not None] == [0.05, 0.15, 0.3, 0.5, 0.7, 0.85, 0.95, 0.2, 0.5, 0.8]


def test_a_timing_of_no_gap_is_no_news_where_there_is_no_gap_at_all(keys: Make, tmp_path: Path) -> None:
    job = job_from({"source": str(keys([1, 2])), "target": str(tmp_path / "out"), "settings": {"timing": "1:ease-in"}})
    assert isinstance(job, Job)
    with pytest.raises(InbetweenError, match="have no gap in their numbers"):
        list(preview(job, print, load=lambda *_: dissolve.build()))
