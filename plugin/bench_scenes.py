"""Generated scenes drawn by models, and how far that is from the truth."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from inbetween import markdown
from inbetween.core.channels import RGBA
from inbetween.core.network import Beyond, Network, PathNetwork
from inbetween.models import metrics
from inbetween.models.metrics import Scores
from inbetween.models.training.readers import Picture
from inbetween.scenes import SCENES
from inbetween.stage import Stage

if TYPE_CHECKING:
    from inbetween.models.model import Model

WHEN = (0.25, 0.5, 0.75)
"""Where between the keys they are drawn: what a thing leaves behind shows best where it has not gone far."""
SLOWING = (0.0, 0.25, 0.5, 0.75)
"""Where four keys lie in a scene that slows down."""

Compare: TypeAlias = Callable[[Sequence[Network], Stage, str], Iterator[list[Scores]]]
"""The scores of each network in a scene, by its name."""


def measure(
    models: "Sequence[Model]", times: int, compare: Compare, tell: Callable[[str], None]
) -> dict[str, list[Scores]]:
    """Scene -> the mean scores of each model, `times` as large as the frame's units."""
    stage = Stage(times)
    networks = [model.network(RGBA, "display") for model in models]
    figures = {}
    for name in SCENES:
        tell(name)
        figures[name] = [metrics.mean(scores) for scores in compare(networks, stage, name)]
    return figures


def compared(networks: Sequence[Network], stage: Stage, name: str) -> Iterator[list[Scores]]:
    """The scores of each network at `WHEN` between two keys of a scene."""
    start, end, *truths = (SCENES[name](stage, t) for t in (0.0, 1.0, *WHEN))
    for network in networks:
        yield _scores(network, start, end, truths)


def slowing(networks: Sequence[Network], stage: Stage, name: str) -> Iterator[list[Scores]]:
    """The same between the middle two of four keys of a scene that slows down, led through all four by what can be."""
    before, start, end, after = (_slowed(stage, name, u) for u in SLOWING)
    beyond = Beyond(before, 1.0), Beyond(after, 1.0)
    truths = [_slowed(stage, name, SLOWING[1] + u * (SLOWING[2] - SLOWING[1])) for u in WHEN]
    for network in networks:
        led = network.through(*beyond, even=False) if isinstance(network, PathNetwork) else network
        yield _scores(led, start, end, truths)


def _slowed(stage: Stage, name: str, u: float) -> Picture:
    return SCENES[name](stage, 1 - (1 - u) ** 2)


def _scores(network: Network, start: Picture, end: Picture, truths: Sequence[Picture]) -> list[Scores]:
    frames = network(start[None], end[None], np.array(WHEN, np.float32).reshape(-1, 1, 1, 1))
    return [metrics.compare(*pair, start, end) for pair in zip(frames, truths, strict=True)]


KINDS: dict[str, Compare] = {"scenes": compared, "slowing": slowing}


def table(models: "Sequence[Model]", figures: dict[str, list[Scores]]) -> str:
    """Markdown: a row for each scene, PSNR and line chamfer of each model."""
    names = [model.name for model in models]
    head = ["scene", *(f"{name}, PSNR dB" for name in names), *(f"{name}, line chamfer x 10^4" for name in names)]
    rows = (
        [scene, *(f"{score.psnr:.1f}" for score in scores), *(f"{score.line_chamfer * 1e4:.2f}" for score in scores)]
        for scene, scores in figures.items()
    )
    return markdown.table(head, rows)
