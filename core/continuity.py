"""Whether two keys belong to one movement: nothing to draw where they are equal, nothing to be had across a cut.

A big move and a cut both change nearly every pixel. What tells them apart: a movement keeps its colours, wherever they
go, and a change of light keeps its outlines, whatever their colours; a cut keeps neither. So a cut is seen only where
colours and outlines both differ, and a picture without outlines (blank, fully transparent) contradicts nothing: that
is a fade.
"""

from enum import Enum

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
    return Verdict.CUT if difference(start, end, channels, space) > settings.cut_threshold else Verdict.MOVE


def difference(start: Array, end: Array, channels: Channels, space: str) -> float:
    """How little two keys have in common, 0 to 1: the lesser of how far their colours and their outlines differ.

    Seen on copies of at most 64 cells a side, in the working space; extra layers and ids are not looked at. Two
    drawings on nothing have the nothing in common, so small figures on transparency are hardly ever a cut.
    """
    first, second = _lifted(*(_reduced(key, channels, space) for key in (start, end)), len(channels.colour))
    levels = [LEVELS] * len(channels.colour) + [2] * (channels.alpha is not None)
    return min(_colours_apart(first, second, levels), _outlines_apart(first, second))


def _lifted(first: Array, second: Array, colours: int) -> tuple[Array, Array]:
    """Both pictures brightened alike, until the brightest colour of the two is 1: night shots differ in the dark."""
    xp = array_namespace(first, second)
    peak = max(float(xp.max(cells[..., :colours])) for cells in (first, second)) or 1.0
    first, second = (
        xp.concat([cells[..., :colours] / peak, cells[..., colours:]], axis=-1) for cells in (first, second)
    )
    return first, second


def _reduced(key: Array, channels: Channels, space: str) -> Array:
    """Colour and alpha of a key as at most 64 x 64 cells of what the network would see, held to 0..1."""
    xp = array_namespace(key)
    seen = pick(key, channels.colour if channels.alpha is None else (*channels.colour, channels.alpha))
    cells = _shrunk(xp.where(xp.isfinite(seen), seen, xp.zeros_like(seen)), -(-max(key.shape[:2]) // SIDE))
    colour = encode(cells[..., : len(channels.colour)], space)
    return xp.clip(xp.concat([colour, cells[..., len(channels.colour) :]], axis=-1), 0.0, 1.0)


def _shrunk(pixels: Array, factor: int) -> Array:
    """The means of blocks of `factor` x `factor` pixels (H, W, C); blocks that hang over repeat the edge."""
    xp = array_namespace(pixels)
    height, width, channels = pixels.shape
    pixels = pad(pixels, Padding(0, -height % factor, 0, -width % factor))
    blocks = (pixels.shape[0] // factor, factor, pixels.shape[1] // factor, factor, channels)
    return xp.mean(xp.reshape(pixels, blocks), axis=(1, 3))


def _colours_apart(first: Array, second: Array, levels: list[int]) -> float:
    """One minus the part that two colour histograms share."""
    xp = array_namespace(first, second)
    return max(0.0, 1.0 - float(xp.sum(xp.minimum(_histogram(first, levels), _histogram(second, levels)))))


def _histogram(cells: Array, levels: list[int]) -> Array:
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
    a, b = _outlines(first), _outlines(second)
    energy_a, energy_b = float(xp.sum(a * a)), float(xp.sum(b * b))
    if min(energy_a, energy_b) < BLANK:
        return 0.0
    return 1.0 - max(0.0, float(xp.sum(a * b)) / (energy_a * energy_b) ** 0.5)


def _outlines(cells: Array) -> Array:
    """How steeply cells change, at half their resolution and without its mean: outlines may stray by a cell."""
    xp = array_namespace(cells)
    across = cells[:-1, 1:, :] - cells[:-1, :-1, :]
    down = cells[1:, :-1, :] - cells[:-1, :-1, :]
    steep = _shrunk(xp.sqrt(xp.sum(across * across + down * down, axis=-1, keepdims=True)), 2)
    return steep - xp.mean(steep)
