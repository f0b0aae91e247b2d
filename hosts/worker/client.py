"""The host's end of the worker: starts the process, hands it jobs, hears what comes back, never waits.

This one file runs inside Nuke's and Blender's own Python: standard library only, Python 3.7 and newer, no import of
ours. The engine lives in another process with another Python, so nothing of it can break the host:

    worker = Worker("/opt/inbetween/bin/python")         # starts, does not wait
    job = worker.submit({"source": ..., "target": ..., "settings": {...}})
    while not job.finished:                              # from the host's timer; nothing here blocks
        for event in job.pump():
            ...
    worker.close()

Everything is called from one thread, the host's own. What the worker says is read by a thread that only fills a queue.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

PROTOCOL = 1
"""Raised by one whenever a message changes its meaning; both ends refuse another number."""

ARGUMENTS = ("-I", "-m", "inbetween.hosts.worker")
SCRUBBED = ("PYTHON", "LD_", "DYLD_", "QT_", "QML")
"""Variables that a host sets for its own libraries; in another Python they load the wrong ones."""

LONGEST_LINE, STDERR_LINES = 1 << 24, 40
"""Bytes of a message at most, and how many of the last lines on stderr are kept, to tell why a worker died."""
NEWS = "INFO "
"""What lines of the worker's log begin with that only say what is being done: no last words of one that died."""
KILLED = -9
"""The exit code, on POSIX, of a process that was ended from outside (SIGKILL)."""
CANCEL_GRACE = 10.0
"""Seconds that a cancelled job gets to finish its frame before the process is ended."""


class WorkerError(Exception):
    """The worker did not start, spoke nonsense, or died; one sentence, with the remedy, meant for the artist."""


class Job:
    """One job as the host sees it; made by `Worker.submit`.

    `state` goes from "waiting" to "running" to "done", "failed" or "cancelled". `summary` is the runner's own once it
    is done; `error` is the sentence to show once it failed, and `kind` its class in `inbetween.core.errors`.
    """

    def __init__(self, worker: Worker, id: str) -> None:  # noqa: A002 - the protocol's word
        self.id = id
        self.state = "waiting"
        self.summary: dict[str, Any] = {}
        self.error = ""
        self.kind = ""
        self._worker = worker
        self._fresh: list[dict[str, Any]] = []
        self._stopping = False
        self._deadline: float | None = None

    @property
    def finished(self) -> bool:
        return self.state in ("done", "failed", "cancelled")

    def pump(self) -> list[dict[str, Any]]:
        """Take in what has arrived and return the runner's events since the last call. Never waits, never raises."""
        self._worker.pump()
        if self._stopping and self._worker.at(self):  # one that waits its turn has nothing to stop yet
            if self._deadline is None:
                self._deadline = time.monotonic() + CANCEL_GRACE
            elif time.monotonic() > self._deadline:
                self._worker.fail("the worker did not stop when asked and was ended; what was finished is kept")
        fresh, self._fresh = self._fresh, []
        return fresh

    def cancel(self) -> None:
        """Ask the worker to stop after the frame it is at; if it does not within `CANCEL_GRACE`, end it."""
        if not self.finished and not self._stopping:
            self._stopping = True
            self._worker.send({"type": "cancel", "id": self.id})

    def wait(self, timeout: float | None = None, heard: Callable[[dict[str, Any]], None] | None = None) -> str:
        """Block until the job is over and return its state; for scripts and background mode.

        `heard` gets every event. After `timeout` seconds the job is cancelled and `WorkerError` raised.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            over = self.finished
            for event in self.pump():
                if heard is not None:
                    heard(event)
            if over:
                return self.state
            if end is not None and time.monotonic() > end:
                self.cancel()
                raise WorkerError(f"the worker was not done after {timeout:g} seconds and was told to stop")
            time.sleep(0.01)

    def _hear(self, message: Mapping[str, Any]) -> None:
        kind = message["type"]
        if kind == "event":
            self.state = "running"
            self._fresh.append(message["event"])
        elif kind == "done":
            self.summary = message["summary"]
            self.state = "done"
        else:
            self._end(message.get("kind", ""), message["message"])

    def _end(self, kind: str, error: str) -> None:
        self.kind, self.error = kind, error + (self._worker.mismatch if kind == "SettingsError" else "")
        self.state = "cancelled" if kind == "Cancelled" or self._stopping else "failed"


class Worker:
    """One worker process. Use it as a context manager, or call `close`; when the host dies it ends by itself.

    `python` is the interpreter of inbetween's own environment; `release` is that of the host's side, named when an
    engine of another one refuses its settings. `environment` is added to the host's variables after those in
    `SCRUBBED` are taken out. Raises `WorkerError` when the process cannot be started at all; whatever goes wrong later
    stands in `error`, and every job that was open has failed with it.
    """

    def __init__(
        self,
        python: str,
        start_timeout: float = 60.0,
        environment: Mapping[str, str] | None = None,
        arguments: Sequence[str] = ARGUMENTS,
        release: str = "",
    ) -> None:
        self.python = python
        self._release = release
        self.error = ""
        self.greeting: dict[str, Any] | None = None
        """What the worker said about itself: protocol, version, models, devices, settings."""
        self._jobs: dict[str, Job] = {}
        self._count = 0
        self._closed = False
        self._start_timeout = start_timeout
        self._started = time.monotonic()
        self._inbox: queue.Queue[dict[str, Any]] = queue.Queue()
        self._outbox: queue.Queue[bytes | None] = queue.Queue()
        self._stderr: tuple[str, ...] = ()
        """Put in place anew with each line, never changed: the host reads it while another thread adds to it."""
        self._process = _start([python, *arguments], _environment(environment or {}))
        errors = threading.Thread(target=self._read_stderr, daemon=True)
        errors.start()
        threading.Thread(target=self._read, args=(errors,), daemon=True).start()
        threading.Thread(target=self._write, daemon=True).start()
        self.send({"type": "hello", "protocol": PROTOCOL})

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        """Whether another job may be handed in."""
        return not self.error and not self._closed and self._process.poll() is None

    @property
    def busy(self) -> bool:
        return bool(self._jobs)

    @property
    def mismatch(self) -> str:
        """What to say after a refusal where the two sides are of different releases; empty where they are of one."""
        theirs = str((self.greeting or {}).get("version", self._release))
        if not self._release or theirs == self._release:
            return ""
        return f"; the engine is release {theirs}, this adapter {self._release}: install the same release in both"

    @property
    def stderr(self) -> str:
        """The last lines the process wrote about itself, for a log or a details box."""
        return "\n".join(self._stderr)

    def hello(self) -> dict[str, Any]:
        """Wait for the worker's greeting and return it; raises `WorkerError` when none comes."""
        end = time.monotonic() + self._start_timeout
        while self.greeting is None:
            self.pump()
            if not self.error and self.greeting is None and time.monotonic() > end:
                self.fail(self._silence())
            if self.error:
                raise WorkerError(self.error)
            time.sleep(0.01)
        return self.greeting

    def submit(self, job: Mapping[str, Any], name: str = "", keys: Sequence[Mapping[str, Any]] | None = None) -> Job:
        """Hand in a job (`inbetween.hosts.sequence.job.Job` as plain values) and return at once.

        In place of the job's `source`, `keys` may name key frames one by one, wherever they lie: `frame` and `path`
        each; the result is then called `name.####`. Jobs are done one after the other. May be called before the
        greeting came. Raises `WorkerError` when the worker is gone.
        """
        self.pump()
        if not self.alive:
            raise WorkerError(self.error or "the worker is closed; start another")
        self._count += 1
        made = self._jobs[str(self._count)] = Job(self, str(self._count))
        message = {"type": "job", "id": made.id, "job": dict(job)}
        self.send({**message, "name": name, "keys": list(keys)} if keys is not None else message)
        return made

    def at(self, job: Job) -> bool:
        """Whether a job is the one that is being done."""
        return next(iter(self._jobs.values()), None) is job

    def release(self) -> None:
        """Have the worker drop the models it keeps warm, once the jobs handed in before are done."""
        self.send({"type": "release"})

    def pump(self) -> None:
        """Take in what the worker has said. Never waits; call it from the host's timer."""
        while True:
            try:
                message = self._inbox.get_nowait()
            except queue.Empty:
                break
            if self.error or self._closed:
                continue
            try:
                self._hear(message)
            except (KeyError, TypeError, AttributeError):
                self.fail(_nonsense(json.dumps(message)))
        late = time.monotonic() > self._started + self._start_timeout
        if self.greeting is None and late and not self.error and not self._closed:
            self.fail(self._silence())

    def close(self, timeout: float = 3.0) -> None:
        """Say goodbye and wait; after `timeout` seconds end the process and everything it started."""
        self._closed = True
        self.send({"type": "bye"})
        self._outbox.put(None)
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
        self._end_jobs("Cancelled", "the worker was closed")

    def kill(self) -> None:
        """End the process and everything it started, at once; frames that were finished are whole."""
        self._closed = True
        _kill_tree(self._process)
        self._outbox.put(None)
        self._end_jobs("Cancelled", "the worker was ended")

    def fail(self, sentence: str) -> None:
        """Give the worker up: every open job fails with `sentence`, and the process is ended."""
        self.error = sentence
        _kill_tree(self._process)
        self._outbox.put(None)
        self._end_jobs("WorkerError", sentence)

    def send(self, message: Mapping[str, Any]) -> None:
        self._outbox.put(json.dumps(message).encode("ascii") + b"\n")

    def _hear(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "hello":
            self._greet(message)
        elif kind == "exit":
            self.fail(self._death(message["code"]))
        elif kind == "nonsense":
            self.fail(_nonsense(message["line"]))
        elif kind == "error" and message["id"] is None:
            self.fail(message["message"])
        elif kind in ("event", "done", "error"):
            job = self._jobs[message["id"]]
            job._hear(message)
            if job.finished:
                del self._jobs[job.id]
        elif kind != "released":
            raise KeyError(kind)

    def _greet(self, message: dict[str, Any]) -> None:
        if message["protocol"] != PROTOCOL:
            theirs = message["protocol"]
            self.fail(f"the worker speaks protocol {theirs}, this adapter {PROTOCOL}: install the same release in both")
        else:
            self.greeting = message

    def _end_jobs(self, kind: str, sentence: str) -> None:
        for job in list(self._jobs.values()):
            job._end(kind, sentence)
        self._jobs.clear()

    def _silence(self) -> str:
        return (
            f"the worker, started with {self.python}, said nothing for {self._start_timeout:g} seconds; "
            f"check that this is inbetween's own Python{self._last_words()}"
        )

    def _death(self, code: int) -> str:
        if self.greeting is None and "No module named" in self.stderr:
            why = self._stderr[-1]
            return f"{self.python} cannot run inbetween ({why}); name the Python that inbetween was installed with"
        when = "before it answered" if self.greeting is None else "in the middle of its work"
        if code == KILLED:
            return (
                f"the worker was killed {when}, as systems do when memory runs out; free some, or take smaller frames"
            )
        return f"the worker ended {when} (exit code {code}){self._last_words()}"

    def _last_words(self) -> str:
        words = [line for line in self._stderr if not line.startswith(NEWS)]
        return "; its last words: " + " / ".join(words[-3:]) if words else ""

    def _read(self, errors: threading.Thread) -> None:
        stream = self._process.stdout
        assert stream is not None
        with stream:
            for line in iter(lambda: stream.readline(LONGEST_LINE), b""):
                if line.endswith(b"\n"):  # half a line is what a dying worker leaves: the exit says more
                    self._inbox.put(_message(line))
        try:
            code = self._process.wait(2.0)
        except subprocess.TimeoutExpired:
            _kill_tree(self._process)
            code = self._process.wait()
        errors.join(1.0)
        self._inbox.put({"type": "exit", "code": code})

    def _read_stderr(self) -> None:
        stream = self._process.stderr
        assert stream is not None
        with stream:
            for line in stream:
                text = line.decode("utf-8", "replace").strip()
                if text:
                    self._stderr = (*self._stderr, text)[-STDERR_LINES:]

    def _write(self) -> None:
        stream = self._process.stdin
        assert stream is not None
        try:
            with stream:
                for data in iter(self._outbox.get, None):
                    stream.write(data)
                    stream.flush()
        except OSError:
            pass  # the worker is gone; the reader has its exit code and says so


def _message(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line.decode("utf-8"))
        if isinstance(message["type"], str):
            return dict(message)
    except (ValueError, TypeError, KeyError):
        pass
    return {"type": "nonsense", "line": line.decode("utf-8", "replace").strip()}


def _nonsense(line: str) -> str:
    return f"the worker answered {line[:120]!r}, which is no message; check that its Python is inbetween's own"


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(SCRUBBED)}
    return {**kept, **extra}


def _start(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start the worker in a process group (Windows: no console window) of its own, so that all of it can be ended."""
    apart: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    pipe = subprocess.PIPE
    try:
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, **apart)
    except (OSError, ValueError) as cause:
        text = f"cannot start the worker with {command[0]!r} ({cause}); name the Python inbetween was installed with"
        raise WorkerError(text) from cause


def _kill_tree(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    try:
        if sys.platform == "win32":
            command = ["taskkill", "/F", "/T", "/PID", str(process.pid)]
            subprocess.call(command, creationflags=subprocess.CREATE_NO_WINDOW)
        else:
            os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        pass  # it ended between the question and the blow
