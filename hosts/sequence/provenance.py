"""Where a finished frame came from, written where it cannot get lost, so that a second run redoes only what it must.

A frame's recipe is everything its pixels depend on: model, weights, settings, the bytes of its two keys, its place
between them. EXR carries recipe and provenance in its header. Files that cannot carry metadata, and keys that were
copied, get one small JSON file each in a hidden folder beside them: one for each frame, so that farm machines which
share the folder never write to the same file, and no order of kills can leave a frame that passes for another.
"""

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inbetween.core.errors import FrameReadError
from inbetween.hosts.sequence import specs
from inbetween.hosts.sequence.frames import file_hash, read_header
from inbetween.hosts.sequence.whole import whole

FOLDER = ".inbetween"
"""Where the records lie, in the result's folder."""

COPY = "copy"
"""The recipe of a key that was copied or converted, up to the key's hash."""

Origin = Mapping[str, str | float]
"""Provenance in plain words: model, version, weights, keys, t, settings, recipe."""


@dataclass(frozen=True)
class Record:
    """What lies beside a frame that cannot speak for itself."""

    recipe: str
    sha256: str
    """Of the frame's bytes."""
    replaces: str
    """sha256 of the file that it takes the place of, or empty: a kill between record and frame leaves that one."""
    origin: Origin


def recipe(values: Mapping[str, Any]) -> str:
    """sha256 (hex) over everything a frame depends on."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def recipe_of(frame: Path) -> str | None:
    """The recipe by which this tool made a file; None for a file that it did not make, or that was changed since.

    Empty for a file of ours whose recipe is no longer known.
    """
    record = _read(frame)
    if record:
        recipes = {record.replaces: "", record.sha256: record.recipe}
        if (digest := file_hash(frame)) in recipes:
            return recipes[digest]
    if frame.suffix.lower() not in specs.CARRIES_METADATA:
        return None
    try:
        return read_header(frame).parts[0].get_string_attribute(f"{specs.NAMESPACE}recipe") or None
    except FrameReadError:
        return None


@contextlib.contextmanager
def placed(frame: Path, origin: Origin, *, spoken: bool = True) -> Iterator[Path]:
    """Give a temporary name; what is written there becomes the frame, whole, and its provenance is on record.

    `spoken` says whether the file itself tells its provenance where its type can. Raises `FrameWriteError`.
    """
    speaks = spoken and frame.suffix.lower() in specs.CARRIES_METADATA
    with whole(frame) as unfinished:
        yield unfinished
        if not speaks:
            _note(frame, unfinished, origin)
    if speaks:
        _place(frame).unlink(missing_ok=True)


def _note(frame: Path, unfinished: Path, origin: Origin) -> None:
    """Write the record of a frame that is about to take its name; `unfinished` holds its bytes."""
    before = file_hash(frame) if frame.exists() else ""
    record = Record(str(origin["recipe"]), file_hash(unfinished), before, origin)
    place = _place(frame)
    place.parent.mkdir(exist_ok=True)
    with whole(place) as file:
        file.write_text(json.dumps(vars(record), indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _place(frame: Path) -> Path:
    return frame.parent / FOLDER / f"{frame.name}.json"


def _read(frame: Path) -> Record | None:
    """The record beside a frame, if there is one that can be read."""
    try:
        return Record(**json.loads(_place(frame).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
