"""How a command speaks and ends: one line for an error, an exit code, a clean stop."""

import argparse
import io
import json
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from types import FrameType
from typing import NoReturn

from inbetween.core.errors import Cancelled, InbetweenError
from inbetween.core.extras import EXTRAS, missing
from inbetween.start import INTERRUPTED, leave

DONE, FAILED, WRONG = 0, 1, 2
"""Exit codes: all done; some of it failed; wrong use or wrong input. `start.INTERRUPTED`: stopped by the user."""

log = logging.getLogger("inbetween")


class Parser(argparse.ArgumentParser):
    """Of a command: wrong use is told in one line; with `as_json`, for a command that has `--json`, so as well."""

    as_json = False

    def error(self, message: str) -> NoReturn:
        told = f"{message}; see {self.prog} --help"
        complain(told)
        if self.as_json:
            _tell(told, WRONG)
        self.exit(WRONG)


def perform(parser: Parser, work: Callable[[argparse.Namespace], int], argv: Sequence[str] | None) -> int:
    """Run a command that has `--json`, `-q` and `-v` with its options; returns its exit code."""
    given = sys.argv[1:] if argv is None else argv
    parser.as_json = "--json" in given
    options = parser.parse_args(given)
    log_at(-1 if options.quiet else options.verbose)
    return answer(lambda: work(options), options.json)


def answer(work: Callable[[], int], as_json: bool = False) -> int:
    """Run a command; every error becomes one line on stderr and an exit code, with the traceback only at -v -v.

    With `as_json` it becomes one line of JSON on stdout as well: an event `error`. SIGTERM stops it as SIGINT does.
    """
    for stream in (sys.stdout, sys.stderr):  # file names can hold what the terminal's encoding cannot
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code, trouble = _ended(work)
        if trouble:
            complain(trouble)
            if as_json:
                _tell(trouble, code)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read the output has gone
        return FAILED
    return code


def _ended(work: Callable[[], int]) -> tuple[int, str]:
    """How a command ends: its exit code, and why where that is not its own."""
    try:
        with Stop(at_once=True):
            return work(), ""
    except (Cancelled, KeyboardInterrupt) as stop:
        return INTERRUPTED, str(stop) or "stopped"
    except InbetweenError as error:
        log.debug("the traceback:", exc_info=True)
        return WRONG, str(error)
    except BrokenPipeError:
        raise
    except OSError as error:  # a folder that may not even be looked at, a drive that went away
        log.debug("the traceback:", exc_info=True)
        file, why = error.filename or "a file", error.strerror or error
        return WRONG, f"{file} cannot be used: {why}; check it and its permissions"
    except ModuleNotFoundError as error:
        return _without_a_module(error)
    except MemoryError:
        return FAILED, "out of memory; set --memory lower, or work on smaller frames"
    except Exception as error:  # the last line of defence: an artist has no use for a traceback
        return _unexpected(error)


def _tell(trouble: str, code: int) -> None:
    """What ends a command, for machines."""
    say(json.dumps({"event": "error", "message": trouble, "code": code}, sort_keys=True))


def say(text: str) -> None:
    """One line on stdout."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """One line on stderr."""
    sys.stderr.write(f"inbetween: {text}\n")
    sys.stderr.flush()


def log_at(verbosity: int) -> None:
    """Log to stderr: -1 errors, 0 warnings, 1 what is done, 2 everything, with tracebacks."""
    level = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO}.get(verbosity, logging.DEBUG)
    logging.basicConfig(level=level, format="inbetween: %(message)s", stream=sys.stderr, force=True)


class Stop:
    """Turns the first SIGINT or SIGTERM into a wish that is heeded between frames; a second one ends at once.

    So does the first one if `at_once` is true.
    """

    def __init__(self, at_once: bool = False) -> None:
        self.asked, self._at_once = False, at_once

    def __call__(self) -> bool:
        return self.asked

    def __enter__(self) -> "Stop":
        self._before = {number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._at_once and _importing(frame):
            leave(number, frame)
        if self._at_once:
            raise KeyboardInterrupt
        if self.asked:
            raise KeyboardInterrupt("stopped at once; finished frames are kept")
        self.asked = True


def _importing(frame: FrameType | None) -> bool:
    """Whether a module is being imported, in which libraries answer an exception with others, or with many lines."""
    while frame and frame.f_code.co_filename != "<frozen importlib._bootstrap>":
        frame = frame.f_back
    return frame is not None


def _without_a_module(error: ModuleNotFoundError) -> tuple[int, str]:
    """An extra that is not installed is wrong use; any other module that is not found is a damaged installation."""
    module = (error.name or "").partition(".")[0]
    if module not in EXTRAS or find_spec(module) is not None:
        return _unexpected(error)
    log.debug("the traceback:", exc_info=True)
    return WRONG, missing(module)


def _unexpected(error: Exception) -> tuple[int, str]:
    log.debug("the traceback:", exc_info=True)
    said = f"unexpected {type(error).__name__}: {_one_line(error)}"
    return FAILED, f"{said}; run again with -v -v and report what it says"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
