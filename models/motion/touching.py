"""Things of one colour that touch or cover each other in one key alone, where they are one piece.

Each of them is turned and shifted in all ways, coarsely, by correlation, and brought to a fraction of a pixel by its
outline, as what something hides is (`occlusion`). Of all places that lie within the piece those are theirs that fill it
together and make up its outline, with the least way to go. Then the piece is cut as the other key has them.

Masks are bool (H, W); places float64 (n, 2), x and y in pixels; maps float64 (2, 3).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, islice, product

import cv2
import numpy as np
from numpy.typing import NDArray

from inbetween.models.arrays import max_difference
from inbetween.models.motion.affine import Floats, affine, inverse, mapped, spun, turn
from inbetween.models.motion.depth_order import HalfHidden
from inbetween.models.motion.masks import Labels, Mask, components, diagonal, said_at
from inbetween.models.motion.matching import SAME_COLOUR
from inbetween.models.motion.occlusion import (
    PART_TURN_COST,
    SMALLEST_SHOWN,
    TOLD_SHARE,
    TOLERANCE,
    Names,
    Part,
    fallen,
    placed,
    under,
)
from inbetween.models.motion.regions import SMALLEST_PIECE, Pieces, measured
from inbetween.models.motion.verification import LOST_OUTLINE_FAR, MATCHED_DIFFERENCE, SURE_DIFFERENCE, Sight
from inbetween.models.warp import Plane

MOST_PARTS, TRIED = 4, 4
"""Of how many things one piece is made at most, the nearest; and how many pieces are tried, the largest."""
SETTLED_COVER, GROWN = 0.97, 1.5
"""Share of either piece that the other one covers, from which on it is the same one and nothing touches it; and times
as large as the other that it is at least to be tried all the same, for four squares make a square."""
HALF, ANGLES = 14, 9
"""Pixels from the middle of a thing to its farthest end, about, when it is turned to so many angles."""
LIKELIEST, PEAKS, APART = 6, 3, 3
"""How many places of each are gone after, how many of them by one angle, and their distance in such pixels at least."""
SAME_LOOK = 0.95
"""Share of such pixels in which a thing looks the same turned by two angles, above which these are one."""
BEYOND_COST = 4.0
"""What of a thing lies beyond the piece, beside what of its outline lies on that one's."""
OUTLINE_SHARE, ALONE_SHARE = 0.95, 0.5
"""Share of the outline of the piece, at least, that is theirs; and share of what each covers that no other does."""
SHOWN_SHARE = 0.8
"""Share of the piece, at least, that all things together cover by what their own key shows of them; and share of each
of which its key shows where it is."""
LEAVING_OUTLINE, LEFT = 0.6, (0.5, 1.2)
"""Share of the outline of one of them, at least, that is on that of the piece, if nothing tells how the other one goes;
and what it leaves of the piece, in sizes of that one."""
FARTHEST_LENGTHS, MOST_TURN = 4.0, np.pi / 3
"""Lengths (roots of its area) that each goes at most, and radians that it turns: else it is another thing."""
COMPANY_LENGTHS = 0.4
"""Lengths (roots of the smaller area) by which the ways of two of them differ at least."""
PART_COST, WAY_COST = 0.02, 0.1
"""Share of the piece, and of its outline, that each thing must add; and going once across the frame."""


@dataclass(frozen=True)
class Touching:
    """Things of one colour that are one piece in a key."""

    key: int
    """That key, 0 or 1."""
    whole: int
    """The piece."""
    parts: Names
    """What they are in the other key."""
    ways: Sequence[Floats | None]
    """Of each, from the other key to that one; None of the one that has what the others leave, and may bend."""


@dataclass(frozen=True)
class Parted:
    """Two keys in which those pieces are cut that are several things in the other one."""

    cut: tuple[Pieces, Pieces]
    ways: dict[tuple[int, int], Floats]
    """How each of those things goes from the start to the end, (2, 3), by its piece in either."""
    hidden: HalfHidden
    """Those of which another one may cover a part."""


def touching(sight: Sight, pairs: NDArray[np.intp], hidden: HalfHidden) -> list[Touching]:
    """The pieces of either key that are several things in the other one, by what is known of the `pairs` (n, 2).

    What is a part of something half `hidden`, as a leg that another one crosses, is no thing of its own.
    """
    alike = [pair for pair in pairs.tolist() if sight.best(*pair)[1] < MATCHED_DIFFERENCE]
    settled = [pair for pair in alike if _settled(sight, *pair)]
    found: list[Touching] = []
    taken = {(key, name) for part in hidden.values() for key in (0, 1) for name in part.pieces[key]}
    for key in (0, 1):
        for whole, parts in islice(_candidates(sight, key, settled, alike), TRIED):
            others = [pair for pair in alike if pair[key] != whole and pair[1 - key] not in parts]
            one = _apart(sight.cut, key, whole, parts, np.array(others, np.intp).reshape(-1, 2))
            own = {(key, whole), *((1 - key, part) for part in one.parts)} if one else set()
            if one and own.isdisjoint(taken):
                found.append(one)
                taken |= own
    return found


def _settled(sight: Sight, one: int, other: int) -> bool:
    """Whether a piece is the same in both keys, and nothing touches it in one of them."""
    way, apart = sight.best(one, other)
    fits = apart < SURE_DIFFERENCE and min(sight.alignment.covers(one, other, way)) >= SETTLED_COVER
    return fits and abs(np.log(np.linalg.det(way[:, :2]))) < np.log(GROWN)


def _candidates(
    sight: Sight, key: int, settled: Sequence[Sequence[int]], alike: Sequence[Sequence[int]]
) -> Iterator[tuple[int, Names]]:
    """The pieces of a key that may be several of the other key, and the nearest that may be a part of each.

    None of these is like another piece; pairs are `settled`, or at least `alike`.
    """
    own, other = sight.cut[key], sight.cut[1 - key]
    for whole in np.flatnonzero(_large(own)).tolist():
        if any(pair[key] == whole for pair in settled):
            continue
        free = _large(other) & (max_difference(other.colour, own.colour[whole]) < SAME_COLOUR)
        free[[pair[1 - key] for pair in alike if pair[key] != whole]] = False
        away = np.linalg.norm(other.centre - own.centre[whole], axis=1)
        parts = tuple(sorted(np.argsort(np.where(free, away, np.inf))[: min(MOST_PARTS, free.sum())].tolist()))
        rims = [sight.views[1 - key].rim(part, sight.flow_lost[1 - key]) for part in parts]
        if len(parts) > 1 and max(*rims, sight.views[key].rim(whole, sight.flow_lost[key])) > LOST_OUTLINE_FAR:
            yield whole, parts


def _large(cut: Pieces) -> Mask:
    """Which pieces are large enough, and no outlines, (n,)."""
    return np.asarray((cut.area >= SMALLEST_SHOWN) & ~cut.thin)


def _apart(cut: tuple[Pieces, Pieces], key: int, whole: int, parts: Names, over: NDArray[np.intp]) -> Touching | None:
    """How a piece is several of the other key, which may not all be part of it; `over` (n, 2) may hide any of them."""
    target = Part.of(cut[key], (whole,), over[:, key])
    if not len(target.outline):
        return None
    shown = [Part.of(cut[1 - key], (part,), over[:, 1 - key]) for part in parts]
    choices = [(None, *_choices(part, target)) for part in shown]
    best, found = 0.0, {}
    for combination in product(*choices):
        chosen = {index: choice for index, choice in enumerate(combination) if choice}
        good = _good([*chosen.values()])
        if good > best:
            best, found = good, chosen
    taken: dict[int, Floats | None] = {parts[index]: choice.way for index, choice in found.items()}
    if not found:
        taken = _leaving(parts, shown, choices, target)
    return Touching(key, whole, tuple(taken), list(taken.values())) if taken else None


def _leaving(
    parts: Names, shown: Sequence[Part], choices: Sequence[Sequence["_Choice | None"]], target: Part
) -> dict[int, Floats | None]:
    """The part that a piece shows best, and where; and a smaller one that is as large as what it leaves.

    Empty if there are none.
    """
    best, found = LEAVING_OUTLINE, {}
    by_size = sorted(range(len(parts)), key=lambda index: -shown[index].size)
    for index, rest in combinations(by_size, 2):
        for choice in choices[index]:
            if choice is None or choice.agrees - choice.cost <= best:
                continue
            left = float(np.mean(~choice.shown)) * target.size
            if LEFT[0] * shown[rest].size < left < LEFT[1] * shown[rest].size:
                best, found = choice.agrees - choice.cost, {parts[index]: choice.way, parts[rest]: None}
    return found


@dataclass(frozen=True)
class _Choice:
    """A place of a thing within a piece."""

    way: Floats
    """(2, 3): from the other key."""
    shown: Mask
    """(n,): which of the places of the piece it covers."""
    fills: Mask
    """(n,): and which it may, where something hides it in its own key."""
    outlines: Mask
    """(n,): which places of its outline are on its own."""
    agrees: float
    """Share of its own outline that is on that of the piece."""
    cost: float
    """What it must add."""
    middle: Floats
    """(2,): of the thing in its own key."""
    size: int
    """Pixels of it there."""


def _good(chosen: Sequence[_Choice]) -> float:
    """How well some things fill a piece together, and how much of its outline is theirs; 0 if it is not they."""
    if len(chosen) < 2:
        return 0.0
    shown, fills, outlines = (
        np.array([getattr(choice, what) for choice in chosen]) for what in ("shown", "fills", "outlines")
    )
    told = shown.any(0).mean() >= SHOWN_SHARE and fills.any(0).mean() >= TOLD_SHARE
    alone = (shown & (shown.sum(0) == 1)).sum(1) >= ALONE_SHARE * shown.sum(1)
    if not told or outlines.any(0).mean() < OUTLINE_SHARE or not alone.all() or _one(chosen):
        return 0.0
    return float(fills.any(0).mean() + outlines.any(0).mean() - sum(choice.cost for choice in chosen))


def _one(chosen: Sequence[_Choice]) -> bool:
    """Whether some things all go as one: then they are one, which something else parts in its own key."""

    def together(one: _Choice, other: _Choice) -> bool:
        apart = np.linalg.norm(mapped(other.middle, one.way) - mapped(other.middle, other.way))
        return bool(apart < COMPANY_LENGTHS * np.sqrt(min(one.size, other.size)))

    return all(together(*pair) for pair in combinations(chosen, 2))


def _choices(part: Part, target: Part) -> list[_Choice]:
    """The likeliest places of a thing within a piece."""
    if not len(part.outline):
        return []
    found: list[_Choice] = []
    for way in _coarse(part, target):
        way = placed(part, target, way)
        there, back = mapped(part.places, way), inverse(way)
        own = target.shape.outside(there.astype(np.float32)) < TOLERANCE
        far = np.linalg.norm(there.mean(0) - part.places.mean(0))
        if far > FARTHEST_LENGTHS * np.sqrt(part.size) or turn(way) > MOST_TURN:
            continue
        if np.mean(own | fallen(target, there)) < TOLD_SHARE or np.mean(own) < SHOWN_SHARE:
            continue
        fills, rim, edge = mapped(target.places, back), mapped(target.outline, back), mapped(part.outline, way)
        shown = part.shape.outside(fills.astype(np.float32)) < TOLERANCE
        found.append(
            _Choice(
                way,
                shown,
                shown | (said_at(part.covered, fills) == 1),
                (np.abs(part.shape.outside(rim.astype(np.float32))) < TOLERANCE) | fallen(part, rim),
                float(np.mean(np.abs(target.shape.outside(edge.astype(np.float32))) < TOLERANCE)),
                PART_COST + PART_TURN_COST * turn(way) + WAY_COST * float(far) / diagonal(target.own.shape),
                part.places.mean(0),
                part.size,
            )
        )
    return found


def _coarse(part: Part, target: Part) -> list[Floats]:
    """The likeliest of all turns and shifts of a thing to within a piece, coarsely."""
    middle = part.places.mean(0)
    scale = min(1.0, HALF / float(np.linalg.norm(part.places - middle, axis=1).max()))
    allowed, rim, corner = _small(target, scale)
    size, turns = (2 * HALF + 1,) * 2, np.linspace(-MOST_TURN, MOST_TURN, ANGLES)
    x, y = (
        (np.arange(side - 2 * HALF) + HALF + 0.5) / scale - 0.5 + begin
        for side, begin in zip(allowed.shape[::-1], corner - middle, strict=True)
    )
    far = WAY_COST * np.hypot(x, y[:, None]) / diagonal(target.own.shape)
    found: list[tuple[float, int, Floats]] = []
    looks = []
    for index, angle in enumerate(turns):
        linear = scale * spun(np.exp(1j * angle))
        own, edge = (_splatted((each - middle) @ linear.T + HALF, size) for each in (part.places, part.outline))
        looks.append(own > 0)
        beyond = 1 - cv2.matchTemplate(allowed, own, cv2.TM_CCORR) / own.sum()
        fit = cv2.matchTemplate(rim, edge, cv2.TM_CCORR) / edge.sum() - BEYOND_COST * beyond - far
        for _ in range(PEAKS):
            _, most, _, (column, row) = cv2.minMaxLoc(fit)
            found.append((most - PART_TURN_COST * abs(angle), index, np.array((column, row), np.float64)))
            fit[max(0, row - APART) : row + APART + 1, max(0, column - APART) : column + APART + 1] = -BEYOND_COST
    chosen: list[tuple[int, Floats]] = []
    ways: list[Floats] = []
    for _, index, at in sorted(found, key=lambda each: -each[0]):
        near = [looks[other] for other, there in chosen if np.abs(at - there).max() <= APART]
        shift = (at + HALF + 0.5) / scale - 0.5 + corner - middle
        too_far = np.linalg.norm(shift) > FARTHEST_LENGTHS * np.sqrt(part.size)
        if not too_far and not any(np.mean(look == looks[index]) > SAME_LOOK for look in near):
            chosen.append((index, at))
            ways.append(affine(spun(np.exp(1j * turns[index])), middle, shift))
        if len(ways) == LIKELIEST:
            break
    return ways


def _small(target: Part, scale: float) -> tuple[Plane, Plane, Floats]:
    """Where a thing may lie and where the outline is, smaller, (h, w) each; and x and y of their corner, (2,)."""
    rows, columns = target.part
    allowed = (target.own | target.covered)[rows, columns].astype(np.float32)
    height, width = (max(1, round(side * scale)) for side in allowed.shape)
    margin = ((2 * HALF,) * 2,) * 2
    allowed = np.pad(np.asarray(cv2.resize(allowed, (width, height), interpolation=cv2.INTER_AREA)), margin)
    corner = np.array((columns.start, rows.start), np.float64)
    rim = _splatted((target.outline - corner + 0.5) * scale - 0.5 + 2 * HALF, allowed.shape)
    around = np.asarray(cv2.dilate(np.minimum(rim, 1), np.ones((3, 3), np.uint8)), np.float32)
    return allowed, around, corner - 2 * HALF / scale


def _splatted(places: Floats, size: tuple[int, ...]) -> Plane:
    """How many of some places (n, 2) fall on each pixel, (h, w)."""
    plane = np.zeros(size, np.float32)
    x, y = np.rint(places).astype(np.intp).T
    inside = (x >= 0) & (y >= 0) & (x < size[1]) & (y < size[0])
    np.add.at(plane, (y[inside], x[inside]), 1)
    return plane


def parted(cut: tuple[Pieces, Pieces], pictures: tuple[Plane, Plane], found: Sequence[Touching]) -> Parted:
    """Cut the pieces of two keys that are several things in the other one."""
    if not found:
        return Parted(cut, {}, {})
    labels = cut[0].labels.copy(), cut[1].labels.copy()
    numbers = [_divided(labels[each.key], cut[1 - each.key], each) for each in found]
    first, second = (
        measured(picture, label, old.uneven, old.grounds)
        for picture, label, old in zip(pictures, labels, cut, strict=True)
    )
    result = Parted((first, second), {}, {})
    for each, own in zip(found, numbers, strict=True):
        here = [_named(result.cut[each.key], labels[each.key] == number) for number in own]
        there = [_named(result.cut[1 - each.key], labels[1 - each.key] == part + 1) for part in each.parts]
        if -1 not in (*here, *there):  # else there are more pieces than are looked at
            _add(result, each, here, there)
    return result


def _divided(labels: Labels, other: Pieces, found: Touching) -> Sequence[int]:
    """Give each part of a piece its own number in `labels` (H, W); these numbers, none if another hides all of one.

    `other` are the pieces of the key that shows them apart.
    """
    rows, columns = np.nonzero(labels == found.whole + 1)
    off = _outside(other, found, np.stack((columns, rows), 1))
    for rest in (index for index, way in enumerate(found.ways) if way is None):
        left = np.zeros(labels.shape, np.bool_)
        left[rows, columns] = off.min(0) > TOLERANCE
        off[rest] = np.where(_largest(left)[rows, columns], -TOLERANCE, np.inf)
    within = off <= 0
    owner = np.where(within.any(0), within.argmax(0), off.argmin(0))
    if np.bincount(owner, minlength=len(found.parts)).min() < SMALLEST_PIECE:
        return ()
    numbers = np.array([found.whole + 1, *labels.max() + np.arange(1, len(found.parts))])
    labels[rows, columns] = numbers[owner]
    return [int(number) for number in numbers]


def _outside(other: Pieces, found: Touching, places: NDArray[np.intp]) -> Plane:
    """How far outside each part of a piece its places (n, 2) are, (m, n): infinite where it is not told how it goes.

    `other` are the pieces of the key that shows them apart.
    """
    off = np.full((len(found.parts), len(places)), np.inf, np.float32)
    for index, (part, way) in enumerate(zip(found.parts, found.ways, strict=True)):
        if way is not None:
            shape = Part.of(other, (part,), np.zeros(0, np.intp)).shape
            off[index] = shape.outside(mapped(places, inverse(way)).astype(np.float32))
    return off


def _largest(mask: Mask) -> Mask:
    """The largest of what hangs together in a mask, (H, W)."""
    labels = components(mask)
    size = np.bincount(labels.ravel())
    size[0] = 0
    return np.asarray(mask & (labels == size.argmax()))


def _named(cut: Pieces, mask: Mask) -> int:
    """Which piece fills a mask (H, W), or -1 for none."""
    return int(cut.labels[mask][0]) - 1


def _add(result: Parted, found: Touching, here: Sequence[int], there: Sequence[int]) -> None:
    """Add how the parts of a piece go: they are these in its key, and those in the other one."""
    for index, (own, other, way) in enumerate(zip(here, there, found.ways, strict=True)):
        if way is None:
            continue
        one, two = (own, other) if found.key == 0 else (other, own)
        result.ways[one, two] = inverse(way) if found.key == 0 else way
        if index:
            above, none = np.array(here[:index], np.intp), np.zeros(0, np.intp)
            over = (above, none) if found.key == 0 else (none, above)
            first, second = (Part.of(*each) for each in zip(result.cut, ((one,), (two,)), over, strict=True))
            how = under(result.cut, ((one,), (two,)), (first, second), result.ways[one, two])
            result.hidden[one, two] = replace(how, cut=True)
