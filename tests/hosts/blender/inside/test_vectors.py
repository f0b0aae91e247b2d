"""Renders: keys in full, motion vectors for every frame, and the frames between that come of both."""

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

WIDTH, HEIGHT = 96, 64


@pytest.fixture
def scene(studio: Any) -> Any:
    """A chequered box that swings from left to right before a wall, faster and faster; the camera goes up."""
    made = bpy.context.scene
    made.render.engine, made.cycles.samples, made.cycles.use_denoising = "CYCLES", 16, False
    made.render.resolution_x, made.render.resolution_y, made.render.threads_mode = 2 * WIDTH, 2 * HEIGHT, "FIXED"
    made.render.resolution_percentage, made.render.threads = 50, 2
    made.view_settings.view_transform = "Standard"
    made.render.image_settings.file_format = "PNG"
    made.world = bpy.data.worlds.new("World")
    made.world.use_nodes = True
    made.world.node_tree.nodes["Background"].inputs["Color"].default_value = (1, 1, 1, 1)
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    made.collection.objects.link(camera)
    made.camera = camera
    camera.data.lens, camera.location, camera.rotation_euler = 30, (0, -8, 0), (np.pi / 2, 0, 0)
    camera.keyframe_insert("location", frame=10)
    camera.location.z = 0.5
    camera.keyframe_insert("location", frame=14)
    for name, place, size in (("Box", (-2, 0, 0), 1.6), ("Wall", (0, 3, 0), 30)):
        bpy.ops.mesh.primitive_cube_add(size=size, location=place)
        thing = bpy.context.object
        thing.name = name
        thing.data.materials.append(checks(name, 6 if name == "Box" else 24))
        if name == "Wall":
            thing.scale.y = 0.01
    box = bpy.data.objects["Box"]
    for frame in range(9, 17):
        box.location.x, box.rotation_euler.y = -2 + 0.2 * (frame - 10) ** 2, 0.1 * (frame - 10)
        box.keyframe_insert("location", frame=frame)
        box.keyframe_insert("rotation_euler", frame=frame)
    return made


def checks(name: str, count: float) -> Any:
    """A material of light and dark checks, lit by itself."""
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    nodes = made.node_tree.nodes
    nodes.clear()
    place, pattern = nodes.new("ShaderNodeTexCoord"), nodes.new("ShaderNodeTexChecker")
    light, output = nodes.new("ShaderNodeEmission"), nodes.new("ShaderNodeOutputMaterial")
    pattern.inputs["Scale"].default_value = count
    pattern.inputs["Color1"].default_value = (0.8, 0.3, 0.1, 1) if name == "Box" else (0.5, 0.6, 0.7, 1)
    pattern.inputs["Color2"].default_value = (0.1, 0.1, 0.2, 1) if name == "Box" else (0.4, 0.5, 0.6, 1)
    made.node_tree.links.new(place.outputs["Generated"], pattern.inputs["Vector"])
    made.node_tree.links.new(pattern.outputs["Color"], light.inputs["Color"])
    made.node_tree.links.new(light.outputs[0], output.inputs["Surface"])
    return made


def state(scene: Any) -> tuple[Any, ...]:
    """What rendering anything else would have had to change."""
    output, layer = scene.render.image_settings, scene.view_layers[0]
    chosen = (scene.render.filepath, output.file_format, output.color_depth, layer.use_pass_vector)
    return (
        *chosen,
        scene.camera.data.dof.use_dof,
        scene.cycles.samples,
        scene.cycles.filter_width,
        scene.frame_current,
        len(bpy.data.scenes),
    )


def render(scene: Any, folder: Path, frames: tuple[int, ...]) -> Path:
    for frame in frames:
        scene.frame_set(frame)
        scene.render.filepath = str(folder / f"box.{frame:04d}.png")
        bpy.ops.render.render(write_still=True)
    return folder


def test_frames_between_rendered_keys_are_those_that_would_have_been_rendered(studio: Any, scene: Any) -> None:
    keys = render(scene, studio.folder / "keys", (10, 14))
    truth = render(scene, studio.folder / "truth", (11, 12, 13))
    scene.frame_set(12)
    before = state(scene)
    assert bpy.ops.inbetween.render_vectors(source=str(keys)) == {"FINISHED"}
    assert state(scene) == before
    vectors = Path(scene.inbetween.motion_vectors)
    assert vectors == studio.result / "keys_vectors"
    assert sorted(file.name for file in vectors.iterdir()) == [f"vectors.{frame:04d}.exr" for frame in range(10, 15)]

    assert bpy.ops.inbetween.fill_sequence(source=str(keys), bring="STRIP", model="flow") == {"FINISHED"}
    (strip,) = studio.strips()
    led = studio.files(strip)
    scene.inbetween.motion_vectors = ""
    alone = studio.by_the_runner({10: keys / "box.0010.png", 14: keys / "box.0014.png"}, model="flow")
    for frame in (11, 12, 13):
        wanted = studio.pixels(truth / f"box.{frame:04d}.png")
        errors = [np.square(studio.pixels(files[frame - 10]) - wanted).mean() for files in (led, alone)]
        assert errors[0] < 0.0006, frame  # the steps of outlines
        assert errors[0] < 0.15 * errors[1], frame


def test_depth_of_field_does_not_shake_the_vectors(studio: Any, scene: Any) -> None:
    keys, found = render(scene, studio.folder / "keys", (10, 12)), []
    for soft in (False, True):
        scene.camera.data.dof.use_dof = soft
        scene.camera.data.dof.focus_distance, scene.camera.data.dof.aperture_fstop = 2, 0.05
        before = state(scene)
        target = studio.folder / f"vec{soft}"
        assert bpy.ops.inbetween.render_vectors(source=str(keys), target=str(target)) == {"FINISHED"}
        assert state(scene) == before
        result = studio.folder / f"out{soft}"
        bpy.ops.inbetween.fill_sequence(source=str(keys), target=str(result), bring="NOTHING")
        found.append(sorted(result.glob("*.png")))
    assert studio.same_pictures(*found)


def test_the_sky_goes_by_when_the_camera_turns(studio: Any, scene: Any) -> None:
    for thing in [each for each in scene.objects if each.type == "MESH"]:
        bpy.data.objects.remove(thing)
    camera = scene.camera
    camera.animation_data_clear()
    camera.location = (40, 70, -500)
    nodes = scene.world.node_tree.nodes
    pattern, place = nodes.new("ShaderNodeTexChecker"), nodes.new("ShaderNodeTexCoord")
    pattern.inputs["Scale"].default_value = 30
    scene.world.node_tree.links.new(place.outputs["Generated"], pattern.inputs["Vector"])
    scene.world.node_tree.links.new(pattern.outputs["Color"], nodes["Background"].inputs["Color"])
    for frame in range(9, 16):
        camera.rotation_euler.z = -np.radians(2 * frame)
        camera.keyframe_insert("rotation_euler", frame=frame)
    keys, truth = (render(scene, studio.folder / name, at) for name, at in (("keys", (10, 14)), ("truth", (12,))))
    meshes = len(bpy.data.meshes)
    assert bpy.ops.inbetween.render_vectors(source=str(keys)) == {"FINISHED"}
    assert (len(bpy.data.meshes), len(scene.objects)) == (meshes, 1)
    result = studio.folder / "out"
    assert bpy.ops.inbetween.fill_sequence(source=str(keys), target=str(result), bring="NOTHING") == {"FINISHED"}
    drawn, start = (studio.pixels(folder / f"box.{at:04d}.png") for folder, at in ((result, 12), (keys, 10)))
    seen = studio.pixels(truth / "box.0012.png")
    inside = slice(8, -8), slice(24, -24)  # beside it neither key shows what comes in
    assert np.square(drawn[inside] - seen[inside]).mean() < 0.1 * np.square(start[inside] - seen[inside]).mean()


def test_vectors_of_a_cycle_go_up_to_the_frame_before_the_first_key_comes_again(studio: Any, scene: Any) -> None:
    keys = render(scene, studio.folder / "keys", (10, 12))
    target = studio.folder / "vec"
    assert bpy.ops.inbetween.render_vectors(source=str(keys), cycle=4, target=str(target)) == {"FINISHED"}
    assert sorted(file.name for file in target.iterdir()) == [f"vectors.{frame:04d}.exr" for frame in range(10, 14)]


def test_stopped_it_leaves_the_scene_as_it_was(studio: Any, scene: Any) -> None:
    keys = render(scene, studio.folder / "keys", (10, 14))
    written = []

    def stop(*_: Any) -> None:
        written.append(1)
        if len(written) == 2:
            studio.session.stop()

    before = state(scene)
    bpy.app.handlers.render_write.append(stop)
    try:
        assert bpy.ops.inbetween.render_vectors(source=str(keys)) == {"CANCELLED"}
    finally:
        bpy.app.handlers.render_write.remove(stop)
    assert state(scene) == before
    assert len(list((studio.result / "keys_vectors").iterdir())) == 2
    assert not scene.inbetween.motion_vectors


def test_a_folder_that_is_there_is_not_written_to(studio: Any, scene: Any) -> None:
    keys = render(scene, studio.folder / "keys", (10, 12))
    with pytest.raises(RuntimeError, match="is there already; name a folder that is not"):
        bpy.ops.inbetween.render_vectors(source=str(keys), target=str(keys))
    assert len(list(keys.iterdir())) == 2
    for name in ("keys_vectors", "keys_vectors_2"):
        assert bpy.ops.inbetween.render_vectors(source=str(keys)) == {"FINISHED"}
        assert Path(scene.inbetween.motion_vectors) == studio.result / name


def test_a_scene_that_nobody_sees_has_no_vectors(studio: Any, scene: Any) -> None:
    keys = render(scene, studio.folder / "keys", (10, 12))
    scene.camera = None
    with pytest.raises(RuntimeError, match="has no camera"):
        bpy.ops.inbetween.render_vectors(source=str(keys))
    assert len(bpy.data.scenes) == 1
    with pytest.raises(RuntimeError, match="Choose the folder of the key frames"):
        bpy.ops.inbetween.render_vectors()


def test_vectors_that_are_not_there_are_said_to_be_missing(studio: Any, scene: Any) -> None:
    keys = render(scene, studio.folder / "keys", (10, 12))
    with pytest.raises(RuntimeError, match="does not exist"):
        bpy.ops.inbetween.fill_sequence(source=str(keys), motion_vectors=str(studio.folder / "gone"))
