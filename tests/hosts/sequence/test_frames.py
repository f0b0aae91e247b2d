"""Pixels and headers through files and back."""

import contextlib
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbetween.core.errors import FrameReadError, FrameWriteError
from inbetween.core.whole import whole
from inbetween.hosts.sequence.frames import Header, read_header, read_plate, write_frame
from inbetween.hosts.sequence.window import Window

Make = Callable[..., Any]


def spec(width: int, height: int, names: str, kind: str = "half", **more: Any) -> oiio.ImageSpec:
    made = oiio.ImageSpec(width, height, len(names.split()), kind)
    made.channelnames = tuple(names.split())
    for name, value in more.items():
        made[name.replace("__", ":")] = value
    return made


def noise(height: int, width: int, channels: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((height, width, channels)).astype(np.float16).astype(np.float32)


def bits(pixels: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(pixels).view(np.uint32)


@pytest.mark.parametrize("compression", ["none", "rle", "zip", "zips", "piz", "pxr24"])
@pytest.mark.parametrize("tile", [0, 16])
def test_half_exr_comes_back_to_the_bit(tmp_path: Path, compression: str, tile: int) -> None:
    part = spec(37, 23, "R G B A", compression=compression)
    part.tile_width = part.tile_height = tile
    pixels = noise(23, 37, 4)
    write_frame(tmp_path / "a.exr", Header(tmp_path / "a.exr", (part,), False), pixels)
    plate = read_plate(tmp_path / "a.exr")
    np.testing.assert_array_equal(bits(plate.pixels), bits(pixels))
    assert plate.header.parts[0].tile_width == tile
    assert plate.header.parts[0].get("compression") == compression


@pytest.mark.parametrize(
    ("ext", "kind", "names", "steps"),
    [
        ("png", "uint8", "R G B", 255),
        ("png", "uint16", "R G B A", 65535),
        ("png", "uint8", "Y", 255),
        ("tif", "uint8", "R G B", 255),
        ("tif", "uint16", "R G B A", 65535),
        ("tif", "float", "R G B", None),
        ("dpx", "uint16", "R G B", 65535),
        ("tga", "uint8", "R G B A", 255),
        ("exr", "float", "R G B", None),
    ],
)
def test_every_format_comes_back_as_it_went(tmp_path: Path, ext: str, kind: str, names: str, steps: int | None) -> None:
    file = tmp_path / f"a.{ext}"
    part = spec(16, 12, names, kind)
    pixels = np.random.default_rng(1).random((12, 16, part.nchannels), np.float32)
    straight = part.nchannels == 4 and ext in ("png", "tga")
    if part.nchannels == 4:
        pixels[..., :3] *= pixels[..., 3:]
        part["oiio:UnassociatedAlpha"] = int(straight)
    write_frame(file, Header(file, (part,), straight), pixels)
    plate = read_plate(file)
    assert plate.header.straight == straight
    assert plate.header.channels.alpha == (3 if part.nchannels == 4 else None)
    np.testing.assert_allclose(plate.pixels, pixels, rtol=0, atol=0 if steps is None else 1.01 / steps)


def test_straight_files_that_are_only_read_and_written_stay_the_same(tmp_path: Path, write: Make) -> None:
    """16-bit PNG, straight alpha: premultiplied in float, so that the way back is exact."""
    pixels = np.random.default_rng(2).random((20, 20, 4), np.float32)
    pixels[..., 3][pixels[..., 3] < 0.1] = 0.1
    pixels[..., :3] *= pixels[..., 3:]
    first = read_plate(write(tmp_path / "a.png", pixels, "uint16"))
    write_frame(tmp_path / "b.png", first.header, first.pixels)
    first_file, second_file = (
        oiio.ImageBuf(str(tmp_path / name), 0, 0, _as_stored()).get_pixels(oiio.UINT16) for name in ("a.png", "b.png")
    )
    np.testing.assert_array_equal(np.asarray(first_file), np.asarray(second_file))


def _as_stored() -> oiio.ImageSpec:
    config = oiio.ImageSpec()
    config["oiio:UnassociatedAlpha"] = 1
    return config


def as_ycck(file: Path) -> None:
    """Have a CMYK JPEG's values read as YCCK: the last byte of Adobe's marker says so (Adobe technical note 5116)."""
    content = bytearray(file.read_bytes())
    content[content.index(b"Adobe") + 11] = 2
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("mode", "ext", "told"),
    [
        ("CMYK", "jpg", "CMYK"),
        ("YCCK", "jpg", "YCbCrK"),
        ("CMYK", "tif", "CMYK"),
        ("LAB", "tif", "CIELAB"),
    ],
)
def test_colour_for_print_is_refused(tmp_path: Path, mode: str, ext: str, told: str) -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    file = tmp_path / f"a.{ext}"
    image.new("LAB" if mode == "LAB" else "CMYK", (8, 6)).save(file)
    if mode == "YCCK":
        as_ycck(file)
    for read in (read_header, read_plate):
        with pytest.raises(FrameReadError, match=rf"a\.{ext} is kept in {told}, .*; convert it to RGB"):
            read(file)


@pytest.mark.parametrize(("mode", "ext"), [("RGB", "jpg"), ("L", "jpg"), ("YCbCr", "tif"), ("P", "tif"), ("L", "tif")])
def test_colour_for_the_screen_is_read_however_it_is_kept(tmp_path: Path, mode: str, ext: str) -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    image.new(mode, (8, 6)).save(tmp_path / f"a.{ext}")
    assert read_plate(tmp_path / f"a.{ext}").pixels.shape[:2] == (6, 8)


def test_parts_types_and_ids_come_back_to_the_bit(tmp_path: Path) -> None:
    file = tmp_path / "a.exr"
    parts = (
        spec(8, 6, "R G B A", name="rgba", oiio__subimagename="rgba"),
        spec(8, 6, "Z", "float", oiio__subimagename="depth"),
        spec(8, 6, "id.R", "uint", oiio__subimagename="mask"),
    )
    pixels = np.concatenate([noise(6, 8, 4), np.pi * noise(6, 8, 1), noise(6, 8, 1)], axis=-1)
    ids = np.random.default_rng(3).integers(0, 2**32, (6, 8), dtype=np.uint32)
    pixels[..., 5] = ids.view(np.float32)
    write_frame(file, Header(file, parts, False), pixels)
    plate = read_plate(file)
    assert plate.header.channels.names == ("rgba/R", "rgba/G", "rgba/B", "rgba/A", "depth/Z", "mask/id.R")
    assert plate.header.channels.ids == (5,)
    np.testing.assert_array_equal(bits(plate.pixels), bits(pixels))


def test_types_may_differ_within_a_part(tmp_path: Path) -> None:
    file = tmp_path / "a.exr"
    part = spec(8, 6, "R G B Z id", "half")
    part.channelformats = (oiio.HALF, oiio.HALF, oiio.HALF, oiio.FLOAT, oiio.UINT32)
    pixels = np.concatenate([noise(6, 8, 3), np.pi * noise(6, 8, 1), noise(6, 8, 1)], axis=-1)
    pixels[..., 4] = (np.arange(48, dtype=np.uint32) * 80_000).reshape(6, 8).view(np.float32)
    write_frame(file, Header(file, (part,), False), pixels)
    plate = read_plate(file)
    assert [str(plate.header.parts[0].channelformat(channel)) for channel in range(5)] == [
        "half",
        "half",
        "half",
        "float",
        "uint",
    ]
    np.testing.assert_array_equal(bits(plate.pixels), bits(pixels))


@pytest.mark.parametrize("compression", ["none", "zip", "piz", "pxr24", "b44a", "dwaa"])
@pytest.mark.parametrize("tile", [0, 16])
def test_ids_beside_the_picture_come_back_to_the_bit(tmp_path: Path, compression: str, tile: int) -> None:
    """Hashes as ids use all 32 bits, and some of them are no finite floats."""
    file = tmp_path / "a.exr"
    picture = spec(37, 23, "R G B Z id matte.R", "half", compression=compression, oiio__subimagename="a")
    picture.channelformats = (oiio.HALF, oiio.HALF, oiio.HALF, oiio.FLOAT, oiio.UINT32, oiio.UINT32)
    picture.x, picture.y, picture.tile_width, picture.tile_height = -5, 2, tile, tile
    depth = spec(37, 23, "Z", "float", oiio__subimagename="b")
    depth.tile_width = depth.tile_height = tile
    pixels = noise(25, 42, 7)
    ids = np.random.default_rng(3).integers(0, 2**32, (23, 37, 2), dtype=np.uint32)
    ids[0, :5, 0] = (0, 1, 2**24 + 1, 0x7F800001, 2**32 - 1)
    pixels[2:, :37, 4:6] = ids.view(np.float32)
    write_frame(file, Header(file, (picture, depth), False), pixels)
    plate = read_plate(file)
    assert plate.header.parts[0].channelnames == picture.channelnames
    assert plate.header.parts[0].get("compression") == compression
    np.testing.assert_array_equal(bits(plate.pixels[2:, :37, 4:6]), ids)
    lossless = [6] if compression in ("b44a", "dwaa") else [0, 1, 2, 6]
    np.testing.assert_array_equal(plate.pixels[..., lossless][2:23, 5:37], pixels[..., lossless][2:23, 5:37])
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.exr"]


def test_windows_come_back(tmp_path: Path) -> None:
    file = tmp_path / "a.exr"
    part = spec(20, 10, "R G B")
    part.x, part.y, part.full_x, part.full_y, part.full_width, part.full_height = -4, -3, 2, 1, 30, 40
    write_frame(file, Header(file, (part,), False), noise(10, 20, 3))
    header = read_header(file)
    assert (header.window, header.display) == (Window(-4, -3, 20, 10), Window(2, 1, 30, 40))


def test_parts_with_windows_of_their_own_lie_in_one_frame(tmp_path: Path) -> None:
    file = tmp_path / "a.exr"
    first, second = spec(4, 4, "R G B", oiio__subimagename="a"), spec(2, 3, "Z", oiio__subimagename="b")
    second.x, second.y = 5, 1
    for part in (first, second):
        part.full_width = part.full_height = 8
    header = Header(file, (first, second), False)
    assert header.window == Window(0, 0, 7, 4)
    write_frame(file, header, noise(4, 7, 4))
    plate = read_plate(file)
    assert plate.header.windows == (Window(0, 0, 4, 4), Window(5, 1, 2, 3))
    np.testing.assert_array_equal(plate.pixels[1:4, 5:7, 3], noise(4, 7, 4)[1:4, 5:7, 3])
    assert not plate.pixels[:, :5, 3].any()


def test_a_plate_is_widened_with_nothing(tmp_path: Path, write: Make) -> None:
    plate = read_plate(write(tmp_path / "a.exr", noise(4, 6, 4)))
    wide = plate.over(Window(-2, -1, 10, 8))
    np.testing.assert_array_equal(wide[1:5, 2:8], plate.pixels)
    assert np.count_nonzero(wide) == np.count_nonzero(plate.pixels)


def test_light_beyond_a_half_float_is_held_and_never_infinite(tmp_path: Path, write: Make) -> None:
    pixels = np.full((2, 2, 3), 1e6, np.float32)
    pixels[0] = -70000
    file = write(tmp_path / "a.exr", pixels)
    assert set(read_plate(file).pixels.ravel().tolist()) == {65504.0, -65504.0}


def damage(file: Path, how: str) -> None:
    content = file.read_bytes()
    file.write_bytes(
        {"empty": b"", "text": b"this is no picture\n" * 9, "cut off": content[: len(content) * 6 // 10]}[how]
    )


@pytest.mark.parametrize("ext", ["exr", "png", "tif", "dpx", "tga", "jpg"])
@pytest.mark.parametrize(("how", "says"), [("empty", "is empty"), ("text", "is damaged"), ("cut off", "is damaged")])
def test_a_damaged_file_is_refused_and_named(
    tmp_path: Path, write: Make, capfd: pytest.CaptureFixture[str], ext: str, how: str, says: str
) -> None:
    kind = {"exr": "half", "tga": "uint8", "jpg": "uint8"}.get(ext, "uint16")
    file = write(tmp_path / f"a.{ext}", abs(noise(40, 40, 3)), kind)
    damage(file, how)
    with pytest.raises(FrameReadError, match=rf"a\.{ext} {says}"):
        read_plate(file)
    assert capfd.readouterr().err == ""


def test_a_missing_or_forbidden_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FrameReadError, match=r"gone\.exr cannot be read"):
        read_plate(tmp_path / "gone.exr")
    with pytest.raises(FrameReadError, match=r"gone\.exr does not exist"):
        read_header(tmp_path / "gone.exr")


def test_a_header_that_claims_more_than_the_machine_has_is_refused(
    tmp_path: Path, write: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "a.exr", noise(64, 64, 4))
    monkeypatch.setattr(oiio, "get_int_attribute", lambda name: -1)
    with pytest.raises(FrameReadError, match="do not fit into this machine"):
        read_plate(file)


def test_a_picture_of_many_pages_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.tif"
    page = spec(4, 4, "R G B", "uint8")
    out = oiio.ImageOutput.create(str(file))
    assert out is not None
    out.open(str(file), (page, page))
    out.write_image(np.zeros((4, 4, 3), np.float32))
    out.open(str(file), page, "AppendSubimage")
    out.write_image(np.zeros((4, 4, 3), np.float32))
    out.close()
    with pytest.raises(FrameReadError, match=r"a\.tif holds 2 pictures"):
        read_header(file)


def test_a_frame_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "a.nope"
    file.write_text("precious")
    with pytest.raises(FrameWriteError, match=r"a\.nope could not be written"):
        write_frame(file, Header(file, (spec(8, 8, "R G B"),), False), noise(8, 8, 3))
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.nope"]
    assert file.read_text() == "precious"


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "check free space and quotas, and run again"),
        (errno.EROFS, "check the permissions of its folder"),
        (errno.EIO, "check the disk and run again"),
    ],
)
def test_what_cannot_be_written_is_said_with_a_remedy_that_fits(tmp_path: Path, number: int, remedy: str) -> None:
    with pytest.raises(FrameWriteError) as failed, whole(tmp_path / "a.exr"):
        raise OSError(number, os.strerror(number))
    assert str(failed.value) == f"{tmp_path / 'a.exr'} could not be written: {os.strerror(number)}; {remedy}"


@pytest.mark.parametrize(("ext", "names"), [("tif", "R G B"), ("exr", "id"), ("exr", "R G B")])
def test_numbers_that_are_no_amounts_are_refused_as_a_picture(tmp_path: Path, ext: str, names: str) -> None:
    file = tmp_path / f"a.{ext}"
    write_frame(file, Header(file, (spec(4, 4, names, "uint"),), False), noise(4, 4, len(names.split())))
    with pytest.raises(FrameReadError, match="holds ids or 32-bit whole numbers only"):
        read_header(file).refuse_without_picture()


@pytest.mark.parametrize(
    ("parts", "listed", "says"),
    [
        ({"R G B": "left", "R G B A": "right"}, (), "the views left, right"),
        ({"R G B right.R right.G right.B": ""}, ("left", "right"), "the views left, right"),
        ({"R G B spec.b.R": ""}, ("a", "b", "c"), "the views a, b,"),
        ({"R G B": "left", "Z": "left"}, (), ""),
        ({"R G B": "left", "Z": ""}, (), ""),
        ({"R G B right.Z": ""}, ("left",), ""),
        ({"R G B": ""}, ("left", "right"), ""),
    ],
    ids=["parts", "channels", "layers", "one view", "one part's view", "one listed", "one written"],
)
def test_a_file_of_several_views_is_refused_and_one_of_one_view_is_a_frame(
    tmp_path: Path, parts: dict[str, str], listed: tuple[str, ...], says: str
) -> None:
    file = tmp_path / "a.exr"
    specs = tuple(spec(4, 4, names, **({"view": view} if view else {})) for names, view in parts.items())
    for number, part in enumerate(specs):
        if len(specs) > 1:
            part["oiio:subimagename"] = str(number)
        if listed:
            part.attribute("multiView", oiio.TypeDesc(f"string[{len(listed)}]"), listed)
    write_frame(file, Header(file, specs, False), noise(4, 4, sum(part.nchannels for part in specs)))
    if says:
        with pytest.raises(FrameReadError, match=rf"a\.exr holds {says}.*save each view in files of its own"):
            read_header(file)
    else:
        assert len(read_header(file).parts) == len(parts)


@given(data=st.data(), ext=st.sampled_from(["exr", "png", "tif", "dpx", "tga", "jpg"]))
@settings(max_examples=120, deadline=None)
def test_a_file_that_was_tampered_with_is_a_frame_or_an_error(
    data: st.DataObject, ext: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Thousands of such files were tried while this was written; none brought OpenImageIO down."""
    folder = tmp_path_factory.getbasetemp() / "tampered"
    folder.mkdir(exist_ok=True)
    sound, file = folder / f"sound.{ext}", folder / f"tampered.{ext}"
    if not sound.exists():
        part = spec(24, 18, "R G B", {"exr": "half", "tga": "uint8", "jpg": "uint8"}.get(ext, "uint16"))
        write_frame(sound, Header(sound, (part,), False), abs(noise(18, 24, 3)))
    content = bytearray(sound.read_bytes())
    places = st.integers(0, min(len(content), 800) - 1) | st.integers(0, len(content) - 1)
    for place in data.draw(st.lists(places, min_size=1, max_size=8)):
        content[place] = data.draw(st.sampled_from([0, 1, 127, 128, 255]))
    file.write_bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
    with contextlib.suppress(FrameReadError):
        plate = read_plate(file)
        assert plate.pixels.shape[2] == len(plate.header.channels.names)


def test_channel_names_in_another_encoding_are_only_names(tmp_path: Path) -> None:
    file = tmp_path / "a.exr"
    write_frame(file, Header(file, (spec(4, 4, "R G B cafX"),), False), noise(4, 4, 4))
    file.write_bytes(file.read_bytes().replace(b"cafX", b"caf\xe9"))
    plate = read_plate(file)
    assert len(plate.header.channels.names) == 4
    write_frame(file, plate.header, plate.pixels)
    assert b"caf\xe9" in file.read_bytes()
