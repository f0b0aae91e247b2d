"""Where every command begins: nothing is imported yet, so that Ctrl-C is answered in one line at once."""

import os
import signal
from importlib import import_module
from types import FrameType

INTERRUPTED = 130
"""Exit code of a command that was stopped by the user."""


def inbetween() -> int:
    """`inbetween COMMAND`."""
    return _begin("inbetween.cli")


def seq() -> int:
    """`inbetween-seq`."""
    return _begin("inbetween.seq")


def finetune() -> int:
    """`inbetween-finetune`."""
    return _begin("inbetween.finetune")


def _begin(module: str) -> int:
    """Import a command and run it, SIGINT and SIGTERM answered meanwhile; while it works, it answers them itself."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    return int(import_module(module).main())


def _leave(number: int, frame: FrameType | None) -> None:
    """End here and now: nothing is begun, and an exception in the middle of an import comes out as another one."""
    try:
        os.write(2, b"inbetween: stopped\n")
    finally:
        os._exit(INTERRUPTED)
