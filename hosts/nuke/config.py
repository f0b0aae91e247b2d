"""What the installer wrote down: the engine's Python, its release, and its own description of its settings.

Runs inside Nuke: standard library only, Python 3.7 and newer. Nothing is imported from the engine, so that a panel
can be built, and a script loaded, while the engine is not even reachable.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

VARIABLE = "INBETWEEN_NUKE_CONFIG"
"""Names another config.json; for studios that keep the plug-in read-only and choose the engine for each show."""


class NodeError(Exception):
    """Something the artist can put right; one sentence with node, value and remedy."""


def path() -> Path:
    """Where config.json is: what `VARIABLE` names, else the plug-in's folder, which holds this package."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else Path(__file__).resolve().parents[3] / "config.json"


def load() -> dict[str, Any]:
    """The configuration: python, release, models, timings and settings (rows of `inbetween.core.settings.describe`).

    Raises `NodeError` where there is none or it is not the installer's.
    """
    where = path()
    try:
        found = json.loads(where.read_text(encoding="utf-8"))
        for name in ("python", "release", "models", "timings", "settings"):
            found[name]
    except (OSError, ValueError, KeyError, TypeError) as cause:
        raise NodeError(
            f"{where} is missing or damaged ({type(cause).__name__}: {cause}); run `python3 install.py nuke` again"
        ) from cause
    return dict(found)
