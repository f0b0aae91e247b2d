"""Whole pieces of a drawing that move, change their shape, appear or vanish between two keys.

Pieces of even colour (`regions`) that are recognised in both keys are carried along their own affine motion, where it
brings like to like better than optical flow does, or where optical flow has lost their outlines: then they change their
shape on the way. What one key alone has grows or shrinks where it is. Where it all is between the keys: `compositing`.

Pictures are float32 (H, W, 4), premultiplied, display-referred, 0 to 1; flows float32 (H, W, 2) in pixels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

import numpy as np
from numpy.typing import NDArray

from inbetween.models.arrays import max_difference
from inbetween.models.motion.affine import Floats, inverse, mapped, uneven
from inbetween.models.motion.alignment import View
from inbetween.models.motion.appearing import lone
from inbetween.models.motion.backdrop import UNCHANGED, Backdrop
from inbetween.models.motion.common_fate import Company, companies, without
from inbetween.models.motion.deformation import Deformation, going
from inbetween.models.motion.depth_order import HalfHidden, Recognised, half_hidden, recognised, together
from inbetween.models.motion.ground import large_parts
from inbetween.models.motion.led import UNTOLD, Told
from inbetween.models.motion.lines import bent_lines
from inbetween.models.motion.masks import Mask, Numbers, diagonal, said_at
from inbetween.models.motion.matching import SAME_MOTION, matches, recoloured
from inbetween.models.motion.occlusion import Names
from inbetween.models.motion.outlines import outlined
from inbetween.models.motion.pace import paced
from inbetween.models.motion.propagation import joined
from inbetween.models.motion.regions import pieces
from inbetween.models.motion.scenery import Scenery, scenery
from inbetween.models.motion.touching import Parted, parted, touching
from inbetween.models.motion.verification import (
    EXPLAINED_DIFFERENCE,
    OVERLAP,
    SURE_DIFFERENCE,
    Sight,
    mismatch,
    unmatched,
    vanished,
)
from inbetween.models.motion.wipes import swept
from inbetween.models.warp import Part, Plane

Places = tuple[NDArray[np.intp], ...]
"""Rows and columns, (n,) each."""

NO_GROUND, GROUND, EVEN_GROUND, SCENERY = 0, 1, 2, 3
"""What either key shows, be it ground: below everything else."""
START, END, BOTH = 0, 1, 2
"""Which keys have a piece."""
MARK_WEIGHT = 1e3
"""How much a mark says of where lines go, beside a piece of one pixel."""
EXPECTED_RADIUS = 0.15
"""Diagonals of the frame within which lines may go with a piece."""
UNCOVERED_SHARE = 0.5
"""Share of what is hidden of scenery, above which pieces that are carried hide it."""
UNDER_SHARE = 0.9
"""Share of what is right beside a piece that another one has at least if the piece lies on it."""


class Manner(Enum):
    """What becomes of a piece."""

    CARRIED = auto()
    """Both keys have it: it goes over what is there."""
    TINTED = auto()
    """The same, and it changes its colour on the way."""
    PARTLY = auto()
    """The same, and something hides a part of it in either key."""
    BELOW = auto()
    """The same, but it goes over grounds alone, as a shadow does."""
    SWEPT = auto()
    """Both keys have it, and it goes nowhere, but sweeps over what is there, or off it."""
    GROWN = auto()
    """One key alone has it: it grows or shrinks."""
    FADED = auto()
    """The same, but it fades."""


@dataclass(frozen=True)
class Piece:
    """What is carried, or what one key alone has."""

    number: int
    """From 1, as labels have it."""
    way: Floats
    """(2, 3): the affine map from the start to the end; no more than where its middle goes, if it bends."""
    bent: Deformation | None
    """How it bends, if it does."""
    box: Floats
    """(2, 2): least and greatest x and y in the start; in the end, if the end alone has it."""
    side: int
    """START or END where one key alone has it, and it appears or vanishes in its place; else BOTH."""
    manner: Manner

    def way_from(self, key: int) -> Floats:
        """The affine map (2, 3) from a key, 0 or 1, to the other one."""
        return inverse(self.way) if key else self.way

    def mapped(self, places: NDArray[np.intp], key: int) -> NDArray[np.floating]:
        """Where places (n, 2), x and y, of a key, 0 or 1, are in the other one, if they go with it."""
        return going(self.bent or self.way)(places, key)


@dataclass(frozen=True)
class Carried:
    """What pieces say of the motion between two keys; of each two the first belongs to the start."""

    flows: tuple[Plane, Plane]
    """To the other key, (H, W, 2) in pixels: those handed in, each carried piece's own, and that of what goes along."""
    labels: tuple[Numbers, Numbers]
    """(H, W): the number of the carried piece, from 1; 0 elsewhere."""
    pieces: Sequence[Piece]
    """By their numbers. What lies over others comes after them: what fits better, and the smaller."""
    grounds: tuple[Numbers, Numbers]
    """(H, W): GROUND where either key has no piece, or a shadow, EVEN_GROUND where all around is of one colour, SCENERY
    where a piece hides nothing, else NO_GROUND."""
    backdrop: Backdrop
    """What stands behind all pieces."""
    speeds: tuple[Plane, Plane]
    """The flows, but that what is stretched goes as a whole: for the gaps beside this one."""

    @property
    def ways(self) -> Floats:
        """The affine map of each piece, (n, 2, 3)."""
        return np.reshape([piece.way for piece in self.pieces], (-1, 2, 3))

    @property
    def going(self) -> tuple[Mask, Mask]:
        """(H, W): where a piece is that goes anywhere."""
        goes = np.append(False, np.any(self.ways != np.eye(2, 3), axis=(1, 2)))
        return goes[self.labels[0]], goes[self.labels[1]]

    def cropped(self, height: int, width: int) -> "Carried":
        """What is carried in the upper left part of both keys."""
        flows = self.flows[0][:height, :width], self.flows[1][:height, :width]
        labels = self.labels[0][:height, :width], self.labels[1][:height, :width]
        grounds = self.grounds[0][:height, :width], self.grounds[1][:height, :width]
        speeds = self.speeds[0][:height, :width], self.speeds[1][:height, :width]
        backdrop = self.backdrop.cropped(height, width)
        return replace(self, flows=flows, labels=labels, grounds=grounds, speeds=speeds, backdrop=backdrop)


@dataclass(frozen=True)
class _Matched:
    """Which piece is which, in two keys that are cut into pieces."""

    sight: Sight
    stands: Scenery
    pairs: NDArray[np.intp]
    """(n, 2): what passes, and what rests and is seen wholly."""
    hidden: HalfHidden
    as_one: Sequence[Company]
    """Of those, what goes together."""

    @classmethod
    def of(
        cls,
        apart: Parted,
        pictures: tuple[Plane, Plane],
        flows: tuple[Plane, Plane],
        camera: Floats | None,
        marks: Floats,
    ) -> "_Matched":
        """What is matched in two pictures, by the flows between them both ways and by what is known of what touches."""
        start, end = pictures
        views = View(start, apart.cut[0]), View(end, apart.cut[1])
        wrong = mismatch(start, end, flows[0]), mismatch(end, start, flows[1])
        sight = Sight(apart.cut, views, flows, wrong, marks, apart.ways)
        stands = scenery(apart.cut, pictures, camera, sight.marked)
        pairs = stands.among(matches(*apart.cut, sight.flow_shifts(), sight.judged, sight.marked, stands.rests))
        hidden = half_hidden(sight, pairs, stands.beside(apart.hidden))
        pairs, as_one = companies(sight, pairs, _aside(sight, pairs, stands, hidden, camera))
        if as_one:
            hidden = half_hidden(sight, pairs, stands.beside(apart.hidden))
        return cls(sight, stands, pairs, hidden, as_one)


def _aside(
    sight: Sight, pairs: NDArray[np.intp], stands: Scenery, hidden: HalfHidden, camera: Floats | None
) -> tuple[set[int], set[int]]:
    """The pieces of either key that go with no others: what rests half hidden, scenery at rest, what marks lead."""
    things = [(part.pieces, part.way) for part in hidden.values() if isinstance(part.way, np.ndarray)]
    rest = [pieces for pieces, way in things if sight.rests(pieces[0][0], way)]
    first, second = ({name for each in rest for name in each[key]} for key in (0, 1))
    if camera is None:
        first.update(np.flatnonzero(stands.rests[0]).tolist())
        second.update(np.flatnonzero(stands.rests[1]).tolist())
    led = [pair for pair in pairs.tolist() if sight.marked.leads(*pair)]
    for one, other in [*sight.marked.pairs.tolist(), *led]:
        first.add(one)
        second.add(other)
    return first, second


def carried(
    start: Plane, end: Plane, flows: tuple[Plane, Plane], camera: Floats | None = None, told: Told = UNTOLD
) -> Carried:
    """The pieces whose own motion explains two pictures better than `flows` between them, both ways, does.

    And what is lost in either: pieces of one colour whose outline the flows have lost, or of one shape that change
    their colour or coverage on the way, are carried as well, and lines (`lines`); and what one key alone has, with
    hardly anything changing around it, grows out of its middle or shrinks into it. What is `joined` to a carried piece
    goes along with it. What is `swept` lies below all that. What is `told` of the keys holds.
    """
    whole = Parted((pieces(start), pieces(end)), {}, {})
    found = _Matched.of(whole, (start, end), flows, camera, told.marks)
    apart = parted(whole.cut, (start, end), touching(found.sight, found.pairs, found.hidden))
    if apart.ways:
        found = _Matched.of(apart, (start, end), flows, camera, told.marks)
    sight, alone = found.sight, found.stands.alone(found.pairs)
    cut, views, wrong = sight.cut, sight.views, sight.wrong
    pairs = together(found.pairs, found.hidden)
    load = _Load(sight, told.marks)
    for first, second, growth in swept((large_parts(start), large_parts(end)), (cut[0].grounds, cut[1].grounds), wrong):
        load.go((np.nonzero(first), np.nonzero(second)), growth, Manner.SWEPT)
    known = [label > 0 for label in load.labels]
    things = _before_scenery(found, pairs)
    aside = [{*alone[key], *(name for thing in things for name in thing.pieces[key])} for key in (0, 1)]
    replaced, still = without(sight.replaced(pairs), aside), max_difference(start, end)
    changed, left = _changed(sight, np.concatenate((pairs, replaced)), still, aside)
    for thing in _stacked(things, changed, views[0]):
        load.carry(thing)
    _carry_told(load, sight, told, flows)
    for one, other in replaced.tolist():
        load.carry(Recognised(((one,), (other,)), np.eye(2, 3)))
    load.outline()
    lines = bent_lines((start, end), cut, sight.flow_lost, load.free(still > UNCHANGED), load.expected, told.marks)
    if lines is not None:
        (first, second), bent = lines
        load.go((np.nonzero(first), np.nonzero(second)), bent)
        known = [mask | line for mask, line in zip(known, (first, second), strict=True)]
    _lay_on_top(load, sight, pairs)
    backdrop = Backdrop.of(start, end, camera)
    known = [mask | backdrop.beyond(key) for key, mask in enumerate(known)]
    _leave_lone(load, sight, left, still, known)
    carrying = _joined(load.delivered(backdrop, alone), views, sight.astray)
    taken = carrying.labels[0] > 0, carrying.labels[1] > 0
    return replace(carrying, speeds=paced(carrying.flows, taken, _stretched(carrying, sight, pairs)))


def _changed(
    sight: Sight, pairs: NDArray[np.intp], still: Plane, aside: Sequence[set[int]]
) -> tuple[list[Recognised], Sequence[NDArray[np.intp]]]:
    """What changes its colour on its way, of what is in no pair; and the pieces of either key that then are left.

    Of those the other key has nothing. Pieces of either that are `aside` are not looked at.
    """
    found: list[Recognised] = []
    left = [
        np.setdiff1d(names[vanished(cut.labels, wrong, still)[names + 1]], [*hidden])
        for names, cut, wrong, hidden in zip(unmatched(sight.cut, pairs), sight.cut, sight.wrong, aside, strict=True)
    ]
    for one, other in recoloured(*sight.cut, left[0], left[1]):
        ways = [*sight.alignment.moved(one, other), sight.alignment.turned(one, other)]
        way, cover = sight.alignment.covering(one, other, ways)
        if sight.views[0].holes(one) or sight.views[1].holes(other):  # what is seen there, or lies there, goes its way
            way, cover = max((way, cover), sight.alignment.outlined(one, other), key=lambda each: each[1])
        if cover > OVERLAP:
            found.append(Recognised(((one,), (other,)), way, tinted=True))
            left = [names[names != name] for names, name in zip(left, (one, other), strict=True)]
    return found, left


def _before_scenery(found: _Matched, pairs: NDArray[np.intp]) -> list[Recognised]:
    """What is carried of some pairs (n, 2), the lowest first, and whatever else passes before scenery that is.

    But no scenery of which what is not carried hides the most: the flows know that better.
    """
    sight, hidden = found.sight, found.hidden
    things = [*recognised(sight, pairs, hidden, found.as_one)]
    first, second = (tuple(name for each in things if not each.lowest for name in each.pieces[key]) for key in (0, 1))
    kept, stands = [], []
    for each in things:
        part = hidden[each.pieces[0][0], each.pieces[1][0]] if each.lowest else None
        if part is None or part.by((first, second)) > UNCOVERED_SHARE * part.pixels:
            kept.append(each)
            stands += [part] if part else []
    if stands:
        under = [np.sum([part.under[key] for part in stands], 0) for key in (0, 1)]
        for one, other in pairs[(under[0][pairs[:, 0]] > 0) | (under[1][pairs[:, 1]] > 0)].tolist():
            way, apart = sight.best(one, other)
            if one not in first and other not in second and apart < SURE_DIFFERENCE:
                kept.append(Recognised(((one,), (other,)), way))
    return kept


def _stacked(things: list[Recognised], changed: Sequence[Recognised], start: View) -> list[Recognised]:
    """What is carried, the lowest first: what changes its colour below what is whole and smaller, holes and all."""
    for new in changed:
        held = start.held(new.pieces[0])
        smaller = (at for at, thing in enumerate(things) if not thing.partly and start.held(thing.pieces[0]) < held)
        things.insert(next(smaller, len(things)), new)
    return things


def _lay_on_top(load: "_Load", sight: Sight, pairs: NDArray[np.intp]) -> None:
    """Carry what lies on something that is carried another way, and would pass over it else: be it at rest."""
    for one, other in pairs.tolist():
        way, apart = sight.best(one, other)
        known = apart < EXPLAINED_DIFFERENCE and not load.full
        if known and (load.lies_on_another(one, 0, way) or load.lies_on_another(other, 1, inverse(way))):
            load.carry(Recognised(((one,), (other,)), way))


def _carry_told(load: "_Load", sight: Sight, told: Told, flows: tuple[Plane, Plane]) -> None:
    """Carry painted things that follow marks, but for pieces that do so themselves."""
    first, second = (np.isin(cut.labels, names + 1) for cut, names in zip(sight.cut, sight.marked.pairs.T, strict=True))
    pictures = sight.views[0].picture, sight.views[1].picture
    for (one, other), way in told.parts(pictures, flows, (first, second)):
        if not load.full:
            load.go((np.nonzero(one), np.nonzero(other)), way)


def _leave_lone(
    load: "_Load", sight: Sight, left: Sequence[NDArray[np.intp]], still: Plane, known: Sequence[Mask]
) -> None:
    """Let appear and vanish what one key alone has, of the pieces `left` in either; `known` (H, W) is not of those."""
    for side, view in zip((START, END), sight.views, strict=True):
        things = lone(view.picture, sight.cut[side], left[side], sight.wrong[side], still, known[side])
        for where, whole, passes in things:
            load.leave(where, whole, side, Manner.FADED if passes else Manner.GROWN)


def _stretched(found: Carried, sight: Sight, pairs: NDArray[np.intp]) -> Iterator[tuple[tuple[Mask, Mask], Floats]]:
    """What is stretched on its way, carried or not: where either key has it, and its affine map (2, 3)."""
    for piece in found.pieces:
        if piece.side == BOTH and piece.bent is None and piece.manner is Manner.CARRIED and uneven(piece.way):
            yield (found.labels[0] == piece.number, found.labels[1] == piece.number), piece.way
    for one, other in pairs.tolist():
        way = sight.stretched(one, other)
        if way is not None:
            yield (sight.cut[0].labels == one + 1, sight.cut[1].labels == other + 1), way


def _joined(found: Carried, views: tuple[View, View], astray: Sequence[Mask]) -> Carried:
    """Carried pieces with flows in which what is joined to them goes along with them."""
    start, end = (view.picture for view in views)
    back = np.reshape([piece.way_from(END) for piece in found.pieces], (-1, 2, 3))
    ends = ((start, end), found.ways), ((end, start), back)
    first, second = (
        joined(pictures, flow, label, ways, stray)
        for (pictures, ways), flow, label, stray in zip(ends, found.flows, found.labels, astray, strict=True)
    )
    return replace(found, flows=(first, second))


class _Load:
    """What is carried, as it is found."""

    def __init__(self, sight: Sight, marks: Floats) -> None:
        self.marks, self.cut, self.views = marks, sight.cut, sight.views
        self.flows = sight.flows[0].copy(), sight.flows[1].copy()
        self.labels: tuple[Numbers, Numbers] = (
            np.zeros(self.flows[0].shape[:2], np.uint8),
            np.zeros(self.flows[1].shape[:2], np.uint8),
        )
        self.pieces: list[Piece] = []
        self.lowest: list[int] = []

    @property
    def full(self) -> bool:
        """Whether labels have no number left."""
        return len(self.pieces) == np.iinfo(np.uint8).max

    def carry(self, thing: Recognised) -> None:
        """A thing that both keys have goes its way."""
        below = all(cut.soft[[*names]].all() for cut, names in zip(self.cut, thing.pieces, strict=True))
        whole = Manner.TINTED if thing.tinted else Manner.CARRIED
        manner = Manner.PARTLY if thing.partly else Manner.BELOW if below else whole
        self.go((self.views[0].of(thing.pieces[0]), self.views[1].of(thing.pieces[1])), thing.way, manner)
        if thing.lowest:
            self.lowest.append(len(self.pieces))

    def go(self, places: tuple[Places, Places], way: Floats | Deformation, manner: Manner = Manner.CARRIED) -> None:
        """What the start has in some places goes, along an affine map or as it bends, to become what the end has."""
        piece = self._added(way, BOTH, manner, places[0])
        for key, (place, flow, label) in enumerate(zip(places, self.flows, self.labels, strict=True)):
            rows, columns = place
            label[place] = piece.number
            here = np.stack((columns, rows), 1)
            flow[place] = piece.mapped(here, key) - here

    def outline(self) -> None:
        """Let the outlines of what is carried go along with it."""
        for key, label in enumerate(outlined(self.cut, self.labels, [piece.mapped for piece in self.pieces])):
            new = np.where(label != self.labels[key], label, 0)
            for number in np.unique(new[new > 0]):
                rows, columns = np.nonzero(new == number)
                here = np.stack((columns, rows), 1)
                self.flows[key][rows, columns] = self.pieces[number - 1].mapped(here, key) - here
            self.labels[key][:] = label

    def free(self, changed: Mask) -> tuple[Mask, Mask]:
        """Where either key shows what is not carried and changes, (H, W)."""
        return changed & (self.labels[0] == 0), changed & (self.labels[1] == 0)

    def expected(self, places: Floats, key: int) -> Floats:
        """Where places (n, 2) of a key would be in the other one, (n, 2), if they went with the pieces around them."""
        near = EXPECTED_RADIUS * diagonal(self.labels[0].shape)
        goes, total = np.zeros_like(places), np.full(len(places), 1e-9)
        for piece in self.pieces:
            rows, columns = np.nonzero(self.labels[key] == piece.number)
            if piece.side == BOTH and len(rows):
                middle = np.array((columns.mean(), rows.mean()))
                went = mapped(middle, piece.way_from(key)) - middle
                weight = np.exp(-np.square(places - middle).sum(-1) / near**2) * np.sqrt(len(rows))
                goes += weight[:, None] * went
                total += weight
        for mark in self.marks:
            weight = MARK_WEIGHT * np.exp(-np.square(places - mark[key]).sum(-1) / near**2)
            goes += weight[:, None] * (mark[1 - key] - mark[key])
            total += weight
        return np.asarray(places + goes / total[:, None])

    def lies_on_another(self, name: int, key: int, way: Floats) -> bool:
        """Whether a piece of a key, 0 or 1, that is not carried itself, lies on one that goes another way than this."""
        label, view = self.labels[key], self.views[key]
        if label[view.of((name,))].any():
            return False
        around = said_at(label, view.beside(name).astype(np.float64))
        under = int(np.bincount(np.maximum(around, 0), minlength=1).argmax()) if len(around) else 0
        if not under or self.pieces[under - 1].side != BOTH or np.mean(around == under) < UNDER_SHARE:
            return False
        middle = self.cut[key].centre[name]
        goes = self.pieces[under - 1].mapped(middle[None], key)[0]
        return bool(np.abs(goes - mapped(middle, way)).max() > SAME_MOTION)

    def leave(self, part: Part, whole: Mask, side: int, manner: Manner) -> None:
        """What one key has in these pixels of a part of the frame stays there, but for what is carried."""
        if self.full:
            return
        rows, columns = np.nonzero(whole)
        number = self._added(np.eye(2, 3), side, manner, (rows + part[0].start, columns + part[1].start)).number
        here = self.labels[side][part]
        here[(here == 0) & whole] = number
        for flow, label in zip(self.flows, self.labels, strict=True):
            flow[part][whole & ((label[part] == 0) | (label[part] == number))] = 0

    def delivered(self, backdrop: Backdrop, alone: tuple[Names, Names]) -> Carried:
        """All of it, before a backdrop and scenery, of which the other key has some pieces `alone`."""
        first, second = (
            np.where((cut.labels == 0) | (cut.grounds > 0), GROUND, NO_GROUND).astype(np.uint8) for cut in self.cut
        )
        for ground, label, cut, names in zip((first, second), self.labels, self.cut, alone, strict=True):
            ground[(cut.grounds > 0) & (cut.labels == 0)] = EVEN_GROUND
            ground[np.isin(label, self.lowest) | (np.isin(cut.labels, np.add(names, 1)) & (label == 0))] = SCENERY
        return Carried(self.flows, self.labels, tuple(self.pieces), (first, second), backdrop, self.flows)

    def _added(self, way: Floats | Deformation, side: int, manner: Manner, places: Places) -> Piece:
        """A further piece."""
        bent = way if isinstance(way, Deformation) else None
        if isinstance(way, Deformation):
            shift = way.end.mean(0) - way.graph.places.mean(0)
            way = np.hstack((np.eye(2), shift[:, None]))
        rows, columns = places
        box = np.array(((columns.min(), rows.min()), (columns.max(), rows.max())), np.float64)
        self.pieces.append(Piece(len(self.pieces) + 1, way, bent, box, side, manner))
        return self.pieces[-1]
