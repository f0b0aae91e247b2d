"""The worker: does jobs for a host that cannot hold the engine itself, one after the other, over stdin and stdout.

Two threads. One reads requests, so that `cancel` and the end of the host are noticed in the middle of a frame; the
other, the main one, does the jobs with the models kept warm between them.
"""

import ctypes
import logging
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from inbetween.core.errors import Cancelled, InbetweenError, WorkerError
from inbetween.hosts.worker import protocol

log = logging.getLogger(__name__)

ORPHAN_GRACE = 10.0
"""Seconds that a running frame gets once the host is gone; then the process ends without it."""


class Warm:
    """`registry.load` that keeps what it loaded; a weights file that changed since is loaded again."""

    def __init__(self) -> None:
        self._models: dict[tuple[str, str, str], tuple[Any, Any]] = {}

    def __call__(self, name: str, device: str, engine: str) -> Any:
        from inbetween.models import registry

        key, stamp = (name, device, engine), _stamp(name)
        if key not in self._models or self._models[key][0] != stamp:
            self._models.pop(key, None)  # two copies of a model may not fit
            self._models[key] = (stamp, registry.load(name, device, engine))
        return self._models[key][1]

    def release(self) -> list[str]:
        """Let every model go; returns the names of those that were held."""
        import gc

        names = sorted({name for name, _, _ in self._models})
        self._models.clear()
        gc.collect()
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_available():
            torch.cuda.empty_cache()
        return names


def _stamp(name: str) -> tuple[tuple[int, int], ...]:
    """Times and sizes of a weights file and its kin: `mine.onnx` may stand for `mine.safetensors`, and has a card."""
    if not Path(name).name:  # "", "." and "/" name no file
        return ()
    kin = sorted(Path(name).with_suffix(suffix) for suffix in (".onnx", ".safetensors", ".json"))
    return tuple((path.stat().st_mtime_ns, path.stat().st_size) for path in kin if path.is_file())


class Conversation:
    """One client's requests in, answers out.

    The ids of cancelled jobs are never forgotten, because a job may be cancelled while it still waits.
    """

    def __init__(self, requests: BinaryIO, answers: BinaryIO) -> None:
        self._requests = requests
        self._answers = answers
        self._lock = threading.Lock()
        self._todo: queue.Queue[dict[str, Any]] = queue.Queue()
        self._cancelled: set[str] = set()
        self._over = threading.Event()

    def say(self, message: dict[str, Any]) -> None:
        """Send one message; a host that no longer listens ends the conversation instead of raising."""
        try:
            with self._lock:
                self._answers.write(protocol.encode(message))
                self._answers.flush()
        except OSError:
            self._over.set()

    def todo(self) -> Iterator[dict[str, Any]]:
        """Requests in their order until the client says bye or is gone; `cancel` acts at once and is not among them."""
        threading.Thread(target=self._listen, daemon=True).start()
        return iter(self._todo.get, {"type": "bye"})

    def cancelled(self, id: str) -> bool:  # noqa: A002 - the protocol's word
        return self._over.is_set() or id in self._cancelled

    def _listen(self) -> None:
        try:
            for line in self._requests:
                request = protocol.parse(line)
                if request["type"] == "bye":
                    break
                if request["type"] == "cancel":
                    self._cancelled.add(request["id"])
                else:
                    self._todo.put(request)
        except WorkerError as problem:
            self.say(protocol.error(problem))
        self._over.set()
        self._todo.put({"type": "bye"})
        threading.Timer(ORPHAN_GRACE, os._exit, (1,)).start()


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer one client until it says bye or is gone."""
    talk, load = Conversation(requests, answers), Warm()
    for request in talk.todo():
        if request["type"] == "hello":
            talk.say(_greeting())
        elif request["type"] == "release":
            talk.say({"type": "released", "models": load.release()})
        else:
            talk.say(_do(request, talk, load))


def _greeting() -> dict[str, Any]:
    from inbetween import __version__
    from inbetween.core.settings import Settings, describe
    from inbetween.models import registry

    return {
        "type": "hello",
        "protocol": protocol.PROTOCOL,
        "version": __version__,
        "models": list(registry.MODELS),
        "weights_sha256": {row["name"]: row["weights_sha256"] for row in registry.catalogue()},
        "devices": _devices(),
        "settings": describe(Settings),
    }


def _devices() -> list[str]:
    """What the machine has. CUDA's driver itself is asked: ONNX Runtime lists CUDA where there is none."""
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return ["cpu"]
    count = ctypes.c_int()
    answers = driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0
    return ["cpu", "cuda"] if answers and count.value else ["cpu"]


def _do(request: dict[str, Any], talk: Conversation, load: Warm) -> dict[str, Any]:
    """Do one job; whatever goes wrong in it becomes its answer, so that the next job finds the worker alive."""
    from inbetween.hosts.worker.keys import staged

    id = request["id"]  # noqa: A001 - the protocol's word
    if talk.cancelled(id):
        return protocol.error(Cancelled("stopped before it began"), id)
    try:
        if "keys" not in request:
            return _run(id, request["job"], talk, load, str)
        with staged(request["name"], request["keys"]) as keys:
            words = keys.in_words_of_the_host
            try:
                return _run(id, {**request["job"], "source": str(keys.folder)}, talk, load, words)
            except InbetweenError as problem:
                raise type(problem)(words(str(problem))) from problem
    except InbetweenError as problem:
        return protocol.error(problem, id)
    except Exception as problem:
        log.exception("job %s failed in a way that nobody foresaw", id)
        text = f"unexpected {type(problem).__name__}: {problem}; the worker's log has the details, please report it"
        return protocol.error(WorkerError(text), id)


def _run(
    id: str,  # noqa: A002 - the protocol's word
    job: dict[str, Any],
    talk: Conversation,
    load: Warm,
    words: Callable[[str], str],
) -> dict[str, Any]:
    """Have the runner do a job; `words` puts what it says to the artist into the host's terms."""
    from inbetween.hosts.sequence.job import job_from
    from inbetween.hosts.sequence.run import run

    def emit(event: dict[str, Any]) -> None:
        said = {"message": words(event["message"])} if "message" in event else {}
        talk.say({"type": "event", "id": id, "event": {**event, **said}})

    summary = run(job_from(job), emit, lambda: talk.cancelled(id), load=load)
    return {"type": "done", "id": id, "summary": asdict(summary)}


def _log_to_stderr() -> None:
    """What is done, and why a model could not draw, with the traceback: a host's user cannot ask for more."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("inbetween.hosts.sequence.gap").setLevel(logging.DEBUG)


def main() -> None:
    """Serve over stdin and stdout, which are kept from everybody else: what a library prints goes to stderr."""
    _log_to_stderr()
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    serve(requests, answers)
    # A daemon thread may still hold the reader's lock or an engine's; there is nothing left that needs a tidy exit.
    logging.shutdown()
    os._exit(0)
