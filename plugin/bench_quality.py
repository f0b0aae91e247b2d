"""Draws frames that are known and compares them: the middle of keys 2, 4 and 8 frames apart, from true clips."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from inbetween import markdown
from inbetween.core.channels import RGBA
from inbetween.core.errors import FrameReadError, InputError
from inbetween.core.network import Beyond, Network, PathNetwork
from inbetween.footage import clips
from inbetween.models import metrics
from inbetween.models.metrics import Scores
from inbetween.models.model import Model
from inbetween.models.training.readers import Clip, Picture, open_clip

if TYPE_CHECKING:
    from inbetween.bench import Quality

GAPS = (2, 4, 8)
"""Frames from key to key."""
STILL, CUT = 0.002, 0.35
"""Keys whose mean difference is below or above are not drawn: nothing moves, or it is another picture."""

LONGEST = 240
"""Frames of a clip that are looked at."""

Figures = dict[tuple[int, str], list[Scores]]
"""(keys apart, row of the table) -> scores of the same windows in the same order."""

Draw = Callable[["Window"], Picture]


@dataclass(frozen=True)
class Window:
    """Two true frames as keys and a true frame between them; and the true frames as far apart beyond, as keys too."""

    gap: int
    start: Picture
    truth: Picture
    end: Picture
    t: float
    before: Beyond | None = None
    after: Beyond | None = None
    """None where the clip begins or ends there, or is cut."""


def measure(models: Sequence[Model], sources: Sequence[Path], asked: "Quality", tell: Callable[[str], None]) -> Figures:
    """Every model on the same windows; `tell` hears of each clip. Raises `InputError` when nothing can be compared."""
    networks = {model.name: model.network(RGBA, "display") for model in models}
    rows = {name: draw for each, network in networks.items() for name, draw in rows_of(each, network)}
    figures = compare(rows, sampled(sources, asked, tell), asked.windows, asked.size, tell)
    if not any(figures.values()):
        raise InputError("no clip has three frames that move; name a folder of true frames, every frame drawn")
    return figures


def between(network: Network) -> Draw:
    """Draws from the two keys of a window alone."""

    def draw(window: Window) -> Picture:
        t = np.full((1, 1, 1, 1), window.t, np.float32)
        return np.asarray(network(window.start[None], window.end[None], t)[0])

    return draw


def rows_of(name: str, network: Network) -> Iterator[tuple[str, Draw]]:
    """The row of a model, and where it heeds the keys beyond, one in which it does, as it does by default."""
    yield name, between(network)
    if isinstance(network, PathNetwork):
        yield f"{name}, smooth", lambda window: between(network.through(window.before, window.after, False))(window)


def compare(
    rows: Mapping[str, Draw], found: Sequence[Clip], count: int, size: int, tell: Callable[[str], None]
) -> Figures:
    """Every row on up to `count` windows of each clip and gap, no longer than `size` pixels."""
    figures: Figures = {(gap, name): [] for gap in GAPS for name in rows}
    for done, clip in enumerate(found, start=1):
        tell(f"[{done}/{len(found)}] {clip.name}")
        try:
            for window in windows(clip, count, size):
                for name, draw in rows.items():
                    scores = metrics.compare(draw(window), window.truth, window.start, window.end)
                    figures[window.gap, name].append(scores)
        except FrameReadError as error:
            tell(f"left out: {error}")
    return figures


def sampled(sources: Sequence[Path], asked: "Quality", tell: Callable[[str], None]) -> list[Clip]:
    """The clips of all sources that are asked for."""
    return list(_sampled([clip for source in sources for clip in _clips(source, asked.size, tell)], asked.sample))


def _clips(source: Path, size: int, tell: Callable[[str], None]) -> Iterator[Clip]:
    """The clips of a folder or file; of a folder with a manifest, the validation clips."""
    manifest = source / "manifest.json"
    if not manifest.is_file():
        yield from clips(source, size, lambda error: tell(f"left out: {error}"))
        return
    for file in validation(manifest):
        try:
            yield open_clip(file, size)
        except FrameReadError as error:
            tell(f"left out: {error}")


def validation(manifest: Path) -> list[Path]:
    """The files of the entries {"file": ..., "split": "val"} in all lists of a manifest, in their order."""
    try:
        document = json.loads(manifest.read_text("utf-8"))
        tables = [table for table in document.values() if isinstance(table, list)]
        return [manifest.parent / entry["file"] for table in tables for entry in table if entry["split"] == "val"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{manifest} names no validation clips ({error!r}); each entry needs file and split"
        ) from error


def _sampled(found: list[Clip], count: int) -> Iterator[Clip]:
    chosen = range(len(found)) if not count else spread(len(found), count)
    return (found[index] for index in chosen)


def spread(length: int, count: int) -> list[int]:
    """At most `count` indices below `length`, evenly spread and never twice."""
    return [int((index + 0.5) * length / count) for index in range(count)] if count < length else list(range(length))


def windows(clip: Clip, count: int, size: int) -> Iterator[Window]:
    """Up to `count` windows of each gap, evenly spread over those that move. Reads the clip twice, to hold little.

    Raises `FrameReadError` where the clip cannot be read.
    """
    small, times = [], [0]
    for picture, ticks in _frames(clip, 64):
        small.append(picture)
        times.append(times[-1] + ticks)
    chosen = [(gap, first) for gap in GAPS for first in _moving(small, gap, count)]
    needed = {first + step for gap, first in chosen for step in (-gap, 0, gap // 2, gap, 2 * gap)}
    whole = {index: picture for index, (picture, _) in enumerate(_frames(clip, size)) if index in needed}
    for gap, first in chosen:
        start, middle, end = first, first + gap // 2, first + gap
        length = times[end] - times[start]

        def beyond(key: int, nearer: int, length: int = length) -> Beyond | None:
            if key not in whole or _apart(small[key], small[nearer]) >= CUT:
                return None
            return Beyond(whole[key], abs(times[nearer] - times[key]) / length)

        keys = beyond(start - gap, start), beyond(end + gap, end)
        yield Window(gap, whole[start], whole[middle], whole[end], (times[middle] - times[start]) / length, *keys)


def _moving(small: Sequence[Picture], gap: int, count: int) -> list[int]:
    """First frames of windows that do not overlap and in which something moves but no cut lies."""
    firsts = [i for i in range(0, len(small) - gap, gap) if STILL < _apart(small[i], small[i + gap]) < CUT]
    return [firsts[index] for index in spread(len(firsts), count)]


def _apart(one: Picture, other: Picture) -> float:
    return float(np.abs(one - other).mean())


def _frames(clip: Clip, size: int) -> Iterator[tuple[Picture, int]]:
    """The clip's first frames, none larger than `size`, with the ticks each is shown for."""
    for index, (picture, ticks) in enumerate(clip.frames()):
        if index == LONGEST:
            return
        height, width = picture.shape[:2]
        shrink = size / max(height, width)
        if shrink < 1:
            reduced = max(1, round(width * shrink)), max(1, round(height * shrink))
            picture = cv2.resize(picture, reduced, interpolation=cv2.INTER_AREA).astype(np.float32)
        yield picture, ticks


def table(figures: Figures, gaps: Sequence[int] = GAPS) -> str:
    """Markdown: one table for each distance of the keys, one row for each model."""
    return "\n\n".join(_table(figures, gap) for gap in gaps if any(figures[key] for key in figures if key[0] == gap))


def _table(figures: Figures, gap: int) -> str:
    rows = {name: scores for (apart, name), scores in figures.items() if apart == gap}
    count = len(next(iter(rows.values())))
    head = [
        f"Keys {gap} apart, {count} in-betweens",
        "PSNR dB",
        "PSNR dB, moving pixels",
        "SSIM",
        "line chamfer x 10^4",
        "smear %",
        "alpha error %",
    ]
    return markdown.table(head, ([name, *_cells(metrics.mean(scores))] for name, scores in rows.items()))


def _cells(scores: Scores) -> list[str]:
    return [
        f"{scores.psnr:.2f}",
        f"{scores.psnr_moving:.2f}",
        f"{scores.ssim:.4f}",
        f"{scores.line_chamfer * 1e4:.2f}",
        f"{scores.smear:.2f}",
        f"{scores.alpha_error:.2f}",
    ]
