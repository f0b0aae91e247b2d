"""akaNet at work: paints the middle of two frames, one channel at a time, in the working space.

It has only ever seen pictures of one channel from 0 to 1. So each channel of a frame - colour in the working space,
alpha, every extra layer - is painted by itself; one that leaves that range is brought into it and back. A channel that
is the same in both keys is kept as it is. Ids and layers of data are those of the nearer key, and so are channels in
which a key is not finite. Weights trained on several channels get them together, in the file's order. The architecture
is in `akanet_net`; bbCNN works the same way.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from array_api_compat import array_namespace, device
from numpy.typing import NDArray

from inbetween.core.channels import Channels
from inbetween.core.colour import decode, encode
from inbetween.core.errors import ModelError
from inbetween.core.network import Array, Network
from inbetween.models.arrays import numpy_of
from inbetween.models.card import Card, learnt
from inbetween.models.engines import Engine, filled, open_torch, open_weights, running
from inbetween.models.model import Abilities, Model

if TYPE_CHECKING:
    from torch import nn

ALGORITHM = 1
"""See `Model.algorithm`."""
TILE = 256
"""Side of what is painted at once, without its margins: 96 channels of it are 25 MiB."""
PIXELS_AT_ONCE = TILE * TILE
REACH = {"akanet": 16, "bbcnn": 1}
"""How far one unit (of bbCNN: one layer) sees, in pixels, rounded up."""

Picture = NDArray[np.float32]


def from_card(card: Card, weights: Path, device: str, engine: str) -> Model:
    """akaNet or bbCNN with trained weights."""
    files = running(card, weights, graphs(weights), engine)
    (opened,), digest = open_weights(card, files, device, lambda file: [in_torch(card, file, device)])
    together, margin = int(card.options.get("channels", 1)), reach(card)

    def network(channels: Channels, space: str) -> Network:
        return Painter(opened, channels, space, together, margin)

    return Model(
        **vars(abilities(card)),
        version=card.version,
        algorithm=ALGORITHM,
        licence=card.licence,
        weights_sha256=digest,
        learnt_sha256=learnt(card, weights),
        engine=opened.name,
        network=network,
    )


def abilities(card: Card) -> Abilities:
    """What the model of a card can be asked for."""
    return Abilities(name=card.name, scheme=card.scheme, knows_time=False)


def in_torch(card: Card, safetensors: Path, device: str) -> Engine:
    """The network with trained weights, run by torch."""
    return open_torch(lambda: filled(architecture(card), safetensors), device)


def architecture(card: Card) -> "nn.Module":
    """The network that a card describes, as it is run: two frames in, their middle out. Without its weights.

    Raises `ModelError` when the card's options are not the architecture's.
    """
    from inbetween.models.akanet_net import AkaNet, Middle
    from inbetween.models.bbcnn import BbCnn

    try:
        return Middle({"akanet": AkaNet, "bbcnn": BbCnn}[card.architecture](**card.options))
    except TypeError as error:
        raise ModelError(f"the card of {card.name} has options that {card.architecture} has not: {error}") from error


def export(card: Card, safetensors: Path, onnx: Path) -> None:
    """Write the graph start, end (N, channels, H, W) -> middle, its three frames folded, any N, H and W."""
    from inbetween.models.export import to_onnx
    from inbetween.models.fold import fold

    network = fold(filled(architecture(card), safetensors))
    axes, channels = {0: "pairs", 2: "height", 3: "width"}, int(card.options.get("channels", 1))
    sizes = [[(n, channels, h, w)] * 2 for n, h, w in ((2, 32, 48), (1, 33, 47), (3, 18, 64))]
    to_onnx(network, onnx, {"start": axes, "end": axes}, ["middle"], sizes)


def graphs(weights: Path) -> list[Path]:
    """The one graph of these weights."""
    return [weights.with_suffix(".onnx")]


def reach(card: Card) -> int:
    """How many pixels beyond a tile its result depends on: an even number, as tiles keep the grid of the strides."""
    count = int(card.options.get("units", card.options.get("layers", 10)))
    return 2 * ceil((REACH[card.architecture] * count + 4) / 2)


class Painter(Network):
    """Paints the middle of two frames, whatever `t` says."""

    def __init__(self, engine: Engine, channels: Channels, space: str, together: int, margin: int) -> None:
        self.engine, self.channels, self.space = engine, channels, space
        self.together, self.margin = together, margin

    def __call__(self, start: Array, end: Array, t: Array, /) -> Array:
        first, last = numpy_of(start), numpy_of(end)
        painted = [self._painted(a, b) for a, b in zip(first, last, strict=True)]
        frames = np.where(numpy_of(t) <= 0.5, first, last)
        for i, frame in enumerate(frames):
            pair = i if len(painted) > 1 else 0
            chosen, middle = painted[pair]
            frame[..., chosen] = middle
        return array_namespace(start).asarray(frames, device=device(start))

    def _painted(self, start: Picture, end: Picture) -> tuple[list[int], Picture]:
        """The channels of a pair that differ and can be painted, and their middle (H, W, count)."""
        chosen = [c for c in range(start.shape[-1]) if self._is_paintable(start[..., c], end[..., c], c)]
        if not chosen:
            return chosen, start[..., chosen]
        seen = [self._bounded(start[..., c], end[..., c], c) for c in chosen]
        middles = self._tiled(*(np.stack([each.planes[key] for each in seen]) for key in (0, 1)))
        return chosen, np.stack([self._unbounded(m, s, c) for m, s, c in zip(middles, seen, chosen, strict=True)], -1)

    def _is_paintable(self, start: Picture, end: Picture, channel: int) -> bool:
        if channel in (*self.channels.ids, *self.channels.measures) or np.array_equal(start, end):
            return False
        return bool(np.isfinite(start).all() and np.isfinite(end).all())

    def _bounded(self, start: Picture, end: Picture, channel: int) -> "_Seen":
        """A channel of both keys as the network sees it, from 0 to 1; picture that is in that range is left there."""
        planes = np.stack((start, end))
        if channel in self.channels.colour:
            planes = encode(planes, self.space)
        low, high = planes.min(), planes.max()
        if channel in (*self.channels.colour, self.channels.alpha):
            low, high = min(np.float32(0), low), max(np.float32(1), high)
        return _Seen((planes - low) / (high - low), low, high)

    def _unbounded(self, middle: Picture, seen: "_Seen", channel: int) -> Picture:
        plane = np.clip(middle, 0, 1) * (seen.high - seen.low) + seen.low
        return np.asarray(decode(plane, self.space) if channel in self.channels.colour else plane)

    def _tiled(self, start: Picture, end: Picture) -> Picture:
        """The middles (K, H, W) of planes (K, H, W): tile by tile, with margins that make the seams vanish."""
        count, height, width = start.shape
        fill = -count % self.together
        start, end = (np.concatenate((planes, planes[-1:].repeat(fill, 0))) for planes in (start, end))
        middle = np.empty_like(start)
        for rows, columns in itertools.product(_spans(height, self.margin), _spans(width, self.margin)):
            box = np.s_[:, rows.outer, columns.outer]
            middle[:, rows.inner, columns.inner] = self._run(start[box], end[box])[:, rows.kept, columns.kept]
        return middle[:count]

    def _run(self, start: Picture, end: Picture) -> Picture:
        shape = (-1, self.together, *start.shape[1:])
        start, end = start.reshape(shape), end.reshape(shape)
        size = max(1, PIXELS_AT_ONCE // (shape[2] * shape[3]))
        parts = [self.engine.run(start[i : i + size], end[i : i + size])[0] for i in range(0, len(start), size)]
        return np.concatenate(parts).reshape(-1, *start.shape[2:])


@dataclass(frozen=True)
class _Seen:
    """A channel of both keys, brought to 0..1: `planes` (2, H, W) and the values that 0 and 1 stand for."""

    planes: Picture
    low: np.float32
    high: np.float32


@dataclass(frozen=True)
class _Span:
    """One tile along one axis: what the network sees, where its result goes, and which part of it."""

    outer: slice
    inner: slice
    kept: slice


def _spans(length: int, margin: int) -> Iterator[_Span]:
    for begin in range(0, length, TILE):
        end = min(begin + TILE, length)
        low, high = max(0, begin - margin), min(length, end + margin)
        yield _Span(slice(low, high), slice(begin, end), slice(begin - low, end - low))
