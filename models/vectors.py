"""Where everything that one frame shows is in another one: found from where the pixels of both come from in the keys.

Two pixels show one point of the drawing where they fetch the same point of the same key. So every pixel of the other
frame is noted in the key's grid at the point that it fetches, and every pixel of this one looks there for its partner.
Where both keys show a point, its way across the whole gap has to be the same in both frames as well: no point finds a
partner across an outline. What finds none - the other frame hides it, or it has left - goes on as it went so far.

Flows are float32 (H, W, 2) in pixels, x to the right and then y down.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from inbetween.core.network import Moved
from inbetween.models.curve import Ways
from inbetween.models.metrics import Mask
from inbetween.models.rest import ground, rested
from inbetween.models.warp import Marks, Plane, enlarge, enlarge_flow, fetched_along, pixels

ALGORITHM = 1
"""Raised whenever other vectors are found of the same ways: it is in the recipes of their frames."""
SHOWN = 0.6
"""Of what time alone would give a key, the share from which a pixel shows it."""
REACH = 1.5
"""Pixels of a key within which two fetched points may be the same."""
ALIKE, PART = 3.0, 0.25
"""Pixels, and a part of the way across the gap, within which two ways across it are those of one thing."""
ASIDE = 0.25
"""What a pixel's difference in these ways counts beside a pixel between the points, when the nearest is looked for."""
ITERATIONS, SETTLED = 4, 0.05
"""Of a guess, and the pixels by which the last one moves it at most if it has settled."""

HALF, HIDDEN, LOOSE = 0.02, 0.3, 2.0
"""What has to speak against a pixel for half of the trust to go; what is left where nothing is found; and the pixels by
which a way there and back may miss until half of it goes."""

Index = NDArray[np.intp]


@dataclass(frozen=True)
class Seen:
    """Two keys as they are looked at."""

    greys: tuple[Plane, Plane]
    """(h, w), in steps of 255."""
    grounds: tuple[Marks, Marks]
    """(h, w): 1 where either is plain ground."""

    @classmethod
    def of(cls, greys: tuple[Plane, Plane]) -> "Seen":
        """Two keys by their grey copies (h, w), in steps of 255."""
        return cls(greys, (ground(greys[0]), ground(greys[1])))


@dataclass(frozen=True)
class Moment:
    """A frame between two keys, or one of the keys: where each of its pixels comes from."""

    t: float
    """0 is the first key, 1 the second."""
    ways: Ways
    """At the frame's own size."""
    rests: Mask
    """(H, W): where it shows plain ground, whose ways are 0."""

    @cached_property
    def both(self) -> Plane:
        """Both flows, (H, W, 4)."""
        return np.concatenate(self.ways[:2], axis=2)

    @cached_property
    def across(self) -> Plane:
        """The way of what each pixel shows from key to key, (H, W, 2)."""
        return np.asarray(self.ways[1] - self.ways[0], np.float32)

    @cached_property
    def shown(self) -> tuple[Mask, Mask]:
        """Which pixels show either key, (n,)."""
        first, second = shown(self.ways[2].ravel(), self.t)
        return first, second

    @cached_property
    def nearer(self) -> Mask:
        """Which pixels show more of the first key, (H, W)."""
        return np.asarray(self.ways[2] >= 0.5)

    def source(self, key: int, index: Index) -> Plane:
        """The points of a key, 0 or 1, that pixels fetch, by their flat indices: (n, 2)."""
        flow = self.ways[key].reshape(-1, 2)[index]
        return places(index, self.ways[2].shape[1]) + flow


def shown(share: Plane, t: float) -> tuple[Mask, Mask]:
    """Which pixels of a frame show either key, by the share of the first."""
    never = np.zeros(share.shape, np.bool_)
    first = share > SHOWN * (1 - t) if t < 1 else never
    return first, 1 - share > SHOWN * t if t > 0 else never


def moment(t: float, ways: Ways, size: tuple[int, int], grounds: tuple[Marks, Marks]) -> Moment:
    """A frame of a size, height and width, by its ways of any size; where it shows plain ground, that rests."""
    to_start, to_end = (enlarge_flow(flow[None], *size)[0] for flow in ways[:2])
    return Moment(t, *rested((to_start, to_end, enlarge(ways[2][None, ..., None], *size)[0, ..., 0]), grounds))


def of_key(key: int, flow: Plane) -> Ways:
    """The ways of a key itself, 0 or 1, by its flow to the other one."""
    stays, share = np.zeros_like(flow), np.full(flow.shape[:2], 1 - key, np.float32)
    return (flow, stays, share) if key else (stays, flow, share)


def still(size: tuple[int, int], trust: float = 1.0) -> Moved:
    """Where nothing moves."""
    return Moved(np.zeros((*size, 2), np.float32), np.full(size, trust, np.float32))


def moved(earlier: tuple[Moment, Plane], later: tuple[Moment, Plane]) -> tuple[Moved, Moved]:
    """Where what the earlier of two frames shows is in the later one, and the other way round.

    Each comes with what speaks against its pixels, (h, w) of any size, see `doubt.against`.
    """
    (first, second), ways = (earlier, later), (onwards(earlier[0], later[0]), onwards(later[0], earlier[0]))
    there, back = ways
    forward = Moved(there[0], _trusted(*there, back[0], first[1]))
    return forward, Moved(back[0], _trusted(*back, there[0], second[1]))


def _trusted(flow: Plane, found: Mask, back: Plane, against: Plane) -> Plane:
    """How far a flow (H, W, 2) to another frame is to be trusted, (H, W), 0 to 1; `back` is that frame's own."""
    height, width = found.shape
    missed = _missed(flow, back)
    trust = np.where(found, 1 / (1 + np.square(missed / LOOSE)), HIDDEN)
    trust *= HALF / (HALF + enlarge(against[None, ..., None], height, width)[0, ..., 0])
    return trust.astype(np.float32)


def _missed(flow: Plane, back: Plane) -> Plane:
    """How far a flow there and the nearest pixel's back are from leading to where they came from, (H, W) in pixels."""
    last = np.array((flow.shape[1] - 1, flow.shape[0] - 1), np.float32)
    at = np.clip(np.rint(pixels(flow.shape) + flow), 0, last).astype(np.intp)
    loop = flow + back[at[..., 1], at[..., 0]]
    return np.asarray(np.hypot(loop[..., 0], loop[..., 1]), np.float32)


def onwards(here: Moment, there: Moment) -> tuple[Plane, Mask]:
    """How far what each pixel `here` shows is from it `there`, (H, W, 2), and whether it was found there, (H, W)."""
    height, width = here.ways[2].shape
    guess = extrapolated(here, there.t)
    if {here.t, there.t} == {0.0, 1.0}:  # between the keys themselves, their flow is all there is to know
        return guess, np.ones((height, width), np.bool_)
    flow, found = _settled(here, there, guess)
    gone, known = flow.reshape(-1, 2), found.ravel()
    nearer = here.nearer.ravel()
    grids: dict[int, Index] = {}
    for key, first in ((0, nearer), (1, ~nearer), (1, nearer), (0, ~nearer)):
        asked = np.flatnonzero(first & here.shown[key] & ~known)
        if len(asked):
            if key not in grids:
                grids[key] = _grid(there, key, (height, width))
            partner, has = _partners(here, there, key, grids[key], asked)
            asked = asked[has]
            off = here.source(key, asked) - there.source(key, partner)
            gone[asked] = places(partner, width) + off - places(asked, width)
            known[asked] = True
    return flow, found


def _settled(here: Moment, there: Moment, guess: Plane) -> tuple[Plane, Mask]:
    """The flow (H, W, 2) to another frame, and where it is known, (H, W): wherever a guess settles on a partner.

    A fixed point, exact to a fraction of a pixel: inside of things. Elsewhere the flow is the guess.
    """
    nearer, mine = here.nearer[..., None], np.where(here.nearer[..., None], *here.ways[:2])
    flow = guess
    for _ in range(ITERATIONS):
        found = fetched_along(there.both, flow)
        step = mine - np.where(nearer, found[..., :2], found[..., 2:])  # a source is here + mine, or there + found
        off, flow = _length(step - flow), step
    strayed = _length(here.across - (found[..., 2:] - found[..., :2]))
    fits = (off < SETTLED) & (strayed <= _leeway(_length(here.across)))
    place = pixels(here.nearer.shape) + flow
    for axis, side in ((0, here.nearer.shape[1]), (1, here.nearer.shape[0])):
        fits &= (place[..., axis] >= 0) & (place[..., axis] <= side - 1)
    first, second = shown(fetched_along(there.ways[2], flow), there.t)
    fits &= np.where(here.nearer, first & here.shown[0].reshape(fits.shape), second & here.shown[1].reshape(fits.shape))
    fits |= here.rests & there.rests  # of which the keys may show one each
    return np.where(fits[..., None], flow, guess), fits


def extrapolated(here: Moment, t: float) -> Plane:
    """How far what each pixel shows has gone by `t`, (H, W, 2), by its mean speed from the key it shows more of."""
    to_start, to_end, _ = here.ways
    if here.t == 0:
        return np.asarray(to_end * np.float32(t))
    if here.t == 1:
        return np.asarray(to_start * np.float32(1 - t))
    lasts = np.float32(t - here.t)
    return np.where(here.nearer[..., None], to_start * (-lasts / here.t), to_end * (lasts / (1 - here.t))).astype(
        np.float32
    )


def _grid(there: Moment, key: int, size: tuple[int, int]) -> Index:
    """For each pixel of a key, (n,), the pixel of a frame that shows it and fetches the point nearest to its middle.

    -1 where none does.
    """
    chosen = np.flatnonzero(there.shown[key])
    source = there.source(key, chosen)
    cell, inside = _cells(np.floor(source + np.float32(0.5)), size)
    off = _length(source - np.floor(source + np.float32(0.5)))
    order = np.flatnonzero(inside)
    nearness = (255 * (1 - off[order])).astype(np.uint8)  # of few values: sorted in a single pass
    order = order[np.argsort(nearness, kind="stable")]
    grid = np.full(size[0] * size[1], -1, np.intp)
    grid[cell[order]] = chosen[order]  # of several the last is kept: the nearest
    return grid


def _cells(corner: Plane, size: tuple[int, int]) -> tuple[Index, Mask]:
    """Flat indices of whole places (n, 2), and which of them lie within the frame."""
    x, y = corner.T
    inside = (x >= 0) & (x < size[1]) & (y >= 0) & (y < size[0])
    return np.where(inside, y * size[1] + x, 0).astype(np.intp), inside


def places(index: Index, width: int) -> Plane:
    """x and y of pixels by their flat indices, (n, 2)."""
    rows, columns = np.divmod(index, width)
    return np.stack((columns, rows), -1).astype(np.float32)


def _partners(here: Moment, there: Moment, key: int, grid: Index, asked: Index) -> tuple[Index, Mask]:
    """Of some pixels `here`, by their flat indices: the pixels `there` that show the same point of a key, and which
    have one.
    """
    size = here.ways[2].shape[0], here.ways[2].shape[1]
    source, across, theirs = here.source(key, asked), here.across.reshape(-1, 2)[asked], there.across.reshape(-1, 2)
    both, leeway = here.shown[1 - key][asked], _leeway(_length(across))
    least, best = np.full(len(asked), np.inf, np.float32), np.full(len(asked), -1, np.intp)
    for corner in ((0, 0), (1, 0), (0, 1), (1, 1)):
        cell, inside = _cells(np.floor(source) + np.array(corner, np.float32), size)
        other = np.where(inside, grid[cell], -1)
        apart, strayed = _length(source - there.source(key, other)), _length(across - theirs[other])
        fits = (other >= 0) & (apart <= REACH) & ((strayed <= leeway) | ~(both & there.shown[1 - key][other]))
        fits &= here.rests.ravel()[asked] == there.rests.ravel()[other]
        cost = np.where(fits, apart + np.float32(ASIDE) * strayed, np.inf)
        nearer = cost < least
        least[nearer], best[nearer] = cost[nearer], other[nearer]
    known = best >= 0
    return best[known], known


def _leeway(way: Plane) -> Plane:
    """By how much ways across a gap, of that length, may differ and still be those of one thing."""
    return np.asarray(np.maximum(np.float32(ALIKE), np.float32(PART) * way))


def _length(vectors: Plane) -> Plane:
    x, y = vectors[..., 0], vectors[..., 1]  # NumPy is slow along an axis of two
    return np.asarray(np.sqrt(x * x + y * y), np.float32)
