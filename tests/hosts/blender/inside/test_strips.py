"""In-betweens of two strips in the sequencer."""

from typing import Any

import bpy
import numpy as np
import pytest


def test_gap_is_filled_with_what_the_runner_makes(studio: Any) -> None:
    keys = {1: studio.save("walk.png", studio.drawing(0)), 6: studio.save("stand.png", studio.drawing(20, cover=0.5))}
    first, last = studio.strip(keys[1], 1), studio.strip(keys[6], 6)
    assert bpy.ops.inbetween.strips(timing="ease-in") == {"FINISHED"}
    (made,) = [strip for strip in studio.strips() if strip.name not in (first.name, last.name)]
    assert (made.frame_final_start, made.frame_final_end, made.channel) == (2, 6, 1)
    runner = studio.by_the_runner(keys, timing="ease-in")
    assert studio.same_pictures(studio.files(made), runner[1:-1])
    assert [path.name for path in studio.files(made)] == [f"walk.{frame:04d}.png" for frame in range(2, 6)]


def test_float_values_above_white_and_below_black_come_back(studio: Any) -> None:
    dark, light = studio.drawing(0) * 8 - 2, studio.drawing(10) * 4 - 1
    dark[..., 3] = light[..., 3] = 1
    keys = {1: studio.save("dark.exr", dark), 4: studio.save("light.exr", light)}
    for frame, path in keys.items():
        studio.strip(path, frame)
    assert bpy.ops.inbetween.strips() == {"FINISHED"}
    made = studio.strips()["dark in-betweens"]
    assert studio.same_pictures(studio.files(made), studio.by_the_runner(keys)[1:-1])
    assert made.colorspace_settings.name == studio.strips()["dark"].colorspace_settings.name
    values = studio.pixels(studio.files(made)[0])
    assert values.max() > 3
    assert values.min() < -1


def test_sequencer_shows_the_pictures_at_their_frames(studio: Any) -> None:
    ramp = [np.full((32, 48, 4), value, np.float32) for value in (0.0, 0.8)]
    for pixels in ramp:
        pixels[..., 3] = 1
    studio.strip(studio.save("a.png", ramp[0]), 1)
    studio.strip(studio.save("b.png", ramp[1]), 9)
    assert bpy.ops.inbetween.strips(cut_threshold=1.0) == {"FINISHED"}
    scene = bpy.context.scene
    render, output = scene.render, scene.render.image_settings
    render.resolution_x, render.resolution_y, render.resolution_percentage = 48, 32, 100
    scene.frame_start, scene.frame_end, scene.view_settings.view_transform = 1, 9, "Standard"
    render.use_sequencer, output.file_format, render.filepath = True, "PNG", str(studio.folder / "seen_####")
    bpy.ops.render.render(animation=True)
    seen = [studio.pixels(studio.folder / f"seen_{frame:04d}.png")[10, 10, 0] for frame in range(1, 10)]
    assert np.allclose(seen, np.linspace(0, 0.8, 9), atol=0.01)


def test_trimmed_strip_is_taken_at_the_picture_it_shows(studio: Any) -> None:
    shown, hidden = studio.drawing(0), studio.drawing(30)
    paths = [studio.save(f"run.{n:04d}.png", shown if n == 3 else hidden) for n in range(1, 6)]
    first = studio.strip(paths[0], 1)
    for path in paths[1:]:
        first.elements.append(path.name)
    first.frame_final_end = 4  # shows 1, 2, 3
    last = studio.save("end.png", studio.drawing(10))
    studio.strip(last, 7)
    assert bpy.ops.inbetween.strips() == {"FINISHED"}
    made = studio.strips()[f"{first.name} in-betweens"]
    assert (made.frame_final_start, made.frame_final_end) == (4, 7)
    runner = studio.by_the_runner({3: paths[2], 7: last})
    assert studio.same_pictures(studio.files(made), runner[1:-1])


def test_strip_goes_where_there_is_room_and_looks_like_its_key(studio: Any) -> None:
    first = studio.strip(studio.save("a.png", studio.drawing(0)), 1, channel=2)
    studio.strip(studio.save("b.png", studio.drawing(9)), 5, channel=3)
    busy = studio.strip(studio.save("c.png", studio.drawing(9)), 2, length=2, channel=2)
    busy.select = False
    first.colorspace_settings.name, first.blend_type, first.blend_alpha = "Non-Color", "ALPHA_OVER", 0.7
    first.transform.offset_x, first.transform.scale_x, first.crop.min_x = 12, 0.5, 3
    first.alpha_mode = "PREMUL"
    assert bpy.ops.inbetween.strips() == {"FINISHED"}
    made = studio.strips()["a in-betweens"]
    assert made.channel == 3
    assert (made.colorspace_settings.name, made.blend_type, made.alpha_mode) == ("Non-Color", "ALPHA_OVER", "PREMUL")
    assert made.blend_alpha == pytest.approx(0.7)
    assert (made.transform.offset_x, made.transform.scale_x, made.crop.min_x) == (12, 0.5, 3)


def test_keys_that_are_shown_by_different_rules_are_named(studio: Any) -> None:
    first = studio.strip(studio.save("a.png", studio.drawing(0)), 1)
    studio.strip(studio.save("b.png", studio.drawing(9)), 5)
    assert bpy.ops.inbetween.strips() == {"FINISHED"}
    assert studio.session.notes == []
    first.colorspace_settings.name, first.select = "Non-Color", True
    studio.strips()["b"].select = True
    assert bpy.ops.inbetween.strips() == {"FINISHED"}
    (note,) = studio.session.notes
    assert note.startswith("a is shown with colour space Non-Color, b with sRGB; in-betweens are shown as a is")


def test_types_that_differ_in_case_alone_are_one(studio: Any) -> None:
    studio.strip(studio.save("a.png", studio.drawing(0)), 1)
    other = studio.save("b.png", studio.drawing(9))
    studio.strip(other.rename(other.with_suffix(".PNG")), 5)
    assert bpy.ops.inbetween.strips() == {"FINISHED"}
    assert len(studio.files(studio.strips()["a in-betweens"])) == 3


def test_strips_on_twos_hold_every_drawing(studio: Any) -> None:
    keys = {1: studio.save("a.png", studio.drawing(0)), 7: studio.save("b.png", studio.drawing(20))}
    for frame, path in keys.items():
        studio.strip(path, frame)
    assert bpy.ops.inbetween.strips(on=2) == {"FINISHED"}
    files = studio.files(studio.strips()["a in-betweens"])
    assert studio.same_pictures(files, studio.by_the_runner(keys, on=2)[1:-1])
    assert np.array_equal(studio.pixels(files[1]), studio.pixels(files[2]))


def test_frames_before_the_first_of_time_get_names_that_every_program_reads(studio: Any) -> None:
    studio.strip(studio.save("a.png", studio.drawing(0)), -5)
    studio.strip(studio.save("b.png", studio.drawing(9)), -2)
    assert bpy.ops.inbetween.strips() == {"FINISHED"}
    made = studio.strips()["a in-betweens"]
    assert (made.frame_final_start, made.frame_final_end) == (-4, -2)
    assert [path.name for path in studio.files(made)] == ["a.0002.png", "a.0003.png"]


def test_strips_inside_a_meta_strip_stay_inside(studio: Any) -> None:
    meta = studio.strips().new_meta(name="shot", channel=1, frame_start=1)
    inside = studio.module("compat").strips(meta)
    for frame, name in ((1, "a"), (4, "b")):
        path = studio.save(f"{name}.png", studio.drawing(frame))
        strip = inside.new_image(name=name, filepath=str(path), channel=1, frame_start=frame)
        strip.frame_final_duration, strip.select = 1, True
    with pytest.raises(RuntimeError, match="Select two image strips"):
        bpy.ops.inbetween.strips()
    bpy.context.scene.sequence_editor.display_stack(meta)
    assert bpy.ops.inbetween.strips() == {"FINISHED"}
    assert "a in-betweens" in inside
    assert "a in-betweens" not in studio.strips()


@pytest.mark.parametrize(
    ("starts", "words"),
    [((), "Select two image strips"), ((1,), "Select two image strips"), ((1, 2), "no gap"), ((1, 5, 9), "Select two")],
)
def test_other_selections_are_refused_with_what_to_select(studio: Any, starts: tuple[int, ...], words: str) -> None:
    for start in starts:
        studio.strip(studio.save(f"{start}.png", studio.drawing(start)), start)
    with pytest.raises(RuntimeError, match=words):
        bpy.ops.inbetween.strips()
    assert not studio.result.exists()


def test_a_second_run_never_touches_the_frames_of_the_first(studio: Any) -> None:
    for frame, name in ((1, "a"), (3, "b")):
        studio.strip(studio.save(f"{name}.png", studio.drawing(frame)), frame)
    assert bpy.ops.inbetween.strips() == {"FINISHED"}
    before = {path: path.stat().st_mtime_ns for path in (studio.result / "a").iterdir()}
    assert bpy.ops.inbetween.strips(timing="0.9") == {"FINISHED"}
    assert {path: path.stat().st_mtime_ns for path in (studio.result / "a").iterdir()} == before
    first, second = (strip for strip in studio.strips() if "in-betweens" in strip.name)
    assert first.channel != second.channel
    assert studio.files(second)[0].parent.name == "a_2"


def test_what_the_runner_refuses_is_said_in_its_words(studio: Any) -> None:
    studio.strip(studio.save("a.png", studio.drawing(0)), 1)
    studio.strip(studio.save("large.png", studio.drawing(0, width=64)), 4)
    with pytest.raises(RuntimeError, match=r"large\.png"):
        bpy.ops.inbetween.strips()
    assert "large.png" in studio.session.error
    with pytest.raises(RuntimeError, match="timing"):
        bpy.ops.inbetween.strips(timing="0.5, 0.6, 0.7")
    assert len(studio.strips()) == 2


def test_undo_takes_the_strip_away_and_redo_brings_it_back(studio: Any) -> None:
    for frame, name in ((1, "a"), (4, "b")):
        studio.strip(studio.save(f"{name}.png", studio.drawing(frame)), frame)
    bpy.ops.ed.undo_push(message="keys")
    assert bpy.ops.inbetween.strips("EXEC_DEFAULT", True) == {"FINISHED"}
    assert "a in-betweens" in studio.strips()
    with studio.window():
        bpy.ops.ed.undo()
        assert "a in-betweens" not in studio.strips()
        assert len(list((studio.result / "a").glob("*.png"))) == 4
        bpy.ops.ed.redo()
    assert "a in-betweens" in studio.strips()


def test_paths_beside_a_saved_file_are_kept_relative(studio: Any) -> None:
    studio.preferences.folder = "//inbetween/{name}/"
    for frame, name in ((1, "a"), (4, "b")):
        studio.strip(studio.save(f"{name}.png", studio.drawing(frame)), frame)
    with pytest.raises(RuntimeError, match="save the file first"):
        bpy.ops.inbetween.strips()
    bpy.ops.wm.save_as_mainfile(filepath=str(studio.folder / "shot.blend"))
    assert bpy.ops.inbetween.strips() == {"FINISHED"}
    made = studio.strips()["a in-betweens"]
    assert made.directory.startswith("//inbetween")
    assert all(path.is_file() for path in studio.files(made))
    assert studio.files(made)[0].parent == studio.folder / "inbetween" / "a"
