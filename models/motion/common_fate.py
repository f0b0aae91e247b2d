"""What moves alike goes as one.

What the letters of a word, or the windows of a house, each tell of their motion is uncertain: an outline falls
otherwise on the pixels of the other key, one letter is like another, and the frame cuts some off. Together they tell it
well (common fate: Wertheimer 1923, "Untersuchungen zur Lehre von der Gestalt II").
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from inbetween.models.arrays import max_difference
from inbetween.models.motion.affine import Floats, affine, inverse, mapped
from inbetween.models.motion.course import fitted_way
from inbetween.models.motion.masks import Mask
from inbetween.models.motion.matching import SAME_COLOUR, WITHIN, overlapping
from inbetween.models.motion.occlusion import Names
from inbetween.models.motion.verification import CLOSER, CLOSER_BY, OVERLAP, SURE_DIFFERENCE, Sight

ALIKE = 1.0
"""Pixels by which a piece goes otherwise than the others at most."""
FEWEST, FEWEST_TURNED = 3, 5
"""How many pieces go as one at least: by a shift alone, and if they turn or grow, which chance imitates more easily."""
TRIED, MOTIONS = 64, 8
"""Of how many pieces any two tell how all go, the first; and how many such motions are tried, those of the most."""
CLEARLY = 1.2
"""Times closer that they come together if they turn or grow as well, from which on they do."""
AS_WELL, GOES = 0.04, 0.15
"""Difference of colour, of 1, by which a piece may fit worse where it goes nearly as the others do, and that it leaves
at most if it goes with them."""
TWIN, TWIN_MOTIONS = 0.03, 4
"""Cost of size and shape up to which pieces are as alike as if they were the same, and how many motions are tried that
only such tell."""


@dataclass(frozen=True)
class Company:
    """Pieces that go as one."""

    way: Floats
    """(2, 3): the affine map from the start to the end."""
    pairs: Sequence[tuple[int, int]]
    """The pieces that both keys have."""


def companies(
    sight: Sight, pairs: NDArray[np.intp], aside: tuple[set[int], set[int]]
) -> tuple[NDArray[np.intp], list[Company]]:
    """What goes as one of some pairs (n, 2), and the pairs (m, 2) that hold then.

    Each piece goes to where the common motion leads, if that explains it better than what was thought of it, or about
    as well where that is nearly the same. Pieces of either key that are `aside` do not.
    """
    found = _found(sight, pairs, aside)
    for company in found:
        sight.settle(company.way, company.pairs)
    settled = np.array([pair for company in found for pair in company.pairs], np.intp).reshape(-1, 2)
    kept = np.concatenate((settled, without(pairs, settled.T)))
    return kept[np.argsort(kept[:, 0], kind="stable")], found


def strays(
    sight: Sight, way: Floats, company: tuple[Names, Names], free: Sequence[NDArray[np.intp]]
) -> tuple[Names, Names]:
    """The `free` pieces of either key that go along with a company, by its way (2, 3).

    What is cut otherwise in the other key, as a letter of which a corner is a piece of its own there, and what that
    one's frame hides; and what these surround, as the counters of a letter.
    """
    first, second = (_joining(sight, key, free[key].tolist(), way, company[key]) for key in (0, 1))
    while True:
        known = (*company[0], *first), (*company[1], *second)
        left = [
            [name for name in names if _becomes(sight, key, name, way, known[1 - key])]
            for key, names in enumerate((first, second))
        ]
        if left == [first, second]:
            return tuple(first), tuple(second)
        first, second = left


def without(pairs: NDArray[np.intp], names: Iterable[Iterable[int]]) -> NDArray[np.intp]:
    """The pairs (n, 2) of pieces that have none of the pieces `names` of either key."""
    first, second = (np.isin(own, list(some)) for own, some in zip(pairs.T, names, strict=True))
    return pairs[~first & ~second]


def common_motions(start: Floats, end: Floats, turning: bool = True) -> Iterator[Floats]:
    """How several things go as one that are at `start` (n, 2) and at `end` (n, 2), x and y in pixels.

    The affine maps (2, 3), those of the most things first: shifts, and what turns and grows if that may be `turning`.
    """
    left = np.ones(len(start), np.bool_)
    while True:
        shifted = _agreeing(start, end, left, turns=False)
        turned = _agreeing(start, end, left, turns=True) if turning else np.zeros_like(left)
        if turned.sum() >= max(FEWEST_TURNED, shifted.sum()) and _turn(start[turned], end[turned]):
            yield fitted_way(start[turned], end[turned] - start[turned])
            left &= ~turned
        elif shifted.sum() > 1:
            yield affine(np.eye(2), np.zeros(2), np.median(end[shifted] - start[shifted], axis=0))
            left &= ~shifted
        else:
            return


def _found(sight: Sight, pairs: NDArray[np.intp], aside: tuple[set[int], set[int]]) -> list[Company]:
    """What goes as one; pieces of either key that are `aside` do not."""
    start, end = sight.cut
    some = without(pairs, aside)
    telling = some[[_tells(sight, one, other) for one, other in some.tolist()]]
    twins = _twins(sight, pairs)
    ways = chain(
        islice(common_motions(start.centre[telling[:, 0]], end.centre[telling[:, 1]]), MOTIONS),
        islice(common_motions(start.centre[twins[:, 0]], end.centre[twins[:, 1]], turning=False), TWIN_MOTIONS),
    )
    found, taken = [], ({*aside[0]}, {*aside[1]})
    for way in ways:
        together = [*_led(sight, pairs, way, taken)]
        if len(together) >= FEWEST:
            found.append(Company(way, together))
            for own, names in zip(taken, zip(*together, strict=True), strict=True):
                own.update(names)
    return found


def _tells(sight: Sight, one: int, other: int) -> bool:
    """Whether a pair moves, and the frame does not cut it off."""
    first, second = sight.views
    return not (first.cut_off(one) or second.cut_off(other) or sight.rests(one, sight.best(one, other)[0]))


def _twins(sight: Sight, pairs: NDArray[np.intp]) -> NDArray[np.intp]:
    """Further pairs (m, 2) of pieces as alike as if they were the same, but of those that grow in their places."""
    first, second = sight.cut
    colour = max_difference(first.colour[:, None], second.colour)
    away = np.linalg.norm(first.centre[:, None] - second.centre, axis=-1)
    alike = (sight.unlike < TWIN) & (colour < SAME_COLOUR) & (away > ALIKE)
    grow = pairs[overlapping(first, second)[tuple(pairs.T)] >= WITHIN]
    alike[grow[:, 0]] = alike[:, grow[:, 1]] = False
    alike[tuple(pairs.T)] = False
    ones, others = (np.flatnonzero([view.cut_off(name) for name in range(len(view.places))]) for view in sight.views)
    return without(np.argwhere(alike), (ones, others))


def _agreeing(start: Floats, end: Floats, left: Mask, turns: bool) -> Mask:
    """Which of the things `left` go as one, (n,): the most that any one of them, or any two if it `turns`, tell."""
    z, w = start @ (1, 1j), end @ (1, 1j)
    some = np.flatnonzero(left)[:TRIED]
    first, second = (some[each] for each in np.triu_indices(len(some), 1)) if turns else (some, some)
    apart = z[second] - z[first]
    spin = (w[second] - w[first]) / np.where(apart == 0, np.inf, apart) if turns else np.ones(len(some))
    agree = left & (np.abs(w[first][:, None] + spin[:, None] * (z - z[first][:, None]) - w) < ALIKE)
    return np.asarray(agree[agree.sum(1).argmax()]) if len(agree) else np.zeros_like(left)


def _turn(start: Floats, end: Floats) -> bool:
    """Whether a turn or growth brings things clearly closer to where they are than a shift alone does."""
    shifts = end - start
    off = np.square(mapped(start, fitted_way(start, shifts)) - end).sum() / (2 * len(start) - 4)
    plain = np.square(shifts - shifts.mean(0)).sum() / (2 * len(start) - 2)
    return bool(plain > CLEARLY**2 * off)


def _led(
    sight: Sight, pairs: NDArray[np.intp], way: Floats, taken: tuple[set[int], set[int]]
) -> Iterator[tuple[int, int]]:
    """The pairs that a map (2, 3) explains better than what was thought of both pieces; none that are `taken`."""
    partner, former = dict(pairs.tolist()), dict(pairs[:, ::-1].tolist())
    for one in range(len(sight.cut[0].area)):
        other = None if one in taken[0] else _led_to(sight, one, way)
        if other is None or other in taken[1]:
            continue
        rivals = {pair for pair in ((one, partner.get(one)), (former.get(other), other)) if None not in pair}
        thought = min((sight.best(*rival)[1] for rival in rivals), default=SURE_DIFFERENCE)
        box = sight.views[0].box(one)
        nearly = rivals == {(one, other)} and (
            np.abs(mapped(box, way) - mapped(box, sight.best(one, other)[0])).max() < ALIKE
        )
        least = thought + AS_WELL if nearly else CLOSER * thought - CLOSER_BY
        if sight.difference(one, other, way, within=True) < min(least, GOES):
            yield one, other


def _led_to(sight: Sight, one: int, way: Floats) -> int | None:
    """The piece of the end that one of the start comes to lie on by a map (2, 3), and that comes from there."""
    first, second = sight.views
    other = _most(first.under(one, second.labels, way))
    if other is None or np.abs(sight.cut[0].colour[one] - sight.cut[1].colour[other]).max() > SAME_COLOUR:
        return None
    return other if _most(second.under(other, first.labels, inverse(way))) == one else None


def _most(said: NDArray[np.intp]) -> int | None:
    """Which piece it mostly is that labels (n,) say, -1 beyond the frame; None if none."""
    counts = np.bincount(said[said >= 0], minlength=1)
    most = int(counts.argmax())
    return most - 1 if most and counts[most] > OVERLAP * counts.sum() else None


def _joining(sight: Sight, key: int, free: Sequence[int], way: Floats, company: Names) -> list[int]:
    """The `free` pieces of a key that go along with some others, and those that lie beside nothing but these."""
    joined: list[int] = []
    while True:
        known = *company, *joined
        new = [name for name in free if name not in joined and _goes_along(sight, key, name, way, company, known)]
        if not new:
            return joined
        joined += new


def _goes_along(sight: Sight, key: int, name: int, way: Floats, company: Names, known: Names) -> bool:
    """Whether a piece of a key is there in the other key too if it goes with some others, or beyond its frame.

    It lies beside or among them, or beside nothing but what is `known` to go with them, and is no larger.
    """
    cut, view, there = sight.cut[key], sight.views[key], sight.views[1 - key]
    middles, led = cut.centre[[*company]], inverse(way) if key else way
    if cut.area[name] > cut.area[[*company]].max():
        return False
    around = np.flatnonzero(cut.beside[name])
    beside = bool(np.isin(around, company).any() or (len(around) and np.isin(around, known).all()))
    if np.mean(view.under(name, there.labels, led) < 0) > OVERLAP:
        return beside
    among = bool(np.all((middles.min(0) <= cut.centre[name]) & (cut.centre[name] <= middles.max(0))))
    return (beside or among) and view.apart(name, there.picture, led, within=True) < SURE_DIFFERENCE


def _becomes(sight: Sight, key: int, name: int, way: Floats, known: Names) -> bool:
    """Whether most of a piece of a key comes to lie on some pieces of the other one, or beyond its frame."""
    under = sight.views[key].under(name, sight.views[1 - key].labels, inverse(way) if key else way)
    return bool(np.mean(np.isin(under - 1, known) | (under < 0)) > OVERLAP)
