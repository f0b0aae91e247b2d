"""From files to files: the one way in which the command line, the worker and the farm make in-betweens.

Reading, drawing and writing overlap: the next key is decoded and finished frames are written while the network draws,
since OpenImageIO and the engines let go of Python's lock.
"""

import functools
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path

from inbetween.core.counted import counted
from inbetween.core.errors import InputError
from inbetween.core.whole import sweep
from inbetween.hosts.sequence import names, provenance, vectors
from inbetween.hosts.sequence.frames import file_hash
from inbetween.hosts.sequence.job import Job, refuse_undoable
from inbetween.hosts.sequence.look import look_at
from inbetween.hosts.sequence.plan import Plan, Row, SequencePlan, plan, rows
from inbetween.hosts.sequence.provenance import Made
from inbetween.hosts.sequence.shot import Shot
from inbetween.hosts.sequence.vectors import VectorShot
from inbetween.hosts.sequence.work import Emit, Keys, Progress, Summary, Writers
from inbetween.models.model import Model

Load = Callable[[str, str, str], Model]


def run(job: Job, emit: Emit, cancelled: Callable[[], bool] = lambda: False, *, load: Load | None = None) -> Summary:
    """Make every frame of the job that is not there yet; `emit` is told of each thing that happens.

    A frame that fails is reported, and the others are made. Raises `InputError` and its kin before anything is written
    when the job cannot be done as it stands, and `Cancelled` (asked between frames) with all finished frames in place.
    `load` stands in for `models.registry.load`.
    """
    todo, model = _prepared(job, emit, load or _load)
    emit({"event": "model", **{name: value for name, value in vars(model).items() if name != "network"}})
    _make_folder(Path(job.target))
    if job.contact_sheet:
        _make_folder(Path(job.contact_sheet).parent)
    existing = [_survey(each, job) for each in todo.sequences]
    progress = Progress(emit, sum(len(each.wanted) for each in todo.sequences))
    for each, found in zip(todo.sequences, existing, strict=True):
        with Keys() as keys, Writers(job.jobs, progress) as writers:
            (VectorShot if job.vectors else Shot)(job, each, found, model, progress, cancelled, keys, writers).make()
    _name_leftovers(job, todo, emit)
    summary = progress.summary()
    for each in todo.sequences:
        _name_doubtful(each, progress.doubts, emit, alone=len(todo.sequences) == 1)
    if job.contact_sheet:
        _show(job, todo, progress.doubts, emit)
    emit({"event": "done", **asdict(summary)})
    return summary


def preview(job: Job, emit: Emit, *, load: Load | None = None) -> Iterator[tuple[SequencePlan, list[Row]]]:
    """What `run` would do for each frame: `keep` for those that are there and still right. Writes nothing.

    `emit` is told of files that are no frames, and of marks that lead nothing. Raises as `run` does.
    """
    planned, model = _prepared(job, emit, load or _load)
    for todo in planned.sequences:
        existing = _survey(todo, job)
        recipes = _recipes(todo, existing, model, job)
        kept = {number for number, made in existing.items() if made.recipe == recipes.get(number)}
        yield todo, [replace(row, action="keep") if row.frame in kept else row for row in rows(todo)]


def _prepared(job: Job, emit: Emit, load: Load) -> tuple[Plan, Model]:
    """What is to be done, and the model that does it; `emit` is told of files and marks that are of no use.

    Raises `InputError` and its kin when it cannot be done.
    """
    todo = plan(job)
    _refuse_foreign_sheet(job)
    model = load(job.settings.model, job.settings.device, job.settings.engine)
    refuse_undoable(job, model)  # before anything is written
    if todo.stray:
        emit({"event": "stray", "files": list(todo.stray)})
    if todo.idle_marks:
        emit({"event": "warning", "file": job.marks, "message": _idle(job, todo.idle_marks)})
    return todo, model


def _idle(job: Job, marks: tuple[str, ...]) -> str:
    """That these marks lead nothing, and why."""
    some = ", ".join(marks[: names.MOST_NAMED])
    more = f" and {len(marks) - names.MOST_NAMED} more" if len(marks) > names.MOST_NAMED else ""
    return f"{Path(job.marks).name}: {some}{more} lead nothing; a mark leads where it is on two neighbouring keys"


def _recipes(todo: SequencePlan, existing: Iterable[int], model: Model, job: Job) -> dict[int, str]:
    """The recipes that existing frames would be made by now."""
    hashes = functools.cache(file_hash)
    if todo.vectors:
        of_frames = vectors.Origins(todo, hashes, model, job.settings)
        return {number: str(of_frames.of(number)["recipe"]) for number in existing}
    made = {}
    for number in todo.keys.keys() & set(existing):
        file = todo.sequence.file(todo.keys[number])
        made[number] = str(provenance.of_key(file, hashes(file), todo.ext)["recipe"])
    for span in todo.spans:
        if not set(existing).isdisjoint(span.gap.missing):
            origins = provenance.of_gap(todo, span, hashes, model, job.settings)
            made |= {frame: str(origin["recipe"]) for frame, origin in origins.items()}
    return made


def _load(name: str, device: str, engine: str) -> Model:
    from inbetween.models import registry

    return registry.load(name, device, engine)


def _survey(todo: SequencePlan, job: Job) -> dict[int, Made]:
    """The wanted frames that are in the target already.

    Raises `InputError` for a frame that this tool did not make.
    """
    if job.overwrite:
        return {}
    found = {}
    for number in sorted(todo.wanted):
        file = todo.file(number)
        if not file.exists():
            continue
        made = provenance.made(file)
        if made is None and not _is_the_key(todo, number):
            raise InputError(
                f"{file} was not made by this tool, or was changed since; move it away, put it among the keys to make "
                "it a breakdown, or turn on overwrite"
            )
        if made and made.vectors != todo.vectors:
            other = "pictures" if todo.vectors else "vectors"
            raise InputError(f"{file} is one of the {other} of an earlier run; name another folder")
        found[number] = made or Made("", None, False)
    return found


def _refuse_foreign_sheet(job: Job) -> None:
    """Raises `InputError` for a file under the contact sheet's name that is no contact sheet of this tool."""
    sheet = Path(job.contact_sheet)
    if not job.contact_sheet:
        return
    if sheet.is_dir():
        raise InputError(f"contact sheet {sheet} is a folder; name a file in it")
    if sheet.exists() and not job.overwrite and not provenance.is_sheet(sheet):
        raise InputError(
            f"{sheet} is no contact sheet made by this tool, or was changed since; move it away, name another file, "
            "or turn on overwrite"
        )


def _make_folder(target: Path) -> None:
    """The folder, there, writable, and without what a killed run left behind."""
    try:
        target.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=target).close()
    except OSError as error:
        raise InputError(f"{target} cannot be written to: {error.strerror}; name another folder") from error
    for folder in (target, target / provenance.FOLDER):
        if folder.is_dir():
            sweep(folder)


def _is_the_key(todo: SequencePlan, number: int) -> bool:
    """Whether a file in the target is a key's copy, made by hand."""
    if number not in todo.keys or not todo.copies:
        return False
    return file_hash(todo.file(number)) == file_hash(todo.sequence.file(todo.keys[number]))


def _name_leftovers(job: Job, todo: Plan, emit: Emit) -> None:
    """Frames of an earlier run that no key asks for any more are named; to delete is the artist's to do."""
    if job.frames:
        return
    for each in todo.sequences:
        made = replace(each.sequence, folder=each.target, ext=each.ext)
        left = sorted(names.there(made) - each.wanted)
        if left:
            there = " to ".join(dict.fromkeys((made.name(left[0]), made.name(left[-1]))))
            told = f"holds {counted(len(left), 'frame')} beyond the keys, {there}"
            message = f"{each.target} {told}; delete what is of no use"
            emit({"event": "warning", "file": str(each.target), "message": message})


def _name_doubtful(todo: SequencePlan, doubts: Mapping[Path, float], emit: Emit, alone: bool) -> None:
    """Frames that are worth a look are named, and with them the sequence where it is not `alone`."""
    of_this = {frame: doubts[todo.file(frame)] for frame in todo.wanted if todo.file(frame) in doubts}
    look = look_at(of_this, [span.gap for span in todo.spans])
    if look:
        name = todo.sequence.pattern
        message = str(look) if alone else f"{name}: {look}"
        emit({"event": "look", "name": name, **asdict(look), "message": message})


def _show(job: Job, todo: Plan, doubts: Mapping[Path, float], emit: Emit) -> None:
    from inbetween.hosts.sequence.sheet import contact_sheet

    contact_sheet(todo, Path(job.contact_sheet), doubts)
    emit({"event": "contact sheet", "file": job.contact_sheet})
