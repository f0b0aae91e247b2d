"""Pyblish plug-ins: a studio's publish checks a sequence and puts it into the training store.

Register this folder with `pyblish.api.register_plugin_path`, and `strict` with `pyblish.api.register_test`.
"""

from typing import Any


def strict(**state: Any) -> str | None:
    """A Pyblish test: what comes after an error is not run.

    Pyblish's own test stops for failed validators only: after a failed extractor it would still integrate. Errors
    within the kind that is under way are all collected, so that an artist sees them at once.
    """
    kind = int(state["nextOrder"] + 0.5)
    return "failed before" if any(int(order + 0.5) < kind for order in state["ordersWithError"]) else None
