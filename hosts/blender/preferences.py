"""What belongs to the machine: the engine's Python, the model, the device, where frames go."""

from typing import Any

import bpy

from . import compat
from .properties import ADDON, DESCRIPTION, MACHINE, declarations


class Preferences(bpy.types.AddonPreferences):
    bl_idname = ADDON
    __annotations__ = {
        "python": bpy.props.StringProperty(
            name="Engine's Python",
            description="The Python that inbetween was installed with; the engine runs there, outside of Blender",
            subtype="FILE_PATH",
            options=compat.RELATIVE,
            default=DESCRIPTION["python"],
        ),
        "folder": bpy.props.StringProperty(
            name="Output Folder",
            description="Where finished frames are kept; // is the folder of the .blend file, {name} the shot. "
            "A folder that exists is never written to again: the next one gets a number",
            subtype="DIR_PATH",
            options=compat.RELATIVE,
            default="//inbetween/{name}/",
        ),
        **declarations(MACHINE),
    }

    def draw(self, context: Any) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "python")
        layout.prop(self, "folder")
        for row in MACHINE:
            layout.prop(self, row["name"])
        buttons = layout.row()
        buttons.operator("inbetween.worker_check")
        buttons.operator("inbetween.worker_release")


def register() -> None:
    bpy.utils.register_class(Preferences)


def unregister() -> None:
    bpy.utils.unregister_class(Preferences)
