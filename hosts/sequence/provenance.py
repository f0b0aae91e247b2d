"""Where a finished frame came from, written where it cannot get lost, so that a second run redoes only what it must.

A frame's recipe is everything its pixels depend on: model, weights, settings, the bytes of its keys, its place between
them. Which files of the weights ran is on record, but in no recipe: the machines of a farm may differ in their engines.
Beside every frame, in a hidden folder, lies one small JSON file: one for each frame, so that farm machines which share
the folder never write to the same file, and no order of kills can leave a frame that passes for another. It also knows
the frame's bytes, so that a frame which an artist painted on is never taken for ours. EXR carries its provenance in the
header as well, for whoever gets the frame without the folder.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from inbetween.core.errors import FrameReadError
from inbetween.core.settings import Settings, fingerprint, for_gap
from inbetween.core.whole import whole
from inbetween.hosts.sequence import marks, specs
from inbetween.hosts.sequence.frames import file_hash, read_header
from inbetween.hosts.sequence.names import FrameSequence
from inbetween.hosts.sequence.plan import SequencePlan, Span
from inbetween.models import rendered
from inbetween.models.model import Model

FOLDER = ".inbetween"
"""Where the records lie, in the result's folder."""

Origin = Mapping[str, str | float]
"""Provenance in plain words: model, version, weights, keys, t, settings, recipe."""

DOUBT = "doubt"
VECTORS = "vectors"
"""What frames of vectors have in their provenance, and no others."""

SHEET: Origin = {"recipe": "contact sheet"}
"""The provenance of a contact sheet, by which it is told from frames; it is made anew in every run."""


@dataclass(frozen=True)
class Record:
    """What lies beside a frame."""

    recipe: str
    sha256: str
    """Of the frame's bytes."""
    size: int
    modified: int
    """In nanoseconds. A frame with this size and time is taken for unchanged without reading it."""
    replaces: str
    """sha256 of the file that it takes the place of, or empty: a kill between record and frame leaves that one."""
    origin: Origin


@dataclass(frozen=True)
class Made:
    """What is known of a finished frame that this tool made, and nobody changed since."""

    recipe: str
    """Empty where it is no longer known."""
    doubt: float | None
    """How far it is doubted, 0 to 1; None where nobody could say, or an older release made it."""
    vectors: bool
    """Whether it tells how it moves, in place of what it shows."""


def of_key(source: Path, sha256: str, ext: str) -> Origin:
    """The provenance of a key that is copied, or converted to another type."""
    return {"keys": source.name, "key_sha256": sha256, "recipe": recipe({"key": sha256, "as": ext})}


def of_gap(
    todo: SequencePlan, span: Span, sha256: Callable[[Path], str], model: Model, settings: Settings
) -> dict[int, Origin]:
    """The provenance of each frame between two keys, as planned; `sha256` gives that of a file's bytes."""
    origin = of_span(todo, span, sha256, model, settings)
    origins: dict[int, Origin] = {}
    for drawing in span.drawings:
        for frame in drawing.shows:
            place = [frame - span.gap.first, span.gap.last - span.gap.first]
            made = recipe({**origin, "t": drawing.t, "place": place, "as": todo.ext})
            origins[frame] = {**origin, **of_weights(model), "t": drawing.t, "recipe": made}
    return origins


def of_span(
    todo: SequencePlan, span: Span, sha256: Callable[[Path], str], model: Model, settings: Settings
) -> dict[str, str | float]:
    """What all frames between two keys have in common, and depend on."""
    settings = for_gap(settings, span.start)
    path, keys = model.path_for(settings), (span.start, span.end)
    beyond = [each.key for each in (span.before, span.after) if each and path != "straight"]
    origin: dict[str, str | float] = {
        "model": model.name,
        "version": model.version,
        "algorithm": model.algorithm,
        "learnt": model.learnt_sha256 or "none",
        "scheme": model.scheme_for(settings),
        "path": path,
        "settings": _fingerprint(settings),
        "keys": _named(todo.sequence, keys),
        "key_sha256": _hashed(todo.sequence, keys, sha256),
        "keys_beyond": _named(todo.sequence, beyond),
        "key_beyond_sha256": _hashed(todo.sequence, beyond, sha256),
    }
    if todo.guide:
        led_by = todo.guide.sequence
        origin |= {
            "guide": _named(led_by, (*keys, *beyond)),
            "guide_sha256": _hashed(led_by, (*keys, *beyond), sha256),
        }
    if todo.motion:
        frames = todo.motion.numbers(span.gap)
        origin |= {
            "motion_vectors": _named(todo.motion.sequence, frames),
            "motion_vectors_sha256": _hashed(todo.motion.sequence, frames, sha256),
            "motion_vectors_algorithm": rendered.ALGORITHM,
        }
    if told := marks.told(todo.marks, pairwise(span.keys if path != "straight" else keys)):
        origin["marks"] = told
    return origin


def of_weights(model: Model) -> Origin:
    """Which files of the weights ran; in no recipe."""
    return {"weights": model.weights_sha256 or "none"}


def of_doubt(doubt: float | None) -> Origin:
    """What is on record of how far a frame is doubted; in no recipe, since a frame is no other for it."""
    return {} if doubt is None else {DOUBT: doubt}


def made(frame: Path) -> Made | None:
    """What is known of a file of ours; None for a file that this tool did not make, or that was changed since.

    Raises `FrameReadError` for a file that cannot be read.
    """
    record = _read(frame)
    return _in_header(frame) if record is None else _by(record, frame)


def is_sheet(file: Path) -> bool:
    """Whether a file is a contact sheet that this tool made, and nobody changed since.

    Raises `FrameReadError` for a file that cannot be read.
    """
    record = _read(file)
    return record is not None and record.recipe == SHEET["recipe"] and _by(record, file) is not None


@contextlib.contextmanager
def placed(frame: Path, origin: Origin) -> Iterator[Path]:
    """Give a temporary name; what is written there becomes the frame, whole, and its provenance is on record.

    The record comes first: it knows the frame that it replaces, so that a kill between the two is understood.
    Raises `FrameWriteError`.
    """
    with whole(frame) as unfinished:
        yield unfinished
        status, before = unfinished.stat(), file_hash(frame) if frame.exists() else ""
        record = Record(
            str(origin["recipe"]), file_hash(unfinished), status.st_size, status.st_mtime_ns, before, origin
        )
        place = _place(frame)
        place.parent.mkdir(exist_ok=True)
        with whole(place) as file:
            file.write_text(json.dumps(asdict(record), indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _named(sequence: FrameSequence, numbers: Iterable[int]) -> str:
    return " ".join(map(sequence.name, numbers))


def _hashed(sequence: FrameSequence, numbers: Iterable[int], sha256: Callable[[Path], str]) -> str:
    return " ".join(sha256(sequence.file(number)) for number in numbers)


def recipe(values: Mapping[str, Any]) -> str:
    """The name of all that a frame depends on."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _fingerprint(settings: Settings) -> str:
    """Without the model's name or path: the hash of its weights says more."""
    return fingerprint(replace(settings, model=""))


def _place(frame: Path) -> Path:
    return frame.parent / FOLDER / f"{frame.name}.json"


def _read(frame: Path) -> Record | None:
    """The record beside a frame, if there is one that can be read."""
    try:
        return Record(**json.loads(_place(frame).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _by(record: Record, frame: Path) -> Made | None:
    """What the record beside a frame says of it, if it is of that frame, or of what was to take its place."""
    status = frame.stat()
    if (status.st_size, status.st_mtime_ns) != (record.size, record.modified):
        found = file_hash(frame)
        if found == record.replaces:
            return Made("", None, VECTORS in record.origin)
        if found != record.sha256:
            return None
    return Made(record.recipe, _doubt(record.origin), VECTORS in record.origin)


def _in_header(frame: Path) -> Made | None:
    """What a frame itself says of its provenance."""
    if frame.suffix.lower() not in specs.CARRIES_METADATA:
        return None
    try:
        header = read_header(frame).parts[0]
    except FrameReadError:
        return None
    origin = {name: header.get(specs.NAMESPACE + name) for name in ("recipe", DOUBT, VECTORS)}
    known = origin["recipe"]
    return Made(known, _doubt(origin), origin[VECTORS] is not None) if isinstance(known, str) and known else None


def _doubt(origin: Mapping[str, Any]) -> float | None:
    doubt = origin.get(DOUBT)
    return doubt if isinstance(doubt, float) else None
