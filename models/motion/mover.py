"""The motion model at work: finds where every pixel of an in-between comes from, and moves the keys' own pixels there.

The network (`net`) looks at a bounded RGBA copy and answers with two flows and a share; the originals, with all
their channels, depth and range, are fetched along them at full size. It is offered what is known without
it (`classical`). What depends on the pair alone is found once for all its times.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from inbetween.core.channels import Channels
from inbetween.core.colour import encode, visible
from inbetween.core.network import Array, Mark
from inbetween.core.parallel import in_parallel
from inbetween.models.arrays import channel_max, like, max_difference, numpy_of
from inbetween.models.curve import Bend, Ways, bent
from inbetween.models.motion.affine import Floats
from inbetween.models.motion.classical import Offered, alike, entering, evenly, grown, offer, sharpened
from inbetween.models.motion.compositing import arrived
from inbetween.models.motion.ground import Ground, shown
from inbetween.models.motion.pace import SAME_FLOW
from inbetween.models.motion.sizes import CELL, STATE, level_count, padding
from inbetween.models.motion.strokes import Stroke, drawn_on
from inbetween.models.motion.upsampling import enlarged
from inbetween.models.motion.wholes import Wholes, wholes
from inbetween.models.moving import MovingNetwork, refuse
from inbetween.models.warp import Plane

Picture = NDArray[np.float32]

LONGEST_SIDE = 960
"""Motion is found on a copy no longer than this; pixels are moved at full size. HD is twice as long, UHD four times."""


@dataclass(frozen=True)
class Graphs:
    """The pieces of the network, each an engine's `run`."""

    match: Callable[..., list[Array]]
    refine: Callable[..., list[Array]]
    draw: Callable[..., list[Array]]
    enlarge: Callable[..., list[Array]]


@dataclass(frozen=True)
class Prepared:
    """What is known of a pair whatever the time."""

    digest: bytes
    """Of both keys, every channel."""
    levels: list[list[Array]]
    """Per level, coarsest first: features, flow (2, 2, h, w) in cells, and the rest. Empty for equal keys."""
    size: tuple[int, int]
    """Height and width of the picture that was looked at."""
    offered: Offered | None = None
    """What the network was offered, if it was."""
    pieces: Wholes | None = None
    """Of what it was offered, those that move as a whole, made ready to be put anywhere."""
    lines: Sequence[Stroke] = ()
    """Lines that are drawn on or off."""
    grounds: Sequence[Ground] = ()
    """Those that change their colour."""
    lit: bool = False
    """Whether the light changes."""


class Mover(MovingNetwork[Prepared]):
    """Moves pixels along what the network finds. With `offered` False it is alone, without optical flow, as in Nuke."""

    def __init__(self, graphs: Graphs, channels: Channels, space: str, offered: bool = True) -> None:
        super().__init__(channels, space)
        self.graphs, self.offered = graphs, offered

    def _pair(self, start: Array, end: Array, marks: Sequence[Mark] = ()) -> Prepared:
        keys = [np.ascontiguousarray(numpy_of(key)) for key in (start, end)]
        digests = in_parallel(lambda key: sha256(key).digest(), keys)  # type: ignore[arg-type] # arrays are buffers
        digest = b"".join((*digests, repr(tuple(marks)).encode()))
        for known in self.known:
            if known.digest == digest:
                return known
        if digests[0] == digests[1]:
            return Prepared(digest, [], (1, 1))
        pictures = np.stack([self._seen(key[0]) for key in keys])
        if not self.offered:
            refuse(marks)
            return self._by_network(digest, pictures)
        scale = np.divide(pictures.shape[:1:-1], keys[0].shape[2:0:-1])
        return self._by_all(digest, pictures, np.reshape(marks, (-1, 2, 2)) * scale - 0.5)

    def _by_network(self, digest: bytes, pictures: Picture) -> Prepared:
        """What the network finds by itself in two pictures (2, 4, H, W)."""
        padded = _padded(pictures)
        nothing = np.zeros((2, 2, padded.shape[2] // CELL, padded.shape[3] // CELL), np.float32)
        return Prepared(digest, self._levels(padded, nothing), _size(pictures))

    def _by_all(self, digest: bytes, pictures: Picture, marks: Floats) -> Prepared:
        """What is found in two pictures (2, 4, H, W) once all that is known of them is offered to the network.

        `marks` (n, 2, 2) as `marked` has them.
        """
        first, second, grounds, lit = alike(*np.ascontiguousarray(pictures.transpose(0, 2, 3, 1)))
        padded = _padded(np.stack((first, second)).transpose(0, 3, 1, 2))
        start, end = np.ascontiguousarray(padded.transpose(0, 2, 3, 1))
        offered = offer(start, end, marks)
        levels = self._levels(padded, candidate(offered))
        offered = offered.cropped(*_size(pictures))
        lines, pieces = grown(first, second, offered), wholes(offered.pieces, offered.optical.greys)
        return Prepared(digest, levels, _size(pictures), offered, pieces, lines, grounds, lit)

    def _ways(self, prepared: Prepared, t: float, bend: Bend | None, size: tuple[int, int]) -> Ways | None:
        if not prepared.levels:
            return None
        height, width = prepared.size
        to_start, to_end, share = (numpy_of(part)[0, :height, :width] for part in self._motion(prepared, t))
        if prepared.offered:
            backdrop = prepared.offered.pieces.backdrop
            behind = backdrop.at(t, None)
            to_start, to_end = behind.held(*sharpened(to_start, to_end, prepared.offered.optical, behind, t))
            if prepared.lit:
                share = evenly(to_start, to_end, share, prepared.offered.optical, t)
            share = entering(to_start, to_end, share)
        ways = bent((to_start, to_end, share), t, bend)
        if prepared.pieces:
            behind = behind if bend is None else backdrop.at(t, bend)
            ways, numbers = arrived(prepared.pieces, ways, t, behind, bend)
            ways = shown(prepared.grounds, drawn_on(prepared.lines, *behind.paced(ways, t), t), t)
            if size != prepared.size:
                ways = enlarged(prepared.pieces, ways, numbers, size, t, bend)
        return ways

    def _flow(self, prepared: Prepared, key: int) -> Plane:
        import cv2

        height, width = prepared.size
        if not prepared.levels:  # equal keys
            return np.zeros((height, width, 2), np.float32)
        cells = np.ascontiguousarray(numpy_of(prepared.levels[-1][1])[key].transpose(1, 2, 0)) * np.float32(CELL)
        found = cv2.resize(cells, None, fx=CELL, fy=CELL, interpolation=cv2.INTER_LINEAR)
        flow: Plane = np.asarray(found[:height, :width], np.float32)
        if prepared.offered:
            pieces = prepared.offered.pieces
            flow = pieces.backdrop.led(flow, key)
            whole = pieces.going[key] | channel_max(pieces.speeds[key] != pieces.flows[key])
            closer = whole | (max_difference(pieces.flows[key], flow) < SAME_FLOW)
            flow[closer] = pieces.speeds[key][closer]
        return flow

    def _greys(self, prepared: Prepared) -> tuple[Plane, Plane] | None:
        return prepared.offered.optical.greys if prepared.offered else None

    def _motion(self, prepared: Prepared, t: float) -> list[Array]:
        """By pixel of the picture looked at: flows to start and end (1, H, W, 2), share of the start (1, H, W)."""
        hidden = prepared.levels[0][0]
        one, cells = (1, 1, 1, 1), hidden.shape[2:]
        above, state = (like(hidden, np.zeros((1, count, *cells), np.float32)) for count in (5, STATE))
        time = like(hidden, np.full(one, t, np.float32))
        for index, level in enumerate(prepared.levels):
            known = like(hidden, np.full(one, index > 0, np.float32))
            above, state, hidden = self.graphs.draw(*level, time, above, state, known)
        return self.graphs.enlarge(above, hidden, time)

    def _levels(self, padded: Picture, hint: Picture) -> list[list[Array]]:
        """What the network finds of a pair of pictures (2, 4, H, W), per level; `hint` is a `candidate`."""
        offered = np.full((1, 1, 1, 1), self.offered, np.float32)
        pyramid = [(padded, hint)]
        for _ in range(level_count(*_size(padded)) - 1):
            pyramid.append((_halved(pyramid[-1][0]), pyramid[-1][1][:, :, ::2, ::2] / np.float32(2)))
        flow, state = self.graphs.match(_blocks(pyramid[-1][0]))
        levels = []
        for picture, candidates in reversed(pyramid):
            features, flow, extra, state = self.graphs.refine(_blocks(picture), flow, state, candidates, offered)
            levels.append([features, flow, extra])
        return levels

    def _seen(self, frame: Picture) -> Picture:
        """What the network looks at, (4, h, w), from 0 to 1: red, green, blue, alpha; no longer than it takes."""
        import cv2

        height, width = frame.shape[:2]
        shrink = min(1.0, LONGEST_SIDE / max(height, width))
        looked_at = frame[..., [*self.channels.colour]]
        colour = encode(np.nan_to_num(looked_at), self.space) if self.channels.shown else visible(looked_at)
        picture: Picture = np.ones((height, width, 4), np.float32)
        picture[..., :3] = colour  # grey goes to all three
        if self.channels.alpha is not None:
            picture[..., 3] = np.nan_to_num(frame[..., self.channels.alpha])
        np.clip(picture, 0, 1, out=picture)
        if shrink < 1:
            size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
            picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)
        return np.ascontiguousarray(picture.transpose(2, 0, 1))


def candidate(offered: Offered) -> Picture:
    """The flow that the network is offered, both ways, in cells, at the middle of cells: (2, 2, H / 4, W / 4).

    Both sides of the pictures are multiples of the cell.
    """
    middles = [found[CELL // 2 :: CELL, CELL // 2 :: CELL] / np.float32(CELL) for found in offered.pieces.flows]
    return np.ascontiguousarray(np.stack(middles).transpose(0, 3, 1, 2))


def _size(pictures: Picture) -> tuple[int, int]:
    """Height and width."""
    height, width = pictures.shape[2:]
    return height, width


def _padded(pictures: Picture) -> Picture:
    """The `padding` that pictures (2, 4, H, W) lack, by repeating the last row and column."""
    below, right = padding(*_size(pictures))
    return np.pad(pictures, ((0, 0), (0, 0), (0, below), (0, right)), "edge")


def _halved(planes: Picture) -> Picture:
    """Means of two by two."""
    across = planes[..., ::2] + planes[..., 1::2]
    return np.asarray((across[..., ::2, :] + across[..., 1::2, :]) / np.float32(4))


def _blocks(pictures: Picture) -> Picture:
    """Pictures (2, 4, H, W) with the pixels of each cell as channels, (2, 64, H / 4, W / 4)."""
    count, channels, height, width = pictures.shape
    cells = pictures.reshape(count, channels, height // CELL, CELL, width // CELL, CELL)
    return cells.transpose(0, 1, 3, 5, 2, 4).reshape(count, channels * CELL * CELL, height // CELL, width // CELL)
