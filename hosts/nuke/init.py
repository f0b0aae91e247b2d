"""Nuke runs this at start, with a window or without; the installer lays it beside the package.

Nothing is done here but to say where the package is and to have groups of ours brought up to date; a Nuke that lacks
this plug-in still renders scripts with our nodes, whose frames are files.
"""

import sys
from pathlib import Path

import nuke


def created() -> None:
    if "inbetween_version" in nuke.thisNode().knobs():
        from inbetween.hosts.nuke import node

        node.created_in_script()


here = str(Path(__file__).resolve().parent)
if here not in sys.path:
    sys.path.append(here)
nuke.addOnCreate(created, nodeClass="Group")
