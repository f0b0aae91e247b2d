"""Lines that are drawn on or off: what grows out of a line's end, or shrinks back to it, in its place.

A growing line goes nowhere: no pixel of its new part has a partner in the other key, so motion can but fade it in. Here
the new part is found as what differs between the keys, is much longer than wide, and hangs by its end alone on
something of its colour that both keys show. At time t it is shown as far as the line has come by then, measured along
the line. A line that is wiped off is one that grows the other way round in time.

Pictures are float32 (H, W, 4), premultiplied, display-referred, 0 to 1; flows float32 (H, W, 2) in pixels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from inbetween.models.arrays import max_difference
from inbetween.models.motion.masks import Mask, components, dilated, part_of_component
from inbetween.models.motion.matching import SAME_COLOUR
from inbetween.models.motion.verification import LOST_LOOP, mismatch
from inbetween.models.warp import Part, Plane

DIFFERENT_COLOUR = 0.08
"""Difference of colour or coverage, of 1, above which the keys differ at a pixel."""
SMALLEST_STROKE = 12
"""Pixels of the smallest part that is looked at."""
MOST_PARTS = 60
"""Parts that are looked at, the largest."""
SLIM = 2.0
"""How many times as long as wide a line is at least."""
THINNEST = 2.0
"""Pixels that a line is wide at least; what is thinner is the edge of something that moved by a hair."""
REACHED_SHARE = 0.9
"""Share of a part that hangs together with what it grows out of, at least."""
HOLD_REACH = 3
"""Pixels within which a part hangs on what it grows out of."""


@dataclass(frozen=True)
class Stroke:
    """A part of a line that one key has and the other has not."""

    place: Part
    """Rows and columns of the frame that hold it."""
    way: Plane
    """(h, w): length along the line from where it hangs on, in pixels; infinite off the line."""
    length: float
    grows: bool
    """The end has it; else the start."""


def explained(picture: Plane, other: Plane, flow: Plane, loop_error: Plane, carried: Mask) -> Mask:
    """Where a motion leads from a picture to its like in the other one, (H, W): no line grows there.

    `loop_error` is how far the flow is from leading back, `carried` is where a piece is that goes as a whole.
    """
    return np.asarray((mismatch(picture, other, flow) < DIFFERENT_COLOUR) & (loop_error < LOST_LOOP) | carried)


def strokes(start: Plane, end: Plane, moves: tuple[Mask, Mask]) -> list[Stroke]:
    """The lines that grow or shrink between two pictures.

    `moves` (H, W) tells of each picture what is `explained` by a motion: that is no growth.
    """
    differs = max_difference(start, end) > DIFFERENT_COLOUR
    _, labels, stats, _ = cv2.connectedComponentsWithStats(differs.view(np.uint8), connectivity=8)
    sizes = stats[:, cv2.CC_STAT_AREA]
    largest = [int(i) for i in np.argsort(-sizes, kind="stable") if i and sizes[i] >= SMALLEST_STROKE][:MOST_PARTS]
    found: list[Stroke] = []
    for label in largest:
        place = part_of_component(stats[label], HOLD_REACH + 1, start.shape)
        part = labels[place] == label
        still = ~differs[place]
        for grows, picture, known in ((True, end, moves[1]), (False, start, moves[0])):
            found += _stroke(picture[place], part, still, known[place], place, grows)
    return found


def _stroke(picture: Plane, part: Mask, still: Mask, known: Mask, place: Part, grows: bool) -> Iterator[Stroke]:
    """The part as a stroke of this picture, if it is one."""
    if known[part].mean() > 0.5:
        return
    colour = np.median(picture[part], axis=0)
    like = max_difference(picture, colour) < SAME_COLOUR
    if like[part].mean() < 0.5:
        return  # not of one colour: something else happens here
    near = dilated(part, HOLD_REACH)
    hold = near & still & like
    if components(dilated(hold, 1)).max() != 1:
        return  # hangs on nothing, or at more than one place
    way = _path_length(part | hold, hold)
    reached = part & np.isfinite(way)
    if reached.sum() < REACHED_SHARE * part.sum():
        return
    length = float(way[reached].max())
    width = part.sum() / length
    if width < THINNEST or length < SLIM * width or hold.sum() > HOLD_REACH * (2 * width + 2 * HOLD_REACH):
        return
    yield Stroke(place, np.where(reached, way, np.inf).astype(np.float32), length, grows)


def _path_length(inside: Mask, begin: Mask) -> Plane:
    """Length of the way from `begin` within `inside`, (H, W); infinite where there is none.

    By turns a step goes to eight and to four neighbours, so that a length depends little on its direction.
    """
    ahead = np.pad(inside & ~begin, 1).ravel()
    way = np.where(np.pad(begin, 1), 0, np.inf).astype(np.float32)
    width = way.shape[1]
    four = np.array((-width, -1, 1, width))
    eight = np.append(four, (-width - 1, -width + 1, width - 1, width + 1))
    reached, before, step = np.flatnonzero(way == 0), np.zeros(0, np.intp), 0
    while len(reached):
        step += 1
        # What a step to four neighbours has left is reached by the next one, to eight.
        edge, sides = (np.append(before, reached), eight) if step % 2 else (reached, four)
        beside = (edge[:, None] + sides).ravel()
        before, reached = reached, np.unique(beside[ahead[beside]])
        ahead[reached] = False
        way.ravel()[reached] = step
    return way[1:-1, 1:-1]


def drawn_on(
    found: Sequence[Stroke], to_start: Plane, to_end: Plane, share: Plane, t: float
) -> tuple[Plane, Plane, Plane]:
    """Flows (H, W, 2) and share of the start (H, W) at time `t`, with every line as long as it is by then."""
    if found:
        to_start, to_end, share = to_start.copy(), to_end.copy(), share.copy()
    for stroke in found:
        line = np.isfinite(stroke.way)
        come = (t if stroke.grows else 1 - t) * stroke.length
        there = np.clip(come - stroke.way[line] + 0.5, 0, 1)
        share[stroke.place][line] = 1 - there if stroke.grows else there
        to_start[stroke.place][line] = to_end[stroke.place][line] = 0
    return to_start, to_end, share
