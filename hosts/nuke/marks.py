"""Marks: points of the drawing that the artist names on the node, as the table that the engine reads.

Every position knob of the node is a mark, by the knob's name. Nuke counts its pixels from the lower left corner of the
full-size format, the table from the upper left. Runs inside Nuke: standard library and `nuke` only, Python 3.7.
"""

from __future__ import annotations

import mmap
import re
import struct
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import cast

import nuke

from inbetween.hosts.nuke import keys
from inbetween.hosts.nuke.config import NodeError

KIND = "XY_Knob"
CHANNELS = (0, 1)
TABLE = "marks.csv"
DIGITS = 3
"""Of a pixel: more than a hand can place, and fewer than a script may lose when it is saved and opened."""

DISPLAY_WINDOW = re.compile(rb"displayWindow\0box2i\0\x10\0\0\0(.{16})", re.DOTALL)
"""An attribute in the header of every OpenEXR file: left, top, right and bottom pixel."""


def of(node: nuke.Group) -> list[nuke.XY_Knob]:
    """The marks of the node, mark2 before mark10."""
    found = [knob for knob in node.knobs().values() if knob.Class() == KIND]
    return cast("list[nuke.XY_Knob]", sorted(found, key=lambda knob: (len(knob.name()), knob.name())))


def free_name(node: nuke.Group) -> str:
    """The name for one more mark."""
    taken = node.knobs()
    return next(name for name in (f"mark{number}" for number in count(1)) if name not in taken)


def begin(node: nuke.Group, name: str) -> None:
    """Lay a new mark into the middle of the picture, keyed at the frame that is shown, so that moving it sets keys."""
    knob = cast("nuke.XY_Knob", node[name])
    knob.setAnimated()
    for channel, size in enumerate((node.width(), node.height())):
        knob.setValue(size / 2, channel)


def told(node: nuke.Group) -> list[tuple[str, str]]:
    """The marks that can lead anything, as script text; those that stand still without a key cannot."""
    return [(knob.name(), str(knob.toScript())) for knob in of(node) if knob.isAnimated()]


def write(node: nuke.Group, pattern: str, frames: Sequence[int]) -> tuple[str, tuple[str, ...]]:
    """Lay the table of marks beside the rendered keys, which are the files of `pattern` at `frames`.

    Returns its path, empty where nothing is marked, and what the artist should know of, a sentence each. Main thread
    only. Raises `NodeError` where the table cannot be kept.
    """
    table, lines, notes = Path(pattern).with_name(TABLE), [], []
    for knob in of(node):
        said, outside = list(_said(knob, frames)), []
        for frame, x, y in said:
            width, height = display(keys.file(pattern, frame))
            if 0 <= x <= width and 0 <= y <= height:
                lines.append((knob.name(), frame, round(x, DIGITS), round(height - y, DIGITS)))
            else:
                outside.append(frame)
        if outside:
            notes.append(f"{knob.name()} is outside of the picture at {keys.text(outside)} and left out there")
        if not said:
            notes.append(f"{knob.name()} leads nothing: it has no key at a key frame; go to one and place it there")
    try:
        _replace(table, lines)
    except OSError as cause:
        raise NodeError(
            f"{node.name()}: {table.as_posix()} cannot be written ({cause.strerror}); make room, or say under Output "
            "where else"
        ) from cause
    return (table.as_posix() if lines else ""), tuple(notes)


def display(file: Path) -> tuple[int, int]:
    """Width and height of an OpenEXR file's display window: what the engine counts from, whatever Nuke's format is."""
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
        found = DISPLAY_WINDOW.search(content)
        if found is None:
            raise NodeError(f"{file} is no OpenEXR file; delete it, and untick 'reuse rendered keys'")
        left, top, right, bottom = struct.unpack("<4i", found.group(1))
    return right - left + 1, bottom - top + 1


def _said(knob: nuke.XY_Knob, frames: Sequence[int]) -> Iterator[tuple[int, float, float]]:
    """Frame, x and y as Nuke has them, where a mark says something: at its own keys; everywhere where it is linked."""
    linked = any(knob.hasExpression(channel) for channel in CHANNELS)
    for frame in frames:
        if not (linked or any(knob.isKeyAt(frame, channel) for channel in CHANNELS)):
            continue
        x, y = (float(knob.getValueAt(frame, channel)) for channel in CHANNELS)
        yield frame, x, y


def _replace(table: Path, lines: Sequence[tuple[str, int, float, float]]) -> None:
    """Write the table anew; without lines there is none."""
    if lines:
        rows = ["mark,frame,x,y", *(",".join(map(str, line)) for line in lines)]
        table.write_text("\n".join([*rows, ""]), encoding="utf-8")
    elif table.exists():
        table.unlink()
