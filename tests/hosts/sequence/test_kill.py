"""The whole program in a process of its own: killed, stopped, without disk. Nothing is lost, nothing is half there."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inbetween.hosts.sequence.frames import read_plate

Make = Callable[..., Any]

TESTS = Path(__file__).resolve().parents[2]
START = (
    f"import sys; sys.path.insert(0, {str(TESTS)!r}); import conftest; from inbetween.seq import main; sys.exit(main())"
)
"""A bare clone finds the package through tests/conftest.py, in a child process as well."""


def command(*options: str, **more: Any) -> subprocess.Popen[str]:
    given = [sys.executable, "-c", START, *options, "--model", "dissolve", "--cut-threshold", "1"]
    return subprocess.Popen(given, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)


def whole_frames(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if not file.name.startswith(".")}


@pytest.mark.parametrize("name", ["shot.{:04d}.exr", "shot.{:04d}.png"])
def test_a_run_killed_anywhere_ends_with_the_bytes_of_one_that_was_not(
    keys: Make, fill: Make, tmp_path: Path, name: str
) -> None:
    source, target = keys([1, 9, 17], name), tmp_path / "out"
    fill(source, tmp_path / "whole")
    for attempt in range(5):
        process = command(str(source), str(target), "--json", "--jobs", "3")
        assert process.stdout is not None
        for count, _ in enumerate(line for line in process.stdout if '"frame"' in line):
            if count == 2:
                time.sleep(0.002 * attempt)
                break
        process.kill()
        process.communicate()
        for file in target.iterdir():
            if not file.name.startswith("."):
                read_plate(file)
    said, _ = command(str(source), str(target), "--json").communicate()
    assert json.loads(said.splitlines()[-1])["event"] == "done"
    assert whole_frames(target) == whole_frames(tmp_path / "whole")
    assert {file.name for file in target.iterdir()} == {file.name for file in (tmp_path / "whole").iterdir()}
    records = [
        sorted(file.name for file in (folder / ".inbetween").iterdir()) for folder in (target, tmp_path / "whole")
    ]
    assert records[0] == records[1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_asked_to_stop_says_so_and_keeps_what_is_done(
    keys: Make, tmp_path: Path, number: signal.Signals
) -> None:
    source, target = keys([1, 2000]), tmp_path / "out"
    process = command(str(source), str(target), "--json")
    assert process.stdout is not None
    next(line for line in process.stdout if '"drawn"' in line)
    process.send_signal(number)
    _, errors = process.communicate()
    assert process.returncode == 130
    assert errors == "inbetween: stopped; all finished frames are kept, and the same command goes on from here\n"
    assert 0 < len(whole_frames(target)) < 2000
    assert not [file for file in target.iterdir() if ".tmp" in file.name]


IMPATIENT = """
import os, sys
sys.path.insert(0, sys.argv.pop(1))
import conftest
module, number = sys.argv.pop(1), int(sys.argv.pop(1))
class Impatient:
    def find_spec(self, name, path=None, target=None):
        if name == module:
            os.kill(os.getpid(), number)
sys.meta_path.insert(0, Impatient())
from inbetween.start import seq
sys.exit(seq())
"""
"""The command, stopped at the moment when it begins to import a module."""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "module",
    ["inbetween.seq", "inbetween.core.settings", "numpy.linalg", "fileseq"],
)
def test_a_command_that_is_stopped_while_it_starts_says_so_in_one_line(
    keys: Make, tmp_path: Path, number: signal.Signals, module: str
) -> None:
    given = [str(TESTS), module, str(number.value), str(keys([1, 4]) / "shot.####.exr"), str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, "-c", IMPATIENT, *given, "--model", "dissolve"], capture_output=True, text=True
    )
    assert done.returncode == 130
    (line,) = done.stderr.splitlines()
    assert line.startswith("inbetween: stopped")
    assert not list(tmp_path.glob("out/*.exr"))


@pytest.mark.parametrize("name", ["shot.{:04d}.exr", "shot.{:04d}.png", "shot.{:04d}.tif", "shot.{:04d}.dpx"])
def test_a_full_disk_loses_nothing_and_is_said(
    keys: Make, fill: Make, write: Make, picture: Make, tmp_path: Path, name: str
) -> None:
    resource = pytest.importorskip("resource", reason="file size limits are POSIX")
    source, target = keys([1, 5], name, kind="half" if "exr" in name else "uint16"), tmp_path / "out"
    fill(source, target)
    before = whole_frames(target)
    write(source / name.format(5), picture(9), "half" if "exr" in name else "uint16")
    limit = min(len(content) for content in before.values()) - 200
    full = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))  # noqa: E731 - runs in the child
    process = command(str(source), str(target), preexec_fn=full)
    _, errors = process.communicate()
    assert process.returncode == 1
    lines = errors.splitlines()
    assert 1 <= len(lines) <= 2  # copying and drawing fail in different ways
    assert all("could not be written" in line and "check free space" in line for line in lines)
    assert whole_frames(target) == before
    assert not [file for file in target.rglob("*") if ".tmp" in file.name]
    fill(source, target)
    fill(source, tmp_path / "fresh")
    assert whole_frames(target) == whole_frames(tmp_path / "fresh")
