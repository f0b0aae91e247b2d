"""`inbetween-seq` as its user meets it: what it says, where, and with which exit code."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest

from inbetween.console import DONE, FAILED, WRONG
from inbetween.hosts.sequence.frames import Header, read_header, read_plate, write_frame
from inbetween.seq import main

MODEL = ("--model", "dissolve", "--cut-threshold", "1")

Folder = Callable[..., Path]


def frame(file: Path, value: float | np.ndarray) -> Path:
    kind = "half" if file.suffix.lower() == ".exr" else "uint8"
    spec = oiio.ImageSpec(16, 12, 4, kind)
    spec["DateTime"] = ""
    file.parent.mkdir(parents=True, exist_ok=True)
    write_frame(file, Header(file, (spec,), False), np.full((12, 16, 4), value, np.float32))
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    def make(*numbers: int, name: str = "in", pattern: str = "shot.{:04d}.exr") -> Path:
        for number in numbers:
            frame(tmp_path / name / pattern.format(number), number / 16)
        return tmp_path / name

    return make


def test_a_run_says_what_it_does_in_plain_lines(
    folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder(1, 4)), str(tmp_path / "out"), *MODEL]) == DONE
    said, errors = capsys.readouterr()
    assert errors == ""
    lines = said.splitlines()
    assert lines[0].startswith("model dissolve 1, run by ")
    assert lines[1].startswith("shot.####.exr: 2 keys, 4 frames; picture R G B, alpha A; linear values")
    counted = [line.split(" ", 1) for line in lines[2:6]]  # frames are reported as they are finished, in any order
    assert [count for count, _ in counted] == ["[1/4]", "[2/4]", "[3/4]", "[4/4]"]
    assert "drawn shot.0002.exr (t 0.3333 from shot.0001.exr to shot.0004.exr)" in [what for _, what in counted]
    assert lines[-1] == "done: 2 drawn, 2 copied"


def test_json_is_one_object_a_line(folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder(1, 3)), str(tmp_path / "out"), "--json", *MODEL]) == DONE
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["event"] for event in events] == ["model", "sequence", "frame", "frame", "frame", "done"]
    assert events[-1]["drawn"] == 1


def test_quiet_says_nothing(folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder(1, 3)), str(tmp_path / "out"), "-q", *MODEL]) == DONE
    assert capsys.readouterr() == ("", "")


def test_openjd_progress_is_told_in_its_own_words(
    folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder(1, 3)), str(tmp_path / "out"), "--openjd", *MODEL]) == DONE
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("openjd_progress: ")][-1] == "openjd_progress: 100.0"


def test_a_dry_run_shows_the_plan_and_writes_nothing(
    folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder(1, 5)), str(tmp_path / "out"), "--dry-run", "--on", "2", *MODEL]) == DONE
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[2:]]
    assert [row[:2] for row in rows] == [["1", "copy"], ["2", "hold"], ["3", "draw"], ["4", "hold"], ["5", "copy"]]
    assert not (tmp_path / "out").exists()


def test_a_dry_run_shows_what_would_be_kept(folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = [str(folder(1, 3, 5)), str(tmp_path / "out"), *MODEL]
    assert main([*argv, "-q"]) == DONE
    frame(tmp_path / "in" / "shot.0005.exr", 0.9)
    (tmp_path / "out" / "shot.0001.exr").unlink()
    assert main([*argv, "--dry-run", "--json"]) == DONE
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["action"] for row in rows] == ["copy", "keep", "keep", "draw", "copy"]


@pytest.mark.parametrize("voice", [(), ("--json",)], ids=["", "json"])
def test_a_dry_run_names_the_stray_files_that_the_run_names(
    folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str], voice: tuple[str, ...]
) -> None:
    source = folder(1, 4)
    (source / "notes.txt").write_text("for the director")
    frame(source / "other.0001.exr", 0.5)
    heard = []
    for more in (("--dry-run",), ()):
        assert main([str(source), str(tmp_path / "out"), *voice, *more, *MODEL]) == DONE
        heard.append([line for line in capsys.readouterr().out.splitlines() if "notes.txt" in line])
    assert heard[0] == heard[1]
    (line,) = heard[0]
    assert "other.0001.exr" in line


def test_help_gives_unit_range_and_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Threshold of the binary clamp, of what the model sees. [0 to 1; default 0.3]" in said
    assert "--memory MIB" in said
    assert "--guide FOLDER|PATTERN" in said
    assert "--motion-vectors FOLDER|PATTERN" in said
    assert "--marks FILE" in said
    assert "--contact-sheet FILE" in said
    assert "exit codes: 0 done, 1 a frame failed" in said


def test_help_imports_nothing_heavy() -> None:
    heavy = ("torch", "onnxruntime", "cv2", "OpenImageIO", "numpy", "fileseq")
    conftest = Path(__file__).resolve().parents[1]
    code = (
        f"import sys; sys.path.insert(0, {str(conftest)!r}); import conftest\n"
        "import inbetween; from inbetween.seq import main\n"
        f"try: main(['--help'])\nexcept SystemExit: sys.exit(','.join(name for name in {heavy} if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
    assert "usage: inbetween-seq" in done.stdout


def wrong(argv: list[str], capsys: pytest.CaptureFixture[str], code: int = WRONG) -> str:
    """The one line on stderr of a command that fails."""
    assert main([*argv, *MODEL, "-q"]) == code
    said, errors = capsys.readouterr()
    assert said == ""
    (line,) = errors.splitlines()
    return line


def test_bad_input_is_one_line_with_file_and_remedy(
    folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, out = str(folder(1, 4)), str(tmp_path / "out")
    empty = tmp_path / "empty"
    empty.mkdir()
    a_file = frame(tmp_path / "one.0001.exr", 1)
    cases = {
        (str(empty), out): "empty holds no numbered frames",
        (str(folder(7, name="lone")), out): "lone holds one key only, shot.0007.exr",
        (str(tmp_path / "gone"), out): "gone does not exist",
        (str(a_file), out): "is one file; name the folder",
        (str(folder(1, 2, 3, name="full")), out): "number them farther apart, or set insert to the number of frames",
        (good, good): "is where the keys are; name another folder",
        (good, str(a_file)): "is a file; name a folder",
        (good, out + ".####.exr"): "looks like a pattern",
        (str(folder(1, 30000, name="typo")), out): "29998 frames are missing between shot.0001.exr and shot.30000.exr, "
        "and at most 10000 are drawn between two keys; check the numbers",
        (good, out, "--frames", "x"): "'x' is no frame range",
        (good, out, "--frames", "1-99999999"): "'1-99999999' is more than 10000000 frames; check its numbers",
        (good, out, "--insert", "1001"): "insert is 1001; it must be between 0 and 1000",
        (good, out, "--ext", "gif"): "ext is 'gif'; choose one of dpx",
        (good, out, "--timing", "0.5"): "timing chart '0.5' has 1 fraction,",
        (good, out, "--timing", "4:ease-in"): "key 4, at which no gap begins; take one at which one does: 1",
        (good, out, "--timing=-1:ease-in"): "timing names key -1, at which no gap begins",
        (good, out, "--timing", "1:0.5"): "between keys 1 and 4: timing chart '0.5' has 1 fraction,",
        (good, out, "--theta", "7"): "theta is 7.0; it must be between 0.0 and 1.0",
        (good, out, "--contact-sheet", "sheet.gif"): "needs the name of a picture",
        (good, out, "--model", "nope"): "",
    }
    for argv, says in cases.items():
        if argv[-1] == "nope":
            assert main([*argv, "-q"]) == WRONG
            assert "unknown model 'nope'; known are dissolve" in capsys.readouterr().err
        else:
            assert says in wrong(list(argv), capsys)
        assert not Path(out).exists(), argv


def test_wrong_use_is_two(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["only-one"])
    assert stop.value.code == WRONG


def test_a_link_to_the_keys_is_still_where_the_keys_are(
    folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = folder(1, 4)
    (tmp_path / "link").symlink_to(source)
    assert "is where the keys are" in wrong([str(source), str(tmp_path / "link")], capsys)
    assert len(list(source.iterdir())) == 2


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to_is_said(
    folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shut").mkdir(mode=0o555)
    assert "cannot be written to" in wrong([str(folder(1, 4)), str(tmp_path / "shut" / "out")], capsys)


def test_a_folder_below_a_file_cannot_be_made(
    folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    line = wrong([str(folder(1, 4)), str(tmp_path / "file" / "out")], capsys)
    assert "cannot be written to" in line


def test_a_damaged_key_fails_its_gaps_and_the_rest_is_done(
    folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = folder(1, 4, 7, 10)
    damaged = frame(source / "shot.0004.exr", np.random.default_rng(0).random((12, 16, 4), np.float32))
    damaged.write_bytes(damaged.read_bytes()[:-500])
    line = wrong([str(source), str(tmp_path / "out")], capsys, FAILED)
    assert "shot.0002.exr to shot.0006.exr (5 frames) not made" in line
    assert "shot.0004.exr is damaged" in line
    assert sorted(file.name for file in (tmp_path / "out").glob("*.exr")) == [
        f"shot.{number:04d}.exr" for number in (1, 7, 8, 9, 10)
    ]
    shutil.copyfile(source / "shot.0001.exr", damaged)
    assert main([str(source), str(tmp_path / "out"), "-q", *MODEL]) == DONE
    assert len(list((tmp_path / "out").glob("*.exr"))) == 10


def test_frames_below_zero_are_named_as_the_keys_are(tmp_path: Path) -> None:
    source = tmp_path / "in"
    for text in ("-0003", "0001"):  # as Blender writes them
        frame(source / f"a.{text}.png", 0.5)
    assert main([str(source), str(tmp_path / "out"), "-q", *MODEL]) == DONE
    numbers = ("-0001", "-0002", "-0003", "0000", "0001")
    assert sorted(file.name for file in tmp_path.glob("out/*.png")) == [f"a.{text}.png" for text in numbers]


def test_names_with_spaces_and_any_script_are_only_names(folder: Folder, tmp_path: Path) -> None:
    source = folder(1, 3, name="été – 夏", pattern="prise n°{:02d}.png")
    assert main([str(source), str(tmp_path / "out put"), "-q", *MODEL]) == DONE
    assert (tmp_path / "out put" / "prise n°02.png").exists()


def test_the_number_may_stand_within_the_name(
    folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = folder(1, 4, pattern="shot_{:04d}_beauty.exr"), tmp_path / "out"
    folder(1, 4, pattern="shot_{:04d}_depth.exr")
    asked = [str(source / "shot_####_beauty.exr"), str(out)]
    line = wrong([str(source), str(out)], capsys)
    assert "holds no two keys of one sequence by the number before the file type" in line
    assert line.endswith(f"name {asked[0]}")
    assert main([*asked, "-q", *MODEL]) == DONE
    made = [f"shot_000{number}_beauty.exr" for number in (1, 2, 3, 4)]
    assert sorted(file.name for file in out.glob("*.exr")) == made
    assert main([*asked, *MODEL]) == DONE
    assert capsys.readouterr().out.splitlines()[-1] == "done: 4 kept"
    (source / made[3]).rename(source / made[2])
    assert main([*asked, "--overwrite", "-q", *MODEL]) == DONE
    assert main([*asked, *MODEL]) == DONE
    assert "holds 1 frame beyond the keys, shot_0004_beauty.exr; delete what is of no use" in capsys.readouterr().err


def test_names_that_are_no_text_are_named_and_left(
    folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = folder(1, 3)
    for number in (1, 3):
        try:
            os.rename(source / f"shot.000{number}.exr", os.fsencode(source) + b"/caf\xe9.000%d.exr" % number)  # noqa: PTH104
        except OSError:
            pytest.skip("this file system takes only text for names")
    assert "holds no numbered frames" in wrong([str(source), str(tmp_path / "out")], capsys)
    folder(1, 3)
    assert main([str(source), str(tmp_path / "out"), *MODEL]) == DONE
    assert "ignored, not frames of a sequence: caf" in capsys.readouterr().out


def test_keys_that_are_links_are_copied_as_files(folder: Folder, tmp_path: Path) -> None:
    folder(1, 3, name="real")
    links = tmp_path / "links"
    links.mkdir()
    for file in (tmp_path / "real").iterdir():
        (links / file.name).symlink_to(file)
    assert main([str(links), str(tmp_path / "out"), "-q", *MODEL]) == DONE
    copied = tmp_path / "out" / "shot.0001.exr"
    assert not copied.is_symlink()
    assert copied.read_bytes() == (tmp_path / "real" / "shot.0001.exr").read_bytes()


def test_another_type_is_converted(folder: Folder, tmp_path: Path) -> None:
    source = folder(1, 3, pattern="a.{:02d}.png")
    assert main([str(source), str(tmp_path / "out"), "--ext", "tif", "-q", *MODEL]) == DONE
    assert sorted(file.name for file in (tmp_path / "out").glob("a*")) == ["a.01.tif", "a.02.tif", "a.03.tif"]
    before, after = (read_plate(file).pixels for file in (source / "a.01.png", tmp_path / "out" / "a.01.tif"))
    np.testing.assert_allclose(after, before, atol=1 / 255)


def test_light_is_not_written_as_if_it_were_display_values(
    folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = wrong([str(folder(1, 3)), str(tmp_path / "out"), "--ext", "png"], capsys)
    assert "holds linear values, and png files hold display ones" in line


def test_a_contact_sheet_shows_the_whole_result(folder: Folder, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    assert main([str(folder(1, 9, 17)), str(tmp_path / "out"), "--contact-sheet", str(sheet), "-q", *MODEL]) == DONE
    window = read_header(sheet).display
    assert window.width > 9 * 200
    assert window.height > 2 * 100
    assert read_plate(sheet).pixels.std() > 0.05


@pytest.mark.parametrize("leave", [(), ("--overwrite",)], ids=["", "overwrite"])
@pytest.mark.parametrize(
    ("sheet", "says"),
    [
        ("in/f000.png", "is where the keys are; name another file, so that no key can be lost"),
        ("in/F004.png", "is where the keys are"),
        ("in/../in/f008.png", "is where the keys are"),
        ("elsewhere/f000.png", "is where the keys are"),
        ("out/f004.png", "is where the frames of the result lie; name another file"),
        ("out/f099.png", "is where the frames of the result lie"),
    ],
)
def test_a_contact_sheet_takes_the_place_of_no_key_and_no_frame(
    folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str], sheet: str, says: str, leave: tuple[str, ...]
) -> None:
    source = folder(0, 8, pattern="f{:03d}.png")
    (tmp_path / "elsewhere").mkdir()
    (source / "f000.png").rename(tmp_path / "elsewhere/f000.png")
    (source / "f000.png").symlink_to(tmp_path / "elsewhere/f000.png")
    before = {file: file.read_bytes() for file in (source / "f000.png", source / "f008.png")}
    asked = [str(source), str(tmp_path / "out"), "--contact-sheet", str(tmp_path / sheet), *leave]
    for argv in (asked, [*asked, "--dry-run"]):
        assert says in wrong(argv, capsys)
    assert {file: file.read_bytes() for file in before} == before
    assert not (tmp_path / "out").exists()


def test_a_contact_sheet_is_made_anew_and_no_other_file_is_replaced(
    folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, sheet = folder(1, 4), frame(tmp_path / "sheet.png", 0.5)
    theirs, asked = sheet.read_bytes(), [str(source), str(tmp_path / "out"), "--contact-sheet", str(sheet)]
    for argv in (asked, [*asked, "--dry-run"]):
        line = wrong(argv, capsys)
        assert "sheet.png is no contact sheet made by this tool, or was changed since; move it away" in line
    assert not (tmp_path / "out").exists()
    assert sheet.read_bytes() == theirs
    assert main([*asked, "--overwrite", "-q", *MODEL]) == DONE
    assert read_header(sheet).display.width > 4 * 200
    folder(7)
    assert main([*asked, "-q", *MODEL]) == DONE
    assert read_header(sheet).display.width > 7 * 200
    frame(sheet, 0.25)  # the artist drew on it
    assert "or turn on overwrite" in wrong(asked, capsys)


def test_a_frame_of_another_result_is_no_contact_sheet(
    folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder(1, 3, pattern="f{:03d}.png")), str(tmp_path / "first"), "-q", *MODEL]) == DONE
    sheet, other = tmp_path / "first" / "f002.png", folder(1, 3, name="other", pattern="o{:03d}.png")
    line = wrong([str(other), str(tmp_path / "second"), "--contact-sheet", str(sheet)], capsys)
    assert "is no contact sheet made by this tool" in line


def test_the_folder_of_a_contact_sheet_is_made_or_missed_before_anything_is_drawn(
    folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [str(folder(1, 3)), str(tmp_path / "out"), "--contact-sheet"]
    (tmp_path / "file").write_text("")
    line = wrong([*asked, str(tmp_path / "file" / "sheets" / "sheet.png")], capsys)
    assert "sheets cannot be written to" in line
    assert not list(tmp_path.glob("out/*.exr"))
    assert main([*asked, str(tmp_path / "review" / "sheets" / "sheet.png"), "-q", *MODEL]) == DONE
    assert read_header(tmp_path / "review" / "sheets" / "sheet.png").display.width > 3 * 200


def test_a_folder_is_no_contact_sheet(folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sheet.png").mkdir()
    asked = [str(folder(1, 3)), str(tmp_path / "out"), "--contact-sheet", str(tmp_path / "sheet.png")]
    assert "sheet.png is a folder; name a file in it" in wrong([*asked, "--overwrite"], capsys)


@pytest.mark.skipif(importlib.util.find_spec("pty") is None, reason="terminals are POSIX here")
def test_on_a_terminal_there_is_a_bar(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = folder(1, 4)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main([str(source), str(tmp_path / "out"), *MODEL]) == DONE
    said, bar = capsys.readouterr()
    assert said == ""
    assert "4/4" in bar
    assert "done: 2 drawn, 2 copied" in bar


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (("--model", "dissolve", "--path", "arc"), "path is 'arc', but dissolve sees two keys only; choose straight"),
        (("--model", "akanet", "--scheme", "direct"), "akanet draws only the middle of two frames; choose triads"),
    ],
)
def test_what_the_model_cannot_draw_is_refused_by_a_run_and_by_a_dry_run_alike(
    folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str], settings: tuple[str, ...], says: str
) -> None:
    asked = [str(folder(1, 4)), str(tmp_path / "out"), *settings]
    for argv in (asked, [*asked, "--dry-run"]):
        assert main(argv) == WRONG
        assert says in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
