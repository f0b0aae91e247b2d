"""The record of what was done with a studio's renders: one JSON line per event, each sealed by the one before.

Every line holds the hash of the line before it and of itself, so that a line changed, removed or put in later breaks
the chain (`verify`). Cutting off the end does not; so the hash of the last line also goes into every manifest.
"""

import errno
import getpass
import hashlib
import json
import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from inbetween.core.errors import PremisesError

FILE = "audit.jsonl"
ORIGIN = "0" * 64
"""What the first line names as the hash of the line before it."""


def append(store: Path, event: str, **details: Any) -> str:
    """Write one event to the store's log, sealed and flushed to the disk, and return its hash.

    `details` are plain values. Raises `PremisesError` when the log cannot be written, or its last line is not whole.
    """
    from filelock import FileLock

    file = store / FILE
    try:
        store.mkdir(parents=True, exist_ok=True)
        with FileLock(store / f".{FILE}.lock"):
            return _append(file, event, details)
    except OSError as error:
        raise PremisesError(f"{file} could not be written ({error.strerror}); make room or give access") from error


def _append(file: Path, event: str, details: dict[str, Any]) -> str:
    number, previous = _last(file)
    line = {
        "number": number + 1,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "user": _user(),
        "host": platform.node(),
        "event": event,
        "details": details,
        "previous": previous,
    }
    line["sha256"] = _seal(line)
    binary = getattr(os, "O_BINARY", 0)  # Windows would write its own line ends
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | binary, 0o644)
    size = os.fstat(handle).st_size
    try:
        data = json.dumps(line, sort_keys=True).encode() + b"\n"
        if os.write(handle, data) != len(data):
            os.ftruncate(handle, size)  # a full disk: nothing of the line is left
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(handle)
    finally:
        os.close(handle)
    return str(line["sha256"])


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # containers often run as a number without a name
        return f"uid {os.getuid()}"


def events(store: Path) -> Iterator[dict[str, Any]]:
    """The log's events in order, each checked against the one before.

    Raises `PremisesError` naming the first line that is not what was written.
    """
    file, previous = store / FILE, ORIGIN
    if not file.exists():
        return
    with file.open(encoding="utf-8") as lines:
        for number, text in enumerate(lines, start=1):
            try:
                line = json.loads(text)
                seal = line.pop("sha256")
                whole = line["number"] == number and line["previous"] == previous and seal == _seal(line)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise PremisesError(f"{file} line {number} is damaged ({error}); restore it from a backup") from error
            if not whole:
                raise PremisesError(
                    f"{file} line {number} is not what was written there: the log was altered; restore it from a backup"
                )
            previous = seal
            yield {**line, "sha256": seal}


def _last(file: Path) -> tuple[int, str]:
    """Number and hash of the last line; the log may be long, so only its end is read."""
    if not file.exists() or file.stat().st_size == 0:
        return 0, ORIGIN
    with file.open("rb") as stream:
        tail = b""
        at = stream.seek(0, os.SEEK_END)
        while at > 0 and tail.rstrip(b"\n").count(b"\n") == 0:
            step = min(at, 65536)
            at = stream.seek(at - step)
            tail = stream.read(step) + tail
            stream.seek(at)
    try:
        if not tail.endswith(b"\n"):
            raise ValueError("it breaks off")
        line = json.loads(tail.rstrip(b"\n").rsplit(b"\n", 1)[-1])
        return int(line["number"]), str(line["sha256"])
    except (ValueError, KeyError, TypeError) as error:
        raise PremisesError(f"the last line of {file} is damaged ({error}); restore it from a backup") from error


def _seal(line: dict[str, Any]) -> str:
    """sha256 over a line without its own seal."""
    return hashlib.sha256(json.dumps(line, sort_keys=True).encode()).hexdigest()
