"""What is installed and whether it answers, in words to read or to send to whoever looks after it.

Runs inside Nuke: standard library, `nuke` and the client, Python 3.7.
"""

from __future__ import annotations

import platform
import threading
from typing import Any

import nuke

from inbetween.hosts.nuke import config
from inbetween.hosts.nuke.config import NodeError
from inbetween.hosts.worker.client import Worker, WorkerError


def show() -> None:
    """Ask in a thread of its own, since the engine may take seconds to start; show the answer when it is there."""
    threading.Thread(target=_ask, name="inbetween doctor", daemon=True).start()


def _ask() -> None:
    nuke.executeInMainThread(nuke.message, (report(),))


def report() -> str:
    """The findings, a line each; what is wrong stands in the line it concerns. From any thread."""
    lines = [f"Nuke {nuke.NUKE_VERSION_STRING}, Python {platform.python_version()}, {platform.platform()}"]
    try:
        written = config.load()
    except NodeError as problem:
        return "\n".join([*lines, str(problem)])
    lines += [
        f"adapter {written['release']}, configured by {config.path().as_posix()}",
        f"engine {written['python']}",
        *_engine(written),
    ]
    return "\n".join(lines)


def _engine(written: dict[str, Any]) -> list[str]:
    try:
        with Worker(written["python"]) as worker:
            told = worker.hello()
    except WorkerError as problem:
        return [f"it does not answer: {problem}"]
    lines = [f"it answers: release {told['version']}, devices {', '.join(told['devices'])}"]
    if told["version"] != written["release"]:
        lines.append("the releases differ: run `python3 install.py nuke` again")
    hashes = told.get("weights_sha256", {})
    return lines + [f"model {name}: {hashes.get(name, '')[:12] or 'no weights'}" for name in told["models"]]
