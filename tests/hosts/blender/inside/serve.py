"""Blender as a host of `tests/hosts/test_contract.py`: jobs on stdin, answers on stdout, one JSON object a line.

BLENDER_PYTHON serve.py ENGINE_PYTHON ARCHIVE
"""

import json
import os
import shutil
import sys
import tempfile
from typing import Any

ANSWERS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # Blender talks on stdout
os.environ["BLENDER_USER_RESOURCES"] = tempfile.mkdtemp(prefix="blender-home-")  # before bpy reads it

import bpy  # noqa: E402 - see above

MODULE = "bl_ext.user_default.inbetween"


def install(engine: str, archive: str) -> Any:
    """The extension's own state, once it is installed."""
    bpy.ops.extensions.package_install_files(filepath=archive, repo="user_default", enable_on_install=True)
    bpy.context.preferences.addons[MODULE].preferences.python = engine
    return sys.modules[f"{MODULE}.hosts.blender.session"].SESSION


def fill(session: Any, job: dict[str, Any], stop_after: int) -> dict[str, Any]:
    """Do one job by the operator; press Cancel after some frames, unless that is 0."""
    answer: dict[str, Any] = {"state": "done", "error": "", "events": []}
    hear = type(session).hear

    def listen(event: dict[str, Any]) -> None:
        hear(session, event)
        answer["events"].append(event)
        if stop_after and sum(each["event"] == "frame" for each in answer["events"]) == stop_after:
            bpy.ops.inbetween.cancel()

    session.hear = listen
    try:
        done = bpy.ops.inbetween.fill_sequence(
            source=job["source"], target=job["target"], bring="NOTHING", **job["settings"]
        )
        answer["state"] = "done" if done == {"FINISHED"} else "cancelled"
    except RuntimeError as error:
        answer.update(state="failed", error=str(error).strip().removeprefix("Error: "))
    return answer


def main() -> None:
    session = install(*sys.argv[1:])
    for line in sys.stdin:
        ANSWERS.write(json.dumps(fill(session, **json.loads(line))) + "\n")
        ANSWERS.flush()
    session.end_worker()
    shutil.rmtree(os.environ["BLENDER_USER_RESOURCES"], ignore_errors=True)
    os._exit(0)  # Blender 4.2 and 4.5 hang or crash when the interpreter ends


main()
