"""Files that appear whole or not at all: written under a hidden temporary name, on the disk, then renamed.

Also the hash by which a file is known again.
"""

import contextlib
import errno
import hashlib
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

from inbetween.core.errors import FrameWriteError

REMEDIES: dict[int | None, str] = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "check free space and quotas, and run again"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "check the permissions of its folder"),
    None: "check free space and permissions",
}
"""What to do about an error by its number; those of OpenImageIO have none."""
REMEDY = "check the disk and run again"
"""For every other number."""


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a hidden temporary name beside `path`; what is written there takes the name `path` once it is on the disk.

    If anything goes wrong the temporary file is removed, whatever bore the name before stays, and `OSError` becomes
    `FrameWriteError`.
    """
    unfinished = path.with_name(f".{path.stem}.{_mark()}{path.suffix}")
    try:
        yield unfinished
        with unfinished.open("rb+") as file:
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        remedy = REMEDIES.get(error.errno, REMEDY)
        raise FrameWriteError(f"{path} could not be written: {error.strerror or error}; {remedy}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def finished(folder: Path, pattern: str) -> list[Path]:
    """The files of a folder that match a glob pattern, sorted, but for hidden ones: these may not be whole."""
    return [file for file in sorted(folder.glob(pattern)) if not file.name.startswith(".")]


def sha256(path: Path) -> str:
    """The sha256 (hex) of a file's bytes. Raises `OSError`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sweep(folder: Path) -> None:
    """Remove temporary files that a killed process on this machine left behind."""
    mark = re.compile(rf"\..*\.{re.escape(socket.gethostname())}-(\d+)\.tmp(\.\w+)?", re.DOTALL)
    for file in folder.iterdir():
        match = mark.fullmatch(file.name)
        if match and not alive(int(match[1])):
            file.unlink(missing_ok=True)


def alive(process: int) -> bool:
    """Whether a process of this machine still runs, by its number; on Windows always, as far as can be told."""
    if os.name == "nt":  # there, asking this way would end the process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _mark() -> str:
    """What the temporary names of this process hold: machine and process, so that farm machines do not collide."""
    return f"{socket.gethostname()}-{os.getpid()}.tmp"
