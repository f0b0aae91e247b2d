"""The small buttons: stop, check the engine, free its memory, open the folder, use a result in the compositor."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import bpy

from ..worker.client import WorkerError
from . import results
from .operators import Stopped, Work
from .properties import path_property, preferences
from .session import SESSION, python
from .snapshot import SelectionError

FIRST_FRAME = "First file of a finished sequence; left empty it is the last one drawn in this scene"


class Cancel(bpy.types.Operator):
    """Stop after the frame that is being drawn; what is finished stays on disk"""

    bl_idname = "inbetween.cancel"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, context: Any) -> bool:
        if not SESSION.busy:
            cls.poll_message_set("Nothing is being drawn")
        return SESSION.busy

    def execute(self, context: Any) -> set[str]:
        SESSION.stop()
        return {"FINISHED"}


class CheckWorker(Work):
    """Start the engine and say what it is: version, devices, models"""

    bl_idname = "inbetween.worker_check"
    bl_label = "Check Engine"
    bl_options: ClassVar = set()

    def work(self, context: Any) -> Iterator[None]:
        worker = SESSION.engine(python(preferences(context)))
        while worker.greeting is None:
            worker.pump()
            if worker.error:
                raise WorkerError(worker.error)
            if SESSION.stopping:
                raise Stopped("The engine was not waited for")
            yield
        said = worker.greeting
        models, devices = ", ".join(said["models"]), ", ".join(said["devices"])
        self.report({"INFO"}, f"inbetween {said['version']} on {devices}; models: {models}")


class ReleaseWorker(bpy.types.Operator):
    """End the engine and give back all of its memory; the next job starts it again"""

    bl_idname = "inbetween.worker_release"
    bl_label = "Free Memory"

    @classmethod
    def poll(cls, context: Any) -> bool:
        if SESSION.worker is None or SESSION.busy:
            cls.poll_message_set("The engine is busy" if SESSION.busy else "The engine is not running")
            return False
        return True

    def execute(self, context: Any) -> set[str]:
        SESSION.end_worker()
        return {"FINISHED"}


class OpenFolder(bpy.types.Operator):
    """Show the frames of the last job in the file browser of the system"""

    bl_idname = "inbetween.open_folder"
    bl_label = "Open Output Folder"

    @classmethod
    def poll(cls, context: Any) -> bool:
        if not Path(SESSION.folder or "?").is_dir():
            cls.poll_message_set("Nothing has been drawn since Blender was started")
            return False
        return True

    def execute(self, context: Any) -> set[str]:
        return set(bpy.ops.wm.path_open(filepath=SESSION.folder))


class CompositorGroup(bpy.types.Operator):
    """Add a node group that plays finished in-betweens; it needs neither this add-on nor the engine to render"""

    bl_idname = "inbetween.comp_group"
    bl_label = "Add In-Between Group"
    bl_options: ClassVar = {"REGISTER", "UNDO"}
    __annotations__ = {
        "filepath": path_property("First Frame", FIRST_FRAME, file=True),
    }

    def execute(self, context: Any) -> set[str]:
        try:
            files = results.sequence(self.filepath or context.scene.inbetween.result)
        except SelectionError as problem:
            self.report({"ERROR"}, str(problem))
            return {"CANCELLED"}
        results.add_group(context.scene, results.group(files))
        return {"FINISHED"}


CLASSES = (Cancel, CheckWorker, ReleaseWorker, OpenFolder, CompositorGroup)


def register() -> None:
    for kind in CLASSES:
        bpy.utils.register_class(kind)


def unregister() -> None:
    for kind in reversed(CLASSES):
        bpy.utils.unregister_class(kind)
