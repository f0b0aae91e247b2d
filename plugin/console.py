"""How a command speaks and ends: one line for an error, an exit code, a clean stop."""

import io
import logging
import signal
import sys
from collections.abc import Callable
from importlib.util import find_spec
from types import FrameType

from inbetween.core.errors import Cancelled, InbetweenError
from inbetween.core.extras import EXTRAS, missing
from inbetween.start import INTERRUPTED, leave

DONE, FAILED, WRONG = 0, 1, 2
"""Exit codes: all done; some of it failed; wrong use or wrong input. `start.INTERRUPTED`: stopped by the user."""

log = logging.getLogger("inbetween")


def answer(work: Callable[[], int]) -> int:
    """Run a command; every error becomes one line on stderr and an exit code, with the traceback only at -v -v.

    SIGTERM stops it as SIGINT does.
    """
    for stream in (sys.stdout, sys.stderr):  # file names can hold what the terminal's encoding cannot
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        with Stop(at_once=True):
            return work()
    except (Cancelled, KeyboardInterrupt) as stop:
        complain(str(stop) or "stopped")
        return INTERRUPTED
    except InbetweenError as error:
        log.debug("the traceback:", exc_info=True)
        complain(str(error))
        return WRONG
    except BrokenPipeError:
        sys.stderr.close()  # whoever read the output has gone
        return FAILED
    except OSError as error:  # a folder that may not even be looked at, a drive that went away
        log.debug("the traceback:", exc_info=True)
        complain(
            f"{error.filename or 'a file'} cannot be used: {error.strerror or error}; check it and its permissions"
        )
        return WRONG
    except ModuleNotFoundError as error:
        return _without_a_module(error)
    except MemoryError:
        complain("out of memory; set --memory lower, or work on smaller frames")
        return FAILED
    except Exception as error:  # the last line of defence: an artist has no use for a traceback
        return _unexpected(error)


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


def _without_a_module(error: ModuleNotFoundError) -> int:
    """An extra that is not installed is wrong use; any other module that is not found is a damaged installation."""
    module = (error.name or "").partition(".")[0]
    if module not in EXTRAS or find_spec(module) is not None:
        return _unexpected(error)
    log.debug("the traceback:", exc_info=True)
    complain(missing(module))
    return WRONG


def _unexpected(error: Exception) -> int:
    log.debug("the traceback:", exc_info=True)
    complain(f"unexpected {type(error).__name__}: {_one_line(error)}; run again with -v -v and report what it says")
    return FAILED


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
