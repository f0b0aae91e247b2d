"""The motion model at work: finds where every pixel of an in-between comes from, and moves the keys' own pixels there.

The network (`motion_net`) looks at a bounded RGBA copy and answers with two flows and a share; the originals, with all
their channels, depth and range, are fetched along them at full size. It is offered optical flow (`flow`) as a hint.
What depends on the pair alone is found once for all its times.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from array_api_compat import array_namespace, device
from numpy.typing import NDArray

from inbetween.core.channels import RGBA, Channels
from inbetween.core.colour import encode
from inbetween.core.network import Array, Network
from inbetween.core.parallel import in_parallel
from inbetween.models.camera import camera, outside, panned
from inbetween.models.card import Card, verify
from inbetween.models.carried import Carried, carried
from inbetween.models.curve import Bend, Ways, bent
from inbetween.models.engines import Engine, filled, open_onnx, open_torch
from inbetween.models.flow import Motion, difference, find_motion, grey_copy, paths
from inbetween.models.grain import smoothed
from inbetween.models.ground import Ground, changed, painted, shown
from inbetween.models.light import levelled
from inbetween.models.model import Model
from inbetween.models.moving import MovingNetwork, numpy_of
from inbetween.models.placed import Whole, arrived, wholes
from inbetween.models.regions import Floats
from inbetween.models.strokes import Stroke, drawn_on, explained, strokes
from inbetween.models.warp import Plane, along

if TYPE_CHECKING:
    from torch import nn

    from inbetween.models.motion_net import MotionNet

Picture = NDArray[np.float32]

LONGEST_SIDE = 960
"""Motion is found on a copy no longer than this; pixels are moved at full size. HD is twice as long, UHD four times."""
AGREE = 2.0
"""Pixels within which two flows mean the same."""
SURE = 3.0
"""Pixels within which optical flow leads back to where it came from, where it is to be believed at all."""
SAME = 8.0
"""Difference of two looks at one thing, in steps of 255."""
GRAPHS = ("match", "refine", "draw", "enlarge")
CELL, COARSEST, STATE = 4, 64, 24
"""As the network has it (`motion_net`, which needs torch)."""


@dataclass(frozen=True)
class Graphs:
    """The pieces of the network, each an engine's `run`."""

    match: Callable[..., list[Array]]
    refine: Callable[..., list[Array]]
    draw: Callable[..., list[Array]]
    enlarge: Callable[..., list[Array]]


@dataclass(frozen=True)
class Offered:
    """Motion between two pictures found without the network."""

    optical: Motion
    pieces: Carried
    camera: Floats | None
    """The affine map (2, 3) of a camera that moves."""

    def cropped(self, height: int, width: int) -> "Offered":
        """The same of the upper left part."""
        return replace(self, optical=self.optical.cropped(height, width), pieces=self.pieces.cropped(height, width))


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
    pieces: Sequence[Whole | None] = ()
    """Of what it was offered, the pieces that are carried."""
    lines: Sequence[Stroke] = ()
    """Lines that are drawn on or off."""
    grounds: Sequence[Ground] = ()
    """Those that change their colour."""
    lit: bool = False
    """Whether the light changes."""


def from_card(card: Card, weights: Path, wanted: str, engine: str) -> Model:
    """The motion model with trained weights: NAME.safetensors for torch, NAME_match.onnx and so on for ONNX Runtime."""
    onnx = graphs(weights)
    if engine == "onnxruntime" or (engine == "auto" and all(file.exists() for file in onnx)):
        digest, *_ = [verify(card, file) for file in onnx]
        engines = [open_onnx(file, wanted) for file in onnx]
    else:
        file = weights.with_suffix(".safetensors")
        digest = verify(card, file)
        engines = in_torch(lambda: network_of(file), wanted)
    pieces = Graphs(*(each.run for each in engines))
    offered = bool(card.options.get("candidate", True))

    def network(channels: Channels, space: str) -> Network:
        return Mover(pieces, channels, space, offered)

    return Model(card.name, card.version, card.licence, digest, engines[0].name, card.scheme, True, network, offered)


def export(card: Card, safetensors: Path, onnx: Path) -> None:
    """Write the `GRAPHS` beside `onnx`, NAME_match.onnx and so on, each checked against torch. Needs torch."""
    from inbetween.models.export import to_onnx
    from inbetween.models.motion_graphs import Draw, Enlarge, Match, Refine
    from inbetween.models.motion_net import FEATURES, MESSAGE, WIDTH

    net = network_of(safetensors)
    level, above = {2: "height", 3: "width"}, {2: "height_above", 3: "width_above"}
    sizes = [((16, 30), (8, 15)), ((9, 16), (9, 16)), ((68, 120), (34, 60))]
    block, extra = 4 * CELL * CELL, 1 + MESSAGE

    def shapes(*channels: tuple[int, int, bool]) -> list[list[tuple[int, ...]]]:
        return [[(n, c, *(upper if coarser else own)) for n, c, coarser in channels] for own, upper in sizes]

    coarsest: list[list[tuple[int, ...]]] = [[(2, block, h, w)] for h, w in ((9, 16), (16, 16), (16, 3))]
    to_onnx(Match(net), graph_file(onnx, "match"), {"blocks": level}, ["flow", "state"], coarsest)
    one: list[tuple[int, ...]] = [(1, 1, 1, 1)]
    to_onnx(
        Refine(net),
        graph_file(onnx, "refine"),
        {"blocks": level, "flow": above, "state": above, "candidate": level, "offered": {}},
        ["features", "flow_here", "extra", "state_here"],
        [row + one for row in shapes((2, block, False), (2, 2, True), (2, STATE, True), (2, 2, False))],
    )
    drawn = shapes((2, FEATURES, False), (2, 2, False), (2, extra, False), (1, 5, True), (1, STATE, True))
    to_onnx(
        Draw(net),
        graph_file(onnx, "draw"),
        {"features": level, "flow": level, "extra": level, "t": {}, "above": above, "state": above, "known": {}},
        ["cells", "state_here", "hidden"],
        [row[:3] + one + row[3:] + one for row in drawn],
    )
    to_onnx(
        Enlarge(net),
        graph_file(onnx, "enlarge"),
        {"cells": level, "hidden": level, "t": {}},
        ["to_start", "to_end", "share"],
        [row + one for row in shapes((1, 5, False), (1, WIDTH, False))],
    )


def graphs(weights: Path) -> list[Path]:
    """The .onnx files of the model's weights."""
    return [graph_file(weights, name) for name in GRAPHS]


def graph_file(weights: Path, graph: str) -> Path:
    """Where one of the `GRAPHS` stands, beside the weights."""
    return weights.with_name(f"{weights.stem}_{graph}.onnx")


def network_of(safetensors: Path) -> "MotionNet":
    """The network with trained weights. Needs torch."""
    from inbetween.models.motion_net import MotionNet

    net = MotionNet()
    filled(net, safetensors)
    return net


def in_torch(net: "Callable[[], MotionNet]", wanted: str) -> list[Engine]:
    """The `GRAPHS` of a network, run by torch; `net` is asked for once, when torch is known to be there."""
    shared = cache(net)

    def piece(name: str) -> "nn.Module":
        from inbetween.models import motion_graphs

        kinds: dict[str, Callable[[MotionNet], nn.Module]] = {
            "match": motion_graphs.Match,
            "refine": motion_graphs.Refine,
            "draw": motion_graphs.Draw,
            "enlarge": motion_graphs.Enlarge,
        }
        return kinds[name](shared())

    return [open_torch(partial(piece, name), wanted) for name in GRAPHS]


class Mover(MovingNetwork[Prepared]):
    """Moves pixels along what the network finds. With `offered` False it is alone, without optical flow, as in Nuke."""

    def __init__(self, graphs: Graphs, channels: Channels, space: str, offered: bool = True) -> None:
        super().__init__(channels, space)
        self.graphs, self.offered = graphs, offered

    def _pair(self, start: Array, end: Array) -> Prepared:
        keys = [np.ascontiguousarray(numpy_of(key)) for key in (start, end)]
        digests = in_parallel(lambda key: sha256(key).digest(), keys)  # type: ignore[arg-type] # arrays are buffers
        digest = b"".join(digests)
        for known in self.known:
            if known.digest == digest:
                return known
        if digests[0] == digests[1]:
            return Prepared(digest, [], (1, 1))
        pictures = np.stack([self._seen(key[0]) for key in keys])
        return self._led(digest, pictures) if self.offered else self._alone(digest, pictures)

    def _alone(self, digest: bytes, pictures: Picture) -> Prepared:
        """What the network finds by itself in two pictures (2, 4, H, W)."""
        padded = _padded(pictures)
        nothing = np.zeros((2, 2, padded.shape[2] // CELL, padded.shape[3] // CELL), np.float32)
        return Prepared(digest, self._levels(padded, nothing), _size(pictures))

    def _led(self, digest: bytes, pictures: Picture) -> Prepared:
        """What is found in two pictures (2, 4, H, W) once all that is known of them is offered to the network."""
        first, second, grounds, lit = alike(*np.ascontiguousarray(pictures.transpose(0, 2, 3, 1)))
        padded = _padded(np.stack((first, second)).transpose(0, 3, 1, 2))
        offered = offer(*np.ascontiguousarray(padded.transpose(0, 2, 3, 1)))
        levels = self._levels(padded, candidate(offered))
        offered = offered.cropped(*_size(pictures))
        lines = grown(first, second, offered)
        return Prepared(digest, levels, _size(pictures), offered, wholes(offered.pieces), lines, grounds, lit)

    def _ways(self, prepared: Prepared, t: float, bend: Bend | None) -> Ways | None:
        if not prepared.levels:
            return None
        height, width = prepared.size
        to_start, to_end, share = (numpy_of(part)[0, :height, :width] for part in self._motion(prepared, t))
        if prepared.offered:
            to_start, to_end = sharpened(to_start, to_end, prepared.offered, t)
            if prepared.lit:
                share = evenly(to_start, to_end, share, prepared.offered.optical, t)
            share = entering(to_start, to_end, share)
        ways = bent((to_start, to_end, share), t, bend)
        if prepared.offered:
            ways = arrived(prepared.offered.pieces, prepared.pieces, ways, t, bend)
            ways = shown(prepared.grounds, drawn_on(prepared.lines, *ways, t), t)
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
            closer = pieces.going[key] | (np.abs(pieces.flows[key] - flow).max(-1) < AGREE)
            flow[closer] = pieces.flows[key][closer]
        return flow

    def _motion(self, prepared: Prepared, t: float) -> list[Array]:
        """By pixel of the picture looked at: flows to start and end (1, H, W, 2), share of the start (1, H, W)."""
        like = prepared.levels[0][0]
        height, width = like.shape[2:]
        above, state = _like(like, np.zeros((1, 5, height, width))), _like(like, np.zeros((1, STATE, height, width)))
        time, hidden = _like(like, np.full((1, 1, 1, 1), t)), like
        for index, level in enumerate(prepared.levels):
            known = _like(like, np.full((1, 1, 1, 1), index > 0))
            above, state, hidden = self.graphs.draw(*level, time, above, state, known)
        return self.graphs.enlarge(above, hidden, time)

    def _levels(self, padded: Picture, hint: Picture) -> list[list[Array]]:
        """What the network finds of a pair of pictures (2, 4, H, W), per level; `hint` is a `candidate`."""
        offered = np.full((1, 1, 1, 1), self.offered, np.float32)
        pyramid = [(padded, hint)]
        for _ in range(level_count(*padded.shape[2:]) - 1):
            pyramid.append((_halved(pyramid[-1][0]), pyramid[-1][1][:, :, ::2, ::2] / np.float32(2)))
        flow, state = self.graphs.match(_blocks(pyramid[-1][0]))
        levels = []
        for picture, offer in reversed(pyramid):
            features, flow, extra, state = self.graphs.refine(_blocks(picture), flow, state, offer, offered)
            levels.append([features, flow, extra])
        return levels

    def _seen(self, frame: Picture) -> Picture:
        """What the network looks at, (4, h, w), from 0 to 1: red, green, blue, alpha; no longer than it takes."""
        import cv2

        height, width = frame.shape[:2]
        shrink = min(1.0, LONGEST_SIDE / max(height, width))
        colour = encode(np.nan_to_num(frame[..., [*self.channels.colour]]), self.space)
        picture: Picture = np.ones((height, width, 4), np.float32)
        picture[..., :3] = colour  # grey goes to all three
        if self.channels.alpha is not None:
            picture[..., 3] = np.nan_to_num(frame[..., self.channels.alpha])
        np.clip(picture, 0, 1, out=picture)
        if shrink < 1:
            size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
            picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)
        return np.ascontiguousarray(picture.transpose(2, 0, 1))


def alike(start: Picture, end: Picture) -> tuple[Picture, Picture, list[Ground], bool]:
    """Two pictures (H, W, 4) without grain, in one light, with grounds of one colour.

    And which grounds have another colour in the end, and whether the light is another one.
    """
    start, end = smoothed(start), smoothed(end)
    first, second = levelled(start, end)
    grounds = changed(start, end, (first, second))
    return first, painted(first, second, grounds), grounds, first is not start or second is not end


def offer(start: Picture, end: Picture) -> Offered:
    """Optical flow (`flow`) between two pictures (H, W, 4), premultiplied, 0 to 1; and pieces that it loses."""
    optical = find_motion(*(grey_copy(picture, RGBA, "display") for picture in (start, end)))
    return Offered(optical, carried(start, end, optical.flows), camera(optical))


def candidate(offered: Offered) -> Picture:
    """The flow that the network is offered, both ways, in cells, at the middle of cells: (2, 2, H / 4, W / 4).

    Both sides of the pictures are multiples of the cell.
    """
    middles = [found[CELL // 2 :: CELL, CELL // 2 :: CELL] / np.float32(CELL) for found in offered.pieces.flows]
    return np.ascontiguousarray(np.stack(middles).transpose(0, 3, 1, 2))


def grown(start: Picture, end: Picture, offered: Offered) -> list[Stroke]:
    """Lines that grow or shrink between two pictures (H, W, 4), where no motion is known that would explain it."""
    flows, doubts, going = offered.pieces.flows, offered.optical.doubts, offered.pieces.going
    there = explained(start, end, flows[0], doubts[0], going[0])
    back = explained(end, start, flows[1], doubts[1], going[1])
    return strokes(start, end, (there, back))


def sharpened(to_start: Plane, to_end: Plane, offered: Offered, t: float) -> tuple[Plane, Plane]:
    """The network's flows (H, W, 2), and in their place optical flow where it fits more closely and is to be believed.

    Where optical flow is right it is so to a fraction of a pixel, which a network of cells is not. It is believed where
    the network all but agrees, and where it leads back to where it came from. What comes into the frame or leaves it
    has nothing to lead back from: it goes with a camera that moves, else with optical flow.
    """
    import cv2

    optical = offered.optical
    *found, unlike = paths(optical, t)
    agreed = np.full(unlike.shape, 255, np.uint8)
    for one, other in zip(found, (to_start, to_end), strict=True):
        agreed &= np.asarray(cv2.inRange(cv2.absdiff(one, other), (0, 0), (AGREE, AGREE)), np.uint8)
    sure = np.maximum(*(along(doubt, way) for doubt, way in zip(optical.doubts, found, strict=True))) < SURE
    taken = ((agreed > 0) | sure) & (unlike < difference(optical, to_start, to_end))
    if offered.camera is None:
        taken |= outside(found[0]) | outside(found[1])
    for one, other in zip(found, (to_start, to_end), strict=True):
        cv2.copyTo(other, (~taken).view(np.uint8), one)
    if offered.camera is not None:
        ways = panned(offered.camera, unlike.shape, t)
        passing = (outside(ways[0]) | outside(ways[1])) & ~sure
        for one, other in zip(found, ways, strict=True):
            one[passing] = other[passing]
    start, end = found
    return start, end


def evenly(to_start: Plane, to_end: Plane, share: Plane, optical: Motion, t: float) -> Plane:
    """The share of the start, (H, W), as even as time where both keys show the same, if in another light."""
    return np.where(difference(optical, to_start, to_end) < SAME, np.float32(1 - t), share)


def entering(to_start: Plane, to_end: Plane, share: Plane) -> Plane:
    """The share of the start, (H, W), where what one key has beyond the frame is shown from the other key alone."""
    beyond = outside(to_start), outside(to_end)
    return np.where(beyond[0] == beyond[1], share, beyond[1]).astype(np.float32)


def level_count(height: int, width: int) -> int:
    """How many times a picture is halved, plus one, until no side is longer than `COARSEST`."""
    count, side = 1, max(height, width)
    while side > COARSEST:
        side, count = (side + 1) // 2, count + 1
    return count


def _size(pictures: Picture) -> tuple[int, int]:
    """Height and width."""
    height, width = pictures.shape[2:]
    return height, width


def _padded(pictures: Picture) -> Picture:
    """Sides made multiples of the coarsest cell, and no shorter than two, by repeating the last row and column."""
    unit = CELL << (level_count(*_size(pictures)) - 1)
    below, right = (max(-side % unit, 2 * unit - side) for side in pictures.shape[2:])
    return np.pad(pictures, ((0, 0), (0, 0), (0, below), (0, right)), "edge")


def _halved(planes: Picture) -> Picture:
    """Means of two by two."""
    count, channels, height, width = planes.shape
    return np.asarray(planes.reshape(count, channels, height // 2, 2, width // 2, 2).mean((3, 5)))


def _blocks(pictures: Picture) -> Picture:
    """Pictures (2, 4, H, W) with the pixels of each cell as channels, (2, 64, H / 4, W / 4)."""
    count, channels, height, width = pictures.shape
    cells = pictures.reshape(count, channels, height // CELL, CELL, width // CELL, CELL)
    return cells.transpose(0, 1, 3, 5, 2, 4).reshape(count, channels * CELL * CELL, height // CELL, width // CELL)


def _like(model: Array, values: NDArray[np.floating]) -> Array:
    """Values as float32, as the kind of array that `model` is and where it is."""
    return array_namespace(model).asarray(values.astype(np.float32), device=device(model))
