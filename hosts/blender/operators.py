"""What the artist starts: in-betweens of strips, of images, of a sequence on disk.

A job is one generator, `work`: it takes a snapshot, hands it to the worker, yields while the worker draws, and puts
the result into the scene. From a button it is advanced by a timer and Blender stays free; from a script, or without a
window, it is run to its end.
"""

import shutil
import tempfile
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, ClassVar

import bpy

from ..worker.client import WorkerError
from . import compat, results, snapshot
from .properties import CYCLE, arguments, path_properties, preferences, said, settings
from .session import SESSION, python
from .snapshot import SelectionError

TICK, PAUSE = 0.1, 0.01
"""Seconds between two looks at the worker: by a timer of the window, and where a script waits."""


class Stopped(Exception):  # noqa: N818 - a decision of the artist, not a failure
    """The artist stopped the job."""


class Work(bpy.types.Operator):
    """What every operator that keeps the worker busy does.

    UNDO without REGISTER: the result can be undone, and no redo panel starts the job a second time.
    """

    bl_options: ClassVar = {"UNDO"}

    def work(self, context: Any) -> Iterator[None]:
        """Do it, yielding while there is only waiting to do. Raises `SelectionError`, `WorkerError` or `Stopped`."""
        raise NotImplementedError

    @classmethod
    def poll(cls, context: Any) -> bool:
        try:
            python(preferences(context))
            cls.require(context)
        except (WorkerError, SelectionError) as no:
            cls.poll_message_set(str(no))
            return False
        if SESSION.busy:
            cls.poll_message_set("The engine is busy: wait, or cancel what it is doing")
        return not SESSION.busy

    @classmethod
    def require(cls, context: Any) -> None:
        """Raise `SelectionError` when there is nothing here to work on."""

    def execute(self, context: Any) -> set[str]:
        self._steps = self._guarded(context)
        for _ in self._steps:
            time.sleep(PAUSE)
        return self._outcome

    def invoke(self, context: Any, event: Any) -> set[str]:
        self._steps = self._guarded(context)
        if next(self._steps, self) is self:
            return self._outcome
        self._timer = context.window_manager.event_timer_add(TICK, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: Any, event: Any) -> set[str]:
        if event.type == "ESC" and event.value == "PRESS":
            SESSION.stop()
            return {"RUNNING_MODAL"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        over = True  # also when what nobody foresaw ends it
        try:
            over = next(self._steps, self) is self
        finally:
            if over:
                self._tidy(context)
        if over:
            return self._outcome
        _show(context, SESSION.status)
        return {"PASS_THROUGH"}

    def cancel(self, context: Any) -> None:
        """Blender ends the operator itself: a window is closed, another file is opened."""
        SESSION.stop()
        self._steps.close()
        self._tidy(context)

    def _tidy(self, context: Any) -> None:
        context.window_manager.event_timer_remove(self._timer)
        _show(context, None)

    def _guarded(self, context: Any) -> Generator[None, None, None]:
        """`work`, with its end told to the artist and kept in `_outcome`."""
        error, self._outcome = "", {"FINISHED"}
        SESSION.begin(self.bl_label)
        try:
            yield from self.work(context)
        except Stopped as stop:
            self._outcome = {"CANCELLED"}
            self.report({"INFO"}, str(stop))
        except (SelectionError, WorkerError) as problem:
            error, self._outcome = str(problem), {"CANCELLED"}
        finally:
            SESSION.end(error)
        for note in SESSION.notes:
            self.report({"WARNING"}, note)
        if error:
            self.report({"ERROR"}, error)


class Draws(Work):
    """A job of the runner: keys or a source in, frames in a folder out."""

    def draw_frames(
        self, context: Any, name: str, job: dict[str, Any], keys: list[dict[str, Any]] | None = None
    ) -> Generator[None, None, list[dict[int, str]]]:
        """Have the worker draw; yields while it does and returns the file of each frame, of each sequence, in order."""
        chosen = preferences(context)
        target = SESSION.folder = job.get("target") or snapshot.folder(chosen.folder, name)
        job = {**job, "target": target, "settings": settings(self, context)}
        SESSION.job = running = SESSION.engine(python(chosen)).submit(job, name=name, keys=keys)
        if SESSION.stopping:
            running.cancel()
        while not running.finished:
            for event in running.pump():
                SESSION.hear(event)
            if not running.finished:
                yield
        if running.state == "cancelled":
            raise Stopped(f"Stopped; the frames that were finished are in {target}")
        if running.state == "failed":
            raise WorkerError(running.error)
        failed = running.summary["failed"]
        if failed:
            raise WorkerError(f"{len(failed)} frames failed, the others are in {target}: {failed[0]['message']}")
        return SESSION.finished


class InbetweenStrips(Draws):
    """Draw the frames missing between two selected image strips and put them into the gap"""

    bl_idname = "inbetween.strips"
    bl_label = "In-Between Selected Strips"
    __annotations__ = arguments()

    @classmethod
    def require(cls, context: Any) -> None:
        snapshot.gap(snapshot.image_strips(context))
        snapshot.absolute(preferences(context).folder)

    def work(self, context: Any) -> Iterator[None]:
        first, last = snapshot.gap(snapshot.image_strips(context))
        scene, library = compat.edit_scene(context).name, compat.edit_scene(context).library
        before, after = int(first.frame_final_end) - 1, int(last.frame_final_start)
        name, held = snapshot.clean(first.name), first.name
        SESSION.notes += snapshot.differences(first, last)
        # Frames are called by their place in time, unless that is below 1: few programs read such names.
        shift = max(0, 1 - before)
        keys = [
            {"frame": before + shift, "path": snapshot.strip_file(first, before, library)},
            {"frame": after + shift, "path": snapshot.strip_file(last, after, library)},
        ]
        (frames,) = yield from self.draw_frames(context, name, {}, keys)
        files = list(frames.values())
        context.scene.inbetween.result = results.kept_path(files[0])
        self._place(scene, held, before + 1, files[1:-1])

    def _place(self, scene: str, held: str, start: int, files: list[str]) -> None:
        """Put the frames behind strip `held`, looked up again: an undo meanwhile makes new objects of old strips."""
        found = bpy.data.scenes.get(scene)
        editor = found.sequence_editor if found else None
        strips = compat.home(editor, held) if editor else None
        if strips is None:
            self.report({"WARNING"}, f"The strip {held} is gone; the frames are in {SESSION.folder}")
            return
        key = strips[held]
        results.look_alike(key, results.add_strip(strips, f"{held} in-betweens", files, start, key.channel))


class InbetweenImages(Draws):
    """Draw frames between two images and open them, with the two keys at the ends, as one image sequence"""

    bl_idname = "inbetween.images"
    bl_label = "In-Between Two Images"
    __annotations__ = {
        "image_a": bpy.props.StringProperty(name="First", description="Name of the first key", options={"SKIP_SAVE"}),
        "image_b": bpy.props.StringProperty(name="Last", description="Name of the second key", options={"SKIP_SAVE"}),
        "count": bpy.props.IntProperty(
            name="In-Betweens", description="How many frames are drawn", min=1, options={"SKIP_SAVE"}
        ),
        **arguments(),
    }

    @classmethod
    def require(cls, context: Any) -> None:
        snapshot.absolute(preferences(context).folder)

    def work(self, context: Any) -> Iterator[None]:
        panel = context.scene.inbetween
        first = bpy.data.images.get(self.image_a) if self.image_a else panel.image_a
        last = bpy.data.images.get(self.image_b) if self.image_b else panel.image_b
        count = self.count if self.properties.is_property_set("count") else panel.count
        scratch = tempfile.mkdtemp(dir=bpy.app.tempdir)
        try:
            keys = yield from snapshot.image_keys(first, last, scratch)
            keys[0]["frame"], keys[1]["frame"] = 1, count + 2
            alpha, colour = first.alpha_mode, first.colorspace_settings.name
            painted_float = "float" in keys[0] and first.is_float  # written linear, whatever it was before
            if not painted_float:
                SESSION.notes += snapshot.differences(first, last)
            (frames,) = yield from self.draw_frames(context, snapshot.clean(first.name), {}, keys)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        files = list(frames.values())
        context.scene.inbetween.result = results.kept_path(files[0])
        image = results.open_images(files)
        image.alpha_mode = alpha
        if not painted_float:
            image.colorspace_settings.name = colour
        results.show_image(context, image, files)


class FillSequence(Draws):
    """Fill the gaps in the numbering of key frames on disk; the finished sequence comes back as a strip or an image"""

    bl_idname = "inbetween.fill_sequence"
    bl_label = "Fill Missing Frames"
    __annotations__ = {
        **path_properties(panel=False),
        "cycle": bpy.props.IntProperty(name="Cycle", description=CYCLE, options={"SKIP_SAVE"}),
        "bring": bpy.props.EnumProperty(
            name="Bring In",
            description="As what the finished sequence comes into the scene",
            items=[
                ("AUTO", "Automatic", "A strip in the sequencer, elsewhere an image sequence"),
                ("STRIP", "Strip", "A strip that begins at the number of its first frame"),
                ("IMAGE", "Image", "An image sequence"),
                ("NOTHING", "Nothing", "Frames on disk only"),
            ],
            options={"SKIP_SAVE"},
        ),
        **arguments(),
    }

    def work(self, context: Any) -> Iterator[None]:
        panel, scene, bring = context.scene.inbetween, compat.edit_scene(context).name, self.bring
        if not (self.source or panel.source):
            raise SelectionError("Choose the folder of the key frames")
        source = snapshot.absolute(self.source or panel.source)
        job = {"source": str(source), "cycle": said(self, panel, "cycle")}
        for name in ("guide", "marks", "motion_vectors", "target"):
            if path := getattr(self, name) or getattr(panel, name):
                job[name] = str(snapshot.absolute(path))
        if bring == "AUTO":
            space = context.space_data
            bring = "STRIP" if space is not None and space.type == "SEQUENCE_EDITOR" else "IMAGE"
        name = snapshot.clean((source if source.is_dir() else source.parent).name)
        for frames in (yield from self.draw_frames(context, name, job)):
            files = list(frames.values())
            context.scene.inbetween.result = results.kept_path(files[0])
            if bring == "IMAGE":
                results.show_image(context, results.open_images(files), files)
            elif bring == "STRIP":
                self._lay_down(scene, min(frames), files)

    def _lay_down(self, scene: str, start: int, files: list[str]) -> None:
        found = bpy.data.scenes.get(scene)
        if found is None:
            self.report({"WARNING"}, f"The scene {scene} is gone; the frames are in {SESSION.folder}")
            return
        strips = compat.shown(found.sequence_editor_create())
        results.add_strip(strips, snapshot.clean(Path(files[0]).name), files, start)


def _show(context: Any, status: str | None) -> None:
    """Say in the status bar what is going on, and have the panels drawn anew."""
    context.workspace.status_text_set(status and f"{status}  (Esc stops)")
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in {"SEQUENCE_EDITOR", "IMAGE_EDITOR", "NODE_EDITOR"}:
                area.tag_redraw()


CLASSES = (InbetweenStrips, InbetweenImages, FillSequence)


def register() -> None:
    for kind in CLASSES:
        bpy.utils.register_class(kind)


def unregister() -> None:
    for kind in reversed(CLASSES):
        bpy.utils.unregister_class(kind)
