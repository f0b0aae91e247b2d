"""One sequence being made: its keys put in place, its gaps drawn, in order of time."""

import contextlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from inbetween.core import colour
from inbetween.core.continuity import Verdict
from inbetween.core.errors import Cancelled, InbetweenError
from inbetween.core.schedule import Drawing
from inbetween.hosts.sequence import provenance, specs
from inbetween.hosts.sequence.frames import Header, Pixels, Plate, Window, encode, file_hash
from inbetween.hosts.sequence.gap import Hand, draw, mend
from inbetween.hosts.sequence.job import Job
from inbetween.hosts.sequence.plan import SequencePlan, Span
from inbetween.hosts.sequence.work import Keys, Progress, Task, Writers
from inbetween.models.model import Model

STOPPED = "stopped; all finished frames are kept, and the same command goes on from here"


@dataclass
class Shot:
    """The making of one sequence. `existing` has the recipes of wanted frames that are in the target already."""

    job: Job
    todo: SequencePlan
    existing: Mapping[int, str]
    model: Model
    progress: Progress
    cancelled: Callable[[], bool]
    keys: Keys
    writers: Writers
    _hashes: dict[Path, str] = field(default_factory=dict)
    _settled: set[int] = field(default_factory=set)
    _warned: set[Path] = field(default_factory=set)

    def make(self) -> None:
        """Make what is not there yet. A key or gap that fails is reported and the others are made.

        Raises `Cancelled`.
        """
        self._introduce()
        spans = {span.gap.first: span for span in self.todo.spans}
        for number in sorted(self.todo.keys):
            self._heed()
            if number in self.todo.wanted:
                with self._reporting((number,)):
                    self._key(number)
            if span := spans.get(number):
                frames = tuple(frame for frame in span.gap.missing if frame in self.todo.wanted)
                with self._reporting(frames):
                    self._span(span, frames)

    @cached_property
    def hand(self) -> Hand:
        """Who draws this sequence."""
        model, channels, space = self.model, self._first.channels, self._space.name
        return Hand(model.network(channels, space), model.scheme, model.knows_time, channels, space, self.job.settings)

    @property
    def _first(self) -> Header:
        return next(iter(self.todo.headers.values()))

    @property
    def _space(self) -> colour.Space:
        return colour.resolve(self.job.settings.working_space, self._first.path.name, self._first.tag)

    def _introduce(self) -> None:
        channels = self._first.channels
        self.progress.emit({
            "event": "sequence",
            "name": self.todo.sequence.pattern,
            "keys": len(self.todo.keys),
            "frames": len(self.todo.wanted),
            "picture": [channels.names[place] for place in channels.colour],
            "alpha": None if channels.alpha is None else channels.names[channels.alpha],
            "layers": len(channels.names) - len(channels.colour) - (channels.alpha is not None),
            "space": self._space.name,
            "because": self._space.reason,
        })  # fmt: skip

        if any(part.get_int_attribute("oiio:miplevels") > 1 for part in self._first.parts):
            self._warn(self._first.path, "has mip levels, which in-betweens are written without")

    def _heed(self) -> None:
        if self.cancelled():
            raise Cancelled(STOPPED)

    @contextlib.contextmanager
    def _reporting(self, frames: tuple[int, ...]) -> Iterator[None]:
        """When the work on these frames fails, report those that are not on their way."""
        try:
            yield
        except Cancelled:
            raise
        except InbetweenError as error:
            for frame in frames:
                if frame not in self._settled:
                    self.progress.failed(self.todo.file(frame), frame, str(error))

    def _key(self, number: int) -> None:
        """Put a key in its place: the very bytes where the file type stays."""
        key = self.todo.keys[number]
        source, file = self.todo.sequence.file(key), self.todo.file(number)
        origin = provenance.of_key(source, self._hash(source), self.todo.ext)
        if self.existing.get(number) == origin["recipe"]:
            return self._keep(number, source)
        plate = self.keys.plate(source)  # a key that does not decode must not become a frame of the result

        def copy() -> None:
            with provenance.placed(file, origin) as unfinished:
                shutil.copyfile(source, unfinished)
                if file_hash(unfinished) != plate.sha256:
                    raise OSError(f"{source} changed while it was read")

        def convert() -> None:
            with provenance.placed(file, origin) as unfinished:
                header = specs.alone(self.todo.outputs[key], origin)
                encode(unfinished, replace(header, path=file), plate.pixels)

        if self.todo.copies:
            return self._put(number, copy, "copied", source)
        return self._put(number, convert, "converted", source)

    def _span(self, span: Span, frames: tuple[int, ...]) -> None:
        """Draw what is missing or out of date between two keys.

        All drawings of the gap are asked for even when few are due, in the same calls, so that a run that was stopped
        and one that was not end with the same bytes.
        """
        files = (self.todo.sequence.file(span.start), self.todo.sequence.file(span.end))
        hashes = (self._hash(files[0]), self._hash(files[1]))
        origins = provenance.of_gap(self.todo, span, hashes, self.model, self.job.settings)
        due = {frame for frame in frames if self.existing.get(frame) != origins[frame]["recipe"]}
        for frame in frames:
            if frame not in due:
                self._keep(frame, *files)
        if not due:
            return
        start, end = self._plates(span, files)
        verdict, drawn = draw(start, end, span, self.hand)
        if verdict is Verdict.CUT:
            self.progress.emit({
                "event": "cut",
                "keys": [file.name for file in files],
                "message": f"{files[0].name} is held: {files[1].name} looks like another shot; "
                "raise the cut threshold to have it drawn",
            })  # fmt: skip
        for drawing, pixels in drawn:
            for frame in due.intersection(drawing.shows):
                self._place(span, drawing, frame, pixels, origins[frame])
            due.difference_update(drawing.shows)
            self._heed()
            if not due:
                break

    def _plates(self, span: Span, files: tuple[Path, Path]) -> tuple[Pixels, Pixels]:
        """Both keys over one window, fit to be drawn with; the next key is begun."""
        keys = sorted(self.todo.headers)
        later = keys[keys.index(span.end) + 1 :][:1]
        ahead = [self.todo.sequence.file(key) for key in later]
        for file in (*files, *ahead):
            self.keys.ahead(file)
        self.keys.keep((*files, *ahead))
        start, end = (self.keys.plate(file) for file in files)
        window = start.header.window | end.header.window
        return self._sound(start, window), self._sound(end, window)

    def _sound(self, plate: Plate, window: Window) -> Pixels:
        pixels, count = mend(plate.over(window), plate.header.channels)
        file = plate.header.path
        if count and file not in self._warned:
            self._warned.add(file)
            self._warn(
                file,
                f"holds {count} values that are not finite (NaN or infinity); in-betweens are drawn without them, the "
                "key stays as it is",
            )
        return pixels

    def _place(self, span: Span, drawing: Drawing, frame: int, pixels: Pixels, origin: dict[str, str | float]) -> None:
        file, outputs = self.todo.file(frame), self.todo.outputs
        header = specs.in_between(
            outputs[span.start], outputs[span.end], span.step(frame), marks := {**origin, "t": drawing.t}
        )

        def write() -> None:
            with provenance.placed(file, marks) as unfinished:
                encode(unfinished, replace(header, path=file), pixels)

        sources = (self.todo.sequence.file(key) for key in (span.start, span.end))
        self._put(frame, write, "drawn" if drawing.frame == frame else "held", *sources, t=drawing.t)

    def _warn(self, file: Path, message: str) -> None:
        self.progress.emit({"event": "warning", "file": str(file), "message": f"{file.name} {message}"})

    def _put(self, number: int, write: Callable[[], None], action: str, *keys: Path, **more: Any) -> None:
        self.writers.put(
            Task(number, self.todo.file(number), write, action, {"keys": [key.name for key in keys], **more})
        )
        self._settled.add(number)

    def _keep(self, number: int, *keys: Path) -> None:
        self.progress.made("kept", self.todo.file(number), number, keys=[key.name for key in keys])
        self._settled.add(number)

    def _hash(self, file: Path) -> str:
        """Of a key's bytes, each read once."""
        if file not in self._hashes:
            self._hashes[file] = self.keys.plate(file).sha256 if self.keys.has(file) else file_hash(file)
        return self._hashes[file]
