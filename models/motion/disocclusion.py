"""What whole pieces have left, or have yet to reach, is shown as what is there without them.

That is what the key has in which they are not there, where the backdrop is then; and where both keys have a piece, what
the ground around it does. So nothing is left behind, at any time, right up to the outlines of what is there now.

Flows are float32 (H, W, 2) in pixels of the picture looked at, shares (H, W), labels uint8 (H, W).
"""

from collections.abc import Sequence

import cv2
import numpy as np

from inbetween.models.motion.backdrop import DETAILED, EVEN, Scene
from inbetween.models.motion.frame import Frame
from inbetween.models.motion.masks import RIM, Mask, Numbers, dilated, nearest
from inbetween.models.motion.piece_motion import EVEN_GROUND, SCENERY, Carried
from inbetween.models.warp import Plane, labels_at, pixels

SEAM_REACH = 6
"""Pixels from any piece beyond which nothing of a piece is shown; nearer, where outlines meet, keys may disagree."""
GROUND_WINDOW = 41, 41
"""The part of the picture around a pixel, in pixels, in which most of the ground is the backdrop where it is here."""
MOTION_JUMP = 4.0
"""Pixels by which the motion of pixels beside each other differs at most where it is one motion."""


def clear(frame: Frame, found: Carried, behind: Scene) -> None:
    """Show nothing of any piece where none was put: what the other key has there, or else what is around."""
    soft = _grown(found.labels[0]), _grown(found.labels[1])  # with the faint rest of their edges
    here = pixels(frame.share.shape)
    seen = [labels_at(label, here + flow) for label, flow in zip(soft, frame.flows, strict=True)]
    near = _near_pieces(frame, seen)
    first, second = ((label > 0) & ~near for label in seen)
    hidden = first & second
    if hidden.any():
        hidden[hidden] = _beside_all(frame, found, hidden)
    places = behind.seen(soft)
    covered = places[0] > 0, places[1] > 0
    ground = ~(first | second | near | covered[0] | covered[1])
    grounds = behind.seen(found.grounds)
    bare = covered[1] & (grounds[0] > 0), covered[0] & (grounds[1] > 0)
    shown = np.maximum(*grounds)
    stands = (shown == SCENERY) | ((shown == EVEN_GROUND) & first & second)
    rests = (bare[0] != bare[1]) & ~near & (stands | _rests(frame, ground, behind, first | second))
    behind.put(frame.flows, rests)
    first, second = np.where(rests, bare[1], first), np.where(rests, bare[0], second)
    hidden &= ~rests
    if hidden.any() and ground.any():
        first[hidden], second[hidden] = _as_around(frame, soft, hidden, ground)
    frame.share[first & ~second] = 0
    frame.share[second & ~first] = 1


def _near_pieces(frame: Frame, seen: Sequence[Numbers]) -> Mask:
    """Where pieces were put, and right around them what goes their way, (H, W): keys tell no outline more closely.

    But not where a key shows, as labels `seen` (H, W) along the flows tell, what is elsewhere by now.
    """
    inside, beside = frame.numbers > 0, _grown(frame.numbers)
    near = inside | ((beside > 0) & ~jumps(frame.flows))
    for label in seen:
        other = near & ~inside & (label > 0) & (label != beside)
        near[other] = _near(frame.numbers, label[other], other)
    return near


def _as_around(frame: Frame, soft: tuple[Numbers, Numbers], hidden: Mask, ground: Mask) -> list[Mask]:
    """Let what neither key shows (H, W) go as the nearest ground does; whether either key shows a piece then, (n,)."""
    _, source = nearest(ground)
    here = pixels(hidden.shape)
    source, at = source[hidden], here[hidden]
    flows = [flow.reshape(-1, 2)[source] for flow in frame.flows]
    still = np.logical_and(*_shown(soft, at, flows))
    for whole, flow in zip(frame.flows, flows, strict=True):
        flow[still] += (here.reshape(-1, 2)[source] - at)[still]
        whole[hidden] = flow
    frame.share[hidden] = frame.share.ravel()[source]
    return _shown(soft, at, flows)


def _grown(labels: Numbers) -> Numbers:
    """Labels (H, W) that reach a pixel farther."""
    return np.asarray(cv2.dilate(labels, RIM), np.uint8)


def _beside_all(frame: Frame, found: Carried, asked: Mask) -> Mask:
    """Whether pixels, (n,) of those asked for (H, W), lie beside every piece, rather than in a seam of two.

    They do far from any, and where, if they go with the one next to them, neither key has a piece that is near by now;
    and beside what bends: how that goes on beyond its outline nobody knows.
    """
    inside = frame.numbers > 0
    if not inside.any():
        return np.ones(np.count_nonzero(asked), np.bool_)
    far, owner = nearest(inside)
    owner, places = owner[asked], pixels(asked.shape)[asked]
    seam = np.zeros(len(owner), np.bool_)
    for label, flow in zip(found.labels, frame.flows, strict=True):
        seam |= _near(frame.numbers, labels_at(label, places + flow.reshape(-1, 2)[owner]), asked)
    bent = np.isin(frame.numbers.ravel()[owner], [piece.number for piece in found.pieces if piece.bent])
    return np.asarray((far[asked] > SEAM_REACH) | bent | ~seam)


def _near(numbers: Numbers, names: Numbers, asked: Mask) -> Mask:
    """Which of the pixels asked for (H, W) are near the piece that is named for each, (n,); 0 is none."""
    near = np.zeros(len(names), np.bool_)
    for name in np.unique(names[names > 0]):
        near |= (names == name) & dilated(numbers == name, SEAM_REACH)[asked]
    return near


def _rests(frame: Frame, ground: Mask, behind: Scene, wrong: Mask) -> Mask:
    """Where the ground beside it is the backdrop, (H, W), and nothing else passes but what is wrong there."""
    told = ground & (behind.unchanged != EVEN)  # an even colour goes anywhere
    if not (told & (behind.unchanged == DETAILED)).any():
        return np.zeros(told.shape, np.bool_)
    still = told & behind.shown(frame.flows)
    stays, all_ = (cv2.blur(mask.astype(np.float32), GROUND_WINDOW) for mask in (still, told))
    _, source = nearest(told)
    return np.asarray((stays > 0.5 * all_).ravel()[source] & (wrong | ~behind.passes(frame.flows)))


def jumps(flows: Sequence[Plane]) -> Mask:
    """Where pixels beside each other do not go one way, (H, W)."""
    jumps = np.zeros(flows[0].shape[:2], np.bool_)
    for flow in flows:
        jumps |= cv2.inRange(cv2.morphologyEx(flow, cv2.MORPH_GRADIENT, RIM), (0, 0), (MOTION_JUMP, MOTION_JUMP)) == 0
    return jumps


def _shown(labels: tuple[Numbers, Numbers], places: Plane, flows: Sequence[Plane]) -> list[Mask]:
    """Whether either key shows a piece where its flow (..., 2) leads from places (..., 2), (...)."""
    return [labels_at(label, places + flow) > 0 for label, flow in zip(labels, flows, strict=True)]
