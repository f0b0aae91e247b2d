"""Nuke.

Inside Nuke (standard library, `nuke` and the worker's client only; Python 3.7 and newer):
    init, menu   Nuke's start-up files; the installer lays them beside this package
    config       what the installer wrote down about the engine
    panel        the knobs, as plain values
    graph        the nodes inside the group, as plain values, and how they are put there
    node         the node: create, react, migrate
    keys         which frames are keys; keys rendered to files
    marks        points that the artist names on the keys, as the table that the engine reads
    make         keys to frames: the worker, progress, cancel, read back
    doctor       what is installed, and whether the engine answers
    farm         `nuke -t farm.py SCRIPT [NODE ...]`
    selfcheck    `nuke -t selfcheck.py`: the same promises, inside a real Nuke

In the engine's own Python:
    install      lays the plug-in into a Nuke folder
    native       the motion model as TorchScript for CatFileCreator and Inference
    native_files the nodes and the gizmo that go with it
    script       Nuke script text made of the same plain values
"""
