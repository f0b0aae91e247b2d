"""Filling the gaps of key frames on disk, and playing the result in the compositor."""

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest


@pytest.fixture
def source(studio: Any) -> Path:
    """Keys 10, 14 and 16 of a shot."""
    for frame in (10, 14, 16):
        studio.save(f"shot/walk.{frame:04d}.png", studio.drawing(frame))
    return Path(studio.folder / "shot")


def keys(source: Path) -> dict[int, Path]:
    return {int(path.name.split(".")[1]): path for path in source.glob("*.png")}


def test_sequence_comes_back_as_a_strip_at_its_own_frames(studio: Any, source: Path) -> None:
    assert bpy.ops.inbetween.fill_sequence(source=str(source), bring="STRIP") == {"FINISHED"}
    (strip,) = studio.strips()
    assert (strip.frame_final_start, strip.frame_final_end) == (10, 17)
    assert studio.same_pictures(studio.files(strip), studio.by_the_runner(keys(source)))


def test_frames_below_zero_stay_where_they_are(studio: Any) -> None:
    for frame in ("-003", "0002"):
        studio.save(f"early/walk.{frame}.png", studio.drawing(0))
    assert bpy.ops.inbetween.fill_sequence(source=str(studio.folder / "early"), bring="STRIP") == {"FINISHED"}
    (strip,) = studio.strips()
    assert (strip.frame_final_start, strip.frame_final_end) == (-3, 3)
    assert studio.files(strip)[1].name == "walk.-002.png"


def test_frames_below_zero_are_no_image_sequence_and_that_is_said(studio: Any) -> None:
    for frame in ("-0003", "0002"):
        studio.save(f"early/walk.{frame}.png", studio.drawing(0))
    first = studio.result / "early/walk.-0003.png"
    with pytest.raises(
        RuntimeError, match=rf"no image sequence with frames below 0, as {first}: bring it in as a strip"
    ):
        bpy.ops.inbetween.fill_sequence(source=str(studio.folder / "early"), bring="IMAGE")
    assert first.exists()
    assert not bpy.data.images
    with pytest.raises(RuntimeError, match="below 0"):
        bpy.ops.inbetween.comp_group(filepath=str(first))
    assert not bpy.data.node_groups


def test_a_dash_that_separates_is_no_minus(studio: Any) -> None:
    for frame in (3, 5):
        studio.save(f"dash/walk-{frame:04d}.png", studio.drawing(0))
    with studio.window("IMAGE_EDITOR"):
        assert bpy.ops.inbetween.fill_sequence(source=str(studio.folder / "dash")) == {"FINISHED"}
        assert bpy.context.space_data.image_user.frame_offset == 2


def test_a_pattern_names_one_sequence_among_several(studio: Any, source: Path) -> None:
    for frame in (1, 3):
        studio.save(f"shot/run.{frame:04d}.png", studio.drawing(frame))
    assert bpy.ops.inbetween.fill_sequence(source=str(source / "run.####.png"), bring="STRIP") == {"FINISHED"}
    (strip,) = studio.strips()
    assert [path.name for path in studio.files(strip)] == ["run.0001.png", "run.0002.png", "run.0003.png"]


def test_every_sequence_of_a_folder_comes_back(studio: Any, source: Path) -> None:
    for frame in (1, 3):
        studio.save(f"shot/run.{frame:04d}.png", studio.drawing(frame))
    assert bpy.ops.inbetween.fill_sequence(source=str(source), bring="STRIP") == {"FINISHED"}
    assert sorted((strip.name, len(strip.elements)) for strip in studio.strips()) == [("run", 3), ("walk", 7)]


def test_passes_in_files_of_their_own_move_as_their_guide_does(studio: Any, source: Path) -> None:
    """A pass that is one flat colour shows no motion itself: the beauty tells where its edge goes."""
    for frame in (10, 14, 16):
        beauty = studio.drawing(frame)
        studio.save(f"flat/walk.{frame:04d}.png", np.where(beauty[..., 3:] > 0, np.array((0, 0, 1, 1), np.float32), 0))
    flat = studio.folder / "flat"
    for scene_wide in (False, True):
        bpy.context.scene.inbetween.guide = str(source) if scene_wide else ""
        said = {} if scene_wide else {"guide": str(source)}
        done = bpy.ops.inbetween.fill_sequence(source=str(flat), bring="STRIP", model="flow", **said)
        assert done == {"FINISHED"}
    bpy.context.scene.inbetween.guide = ""
    bpy.ops.inbetween.fill_sequence(source=str(flat), bring="STRIP", model="flow")
    led, likewise, alone = studio.strips()
    assert not studio.same_pictures(studio.files(led), studio.files(alone))
    assert studio.same_pictures(studio.files(led), studio.files(likewise))
    expected = studio.by_the_runner(keys(flat), guide=str(source), model="flow")
    assert studio.same_pictures(studio.files(led), expected)


def test_a_cycle_is_closed(studio: Any, source: Path) -> None:
    scene = bpy.context.scene.inbetween
    for panel, said in ((9, {}), (0, {"cycle": 9})):
        scene.cycle = panel
        assert bpy.ops.inbetween.fill_sequence(source=str(source), bring="STRIP", model="flow", **said) == {"FINISHED"}
    scene.cycle = 0
    expected = studio.by_the_runner(keys(source), cycle=9, model="flow")
    assert len(expected) == 9
    for strip in studio.strips():
        assert studio.same_pictures(studio.files(strip), expected)


def test_result_comes_as_what_the_editor_works_with(studio: Any, source: Path) -> None:
    bpy.context.scene.inbetween.source = str(source)
    with studio.window("SEQUENCE_EDITOR"):
        assert bpy.ops.inbetween.fill_sequence() == {"FINISHED"}
    assert len(studio.strips()) == 1
    with studio.window("IMAGE_EDITOR"):
        assert bpy.ops.inbetween.fill_sequence() == {"FINISHED"}
        assert bpy.context.space_data.image.source == "SEQUENCE"
    assert len(studio.strips()) == 1


def test_breakdown_redoes_its_own_gap_and_painted_frames_are_never_lost(studio: Any, source: Path) -> None:
    target = studio.folder / "finished"

    def fill() -> dict[str, int]:
        bpy.ops.inbetween.fill_sequence(source=str(source), target=str(target), bring="NOTHING")
        return {path.name: path.stat().st_mtime_ns for path in target.glob("*.png")}

    before = fill()
    studio.save("shot/walk.0012.png", studio.drawing(3))
    after = fill()
    assert {name for name in before if before[name] != after[name]} == {f"walk.{n:04d}.png" for n in (11, 12, 13)}
    painted = studio.save("finished/walk.0015.png", studio.drawing(0))
    with pytest.raises(RuntimeError, match=r"walk\.0015\.png was not made by this tool, or was changed since"):
        fill()
    assert np.array_equal(studio.pixels(painted), studio.pixels(studio.save("same.png", studio.drawing(0))))


def test_frames_on_disk_only_need_no_scene(studio: Any, source: Path) -> None:
    assert bpy.ops.inbetween.fill_sequence(source=str(source), bring="NOTHING") == {"FINISHED"}
    assert len(list((studio.result / "shot").glob("walk.*.png"))) == 7
    assert not bpy.data.images
    assert not studio.strips()


@pytest.mark.parametrize(
    ("source", "words"),
    [("", "Choose the folder"), ("/nowhere", "does not exist"), ("//keys", "save the file first"), ("keys", "in full")],
)
def test_source_that_is_not_there_is_named(studio: Any, source: str, words: str) -> None:
    with pytest.raises(RuntimeError, match=words):
        bpy.ops.inbetween.fill_sequence(source=source)


def test_values_out_of_bounds_are_refused_in_the_engines_words(studio: Any, source: Path) -> None:
    with pytest.raises(RuntimeError, match=r"theta is 7\.0; it must be between"):
        bpy.ops.inbetween.fill_sequence(source=str(source), theta=7.0)


def test_damaged_key_is_named_and_nothing_is_left_half_done(studio: Any, source: Path) -> None:
    key = source / "walk.0014.png"
    key.write_bytes(key.read_bytes()[:60])
    with pytest.raises(RuntimeError, match=r"walk\.0014\.png"):
        bpy.ops.inbetween.fill_sequence(source=str(source), bring="STRIP")
    assert not studio.strips()
    assert not [path for path in studio.result.rglob("*") if "tmp" in path.name]


def played(studio: Any, frames: range) -> list[float]:
    """What the compositor renders at some frames, at one pixel."""
    scene = bpy.context.scene
    render = scene.render
    render.resolution_x, render.resolution_y, render.resolution_percentage = 48, 32, 100
    scene.view_settings.view_transform, render.image_settings.file_format = "Standard", "PNG"
    scene.frame_start, scene.frame_end, render.filepath = (
        frames.start,
        frames.stop - 1,
        str(studio.folder / "seen_####"),
    )
    bpy.ops.render.render(animation=True)
    return [float(studio.pixels(studio.folder / f"seen_{frame:04d}.png")[16, 20, 0]) for frame in frames]


def connect(node: Any) -> None:
    """Let the compositor show a node's first output and nothing else: there is no camera to render."""
    scene = bpy.context.scene
    tree = getattr(scene, "compositing_node_group", None) or scene.node_tree
    for other in tree.nodes:
        if other.bl_idname == "CompositorNodeRLayers":
            tree.nodes.remove(other)
    ends = [other for other in tree.nodes if other.bl_idname in ("NodeGroupOutput", "CompositorNodeComposite")]
    tree.links.new(node.outputs["Image"], (ends or [tree.nodes.new("CompositorNodeComposite")])[0].inputs[0])


def test_compositor_plays_the_result_even_without_the_add_on(studio: Any) -> None:
    values = {10: 0.2, 14: 0.6}
    for frame, value in values.items():
        pixels = np.full((32, 48, 4), value, np.float32)
        pixels[..., 3] = 1
        studio.save(f"shot/flat.{frame:04d}.png", pixels)
    assert bpy.ops.inbetween.fill_sequence(source=str(studio.folder / "shot"), bring="NOTHING") == {"FINISHED"}
    with studio.window("NODE_EDITOR", "CompositorNodeTree"):
        assert bpy.ops.inbetween.comp_group() == {"FINISHED"}
    tree = studio.module("compat").compositor_tree(bpy.context.scene)
    node = tree.nodes.active
    assert [output.name for output in node.outputs] == ["Image", "Alpha"]
    connect(node)
    file = str(studio.folder / "shot.blend")
    bpy.ops.wm.save_as_mainfile(filepath=file)
    bpy.ops.preferences.addon_disable(module="bl_ext.user_default.inbetween")
    try:
        bpy.ops.wm.open_mainfile(filepath=file)
        assert np.allclose(played(studio, range(10, 15)), np.linspace(0.2, 0.6, 5), atol=0.01)
    finally:
        bpy.ops.preferences.addon_enable(module="bl_ext.user_default.inbetween")


def test_group_of_a_named_sequence_takes_the_files_without_a_gap(studio: Any) -> None:
    for frame in (3, 4, 5, 7):
        studio.save(f"run.{frame:04d}.png", studio.drawing(frame))
    first = str(studio.folder / "run.0003.png")
    assert bpy.ops.inbetween.comp_group(filepath=first) == {"FINISHED"}
    (group,) = [tree for tree in bpy.data.node_groups if tree.name == "Inbetween run"]
    (picture,) = [node for node in group.nodes if node.bl_idname == "CompositorNodeImage"]
    assert (picture.frame_start, picture.frame_duration, picture.frame_offset) == (3, 3, 2)


@pytest.mark.parametrize(
    ("file", "words"),
    [("", "Nothing has been drawn"), ("/nowhere/a.0001.png", "is not there"), ("/nowhere/a.png", "no frame number")],
)
def test_group_of_nothing_is_refused(studio: Any, file: str, words: str) -> None:
    with pytest.raises(RuntimeError, match=words):
        bpy.ops.inbetween.comp_group(filepath=file)
