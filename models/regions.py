"""Matching of flat regions: large displacements of shapes that have no texture for optical flow to follow.

A drawing is made of pieces of even colour, and a piece that moved far is still the same colour, size and shape
(colour pieces: AnimeInterp, Li et al., CVPR 2021). Both keys are cut into such pieces, pieces that are each other's
best match are paired, and each pair's affine motion follows from their moments.

Pictures are float32 (H, W, 4), premultiplied, display-referred, 0 to 1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Floats = NDArray[np.float64]
Labels = NDArray[np.intp]
Mask = NDArray[np.bool_]
Part = tuple[slice, slice]
"""Rows and columns of a frame."""
Judge = Callable[[NDArray[np.intp]], tuple[Floats, Floats]]
"""Of pairs (m, 2) of pieces: the affine map of each, (m, 2, 3), and how much else it has to say, 0 to 1, (m,)."""

EDGE = 25
"""Range of values, of 255, around a pixel above which it belongs to no even piece."""
REACH = 6
"""Pixels around a piece, outline and soft edge, that move with it."""
SMALLEST = 6
"""Pixels of the smallest piece."""
BESIDE = 3
"""Pixels within which both sides of a soft edge are seen."""
LINE = 1.5, 4.5
"""Pixels around something even in which its colour goes on if it is a bit of a line, rather than a piece."""
MOST = 150
"""Pieces of a key that are matched, the largest."""
GROUND = 0.5
"""A piece whose bounding box covers more of the frame than this is ground: its motion is not looked for here."""
FRAME = 0.5
"""Share of its bounding box that a piece fills at most which is a frame around others, and no ground."""
ALIKE = 3.0
"""Cost above which two pieces are not the same one."""
FAR = 2.0
"""Cost of being anywhere at all."""
ASTRAY, ASIDE = 0.25, 0.12
"""Diagonals of the frame beside its expected place that cost 1: while nothing is expected, and then."""
CHANGED = 0.02
"""Difference of colour or coverage, of 1, above which a piece that stays is seen to fade."""
STAYING = 0.1
"""Cost of being the piece of the same shape in the same place."""
RESHAPED = 0.1
"""Difference of size and shape up to which a piece of another colour may be the same one."""
SAME = 0.06
"""Difference of colour or coverage, of 1, up to which two pieces have one colour."""
SMALLER = 0.15
"""Share of the larger of two pieces of one colour that the smaller one is at least."""
TELLING = 200
"""Pixels of the smallest piece that is known by its outline."""
NEARBY = 0.3
"""Diagonals of the frame that a piece goes at most while it changes its colour."""
INPLACE = 0.02
"""Diagonals of the frame that the middle of a piece goes at most while it changes its colour and its size."""
LED = 0.1
"""Cost of being where optical flow leads, rather than where the neighbours go: equal shapes in a row mislead it."""
ROUNDS = 5
"""How often pieces are matched, each time knowing where their neighbours went."""


@dataclass(frozen=True)
class Pieces:
    """The even pieces of a picture; row i of each table is the piece that `labels` calls i + 1."""

    labels: Labels
    """(H, W); 0 is ground."""
    area: Floats
    centre: Floats
    """(n, 2), x and y."""
    spread: Floats
    """(n, 2, 2): covariance of the coordinates."""
    colour: Floats
    """(n, 4)."""
    grounds: Labels
    """(H, W): the number of the ground, from 1; 0 elsewhere."""


def pieces(picture: Plane) -> Pieces:
    """Cut a picture into pieces of even colour, each with its outline and soft edge."""
    uneven, flat, stats = even_parts(picture)
    count, small = len(stats), np.asarray(picture * 255, np.uint8)
    height, width = uneven.shape
    ground = _grounds(stats, height, width)
    kept = (stats[:, cv2.CC_STAT_AREA] >= SMALLEST) & ~ground
    kept[0] = False
    lines = kept & _goes_on(picture, flat, stats[:, cv2.CC_STAT_AREA], kept)
    kept &= ~lines
    uneven |= lines[flat]
    ground &= stats[:, cv2.CC_STAT_AREA] >= SMALLEST
    ground[0] = False
    labels = np.where(kept[flat], flat, 0)
    # What is left is ground, the edge of a piece, or a line too thin to have an inside.
    mark = uneven & ~_like_ground(picture, ground[flat])
    edge = mark & _between_grounds(small, ground[flat])
    far, nearest = cv2.distanceTransformWithLabels((labels == 0).astype(np.uint8), cv2.DIST_L2, 5)
    if kept.any():
        names = np.zeros(int(nearest.max()) + 1, labels.dtype)
        names[nearest[labels > 0]] = labels[labels > 0]
        labels = np.where(mark & (far <= REACH), names[nearest], labels)
    thin = mark & (labels == 0) & ~edge
    _, strokes = cv2.connectedComponents(thin.view(np.uint8), connectivity=8)
    labels = np.where(strokes > 0, strokes + count, labels)
    return measured(picture, labels, uneven, np.where(ground, np.arange(count), 0)[flat])


def even_parts(picture: Plane) -> tuple[Mask, NDArray[np.int32], NDArray[np.int32]]:
    """Where a picture is not even, the number of the even part, from 1, elsewhere, (H, W), and OpenCV's statistics."""
    box = np.ones((3, 3), np.uint8)
    small = np.asarray(picture * 255, np.uint8)
    uneven = cv2.subtract(cv2.dilate(small, box), cv2.erode(small, box)).max(-1) > EDGE
    _, flat, stats, _ = cv2.connectedComponentsWithStats((~uneven).view(np.uint8), connectivity=4)
    return uneven, flat, stats


def _grounds(stats: NDArray[np.int32], height: int, width: int) -> Mask:
    """Which connected components, by OpenCV's statistics, are ground rather than pieces, (n,)."""
    left, top, wide, high, area = stats.T
    box = wide * high
    inside = (left > 0) & (top > 0) & (left + wide < width) & (top + high < height)
    return np.asarray((box > GROUND * height * width) & ~(inside & (area < FRAME * box)))


def _goes_on(picture: Plane, flat: NDArray[np.int32], area: NDArray[np.int32], kept: Mask) -> Mask:
    """Which even parts are bits of a line, whose colour goes on around them, by their number in `flat`: (n,)."""
    far, source = nearest(kept[flat])
    beside = (far > LINE[0]) & (far < LINE[1])
    source = source[beside]
    alike = np.abs(picture[beside] - picture.reshape(-1, picture.shape[2])[source]).max(-1) < EDGE / 255
    return np.bincount(flat.ravel()[source[alike]], minlength=len(area)) >= area


def _like_ground(picture: Plane, ground: Mask) -> Mask:
    """Where a pixel has the colour of the nearest ground."""
    if not ground.any():
        return np.zeros(ground.shape, np.bool_)
    _, source = nearest(ground)
    return np.asarray(np.abs(picture - picture.reshape(-1, picture.shape[2])[source]).max(-1) < EDGE / 510)


def _between_grounds(small: NDArray[np.uint8], ground: Mask) -> Mask:
    """Where a pixel lies, in every channel, between what two grounds beside it are: their soft edge, and no line."""
    box = np.ones((2 * BESIDE + 1,) * 2, np.uint8)
    most = np.asarray(cv2.dilate(np.where(ground[..., None], small, np.uint8(0)), box))
    least = np.asarray(cv2.erode(np.where(ground[..., None], small, np.uint8(255)), box))
    return np.asarray(((least <= small) & (small <= most)).all(-1))


def nearest(mask: Mask) -> tuple[Plane, NDArray[np.intp]]:
    """How far each pixel is from the nearest one of a mask, and the flat index of that one, (H, W)."""
    far, name = cv2.distanceTransformWithLabels((~mask).view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    places = np.zeros(int(name.max()) + 1, np.intp)
    places[name[mask]] = np.flatnonzero(mask)
    return np.asarray(far, np.float32), places[name]


def measured(picture: Plane, labels: Labels, uneven: Mask, grounds: Labels) -> Pieces:
    size = np.bincount(labels.ravel())
    size[0] = 0
    largest = np.flatnonzero(size >= SMALLEST)
    largest = largest[np.argsort(-size[largest], kind="stable")][:MOST]
    table = np.zeros(len(size), np.intp)
    table[largest] = np.arange(1, len(largest) + 1)
    labels = table[labels]
    y, x = np.nonzero(labels)
    index, n = labels[y, x] - 1, len(largest)

    def total(values: Any) -> Floats:
        return np.asarray(np.bincount(index, values, n), np.float64)

    area = np.bincount(index, minlength=n).astype(np.float64)
    centre = np.stack((total(x), total(y)), 1) / area[:, None]
    dx, dy = x - centre[index, 0], y - centre[index, 1]
    moments = [total(dx * dx), total(dx * dy), total(dx * dy), total(dy * dy)]
    spread = (np.stack(moments, 1) / area[:, None]).reshape(n, 2, 2) + np.eye(2) / 12
    # Edges are mixed with what lies around: the colour is that of the inside, where there is one.
    weight = np.where(uneven[y, x], 1e-3, 1.0)
    seen = picture[y, x]
    colour = np.stack([total(seen[:, c] * weight) for c in range(4)], 1) / total(weight)[:, None]
    return Pieces(labels, area, centre, spread, colour, grounds)


def around(stats: NDArray[np.int32], margin: int, size: tuple[int, ...]) -> Part:
    """The part of a frame that holds a connected component, by its row of OpenCV's statistics, and a margin."""
    left, top, width, height = (int(value) for value in stats[:4])
    rows = slice(max(0, top - margin), min(size[0], top + height + margin))
    return rows, slice(max(0, left - margin), min(size[1], left + width + margin))


def matches(start: Pieces, end: Pieces, led: Floats, diagonal: float, judge: Judge) -> NDArray[np.intp]:
    """Pairs (m, 2) of piece numbers that are each other's best match.

    A piece is thought to have gone where its neighbours went, once they are known and as far as `judge` believes them,
    or where optical flow leads it: by `led` (n, 2), infinite where that has lost it.
    """
    pairs, expected = np.zeros((0, 2), np.intp), np.zeros((len(start.area), 2))
    if not len(start.area) or not len(end.area):
        return pairs
    unlike, stays = _unlike(start, end), _stays(start, end, diagonal)
    went = end.centre[None] - start.centre[:, None]
    for round_ in range(ROUNDS):
        reach = (ASIDE if round_ else ASTRAY) * diagonal
        beside, off = (np.linalg.norm(went - goes[:, None], axis=-1) / reach for goes in (expected, led))
        away = np.minimum(beside, off + LED)
        cost = unlike + np.minimum(away, FAR)  # the only one of its kind is known wherever it is
        cost = np.where(stays, np.minimum(cost, STAYING), cost)
        pairs = _mutual(cost, ALIKE)
        if not len(pairs):
            break
        expected = _neighbours(start, pairs, judge(pairs), cost, expected, diagonal)
    return pairs


def _mutual(cost: Floats, most: float) -> NDArray[np.intp]:
    """Rows and columns, (m, 2), that are each other's least cost, and below the `most`."""
    there, back = cost.argmin(1), cost.argmin(0)
    mutual = np.flatnonzero(back[there] == np.arange(len(there)))
    pairs = np.stack((mutual, there[mutual]), 1)
    return np.asarray(pairs[cost[pairs[:, 0], pairs[:, 1]] < most])


def _unlike(start: Pieces, end: Pieces) -> Floats:
    """How different pieces are in colour, size and shape, (n, m)."""
    colour = np.abs(start.colour[:, None] - end.colour[None]).max(-1) / 0.06
    return np.asarray(colour + reshaped(start, end))


def reshaped(start: Pieces, end: Pieces) -> Floats:
    """How different pieces are in size and shape, wherever they are and however they are turned, (n, m)."""

    def apart(a: Floats, b: Floats) -> Floats:
        return np.asarray(np.abs(np.log(a)[:, None] - np.log(b)[None]))

    wide, other = (np.asarray(np.linalg.eigvalsh(cut.spread), np.float64) for cut in (start, end))
    shape = apart(wide[:, 0], other[:, 0]) + apart(wide[:, 1], other[:, 1])
    return np.asarray(0.6 * apart(start.area, end.area) + 0.4 * shape)


def _stays(start: Pieces, end: Pieces, diagonal: float) -> Mask:
    """Which pieces have one of their shape in their very place, whatever its colour: it fades, and goes nowhere."""
    away = np.linalg.norm(start.centre[:, None] - end.centre[None], axis=-1)
    return np.asarray((away < 0.005 * diagonal) & (reshaped(start, end) < RESHAPED))


def fading(start: Pieces, end: Pieces, pairs: NDArray[np.intp], diagonal: float) -> Mask:
    """Which pairs are pieces that stay where they are and change their colour or coverage, (m,)."""
    first, second = pairs.T
    changed = np.abs(start.colour[first] - end.colour[second]).max(-1) > CHANGED
    return np.asarray(_stays(start, end, diagonal)[first, second] & changed)


def _neighbours(
    start: Pieces, pairs: NDArray[np.intp], said: tuple[Floats, Floats], cost: Floats, expected: Floats, diagonal: float
) -> Floats:
    """Where every piece would go if it went with the matched ones around it, (n, 2)."""
    first, second = pairs.T
    ways, believed = said
    goes = np.stack([mapped(start.centre, way) for way in ways], 1) - start.centre[:, None]
    away = np.square(start.centre[:, None] - start.centre[first][None]).sum(-1) / (0.15 * diagonal) ** 2
    sure = np.sqrt(start.area[first]) * np.exp(-cost[first, second]) * _alone(cost)[first] * believed
    weight = np.exp(-away) * sure
    weight[first, np.arange(len(first))] = 0
    some = 0.05 * np.sqrt(start.area.mean())
    return np.asarray(((weight[..., None] * goes).sum(1) + some * expected) / (weight.sum(1) + some)[:, None])


def _alone(cost: Floats) -> Floats:
    """How far each piece's best match is ahead of its second best, 0 to 1: of equal pieces none knows its own."""
    if cost.shape[1] < 2:
        return np.ones(len(cost))
    best = np.partition(cost, 1, axis=1)
    return np.asarray((1 - np.exp(best[:, 0] - best[:, 1])) ** 2 + 1e-3)


def motions(start: Pieces, end: Pieces, pairs: NDArray[np.intp]) -> Floats:
    """Affine maps that may carry each matched piece over, (m, k, 2, 3): moved, turned, turned and grown, fitted."""
    first, second = pairs.T
    a, b = start.spread[first], end.spread[second]
    still = np.broadcast_to(np.eye(2), a.shape)
    turn = _axis(b) - _axis(a)
    turn = (turn + np.pi / 2) % np.pi - np.pi / 2  # an axis has no direction: the smaller turn
    c, s = np.cos(turn), np.sin(turn)
    turned = np.stack((c, -s, s, c), -1).reshape(-1, 2, 2)
    growth = np.sqrt(end.area[second] / start.area[first])[:, None, None]
    fitted = _root(b) @ np.linalg.inv(_root(a))
    linear = np.stack((still, turned, growth * still, growth * turned, fitted), 1)
    shift = end.centre[second][:, None] - np.einsum("mkij,mj->mki", linear, start.centre[first])
    return np.concatenate((linear, shift[..., None]), -1)


def _axis(spread: Floats) -> Floats:
    """Angle of the longer axis."""
    return np.asarray(0.5 * np.arctan2(2 * spread[:, 0, 1], spread[:, 0, 0] - spread[:, 1, 1]))


def mapped(places: NDArray[Any], way: Floats) -> Floats:
    """Places (n, 2), x and y, after an affine map (2, 3)."""
    return np.asarray(places @ way[:, :2].T + way[:, 2])


def affine(linear: Floats, middle: Floats, shift: Floats) -> Floats:
    """The affine map (2, 3) that is linear (2, 2) around a middle, which it shifts."""
    return np.hstack((linear, (middle + shift - linear @ middle)[:, None]))


def spun(spin: complex) -> Floats:
    """The linear map (2, 2) that turns by the angle of a complex number and grows by its length."""
    return np.array(((spin.real, -spin.imag), (spin.imag, spin.real)))


def inverse(way: Floats) -> Floats:
    """The affine map (2, 3) that leads back."""
    return np.asarray(cv2.invertAffineTransform(way), np.float64)


def turn(way: Floats) -> float:
    """Radians by which an affine map turns."""
    return abs(float(np.arctan2(way[1, 0] - way[0, 1], way[0, 0] + way[1, 1])))


def stretch(way: Floats) -> float:
    """How many times more an affine map enlarges lengths in one direction than in another."""
    most, least = np.linalg.svd(way[:, :2], compute_uv=False)
    return float(most / least)


def _root(spread: Floats) -> Floats:
    values, vectors = np.linalg.eigh(spread)
    return np.asarray((vectors * np.sqrt(values)[:, None]) @ np.swapaxes(vectors, 1, 2))


def recoloured(
    start: Pieces, end: Pieces, gone: NDArray[np.intp], come: NDArray[np.intp], diagonal: float
) -> NDArray[np.intp]:
    """Pairs (m, 2) of pieces that change their colour, or how much they cover, each the nearest such to the other.

    Either they are alike in all but their colour, or they are of one colour, more or less see-through, and may grow.
    """
    if not len(gone) or not len(come):
        return np.zeros((0, 2), np.intp)
    away = np.linalg.norm(start.centre[gone][:, None] - end.centre[come][None], axis=-1) / diagonal
    inside = (away < INPLACE) & comparable(start, end, TELLING)[np.ix_(gone, come)]
    alike = ((reshaped(start, end) < RESHAPED) | _see_through(start, end))[np.ix_(gone, come)] | inside
    cost = np.where(alike & (away < NEARBY), away, np.inf)
    first, second = _mutual(cost, np.inf).T
    return np.stack((gone[first], come[second]), 1)


def comparable(start: Pieces, end: Pieces, least: float) -> Mask:
    """Which pieces are about of one size, neither of them below the `least`, in pixels: (n, m)."""
    smaller, larger = (take(start.area[:, None], end.area[None]) for take in (np.minimum, np.maximum))
    return np.asarray((smaller > SMALLER * larger) & (smaller >= least))


def _see_through(start: Pieces, end: Pieces) -> Mask:
    """Which pieces are of one colour, one of them covering less than the other, (n, m)."""
    one, other = start.colour[:, None], end.colour[None]
    both = one[..., 3] * other[..., 3]
    apart = np.abs(one[..., :3] * other[..., 3:] - other[..., :3] * one[..., 3:]).max(-1)  # premultiplied as they are
    fades = np.abs(one[..., 3] - other[..., 3]) > CHANGED
    return np.asarray(fades & (apart < SAME * both) & comparable(start, end, TELLING))
