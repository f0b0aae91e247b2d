"""From sequences to what a model learns from: split, clips, triads, blanks. After A. Vosskamp (2022), chapter 5."""

from collections.abc import Iterator

import numpy as np

from inbetween.core.triads import blanked, gather

CLIP = 10
"""Frames of a clip."""
SHARES = {"train": 0.80, "validation": 0.15, "test": 0.05}


def split(count: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Indices of `count` sequences for "train", "validation" and "test": 80, 15 and 5 per cent, drawn once by `seed`.

    Split sequences, and only then `cut` them: the halves of one sequence share their digits.
    """
    order = np.random.default_rng(seed).permutation(count)
    first, second = round(count * SHARES["train"]), round(count * (SHARES["train"] + SHARES["validation"]))
    return {"train": order[:first], "validation": order[first:second], "test": order[second:]}


def cut(sequences: np.ndarray, length: int = CLIP) -> np.ndarray:
    """Sequences (N, n, ...) cut into clips (N * (n // length), length, ...); a rest that is too short is left out."""
    whole = sequences.shape[1] // length
    clips = sequences[:, : whole * length].reshape(-1, length, *sequences.shape[2:])
    return clips


def triads(clips: np.ndarray, fill: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Question and answer (N, n, 3, H, W, C) for clips (N, n, H, W, C): middles hidden by `fill`, and everything."""
    answer = gather(clips)
    return blanked(answer, fill), answer


def in_batches(count: int, size: int) -> Iterator[slice]:
    """Slices over `count` items, at most `size` at once."""
    return (slice(i, i + size) for i in range(0, count, size))
