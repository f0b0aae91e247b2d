"""Which files are frames of one sequence, and what frame n is called."""

import os
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbetween.core.errors import InputError
from inbetween.hosts.sequence.names import FrameSequence, find, likely_pattern, numbers, runs, there


def touch(folder: Path, *names: str) -> str:
    for name in names:
        (folder / name).touch()
    return str(folder)


@pytest.mark.parametrize(
    ("files", "pattern", "expected"),
    [
        (["shot.0001.exr", "shot.0009.exr"], "shot.####.exr", (1, 9)),
        (["sh010_v003.1001.exr", "sh010_v003.1005.exr"], "sh010_v003.####.exr", (1001, 1005)),
        (["c_1.exr", "c_9.exr", "c_10.exr", "c_100.exr"], "c_#.exr", (1, 9, 10, 100)),
        (["a.0999.exr", "a.10000.exr"], "a.####.exr", (999, 10000)),
        (["a.998.exr", "a.999.exr", "a.1000.exr"], "a.###.exr", (998, 999, 1000)),
        (["hdr-100.exr", "hdr-101.exr"], "hdr-###.exr", (100, 101)),
        (["n.-003.exr", "n.-002.exr", "n.0000.exr", "n.0012.exr"], "n.####.exr", (-3, -2, 0, 12)),
        (["b.-0003.png", "b.-0001.png", "b.0001.png"], "b.####.png", (-3, -1, 1)),
        (["b.-0120.png", "b.1001.png", "b.-1000.png"], "b.####.png", (-1000, -120, 1001)),
        (["-003.png", "005.png"], "###.png", (-3, 5)),
        (["n_-3.png", "n_5.png"], "n_#.png", (-3, 5)),
        (["0.png", "1.png", "12.png"], "#.png", (0, 1, 12)),
        (["-001.png", "0001.png"], "####.png", (-1, 1)),
        (["f000.png", "f008.png"], "f###.png", (0, 8)),
        (["été 01.png", "été 03.png"], "été ##.png", (1, 3)),
        (["A.0001.EXR", "A.0002.EXR"], "A.####.EXR", (1, 2)),
        (["a#1.0001.png", "a#1.0004.png"], "a#1.####.png", (1, 4)),
        (["take@2 %d.7.png", "take@2 %d.9.png"], "take@2 %d.#.png", (7, 9)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_frames_of_one_sequence_are_found_and_named(
    tmp_path: Path, files: list[str], pattern: str, expected: tuple[int, ...]
) -> None:
    (sequence,), stray = find(touch(tmp_path, *files))
    assert (sequence.pattern, sequence.numbers, stray) == (pattern, expected, ())
    assert sorted(sequence.name(number) for number in sequence.numbers) == sorted(files)
    (by_pattern,), _ = find(str(tmp_path / pattern))
    assert by_pattern == sequence


def test_sequences_are_told_apart_by_name_padding_and_type(tmp_path: Path) -> None:
    touch(tmp_path, "a.0001.exr", "a.0003.exr", "a.1.exr", "b.0001.exr", "a.0001.png")
    patterns = {each.pattern: each.numbers for each in find(str(tmp_path))[0]}
    assert patterns == {"a.#.exr": (1,), "a.####.exr": (1, 3), "a.####.png": (1,), "b.####.exr": (1,)}


def test_what_is_no_frame_is_named_and_hidden_files_are_not(tmp_path: Path) -> None:
    (tmp_path / "plates.0001.exr").mkdir()
    touch(tmp_path, "notes.txt", "cut.0001.mov", ".shot.0001.host-1.tmp.exr", "logo.exr", "shot.0001.exr")
    sequences, stray = find(str(tmp_path))
    assert [each.pattern for each in sequences] == ["shot.####.exr"]
    assert stray == ("cut.0001.mov", "logo.exr", "notes.txt", "plates.0001.exr")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are POSIX")
def test_a_link_that_leads_nowhere_is_a_frame_and_a_pipe_is_not(tmp_path: Path) -> None:
    touch(tmp_path, "a.0001.exr")
    (tmp_path / "a.0002.exr").symlink_to(tmp_path / "gone.exr")
    os.mkfifo(tmp_path / "a.0003.exr")
    (sequence,), stray = find(str(tmp_path))
    assert (sequence.numbers, stray) == ((1, 2), ("a.0003.exr",))


@pytest.mark.parametrize("pattern", ["shot.####.exr", "shot.%04d.exr", "shot.@@@@.exr", "shot.$F4.exr"])
def test_every_studio_s_pattern_means_the_same(tmp_path: Path, pattern: str) -> None:
    touch(
        tmp_path, "shot.0001.exr", "shot.0009.exr", "shot.12.exr", "shot.10000.exr", "other.0001.exr", "shot.0001.png"
    )
    (sequence,), stray = find(str(tmp_path / pattern))
    assert (sequence.numbers, sequence.padding, stray) == ((1, 9, 10000), 4, ())


@pytest.mark.parametrize(
    ("pattern", "tail"),
    [
        ("shot_####_beauty.exr", "_beauty"),
        ("shot_%04d_beauty.exr", "_beauty"),
        ("shot_$F4_beauty.exr", "_beauty"),
        ("shot_1-9####_beauty.exr", "_beauty"),
        ("shot_####_v2.exr", "_v2"),
        ("shot_####.final-été 3.exr", ".final-été 3"),
    ],
)
def test_a_pattern_says_where_the_number_stands(tmp_path: Path, pattern: str, tail: str) -> None:
    mine = [f"shot_0001{tail}.exr", f"shot_0009{tail}.exr", f"shot_-003{tail}.exr"]
    others = [f"shot_1{tail}.exr", "shot_0005.exr", "shot_0005_depth.exr", f"shot_0005{tail}.png", f"x{tail}.exr"]
    touch(tmp_path, *mine, *others)
    (sequence,), _ = find(str(tmp_path / pattern))
    assert sequence.numbers == ((1, 9) if "1-9" in pattern else (-3, 1, 9))
    assert (sequence.name(1), sequence.name(5, ".png")) == (f"shot_0001{tail}.exr", f"shot_0005{tail}.png")
    assert sequence.pattern == f"shot_####{tail}.exr"
    assert there(sequence) == {-3, 1, 9}
    assert sequence.claims(tmp_path / f"SHOT_12345{tail}.exr")
    assert not any(sequence.claims(tmp_path / name) for name in others[1:])


@pytest.mark.parametrize(
    ("files", "pattern"),
    [
        (["shot_0001_beauty.png", "shot_0009_beauty.png", "notes 12.txt"], "shot_####_beauty.png"),
        (["v1_0001_a2.exr", "v1_0005_a2.exr"], "v1_####_a2.exr"),
        (["one.0001.exr", "two.0001.exr"], ""),
        (["cover.png", "v2_cover.png"], ""),
    ],
)
def test_where_numbers_stand_elsewhere_a_pattern_is_told(tmp_path: Path, files: list[str], pattern: str) -> None:
    assert likely_pattern(files) == pattern
    if pattern:
        (sequence,), _ = find(touch(tmp_path, *files) + f"/{pattern}")
        assert sequence.numbers == tuple(int(name.split("_")[1]) for name in files[:2])


def test_one_hash_is_one_digit_as_nuke_means_it(tmp_path: Path) -> None:
    touch(tmp_path, "a.1.exr", "a.10.exr", "a.0001.exr")
    assert find(str(tmp_path / "a.#.exr"))[0][0].numbers == (1, 10)
    assert find(str(tmp_path / "a.####.exr"))[0][0].numbers == (1,)


def test_a_pattern_may_name_its_frames(tmp_path: Path) -> None:
    touch(tmp_path, *(f"a.{number:04d}.exr" for number in range(1, 21)))
    assert find(str(tmp_path / "a.1-20x8####.exr"))[0][0].numbers == (1, 9, 17)


def test_a_pattern_sees_negative_frames_and_separating_dashes(tmp_path: Path) -> None:
    touch(tmp_path, "a.-003.exr", "a.0004.exr", "b-100.exr", "b-104.exr")
    assert find(str(tmp_path / "a.%04d.exr"))[0][0].numbers == (-3, 4)
    assert find(str(tmp_path / "b-###.exr"))[0][0].numbers == (100, 104)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere", "does not exist; name a folder"),
        ("left/%V/a.####.exr", "views token %V"),
        ("a.####.exr", "no file in .* matches a.####.exr"),
        ("a.####.mov", ".mov files are not read"),
        ("sub/a.####.exr", "sub does not exist"),
        ("b.0001.exr", r"is one file; .* a pattern such as b\.####\.exr"),
        ("b_0001_beauty.exr", r"is one file; .* a pattern such as b_####_beauty\.exr"),
        ("a_####_beauty.mov", r"a_####_beauty\.mov: \.mov files are not read"),
        ("a_####_beauty", "a_####_beauty: no files are not read"),
    ],
)
def test_a_source_that_is_none_is_refused_with_the_remedy(tmp_path: Path, source: str, message: str) -> None:
    touch(tmp_path, "b.0001.exr", "b_0001_beauty.exr")
    with pytest.raises(InputError, match=message):
        find(str(tmp_path / source))


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("1001-1003", {1001, 1002, 1003}),
        ("1-10x3", {1, 4, 7, 10}),
        ("-3--1", {-3, -2, -1}),
        ("5,9,20-21", {5, 9, 20, 21}),
    ],
)
def test_frame_ranges_are_read(spec: str, expected: set[int]) -> None:
    assert numbers(spec) == expected


@pytest.mark.parametrize("spec", ["abc", "1001-", "1.5"])
def test_what_is_no_frame_range_is_refused(spec: str) -> None:
    with pytest.raises(InputError, match="is no frame range"):
        numbers(spec)


@given(st.sets(st.integers(-20, 20)))
def test_runs_hold_every_number_once_and_do_not_touch(chosen: set[int]) -> None:
    found = list(runs(sorted(chosen)))
    assert [number for first, last in found for number in range(first, last + 1)] == sorted(chosen)
    assert all(later > earlier + 1 for (_, earlier), (later, _) in pairwise(found))


@given(
    base=st.sampled_from(["shot.", "a_b-", "v2.", "x", ""]),
    padding=st.integers(1, 7),
    frames=st.sets(st.integers(-500, 20000), min_size=1, max_size=12),
)
def test_every_frame_that_is_named_is_found_again(
    tmp_path_factory: pytest.TempPathFactory, base: str, padding: int, frames: set[int]
) -> None:
    folder = tmp_path_factory.mktemp("names")
    if base in ("a_b-", "x"):
        frames = {abs(frame) for frame in frames}  # there, a dash would be a separator
    sequence = FrameSequence(folder, base, padding, ".exr", tuple(sorted(frames)))
    touch(folder, *(sequence.name(frame) for frame in sequence.numbers))
    found, _ = find(str(folder))
    assert sorted(number for each in found for number in each.numbers) == list(sequence.numbers)
    (by_pattern,), _ = find(str(folder / sequence.pattern))
    assert by_pattern.numbers == sequence.numbers
