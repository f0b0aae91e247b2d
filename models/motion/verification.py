"""What two keys show of a piece, by which is judged what became of it between them.

Every map that may align two matched pieces is held against both pictures, as is what optical flow brings together.

Pictures are float32 (H, W, 4), premultiplied, display-referred, 0 to 1; flows float32 (H, W, 2) in pixels.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from inbetween.models.arrays import max_difference
from inbetween.models.motion.affine import Floats, inverse, mapped, then, turn, uneven
from inbetween.models.motion.alignment import Alignment, View
from inbetween.models.motion.deformation import Deformation, PointMap, going
from inbetween.models.motion.marked import NO_MARKS, Marked, along
from inbetween.models.motion.masks import Labels, Mask, inner_distance, said_at
from inbetween.models.motion.matching import (
    IN_ONE_PLACE,
    SAME_COLOUR,
    SAME_MOTION,
    comparable,
    dissimilar,
    motions,
    overlapping,
    reshaped,
)
from inbetween.models.motion.occlusion import Hidden, Parts, hidden
from inbetween.models.motion.regions import EDGE_RANGE, Pieces
from inbetween.models.motion.registration import Expected, registered, share
from inbetween.models.motion.shapes import SOFT, between, shape
from inbetween.models.optical import loop_error
from inbetween.models.warp import Plane, fetched_along, fetched_at, labels_at

COLOUR_TURN_COST = 0.02
"""Difference of colour, of 1, that a turn by one radian must save: a quarter turn brings a square back to itself."""
TIE, SURROUNDINGS_WEIGHT = 0.07, 0.1
"""Difference of colour, of 1, up to which several maps bring a piece about as well over another one, and how much then
counts what is around it: a limb hangs where it hung."""
MATCHED_DIFFERENCE = 0.2
"""Difference of colour, of 1, up to which a piece is held to be the one it is matched with; also one that goes far, if
others go with it (`common_fate`)."""
SURE_DIFFERENCE = 0.08
"""The same for a piece that goes far by itself."""
BELIEF_SCALE = 0.25
"""The same, of a piece that has little to say on where its neighbours went."""
LOST_DIFFERENCE, LOST_LOOP = 0.1, 1.5
"""Difference of colour, of 1, and pixels by which a flow fails to lead back: it has lost what it followed."""
LOST_OUTLINE, LOST_OUTLINE_FAR = 0.35, 0.2
"""Share of an outline that optical flow has lost, above which the piece is carried whatever its shape becomes."""
MISSED_DIFFERENCE = 0.5
"""Difference of colour, of 1, that optical flow leaves in both keys together, above which it has lost a piece."""
AT_REST = 0.5
"""Pixels by which a piece moves, as its moments tell, below which it is tried at rest as well."""
BIT, FOLLOWED_DIFFERENCE = 8.0, 0.01
"""Times that a bit of a line is longer than wide, at least, and difference up to which the flows follow it."""
FAR_LENGTHS = 0.3
"""Lengths (roots of its area) by which a piece has moved that is far away."""
FARTHEST_LENGTHS = 12.0
"""Such lengths that a piece goes at most: what is so small and went so far is like many others."""
ANOTHER = 2.5
"""Such lengths, and difference of size and shape, together: above that it is another piece."""
EXPLAINED_DIFFERENCE = 0.05
"""Difference of colour, of 1, that a piece leaves at most which its own motion explains: nothing hides a part of it."""
EXACT = 0.01
"""The same of one that its motion explains exactly."""
CLOSER, CLOSER_BY = 0.7, 0.002
"""Share of the difference that the flows leave up to which a piece's own motion is closer than they are; and by how
much it must be closer than that, half a step of 8-bit colour, where the flows leave next to nothing."""
EMERGING, EMERGING_LENGTHS = 12, 3.0
"""How many pairs are tried of which one key may hide the most; and how far they go at most, in lengths (roots of the
larger area)."""
OVERLAP = 0.55
"""Share of either shape that the other one must cover, where one has become the other."""
BENDING_AREA, BENDING_COVER, RIGID_COVER = 200, 0.93, 0.85
"""Pixels of the smallest piece that may bend, share of either shape that this must explain, and share of either that
the other one covers all the same from which on it does not bend."""
SPINDLY = 60.0
"""Times that the area of a piece is larger than the square of half its width, above which it is no limb, but an
outline: becomes no other shape, goes with what it surrounds (`outlines`), and bends where drawn on paper (`lines`)."""
HOLLOW_COVER = 0.9
"""The same of what is within their outer outlines, if they are rings; what has several holes is an outline of several
things."""
FRAME_COVER, FRAME_LOST = 0.97, 0.05
"""The same of rings that change nothing but their proportions, and share of an outline lost from which on they do."""
FOLLOWED_SHARE, SAME_TURN = 0.9, 0.05
"""Share of a piece that optical flow leads to its partner, and radians within which it turns as the flow does."""
EDGE_WORSE, EDGE_ALIKE = 1.6, 0.1
"""Times that its edge may be less alike by its new shape than by the flows, which bring any edge to some edge; and the
difference of colour, of 1, up to which it is alike anyhow."""
VANISHED_SHARE = 0.9
"""Share of a piece that differs from what is in its place, above which none of it is there."""


NOTHING_KNOWN: Mapping[tuple[int, int], Floats] = {}
"""Of no pair how it goes."""


class Sight:
    """Both keys, their pieces, and the flows between them, by which is judged what became of a piece."""

    def __init__(
        self,
        cut: tuple[Pieces, Pieces],
        views: tuple[View, View],
        flows: tuple[Plane, Plane],
        wrong: tuple[Plane, Plane],
        marks: Floats = NO_MARKS,
        known: Mapping[tuple[int, int], Floats] = NOTHING_KNOWN,
    ) -> None:
        self.cut, self.views, self.alignment = cut, views, Alignment(cut, views)
        self.flows, self.wrong, self.known = flows, wrong, known
        self.parts = Parts(cut[0]), Parts(cut[1])
        self.unlike = reshaped(*cut)
        self.marked = Marked((views[0].picture, views[1].picture), cut, marks, dissimilar(*cut))
        self.found: dict[tuple[int, int], tuple[Floats, float]] = {}
        self.settled: set[tuple[int, int]] = set()
        self.carrying: dict[tuple[int, int], tuple[Floats | None, bool]] = {}
        self.bending: dict[tuple[int, int], Deformation | None] = {}
        self.astray = [loop_error(*flows) > LOST_LOOP, loop_error(*flows[::-1]) > LOST_LOOP]
        first, second = ((unlike > LOST_DIFFERENCE) & astray for unlike, astray in zip(wrong, self.astray, strict=True))
        self.flow_lost = first, second

    def flow_shifts(self) -> Floats:
        """Where optical flow leads the middle of each piece of the start, (n, 2): infinite where it has lost it."""
        names = range(len(self.cut[0].area))
        shifts = [self.views[0].flow_shift(name, self.flows[0], self.astray[0]) for name in names]
        return np.reshape(shifts, (-1, 2))

    def judged(self, pairs: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """The best map of each pair, (m, 2, 3), and how much it explains, 0 to 1, (m,): see `Judge`."""
        ways, apart = zip(*(self.best(one, other) for one, other in pairs), strict=True)
        believed = np.exp(-np.square(np.array(apart) / BELIEF_SCALE))
        told = [len(self.marked.of(one, other)) > 0 for one, other in pairs.tolist()]
        return np.array(ways), np.where(told, 1.0, believed)

    def best(self, one: int, other: int) -> tuple[Floats, float]:
        """The one of all maps that brings like to like best, and the difference of colour, of 1, that it leaves."""
        if (one, other) not in self.found:
            usual = [*self.alignment.ways(one, other), *self.alignment.reversed(one, other)]
            if any(self.rests(one, way) for way in usual):
                usual.append(np.eye(2, 3))
            if (one, other) in self.known:
                usual.append(self.known[one, other])
            said = self._said(one, other)
            ways = [*usual, *(self.marked.ways(one, other, usual) if said else ())]
            apart = [self.difference(one, other, way) for way in ways]
            cost = np.add(apart, [self.marked.cost(one, other, way) if said else 0.0 for way in ways])
            least = int(np.argmin(cost))
            if np.count_nonzero(cost < cost[least] + TIE) > 1:
                hangs = [SURROUNDINGS_WEIGHT * self._hangs(one, other, going(way)) for way in ways]
                least = int(np.argmin(cost + hangs))
            self.found[one, other] = ways[least], apart[least]
        return self.found[one, other]

    def settle(self, way: Floats, pairs: Sequence[tuple[int, int]]) -> None:
        """Let some pairs go one way, an affine map (2, 3), whatever else was found."""
        for pair in pairs:
            self.found[pair] = way, self.difference(*pair, way, within=True)
            self.carrying.pop(pair, None)
            self.settled.add(pair)

    def difference(self, one: int, other: int, way: Floats, within: bool = False) -> float:
        """The difference of colour, of 1, that a map (2, 3) leaves in a pair, in both keys together.

        A turn counts as one. `within`: of what stays in the frame alone.
        """
        first, second = self.views
        there = first.apart(one, second.picture, way, within)
        return there + second.apart(other, first.picture, inverse(way), within) + COLOUR_TURN_COST * turn(way)

    def rests(self, one: int, way: Floats) -> bool:
        """Whether a piece of the start hardly moves by a map."""
        box = self.views[0].box(one)
        return bool(np.abs(mapped(box, way) - box).max() < AT_REST)

    def _hangs(self, one: int, other: int, led: PointMap) -> float:
        """Share of what is right beside a piece that is not the same in both keys, if it goes that way."""
        first, second = self.views
        there, back = first.beside(one), second.beside(other)
        if not len(there) or not len(back):  # it fills the frame
            return 0.0
        unlike = [
            max_difference(fetched_at(first.picture, there), fetched_at(second.picture, led(there, 0))),
            max_difference(fetched_at(second.picture, back), fetched_at(first.picture, led(back, 1))),
        ]
        return float(np.mean([(each > LOST_DIFFERENCE).mean() for each in unlike]))

    def way(self, one: int, other: int) -> tuple[Floats | None, bool]:
        """The affine map that carries a piece to the other key, None if none does; and whether it may bend.

        A piece that fits is carried where optical flow does not explain it as well, or if it goes far: what is small
        the network may lose, whatever it is offered, and flow has no sharp edges where a curve takes things apart.
        """
        if (one, other) not in self.carrying:
            self.carrying[one, other] = self._way(one, other)
        return self.carrying[one, other]

    def _way(self, one: int, other: int) -> tuple[Floats | None, bool]:
        if self._said(one, other):
            return self._as_marked(one, other)
        first, second = self.views
        usual = self._left(one, other)
        way, apart = self.best(one, other)
        gone = self._gone(one, other)
        if self.marked.leads(one, other):
            usual, gone = 1.0, 0.0  # as if the flows had lost it and it were near
        closer = apart < min(CLOSER * usual - CLOSER_BY, MATCHED_DIFFERENCE)
        settled = (one, other) in self.settled
        if settled and not self._is_whole(one, other, way):
            return None, False
        sure = MATCHED_DIFFERENCE if settled else SURE_DIFFERENCE
        if gone < FARTHEST_LENGTHS and (closer or (apart < sure and self._far(one, other, usual))):
            return way, False
        astray = self._astray(one, other)
        frame = self._framed(one, other) if astray > FRAME_LOST else None
        if frame is not None and self._fits(one, other, frame):
            return frame, False
        near = gone < FAR_LENGTHS
        missed = near and usual > MISSED_DIFFERENCE
        lost = missed or astray > (LOST_OUTLINE if near else LOST_OUTLINE_FAR)
        same = gone + self.unlike[one, other] < ANOTHER and first.even(one) and second.even(other)
        return self._reshaped(one, other) if lost and same else (None, False)

    def _is_whole(self, one: int, other: int, way: Floats) -> bool:
        """Whether either piece comes to lie on the other one, but for what the frame cuts off, and is no part of it."""
        if self.views[0].cut_off(one) or self.views[1].cut_off(other):
            return True
        return min(self.alignment.covers(one, other, way)) > RIGID_COVER

    def _framed(self, one: int, other: int) -> Floats | None:
        """The map (2, 3) of the outer outlines of two even rings that differ in their proportions; None of others."""
        first, second = self.views
        if not (first.even(one) and second.even(other) and first.holes(one) == second.holes(other) == 1):
            return None
        hollow, outer = self.alignment.outlined(one, other)
        return hollow if outer > FRAME_COVER and uneven(hollow) else None

    def explained(self, one: int, other: int) -> bool:
        """Whether its own motion explains a piece exactly."""
        return self.best(one, other)[1] < EXACT

    def _said(self, one: int, other: int) -> bool:
        """Whether marks tell how a piece goes, rather than how what is on it does, as the features of a face.

        So they do if the flows have lost it, or by the marks it comes to lie over the other one.
        """
        if not len(self.marked.of(one, other)):
            return False
        if self._gone(one, other) > FAR_LENGTHS or self._astray(one, other) > LOST_OUTLINE_FAR:
            return True
        followed = self.views[0].followed(one, self.flows[0])
        if self._left(one, other) < EXPLAINED_DIFFERENCE and not self.marked.cost(one, other, followed):
            return False
        ways = self.marked.ways(one, other, self.alignment.ways(one, other))
        hitting = [way for way in ways if not self.marked.cost(one, other, way)]
        return bool(hitting and self.alignment.covering(one, other, hitting)[1] > RIGID_COVER)

    def _as_marked(self, one: int, other: int) -> tuple[Floats | None, bool]:
        """The map of a piece of which it is said what it becomes, None if none is near it, and whether it may bend."""
        way, apart = self.best(one, other)
        hit = not self.marked.cost(one, other, way)
        if hit and (apart < SURE_DIFFERENCE or self.alignment.covering(one, other, [way])[1] > RIGID_COVER):
            return way, False
        shaped, _ = self._reshaped(one, other)
        if shaped is not None and not self.marked.cost(one, other, shaped):
            way = shaped
        large = min(self.cut[0].area[one], self.cut[1].area[other]) >= BENDING_AREA
        return way if self._meets(one, other, way) else None, bool(large)

    def _meets(self, one: int, other: int, way: Floats) -> bool:
        """Whether most of either piece comes to lie on the other one: something may hide the rest of that."""
        return max(self.alignment.covers(one, other, way)) > OVERLAP

    def inside_another(self, one: int, other: int, carried: Sequence[tuple[int, Floats]]) -> Floats | None:
        """The map (2, 3) of a piece that is too small for how far it went, if it goes with one around it.

        `carried` are pieces of the start, with their maps.
        """
        way, apart = self.best(one, other)
        if apart > SURE_DIFFERENCE or self._gone(one, other) < FARTHEST_LENGTHS:
            return None
        middle = self.cut[0].centre[one]
        for name, course in carried:
            least, most = self.views[0].box(name)
            within = np.all((least < middle) & (middle < most))
            if within and np.abs(mapped(middle, course) - mapped(middle, way)).max() < SAME_MOTION:
                return way
        return None

    def _far(self, one: int, other: int, usual: float) -> bool:
        """Whether a piece has gone far, and is no bit of a line, which is like all others.

        Such a bit stays with the flows if they leave next to no difference, the `usual` one, of 1.
        """
        wide, long = np.linalg.eigvalsh(self.cut[0].spread[one])
        return bool(self._gone(one, other) > FAR_LENGTHS and (long < BIT**2 * wide or usual > FOLLOWED_DIFFERENCE))

    def stretched(self, one: int, other: int) -> Floats | None:
        """The map (2, 3) of an even piece that is stretched on its way, and that optical flow leads to its partner too.

        None of any other, and of what the frame cuts off or would turn by it, and does not turn in the flow.
        """
        way, apart = self.best(one, other)
        explained, (first, second) = apart < EXPLAINED_DIFFERENCE, self.views
        if (explained and not uneven(way)) or first.cut_off(one) or second.cut_off(other):
            return None
        here = first.some(one)
        there = said_at(self.cut[1].labels, here + fetched_at(self.flows[0], here.astype(np.float32)))
        if np.mean(there == other + 1) < FOLLOWED_SHARE or not (first.even(one) and second.even(other)):
            return None
        whole = way if explained else self._framed(one, other)
        if whole is None:
            return None
        return whole if turn(then(inverse(first.followed(one, self.flows[0])), whole)) < SAME_TURN else None

    def _left(self, one: int, other: int) -> float:
        """The difference of colour, of 1, that the flows leave in a piece, in both keys together."""
        return self.views[0].mean(one, self.wrong[0]) + self.views[1].mean(other, self.wrong[1])

    def _gone(self, one: int, other: int) -> float:
        """How far a piece has gone, in lengths (roots of its area)."""
        away = np.linalg.norm(self.cut[0].centre[one] - self.cut[1].centre[other])
        return float(away / np.sqrt(self.cut[0].area[one]))

    def hidden(
        self, one: int, other: int, known: Mapping[tuple[int, int], Floats | None], bends: bool = False
    ) -> Hidden | None:
        """How a piece goes of which one key hides a part, its outline lost by the flows; None if none does.

        `known` are the maps of what may hide it, None for what bends. It goes as a whole, or it `bends` itself.
        """
        if self.cut[0].thin[one] and self.cut[1].thin[other]:
            return None  # both its sides are so near that it lies on itself anyhow
        usual = self._left(one, other)
        lost = usual > MISSED_DIFFERENCE or self._astray(one, other) > LOST_OUTLINE_FAR
        if not lost or (self.best(one, other)[1] <= EXPLAINED_DIFFERENCE and not self.entering(one, other)):
            return None
        beside = self.cut[0].beside[one], self.cut[1].beside[other]
        near = [way for (a, b), way in known.items() if way is not None and beside[0][a] and beside[1][b]]
        first, second = np.array([*known], np.intp).reshape(-1, 2).T
        found = hidden(self.parts, one, other, (first, second), near, bends)
        if found is None or self.marked.denies(*found.pieces):
            return None
        return found if self._apart(found) < (1 if bends else CLOSER) * usual else None

    def entering(self, one: int, other: int) -> bool:
        """Whether the frame cuts a piece off in one key alone: it comes in or goes out, and does not grow.

        If others go with it, it is known how.
        """
        return (one, other) not in self.settled and self.views[0].cut_off(one) != self.views[1].cut_off(other)

    def beside(self, pair: Sequence[int], others: Sequence[tuple[int, int]]) -> bool:
        """Whether a pair of pieces is beside any of some others in either key, or ink, or the frame cuts it off."""
        return any(
            view.cut_off(name) or cut.beside[name, [*(other[key] for other in others), *np.flatnonzero(cut.thin)]].any()
            for key, (name, cut, view) in enumerate(zip(pair, self.cut, self.views, strict=True))
        )

    def _apart(self, found: Hidden) -> float:
        """The difference of colour, of 1, in what both keys show of a thing, in both together."""
        apart, led = 0.0, going(found.way)
        for key in (0, 1):
            here = np.stack(self.views[key].of(found.pieces[key])[::-1], 1)
            there = led(here, key)
            labels = labels_at(self.cut[1 - key].labels.astype(np.uint8), there)
            seen = np.isin(labels, np.add(found.pieces[1 - key], 1))
            own = self.views[key].picture[here[seen, 1], here[seen, 0]]
            apart += float(max_difference(own, fetched_at(self.views[1 - key].picture, there[seen])).mean())
        return apart

    def emerging(self, pairs: NDArray[np.intp]) -> NDArray[np.intp]:
        """Further pairs (m, 2) of pieces of one colour that are in none of these; the largest."""
        ones, others = unmatched(self.cut, pairs)
        colour = max_difference(self.cut[0].colour[ones][:, None], self.cut[1].colour[others])
        away = np.linalg.norm(self.cut[0].centre[ones][:, None] - self.cut[1].centre[others], axis=-1)
        length = np.sqrt(np.maximum(self.cut[0].area[ones][:, None], self.cut[1].area[others]))
        rows, columns = np.nonzero((colour < SAME_COLOUR) & (away < EMERGING_LENGTHS * length))
        further = np.stack((ones[rows], others[columns]), 1)
        size = np.minimum(self.cut[0].area[further[:, 0]], self.cut[1].area[further[:, 1]])
        return further[np.argsort(-size, kind="stable")[:EMERGING]]

    def replaced(self, pairs: NDArray[np.intp]) -> NDArray[np.intp]:
        """Further pairs (m, 2): of one colour and in one place, of any shapes, their outlines lost."""
        colour = max_difference(self.cut[0].colour[:, None], self.cut[1].colour[None])
        alike = (colour < SAME_COLOUR) & comparable(*self.cut, 0)
        within = np.where(alike, overlapping(*self.cut), 0)
        ones, others = unmatched(self.cut, pairs)
        found: list[tuple[int, int]] = []
        for one in ones if len(others) else ():
            other = others[within[one, others].argmax()]
            if within[one, other] >= IN_ONE_PLACE and self._astray(one, other) > LOST_OUTLINE_FAR:
                found.append((one, other))
                within[:, other] = 0
        return np.array(found, np.intp).reshape(-1, 2)

    def _astray(self, one: int, other: int) -> float:
        """Share of the outlines of a piece that the flows have lost."""
        return (self.views[0].rim(one, self.flow_lost[0]) + self.views[1].rim(other, self.flow_lost[1])) / 2

    def _reshaped(self, one: int, other: int) -> tuple[Floats | None, bool]:
        """The map that brings one shape best over the other, its own or one of the flows', None if none does.

        And whether it may bend.
        """
        followed = self.views[0].followed(one, self.flows[0]), self.views[1].followed(other, self.flows[1])
        ways = [*self.alignment.ways(one, other), followed[0], inverse(followed[1])]
        way, cover = self.alignment.covering(one, other, ways)
        fits = cover > OVERLAP and self._fits(one, other, way)
        if cover > RIGID_COVER and fits:
            return way, False
        if max(self.views[0].holes(one), self.views[1].holes(other)) <= 1:
            hollow, outer = self.alignment.outlined(one, other)
            if outer > HOLLOW_COVER and self._fits(one, other, hollow):
                return hollow, False
        masks = self.cut[0].labels == one + 1, self.cut[1].labels == other + 1
        if max(_thin(mask) for mask in masks) > SPINDLY:
            return None, False
        large = min(self.cut[0].area[one], self.cut[1].area[other]) >= BENDING_AREA
        return (way if fits else None), bool(large and (fits or cover <= OVERLAP))

    def bent(self, one: int, other: int) -> Deformation | None:
        """How one shape bends to become another; None if that does not explain them."""
        if (one, other) not in self.bending:
            self.bending[one, other] = self._bent(one, other)
        return self.bending[one, other]

    def _bent(self, one: int, other: int) -> Deformation | None:
        masks = self.cut[0].labels == one + 1, self.cut[1].labels == other + 1
        marks = self.marked.of(one, other)
        found = (registered(*masks, begin, marks=marks) for begin in self._beginnings(one, other, marks))
        bending = [(bent, share(told, masks)) for bent, told in filter(None, found)]
        bending = [each for each in bending if each[1] > BENDING_COVER]
        if len(bending) < 2:
            return bending[0][0] if bending else None
        hangs = [SURROUNDINGS_WEIGHT * self._hangs(one, other, going(bent)) for bent, _ in bending]
        return bending[int(np.argmax([good - off for (_, good), off in zip(bending, hangs, strict=True)]))][0]

    def _beginnings(self, one: int, other: int, marks: Floats) -> Iterator[Expected]:
        """Where a piece that bends is looked for: where it shifts to, or where marks on it lead, however it turns."""
        if len(marks) > 1:
            yield lambda places, key: along(places, marks[:, [key, 1 - key]])
            return
        shift = self.cut[1].centre[other] - self.cut[0].centre[one]
        yield lambda places, key: np.asarray(places - shift if key else places + shift)
        (tried,) = motions(*self.cut, np.array([(one, other)]))
        yield from map(going, self.marked.ways(one, other, [tried[3], *self.alignment.reversed(one, other)]))

    def _fits(self, one: int, other: int, way: Floats) -> bool:
        """Whether what comes together along the edge of the shape half-way is not much less alike than by the flows."""
        masks = (view.labels == piece + 1 for view, piece in zip(self.views, (one, other), strict=True))
        first, second = (shape(mask) for mask in masks)
        assert first is not None
        assert second is not None
        own, others = (
            view.some(piece).astype(np.float32) for view, piece in zip(self.views, (one, other), strict=True)
        )
        edges = first.outside(own) > -SOFT, second.outside(others) > -SOFT
        usual = np.concatenate(
            [fetched_at(wrong, at[edge]) for wrong, at, edge in zip(self.wrong, (own, others), edges, strict=True)]
        )
        places = np.concatenate((own, mapped(others, inverse(way)))).astype(np.float32)
        depth, (left, right) = between((first, second), (places, mapped(places, way).astype(np.float32)), 0.5)
        edge = depth[depth <= 0] > -SOFT
        unlike = max_difference(fetched_at(self.views[0].picture, left), fetched_at(self.views[1].picture, right))
        return bool(edge.any() and unlike[edge].mean() < max(EDGE_ALIKE, EDGE_WORSE * usual.mean()))


def _thin(mask: Mask) -> float:
    """How many times larger the area of what fills a mask (H, W) is than the square of half its width."""
    half = inner_distance(mask).max()
    return float(np.count_nonzero(mask) / half**2)


def vanished(labels: Labels, wrong: Plane, still: Plane) -> Mask:
    """Of which numbers in `labels` (H, W) the other picture has nothing, in their place or where the flow leads, (n,).

    `wrong` (H, W) is how different the flow leaves the pictures, `still` how different they are without any, of 1.
    """
    size, changed, left, first = (
        np.bincount(labels.ravel(), weights)
        for weights in (None, (still > EDGE_RANGE / 255).ravel(), wrong.ravel(), still.ravel())
    )
    return np.asarray((changed > VANISHED_SHARE * size) & (left > 0.5 * first))


def unmatched(cut: tuple[Pieces, Pieces], pairs: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """The pieces of either key that are in no pair."""
    return [np.setdiff1d(np.arange(len(piece.area)), names) for piece, names in zip(cut, pairs.T, strict=True)]


def mismatch(picture: Plane, other: Plane, flow: Plane) -> Plane:
    """How different what a flow from a picture to another one brings together is, (H, W): of 1, the largest channel."""
    return max_difference(picture, fetched_along(other, flow))
