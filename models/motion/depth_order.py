"""What becomes of the pieces that both keys have: how each goes, and which of them lies over which."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from inbetween.models.motion.affine import Floats
from inbetween.models.motion.common_fate import Company, strays
from inbetween.models.motion.deformation import Deformation
from inbetween.models.motion.masks import Mask, said_at
from inbetween.models.motion.matching import fading
from inbetween.models.motion.occlusion import Hidden, Names
from inbetween.models.motion.verification import MATCHED_DIFFERENCE, SURE_DIFFERENCE, Sight, unmatched

HalfHidden = dict[tuple[int, int], Hidden]
"""Things of which something hides a part, by a piece of either key."""

ROUNDS, PAIRS_TRIED = 4, 40
"""How often they are looked for, each time knowing those that may hide others; and among how many pairs, the
largest."""
COVERS = 0.02
"""Share of a piece that something hides at least, or else all of it is seen."""
FOLDS = 8
"""Of how many pieces at most it is tried how they bend behind something, the largest."""
BENDS = 24
"""How many pieces bend at most; where more would have to, as on another page of writing, none is what it was."""
MOST = 0.65
"""Share of what goes as one that is carried by itself, from which on all of it is that its motion explains; less than
two of three."""
ON_SHARE = 0.5
"""Share of what is right beside a thing that another one has at least if the thing lies on it."""


@dataclass(frozen=True)
class Recognised:
    """A thing that both keys have."""

    pieces: tuple[Names, Names]
    """What it is in either key."""
    way: Floats | Deformation
    """The affine map (2, 3) from the start to the end, or how it bends."""
    partly: bool = False
    """Whether either key hides a part of it."""
    tinted: bool = False
    """Whether it changes its colour on the way."""
    lowest: bool = False
    """Whether it is scenery that hides nothing."""


@dataclass(frozen=True)
class _Pile:
    """What lies over what, of some pairs of pieces, (n,) each."""

    hidden: Sequence[Hidden | None]
    """Those of which something hides a part."""
    height: NDArray[np.intp]
    """0 for those that nothing lies over, less by one for each that does, one over the other."""
    covers: Mask
    """Those that lie over any other but scenery."""


def recognised(
    sight: Sight, pairs: NDArray[np.intp], found: HalfHidden, as_one: Sequence[Company]
) -> Iterator[Recognised]:
    """The pairs of pieces (n, 2) that are carried, of some of which something may hide a part; some go `as_one`.

    The lowest first: shadows, then what rests, apart from all that moves; then what others hide. What fits better lies
    on top.
    """
    fades = fading(*sight.cut, pairs)
    pile = _pile(pairs, [found.get((one, other)) for one, other in pairs.tolist()])
    apart = np.array([0 if part else sight.best(*pair)[1] for part, pair in zip(pile.hidden, pairs, strict=True)])
    taken = [[name for part in pile.hidden if part for name in part.pieces[key]] for key in (0, 1)]
    free = ~np.isin(pairs[:, 0], taken[0]) & ~np.isin(pairs[:, 1], taken[1])
    ways = _ways(sight, pairs, fades, free)
    soft = sight.cut[0].soft[pairs[:, 0]]
    whole: list[tuple[int, Floats]] = []
    behind = _aloof(sight, pairs, ways) & ~pile.covers
    level = pile.height - len(pairs) * (1 * behind + 2 * soft)
    levels = {(int(pairs[row, 0]), int(pairs[row, 1])): int(level[row]) for row in ways if not fades[row]}
    weak = [row for row, way in ways.items() if way is None and apart[row] > MATCHED_DIFFERENCE]
    unsure = unmatched(sight.cut, np.delete(pairs, weak, axis=0))
    joint = _joint(sight, as_one, levels, [np.setdiff1d(*names) for names in zip(unsure, taken, strict=True)])
    for index in np.lexsort((apart < MATCHED_DIFFERENCE, level)):
        one, other = (int(name) for name in pairs[index])
        part = pile.hidden[index]
        if part is not None:
            yield Recognised(part.pieces, part.way, partly=True, lowest=part.scenery and not pile.covers[index])
        if (one, other) in joint:
            thing = joint[one, other]
            if thing is not None:
                yield thing
                whole.append((one, sight.best(one, other)[0]))
            continue
        if not free[index]:
            continue
        way = ways[index]
        if way is None and pile.covers[index] and apart[index] < SURE_DIFFERENCE:
            way = sight.best(one, other)[0]
        if way is None:
            way = sight.inside_another(one, other, whole)
        if way is not None:
            yield Recognised(((one,), (other,)), way, tinted=bool(fades[index]))
        if isinstance(way, np.ndarray):
            whole.append((one, way))


def _joint(
    sight: Sight, as_one: Sequence[Company], levels: Mapping[tuple[int, int], int], free: Sequence[NDArray[np.intp]]
) -> dict[tuple[int, int], Recognised | None]:
    """What goes as one and is carried, if most of it is: each thing by the first of its pairs, and None by the others.

    `levels` tell how deep those pairs lie that are things of their own: what lies at several levels is several things.
    The `free` pieces of either key may go along.
    """
    found: dict[tuple[int, int], Recognised | None] = {}
    for company in as_one:
        passing = [pair for pair in company.pairs if sight.way(*pair)[0] is not None]
        if len(passing) < MOST * len(company.pairs):
            continue
        going = [pair for pair in company.pairs if pair in levels and (pair in passing or sight.explained(*pair))]
        layers = [[pair for pair in going if levels[pair] == level] for level in {levels[pair] for pair in going}]
        for layer in sorted(layers, key=len, reverse=True):
            own, other = zip(*layer, strict=True)
            further = strays(sight, company.way, (own, other), free)
            free = [np.setdiff1d(names, gone) for names, gone in zip(free, further, strict=True)]
            things = own + further[0], other + further[1]
            cut_off = any(view.cut_off(name) for view, names in zip(sight.views, things, strict=True) for name in names)
            found |= dict.fromkeys(layer)
            found[layer[0]] = Recognised(things, company.way, partly=cut_off or any(further))
    return found


def _ways(sight: Sight, pairs: NDArray[np.intp], fades: Mask, free: Mask) -> dict[int, Floats | Deformation | None]:
    """How each pair that is `free` goes, by its row: what fades stays, and what changes its shape may bend."""
    found = {int(row): (np.eye(2, 3), False) if fades[row] else sight.way(*pairs[row]) for row in np.flatnonzero(free)}
    some = sum(may_bend for _, may_bend in found.values()) <= BENDS
    return {
        row: (sight.bent(*pairs[row]) if some and may_bend else None) or way for row, (way, may_bend) in found.items()
    }


def _aloof(sight: Sight, pairs: NDArray[np.intp], ways: Mapping[int, Floats | Deformation | None]) -> Mask:
    """Which pairs rest, and lie in neither key on anything that goes, by the `ways` of some, (n,).

    Whatever passes there between the keys more likely does so before them.
    """
    found = np.zeros(len(pairs), np.bool_)
    still = [row for row, way in ways.items() if isinstance(way, np.ndarray) and sight.rests(pairs[row, 0], way)]
    moving = pairs[[row for row, way in ways.items() if way is not None and row not in still]]
    for row in still:
        beside = (
            np.isin(said_at(cut.labels, view.beside(name)), names + 1)
            for cut, view, name, names in zip(sight.cut, sight.views, pairs[row].tolist(), moving.T, strict=True)
        )
        found[row] = all(np.count_nonzero(each) <= ON_SHARE * len(each) for each in beside)
    return found


def half_hidden(
    sight: Sight, pairs: NDArray[np.intp], parted: Mapping[tuple[int, int], Hidden] | None = None
) -> HalfHidden:
    """How those things go of which something hides a part, by the pair of pieces (n, 2) that shows them best.

    It may be a further pair, of one colour, of which either key hides the most. What hides a part of another thing is
    known itself; and each piece is a part of one thing at most. Of what is `parted` it is known already (`touching`).
    """
    sure = np.array([sight.best(*pair)[1] < SURE_DIFFERENCE for pair in pairs], np.bool_)
    fits = fading(*sight.cut, pairs) | sure
    enters = np.array([sight.entering(*pair) for pair in pairs], np.bool_)
    known = told_by_itself = {(one, other): sight.best(one, other)[0] for one, other in pairs[fits].tolist()}
    found: HalfHidden = dict(parted or {})
    new = [*known]
    for _ in range(ROUNDS):
        before = [*found]
        told = np.concatenate((pairs[fits], np.array(before, np.intp).reshape(-1, 2)))
        tried = [*pairs[~fits | enters].tolist(), *sight.emerging(told).tolist()]
        for pair in [pair for pair in tried if sight.beside(pair, new)][:PAIRS_TRIED]:
            part = sight.hidden(pair[0], pair[1], known)
            if part is None or _whole(part):
                continue
            clash = [key for key, other in found.items() if part.shares(other)]
            if all(found[key].size < part.size for key in clash):
                found = {key: other for key, other in found.items() if key not in clash} | {(pair[0], pair[1]): part}
        new = [pair for first, part in found.items() if first not in before for pair in product(*part.pieces)]
        if not new:
            break
        ways = [(part.way, part) for part in found.values() if isinstance(part.way, np.ndarray)]
        known = told_by_itself | {pair: way for way, part in ways for pair in product(*part.pieces)}
    return found | _bent_behind(sight, pairs, found, known)


def _bent_behind(
    sight: Sight, pairs: NDArray[np.intp], found: HalfHidden, known: Mapping[tuple[int, int], Floats]
) -> HalfHidden:
    """How those things bend of which something hides a part that is `known`, or is found whole in both keys."""
    thin = sight.cut[0].thin, sight.cut[1].thin
    some = [(one, other) for one, other in pairs.tolist() if not (thin[0][one] or thin[1][other])]
    judged = {pair: sight.way(*pair) for pair in some if pair not in known}
    if sum(may_bend for _, may_bend in judged.values()) > BENDS:
        return {}
    whole = {
        pair: way
        for pair, (way, may_bend) in judged.items()
        if way is not None or (may_bend and sight.bent(*pair) is not None)
    }
    folded: HalfHidden = {}
    for pair in [pair for pair in judged if pair not in whole][:FOLDS]:
        part = sight.hidden(*pair, {**known, **whole}, bends=True)
        if part is None or part.pixels <= COVERS * part.size:
            continue
        if not any(part.shares(other) for other in (found | folded).values()):
            folded[pair] = part
    return folded


def _whole(part: Hidden) -> bool:
    """Whether hardly anything hides of a thing in several pieces: each is one of its own, as bits of ink are."""
    return max(map(len, part.pieces)) > 1 and part.pixels <= COVERS * part.size


def together(pairs: NDArray[np.intp], found: HalfHidden) -> NDArray[np.intp]:
    """All pairs (m, 2): those given, but for what is part of another thing by now, and all that are parts of one."""
    taken = [[name for part in found.values() for name in part.pieces[key]] for key in (0, 1)]
    free = ~np.isin(pairs[:, 0], taken[0]) & ~np.isin(pairs[:, 1], taken[1])
    parts = [pair for first, part in found.items() for pair in (first, *product(*part.pieces))]
    return np.concatenate((pairs[free], np.array([*dict.fromkeys(parts)], np.intp).reshape(-1, 2)))


def _pile(pairs: NDArray[np.intp], hidden: Sequence[Hidden | None]) -> _Pile:
    """What lies over what: of two that seem to hide each other, that which hides more, and the other is whole."""
    things = [part.pieces if part else ((one,), (other,)) for part, (one, other) in zip(hidden, pairs, strict=True)]
    over = np.array([[part.by(thing) if part else 0.0 for thing in things] for part in hidden])
    over = over.reshape(len(pairs), len(pairs))
    lies = over > over.T
    less = np.where(lies, 0, over).sum(1)
    really = [
        part if part and (part.cut or part.pixels - seen > COVERS * part.size) else None
        for part, seen in zip(hidden, less, strict=True)
    ]
    lies = lies & np.array([part is not None for part in really], np.bool_)[:, None]
    height = np.zeros(len(pairs), np.intp)
    for _ in pairs:
        height = np.where(lies, height - 1, 0).min(1, initial=0)
    stands = np.array([part is not None and part.scenery for part in really], np.bool_)
    return _Pile(really, height, np.asarray(lies[~stands].any(0)))
