"""The bench: what it compares, what it leaves out, and that its figures are those of the clips."""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from inbetween import bench, bench_doubt, bench_marks, bench_quality, bench_scenes, bench_speed, bench_vectors, scenes
from inbetween.core.channels import RGBA
from inbetween.core.errors import InputError, SettingsError
from inbetween.models import metrics, registry
from inbetween.models.training.readers import Clip, Picture
from inbetween.stage import Stage


def disc(at: float) -> Picture:
    """A red disc on nothing, 48 x 40."""
    pixels = np.zeros((40, 48, 4), np.uint8)
    cv2.circle(pixels, (round(at * 16), 20 * 16), 7 * 16, (210, 40, 30, 255), -1, cv2.LINE_AA, 4)
    return pixels.astype(np.float32) / np.float32(255)


def clip(*pictures: Picture, ticks: int = 1) -> Clip:
    return Clip("disc", (), None, lambda: ((picture, ticks) for picture in pictures))


def moving(count: int = 17) -> Clip:
    return clip(*(disc(8 + 2 * i) for i in range(count)))


@pytest.fixture
def sequence(tmp_path: Path) -> Path:
    """A folder of nine true frames as PNG, with straight alpha."""
    folder = tmp_path / "disc"
    folder.mkdir()
    for number in range(9):
        frame = disc(8 + 3 * number)
        straight = np.where(frame[..., 3:] > 0, frame[..., 2::-1] / np.maximum(frame[..., 3:], 1e-6), 0)
        pixels = np.concatenate([straight, frame[..., 3:]], -1)
        cv2.imwrite(str(folder / f"disc.{number:04d}.png"), np.round(pixels * 255).astype(np.uint8))
    return tmp_path


def test_windows_are_the_clips_own_frames_at_their_distance() -> None:
    frames = [disc(8 + 2 * i) for i in range(17)]
    for window in bench_quality.windows(clip(*frames), count=2, size=512):
        first = next(i for i, frame in enumerate(frames) if np.array_equal(frame, window.start))
        assert np.array_equal(frames[first + window.gap], window.end)
        assert np.array_equal(frames[first + window.gap // 2], window.truth)
        assert window.t == 0.5


def test_the_keys_beyond_are_true_frames_as_far_away_where_the_clip_has_any() -> None:
    frames = [disc(8 + 2 * i) for i in range(17)]
    for window in bench_quality.windows(clip(*frames), count=99, size=512):
        first = next(i for i, frame in enumerate(frames) if np.array_equal(frame, window.start))
        for key, place in ((window.before, first - window.gap), (window.after, first + 2 * window.gap)):
            assert (key is not None) == (0 <= place < 17)
            assert key is None or (np.array_equal(key.frame, frames[place]) and key.distance == 1)


def test_no_key_beyond_a_cut_is_heeded() -> None:
    white = np.ones((40, 48, 4), np.float32)
    shown = list(bench_quality.windows(clip(white, white, disc(8), disc(10), disc(12)), 9, 512))
    assert [(window.before, window.after) for window in shown] == [(None, None)]


def test_what_speeds_up_is_drawn_better_with_the_keys_beyond() -> None:
    clips = [clip(*(disc(10 + 0.09 * i * i) for i in range(17)))]
    network = registry.load("flow", "cpu").network(RGBA, "display")
    figures = bench_quality.compare(dict(bench_quality.rows_of("flow", network)), clips, 9, 512, lambda line: None)
    straight, smooth = (metrics.mean(figures[4, name]).psnr_moving for name in ("flow", "flow, smooth"))
    assert smooth > straight


def test_every_distance_has_its_windows_and_none_overlap() -> None:
    gaps = [window.gap for window in bench_quality.windows(moving(17), count=99, size=512)]
    assert {gap: gaps.count(gap) for gap in bench_quality.GAPS} == {2: 8, 4: 4, 8: 2}


def test_what_stands_still_and_what_cuts_is_not_compared() -> None:
    still, white = disc(20), np.ones((40, 48, 4), np.float32)
    assert not list(bench_quality.windows(clip(*[still] * 9), 3, 512))
    assert not list(
        bench_quality.windows(clip(*[np.zeros_like(white), white, np.zeros_like(white), white] * 2), 1, 512)
    )


def test_a_frame_that_is_held_longer_moves_the_time_of_the_truth() -> None:
    frames = [(disc(8), 3), (disc(12), 1), (disc(16), 1)]
    (window,) = bench_quality.windows(Clip("held", (), None, lambda: iter(frames)), 1, 512)
    assert window.t == 0.75


def test_large_clips_are_made_smaller_in_proportion() -> None:
    (window, *_) = bench_quality.windows(moving(), 1, size=24)
    assert window.truth.shape == (20, 24, 4)


def test_a_sample_is_spread_and_the_same_every_time() -> None:
    assert bench_quality.spread(100, 4) == [12, 37, 62, 87]
    assert bench_quality.spread(3, 8) == [0, 1, 2]


def test_flow_beats_a_dissolve_on_a_disc_that_moves(sequence: Path) -> None:
    models = [registry.load("dissolve"), registry.load("flow", "cpu")]
    said: list[str] = []
    figures = bench_quality.measure(models, [sequence], bench.Quality(), said.append)
    for gap in (2, 4):
        scores = {name: metrics.mean(figures[gap, name]) for name in ("dissolve", "flow")}
        assert scores["flow"].psnr_moving > scores["dissolve"].psnr_moving
        assert scores["flow"].smear < scores["dissolve"].smear
    assert any("disc" in line for line in said)


def test_only_validation_clips_of_a_manifest_are_compared(sequence: Path) -> None:
    entries = [{"file": "learnt.gif", "split": "train"}, {"file": "kept/back.gif", "split": "val"}]
    (sequence / "manifest.json").write_text(json.dumps({"sprites": entries, "about": "two clips"}))
    assert bench_quality.validation(sequence / "manifest.json") == [sequence / "kept/back.gif"]


@pytest.mark.parametrize("text", ["", "[]", '{"clips": [{"file": "a.gif"}]}', '{"clips": [3]}'])
def test_a_manifest_that_names_no_clips_is_one_clear_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(InputError, match="names no validation clips"):
        bench_quality.validation(tmp_path / "manifest.json")


def test_nothing_to_compare_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="three frames"):
        bench_quality.measure([registry.load("dissolve")], [tmp_path], bench.Quality(), lambda line: None)


def test_the_table_has_a_row_for_each_model_and_a_table_for_each_distance(
    sequence: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench.main(["quality", str(sequence), "--models", "dissolve,flow", "--device", "cpu"]) == 0
    shown = capsys.readouterr().out
    assert [shown.count(f"| Keys {gap} apart") for gap in (2, 4, 8)] == [1, 1, 1]
    assert shown.count("\n| dissolve |") == shown.count("\n| flow |") == 3


def test_a_document_gets_the_result_between_its_marks_and_keeps_the_rest(sequence: Path, tmp_path: Path) -> None:
    document = tmp_path / "benchmarks.md"
    document.write_text("before\n<!-- bench quality 512 -->\nold\n<!-- end of bench quality 512 -->\nafter\n")
    command = ["quality", str(sequence), "--models", "dissolve", "--write", str(document)]
    assert bench.main(command) == 0
    text = document.read_text()
    assert text.startswith("before\n<!-- bench quality 512 -->\n")
    assert text.endswith("<!-- end of bench quality 512 -->\nafter\n")
    assert "| dissolve |" in text
    assert "old" not in text


@pytest.mark.parametrize("mark", ["speed", "scenes 1", "slowing 1", "marks 1", "vectors 1"])
def test_what_needs_no_clips_has_its_place_in_a_document(
    mark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_speed, "SIZES", ((64, 48),))
    for module in (bench_scenes, bench_marks, bench_vectors):
        monkeypatch.setattr(module, "SCENES", dict([next(iter(module.SCENES.items()))]))
    document = tmp_path / "benchmarks.md"
    document.write_text(f"<!-- bench {mark} -->\n<!-- end of bench {mark} -->\n")
    assert bench.main([mark.split()[0], "--models", "flow", "--device", "cpu", "--write", str(document)]) == 0
    assert "| --- |" in document.read_text()


def test_a_document_without_marks_is_left_as_it_is(
    sequence: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "notes.md"
    document.write_text("mine")
    assert bench.main(["quality", str(sequence), "--models", "dissolve", "--write", str(document)]) == 2
    assert document.read_text() == "mine"
    assert str(document) in capsys.readouterr().err


def test_a_reader_that_is_not_installed_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wave.gif").write_bytes(b"GIF89a")
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert bench.main(["quality", str(tmp_path / "wave.gif"), "--models", "dissolve"]) == 2
    assert "PIL" in capsys.readouterr().err


def test_an_unknown_model_is_one_clear_line(sequence: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["quality", str(sequence), "--models", "nonesuch"]) == 2
    assert "nonesuch" in capsys.readouterr().err


def test_settings_of_the_bench_are_held_to_their_limits() -> None:
    with pytest.raises(SettingsError, match="windows"):
        bench.Quality(windows=0)
    with pytest.raises(SettingsError, match="repeats"):
        bench.Speed(repeats=0)


def test_a_timing_is_taken_of_a_model_that_draws() -> None:
    taken = bench_speed.timing("dissolve", False, (64, 48), "cpu", "auto", repeats=1)
    assert taken.first > 0
    assert taken.next is not None
    assert taken.next >= 0


def test_a_model_that_heeds_the_keys_beyond_is_timed_as_a_sequence_draws_it() -> None:
    taken = bench_speed.timing("flow", True, (64, 48), "cpu", "auto", repeats=1)
    assert taken.model == "flow, smooth"
    assert taken.first > 0


def test_a_model_that_takes_too_long_is_timed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_speed, "PATIENCE", 0.0)
    taken = bench_speed.timing("dissolve", False, (64, 48), "cpu", "auto", repeats=1000)
    assert taken.next is None
    assert "| dissolve | 64 x 48 |" in bench_speed.table([taken])


def test_speed_is_told_in_dissolves_of_the_same_size() -> None:
    rows = [
        bench_speed.Timing("dissolve", (256, 256), 0.002, 0.001, 100.0),
        bench_speed.Timing("flow", (256, 256), 0.05, 0.01, None),
    ]
    assert "| flow | 256 x 256 | 50.0 | 25.0 | 10.0 |  |" in bench_speed.table(rows)


def test_generated_scenes_are_premultiplied_move_and_have_their_own_middle() -> None:
    for name, scene in scenes.SCENES.items():
        start, middle, end = (scene(Stage(1), t) for t in (0.0, 0.5, 1.0))
        for picture in (start, middle, end):
            assert picture.shape == (270, 480, 4), name
            assert picture.dtype == np.float32, name
            assert (picture >= 0).all(), name
            assert (picture[..., :3] <= picture[..., 3:] + 1e-4).all(), name
        assert min(np.abs(a - b).mean() for a, b in ((start, middle), (middle, end))) > 0.002, name


def test_a_larger_scene_is_the_same_picture_with_finer_edges() -> None:
    for name, scene in scenes.SCENES.items():
        if "grain" not in name:
            small, large = (scene(Stage(times), 0.3) for times in (1, 2))
            shrunk = large.reshape(270, 2, 480, 2, 4).mean((1, 3))
            assert np.abs(shrunk - small).mean() < 0.01, name


def test_the_scenes_have_a_row_each_and_a_dissolve_of_what_only_dims_is_the_truth(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    dims = "the light of a still dims"
    monkeypatch.setattr(bench_scenes, "SCENES", {name: scenes.SCENES[name] for name in (dims, "discs cross")})
    assert bench.main(["scenes", "--models", "dissolve,flow"]) == 0
    told = capsys.readouterr().out
    rows = {
        line.split(" | ")[0]: line.strip(" |").split(" | ")[1:] for line in told.splitlines() if line.startswith("| ")
    }
    assert float(rows[f"| {dims}"][0]) == 100
    assert float(rows["| discs cross"][0]) < 20
    assert len(rows["| discs cross"]) == 4


def test_what_is_doubted_is_measured_against_what_is_wrong(sequence: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["doubt", str(sequence), "--models", "dissolve,flow", "--device", "cpu"]) == 0
    shown = capsys.readouterr().out
    assert "| flow | 4 | first, third, ... clip | 2 |" in shown
    assert "| flow | 4 and 8 | first, third, ... clip | 3 |" in shown
    assert "| dissolve |" not in shown


def test_without_a_model_that_can_say_nothing_is_measured(sequence: Path) -> None:
    with pytest.raises(InputError, match="a model that moves pixels"):
        bench_doubt.measure([registry.load("dissolve")], [sequence], bench.Quality(), lambda line: None)


def test_the_table_tells_what_was_named_and_what_was_wrong() -> None:
    def judged(doubt: float, chamfer: float) -> bench_doubt.Judged:
        return bench_doubt.Judged("flow", 4, 1, doubt, metrics.Scores(30, 20, 0.9, chamfer * 1e-4, doubt, 0))

    found = [judged(0.9, 5), judged(0.8, 0.5), judged(0.1, 3), judged(0.2, 0.1), judged(0.05, 0.01)]
    cells = "5 | 40 | 40 | 50 | 50 | 40 | 50 | 50 | 0.70 | 1.00 | nan"
    assert f"| flow | 4 | second, fourth, ... clip | {cells} |" in bench_doubt.table(found)


def test_ranks_that_agree_correlate_wholly_and_equal_values_share_theirs() -> None:
    one = np.array([1.0, 2.0, 2.0, 9.0])
    assert bench_doubt.rank_correlation(one, one**3) == pytest.approx(1)
    assert bench_doubt.rank_correlation(one, -one) == pytest.approx(-1)
    assert bench_doubt.rank_correlation(one, np.array([1.0, 2.0, 3.0, 4.0])) == pytest.approx(0.9487, abs=1e-4)


def test_vectors_are_measured_beside_no_motion_and_the_true_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    named = ("camera pans 60 pixels", "a title slides in")
    monkeypatch.setattr(bench_vectors, "SCENES", {name: scenes.SCENES[name] for name in named})
    models = [registry.load(name, "cpu", "auto") for name in ("dissolve", "flow")]
    found = bench_vectors.measure(models, 1, tell=lambda _: None)
    assert list(found) == ["flow"]
    pan, title = found["flow"]
    assert pan.off < 0.2
    assert np.isnan(title.off)
    for figures in (pan, title):
        assert figures.led > figures.still + 8
        assert figures.wrong <= figures.wrong_else
    assert bench_vectors.table(found).splitlines()[2].startswith("| flow | ")


def test_a_bench_of_vectors_without_a_model_that_tells_any_is_refused() -> None:
    with pytest.raises(InputError, match="name a model that moves pixels"):
        bench_vectors.measure([registry.load("dissolve", "cpu", "auto")], 1, tell=lambda _: None)
