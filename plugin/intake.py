"""Renders into the training store: with leave, curated, split by shot, every file under its hash, all on the record."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from inbetween import footage
from inbetween.core.errors import FrameReadError, FrameWriteError, InputError
from inbetween.core.whole import whole
from inbetween.models.training import curate, split, store
from inbetween.models.training.curate import Shot
from inbetween.models.training.readers import Clip
from inbetween.models.training.rules import Rules
from inbetween.models.training.store import Entry
from inbetween.premises import audit, manifest, permission
from inbetween.premises.permission import Permission

WORK, PLAN = "work", "plan.json"
"""Folder of the store for unfinished runs, and the file in each run's own that names its shows."""


@dataclass(frozen=True)
class Intake:
    """What became of one folder of renders."""

    permission: Permission
    entries: tuple[Entry, ...]
    """Every shot of the renders that is in the store now, added or there before."""
    added: int
    left_out: tuple[str, ...]
    """Why the others are not, one sentence each."""


def take_in(
    renders: Path,
    target: Path,
    purpose: str,
    rules: Rules,
    strict: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> Intake:
    """Put the shots of `renders` into the store `target`; shots that are there already are left as they are.

    A clip that cannot be read is left out, `say` is told, and the others go on; with `strict` its `FrameReadError` is
    raised instead and nothing is stored. Raises `PremisesError` without a permission for `purpose` that holds today.
    """
    leave = permission.read(permission.find(renders))
    permission.require(leave, purpose, date.today())
    left_out: list[str] = []

    def refuse(reason: str) -> None:
        left_out.append(reason)
        say(reason)

    found = dict(_curated(renders, rules, strict, refuse))
    with _alone(target):
        _keep_permission(target, leave, permission.find(renders))
        entries, added = _added(target, leave, found, refuse)
        intake = Intake(leave, entries, added, tuple(left_out))
        _log(target, renders, intake)
    return intake


def _added(
    target: Path, leave: Permission, found: dict[Shot, Clip], refuse: Callable[[str], None]
) -> tuple[tuple[Entry, ...], int]:
    """Every found shot as it is in the store, and how many of them are new."""
    everything = list(store.entries(target))
    mine = {entry.shot.content: entry for entry in everything if entry.show == leave.show}
    known = [split.Known(entry.show, entry.shot.fingerprint, entry.place) for entry in everything]
    places = split.assign(leave.show, [shot for shot in found if shot.content not in mine], known)
    entries, added = [], 0
    for shot, clip in found.items():
        if shot.content in mine:
            entries.append(_renewed(target, leave, mine[shot.content]))
        elif place := places[shot.content]:
            entries.append(_stored(target, leave, clip, shot, place))
            added += 1
        else:
            refuse(f"{shot.clip} nearly repeats shots on both sides of the split; it is left out to keep them apart")
    return tuple(entries), added


def forget(target: Path, show: str) -> tuple[list[Entry], list[manifest.Learned]]:
    """Remove a show from the store. Returns its shots and the weights files that have learned from it.

    Weights cannot be un-taught: those files are to be retired by hand. What remains is the line in the audit log.
    Raises `InputError` for a show that is not there.
    """
    with _alone(target):
        learned = manifest.learned_from(target, show)
        shots = {entry.shot.content: entry for entry in store.entries(target) if entry.show == show}
        shows = sorted({entry.show for entry in store.entries(target)})
        if shots:  # on record before it is done, so that a kill in between leaves no gap in the record
            files = sorted({blob.sha256 for entry in shots.values() for blob in entry.blobs})
            retired = [weights.sha256 for weights in learned]
            audit.append(target, "forget", show=show, shots=list(shots), files=files, learned=retired)
        for weights in learned:
            manifest.sheet(target, weights.sha256).unlink(missing_ok=True)
        _drop_unfinished(target, show)
        gone, files_gone = store.forget(target, show)
        if not gone and not files_gone:
            raise InputError(f"{target} holds no show {show!r}; its shows are {', '.join(shows) or 'none'}")
    return gone, learned


def _drop_unfinished(target: Path, show: str) -> None:
    """Remove the folders of unfinished runs that hold footage of a show, decoded, and weights that saw it."""
    for plan in (target / WORK).glob(f"*/{PLAN}"):
        if show in json.loads(plan.read_text(encoding="utf-8"))["shows"]:
            shutil.rmtree(plan.parent)


def stored(target: Path, show: str, purpose: str) -> tuple[tuple[Entry, ...], tuple[Permission, ...]]:
    """What a store holds of a show, or of all if `show` is empty, and the permissions of these shots.

    Raises `PremisesError` unless each permission covers `purpose` today, `InputError` where there is no such shot.
    """
    entries = tuple(entry for entry in store.entries(target) if show in ("", entry.show))
    if not entries:
        raise InputError(f"{target} holds no shot{f' of show {show!r}' if show else ''}; add some first")
    hashes = sorted({entry.permission for entry in entries})
    leaves = tuple(permission.read(_permission_path(target, sha256)) for sha256 in hashes)
    for leave in leaves:
        permission.require(leave, purpose, date.today())
    return entries, leaves


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """One process at a time changes a store."""
    from filelock import FileLock

    try:
        target.mkdir(parents=True, exist_ok=True)
        lock = FileLock(target / ".lock")
    except OSError as error:
        raise FrameWriteError(f"{target} cannot be written to ({error.strerror}); choose another store") from error
    with lock:
        yield


def _curated(renders: Path, rules: Rules, strict: bool, refuse: Callable[[str], None]) -> Iterator[tuple[Shot, Clip]]:
    """The shots that can be learnt from, each content once. A clip of which a frame cannot be read gives none."""

    def damaged(error: FrameReadError) -> None:
        if strict:
            raise error
        refuse(str(error))

    contents: set[str] = set()
    for clip in footage.clips(renders, rules.size, damaged):
        try:
            shots = list(curate.shots(clip, rules, refuse))
        except FrameReadError as error:
            damaged(error)
            continue
        for shot in shots:
            if shot.content in contents:
                refuse(f"{shot.clip} from frame {shot.first + 1} repeats another shot exactly and is left out")
            else:
                contents.add(shot.content)
                yield shot, clip


def _stored(target: Path, leave: Permission, clip: Clip, shot: Shot, place: split.Place) -> Entry:
    """Copy a shot's files and record it; of an image sequence only the drawings, not the frames that hold them."""
    if len(clip.files) > 1:
        files = [clip.files[shot.first + drawing] for drawing in shot.drawings]
        shot = replace(shot, first=0, drawings=tuple(range(len(files))))
    else:
        files = list(clip.files)
    entry = Entry(leave.show, shot, place, tuple(store.put(target, file) for file in files), leave.sha256)
    store.record(target, entry)
    return entry


def _renewed(target: Path, leave: Permission, entry: Entry) -> Entry:
    """A shot that is there already, under the permission that holds now."""
    if entry.permission != leave.sha256:
        entry = replace(entry, permission=leave.sha256)
        store.record(target, entry)
    return entry


def _keep_permission(target: Path, leave: Permission, file: Path) -> None:
    """Keep the permission's text with the shots it is for."""
    kept = _permission_path(target, leave.sha256)
    if kept.exists():
        return
    kept.parent.mkdir(parents=True, exist_ok=True)
    with whole(kept) as aside:
        shutil.copyfile(file, aside)


def _permission_path(target: Path, sha256: str) -> Path:
    return target / "permissions" / f"{sha256}.json"


def _log(target: Path, renders: Path, intake: Intake) -> None:
    audit.append(
        target,
        "add",
        show=intake.permission.show,
        source=str(renders.resolve()),
        permission=intake.permission.sha256,
        shots=[entry.shot.content for entry in intake.entries],
        added=intake.added,
        left_out=list(intake.left_out),
    )
