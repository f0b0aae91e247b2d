"""How far `doubt` tells beforehand which in-betweens come out wrong: both, of the same frames, on true clips."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from inbetween import bench_quality, markdown
from inbetween.core.channels import RGBA
from inbetween.core.errors import FrameReadError, InputError
from inbetween.core.network import WORTH_A_LOOK, DoubtingNetwork
from inbetween.models import metrics
from inbetween.models.metrics import Scores
from inbetween.models.model import Model
from inbetween.models.training.readers import Clip

if TYPE_CHECKING:
    from inbetween.bench import Quality

WRONG = (1e-4, 5e-5)
"""Line chamfer above which a frame counts as one that an animator would draw again: any, and a strict one."""
GAPS = (4, 8)
"""Frames from key to key; of two apart, hardly any in-between is wrong."""
HALVES = ("first, third, ... clip", "second, fourth, ... clip")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """One in-between."""

    model: str
    gap: int
    half: int
    """Whether its clip is an even or an odd one of all."""
    doubt: float
    """Known before the truth is."""
    scores: Scores


def measure(
    models: Sequence[Model], sources: Sequence[Path], asked: "Quality", tell: Callable[[str], None]
) -> list[Judged]:
    """Every model that can say, on the same windows. Raises `InputError` when nothing can be judged."""
    clips = bench_quality.sampled(sources, asked, tell)
    networks = {model.name: model.network(RGBA, "display") for model in models}
    able = {name: network for name, network in networks.items() if isinstance(network, DoubtingNetwork)}
    found = [
        each
        for place, clip in enumerate(clips)
        for name, network in able.items()
        for each in _judged(clip, place % 2, name, network, asked, tell)
    ]
    if not found:
        raise InputError("no frame can be judged; name a model that moves pixels, and true frames that move")
    return found


def _judged(
    clip: Clip, half: int, name: str, network: DoubtingNetwork, asked: "Quality", tell: Callable[[str], None]
) -> Iterator[Judged]:
    """The in-betweens of a clip, as a sequence draws them by default: through the keys beyond where the model can."""
    tell(f"{clip.name}, {name}")
    *_, draw = (draw for _, draw in bench_quality.rows_of(name, network))
    try:
        for window in bench_quality.windows(clip, asked.windows, asked.size):
            if window.gap not in GAPS:
                continue
            scores = metrics.compare(draw(window), window.truth, window.start, window.end)
            (doubt,) = network.doubts
            if doubt is not None:
                yield Judged(name, window.gap, half, doubt, scores)
    except FrameReadError as error:
        tell(f"left out: {error}")


def table(found: Sequence[Judged]) -> str:
    """Markdown: for each model, distance of the keys and half of the clips, how good the list of what to look at is."""
    head = [
        "model",
        "keys apart",
        "clips",
        "in-betweens",
        "named %",
        *(f"{what} above {limit * 1e4:g} %" for limit in WRONG for what in ("all", "named", "found of those")),
        "rank correlation with line chamfer",
        "with smear",
        "with PSNR of moving pixels",
    ]
    rows = []
    for model in dict.fromkeys(each.model for each in found):
        for gaps in (*((gap,) for gap in GAPS), GAPS):
            for half, clips in enumerate(HALVES):
                those = [each for each in found if (each.model, each.half) == (model, half) and each.gap in gaps]
                if those:
                    rows.append([model, " and ".join(map(str, gaps)), clips, *_cells(those)])
    return markdown.table(head, rows, names=3)


def _cells(those: Sequence[Judged]) -> Iterator[str]:
    doubts = np.array([each.doubt for each in those])
    chamfer = np.array([each.scores.line_chamfer for each in those])
    named = doubts >= WORTH_A_LOOK
    yield from (str(len(those)), _percent(named))
    for limit in WRONG:
        wrong = chamfer > limit
        yield from (_percent(wrong), _percent(wrong[named]), _percent(named[wrong]))
    for figure in ("line_chamfer", "smear", "psnr_moving"):
        yield f"{rank_correlation(doubts, np.array([getattr(each.scores, figure) for each in those])):.2f}"


def _percent(those: NDArray[np.bool_]) -> str:
    return f"{100 * those.mean():.0f}" if len(those) else ""


def rank_correlation(one: Floats, other: Floats) -> float:
    """Spearman's, -1 to 1; equal values share their mean rank. NaN where one of the two is the same everywhere."""
    first, second = _ranks(one), _ranks(other)
    spread = first.std() * second.std()
    return float(((first - first.mean()) * (second - second.mean())).mean() / spread) if spread else float("nan")


def _ranks(values: Floats) -> Floats:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray(((last - count + last - 1) / 2)[place], np.float64)
