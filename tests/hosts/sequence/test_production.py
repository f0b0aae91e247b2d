"""Footage as studios have it: for each folder the right result, or one clear line."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inbetween.core.errors import InputError
from inbetween.hosts.sequence import names
from inbetween.hosts.sequence.frames import Plate, read_plate

Make = Callable[..., Any]

PRODUCTION = Path(__file__).resolve().parents[4] / "shared" / "data" / "production"

pytestmark = pytest.mark.skipif(not PRODUCTION.is_dir(), reason="the production footage is not beside this checkout")


def thinned(folder: str, tmp_path: Path, every: int = 4) -> Path:
    """A folder's sequence with only every fourth frame left, as keys."""
    (sequence,), _ = names.find(str(PRODUCTION / folder))
    (tmp_path / "in").mkdir()
    for number in sequence.numbers[::every]:
        shutil.copyfile(sequence.file(number), tmp_path / "in" / sequence.name(number))
    return tmp_path / "in"


def layout(plate: Plate) -> list[Any]:
    """What an in-between has in common with its keys."""
    parts = plate.header.parts
    kinds = [[str(part.channelformat(channel)) for channel in range(part.nchannels)] for part in parts]
    kept = [
        [part.get(name) for name in ("compression", "oiio:ColorSpace", "PixelAspectRatio", "name")] for part in parts
    ]
    return [plate.header.channels, plate.header.display, plate.header.straight, kinds, kept]


@pytest.mark.parametrize(
    "folder",
    [
        "seq_half_zip_rgba",
        "seq_float_piz_rgb_odd",
        "seq_overscan",
        "seq_cropped_datawindow",
        "seq_multipart_layers",
        "seq_hdr_nan",
        "seq_png16",
        "seq_dpx10",
    ],
)
def test_every_sequence_is_filled_in_its_own_layout(fill: Make, tmp_path: Path, folder: str) -> None:
    source = thinned(folder, tmp_path)
    summary, _ = fill(source, tmp_path / "out")
    assert summary.failed == ()
    assert summary.drawn > 0
    (keys,), _ = names.find(str(source))
    (made,), _ = names.find(str(tmp_path / "out"))
    assert made.numbers == tuple(range(keys.numbers[0], keys.numbers[-1] + 1))
    for key in keys.numbers:
        assert made.file(key).read_bytes() == keys.file(key).read_bytes()
    for first, second in zip(keys.numbers, keys.numbers[1:], strict=False):
        start, end = (read_plate(keys.file(number)) for number in (first, second))
        drawn = read_plate(made.file((first + second) // 2))
        assert layout(drawn) == layout(start)
        assert drawn.header.window == start.header.window | end.header.window
        blended = [place for place in range(drawn.pixels.shape[2]) if place not in drawn.header.channels.ids]
        assert np.isfinite(drawn.pixels[..., blended]).all()


def test_the_missing_frames_of_a_shot_are_filled(fill: Make, tmp_path: Path) -> None:
    summary, _ = fill(PRODUCTION / "seq_missing_frames", tmp_path / "out")
    assert (summary.drawn, summary.copied) == (3, 17)


def test_ids_of_a_mask_are_never_mixed(fill: Make, tmp_path: Path) -> None:
    source = thinned("seq_multipart_layers", tmp_path)
    fill(source, tmp_path / "out")
    ids = [
        {int(value) for value in np.unique(np.ascontiguousarray(read_plate(file).pixels[..., 5]).view(np.uint32))}
        for file in sorted((tmp_path / "out").glob("*.exr"))
    ]
    assert set().union(*ids[1:-1]) <= ids[0] | ids[-1]


def test_unusable_keys_are_all_named_at_once(fill: Make, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        fill(PRODUCTION / "seq_corrupt", tmp_path / "out", insert=1)
    said = str(refused.value)
    for says in (
        "bad.0005.exr is empty",
        "bad.0006.exr is damaged",
        "bad.0008.exr has display window 200x256",
        "bad.0009",
    ):
        assert says in said
    assert "\n" not in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("folder", ["oexr_Damaged", "oexr_DisplayWindow", "oexr_TestImages", "oexr_misc"])
def test_every_odd_file_as_a_key_is_used_or_refused_in_one_line(fill: Make, tmp_path: Path, folder: str) -> None:
    refusals: list[str] = []
    for place, file in enumerate(sorted((PRODUCTION / folder).glob("*.exr"))):
        source, target = tmp_path / f"in{place}", tmp_path / f"out{place}"
        source.mkdir()
        for number in (1, 3):
            shutil.copyfile(file, source / f"{file.stem}.{number}.exr")
        try:
            summary, _ = fill(source, target)
        except InputError as error:
            refusals.append(str(error))
            continue
        if summary.failed:
            assert {each.message.partition("is damaged")[1] for each in summary.failed} == {"is damaged"}
            assert not list(target.glob("*.exr"))
        else:
            first, held = (read_plate(target / f"{file.stem}.{number}.exr") for number in (1, 2))
            assert layout(held) == layout(first)
            finite = np.isfinite(first.pixels)
            np.testing.assert_array_equal(held.pixels[finite], first.pixels[finite])
    for said in refusals:
        assert "\n" not in said
        assert "is damaged" in said or "holds deep data" in said or "holds subsampled luminance" in said
    assert len(refusals) == {"oexr_Damaged": 8, "oexr_misc": 2}.get(folder, 0)
