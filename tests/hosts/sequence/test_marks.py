"""Marks: what an artist names on two neighbouring keys reaches the network, and only what it touches is drawn anew."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest

from inbetween.core.channels import Channels
from inbetween.core.errors import InputError, SettingsError
from inbetween.core.network import Array, Beyond, Mark, Network
from inbetween.core.settings import Settings
from inbetween.hosts.sequence.frames import Header, read_header, write_frame
from inbetween.hosts.sequence.job import Job, job_from
from inbetween.hosts.sequence.marks import read
from inbetween.hosts.sequence.run import preview
from inbetween.models import flow, registry
from inbetween.models.model import Model
from inbetween.seq import main

Make = Callable[..., Any]
WIDTH, HEIGHT = 24, 16


def mixed(start: Array, end: Array, t: Array, /) -> Array:
    return start + t * (end - start)


@dataclass
class Asked:
    """What a network was led by."""

    size: tuple[int, ...] = ()
    """Of the keys that it drew between."""
    even: bool = False
    before: Sequence[Mark] | None = None
    after: Sequence[Mark] | None = None
    """Of the gaps beyond; None where there was none."""
    marks: Sequence[Mark] = ()


@dataclass
class Recorder:
    """A network that dissolves, and keeps what it is led by."""

    asked: list[Asked] = field(default_factory=list)

    def __call__(self, start: Array, end: Array, t: Array, /) -> Array:
        return mixed(start, end, t)

    def through(self, before: Beyond | None, after: Beyond | None, even: bool, marks: Sequence[Mark] = ()) -> Network:
        earlier, later = (None if each is None else each.marks for each in (before, after))
        asked = Asked((), even, earlier, later, marks)
        self.asked.append(asked)

        def draw(start: Array, end: Array, t: Array, /) -> Array:
            asked.size = start.shape[1:3]
            return mixed(start, end, t)

        return draw

    def model(self, scheme: str = "direct") -> Model:
        def network(channels: Channels, space: str) -> Network:
            return self

        return Model(
            name="recorder",
            version="1",
            algorithm=1,
            licence="Apache-2.0",
            weights_sha256=None,
            learnt_sha256=None,
            engine="numpy",
            scheme=scheme,
            knows_time=True,
            network=network,
            knows_path=True,
            knows_marks=True,
        )


@pytest.fixture
def network() -> Recorder:
    return Recorder()


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., str]:
    """Writes a table of marks: `table(("nose", 1, 4, 8), ...)`, or its whole text."""

    def make(*lines: tuple[str, int, float, float] | str, name: str = "marks.csv") -> str:
        text = "\n".join(line if isinstance(line, str) else ",".join(map(str, line)) for line in lines)
        given = "mark,frame,x,y\n" if not lines or not isinstance(lines[0], str) else ""
        (tmp_path / name).write_text(f"{given}{text}\n", encoding="utf-8")
        return str(tmp_path / name)

    return make


def drawn(events: Iterable[dict[str, Any]]) -> list[int]:
    return sorted(event["frame"] for event in events if event.get("action") == "drawn")


def told(file: Path) -> str:
    return str(read_header(file).parts[0].get_string_attribute("inbetween:marks"))


def warnings(events: Iterable[dict[str, Any]]) -> list[str]:
    return [event["message"] for event in events if event["event"] in ("warning", "cut")]


def test_what_bears_one_name_on_both_keys_of_a_gap_leads_the_network(
    keys: Make, fill: Make, table: Make, network: Recorder, tmp_path: Path
) -> None:
    marks = table(("tip", 1, 7.5, 8), ("nose", 1, 5, 2), ("tip", 5, 11.5, 8), ("nose", 5, 9, 3), ("ear", 1, 1, 1))
    summary, events = fill(keys([1, 5]), tmp_path / "out", network.model(), marks=marks)
    assert (summary.drawn, summary.failed) == (3, ())
    (asked,) = network.asked
    assert asked.marks == (((5, 2), (9, 3)), ((7.5, 8), (11.5, 8))), "in order of their names"
    assert (asked.before, asked.after) == (None, None)
    assert [event["marks"] for event in events if event["event"] == "sequence"] == [3]


def test_marks_of_the_gaps_beyond_lead_as_well_in_the_order_of_time(
    keys: Make, fill: Make, table: Make, network: Recorder, tmp_path: Path
) -> None:
    marks = table(*(("tip", key, key, 8) for key in (1, 5, 9, 13)))
    fill(keys([1, 5, 9, 13]), tmp_path / "out", network.model(), marks=marks)
    first, second, third = network.asked
    assert (first.before, first.marks, first.after) == (None, (((1, 8), (5, 8)),), (((5, 8), (9, 8)),))
    assert (second.before, second.after) == ((((1, 8), (5, 8)),), (((9, 8), (13, 8)),))
    assert third.after is None
    assert not any(asked.even for asked in network.asked)


def test_a_straight_path_is_led_by_the_marks_of_its_own_gap(
    keys: Make, fill: Make, table: Make, network: Recorder, tmp_path: Path
) -> None:
    marks = table(("tip", 1, 1, 8), ("tip", 5, 5, 8))
    fill(keys([1, 5, 9]), tmp_path / "out", network.model(), marks=marks, path="straight")
    (asked,) = network.asked
    assert asked == Asked((HEIGHT, WIDTH), True, None, None, (((1, 8), (5, 8)),))


def test_a_new_numbering_leaves_marks_with_their_keys(
    keys: Make, fill: Make, table: Make, network: Recorder, tmp_path: Path
) -> None:
    """Marks name the numbers of the source, whatever the result's are."""
    marks = table(("tip", 3, 1, 8), ("tip", 4, 5, 8))
    fill(keys([3, 4]), tmp_path / "out", network.model(), marks=marks, insert=3)
    assert [asked.marks for asked in network.asked] == [(((1, 8), (5, 8)),)]


def part(path: Path, pixels: np.ndarray, at: tuple[int, int], origin: tuple[int, int] = (0, 0)) -> None:
    """An EXR of the rows and columns of a picture from (x, y) on, whose display window begins at `origin`."""
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], 4, "half")
    spec.x, spec.y = at[0] + origin[0], at[1] + origin[1]
    spec.full_x, spec.full_y = origin
    spec.full_width, spec.full_height = WIDTH, HEIGHT
    spec["DateTime"] = ""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_frame(path, Header(path, (spec,), False), np.ascontiguousarray(pixels))


@pytest.mark.parametrize("origin", [(0, 0), (-7, 100)])
def test_marks_count_from_the_display_window_whatever_part_of_it_holds_data(
    fill: Make, table: Make, network: Recorder, picture: Make, tmp_path: Path, origin: tuple[int, int]
) -> None:
    part(tmp_path / "in" / "a.1.exr", picture(1)[5:11, 6:12], (6, 5), origin)
    part(tmp_path / "in" / "a.5.exr", picture(5)[4:10, 8:14], (8, 4), origin)
    part(tmp_path / "in" / "a.9.exr", picture(9)[6:12, 7:15], (7, 6), origin)
    marks = table(("tip", 1, 7.5, 8), ("tip", 5, 11.5, 8), ("tip", 9, 15.5, 9), ("far", 1, 0, 16), ("far", 5, 24, 0))
    fill(tmp_path / "in", tmp_path / "out", network.model(), marks=marks)
    first, second = network.asked
    # Both gaps are drawn over all three keys, with a margin of a pixel.
    assert first.size == second.size == (10, 11)
    assert first.marks == second.before == (((-5, 13), (19, -3)), ((2.5, 5), (6.5, 5)))
    assert first.after == second.marks == (((6.5, 5), (10.5, 6)),)


def test_marks_lie_on_the_picture_of_a_guide(
    fill: Make, table: Make, network: Recorder, picture: Make, tmp_path: Path
) -> None:
    """The guide reaches farther than what it leads: marks are where its picture has them."""
    for number in (1, 5):
        part(tmp_path / "beauty" / f"a.{number}.exr", picture(number)[4:13, 5:16], (5, 4))
        part(tmp_path / "pass" / f"a.{number}.exr", picture(number)[6:10, 8:12], (8, 6))
    marks = table(("tip", 1, 7.5, 8), ("tip", 5, 11.5, 8))
    fill(tmp_path / "pass", tmp_path / "out", network.model(), marks=marks, guide=str(tmp_path / "beauty"))
    (asked,) = network.asked
    assert (asked.size, asked.marks) == ((11, 13), (((3.5, 5), (7.5, 5)),))


def test_marks_lead_every_sequence_that_has_their_keys(
    keys: Make, fill: Make, table: Make, network: Recorder, tmp_path: Path
) -> None:
    keys([1, 5])
    keys([1, 5], "other.{:04d}.exr")
    folder = keys([2, 4], "third.{:04d}.exr")
    marks = table(("tip", 1, 7, 8), ("tip", 5, 11, 8))
    _, events = fill(folder, tmp_path / "out", network.model(), marks=marks)
    assert [event["marks"] for event in events if event["event"] == "sequence"] == [1, 1, 0]
    assert [len(asked.marks) for asked in network.asked] == [1, 1, 0]
    assert not warnings(events)


def test_a_moved_mark_redoes_only_the_gaps_that_it_leads(
    keys: Make, fill: Make, table: Make, network: Recorder, tmp_path: Path
) -> None:
    source, at = keys([1, 4, 7, 10, 13]), {1: 3.0, 4: 6.0, 7: 9.0, 10: 12.0, 13: 15.0}
    model = network.model()

    def go(path: str, **more: Any) -> list[int]:
        marks = table(*(("tip", key, x, 8) for key, x in at.items()))
        return drawn(fill(source, tmp_path / path, model, marks=marks, path=path, **more)[1])

    assert len(go("straight")) == len(go("smooth")) == 8
    assert go("straight") == go("smooth") == []
    at[1] = 3.25
    assert go("straight") == [2, 3]
    assert go("smooth") == [2, 3, 5, 6], "what lies beyond a gap leads it too"
    del at[13]
    assert go("straight") == [11, 12]
    assert go("smooth") == [8, 9, 11, 12]


def test_frames_without_marks_are_those_of_a_run_without_any(
    keys: Make, fill: Make, table: Make, network: Recorder, tmp_path: Path
) -> None:
    source, model = keys([1, 4, 7, 10]), network.model()
    fill(source, tmp_path / "out", model, path="straight")
    marks = table(("tip", 4, 6, 8), ("tip", 7, 9, 8), ("lone", 10, 2, 2))
    _, events = fill(source, tmp_path / "out", model, marks=marks, path="straight")
    assert drawn(events) == [5, 6]
    assert not told(tmp_path / "out" / "shot.0002.exr")
    record = json.loads((tmp_path / "out" / ".inbetween" / "shot.0002.exr.json").read_text())
    assert "marks" not in record["origin"]
    assert drawn(fill(source, tmp_path / "out", model, path="straight")[1]) == [5, 6]


def test_a_frame_says_which_marks_led_it(
    keys: Make, fill: Make, table: Make, network: Recorder, tmp_path: Path
) -> None:
    marks = table(("tip", 1, 3, 8), ("tip", 4, 6.25, 8), ("tip", 7, 9, 8.5), ("ear", 4, 1, 2), ("ear", 7, 2, 3))
    fill(keys([1, 4, 7]), tmp_path / "out", network.model(), marks=marks)
    expected = "1 to 4: tip 3 8 to 6.25 8; 4 to 7: ear 1 2 to 2 3, tip 6.25 8 to 9 8.5"
    assert told(tmp_path / "out" / "shot.0002.exr") == expected
    fill(keys([1, 4, 7]), tmp_path / "straight", network.model(), marks=marks, path="straight")
    assert told(tmp_path / "straight" / "shot.0003.exr") == "1 to 4: tip 3 8 to 6.25 8"


def test_every_share_of_a_run_is_led_by_the_same_marks(
    keys: Make, fill: Make, table: Make, network: Recorder, tmp_path: Path
) -> None:
    source, marks = keys([1, 4, 7, 10]), table(*(("tip", key, key, 8) for key in (1, 4, 7, 10)))
    fill(source, tmp_path / "whole", network.model(), marks=marks)
    for frames in ("1-3", "4-6", "7-10"):
        _, events = fill(source, tmp_path / "shared", network.model(), marks=marks, frames=frames)
        assert not warnings(events)
    whole, shared = (
        {file.name: file.read_bytes() for file in (tmp_path / name).glob("*.exr")} for name in ("whole", "shared")
    )
    assert whole == shared


def test_a_mark_in_no_gap_is_named(keys: Make, fill: Make, table: Make, network: Recorder, tmp_path: Path) -> None:
    marks = table(("tip", 1, 3, 8), ("tip", 9, 9, 8), ("ear", 5, 1, 2), ("nose", 5, 4, 4), ("nose", 9, 4, 5))
    _, events = fill(keys([1, 5, 9]), tmp_path / "out", network.model(), marks=marks)
    assert warnings(events) == ["marks.csv: ear, tip lead nothing; a mark leads where it is on two neighbouring keys"]
    seen: list[dict[str, Any]] = []
    job = Job(str(tmp_path / "in"), str(tmp_path / "out"), marks=marks)
    list(preview(job, seen.append, load=lambda *_: network.model()))
    assert warnings(seen) == warnings(events), "before a run as well"


def test_a_gap_that_is_held_says_that_its_marks_are_not_heeded(
    keys: Make, fill: Make, table: Make, write: Make, network: Recorder, picture: Make, tmp_path: Path
) -> None:
    source = keys([1, 5])
    write(source / "shot.0009.exr", picture(5))
    noise = np.random.default_rng(1).random((HEIGHT, WIDTH, 4), np.float32)
    write(source / "shot.0013.exr", noise)
    marks = table(*(("tip", key, key, 8) for key in (1, 5, 9, 13)), *(("ear", key, 1, 2) for key in (5, 9)))
    summary, events = fill(source, tmp_path / "out", network.model(), marks=marks, cut_threshold=0.3)
    still, cut = warnings(events)
    assert still == "shot.0005.exr is held: shot.0009.exr is the same picture; its marks are not heeded"
    assert cut.startswith("shot.0009.exr is held: ")
    assert cut.endswith("; its marks are not heeded")
    assert (summary.drawn, summary.held) == (3, 6)


def test_marks_that_stand_still_in_a_gap_that_is_held_are_not_worth_a_word(
    keys: Make, fill: Make, table: Make, write: Make, network: Recorder, picture: Make, tmp_path: Path
) -> None:
    source = keys([1])
    write(source / "shot.0005.exr", picture(1))
    _, events = fill(source, tmp_path / "out", network.model(), marks=table(("tip", 1, 3, 8), ("tip", 5, 3, 8)))
    assert not warnings(events)


def test_a_table_of_marks_among_the_keys_is_no_stray_file(
    keys: Make, fill: Make, table: Make, network: Recorder, tmp_path: Path
) -> None:
    source = keys([1, 5])
    marks = table(("tip", 1, 3, 8), ("tip", 5, 3, 9), name="in/marks.csv")
    (source / "notes.txt").write_text("")
    _, events = fill(source, tmp_path / "out", network.model(), marks=marks)
    assert [event["files"] for event in events if event["event"] == "stray"] == [["notes.txt"]]


def test_tables_are_read_as_spreadsheets_and_people_write_them(tmp_path: Path) -> None:
    file = tmp_path / "marks.csv"
    file.write_bytes(
        "\ufeff# walk, left side\r\n\r\n Y , Mark,X,frame,note\r\n8, left  hand ,7.5,0001,by eye\r\n"
        ',,,,\r\n  \r\n# next key\r\n"9","left hand",1e1,5,,\r\n8,Auge rechts ä,.5,-3,\r\n8,"#1",2,5\r\n'.encode()
    )
    table = read(str(file))
    assert [(line.number, line.mark, line.key, line.place) for line in table.lines] == [
        (4, "left hand", 1, (7.5, 8)),
        (8, "left hand", 5, (10, 9)),
        (9, "Auge rechts ä", -3, (0.5, 8)),
        (10, "#1", 5, (2, 8)),
    ]


@pytest.mark.parametrize("separator", [";", "\t"], ids=["semicolons", "tabs"])
@pytest.mark.parametrize("point", [",", "."], ids=["decimal comma", "decimal point"])
def test_tables_are_read_as_spreadsheets_of_any_country_save_them(tmp_path: Path, separator: str, point: str) -> None:
    file = tmp_path / "marks.csv"
    rows = ("# Pfote, links", "mark|frame|x|y|note", '"paw, left"|1|26!5|8|by eye', "paw|9|1!5e1|30|")
    text = "".join(f"{row}\r\n" for row in rows)
    file.write_text(text.replace("|", separator).replace("!", point), encoding="utf-8-sig", newline="")
    found = [(line.mark, line.key, line.place) for line in read(str(file)).lines]
    assert found == [("paw, left", 1, (26.5, 8)), ("paw", 9, (15, 30))]


HEAD = "mark,frame,x,y"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"marks\.csv is empty; write a line mark,frame,x,y and below it one for each mark and key"),
        ("# nothing yet\n\n", r"marks\.csv is empty; write"),
        (f"{HEAD}\n\n", r"marks\.csv, line 1: no mark below; write one line for each mark and key"),
        ("mark,frame\ntip,1", r"marks\.csv, line 1: no column x or y; begin the table with mark,frame,x,y"),
        ("#\ntip,1,3,8", r"marks\.csv, line 2: no column mark or frame or x or y; begin"),
        ("mark;frame;x\ntip;1;3", r"marks\.csv, line 1: no column y; begin the table with mark;frame;x;y"),
        ("mark|frame|x|y\ntip|1|3|8", r"marks\.csv, line 1: no column mark or frame or x or y; .* mark,frame,x,y"),
        ("mark;frame;x;y\ntip;1;3,5", r"marks\.csv, line 2: 3 values for 4 columns; write mark;frame;x;y"),
        ("mark;frame;x;y\ntip;1;1.003,5;8", r"marks\.csv, line 2: x is '1\.003,5'; write a number of pixels"),
        (f'{HEAD}\ntip,1,"3,5",8', r"marks\.csv, line 2: x is '3,5'; write a number of pixels"),
        (f"{HEAD},x\ntip,1,3,8,4", r"marks\.csv, line 1: no column x; begin"),
        (f"{HEAD}\n\ntip,1,3", r"marks\.csv, line 3: 3 values for 4 columns; write mark,frame,x,y"),
        (f"{HEAD}\ntip,1,3,5,8,5", r"marks\.csv, line 2: 6 values for 4 columns; write mark,frame,x,y"),
        (f"{HEAD}\n ,1,3,8", r"marks\.csv, line 2: the mark has no name; give it one"),
        (f"{HEAD}\ntip,1.5,3,8", r"marks\.csv, line 2: frame is '1\.5'; write the number of a key"),
        (f"{HEAD}\ntip,1,three,8", r"marks\.csv, line 2: x is 'three'; write a number of pixels, such as 412\.5"),
        (f"{HEAD}\ntip,1,3,", r"marks\.csv, line 2: y is ''; write a number"),
        (f"{HEAD}\ntip,1,3,nan", r"marks\.csv, line 2: y is 'nan'; write a number"),
        (f"{HEAD}\ntip,1,inf,8", r"marks\.csv, line 2: x is 'inf'; write a number"),
        (f"{HEAD}\ntip,5,3,8\ntip,1,3,8\ntip,5,4,8", r"marks\.csv, line 4: tip is on key 5 already, by line 2"),
        (f"{HEAD}\ntip,3,3,8", r"marks\.csv, line 2: frame 3 is no key; marks are on keys, whose numbers are 1, 5$"),
        (
            f"{HEAD}\ntip,1,24.5,8",
            r"marks\.csv, line 2: 24\.5 8 is outside of shot\.0001\.exr, whose display window is 24x16; count from",
        ),
        (f"{HEAD}\ntip,5,4,-1", r"marks\.csv, line 2: 4 -1 is outside of shot\.0005\.exr"),
    ],
)  # fmt: skip
def test_what_is_no_table_of_marks_is_named_by_its_line_before_anything_is_written(
    keys: Make, fill: Make, network: Recorder, tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "marks.csv").write_text(text)
    with pytest.raises(InputError, match=words) as refused:
        fill(keys([1, 5]), tmp_path / "out", network.model(), marks=str(tmp_path / "marks.csv"))
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, r"marks\.csv cannot be read: No such file or directory; name a table of marks"),
        ("mark,frame,x,y\nHöhe,1,3,8".encode("utf-16"), r"marks\.csv is no text in UTF-8; save the table as CSV"),
        (b"mark,frame,x,y\ntip,1," + b"3" * 200_000, r"marks\.csv, line 2: no line of a table \(field larger"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_as_a_table_is_named(
    keys: Make, fill: Make, network: Recorder, tmp_path: Path, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / "marks.csv").write_bytes(content)
    with pytest.raises(InputError, match=words):
        fill(keys([1, 5]), tmp_path / "out", network.model(), marks=str(tmp_path / "marks.csv"))
    with pytest.raises(InputError, match=r"cannot be read: Is a directory|cannot be read: Permission denied"):
        fill(keys([1, 5]), tmp_path / "out", network.model(), marks=str(tmp_path))


def test_a_model_that_heeds_no_marks_refuses_them_before_anything_is_written(
    keys: Make, fill: Make, table: Make, network: Recorder, tmp_path: Path
) -> None:
    source, marks = keys([1, 5]), table(("tip", 1, 3, 8), ("tip", 5, 7, 8))
    with pytest.raises(SettingsError, match=r"^flow does not heed marks; choose motion, or leave marks out$"):
        fill(source, tmp_path / "out", flow.build(), marks=marks)
    with pytest.raises(SettingsError, match=r"^dissolve does not heed marks; "):
        fill(source, tmp_path / "out", marks=marks)
    with pytest.raises(
        SettingsError, match=r"^marks are not heeded in triads; choose scheme direct, or leave marks out$"
    ):
        fill(source, tmp_path / "out", network.model(), marks=marks, scheme="triads")
    with pytest.raises(SettingsError, match=r"^marks are not heeded in triads; "):
        fill(source, tmp_path / "out", network.model("triads"), marks=marks)
    assert not (tmp_path / "out").exists()


def test_of_the_models_motion_alone_heeds_marks() -> None:
    heeding = [name for name in registry.MODELS if registry.load(name, "cpu", "auto").knows_marks]
    assert heeding == ["motion"]


def test_a_job_of_plain_values_has_marks() -> None:
    assert job_from({"source": "keys", "target": "out", "marks": "marks.csv"}).marks == "marks.csv"


def test_the_command_line_leads_motion_by_marks(
    keys: Make, table: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = keys([1, 3])
    marks = table(("tip", 1, 7, 8), ("tip", 3, 9, 8), ("ear", 1, 2, 2), ("ear", 3, 2, 2))
    command = [str(source), str(tmp_path / "out"), "--marks", marks, "--cut-threshold", "1"]
    assert main([*command, "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines()[0].endswith(f"-> {tmp_path / 'out'}, 2 marks")
    assert main(command) == 0
    assert "2 keys, 3 frames, 2 marks; picture R G B" in capsys.readouterr().out
    assert told(tmp_path / "out" / "shot.0002.exr") == "1 to 3: ear 2 2 to 2 2, tip 7 8 to 9 8"
    assert main([*command, "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["marks"] for event in events if event["event"] == "sequence"] == [2]
    assert events[-1]["kept"] == 3


def test_the_command_line_refuses_marks_that_are_not_heeded(
    keys: Make, table: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [str(keys([1, 5])), str(tmp_path / "out"), "--marks", table(("tip", 1, 3, 8))]
    assert main([*command, "--model", "flow"]) == 2
    assert "flow does not heed marks; choose motion, or leave marks out" in capsys.readouterr().err
    assert main([*command, "--dry-run", "--model", "flow"]) == 2
    assert Settings().model == "motion", "what heeds marks needs no choice"
