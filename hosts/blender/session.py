"""The one worker of this Blender and what it is doing; the panels read from here, the operators write to it."""

from pathlib import Path
from typing import Any

import bpy

from ..worker.client import Job, Worker, WorkerError
from .properties import DESCRIPTION

NOT_SET_UP = "The engine is not set up: name its Python in the add-on's preferences"


class Session:
    """State that outlives an operator: the warm worker, the job it is at, the last word to the artist."""

    def __init__(self) -> None:
        self.worker: Worker | None = None
        self.job: Job | None = None
        self.busy = False
        self.stopping = False
        self.label = ""
        self.done = 0
        self.total = 0
        self.sequences: list[dict[int, str]] = []
        self.model = ""
        """The model of the last job and what really ran it."""
        self.notes: list[str] = []
        """What the runner thinks the artist should know about the last job."""
        self.error = ""
        self.folder = ""
        """Where the last finished frames are."""

    def engine(self, python: str) -> Worker:
        """The running worker, or a new one; raises `WorkerError` when none can be started."""
        if self.worker is not None and self.worker.alive and self.worker.python == python:
            return self.worker
        self.end_worker()
        self.worker = Worker(python, release=DESCRIPTION["version"])
        return self.worker

    def end_worker(self) -> None:
        """End the worker process and give back all of its memory; the next job starts another."""
        if self.worker is not None:
            self.worker.kill()
        self.worker = self.job = None

    def begin(self, label: str) -> None:
        self.busy, self.stopping, self.label, self.error = True, False, label, ""
        self.done, self.total, self.sequences, self.notes = 0, 0, [], []

    def end(self, error: str = "") -> None:
        self.busy, self.job, self.error = False, None, error

    def stop(self) -> None:
        """Stop what is going on after the frame it is at; frames that were finished stay on disk."""
        self.stopping = True
        if self.job is not None:
            self.job.cancel()

    def hear(self, event: dict[str, Any]) -> None:
        """Keep what an event of the runner says about progress and finished files."""
        self.done = event.get("done", self.done)
        self.total = event.get("total", self.total)
        if event["event"] == "sequence":
            self.sequences.append({})
        elif event["event"] == "frame":
            self.sequences[-1][event["frame"]] = event["file"]
        elif event["event"] == "model":
            self.model = f"{event['name']} on {event['engine']}"
        elif event["event"] in ("cut", "warning", "look"):
            self.notes.append(event["message"])

    @property
    def finished(self) -> list[dict[int, str]]:
        """The file of each finished frame, of each sequence of the last job, in order of time."""
        return [dict(sorted(files.items())) for files in self.sequences if files]

    @property
    def progress(self) -> float:
        return self.done / self.total if self.total else 0.0

    @property
    def status(self) -> str:
        if self.job is not None and self.job.state == "waiting":
            return f"{self.label}: starting the engine"
        return f"{self.label}: {self.done} of {self.total}"


SESSION = Session()


def python(preferences: Any) -> str:
    """The engine's Python, absolute; raises `WorkerError` when none is named or there is none."""
    path: str = bpy.path.abspath(preferences.python)
    if not path:
        raise WorkerError(NOT_SET_UP)
    if not Path(path).is_file():
        raise WorkerError(f"{NOT_SET_UP}; {path} is not there")
    return path


@bpy.app.handlers.persistent
def _before_load(*_: object) -> None:
    """Another file is opened: its job would put frames into a scene that is gone."""
    SESSION.stop()


def register() -> None:
    bpy.app.handlers.load_pre.append(_before_load)


def unregister() -> None:
    bpy.app.handlers.load_pre.remove(_before_load)
    SESSION.end_worker()
    SESSION.end()
