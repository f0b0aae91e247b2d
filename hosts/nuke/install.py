"""Lays the plug-in into a Nuke folder: `python -m inbetween.hosts.nuke.install`. Runs in the engine's own Python.

What lands there is a folder of its own, with the adapter's sources, a description of this engine, and Nuke's two
start-up files; and, in the folder's `init.py`, one block between two marker lines that names it. Nothing else of
Nuke's is touched, nothing is fetched, and running it twice changes nothing.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from inbetween.core.errors import InbetweenError, InputError
from inbetween.core.timing import CURVES
from inbetween.core.whole import whole
from inbetween.hosts.nuke import script
from inbetween.hosts.worker import client

log = logging.getLogger(__name__)

FOLDER = "inbetween-nuke"
"""Not a Python name: a Nuke folder is on Python's path, and `inbetween` there would hide the package."""
START_UP = ("init", "menu")
INSIDE = ("__init__", "config", "panel", "graph", "node", "keys", "marks", "make", "doctor", "farm", "selfcheck")
"""The modules that run inside Nuke."""

BEGIN = "# BEGIN inbetween: written by `install.py nuke`, taken out by `install.py nuke --uninstall`"
END = "# END inbetween"
BLOCK = f'{BEGIN}\nimport nuke\n\nnuke.pluginAddPath("./{FOLDER}")\n{END}\n'
BACKUP = "init.py.before-inbetween"

Action = tuple[str, Callable[[], object]]
"""One thing that will be done, in words, and the doing of it."""


def describe(python: str = sys.executable) -> dict[str, Any]:
    """What `config.json` holds: the engine of this Python as it answers for itself.

    The worker is started the way Nuke will start it, so an engine that would not answer there is found out here.
    Raises `InputError`.
    """
    try:
        with client.Worker(python) as worker:
            told = worker.hello()
    except client.WorkerError as cause:
        raise InputError(f"the engine does not answer: {cause}") from cause
    return {
        "python": Path(python).absolute().as_posix(),
        "release": told["version"],
        "models": told["models"],
        "timings": list(CURVES),
        "settings": told["settings"],
    }


def install(to: Path, config: dict[str, Any], init: bool = True) -> Iterator[Action]:
    """What it takes to put the plug-in into the folder `to`; `init` says whether `init.py` there is to name it."""
    place = to / FOLDER
    wanted = files(config)
    fresh = {name: text for name, text in wanted.items() if _differs(place / name, text)}
    extra = [name for name in _own(place) if name not in wanted]
    if fresh:
        yield f"write {len(fresh)} files to {place}", lambda: _write(place, fresh)
    if extra:
        yield f"remove {len(extra)} files of an older release from {place}", lambda: _remove(place, extra)
    if init and BLOCK not in _text(to / "init.py"):
        yield f"add a block of {BLOCK.count(chr(10))} lines to {to / 'init.py'}", lambda: _add_block(to)


def uninstall(to: Path) -> Iterator[Action]:
    """What it takes to remove the plug-in from the folder `to`."""
    if BEGIN in _text(to / "init.py"):
        yield f"take our block out of {to / 'init.py'}", lambda: _take_block(to)
    place = to / FOLDER
    if (place / "config.json").exists():
        yield f"remove {place}", lambda: shutil.rmtree(place)


def files(config: dict[str, Any]) -> dict[str, str]:
    """Everything in the plug-in's folder: name and text."""
    here = Path(__file__).parent
    package = "inbetween/hosts"
    empty = '"""Part of inbetween\'s Nuke adapter."""\n'
    return {
        **{f"{name}.py": (here / f"{name}.py").read_text("utf-8") for name in START_UP},
        "config.json": json.dumps(config, indent=1, sort_keys=True) + "\n",
        "ToolSets/Inbetween.nk": script.toolset(config),
        "inbetween/__init__.py": empty,
        f"{package}/__init__.py": empty,
        f"{package}/worker/__init__.py": empty,
        f"{package}/worker/client.py": Path(client.__file__).read_text("utf-8"),
        **{f"{package}/nuke/{name}.py": (here / f"{name}.py").read_text("utf-8") for name in INSIDE},
    }


def environment(place: Path) -> str:
    """The line that has Nuke find the plug-in without any file of Nuke's being touched."""
    if os.name == "nt":
        return f"set NUKE_PATH={place};%NUKE_PATH%"
    return f'export NUKE_PATH="{place}${{NUKE_PATH:+:$NUKE_PATH}}"'


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 when done, 2 when something is in the way."""
    chosen = _parser().parse_args(arguments)
    to = Path(chosen.to or (sys.prefix if chosen.print_env else Path.home() / ".nuke")).expanduser().absolute()
    try:
        actions = uninstall(to) if chosen.uninstall else install(to, describe(), init=not chosen.print_env)
        done = [_do(action, chosen.dry_run) for action in actions]
    except InbetweenError as problem:
        _say(f"inbetween for Nuke: {problem}", sys.stderr)
        return 2
    except OSError as problem:
        told = f"{problem.filename or to} cannot be changed: {problem.strerror or problem}"
        _say(f"inbetween for Nuke: {told}; name a folder that you may write to with --to", sys.stderr)
        return 2
    if not done:
        _say(f"nothing to do in {to}")
    if chosen.print_env:
        _say(environment(to / FOLDER))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="install.py nuke", description="Put the Inbetween node into Nuke (13 or newer), or take it out again."
    )
    parser.add_argument("--to", metavar="DIR", help="Nuke folder to use; ~/.nuke when left out")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--uninstall", action="store_true", help="take everything out that was put in")
    either.add_argument(
        "--print-env",
        action="store_true",
        help="touch no file of Nuke's; print the NUKE_PATH line for a launcher or a studio's environment",
    )
    return parser


def _do(action: Action, dry: bool) -> str:
    sentence, act = action
    if not dry:
        act()
    _say(f"would {sentence}" if dry else sentence)
    return sentence


def _say(text: str, stream: Any = None) -> None:
    (stream or sys.stdout).write(f"{text}\n")


def _text(file: Path) -> str:
    return file.read_text("utf-8") if file.exists() else ""


def _differs(file: Path, text: str) -> bool:
    return not file.exists() or _text(file) != text


def _own(place: Path) -> list[str]:
    """Names of the files in the plug-in's folder; Python's own leavings are not counted."""
    found = (path for path in place.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return sorted(path.relative_to(place).as_posix() for path in found)


def _write(place: Path, fresh: dict[str, str]) -> None:
    for name, text in fresh.items():
        file = place / name
        file.parent.mkdir(parents=True, exist_ok=True)
        _replace(file, text)


def _remove(place: Path, names: list[str]) -> None:
    for name in names:
        (place / name).unlink()


def _replace(file: Path, text: str) -> None:
    """A file is whole or as it was before, whatever happens."""
    with whole(file) as aside:
        aside.write_text(text, "utf-8")


def _add_block(to: Path) -> None:
    """A block of another release is replaced where it stands; the first time, `init.py` is copied aside."""
    file, text = to / "init.py", _text(to / "init.py")
    to.mkdir(parents=True, exist_ok=True)
    if text and BEGIN not in text:
        shutil.copy2(file, to / BACKUP)
    without = _without_block(text)
    end = "\n" if without and not without.endswith("\n") else ""
    _replace(file, without + end + BLOCK)


def _take_block(to: Path) -> None:
    file = to / "init.py"
    left = _without_block(_text(file))
    if left:
        _replace(file, left)
    else:
        file.unlink()
    (to / BACKUP).unlink(missing_ok=True)


def _without_block(text: str) -> str:
    """Raises `InputError` when only one of the two marker lines is left."""
    if BEGIN not in text:
        return text
    before, _, rest = text.partition(BEGIN)
    _, found, behind = rest.partition(f"{END}\n")
    if not found:
        raise InputError(f"init.py has a line {BEGIN!r} but none that says {END!r}; put it right by hand")
    return before + behind


if __name__ == "__main__":
    sys.exit(main())
