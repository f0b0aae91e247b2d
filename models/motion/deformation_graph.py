"""A shape as a graph of places, linked where it hangs together, for as-rigid-as-possible motion.

Every place turns and moves, and its links keep their lengths as well as they can (Sorkine and Alexa 2007,
"As-rigid-as-possible surface modeling"; Sumner et al. 2007, "Embedded deformation for shape manipulation").

Places are float64 (n, 2), x and y in pixels, or complex (n,) where turns are reckoned with; masks bool (H, W).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inbetween.models.motion.affine import Floats
from inbetween.models.motion.masks import Mask, components

Complexes = NDArray[np.complex128]

LOOSE = 0.3
"""How much a link between parts that do not touch weighs, beside one within a part."""
NOTHING = 1e-9


@dataclass(frozen=True)
class Graph:
    """A shape cut into cells."""

    places: Floats
    """(n, 2): the middle of what each cell has of it."""
    area: Floats
    """(n,): pixels of each cell."""
    links: NDArray[np.intp]
    """(m, 2): which cells touch; then those that hold parts together which do not."""
    touching: int
    """How many of the links are of the first kind."""
    side: int
    """Pixels of a cell's side."""

    @cached_property
    def weights(self) -> Floats:
        """How much each link weighs, (m,)."""
        return np.where(np.arange(len(self.links)) < self.touching, 1.0, LOOSE)

    @cached_property
    def stiffness(self) -> Floats:
        """The weighted Laplacian, (n, n)."""
        result = np.zeros((len(self.places),) * 2)
        first, second = self.links.T
        for row, column, sign in ((first, first, 1), (second, second, 1), (first, second, -1), (second, first, -1)):
            np.add.at(result, (row, column), sign * self.weights)
        return result

    def link_vectors(self, places: Complexes) -> Complexes:
        """The links as vectors, (m,), when its places are these, (n,)."""
        return np.asarray(places[self.links[:, 1]] - places[self.links[:, 0]])

    def pulled(self, vectors: Complexes) -> Complexes:
        """What links that are to be such vectors (m,) do to the places, (n,): the other side of `stiffness`."""
        first, second = self.links.T
        return self._gathered(second, vectors) - self._gathered(first, vectors)

    def turns(self, vectors: Complexes) -> Complexes:
        """How the links of each place turn, all in all, if they become such vectors (m,): numbers of length 1, (n,)."""
        spin = self.link_vectors(complexes(self.places)).conj() * vectors
        first, second = self.links.T
        return unit(self._gathered(first, spin) + self._gathered(second, spin) + NOTHING)

    def _gathered(self, ends: NDArray[np.intp], values: Complexes) -> Complexes:
        """The weighted sum of what links (m,) bring to the places at their ends, (n,)."""
        values, count = self.weights * values, len(self.places)
        return np.asarray(np.bincount(ends, values.real, count) + 1j * np.bincount(ends, values.imag, count))


def complexes(places: NDArray[Any]) -> Complexes:
    """Places (n, 2) as complex numbers (n,)."""
    return np.asarray(places @ (1, 1j))


def points(numbers: Complexes) -> Floats:
    """Complex numbers (...) as places (..., 2)."""
    return np.stack((numbers.real, numbers.imag), -1)


def unit(numbers: Complexes) -> Complexes:
    """Complex numbers brought to length 1; nothing stays nothing."""
    return np.asarray(numbers / np.maximum(np.abs(numbers), NOTHING))


def graph(mask: Mask, side: int) -> Graph:
    """The graph of what fills a mask, cut by a grid of so many pixels; what does not touch within a cell is two.

    Parts that do not touch at all are linked where they are nearest.
    """
    labels = cells(mask, side)
    y, x = np.nonzero(labels)
    index, count = labels[y, x] - 1, int(labels.max())
    area = np.bincount(index, minlength=count).astype(np.float64)
    places = np.stack([np.bincount(index, values, count) for values in (x, y)], 1) / area[:, None]
    part = np.zeros(count, np.intp)
    part[index] = components(mask)[y, x]
    links = _touching(labels)
    return Graph(places, area, np.concatenate((links, _bridges(places, part))), len(links), side)


def cells(mask: Mask, side: int) -> NDArray[np.int32]:
    """The numbers, from 1, of the cells into which a grid of so many pixels cuts what fills a mask, (H, W)."""
    height, width = mask.shape
    rows, columns = (np.arange(length) + np.arange(length) // side for length in (height, width))
    apart = np.zeros((rows[-1] + 1, columns[-1] + 1), np.bool_)  # a gap between each two cells
    apart[np.ix_(rows, columns)] = mask
    return np.asarray(components(apart)[np.ix_(rows, columns)], np.int32)


def _touching(cells: NDArray[np.int32]) -> NDArray[np.intp]:
    """Which cells, counted from 1 in (H, W), lie beside each other, (m, 2), counted from 0."""
    height, width = cells.shape
    pairs = []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        one = cells[: height - down, max(0, -right) : width - max(0, right)]
        other = cells[down:, max(0, right) : width + min(0, right)]
        beside = (one > 0) & (other > 0) & (one != other)
        pairs.append(np.stack((one[beside], other[beside]), 1))
    return np.asarray(np.unique(np.sort(np.concatenate(pairs), 1), axis=0) - 1, np.intp)


def _bridges(places: Floats, part: NDArray[np.intp]) -> NDArray[np.intp]:
    """The shortest links, (m, 2), that are wanting for all places to hang together (Kruskal 1956).

    `part` (n,) is the number, from 1, of the part that each belongs to.
    """
    links = np.stack(np.nonzero(np.triu(part[:, None] != part)), 1)
    links = links[np.argsort(np.square(places[links[:, 0]] - places[links[:, 1]]).sum(-1), kind="stable")]
    between = np.sort(part[links], 1) @ (len(places) + 1, 1)
    _, shortest = np.unique(between, return_index=True)  # of those between each two parts
    bridges, joined = [], part.copy()
    for first, second in links[np.sort(shortest)].tolist():
        if joined[first] != joined[second]:
            bridges.append((first, second))
            joined[joined == joined[second]] = joined[first]
    return np.array(bridges, np.intp).reshape(-1, 2)
