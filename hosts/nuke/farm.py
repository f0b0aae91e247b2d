"""Make the in-betweens of a script without a window, on a farm or from a shell; then render it as any other:

    nuke -t ~/.nuke/inbetween-nuke/inbetween/hosts/nuke/farm.py SCRIPT.nk [NODE ...]
    nuke -x SCRIPT.nk

Without names, every Inbetween node is made, those inside groups too. The script is saved when frames were made. Ends
with 1 and a sentence on stderr when something is in the way. Runs inside Nuke: Python 3.7.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nuke

from inbetween.hosts.nuke import make
from inbetween.hosts.nuke.config import NodeError


def run(script: str, names: list[str]) -> list[str]:
    """Open a script, make the named nodes (all of ours when none is named), save it; returns the nodes' full names."""
    if not Path(script).is_file():
        raise NodeError(f"{script} does not exist; name a script that is saved")
    nuke.scriptOpen(script)
    chosen = [_named(name) for name in names] or make.every()
    if not chosen:
        raise NodeError(f"{script} holds no Inbetween node; make one in Nuke, from the Inbetween menu")
    for one in chosen:
        make.start(one)
    nuke.scriptSaveAs(script, 1)
    return [one.fullName() for one in chosen]


def _named(name: str) -> nuke.Group:
    for one in make.every():
        if one.fullName() == name:
            return one
    known = ", ".join(one.fullName() for one in make.every()) or "none"
    raise NodeError(f"no Inbetween node is called {name}; this script has {known}")


def main(arguments: list[str]) -> int:
    if not arguments:
        sys.stderr.write("usage: nuke -t farm.py SCRIPT.nk [NODE ...]\n")
        return 2
    try:
        run(arguments[0], arguments[1:])
    except NodeError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
