"""One sequence being made: its keys put in place, its gaps drawn, in order of time."""

import contextlib
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial, reduce
from operator import or_
from pathlib import Path
from typing import Any

import numpy as np

from inbetween.core import colour
from inbetween.core.continuity import Verdict
from inbetween.core.counted import counted
from inbetween.core.errors import Cancelled, FrameReadError, InbetweenError
from inbetween.core.network import Beyond, Mark
from inbetween.core.settings import for_gap
from inbetween.hosts.sequence import guide, marks, provenance, specs
from inbetween.hosts.sequence.frames import Header, Pixels, Plate, encode, file_hash
from inbetween.hosts.sequence.gap import Drawn, Hand, draw, mend
from inbetween.hosts.sequence.job import Job
from inbetween.hosts.sequence.plan import Outlook, SequencePlan, Span
from inbetween.hosts.sequence.provenance import Made, Origin
from inbetween.hosts.sequence.window import Window
from inbetween.hosts.sequence.work import Keys, Progress, Task, Writers
from inbetween.models.arrays import channel_max
from inbetween.models.model import Model
from inbetween.models.rendered import RenderedNetwork, fit

log = logging.getLogger(__name__)

MARGIN_SHARE = 8
"""How many times longer a gap's window is than the empty margin around it, up to the frame, with which it is drawn."""

FAINT = 1e-3
"""The least value, of any channel of the picture, that a data window must hold."""

STOPPED = "stopped; all finished frames are kept, and the same command goes on from here"


@dataclass
class Shot:
    """The making of one sequence. `existing` are the wanted frames that are in the target already."""

    job: Job
    todo: SequencePlan
    existing: Mapping[int, Made]
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
        model, settings, space, channels = self.model, self.job.settings, self._space.name, self._first.channels
        if self.todo.guide:
            channels = guide.channels(channels, self.todo.guide.first.channels)
        network, scheme, path = model.network(channels, space), model.scheme_for(settings), model.path_for(settings)
        return Hand(network, scheme, path, model.knows_time, channels, space, settings)

    def _hand_for(self, span: Span, start: Pixels, end: Pixels) -> Hand:
        """Who draws a gap: led by what a renderer told of it, if it did. Raises `FrameReadError`."""
        hand = self._hand_of(span)
        if self.todo.motion is None:
            return hand
        motion = self.todo.motion.read(span.gap, self._window(span))
        seen = self.hand.channels.picture
        if not fit(motion, start[..., seen], end[..., seen]):
            first, second = (self.todo.sequence.name(key) for key in (span.start, span.end))
            self._warn(
                self.todo.motion.sequence.file(self.todo.motion.numbers(span.gap)[0]),
                f"and those behind it do not bring {first} nearer to {second}: are they of what was rendered last, in "
                "pixels, with v up?",
            )
        network = RenderedNetwork(self.hand.network, self.hand.channels, motion)
        return replace(hand, network=network, follows=True)

    def _hand_of(self, span: Span) -> Hand:
        """Who draws a gap, on the path that goes with its own timing."""
        return replace(self.hand, path=self.model.path_for(for_gap(self.job.settings, span.start)))

    @property
    def _first(self) -> Header:
        return next(iter(self.todo.headers.values()))

    @property
    def _seen(self) -> Header:
        """Of the first frame that is looked at: a key, or its guide."""
        return self.todo.guide.first if self.todo.guide else self._first

    @property
    def _space(self) -> colour.Space:
        return colour.resolve(self.job.settings.working_space, self._seen.path.name, self._seen.tag)

    def _introduce(self) -> None:
        channels, led_by, motion = self._seen.channels, self.todo.guide, self.todo.motion
        seen = 0 if led_by else len(channels.picture)
        event = {
            "event": "sequence",
            "name": self.todo.sequence.pattern,
            "guide": str(led_by.sequence.folder / led_by.sequence.pattern) if led_by else None,
            "motion_vectors": str(motion.sequence.folder / motion.sequence.pattern) if motion else None,
            "keys": len(self.todo.keys),
            "frames": len(self.todo.wanted),
            "marks": marks.count(self.todo.marks),
            "picture": [channels.names[place] for place in channels.colour],
            "is_data": not channels.shown,
            "alpha": None if channels.alpha is None else channels.names[channels.alpha],
            "layers": len(self._first.channels.names) - seen,
            "space": self._space.name,
            "because": self._space.reason,
        }
        self.progress.emit(event)
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
        if self._is_there(number, origin):
            return self._keep(number, source)
        self.writers.check()
        self._look_ahead(key)
        plate = self._plate(self.todo.headers[key])  # a key that does not decode must not become a frame of the result
        if self.todo.copies:
            return self._put(number, partial(_copy, source, plate.sha256, file, origin), "copied", source)
        header = replace(specs.alone(self.todo.outputs[key], origin), path=file)
        return self._put(number, partial(write, header, plate.pixels, origin), "converted", source)

    def _span(self, span: Span, frames: tuple[int, ...]) -> None:
        """Draw what is missing or out of date between two keys.

        All drawings of the gap are asked for even when few are due, in the same calls, so that a run that was stopped
        and one that was not end with the same bytes.
        """
        files = (self.todo.sequence.file(span.start), self.todo.sequence.file(span.end))
        origins = provenance.of_gap(self.todo, span, self._hash, self.model, self.job.settings)
        due = {frame for frame in frames if not self._is_there(frame, origins[frame])}
        for frame in frames:
            if frame not in due:
                self._keep(frame, *files, doubt=self.existing[frame].doubt)
        if not due:
            return
        self.writers.check()
        start, end = self._plates(span)
        marked = self._marked(span, span.start, span.end)
        verdict, drawn = draw(start, end, span, self._hand_for(span, start, end), lambda: self._beyond(span), marked)
        log.info(
            "%s to %s: %s, %d of %d frames due", *(file.name for file in files), verdict.value, len(due), len(frames)
        )
        self._tell_of_held(verdict, files, marked)
        for each in drawn:
            for frame in due.intersection(each.drawing.shows):
                self._place(span, each, frame, origins[frame])
            due.difference_update(each.drawing.shows)
            self._heed()
            if not due:
                break

    def _tell_of_held(self, verdict: Verdict, files: tuple[Path, Path], marked: Sequence[Mark]) -> None:
        """Say what an artist did not ask for: a cut, and marks that lead nothing in a gap that is held."""
        first, second = (file.name for file in files)
        unheeded = "; its marks are not heeded" if marked else ""
        if verdict is Verdict.CUT:
            why = f"{second} looks like another shot; raise the cut threshold to have it drawn"
            self.progress.emit(
                {"event": "cut", "keys": [first, second], "message": f"{first} is held: {why}{unheeded}"}
            )
        elif verdict is Verdict.HOLD and any(one != other for one, other in marked):
            self._warn(files[0], f"is held: {second} is the same picture{unheeded}")

    def _plates(self, span: Span) -> tuple[Pixels, Pixels]:
        """Both keys over one window, fit to be drawn with; the next key is begun."""
        self._look_ahead(span.start, span.end)
        window = self._window(span)
        return self._wide(span.start, window), self._wide(span.end, window)

    def _window(self, span: Span) -> Window:
        """Where a gap is drawn: over both keys and those that lead through it, and over what they are led by.

        With a margin, so that what a data window cuts out is seen whole.
        """
        outlooks = (span.before, span.after) if self._hand_of(span).path != "straight" else ()
        keys = span.start, span.end, *(each.key for each in outlooks if each)
        seen = [self.todo.headers, *([self.todo.guide.headers] if self.todo.guide else [])]
        window = reduce(or_, (headers[key].window for headers in seen for key in keys))
        return window.widened(max(window.width, window.height) // MARGIN_SHARE, self._first.display)

    def _own_window(self, span: Span) -> Window:
        return self.todo.headers[span.start].window | self.todo.headers[span.end].window

    def _wide(self, key: int, window: Window) -> Pixels:
        """A key over a window, fit to be drawn with; behind its own channels, the picture that it is led by."""
        own = self._sound(self.todo.headers[key], window)
        if self.todo.guide is None:
            return own
        header = self.todo.guide.headers[key]
        return guide.together(own, self._sound(header, window), header.channels)

    def _reached(self, span: Span, wide: Pixels) -> Window | None:
        """Where the picture that was drawn for a gap is, if it has left the windows of both keys on its way."""
        own, drawn = self._own_window(span), self._window(span)
        picture = wide[..., list(self._first.channels.picture)]
        reached = None if own == drawn else drawn.holding(channel_max(np.abs(picture)) > FAINT)
        return None if reached is None or own | reached == own else reached

    def _beyond(self, span: Span) -> tuple[Beyond | None, Beyond | None]:
        """The keys before and after those of a gap, over their window; one that does not decode is left out, aloud."""
        first, second = self.todo.headers[span.start], self.todo.headers[span.end]

        def key(outlook: Outlook | None, pair: tuple[int, ...]) -> Beyond | None:
            if outlook is None:
                return None
            for file in self._files(outlook.key):
                try:
                    self.keys.plate(file)
                except FrameReadError as error:
                    message = f"{error}; the way between {first.path.name} and {second.path.name} is found without it"
                    self.progress.emit({"event": "warning", "file": str(file), "message": message})
                    return None
            return Beyond(self._wide(outlook.key, self._window(span)), outlook.distance, self._marked(span, *pair))

        return key(span.before, span.keys[:2]), key(span.after, span.keys[-2:])

    def _marked(self, span: Span, earlier: int, later: int) -> Sequence[Mark]:
        """What is marked on two keys, for arrays over the window of a gap."""
        return marks.between(self.todo.marks, earlier, later, self._first.display, self._window(span))

    def _files(self, key: int) -> tuple[Path, ...]:
        """What is read for a key of the source: its file, and its guide's."""
        both = (self.todo.sequence, self.todo.guide.sequence) if self.todo.guide else (self.todo.sequence,)
        return tuple(sequence.file(key) for sequence in both)

    def _plate(self, planned: Header) -> Plate:
        """A file as planned, decoded. Raises `FrameReadError`, also for one that is no longer what was planned.

        By the planned layout every pixel is placed: with another one they would go wrong, and be kept, since the record
        names the key's new bytes.
        """
        plate = self.keys.plate(planned.path)
        if plate.header.layout != planned.layout:
            raise FrameReadError(f"{planned.path} changed while it was worked on; run again")
        return plate

    def _look_ahead(self, *keys: int) -> None:
        """Have these keys decoded and the one after them, in this order; let go of all others, but for the one before
        where ways lead through it.
        """
        first, last = self._used.index(keys[0]), self._used.index(keys[-1])
        earlier = self._used[:first][-1:] if self.hand.path != "straight" else []
        soon = [file for key in (*keys, *self._used[last + 1 :][:1]) for file in self._files(key)]
        self.keys.keep([*(file for key in earlier for file in self._files(key)), *soon])
        for file in soon:
            self.keys.ahead(file)

    @cached_property
    def _used(self) -> list[int]:
        return sorted(self.todo.headers)

    def _sound(self, planned: Header, window: Window) -> Pixels:
        """A file over a window, without what cannot be drawn with; that it held such is said once."""
        file = planned.path
        pixels, count = mend(self._plate(planned).over(window), planned.channels)
        if count and file not in self._warned:
            self._warned.add(file)
            self._warn(
                file,
                f"holds {counted(count, 'value')} not finite (NaN or infinity); in-betweens are drawn without them, "
                "the key stays as it is",
            )
        return pixels

    def _place(self, span: Span, drawn: Drawn, frame: int, origin: Origin) -> None:
        first, second, drawing = self.todo.outputs[span.start], self.todo.outputs[span.end], drawn.drawing
        record = {**origin, "t": drawing.t, **provenance.of_doubt(drawn.doubt)}
        reached = self._reached(span, drawn.frame)
        made = specs.in_between(first, second, span.step(frame), record, reached)
        header = replace(made, path=self.todo.file(frame))
        window = self._own_window(span)
        rows, columns = (window | (reached or window)).within(self._window(span))
        own = drawn.frame[rows, columns, : len(self._first.channels.names)]
        keys = (self.todo.sequence.file(span.start), self.todo.sequence.file(span.end))
        action = "drawn" if drawing.frame == frame else "held"
        self._put(frame, partial(write, header, own, record), action, *keys, t=drawing.t, doubt=drawn.doubt)

    def _warn(self, file: Path, message: str) -> None:
        self.progress.emit({"event": "warning", "file": str(file), "message": f"{file.name} {message}"})

    def _put(self, number: int, write: Callable[[], None], action: str, *keys: Path, **more: Any) -> None:
        self.writers.put(
            Task(number, self.todo.file(number), write, action, {"keys": [key.name for key in keys], **more})
        )
        self._settled.add(number)

    def _keep(self, number: int, *keys: Path, **more: Any) -> None:
        self.progress.made("kept", self.todo.file(number), number, keys=[key.name for key in keys], **more)
        self._settled.add(number)

    def _is_there(self, number: int, origin: Origin) -> bool:
        """Whether a frame is in the target as it would be made now."""
        return number in self.existing and self.existing[number].recipe == origin["recipe"]

    def _hash(self, file: Path) -> str:
        """Of a key's bytes, each read once."""
        if file not in self._hashes:
            self._hashes[file] = self.keys.plate(file).sha256 if self.keys.has(file) else file_hash(file)
        return self._hashes[file]


def _copy(source: Path, digest: str, file: Path, origin: Origin) -> None:
    """The very bytes that were decoded. Raises `FrameWriteError`, or `FrameReadError` where they are gone."""
    with provenance.placed(file, origin) as unfinished:
        shutil.copyfile(source, unfinished)
        if file_hash(unfinished) != digest:
            raise FrameReadError(f"{source} changed while it was copied; run again")


def write(header: Header, pixels: Pixels, origin: Origin) -> None:
    """A frame in its place, with its record. Raises `FrameWriteError`."""
    with provenance.placed(header.path, origin) as unfinished:
        encode(unfinished, header, pixels)
