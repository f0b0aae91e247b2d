"""Which piece of one key is which of the other, by colour, size, shape and place; and what motion that would be.

A piece that moved far is still the same colour, size and shape (AnimeInterp, Li et al., CVPR 2021). Pieces that are
each other's best match are paired, and the affine motion of each pair follows from their moments.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from inbetween.models.arrays import max_difference
from inbetween.models.motion.affine import Floats, mapped
from inbetween.models.motion.marked import Marked
from inbetween.models.motion.masks import Mask
from inbetween.models.motion.regions import COLOUR_CHANGE, Pieces

Judge = Callable[[NDArray[np.intp]], tuple[Floats, Floats]]
"""Of pairs (m, 2) of pieces: the affine map of each, (m, 2, 3), and how much else it has to say, 0 to 1, (m,)."""

AREA_WEIGHT, SHAPE_WEIGHT = 0.6, 0.4
"""What size and shape cost: the logarithm of the ratio of areas, and that of both eigenvalues of the covariances."""
MATCH_COST = 3.0
"""Cost above which two pieces are not the same one: a difference of colour or coverage of 0.18, of 1, or 2.9 times the
length and width, or a sum of such; for 1 is `SAME_COLOUR`, or 1.4 times the length and width."""
ANYWHERE_COST = 2.0
"""Cost of being anywhere at all."""
FIRST_RADIUS, RADIUS = 0.25, 0.12
"""Diagonals of the frame beside its expected place that cost 1: while nothing is expected, and then."""
UNLIKELY = 1e6
"""Cost of being another piece than is said."""
STAYING_COST = 0.1
"""Cost of being the piece of the same shape in the same place."""
SAME_SHAPE = 0.1
"""Cost of size and shape up to which a piece of another colour may be the same one: 1.04 times the length and width."""
SAME_COLOUR = 0.06
"""Difference of colour or coverage, of 1, up to which two pieces have one colour."""
SIZE_RATIO = 0.15
"""Share of the larger of two pieces of one colour that the smaller one is at least."""
OUTLINE_AREA = 200
"""Pixels of the smallest piece that is known by its outline."""
NEARBY = 0.3
"""Diagonals of the frame that a piece goes at most while it changes its colour."""
INPLACE, INPLACE_STILL = 0.02, 0.005
"""Diagonals of the frame that the middle of a piece goes at most while it changes its colour and its size; and while it
keeps its shape, to be said to stay."""
IN_ONE_PLACE = 0.5
"""Share of the smaller of two pieces that the larger one covers at least where both are, if they are in one place."""
FLOW_COST = 0.1
"""Cost of being where optical flow leads, rather than where the neighbours go: equal shapes in a row mislead it."""
GROWING_COST = 0.05
"""The same of the piece that this one grew to, or shrank to, where it is; twice that where it hardly is the same."""
COMPANY_COST, MISSING_COST, WAY_COST = 0.06, 0.4, 0.05
"""The same of going where all around may have gone too, more than that of staying, for of equal things in a row none
has moved by one; of all these having gone elsewhere: a school of fish went where each has its like; and of having gone
across the frame: of two that are alike in all their parts neither became the other."""
TURNED_COST, LOPSIDED = 0.6, 0.08
"""The same of having turned by half a turn; and third moments, of 1, from which on a piece tells how it is turned."""
CONCENTRIC = 1.0
"""Pixels within which the middles of two pieces are one: one of them grows in its place."""
WITHIN, LONGER = 0.97, 4.0
"""Share of the smaller of two pieces that the larger one covers at least where both are, if it grew from that; and
times that one of them is longer than the other, both beside their width, below which it did."""
ISOTROPIC = 1.15
"""Times that a piece may be longer than wide, as moments tell, to have no longer axis that tells its turn."""
SAME_MOTION, COMPANY_SHARE, FEWEST_COMPANIONS = 4.0, 0.7, 3
"""Pixels by which the ways of pieces that go together differ; and share and number of those around a piece that are
enough to say where it went."""
AT_ONCE = 8
"""Candidates that are compared with all others at once: more do not stay in the cache."""
KIN_COST = 0.4
"""Cost of colour, size and shape up to which a piece of the end may be one of the start, when its company is looked
for: 1.15 times the length and width."""
NEIGHBOURHOOD = 0.15
"""Diagonals of the frame at which a neighbour tells 1/e of what one right beside it does (Gaussian weight)."""
PRIOR = 0.05
"""How much what was expected before counts, beside one neighbour of the usual size."""
CONTAINER_WEIGHT = 5.0
"""How much more a piece that another one lies within tells of where that went."""
ITERATIONS = 5
"""How often pieces are matched, each time knowing where their neighbours went."""


def matches(
    start: Pieces, end: Pieces, led: Floats, judge: Judge, marked: Marked, resting: tuple[Mask, Mask]
) -> NDArray[np.intp]:
    """Pairs (m, 2) of piece numbers that are each other's best match.

    A piece is thought to have gone where its neighbours went, once they are known and as far as `judge` believes them,
    or where optical flow leads it: by `led` (n, 2), infinite where that has lost it; but near a mark, where that leads.
    What is known to be `resting`, (n,) of either, is left out, and tells nothing of what passes.
    """
    pairs, expected = np.zeros((0, 2), np.intp), np.zeros((len(start.area), 2))
    if not len(start.area) or not len(end.area):
        return pairs
    unlike, stays = marked.unlike, _stays(start, end)
    went = end.centre[None] - start.centre[:, None]
    heed, aside = marked.leading
    said = np.zeros(unlike.shape, np.bool_)
    said[marked.pairs[:, 0]] = said[:, marked.pairs[:, 1]] = True
    said |= resting[0][:, None] | resting[1]
    grows = np.where(_grows(start, end, unlike), GROWING_COST * (1 + unlike / MATCH_COST), np.inf)
    company = _together(start, went, np.where(said, np.inf, unlike), ~resting[0])
    apart = COMPANY_COST + MISSING_COST * (1 - company) + ANYWHERE_COST * (1 - np.minimum(company / COMPANY_SHARE, 1))
    apart += WAY_COST * np.linalg.norm(went, axis=-1) / start.diagonal
    turned = TURNED_COST * _turned(start, end)
    for round_ in range(ITERATIONS):
        reach = (RADIUS if round_ else FIRST_RADIUS) * start.diagonal
        beside, off = (np.linalg.norm(went - goes[:, None], axis=-1) / reach for goes in (expected, led))
        away = np.minimum(np.minimum(beside, off + FLOW_COST), apart)
        away = heed * aside + (1 - heed) * away
        cost = unlike + turned + np.minimum(away, ANYWHERE_COST)  # the only one of its kind is known wherever it is
        cost = np.minimum(np.where(stays, np.minimum(cost, STAYING_COST), cost), grows)
        cost[said] = UNLIKELY
        cost[tuple(marked.pairs.T)] = 0
        pairs = _mutual(cost, MATCH_COST)
        if not len(pairs):
            break
        expected = _neighbours(start, pairs, judge(pairs), cost, expected)
    return pairs


def _together(start: Pieces, went: Floats, unlike: Floats, heard: Mask) -> Floats:
    """How many of the pieces `heard` around each may have gone its way, had it become each of the end, (n, m), 0 to 1.

    Letters of a word are like many others; only one way is that of all of them.
    """
    ones, others = np.nonzero(unlike < KIN_COST)
    having, begins = np.unique(ones, return_index=True)
    moves = (went[ones, others] / SAME_MOTION).T
    weights = _near(start, np.arange(len(start.area))) * np.sqrt(start.area) * heard
    np.fill_diagonal(weights, 0)
    some = PRIOR * np.sqrt(start.area.mean())
    result, room = np.zeros(unlike.shape), np.empty((2, AT_ONCE, len(ones)))
    for at in range(0, len(ones), AT_ONCE):
        own = slice(at, at + AT_ONCE)
        agree = np.zeros((len(ones[own]), len(start.area)))
        agree[:, having] = np.exp(-_least_apart(moves, own, begins, room))
        weight, members = weights[ones[own]], agree.sum(1) - 1  # but itself
        told = (weight * agree).sum(1) / (weight.sum(1) + some)
        result[ones[own], others[own]] = np.where(members >= FEWEST_COMPANIONS, told, 0)
    return result


def _least_apart(moves: Floats, own: slice, begins: NDArray[np.intp], room: Floats) -> Floats:
    """Squared distances of some `own` of all moves, (2, n), to the nearest of each group that `begins` in them."""
    some = moves[:, own]
    across, down = room[:, : some.shape[1]]
    for gap, axis, other in zip((across, down), some, moves, strict=True):
        np.square(np.subtract(axis[:, None], other, out=gap), out=gap)
    return np.asarray(np.minimum.reduceat(np.add(across, down, out=across), begins, axis=1))


def _mutual(cost: Floats, most: float) -> NDArray[np.intp]:
    """Rows and columns, (m, 2), that are each other's least cost, and below the `most`."""
    there, back = cost.argmin(1), cost.argmin(0)
    mutual = np.flatnonzero(back[there] == np.arange(len(there)))
    pairs = np.stack((mutual, there[mutual]), 1)
    return np.asarray(pairs[cost[pairs[:, 0], pairs[:, 1]] < most])


def dissimilar(start: Pieces, end: Pieces) -> Floats:
    """How different pieces are in colour, size and shape, (n, m)."""
    colour = max_difference(start.colour[:, None], end.colour[None]) / SAME_COLOUR
    return np.asarray(colour + reshaped(start, end))


def reshaped(start: Pieces, end: Pieces) -> Floats:
    """How different pieces are in size and shape, wherever they are and however they are turned, (n, m)."""

    def apart(a: Floats, b: Floats) -> Floats:
        return np.asarray(np.abs(np.log(a)[:, None] - np.log(b)[None]))

    wide, other = (np.asarray(np.linalg.eigvalsh(cut.spread), np.float64) for cut in (start, end))
    shape = apart(wide[:, 0], other[:, 0]) + apart(wide[:, 1], other[:, 1])
    return np.asarray(AREA_WEIGHT * apart(start.area, end.area) + SHAPE_WEIGHT * shape)


def _turned(start: Pieces, end: Pieces) -> Floats:
    """By how much pieces have turned if they are the same, of half a turn, where they are lopsided, (n, m), 0 to 1.

    Of the two halves of a thing, as of the ears of a head, neither became the other.
    """
    one, other = (skew @ (1, 1j) for skew in (start.skew, end.skew))
    sure = [np.minimum(np.abs(each) / LOPSIDED, 1) for each in (one, other)]
    return np.asarray(np.abs(np.angle(one[:, None] * other.conj())) / np.pi * np.minimum(sure[0][:, None], sure[1]))


def _stays(start: Pieces, end: Pieces) -> Mask:
    """Which pieces have one of their shape in their very place, whatever its colour: it fades, and goes nowhere."""
    away = np.linalg.norm(start.centre[:, None] - end.centre[None], axis=-1)
    return np.asarray((away < INPLACE_STILL * start.diagonal) & (reshaped(start, end) < SAME_SHAPE))


def _grows(start: Pieces, end: Pieces, unlike: Floats) -> Mask:
    """Which pieces have one of their colour that grew from them where they are, or shrank, (n, m).

    Around the same middle it is `unlike` (n, m) in size alone; or the one lies within the other, as of bars that grow.
    """
    away = np.linalg.norm(start.centre[:, None] - end.centre[None], axis=-1)
    colour = max_difference(start.colour[:, None], end.colour[None])
    long, other = (np.log(np.linalg.eigvalsh(cut.spread)) @ (-1, 1) for cut in (start, end))
    longer = np.abs(long[:, None] - other[None])
    around = (away < CONCENTRIC) & (longer < SAME_SHAPE)
    within = (overlapping(start, end) >= WITHIN) & (longer < 2 * np.log(LONGER))
    return np.asarray((around | within) & (colour < SAME_COLOUR) & (unlike < MATCH_COST))


def fading(start: Pieces, end: Pieces, pairs: NDArray[np.intp]) -> Mask:
    """Which pairs are pieces that stay where they are and change their colour or coverage, (m,)."""
    first, second = pairs.T
    changed = max_difference(start.colour[first], end.colour[second]) > COLOUR_CHANGE
    return np.asarray(_stays(start, end)[first, second] & changed)


def _neighbours(
    start: Pieces, pairs: NDArray[np.intp], said: tuple[Floats, Floats], cost: Floats, expected: Floats
) -> Floats:
    """Where every piece would go if it went with the matched ones around it, (n, 2)."""
    first, second = pairs.T
    ways, believed = said
    goes = np.stack([mapped(start.centre, way) for way in ways], 1) - start.centre[:, None]
    sure = np.sqrt(start.area[first]) * np.exp(-cost[first, second]) * _distinct(cost)[first] * believed
    weight = _near(start, first) * sure * (1 + CONTAINER_WEIGHT * _within(start)[:, first])
    weight[first, np.arange(len(first))] = 0
    some = PRIOR * np.sqrt(start.area.mean())
    return np.asarray(((weight[..., None] * goes).sum(1) + some * expected) / (weight.sum(1) + some)[:, None])


def _near(cut: Pieces, names: NDArray[np.intp]) -> Floats:
    """How much some of its pieces (m,) tell of each, by how near they are, (n, m), 0 to 1."""
    away = np.square(cut.centre[:, None] - cut.centre[names][None]).sum(-1)
    return np.asarray(np.exp(-away / (NEIGHBOURHOOD * cut.diagonal) ** 2))


def _within(cut: Pieces) -> Floats:
    """How far the middle of each piece lies within each, as an eye does within its face, (n, n), 0 to 1."""
    away = cut.centre[:, None] - cut.centre[None]
    return np.asarray(np.exp(-np.einsum("nmi,mij,nmj->nm", away, np.linalg.inv(cut.spread), away) / 2))


def _distinct(cost: Floats) -> Floats:
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
    turn = np.where(np.minimum(np.linalg.cond(a), np.linalg.cond(b)) > ISOTROPIC**2, turn, 0)
    c, s = np.cos(turn), np.sin(turn)
    turned = np.stack((c, -s, s, c), -1).reshape(-1, 2, 2)
    growth = np.sqrt(end.area[second] / start.area[first])[:, None, None]
    fitted = _root(b) @ np.linalg.inv(_root(a))
    linear = np.stack((still, turned, growth * still, growth * turned, fitted), 1)
    shift = end.centre[second][:, None] - np.einsum("mkij,mj->mki", linear, start.centre[first])
    return np.concatenate((linear, shift[..., None]), -1)


def _axis(spread: Floats) -> Floats:
    """Angle of the longer axis of covariances (n, 2, 2), in radians, (n,)."""
    return np.asarray(0.5 * np.arctan2(2 * spread[:, 0, 1], spread[:, 0, 0] - spread[:, 1, 1]))


def _root(spread: Floats) -> Floats:
    """The symmetric square roots of covariances, (n, 2, 2)."""
    values, vectors = np.linalg.eigh(spread)
    return np.asarray((vectors * np.sqrt(values)[:, None]) @ np.swapaxes(vectors, 1, 2))


def recoloured(start: Pieces, end: Pieces, gone: NDArray[np.intp], come: NDArray[np.intp]) -> NDArray[np.intp]:
    """Pairs (m, 2) of pieces that change their colour, or how much they cover, each the nearest such to the other.

    Either they are alike in all but their colour, or they are of one colour, more or less see-through, and may grow.
    """
    if not len(gone) or not len(come):
        return np.zeros((0, 2), np.intp)
    away = np.linalg.norm(start.centre[gone][:, None] - end.centre[come][None], axis=-1) / start.diagonal
    near = (away < INPLACE) | (overlapping(start, end)[np.ix_(gone, come)] >= IN_ONE_PLACE)
    inside = near & comparable(start, end, OUTLINE_AREA)[np.ix_(gone, come)]
    alike = ((reshaped(start, end) < SAME_SHAPE) | _see_through(start, end))[np.ix_(gone, come)] | inside
    cost = np.where(alike & (away < NEARBY), away, np.inf)
    first, second = _mutual(cost, np.inf).T
    return np.stack((gone[first], come[second]), 1)


def comparable(start: Pieces, end: Pieces, least: float) -> Mask:
    """Which pieces are about of one size, neither of them below the `least`, in pixels: (n, m)."""
    smaller, larger = (take(start.area[:, None], end.area[None]) for take in (np.minimum, np.maximum))
    return np.asarray((smaller > SIZE_RATIO * larger) & (smaller >= least))


def overlapping(start: Pieces, end: Pieces) -> Floats:
    """The share of the smaller of two pieces that the other one covers where both are, (n, m)."""
    rows, columns = (len(cut.area) + 1 for cut in (start, end))
    both = np.bincount((start.labels * columns + end.labels).ravel(), minlength=rows * columns)
    return np.asarray(both.reshape(rows, columns)[1:, 1:] / np.minimum(start.area[:, None], end.area[None]))


def _see_through(start: Pieces, end: Pieces) -> Mask:
    """Which pieces are of one colour, one of them covering less than the other, (n, m)."""
    one, other = start.colour[:, None], end.colour[None]
    both = one[..., 3] * other[..., 3]
    apart = max_difference(one[..., :3] * other[..., 3:], other[..., :3] * one[..., 3:])  # premultiplied as they are
    fades = np.abs(one[..., 3] - other[..., 3]) > COLOUR_CHANGE
    return np.asarray(fades & (apart < SAME_COLOUR * both) & comparable(start, end, OUTLINE_AREA))
