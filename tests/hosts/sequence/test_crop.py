"""A data window cuts off what is empty; what is drawn does not depend on where."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest

from inbetween.hosts.sequence.frames import Header, Plate, read_plate, write_frame
from inbetween.hosts.sequence.window import Window
from inbetween.models import registry

Make = Callable[..., Any]

FRAME = Window(0, 0, 160, 96)
BOXES = {1: Window(24, 20, 60, 36), 5: Window(36, 26, 60, 36)}
"""Keys, and where a rectangle is in them."""


def key(file: Path, picture: np.ndarray, window: Window) -> None:
    """A picture (H, W, 4) of the frame, in a file that has no more than a window of it."""
    spec = oiio.ImageSpec(window.width, window.height, 4, oiio.HALF)
    spec.x, spec.y, spec.full_width, spec.full_height = window.x, window.y, FRAME.width, FRAME.height
    file.parent.mkdir(exist_ok=True)
    write_frame(file, Header(file, (spec,), False), picture[window.within(FRAME)])


def box(window: Window) -> np.ndarray:
    picture = np.zeros((FRAME.height, FRAME.width, 4), np.float32)
    picture[window.within(FRAME)] = (0.2, 0.4, 0.1, 1)
    return picture


def ball(x: float, y: float) -> np.ndarray:
    rows, columns = np.mgrid[: FRAME.height, : FRAME.width]
    mask = (columns - x) ** 2 + (rows - y) ** 2 < 81
    return np.repeat(mask.astype(np.float32)[..., None], 4, axis=2)


@pytest.fixture(name="both")
def _both(fill: Make, tmp_path: Path) -> Callable[..., tuple[Plate, Plate]]:
    """One in-between of keys in files that are cut tight, and of the same in files of the whole frame."""

    def draw(pictures: Mapping[int, np.ndarray], windows: Mapping[int, Window], frame: int) -> tuple[Plate, Plate]:
        for number, picture in pictures.items():
            key(tmp_path / "tight" / f"a.{number}.exr", picture, windows[number])
            key(tmp_path / "whole" / f"a.{number}.exr", picture, FRAME)
        for folder in ("tight", "whole"):
            fill(tmp_path / folder, tmp_path / f"{folder} out", registry.load("motion", "cpu"))
        tight, whole = (read_plate(tmp_path / f"{folder} out" / f"a.{frame}.exr") for folder in ("tight", "whole"))
        return tight, whole

    return draw


def test_the_margin_goes_as_far_as_the_frame_and_overscan_stays() -> None:
    assert Window(10, 4, 20, 8).widened(6, Window(0, 0, 40, 14)) == Window(4, 0, 32, 14)
    assert Window(-10, -4, 60, 8).widened(6, Window(0, 0, 40, 14)) == Window(-10, -4, 60, 14)


@pytest.mark.parametrize("windows", [BOXES, dict.fromkeys(BOXES, BOXES[1] | BOXES[5])], ids=["own", "common"])
def test_what_is_drawn_is_the_same_however_tight_the_data_windows_are(
    both: Callable[..., tuple[Plate, Plate]], windows: dict[int, Window]
) -> None:
    tight, whole = both({number: box(window) for number, window in BOXES.items()}, windows, 3)
    assert tight.header.window == BOXES[1] | BOXES[5]
    assert np.abs(tight.over(FRAME) - whole.pixels).max() < 0.05  # edges fall otherwise between pixels


def test_what_flies_in_an_arc_is_not_cut_off_where_no_key_reaches(both: Callable[..., tuple[Plate, Plate]]) -> None:
    """Up, over the top between two keys, and down again."""
    keys = {
        number: ball(x, 26 + (x - 80) ** 2 / 60) for number, x in zip((1, 5, 9, 13), (20, 60, 100, 140), strict=True)
    }
    windows = {number: FRAME.holding(picture[..., 3] > 0) for number, picture in keys.items()}
    tight, whole = both(keys, windows, 7)
    above = tight.pixels[: windows[5].y - tight.header.window.y]
    assert above[..., 3].sum() > 50
    wrong = np.abs(tight.over(FRAME) - whole.pixels)[..., 3] > 0.5
    assert np.count_nonzero(wrong) < 0.05 * np.count_nonzero(whole.pixels[..., 3])
