"""What goes on beside the drawing: keys decoded ahead of time, frames written behind it, and the count of both."""

import logging
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from inbetween.core.errors import FrameWriteError, InbetweenError
from inbetween.hosts.sequence.frames import Plate, read_plate

log = logging.getLogger(__name__)

Event = dict[str, Any]
Emit = Callable[[Event], None]

NO_ROOM = 16 * 2**20
"""Bytes free below which a failed write means a full disk, and no further frame is tried."""


@dataclass(frozen=True)
class Failure:
    """A frame that could not be made, and why."""

    frame: int
    file: str
    message: str


@dataclass(frozen=True)
class Summary:
    """What a run did, in frames. `kept` were made by an earlier run and are still right."""

    drawn: int
    held: int
    copied: int
    converted: int
    kept: int
    failed: tuple[Failure, ...]


class Progress:
    """Counts frames and reports each, once, as an event with `done` and `total`."""

    def __init__(self, emit: Emit, total: int) -> None:
        self.emit, self.total = emit, total
        self.counts = dict.fromkeys(("drawn", "held", "copied", "converted", "kept"), 0)
        self.failures: list[Failure] = []
        self.doubts: dict[Path, float] = {}
        """Of the frames in their places that a model could judge, see `core.network.DoubtingNetwork`."""

    def made(self, action: str, file: Path, number: int, **more: Any) -> None:
        """A frame is in its place; `action` is one of the counts."""
        self.counts[action] += 1
        if more.get("doubt") is not None:
            self.doubts[file] = more["doubt"]
        self._tell({"event": "frame", "action": action, "frame": number, "file": str(file), **more})

    def failed(self, file: Path, number: int, message: str) -> None:
        """A frame will not be made."""
        self.failures.append(Failure(number, str(file), message))
        self._tell({"event": "failed", "frame": number, "file": str(file), "message": message})

    def summary(self) -> Summary:
        """The counts so far."""
        return Summary(**self.counts, failed=tuple(self.failures))

    def _tell(self, event: Event) -> None:
        done = sum(self.counts.values()) + len(self.failures)
        self.emit({**event, "done": done, "total": self.total})


class Keys:
    """Decodes keys in a thread of its own, each once; keeps those that are asked to be kept."""

    def __init__(self) -> None:
        self._reader = ThreadPoolExecutor(1, "read")
        self._plates: dict[Path, Future[Plate]] = {}

    def ahead(self, file: Path) -> None:
        """Begin to decode a key that will be asked for soon."""
        if file not in self._plates:
            log.debug("reading %s", file)
            self._plates[file] = self._reader.submit(read_plate, file)

    def has(self, file: Path) -> bool:
        """Whether a key is decoded, or is being decoded."""
        return file in self._plates

    def plate(self, file: Path) -> Plate:
        """The key, decoded. Raises `FrameReadError`."""
        self.ahead(file)
        return self._plates[file].result()

    def keep(self, files: Iterable[Path]) -> None:
        """Let go of all others."""
        kept = set(files)
        self._plates = {file: plate for file, plate in self._plates.items() if file in kept}

    def __enter__(self) -> "Keys":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class Task:
    """One frame to be put in place: `write` does it, in a thread; `action` and `more` are what is reported then."""

    number: int
    file: Path
    write: Callable[[], None]
    action: str
    more: Event


class Writers:
    """Writes frames in a few threads; holds the drawing up when too many wait, so that memory stays bounded.

    Reports come from the thread that uses it, never from its own.
    """

    def __init__(self, count: int, progress: Progress) -> None:
        self._pool = ThreadPoolExecutor(count, "write")
        self._at_most = count + 1
        self._waiting: dict[Future[None], Task] = {}
        self._progress = progress
        self._full = ""

    def check(self) -> None:
        """Raises `FrameWriteError` once the disk is full: nothing more need be drawn."""
        if self._full:
            raise FrameWriteError(self._full)

    def put(self, task: Task) -> None:
        """Have a frame written. Raises `FrameWriteError` once the disk is full."""
        while len(self._waiting) >= self._at_most:
            self._report(wait(self._waiting, return_when="FIRST_COMPLETED").done)
        self.check()
        self._waiting[self._pool.submit(task.write)] = task

    def _report(self, finished: Iterable[Future[None]]) -> None:
        for future in finished:
            task = self._waiting.pop(future)
            try:
                future.result()
            except InbetweenError as error:
                self._progress.failed(task.file, task.number, str(error))
                if isinstance(error, FrameWriteError) and shutil.disk_usage(task.file.parent).free < NO_ROOM:
                    self._full = f"the disk that holds {task.file.parent} is full; free some space and run again"
            else:
                self._progress.made(task.action, task.file, task.number, **task.more)

    def __enter__(self) -> "Writers":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()
        self._report(list(self._waiting))
