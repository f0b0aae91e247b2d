"""Marks on the node, in a strict stand-in for Nuke with real files and the real worker."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest
from nuke_nodes import Group
from nuke_studio import LAYERED, Studio, drawing, engine, load_exr, save_exr

from inbetween.core.settings import Settings
from inbetween.hosts.sequence.job import Job
from inbetween.hosts.sequence.run import run

HEIGHT = 32
"""Of the drawings."""


@pytest.fixture
def plates(tmp_path: Path) -> Path:
    """Key drawings 1, 5 and 9 of a disc."""
    for frame in (1, 5, 9):
        save_exr(tmp_path / f"plates/p.{frame:04d}.exr", drawing(8 + 3 * frame), LAYERED)
    return tmp_path / "plates/p.%04d.exr"


def through(studio: Studio, plates: Path, **knobs: Any) -> Group:
    """A node on one plate with three keys."""
    plate = studio.plate("Plate", plates, 1, 9)
    studio.save()
    return studio.node(plate, **{"keys": "1 5 9", "path": "straight", **knobs})


def mark(studio: Studio, node: Group, **places: tuple[float, float]) -> Any:
    """One more mark, dragged at frames as the artist does; `f5=(1, 2)` is at frame 5."""
    for name, place in places.items():
        studio.host.frame(int(name[1:]))
        if name == next(iter(places)):
            before = set(node.knobs())
            studio.host.press(node, "add_mark")
            (made,) = set(node.knobs()) - before
        drag(studio, node, made, place)
    return node[made]


def drag(studio: Studio, node: Group, name: str, place: tuple[float, float]) -> None:
    for channel, value in enumerate(place):
        node[name].setValue(value, channel)


def table(studio: Studio, node: Group) -> list[str]:
    """The lines of the table that the engine would be handed now."""
    handed = studio.make.prepare(node).job["marks"]
    assert Path(handed) == Path(studio.make.output(node)).parent / "keys/marks.csv"
    return written(studio, node)


def written(studio: Studio, node: Group) -> list[str]:
    """The lines of the table beside the keys."""
    head, *lines = (Path(studio.make.output(node)).parent / "keys/marks.csv").read_text().splitlines()
    assert head == "mark,frame,x,y"
    return lines


def times(studio: Studio, node: Group) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in Path(studio.make.output(node)).parent.glob("*.exr")}


def redrawn(studio: Studio, node: Group) -> set[int]:
    """The frames that another press of the button writes anew."""
    before = times(studio, node)
    studio.run(node)
    assert not studio.host.messages
    after = times(studio, node)
    return {int(name.split(".")[1]) for name in after if after[name] != before[name]}


def test_a_mark_begins_in_the_middle_of_the_picture_keyed_at_the_frame_that_is_shown(
    studio: Studio, plates: Path
) -> None:
    node = through(studio, plates)
    studio.host.frame(5)
    studio.host.press(node, "add_mark")
    assert node["mark1"].value() == [24, 16]
    assert node["mark1"].isKeyAt(5)
    assert not node["mark1"].isKeyAt(1)
    assert list(node.knobs())[-4:] == ["marks_tab", "add_mark", "remove_mark", "mark1"]


def test_marks_are_told_from_the_upper_left_corner_at_the_key_frames_where_they_have_keys(
    studio: Studio, plates: Path
) -> None:
    node = through(studio, plates)
    mark(studio, node, f1=(11.5, 20), f5=(23, 16.25), f7=(0, 0))
    mark(studio, node, f9=(0, 0), f5=(48, 32))
    assert table(studio, node) == ["mark1,1,11.5,12.0", "mark1,5,23.0,15.75", "mark2,5,48.0,0.0", "mark2,9,0.0,32.0"]


def test_with_two_plates_marks_are_at_first_and_last_frame(studio: Studio, plates: Path) -> None:
    a, b = studio.plate("A", plates, 1, 1), studio.plate("B", plates, 9, 9)
    studio.save()
    node = studio.node(a, b, first=101, last=105)
    mark(studio, node, f101=(11, 16), f103=(20, 16), f105=(35, 16))
    assert table(studio, node) == ["mark1,101,11.0,16.0", "mark1,105,35.0,16.0"]


def test_what_the_artist_marks_leads_the_drawing_as_the_command_lines_table_does(
    studio: Studio, plates: Path, tmp_path: Path
) -> None:
    node = through(studio, plates)
    mark(studio, node, f1=(11, 16), f5=(23, 20), f9=(35, 16))
    studio.run(node)
    assert not studio.host.messages
    assert "drawn" in node["state"].value()
    by_hand = tmp_path / "by_hand.csv"
    by_hand.write_text("mark,frame,x,y\nmark1,1,11,16\nmark1,5,23,12\nmark1,9,35,16\n")
    settings = Settings(path="straight")
    run(Job(str(plates.parent), str(tmp_path / "led"), settings, marks=str(by_hand)), lambda event: None)
    run(Job(str(plates.parent), str(tmp_path / "free"), settings), lambda event: None)
    made = Path(studio.make.output(node)).parent
    for frame in (2, 3, 4, 6, 7, 8):
        led = load_exr(tmp_path / f"led/p.{frame:04d}.exr")
        assert np.array_equal(load_exr(made / f"inbetween.{frame:04d}.exr"), led), frame
        assert not np.array_equal(led, load_exr(tmp_path / f"free/p.{frame:04d}.exr")), frame
    record = (made / ".inbetween/inbetween.0003.exr.json").read_text("utf-8")
    assert '"marks": "1 to 5: mark1 11 16 to 23 12"' in record


def test_a_mark_that_is_moved_redoes_only_the_gaps_that_it_leads(studio: Studio, plates: Path) -> None:
    node = through(studio, plates)
    mark(studio, node, f1=(11, 16), f5=(23, 16))
    far = mark(studio, node, f5=(24, 20), f9=(35, 16))
    studio.run(node)
    assert redrawn(studio, node) == set()
    far.setValueAt(36, 9, 0)
    assert node["state"].value().endswith("(knobs have changed since)")
    assert redrawn(studio, node) == {6, 7, 8}
    assert "changed" not in node["state"].value()
    node["output"].setValue((studio.folder / "moved/x.####.exr").as_posix())
    studio.run(node)
    assert written(studio, node)[-1] == "mark2,9,36.0,16.0"


def test_a_mark_that_nobody_placed_says_nothing_and_that_is_said(studio: Studio, plates: Path) -> None:
    node = through(studio, plates, model="dissolve")
    mark(studio, node, f3=(11, 16))
    node.addKnob(studio.nuke.XY_Knob("nose"))
    drag(studio, node, "nose", (3, 4))
    studio.run(node)
    assert not studio.host.messages
    assert not (Path(studio.make.output(node)).parent / "keys/marks.csv").exists()
    for name in ("mark1", "nose"):
        assert f"{name} leads nothing: it has no key at a key frame" in node["state"].value()
    drag(studio, node, "nose", (5, 6))
    assert "changed" not in node["state"].value()


def test_a_mark_that_stays_where_it_is_counts_once_it_has_keys(studio: Studio, plates: Path) -> None:
    node = through(studio, plates)
    mark(studio, node, f1=(3, 4), f5=(3, 4))
    assert table(studio, node) == ["mark1,1,3.0,28.0", "mark1,5,3.0,28.0"]


def test_a_mark_that_follows_an_expression_counts_at_every_key_frame(studio: Studio, plates: Path) -> None:
    node = through(studio, plates)
    knob = mark(studio, node, f3=(0, 0))
    for channel, expression in enumerate(("frame * 2", "16 + frame")):
        knob.setExpression(expression, channel)
    assert table(studio, node) == ["mark1,1,2.0,15.0", "mark1,5,10.0,11.0", "mark1,9,18.0,7.0"]


def test_a_position_knob_that_the_artist_adds_or_names_is_a_mark_by_that_name(studio: Studio, plates: Path) -> None:
    node = through(studio, plates)
    node.addKnob(studio.nuke.XY_Knob("left_paw", "left paw"))
    node["left_paw"].setAnimated()
    for frame in (1, 5):
        node["left_paw"].setValueAt(frame, frame)
    assert table(studio, node) == ["left_paw,1,1.0,31.0", "left_paw,5,5.0,27.0"]


def test_marks_outside_of_the_picture_are_left_out_for_that_key_and_told(studio: Studio, plates: Path) -> None:
    node = through(studio, plates)
    mark(studio, node, f1=(11, 16), f5=(23, 16), f9=(35, -0.5))
    mark(studio, node, f1=(49, 16), f5=(23, 33), f9=(35, 16))
    studio.run(node)
    assert written(studio, node) == ["mark1,1,11.0,16.0", "mark1,5,23.0,16.0", "mark2,9,35.0,16.0"]
    for said in (node["state"].value(), "\n".join(studio.host.printed)):
        assert "mark1 is outside of the picture at 9 and left out there" in said
        assert "mark2 is outside of the picture at 1 5 and left out there" in said
        assert "marks.csv: mark2 lead nothing" in said


def test_marks_are_placed_in_the_display_window_whatever_part_of_it_holds_pixels(
    studio: Studio, tmp_path: Path
) -> None:
    for frame in (1, 5):
        path = save_exr(tmp_path / f"wide/w.{frame:04d}.exr", drawing(20), LAYERED)
        buffer = oiio.ImageBuf(str(path))
        buffer.read(force=True)
        buffer.specmod().x, buffer.specmod().y = 10, -6
        buffer.set_full(0, 100, 0, 60, 0, 1)
        buffer.write(str(path))
    node = through(studio, tmp_path / "wide/w.%04d.exr", keys="1 5")
    mark(studio, node, f1=(99, 59), f5=(0, 0))
    assert table(studio, node) == ["mark1,1,99.0,1.0", "mark1,5,0.0,60.0"]


def test_a_model_that_heeds_no_marks_says_so(studio: Studio, plates: Path) -> None:
    node = through(studio, plates, model="dissolve")
    mark(studio, node, f1=(11, 16), f5=(23, 16))
    studio.run(node)
    (said,) = studio.host.messages
    assert said.startswith("Inbetween1: dissolve does not heed marks; choose motion")
    assert node["state"].value() == said
    studio.host.press(node, "remove_mark")
    studio.run(node)
    assert studio.host.messages == [said]
    assert not (Path(studio.make.output(node)).parent / "keys/marks.csv").exists()


def test_of_several_marks_the_artist_says_which_to_remove(studio: Studio, plates: Path) -> None:
    node = through(studio, plates)
    studio.host.press(node, "remove_mark")
    assert "Inbetween1 has no mark; Add mark makes one" in studio.host.messages.pop()
    for _ in range(11):
        studio.host.press(node, "add_mark")
    studio.host.choices = [None, 1]
    studio.host.press(node, "remove_mark")
    studio.host.press(node, "remove_mark")
    assert studio.host.offered[0] == [f"mark{number}" for number in range(1, 12)]
    assert studio.host.offered[1] == studio.host.offered[0]
    assert "mark2" not in node.knobs()
    studio.host.press(node, "add_mark")
    assert "mark2" in node.knobs()


def test_removing_a_mark_makes_its_frames_old(studio: Studio, plates: Path) -> None:
    node = through(studio, plates)
    mark(studio, node, f1=(11, 16), f5=(23, 18))
    studio.run(node)
    studio.host.press(node, "remove_mark")
    assert node["state"].value().endswith("(knobs have changed since)")
    assert redrawn(studio, node) == {2, 3, 4}


def test_a_saved_script_opens_with_its_marks(studio: Studio, plates: Path) -> None:
    node = through(studio, plates)
    mark(studio, node, f1=(11.5, 16), f5=(23, 16))
    mark(studio, node, f5=(1, 1)).setExpression("frame + 1")
    node.addKnob(studio.nuke.XY_Knob("still"))
    drag(studio, node, "still", (7, 8))
    before, told = studio.host.script(), table(studio, node)
    studio.host.scriptOpen(str(studio.save()))
    assert studio.host.script() == before
    opened = studio.host.toNode("Inbetween1")
    assert opened["still"].value() == [7, 8]
    assert table(studio, opened) == told


def opened(open_nuke: Callable[..., Studio], script: Path) -> tuple[Studio, Group]:
    studio = open_nuke()
    studio.nuke.addOnCreate(studio.adapter.created_in_script, nodeClass="Group")
    studio.host.scriptOpen(str(script))
    node = studio.host.toNode("Inbetween1")
    assert isinstance(node, Group)
    return studio, node


def test_a_later_release_keeps_marks_below_their_buttons(open_nuke: Callable[..., Studio], plates: Path) -> None:
    studio = open_nuke(config={**engine(), "release": "0.9"})
    node = through(studio, plates)
    mark(studio, node, f1=(11, 16), f5=(23, 16))
    mark(studio, node, f5=(11, 16), f9=(23, 16))
    told = table(studio, node)
    studio, node = opened(open_nuke, studio.save())
    assert node["inbetween_version"].value() == "1.0"
    assert list(node.knobs())[-5:] == ["marks_tab", "add_mark", "remove_mark", "mark1", "mark2"]
    assert table(studio, node) == told
    assert "Where this point" in node["mark2"].tooltip()


@pytest.mark.parametrize("release", ["0.9", "1.0"], ids=["another release", "the same release"])
def test_a_node_that_was_saved_without_a_knob_gets_it(
    open_nuke: Callable[..., Studio], plates: Path, release: str
) -> None:
    studio = open_nuke(config={**engine(), "release": release})
    node = through(studio, plates)
    for name in ("marks_tab", "add_mark", "remove_mark", "kmeans"):
        node.removeKnob(node[name])
    studio, node = opened(open_nuke, studio.save())
    assert node["kmeans"].value() == 0
    assert node["keys"].value() == "1 5 9"
    mark(studio, node, f1=(11, 16), f5=(23, 16))
    assert len(table(studio, node)) == 2


def test_a_node_that_lacks_knobs_since_nobody_brought_it_up_to_date_is_made_by_their_defaults(
    studio: Studio, plates: Path
) -> None:
    node = through(studio, plates, model="dissolve")
    for name in ("marks_tab", "add_mark", "remove_mark", "kmeans", "epsilon"):
        node.removeKnob(node[name])
    node["timing"].setValue("ease-in")
    studio.run(node)
    assert not studio.host.messages
    assert "6 in-betweens drawn" in node["state"].value()
    node["timing"].setValue("linear")
    assert node["state"].value().endswith("(knobs have changed since)")


def test_a_table_that_cannot_be_written_is_named(studio: Studio, plates: Path) -> None:
    node = through(studio, plates)
    mark(studio, node, f1=(11, 16), f5=(23, 16))
    (Path(studio.make.output(node)).parent / "keys/marks.csv").mkdir(parents=True)
    studio.run(node)
    assert "keys/marks.csv cannot be written (" in studio.host.messages[0]
    assert node["state"].value() == "nothing made yet"
