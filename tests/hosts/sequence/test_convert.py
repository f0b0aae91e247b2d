"""Frames of one file type as another: nothing is lost in silence."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest

from inbetween.core.errors import InputError
from inbetween.hosts.sequence.convert import TYPES, retyped
from inbetween.hosts.sequence.frames import Header, read_header, read_plate, write_frame
from inbetween.hosts.sequence.names import EXTENSIONS

Make = Callable[..., Any]


def header(ext: str, names: str = "R G B", kind: str = "uint8", straight: bool = False) -> Header:
    spec = oiio.ImageSpec(8, 6, len(names.split()), kind)
    spec.channelnames = tuple(names.split())
    spec["oiio:ColorSpace"] = "ACEScg" if ext == "exr" else "srgb_rec709_scene"
    spec["Artist"] = "M. Sendak"
    return Header(Path(f"a.{ext}"), (spec,), straight)


def test_every_type_that_is_read_can_be_written() -> None:
    assert set(TYPES) == EXTENSIONS


@pytest.mark.parametrize(
    ("source", "kind", "target", "expected"),
    [
        ("png", "uint8", ".tif", "uint8"),
        ("png", "uint16", ".tif", "uint16"),
        ("png", "uint16", ".tga", "uint8"),
        ("tif", "float", ".png", "uint16"),
        ("tif", "uint16", ".dpx", "uint16"),
        ("jpg", "uint8", ".png", "uint8"),
    ],
)
def test_depth_is_kept_where_the_type_can(source: str, kind: str, target: str, expected: str) -> None:
    made = retyped(header(source, kind=kind), target)
    assert str(made.parts[0].format) == expected
    assert made.path.suffix == target
    assert made.parts[0].get("Artist") == "M. Sendak"


def test_alpha_becomes_straight_where_the_type_has_it_so(tmp_path: Path) -> None:
    source = header("tif", "R G B A", "uint16")
    pixels = np.full((6, 8, 4), 0.5, np.float32)
    pixels[..., :3] = 0.25
    made = retyped(source, ".png")
    assert made.straight
    write_frame(tmp_path / "a.png", made, pixels)
    plate = read_plate(tmp_path / "a.png")
    assert plate.header.straight
    np.testing.assert_allclose(plate.pixels, pixels, atol=1 / 65535)


@pytest.mark.parametrize(
    ("source", "names", "target", "says"),
    [
        ("png", "R G B A", ".jpg", "holds alpha, which jpg files cannot"),
        ("tif", "R G B Z", ".png", "holds layers"),
        ("exr", "R G B", ".png", "linear values.*display ones"),
        ("png", "R G B", ".exr", "display values.*linear ones"),
    ],
)
def test_what_would_be_lost_is_refused(source: str, names: str, target: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        retyped(header(source, names), target)


def test_overscan_is_not_cut_off(tmp_path: Path) -> None:
    spec = oiio.ImageSpec(10, 8, 3, "uint8")
    spec.x, spec.y, spec.full_width, spec.full_height = -1, -1, 8, 6
    with pytest.raises(InputError, match="data window 10x8 at -1,-1 in display window 8x6"):
        retyped(Header(tmp_path / "a.tif", (spec,), False), ".png")


def test_the_same_type_in_other_letters_is_copied(fill: Make, write: Make, picture: Make, tmp_path: Path) -> None:
    for number in (1, 3):
        write(tmp_path / "in" / f"a.{number}.EXR", picture(number))
    summary, _ = fill(tmp_path / "in", tmp_path / "out", ext="exr")
    assert (summary.copied, summary.converted) == (2, 0)
    assert read_header(tmp_path / "out" / "a.2.EXR").parts
