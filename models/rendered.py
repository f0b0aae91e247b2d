"""Motion that a renderer tells: its vectors from frame to frame, followed from any frame to the keys around it.

A renderer knows where everything goes. Vectors of every frame cost it little beside a finished picture, so that only
keys need be finished: what a frame shows is followed from frame to frame up to either key, and fetched there. Which of
the keys shows it is told by the vectors, too: those of two neighbouring frames lead to each other and back where both
show one thing (forward-backward consistency: Sundaram, Brox and Keutzer 2010, "Dense point trajectories", section 3).
What vectors do not tell - shadows, reflections, highlights - a network draws, between both keys as they are once moved.

Flows are float32 (H, W, 2) in pixels, x to the right and then y down; arrays are NumPy's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from inbetween.core.channels import Channels, pick, put
from inbetween.core.network import DoubtingNetwork, Network
from inbetween.core.parallel import in_parallel
from inbetween.models.arrays import max_difference
from inbetween.models.metrics import Mask
from inbetween.models.moving import not_finite
from inbetween.models.warp import Mixer, Plane, fetched_along, pixels

ALGORITHM = 1
"""Raised whenever other pictures come of the same vectors: it is in the recipes of their frames."""
MISSES, PART = 0.5, 0.02
"""Pixels, and a part of their length, by which two vectors of one thing fail to lead to each other and back at most."""
JUMP = 1.0
"""Pixels by which vectors depart from their neighbours' line where one thing ends and another one begins."""
SLOPE = 0.75
"""Pixels by which the vectors of two neighbouring pixels of one thing differ at most."""
EXTENDED = 64
"""Pixels by which things are continued at most where neither key shows them."""
SOFT = np.array((1, 4, 1), np.float32) / 6
"""By how much a pixel and its neighbours count on outlines, each way: about as in the filters that renderers sample
with. Of several that were tried on renders the nearest to them; there all outlines have steps else."""
ASIDE = 0.25
"""What a pixel beside the middle of another one counts beside a pixel by which paces differ."""
LEAD_BACK = 0.5
"""Share of what moves, whose vectors are led back by those of the next frame, under which they make no sense."""
GUESSED = 0.01
"""Share of a frame that neither key shows, from which on what the network makes of it alone is to be doubted."""
CORNERS = ((0, 0), (1, 0), (0, 1), (1, 1))
BESIDE = ((0, 1), (1, 0), (0, -1), (-1, 0))
ACROSS = ((0, 1), (1, 0), (1, 1), (1, -1))


@dataclass(frozen=True)
class FrameMotion:
    """Where all that a frame shows is in its neighbours; NaN where that is not known."""

    forward: Plane
    """To the next frame."""
    backward: Plane
    """To the one before."""

    def towards(self, step: int) -> Plane:
        """To the frame after it, 1, or before it, -1."""
        return self.forward if step > 0 else self.backward


@dataclass(frozen=True)
class Followed:
    """Where what a frame shows is in a key."""

    flow: Plane
    """What the key hides goes on as it went when it was last seen."""
    seen: Mask
    """(H, W): whether the key shows it."""
    clear: Mask
    """(H, W): whether it does so away from all outlines, where pixels are mixtures."""


@dataclass(frozen=True)
class Sources:
    """Where each pixel of a frame comes from in the two keys."""

    flows: tuple[Plane, Plane]
    seen: tuple[Mask, Mask]
    """(H, W): whether either key has it."""

    @property
    def lost(self) -> Mask:
        """What neither has."""
        return ~(self.seen[0] | self.seen[1])

    def share(self, t: float) -> Plane:
        """How much the first key weighs at a time, (H, W), 0 to 1: as time says, where both have a pixel."""
        first, second = (1 - t) * self.seen[0], t * self.seen[1]
        return np.asarray(first / np.maximum(first + second, 1e-9), np.float32)


class RenderedNetwork(DoubtingNetwork):
    """A network that is asked for frames between two keys that were moved already, as a renderer says.

    Ids, and layers of data (depth, normals, vectors), come from the keys as the vectors say and are not shown to it.
    """

    doubts: Sequence[float | None] = ()

    def __init__(self, network: Network, channels: Channels, motion: Sequence[FrameMotion]) -> None:
        """`motion` is that of all frames of a gap at even times: the keys first and last."""
        self.network, self.channels, self.motion = network, channels, motion

    def __call__(self, start: Plane, end: Plane, t: Plane, /) -> Plane:
        """See `core.network.Network`; for one pair, at the times of frames."""
        rough = (*self.channels.ids, *not_finite(start, end, self.channels))
        mixer = Mixer(start, end, rough, self.channels.data, self.channels.normals)
        doubts: list[float | None] = []
        frames = []
        for time in t.reshape(-1, 1, 1, 1):
            frame, doubt = self._frame(start, end, time[None], mixer)
            frames.append(frame)
            doubts.append(doubt)
        self.doubts = doubts
        return np.concatenate(frames)

    def _asked(self, start: Plane, end: Plane, t: Plane) -> tuple[Plane, float | None]:
        """What the network draws, and how far that is to be doubted."""
        frame = self.network(start, end, t)
        return frame, self.network.doubts[0] if isinstance(self.network, DoubtingNetwork) else None

    def _frame(self, start: Plane, end: Plane, t: Plane, mixer: Mixer) -> tuple[Plane, float | None]:
        """The frame (1, H, W, C) at one time, (1, 1, 1, 1), and how far it is to be doubted."""
        number = round(t.item() * (len(self.motion) - 1))
        found = sources(self.motion, number)
        kept, guessed = (*self.channels.ids, *self.channels.measures), None
        shares = (found.seen[0], ~found.seen[1], *([found.share(t.item())] if kept else []))
        first, second, *told = (_drawn(mixer, found, share.astype(np.float32)) for share in shares)
        if found.lost.any():
            unknown, guessed = self._asked(start, end, t)
            for each in (first, second, *told):
                each[0, found.lost] = unknown[0, found.lost]
        frame, doubt = self._asked(first, second, t)
        if guessed is not None and found.lost.mean() > GUESSED:
            doubt = max(guessed, doubt or 0)
        frame = _softened(frame, self.motion[number], found)
        return (np.asarray(put(frame, kept, pick(told[0], kept))) if told else frame), doubt


def _drawn(mixer: Mixer, found: Sources, share: Plane) -> Plane:
    """Both keys fetched and mixed by the share of the first, (H, W): (1, H, W, C)."""
    frame: Plane = np.empty_like(mixer.frames[0])
    mixer.draw((found.flows[0][None], found.flows[1][None]), share[None, ..., None], frame)
    return frame


def _softened(frame: Plane, motion: FrameMotion, found: Sources) -> Plane:
    """A frame (1, H, W, C) without steps in the outlines of what moves: each of its pixels was one thing or another."""
    ends = np.maximum(_outlines(motion.forward), _outlines(motion.backward))
    line = (ends > 0) & ~found.lost
    soft = cv2.sepFilter2D(frame[0], -1, SOFT, SOFT).reshape(frame.shape)
    return np.asarray(np.where(line[..., None], soft, frame))


def from_one_way(vectors: Sequence[Plane], step: int) -> list[FrameMotion]:
    """How neighbouring frames move both ways, by their vectors (H, W, 2) one way: 1 on, -1 back.

    The other way is that of what comes from the frame on the other side. Where several things come, or nothing does,
    the vectors of the frame itself decide: things hardly change their pace.
    """
    ordered = vectors[::step]
    back = [-ordered[0], *(_undone(before, own) for before, own in pairwise(ordered))][::step]
    pairs = zip(vectors, back, strict=True) if step > 0 else zip(back, vectors, strict=True)
    return [FrameMotion(there, behind) for there, behind in pairs]


def _undone(there: Plane, own: Plane) -> Plane:
    """From a frame back to the one whose vectors lead to it, (H, W, 2), by both frames' vectors the same way."""
    height, width = own.shape[0], own.shape[1]
    place = (pixels((height, width)) + there).reshape(-1, 2)
    cell = np.rint(np.where(_known(place)[:, None], place, -1)).astype(np.intp)
    come = np.flatnonzero((cell[:, 0] >= 0) & (cell[:, 0] < width) & (cell[:, 1] >= 0) & (cell[:, 1] < height))
    at = cell[come, 1] * width + cell[come, 0]
    vectors, paces = there.reshape(-1, 2)[come], own.reshape(-1, 2)[at]
    likely = np.argsort(-_larger(paces - vectors) - ASIDE * _larger(place[come] - cell[come]), kind="stable")
    back = np.full((height * width, 2), np.nan, np.float32)
    back[at[likely]] = -vectors[likely]  # of several the last is kept
    donor = _donors(_known(back).reshape(height, width), own, reach=1)
    return np.where(donor[:, None] >= 0, back[donor], -own.reshape(-1, 2)).reshape(height, width, 2)


def sources(motion: Sequence[FrameMotion], frame: int) -> Sources:
    """Where each pixel of a frame of a gap, by its number in it, comes from.

    What neither key shows clearly is continued from beside, within the same thing: outlines are drawn without the
    colours that they were mixed with in the keys, and the background behind what hides it in both.
    """
    own = motion[frame]
    ends = in_parallel(lambda key: followed(motion, frame, key), (0, len(motion) - 1))
    donor = _donors(ends[0].clear | ends[1].clear, np.concatenate((own.forward, own.backward), axis=2))
    height, width = own.forward.shape[0], own.forward.shape[1]
    fine = (donor < 0).reshape(height, width)  # all outline, as a hair is: better mixed than not at all
    here = np.where(donor < 0, np.arange(height * width), donor)
    off = np.stack((here % width, here // width), -1).reshape(height, width, 2) - pixels((height, width))
    flows = [(each.flow.reshape(-1, 2)[here].reshape(off.shape) + off).astype(np.float32) for each in ends]
    seen = [np.where(fine, each.seen, each.clear.ravel()[here].reshape(fine.shape)) for each in ends]
    return Sources((flows[0], flows[1]), (seen[0], seen[1]))


def fit(motion: Sequence[FrameMotion], start: Plane, end: Plane) -> bool:
    """Whether vectors bring two keys (H, W, C) nearer to each other, by all that moves by more than a pixel.

    Else they are of another shot, or mean something else: another unit, another direction. True where nothing tells.
    """
    there = np.nan_to_num(motion[0].forward)
    _, back = _met(motion[1], 1, there, there)
    moves = _larger(there) > 1
    if moves.any() and back[moves].mean() < LEAD_BACK:
        return False
    across = followed(motion, 0, len(motion) - 1)
    told = across.clear & (_larger(across.flow) > 1)
    apart = np.abs(start - end)[told].mean() if told.any() else 0
    return not apart or bool(np.abs(start - fetched_along(end, across.flow))[told].mean() <= apart)


def followed(motion: Sequence[FrameMotion], frame: int, key: int) -> Followed:
    """Where what a frame of a gap shows is in a key, by their numbers in it; `motion` as `RenderedNetwork` has it."""
    step = 1 if key > frame else -1
    speed = motion[frame].towards(step)
    known = _known(speed)
    flow = speed = np.where(known[..., None], speed, np.float32(0))
    for number in range(frame + step, key + step, step):
        onward, seen = _met(motion[number], step, flow, speed)
        if number != key:
            speed = np.where((seen & _known(onward))[..., None], onward, speed)
            flow = flow + speed
    edge = fetched_along(_outlines(motion[key].towards(-step)), flow) > 0
    return Followed(flow, known & seen, known & seen & ~edge)


def _met(there: FrameMotion, step: int, flow: Plane, speed: Plane) -> tuple[Plane, Mask]:
    """How what came to another frame along a flow, at last by some speed, goes on there, and whether it is seen there.

    It is if the vectors there lead back the way it came: between pixels, or at one of the four around the place.
    """
    height, width = flow.shape[:2]
    both = np.concatenate((there.towards(-step), there.towards(step)), axis=2)
    place = pixels((height, width)) + flow
    x, y = place[..., 0], place[..., 1]
    inside = (x > -0.5) & (x < width - 0.5) & (y > -0.5) & (y < height - 0.5)
    found = fetched_along(both, flow)
    seen = inside & _leads_back(found[..., :2], speed)
    asked = np.flatnonzero(inside & ~seen)
    corner, last = np.floor(place.reshape(-1, 2)[asked]), np.array((width - 1, height - 1))
    nearest = np.full(len(asked), np.inf, np.float32)
    for beside in CORNERS:
        at = np.clip(corner + np.array(beside), 0, last).astype(np.intp)
        values = both[at[:, 1], at[:, 0]]
        apart = np.square(at - place.reshape(-1, 2)[asked]).sum(1)
        fits = _leads_back(values[:, :2], speed.reshape(-1, 2)[asked]) & (apart < nearest)
        nearest[fits] = apart[fits]
        found.reshape(-1, 4)[asked[fits]] = values[fits]
        seen.ravel()[asked[fits]] = True
    return found[..., 2:], seen


def _leads_back(back: Plane, speed: Plane) -> Mask:
    """Whether vectors (..., 2) undo others."""
    return np.asarray(_larger(back + speed) < MISSES + PART * _larger(speed))


def _known(vectors: Plane) -> Mask:
    """Which of vectors (..., 2) are any."""
    return np.asarray(np.isfinite(vectors[..., 0]) & np.isfinite(vectors[..., 1]))


def _larger(vectors: Plane) -> Plane:
    """The larger one of both sides of vectors (..., 2); NumPy is slow along an axis of two."""
    return np.asarray(np.maximum(np.abs(vectors[..., 0]), np.abs(vectors[..., 1])))


def _outlines(flow: Plane) -> Plane:
    """Where vectors jump, (H, W): 1 on both sides."""
    height, width = flow.shape[:2]
    padded = np.pad(flow, ((1, 1), (1, 1), (0, 0)), "edge")
    apart = np.zeros((height, width), np.float32)
    for down, right in ACROSS:
        after = padded[1 + down : height + 1 + down, 1 + right : width + 1 + right]
        before = padded[1 - down : height + 1 - down, 1 - right : width + 1 - right]
        apart = np.maximum(apart, _larger(before + after - 2 * flow))
    return np.asarray(~(apart <= JUMP), np.float32)  # NaN, too, is an end


def _donors(clear: Mask, vectors: Plane, reach: int = EXTENDED) -> NDArray[np.intp]:
    """For each pixel (H * W,) the nearest clear one, by steps from neighbour to neighbour with like vectors (H, W, C).

    Its own number where it is clear itself, and -1 where there is none within so many steps.
    """
    height, width = clear.shape
    donor = np.where(clear, np.arange(height * width).reshape(height, width), -1).ravel()
    values, waiting = vectors.reshape(height * width, -1), np.flatnonzero(donor < 0)
    for _ in range(reach):
        row, column = np.divmod(waiting, width)
        least, found = np.full(len(waiting), SLOPE, np.float32), np.full(len(waiting), -1, np.intp)
        for down, right in BESIDE:
            inside = (row + down >= 0) & (row + down < height) & (column + right >= 0) & (column + right < width)
            beside = np.where(inside, waiting + down * width + right, waiting)
            apart = max_difference(values[beside], values[waiting])
            better = (donor[beside] >= 0) & (apart < least)
            least[better], found[better] = apart[better], donor[beside[better]]
        if not (found >= 0).any():
            break
        donor[waiting[found >= 0]] = found[found >= 0]
        waiting = waiting[found < 0]
    return donor
