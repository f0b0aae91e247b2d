"""A camera that moves: the one motion of nearly all that there is in a picture.

At the border of the frame optical flow has nothing to hold on to: what comes in or goes out has no partner in the other
key. What the camera does in the middle it does there too. Its motion is the affine one on which most of the sure flow
agrees (RANSAC: Fischler and Bolles 1981), if it explains most of what changes. Flat backgrounds, where flow has little
to hold on to anywhere, still have corners: where flow tells less than nearly all, that is asked on which most of them
agree (SIFT: Lowe 2004), where the picture goes on beyond its border.

Flows are float32 (H, W, 2) in pixels.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from inbetween.models.arrays import channel_max
from inbetween.models.motion.affine import Floats, inverse, moved, then, turn
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
SURE_SHARE = 0.9
"""As `EXPLAINED_SHARE`: what explains so much need not be asked for again by corners."""
CHANGED = 0.03
"""Share of the frame that changes at least where corners are asked."""
CORNERS, DISTINCT = 1500, 0.8
"""How many are looked at, the clearest, and how much more alike a partner has to be than the next one (Lowe)."""
FEWEST_CORNERS = 6
"""Corners that must agree."""
STAYING_SHARE = 0.5
"""Share of all edges that stay in their place at most: a pattern at rest is as much like itself a period further on."""
UNEVEN, UNEVEN_SHARE = 16.0, 0.1
"""By how many steps of 255 pixels differ from most of the frame's border, and the share of it that must do so in both
keys: else it is one thing that moves on an even ground, and no camera."""
LARGEST_TURN = 0.35
"""Radians: beyond, things turn rather than the camera, and go round rather than straight."""


def camera(motion: Motion) -> Floats | None:
    """The affine map (2, 3) from the start to the end that explains most of the frame; None for a still camera."""
    found = _by_flow(motion)
    share = 0.0 if found is None else _explained(found, motion)
    if share < SURE_SHARE:
        other = _by_corners(motion)
        if other is not None and (more := _explained(other, motion)) > share:
            found, share = other, more
    return found if share > EXPLAINED_SHARE else None


def _by_flow(motion: Motion) -> Floats | None:
    """What most of the sure flow agrees on; None where it does not move."""
    here = pixels(motion.loop_errors[0].shape)[::STEP, ::STEP]
    flow, loop_error = motion.flows[0][::STEP, ::STEP], motion.loop_errors[0][::STEP, ::STEP]
    stays = ~outside(motion.flows[0])[::STEP, ::STEP]
    sure = (loop_error < CAMERA_LOOP) & stays
    enough = max(FEWEST, AGREEING_SHARE * sure.sum())
    if (channel_max(np.abs(flow[sure])) > LEAST_MOVE).sum() < enough:
        return None
    way, agree = cv2.estimateAffine2D(here[sure], (here + flow)[sure], ransacReprojThreshold=INLIER)
    if way is None or agree.sum() < enough:
        return None
    return np.asarray(way, np.float64)


def _by_corners(motion: Motion) -> Floats | None:
    """What most corners agree on that have a partner; None for too few, for one thing that moves, and for a turn."""
    if not _leaves_its_place(motion) or not all(map(_bordered, motion.greys)):
        return None
    sift = cv2.SIFT.create(CORNERS)
    (first, ones), (second, others) = (sift.detectAndCompute(_bytes(grey), None) for grey in motion.greys)
    if len(first) < FEWEST_CORNERS or len(second) < FEWEST_CORNERS:
        return None
    matched = cv2.BFMatcher().knnMatch(ones, others, 2)
    both = [best for best, next_ in matched if best.distance < DISTINCT * next_.distance]
    if len(both) < FEWEST_CORNERS:
        return None
    here = np.array([first[each.queryIdx].pt for each in both])
    there = np.array([second[each.trainIdx].pt for each in both])
    way, agree = cv2.estimateAffine2D(here, there, ransacReprojThreshold=INLIER)
    if way is None or agree.sum() < FEWEST_CORNERS:
        return None
    found = np.asarray(way, np.float64)
    return found if turn(found) < LARGEST_TURN else None


def _leaves_its_place(motion: Motion) -> bool:
    """Whether most of what the start shows is elsewhere in the end."""
    start, end = motion.greys
    changed = np.abs(start - end) > SAME_PIXEL
    edges = np.asarray(cv2.morphologyEx(start, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))) > UNEVEN
    return bool(changed.mean() > CHANGED and edges.any() and changed[edges].mean() > 1 - STAYING_SHARE)


def _bordered(grey: Plane) -> bool:
    """Whether what a picture (H, W) shows goes on beyond its border."""
    border = np.concatenate((grey[0], grey[-1], grey[:, 0], grey[:, -1]))
    return bool((np.abs(border - np.median(border)) > UNEVEN).mean() > UNEVEN_SHARE)


def _bytes(grey: Plane) -> NDArray[np.uint8]:
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


def _explained(way: Floats, motion: Motion) -> float:
    """How much of what stays in the frame, and tells a moving camera from a still one, is alike along a map, 0 to 1."""
    start, end = motion.greys
    flow = across(way, start.shape, 0)
    stays = ~outside(flow)
    still, alike = ((np.abs(start - other) <= SAME_PIXEL)[stays] for other in (end, fetched_along(end, flow)))
    return float((alike & ~still).sum() / max(1, (~(alike & still)).sum()))


def panned(way: Floats, size: tuple[int, ...], t: float, aside: Floats | None = None) -> tuple[Plane, Plane]:
    """The flows to the start and to the end at time `t`, (H, W, 2), of what the camera alone moves.

    At an even pace, or by an affine map (2, 3) aside from where it would be then.
    """
    here = pixels(size)
    onwards = (1 - t) * np.eye(2, 3) + t * way
    onwards = onwards if aside is None else then(onwards, aside)
    start = moved(here, inverse(onwards))
    return start - here, moved(start, way) - here


def across(way: Floats, size: tuple[int, ...], key: int) -> Plane:
    """The flow from a key, 0 or 1, to the other one, (H, W, 2), of what the camera alone moves."""
    return panned(way, size, float(key))[1 - key]


def outside(flow: Plane) -> Mask:
    """Where a flow leads out of the frame, (H, W)."""
    height, width = flow.shape[:2]
    x, y = np.arange(width, dtype=np.float32) + 0.5, np.arange(height, dtype=np.float32)[:, None] + 0.5
    across, down = cv2.split(flow)
    return np.asarray((across < -x) | (across > width - x) | (down < -y) | (down > height - y))
