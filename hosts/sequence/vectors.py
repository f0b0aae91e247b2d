"""How one sequence moves, in place of what it looks like: motion vectors for every frame of its result, keys as well.

Each frame tells where what it shows is in the next one and where it was in the one before, so a key stands in two gaps.
Between two frames that show one drawing nothing moves; neither does anything across a cut, where nothing is known.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from pathlib import Path

import numpy as np

from inbetween.core.continuity import Verdict, judge
from inbetween.core.inbetween import NEAREST
from inbetween.core.network import Moved, VectorNetwork
from inbetween.core.settings import Settings
from inbetween.hosts.sequence import provenance, specs
from inbetween.hosts.sequence.frames import Pixels
from inbetween.hosts.sequence.gap import in_words, led
from inbetween.hosts.sequence.plan import SequencePlan, Span
from inbetween.hosts.sequence.provenance import Origin
from inbetween.hosts.sequence.shot import Shot, write
from inbetween.hosts.sequence.window import Window
from inbetween.models.model import Model
from inbetween.models.vectors import ALGORITHM, still

FINE = 1024
"""Parts of a pixel in which vectors are written: what OpenCV finds is not the same to the last bit in every run, and
finer noise would not be compressed."""


@dataclass(frozen=True)
class Origins:
    """Where the vectors of a sequence's frames come from; `sha256` gives the hash of a file's bytes."""

    todo: SequencePlan
    sha256: Callable[[Path], str]
    model: Model
    settings: Settings

    def of(self, frame: int) -> Origin:
        """The provenance of a frame: of the gap it stands in, and of both where it is a key between two.

        Raises `FrameReadError` for a key that is gone.
        """
        found: dict[str, str | float] = {}
        steps = []
        numbers = [(self.todo.within(span, frame), span) for span in self.todo.spans]
        ends_first = sorted(((number, span) for number, span in numbers if number is not None), key=_into, reverse=True)
        for number, span in ends_first:
            near = {other - number: t for other, t in times(span).items() if abs(other - number) <= 1}
            steps.append({**self._of_span(span), "times": sorted(near.items())})
            behind = {f"{name}_before": found[name] for name in ("keys", "key_sha256") if found}
            found = {**behind, **self._of_span(span)}
        made = provenance.recipe({"steps": steps, "frame": frame, "vectors": ALGORITHM, "as": self.todo.ext})
        return {**found, **provenance.of_weights(self.model), provenance.VECTORS: ALGORITHM, "recipe": made}

    @cached_property
    def _of_span(self) -> Callable[[Span], dict[str, str | float]]:
        return cache(lambda span: provenance.of_span(self.todo, span, self.sha256, self.model, self.settings))


def _into(place: tuple[int, Span]) -> int:
    """How far into a gap one of its numbers lies."""
    number, span = place
    return number - span.gap.first


def times(span: Span, verdict: Verdict = Verdict.MOVE) -> dict[int, float]:
    """Which time between its keys each frame of a gap shows, the keys' own numbers included."""
    if verdict is not Verdict.MOVE:
        return {**dict.fromkeys(range(span.gap.first, span.gap.last), 0.0), span.gap.last: 1.0}
    drawn = {frame: _snapped(drawing.t) for drawing in span.drawings for frame in drawing.shows}
    return {span.gap.first: 0.0, **dict(sorted(drawn.items())), span.gap.last: 1.0}


def _snapped(t: float) -> float:
    """The time for which a network is asked, or that of a key that is held in its place."""
    return 0.0 if t < NEAREST else 1.0 if t > 1 - NEAREST else float(np.float32(t))


@dataclass
class VectorShot(Shot):
    """The making of one sequence's vectors."""

    _behind: dict[int, Moved] = field(default_factory=dict)
    """For the key at which the next gap begins, the way back into the last one, where it was found already."""

    def make(self) -> None:
        """As `Shot.make`."""
        self._introduce()
        begun = {span.gap.first for span in self.todo.spans}
        ends = {span.gap.last: span for span in self.todo.spans}
        for span in self.todo.spans:
            self._heed()
            own = range(span.gap.first, span.gap.last + (span.gap.last not in begun))
            frames = tuple(frame for frame in own if frame in self.todo.wanted)
            before = ends.get(span.gap.first) or ends.get(span.gap.first + self.todo.cycle)
            with self._reporting(frames):
                self._gap(span, frames, before)

    @cached_property
    def _origins(self) -> Origins:
        return Origins(self.todo, self._hash, self.model, self.job.settings)

    def _gap(self, span: Span, frames: tuple[int, ...], before: Span | None) -> None:
        """The vectors of a gap's first key, of the frames in it, and of the last key where no gap follows.

        `before` is the gap that ends at the first key.
        """
        due = {}
        for frame in frames:
            origin = self._origins.of(frame)
            if self._is_there(frame, origin):
                self._keep(frame, *self._keys_of(span))
            else:
                due[frame] = origin
        if not due:
            return
        self.writers.check()
        first, last = span.gap.first, span.gap.last
        back = self._behind.pop(first, None)
        if first in due and before and back is None:
            with self._reporting((first,)):  # not this gap's trouble
                ((_, _, back),) = self._crossed(before, {before.gap.last - 1})
            if back is None:
                del due[first]
                self._settled.add(first)
        steps = {step for frame in due for step in (frame - 1, frame) if first <= step < last}
        if last in self.todo.wanted and last not in self.existing:
            steps.add(last - 1)
        for frame, there, behind in self._crossed(span, steps, aloud=True):
            if frame in due:
                self._place_vectors(span, frame, there, back, due[frame])
            back = behind
            self._heed()
        if last in due:
            self._place_vectors(span, last, None, back, due[last])
        elif last - 1 in steps and back is not None:
            self._behind[last] = back

    def _crossed(self, span: Span, steps: Collection[int], aloud: bool = False) -> Iterator[tuple[int, Moved, Moved]]:
        """For frames of a gap, in order: the frame, where it goes to in the next one, and that one's way back.

        Each is cut to the window of its frame. `aloud` says what an artist did not ask for.
        """
        start, end = self._plates(span)
        hand, marked = self._hand_of(span), self._marked(span, span.start, span.end)
        verdict = judge(start, end, hand.channels, hand.space, hand.settings)
        if aloud:
            self._tell_of_held(verdict, self._keys_of(span), marked)
        at = times(span, verdict)
        moving = [(at[frame], at[frame + 1]) for frame in sorted(steps) if at[frame] != at[frame + 1]]
        found: Iterator[tuple[Moved, Moved]] = iter(())
        if verdict is Verdict.MOVE and moving:
            network = led(start, end, hand, lambda: self._beyond(span), marked)
            assert isinstance(network, VectorNetwork)  # `Model.refuse_vectors` saw to it
            with in_words():
                found = network.vectors(start[None], end[None], moving)
        for frame in sorted(steps):
            if verdict is not Verdict.MOVE or at[frame] == at[frame + 1]:
                across_cut = verdict is Verdict.CUT and at[frame] != at[frame + 1]
                there = back = still(start.shape[:2], trust=0.0 if across_cut else 1.0)
            else:
                with in_words():
                    there, back = next(found)
            yield frame, self._cut(span, there, frame), self._cut(span, back, frame + 1)

    def _cut(self, span: Span, moved: Moved, frame: int) -> Moved:
        """Of what was found for a gap, what lies in the window of one of its frames."""
        rows, columns = self._window_of(span, frame).within(self._window(span))
        return Moved(moved.flow[rows, columns], moved.trust[rows, columns])

    def _window_of(self, span: Span, frame: int) -> Window:
        """Where a frame of a gap, or one of its keys, has its pixels."""
        keys = {span.gap.first: span.start, span.gap.last: span.end}
        return self.todo.headers[keys[frame]].window if frame in keys else self._own_window(span)

    def _keys_of(self, span: Span) -> tuple[Path, Path]:
        return self.todo.sequence.file(span.start), self.todo.sequence.file(span.end)

    def _place_vectors(self, span: Span, frame: int, there: Moved | None, back: Moved | None, origin: Origin) -> None:
        """Put a frame in its place; the first of the result comes from nowhere, the last one goes nowhere."""
        key, first, second = self.todo.keys.get(frame), self.todo.outputs[span.start], self.todo.outputs[span.end]
        if key is None:
            header = specs.in_between(first, second, span.step(frame), origin)
        else:
            header = specs.alone(self.todo.outputs[key], origin)
        header = replace(header, path=self.todo.file(frame))
        self._put(frame, partial(write, header, together(there, back), origin), "drawn", *self._keys_of(span))


def together(there: Moved | None, back: Moved | None) -> Pixels:
    """The channels `convert.VECTORS` of a frame, (H, W, 5): v is up, and either way has to be trusted for both to be.

    Where there is no next frame or none before, that way is 0 and takes no trust away. In steps of 1 / `FINE`.
    """
    ways = [each for each in (there, back) if each is not None]
    assert ways  # a result has two frames at least
    up = np.array((1, -1), np.float32)
    nowhere = np.zeros_like(ways[0].flow)
    flows = (nowhere if each is None else each.flow * up for each in (there, back))
    trust = np.minimum(ways[0].trust, ways[-1].trust)
    whole = np.rint(np.concatenate((*flows, trust[..., None]), axis=2) * np.float32(FINE))
    return np.asarray(whole / np.float32(FINE) + np.float32(0), np.float32)  # no -0
