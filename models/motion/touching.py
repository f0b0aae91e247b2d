"""Things of one colour that touch or cover each other in one key alone, where they are one piece.

Each of them is turned and shifted in all ways, coarsely, by correlation, and brought to a fraction of a pixel by its
outline, as what something hides is (`occlusion`). Of all places that lie within the piece those are theirs that fill it
together and make up its outline, with the least way to go. Then the piece is cut as the other key has them.

Masks are bool (H, W); places float64 (n, 2), x and y in pixels; maps float64 (2, 3).
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from inbetween.models.motion.affine import Floats, affine, inverse, mapped, spun, turn
from inbetween.models.motion.depth_order import HalfHidden
from inbetween.models.motion.masks import Mask, diagonal, said_at
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

MOST_PARTS, TRIED = 4, 6
"""Of how many things one piece is made at most, the largest; and how many pieces are tried, the largest."""
SETTLED_COVER = 0.97
"""Share of either piece that the other one covers, from which on it is the same one and nothing touches it."""
HALF, ANGLES = 14, 24
"""Pixels from the middle of a thing to its farthest end, about, when it is turned to that many angles."""
PLACES, PEAKS, APART = 8, 3, 3
"""How many places of each are gone after, how many of them by one angle, and their distance in such pixels at least."""
SAME_LOOK = 0.95
"""Share of such pixels in which a thing looks the same turned by two angles, above which these are one."""
BEYOND_COST = 4.0
"""What of a thing lies beyond the piece, beside what of its outline lies on that one's."""
OUTLINE_SHARE, ALONE_SHARE = 0.9, 0.5
"""Share of the outline of the piece, at least, that is theirs; and share of what each covers of it that no other does."""
SHOWN_SHARE = 0.8
"""Share of the piece, at least, that all things together cover by what their own key shows of them; and share of each
of which its key shows where it is."""
FARTHEST_LENGTHS, MOST_TURN = 4.0, np.pi / 3
"""Lengths (roots of its area) that each goes at most, and radians that it turns: else it is another thing."""
PART_COST, WAY_COST = 0.02, 0.1
"""Share of the piece, and of its outline, that every thing must add; and what going as far as the frame is wide must."""


@dataclass(frozen=True)
class Touching:
    """Things of one colour that are one piece in a key."""

    key: int
    """That key, 0 or 1."""
    whole: int
    """The piece."""
    parts: Names
    """What they are in the other key."""
    ways: Sequence[Floats]
    """Of each, from the other key to that one."""


def touching(sight: Sight, pairs: NDArray[np.intp]) -> list[Touching]:
    """The pieces of either key that are several things in the other one, by what is known of the `pairs` (n, 2)."""
    settled = {pair for pair in map(tuple, pairs.tolist()) if _settled(sight, *pair)}
    alike = {pair for pair in map(tuple, pairs.tolist()) if sight.best(*pair)[1] < MATCHED_DIFFERENCE}
    found: list[Touching] = []
    for key in (0, 1):
        for whole, parts in list(_candidates(sight, key, settled, alike))[:TRIED]:
            over = [[pair[each] for pair in alike if not _takes_part(pair, key, whole, parts)] for each in (0, 1)]
            one = _apart(sight.cut, key, whole, parts, over)
            if one and not any(set(one.parts) & set(other.parts) for other in found if other.key == key):
                found.append(one)
    return found


def _settled(sight: Sight, one: int, other: int) -> bool:
    """Whether a piece is the same in both keys, and nothing touches it in one of them."""
    way, apart = sight.best(one, other)
    if apart >= SURE_DIFFERENCE:
        return False
    first, second = sight.views
    there = first.covered(one, second.labels, other, way)
    return min(there, second.covered(other, first.labels, one, inverse(way))) >= SETTLED_COVER


def _takes_part(pair: Sequence[int], key: int, whole: int, parts: Names) -> bool:
    """Whether a pair of pieces has any of these."""
    return pair[key] == whole or pair[1 - key] in parts


def _candidates(
    sight: Sight, key: int, settled: Collection[tuple[int, ...]], alike: Collection[tuple[int, ...]]
) -> Iterator[tuple[int, Names]]:
    """The pieces of a key that may be several of the other key, of which none is like another piece.

    Pairs are `settled`, or at least `alike`.
    """
    own, other = sight.cut[key], sight.cut[1 - key]
    for whole in range(len(own.area)):
        if own.area[whole] < SMALLEST_SHOWN or own.thin[whole] or any(pair[key] == whole for pair in settled):
            continue
        free = np.abs(other.colour - own.colour[whole]).max(-1) < SAME_COLOUR
        free &= (other.area >= SMALLEST_SHOWN) & ~other.thin
        free[[pair[1 - key] for pair in alike if pair[key] != whole]] = False
        parts = tuple(np.flatnonzero(free).tolist())[:MOST_PARTS]
        rims = [sight.views[1 - key].rim(name, sight.flow_lost[1 - key]) for name in parts]
        if len(parts) > 1 and max(*rims, sight.views[key].rim(whole, sight.flow_lost[key])) > LOST_OUTLINE_FAR:
            yield whole, parts


def _apart(
    cut: tuple[Pieces, Pieces], key: int, whole: int, parts: Names, over: Sequence[Sequence[int]]
) -> Touching | None:
    """How a piece is several of the other key, which may not all be part of it; `over` are those that may hide any."""
    target = Part.of(cut[key], (whole,), np.array(over[key], np.intp))
    shown = [Part.of(cut[1 - key], (part,), np.array(over[1 - key], np.intp)) for part in parts]
    if not len(target.outline):
        return None
    choices = [_choices(part, target) for part in shown]
    best, found = 0.0, None
    for combination in product(*[(None, *each) for each in choices]):
        chosen = [each for each in combination if each]
        if len(chosen) < 2:
            continue
        shown, inside, outline = (np.any(each, axis=0).mean() for each in zip(*(c.told for c in chosen), strict=True))
        good = inside + outline - sum(each.cost for each in chosen)
        told = shown >= SHOWN_SHARE and inside >= TOLD_SHARE and outline >= OUTLINE_SHARE
        if good > best and told and all(each.alone(chosen) >= ALONE_SHARE for each in chosen):
            best, found = good, combination
    if found is None:
        return None
    taken = [(part, each.way) for part, each in zip(parts, found, strict=True) if each]
    return Touching(key, whole, tuple(part for part, _ in taken), [way for _, way in taken])


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
    cost: float
    """What it must add."""

    def alone(self, others: "Sequence[_Choice]") -> float:
        """Share of what it covers of the piece that none of the others does."""
        besides = [each.shown for each in others if each is not self]
        return float(np.mean(~np.any(besides, axis=0)[self.shown])) if self.shown.any() else 0.0

    @property
    def told(self) -> tuple[Mask, Mask, Mask]:
        """All that it has to say of the piece."""
        return self.shown, self.fills, self.outlines


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
        fills, rim = mapped(target.places, back), mapped(target.outline, back)
        shown = part.shape.outside(fills.astype(np.float32)) < TOLERANCE
        found.append(
            _Choice(
                way,
                shown,
                shown | (said_at(part.covered, fills) == 1),
                (np.abs(part.shape.outside(rim.astype(np.float32))) < TOLERANCE) | fallen(part, rim),
                PART_COST + PART_TURN_COST * turn(way) + WAY_COST * float(far) / diagonal(target.own.shape),
            )
        )
    return found


def _coarse(part: Part, target: Part) -> list[Floats]:
    """The likeliest of all turns and shifts of a thing to within a piece, coarsely."""
    middle = part.places.mean(0)
    scale = min(1.0, HALF / float(np.linalg.norm(part.places - middle, axis=1).max()))
    allowed, rim, corner = _small(target, scale)
    size, turns = (2 * HALF + 1,) * 2, 2 * np.pi * (np.arange(ANGLES) / ANGLES - 0.5)
    found: list[tuple[float, int, Floats]] = []
    looks = []
    for index, angle in enumerate(turns):
        linear = scale * spun(np.exp(1j * angle))
        own, edge = (_splatted((each - middle) @ linear.T + HALF, size) for each in (part.places, part.outline))
        looks.append(own > 0)
        beyond = 1 - cv2.matchTemplate(allowed, own, cv2.TM_CCORR) / own.sum()
        fit = cv2.matchTemplate(rim, edge, cv2.TM_CCORR) / edge.sum() - BEYOND_COST * beyond
        for _ in range(PEAKS):
            _, most, _, (x, y) = cv2.minMaxLoc(fit)
            found.append((most - PART_TURN_COST * abs(angle), index, np.array((x, y), np.float64)))
            fit[max(0, y - APART) : y + APART + 1, max(0, x - APART) : x + APART + 1] = -BEYOND_COST
    chosen: list[tuple[int, Floats]] = []
    for _, index, at in sorted(found, key=lambda each: -each[0]):
        near = [looks[other] for other, there in chosen if np.abs(at - there).max() <= APART]
        if not any(np.mean(look == looks[index]) > SAME_LOOK for look in near):
            chosen.append((index, at))
        if len(chosen) == PLACES:
            break
    there = [(spun(np.exp(1j * turns[index])), (at + HALF + 0.5) / scale - 0.5 + corner) for index, at in chosen]
    return [affine(linear, middle, at - middle) for linear, at in there]


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


def parted(
    cut: tuple[Pieces, Pieces], pictures: tuple[Plane, Plane], found: Sequence[Touching]
) -> tuple[tuple[Pieces, Pieces], HalfHidden]:
    """The pieces of two keys with those cut that are several things in the other key, and how these go.

    What lies behind another one is half hidden.
    """
    labels = cut[0].labels.copy(), cut[1].labels.copy()
    shown: list[tuple[Touching, list[tuple[int, int]], list[tuple[int, int]]]] = []
    for each in found:
        rows, columns = np.nonzero(labels[each.key] == each.whole + 1)
        owner = _owners(cut[1 - each.key], each, np.stack((columns, rows), 1))
        owners = np.arange(len(each.parts))
        if np.bincount(owner, minlength=len(owners)).min() < SMALLEST_PIECE:
            continue
        labels[each.key][rows, columns] = np.where(owner, labels[each.key].max() + owner, each.whole + 1)
        first = [int(np.flatnonzero(owner == part)[0]) for part in owners]
        here = [(int(rows[index]), int(columns[index])) for index in first]
        there = [tuple(map(int, np.argwhere(cut[1 - each.key].labels == part + 1)[0])) for part in each.parts]
        shown.append((each, here, there))
    new = tuple(
        measured(picture, label, old.uneven, old.grounds) for picture, label, old in zip(pictures, labels, cut, strict=True)
    )
    hidden: HalfHidden = {}
    for each, here, there in shown:
        own = [int(new[each.key].labels[at]) - 1 for at in here]
        others = [int(new[1 - each.key].labels[at]) - 1 for at in there]
        if min(*own, *others) < 0:  # more pieces than are looked at
            continue
        for index, (name, other, way) in enumerate(zip(own, others, each.ways, strict=True)):
            over = np.array(own[:index], np.intp), np.zeros(0, np.intp)
            pair, turn_ = ((name, other), inverse(way)) if each.key == 0 else ((other, name), way)
            names = (pair[0],), (pair[1],)
            hidden[pair] = replace(under(new, names, over[:: 1 - 2 * each.key], turn_), cut=index > 0)
    return new, hidden


def _owners(other: Pieces, found: Touching, places: NDArray[np.intp]) -> NDArray[np.intp]:
    """Whose the places (n, 2) of a piece are that is several things: the first's that covers it, or the nearest's."""
    shapes = [Part.of(other, (part,), np.zeros(0, np.intp)).shape for part in found.parts]
    off = np.array(
        [
            shape.outside(mapped(places, inverse(way)).astype(np.float32))
            for shape, way in zip(shapes, found.ways, strict=True)
        ]
    )
    within = off <= 0.5
    return np.where(within.any(0), within.argmax(0), off.argmin(0))
