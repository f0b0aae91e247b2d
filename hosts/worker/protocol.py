"""What worker and client say to each other: one JSON object a line, UTF-8, each with a `type`.

    client says                                   worker answers
    hello    protocol                             hello     protocol, version, models, devices, settings
    job      id, job (a `Job` as plain values);   event     id, event (the runner's own), any number of them, then
             or, in place of the job's source,    done      id, summary   or   error   id, kind, message
             name, keys (see `keys.py`)
    cancel   id                                   (the job ends with error, kind "Cancelled")
    release                                       released  models
    bye, or end of file                           (ends)

An `error` whose id is null is about the conversation itself and is the worker's last word.
"""

import json
from collections.abc import Mapping
from typing import Any

from inbetween.core.errors import WorkerError
from inbetween.hosts.worker.client import PROTOCOL as PROTOCOL

REQUESTS: dict[str, dict[str, type]] = {
    "hello": {"protocol": int},
    "job": {"id": str, "job": dict},
    "cancel": {"id": str},
    "release": {},
    "bye": {},
}
"""What a client may say: for each type, what goes with it."""


def parse(line: bytes) -> dict[str, Any]:
    """Read one line of a client; raises `WorkerError` for anything that is not a whole request of this protocol."""
    try:
        request = json.loads(line.decode("utf-8"))
        wanted = REQUESTS[request["type"]]
        for name, kind in wanted.items():
            if not isinstance(request[name], kind):
                raise TypeError(name)
    except (ValueError, TypeError, KeyError) as cause:
        heard = line.decode("utf-8", "replace").strip()[:120]
        text = f"the worker was sent {heard!r}, which is no request; is the host's adapter of the same release?"
        raise WorkerError(text) from cause
    if request["type"] == "hello" and request["protocol"] != PROTOCOL:
        text = f"the host's adapter speaks protocol {request['protocol']}, the worker {PROTOCOL}"
        raise WorkerError(f"{text}: install the same release in both")
    return dict(request)


def encode(message: Mapping[str, Any]) -> bytes:
    """One message as one line; plain values only, nothing but ASCII on the wire."""
    return json.dumps(message).encode("ascii") + b"\n"


def error(problem: BaseException, id: str | None = None) -> dict[str, Any]:  # noqa: A002 - the protocol's word
    """The message that says why a job (or, without id, the conversation) ended."""
    return {"type": "error", "id": id, "kind": type(problem).__name__, "message": str(problem)}
