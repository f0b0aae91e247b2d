"""What stands behind all that moves: what both keys show in one place, at rest or taken along by the camera.

Two pictures go in, and the camera's way between them if it moves; out comes what of the backdrop either key shows, and
at any time between them how it lies and what is known of it there.

Flows are float32 (H, W, 2) in pixels of the picture looked at, shares (H, W), labels uint8 (H, W).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from inbetween.models.arrays import max_difference
from inbetween.models.curve import Bend, Ways, offset
from inbetween.models.motion.affine import Floats, inverse, mapped
from inbetween.models.motion.camera import across, outside, panned
from inbetween.models.motion.masks import RIM, Mask, Numbers
from inbetween.models.warp import Plane, fetched_along, labels_at, pixels

OTHER, EVEN, DETAILED = range(3)
"""What both keys show in one place of the backdrop: not the same, or the same, of one even colour or not."""
UNCHANGED, DETAIL = 0.01, 0.001
"""Difference of colour or coverage, of 1, of a pixel and those beside it up to which it is the same in both keys, and
range of values among them above which they are no even colour."""
RESAMPLED = 0.03
"""The same difference where a camera moves: pixels that are fetched between pixels are not the same to a step."""
STILL, WITH_CAMERA = 0.1, 0.5
"""Pixels by which a flow differs at most from that of a backdrop at rest, and of one that the camera moves."""
BEND_STEP, BEND_INLIER = 16, 0.5
"""Pixels between the places that tell how a camera's way bends, and within which they agree on it."""


@dataclass(frozen=True)
class Backdrop:
    """What both keys show in one place of it."""

    camera: Floats | None
    """The affine map (2, 3) that takes it from the start to the end; None where it rests."""
    unchanged: tuple[Numbers, Numbers]
    """(H, W): OTHER and so on, by what each key shows."""

    @classmethod
    def of(cls, start: Plane, end: Plane, camera: Floats | None) -> "Backdrop":
        """The backdrop of two pictures (H, W, 4), 0 to 1."""
        if camera is None:
            still = _unchanged(start, end, UNCHANGED)
            return cls(None, (still, still))
        ways = camera, inverse(camera)
        seen = (seen_along(other, way) for other, way in zip((end, start), ways, strict=True))
        first, second = (_unchanged(own, other, RESAMPLED) for own, other in zip((start, end), seen, strict=True))
        return cls(camera, (first, second))

    def cropped(self, height: int, width: int) -> "Backdrop":
        """The backdrop of the upper left part of both keys."""
        first, second = (known[:height, :width] for known in self.unchanged)
        return replace(self, unchanged=(first, second))

    def led(self, flow: Plane, key: int) -> Plane:
        """A flow (H, W, 2) from a key, 0 or 1, to the other one, that of the camera where it is the backdrop's.

        So it is where both keys show the same of it, and where the other one's frame ends before it.
        """
        if self.camera is None:
            return flow
        own = across(self.camera, flow.shape, key)
        return np.where(((self.unchanged[key] != OTHER) | outside(own))[..., None], own, flow)

    def beyond(self, key: int) -> Mask:
        """Where a key, 0 or 1, shows of it what the camera has beyond the frame of the other one, (H, W)."""
        if self.camera is None:
            return np.zeros(self.unchanged[key].shape, np.bool_)
        return outside(across(self.camera, self.unchanged[key].shape, key))

    def at(self, t: float, bend: Bend | None) -> "Scene":
        """How it lies at time `t`, the camera on the curve that `bend` asks for."""
        changed = tuple((known == OTHER).view(np.uint8) for known in self.unchanged)
        size = self.unchanged[0].shape
        if self.camera is None:
            nothing = np.zeros((*size, 2), np.float32)
            return Scene((nothing, nothing), self.unchanged[0], (changed[0], changed[1]), rests=True)
        flows = panned(self.camera, size, t, _aside(self.camera, size, t, bend))
        known = labels_at(self.unchanged[0], pixels(size) + flows[0])
        known[outside(flows[0]) | outside(flows[1])] = OTHER
        return Scene(flows, known, (changed[0], changed[1]), rests=False)


@dataclass(frozen=True)
class Scene:
    """The backdrop at one time."""

    flows: tuple[Plane, Plane]
    """To both keys, of the backdrop, wherever it is hidden as well."""
    unchanged: Numbers
    """(H, W): OTHER and so on."""
    changed: tuple[Numbers, Numbers]
    """(H, W): 1 where either key, not this time, shows what the other one does not."""
    rests: bool
    """Whether it is at rest: its flows are 0."""

    def seen(self, labels: Sequence[Numbers]) -> list[Numbers]:
        """What labels of either key (H, W) say of the place of the backdrop that is at each pixel."""
        if self.rests:
            return [*labels]
        here = pixels(self.unchanged.shape)
        return [labels_at(label, here + flow) for label, flow in zip(labels, self.flows, strict=True)]

    def shown(self, flows: Sequence[Plane]) -> Mask:
        """Where flows (H, W, 2) to both keys are the backdrop's, (H, W)."""
        most = STILL if self.rests else WITH_CAMERA
        apart = [max_difference(flow, own) < most for flow, own in zip(flows, self.flows, strict=True)]
        return np.asarray(apart[0] & apart[1])

    def put(self, flows: Sequence[Plane], where: Mask) -> None:
        """Have flows (H, W, 2) to both keys be the backdrop's in some places (H, W)."""
        for flow, own in zip(flows, self.flows, strict=True):
            cv2.copyTo(own, where.view(np.uint8), flow)

    def passes(self, flows: Sequence[Plane]) -> Mask:
        """Where something passes, (H, W), that neither key has there: they show something else in its places there."""
        here = pixels(self.unchanged.shape)
        first, second = (labels_at(label, here + flow) > 0 for label, flow in zip(self.changed, flows, strict=True))
        return np.asarray(first & second)

    def held(self, to_start: Plane, to_end: Plane) -> tuple[Plane, Plane]:
        """The flows (H, W, 2), the backdrop's where both keys show the same of it and nothing else passes."""
        flows = to_start.copy(), to_end.copy()
        self.put(flows, (self.unchanged == DETAILED) & ~self.passes(flows))
        return flows

    def paced(self, ways: Ways, t: float) -> Ways:
        """The ways with the share of the start as even as time where both keys show the backdrop, and the same of it.

        They look the same there, but further layers may differ.
        """
        to_start, to_end, share = ways
        still = self.shown((to_start, to_end)) & (self.unchanged != OTHER)
        return to_start, to_end, np.where(still, np.float32(1 - t), share)


def _unchanged(picture: Plane, other: Plane, most: float) -> Numbers:
    """Where two pictures (H, W, 4) show the same up to a difference: EVEN or DETAILED, elsewhere OTHER, (H, W)."""
    detail = max_difference(cv2.dilate(picture, RIM), cv2.erode(picture, RIM)) > DETAIL
    same = cv2.dilate(max_difference(picture, other), RIM) < most
    return np.where(same, np.where(detail, np.uint8(DETAILED), np.uint8(EVEN)), np.uint8(OTHER))


def seen_along(picture: Plane, way: Floats) -> Plane:
    """A picture (H, W, 4) as it is seen along an affine map that leads to it; -1 beyond its frame."""
    flow = across(way, picture.shape, 0)
    seen = fetched_along(picture, flow)
    seen[outside(flow)] = -1
    return seen


def _aside(camera: Floats, size: tuple[int, ...], t: float, bend: Bend | None) -> Floats | None:
    """The affine map (2, 3) from where a camera would have things at an even pace to where its curve has them.

    That on which most places of the frame agree; None without a curve, or where they do not.
    """
    if bend is None:
        return None
    here = pixels(size)[::BEND_STEP, ::BEND_STEP].reshape(-1, 2)
    start = mapped(here, inverse((1 - t) * np.eye(2, 3) + t * camera))
    end = mapped(start, camera)
    speeds = [
        None if side is None else side.at(places, size)[:, None]
        for side, places in ((bend.before, start), (bend.after, end))
    ]
    aside = offset((end - start)[:, None].astype(np.float32), speeds[0], speeds[1], t, bend)[:, 0]
    found, _ = cv2.estimateAffine2D(here, here + aside, ransacReprojThreshold=BEND_INLIER)
    return None if found is None else np.asarray(found, np.float64)
