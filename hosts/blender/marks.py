"""Marks from objects: where the camera sees them at each key, as the table that the engine reads."""

import csv
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import bpy
from bpy_extras.object_utils import world_to_camera_view

from . import results
from .properties import MARKS_OBJECTS, RENDERED_KEYS, path_property
from .snapshot import SelectionError, absolute

PICTURES = frozenset({".exr", ".dpx", ".tif", ".tiff", ".png", ".tga", ".jpg", ".jpeg"})
PATTERN = re.compile(r"#+|@+|%0?\d*d|\$F\d*")
"""What stands for the number, as for the runner."""
TITLE = "# where the camera sees the objects of a collection, written by Inbetween in Blender"
"""By its first line a table is known that may be written anew."""

Line = tuple[str, int, float, float]
"""Name of an object, frame, x and y in pixels from the upper left corner of what is rendered."""


class MarksFromObjects(bpy.types.Operator):
    """Write where the camera sees each object of the collection at every key; Fill Missing Frames is led by it"""

    bl_idname = "inbetween.marks_from_objects"
    bl_label = "Marks from Objects"
    bl_options: ClassVar = {"UNDO"}
    __annotations__ = {
        "collection": bpy.props.StringProperty(
            name="Collection", description=f"{MARKS_OBJECTS}; left empty it is the panel's", options={"SKIP_SAVE"}
        ),
        "source": path_property("Keys", RENDERED_KEYS),
        "filepath": path_property(
            "Table", "File that is written; left empty it is marks.csv among the keys", file=True
        ),
    }

    def execute(self, context: Any) -> set[str]:
        panel = context.scene.inbetween
        try:
            objects = _objects(self.collection, panel.marks_objects)
            keys = key_files(self.source or panel.source)
            first = next(iter(keys.values()))
            table = absolute(self.filepath) if self.filepath else first.with_name("marks.csv")
            lines = seen(context, objects, sorted(keys))
            write(table, lines)
        except SelectionError as problem:
            self.report({"ERROR"}, str(problem))
            return {"CANCELLED"}
        panel.marks = results.kept_path(table)
        for note in _notes(context.scene, objects, first, lines):
            self.report({"WARNING"}, note)
        names = {name for name, *_ in lines}
        self.report({"INFO"}, f"{len(names)} marks on {len(keys)} keys are in {table}")
        return {"FINISHED"}


def key_files(source: str) -> dict[int, Path]:
    """A picture of each key in a folder, or of a pattern, by frame. Raises `SelectionError` for fewer than two."""
    if not source:
        raise SelectionError("Choose the folder of the key frames")
    path = absolute(source)
    folder = path if path.is_dir() else path.parent
    if not folder.is_dir():
        raise SelectionError(f"{folder} is not there; choose the folder of the key frames")
    asked = None if folder == path else PATTERN.split(path.name)
    sequences: dict[tuple[str, str], dict[int, Path]] = defaultdict(dict)
    for file in sorted(folder.iterdir()):
        number = results.NUMBER.search(file.name)
        if number and file.suffix.lower() in PICTURES and not file.name.startswith("."):
            below = bool(results.BELOW_ZERO.search(file.name))
            name = file.name[: number.start() - below], file.suffix
            if asked is None or asked == [*name]:
                sequences[name][int(number[1]) * (-1 if below else 1)] = file
    found = {frame: file for files in sequences.values() if len(files) > 1 for frame, file in files.items()}
    if not found:
        raise SelectionError(f"{path} holds no two numbered key frames; render the keys first")
    return found


def seen(context: Any, objects: list[Any], frames: list[int]) -> list[Line]:
    """Where the camera sees the origin of each object at these frames; what is behind it or beside its picture is not.

    The scene stays at the frame where it is. Raises `SelectionError` where that cannot be said.
    """
    scene = context.scene
    now, between = scene.frame_current, scene.frame_subframe
    try:
        lines = [line for frame in frames for line in _at(context, objects, frame)]
    finally:
        scene.frame_set(now, subframe=between)
    if not lines:
        raise SelectionError("The camera sees none of these objects at any key")
    return lines


def write(table: Path, lines: list[Line]) -> None:
    """Write a table, in place of one that was written here before. Raises `SelectionError`."""
    try:
        if table.exists() and not table.read_bytes().startswith(TITLE.encode()):
            raise SelectionError(f"{table} was not written by this button; move it away or name another file")
        with table.open("w", encoding="utf-8", newline="") as file:
            file.write(f"{TITLE}\nmark,frame,x,y\n")
            csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n").writerows(lines)
    except OSError as problem:
        raise SelectionError(f"{table} cannot be written: {problem.strerror}; name another file") from problem


def _objects(name: str, chosen: Any) -> list[Any]:
    """What is in the collection of that name, else in the chosen one. Raises `SelectionError` for none."""
    collection = bpy.data.collections.get(name) if name else chosen
    if collection is None:
        raise SelectionError(f"There is no collection {name}" if name else "Choose a collection of objects as marks")
    if not collection.all_objects:
        raise SelectionError(f"{collection.name} holds no objects: put those into it that are to be marks")
    return list(collection.all_objects)


def _at(context: Any, objects: list[Any], frame: int) -> Iterator[Line]:
    """Where the camera sees objects at a frame, to which the scene goes. Raises `SelectionError`."""
    scene = context.scene
    scene.frame_set(frame)
    camera, *things = _moved(context, [_camera(scene), *objects])
    width, height = _size(scene)
    for thing in things:
        right, up, away = world_to_camera_view(scene, camera, thing.matrix_world.translation)
        if away > 0 and 0 <= right <= 1 and 0 <= up <= 1:
            yield thing.name, frame, round(right * width, 3), round((1 - up) * height, 3)


def _moved(context: Any, objects: list[Any]) -> Iterator[Any]:
    """Objects as they are at the current frame. Raises `SelectionError` for one that Blender left where it was."""
    depsgraph = context.evaluated_depsgraph_get()
    moved = {each.original for each in depsgraph.ids if isinstance(each, bpy.types.Object)}
    for thing in objects:
        if thing not in moved:  # `is_evaluated` is true also for what was so at another frame
            raise SelectionError(f"{thing.name} is disabled in viewports, where Blender does not move it: enable it")
        yield thing.evaluated_get(depsgraph)


def _camera(scene: Any) -> Any:
    """What sees at the current frame. Raises `SelectionError` where it sees otherwise than in a plane picture."""
    if scene.camera is None:
        raise SelectionError(f"{scene.name} has no camera")
    if scene.camera.type != "CAMERA" or scene.camera.data.type not in ("PERSP", "ORTHO"):
        raise SelectionError(f"{scene.camera.name} is no perspective or orthographic camera: choose one")
    if scene.render.use_border and scene.render.use_crop_to_border:
        raise SelectionError("Renders are cropped to the render region, from whose corner no mark counts: render all")
    return scene.camera


def _size(scene: Any) -> tuple[int, int]:
    """Width and height of what the scene renders."""
    render = scene.render
    share = render.resolution_percentage
    return render.resolution_x * share // 100, render.resolution_y * share // 100


def _notes(scene: Any, objects: list[Any], key: Path, lines: list[Line]) -> Iterator[str]:
    """What the artist should know about a table, a sentence each."""
    unseen = sorted({thing.name for thing in objects} - {name for name, *_ in lines})
    if unseen:
        yield f"The camera sees {', '.join(unseen)} at no key"
    image = bpy.data.images.load(str(key), check_existing=False)
    shown, rendered = tuple(image.size), _size(scene)
    bpy.data.images.remove(image)
    if all(shown) and shown != rendered:
        sizes = "{}x{}".format(*shown), "{}x{}".format(*rendered)
        yield f"{key.name} is {sizes[0]}, but the scene renders {sizes[1]}, for which marks are: make them alike"


def register() -> None:
    bpy.utils.register_class(MarksFromObjects)


def unregister() -> None:
    bpy.utils.unregister_class(MarksFromObjects)
