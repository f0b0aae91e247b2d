"""What is known of two keys before the network looks: their light, grounds, optical flow, pieces, camera and lines.

The network is offered the flow of it; where that is better than the network's own, it stands in its place.

Pictures are float32 (H, W, 4), premultiplied, display-referred, 0 to 1; flows float32 (H, W, 2) in pixels.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from inbetween.core.channels import RGBA
from inbetween.models.motion.affine import Floats
from inbetween.models.motion.backdrop import Scene
from inbetween.models.motion.camera import camera, outside
from inbetween.models.motion.grain import smoothed
from inbetween.models.motion.ground import Ground, changed, painted
from inbetween.models.motion.led import led, news
from inbetween.models.motion.light import levelled
from inbetween.models.motion.marked import NO_MARKS
from inbetween.models.motion.pace import SAME_FLOW
from inbetween.models.motion.piece_motion import Carried, carried
from inbetween.models.motion.strokes import Stroke, explained, strokes
from inbetween.models.optical import Motion, difference, find_motion, grey_copy, paths
from inbetween.models.warp import Plane, fetched_along

SURE_LOOP = 3.0
"""Pixels within which optical flow leads back to where it came from, where it is to be believed at all."""
CLOSE, CLOSER = 2.0, 1.0
"""Difference of two looks at what passes the border, and by how much less a camera's is where it is believed more."""
SAME_LOOK = 8.0
"""Difference of two looks at one thing, in steps of 255."""


@dataclass(frozen=True)
class Offered:
    """Motion between two pictures found without the network."""

    optical: Motion
    pieces: Carried

    def cropped(self, height: int, width: int) -> "Offered":
        """What is offered for the upper left part of both pictures."""
        optical, pieces = self.optical.cropped(height, width), self.pieces.cropped(height, width)
        return Offered(optical, pieces)


def alike(start: Plane, end: Plane) -> tuple[Plane, Plane, list[Ground], bool]:
    """Two pictures (H, W, 4) without grain, in one light, with grounds of one colour.

    And which grounds have another colour in the end, and whether the light is another one.
    """
    start, end = smoothed(start), smoothed(end)
    first, second = levelled(start, end)
    grounds = changed(start, end, (first, second))
    return first, painted(first, second, grounds), grounds, first is not start or second is not end


def offer(start: Plane, end: Plane, marks: Floats = NO_MARKS) -> Offered:
    """Optical flow (`optical`) between two pictures (H, W, 4), premultiplied, 0 to 1; and pieces that it loses.

    `marks` as in `marked`. Those that say what is found without any change nothing, and lead nothing else astray.
    """
    greys = grey_copy(start, RGBA, "display"), grey_copy(end, RGBA, "display")
    optical = find_motion(*greys)
    found = Offered(optical, carried(start, end, optical.flows, camera(optical)))
    if not len(marks):
        return found
    new = news(marks, found.pieces.flows, found.pieces.labels)
    if not new.any():
        return found
    optical, told = led(optical, greys, marks, new)
    return Offered(optical, carried(start, end, optical.flows, camera(optical), told))


def grown(start: Plane, end: Plane, offered: Offered) -> list[Stroke]:
    """Lines that grow or shrink between two pictures (H, W, 4), where no motion is known that would explain it."""
    flows, loop_errors = offered.pieces.flows, offered.optical.loop_errors
    first, second = offered.pieces.going
    going = first | second  # what passes covers what lies there
    there = explained(start, end, flows[0], loop_errors[0], going)
    back = explained(end, start, flows[1], loop_errors[1], going)
    return strokes(start, end, (there, back))


def sharpened(to_start: Plane, to_end: Plane, optical: Motion, behind: Scene, t: float) -> tuple[Plane, Plane]:
    """The network's flows (H, W, 2), and in their place optical flow where it fits more closely and is to be believed.

    Where optical flow is right it is so to a fraction of a pixel, which a network of cells is not. It is believed where
    the network all but agrees, and where it leads back to where it came from. What comes into the frame or leaves it
    has nothing to lead back from: it goes with a camera that moves, else with optical flow.
    """
    *found, unlike = paths(optical, t)
    agreed = np.full(unlike.shape, 255, np.uint8)
    for one, other in zip(found, (to_start, to_end), strict=True):
        agreed &= np.asarray(cv2.inRange(cv2.absdiff(one, other), (0, 0), (SAME_FLOW, SAME_FLOW)), np.uint8)
    loop_errors = (fetched_along(loop_error, flow) for loop_error, flow in zip(optical.loop_errors, found, strict=True))
    sure = np.maximum(*loop_errors) < SURE_LOOP
    taken = ((agreed > 0) | sure) & (unlike < difference(optical, to_start, to_end))
    if behind.rests:
        taken |= outside(found[0]) | outside(found[1])
    for one, other in zip(found, (to_start, to_end), strict=True):
        cv2.copyTo(other, (~taken).view(np.uint8), one)
    if not behind.rests:
        passing = (outside(behind.flows[0]) | outside(behind.flows[1])) & ~(sure & (unlike < CLOSE))
        closer = difference(optical, *behind.flows) + CLOSER < difference(optical, *found)
        behind.put(found, passing | closer)
    start, end = found
    return start, end


def evenly(to_start: Plane, to_end: Plane, share: Plane, optical: Motion, t: float) -> Plane:
    """The share of the start, (H, W), as even as time where both keys show the same, if in another light."""
    return np.where(difference(optical, to_start, to_end) < SAME_LOOK, np.float32(1 - t), share)


def entering(to_start: Plane, to_end: Plane, share: Plane) -> Plane:
    """The share of the start, (H, W), where what one key has beyond the frame is shown from the other key alone."""
    beyond = outside(to_start), outside(to_end)
    return np.where(beyond[0] == beyond[1], share, beyond[1]).astype(np.float32)
