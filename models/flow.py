"""Optical-flow interpolation: finds where things went (`optical`), then moves the keys' own pixels there.

For a time between the keys each pixel takes the flow under which the two keys look more alike, and the originals are
fetched along it (`warp`). Where only one key has the pixel - its flow does not lead back to where it came from - that
key alone is shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inbetween.core.network import Array, Mark
from inbetween.models.arrays import numpy_of
from inbetween.models.curve import Bend, Ways, bent
from inbetween.models.engines import require_cpu
from inbetween.models.model import Model
from inbetween.models.moving import MovingNetwork, refuse
from inbetween.models.optical import Grey, Motion, find_motion, grey_copy, paths
from inbetween.models.warp import Plane, fetched_along

ALGORITHM = 1
"""See `Model.algorithm`."""


def build(device: str = "auto", engine: str = "auto") -> Model:
    """No weights; OpenCV finds the motion, on the CPU. Raises `EngineError` when something else is asked for."""
    import cv2

    require_cpu("flow", device, engine)
    return Model(
        name="flow",
        version="1",
        algorithm=ALGORITHM,
        licence="Apache-2.0",
        weights_sha256=None,
        learnt_sha256=None,
        engine=f"OpenCV {cv2.__version__} CPU",
        scheme="direct",
        knows_time=True,
        network=Flow,
        knows_path=True,
        knows_vectors=True,
    )


@dataclass(frozen=True)
class Pair:
    """The grey copies of two keys and the motion between them."""

    start: Grey
    end: Grey
    motion: Motion


class Flow(MovingNetwork[Pair]):
    """Moves pixels along optical flow. Motion depends on the grey copies alone: equal copies are asked for once."""

    def _pair(self, start: Array, end: Array, marks: Sequence[Mark] = ()) -> Pair:
        refuse(marks)
        first, last = (grey_copy(numpy_of(frame)[0], self.channels, self.space) for frame in (start, end))
        for pair in self.known:
            if np.array_equal(pair.start, first) and np.array_equal(pair.end, last):
                return pair
        return Pair(first, last, find_motion(first, last))

    def _ways(self, pair: Pair, t: float, bend: Bend | None, size: tuple[int, int]) -> Ways:
        return bent(motion_at(pair.motion, t), t, bend)

    def _flow(self, pair: Pair, key: int) -> Plane:
        return pair.motion.flows[key]

    def _greys(self, pair: Pair) -> tuple[Plane, Plane]:
        return pair.motion.greys


def motion_at(motion: Motion, t: float) -> Ways:
    """The straight ways seen from time `t`."""
    to_start, to_end, _ = paths(motion, t)
    # A pixel that only one key has is one whose flow there does not come back; the other key covers it.
    start = (1 - t) * (1 + fetched_along(motion.loop_errors[0], to_start))
    end = t * (1 + fetched_along(motion.loop_errors[1], to_end))
    return to_start, to_end, np.asarray(start / (start + end), np.float32)
