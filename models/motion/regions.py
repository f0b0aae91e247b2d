"""The pieces that a drawing is made of: regions of even colour, cut out with their outlines and soft edges.

Flat shapes have no texture for optical flow to follow; as pieces they are known wherever they go (AnimeInterp, Li et
al., CVPR 2021).

Pictures are float32 (H, W, 4), premultiplied, display-referred, 0 to 1.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inbetween.models.arrays import channel_max, channel_min, max_difference
from inbetween.models.motion.affine import Floats
from inbetween.models.motion.masks import RIM, Labels, Mask, diagonal, inner_distance, nearby, nearest
from inbetween.models.warp import Plane

EDGE_RANGE = 25
"""Range of values, of 255, around a pixel above which it belongs to no even piece."""
OUTLINE_REACH = 6
"""Pixels around a piece, outline and soft edge, that move with it."""
SOFT_EDGE = 2
"""Pixels on either side of an outline in which the soft edge of something even lies."""
SMALL_PIECE = 200
"""Even pixels of a small piece, at most, which is measured with its outline."""
SMALLEST_PIECE = 6
"""Pixels of the smallest piece."""
EDGE_REACH = 3
"""Pixels within which both sides of a soft edge are seen."""
LINE_RING, ENDS = (1.5, 4.5), 3
"""Pixels around something even in which its colour goes on, in about as many as it has itself, if it is a bit of a line
rather than a piece; and in how many it does if it is the core of an outline that goes on without one."""
CORE_HALF_WIDTH, CORE_REACH = 1.5, 5
"""Pixels: half the width of the widest core of an outline that goes with what it surrounds; and how far from its core
what it surrounds begins."""
MOST_PIECES = 150
"""Pieces of a key that are matched, the largest."""
GROUND_BOX = 0.5
"""A piece whose bounding box covers more of the frame than this is ground: its motion is not looked for here."""
FRAME_FILL = 0.5
"""Share of its bounding box that a piece fills at most which is a frame around others, and no ground."""
PLAIN_DIFFERENCE, PLAIN_SHARE = 0.012, 0.6
"""Difference of colour or coverage, of 1, from a ground's usual colour up to which a pixel has it, and the share of its
pixels that have it, or it has none."""
THIN_HALF_WIDTH, WIDE_SHARE = 5.0, 0.05
"""Pixels: half the width of the widest outline; and share of it that may be wider, where several meet."""
SHADOW_CONTRAST, SHADOW_PIXELS = 0.1, 60
"""What so many pixels of a soft thing on a ground differ from it at least: fainter ones nobody sees to jump."""
COLOUR_CHANGE = 0.02
"""Difference of colour or coverage, of 1, above which a piece that stays is seen to fade."""


@dataclass(frozen=True)
class Pieces:
    """The even pieces of a picture; row i of each table is the piece that `labels` calls i + 1."""

    labels: Labels
    """(H, W); 0 is ground."""
    inside: Mask
    """(H, W): where a piece has its colour, within its outline. That outline is whose it borders on as well, and no
    measure of it."""
    area: Floats
    centre: Floats
    """(n, 2), x and y."""
    spread: Floats
    """(n, 2, 2): covariance of the coordinates."""
    skew: Floats
    """(n, 2): which way it is lopsided, and how much: third moments about its middle, of 1; 0 for what is symmetric."""
    colour: Floats
    """(n, 4)."""
    grounds: Labels
    """(H, W): the number of the ground, from 1; 0 elsewhere."""
    uneven: Mask
    """(H, W): where it is the edge of a piece, or a line."""

    @property
    def diagonal(self) -> float:
        """Pixels from one corner of the frame to the other."""
        return diagonal(self.labels.shape)

    @property
    def soft(self) -> Mask:
        """(n,): which are of a ground, as shadows and glows are."""
        ground = np.bincount(self.labels.ravel(), (self.grounds > 0).ravel(), len(self.area) + 1)[1:]
        return np.asarray(ground > self.area / 2)

    @cached_property
    def thin(self) -> Mask:
        """(n,): which pieces are hardly anywhere wider than an outline is."""
        edge = np.zeros(self.labels.shape, np.bool_)
        for step, axis in product((1, -1), (0, 1)):
            edge |= self.labels != np.roll(self.labels, step, axis)
        deep = inner_distance(~edge) + 1 > THIN_HALF_WIDTH
        wide = np.bincount(self.labels.ravel(), deep.ravel(), len(self.area) + 1)[1:]
        return np.asarray(wide <= WIDE_SHARE * self.area)

    @cached_property
    def beside(self) -> Mask:
        """(n, n): which pieces lie beside each other."""
        count = len(self.area) + 1
        found = np.zeros((count, count), np.bool_)
        for step in range(1, EDGE_REACH + 1):
            for first, second in (
                (self.labels[step:], self.labels[:-step]),
                (self.labels[:, step:], self.labels[:, :-step]),
            ):
                found |= np.bincount((first * count + second).ravel(), minlength=count**2).reshape(count, count) > 0
        return np.asarray((found | found.T) & ~np.eye(count, dtype=np.bool_))[1:, 1:]


def pieces(picture: Plane) -> Pieces:
    """Cut a picture into pieces of even colour, each with its outline and soft edge."""
    small = np.asarray(picture * 255, np.uint8)
    uneven, flat, stats = even_parts(small)
    count = len(stats)
    height, width = uneven.shape
    area = stats[:, cv2.CC_STAT_AREA]
    usual = _usual(picture, flat, area)
    ground = _grounds(stats, usual, height, width)
    scraps = area < SMALLEST_PIECE
    kept = ~scraps & ~ground
    kept[0] = False
    goes_on = _going_on(picture, flat, kept)
    lines = kept & (goes_on >= area)
    bare = kept & (max_difference(usual[:, None], usual[None, ground]) < EDGE_RANGE / 510).any(1)
    lines |= _between(flat, usual, area, kept & ~lines, ground | bare) & (goes_on >= ENDS)
    kept &= ~lines
    uneven |= (lines | scraps)[flat]  # as the core of a line, here and there
    ground &= ~scraps
    ground[0] = False
    labels = np.where(kept[flat], flat, 0)
    # What is left is ground, the edge of a piece, or a line too thin to have an inside.
    mark = uneven & ~_like_ground(picture, ground[flat])
    edge = mark & _between_grounds(small, ground[flat])
    # A hole through which a ground is seen has no outline of its own where something else has one.
    for owners in (kept & ~bare, kept):
        if owners.any():
            far, source = nearest(owners[labels])
            labels = np.where(mark & (labels == 0) & (far <= OUTLINE_REACH), labels.ravel()[source], labels)
    thin = mark & (labels == 0) & ~edge
    _, strokes = cv2.connectedComponents(thin.view(np.uint8), connectivity=8)
    labels = np.where(strokes > 0, strokes + count, labels)
    grounds = np.where(ground, np.arange(count), 0)[flat]
    soft = _soft(picture, grounds)
    labels = np.where((labels == 0) & (soft > 0), soft + int(labels.max()), labels)
    return measured(picture, labels, uneven, grounds)


def even_parts(small: NDArray[np.uint8]) -> tuple[Mask, NDArray[np.int32], NDArray[np.int32]]:
    """Where an 8-bit picture is uneven; the number of the even part, from 1, elsewhere, (H, W); OpenCV's statistics."""
    uneven = channel_max(cv2.subtract(cv2.dilate(small, RIM), cv2.erode(small, RIM))) > EDGE_RANGE
    _, flat, stats, _ = cv2.connectedComponentsWithStats((~uneven).view(np.uint8), connectivity=4)
    return uneven, np.asarray(flat, np.int32), np.asarray(stats, np.int32)


def _grounds(stats: NDArray[np.int32], usual: Floats, height: int, width: int) -> Mask:
    """Which connected components, by OpenCV's statistics and their colours (n, 4), are ground rather than pieces, (n,).

    What is large; and what is transparent and reaches the frame's border: nothing is there that goes.
    """
    left, top, wide, high, area = stats.T
    box = wide * high
    inside = (left > 0) & (top > 0) & (left + wide < width) & (top + high < height)
    large = (box > GROUND_BOX * height * width) & ~(inside & (area < FRAME_FILL * box))
    return np.asarray(large | (~inside & (usual[:, 3] < EDGE_RANGE / 255)))


def _going_on(picture: Plane, flat: NDArray[np.int32], kept: Mask) -> NDArray[np.intp]:
    """How many pixels around each even part, by its number in `flat`, have its colour, which goes on there: (n,)."""
    far, source = nearest(kept[flat])
    beside = (far > LINE_RING[0]) & (far < LINE_RING[1])
    source = source[beside]
    alike = max_difference(picture[beside], picture.reshape(-1, picture.shape[2])[source]) < EDGE_RANGE / 255
    return np.bincount(flat.ravel()[source[alike]], minlength=len(kept))


def _usual(picture: Plane, flat: NDArray[np.int32], area: NDArray[np.int32]) -> Floats:
    """The mean colour of each even part, by its number in `flat`: (n, 4)."""
    sums = [np.bincount(flat.ravel(), picture[..., channel].ravel(), len(area)) for channel in range(picture.shape[2])]
    return np.stack(sums, 1) / np.maximum(area, 1)[:, None]


def _between(flat: NDArray[np.int32], usual: Floats, area: NDArray[np.int32], kept: Mask, ground: Mask) -> Mask:
    """Which even parts are as thin as the core of an outline, between two pieces, or one and a ground: (n,).

    Whether such a line has a core hangs on how it lies between the pixels. So that a piece is cut out alike in both
    keys, a line that goes on without one belongs to what it surrounds, all along. It is darker than either, or lighter:
    a shade between two is none. Parts go by their number in `flat`, `usual` (n, 4) are their colours; `kept` are those
    that are pieces, `ground` those that are grounds.
    """
    number = flat.ravel()
    deep = inner_distance(flat > 0) > CORE_HALF_WIDTH
    core = kept & (np.bincount(number, deep.ravel(), len(area)) <= WIDE_SHARE * area)
    names = np.where(ground, 1, np.where(kept & ~core, np.arange(len(area)) + 1, 0)).astype(np.float32)
    names[0] = 0
    wide = names[flat]
    box = np.ones((2 * CORE_REACH + 1,) * 2, np.uint8)
    most, least = cv2.dilate(wide, box), cv2.erode(np.where(wide > 0, wide, np.float32(np.inf)), box)
    between = core[flat] & (most > 0) & (most != least)
    colours, here = np.pad(usual, ((1, 0), (0, 0))), usual[flat[between]]
    colours[1] = usual[ground].mean(0) if ground.any() else 0
    one, other = (colours[plane[between].astype(np.intp)] for plane in (most, least))
    beyond = np.maximum(np.minimum(one, other) - here, here - np.maximum(one, other))
    between[between] = beyond.max(1) > EDGE_RANGE / 510
    return np.asarray(core & (np.bincount(number, between.ravel(), len(area)) > area / 2))


def _inside(labels: Labels, uneven: Mask) -> Mask:
    """Where pieces have their colour, (H, W): where they are even, and a pixel farther, as edges are soft.

    All of what is small, or nowhere even: its few pixels tell its measures only all together.
    """
    even = np.where(uneven, 0, labels)
    own = nearby(even, labels, 1)
    known = np.bincount(labels.ravel(), even.ravel() > 0) > SMALL_PIECE
    return np.asarray((labels > 0) & (own | ~known[labels]))


def _soft(picture: Plane, grounds: Labels) -> Labels:
    """Things without an edge on grounds of one colour, as shadows and glows: their numbers, from 1, (H, W)."""
    contrast = np.zeros(grounds.shape, np.float32)
    for number in np.unique(grounds[grounds > 0]):
        here = grounds == number
        seen = picture[here]
        apart = max_difference(seen, np.median(seen, axis=0))
        if np.mean(apart < PLAIN_DIFFERENCE) > PLAIN_SHARE:
            contrast[here] = apart
    count, labels = cv2.connectedComponents((contrast >= PLAIN_DIFFERENCE).view(np.uint8), connectivity=4)
    dark = np.bincount(labels.ravel(), contrast.ravel() >= SHADOW_CONTRAST, count) >= SHADOW_PIXELS
    dark[0] = False
    return np.asarray(np.where(dark, np.arange(count), 0)[labels])


def _like_ground(picture: Plane, ground: Mask) -> Mask:
    """Where a pixel has the colour of the nearest ground."""
    if not ground.any():
        return np.zeros(ground.shape, np.bool_)
    _, source = nearest(ground)
    return max_difference(picture, picture.reshape(-1, picture.shape[2])[source]) < EDGE_RANGE / 510


def _between_grounds(small: NDArray[np.uint8], ground: Mask) -> Mask:
    """Where a pixel lies, in every channel, between what two grounds beside it are: their soft edge, and no line."""
    box = np.ones((2 * EDGE_REACH + 1,) * 2, np.uint8)
    most = np.asarray(cv2.dilate(np.where(ground[..., None], small, np.uint8(0)), box))
    least = np.asarray(cv2.erode(np.where(ground[..., None], small, np.uint8(255)), box))
    return channel_min((least <= small) & (small <= most))


def measured(picture: Plane, labels: Labels, uneven: Mask, grounds: Labels) -> Pieces:
    """The pieces that `labels` (H, W) tell apart by any numbers, 0 for none: the largest, numbered by their size."""
    size = np.bincount(labels.ravel())
    size[0] = 0
    largest = np.flatnonzero(size >= SMALLEST_PIECE)
    largest = largest[np.argsort(-size[largest], kind="stable")][:MOST_PIECES]
    table = np.zeros(len(size), np.intp)
    table[largest] = np.arange(1, len(largest) + 1)
    labels = table[labels]
    inside = _inside(labels, uneven)
    y, x = np.nonzero(inside)
    index, n = labels[y, x] - 1, len(largest)

    def total(values: Any) -> Floats:
        return np.asarray(np.bincount(index, values, n), np.float64)

    area = np.bincount(index, minlength=n).astype(np.float64)
    centre = np.stack((total(x), total(y)), 1) / area[:, None]
    dx, dy = x - centre[index, 0], y - centre[index, 1]
    moments = [total(dx * dx), total(dx * dy), total(dx * dy), total(dy * dy)]
    spread = (np.stack(moments, 1) / area[:, None]).reshape(n, 2, 2) + np.eye(2) / 12
    far = dx * dx + dy * dy
    skew = np.stack((total(far * dx), total(far * dy)), 1) / (area * np.trace(spread, axis1=1, axis2=2) ** 1.5)[:, None]
    # Edges are mixed with what lies around: the colour is that of the inside, where there is one.
    weight = np.where(uneven[y, x], 1e-3, 1.0)
    seen = picture[y, x]
    colour = np.stack([total(seen[:, c] * weight) for c in range(4)], 1) / total(weight)[:, None]
    return Pieces(labels, inside, area, centre, spread, skew, colour, grounds, uneven)
