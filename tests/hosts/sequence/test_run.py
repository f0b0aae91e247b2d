"""Files in, files out: what the runner promises, on real files."""

import shutil
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest

from inbetween.core.errors import Cancelled, InputError
from inbetween.hosts.sequence import work
from inbetween.hosts.sequence.frames import Header, Plate, read_header, read_plate, write_frame
from inbetween.models import dissolve, flow
from inbetween.models.model import Model

Make = Callable[..., Any]


def own_model(name: str, network: Any, **more: Any) -> Model:
    """A model that draws with a network of ours."""
    return replace(dissolve.build(), name=name, network=network, **more)


def frames(folder: Path) -> dict[str, bytes]:
    """Every file of a result by its name, hidden ones left out."""
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir()) if not file.name.startswith(".")}


def test_every_gap_is_filled(keys: Make, fill: Make, tmp_path: Path) -> None:
    summary, _ = fill(keys([1, 9, 17]), tmp_path / "out")
    assert list(frames(tmp_path / "out")) == [f"shot.{number:04d}.exr" for number in range(1, 18)]
    assert (summary.drawn, summary.copied, summary.kept, summary.failed) == (14, 3, 0, ())


def test_keys_come_back_untouched(keys: Make, fill: Make, tmp_path: Path) -> None:
    source = keys([1, 4])
    fill(source, tmp_path / "out")
    for name in ("shot.0001.exr", "shot.0004.exr"):
        assert (tmp_path / "out" / name).read_bytes() == (source / name).read_bytes()


def test_an_in_between_lies_between_its_keys(keys: Make, fill: Make, picture: Make, tmp_path: Path) -> None:
    fill(keys([1, 5]), tmp_path / "out")
    expected = 0.75 * picture(1) + 0.25 * picture(5)
    drawn = read_plate(tmp_path / "out" / "shot.0002.exr").pixels
    np.testing.assert_allclose(drawn, expected, rtol=2e-3)


def test_the_same_run_twice_gives_the_same_bytes(keys: Make, fill: Make, tmp_path: Path) -> None:
    source = keys([1, 6])
    for name in ("a", "b"):
        fill(source, tmp_path / name)
    assert frames(tmp_path / "a") == frames(tmp_path / "b")


def test_a_finished_frame_is_kept_by_the_next_run(keys: Make, fill: Make, tmp_path: Path) -> None:
    source = keys([1, 4])
    fill(source, tmp_path / "out")
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "out").iterdir()}
    summary, events = fill(source, tmp_path / "out")
    assert summary.kept == 4
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "out").iterdir()} == before
    assert [event["action"] for event in events if event["event"] == "frame"] == ["kept"] * 4


def test_overwrite_makes_everything_anew(keys: Make, fill: Make, tmp_path: Path) -> None:
    source = keys([1, 4])
    fill(source, tmp_path / "out")
    summary, _ = fill(source, tmp_path / "out", overwrite=True)
    assert (summary.drawn, summary.kept) == (2, 0)


@pytest.mark.parametrize("name", ["shot.{:04d}.exr", "shot.{:04d}.png"])
def test_a_breakdown_redoes_only_what_depends_on_it(
    keys: Make, fill: Make, write: Make, picture: Make, tmp_path: Path, name: str
) -> None:
    source = keys([1, 9, 17], name)
    fill(source, tmp_path / "out")
    write(source / name.format(5), picture(11), "uint16" if name.endswith("png") else "half")
    summary, events = fill(source, tmp_path / "out")
    drawn = sorted(event["frame"] for event in events if event.get("action") == "drawn")
    assert drawn == [2, 3, 4, 6, 7, 8]
    assert (summary.copied, summary.kept) == (1, 10)
    fill(source, tmp_path / "fresh")
    assert frames(tmp_path / "out") == frames(tmp_path / "fresh")


@pytest.mark.parametrize("name", ["shot.{:04d}.exr", "shot.{:04d}.png"])
def test_a_breakdown_that_is_taken_back_is_drawn_over(keys: Make, fill: Make, tmp_path: Path, name: str) -> None:
    source = keys([1, 5, 9], name)
    fill(source, tmp_path / "out")
    (source / name.format(5)).unlink()
    summary, _ = fill(source, tmp_path / "out")
    assert summary.drawn == 7
    fill(source, tmp_path / "fresh")
    assert frames(tmp_path / "out") == frames(tmp_path / "fresh")


def test_a_key_made_from_an_in_between_is_a_key(keys: Make, fill: Make, tmp_path: Path) -> None:
    """An artist takes a frame of the result, works on it, and puts it among the keys: its provenance comes along."""
    source = keys([1, 9])
    fill(source, tmp_path / "out")
    shutil.copyfile(tmp_path / "out" / "shot.0005.exr", source / "shot.0005.exr")
    fill(source, tmp_path / "out")
    (source / "shot.0005.exr").unlink()
    summary, _ = fill(source, tmp_path / "out")
    assert summary.drawn == 7


def test_a_changed_key_redoes_both_its_gaps(keys: Make, fill: Make, write: Make, picture: Make, tmp_path: Path) -> None:
    source = keys([1, 4, 7, 10])
    fill(source, tmp_path / "out")
    write(source / "shot.0004.exr", picture(8))
    summary, events = fill(source, tmp_path / "out")
    assert sorted(event["frame"] for event in events if event.get("action") == "drawn") == [2, 3, 5, 6]
    assert (summary.copied, summary.kept) == (1, 5)


def test_other_settings_redo_the_in_betweens_and_keep_the_keys(keys: Make, fill: Make, tmp_path: Path) -> None:
    source = keys([1, 5])
    fill(source, tmp_path / "out")
    summary, _ = fill(source, tmp_path / "out", timing="ease-in")
    assert (summary.drawn, summary.kept) == (3, 2)


def test_another_engine_keeps_what_is_finished_and_other_weights_redo_it(
    keys: Make, fill: Make, tmp_path: Path
) -> None:
    source, out = keys([1, 5]), tmp_path / "out"
    graphs = replace(dissolve.build(), weights_sha256="a" * 64, learnt_sha256="c" * 64)
    fill(source, out, model=graphs)
    assert read_header(out / "shot.0003.exr").parts[0].get_string_attribute("inbetween:weights") == "a" * 64
    for same in (replace(graphs, weights_sha256="c" * 64, engine="torch cpu"), graphs):
        summary, _ = fill(source, out, model=same)
        assert (summary.drawn, summary.kept) == (0, 5)
    summary, _ = fill(source, out, model=replace(graphs, learnt_sha256="d" * 64))
    assert (summary.drawn, summary.kept) == (3, 2)


def test_a_release_that_draws_otherwise_redoes_what_an_older_one_drew(keys: Make, fill: Make, tmp_path: Path) -> None:
    source, now = keys([1, 5]), dissolve.build()
    fill(source, tmp_path / "out", model=now)
    summary, _ = fill(source, tmp_path / "out", model=replace(now, algorithm=now.algorithm + 1))
    assert (summary.drawn, summary.kept) == (3, 2)


def test_more_writers_draw_the_same_frames(keys: Make, fill: Make, tmp_path: Path) -> None:
    source = keys([1, 12])
    fill(source, tmp_path / "one", jobs=1)
    summary, _ = fill(source, tmp_path / "one", jobs=8)
    assert summary.kept == 12
    fill(source, tmp_path / "many", jobs=8)
    assert frames(tmp_path / "one") == frames(tmp_path / "many")


def test_a_frame_of_someone_else_is_never_replaced(
    keys: Make, fill: Make, write: Make, picture: Make, tmp_path: Path
) -> None:
    source = keys([1, 5])
    touched = write(tmp_path / "out" / "shot.0003.exr", picture(9))
    before = touched.read_bytes()
    with pytest.raises(InputError, match=r"shot\.0003\.exr was not made by this tool.*or turn on overwrite"):
        fill(source, tmp_path / "out")
    assert frames(tmp_path / "out") == {"shot.0003.exr": before}
    fill(source, tmp_path / "out", overwrite=True)
    assert touched.read_bytes() != before


@pytest.mark.parametrize("name", ["shot.{:04d}.exr", "shot.{:04d}.png"])
def test_an_in_between_that_was_painted_on_is_never_replaced(
    keys: Make, fill: Make, write: Make, picture: Make, tmp_path: Path, name: str
) -> None:
    """Even by a program that keeps all metadata."""
    source = keys([1, 5], name)
    fill(source, tmp_path / "out")
    painted = tmp_path / "out" / name.format(3)
    write_frame(painted, read_header(painted), picture(9))
    before = painted.read_bytes()
    for settings in ({}, {"timing": "ease-in"}):
        with pytest.raises(InputError, match="was not made by this tool, or was changed since"):
            fill(source, tmp_path / "out", **settings)
    assert painted.read_bytes() == before


@pytest.mark.parametrize("name", ["shot.{:04d}.exr", "shot.{:04d}.png"])
def test_a_result_that_was_moved_is_still_known(keys: Make, fill: Make, tmp_path: Path, name: str) -> None:
    source = keys([1, 5], name)
    fill(source, tmp_path / "out")
    shutil.copytree(tmp_path / "out", tmp_path / "copy", copy_function=shutil.copyfile)
    summary, _ = fill(source, tmp_path / "copy")
    assert summary.kept == 5


def test_frames_that_carry_their_provenance_are_known_without_the_records(
    keys: Make, fill: Make, tmp_path: Path
) -> None:
    source = keys([1, 5])
    fill(source, tmp_path / "out")
    shutil.rmtree(tmp_path / "out" / ".inbetween")
    summary, _ = fill(source, tmp_path / "out")
    assert (summary.kept, summary.copied) == (3, 2)


def test_keys_that_were_copied_by_hand_are_taken_for_keys(keys: Make, fill: Make, tmp_path: Path) -> None:
    source = keys([1, 5])
    (tmp_path / "out").mkdir()
    shutil.copyfile(source / "shot.0001.exr", tmp_path / "out" / "shot.0001.exr")
    summary, _ = fill(source, tmp_path / "out")
    assert summary.failed == ()
    assert len(frames(tmp_path / "out")) == 5


def test_a_stopped_run_goes_on_where_it_was(keys: Make, fill: Make, tmp_path: Path) -> None:
    source = keys([1, 9, 17])
    asked = iter([False] * 5)
    with pytest.raises(Cancelled, match="the same command goes on"):
        fill(source, tmp_path / "out", cancelled=lambda: next(asked, True))
    done = frames(tmp_path / "out")
    assert 0 < len(done) < 17
    summary, _ = fill(source, tmp_path / "out")
    assert summary.kept == len(done)
    fill(source, tmp_path / "whole")
    assert frames(tmp_path / "out") == frames(tmp_path / "whole")


def test_a_chunk_of_frames_is_the_same_as_in_a_whole_run(keys: Make, fill: Make, tmp_path: Path) -> None:
    source = keys([1, 9, 17])
    fill(source, tmp_path / "whole")
    for chunk in ("1-3", "4-12", "13-30"):
        fill(source, tmp_path / "chunks", frames=chunk)
    assert frames(tmp_path / "chunks") == frames(tmp_path / "whole")


def test_frames_that_the_result_does_not_have_are_wrong_use(keys: Make, fill: Make, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no frame in 30-40; its result would be 1-9"):
        fill(keys([1, 9]), tmp_path / "out", frames="30-40")


def test_drawings_are_held_on_twos(keys: Make, fill: Make, tmp_path: Path) -> None:
    summary, _ = fill(keys([1, 9]), tmp_path / "out", on=2)
    assert (summary.drawn, summary.held) == (3, 4)
    drawn = [read_plate(tmp_path / "out" / f"shot.{number:04d}.exr").pixels for number in range(1, 10)]
    for first, second in ((0, 1), (2, 3), (4, 5), (6, 7)):
        np.testing.assert_array_equal(drawn[first], drawn[second])
    assert not np.array_equal(drawn[1], drawn[2])


def test_a_cut_is_held_and_said(keys: Make, fill: Make, write: Make, tmp_path: Path) -> None:
    source = keys([1])
    rng = np.random.default_rng(0)
    write(source / "shot.0005.exr", rng.random((16, 24, 4), np.float32) * np.asarray([0, 1, 0, 1], np.float32))
    summary, events = fill(source, tmp_path / "out", cut_threshold=0.1)
    assert summary.held == 3
    assert [event["keys"] for event in events if event["event"] == "cut"] == [["shot.0001.exr", "shot.0005.exr"]]
    first = read_plate(source / "shot.0001.exr").pixels
    np.testing.assert_array_equal(read_plate(tmp_path / "out" / "shot.0004.exr").pixels, first)


def test_new_frames_are_inserted_between_keys_without_gaps(keys: Make, fill: Make, tmp_path: Path) -> None:
    source = keys([10, 11, 12])
    with pytest.raises(InputError, match="number them farther apart, or set insert to the number"):
        fill(source, tmp_path / "none")
    fill(source, tmp_path / "out", insert=3)
    assert list(frames(tmp_path / "out")) == [f"shot.{number:04d}.exr" for number in range(10, 19)]
    assert (tmp_path / "out" / "shot.0014.exr").read_bytes() == (source / "shot.0011.exr").read_bytes()


def test_several_sequences_in_one_folder_stay_apart(keys: Make, fill: Make, tmp_path: Path) -> None:
    keys([1, 4], "a.{:04d}.exr")
    source = keys([7, 9], "b_{:d}.png")
    (source / "notes.txt").write_text("for the director")
    (source / "sub").mkdir()
    _, events = fill(source, tmp_path / "out")
    assert [event["files"] for event in events if event["event"] == "stray"] == [["notes.txt", "sub"]]
    expected = [*(f"a.{number:04d}.exr" for number in range(1, 5)), "b_7.png", "b_8.png", "b_9.png"]
    assert list(frames(tmp_path / "out")) == expected


def test_frames_beyond_the_keys_are_named_and_left_alone(keys: Make, fill: Make, tmp_path: Path) -> None:
    source = keys([1, 3, 5])
    fill(source, tmp_path / "out")
    (source / "shot.0005.exr").unlink()
    _, events = fill(source, tmp_path / "out")
    (message,) = [event["message"] for event in events if event["event"] == "warning"]
    assert "holds 2 frames beyond the keys, shot.0004.exr to shot.0005.exr" in message
    assert len(frames(tmp_path / "out")) == 5


def test_provenance_names_model_keys_and_time(keys: Make, fill: Make, tmp_path: Path) -> None:
    fill(keys([1, 5]), tmp_path / "out")
    spec = read_header(tmp_path / "out" / "shot.0002.exr").parts[0]
    said = {name: spec.get(f"inbetween:{name}") for name in ("model", "version", "weights", "keys", "t", "scheme")}
    assert said == {
        "model": "dissolve",
        "version": "1",
        "weights": "none",
        "keys": "shot.0001.exr shot.0005.exr",
        "t": 0.25,
        "scheme": "direct",
    }


def test_every_frame_is_reported_once_with_its_count(keys: Make, fill: Make, tmp_path: Path) -> None:
    _, events = fill(keys([1, 5, 9]), tmp_path / "out")
    told = [event for event in events if event["event"] == "frame"]
    assert sorted(event["frame"] for event in told) == list(range(1, 10))
    assert [event["done"] for event in told] == list(range(1, 10))
    assert {event["total"] for event in told} == {9}


def test_an_engine_that_fails_costs_its_gap_and_not_the_run(keys: Make, fill: Make, tmp_path: Path) -> None:
    calls = iter([True, False])

    def network(start: Any, end: Any, t: Any) -> Any:
        if next(calls):
            raise RuntimeError("out of\nmemory")
        return (1 - t) * start + t * end

    model = own_model("frail", lambda channels, space: network)
    summary, events = fill(keys([1, 4, 7]), tmp_path / "out", model=model)
    assert (summary.drawn, summary.copied, len(summary.failed)) == (2, 3, 2)
    assert {event["message"] for event in events if event["event"] == "failed"} == {
        "the model could not draw (out of memory); set memory lower, or take another device or model"
    }


def test_a_fault_in_a_model_is_called_one_and_its_traceback_is_logged(
    keys: Make, fill: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def network(start: Any, end: Any, t: Any) -> Any:
        raise IndexError("index 7 is out of bounds")

    with caplog.at_level("DEBUG", "inbetween"):
        summary, _ = fill(keys([1, 4]), tmp_path / "out", model=own_model("wrong", lambda *_: network))
    said = summary.failed[0].message
    assert said.startswith("the model could not draw (index 7 is out of bounds); that is a fault of this tool")
    assert "--memory" not in said
    assert "in network" in caplog.text


def test_a_network_that_draws_nonsense_is_named(keys: Make, fill: Make, tmp_path: Path) -> None:
    model = own_model("mad", lambda *_: lambda a, b, t: a * np.nan + t)
    summary, _ = fill(keys([1, 4]), tmp_path / "out", model=model)
    assert len(summary.failed) == 2
    assert "not finite" in summary.failed[0].message


def test_middle_only_networks_are_asked_for_middles_only(keys: Make, fill: Make, picture: Make, tmp_path: Path) -> None:
    asked: list[float] = []

    def network(start: Any, end: Any, t: Any) -> Any:
        asked.extend(t.ravel().tolist())
        return (start + end) / 2

    model = own_model("middle", lambda channels, space: network, scheme="triads", knows_time=False)
    fill(keys([1, 5]), tmp_path / "out", model=model)
    assert asked == [0.5, 0.5, 0.5]
    drawn = read_plate(tmp_path / "out" / "shot.0002.exr").pixels
    np.testing.assert_allclose(drawn, 0.75 * picture(1) + 0.25 * picture(5), rtol=2e-3)


def test_keys_that_are_not_finite_are_mended_for_drawing_and_kept(
    keys: Make, fill: Make, write: Make, picture: Make, tmp_path: Path
) -> None:
    source = keys([1])
    wrong = picture(5)
    wrong[3, 4], wrong[5, 6, 0] = np.nan, np.inf
    write(source / "shot.0005.exr", wrong, "float")
    write(source / "shot.0001.exr", picture(1), "float")
    summary, events = fill(source, tmp_path / "out")
    assert summary.failed == ()
    (message,) = [event["message"] for event in events if event["event"] == "warning"]
    assert message.startswith("shot.0005.exr holds 5 values not finite")
    assert np.isfinite(read_plate(tmp_path / "out" / "shot.0003.exr").pixels).all()
    assert (tmp_path / "out" / "shot.0005.exr").read_bytes() == (source / "shot.0005.exr").read_bytes()


@pytest.mark.parametrize("wrong", [np.inf, -np.inf, np.nan])
def test_pixels_that_are_not_finite_leave_no_trace_on_even_ground(
    keys: Make, fill: Make, write: Make, picture: Make, tmp_path: Path, wrong: float
) -> None:
    for folder, number in ((folder, number) for folder in ("sound", "spoilt") for number in (1, 5)):
        pixels = picture(number)
        if folder == "spoilt":
            pixels[1:3, 16:18, :3] = wrong
            pixels[8, 6 + number, 0] = wrong
        write(tmp_path / folder / f"shot.{number}.exr", pixels, "float")
    for folder in ("sound", "spoilt"):
        fill(tmp_path / folder, tmp_path / f"{folder}-out", model=flow.build("cpu", "auto"))
    sound, spoilt = (read_plate(tmp_path / f"{folder}-out" / "shot.3.exr").pixels for folder in ("sound", "spoilt"))
    np.testing.assert_allclose(spoilt, sound, atol=1e-3)


def test_a_long_run_of_keys_is_not_kept_in_memory(
    keys: Make, fill: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive: list[weakref.ref[Plate]] = []
    most = 0

    def watched(file: Path) -> Plate:
        nonlocal most
        plate = read_plate(file)
        alive.append(weakref.ref(plate))
        most = max(most, sum(each() is not None for each in alive))
        return plate

    monkeypatch.setattr(work, "read_plate", watched)
    summary, _ = fill(keys([*range(1, 40), 42]), tmp_path / "out", jobs=1)
    assert (summary.copied, summary.drawn) == (40, 2)
    assert len(alive) == 40, "each key is decoded once"
    assert most <= 6  # two to draw from, one ahead, and those that are being copied


def test_a_key_that_changes_while_it_is_copied_is_said_with_the_right_remedy(
    keys: Make, fill: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = keys([1, 4])
    copyfile = shutil.copyfile

    def late(key: Path, copy: Path) -> None:
        copyfile(source / "shot.0004.exr", copy)

    monkeypatch.setattr(shutil, "copyfile", late)
    summary, _ = fill(source, tmp_path / "out")
    message = f"{source / 'shot.0001.exr'} changed while it was copied; run again"
    assert [(failure.frame, failure.message) for failure in summary.failed] == [(1, message)]
    assert sorted(frames(tmp_path / "out")) == ["shot.0002.exr", "shot.0003.exr", "shot.0004.exr"]


def _window(file: Path, pixels: np.ndarray, **place: int) -> None:
    """An EXR whose picture stays 24x16 and whose data lie elsewhere."""
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], "half")
    spec["DateTime"] = ""
    for name, value in {"full_width": 24, "full_height": 16, **place}.items():
        setattr(spec, name, value)
    write_frame(file, Header(file, (spec,), False), pixels)


REPLACEMENTS = {
    "window": lambda write, file, pixels: _window(file, pixels, x=5),
    "smaller": lambda write, file, pixels: _window(file, pixels[:8, :9]),
    "display": lambda write, file, pixels: _window(file, pixels, full_width=30),
    "channels": lambda write, file, pixels: write(file, pixels[..., :3]),
    "type": lambda write, file, pixels: write(file, pixels, "float"),
}


@pytest.mark.parametrize("what", REPLACEMENTS)
def test_a_key_that_is_replaced_during_a_run_costs_its_gaps_and_the_next_run_draws_them_right(
    keys: Make, fill: Make, write: Make, picture: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    source = keys([1, 4, 7, 10])
    replaced = source / "shot.0004.exr"

    def late(file: Path) -> Plate:
        if file == replaced:
            REPLACEMENTS[what](write, file, picture(8))
        return read_plate(file)

    monkeypatch.setattr(work, "read_plate", late)
    summary, _ = fill(source, tmp_path / "out")
    assert sorted(failure.frame for failure in summary.failed) == [2, 3, 4, 5, 6]
    assert {failure.message for failure in summary.failed} == {f"{replaced} changed while it was worked on; run again"}
    assert sorted(frames(tmp_path / "out")) == [f"shot.{number:04d}.exr" for number in (1, 7, 8, 9, 10)]
    monkeypatch.undo()
    if what in ("display", "channels", "type"):
        return  # keys that do not fit are refused from now on
    assert fill(source, tmp_path / "out")[0].failed == ()
    fill(source, tmp_path / "fresh")
    assert frames(tmp_path / "out") == frames(tmp_path / "fresh")
