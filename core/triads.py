"""Recursive triads: a sequence of n frames as n questions "what lies in the middle of these two?".

After Voßkamp, "AI-driven animations of 2D rasterized graphics" (2022), sections 5.2 and 10.1. Only frame numbers are
handled here. The middle of a gap is drawn first and then parts it in two, so a model that draws one frame makes
sequences of any length; every key that an artist adds is one more end that the recursion may lean on.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from array_api_compat import array_namespace, device

from inbetween.core.network import Array


class Triad(NamedTuple):
    """Three frame numbers of one sequence: `middle` is drawn from `start` and `end`."""

    start: int
    middle: int
    end: int


def middle(start: int, end: int) -> int:
    """The frame that parts a gap. Of the two middles of an odd gap it is the later one."""
    return end - (end - start) // 2


def between(start: int, end: int) -> Iterator[Triad]:
    """The triads of one gap in the source's order: a middle, all that lies before it, all that lies after it.

    One triad for each frame strictly between the ends; none for neighbours.
    """
    if end - start <= 1:
        return
    parted = middle(start, end)
    yield Triad(start, parted, end)
    yield from between(start, parted)
    yield from between(parted, end)


def training_triads(count: int) -> tuple[Triad, ...]:
    """The `count` triads that stand for a sequence of `count` frames in training (Table 2 of the source).

    First those between the two ends, then the two closing ones, whose middle repeats an end: they teach the model to
    keep still. Raises `ValueError` below two frames.
    """
    if count < 2:
        raise ValueError(f"triads need at least 2 frames, not {count}")
    last = count - 1
    return (*between(0, last), Triad(last - 1, last, last), Triad(0, 0, 1))


def batches(
    keys: Sequence[int],
    at_most: int | None = None,
    wanted: Callable[[int], bool] | None = None,
) -> Iterator[tuple[Triad, ...]]:
    """The triads between neighbouring `keys`, in batches that a network can draw at once.

    `keys` are rising frame numbers, any at all. Start and end of a triad are keys or middles of earlier batches.
    Without a limit the walk goes breadth-first: one batch is one depth, and a gap of n frames takes about log2 n of
    them. With `at_most` triads a batch, the rest of a depth waits while the walk goes deeper where it stands, so that
    never more than about `at_most` times log2 n frames have to be kept. With `wanted`, only the triads that lead to
    wanted frames are walked.
    """
    gaps = [gap for gap in pairwise(keys) if _leads_on(*gap, wanted)]
    while gaps:
        size = at_most or len(gaps)
        batch = tuple(Triad(start, middle(start, end), end) for start, end in gaps[:size])
        yield batch
        halves = (half for start, parted, end in batch for half in ((start, parted), (parted, end)))
        gaps = [half for half in halves if _leads_on(*half, wanted)] + gaps[size:]


def _leads_on(start: int, end: int, wanted: Callable[[int], bool] | None) -> bool:
    """Whether anything that is wanted lies strictly between."""
    inner = range(start + 1, end)
    return bool(inner) if wanted is None else any(map(wanted, inner))


def gather(clips: Array) -> Array:
    """Clips (N, n, H, W, C) as their training triads (N, n, 3, H, W, C), in the order of `training_triads`."""
    xp = array_namespace(clips)
    numbers = [number for triad in training_triads(clips.shape[1]) for number in triad]
    frames = xp.take(clips, xp.asarray(numbers, device=device(clips)), axis=1)
    return xp.reshape(frames, (clips.shape[0], clips.shape[1], 3, *clips.shape[2:]))


def blanked(triads: Array, fill: float = 0.0) -> Array:
    """A copy of triads (..., 3, H, W, C) whose middle frames hold `fill`: what a model is given in training.

    The source says black (0) in its text and 1 in its listing; black is what the text's figures show.
    """
    xp = array_namespace(triads)
    start, hidden, end = (triads[..., place, :, :, :] for place in range(3))
    return xp.stack([start, xp.full_like(hidden, fill), end], axis=-4)
