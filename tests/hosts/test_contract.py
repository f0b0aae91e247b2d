"""One promise, many hosts: what holds for files on disk holds in every program that asks for in-betweens.

A host joins by a line in `HOSTS`: its name, and a context manager that opens it and gives a `Fill`. One that cannot be
opened on this machine skips with its reason.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import OpenImageIO as oiio
import pytest

from inbetween.core.errors import Cancelled, InbetweenError
from inbetween.hosts.blender import package
from inbetween.hosts.sequence.frames import Header, read_plate, write_frame
from inbetween.hosts.sequence.job import job_from
from inbetween.hosts.sequence.run import run
from inbetween.hosts.worker.client import Worker

TESTS = Path(__file__).resolve().parents[1]


@dataclass
class Answer:
    """What a host said about a job."""

    state: str
    """done, failed or cancelled"""
    error: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)


class Fill(Protocol):
    """Does one job, given as plain values; stops it after `stop_after` frames, unless that is 0."""

    def __call__(self, job: dict[str, Any], stop_after: int = 0) -> Answer: ...


@contextmanager
def runner() -> Iterator[Fill]:
    """The sequence runner itself, in this process."""

    def fill(job: dict[str, Any], stop_after: int = 0) -> Answer:
        answer = Answer("done")
        try:
            run(job_from(job), answer.events.append, lambda: 0 < stop_after <= count(answer))
        except Cancelled as stop:
            answer.state, answer.error = "cancelled", str(stop)
        except InbetweenError as error:
            answer.state, answer.error = "failed", str(error)
        return answer

    yield fill


@contextmanager
def command_line() -> Iterator[Fill]:
    """`inbetween-seq --json`, in a process of its own."""
    found = f"import sys; sys.path.insert(0, {str(TESTS)!r}); import conftest"
    code = f"{found}\nfrom inbetween.seq import main; sys.exit(main())"

    def fill(job: dict[str, Any], stop_after: int = 0) -> Answer:
        job, settings = {**job}, job.get("settings", {})
        job.pop("settings", None)
        given = [f"--{name.replace('_', '-')}={value}" for name, value in {**job, **settings}.items()]
        options = [option for option in given if not option.startswith(("--source=", "--target="))]
        start = [sys.executable, "-c", code, job["source"], job["target"], "--json", *options]
        process = subprocess.Popen(start, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        answer = Answer("")
        for line in process.stdout:
            answer.events.append(json.loads(line))
            if stop_after and count(answer) == stop_after:
                process.send_signal(signal.SIGTERM)
        _, errors = process.communicate()
        answer.state = {0: "done", 130: "cancelled"}.get(process.returncode, "failed")
        answer.error = errors.strip().removeprefix("inbetween: ")
        return answer

    yield fill


@contextmanager
def worker() -> Iterator[Fill]:
    """The process that Nuke and Blender talk to."""
    _need_an_installation()
    with Worker(sys.executable) as engine:

        def fill(job: dict[str, Any], stop_after: int = 0) -> Answer:
            made, answer = engine.submit(job), Answer("")

            def hear(event: dict[str, Any]) -> None:
                answer.events.append(event)
                if stop_after and count(answer) == stop_after:
                    made.cancel()

            answer.state = made.wait(120, hear)
            answer.error = made.error
            return answer

        yield fill


@contextmanager
def blender() -> Iterator[Fill]:
    """A real Blender with the extension installed; each job is a call of its operator."""
    python = os.environ.get("INBETWEEN_BLENDER_PYTHON", "").split(os.pathsep)[0]
    if not python:
        pytest.skip("INBETWEEN_BLENDER_PYTHON names no Python with bpy; `install.py test` does")
    _need_an_installation()
    with tempfile.TemporaryDirectory() as folder:
        archive = str(Path(folder, "inbetween.zip"))
        package.main(["--zip", archive])
        start = [python, str(TESTS / "hosts/blender/inside/serve.py"), sys.executable, archive]
        pipe = subprocess.PIPE
        with subprocess.Popen(start, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as process:

            def fill(job: dict[str, Any], stop_after: int = 0) -> Answer:
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write(json.dumps({"job": job, "stop_after": stop_after}) + "\n")
                process.stdin.flush()
                return Answer(**json.loads(process.stdout.readline()))

            yield fill


@contextmanager
def nuke() -> Iterator[Fill]:
    """The node's own talk with its worker, in the stand-in for Nuke; tests/hosts/nuke tells how it comes to keys."""
    _need_an_installation()
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(TESTS / "hosts/nuke"))
        from nuke_host import Host
        from nuke_studio import forget

        forget()
        host = Host()
        patch.setitem(sys.modules, "nuke", host.module)
        from inbetween.hosts.nuke import make

        node: Any = host.make("Group", {"name": "Inbetween1"})

        def fill(job: dict[str, Any], stop_after: int = 0) -> Answer:
            answer = Answer("")
            patch.setattr(make, "_show_event", lambda event, show: answer.events.append(event))
            frames = f"{job['target']}/shot.%04d.exr"
            asked = make.Run(node, "Inbetween1", sys.executable, "", frames, 1, 9, job, "")
            outcome = make._talk(asked, lambda *shown: None, lambda: 0 < stop_after <= count(answer))
            answer.state = outcome.state
            answer.error = outcome.sentence.removeprefix("Inbetween1: ")
            return answer

        try:
            yield fill
        finally:
            make.release()
            forget()


HOSTS: dict[str, Callable[[], AbstractContextManager[Fill]]] = {
    "runner": runner,
    "command line": command_line,
    "worker": worker,
    "Nuke": nuke,
    "Blender": blender,
}


def _need_an_installation() -> None:
    if not list(distributions(name="inbetween")):  # a bare clone, mapped by tests/conftest.py
        pytest.skip("the worker runs isolated, and inbetween is not installed")


def count(answer: Answer) -> int:
    return sum(event["event"] == "frame" for event in answer.events)


@pytest.fixture(scope="module", params=HOSTS)
def host(request: pytest.FixtureRequest) -> Iterator[Fill]:
    """One host for all sentences: that it lives through all of them is part of the promise."""
    with HOSTS[request.param]() as fill:
        yield fill


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """Keys 1, 5 and 9: EXR, half, RGBA and depth."""
    for number in (1, 5, 9):
        spec = oiio.ImageSpec(20, 12, 5, oiio.HALF)
        spec.channelnames, spec["DateTime"] = ("R", "G", "B", "A", "Z"), ""
        pixels = np.zeros((12, 20, 5), np.float32)
        pixels[3:9, number : number + 6] = (2.0, 0.5, 0.25, 1.0, 100.0)
        file = tmp_path / "keys" / f"shot.{number:04d}.exr"
        file.parent.mkdir(exist_ok=True)
        write_frame(file, Header(file, (spec,), False), pixels)
    return tmp_path / "keys"


def job(source: Path, target: Path, **settings: Any) -> dict[str, Any]:
    return {
        "source": str(source),
        "target": str(target),
        "settings": {"model": "dissolve", "cut_threshold": 1.0, **settings},
    }


def result(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.glob("*.exr")}


def test_every_gap_is_filled_and_keys_are_untouched(host: Fill, keys: Path, tmp_path: Path) -> None:
    assert host(job(keys, tmp_path / "out")).state == "done"
    made = result(tmp_path / "out")
    assert sorted(made) == [f"shot.{number:04d}.exr" for number in range(1, 10)]
    assert {name: made[name] for name in result(keys)} == result(keys)


@pytest.mark.parametrize("timing", ["ease-in-out", "1:ease-in 5:0.7"])
def test_every_host_makes_the_same_bytes(host: Fill, keys: Path, tmp_path: Path, timing: str) -> None:
    wanted = job(keys, tmp_path / "out", timing=timing, on=2)
    assert host(wanted).state == "done"
    run(job_from({**wanted, "target": str(tmp_path / "plain")}), lambda event: None)
    assert result(tmp_path / "out") == result(tmp_path / "plain")


def test_depth_is_a_keys_and_never_mixed_where_keys_dissolve(host: Fill, keys: Path, tmp_path: Path) -> None:
    host(job(keys, tmp_path / "out"))
    depths = [read_plate(tmp_path / "out" / f"shot.{number:04d}.exr").pixels[..., 4] for number in (1, 2, 3, 4, 5)]
    assert not np.array_equal(depths[0], depths[4])
    for drawn, nearer in ((1, 0), (2, 0), (3, 4)):
        assert np.array_equal(depths[drawn], depths[nearer])


def test_every_frame_is_told_with_the_count(host: Fill, keys: Path, tmp_path: Path) -> None:
    told = [event for event in host(job(keys, tmp_path / "out")).events if event["event"] == "frame"]
    assert [(event["done"], event["total"]) for event in told] == [(done, 9) for done in range(1, 10)]
    assert sorted(event["frame"] for event in told) == list(range(1, 10))


def test_a_breakdown_redoes_its_own_gap(host: Fill, keys: Path, tmp_path: Path) -> None:
    held = (keys / "shot.0005.exr").read_bytes()
    (keys / "shot.0005.exr").unlink()
    host(job(keys, tmp_path / "out"))
    (keys / "shot.0005.exr").write_bytes(held)
    (keys / "shot.0013.exr").write_bytes(held)
    host(job(keys, tmp_path / "out"))
    (keys / "shot.0007.exr").write_bytes(held)
    told = [event for event in host(job(keys, tmp_path / "out")).events if event["event"] == "frame"]
    actions = {event["frame"]: event["action"] for event in told}
    assert {frame for frame, action in actions.items() if action != "kept"} == {6, 7, 8}


def test_bad_input_is_one_sentence_and_the_host_goes_on(host: Fill, keys: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for wanted, says in (
        (job(empty, tmp_path / "out"), "holds no numbered frames"),
        (job(keys, keys), "name another folder"),
        (job(keys, tmp_path / "out", model="nope"), "unknown model 'nope'"),
        (job(keys, tmp_path / "out", theta=7.0), "theta is 7.0"),
    ):
        answer = host(wanted)
        assert answer.state == "failed"
        assert says in answer.error
        assert "\n" not in answer.error
        assert "Traceback" not in answer.error
    assert host(job(keys, tmp_path / "out")).state == "done"


def test_what_was_done_before_a_stop_is_kept(host: Fill, keys: Path, tmp_path: Path) -> None:
    (keys / "shot.0150.exr").write_bytes((keys / "shot.0001.exr").read_bytes())
    assert host(job(keys, tmp_path / "out"), stop_after=3).state == "cancelled"
    done = result(tmp_path / "out")
    assert 0 < len(done) < 150
    told = [event for event in host(job(keys, tmp_path / "out")).events if event["event"] == "frame"]
    assert sum(event["action"] == "kept" for event in told) == len(done)
    assert len(result(tmp_path / "out")) == 150
