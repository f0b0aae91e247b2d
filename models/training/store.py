"""The training store: every file that is learnt from, once, under the hash of its content.

    blobs/ab/abcd...ef.exr     the files as they were handed in
    shots/SHOW/CONTENT.json    one shot each: its frames, its drawings, its side of the split

Nothing in the store is ever changed in place: files are written aside, checked and renamed, or removed. What was
done to it stands in the audit log beside it, which is not this module's.
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from inbetween.core.errors import FrameReadError, FrameWriteError, InputError
from inbetween.core.whole import sha256
from inbetween.models.training.curate import Shot
from inbetween.models.training.readers import Clip, Picture, open_clip, sequence
from inbetween.models.training.split import Place

CHUNK = 2**20


@dataclass(frozen=True)
class Blob:
    """A stored file: the hash of its content, and the name it had."""

    sha256: str
    name: str


@dataclass(frozen=True)
class Entry:
    """A shot in the store, whose it is, and by which permission it is there."""

    show: str
    shot: Shot
    place: Place
    blobs: tuple[Blob, ...]
    """One for each frame of an image sequence; one for a file that holds the whole clip."""
    permission: str
    """sha256 of the permission's text."""


def blob_path(store: Path, blob: Blob) -> Path:
    """Where a blob lies. The suffix is kept, because that is how readers know what a file is."""
    suffixes = "".join(Path(blob.name).suffixes[-2:]) if blob.name.endswith(".gz") else Path(blob.name).suffix
    return store / "blobs" / blob.sha256[:2] / f"{blob.sha256}{suffixes.lower()}"


def put(store: Path, file: Path) -> Blob:
    """Copy a file into the store unless its content is there already.

    Raises `FrameReadError` when it cannot be read, `FrameWriteError` when its copy cannot be written whole; nothing is
    then left of it.
    """
    try:
        blob = Blob(sha256(file), file.name)
    except OSError as error:
        raise FrameReadError(f"{file} cannot be read ({error.strerror}); check the file and its permissions") from error
    target = blob_path(store, blob)
    if target.exists():
        return blob
    try:
        with file.open("rb") as source:
            _write_whole(target, iter(lambda: source.read(CHUNK), b""))
    except OSError as error:
        raise FrameWriteError(
            f"{file} could not be copied into {store} ({error.strerror}); make room or choose another store"
        ) from error
    if sha256(target) != blob.sha256:
        target.unlink()
        raise FrameWriteError(f"{file} changed while it was copied into {store}; wait until it is rendered, then retry")
    return blob


def record(store: Path, entry: Entry) -> Path:
    """Write a shot's file. Its blobs must be in the store before, so that a recorded shot is always whole."""
    target = _shot_path(store, entry.show, entry.shot.content)
    values = {**asdict(entry), "shot": {**asdict(entry.shot), "fingerprint": entry.shot.fingerprint.hex()}}
    try:
        _write_whole(target, iter([json.dumps(values, indent=1, sort_keys=True).encode()]))
    except OSError as error:
        raise FrameWriteError(f"{target} could not be written ({error.strerror}); make room, then retry") from error
    return target


def entries(store: Path) -> Iterator[Entry]:
    """Every recorded shot, in the order of show and content. Raises `InputError` for a file that is no shot."""
    for file in sorted((store / "shots").glob("*/*.json")):
        try:
            yield _entry(json.loads(file.read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{file} is not a shot of this store ({error}); restore it from a backup") from error


def clip(store: Path, entry: Entry, read_frame: Callable[[Path], Picture]) -> Clip:
    """The shot's drawings as a clip, each for the ticks it was shown; nothing is read yet."""
    paths = [blob_path(store, blob) for blob in entry.blobs]
    shot = entry.shot
    once = [1] * len(paths)
    whole = sequence(shot.clip, paths, once, read_frame) if len(paths) > 1 else open_clip(paths[0], max(shot.size))
    ticks = dict(zip((shot.first + d for d in shot.drawings), shot.exposures, strict=True))

    def frames() -> Iterator[tuple[Picture, int]]:
        for index, (picture, _) in enumerate(islice(whole.frames(), max(ticks) + 1)):
            if index in ticks:
                yield picture, ticks[index]

    return Clip(shot.clip, tuple(paths), shot.fps, frames)


def damaged(store: Path) -> Iterator[Blob]:
    """The blobs of recorded shots that are missing or no longer what their name says."""
    seen: set[str] = set()
    for entry in entries(store):
        for blob in entry.blobs:
            if blob.sha256 in seen:
                continue
            seen.add(blob.sha256)
            path = blob_path(store, blob)
            if not path.is_file() or sha256(path) != blob.sha256:
                yield blob


def forget(store: Path, show: str) -> tuple[list[Entry], list[str]]:
    """Remove a show: its shots, and every blob that no shot is made of any more. Returns the shots and blobs removed.

    Shots go first, so that an interrupted removal leaves no shot without its frames; doing it again ends it.
    """
    everything = list(entries(store))
    gone = [entry for entry in everything if entry.show == show]
    for entry in gone:
        _shot_path(store, show, entry.shot.content).unlink()
    kept = {blob_path(store, blob) for entry in everything if entry.show != show for blob in entry.blobs}
    orphans = [path for path in (store / "blobs").glob("*/*") if path not in kept]
    for path in orphans:
        path.unlink()
    return gone, sorted(path.name.split(".")[0] for path in orphans)


def _shot_path(store: Path, show: str, content: str) -> Path:
    return store / "shots" / show / f"{content}.json"


def _entry(values: dict[str, Any]) -> Entry:
    shot = values["shot"]
    return Entry(
        show=values["show"],
        shot=Shot(
            clip=shot["clip"],
            first=shot["first"],
            size=(shot["size"][0], shot["size"][1]),
            fps=shot["fps"],
            drawings=tuple(shot["drawings"]),
            exposures=tuple(shot["exposures"]),
            content=shot["content"],
            fingerprint=bytes.fromhex(shot["fingerprint"]),
        ),
        place=Place(**values["place"]),
        blobs=tuple(Blob(**blob) for blob in values["blobs"]),
        permission=values["permission"],
    )


def _write_whole(target: Path, chunks: Iterator[bytes]) -> None:
    """Write aside and rename: a file that bears its name is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            for chunk in chunks:
                stream.write(chunk)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
