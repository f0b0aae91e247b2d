"""What two keys show of a piece, by which is judged what became of it between them.

Pictures are float32 (H, W, 4), premultiplied, display-referred, 0 to 1; flows float32 (H, W, 2) in pixels.
"""

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from inbetween.models.course import fitted
from inbetween.models.flow import doubt
from inbetween.models.regions import (
    EDGE,
    SAME,
    Floats,
    Labels,
    Mask,
    Part,
    Pieces,
    Plane,
    affine,
    comparable,
    inverse,
    mapped,
    measured,
    motions,
    reshaped,
    spun,
    stretch,
    turn,
)
from inbetween.models.shapes import SOFT, between, shape
from inbetween.models.warp import along, fetched_at

TURNING = 0.02
"""Difference of colour, of 1, that a turn by one radian must save: a quarter turn brings a square back to itself."""
TURN = 0.05
"""Share of a shape that a turn by one radian must bring over another one."""
STRETCHED = 6.0
"""Times that a piece may be stretched at most, in one direction against the other: more is another shape."""
WORST = 0.2
"""Difference of colour, of 1, up to which a piece is held to be the one it is matched with."""
SURE = 0.08
"""The same for a piece that goes further than it is long."""
BELIEVED = 0.25
"""The same, of a piece that has little to say on where its neighbours went."""
UNLIKE, FOLLOWED = 0.1, 1.5
"""Difference of colour, of 1, and pixels by which a flow fails to lead back: it has lost what it followed."""
ASTRAY, ASTRAY_FAR = 0.35, 0.2
"""Share of an outline that optical flow has lost, above which the piece is carried whatever its shape becomes."""
MISSED = 0.5
"""Difference of colour, of 1, that optical flow leaves in both keys together, above which it has lost a piece."""
AWAY = 0.3
"""Lengths (roots of its area) by which a piece has moved that is far away."""
FARTHEST = 12.0
"""Such lengths that a piece goes at most: what is so small and went so far is like many others."""
ANOTHER = 2.5
"""Such lengths, and difference of size and shape, together: above that it is another piece."""
OVERLAP = 0.55
"""Share of either shape that the other one must cover, where one has become the other."""
OUTLINED = 0.9
"""The same of what is within their outer outlines, if they are hollow."""
WORSE = 1.6
"""Times that its edge may be less alike by its new shape than by the flows, which bring any edge to some edge."""
EVEN = 0.15
"""Difference of colour or coverage, of 1, from their median that most pixels of an even piece stay below."""
ANGLES = 36, 10, 10
"""Ways in which a piece is turned to find how it lies in the other key: first all around, then between two of those."""
ROUND = 1.15
"""Times that a piece may be longer than wide, as moments tell, to have no longer axis that tells its turn."""
ANGULAR = 60
"""Pixels of the smallest piece whose corners tell its turn."""
UNTURNED = 0.97
"""Share of a shape that the other one covers unturned, from which on it is not tried turned."""
WITHIN = 0.5
"""Share of the smaller of two pieces in one place that the larger one must cover."""
ALTOGETHER = 0.9
"""Share of a piece that differs from what is in its place, above which none of it is there."""


class Sight:
    """Both keys, their pieces, and the flows between them, by which is judged what became of a piece."""

    def __init__(
        self,
        cut: tuple[Pieces, Pieces],
        views: "tuple[View, View]",
        flows: tuple[Plane, Plane],
        wrong: tuple[Plane, Plane],
    ) -> None:
        self.cut, self.views, self.flows, self.wrong = cut, views, flows, wrong
        self.unlike = reshaped(*cut)
        self.found: dict[tuple[int, int], tuple[Floats, float]] = {}
        self.astray = [doubt(*flows) > FOLLOWED, doubt(*flows[::-1]) > FOLLOWED]
        self.lost = [(unlike > UNLIKE) & astray for unlike, astray in zip(wrong, self.astray, strict=True)]

    def led(self) -> Floats:
        """Where optical flow leads the middle of each piece of the start, (n, 2): infinite where it has lost it."""
        names = range(len(self.cut[0].area))
        return np.array([self.views[0].led(name, self.flows[0], self.astray[0]) for name in names]).reshape(-1, 2)

    def judged(self, pairs: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """The best map of each pair, (m, 2, 3), and how much it explains, 0 to 1, (m,): see `Judge`."""
        ways, apart = zip(*(self.best(one, other) for one, other in pairs), strict=True)
        return np.array(ways), np.exp(-np.square(np.array(apart) / BELIEVED))

    def ways(self, one: int, other: int) -> list[Floats]:
        """The affine maps, (2, 3), that may carry a piece of the start to one of the end."""
        ways = self.moved(one, other)
        return [*ways, self.turned(one, other)] if self._axisless(one, other) else ways

    def moved(self, one: int, other: int) -> list[Floats]:
        """Those of them, (2, 3), that the moments of both tell."""
        (tried,) = motions(*self.cut, np.array([(one, other)]))
        return [way for way in tried if stretch(way) < STRETCHED]

    def best(self, one: int, other: int) -> tuple[Floats, float]:
        """The one of these that brings like to like best, and the difference of colour, of 1, that it leaves."""
        if (one, other) not in self.found:
            first, second = self.views
            ways = self.ways(one, other)
            apart = [
                first.apart(one, second.picture, way)
                + second.apart(other, first.picture, inverse(way))
                + TURNING * turn(way)
                for way in ways
            ]
            least = int(np.argmin(apart))
            self.found[one, other] = ways[least], apart[least]
        return self.found[one, other]

    def way(self, one: int, other: int) -> Floats | None:
        """The affine map that carries a piece of the start to one of the end; None if none should.

        A piece that fits is carried where optical flow does not explain it as well, or if it goes further than it is
        long: what is so small the network may lose, whatever it is offered.
        """
        first, second = self.views
        usual = first.mean(one, self.wrong[0]) + second.mean(other, self.wrong[1])
        way, apart = self.best(one, other)
        gone = np.linalg.norm(self.cut[0].centre[one] - self.cut[1].centre[other]) / np.sqrt(self.cut[0].area[one])
        if gone < FARTHEST and (apart < min(0.7 * usual - 0.002, WORST) or (apart < SURE and gone > 1)):
            return way
        lost = (usual > MISSED and gone < AWAY) or self._astray(one, other) > (ASTRAY if gone < AWAY else ASTRAY_FAR)
        same = gone + self.unlike[one, other] < ANOTHER and first.even(one) and second.even(other)
        return self._reshaped(one, other) if lost and same else None

    def replaced(self, pairs: NDArray[np.intp]) -> NDArray[np.intp]:
        """Further pairs (m, 2): of one colour and in one place, of any shapes, their outlines lost."""
        rows, columns = (len(piece.area) + 1 for piece in self.cut)
        both = np.bincount((self.cut[0].labels * columns + self.cut[1].labels).ravel(), minlength=rows * columns)
        smaller = np.minimum(self.cut[0].area[:, None], self.cut[1].area[None])
        colour = np.abs(self.cut[0].colour[:, None] - self.cut[1].colour[None]).max(-1)
        alike = (colour < SAME) & comparable(*self.cut, 0)
        within = np.where(alike, both.reshape(rows, columns)[1:, 1:] / smaller, 0)
        ones, others = alone(self.cut, pairs)
        found: list[tuple[int, int]] = []
        for one in ones if len(others) else ():
            other = others[within[one, others].argmax()]
            if within[one, other] >= WITHIN and self._astray(one, other) > ASTRAY_FAR:
                found.append((one, other))
                within[:, other] = 0
        return np.array(found, np.intp).reshape(-1, 2)

    def turned(self, one: int, other: int) -> Floats:
        """The map of a piece of the start to the size, the middle and the turn of one of the end."""
        angle, step = 0.0, 2 * np.pi
        for count in ANGLES:
            step /= count
            angles = angle + step * (np.arange(count + 1) - count // 2)
            way, _ = self.covering(one, other, [self._grown(one, other, each) for each in angles])
            angle = float(np.arctan2(way[1, 0], way[0, 0]))
        return way

    def _axisless(self, one: int, other: int) -> bool:
        """Whether two pieces are as long as wide, but not round: their moments do not tell how they are turned."""
        spreads = self.cut[0].spread[one], self.cut[1].spread[other]
        small = min(self.cut[0].area[one], self.cut[1].area[other]) < ANGULAR
        if small or max(np.linalg.cond(spread) for spread in spreads) > ROUND**2:
            return False
        return self.covering(one, other, [self._grown(one, other, 0)])[1] < UNTURNED

    def _grown(self, one: int, other: int, angle: float) -> Floats:
        """The map of a piece of the start to the size and the middle of one of the end, turned by an angle."""
        start, end = self.cut
        growth, shift = np.sqrt(end.area[other] / start.area[one]), end.centre[other] - start.centre[one]
        return affine(spun(growth * np.exp(1j * angle)), start.centre[one], shift)

    def covering(self, one: int, other: int, ways: list[Floats]) -> tuple[Floats, float]:
        """The map of several that brings two shapes best over each other, and the share of either that is covered then.

        Of those that do it nearly as well it is the one that turns least: each turn takes something off the share.
        """
        cover = [
            min(
                self.views[0].covered(one, self.views[1].labels, other, way),
                self.views[1].covered(other, self.views[0].labels, one, inverse(way)),
            )
            - TURN * turn(way)
            for way in ways
        ]
        best = int(np.argmax(cover))
        return ways[best], cover[best]

    def _astray(self, one: int, other: int) -> float:
        """Share of the outlines of a piece that the flows have lost."""
        return (self.views[0].rim(one, self.lost[0]) + self.views[1].rim(other, self.lost[1])) / 2

    def _reshaped(self, one: int, other: int) -> Floats | None:
        """The map that brings two shapes best over each other, or what the flows make of it; None if none does."""
        followed = self.views[0].followed(one, self.flows[0]), self.views[1].followed(other, self.flows[1])
        way, cover = self.covering(one, other, [*self.ways(one, other), followed[0], inverse(followed[1])])
        if cover > OVERLAP and self._fits(one, other, way):
            return way
        way, cover = self._outlined(one, other)
        return way if cover > OUTLINED and self._fits(one, other, way) else None

    def _outlined(self, one: int, other: int) -> tuple[Floats, float]:
        """The map that brings the outer outlines of two pieces best over each other, whatever their holes; its cover."""
        cut = [view.outlined(piece) for view, piece in zip(self.views, (one, other), strict=True)]
        views = [View(view.picture, only) for view, only in zip(self.views, cut, strict=True)]
        sight = Sight.__new__(Sight)
        sight.cut, sight.views = cut, views
        return sight.covering(0, 0, sight.ways(0, 0))

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
        unlike = fetched_at(self.views[0].picture, left) - fetched_at(self.views[1].picture, right)
        return bool(edge.any() and np.abs(unlike).max(-1)[edge].mean() < WORSE * usual.mean())


class View:
    """The pixels of each piece of a picture."""

    def __init__(self, picture: Plane, cut: Pieces) -> None:
        order = np.argsort(cut.labels, axis=None, kind="stable")
        counts = np.bincount(cut.labels.ravel(), minlength=len(cut.area) + 1)
        rows, columns = np.unravel_index(order, cut.labels.shape)
        ends = np.cumsum(counts)
        self.picture, self.labels = picture, cut.labels
        self.places = [(rows[a:b], columns[a:b]) for a, b in pairwise(ends)]

    def mean(self, piece: int, plane: Plane) -> float:
        return float(plane[self.places[piece]].mean())

    def apart(self, piece: int, other: Plane, way: Floats) -> float:
        """Mean difference of a piece and what it is carried to."""
        fetched = fetched_at(other, mapped(self.some(piece), way))
        return float(np.abs(self.picture[self._some(piece)] - fetched).max(-1).mean())

    def even(self, piece: int) -> bool:
        """Whether most of a piece is of one colour: else its outline is not all that there is to see."""
        seen = self.picture[self._some(piece)]
        return float(np.median(np.abs(seen - np.median(seen, axis=0)).max(-1))) < EVEN

    def covered(self, piece: int, labels: Labels, other: int, way: Floats) -> float:
        """Share of a piece that another one covers, once it is carried there."""
        at = np.rint(mapped(self.some(piece), way)).astype(np.intp)
        x, y = at[np.all((at >= 0) & (at < labels.shape[::-1]), 1)].T
        return float(np.count_nonzero(labels[y, x] == other + 1)) / len(at)

    def followed(self, piece: int, flow: Plane) -> Floats:
        """The motion of the whole, (2, 3), in a flow."""
        places = self.some(piece)
        shift, growth, turn = fitted(places, flow[self._some(piece)].astype(np.float64))
        return affine(spun(complex(1 + growth, turn)), places.mean(0), shift)

    def led(self, piece: int, flow: Plane, astray: Mask) -> Floats:
        """How far, x and y, a flow leads a piece: infinite if most of it goes astray."""
        some = self._some(piece)
        return np.median(flow[some], axis=0) if astray[some].mean() < 0.5 else np.full(2, np.inf)

    def rim(self, piece: int, astray: Mask) -> float:
        """Share of a piece's outer outline that lies in a mask."""
        part, filled = self._filled(piece)
        rim = cv2.morphologyEx(filled, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
        return float(astray[part][rim].mean()) if rim.any() else 0.0  # it fills the frame

    def outlined(self, piece: int) -> Pieces:
        """A piece with all that is within its outer outline, as the only one of the picture."""
        part, filled = self._filled(piece)
        labels = np.zeros_like(self.labels)
        labels[part] = filled
        return measured(self.picture, labels, labels == 0, np.zeros_like(labels))

    def _filled(self, piece: int) -> tuple[Part, NDArray[np.uint8]]:
        """The part of the picture around a piece, and 1 in it for the piece and whatever its outer outline holds."""
        y, x = self.places[piece]
        part = slice(max(0, y.min() - 2), y.max() + 3), slice(max(0, x.min() - 2), x.max() + 3)
        mask = (self.labels[part] == piece + 1).view(np.uint8)
        outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        return part, np.asarray(cv2.drawContours(mask, outlines, -1, 1, cv2.FILLED), np.uint8)

    def some(self, piece: int) -> Floats:
        """x and y of enough of its pixels, (n, 2)."""
        return np.stack(self._some(piece)[::-1], 1).astype(np.float64)

    def _some(self, piece: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns of enough of its pixels."""
        y, x = self.places[piece]
        step = max(1, len(y) // 2000)
        return y[::step], x[::step]

    def put(self, piece: int, flow: Plane, way: Floats) -> None:
        y, x = self.places[piece]
        points = np.stack((x, y), 1)
        flow[y, x] = mapped(points, way) - points


def lost(labels: Labels, wrong: Plane, still: Plane) -> Mask:
    """Of which numbers in `labels` (H, W) the other picture has nothing, in their place or where the flow leads, (n,).

    `wrong` (H, W) is how different the flow leaves the pictures, `still` how different they are without any, of 1.
    """
    size, changed, left, first = (
        np.bincount(labels.ravel(), weights)
        for weights in (None, (still > EDGE / 255).ravel(), wrong.ravel(), still.ravel())
    )
    return np.asarray((changed > ALTOGETHER * size) & (left > 0.5 * first))


def alone(cut: tuple[Pieces, Pieces], pairs: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """The pieces of either key that are in no pair."""
    return [np.setdiff1d(np.arange(len(piece.area)), names) for piece, names in zip(cut, pairs.T, strict=True)]


def mismatch(picture: Plane, other: Plane, flow: Plane) -> Plane:
    """How different what a flow from a picture to another one brings together is, (H, W): of 1, the largest channel."""
    return np.asarray(np.abs(picture - along(other, flow)).max(-1), np.float32)
