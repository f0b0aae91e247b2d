"""The node in a strict stand-in for Nuke: made, turned, saved, opened, brought up to date."""

from collections.abc import Callable
from pathlib import Path

import nk_text
import pytest
from nuke_studio import LAYERED, Studio, drawing, engine, save_exr

from inbetween.core.settings import Settings, describe
from inbetween.hosts.nuke import panel, script


def test_every_setting_that_pictures_depend_on_has_a_knob_with_the_engines_default(studio: Studio) -> None:
    node = studio.node()
    for row in describe(Settings):
        assert node[row["name"]].value() == row["default"], row["name"]


def test_every_knob_an_artist_may_turn_says_what_it_does(studio: Studio) -> None:
    node = studio.node()
    for row in panel.rows(engine()):
        if row.kind in ("Enumeration_Knob", "Int_Knob", "Double_Knob", "Boolean_Knob", "File_Knob", "String_Knob"):
            assert row.hidden or len(node[row.name].tooltip()) > 20, row.name


def test_tooltips_carry_range_and_unit_of_the_engine(studio: Studio) -> None:
    node = studio.node()
    assert "Range 0.0 to 1.0." in node["theta"].tooltip()
    assert "Unit: MiB." in node["memory"].tooltip()
    assert "Unit: frames." in node["on"].tooltip()


def test_the_selected_plates_become_a_and_b_from_left_to_right(studio: Studio, tmp_path: Path) -> None:
    file = save_exr(tmp_path / "a.exr", drawing(10), LAYERED)
    right, left = studio.plate("Right", file), studio.plate("Left", file)
    right.setXYpos(100, 0)
    left.setXYpos(-100, 0)
    node = studio.node(right, left)
    assert (node.input(0), node.input(1)) == (left, right)


def test_with_b_connected_the_panel_asks_for_a_range_and_without_for_keys(studio: Studio, tmp_path: Path) -> None:
    file = save_exr(tmp_path / "a.exr", drawing(10), LAYERED)
    a, b = studio.plate("A", file), studio.plate("B", file)
    node = studio.node(a)
    assert node["keys"].visible()
    assert not node["first"].visible()
    node.setInput(1, b)
    assert not node["keys"].visible()
    assert node["first"].visible()


def test_knobs_that_mean_nothing_now_are_not_shown(studio: Studio) -> None:
    node = studio.node()
    assert not node["chart"].visible()
    node["timing"].setValue("chart")
    assert node["chart"].visible()
    assert not node["theta"].visible()
    node["clamp"].setValue("binary")
    assert node["theta"].visible()


def test_a_saved_script_opens_as_it_was(studio: Studio) -> None:
    node = studio.node(clamp="palette", theta=0.25, keys="1 9 17", timing="chart", chart="0.1, 0.5")
    node["curve"].setAnimated()
    node["curve"].setValueAt(0.0, 1)
    node["curve"].setValueAt(1.0, 9)
    before = studio.host.script()
    studio.host.scriptOpen(str(studio.save()))
    assert studio.host.script() == before
    opened = studio.host.toNode("Inbetween1")
    assert opened["clamp"].value() == "palette"
    assert opened["curve"].getValueAt(5) == pytest.approx(0.5)


def test_the_shipped_toolset_is_the_node_that_the_menu_makes(studio: Studio, tmp_path: Path) -> None:
    made = nk_text.parse(nk_text.write([studio.host._text(studio.node())]))[0]
    studio.host.scriptClear()
    file = tmp_path / "Inbetween.nk"
    file.write_text(script.toolset(engine()), encoding="utf-8")
    pasted = nk_text.parse(nk_text.write([studio.host._text(studio.host.nodePaste(str(file)))]))[0]
    for knob in (*pasted.user, *made.user):
        if knob.name in studio.adapter.SHOWN:  # seen to whenever the panel opens
            knob.flags.discard("+HIDDEN")
    assert pasted.user == made.user
    assert {**pasted.knobs, "xpos": 0, "ypos": 0} == {**made.knobs, "xpos": 0, "ypos": 0}
    assert [child.knobs for child in pasted.children] == [child.knobs for child in made.children]
    assert [[one and one.name for one in child.inputs] for child in pasted.children] == [
        [one and one.name for one in child.inputs] for child in made.children
    ]


def test_a_node_of_an_older_release_keeps_its_values_and_gets_what_is_new(
    open_nuke: Callable[..., Studio],
) -> None:
    old = engine()
    old["release"], old["models"] = "0.9", ["dissolve", "flow", "motion", "retired"]
    old["settings"] = [row for row in old["settings"] if row["name"] != "kmeans"]
    studio = open_nuke(config=old)
    node = studio.node(theta=0.125, keys="1 9")
    node["epsilon"].setExpression("theta / 2")
    path = studio.save()

    studio = open_nuke()
    studio.nuke.addOnCreate(studio.adapter.created_in_script, nodeClass="Group")
    studio.host.scriptOpen(str(path))
    node = studio.host.toNode("Inbetween1")
    assert node["theta"].value() == 0.125
    assert node["keys"].value() == "1 9"
    assert node["epsilon"].hasExpression()
    assert node["kmeans"].value() == 0
    assert node[panel.VERSION].value() == "1.0"
    assert next(knob for knob in node.knobs().values() if knob.user).name() == "inbetween_tab"


def test_a_value_that_no_longer_exists_becomes_the_default_and_is_told(open_nuke: Callable[..., Studio]) -> None:
    old = engine()
    old["release"], old["models"] = "0.9", ["dissolve", "flow", "motion", "retired"]
    studio = open_nuke(config=old)
    studio.node(model="retired")
    path = studio.save()
    studio = open_nuke()
    studio.nuke.addOnCreate(studio.adapter.created_in_script, nodeClass="Group")
    studio.host.scriptOpen(str(path))
    assert studio.host.toNode("Inbetween1")["model"].value() == "motion"
    assert "retired" in " ".join(studio.host.printed)


def test_a_script_opens_even_where_the_plug_in_is_broken(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    studio.node(keys="1 9")
    path = studio.save()
    studio.nuke.addOnCreate(studio.adapter.created_in_script, nodeClass="Group")
    monkeypatch.setenv("INBETWEEN_NUKE_CONFIG", str(studio.folder / "gone.json"))
    studio.host.scriptOpen(str(path))
    assert studio.host.toNode("Inbetween1")["keys"].value() == "1 9"
    assert "install.py nuke" in " ".join(studio.host.printed)


def test_other_peoples_groups_are_left_alone(studio: Studio) -> None:
    studio.nuke.addOnCreate(studio.adapter.created_in_script, nodeClass="Group")
    group = studio.host.make("Group", {"name": "Theirs"})
    assert not [knob for knob in group.knobs().values() if knob.user]


def test_buttons_collect_key_frames_from_the_timeline(studio: Studio) -> None:
    node = studio.node()
    for frame in (17, 1, 9):
        studio.host.frame(frame)
        studio.host.press(node, "add_key")
    assert node["keys"].value() == "1 9 17"
    studio.host.press(node, "remove_key")
    assert node["keys"].value() == "1 17"


def test_gaps_of_a_plate_on_disk_are_found_through_what_lies_between(studio: Studio, tmp_path: Path) -> None:
    for frame in (1, 9, 17):
        save_exr(tmp_path / f"plate/p.{frame:04d}.exr", drawing(frame), LAYERED)
    save_exr(tmp_path / "plate/p.00021.exr", drawing(1), LAYERED)  # five digits: not of this sequence
    plate = studio.plate("Plate", tmp_path / "plate/p.####.exr", 1, 17)
    dot = studio.host.make("Dot", {"inputs": [plate]})
    node = studio.node(dot)
    studio.host.press(node, "find_keys")
    assert node["keys"].value() == "1 9 17"


def test_gaps_are_found_where_tcl_names_the_plate(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOT", tmp_path.as_posix())
    for frame in (1, 9):
        save_exr(tmp_path / f"plate/p.{frame:04d}.exr", drawing(frame), LAYERED)
    plate = studio.host.make("Read", {"file": "[getenv SHOT]/plate/p.%04d.exr", "last": 9})
    node = studio.node(plate)
    studio.host.press(node, "find_keys")
    assert node["keys"].value() == "1 9"


def test_gaps_of_a_plate_that_stands_elsewhere_in_time_are_not_guessed(studio: Studio, tmp_path: Path) -> None:
    for frame in (1, 9):
        save_exr(tmp_path / f"plate/p.{frame:04d}.exr", drawing(frame), LAYERED)
    plate = studio.plate("Plate", tmp_path / "plate/p.####.exr", 1, 9)
    plate["frame_mode"].setValue("start at")
    plate["frame"].setValue("1001")
    node = studio.node(plate)
    studio.host.press(node, "find_keys")
    assert node["keys"].value() == ""
    assert "start at 1001" in studio.host.messages[0]
    assert "write the key frames down" in studio.host.messages[0]
    plate["frame"].setValue("1")
    studio.host.press(node, "find_keys")
    assert node["keys"].value() == "1 9"


def test_files_beyond_the_range_of_the_read_are_no_keys(studio: Studio, tmp_path: Path) -> None:
    """There Nuke shows the last frame of the range once more."""
    for frame in (1, 9, 17):
        save_exr(tmp_path / f"plate/p.{frame:04d}.exr", drawing(frame), LAYERED)
    plate = studio.plate("Plate", tmp_path / "plate/p.####.exr", 1, 12)
    node = studio.node(plate)
    studio.host.press(node, "find_keys")
    assert node["keys"].value() == "1 9"
    plate["last"].setValue(5)
    studio.host.press(node, "find_keys")
    assert "exist in its range 1-5; two keys at least" in studio.host.messages[0]


def test_gaps_are_not_found_through_what_moves_frames_in_time(studio: Studio, tmp_path: Path) -> None:
    for frame in (1, 9):
        save_exr(tmp_path / f"plate/p.{frame:04d}.exr", drawing(frame), LAYERED)
    plate = studio.plate("Plate", tmp_path / "plate/p.####.exr", 1, 9)
    later = studio.host.make("FrameHold", {"inputs": [plate]})
    node = studio.node(later)
    studio.host.press(node, "find_keys")
    assert node["keys"].value() == ""
    assert f"{later.name()} shows the frames of the Read above it at other times" in studio.host.messages[0]


def test_project_range_is_taken(studio: Studio) -> None:
    node = studio.node()
    studio.host.root()["last_frame"].setValue(24)
    studio.host.press(node, "from_project")
    assert (node["first"].value(), node["last"].value()) == (1, 24)
