"""Keys to frames in a strict stand-in for Nuke, with real files and the real worker."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nuke_render
import numpy as np
import OpenImageIO as oiio
import pytest
from nuke_host import ProgressTask
from nuke_nodes import Group
from nuke_studio import LAYERED, Studio, drawing, engine, load_exr, save_exr

from inbetween.core.settings import Settings
from inbetween.hosts.sequence.job import Job
from inbetween.hosts.sequence.run import run
from inbetween.models import registry

KEYS = (1, 5, 9)


@pytest.fixture
def plates(tmp_path: Path) -> Path:
    """Key drawings 1, 5 and 9 with alpha, light above 1, dark below 0, and a depth layer."""
    for frame in KEYS:
        save_exr(tmp_path / f"plates/p.{frame:04d}.exr", drawing(8 + 3 * frame), LAYERED)
    return tmp_path / "plates/p.%04d.exr"


def pair(studio: Studio, plates: Path, **knobs: Any) -> Group:
    """A node with two plates; the second drawing stands at frame 5."""
    a = studio.plate("A", plates, 1, 1)
    b = studio.plate("B", plates, 9, 9)
    studio.save()
    return studio.node(a, b, **{"last": 5, "model": "dissolve", **knobs})


def through(studio: Studio, plates: Path, **knobs: Any) -> Group:
    """A node on one plate with three keys."""
    plate = studio.plate("Plate", plates, 1, 9)
    studio.save()
    return studio.node(plate, **{"keys": "1 5 9", "model": "dissolve", **knobs})


def shown(node: Group, frame: int) -> Any:
    """What the node puts out, (H, W, 5)."""
    channels = nuke_render.picture(node, frame).channels
    names = ("rgba.red", "rgba.green", "rgba.blue", "rgba.alpha", "depth.Z")
    return np.stack([channels[name] for name in names], -1)


def made(studio: Studio, node: Group) -> list[str]:
    """The names of the frames that lie on disk."""
    return sorted(path.name for path in Path(studio.make.output(node)).parent.glob("*.exr"))


def times(studio: Studio, node: Group) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in Path(studio.make.output(node)).parent.glob("*.exr")}


def test_before_anything_is_made_the_node_shows_input_a(studio: Studio, plates: Path) -> None:
    node = pair(studio, plates)
    assert np.array_equal(shown(node, 1), drawing(11))


@pytest.mark.parametrize("model", ["flow", "motion", "motion-native", "akanet"])
def test_two_plates_become_a_sequence_that_equals_the_command_lines(
    open_nuke: Callable[..., Studio], plates: Path, tmp_path: Path, model: str
) -> None:
    studio = open_nuke(config={**engine(), "models": sorted({*engine()["models"], model})})
    node = pair(studio, plates, model=model)
    studio.run(node)
    assert not studio.host.messages
    keys = tmp_path / "by_hand/keys"
    save_exr(keys / "k.0001.exr", drawing(11), LAYERED)
    save_exr(keys / "k.0005.exr", drawing(35), LAYERED)
    run(Job(str(keys), str(tmp_path / "by_hand/out"), Settings(model=model)), lambda event: None)
    for frame in range(1, 6):
        expected = load_exr(tmp_path / f"by_hand/out/k.{frame:04d}.exr")
        assert np.array_equal(shown(node, frame), expected), frame
    assert 0 < shown(node, 3)[..., 3].max() <= 1, "alpha is drawn"
    if model != "akanet":  # paints what it sees of light and dark; the others move what is there
        assert shown(node, 3)[..., 0].max() > 2, "light above 1 survives"
        assert shown(node, 3)[..., 2].min() < 0, "dark below 0 survives"


def test_keys_come_back_to_the_bit(studio: Studio, plates: Path) -> None:
    node = through(studio, plates)
    studio.run(node)
    for frame in KEYS:
        assert np.array_equal(shown(node, frame), load_exr(Path(str(plates) % frame)))


def test_only_what_changed_is_drawn_again(studio: Studio, plates: Path) -> None:
    node = through(studio, plates)
    studio.run(node)
    before = times(studio, node)
    save_exr(Path(str(plates) % 9), drawing(30), LAYERED)
    studio.run(node)
    after = times(studio, node)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {f"inbetween.{frame:04d}.exr" for frame in (6, 7, 8, 9)}


def test_another_knob_draws_all_in_betweens_again_and_no_key(studio: Studio, plates: Path) -> None:
    node = through(studio, plates)
    studio.run(node)
    before = times(studio, node)
    node["timing"].setValue("ease-in")
    assert "knobs have changed" in node["state"].value()
    studio.run(node)
    after = times(studio, node)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {f"inbetween.{frame:04d}.exr" for frame in (2, 3, 4, 6, 7, 8)}
    assert "knobs have changed" not in node["state"].value()


def test_only_knobs_that_pictures_depend_on_make_them_old(studio: Studio, plates: Path) -> None:
    node = through(studio, plates)
    studio.run(node)
    for knob, value in (("device", "cpu"), ("memory", 512), ("reuse_keys", True)):
        node[knob].setValue(value)
        assert "changed" not in node["state"].value()
    node["keys"].setValue("1 9")
    assert "changed" in node["state"].value()
    node["keys"].setValue("1 5 9")
    assert "changed" not in node["state"].value()


def test_a_cycle_goes_round_for_ever(studio: Studio, plates: Path, tmp_path: Path) -> None:
    node = through(studio, plates, model="flow", cycle=12)
    studio.run(node)
    assert node["state"].value().startswith("1-12: 9 in-betweens drawn")
    assert len(made(studio, node)) == 12
    folder = Path(studio.make.output(node)).parent
    run(Job(str(folder / "keys"), str(tmp_path / "runner"), Settings("flow"), cycle=12), lambda event: None)
    ours, expected = (load_exr(each / "inbetween.0011.exr") for each in (folder, tmp_path / "runner"))
    assert np.array_equal(ours, expected)
    for frame in (-1, 11, 23, 35):
        assert np.array_equal(shown(node, frame), shown(node, 11))
    node["cycle"].setValue(0)
    assert "changed" in node["state"].value()
    studio.run(node)
    assert np.array_equal(shown(node, 11), shown(node, 9))


def test_renders_move_as_their_motion_vectors_say(studio: Studio, plates: Path, tmp_path: Path) -> None:
    names = ("forward.u", "forward.v", "backward.u", "backward.v")
    for frame in range(1, 10):
        told = np.full((*drawing(0).shape[:2], 4), (1, 0, -1, 0), np.float32)
        save_exr(tmp_path / f"vec/v.{frame:04d}.exr", told, names)
    vectors = str(tmp_path / "vec/v.####.exr")
    node = through(studio, plates, motion_vectors=vectors)
    studio.run(node)
    assert not studio.host.messages
    folder = Path(studio.make.output(node)).parent
    job = Job(str(folder / "keys"), str(tmp_path / "runner"), Settings("dissolve"), motion_vectors=vectors)
    run(job, lambda event: None)
    for frame in range(1, 10):
        expected = load_exr(tmp_path / f"runner/inbetween.{frame:04d}.exr")
        assert np.array_equal(shown(node, frame), expected), frame
    assert "knobs have changed" not in node["state"].value()
    node["motion_vectors"].setValue("")
    assert "knobs have changed" in node["state"].value()
    node["motion_vectors"].setValue(str(tmp_path / "gone.####.exr"))
    studio.run(node)
    assert "gone.####.exr" in studio.host.messages[0]


def test_two_keys_close_to_a_cycle_that_is_long_enough(studio: Studio, plates: Path) -> None:
    node = through(studio, plates, keys="1 5", cycle=8)
    studio.run(node)
    assert node["state"].value().startswith("1-8: 6 in-betweens drawn")
    node["cycle"].setValue(3)
    studio.run(node)
    assert "a cycle of 3 frames is at its first key again at frame 4" in studio.host.messages[0]


def test_rendered_keys_are_used_again_when_asked(studio: Studio, plates: Path) -> None:
    node = through(studio, plates)
    studio.run(node)
    assert studio.host.rendered == [1, 5, 9]
    node["reuse_keys"].setValue(True)
    node["keys"].setValue("1 3 5 9")
    studio.plate("Other", plates)
    save_exr(Path(str(plates) % 3), drawing(20), LAYERED)
    studio.run(node)
    assert studio.host.rendered == [1, 5, 9, 3]


def test_a_run_that_is_cancelled_says_so_and_the_next_one_ends_it(studio: Studio, plates: Path) -> None:
    node = pair(studio, plates)
    node["last"].setValue(300)
    asked = {"yes": False}

    def press_once_frames_come() -> bool:
        return any(task.progress > 0 for task in ProgressTask.open)

    ProgressTask.asked = staticmethod(press_once_frames_come)
    studio.run(node)
    assert node["state"].value().startswith("stopped")
    assert not studio.host.messages
    some = len(made(studio, node))
    assert 0 < some < 300
    ProgressTask.asked = staticmethod(lambda: asked["yes"])
    studio.run(node)
    assert len(made(studio, node)) == 300


def test_a_node_lives_through_a_stop_a_change_a_save_and_a_later_release(
    open_nuke: Callable[..., Studio], plates: Path
) -> None:
    old = engine()
    old["release"], old["settings"] = "0.9", [row for row in old["settings"] if row["name"] != "kmeans"]
    studio = open_nuke(config=old)
    node = pair(studio, plates, last=60)
    ProgressTask.asked = staticmethod(lambda: any(task.progress > 0 for task in ProgressTask.open))
    studio.run(node)
    assert 0 < len(made(studio, node)) < 60
    ProgressTask.asked = staticmethod(lambda: False)
    studio.run(node)
    assert len(made(studio, node)) == 60
    before = times(studio, node)
    node["timing"].setValue("ease-in")
    studio.run(node)
    after = times(studio, node)
    assert {name for name in after if after[name] != before[name]} == set(after) - {
        "inbetween.0001.exr",
        "inbetween.0060.exr",
    }
    picture = shown(node, 30)
    script = studio.save()

    studio = open_nuke()
    studio.nuke.addOnCreate(studio.adapter.created_in_script, nodeClass="Group")
    studio.host.scriptOpen(str(script))
    opened = studio.host.toNode("Inbetween1")
    assert isinstance(opened, Group)
    assert (opened["timing"].value(), opened["kmeans"].value()) == ("ease-in", 0)
    assert opened["inbetween_version"].value() == "1.0"
    assert np.array_equal(shown(opened, 30), picture)
    studio.run(opened)
    assert opened["state"].value() == "1-60: 0 in-betweens drawn, 60 frames kept from before"
    assert times(studio, opened) == after


def test_the_same_node_is_not_made_twice_at_once(studio: Studio, plates: Path) -> None:
    node = pair(studio, plates)
    studio.host.press(node, "make")
    studio.host.press(node, "make")
    assert "already" in studio.host.messages[0]
    studio.host.spin(lambda: node["state"].value() != "being made")


def test_a_second_node_waits_for_the_first_and_may_be_stopped_meanwhile(studio: Studio, plates: Path) -> None:
    node = pair(studio, plates)
    with studio.make._using:
        studio.host.press(node, "make")
        studio.host.spin(lambda: ProgressTask.open[0].message == "waiting for another node")
        studio.make.release()
        assert "Cancel" in studio.host.messages.pop()
        ProgressTask.asked = staticmethod(lambda: True)
        studio.host.spin(lambda: node["state"].value() != "being made")
    assert node["state"].value() == "stopped before anything was drawn"
    assert not node["ready"].value()


def test_the_read_is_used_again_and_no_write_stays(studio: Studio, plates: Path) -> None:
    node = through(studio, plates)
    studio.run(node)
    inside = [inner.name() for inner in node.nodes()]
    studio.run(node)
    assert [inner.name() for inner in node.nodes()] == inside
    kinds = [inner.Class() for inner in node.nodes()]
    assert kinds.count("Read") == 1
    assert "Write" not in kinds
    read = node.node("Result")
    assert read["raw"].value()
    assert read["reload"].pressed == 2
    assert "#" not in read["file"].value()
    assert (read["first"].value(), read["last"].value()) == (1, 9)


def test_hashes_and_percents_name_the_same_frames(studio: Studio, plates: Path, tmp_path: Path) -> None:
    node = through(studio, plates, output=(tmp_path / "out/shot.####.exr").as_posix())
    studio.run(node)
    assert node.node("Result")["file"].value() == (tmp_path / "out/shot.%04d.exr").as_posix()
    assert len(list((tmp_path / "out").glob("shot.000?.exr"))) == 9


def test_tcl_in_a_path_is_evaluated_and_the_counter_stays(
    studio: Studio, plates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOT", (tmp_path / "s01").as_posix())
    node = through(studio, plates, output="[getenv SHOT]/out.####.exr")
    studio.host.frame(7)
    studio.run(node)
    assert node.node("Result")["file"].value() == (tmp_path / "s01/out.%04d.exr").as_posix()
    assert len(list((tmp_path / "s01").glob("out.000?.exr"))) == 9


def test_a_straight_plate_is_drawn_premultiplied_and_comes_back_straight(studio: Studio, tmp_path: Path) -> None:
    for frame, x in ((1, 16), (5, 30)):
        pixels = drawing(x)
        pixels[..., :3] = np.array([4.0, 0.5, 0.1])  # colour everywhere, alpha says where it counts
        save_exr(tmp_path / f"s/s.{frame:04d}.exr", pixels, LAYERED)
    plate = studio.plate("S", tmp_path / "s/s.%04d.exr", 1, 5)
    studio.save()
    node = studio.node(plate, keys="1 5", model="dissolve", alpha="straight")
    studio.run(node)
    middle = shown(node, 3)
    inside = middle[..., 3] > 0.2
    assert np.allclose(middle[inside][:, :3], [4.0, 0.5, 0.1], atol=1e-4)


def test_cryptomattes_keep_their_ids(studio: Studio, tmp_path: Path) -> None:
    names = ("R", "G", "B", "A", "crypto00.red", "crypto00.green")
    for frame, x in ((1, 16), (5, 30)):
        pixels = np.concatenate([drawing(x)[..., :4], np.zeros((32, 48, 2), np.float32)], -1)
        pixels[..., 4] = np.where(pixels[..., 3] > 0, 1234.5, 0)
        path = save_exr(tmp_path / f"c/c.{frame:04d}.exr", pixels, names)
        buffer = oiio.ImageBuf(str(path))
        buffer.read(force=True)
        buffer.specmod()["cryptomatte/1234567/name"] = "crypto"
        buffer.write(str(path))
    plate = studio.plate("C", tmp_path / "c/c.%04d.exr", 1, 5)
    studio.save()
    node = studio.node(plate, keys="1 5", model="dissolve")
    studio.run(node)
    ids = nuke_render.picture(node, 3).channels["crypto00.red"]
    assert set(np.unique(ids)) <= {np.float32(0), np.float32(1234.5)}


def test_a_curve_spaces_the_drawings(studio: Studio, plates: Path) -> None:
    node = pair(studio, plates, timing="curve")
    node["curve"].setAnimated()
    for frame, place in ((1, 0.0), (4, 0.3), (5, 1.0)):
        node["curve"].setValueAt(place, frame)
    studio.run(node)
    by_curve = shown(node, 4)
    first, last = shown(node, 1), shown(node, 5)
    assert np.allclose(by_curve[..., :4], (0.7 * first + 0.3 * last)[..., :4], atol=1e-5)
    assert np.array_equal(by_curve[..., 4], first[..., 4]), "depth is that of the nearer key"


def test_a_chart_may_be_given_for_each_key_frame(studio: Studio, plates: Path) -> None:
    node = through(studio, plates, timing="chart", chart="1:0.1,0.2,0.3 5:ease-in")
    studio.run(node)
    before, places = times(studio, node), {2: (1, 0.1), 4: (1, 0.3), 6: (5, 1 / 16), 8: (5, 9 / 16)}
    for frame, (key, t) in places.items():
        expected = (1 - t) * shown(node, key) + t * shown(node, key + 4)
        assert np.allclose(shown(node, frame)[..., :4], expected[..., :4], atol=1e-5), frame
    node["chart"].setValue("1:0.1,0.2,0.3 5:ease-out")
    studio.run(node)
    changed = {name for name, time in times(studio, node).items() if time != before[name]}
    assert changed == {f"inbetween.{frame:04d}.exr" for frame in (6, 7, 8)}


def test_between_two_plates_the_first_frame_names_the_gap(studio: Studio, plates: Path) -> None:
    node = pair(studio, plates, first=101, last=105, timing="chart", chart="101:0.1,0.2,0.3")
    studio.run(node)
    expected = 0.7 * shown(node, 101) + 0.3 * shown(node, 105)
    assert np.allclose(shown(node, 104)[..., :4], expected[..., :4], atol=1e-5)
    node["chart"].setValue("105:0.1,0.2,0.3")
    studio.run(node)
    assert "timing names key 105, at which no gap begins; take one at which one does: 101" in studio.host.messages[0]


def test_a_curve_that_nobody_animated_is_said_to_be_flat(studio: Studio, plates: Path) -> None:
    studio.run(pair(studio, plates, timing="curve"))
    assert "animate it in the Curve Editor, from 0 at frame 1 to 1 at 5" in studio.host.messages[0]


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"keys": "1 2 3"}, "leave no gap"),
        ({"keys": "1 nine"}, "'nine'"),
        ({"keys": "1 17-9"}, "'17-9'"),
        ({"keys": "1-9x0"}, "'1-9x0'"),
        ({"keys": "1-1000000000"}, "more than 1000000 frames"),
        ({"output": "frames/x.%04d.exr"}, "whole path"),
        ({"output": "/x/y.%04d.png"}, ".exr"),
        ({"output": "/x/y.exr"}, "####"),
        ({"output": "/x/100%/y.####.exr"}, "more than a name"),
        ({"timing": "chart", "chart": "0.9,0.1"}, "rise"),
        ({"weights": "/nowhere/model.onnx"}, "model.onnx"),
    ],
    ids=[
        "no gap",
        "no number",
        "backwards",
        "no step",
        "endless",
        "relative",
        "not exr",
        "no counter",
        "per cent",
        "falling chart",
        "no weights",
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    studio: Studio, plates: Path, knobs: dict[str, str], words: str
) -> None:
    node = through(studio, plates, **knobs)
    studio.run(node)
    assert words in studio.host.messages[0]
    assert "Traceback" not in studio.host.messages[0]


def test_without_an_input_or_a_saved_script_the_remedy_is_named(studio: Studio, plates: Path) -> None:
    node = studio.node()
    studio.run(node)
    node.setInput(0, studio.plate("Plate", plates, 1, 9))
    node["keys"].setValue("1 5")
    studio.run(node)
    assert "connect" in studio.host.messages[0]
    assert "save the script" in studio.host.messages[1]


def test_two_nodes_never_write_to_one_place(studio: Studio, plates: Path, tmp_path: Path) -> None:
    out = (tmp_path / "out/a.%04d.exr").as_posix()
    through(studio, plates, output=out)
    other = studio.node(studio.host.toNode("Plate"), keys="1 5", output=out.replace("%04d", "####"))
    studio.run(other)
    assert "give each its own" in studio.host.messages[0]


@pytest.mark.parametrize("knob", [("alpha", "straight"), ("datatype", "16 bit half")], ids=["alpha", "data type"])
def test_keys_rendered_by_other_knobs_are_not_used_again(studio: Studio, plates: Path, knob: tuple[str, str]) -> None:
    node = through(studio, plates)
    studio.run(node)
    node["reuse_keys"].setValue(True)
    node[knob[0]].setValue(knob[1])
    studio.run(node)
    assert studio.host.rendered == [1, 5, 9, 1, 5, 9]
    studio.run(node)
    assert studio.host.rendered == [1, 5, 9, 1, 5, 9]


def test_a_key_of_the_other_input_is_not_used_again(studio: Studio, plates: Path) -> None:
    node = pair(studio, plates)
    studio.run(node)
    node["reuse_keys"].setValue(True)
    node.setInput(1, None)
    node["keys"].setValue("1 5")
    studio.host.toNode("A")["last"].setValue(9)
    studio.run(node)
    assert studio.host.rendered == [1, 5, 5]
    assert np.array_equal(shown(node, 5), load_exr(Path(str(plates) % 5)))


def test_a_key_that_nuke_cannot_render_is_reported_and_leaves_nothing(studio: Studio, plates: Path) -> None:
    node = through(studio, plates)
    studio.host.render_error = "Reader error: no such file"
    studio.run(node)
    assert "frame 1 cannot be rendered" in studio.host.messages[0]
    assert "Write" not in [inner.Class() for inner in node.nodes()]
    assert studio.nuke.Undo.off == 0
    assert studio.host.root()["proxy"].value() is False


def test_keys_are_rendered_in_full_resolution_and_proxy_mode_is_given_back(studio: Studio, plates: Path) -> None:
    node = through(studio, plates)
    studio.host.root()["proxy"].setValue(True)
    studio.run(node)
    assert studio.host.root()["proxy"].value() is True
    assert not studio.host.messages


def test_an_engine_that_is_not_there_is_named_with_its_remedy(open_nuke: Callable[..., Studio], plates: Path) -> None:
    studio = open_nuke(config=engine("/nowhere/python"))
    node = through(studio, plates)
    studio.run(node)
    assert "/nowhere/python" in studio.host.messages[0]


def test_an_engine_of_another_release_that_refuses_a_setting_is_named(
    open_nuke: Callable[..., Studio], plates: Path
) -> None:
    novel = {**engine()["settings"][-1], "name": "novel"}
    studio = open_nuke(config={**engine(), "settings": [*engine()["settings"], novel]})
    studio.make._workers = {}
    node = through(studio, plates)
    studio.run(node)
    studio.make.release()
    assert "unknown setting 'novel'" in studio.host.messages[0]
    assert studio.host.messages[0].endswith("this adapter 1.0: install the same release in both")


def test_a_node_that_is_deleted_meanwhile_is_let_go(studio: Studio, plates: Path) -> None:
    node = through(studio, plates)
    studio.host.press(node, "make")
    studio.host.delete(node)
    studio.host.spin(lambda: not studio.make._running)
    assert not studio.host.messages


def test_a_node_that_is_renamed_meanwhile_gets_its_frames(studio: Studio, plates: Path) -> None:
    node = through(studio, plates)
    studio.host.press(node, "make")
    node.setName("Hero")
    studio.host.press(node, "make")
    assert "already" in studio.host.messages.pop()
    studio.host.spin(lambda: not studio.make._running)
    assert node["ready"].value()
    assert "drawn" in node["state"].value()


def test_another_scripts_node_of_the_same_name_is_left_alone(studio: Studio, plates: Path) -> None:
    asked = through(studio, plates)
    studio.host.press(asked, "make")
    studio.host.scriptClear()
    other = through(studio, plates)
    assert other.fullName() == "Inbetween1"
    studio.host.spin(lambda: not studio.make._running)
    assert not other["ready"].value()
    assert not studio.host.messages


def test_a_script_that_was_saved_during_a_run_does_not_open_as_being_made(studio: Studio, plates: Path) -> None:
    node = through(studio, plates)
    studio.host.press(node, "make")
    script = studio.save()
    studio.host.spin(lambda: not studio.make._running)
    studio.nuke.addOnCreate(studio.adapter.created_in_script, nodeClass="Group")
    studio.host.scriptOpen(str(script))
    state = studio.host.toNode("Inbetween1")["state"].value()
    assert state == "stopped when the script was closed; Make in-betweens goes on from there"


def test_what_the_runner_remarks_stands_in_the_panel_and_in_the_log(studio: Studio, plates: Path) -> None:
    other_shot = np.random.default_rng(0).random((32, 48, 5), np.float32)
    other_shot[0, 0, 0] = np.nan
    save_exr(Path(str(plates) % 5), other_shot, LAYERED)
    node = through(studio, plates)
    studio.run(node)
    for said in (node["state"].value(), "\n".join(studio.host.printed)):
        assert "inbetween.0001.exr is held: inbetween.0005.exr looks like another shot" in said
        assert "inbetween.0005.exr holds 1 value not finite" in said
    node["timing"].setValue("ease-in")
    assert node["state"].value().endswith("(knobs have changed since)")


def test_frames_that_need_a_look_are_named_in_the_panel_and_in_the_log(studio: Studio, plates: Path) -> None:
    save_exr(Path(str(plates) % 5), np.random.default_rng(0).random((32, 48, 5), np.float32), LAYERED)
    node = through(studio, plates, model="flow", cut_threshold=1.0)
    studio.run(node)
    for said in (node["state"].value(), "\n".join(studio.host.printed)):
        assert re.search(r"look at [2-8, -]+: a breakdown at [2-8] would help most", said)


@pytest.mark.parametrize("gui", [True, False], ids=["window", "terminal"])
def test_a_place_that_cannot_be_written_to_is_named(
    open_nuke: Callable[..., Studio], plates: Path, tmp_path: Path, gui: bool
) -> None:
    studio = open_nuke(gui)
    (tmp_path / "taken").write_text("a file where a folder should be")
    node = through(studio, plates, output=f"{tmp_path}/taken/x.####.exr")
    words = "Inbetween1: keys cannot be kept in .*taken/keys .*say under Output where else"
    if gui:
        studio.run(node)
        assert re.match(words, studio.host.messages[0])
    else:
        with pytest.raises(studio.make.NodeError, match=words):
            studio.host.press(node, "make")


def test_a_terminal_makes_all_at_once_and_raises_what_is_wrong(open_nuke: Callable[..., Studio], plates: Path) -> None:
    studio = open_nuke(gui=False)
    node = through(studio, plates)
    studio.host.press(node, "make")
    assert node["ready"].value()
    assert len(made(studio, node)) == 9
    node["keys"].setValue("5")
    with pytest.raises(Exception, match="leave no gap"):
        studio.host.press(node, "make")


def test_a_farm_makes_every_node_of_a_script_and_saves_it(open_nuke: Callable[..., Studio], plates: Path) -> None:
    studio = open_nuke()
    through(studio, plates)
    script = studio.save()
    studio = open_nuke(gui=False)
    from inbetween.hosts.nuke import farm

    assert farm.main([str(script)]) == 0
    studio.host.scriptOpen(str(script))
    node = studio.host.toNode("Inbetween1")
    assert isinstance(node, Group)
    assert node["ready"].value()
    assert np.array_equal(shown(node, 5), load_exr(Path(str(plates) % 5)))


def test_a_farm_that_is_asked_for_a_script_that_is_not_there_says_so(
    open_nuke: Callable[..., Studio], capsys: pytest.CaptureFixture[str]
) -> None:
    open_nuke(gui=False)
    from inbetween.hosts.nuke import farm

    assert farm.main(["/nowhere/shot.nk"]) == 1
    assert capsys.readouterr().err == "/nowhere/shot.nk does not exist; name a script that is saved\n"


def test_a_farm_that_is_asked_for_an_unknown_node_names_the_known_ones(
    open_nuke: Callable[..., Studio], plates: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    studio = open_nuke()
    through(studio, plates)
    script = studio.save()
    open_nuke(gui=False)
    from inbetween.hosts.nuke import farm

    assert farm.main([str(script), "Nobody"]) == 1
    assert "Inbetween1" in capsys.readouterr().err


def test_a_nuke_without_the_plug_in_still_shows_the_frames(open_nuke: Callable[..., Studio], plates: Path) -> None:
    studio = open_nuke()
    node = through(studio, plates)
    studio.run(node)
    expected = shown(node, 3)
    script = studio.save()
    other = open_nuke(gui=False)  # nothing of ours is registered or called in this one
    other.host.scriptOpen(str(script))
    opened = other.host.toNode("Inbetween1")
    assert isinstance(opened, Group)
    assert np.array_equal(shown(opened, 3), expected)


def test_the_script_for_owners_of_a_licence_runs(open_nuke: Callable[..., Studio], tmp_path: Path) -> None:
    studio = open_nuke(gui=False)
    from inbetween.hosts.nuke import selfcheck

    assert selfcheck.main([str(tmp_path / "check")]) == 0, "\n".join(studio.host.printed)
    assert sum(line.startswith("holds") for line in studio.host.printed) == 11


def test_the_doctor_names_versions_paths_and_models(studio: Studio) -> None:
    from inbetween.hosts.nuke import doctor

    report = doctor.report()
    for word in ("16.0v4", "config.json", "it answers", "cpu", "model dissolve: no weights"):
        assert word in report
    for row in registry.catalogue():
        assert f"model {row['name']}: {row['weights_sha256'][:12] or 'no weights'}" in report
