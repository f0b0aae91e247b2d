"""From clips to shots: cut at the cuts, without held drawings, without what does not move.

Everything is found in one pass over the frames, holding one drawing and a few sums of its size at a time, so that a
film is curated in the memory of a frame.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inbetween.core.channels import RGBA
from inbetween.core.continuity import is_cut
from inbetween.models.training.readers import Clip, Picture
from inbetween.models.training.rules import Rules

FEWEST_DRAWINGS = 3
"""Start, middle, end: with fewer there is nothing to learn."""

GRID = 8
"""Fingerprints compare pictures of this many fields a side."""


@dataclass(frozen=True)
class Shot:
    """A continuous piece of a clip, as its distinct drawings.

    `drawings` are frame numbers counted from the shot's `first` frame in the clip; `exposures` says for how many ticks
    each is shown. `content` is the sha256 of the drawings' pixels. `fingerprint` is a thumbnail of the whole movement,
    alike for shots that look alike: mean and deviation over time, uint8 (2, GRID, GRID, 4).
    """

    clip: str
    first: int
    size: tuple[int, int]
    """Height, width."""
    fps: float | None
    drawings: tuple[int, ...]
    exposures: tuple[int, ...]
    content: str
    fingerprint: bytes


def shots(
    clip: Clip,
    rules: Rules,
    dropped: Callable[[str], None] = lambda reason: None,
) -> Iterator[Shot]:
    """The shots of a clip that can be learnt from; `dropped` is told of the others, one sentence each.

    Raises `FrameReadError` where the clip cannot be read to its end: then the shots before it have been yielded.
    """
    under_way: _Drawings | None = None
    count = 0
    for count, (picture, ticks) in enumerate(clip.frames(), start=1):
        if under_way is None or _unrelated(under_way.last, picture, rules.cut):
            if under_way is not None:
                yield from _judged(under_way, clip, rules, dropped)
            under_way = _Drawings(count - 1, picture)
        under_way.add(count - 1, picture, ticks, rules.hold)
    if under_way is not None:
        yield from _judged(under_way, clip, rules, dropped)
    else:
        dropped(f"{clip.name} holds no frame; export it again or leave it out")


def _unrelated(before: Picture, after: Picture, cut: float) -> bool:
    """Whether there is a cut between two frames of a clip."""
    return is_cut(before, after, RGBA, "display", cut)


def _judged(found: "_Drawings", clip: Clip, rules: Rules, dropped: Callable[[str], None]) -> Iterator[Shot]:
    """The shot if it can be learnt from."""
    where = f"{clip.name} from frame {found.first + 1}"
    if len(found.drawings) < FEWEST_DRAWINGS:
        dropped(f"{where} has {_counted(len(found.drawings))}; a shot needs at least {FEWEST_DRAWINGS} to learn from")
    elif found.variance() <= rules.still:
        dropped(f"{where} hardly moves (temporal variance {found.variance():.5f}); lower the limit to keep it")
    else:
        yield found.shot(clip)


def _counted(drawings: int) -> str:
    return "only one drawing" if drawings == 1 else f"only {drawings} drawings"


class _Drawings:
    """The distinct drawings of the shot under way, and sums over them."""

    def __init__(self, first: int, picture: Picture) -> None:
        self.first, self.last = first, picture
        self.drawings: list[int] = []
        self.exposures: list[int] = []
        self.hash = hashlib.sha256(repr(picture.shape).encode())
        self.sum = np.zeros_like(picture)
        self.squares = np.zeros_like(picture)

    def add(self, index: int, picture: Picture, ticks: int, hold: float) -> None:
        held = bool(self.drawings) and float(np.abs(picture - self.last).max()) <= hold
        if held:
            self.exposures[-1] += ticks
            return
        self.drawings.append(index - self.first)
        self.exposures.append(ticks)
        self.last = picture
        self.hash.update(np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8).tobytes())
        self.sum += picture
        self.squares += picture**2

    def variance(self) -> float:
        """Temporal variance of each pixel's most lively channel, averaged over the picture.

        Not averaged over the channels: black lines on transparency live in alpha alone.
        """
        return float(self._variances().max(axis=-1).mean())

    def _variances(self) -> Picture:
        count = len(self.drawings)
        spread: Picture = np.maximum(self.squares / count - (self.sum / count) ** 2, 0)
        return spread

    def shot(self, clip: Clip) -> Shot:
        mean, spread = self.sum / np.float32(len(self.drawings)), np.sqrt(self._variances())
        fields = np.concatenate([_fields(mean), _fields(spread)])
        return Shot(
            clip=clip.name,
            first=self.first,
            size=(self.last.shape[0], self.last.shape[1]),
            fps=clip.fps,
            drawings=tuple(self.drawings),
            exposures=tuple(self.exposures),
            content=self.hash.hexdigest(),
            fingerprint=np.rint(np.clip(fields, 0, 1) * 255).astype(np.uint8).tobytes(),
        )


def _fields(picture: Picture) -> npt.NDArray[np.float32]:
    """The mean of each field of a grid laid over a picture, flattened; any size gives the same length."""
    rows = _edges(picture.shape[0])
    columns = _edges(picture.shape[1])
    sums = np.add.reduceat(np.add.reduceat(picture, rows, axis=0), columns, axis=1)
    heights, widths = np.diff([*rows, picture.shape[0]]), np.diff([*columns, picture.shape[1]])
    means: npt.NDArray[np.float32] = sums / (np.maximum(heights, 1)[:, None, None] * np.maximum(widths, 1)[:, None])
    return means.ravel()


def _edges(length: int) -> npt.NDArray[np.int64]:
    return np.arange(GRID) * length // GRID
