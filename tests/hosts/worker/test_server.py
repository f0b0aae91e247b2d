"""The real worker in its own process: what a host can rely on, without any host."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbetween.core.errors import InbetweenError, InputError, WorkerError
from inbetween.core.settings import Settings, describe
from inbetween.hosts.sequence.job import Job
from inbetween.hosts.sequence.run import run
from inbetween.hosts.worker import client, protocol
from inbetween.hosts.worker.client import Worker
from inbetween.hosts.worker.keys import _lay_down, staged

COMMAND = [sys.executable, *client.ARGUMENTS]


@pytest.fixture(scope="module")
def engine() -> Iterator[Worker]:
    """One worker for the whole file: that it survives all of this is part of what is tested."""
    with Worker(sys.executable) as worker:
        yield worker


def picture(path: Path, at: int, size: tuple[int, int] = (16, 24)) -> Path:
    """A PNG with a bar at column `at`, half covered."""
    pixels = np.zeros((*size, 4), np.uint8)
    pixels[:, at : at + 4] = (200, 100, 50, 128)
    path.parent.mkdir(parents=True, exist_ok=True)
    file = oiio.ImageOutput.create(str(path))
    assert file is not None
    spec = oiio.ImageSpec(size[1], size[0], 4, oiio.UINT8)
    spec["oiio:UnassociatedAlpha"] = 1
    file.open(str(path), spec)
    file.write_image(pixels)
    file.close()
    return path


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A folder with keys 1 and 5."""
    for frame in (1, 5):
        picture(tmp_path / "keys" / f"bar.{frame:04d}.png", frame * 2)
    return tmp_path / "keys"


def values(source: Path | str, target: Path, **settings: Any) -> dict[str, Any]:
    return {"source": str(source), "target": str(target), "settings": {"model": "dissolve", **settings}}


def test_greeting_describes_the_engine(engine: Worker) -> None:
    said = engine.hello()
    assert said["protocol"] == client.PROTOCOL
    assert {"dissolve", "flow"} <= set(said["models"]) == set(said["weights_sha256"])
    assert said["weights_sha256"]["flow"] == ""
    assert said["devices"][0] == "cpu"
    assert said["settings"] == json.loads(json.dumps(describe(Settings)))


def test_worker_makes_what_the_runner_makes(engine: Worker, keys: Path, tmp_path: Path) -> None:
    heard: list[dict[str, Any]] = []
    job = engine.submit(values(keys, tmp_path / "worker"))
    assert job.wait(60, heard.append) == "done", job.error
    told: list[dict[str, Any]] = []
    run(Job(str(keys), str(tmp_path / "runner"), Settings(model="dissolve")), told.append)
    assert sorted(path.name for path in (tmp_path / "worker").glob("*.png")) == [
        f"bar.{n:04d}.png" for n in range(1, 6)
    ]
    for path in (tmp_path / "worker").glob("*.png"):
        assert path.read_bytes() == (tmp_path / "runner" / path.name).read_bytes()
    assert [event["event"] for event in heard] == [event["event"] for event in told]
    assert job.summary["drawn"] == 3
    assert job.summary["failed"] == []


def test_the_log_says_why_a_model_could_not_draw() -> None:
    code = (
        "from inbetween.hosts.worker import server; from inbetween.hosts.sequence import gap; server._log_to_stderr(); "
        "gap.log.debug('because')"
    )
    assert "because" in subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr


def test_bad_jobs_are_answered_in_the_users_words_and_the_next_one_is_done(
    engine: Worker, keys: Path, tmp_path: Path
) -> None:
    bad = {
        "does not exist": values("/nowhere", tmp_path / "out"),
        "unknown setting 'speed'": values(keys, tmp_path / "out", speed=3),
        "unknown model 'dream'": values(keys, tmp_path / "out", model="dream"),
        **{f"unknown model {name!r}": values(keys, tmp_path / "out", model=name) for name in ("", ".", "/")},
        "on is 0": values(keys, tmp_path / "out", on=0),
        "unknown setting 'sources'": {"sources": 1},
    }
    for words, job_values in bad.items():
        job = engine.submit(job_values)
        assert job.wait(60) == "failed"
        assert words in job.error
    job = engine.submit(values(keys, tmp_path / "out"))
    assert job.wait(60) == "done"


def test_jobs_are_done_one_after_the_other(engine: Worker, keys: Path, tmp_path: Path) -> None:
    jobs = [engine.submit(values(keys, tmp_path / str(number))) for number in range(3)]
    assert jobs[2].wait(60) == "done"
    assert [job.state for job in jobs] == ["done"] * 3


def test_keys_that_lie_anywhere_become_a_sequence(engine: Worker, tmp_path: Path) -> None:
    first, last = picture(tmp_path / "a" / "first.png", 0), picture(tmp_path / "b" / "last.png", 8)
    named = [{"frame": 11, "path": str(first)}, {"frame": 14, "path": str(last)}]
    job = engine.submit({"target": str(tmp_path / "out"), "settings": {"model": "dissolve"}}, name="walk", keys=named)
    assert job.wait(60) == "done", job.error
    assert sorted(path.name for path in (tmp_path / "out").glob("*.png")) == [
        f"walk.{n:04d}.png" for n in range(11, 15)
    ]
    assert (tmp_path / "out" / "walk.0011.png").read_bytes() == first.read_bytes()
    assert (tmp_path / "out" / "walk.0014.png").read_bytes() == last.read_bytes()


def test_marks_lie_on_the_keys_that_a_host_hands_over(engine: Worker, tmp_path: Path) -> None:
    keys = [{"frame": at, "path": str(picture(tmp_path / f"{at}" / "bar.png", 2 * at))} for at in (1, 3)]
    table, heard = tmp_path / "marks.csv", list[dict[str, Any]]()
    table.write_text("mark,frame,x,y\ntop,1,4,0\ntop,3,8,0\n")
    given = {"target": str(tmp_path / "out"), "marks": str(table), "settings": {"cut_threshold": 1.0}}
    job = engine.submit(given, "bar", keys)
    assert job.wait(120, heard.append) == "done", job.error
    assert [event["marks"] for event in heard if event["event"] == "sequence"] == [1]
    table.write_text("mark,frame,x,y\ntop,1,4,0\ntop,3,8,99\n")
    job = engine.submit(given, "bar", keys)
    assert job.wait(120) == "failed"
    assert job.error.startswith(f"{table}, line 3: 8 99 is outside of bar.png, whose display window is 24x16")


def test_what_is_wrong_with_a_key_is_said_with_its_own_name(engine: Worker, tmp_path: Path) -> None:
    first, last = picture(tmp_path / "first.png", 0), picture(tmp_path / "large.png", 8, (20, 30))
    named = [{"frame": 1, "path": str(first)}, {"frame": 4, "path": str(last)}]
    job = engine.submit({"target": str(tmp_path / "out"), "settings": {"model": "dissolve"}}, name="walk", keys=named)
    assert job.wait(60) == "failed"
    assert "large.png" in job.error
    assert "walk" not in job.error
    job = engine.submit({"target": str(tmp_path / "out")}, name="walk", keys=[{"frame": 1, "path": "/nowhere.png"}])
    assert job.wait(60) == "failed"
    assert "/nowhere.png" in job.error


@pytest.mark.parametrize("key", [{"frame": 1}, {"path": "a.png"}, {"frame": "one", "path": "a.png"}, {}])
def test_keys_that_lack_something_are_refused(key: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="lacks what a key needs"), staged("walk", [key]):
        pass


@pytest.mark.parametrize("other", ["b.png", "b.exr"])
def test_two_keys_at_one_frame_are_refused_and_neither_is_touched(tmp_path: Path, other: str) -> None:
    files = [tmp_path / "a.png", tmp_path / other]
    for file in files:
        file.write_bytes(file.name.encode())
    named = [{"frame": 1, "path": str(file)} for file in files]
    with pytest.raises(InputError) as refused, staged("walk", named):
        pass
    assert f"at frame 1, {files[0]} and {files[1]}; give each its own" in str(refused.value)
    assert [file.read_bytes() for file in files] == [b"a.png", other.encode()]


def test_keys_are_copied_where_links_are_not_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = tmp_path / "a.png"
    key.write_bytes(b"pixels")

    def refused(self: Path, to: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "symlink_to", refused)
    with staged("walk", [{"frame": 1, "path": str(key)}]) as keys:
        copy = keys.folder / "walk.0001.png"
        assert not copy.is_symlink()
        assert copy.read_bytes() == b"pixels"


def test_laying_a_key_down_never_writes_through_a_link(tmp_path: Path) -> None:
    theirs, key, target = (tmp_path / name for name in ("theirs.png", "key.png", "walk.0001.png"))
    theirs.write_bytes(b"precious")
    key.write_bytes(b"other")
    target.symlink_to(theirs)
    with pytest.raises(FileExistsError):
        _lay_down(key, target)
    assert theirs.read_bytes() == b"precious"


@pytest.mark.parametrize("name", ["../walk", "sub/walk", "/tmp/walk"])
def test_a_sequence_s_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    key = picture(tmp_path / "a.png", 2)
    with pytest.raises(InputError, match="without folders"), staged(name, [{"frame": 1, "path": str(key)}]):
        pass


@pytest.mark.parametrize("real", [False, True], ids=["8 bit", "float"])
def test_raw_pixels_of_a_host_keep_every_bit(real: bool, tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (6, 5, 4)).astype(np.float32) / 255
    if real:
        pixels = pixels * 7 - 2
    (tmp_path / "raw").write_bytes(pixels[::-1].tobytes())
    key = {"frame": 3, "path": str(tmp_path / "raw"), "width": 5, "height": 6, "channels": 4, "float": real}
    with staged("walk", [key]) as keys:
        (path,) = keys.folder.iterdir()
        assert path.name == ("walk.0003.exr" if real else "walk.0003.png")
        raw = oiio.ImageSpec()
        raw["oiio:UnassociatedAlpha"] = 1
        file = oiio.ImageInput.open(str(path), raw)
        assert file is not None
        read = file.read_image(0, 0, 0, 4, oiio.FLOAT if real else oiio.UINT8)
    assert read is not None
    assert np.array_equal(read, pixels if real else np.rint(pixels * 255))


def test_raw_pixels_that_are_cut_short_are_refused(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(b"\0" * 40)
    key = {"frame": 3, "path": str(tmp_path / "raw"), "width": 5, "height": 6, "channels": 4, "float": True}
    with pytest.raises(InputError, match="10 values, not 5x6x4"), staged("walk", [key]):
        pass


def talk(*lines: bytes, stay: bool = False) -> tuple[list[dict[str, Any]], int]:
    """What a worker answers to raw lines, and its exit code; `stay` keeps its input open until it has answered."""
    process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"".join(lines))
    process.stdin.flush()
    heard = [process.stdout.readline()] if stay else []
    process.stdin.close()
    heard += process.stdout.readlines()
    assert process.stderr is not None
    process.stderr.close()
    process.stdout.close()
    return [json.loads(line) for line in heard if line], process.wait(60)


@pytest.mark.parametrize(
    "line", [b"hello\n", b"[]\n", b'{"type": "dance"}\n', b'{"type": "job", "id": 5}\n', b"\xff\n"]
)
def test_garbage_ends_the_conversation_with_one_sentence(line: bytes) -> None:
    answers, code = talk(line, stay=True)
    assert code == 0
    assert [(answer["type"], answer["id"]) for answer in answers] == [("error", None)]
    assert "is no request" in answers[0]["message"]


def test_another_protocol_is_refused() -> None:
    answers, _ = talk(b'{"type": "hello", "protocol": 99}\n', stay=True)
    assert "protocol 99" in answers[0]["message"]
    assert "same release" in answers[0]["message"]


def test_worker_ends_when_its_input_ends() -> None:
    assert talk() == ([], 0)
    assert talk(b'{"type": "bye"}\n') == ([], 0)


def test_every_answer_is_one_line_of_the_protocol_whatever_a_library_prints(tmp_path: Path) -> None:
    script = (
        "import ctypes, os\n"
        "from inbetween.hosts.worker import server\n"
        "def chatty():\n"
        "    print('a library says hello')\n"
        "    os.system('echo a child says hello')\n"
        "    ctypes.CDLL(None).puts(b'C says hello')\n"
        "    return greet()\n"
        "greet, server._greeting = server._greeting, chatty\n"
        "server.main()\n"
    )
    with Worker(sys.executable, arguments=("-I", "-c", script)) as worker:
        assert worker.hello()["protocol"] == client.PROTOCOL
        assert "a child says hello" in worker.stderr


def slow(target: Path) -> dict[str, Any]:
    """A job of many frames, whose keys `many` makes."""
    return values(target.parent / "slow", target)


@pytest.fixture
def many(tmp_path: Path) -> Path:
    for frame in (1, 4000):
        picture(tmp_path / "slow" / f"bar.{frame:04d}.png", frame % 16)
    return tmp_path / "slow"


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)


def test_cancel_in_the_middle_keeps_what_is_finished_and_the_worker(
    engine: Worker, many: Path, keys: Path, tmp_path: Path
) -> None:
    job, behind = engine.submit(slow(tmp_path / "out")), engine.submit(values(keys, tmp_path / "never"))
    until(lambda: [event for event in job.pump() if event["event"] == "frame"])
    behind.cancel()
    job.cancel()
    assert job.wait(60) == "cancelled"
    assert behind.wait(60) == "cancelled"
    finished = [path for path in (tmp_path / "out").iterdir() if path.is_file()]
    assert 0 < len(finished) < 4000
    assert not [path for path in finished if path.name.startswith(".")]
    assert not list(tmp_path.glob("never/*.png"))
    following = engine.submit(values(keys, tmp_path / "next"))
    assert following.wait(60) == "done"


def test_worker_in_the_middle_of_a_job_ends_with_its_host(many: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    with contextlib.ExitStack() as closing:
        closing.callback(process.wait, 60)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(protocol.encode({"type": "job", "id": "1", "job": slow(tmp_path / "out")}))
        process.stdin.flush()
        while b'"frame"' not in process.stdout.readline():
            pass
        process.stdin.close()
        process.stdout.close()  # a host that was killed does not read either
    assert process.returncode in (0, 1)
    assert len(list((tmp_path / "out").glob("*.png"))) < 4000


def test_release_is_answered_and_the_next_job_loads_again(engine: Worker, keys: Path, tmp_path: Path) -> None:
    assert engine.submit(values(keys, tmp_path / "one")).wait(60) == "done"
    engine.release()
    assert engine.submit(values(keys, tmp_path / "two")).wait(60) == "done"
    assert talk(b'{"type": "release"}\n', stay=True)[0] == [{"type": "released", "models": []}]


def test_models_stay_warm_between_jobs_until_released_or_replaced(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from inbetween.hosts.worker.server import Warm
    from inbetween.models import registry

    loaded: list[str] = []

    def load(name: str, device: str, engine: str) -> object:
        loaded.append(name)
        return object()

    monkeypatch.setattr(registry, "load", load)
    weights, warm = tmp_path / "mine.onnx", Warm()
    weights.write_bytes(b"1")
    first = warm(str(weights), "cpu", "auto")
    assert warm(str(weights), "cpu", "auto") is first
    assert warm("flow", "cpu", "auto") is not first
    assert loaded == [str(weights), "flow"]
    weights.write_bytes(b"retrained")
    again = warm(str(weights), "cpu", "auto")
    assert again is not first
    weights.with_suffix(".json").write_bytes(b"another card")
    assert warm(str(weights), "cpu", "auto") is not again
    assert warm.release() == sorted([str(weights), "flow"])
    assert warm.release() == []


@given(st.binary(max_size=60).filter(lambda data: b"\n" not in data))
def test_no_bytes_whatsoever_break_the_reader(data: bytes) -> None:
    with contextlib.suppress(WorkerError):
        assert protocol.parse(data)["type"] in protocol.REQUESTS


@pytest.mark.parametrize("kind", InbetweenError.__subclasses__())
def test_every_error_of_the_house_reaches_the_host_with_its_name(kind: type[InbetweenError]) -> None:
    message = protocol.error(kind("walk.0001.png is damaged; fetch it again"), "1")
    assert json.loads(protocol.encode(message))["kind"] == kind.__name__


def test_worker_opens_no_network_port(engine: Worker) -> None:
    engine.hello()
    folder = Path(f"/proc/{engine._process.pid}/fd")
    if not folder.is_dir():
        pytest.skip("reads /proc")
    targets = [str(path.readlink()) for path in folder.iterdir()]
    assert targets
    assert not [target for target in targets if target.startswith("socket:")]


def test_keys_that_a_killed_worker_left_behind_are_removed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = picture(tmp_path / "a.png", 2)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    dies = (
        "import os, signal; from inbetween.hosts.worker.keys import staged\n"
        f"with staged('shot', [{{'frame': 1, 'path': {str(key)!r}}}]): os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", dies], check=False)
    (left,) = tmp_path.glob("inbetween-keys-*")
    with staged("shot", [{"frame": 1, "path": str(key)}]) as mine:
        assert not left.exists()
        with staged("shot", [{"frame": 1, "path": str(key)}]):
            assert mine.folder.exists()
    assert key.exists()
