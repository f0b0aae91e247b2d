"""A contact sheet: the whole result on one picture, keys framed, as an artist would pin it to a wall."""

from collections.abc import Iterator, Mapping
from math import ceil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import OpenImageIO as oiio

from inbetween.core.colour import resolve
from inbetween.core.errors import FrameReadError
from inbetween.core.network import WORTH_A_LOOK
from inbetween.hosts.sequence import provenance
from inbetween.hosts.sequence.frames import Header, Pixels, Plate, encode, read_plate
from inbetween.hosts.sequence.plan import Plan, SequencePlan

Bytes = np.ndarray[Any, np.dtype[np.uint8]]

COLUMNS = 9
"""A gap of seven in-betweens with its keys fills a row."""
MOST = 270
"""Frames shown at most; of a longer result every second, third, ... is shown."""
WIDTH = 240
"""Of one picture, in pixels."""
MARGIN, LABEL = 6, 20
PAPER, BACKDROP = 41, 0.32
DIMMEST_ID = 0.2
"""Least value that an id's colour has, lest it looks like nothing."""
INK, KEY, GONE = (217, 217, 217), (255, 158, 26), (128, 128, 128)
"""Frame numbers of in-betweens, of keys, and of frames that are not there."""
LOOK = (255, 77, 106)
"""Frame number and frame of an in-between that is worth a look; its number has a question mark as well."""


def contact_sheet(plan: Plan, file: Path, doubts: Mapping[Path, float]) -> None:
    """Save an overview of all frames that are in place; a frame that is missing leaves its place empty.

    Frames whose file is in `doubts` with `WORTH_A_LOOK` or more are marked. A record beside it says that it is ours, as
    beside a frame. Raises `FrameWriteError`.
    """
    rows = [row for each in plan.sequences for row in _rows(each, doubts)]
    width = max(row.shape[1] for row in rows)
    page = np.concatenate([_padded(row, row.shape[0], width) for row in rows])
    spec = oiio.ImageSpec(page.shape[1], page.shape[0], 3, oiio.UINT8)
    spec["DateTime"] = ""
    with provenance.placed(file, provenance.SHEET) as unfinished:
        encode(unfinished, Header(file, (spec,), straight=False), page.astype(np.float32) / np.float32(255))


def _rows(plan: SequencePlan, doubts: Mapping[Path, float]) -> Iterator[Bytes]:
    shown = sorted(plan.wanted)[:: ceil(len(plan.wanted) / MOST)]
    cells = [_cell(plan, number, doubts.get(plan.file(number), 0.0) >= WORTH_A_LOOK) for number in shown]
    for begin in range(0, len(cells), COLUMNS):
        row = cells[begin : begin + COLUMNS]
        height = max(cell.shape[0] for cell in row)
        yield np.concatenate([_padded(cell, height, cell.shape[1]) for cell in row], axis=1)


def _cell(plan: SequencePlan, number: int, look: bool) -> Bytes:
    """One frame, small, with its number below; marked where it is a key, or worth a look."""
    display = next(iter(plan.headers.values())).display
    width, height = WIDTH, max(1, round(WIDTH * display.height / display.width))
    cell = np.full((height + LABEL + 2 * MARGIN, width + 2 * MARGIN, 3), PAPER, np.uint8)
    mark = KEY if number in plan.keys else LOOK if look else None
    ink = mark or INK
    try:
        small = cv2.resize(_picture(read_plate(plan.file(number))), (width, height), interpolation=cv2.INTER_AREA)
        cell[MARGIN : MARGIN + height, MARGIN : MARGIN + width] = np.rint(255 * small)
    except FrameReadError:
        ink = GONE
    if mark:
        cv2.rectangle(cell, (MARGIN - 2, MARGIN - 2), (MARGIN + width + 1, MARGIN + height + 1), mark, 2)
    below = (MARGIN, cell.shape[0] - MARGIN)
    cv2.putText(cell, f"{number}{' ?' if look else ''}", below, cv2.FONT_HERSHEY_SIMPLEX, 0.5, ink, 1, cv2.LINE_AA)
    return cell


def _picture(plate: Plate) -> Pixels:
    """The display window, over a plain backdrop, encoded for a screen, 0 to 1, (H, W, 3)."""
    channels, display = plate.header.channels, plate.header.display
    window = plate.header.window | display
    rows, columns = display.within(window)
    pixels = plate.over(window)[rows, columns]
    if channels.colour[0] in channels.ids:
        return _in_colours(pixels[..., channels.colour[0]])
    pixels = np.nan_to_num(pixels)
    colour = pixels[..., list(channels.colour)]
    linear = resolve("auto", plate.header.path.name, plate.header.tag).name == "linear"
    if channels.alpha is not None:
        backdrop = BACKDROP**2.2 if linear else BACKDROP
        colour = colour + (1 - np.clip(pixels[..., channels.alpha, None], 0, 1)) * backdrop
    colour = np.clip(colour, 0, 1)
    if linear:  # the sRGB curve (IEC 61966-2-1)
        colour = np.where(colour <= 0.0031308, 12.92 * colour, 1.055 * np.power(colour, 1 / 2.4) - 0.055)
    return np.ascontiguousarray(np.broadcast_to(colour, (*colour.shape[:2], 3)), np.float32)


def _in_colours(ids: Pixels) -> Pixels:
    """Ids (H, W), be they numbers or bits, each in a colour of its own in every frame, (H, W, 3); 0 is nothing."""
    bits = np.ascontiguousarray(ids).view(np.uint32)
    mixed = bits.copy()  # neighbouring numbers get colours far apart: "lowbias32" (Wellons 2018, hash-prospector)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        mixed = (mixed ^ (mixed >> np.uint32(shift))) * np.uint32(factor)
    bytes_of = np.stack([mixed >> np.uint32(shift) & np.uint32(255) for shift in (24, 16, 8)], -1)
    colour = np.asarray(DIMMEST_ID + (1 - DIMMEST_ID) / 255 * bytes_of, np.float32)
    colour[bits == 0] = BACKDROP
    return colour


def _padded(picture: Bytes, height: int, width: int) -> Bytes:
    """The picture in the upper left of a larger sheet of paper."""
    sheet = np.full((height, width, 3), PAPER, np.uint8)
    sheet[: picture.shape[0], : picture.shape[1]] = picture
    return sheet
