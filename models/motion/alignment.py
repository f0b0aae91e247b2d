"""How pieces may lie over each other: which maps bring one over another, by their moments and outlines alone.

Pictures are float32 (H, W, 4), premultiplied, display-referred, 0 to 1; flows float32 (H, W, 2) in pixels.
"""

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from inbetween.models.arrays import channel_min, max_difference
from inbetween.models.motion.affine import Floats, affine, inverse, mapped, spun, stretch, turn
from inbetween.models.motion.course import fitted_way
from inbetween.models.motion.masks import (
    RIM,
    Labels,
    Mask,
    components,
    dilated,
    filled,
    part_around,
    said_at,
    scattered,
)
from inbetween.models.motion.matching import ISOTROPIC, motions
from inbetween.models.motion.regions import Pieces, measured
from inbetween.models.warp import Part, Plane, fetched_at

COVER_TURN_COST = 0.05
"""Share of a shape that a turn by one radian must bring over another one."""
STRETCHED = 6.0
"""Times that a piece may be stretched at most, in one direction against the other: more is another shape."""
EVEN_DIFFERENCE = 0.15
"""Difference of colour or coverage, of 1, from their median that most pixels of an even piece stay below."""
ANGLES = 36, 10, 10
"""Ways in which a piece is turned to find how it lies in the other key: first all around, then between two of those."""
ELONGATED = 1.6
"""Times that a piece is longer than wide, from which on it has a longer axis: which may have turned either way, and of
which one end may be the foot that the piece swings about (`wholes`)."""
ANGULAR_AREA = 60
"""Pixels of the smallest piece whose corners tell its turn."""
UNTURNED = 0.97
"""Share of a shape that the other one covers unturned, from which on it is not tried turned."""
RING_INNER, RING_OUTER = 2, 5
"""Pixels from a piece between which is what is right beside it."""
SAMPLES = 2000
"""Pixels of a piece, about, by which it is judged."""
HOLE_AREA = 16
"""Pixels of the smallest hole: less is where lines meet."""


class Alignment:
    """The pieces of both keys, by which is judged how one lies over another."""

    def __init__(self, cut: tuple[Pieces, Pieces], views: "tuple[View, View]") -> None:
        self.cut, self.views = cut, views

    def ways(self, one: int, other: int) -> list[Floats]:
        """The affine maps, (2, 3), that may carry a piece of the start to one of the end."""
        ways = self.moved(one, other)
        return [*ways, self.turned(one, other)] if self._axisless(one, other) else ways

    def moved(self, one: int, other: int) -> list[Floats]:
        """The maps, (2, 3), of a piece of the start to one of the end that the moments of both tell."""
        (tried,) = motions(*self.cut, np.array([(one, other)]))
        return [way for way in tried if stretch(way) < STRETCHED]

    def turned(self, one: int, other: int) -> Floats:
        """The map of a piece of the start to the size, the middle and the turn of one of the end."""
        angle, step = 0.0, 2 * np.pi
        for count in ANGLES:
            step /= count
            angles = angle + step * (np.arange(count + 1) - count // 2)
            way, _ = self.covering(one, other, [self._grown(one, other, each) for each in angles])
            angle = float(np.arctan2(way[1, 0], way[0, 0]))
        return way

    def reversed(self, one: int, other: int) -> list[Floats]:
        """The map (2, 3) that brings the longer axis of one piece over that of another by the larger of both turns.

        Empty if neither is clearly longer than wide. Outlines alone do not tell it from the smaller turn.
        """
        first, second = (np.linalg.cond(cut.spread[name]) for cut, name in zip(self.cut, (one, other), strict=True))
        if max(first, second) < ELONGATED**2:
            return []
        (tried,) = motions(*self.cut, np.array([(one, other)]))
        grown = tried[3]
        middle = self.cut[0].centre[one]
        return [affine(-grown[:, :2], middle, mapped(middle, grown) - middle)]

    def _axisless(self, one: int, other: int) -> bool:
        """Whether two pieces are as long as wide, but not round: their moments do not tell how they are turned."""
        spreads = self.cut[0].spread[one], self.cut[1].spread[other]
        small = min(self.cut[0].area[one], self.cut[1].area[other]) < ANGULAR_AREA
        if small or max(np.linalg.cond(spread) for spread in spreads) > ISOTROPIC**2:
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
        cover = [min(self.covers(one, other, way)) - COVER_TURN_COST * turn(way) for way in ways]
        best = int(np.argmax(cover))
        return ways[best], cover[best]

    def covers(self, one: int, other: int, way: Floats) -> tuple[float, float]:
        """Share of either piece that the other one covers, once one is carried over the other."""
        first, second = self.views
        return first.covered(one, second.labels, other, way), second.covered(other, first.labels, one, inverse(way))

    def outlined(self, one: int, other: int) -> tuple[Floats, float]:
        """The map that brings the outer outlines of two pieces best over each other, whatever is in them; its share."""
        first, second = (view.outlined(piece) for view, piece in zip(self.views, (one, other), strict=True))
        whole = Alignment((first, second), (View(self.views[0].picture, first), View(self.views[1].picture, second)))
        return whole.covering(0, 0, whole.ways(0, 0))


class View:
    """The pixels of each piece of a picture."""

    def __init__(self, picture: Plane, cut: Pieces) -> None:
        order = np.argsort(cut.labels, axis=None, kind="stable")
        counts = np.bincount(cut.labels.ravel(), minlength=len(cut.area) + 1)
        rows, columns = np.unravel_index(order, cut.labels.shape)
        ends = np.cumsum(counts)
        self.picture, self.labels = picture, cut.labels
        self.places = [(rows[a:b], columns[a:b]) for a, b in pairwise(ends)]

    def of(self, names: tuple[int, ...]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns, (n,) each, of all pixels of some pieces."""
        rows, columns = (np.concatenate(axis) for axis in zip(*(self.places[name] for name in names), strict=True))
        return rows, columns

    def mean(self, piece: int, plane: Plane) -> float:
        """The mean of a plane (H, W) over all pixels of a piece."""
        return float(plane[self.places[piece]].mean())

    def apart(self, piece: int, other: Plane, way: Floats, within: bool = False) -> float:
        """Mean difference of a piece and what it is carried to in the other picture: of 1, the largest channel.

        `within`: of what stays in the frame alone, and infinite if nothing does.
        """
        there = mapped(self.some(piece), way)
        unlike = max_difference(self.picture[self._some(piece)], fetched_at(other, there))
        if within:
            unlike = unlike[channel_min((there >= 0) & (there <= np.subtract(other.shape[1::-1], 1)))]
        return float(unlike.mean()) if len(unlike) else np.inf

    def even(self, piece: int) -> bool:
        """Whether most of a piece is of one colour: else its outline is not all that there is to see."""
        seen = self.picture[self._some(piece)]
        return float(np.median(max_difference(seen, np.median(seen, axis=0)))) < EVEN_DIFFERENCE

    def covered(self, piece: int, labels: Labels, other: int, way: Floats) -> float:
        """Share of a piece that another one covers, once it is carried there."""
        return float(np.mean(self.under(piece, labels, way) == other + 1))

    def under(self, piece: int, labels: Labels, way: Floats) -> NDArray[np.intp]:
        """What `labels` (H, W) say where a piece comes to lie once it is carried, (n,): -1 beyond the frame."""
        return said_at(labels, mapped(self.some(piece), way))

    def cut_off(self, piece: int) -> bool:
        """Whether the border of the frame may cut it off."""
        (left, top), (right, bottom) = self.box(piece)
        height, width = self.labels.shape
        return bool(left == 0 or top == 0 or right == width - 1 or bottom == height - 1)

    def box(self, piece: int) -> Floats:
        """Least and greatest x and y of a piece, (2, 2)."""
        y, x = self.places[piece]
        return np.array(((x.min(), y.min()), (x.max(), y.max())), np.float64)

    def followed(self, piece: int, flow: Plane) -> Floats:
        """The motion of the whole, (2, 3), in a flow."""
        places = self.some(piece)
        return fitted_way(places, flow[self._some(piece)].astype(np.float64))

    def flow_shift(self, piece: int, flow: Plane, astray: Mask) -> Floats:
        """How far, x and y, a flow leads a piece: infinite if most of it goes astray."""
        some = self._some(piece)
        return np.median(flow[some], axis=0) if astray[some].mean() < 0.5 else np.full(2, np.inf)

    def rim(self, piece: int, astray: Mask) -> float:
        """Share of a piece's outer outline that lies in a mask."""
        part, whole = self._filled(piece)
        rim = cv2.morphologyEx(whole.view(np.uint8), cv2.MORPH_GRADIENT, RIM) > 0
        return float(astray[part][rim].mean()) if rim.any() else 0.0  # it fills the frame

    def outlined(self, piece: int) -> Pieces:
        """A piece with all that is within its outer outline, as the only one of the picture."""
        part, whole = self._filled(piece)
        labels = np.zeros_like(self.labels)
        labels[part] = whole
        return measured(self.picture, labels, labels == 0, np.zeros_like(labels))

    def holes(self, piece: int) -> int:
        """How many holes a piece has; a few pixels make none."""
        part, whole = self._filled(piece)
        sizes = np.bincount(components(whole & (self.labels[part] != piece + 1)).ravel())
        return int(np.count_nonzero(sizes[1:] >= HOLE_AREA))

    def held(self, pieces: tuple[int, ...]) -> int:
        """How many pixels the outer outlines of some pieces hold."""
        return sum(int(np.count_nonzero(self._filled(piece)[1])) for piece in pieces)

    def beside(self, piece: int) -> Floats:
        """x and y of the pixels right beside it, (n, 2)."""
        y, x = self.places[piece]
        rows, columns = part_around(y, x, RING_OUTER)
        mask = self.labels[rows, columns] == piece + 1
        y, x = np.nonzero(dilated(mask, RING_OUTER) & ~dilated(mask, RING_INNER))
        return np.stack((x + columns.start, y + rows.start), 1).astype(np.float64)

    def _filled(self, piece: int) -> tuple[Part, Mask]:
        """The part of the picture around a piece, and where in it is whatever its outer outline holds, itself too."""
        y, x = self.places[piece]
        part = part_around(y, x, 2)
        return part, filled(self.labels[part] == piece + 1)

    def some(self, piece: int) -> Floats:
        """x and y of enough of its pixels, (n, 2)."""
        return np.stack(self._some(piece)[::-1], 1).astype(np.float64)

    def _some(self, piece: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns of enough of its pixels."""
        y, x = self.places[piece]
        some = scattered(len(y), SAMPLES)
        return y[some], x[some]
