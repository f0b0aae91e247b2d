"""The host's end of the worker, against processes that behave as badly as processes do."""

import ast
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inbetween.hosts.worker import client
from inbetween.hosts.worker.client import Worker, WorkerError

GREETS = """
import json, os, sys, time
def hear():
    line = sys.stdin.readline()
    return json.loads(line) if line else None
def say(**message):
    print(json.dumps(message), flush=True)
def greet(protocol=PROTOCOL):
    hear()
    say(type="hello", protocol=protocol, version="0", models=["dissolve"], devices=["cpu"], settings=[])
""".replace("PROTOCOL", str(client.PROTOCOL))


def worker(script: str, **options: Any) -> Worker:
    """A worker process that runs `script` in place of the engine."""
    return Worker(sys.executable, arguments=("-I", "-c", GREETS + script), **options)


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)


def test_job_hears_its_events_and_its_summary() -> None:
    script = """
greet()
job = hear()
for frame in (2, 3):
    say(type="event", id=job["id"], event={"event": "frame", "frame": frame, "source": job["job"]["source"]})
say(type="done", id=job["id"], summary={"written": 2})
hear()
"""
    with worker(script) as engine:
        heard: list[dict[str, Any]] = []
        job = engine.submit({"source": "keys"})
        assert job.state == "waiting"
        assert job.wait(20, heard.append) == "done"
        assert [event["frame"] for event in heard] == [2, 3]
        assert {event["source"] for event in heard} == {"keys"}
        assert job.summary == {"written": 2}
        assert engine.greeting is not None
        assert engine.alive
        assert not engine.busy
    assert not engine.alive


def test_submitting_and_pumping_never_wait() -> None:
    with worker("import time; time.sleep(60)") as engine:
        start = time.monotonic()
        job = engine.submit({"padding": "x" * 1_000_000})  # far more than a pipe holds, and nobody reads it
        for _ in range(100):
            job.pump()
        assert time.monotonic() - start < 5, "the host would have hung until the worker read its job"
        assert job.state == "waiting"
        engine.kill()


@pytest.mark.parametrize("python", ["", "/nowhere/python", __file__])
def test_python_that_cannot_be_started_is_named(python: str) -> None:
    with pytest.raises(WorkerError, match="cannot start the worker") as problem:
        Worker(python)
    assert repr(python) in str(problem.value)


def test_python_without_the_engine_is_named_with_the_remedy() -> None:
    with Worker(sys.executable, arguments=("-I", "-m", "no_such_engine")) as engine:
        with pytest.raises(WorkerError, match=r"No module named no_such_engine.*name the Python") as problem:
            engine.hello()
        assert sys.executable in str(problem.value)


def test_worker_that_dies_at_start_says_its_last_words() -> None:
    with worker("print('libcudart is missing', file=sys.stderr); sys.exit(3)") as engine:
        job = engine.submit({})
        assert job.wait(20) == "failed"
        assert "before it answered (exit code 3)" in job.error
        assert "libcudart is missing" in job.error
        assert not engine.alive
        with pytest.raises(WorkerError, match="exit code 3"):
            engine.submit({})


def test_worker_that_dies_in_a_job_fails_it_and_those_behind_it() -> None:
    with worker("greet(); job = hear(); say(type='event', id=job['id'], event={}); hear(); os.abort()") as engine:
        first, second = engine.submit({}), engine.submit({})
        assert first.wait(20) == "failed"
        assert second.wait(20) == "failed"
        assert first.error == second.error
        assert "in the middle of its work" in first.error


def test_last_words_are_not_what_was_being_done() -> None:
    script = "greet(); hear(); print('INFO inbetween: all is well', file=sys.stderr); sys.exit(3)"
    with worker(script) as engine:
        job = engine.submit({})
        assert job.wait(20) == "failed"
        assert job.error == "the worker ended in the middle of its work (exit code 3)"


def test_last_words_can_be_told_while_the_worker_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "'INFO inbetween: all is well\\n' * 1000"
    monkeypatch.setattr(client, "STDERR_LINES", 2000)
    with worker(f"greet()\nwhile True: sys.stderr.write({lines})") as engine:
        until(lambda: len(engine.stderr.splitlines()) == client.STDERR_LINES)
        for _ in range(100):
            assert not engine._last_words()
        engine.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="no process is killed by a signal there")
def test_worker_that_is_killed_is_told_from_one_that_fails() -> None:
    with worker("greet(); hear(); os.kill(os.getpid(), 9)") as engine:
        job = engine.submit({})
        assert job.wait(20) == "failed"
        assert "was killed in the middle of its work, as systems do when memory runs out" in job.error


@pytest.mark.parametrize(("release", "told"), [("1", True), ("0", False), ("", False)], ids=["other", "same", "any"])
def test_settings_that_another_release_refuses_name_both_releases(release: str, told: bool) -> None:
    refuses = "say(type='error', id=hear()['id'], kind='SettingsError', message='unknown setting'); hear()"
    with worker(f"greet(); {refuses}", release=release) as engine:
        job = engine.submit({})
        assert job.wait(20) == "failed"
        assert job.error.startswith("unknown setting")
        assert ("the engine is release 0, this adapter 1: install the same release in both" in job.error) is told


def test_half_a_line_is_a_death_and_not_a_message() -> None:
    script = 'greet(); hear(); sys.stdout.write(\'{"type": "done"\'); sys.stdout.flush(); sys.exit(7)'
    with worker(script) as engine:
        job = engine.submit({})
        assert job.wait(20) == "failed"
        assert "exit code 7" in job.error


@pytest.mark.parametrize(
    "line",
    [
        "Welcome to Python!",
        "[1, 2]",
        '"done"',
        "{}",
        '{"type": 5}',
        '{"type": "surprise"}',
        '{"type": "done", "id": "unknown", "summary": {}}',
        '{"type": "done", "id": "1"}',
        '{"type": "event"}',
        "\\xff\\xfe",
    ],
)
def test_garbage_fails_the_job_and_ends_the_process(line: str) -> None:
    with worker(f"greet(); hear(); print({line!r}, flush=True); hear()") as engine:
        job = engine.submit({})
        assert job.wait(20) == "failed"
        assert "which is no message" in job.error
        assert not engine.alive


def test_another_protocol_is_refused_with_both_numbers() -> None:
    with worker("greet(protocol=99); hear()") as engine, pytest.raises(WorkerError, match=r"99.*1.*same release"):
        engine.hello()


def test_slow_start_is_waited_for_and_too_slow_a_start_is_not() -> None:
    with worker("time.sleep(0.5); greet(); hear()") as engine:
        assert engine.greeting is None
        assert engine.hello()["version"] == "0"
    with worker("time.sleep(60)", start_timeout=0.3) as engine:
        job = engine.submit({})
        assert job.wait(20) == "failed"
        assert "said nothing for 0.3 seconds" in job.error


def test_cancel_reaches_the_worker_and_the_next_job_finds_it_alive() -> None:
    script = """
greet()
job, cancel, following = hear(), hear(), hear()
say(type="error", id=cancel["id"], kind="Cancelled", message="stopped")
say(type="done", id=following["id"], summary={})
hear()
"""
    with worker(script) as engine:
        job = engine.submit({})
        job.cancel()
        job.cancel()
        following = engine.submit({})
        assert job.wait(20) == "cancelled"
        assert following.wait(20) == "done"
        assert engine.alive


def test_worker_that_does_not_stop_when_asked_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "CANCEL_GRACE", 0.2)
    with worker("greet(); time.sleep(60)") as engine:
        job = engine.submit({})
        job.cancel()
        assert job.wait(20) == "cancelled"
        assert "did not stop when asked" in job.error
        assert not engine.alive


def test_cancelling_a_job_that_waits_does_not_end_the_one_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "CANCEL_GRACE", 0.1)
    script = """
greet()
running, waiting, cancel = hear(), hear(), hear()
time.sleep(0.5)
say(type="done", id=running["id"], summary={})
say(type="error", id=cancel["id"], kind="Cancelled", message="stopped")
hear()
"""
    with worker(script) as engine:
        running, waiting = engine.submit({}), engine.submit({})
        waiting.cancel()
        assert waiting.wait(20) == "cancelled"
        assert running.state == "done"


def test_time_out_of_a_blocking_wait_cancels_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "CANCEL_GRACE", 0.2)
    with worker("greet(); time.sleep(60)") as engine:
        job = engine.submit({})
        with pytest.raises(WorkerError, match=r"not done after 0\.1 seconds"):
            job.wait(0.1)
        assert job.wait(20) == "cancelled"


def test_closing_lets_the_worker_say_goodbye() -> None:
    engine = worker("greet(); hear(); sys.exit(0)")
    engine.hello()
    engine.close()
    assert engine._process.returncode == 0


@pytest.mark.parametrize(
    "script", ["greet(); hear()", "time.sleep(60)", "sys.exit(3)"], ids=["says goodbye", "has to be ended", "died"]
)
def test_closed_worker_leaves_no_pipe_open(script: str) -> None:
    engine = worker(script)
    engine.submit({"padding": "x" * 1_000_000})
    engine.close(timeout=1.0)
    pipes = (engine._process.stdin, engine._process.stdout, engine._process.stderr)
    until(lambda: all(pipe is not None and pipe.closed for pipe in pipes), 5.0)


@pytest.mark.skipif(os.name == "nt", reason="process groups are POSIX")
def test_ending_a_worker_ends_what_it_started() -> None:
    script = """
import subprocess
greet()
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
say(type="event", id=hear()["id"], event={"child": child.pid})
time.sleep(60)
"""
    with worker(script) as engine:
        job = engine.submit({})
        heard: list[dict[str, Any]] = []

        def told() -> bool:
            heard.extend(job.pump())
            return bool(heard)

        until(told)
        engine.close(timeout=0.1)
        assert job.state == "cancelled"
        until(lambda: not _running(heard[0]["child"]))


def _running(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads /proc")
def test_worker_of_a_host_that_was_killed_sees_the_end_of_its_input() -> None:
    here = Path(client.__file__).parent
    host = f"""
import sys, time
sys.path.insert(0, {str(here)!r})
from client import Worker
worker = Worker(sys.executable, arguments=("-c", "import sys; sys.stdin.read()"))
print(worker._process.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", host], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert _running(pid)
        os.kill(process.pid, signal.SIGKILL)
    until(lambda: not _running(pid))


def test_two_clients_do_not_hear_each_other() -> None:
    script = "greet(); job = hear(); say(type='done', id=job['id'], summary=job['job']); hear()"
    with worker(script) as one, worker(script) as other:
        first, second = one.submit({"who": "first"}), other.submit({"who": "second"})
        assert second.wait(20) == first.wait(20) == "done"
        assert (first.summary["who"], second.summary["who"]) == ("first", "second")


def test_variables_of_the_host_stay_with_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH", "QT_PLUGIN_PATH"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("OCIO", "studio.ocio")
    script = "greet(); job = hear(); say(type='done', id=job['id'], summary=dict(os.environ)); hear()"
    with worker(script, environment={"CUDA_VISIBLE_DEVICES": "1"}) as engine:
        job = engine.submit({})
        job.wait(20)
        assert job.summary["OCIO"] == "studio.ocio"
        assert job.summary["CUDA_VISIBLE_DEVICES"] == "1"
        assert not [name for name in job.summary if name.startswith(client.SCRUBBED)]


def test_client_runs_in_the_oldest_python_of_a_host() -> None:
    source = Path(client.__file__).read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 7))
    assert isinstance(tree.body[1], ast.ImportFrom)
    assert tree.body[1].module == "__future__"
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names
