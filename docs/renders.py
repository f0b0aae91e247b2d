"""Renders the shots that `inbetween bench renders` measures, in a real Blender: every frame, and motion vectors.

    INBETWEEN_PYTHON=.venv/bin/python .venv-blender/bin/python docs/renders.py FOLDER [SHOT ...]

Eight shots of 17 frames, by Cycles. The vectors are rendered by the extension's own operator. What is there already is
left out, so that a run that was stopped goes on.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from math import pi, sin
from pathlib import Path
from typing import Any

WORK = Path(tempfile.mkdtemp(prefix="renders-"))
os.environ["BLENDER_USER_RESOURCES"] = str(WORK / "home")  # before bpy reads it

import bpy  # noqa: E402 - see above
from mathutils import Vector  # noqa: E402 - is there once bpy is

FIRST, LAST = 1, 17
RED, BLUE, ORANGE, GREEN = (0.8, 0.1, 0.1), (0.2, 0.4, 0.8), (0.9, 0.5, 0.1), (0.3, 0.6, 0.2)
PALE, DARK = (0.8, 0.8, 0.75), (0.1, 0.1, 0.12)
Triple = tuple[float, float, float]


def install(engine: str) -> None:
    """Build the extension and install it, as an artist does."""
    archive = WORK / "inbetween.zip"
    subprocess.run([engine, "-I", "-m", "inbetween.hosts.blender.package", "--zip", str(archive)], check=True)
    bpy.ops.extensions.package_install_files(filepath=str(archive), repo="user_default", enable_on_install=True)
    bpy.context.preferences.addons["bl_ext.user_default.inbetween"].preferences.python = engine


def stage() -> Any:
    """An empty scene under an overcast sky with a sun."""
    bpy.ops.wm.read_homefile(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 32, True
    scene.cycles.max_bounces = 3
    scene.render.resolution_x, scene.render.resolution_y = 480, 270
    scene.view_settings.view_transform = "Standard"
    scene.render.image_settings.media_type = "IMAGE"
    scene.render.image_settings.file_format, scene.render.image_settings.color_mode = "PNG", "RGBA"
    scene.world = bpy.data.worlds.new("Sky")
    scene.world.use_nodes = True
    sky = scene.world.node_tree.nodes["Background"]
    sky.inputs["Color"].default_value, sky.inputs["Strength"].default_value = (0.5, 0.6, 0.8, 1), 0.6
    sun = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN"))
    sun.data.energy, sun.data.angle, sun.rotation_euler = 3, 0.05, (0.7, 0.3, 0.4)
    scene.collection.objects.link(sun)
    return scene


def camera(place: Triple, towards: Triple = (0, 0, 1)) -> Any:
    made = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    made.data.lens, made.location = 35, place
    made.rotation_euler = (Vector(towards) - Vector(place)).to_track_quat("-Z", "Y").to_euler()
    bpy.context.scene.collection.objects.link(made)
    bpy.context.scene.camera = made
    return made


def material(colour: Triple, pattern: str = "", rough: float = 0.5, metal: float = 0) -> Any:
    """Plain, or with a pattern: Checker or Noise."""
    made = bpy.data.materials.new("Material")
    made.use_nodes = True
    nodes, links = made.node_tree.nodes, made.node_tree.links
    surface = nodes["Principled BSDF"]
    surface.inputs["Base Color"].default_value = (*colour, 1)
    surface.inputs["Roughness"].default_value, surface.inputs["Metallic"].default_value = rough, metal
    if pattern:
        texture, place = nodes.new(f"ShaderNodeTex{pattern}"), nodes.new("ShaderNodeTexCoord")
        texture.inputs["Scale"].default_value = 8 if pattern == "Checker" else 4
        if pattern == "Checker":
            texture.inputs["Color1"].default_value = (*colour, 1)
            texture.inputs["Color2"].default_value = (*DARK, 1)
        links.new(place.outputs["Generated" if pattern == "Checker" else "Object"], texture.inputs["Vector"])
        links.new(texture.outputs["Color"], surface.inputs["Base Color"])
    return made


def add(kind: str, surface: Any, place: Triple = (0, 0, 0), **more: Any) -> Any:
    """A mesh of Blender's own: cube, uv_sphere, cylinder, torus, monkey, plane."""
    scale = more.pop("scale", (1, 1, 1))
    getattr(bpy.ops.mesh, f"primitive_{kind}_add")(location=place, **more)
    made = bpy.context.object
    made.scale = scale
    made.data.materials.append(surface)
    if kind not in ("cube", "plane"):
        bpy.ops.object.shade_smooth()
    return made


def moves(thing: Any, way: str, value: Callable[[float], Triple]) -> None:
    """Its location or rotation at every frame, by how far the shot has gone, 0 to 1; a frame beyond both ends too."""
    for frame in range(FIRST - 1, LAST + 2):
        setattr(thing, way, value((frame - FIRST) / (LAST - FIRST)))
        thing.keyframe_insert(way, frame=frame)


def floor(pattern: str = "Checker") -> None:
    add("plane", material(PALE, pattern), size=20)


def a_ball_bounces(scene: Any) -> None:
    floor()
    camera((0, -8, 3))
    ball = add("uv_sphere", material(RED, rough=0.2), radius=0.8)
    moves(ball, "location", lambda t: (-3 + 6 * t, 0, 0.8 + 1.8 * abs(sin(1.5 * pi * t))))


def a_camera_passes_columns(scene: Any) -> None:
    floor()
    for i in range(6):
        add("cylinder", material(((i * 37 % 10) / 10, 0.5, 0.3)), (-4 + i * 1.7, (i % 3) * 1.5, 1), radius=0.3, depth=2)
    add("cube", material(BLUE, "Noise"), (0, 4, 1), scale=(3, 0.2, 1))
    moves(camera((-1.5, -6, 1.6), (-1.5, 0, 1)), "location", lambda t: (-1.5 + 3 * t, -6, 1.6))


def a_head_turns(scene: Any) -> None:
    floor("")
    camera((0, -6, 2.2))
    head = add("monkey", material(ORANGE), (0, 0, 1.2))
    moves(head, "rotation_euler", lambda t: (0, 0, -0.7 + 1.4 * t))


def an_arm_swings(scene: Any) -> None:
    floor("")
    camera((0, -8, 3), (0, 0, 1.2))
    shoulder = add("cube", material(BLUE), (0, 0, 1), size=0.5)
    arm = add("cube", material(ORANGE), (0.9, 0, 0), size=1, scale=(1.6, 0.4, 0.4))
    hand = add("uv_sphere", material(RED), (1.8, 0, 0), radius=0.35)
    arm.parent = hand.parent = shoulder
    moves(shoulder, "rotation_euler", lambda t: (0, 0.35 * t, -0.9 + 1.8 * t))


def a_box_tumbles(scene: Any) -> None:
    scene.render.film_transparent = True
    camera((0, -6, 2.5), (0, 0, 0.8))
    box = add("cube", material(ORANGE, "Checker"), (0, 0, 0.8), size=2)
    moves(box, "rotation_euler", lambda t: (0.5 * t, 0.25 * t, 1.7 * t))


def a_crowd_mills(scene: Any) -> None:
    floor("")
    camera((0, -9, 3), (0, 0, 0.8))
    for i in range(5):
        colour = (0.2 + 0.15 * i, 0.7 - 0.1 * i, 0.3 + 0.1 * (i % 3))
        head = add("monkey" if i % 2 else "uv_sphere", material(colour, rough=0.4), scale=(0.6, 0.6, 0.6))
        way = 1.5 if i % 2 else -1.5
        moves(
            head,
            "location",
            lambda t, i=i, way=way: (-4 + i * 1.6 + way * t, i % 3 - 1 + 0.5 * t, 0.7 + 0.3 * (i % 2) * t),
        )
        moves(head, "rotation_euler", lambda t, i=i: (0, 0, 0.6 * (i - 2) * t))


def a_ring_of_metal_turns(scene: Any) -> None:
    floor("Noise")
    camera((0, -6, 2), (0, 0, 0.8))
    ring = add("torus", material((0.9, 0.9, 0.9), rough=0.1, metal=1))
    moves(ring, "location", lambda t: (-1.2 + 2.4 * t, 0, 1))
    moves(ring, "rotation_euler", lambda t: (1.2 + 0.9 * t, 0.8 * t, 0))


def a_head_flies_by_in_motion_blur(scene: Any) -> None:
    scene.render.use_motion_blur = True
    floor()
    camera((0, -8, 3))
    head = add("monkey", material(GREEN))
    moves(head, "location", lambda t: (-3.5 + 7 * t, 0, 1 + 0.5 * t))
    moves(head, "rotation_euler", lambda t: (0, 0.6 * t, t))


SHOTS = (
    a_ball_bounces,
    a_camera_passes_columns,
    a_head_turns,
    an_arm_swings,
    a_box_tumbles,
    a_crowd_mills,
    a_ring_of_metal_turns,
    a_head_flies_by_in_motion_blur,
)


def make(shot: Callable[[Any], None], folder: Path) -> None:
    """All frames of a shot, then its vectors: they are what tells that it is finished."""
    scene, beauty, vectors = stage(), folder / shot.__name__ / "beauty", folder / shot.__name__ / "vectors"
    if vectors.is_dir() and len(list(vectors.iterdir())) == LAST - FIRST + 1:
        return
    shutil.rmtree(vectors, ignore_errors=True)
    shot(scene)
    scene.frame_start, scene.frame_end, scene.render.filepath = FIRST, LAST, str(beauty / "beauty.####")
    bpy.ops.render.render(animation=True)
    assert bpy.ops.inbetween.render_vectors(source=str(beauty), target=str(vectors)) == {"FINISHED"}


def main() -> None:
    folder, *asked = sys.argv[1:]
    install(os.environ["INBETWEEN_PYTHON"])
    for shot in SHOTS:
        if not asked or shot.__name__ in asked:
            make(shot, Path(folder).absolute())
    shutil.rmtree(WORK)


if __name__ == "__main__":
    main()
