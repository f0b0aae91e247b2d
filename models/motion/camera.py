"""A camera that moves: the one motion of nearly all that there is in a picture.

At the border of the frame optical flow has nothing to hold on to: what comes in or goes out has no partner in the other
key. What the camera does in the middle it does there too. Its motion is the affine one on which most of the sure flow
agrees (RANSAC: Fischler and Bolles 1981), if it explains most of what changes.

Flows are float32 (H, W, 2) in pixels.
"""

import cv2
import numpy as np

from inbetween.models.motion.affine import Floats, inverse, moved, then
from inbetween.models.motion.masks import Mask
from inbetween.models.optical import Motion
from inbetween.models.warp import Plane, fetched_along, pixels

STEP = 8
"""Pixels between the places whose flow is asked."""
CAMERA_LOOP, INLIER = 1.0, 2.0
"""Pixels within which a flow leads back to where it came from, and within which it is the camera's."""
AGREEING_SHARE = 0.5
"""Share of the places with a sure flow that must move, and that must agree on how."""
FEWEST = 50
"""Places that must agree."""
SAME_PIXEL = 4.0
"""Difference of two looks at one thing, in steps of 255: of single pixels, half of what `classical` grants windows."""
EXPLAINED_SHARE = 0.75
"""Share of what a still camera or one that moves so does not explain that the latter must explain.

A figure that walks before the camera takes 15 to 20 % of a frame; a still camera explains what moves by half at most.
"""
LEAST_MOVE = 1.0
"""Pixels by which a place moves at least."""


def camera(motion: Motion) -> Floats | None:
    """The affine map (2, 3) from the start to the end that explains most of the frame; None for a still camera."""
    here = pixels(motion.loop_errors[0].shape)[::STEP, ::STEP]
    flow, loop_error = motion.flows[0][::STEP, ::STEP], motion.loop_errors[0][::STEP, ::STEP]
    stays = ~outside(motion.flows[0])[::STEP, ::STEP]
    sure = (loop_error < CAMERA_LOOP) & stays
    enough = max(FEWEST, AGREEING_SHARE * sure.sum())
    if (np.abs(flow[sure]).max(-1) > LEAST_MOVE).sum() < enough:
        return None
    way, agree = cv2.estimateAffine2D(here[sure], (here + flow)[sure], ransacReprojThreshold=INLIER)
    if way is None or agree.sum() < enough:
        return None
    found = np.asarray(way, np.float64)
    return found if _explains(found, motion) else None


def _explains(way: Floats, motion: Motion) -> bool:
    """Whether most of what stays in the frame, and tells a moving camera from a still one, is alike along a map."""
    start, end = motion.greys
    _, flow = panned(way, start.shape, 0.0)
    stays = ~outside(flow)
    still, alike = ((np.abs(start - other) <= SAME_PIXEL)[stays] for other in (end, fetched_along(end, flow)))
    return bool((alike & ~still).sum() > EXPLAINED_SHARE * (~(alike & still)).sum())


def panned(way: Floats, size: tuple[int, ...], t: float, aside: Floats | None = None) -> tuple[Plane, Plane]:
    """The flows to the start and to the end at time `t`, (H, W, 2), of what the camera alone moves.

    At an even pace, or by an affine map (2, 3) aside from where it would be then.
    """
    here = pixels(size)
    onwards = (1 - t) * np.eye(2, 3) + t * way
    onwards = onwards if aside is None else then(onwards, aside)
    start = moved(here, inverse(onwards))
    return start - here, moved(start, way) - here


def outside(flow: Plane) -> Mask:
    """Where a flow leads out of the frame, (H, W)."""
    height, width = flow.shape[:2]
    x, y = np.arange(width, dtype=np.float32) + 0.5, np.arange(height, dtype=np.float32)[:, None] + 0.5
    across, down = cv2.split(flow)
    return np.asarray((across < -x) | (across > width - x) | (down < -y) | (down > height - y))
