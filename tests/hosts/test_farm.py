"""The farm job: valid, in step with the settings, and run to the same frames as without a farm."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest

from inbetween import farm as command
from inbetween.core.errors import InputError, SettingsError
from inbetween.core.settings import Settings, describe
from inbetween.hosts.farm import template
from inbetween.hosts.sequence.frames import Header, write_frame
from inbetween.hosts.sequence.job import Job
from inbetween.models import registry
from inbetween.seq import main

TESTS = Path(__file__).resolve().parents[1]


def vectors(folder: Path) -> Path:
    """Motion vectors for every frame of the shot."""
    spec = oiio.ImageSpec(8, 8, 4, oiio.FLOAT)
    spec.channelnames = ("forward.u", "forward.v", "backward.u", "backward.v")
    (folder / "vec").mkdir()
    for number in range(1, 31):
        file = folder / "vec" / f"vec.{number:04d}.exr"
        write_frame(file, Header(file, (spec,), False), np.zeros((8, 8, 4), np.float32))
    return folder / "vec"


@pytest.fixture
def shot(tmp_path: Path) -> Path:
    for number in (1, 9, 12, 30):
        file = tmp_path / "in" / f"shot.{number:04d}.exr"
        file.parent.mkdir(exist_ok=True)
        spec = oiio.ImageSpec(8, 8, 4, oiio.HALF)
        spec["DateTime"] = ""
        write_frame(file, Header(file, (spec,), False), np.full((8, 8, 4), number / 8, np.float32))
    return tmp_path / "in"


def test_tasks_end_before_a_key_and_hold_every_frame_once(shot: Path, tmp_path: Path) -> None:
    for least, expected in ((1, ["1-8", "9-11", "12-29", "30"]), (10, ["1-11", "12-29", "30"]), (99, ["1-30"])):
        made = template(Job(str(shot), str(tmp_path / "out")), least)
        assert made["steps"][0]["parameterSpace"]["taskParameterDefinitions"][0]["range"] == expected


def test_every_setting_is_a_parameter_with_its_own_limits(shot: Path, tmp_path: Path) -> None:
    made = template(Job(str(shot), str(tmp_path / "out"), Settings(on=2)), 24)
    parameters = {each["description"]: each for each in made["parameterDefinitions"] if "description" in each}
    for row in describe(Settings):
        parameter = parameters[row["help"]]
        assert parameter["default"] == (2 if row["name"] == "on" else row["default"])
        assert parameter.get("allowedValues", []) == list(row["choices"])
        assert (parameter.get("minValue"), parameter.get("maxValue")) == (row["minimum"], row["maximum"])


def test_a_timing_for_each_key_is_told_to_every_task(shot: Path, tmp_path: Path) -> None:
    timing = "ease-in 9:0.4,0.9"
    made = template(Job(str(shot), str(tmp_path / "out"), Settings(timing=timing)), 1)
    (parameter,) = (each for each in made["parameterDefinitions"] if each["name"] == "Timing")
    assert parameter["default"] == timing
    for step in made["steps"]:
        assert "--timing={{Param.Timing}}" in step["script"]["actions"]["onRun"]["args"]
    with pytest.raises(SettingsError, match=r"timing names key 30, at which no gap begins.*: 1, 9, 12$"):
        template(Job(str(shot), str(tmp_path / "out"), Settings(timing="30:linear")), 1)


def test_a_timing_that_is_too_long_for_a_farm_job_is_refused(shot: Path, tmp_path: Path) -> None:
    timing = f"9:0.4,0.9{'0' * 1016}"
    with pytest.raises(SettingsError, match="timing has 1025 characters, and a farm job takes at most 1024"):
        template(Job(str(shot), str(tmp_path / "out"), Settings(timing=timing)), 1)
    template(Job(str(shot), str(tmp_path / "out"), Settings(timing=timing[:-1])), 1)


@pytest.mark.parametrize("frames", ["0", "-5"])
def test_a_task_without_frames_is_refused(
    shot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], frames: str
) -> None:
    assert command.main([str(shot), str(tmp_path / "out"), f"--frames-per-task={frames}"]) == 2
    assert f"--frames-per-task is {frames}; a task has at least 1 frame" in capsys.readouterr().err


def test_several_sequences_are_asked_to_be_named(shot: Path, tmp_path: Path) -> None:
    for number in (1, 3):
        shutil.copyfile(shot / "shot.0001.exr", shot / f"other.{number}.exr")
    with pytest.raises(InputError, match=r"several sequences \(other.#.exr, shot.####.exr\); name one of them"):
        template(Job(str(shot), str(tmp_path / "out")), 24)


def test_a_job_whose_last_step_would_meet_another_file_is_not_written(shot: Path, tmp_path: Path) -> None:
    sheet = shutil.copyfile(shot / "shot.0001.exr", tmp_path / "sheet.png")
    for overwrite in (False, True):
        with pytest.raises(InputError, match=r"sheet\.png is no contact sheet made by this tool"):
            template(Job(str(shot), str(tmp_path / "out"), contact_sheet=str(sheet), overwrite=overwrite), 24)


def test_given_paths_are_parameters_that_every_task_is_told(shot: Path, tmp_path: Path) -> None:
    """Machines may know the same files by other paths."""
    marks = tmp_path / "marks.csv"
    marks.write_text("mark,frame,x,y\ntip,1,3,4\ntip,9,4,4\n")
    made = template(Job(str(shot), str(tmp_path / "out"), guide=str(shot), marks=str(marks)), 24)
    paths = {each["name"]: each["objectType"] for each in made["parameterDefinitions"] if each["type"] == "PATH"}
    assert paths == {"In": "DIRECTORY", "Out": "DIRECTORY", "Guide": "DIRECTORY", "Marks": "FILE"}
    for step in made["steps"]:
        told = step["script"]["actions"]["onRun"]["args"]
        assert {"--guide={{Param.Guide}}", "--marks={{Param.Marks}}"} <= set(told)
    made = template(Job(str(shot), str(tmp_path / "out"), motion_vectors=str(vectors(tmp_path))), 24)
    for step in made["steps"]:
        assert "--motion-vectors={{Param.MotionVectors}}" in step["script"]["actions"]["onRun"]["args"]
    bare = template(Job(str(shot), str(tmp_path / "out")), 24)
    assert "Marks" not in json.dumps(bare)


def test_a_table_of_marks_that_no_task_could_heed_is_refused(
    shot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    marks = tmp_path / "marks.csv"
    marks.write_text("mark,frame,x,y\ntip,2,3,4\n")
    command_line = [str(shot), str(tmp_path / "out"), "--marks", str(marks), "--save", str(tmp_path / "job.json")]
    assert command.main(command_line) == 2
    assert "marks.csv, line 2: frame 2 is no key" in capsys.readouterr().err
    marks.write_text("mark,frame,x,y\ntip,1,3,4\ntip,9,4,4\n")
    assert command.main(command_line) == 0
    assert capsys.readouterr().out.endswith(f" -p Marks={marks}\n")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--model", "flow", "--marks", "marks.csv"], "flow does not heed marks; choose motion"),
        (["--model", "akanet", "--marks", "marks.csv"], "akanet does not heed marks; choose motion"),
        (["--model", "dissolve", "--marks", "marks.csv"], "dissolve does not heed marks; choose motion"),
        (["--model", "motion-native", "--marks", "marks.csv"], "motion-native does not heed marks; choose motion"),
        (["--scheme", "triads", "--marks", "marks.csv"], "marks are not heeded in triads"),
        (["--model", "akanet", "--path", "arc"], "path is 'arc', but akanet sees two keys only"),
        (["--model", "akanet", "--scheme", "direct"], "scheme is 'direct', but akanet draws only the middle"),
        (["--model", "fluw"], "unknown model 'fluw'; known are dissolve, flow"),
        (["--model", "studio.safetensors"], "studio.safetensors is missing"),
    ],
)
def test_a_job_that_the_model_could_not_do_is_not_written(
    shot: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("marks.csv").write_text("mark,frame,x,y\ntip,1,3,4\ntip,9,4,4\n")
    command_line = [str(shot), str(tmp_path / "out"), *options]
    assert main([*command_line, "--dry-run"]) == 2
    refused = capsys.readouterr().err
    assert refused.startswith(f"inbetween: {sentence}")
    assert command.main([*command_line, "--save", "job.json"]) == 2
    assert capsys.readouterr().err == refused
    assert not Path("job.json").exists()


def test_a_job_can_be_written_where_its_model_could_not_run(
    shot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_: str) -> None:
        raise AssertionError("a model was loaded")

    monkeypatch.setitem(registry.MODELS, "motion", load)
    made = template(Job(str(shot), str(tmp_path / "out"), Settings(device="cuda")), 24)
    assert made["steps"][0]["hostRequirements"]["amounts"] == [{"name": "amount.worker.gpu", "min": 1}]


@pytest.mark.parametrize("guided", [False, True])
def test_the_job_runs_to_the_frames_of_a_run_without_a_farm(
    shot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], guided: bool
) -> None:
    openjd = shutil.which("openjd", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if openjd is None:
        pytest.skip("openjd-cli is not installed")
    guide = shutil.copytree(shot, tmp_path / "beauty")
    options = ["--model", "dissolve", "--cut-threshold", "1", *(["--guide", str(guide)] if guided else [])]
    assert main([str(shot), str(tmp_path / "alone"), "-q", *options]) == 0
    assert command.main([str(shot), str(tmp_path / "farm"), "--save", str(tmp_path / "job.json"), *options]) == 0
    assert (f"Guide={guide}" in capsys.readouterr().out) is guided
    assert json.loads((tmp_path / "job.json").read_text())["specificationVersion"] == "jobtemplate-2023-09"

    programs = tmp_path / "bin"  # a clone that is not installed has no inbetween-seq
    programs.mkdir()
    program = programs / "inbetween-seq"
    found = f"import sys\nsys.path.insert(0, {str(TESTS)!r})\nimport conftest\n"
    program.write_text(f"#!{sys.executable}\n{found}from inbetween.seq import main\nsys.exit(main())\n")
    program.chmod(0o755)
    places = ["-p", f"In={shot}", "-p", f"Out={tmp_path / 'farm'}", *(["-p", f"Guide={guide}"] if guided else [])]
    done = subprocess.run(
        [openjd, "run", str(tmp_path / "job.json"), "--step", "Finish", "--run-dependencies", *places],
        env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "openjd_progress: 100.0" in done.stdout
    frames = [{file.name: file.read_bytes() for file in (tmp_path / name).glob("*.exr")} for name in ("alone", "farm")]
    assert len(frames[0]) == 30
    assert frames[0] == frames[1]


def test_vectors_are_told_to_every_task_and_parts_make_the_whole(shot: Path, tmp_path: Path) -> None:
    made = template(Job(str(shot), str(tmp_path / "out"), vectors=True), 1)
    for step in made["steps"]:
        assert "--vectors" in step["script"]["actions"]["onRun"]["args"]
    tasks = made["steps"][0]["parameterSpace"]["taskParameterDefinitions"][0]["range"]
    asked = [str(shot), "--vectors", "--model=flow", "--quiet", "--cut-threshold=1"]
    for task in reversed(tasks):
        assert main([asked[0], str(tmp_path / "parts"), *asked[1:], f"--frames={task}"]) == 0
    assert main([asked[0], str(tmp_path / "whole"), *asked[1:]]) == 0
    for file in (tmp_path / "whole").glob("*.exr"):
        assert file.read_bytes() == (tmp_path / "parts" / file.name).read_bytes()
