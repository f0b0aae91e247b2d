"""Marks: a table handed to the engine, and one that is written of where the camera sees a scene's objects."""

import csv
import math
from pathlib import Path
from typing import Any

import bpy
import pytest

WIDTH, HEIGHT = 48, 32


@pytest.fixture
def source(studio: Any) -> Path:
    """Keys 10 and 14 of a shot, and a file that is none."""
    for frame in (10, 14):
        studio.save(f"shot/walk.{frame:04d}.png", studio.drawing(frame))
    studio.save("shot/sketch.0012.png", studio.drawing(0))
    return Path(studio.folder / "shot")


@pytest.fixture
def scene(studio: Any) -> Any:
    """A camera from above, one unit a pixel, whose picture's middle is 0, 0; half of 96 x 64 is rendered."""
    made = bpy.context.scene
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    made.collection.objects.link(camera)
    camera.location, camera.data.type, camera.data.ortho_scale = (0, 0, 100), "ORTHO", WIDTH
    made.camera = camera
    made.render.resolution_x, made.render.resolution_y, made.render.resolution_percentage = 2 * WIDTH, 2 * HEIGHT, 50
    made.collection.children.link(bpy.data.collections.new("Marks"))
    made.inbetween.marks_objects = bpy.data.collections["Marks"]
    return made


def mark(name: str, **at: tuple[float, float, float]) -> Any:
    """An empty among the marks, at these places: `mark("tip", f10=(0, 0, 0), f14=(4, 0, 0))`."""
    thing = bpy.data.objects.new(name, None)
    bpy.data.collections["Marks"].objects.link(thing)
    for frame, place in at.items():
        thing.location = place
        thing.keyframe_insert("location", frame=int(frame[1:]))
    return thing


def table(file: Path) -> dict[tuple[str, int], tuple[float, float]]:
    lines = [line for line in file.read_text("utf-8").splitlines() if not line.startswith("#")]
    return {(row["mark"], int(row["frame"])): (float(row["x"]), float(row["y"])) for row in csv.DictReader(lines)}


def write(source: Path, **said: str) -> dict[tuple[str, int], tuple[float, float]]:
    """Press the button; what is in the table then."""
    assert bpy.ops.inbetween.marks_from_objects(source=str(source), **said) == {"FINISHED"}
    return table(Path(bpy.path.abspath(bpy.context.scene.inbetween.marks)))


def test_objects_become_marks_where_the_camera_sees_them_at_each_key(scene: Any, source: Path) -> None:
    mark("tip, left", f10=(-14, 8, 0), f14=(-10, 8.5, 0))
    mark("#1", f10=(24, -16, 0), f14=(0, 0, 20))
    scene.frame_set(12)
    assert write(source) == {
        ("tip, left", 10): (10, 8),
        ("tip, left", 14): (14, 7.5),
        ("#1", 10): (48, 32),
        ("#1", 14): (24, 16),
    }
    assert scene.frame_current == 12
    assert scene.inbetween.marks == str(source / "marks.csv")


def test_what_the_camera_does_not_see_at_a_key_is_left_out_there(scene: Any, source: Path) -> None:
    mark("tip", f10=(0, 0, 0), f14=(24.1, 0, 0))
    mark("behind", f10=(0, 0, 101), f14=(1, 1, 0))
    mark("below", f10=(0, -16.1, 0), f14=(0, -16.1, 0))
    assert set(write(source)) == {("tip", 10), ("behind", 14)}


def test_what_hangs_on_a_bone_goes_where_the_bone_goes(scene: Any, source: Path) -> None:
    rig = bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig"))
    scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    bone = rig.data.edit_bones.new("arm")
    bone.head, bone.tail = (0, 0, 0), (8, 0, 0)
    bpy.ops.object.mode_set(mode="POSE")
    arm = rig.pose.bones["arm"]
    arm.rotation_mode = "XYZ"
    hand = mark("hand")
    hand.parent, hand.parent_type, hand.parent_bone = rig, "BONE", "arm"
    bpy.ops.object.mode_set(mode="OBJECT")
    for frame, turned in ((10, 0.0), (14, math.pi / 2)):
        arm.rotation_euler = (0, 0, turned)
        arm.keyframe_insert("rotation_euler", frame=frame)
    places = write(source)
    assert places["hand", 10] == pytest.approx((32, 16), abs=1e-3)
    assert math.dist(places["hand", 14], (24, 16)) == pytest.approx(8, abs=1e-3)
    assert places["hand", 14] != places["hand", 10]


def test_cameras_change_and_zoom(scene: Any, source: Path) -> None:
    """A camera that a marker of the timeline brings in, and a lens that is animated."""
    mark("tip", f10=(10, 0, 0), f14=(10, 0, 0))
    other = bpy.data.objects.new("Other", bpy.data.cameras.new("Other"))
    scene.collection.objects.link(other)
    other.location, other.data.sensor_width = (0, 0, 100), 36
    for frame, lens in ((10, 50.0), (14, 72.0)):
        other.data.lens = lens
        other.data.keyframe_insert("lens", frame=frame)
    for frame, camera in ((1, scene.camera), (14, other)):
        scene.timeline_markers.new(camera.name, frame=frame).camera = camera
    places = write(source)
    assert places["tip", 10] == (34, 16)
    assert places["tip", 14] == pytest.approx((24 + 48 * 72 / 36 * 10 / 100, 16), abs=1e-3)


def test_pixels_that_are_no_squares_count_as_the_picture_has_them(scene: Any, source: Path) -> None:
    mark("tip", f10=(6, 4, 0), f14=(6, 4, 0))
    scene.render.pixel_aspect_x = 2
    assert write(source)["tip", 10] == pytest.approx((24 + 6, 16 - 8), abs=1e-3)


@pytest.mark.parametrize("name", ["shot", "shot/walk.####.png", "shot/walk.%04d.png"])
def test_keys_are_named_as_the_runner_takes_them(studio: Any, scene: Any, source: Path, name: str) -> None:
    studio.save("shot/walk.left.0003.png", studio.drawing(0))
    mark("tip", f10=(0, 0, 0), f14=(1, 0, 0))
    assert set(write(studio.folder / name)) == {("tip", 10), ("tip", 14)}


def test_keys_below_zero_are_frames_of_the_scene_as_well(studio: Any, scene: Any) -> None:
    for frame in ("-0003", "0002"):
        studio.save(f"early/walk.{frame}.png", studio.drawing(0))
    mark("tip", f0=(0, 0, 0))
    assert set(write(studio.folder / "early")) == {("tip", -3), ("tip", 2)}


def test_missing_frames_are_led_by_what_was_written(studio: Any, scene: Any, source: Path) -> None:
    """The button leaves its table in the panel; the result is the runner's own with that table."""
    mark("disc", f10=(18 - 24, 16 - 20, 0), f14=(22 - 24, 16 - 20, 0))
    write(source)
    (source / "sketch.0012.png").unlink()
    marks = scene.inbetween.marks
    for said in ({}, {"marks": marks}):
        scene.inbetween.marks = "" if said else marks
        done = bpy.ops.inbetween.fill_sequence(
            source=str(source), target=str(studio.folder / f"out{len(said)}"), bring="STRIP", model="motion", **said
        )
        assert done == {"FINISHED"}
    keys = {int(path.name.split(".")[1]): path for path in source.glob("*.png")}
    expected = studio.by_the_runner(keys, marks=marks, model="motion")
    for strip in studio.strips():
        assert studio.same_pictures(studio.files(strip), expected)
    record = (studio.folder / "out1" / ".inbetween" / "walk.0012.png.json").read_text("utf-8")
    assert '"marks": "10 to 14: disc 18 20 to 22 20"' in record


def test_marks_that_a_model_does_not_heed_are_refused_in_the_engines_words(scene: Any, source: Path) -> None:
    mark("tip", f10=(0, 0, 0), f14=(1, 0, 0))
    write(source)
    with pytest.raises(RuntimeError, match="dissolve does not heed marks; choose motion"):
        bpy.ops.inbetween.fill_sequence(source=str(source))


def test_only_a_table_that_this_button_wrote_is_written_anew(studio: Any, scene: Any, source: Path) -> None:
    tip = mark("tip", f10=(0, 0, 0), f14=(1, 0, 0))
    write(source)
    tip.name = "other"
    assert set(write(source)) == {("other", 10), ("other", 14)}
    by_hand = source / "marks.csv"
    by_hand.write_text("mark,frame,x,y\ntip,10,1,1\n")
    with pytest.raises(RuntimeError, match=r"marks\.csv was not written by this button; move it away"):
        write(source)
    assert by_hand.read_text() == "mark,frame,x,y\ntip,10,1,1\n"
    places = write(source, filepath=str(studio.folder / "mine.csv"))
    assert places == table(studio.folder / "mine.csv")
    with pytest.raises(RuntimeError, match=r"mine\.csv cannot be written: "):
        write(source, filepath=str(studio.folder / "nowhere" / "mine.csv"))


def test_keys_of_another_size_are_told(scene: Any, source: Path, capfd: pytest.CaptureFixture[str]) -> None:
    mark("tip", f10=(0, 0, 0), f14=(1, 0, 0))
    mark("far", f10=(99, 0, 0), f14=(99, 0, 0))
    scene.render.resolution_percentage = 100
    write(source)
    said = capfd.readouterr().out
    assert "walk.0010.png is 48x32, but the scene renders 96x64, for which marks are: make them alike" in said
    assert "The camera sees far at no key" in said


def test_what_stands_in_the_way_of_marks_is_named(studio: Any, scene: Any, source: Path) -> None:
    def refused(words: str, **said: str) -> None:
        with pytest.raises(RuntimeError, match=words):
            bpy.ops.inbetween.marks_from_objects(**{"source": str(source), **said})
        assert not (source / "marks.csv").exists()

    refused("Marks holds no objects: put those into it")
    mark("tip", f10=(0, 0, 0), f14=(1, 0, 0))
    refused("There is no collection Nothing", collection="Nothing")
    refused("Choose the folder of the key frames", source="")
    refused("is not there; choose the folder", source=str(studio.folder / "nowhere" / "a.####.png"))
    refused("holds no two numbered key frames; render the keys first", source=str(studio.folder))
    bpy.data.collections["Marks"].hide_viewport = True
    refused("tip is disabled in viewports, where Blender does not move it: enable it")
    bpy.data.collections["Marks"].hide_viewport = False
    scene.render.use_border = scene.render.use_crop_to_border = True
    refused("Renders are cropped to the render region")
    scene.render.use_crop_to_border = False
    scene.camera.data.type = "PANO"
    refused("Camera is no perspective or orthographic camera: choose one")
    scene.camera.data.type, scene.camera.location = "ORTHO", (99, 0, 100)
    refused("The camera sees none of these objects at any key")
    scene.camera = None
    refused("has no camera")
    scene.inbetween.marks_objects = None
    refused("Choose a collection of objects as marks")
