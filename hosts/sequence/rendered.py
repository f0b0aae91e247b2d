"""Rendered motion: a renderer's vectors for every frame of a result, beside keys that alone were rendered in full.

They lie in files of their own, numbered as the frames of the result are. Which layers hold them: `layers.motion_of`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from inbetween.core.errors import FrameReadError, InputError
from inbetween.core.schedule import Gap
from inbetween.hosts.sequence import names
from inbetween.hosts.sequence.frames import Header, Pixels, Plate, read_header, read_plate
from inbetween.hosts.sequence.layers import Vector, motion_of
from inbetween.hosts.sequence.names import FrameSequence
from inbetween.hosts.sequence.window import Window
from inbetween.models.rendered import FrameMotion, from_one_way

LAYERS = "forward.u and forward.v, backward.u and backward.v, or Blender's pass Vector"


@dataclass(frozen=True)
class RenderedMotion:
    """The vectors of the frames that a result needs."""

    sequence: FrameSequence
    headers: Mapping[int, Header]
    """Number -> header, for every frame of the gaps that are drawn, keys as well."""
    cycle: int
    """Frames after which the first one is seen again; 0 where it is not."""

    def numbers(self, gap: Gap) -> list[int]:
        """Those of the files of a gap's frames, its keys first and last."""
        return _numbers(gap, self.sequence, self.cycle)

    def read(self, gap: Gap, window: Window) -> list[FrameMotion]:
        """How every frame of a gap moves, its keys first and last, over a window. Raises `FrameReadError`."""
        found = [read_vectors(self.headers[number], window) for number in self.numbers(gap)]
        forward = [there for there, _ in found if there is not None]
        backward = [back for _, back in found if back is not None]
        if len(forward) == len(backward):
            return [FrameMotion(*both) for both in zip(forward, backward, strict=True)]
        return from_one_way(forward or backward, 1 if forward else -1)


def find(source: str) -> FrameSequence:
    """The one sequence that a folder or a pattern names. Raises `InputError` for none or several."""
    return names.find_one(source, "motion vectors", "motion/shot.####.exr")


def of_gaps(vectors: FrameSequence, gaps: Iterable[Gap], key: Header, cycle: int) -> RenderedMotion:
    """The vectors for these gaps of a sequence, by the header of one of its keys.

    Raises `InputError` where they lack a frame, show another format, or hold no vectors.
    """
    used = sorted({number for gap in gaps for number in _numbers(gap, vectors, cycle)})
    if lacking := [number for number in used if number not in vectors.numbers]:
        raise InputError(
            f"the motion vectors {vectors.folder / vectors.pattern} lack frame {names.first_few(lacking)}; "
            "render them for every frame of the result, keys as well"
        )
    headers = {number: read_header(vectors.file(number)) for number in used}
    for header in headers.values():
        if not any(_told(header)):
            raise InputError(f"{header.path} holds no motion vectors; they are looked for in {LAYERS}")
        if _told(header) != _told(first := headers[used[0]]):
            raise InputError(f"{header.path} holds other motion vectors than {first.path}; render all of them alike")
        if header.display != key.display:
            raise InputError(
                f"{key.path} has display window {key.display}, but its motion vectors {header.path} have "
                f"{header.display}; render both at the same size"
            )
    return RenderedMotion(vectors, headers, cycle)


def _numbers(gap: Gap, vectors: FrameSequence, cycle: int) -> list[int]:
    """In a cycle the frames after the last one may be numbered on, or as those of the next turn."""
    return [each if each in vectors.numbers else each - cycle for each in range(gap.first, gap.last + 1)]


def _told(header: Header) -> tuple[bool, ...]:
    """Whether a file tells the way on, and the way back."""
    return tuple(way is not None for way in motion_of(header.parts))


def read_vectors(planned: Header, window: Window) -> tuple[Pixels | None, Pixels | None]:
    """The vectors on and back of a file, over a window, as far as it has them. Raises `FrameReadError`."""
    plate = read_plate(planned.path)
    if plate.header.layout != planned.layout:
        raise FrameReadError(f"{planned.path} changed while it was worked on; run again")
    forward, backward = motion_of(plate.header.parts)
    return _vectors(plate, forward, window), _vectors(plate, backward, window)


def _vectors(plate: Plate, way: Vector | None, window: Window) -> Pixels | None:
    """Over a window, (H, W, 2), to the right and down; NaN where the file tells none."""
    if way is None:
        return None
    both = plate.header.window | window
    wide = np.full((both.height, both.width, 2), np.nan, np.float32)
    wide[plate.header.window.within(both)] = plate.pixels[..., list(way.places)] * np.array(way.signs, np.float32)
    found = wide[window.within(both)]
    found[~np.isfinite(found)] = np.nan
    return found
