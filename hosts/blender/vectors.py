"""Motion vectors of every frame, rendered at one sample a pixel beside keys that were rendered in full."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bmesh
import bpy

from . import compat, results, snapshot
from .marks import key_files
from .operators import Stopped, Work
from .properties import CYCLE, RENDERED_KEYS, path_property, preferences, said
from .session import SESSION
from .snapshot import SelectionError

TARGET = "Folder for the vectors, which must not be there yet; left empty it is a new one by the preferences"
NARROW = 0.01
"""Width of the pixel filter, in pixels: the least there is. Vectors of two things must not be mixed."""
FAR = 0.99
"""Of the distance at which the camera ceases to see."""
QUICK = {"samples": 1, "use_adaptive_sampling": False, "use_denoising": False, "max_bounces": 0}
"""How Cycles renders what is no picture; through what is transparent it still sees."""


class RenderVectors(Work):
    """Render motion vectors for every frame from the first key to the last; Fill Missing Frames moves things by them"""

    bl_idname = "inbetween.render_vectors"
    bl_label = "Render Motion Vectors"
    __annotations__ = {
        "source": path_property("Keys", RENDERED_KEYS),
        "cycle": bpy.props.IntProperty(name="Cycle", description=CYCLE, options={"SKIP_SAVE"}),
        "target": path_property("Result", TARGET),
    }

    def work(self, context: Any) -> Iterator[None]:
        panel = context.scene.inbetween
        keys = key_files(self.source or panel.source)
        cycle = said(self, panel, "cycle")
        frames = range(min(keys), min(keys) + cycle if cycle else max(keys) + 1)
        target = self._target(context, next(iter(keys.values())).parent)
        SESSION.done, SESSION.total = 0, len(frames)
        with _scene_of_vectors(context) as scene:
            scene.render.filepath = str(target / "vectors.####")
            for frame in frames:
                if SESSION.stopping:
                    raise Stopped(f"Stopped; {SESSION.done} frames of vectors are in {target}")
                scene.frame_start = scene.frame_end = frame
                bpy.ops.render.render(animation=True, scene=scene.name)  # a still one shows what the window shows
                SESSION.done += 1
                yield
        panel.motion_vectors = results.kept_path(target)
        SESSION.folder = str(target)
        self.report({"INFO"}, f"Vectors of {len(frames)} frames are in {target}")

    def _target(self, context: Any, keys: Path) -> Path:
        """The folder for the vectors. Raises `SelectionError` for one that is there."""
        if not self.target:
            return Path(snapshot.folder(preferences(context).folder, f"{snapshot.clean(keys.name)}_vectors"))
        named = snapshot.absolute(self.target)
        if named.exists():
            raise SelectionError(f"{named} is there already; name a folder that is not")
        return named


@contextmanager
def _scene_of_vectors(context: Any) -> Iterator[Any]:
    """A copy of the scene that renders vectors and nothing else; the scene itself is left as it is.

    Raises `SelectionError` where it cannot be rendered.
    """
    if context.scene.camera is None:
        raise SelectionError(f"{context.scene.name} has no camera")
    scene = context.scene.copy()
    try:
        _set_up(scene, context.view_layer.name)
        with _sharp(), _sky(scene):
            yield scene
    finally:
        bpy.data.scenes.remove(scene)


@contextmanager
def _sky(scene: Any) -> Iterator[None]:
    """A shell around all that the camera sees, as far away as it sees: the world itself has no vectors."""
    mesh, shape = bpy.data.meshes.new("Inbetween sky"), bmesh.new()
    bmesh.ops.create_icosphere(shape, subdivisions=4, radius=FAR * scene.camera.data.clip_end)
    shape.to_mesh(mesh)
    shape.free()
    shell = bpy.data.objects.new(mesh.name, mesh)
    shell.constraints.new("COPY_LOCATION").target = scene.camera
    scene.collection.objects.link(shell)
    try:
        yield
    finally:
        bpy.data.objects.remove(shell)
        bpy.data.meshes.remove(mesh)


@contextmanager
def _sharp() -> Iterator[None]:
    """All cameras without depth of field, which would shake what is seen with one sample a pixel; then as they were."""
    soft = [camera for camera in bpy.data.cameras if camera.dof.use_dof]
    for camera in soft:
        camera.dof.use_dof = False
    try:
        yield
    finally:
        for camera in soft:
            camera.dof.use_dof = True


def _set_up(scene: Any, layer: str) -> None:
    try:
        scene.render.engine = "CYCLES"
    except TypeError as problem:
        raise SelectionError("Vectors are rendered by Cycles: enable the add-on Cycles Render Engine") from problem
    for name, value in QUICK.items():
        setattr(scene.cycles, name, value)
    scene.cycles.pixel_filter_type, scene.cycles.filter_width = "BLACKMAN_HARRIS", NARROW
    scene.render.use_motion_blur = scene.render.use_multiview = False
    scene.render.use_compositing = scene.render.use_sequencer = False
    compat.save_layers(scene.render.image_settings)
    scene.render.image_settings.color_depth = "32"
    for each in scene.view_layers:
        each.use = each.name == layer
        each.use_pass_vector = each.use


def register() -> None:
    bpy.utils.register_class(RenderVectors)


def unregister() -> None:
    bpy.utils.unregister_class(RenderVectors)
