"""A data window cuts off what is empty; what is drawn does not depend on where."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest

from inbetween.hosts.sequence.frames import Header, read_plate, write_frame
from inbetween.hosts.sequence.window import Window
from inbetween.models import registry

Make = Callable[..., Any]

FRAME = Window(0, 0, 160, 96)
WHERE = {1: Window(24, 20, 60, 36), 5: Window(36, 26, 60, 36)}
"""Keys, and where a rectangle is in them."""


def key(file: Path, number: int, window: Window) -> None:
    """A rectangle on nothing, in a file that has no more than a window of it."""
    full = np.zeros((FRAME.height, FRAME.width, 4), np.float32)
    full[WHERE[number].within(FRAME)] = (0.2, 0.4, 0.1, 1)
    spec = oiio.ImageSpec(window.width, window.height, 4, oiio.HALF)
    spec.x, spec.y, spec.full_width, spec.full_height = window.x, window.y, FRAME.width, FRAME.height
    file.parent.mkdir(exist_ok=True)
    write_frame(file, Header(file, (spec,), False), full[window.within(FRAME)])


def test_the_margin_goes_as_far_as_the_frame_and_overscan_stays() -> None:
    assert Window(10, 4, 20, 8).widened(6, Window(0, 0, 40, 14)) == Window(4, 0, 32, 14)
    assert Window(-10, -4, 60, 8).widened(6, Window(0, 0, 40, 14)) == Window(-10, -4, 60, 14)


@pytest.mark.parametrize("windows", [WHERE, dict.fromkeys(WHERE, WHERE[1] | WHERE[5])], ids=["own", "common"])
def test_what_is_drawn_is_the_same_however_tight_the_data_windows_are(
    windows: dict[int, Window], fill: Make, tmp_path: Path
) -> None:
    model = registry.load("motion", "cpu")
    for number in WHERE:
        key(tmp_path / "tight" / f"a.{number}.exr", number, windows[number])
        key(tmp_path / "whole" / f"a.{number}.exr", number, FRAME)
    for folder in ("tight", "whole"):
        fill(tmp_path / folder, tmp_path / f"{folder} out", model)
    for number in (2, 3, 4):
        tight, whole = (read_plate(tmp_path / f"{folder} out" / f"a.{number}.exr") for folder in ("tight", "whole"))
        assert tight.header.window == WHERE[1] | WHERE[5]
        assert np.abs(tight.over(FRAME) - whole.pixels).max() < 0.05  # edges fall otherwise between pixels
