"""`inbetween COMMAND`, and what every command has in common."""

import argparse
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from inbetween import cli, console, finetune, seq, train
from inbetween.arguments import add_options, values
from inbetween.core.errors import Cancelled, InputError
from inbetween.core.settings import Settings, check, describe, option
from inbetween.progress import list_failures, sentence


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_can_be_started(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    module, _ = cli.COMMANDS[name]
    assert callable(import_module(module).main)
    with pytest.raises(SystemExit) as stop:
        cli.main([name, "--help"])
    assert stop.value.code == 0
    assert "usage: inbetween" in capsys.readouterr().out


def test_the_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"  {name} " in said for name in cli.COMMANDS)
    assert cli.main([]) == 2


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    from inbetween import __version__

    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"inbetween {__version__}\n"


def test_an_unknown_command_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["fly"]) == 2
    assert capsys.readouterr().err.startswith("inbetween: there is no command 'fly'; choose one of seq")


def raising(error: BaseException) -> Callable[[], int]:
    def work() -> int:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (InputError("a.exr is empty; render it again"), 2, "a.exr is empty; render it again"),
        (Cancelled("stopped"), 130, "stopped"),
        (KeyboardInterrupt(), 130, "stopped"),
        (MemoryError(), 1, "out of memory; set --memory lower, or work on smaller frames"),
        (ValueError("two\nlines"), 1, "unexpected ValueError: two lines; run again with -v -v and report what it says"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_error_is_one_line_and_an_exit_code(
    error: BaseException, code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert console.answer(raising(error)) == code
    assert capsys.readouterr() == ("", f"inbetween: {says}\n")
    assert console.answer(raising(error), as_json=True) == code
    told, said = capsys.readouterr()
    assert json.loads(told) == {"event": "error", "message": says, "code": code}
    assert said == f"inbetween: {says}\n"


@pytest.mark.parametrize(
    ("command", "given"),
    [(seq.main, ["nothing", "out"]), (finetune.main, ["nothing"]), (train.main, ["motion", "nothing"])],
    ids=["seq", "finetune", "train"],
)
@pytest.mark.parametrize("wrong_use", [False, True])
def test_what_ends_a_command_is_told_to_machines_and_to_people(
    command: Callable[[list[str]], int],
    given: list[str],
    wrong_use: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    options = [*given, *(["--no-such-option"] if wrong_use else [])]

    def ended(*more: str) -> int:
        try:
            return command([*options, *more])
        except SystemExit as stop:
            return int(str(stop.code))

    assert ended() == 2
    alone, complaint = capsys.readouterr()
    assert alone == ""
    assert ended("--json") == 2
    told, said = capsys.readouterr()
    assert said == complaint
    event = json.loads(told)
    assert (event["event"], event["code"]) == ("error", 2)
    assert event["message"]
    assert event["message"] in complaint


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["seq", "only-one"], "the following arguments are required: OUT; see inbetween-seq --help"),
        (["seq", "in", "out", "--on", "two"], "argument --on: invalid int value: 'two'; see inbetween-seq --help"),
        (["finetune"], "the following arguments are required: RENDERS; see inbetween-finetune --help"),
        (["publish"], "the following arguments are required: DIR; see inbetween publish --help"),
        (["data", "list", "--what"], "unrecognized arguments: --what; see inbetween data --help"),
        (["data", "forget"], "the following arguments are required: SHOW; see inbetween data forget --help"),
        (["models", "these"], "unrecognized arguments: these; see inbetween models --help"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_is_told_in_one_line(argv: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(argv)
    assert stop.value.code == console.WRONG
    assert capsys.readouterr() == ("", f"inbetween: {says}\n")


WITHOUT = """
import sys
from importlib.machinery import PathFinder

tests, missing, *asked = sys.argv[1:]

class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] == missing else PathFinder.find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Without
sys.path.insert(0, tests)  # a bare clone is found by its conftest
import conftest
from inbetween.cli import main

sys.exit(main(asked))
"""
"""Runs a command where one package is not installed."""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with renders that may be learnt from, a folder of digits, and an animation; nothing of it is sound."""
    leave = {"show": "short", "owner": "The Studio", "approver": "A. Producer", "scope": ["train", "fine-tune"]}
    dates = {"start": date.today().isoformat(), "finish": (date.today() + timedelta(1)).isoformat()}
    for folder in ("renders", "mnist"):
        (tmp_path / folder).mkdir()
    (tmp_path / "renders" / "permission.json").write_text(json.dumps({**leave, **dates}))
    (tmp_path / "clip.gif").write_bytes(b"")
    return tmp_path


@pytest.mark.parametrize(
    ("missing", "extra", "asked"),
    [
        ("torch", "train", "export motion --format nuke --out nuke"),
        ("torch", "train", "export motion --format nuke"),
        ("torch", "train", "moving-mnist mnist"),
        ("torch", "train", "import-checkpoint old.pt new.safetensors --like motion --licence MIT"),
        ("torch", "train", "train akanet renders"),
        ("torch", "train", "train motion renders"),
        ("torch", "train", "tune akanet renders"),
        ("torch", "train", "finetune renders --allow-open-network"),
        ("torch", "train", "bench speed --models motion --engine torch"),
        ("safetensors", "train", "train motion renders"),
        ("filelock", "train", "data add renders"),
        ("PIL", "train", "bench quality clip.gif --models dissolve"),
        ("optuna", "tune", "tune akanet renders"),
        ("pyblish", "publish", "publish renders"),
        ("onnxruntime", "cpu", "bench speed --models akanet"),
    ],
)
def test_a_command_whose_package_is_missing_says_how_to_install_it(
    desk: Path, missing: str, extra: str, asked: str
) -> None:
    before = sorted(desk.rglob("*"))
    command = [sys.executable, "-c", WITHOUT, str(Path(__file__).parents[1]), missing, *asked.split()]
    ended = subprocess.run(command, cwd=desk, capture_output=True, text=True)
    (line,) = ended.stderr.splitlines()
    told = f'inbetween: {missing} is not installed; run `pip install -c constraints.txt ".[{extra}]"` in the clone'
    assert line.startswith(told)
    assert ended.returncode == console.WRONG
    assert sorted(desk.rglob("*")) == before


def test_a_module_that_no_extra_brings_is_unexpected(capsys: pytest.CaptureFixture[str]) -> None:
    for module in ("nowhere", "numpy.gone"):
        assert console.answer(raising(ModuleNotFoundError(f"No module named {module!r}", name=module))) == 1
        assert "unexpected ModuleNotFoundError" in capsys.readouterr().err


def test_the_first_signal_asks_and_the_second_ends() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with console.Stop() as stop:
        assert not stop()
        signal.raise_signal(signal.SIGTERM)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_work_at_once(number: signal.Signals, capsys: pytest.CaptureFixture[str]) -> None:
    before, tidied = signal.getsignal(number), []

    def work() -> int:
        try:
            signal.raise_signal(number)
        finally:
            tidied.append(True)
        return 0

    assert console.answer(work) == 130
    assert capsys.readouterr().err == "inbetween: stopped\n"
    assert tidied
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("command", ["inbetween", "seq", "finetune"])
def test_every_command_begins_where_signals_are_answered(command: str) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parents[1])!r}); import conftest; import inbetween.start"
    )
    ask = f"{code}; sys.argv = ['x', '--help']; sys.exit(inbetween.start.{command}())"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout.startswith("usage: inbetween")


@dataclass(frozen=True)
class Sample:
    """One field of each kind."""

    word: str = option("", "A word of 100 %.")
    count: int = option(3, "How many.", minimum=0, unit="frames")
    share: float = option(0.5, "How much.", minimum=0, maximum=1)
    way: str = option("left", "Which way.", choices=("left", "right"))
    loud: bool = option(False, "Whether to shout.")

    def __post_init__(self) -> None:
        check(self)


def parsed(kind: type[Any], *argv: str) -> Any:
    parser = argparse.ArgumentParser()
    add_options(parser, kind)
    return kind(**values(parser.parse_args(argv), kind))


def test_options_are_made_from_the_fields_and_give_them_back() -> None:
    assert parsed(Sample) == Sample()
    given = ("--word", "hush", "--count", "7", "--share", "0.25", "--way", "right", "--loud")
    assert parsed(Sample, *given) == Sample("hush", 7, 0.25, "right", True)
    assert parsed(Settings) == Settings()


def test_help_is_the_field_s_own(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed(Sample, "--help")
    said = " ".join(capsys.readouterr().out.split())
    assert "--word TEXT A word of 100 %. --count FRAMES How many. [at least 0; default 3]" in said
    assert "--share X How much. [0 to 1; default 0.5] --way {left,right} Which way. [default left]" in said


def test_every_setting_has_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["seq", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    for row in describe(Settings):
        assert f"--{row['name'].replace('_', '-')} " in said
        assert " ".join(row["help"].split())[:40] in said


def failed(file: str, frame: int, message: str) -> dict[str, Any]:
    return {"event": "failed", "file": file, "frame": frame, "message": message}


def test_failures_are_told_by_reason_each_once() -> None:
    full = "could not be written: File too large; check free space and quotas, and run again"
    events = [failed(f"out/a.{n}.exr", n, f"out/a.{n}.exr {full}") for n in (1, 2, 3)]
    events.append(failed("out/a.7.exr", 7, "in/a.8.exr is damaged; render it again"))
    assert list(list_failures(events)) == [
        f"a.1.exr to a.3.exr (3 frames) {full}",
        "a.7.exr not made: in/a.8.exr is damaged; render it again",
    ]


def test_failures_are_told_in_order_of_time_with_their_gaps() -> None:
    """They come as threads end, which is in any order."""
    events = [{"event": "sequence", "name": "a.#.exr"}]
    events += [failed(f"out/a.{n}.exr", n, f"out/a.{n}.exr could not be written") for n in (3, 4, 2, 9, 10, 7)]
    events.append({"event": "sequence", "name": "b.#.exr"})
    events += [failed(f"out/b.{n}.exr", n, f"out/b.{n}.exr could not be written") for n in (8, 11)]
    (line,) = list_failures(events)
    runs = "a.2.exr to a.4.exr, a.7.exr, a.9.exr to a.10.exr, b.8.exr, b.11.exr"
    assert line == f"{runs} (8 frames) could not be written"


def test_many_stray_files_are_named_in_one_line() -> None:
    said = sentence({"event": "stray", "files": [f"{number}.txt" for number in range(9)]})
    assert said == "ignored, not frames of a sequence: 0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 4 more"
