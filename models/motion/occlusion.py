"""Pieces of which something else hides a part: how the whole goes, told by what both keys show of its outline.

What is seen of such a piece has another middle and another size in either key, and no map of its moments is right. So
it is turned and shifted in all ways, coarsely, by correlation with the other key's, where what lies behind something
else says nothing; and what comes of that is brought to a fraction of a pixel by its outlines alone (least squares over
and over, outliers counting less: Fitzgibbon 2003, "Robust registration of 2D and 3D point sets").

Masks are bool (H, W); places float64 (n, 2), x and y in pixels; maps float64 (2, 3).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np

from inbetween.models.arrays import max_difference
from inbetween.models.motion.affine import Floats, affine, inverse, mapped, spun, then, turn
from inbetween.models.motion.alignment import SAMPLES
from inbetween.models.motion.deformation import Deformation, going
from inbetween.models.motion.masks import (
    Labels,
    Mask,
    components,
    dilated,
    outer_distance,
    part_of_mask,
    said_at,
    scattered,
)
from inbetween.models.motion.matching import SAME_COLOUR
from inbetween.models.motion.outlines import INK_REACH
from inbetween.models.motion.regions import Pieces
from inbetween.models.motion.registration import CELLS, TARGETS, Within, cut_up, drawn, strain
from inbetween.models.motion.shapes import Shape, shape
from inbetween.models.warp import Part as Rectangle
from inbetween.models.warp import Plane, labels_at

SMALLEST_SHOWN = 150
"""Pixels of the smallest part of a piece whose outline tells how it goes."""
HALF, COARSE_ANGLES, TURNS_TRIED = 16, 24, 3
"""Pixels from a piece's middle to its farthest end, about, when it is turned to that many angles; and how many of these
are gone after."""
ITERATIONS, CONVERGED, OUTLIER, MOST_SPIN = 12, 0.01, 2.0, 0.2
"""How often its outlines are brought over each other at most, and the step at which that ends; pixels from which on
they count less; and radians that they are turned at a time at most."""
OUTLINE_SAMPLES = 300
"""Places of its outline, about, by which it is judged how a piece goes."""
SEEN_SHARE = 0.4
"""Share of what either key shows, at least, that the other one shows as well."""
FREE_SHARE = 0.15
"""Share of an outline that borders on ground, at least: where all around something else begins, all of it is seen."""
TOLERANCE = 2.0
"""Pixels by which what is seen may miss its place."""
PART_TURN_COST = 0.06
"""Share of the shape, and of the outline, that a turn by one radian must bring over the other one."""
COMPANY_BONUS = 0.05
"""The same that going along with what is beside it need not."""
TOLD_SHARE, AGREED_SHARE = 0.97, 0.8
"""Share of what is seen that must come to lie where it is seen or hidden, and of what is seen of the outline that must
come to lie on the outline."""
FOLDED_REACH, FOLDED_STIFFNESS, FOLDED_SHARE = 0.3, (30.0, 2.0), 0.9
"""As `registration.drawn` has them, for what bends behind something; and the share of it that must be explained, less
what it is stretched by."""
PARTS_KNOWN = 64
"""Of how many pieces of a key it is known what is seen of them."""
MOST_PARTS = 20
"""In how many parts, at most, either key shows it."""

Names = tuple[int, ...]
"""Of pieces of a key that are one thing."""


@dataclass(frozen=True)
class Hidden:
    """A piece of which either key hides a part."""

    pieces: tuple[Names, Names]
    """What either key shows of it."""
    way: Floats | Deformation
    """(2, 3): the turn and the shift from the start to the end; or how it bends."""
    under: tuple[Floats, Floats]
    """How many pixels of what the other key shows each piece of a key hides, (n,)."""
    beyond: int
    """How many of them lie beyond the frame."""
    size: int
    """How many pixels the key shows that shows less."""
    cut: bool = False
    """Whether it is known where something of its own colour cuts it off."""
    scenery: bool = False
    """Whether it stays where the backdrop is."""

    @property
    def pixels(self) -> float:
        """How many pixels of the thing are hidden in all."""
        return float(self.beyond + sum(under.sum() for under in self.under))

    def shares(self, other: "Hidden") -> bool:
        """Whether a piece is part of both."""
        return any(not set(own).isdisjoint(names) for own, names in zip(self.pieces, other.pieces, strict=True))

    def by(self, pieces: tuple[Names, Names]) -> float:
        """How many pixels of the thing are hidden by what either key shows as these pieces."""
        return float(sum(under[[*names]].sum() for under, names in zip(self.under, pieces, strict=True)))


@dataclass(frozen=True)
class Part:
    """What a key shows of a piece."""

    own: Mask
    """Where it is, within its outline."""
    outlined: Mask
    """Where it is, outline and all."""
    ground: Mask
    """Where nothing hides it."""
    ink: Mask
    """Where outlines are, which hide no more than its edge."""

    @classmethod
    def of(cls, cut: Pieces, names: Names, over: Labels) -> "Part":
        """What a picture that is cut in pieces shows of some of them, which others may hide."""
        which = np.zeros(len(cut.area) + 1, np.uint8)
        which[1:] = 4 * cut.thin
        which[over + 1] |= 2
        which[np.add(names, 1)] |= 1
        said = which[cut.labels]
        outlined, others, ink = (said & bit > 0 for bit in (1, 2, 4))
        own, ink = outlined & cut.inside, ink & ~outlined
        part, lines = part_of_mask(outlined, INK_REACH), ink | (outlined & ~own)
        ground = ~(outlined | others | ink)
        nearer = outer_distance(others[part]) <= outer_distance(ground[part])
        others[part] |= lines[part] & nearer  # the outline of what hides it
        return cls(own, outlined, ~(own | others) | (cut.grounds > 0), ink)

    def under(self, labels: Labels, other: "Part", places: Floats) -> Floats:
        """How many pixels each piece hides of what the other key shows: by its number in `labels` (H, W).

        `places` (n, 2) are where the other's are brought here. Edges do not count. Row 0 are those beyond the frame.
        """
        far = self.shape.outside(places.astype(np.float32)) > TOLERANCE
        deep = fallen(self, places) & far & (said_at(self.outlined, places) != 1)
        names = np.maximum(said_at(labels, places[deep]), 0)
        return np.bincount(names, minlength=int(labels.max()) + 1).astype(np.float64) * (other.size / len(places))

    @cached_property
    def shape(self) -> Shape:
        """Its outline, cut edges and all."""
        found = shape(self.own)
        assert found is not None
        return found

    @cached_property
    def outline(self) -> Floats:
        """Places of its outline that border on ground, (n, 2)."""
        return self._rim[0]

    @property
    def free(self) -> float:
        """The share of its outline that borders on ground."""
        return self._rim[1]

    @cached_property
    def places(self) -> Floats:
        """Enough of its pixels, (n, 2)."""
        rows, columns = np.nonzero(self.own)
        return _some(np.stack((columns, rows), 1), SAMPLES)

    @cached_property
    def covered(self) -> Mask:
        """Where something may hide it."""
        return np.asarray(~(self.own | self.ground))

    @cached_property
    def size(self) -> int:
        """How many pixels it has."""
        return int(np.count_nonzero(self.own))

    @cached_property
    def _rim(self) -> tuple[Floats, float]:
        """Enough places of its outline that border on ground, (n, 2), and the share of it that does."""
        part = self.part
        edge = self.own[part] & dilated(~self.own[part], 1)
        rows, columns = np.nonzero(edge & dilated(self.ground[part], 1))
        places = np.stack((columns + part[1].start, rows + part[0].start), 1)
        return _some(places, OUTLINE_SAMPLES), len(rows) / max(int(np.count_nonzero(edge)), 1)

    @cached_property
    def part(self) -> Rectangle:
        """The part of the frame around it."""
        return part_of_mask(self.own, 1)

    def small(self, scale: float, half: int) -> tuple[Plane, Plane]:
        """1 where it is, and besides -1 where it cannot be, around its middle, smaller; 0 beyond the frame: (h, h)."""
        middle, reach, size = self.places.mean(0), max(1, round(1 / scale)), (2 * half + 1, 2 * half + 1)
        far = half / scale + reach
        top, left = np.maximum(np.floor(middle[::-1] - far).astype(int), 0)
        bottom, right = np.maximum(np.ceil(middle[::-1] + far).astype(int), 0)
        part = slice(top, bottom), slice(left, right)
        own, ground = self.own[part].astype(np.float32), self.ground[part].astype(np.float32)
        way = affine(scale * np.eye(2), middle, half - middle) @ ((1, 0, left), (0, 1, top), (0, 0, 1))
        first, second = (cv2.warpAffine(cv2.blur(plane, (reach, reach)), way, size) for plane in (own, own - ground))
        return np.asarray(first), np.asarray(second)


class Parts:
    """What a picture that is cut in pieces shows of them; of what was asked for last, it is known."""

    def __init__(self, cut: Pieces) -> None:
        self.cut = cut
        self._of = lru_cache(PARTS_KNOWN)(lambda names, over: Part.of(cut, names, np.array(over, np.intp)))

    def of(self, names: Names, over: Labels) -> Part:
        """What it shows of some pieces, which others may hide."""
        return self._of(names, tuple(over.tolist()))


def _some(places: Labels, count: int) -> Floats:
    """About so many of some places (n, 2), evenly spread over them."""
    return places[scattered(len(places), count)].astype(np.float64)


def hidden(
    keys: tuple[Parts, Parts],
    one: int,
    other: int,
    over: tuple[Labels, Labels],
    beside: Sequence[Floats],
    bends: bool = False,
) -> Hidden | None:
    """How a piece goes of which something hides a part in either key; None if nothing does, or it is another thing.

    What something crosses is seen in several pieces: they are tried together first. `over` names the pieces of either
    key that may hide it, (n,), for it is known how they go; `beside` are the maps of what is beside it: it rather goes
    along with that. It may turn and shift, or if it `bends`, bend.
    """
    found: Callable[[Part, Part, Sequence[Floats]], Floats | Deformation | None] = _folded if bends else _swung
    things = (_things(key.cut, name, known) for key, name, known in zip(keys, (one, other), over, strict=True))
    for names in dict.fromkeys(zip(*things, strict=True)):
        start, end = (key.of(own, hiding) for key, own, hiding in zip(keys, names, over, strict=True))
        way = found(start, end, beside)
        if way is not None:
            return under((keys[0].cut, keys[1].cut), names, (start, end), way)
    return None


def under(
    cut: tuple[Pieces, Pieces], names: tuple[Names, Names], shown: tuple[Part, Part], way: Floats | Deformation
) -> Hidden:
    """What either key hides of some pieces that go that way; `shown` is what it shows of them."""
    start, end = shown
    led = going(way)
    there, back = np.asarray(led(start.places, 0), np.float64), np.asarray(led(end.places, 1), np.float64)
    first, second = start.under(cut[0].labels, end, back), end.under(cut[1].labels, start, there)
    size = min(start.size, end.size)
    return Hidden(names, way, (first[1:], second[1:]), int(first[0] + second[0]), size)


def _things(cut: Pieces, piece: int, known: Labels) -> tuple[Names, Names, Names]:
    """Of what a piece may be a part: what something crosses, that without what is `known` to go by itself, or of none.

    The first only if no more than half of it is known.
    """
    crossed = crossing(cut, piece)
    own = tuple(name for name in crossed if name == piece or name not in known)
    whole, rest = (cut.area[[*names]].sum() for names in (crossed, own))
    return crossed if 2 * rest >= whole else own, own, (piece,)


def crossing(cut: Pieces, piece: int) -> Names:
    """A piece, and those of its colour that are beside something else which it is beside as well."""
    alike = max_difference(cut.colour, cut.colour[piece]) < SAME_COLOUR
    alike[piece] = False
    between = cut.beside[piece] & ~alike
    return piece, *(int(name) for name in np.flatnonzero(alike & (cut.beside & between).any(1)))


def _swung(start: Part, end: Part, beside: Sequence[Floats]) -> Floats | None:
    """The turn and the shift of a piece; None if nothing of it is hidden, or they are not the same."""
    if not _tells(start, end):
        return None
    likely = _coarse(start, end)
    found = _refined(start, end, [*likely, *beside[:TURNS_TRIED]])
    worth = [-PART_TURN_COST * turn(way) for way in found[: len(likely)]] + [COMPANY_BONUS] * len(found[len(likely) :])
    agreed = [_agreed(start, end, way) + own for way, own in zip(found, worth, strict=True)]
    best = int(np.argmax(agreed))
    way = found[best]
    return way if agreed[best] > AGREED_SHARE and _told(start, end, way) else None


def _tells(start: Part, end: Part) -> bool:
    """Whether either key shows enough of a piece, and of its outline, to tell how it goes."""
    return all(key.size >= SMALLEST_SHOWN and key.free >= FREE_SHARE for key in (start, end))


def _folded(start: Part, end: Part, beside: Sequence[Floats]) -> Deformation | None:
    """How a piece bends of which something hides a part; None if that does not explain it.

    What the key shows that shows more is drawn to what the other one shows, and off all places where that shows that it
    is not; from several turns and shifts.
    """
    if not _tells(start, end):
        return None
    full = int(end.size > start.size)
    own, other = (start, end)[:: -1 if full else 1]
    ways = [*beside[:TURNS_TRIED], *_coarse(start, end), np.eye(2, 3)]
    if max(components(key.own).max() for key in (own, other)) > MOST_PARTS:
        return None
    whole, seen = cut_up(own.own, *CELLS), cut_up(other.own, *TARGETS)
    if not whole.touching:
        return None
    within, best, found = Within(other.own | other.covered), FOLDED_SHARE, None
    for way in ways:
        begin = mapped(whole.places, inverse(way) if full else way)
        places = drawn(whole, seen, begin, FOLDED_REACH, stiffness=FOLDED_STIFFNESS, within=within)
        bent = Deformation(whole, places)
        good = _explained(own, other, bent) - strain(bent)
        if good > best:
            best, found = good, bent.back if full else bent
    return found


def _explained(own: Part, other: Part, bent: Deformation) -> float:
    """Share of either part that comes to lie where the other one shows it, or hides it; whichever is less."""
    there, back = bent.mapped(own.places, 0), bent.mapped(other.places, 1)
    lies = (other.shape.outside(there) < TOLERANCE) | fallen(other, there.astype(np.float64))
    return float(min(np.mean(lies), np.mean(own.shape.outside(back) < TOLERANCE)))


def _coarse(start: Part, end: Part) -> list[Floats]:
    """The most likely of all turns and shifts, coarsely."""
    radius = max(float(np.linalg.norm(key.places - key.places.mean(0), axis=1).max()) for key in (start, end))
    scale = min(1.0, HALF / radius)
    own, seen = start.small(scale, 2 * HALF)
    others, whole = end.small(scale, 3 * HALF)
    size, centre = own.shape, np.full(2, 2.0 * HALF)
    found, fits = [], []
    for angle in 2 * np.pi * (np.arange(COARSE_ANGLES) / COARSE_ANGLES - 0.5):
        linear = spun(np.exp(1j * angle))
        turned = affine(linear, centre, np.zeros(2))
        one, other = (np.asarray(cv2.warpAffine(plane, turned, size)) for plane in (own, seen))
        fit = cv2.matchTemplate(whole, one, cv2.TM_CCORR) + cv2.matchTemplate(others, other, cv2.TM_CCORR)
        _, most, _, (x, y) = cv2.minMaxLoc(fit)
        found.append((linear, (np.array((x, y)) - HALF) / scale))
        fits.append(most / (one.sum() + others.sum()) - PART_TURN_COST * abs(angle))
    likely = np.array(fits)
    likely[(likely < np.roll(likely, 1)) | (likely < np.roll(likely, -1))] -= 1  # beside a better one
    middles = start.places.mean(0), end.places.mean(0)
    chosen = (found[index] for index in np.argsort(-likely)[:TURNS_TRIED])
    return [affine(linear, middles[0], middles[1] - middles[0] + shift) for linear, shift in chosen]


def _refined(start: Part, end: Part, ways: Sequence[Floats]) -> list[Floats]:
    """Turns and shifts that bring the outlines over each other, each from one that nearly does."""
    found, own = [*ways], end.outline
    moving = [*range(len(found))]
    for _ in range(ITERATIONS):
        if not moving:
            break
        there = [mapped(start.outline, found[index]) for index in moving]
        back = [mapped(own, inverse(found[index])) for index in moving]
        for index, places, here, other in zip(
            [*moving], there, _missed_each(end, there), _missed_each(start, back), strict=True
        ):
            off, slope, weight = here
            far, tilt, heed = other
            tilt = -tilt @ found[index][:, :2].T  # what moves the end's outline back moves this one on
            missed = np.concatenate((off, far)), np.concatenate((slope, tilt)), np.concatenate((weight, heed))
            step = _step(np.concatenate((places, own)), places.mean(0), *missed)
            found[index] = then(found[index], step)
            if np.abs(step - np.eye(2, 3)).max() < CONVERGED:
                moving.remove(index)
    return found


def placed(part: Part, whole: Part, way: Floats) -> Floats:
    """A turn and a shift that bring the outline of a part over that of the whole, from one that nearly does."""
    for _ in range(ITERATIONS):
        there = mapped(part.outline, way)
        step = _step(there, there.mean(0), *_missed(whole, there))
        way = then(way, step)
        if np.abs(step - np.eye(2, 3)).max() < CONVERGED:
            break
    return way


def _step(places: Floats, middle: Floats, off: Floats, slope: Floats, weight: Floats) -> Floats:
    """The turn about a middle (2,) and the shift that bring places (n, 2) to an outline (least squares).

    What is `off` it, which way that grows, and what counts: see `_missed`.
    """
    places = places - middle
    turns = slope[:, 1] * places[:, 0] - slope[:, 0] * places[:, 1]
    equations = np.column_stack((slope, turns)) * weight[:, None]
    x, y, spin = np.linalg.lstsq(equations, -off * weight, rcond=1e-6)[0]
    return affine(spun(np.exp(1j * np.clip(spin, -MOST_SPIN, MOST_SPIN))), middle, np.array((x, y)))


def _missed(key: Part, places: Floats) -> tuple[Floats, Floats, Floats]:
    """How far outside an outline places (n, 2) are, (n,); which way that grows, (n, 2); and how much they count, (n,).

    Those do not count that are hidden there.
    """
    at = places.astype(np.float32)
    off = key.shape.outside(at).astype(np.float64) + 0.5
    seen = ~fallen(key, places)
    return off, key.shape.slope(at).astype(np.float64), seen / (1 + np.square(off / OUTLIER))


def _missed_each(key: Part, each: Sequence[Floats]) -> Iterator[tuple[Floats, Floats, Floats]]:
    """What `_missed` tells of several sets of as many places, all looked up at once."""
    parts = (np.split(part, len(each)) for part in _missed(key, np.concatenate(each)))
    return zip(*parts, strict=True)


def fallen(key: Part, places: Floats) -> Mask:
    """Which places (n, 2) lie under something else in a key, or beyond the frame, (n,)."""
    return np.asarray(said_at(key.covered, places) != 0)


def _agreed(start: Part, end: Part, way: Floats) -> float:
    """Share of what is seen of either outline that comes to lie on the other one."""
    shares = []
    for key, places in ((end, mapped(start.outline, way)), (start, mapped(end.outline, inverse(way)))):
        seen = places[~fallen(key, places)]
        off = np.abs(key.shape.outside(seen.astype(np.float32)))
        shares.append(float(np.mean(off < TOLERANCE)) if len(seen) else 0.0)
    return min(shares)


def _told(start: Part, end: Part, way: Floats) -> bool:
    """Whether all that is seen comes to lie where the other key shows or hides the piece, and enough is in both."""
    both = []
    for key, places in ((end, mapped(start.places, way)), (start, mapped(end.places, inverse(way)))):
        hidden = fallen(key, places)
        own = key.shape.outside(places.astype(np.float32)) < TOLERANCE
        ink = labels_at(key.ink.view(np.uint8), places) > 0
        if np.mean(own | hidden | ink) < TOLD_SHARE:
            return False
        both.append(np.mean(own))
    return bool(max(both) > SEEN_SHARE)
