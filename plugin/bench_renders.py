"""How good frames between rendered keys are, with the renderer's motion vectors and without them.

A folder of shots, each a folder with `beauty`, every frame rendered in full, and `vectors`, as `--motion-vectors` takes
them: `docs/renders.py` makes some.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from inbetween import bench_quality, markdown
from inbetween.bench_quality import Draw, Window, between, rows_of
from inbetween.core.channels import RGBA
from inbetween.core.errors import InputError
from inbetween.core.network import Beyond, Network
from inbetween.core.schedule import Gap
from inbetween.footage import picture
from inbetween.hosts.sequence import names, rendered
from inbetween.hosts.sequence.frames import Header, read_header
from inbetween.models import metrics
from inbetween.models.metrics import Scores
from inbetween.models.model import Model
from inbetween.models.rendered import FrameMotion, RenderedNetwork
from inbetween.models.training.readers import Picture

GAPS = (4, 8)
"""Frames from key to key."""

Figures = dict[tuple[int, str], dict[str, list[Scores]]]
"""(keys apart, row of the table) -> shot -> scores of the same windows in the same order."""


@dataclass(frozen=True)
class Shot:
    """A sequence of which every frame is known, and how it moves."""

    name: str
    frames: Mapping[int, Picture]
    vectors: names.FrameSequence
    first: Header

    def windows(self, apart: int) -> Iterator[tuple[Gap, Window]]:
        """Keys so far apart, one behind the other, and the true frame half-way between each two."""

        def beyond(number: int) -> Beyond | None:
            return Beyond(self.frames[number], 1.0) if number in self.frames else None

        for first, last in pairwise(range(min(self.frames), max(self.frames) + 1, apart)):
            start, truth, end = (self.frames[number] for number in (first, (first + last) // 2, last))
            yield Gap(first, last), Window(apart, start, truth, end, 0.5, beyond(first - apart), beyond(last + apart))

    def rows(self, networks: Mapping[str, Network], gap: Gap) -> Iterator[tuple[str, Draw]]:
        """Those of each model, and one in which the vectors lead it."""
        motion = self.motion(gap)
        for name, network in networks.items():
            yield from rows_of(name, network)
            yield f"{name}, motion vectors", between(RenderedNetwork(network, RGBA, motion))

    def motion(self, gap: Gap) -> list[FrameMotion]:
        """How it moves between two keys."""
        return rendered.of_gaps(self.vectors, [gap], self.first, cycle=0).read(gap, self.first.display)


def measure(models: Sequence[Model], folder: Path, tell: Callable[[str], None]) -> Figures:
    """Every model on the same windows; `tell` hears of each shot. Raises `InputError` for a folder without shots."""
    networks = {model.name: model.network(RGBA, "display") for model in models}
    figures: Figures = {}
    for shot in shots(folder):
        tell(shot.name)
        for apart in GAPS:
            for gap, window in shot.windows(apart):
                for row, draw in shot.rows(networks, gap):
                    scores = metrics.compare(draw(window), window.truth, window.start, window.end)
                    figures.setdefault((apart, row), {}).setdefault(shot.name, []).append(scores)
    if not figures:
        raise InputError(f"{folder} holds no shots with the folders beauty and vectors; see docs/renders.py")
    return figures


def shots(folder: Path) -> Iterator[Shot]:
    """The shots of a folder, by their names. Raises `InputError` for one that is not whole."""
    for home in sorted(folder.iterdir()) if folder.is_dir() else ():
        beauty, vectors = home / "beauty", home / "vectors"
        if beauty.is_dir() and vectors.is_dir():
            found = names.find_one(str(beauty), "the beauty", "beauty/shot.####.png")
            frames = {number: picture(found.file(number)) for number in found.numbers}
            first = read_header(found.file(found.numbers[0]))
            yield Shot(home.name.replace("_", " "), frames, rendered.find(str(vectors)), first)


def table(figures: Figures) -> str:
    """Markdown: the means at either distance; and of each shot, with keys 4 apart, PSNR over moving pixels."""
    means = {key: [score for scores in found.values() for score in scores] for key, found in figures.items()}
    near = {row: found for (apart, row), found in figures.items() if apart == GAPS[0]}
    head = [f"Keys {GAPS[0]} apart, PSNR dB, moving pixels", *near]
    rows = (
        [shot, *(f"{metrics.mean(found[shot]).psnr_moving:.1f}" for found in near.values())]
        for shot in next(iter(near.values()))
    )
    return f"{bench_quality.table(means, GAPS)}\n\n{markdown.table(head, rows)}"
