"""Optical flow between two pictures, both ways, and how far it is to be believed.

Motion is found on small grey copies by OpenCV's DIS (Kroeger et al. 2016, "Fast optical flow using dense inverse
search") in both directions. For a time between the keys both flows are brought to that time by fixed-point iteration,
and each pixel takes the one under which the two keys look more alike.

Flows are float32 (h, w, 2) in pixels of the copies, x to the right and then y down.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inbetween.core.channels import Channels
from inbetween.core.colour import encode, visible
from inbetween.core.parallel import in_parallel
from inbetween.models.warp import Plane, fetched_along

Grey = NDArray[np.uint8]

LONGEST_SIDE = 1024
"""Motion is found on copies no longer than this; pixels are moved at full size."""
SHORTEST_SIDE = 48
"""DIS needs room for its coarsest patches; smaller copies are padded with their edge."""
LUMA = (0.299, 0.587, 0.114)
COVERAGE = 0.4
"""Share of alpha in the grey copy: no opaque colour, black least of all, looks like nothing at all."""
ITERATIONS = 3
"""Of the fixed point that brings a flow to another time."""
WINDOW = 9
"""Side of the square over which two keys are compared under a flow, in pixels of the copy."""


@dataclass(frozen=True)
class Motion:
    """What is known of a pair, in pixels of its grey copies; of each two the first belongs to the start."""

    greys: tuple[Plane, Plane]
    flows: tuple[Plane, Plane]
    """To the other key, (h, w, 2)."""
    loop_errors: tuple[Plane, Plane]
    """How far the flow is from leading back to where it came from, (h, w): large where nothing matches."""

    def cropped(self, height: int, width: int) -> "Motion":
        """The motion of the upper left part of both pictures."""

        def part(planes: tuple[Plane, Plane]) -> tuple[Plane, Plane]:
            return planes[0][:height, :width], planes[1][:height, :width]

        return Motion(part(self.greys), part(self.flows), part(self.loop_errors))


def grey_copy(frame: Plane, channels: Channels, space: str) -> Grey:
    """What DIS looks at, (h, w) and at most `LONGEST_SIDE` long: a mix of colour in the working space and coverage.

    Where there is no picture, data in its place.
    """
    import cv2

    if not channels.shown:
        frame, space = visible(frame), "display"
    height, width = frame.shape[:2]
    shrink = min(1.0, LONGEST_SIDE / max(height, width))
    height, width = max(1, round(height * shrink)), max(1, round(width * shrink))
    looked_at = [*channels.picture]
    if shrink < 1:
        if frame.shape[2] > 4:
            frame, looked_at = frame[..., looked_at], list(range(len(looked_at)))
        small = cv2.resize(np.ascontiguousarray(frame), (width, height), interpolation=cv2.INTER_AREA)
        frame = np.asarray(small, np.float32).reshape(height, width, -1)
    seen = np.nan_to_num(frame[..., looked_at])
    count = len(channels.colour)
    shares = np.asarray(LUMA if count == len(LUMA) else [1 / count] * count, np.float32)
    grey = np.clip(encode(seen[..., :count], space), 0, 1) @ shares
    if channels.alpha is not None:
        grey = (1 - COVERAGE) * grey + COVERAGE * np.clip(seen[..., count], 0, 1)
    return np.asarray(grey * 255 + 0.5).astype(np.uint8)


def find_motion(start: Grey, end: Grey) -> Motion:
    """Flow both ways between two grey pictures, and how well the two agree."""
    there, back = dense(start, end), dense(end, start)
    greys = (start.astype(np.float32), end.astype(np.float32))
    return Motion(greys, (there, back), (loop_error(there, back), loop_error(back, there)))


def dense(start: Grey, end: Grey) -> Plane:
    """Flow from one grey picture to another, (h, w, 2)."""
    import cv2

    height, width = start.shape
    below, right = max(0, SHORTEST_SIDE - height), max(0, SHORTEST_SIDE - width)
    a, b = (cv2.copyMakeBorder(grey, 0, below, 0, right, cv2.BORDER_REPLICATE) for grey in (start, end))
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    # OpenCV's own stubs want an array to write to, for which its documentation and code take None.
    return np.asarray(search.calc(a, b, None), np.float32)[:height, :width]  # type: ignore[call-overload]


def paths(motion: Motion, t: float) -> tuple[Plane, Plane, Plane]:
    """Seen from time `t`: the flow to the start and the flow to the end, (h, w, 2), on one straight line.

    And how different the two keys look along it, as `difference` tells, (h, w).
    """
    import cv2

    ways = ((motion.flows[0], -t), (-motion.flows[1], 1 - t))
    (onwards, unlike), (backwards, other) = in_parallel(lambda way: _judged(motion, *way, t), ways)
    cv2.copyTo(backwards, (other < unlike).view(np.uint8), onwards)  # the better of the two
    return onwards * np.float32(-t), onwards * np.float32(1 - t), np.minimum(unlike, other)


def _judged(motion: Motion, flow: Plane, way: float, t: float) -> tuple[Plane, Plane]:
    """The `_course` of a flow, and how different the keys look along it."""
    course = _course(flow, way)
    return course, difference(motion, np.float32(-t) * course, np.float32(1 - t) * course)


def difference(motion: Motion, to_start: Plane, to_end: Plane) -> Plane:
    """How different the two keys look around each pixel under these flows, (h, w), in steps of 255."""
    return unlikeness(fetched_along(motion.greys[0], to_start), fetched_along(motion.greys[1], to_end))


def unlikeness(start: Plane, end: Plane) -> Plane:
    """How different two grey pictures look around each pixel, (h, w), in steps of 255."""
    import cv2

    return np.asarray(cv2.blur(np.abs(start - end), (WINDOW, WINDOW)), np.float32)


def _course(flow: Plane, way: float) -> Plane:
    """The motion through each pixel when `way` of it has passed since `flow` was true: v(p) = flow(p + way v(p))."""
    course = flow
    for _ in range(ITERATIONS):
        course = fetched_along(flow, way * course)
    return course


def loop_error(there: Plane, back: Plane) -> Plane:
    """How far a flow is from leading back to where it came from, (h, w) in pixels; `back` is the other key's."""
    loop = there + fetched_along(back, there)
    return np.asarray(np.hypot(loop[..., 0], loop[..., 1]), np.float32)
