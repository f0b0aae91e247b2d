"""Nuke runs this at start when it has a window; the installer lays it beside the package.

Entries are text, run when they are chosen: nothing of ours is imported before.
"""

import nuke

menu = nuke.menu("Nodes").addMenu("Inbetween")
menu.addCommand("Inbetween", "from inbetween.hosts.nuke import node; node.create()")
menu.addCommand("Doctor", "from inbetween.hosts.nuke import doctor; doctor.show()")
menu.addCommand("Free the engine's memory", "from inbetween.hosts.nuke import make; make.release()")
