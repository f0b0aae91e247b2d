"""Whether two keys belong to one movement: nothing to draw where they are equal, nothing to be had across a cut.

A big move and a cut both change nearly every pixel. What tells them apart: a movement keeps its colours, wherever they
go, and a change of light keeps its outlines, whatever their colours; a cut keeps neither. So a cut is seen only where
colours and outlines both differ, and a picture without outlines (blank, fully transparent) contradicts nothing: that
is a fade.
"""

from dataclasses import dataclass
from enum import Enum
from math import sqrt

from array_api_compat import array_namespace, device

from inbetween.core.channels import Channels, pick
from inbetween.core.colour import encode
from inbetween.core.network import Array
from inbetween.core.padding import Padding, pad
from inbetween.core.settings import Settings

SIDE = 64
"""Longer side, in cells, of the reduced copies that are compared."""

LEVELS = 8
"""Levels of each colour channel in the histograms; alpha has two. With 4, unrelated muted shots looked alike."""

DIMMEST = 0.05
"""Pictures are brightened as if their brightest colour were at least this, lest grain in black become a picture."""

BLANK = 1e-4
"""Variance of the outlines, summed over the cells, below which a picture has none."""


class Verdict(Enum):
    """What lies between two keys."""

    HOLD = "hold"
    """The same picture twice: hold it."""
    MOVE = "move"
    """A movement: draw it."""
    CUT = "cut"
    """Unrelated pictures: hold the first and say so."""


def judge(start: Array, end: Array, channels: Channels, space: str, settings: Settings) -> Verdict:
    """HOLD for keys (H, W, C) of equal values in every channel, CUT for a `difference` above `settings.cut_threshold`.

    NaN equals NaN here: a damaged pixel that stays is no movement.
    """
    xp = array_namespace(start, end)
    same = (start == end) | (xp.isnan(start) & xp.isnan(end))
    if bool(xp.all(same)):
        return Verdict.HOLD
    return Verdict.CUT if is_cut(start, end, channels, space, settings.cut_threshold) else Verdict.MOVE


def is_cut(start: Array, end: Array, channels: Channels, space: str, threshold: float) -> bool:
    """Whether the `difference` of two frames is above `threshold`; where they are much alike, without computing it."""
    pair = _Pair.of(start, end, channels, space)
    return pair.colours_at_most() > threshold and pair.difference() > threshold


def difference(start: Array, end: Array, channels: Channels, space: str) -> float:
    """How little two keys have in common, 0 to 1: the lesser of how far their colours and their outlines differ.

    Seen on copies of at most 64 cells a side, in the working space; extra layers and ids are not looked at. Two
    drawings on nothing have the nothing in common, so small figures on transparency are hardly ever a cut.
    """
    return _Pair.of(start, end, channels, space).difference()


@dataclass(frozen=True)
class _Pair:
    """Two frames reduced to cells (h, w, C) in 0..1, and the levels of each channel's histogram."""

    first: Array
    second: Array
    levels: tuple[int, ...]

    @classmethod
    def of(cls, start: Array, end: Array, channels: Channels, space: str) -> "_Pair":
        """Both brightened alike until the brightest colour of the two is 1: night shots differ in the dark."""
        first, second = (_reduced(frame, channels, space) for frame in (start, end))
        xp, colours = array_namespace(first, second), len(channels.colour)
        peak = max(DIMMEST, *(float(xp.max(cells[..., :colours])) for cells in (first, second)))
        levels = [LEVELS] * colours + [2] * (channels.alpha is not None)
        gain = xp.asarray(
            [1 / peak] * colours + [1.0] * (len(levels) - colours), dtype=first.dtype, device=device(first)
        )
        return cls(first * gain, second * gain, tuple(levels))

    def difference(self) -> float:
        """See the function `difference`."""
        xp = array_namespace(self.first, self.second)
        shared = xp.sum(xp.minimum(_histogram(self.first, self.levels), _histogram(self.second, self.levels)))
        return min(max(0.0, 1.0 - float(shared)), _outlines_apart(self.first, self.second))

    def colours_at_most(self) -> float:
        """A bound for how far the colours differ: a change by d moves at most (levels - 1) d of a value's weight."""
        xp = array_namespace(self.first, self.second)
        moved = xp.mean(xp.abs(self.first - self.second), axis=(0, 1))
        return sum((count - 1) * float(moved[channel]) for channel, count in enumerate(self.levels))


def _reduced(frame: Array, channels: Channels, space: str) -> Array:
    """Colour and alpha of a frame as at most 64 x 64 cells of what the network would see, held to 0..1."""
    xp = array_namespace(frame)
    seen = pick(frame, channels.picture)
    cells = _shrunk(seen, -(-max(frame.shape[:2]) // SIDE))
    cells = xp.where(xp.isfinite(cells), cells, xp.zeros_like(cells))
    colour = encode(cells[..., : len(channels.colour)], space)
    return xp.clip(xp.concat([colour, cells[..., len(channels.colour) :]], axis=-1), 0.0, 1.0)


def _shrunk(pixels: Array, factor: int) -> Array:
    """The means of blocks of `factor` x `factor` pixels (H, W, C); blocks that hang over repeat the edge."""
    xp = array_namespace(pixels)
    height, width, channels = pixels.shape
    pixels = pad(pixels, Padding(0, -height % factor, 0, -width % factor))
    rows = xp.mean(xp.reshape(pixels, (-1, factor, pixels.shape[1], channels)), axis=1)
    return xp.mean(xp.reshape(rows, (rows.shape[0], -1, factor, channels)), axis=2)


def _histogram(cells: Array, levels: tuple[int, ...]) -> Array:
    """Joint histogram of cells (h, w, C) in 0..1, so many levels for each channel, summing to 1.

    Soft: a value counts for the two levels it lies between, so that a small shift of a flat colour is a small change.
    """
    xp = array_namespace(cells)
    flat = xp.reshape(cells, (-1, cells.shape[-1]))
    shares = [_shares(flat[:, channel : channel + 1], count) for channel, count in enumerate(levels)]
    # As one matrix product of two pairs of channels the sum over cells needs no cells x levels**4 table.
    return xp.matrix_transpose(_joined(shares[:2], flat)) @ _joined(shares[2:], flat) / flat.shape[0]


def _shares(values: Array, count: int) -> Array:
    """How values (n, 1) in 0..1 share themselves out among `count` even levels: (n, count), rows sum to 1."""
    xp = array_namespace(values)
    steps = xp.arange(count, dtype=values.dtype, device=device(values))
    return xp.clip(1 - xp.abs(values * (count - 1) - steps), 0.0, None)


def _joined(shares: list[Array], flat: Array) -> Array:
    """Shares of several channels as shares of their combinations; of none, all in one."""
    xp = array_namespace(flat)
    joint = xp.ones_like(flat[:, :1])
    for share in shares:
        joint = xp.reshape(joint[:, :, None] * share[:, None, :], (flat.shape[0], -1))
    return joint


def _outlines_apart(first: Array, second: Array) -> float:
    """One minus the correlation of two pictures' outlines, none below 0; 0 where either has no outlines."""
    xp = array_namespace(first, second)
    if min(first.shape[:2]) < 2:
        return 0.0
    a, b = _outlines(first), _outlines(second)
    energy_a, energy_b = float(xp.sum(a * a)), float(xp.sum(b * b))
    if min(energy_a, energy_b) < BLANK:
        return 0.0
    return 1.0 - max(0.0, float(xp.sum(a * b)) / sqrt(energy_a * energy_b))


def _outlines(cells: Array) -> Array:
    """How steeply cells change, at half their resolution and without its mean: outlines may stray by a cell."""
    xp = array_namespace(cells)
    across = cells[:-1, 1:, :] - cells[:-1, :-1, :]
    down = cells[1:, :-1, :] - cells[:-1, :-1, :]
    steep = _shrunk(xp.sqrt(xp.sum(across * across + down * down, axis=-1, keepdims=True)), 2)
    return steep - xp.mean(steep)
