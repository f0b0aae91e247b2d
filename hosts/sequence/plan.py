"""What a run will do, before it does anything: which keys, which frames between them, where each file will lie."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from inbetween.core import timing
from inbetween.core.counted import counted
from inbetween.core.errors import InputError, SettingsError
from inbetween.core.schedule import Drawing, Gap, gaps, schedule
from inbetween.core.settings import for_gap
from inbetween.hosts.sequence import guide, marks, names, rendered, specs
from inbetween.hosts.sequence.convert import of_vectors, retyped
from inbetween.hosts.sequence.frames import Header, read_header
from inbetween.hosts.sequence.guide import Guide
from inbetween.hosts.sequence.job import Job
from inbetween.hosts.sequence.marks import Marks, Table
from inbetween.hosts.sequence.names import FrameSequence
from inbetween.hosts.sequence.rendered import RenderedMotion

SHEETS = names.EXTENSIONS - {".exr", ".dpx"}
"""Types that a contact sheet can have."""

VECTORS = ".exr"
"""The type of vectors: no other holds float values under names of their own."""

LONGEST_GAP = 10_000
"""Frames missing in one gap beyond which a wrong number in a file name is the likelier explanation."""


@dataclass(frozen=True)
class Outlook:
    """The key beyond one of a span's, by its number in the source."""

    key: int
    distance: float
    """From the span's nearer key, in lengths of its gap."""


@dataclass(frozen=True)
class Span:
    """Two neighbouring keys, by their numbers in the source, and the drawings between them, by the result's."""

    start: int
    end: int
    gap: Gap
    drawings: tuple[Drawing, ...]
    before: Outlook | None
    after: Outlook | None
    """The first and the last gap have nothing beyond, but in a cycle; with straight paths no gap has."""

    @property
    def keys(self) -> tuple[int, ...]:
        """All keys that this gap depends on, in the order of time: what is before, the two, what is after."""
        before, after = ([each.key] if each else [] for each in (self.before, self.after))
        return (*before, self.start, self.end, *after)

    def step(self, frame: int) -> specs.Step:
        """How far a frame of the result lies behind the first key."""
        return specs.Step(frame - self.gap.first, self.gap.last - self.gap.first)


@dataclass(frozen=True)
class SequencePlan:
    """What will be made of one sequence."""

    sequence: FrameSequence
    target: Path
    ext: str
    keys: Mapping[int, int]
    """The result's number of each key -> its number in the source."""
    spans: tuple[Span, ...]
    wanted: frozenset[int]
    """The result's numbers that this run writes."""
    headers: Mapping[int, Header]
    """Source number -> header, for every key that is copied or drawn from."""
    outputs: Mapping[int, Header]
    """Source number -> the header that the key has, or would have, as a file of the result's type."""
    cycle: int = 0
    """Frames after which the first one is seen again; 0 where it is not."""
    guide: Guide | None = None
    """The frames whose picture this sequence moves with; None where it moves with its own."""
    marks: Marks = field(default_factory=dict)
    """What is marked on the keys in `headers`."""
    vectors: bool = False
    """Whether its frames tell how it moves, in place of what it shows."""
    motion: RenderedMotion | None = None
    """How everything goes between its keys, where a renderer told."""

    def file(self, number: int) -> Path:
        """Where a frame of the result will lie."""
        return self.target / self.sequence.name(number, self.ext)

    def within(self, span: Span, frame: int) -> int | None:
        """The number by which a gap has a frame of the result, in it or as one of its keys; None where it has not.

        In a cycle the last gap has the first key by another number than the result.
        """
        numbers = (frame, frame + self.cycle) if self.cycle else (frame,)
        return next((number for number in numbers if span.gap.first <= number <= span.gap.last), None)

    @property
    def copies(self) -> bool:
        """Whether keys are copied as files; else they are converted to another type."""
        return self.ext == self.sequence.ext and not self.vectors


@dataclass(frozen=True)
class Plan:
    """All sequences of a job, and the names beside them that are none."""

    sequences: tuple[SequencePlan, ...]
    stray: tuple[str, ...]
    idle_marks: tuple[str, ...] = ()
    """Marks that lead nothing: none of them is on two neighbouring keys."""


@dataclass(frozen=True)
class Row:
    """One line of the plan, as shown before a run."""

    frame: int
    file: str
    action: str
    keys: tuple[str, ...]
    t: float | None


def plan(job: Job) -> Plan:
    """Look at the names and headers in the source; nothing is written, no pixel is read.

    Raises `InputError` for keys that make no sequence, and `SettingsError`.
    """
    found, stray = names.find(_given(job.source, "the keys"))
    leader = guide.find(job.guide) if job.guide else None
    moving = rendered.find(job.motion_vectors) if job.motion_vectors else None
    read = (*found, *filter(None, (leader, moving)))
    target = _target(job, read)
    _refuse_sheet_type(job.contact_sheet)
    if job.vectors and job.contact_sheet:
        raise SettingsError("a contact sheet shows pictures, and vectors are none; leave the contact sheet out")
    enough = tuple(sequence for sequence in found if len(sequence.numbers) > 1)
    if not enough:
        raise InputError(_too_few(job.source, found, stray))
    lone = tuple(sequence.name(sequence.numbers[0]) for sequence in found if len(sequence.numbers) == 1)
    table = _table(job, enough)
    if table:
        stray = tuple(name for name in stray if Path(job.source, name).resolve() != table.path.resolve())
    _refuse_timing_of_no_gap(job, enough)
    wanted = names.numbers(job.frames) if job.frames else None
    plans = [_sequence(job, sequence, target, wanted) for sequence in enough]
    if job.contact_sheet:
        _refuse_sheet_for_a_frame(Path(job.contact_sheet), read, plans)
    if not job.vectors and not any(gap for each in plans for gap in gaps(_closed(job, each.sequence, each.keys))):
        raise InputError(
            f"the keys in {job.source} have no gap in their numbers, so nothing is missing between them; "
            "number them farther apart, or set insert to the number of frames to draw between each two"
        )
    chosen = tuple(each for each in plans if each.wanted)
    if not chosen:
        raise InputError(f"{job.source} has no frame in {job.frames}; its result would be {_extent(job, plans)}")
    _refuse_collisions(chosen)
    idle = marks.idle(table, [_in_turn(job, each.numbers) for each in enough]) if table else ()
    planned = (_with_headers(each, leader, table, moving) for each in chosen)
    return Plan(tuple(planned), tuple(sorted((*stray, *lone))), idle)


def rows(plan: SequencePlan) -> Iterator[Row]:
    """The frames of the result, in order: what is done for each, from which source keys, at which t."""
    made: dict[int, Row] = {}
    name, action = plan.sequence.name, "copy" if plan.copies else "convert"
    for number, source in plan.keys.items():
        made[number] = Row(number, plan.file(number).name, "draw" if plan.vectors else action, (name(source),), None)
    for span in plan.spans:
        for drawing in span.drawings:
            for frame in drawing.shows:
                action = "draw" if plan.vectors or frame == drawing.frame else "hold"
                keys = (name(span.start), name(span.end))
                made[frame] = Row(frame, plan.file(frame).name, action, keys, drawing.t)
    return (made[number] for number in sorted(plan.wanted))


def _sequence(job: Job, sequence: FrameSequence, target: Path, wanted: frozenset[int] | None) -> SequencePlan:
    placed = _placed(job, sequence)
    closed = _closed(job, sequence, placed)
    around = _around(job.cycle, placed) | closed
    spans = []
    for gap in _pairs(closed) if job.vectors else gaps(closed):
        start, end = closed[gap.first], closed[gap.last]
        if len(gap.missing) > LONGEST_GAP:
            raise InputError(
                f"{len(gap.missing)} frames are missing between {sequence.name(start)} and {sequence.name(end)}, and "
                f"at most {LONGEST_GAP} are drawn between two keys; check the numbers of these files"
                f"{', or the cycle' if job.cycle else ''}"
            )
        due = set(gap.missing)
        if job.vectors:  # keys move, too; and in a cycle the first one comes from the last
            due |= {gap.first, min(placed) if gap.last not in placed else gap.last}
        if wanted is None or not wanted.isdisjoint(due):
            beyond = (None, None) if job.settings.path == "straight" else _beyond(gap, around)
            drawings = _drawings(job, gap, sequence, start, end) if gap.missing else ()
            spans.append(Span(start, end, gap, drawings, *beyond))
    result = {*placed, *(frame for span in spans for frame in span.gap.missing)}
    chosen = frozenset(result if wanted is None else result & wanted)
    ext = _ext(job.ext)
    if job.vectors and ext not in ("", VECTORS):
        raise SettingsError(f"ext is {job.ext!r}, but vectors are kept in EXR; leave ext out")
    ext = VECTORS if job.vectors else ext
    kept = sequence.ext if ext in ("", sequence.ext.lower()) else ext
    return SequencePlan(sequence, target, kept, placed, tuple(spans), chosen, {}, {}, job.cycle, vectors=job.vectors)


def _placed(job: Job, sequence: FrameSequence) -> dict[int, int]:
    """The result's number of each key -> its number in the source."""
    pace, first = job.insert + 1, sequence.numbers[0]
    return {(first + pace * at if job.insert else key): key for at, key in enumerate(sequence.numbers)}


def _drawings(job: Job, gap: Gap, sequence: FrameSequence, start: int, end: int) -> tuple[Drawing, ...]:
    """The drawings of a gap, whose timing is named by its first key's number in the source. Raises `SettingsError`."""
    try:
        return schedule(gap, for_gap(job.settings, start))
    except SettingsError as error:
        if not job.insert:
            raise
        files = f"{sequence.name(start)} to {sequence.name(end)}"
        raise SettingsError(f"{files}, by the numbers of the result {error}") from error


def _refuse_timing_of_no_gap(job: Job, found: tuple[FrameSequence, ...]) -> None:
    """Raise `SettingsError` for a timing that names a key at which no gap begins in any of these."""
    closed = [_closed(job, each, _placed(job, each)) for each in found]
    begun = {each[gap.first] for each in closed for gap in gaps(each)}
    for key in timing.by_key(job.settings.timing)[1]:
        if begun and key not in begun:
            near = sorted(sorted(begun, key=lambda other: abs(other - key))[: names.MOST_NAMED])
            told = ", ".join(map(str, near))
            raise SettingsError(f"timing names key {key}, at which no gap begins; take one at which one does: {told}")


def _pairs(numbers: Iterable[int]) -> Iterator[Gap]:
    """Every two neighbouring keys in order, whether frames are missing between them or not."""
    return (Gap(*pair) for pair in pairwise(sorted(numbers)))


def _closed(job: Job, sequence: FrameSequence, placed: Mapping[int, int]) -> dict[int, int]:
    """The keys by their numbers in the result, and in a cycle the first of them once more at its end.

    A key that is there already, a drawing of the first one's pose, keeps its place. Raises `InputError` for one that
    lies further on.
    """
    if not job.cycle:
        return dict(placed)
    first, last = min(placed), max(placed)
    end = first + job.cycle
    if last > end:
        raise InputError(
            f"{sequence.name(placed[last])} is frame {last}, and a cycle of {job.cycle} frames is at its first key "
            f"again at frame {end}; take a longer cycle, or leave out the keys beyond"
        )
    return {end: placed[first], **placed}


def _around(cycle: int, placed: Mapping[int, int]) -> dict[int, int]:
    """The keys of the turns before and after this one, by the numbers that they would have; none without a cycle."""
    once = {number: key for number, key in placed.items() if number < min(placed) + cycle}
    return {number + turn: key for turn in (-cycle, cycle) for number, key in once.items()}


def _in_turn(job: Job, keys: tuple[int, ...]) -> tuple[int, ...]:
    """Keys in the order of time, each beside its neighbours: in a cycle the first one ends it."""
    return (*keys, *keys[:1]) if job.cycle else keys


def _beyond(gap: Gap, placed: Mapping[int, int]) -> tuple[Outlook | None, Outlook | None]:
    """The keys before and after those of a gap; `placed` is the result's number of each key -> its source number."""
    length = gap.last - gap.first
    before = max((number for number in placed if number < gap.first), default=None)
    after = min((number for number in placed if number > gap.last), default=None)
    return (
        None if before is None else Outlook(placed[before], (gap.first - before) / length),
        None if after is None else Outlook(placed[after], (after - gap.last) / length),
    )


def _with_headers(
    plan: SequencePlan, leader: FrameSequence | None, table: Table | None, moving: FrameSequence | None
) -> SequencePlan:
    """Read the header of every key that is used, and of its guide, and hold each against the first, and its marks.

    And of the motion vectors of all frames between them.
    """
    if leader and guide.same(leader, plan.sequence):
        leader = None
    used = {plan.keys[number] for number in plan.wanted & plan.keys.keys()}
    used |= {key for span in plan.spans for key in span.keys}
    headers: dict[int, Header] = {}
    trouble: list[InputError] = []
    for key in sorted(used):
        try:
            headers[key] = read_header(plan.sequence.file(key))
            if leader is None:
                headers[key].refuse_without_picture()
            specs.fit(next(iter(headers.values())), headers[key])
        except InputError as error:
            trouble.append(error)
    if trouble:
        rest = len(trouble) - names.MOST_NAMED
        more = [f"and {counted(rest, 'more key')}"] if rest > 0 else []
        raise InputError("; ".join([*map(str, trouble[: names.MOST_NAMED]), *more])) from trouble[0]
    outputs = {
        key: of_vectors(header, plan.ext) if plan.vectors else retyped(header, plan.ext)
        for key, header in headers.items()
    }
    beside = guide.beside(leader, plan.sequence, headers) if leader else None
    marked = marks.on_keys(table, headers) if table else {}
    motion = None
    if moving:
        motion = rendered.of_gaps(moving, [span.gap for span in plan.spans], next(iter(headers.values())), plan.cycle)
    return replace(plan, headers=headers, outputs=outputs, guide=beside, marks=marked, motion=motion)


def _table(job: Job, found: tuple[FrameSequence, ...]) -> Table | None:
    """What is marked, if anything is. Raises `InputError`, also for a mark on a frame that none of these has as key."""
    if not job.marks:
        return None
    table = marks.read(job.marks)
    marks.refuse_strangers(table, {key for each in found for key in each.numbers})
    return table


def _target(job: Job, found: tuple[FrameSequence, ...]) -> Path:
    target = Path(_given(job.target, "the result"))
    if names.TOKENS.search(target.name) and target.suffix.lower() in names.EXTENSIONS:
        raise InputError(f"{target} looks like a pattern; name a folder: frames keep their keys' names")
    if target.exists() and not target.is_dir():
        raise InputError(f"{target} is a file; name a folder for the result")
    if any(target.resolve() == sequence.folder.resolve() for sequence in found):
        raise InputError(f"{target} is where the keys are; name another folder, so that no key can be lost")
    return target


def _refuse_sheet_type(name: str) -> None:
    if name and Path(name).suffix.lower() not in SHEETS:
        raise InputError(f"contact sheet {name} needs the name of a picture for the screen, such as sheet.png")


def _refuse_sheet_for_a_frame(sheet: Path, found: tuple[FrameSequence, ...], plans: list[SequencePlan]) -> None:
    """A contact sheet takes no frame's place, and no name that the next run would take for a key's."""
    if any(sequence.claims(sheet) or _is_a_frame_of(sequence, sheet) for sequence in found):
        raise InputError(f"contact sheet {sheet} is where the keys are; name another file, so that no key can be lost")
    if any(replace(each.sequence, folder=each.target, ext=each.ext).claims(sheet) for each in plans):
        raise InputError(f"contact sheet {sheet} is where the frames of the result lie; name another file")


def _is_a_frame_of(sequence: FrameSequence, file: Path) -> bool:
    """Whether a file is one of these frames by another name: keys may be links."""
    files = (sequence.file(number) for number in sequence.numbers) if file.exists() else ()
    return any(each.exists() and file.samefile(each) for each in files)


def _given(text: str, what: str) -> str:
    if not text:
        raise InputError(f"no folder for {what} was named; name one")
    return text


def _ext(text: str) -> str:
    """`png` or `.png` as `.png`; empty stays empty."""
    ext = f".{text.lower().lstrip('.')}" if text else ""
    if ext and ext not in names.EXTENSIONS:
        raise SettingsError(f"ext is {text!r}; choose one of {', '.join(sorted(e[1:] for e in names.EXTENSIONS))}")
    return ext


def _too_few(source: str, found: tuple[FrameSequence, ...], stray: tuple[str, ...]) -> str:
    if len(found) == 1:
        return f"{source} holds one key only, {found[0].name(found[0].numbers[0])}; in-betweening takes at least two"
    lone = [sequence.name(sequence.numbers[0]) for sequence in found]
    pattern = names.likely_pattern((*stray, *lone))
    if pattern:
        return (
            f"{source} holds no two keys of one sequence by the number before the file type; if another number counts "
            f"them, name {Path(source, pattern)}"
        )
    if not found:
        return f"{source} holds no numbered frames ({', '.join(sorted(names.EXTENSIONS))}); put at least two keys there"
    some = ", ".join(lone[: names.MOST_NAMED])
    return f"{source} holds no two keys of one sequence ({some}); give them one name, padding and type"


def _extent(job: Job, plans: list[SequencePlan]) -> str:
    return ", ".join(f"{min(each.keys)}-{max(max(each.keys), min(each.keys) + job.cycle - 1)}" for each in plans)


def _refuse_collisions(plans: tuple[SequencePlan, ...]) -> None:
    """Two sequences that differ only in their type would meet in one name under `--ext`."""
    for one, other in pairwise(sorted(plans, key=lambda each: each.file(0))):
        if one.file(0) == other.file(0):
            raise InputError(
                f"{one.sequence.pattern} and {other.sequence.pattern} would both become {one.file(0).name}; "
                "convert one at a time"
            )
