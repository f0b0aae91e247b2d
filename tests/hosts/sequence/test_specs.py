"""What the files of in-betweens say of themselves."""

import struct
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest

from inbetween.core.errors import InputError
from inbetween.hosts.sequence.frames import Header, read_header, read_plate, write_frame
from inbetween.hosts.sequence.window import Window
from inbetween.seq import main

Make = Callable[..., Any]

TIMECODE = 0x01000020
"""01:00:00:20"""


def exr(file: Path, number: int, window: Window, **attributes: Any) -> Path:
    """An EXR; one that is `bare` has no timecode. `matrices` are further attributes of 16 numbers."""
    bare, matrices = attributes.pop("bare", False), attributes.pop("matrices", {})
    spec = oiio.ImageSpec(window.width, window.height, 4, oiio.HALF)
    spec.x, spec.y, spec.full_x, spec.full_y, spec.full_width, spec.full_height = window.x, window.y, 0, 0, 20, 10
    for name, value in attributes.items():
        spec[name] = value
    for name, value in matrices.items():
        spec.attribute(name, oiio.TypeDesc("matrix"), value)
    if not bare:
        spec.attribute("smpte:TimeCode", oiio.TypeDesc("timecode"), (TIMECODE + number, 7))
    spec.attribute("FramesPerSecond", oiio.TypeDesc("rational"), (24, 1))
    spec.attribute("chromaticities", oiio.TypeDesc("float[8]"), (0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.32, 0.34))
    spec["oiio:ColorSpace"] = "ACEScg"
    file.parent.mkdir(exist_ok=True)
    write_frame(file, Header(file, (spec,), False), np.full((window.height, window.width, 4), number / 8, np.float32))
    return file


def test_in_betweens_keep_the_keys_metadata(fill: Make, tmp_path: Path) -> None:
    for number in (1, 5):
        more = {"compression": "piz", "Artist": "M. Sendak", "studio/shot": "sh010", "DateTime": "2024:01:31 10:00:00"}
        exr(tmp_path / "in" / f"a.{number:04d}.exr", number, Window(0, 0, 20, 10), **more)
    fill(tmp_path / "in", tmp_path / "out")
    key, drawn = (read_header(tmp_path / "out" / f"a.000{number}.exr").parts[0] for number in (1, 3))
    ours = {item.name for item in drawn.extra_attribs if item.name.startswith("inbetween:")}
    for item in key.extra_attribs:
        if item.name != "smpte:TimeCode":
            assert drawn.get(item.name) == item.value, item.name
    assert {item.name for item in drawn.extra_attribs} - ours == {item.name for item in key.extra_attribs}
    assert drawn.format == key.format


def camera(at: float) -> tuple[float, ...]:
    """A matrix that puts a camera somewhere along x."""
    return (1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, at, 0, 0, 1)


def test_what_differs_from_key_to_key_is_left_out_between_them(fill: Make, tmp_path: Path) -> None:
    for number in (1, 3):
        more = {"Artist": "M. Sendak", "studio/take": f"take {number}", "studio/lens": 35 if number == 1 else 35.0}
        more |= {"DateTime": f"2024:01:31 10:00:0{number}", "compression": "piz" if number == 1 else "zip"}
        if number == 1:
            more["studio/slate"] = "A7"
        matrices = {"worldToNDC": camera(number), "worldToCamera": camera(number), "screenToCamera": camera(0)}
        exr(tmp_path / "in" / f"a.{number}.exr", number, Window(0, 0, 20, 10), matrices=matrices, **more)
    fill(tmp_path / "in", tmp_path / "out")
    key, drawn = (read_header(tmp_path / "out" / f"a.{number}.exr").parts[0] for number in (1, 2))
    lost = {item.name.lower() for item in key.extra_attribs} - {item.name.lower() for item in drawn.extra_attribs}
    assert lost == {"worldtondc", "worldtocamera", "studio/take", "studio/slate", "datetime"}
    assert drawn.get("screenToCamera") == camera(0)
    assert drawn.get("compression") == "piz", "how pixels are stored is the first key's"
    assert drawn.get("smpte:TimeCode")[0] == TIMECODE + 2


def test_a_key_as_another_type_keeps_all_that_it_says(fill: Make, write: Make, picture: Make, tmp_path: Path) -> None:
    for number in (1, 3):
        write(tmp_path / "in" / f"a.{number}.png", picture(number), "uint8", Artist=f"artist {number}", Copyright="us")
    fill(tmp_path / "in", tmp_path / "out", ext="tif")
    parts = [read_header(tmp_path / "out" / f"a.{number}.tif").parts[0] for number in (1, 2, 3)]
    assert [(part.get("Artist"), part.get("Copyright")) for part in parts] == [
        ("artist 1", "us"),
        (None, "us"),
        ("artist 3", "us"),
    ]


@pytest.mark.parametrize("kind", ["dwaa", "dwab"])
@pytest.mark.parametrize("level", [250.0, 77.5, None])
def test_in_betweens_are_compressed_as_far_as_their_keys(
    fill: Make, write: Make, picture: Make, tmp_path: Path, kind: str, level: float | None
) -> None:
    for number in (1, 3):
        more = {} if level is None else {"dwaCompressionLevel": level}
        write(tmp_path / "in" / f"a.{number}.exr", picture(number), compression=kind, **more)
    fill(tmp_path / "in", tmp_path / "out")
    key, drawn = (read_header(tmp_path / "out" / f"a.{number}.exr").parts[0] for number in (1, 2))
    for name in ("compression", "openexr:dwaCompressionLevel"):
        assert drawn.get(name) == key.get(name)


def test_timecode_goes_on_from_the_first_key(fill: Make, tmp_path: Path) -> None:
    for number in (1, 9):
        exr(tmp_path / "in" / f"a.{number:04d}.exr", number, Window(0, 0, 20, 10))
    fill(tmp_path / "in", tmp_path / "out")
    codes = [read_header(tmp_path / "out" / f"a.000{n}.exr").parts[0].get("smpte:TimeCode") for n in (2, 3, 4)]
    assert [hex(code) for code, _ in codes] == ["0x1000022", "0x1000023", "0x1000100"]
    assert {user for _, user in codes} == {7}


@pytest.mark.parametrize(
    ("apart", "expected"),
    [
        (4, [(TIMECODE + 1, 1001), (TIMECODE + 2, 1002), (TIMECODE + 3, 1003)]),
        (1, [(None, None)] * 3),
        (0, [(None, 1000)] * 3),
    ],
    ids=["as far as the result's frames", "frame by frame", "one for all"],
)
@pytest.mark.parametrize("counter", ["imageCounter", "nuke/input/frame"])
def test_inserted_frames_have_a_time_of_their_own_or_none(
    fill: Make, tmp_path: Path, apart: int, expected: list[Any], counter: str
) -> None:
    for number in (0, 1):
        place = number * apart
        exr(tmp_path / "in" / f"a.{number + 1}.exr", place, Window(0, 0, 20, 10), **{counter: 1000 + place})
    fill(tmp_path / "in", tmp_path / "out", insert=3)
    drawn = [read_header(tmp_path / "out" / f"a.{number}.exr").parts[0] for number in (2, 3, 4)]
    found = [((part.get("smpte:TimeCode") or (None,))[0], part.get(counter)) for part in drawn]
    assert found == expected


def test_frame_counters_go_on_from_key_to_key(fill: Make, tmp_path: Path) -> None:
    for number in (1, 5):
        counters = {"imageCounter": 70 + number, "nuke/input/frame": 1000 + number, "nuke/input/timecode": f"0{number}"}
        exr(tmp_path / "in" / f"a.{number}.exr", number, Window(0, 0, 20, 10), **counters)
    fill(tmp_path / "in", tmp_path / "out")
    drawn = read_header(tmp_path / "out" / "a.4.exr").parts[0]
    assert [drawn.get(name) for name in counters] == [74, 1004, None]


def test_a_key_without_a_timecode_leaves_its_gap_without_any(fill: Make, tmp_path: Path) -> None:
    for number in (1, 3):
        exr(tmp_path / "in" / f"a.{number}.exr", number, Window(0, 0, 20, 10), bare=number == 3)
    fill(tmp_path / "in", tmp_path / "out")
    assert read_header(tmp_path / "out" / "a.2.exr").parts[0].get("smpte:TimeCode") is None


def test_an_in_between_s_data_window_holds_both_keys(fill: Make, tmp_path: Path) -> None:
    exr(tmp_path / "in" / "a.0001.exr", 1, Window(2, 1, 6, 4))
    exr(tmp_path / "in" / "a.0003.exr", 3, Window(-5, 3, 9, 9))
    fill(tmp_path / "in", tmp_path / "out")
    plate = read_plate(tmp_path / "out" / "a.0002.exr")
    assert (plate.header.window, plate.header.display) == (Window(-5, 1, 13, 11), Window(0, 0, 20, 10))
    np.testing.assert_allclose(plate.pixels[3, 8], 0.5 * 1 / 8 + 0.5 * 3 / 8)
    np.testing.assert_allclose(plate.pixels[0, 12], 0.5 * 1 / 8)
    np.testing.assert_allclose(plate.pixels[10, 0], 0.5 * 3 / 8)
    assert not plate.pixels[0, 0].any()


def test_an_in_between_is_dated_only_if_its_key_is(keys: Make, fill: Make, tmp_path: Path) -> None:
    fill(keys([1, 3]), tmp_path / "out")
    assert read_header(tmp_path / "out" / "shot.0002.exr").parts[0].get("DateTime") is None


@pytest.mark.parametrize(
    ("pixels", "kind", "says"),
    [
        (np.zeros((16, 20, 4), np.float32), "half", "display window 20x16, but shot.0001.exr has 24x16"),
        (np.zeros((16, 24, 3), np.float32), "half", r"channels R G B \(half\), but shot.0001.exr has R G B A \(half\)"),
        (np.zeros((16, 24, 4), np.float32), "float", r"R G B A \(float\), but shot.0001.exr has R G B A \(half\)"),
    ],
)
def test_keys_that_do_not_fit_are_refused_before_anything_is_written(
    keys: Make, fill: Make, write: Make, tmp_path: Path, pixels: np.ndarray, kind: str, says: str
) -> None:
    source = keys([1, 9])
    write(source / "shot.0005.exr", pixels, kind)
    with pytest.raises(InputError, match=says):
        fill(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_layers_and_ids_move_along(fill: Make, tmp_path: Path) -> None:
    for number in (1, 4):
        parts = [
            oiio.ImageSpec(8, 8, 4, oiio.HALF),
            oiio.ImageSpec(8, 8, 1, oiio.FLOAT),
            oiio.ImageSpec(8, 8, 1, oiio.UINT32),
        ]
        parts[1].channelnames, parts[2].channelnames = ("Z",), ("id",)
        for part, name in zip(parts, ("rgba", "depth", "mask"), strict=True):
            part["oiio:subimagename"] = name
        pixels = np.full((8, 8, 6), number, np.float32)
        pixels[0, 0, 4] = np.inf
        pixels[..., 5] = np.uint32(4_000_000_000 + number).view(np.float32)
        file = tmp_path / "in" / f"a.{number}.exr"
        file.parent.mkdir(exist_ok=True)
        write_frame(file, Header(file, tuple(parts), False), pixels)
    _, events = fill(tmp_path / "in", tmp_path / "out")
    plate = read_plate(tmp_path / "out" / "a.2.exr")
    assert [part.get("oiio:subimagename") for part in plate.header.parts] == ["rgba", "depth", "mask"]
    assert [str(part.format) for part in plate.header.parts] == ["half", "float", "uint"]
    np.testing.assert_allclose(plate.pixels[..., :4], 2, rtol=1e-6)
    assert (plate.pixels[1:, :, 4] == 1).all()  # depth is the nearer key's where nothing is known of motion
    assert plate.pixels[0, 0, 4] == np.inf
    assert set(np.ascontiguousarray(plate.pixels[..., 5]).view(np.uint32).ravel().tolist()) == {4_000_000_001}
    assert [event for event in events if event["event"] == "warning"] == []


def mixed(files: Sequence[bytes]) -> bytes:
    """An EXR file whose first part is the first file's, and its second part the second one's.

    OpenImageIO writes no such file. Its layout is that of "OpenEXR File Layout" (openexr.com): headers, a table of
    places for the chunks of each part, and the chunks, each of which begins with the number of its part.
    """
    headers: list[bytes] = []
    chunks: list[list[bytes]] = []
    for number, content in enumerate(files):
        found: list[bytes] = []
        counts: list[int] = []
        at = 8
        while content[at]:
            begin = at
            while content[at]:
                name = content[at : content.index(b"\0", at)]
                size_at = content.index(b"\0", at + len(name) + 1) + 1
                (size,) = struct.unpack_from("<i", content, size_at)
                at = size_at + 4 + size
                if name == b"chunkCount":
                    counts += struct.unpack_from("<i", content, size_at + 4)
            at += 1
            found.append(content[begin:at])
        places = struct.unpack_from(f"<{sum(counts)}Q", content, at + 1)
        ends = sorted((*places, len(content)))
        first = sum(counts[:number])
        own = places[first : first + counts[number]]
        headers.append(found[number])
        chunks.append([content[place : ends[ends.index(place) + 1]] for place in own])
    head = files[0][:8] + b"".join(headers) + b"\0"
    at, table = len(head) + 8 * sum(map(len, chunks)), b""
    for chunk in chain(*chunks):
        table += struct.pack("<Q", at)
        at += len(chunk)
    return head + table + b"".join(chain(*chunks))


@pytest.mark.parametrize("order", [("tiles", "lines"), ("lines", "tiles")], ids=" before ".join)
def test_tiled_and_scanline_parts_in_one_file_are_filled_as_any_others(tmp_path: Path, order: tuple[str, str]) -> None:
    for number in (1, 3):
        for folder, tile in (("tiles", 16), ("lines", 0)):
            parts = oiio.ImageSpec(40, 24, 4, oiio.HALF), oiio.ImageSpec(40, 24, 1, oiio.FLOAT)
            parts[1].channelnames = ("Z",)
            for part, name in zip(parts, ("beauty", "depth"), strict=True):
                part["oiio:subimagename"], part["compression"], part["DateTime"] = name, "zip", ""
                part.tile_width = part.tile_height = tile
            file = tmp_path / folder / f"shot.{number}.exr"
            file.parent.mkdir(exist_ok=True)
            pixels = np.random.default_rng(number).random((24, 40, 5)).astype(np.float32)
            write_frame(file, Header(file, parts, False), pixels)
        key = tmp_path / "in" / f"shot.{number}.exr"
        key.parent.mkdir(exist_ok=True)
        key.write_bytes(mixed([(tmp_path / folder / key.name).read_bytes() for folder in order]))
        assert sorted(part.tile_width for part in read_header(key).parts) == [0, 16]
    options = ["-q", "--model", "flow", "--cut-threshold", "1"]
    assert main([str(tmp_path / "in"), str(tmp_path / "out"), *options]) == 0
    assert main([str(tmp_path / "lines"), str(tmp_path / "plain"), *options]) == 0
    drawn, plain = (read_plate(tmp_path / folder / "shot.2.exr") for folder in ("out", "plain"))
    assert np.array_equal(drawn.pixels, plain.pixels)
    assert drawn.header.channels == plain.header.channels
    assert [str(part.format) for part in drawn.header.parts] == ["half", "float"]
    assert {part.tile_width for part in drawn.header.parts} == {0}
    for number in (1, 3):
        names = [tmp_path / folder / f"shot.{number}.exr" for folder in ("in", "out")]
        assert names[0].read_bytes() == names[1].read_bytes()
