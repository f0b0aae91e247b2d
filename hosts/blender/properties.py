"""The engine's settings as Blender properties.

They are made from `description.json`, which the engine wrote about itself when the extension was built: names,
defaults, limits, units and help stand nowhere else. What pictures depend on belongs to the scene; the model and what
only the machine cares about belong to the preferences.
"""

import json
from pathlib import Path
from typing import Any

import bpy

from . import compat

ADDON = __package__.partition(".hosts.")[0]
DESCRIPTION: dict[str, Any] = json.loads(Path(__file__).parents[2].joinpath("description.json").read_text("utf-8"))
TARGET = (
    "Folder of the finished sequence; one that is there is continued: what is up to date is kept, what hangs on a new "
    "breakdown is drawn anew. Left empty it is a new folder by the preferences"
)
GUIDE = (
    "For passes in files of their own: folder or pattern of the frames, such as the beauty, as whose picture "
    "everything moves. Left empty, keys move as they show themselves"
)
MARKS = (
    "Table (CSV) of points on the keys, with a line mark,frame,x,y for each: what bears one name on two neighbouring "
    "keys is the same point of the drawing"
)
MOTION_VECTORS = (
    "For renders: folder or pattern of motion vectors for every frame, keys as well, as Render Motion Vectors makes "
    "them. Things go as they say; the model draws shadows and light"
)
CYCLE = (
    "Frames after which the first key is seen again, as in a walk cycle: the gap from the last key back to it is "
    "filled as well, and things go through the seam as through any other key. 0 is no cycle"
)
MARKS_OBJECTS = "Every object in it is a mark by its name, where the camera sees its origin"
KEYS = "Folder of numbered key frames, or a pattern such as shot.####.png"
RENDERED_KEYS = (
    "Folder of the rendered key frames, or a pattern, numbered as the scene's frames; left empty it is the panel's"
)
TIMINGS = ("linear", "ease-in", "ease-out", "ease-in-out")

MACHINE = tuple(row for row in DESCRIPTION["settings"] if row["name"] == "model" or not row["pixels"])
PICTURE = tuple(row for row in DESCRIPTION["settings"] if row not in MACHINE)


def label(row: dict[str, Any]) -> str:
    return str(row["name"]).replace("_", " ").title()


def tooltip(row: dict[str, Any]) -> str:
    """Help, range and unit; without the last full stop, which Blender adds itself."""
    low, high, unit = row["minimum"], row["maximum"], f" {row['unit']}" if row["unit"] else ""
    span = ""
    if low is not None and high is not None:
        span = f" From {low:g} to {high:g}{unit}"
    elif low is not None:
        span = f" At least {low:g}{unit}"
    elif unit:
        span = f" In{unit}"
    return f"{row['help']}{span}".rstrip(".")


def declare(row: dict[str, Any], *, panel: bool) -> Any:
    """A Blender property for one row of a settings description, for a panel or as an argument of an operator.

    A panel holds a value within its limits before the artist's eyes. Of a script's arguments Blender would say
    nothing, so there the limits are left to the engine, which refuses. Arguments are remembered from no earlier call.
    """
    shown: dict[str, Any] = {"name": label(row), "description": tooltip(row), "default": row["default"]}
    shown["options"] = {"ANIMATABLE"} if panel else {"ANIMATABLE", "SKIP_SAVE"}
    if row["choices"]:
        items = [(choice, choice, shown["description"]) for choice in row["choices"]]
        return bpy.props.EnumProperty(items=items, **shown)
    if row["type"] == "bool":
        return bpy.props.BoolProperty(**shown)
    if row["type"] == "str":
        return bpy.props.StringProperty(search=_suggest(row["name"]), search_options={"SUGGESTION"}, **shown)
    kind, soft = (float if row["type"] == "float" else int), "" if panel else "soft_"
    limits = {"min": row["minimum"], "max": row["maximum"]}
    shown |= {f"{soft}{name}": kind(value) for name, value in limits.items() if value is not None}
    return bpy.props.FloatProperty(precision=3, **shown) if kind is float else bpy.props.IntProperty(**shown)


def _suggest(name: str) -> Any:
    known = {"model": DESCRIPTION["models"], "timing": TIMINGS}.get(name, ())
    return lambda _self, _context, typed: [value for value in known if typed.lower() in value]


def declarations(rows: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    """Properties for panels and preferences."""
    return {row["name"]: declare(row, panel=True) for row in rows}


def arguments() -> dict[str, Any]:
    """Properties for an operator that draws: every setting."""
    return {row["name"]: declare(row, panel=False) for row in PICTURE + MACHINE}


def path_property(name: str, description: str, *, file: bool = False, panel: bool = False) -> Any:
    """A property for a folder or a file, for a panel or as an argument of an operator."""
    options = {*compat.RELATIVE} if panel else {"SKIP_SAVE", *compat.RELATIVE}
    subtype = "FILE_PATH" if file else "DIR_PATH"
    return bpy.props.StringProperty(name=name, description=description, subtype=subtype, options=options)


def path_properties(*, panel: bool) -> dict[str, Any]:
    """Properties for all that a sequence is made of and goes to."""
    return {
        "source": path_property("Keys", KEYS, panel=panel),
        "guide": path_property("Guide", GUIDE, panel=panel),
        "marks": path_property("Marks", MARKS, file=True, panel=panel),
        "motion_vectors": path_property("Motion Vectors", MOTION_VECTORS, panel=panel),
        "target": path_property("Result", TARGET, panel=panel),
    }


class SceneSettings(bpy.types.PropertyGroup):
    """What the panels of a scene show; saved with the file."""

    __annotations__ = {
        **declarations(PICTURE),
        "image_a": bpy.props.PointerProperty(type=bpy.types.Image, name="First", description="The first key drawing"),
        "image_b": bpy.props.PointerProperty(type=bpy.types.Image, name="Last", description="The second key drawing"),
        "count": bpy.props.IntProperty(
            name="In-Betweens", description="How many frames are drawn between the two images", default=3, min=1
        ),
        **path_properties(panel=True),
        "marks_objects": bpy.props.PointerProperty(
            type=bpy.types.Collection, name="Mark Objects", description=MARKS_OBJECTS
        ),
        "cycle": bpy.props.IntProperty(name="Cycle", description=CYCLE, default=0, min=0),
        "result": bpy.props.StringProperty(options={"HIDDEN"}),
    }


def preferences(context: Any) -> Any:
    return context.preferences.addons[ADDON].preferences


def said(operator: Any, owner: Any, name: str) -> Any:
    """What the call says itself, else what its owner, a panel or the preferences, says."""
    return getattr(operator if operator.properties.is_property_set(name) else owner, name)


def settings(operator: Any, context: Any) -> dict[str, Any]:
    """Plain values for the engine: what the call says itself, else what the panel and the preferences say."""
    chosen = {}
    for rows, owner in ((PICTURE, context.scene.inbetween), (MACHINE, preferences(context))):
        for row in rows:
            value = said(operator, owner, row["name"])
            # Blender keeps 0.3 as the nearest 32-bit number, which elsewhere would be another setting.
            chosen[row["name"]] = float(f"{value:.6g}") if row["type"] == "float" else value
    return chosen


def register() -> None:
    bpy.utils.register_class(SceneSettings)
    bpy.types.Scene.inbetween = bpy.props.PointerProperty(type=SceneSettings)


def unregister() -> None:
    del bpy.types.Scene.inbetween
    bpy.utils.unregister_class(SceneSettings)
