"""What core asks of a network, and nothing about any particular one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

Array = Any
"""An array of the Python array API standard: `numpy.ndarray`, or a `torch.Tensor` on any device."""

WORTH_A_LOOK = 0.5
"""A frame that is doubted this much or more is one that an artist should look at."""


class Network(Protocol):
    """Anything that draws the frame between two frames; `lambda a, b, t: (1 - t) * a + t * b` is one."""

    def __call__(self, start: Array, end: Array, t: Array, /) -> Array:
        """Return the frames at time `t` between `start` (t = 0) and `end` (t = 1).

        `start` and `end` are float32 (N, H, W, C), top row first, colour premultiplied, in the files' own linear
        or encoded values; `t` is float32 (M, 1, 1, 1), strictly between 0 and 1. Shapes broadcast: N equals M, or
        N is 1 - one pair, many times - and then a network that prepares the pair (features, flow) does so once.
        The result is (M, H, W, C), new memory, same values, on the same device. Inputs are never written to.
        A network that only knows the middle ignores `t`.
        """
        ...


Place = tuple[float, float]
"""x to the right and y down in pixels from the upper left corner of the frame, whose first pixel's middle is 0.5, 0.5.
It may lie outside."""
Mark = tuple[Place, Place]
"""Where one point of the drawing is in the first key of a pair, and where in the second: so the artist says."""


@dataclass(frozen=True)
class Beyond:
    """A key on the far side of one of the pair's keys."""

    frame: Array
    """float32 (H, W, C), as the pair's."""
    distance: float
    """How far it lies from the pair's nearer key, in lengths of the pair's gap; above 0."""
    marks: Sequence[Mark] = ()
    """Between it and the pair's nearer key, in the order of time."""


@runtime_checkable
class PathNetwork(Network, Protocol):
    """A network that can be led: on a curve through the keys beyond the pair, not only straight across its gap, and by
    marks.
    """

    def through(self, before: Beyond | None, after: Beyond | None, even: bool, marks: Sequence[Mark] = ()) -> Network:
        """The network for one pair (N = 1) between these keys; None where there is none, or none that belongs to it.

        With `even` things bend as the keys ask but keep an even pace, so that t alone says how far they are; without,
        they keep their pace across a key as well. `marks` are those of the pair; raises `SettingsError` for any if it
        heeds none.
        """
        ...


@runtime_checkable
class DoubtingNetwork(Network, Protocol):
    """A network that can tell how far what it drew is to be trusted."""

    doubts: Sequence[float | None]
    """Of each frame of its last call, through keys beyond as well: 0 to 1, None where it cannot say.

    From `WORTH_A_LOOK` on it is more likely than others to be one that an artist would do again.
    """


@dataclass(frozen=True)
class Moved:
    """Where all that one frame shows is in another one."""

    flow: Array
    """float32 (H, W, 2), in pixels from where it is, x to the right and then y down. What the other frame hides, or no
    longer has, goes on as it went so far."""
    trust: Array
    """float32 (H, W), 0 to 1: how far that is to be trusted; low where the other frame does not show the same."""


Step = tuple[float, float]
"""From a time between two keys to a later one; 0 and 1 are the keys themselves."""


@runtime_checkable
class VectorNetwork(Network, Protocol):
    """A network that can tell how things move between the frames that it draws, the two keys among them."""

    def vectors(self, start: Array, end: Array, steps: Iterable[Step], /) -> Iterator[tuple[Moved, Moved]]:
        """For each step where the earlier frame's things are in the later one, and the later one's in the earlier.

        `start` and `end` are one pair, float32 (1, H, W, C), as they are to draw; what comes back are NumPy arrays.
        Each step depends on its own two times alone.
        """
        ...
