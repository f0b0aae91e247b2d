"""The folder `inside` runs within Blender's own Python only; elsewhere `test_in_blender.py` sends it there."""

from importlib.util import find_spec

collect_ignore = ["test_in_blender.py"] if find_spec("bpy") else ["inside"]
