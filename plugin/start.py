"""Where every command begins: nothing is imported yet, so that Ctrl-C is answered in one line from the start."""

# `signal` would import enum and more first, for longer than all else here takes; this is what it is made of.
import _signal as signal  # type: ignore[import-not-found]  # typeshed knows `signal` only
import os

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


def leave(number: int, frame: object) -> None:
    """End here and now, as a signal handler; an exception in the middle of an import would come out as anything."""
    try:
        os.write(2, b"inbetween: stopped\n")
    finally:
        os._exit(INTERRUPTED)


def _begin(module: str) -> int:
    """Import a command and run it, SIGINT and SIGTERM answered meanwhile; while it works, it answers them itself."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)
    from importlib import import_module

    return int(import_module(module).main())
