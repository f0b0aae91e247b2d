"""The end of a fine-tuning: a report on shots never seen, a refusal where nothing was gained, and the weights."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
from safetensors.torch import load_file

from inbetween import __version__, bench_quality, comparison, footage
from inbetween.bench_quality import Figures
from inbetween.core.channels import RGBA
from inbetween.core.counted import counted
from inbetween.core.errors import ModelError
from inbetween.core.network import Network
from inbetween.core.settings import describe
from inbetween.core.whole import whole
from inbetween.finetune import FineTune
from inbetween.models import card, metrics, registry
from inbetween.models.card import Card
from inbetween.models.training import store, studio
from inbetween.models.training.loop import Outcome
from inbetween.models.training.readers import Clip
from inbetween.models.training.split import Side
from inbetween.models.training.store import Entry
from inbetween.premises import audit, manifest
from inbetween.premises.isolation import Isolation
from inbetween.premises.permission import Permission

Tell = Callable[[dict[str, Any]], None]

WINDOWS, LARGEST = 6, 1080
"""Of each test shot and distance of the keys, so many windows are drawn, no longer than so many pixels."""
LINES = 12
"""In-betweens on the sheet."""


@dataclass(frozen=True)
class Run:
    """One fine-tuning: what begins it, and what it is given."""

    settings: FineTune
    base: Card
    weights: Path
    """The base's .safetensors."""
    target: Path
    """The training store."""
    entries: tuple[Entry, ...]
    permissions: tuple[Permission, ...]
    isolation: Isolation

    @property
    def shows(self) -> str:
        """What it learns from, in words."""
        return ", ".join(sorted({entry.show for entry in self.entries}))

    @property
    def base_sha256(self) -> str:
        return self.base.files[self.weights.name]

    @cached_property
    def dataset(self) -> dict[str, Any]:
        """The shots as manifests name them."""
        return manifest.dataset(self.entries)

    def side(self, side: Side) -> list[Entry]:
        """The shots of one side of the split."""
        return [entry for entry in self.entries if entry.place.side == side]


def hand_over(run: Run, outcome: Outcome, work: Path, out: Path, tell: Tell) -> None:
    """Report, refuse or write `out` and its card.

    The store hears of the weights before they get their name: none go out that it does not know of. Raises
    `ModelError` when they are no better than the base, `InputError` when they cannot be written.
    """
    if not outcome.best.exists():
        raise ModelError("the time was up before the weights were examined once; give it more with --minutes")
    described = _card(run, outcome)
    candidate = work / out.name
    card.save(load_file(outcome.best), described, candidate)
    networks, clips = _networks(run, candidate), _test_clips(run)
    rows = {name: bench_quality.between(network) for name, network in networks.items()}
    figures = bench_quality.compare(rows, clips, WINDOWS, LARGEST, lambda line: None)
    count = run.settings.examined // 3
    remembered = {name: _remembered(file, count) for name, file in (("before", run.weights), ("after", candidate))}
    tell({"event": "report", "table": bench_quality.table(figures), "remembered": remembered})
    _refuse_worse(run, figures)
    described = replace(described, metrics=_summary(figures) | {"generated graphics, psnr_moving": remembered})
    described = card.save(load_file(outcome.best), described, candidate)
    digest = described.files[out.name]
    seal = audit.append(run.target, "hand over", weights=digest, file=str(out.resolve()), dataset=run.dataset["sha256"])
    manifest.record(run.target, digest, _manifest(run, described, out, seal))
    sheet = manifest.sheet(run.target, digest)
    _draw_sheet(networks, clips, sheet)
    _place(candidate, described, out)
    tell({"event": "handed over", "file": str(out), "sheet": str(sheet)})


def _networks(run: Run, candidate: Path) -> dict[str, Network]:
    """Before, after, dissolve and flow, run as the product runs them."""
    models = {
        "before": registry.from_file(run.weights, "cpu", "torch"),
        "after": registry.from_file(candidate, "cpu", "torch"),
        "dissolve": registry.load("dissolve"),
        "flow": registry.load("flow"),
    }
    return {name: model.network(RGBA, "display") for name, model in models.items()}


def _test_clips(run: Run) -> list[Clip]:
    """The shots that nothing was learnt from."""
    return [store.clip(run.target, entry, footage.picture) for entry in run.side("test")]


def _draw_sheet(networks: dict[str, Network], clips: Sequence[Clip], file: Path) -> None:
    """In-betweens of the test shots side by side, for eyes rather than figures.

    It shows footage, so it lies in the store and is forgotten with the show.
    """
    windows = islice((window for clip in clips for window in bench_quality.windows(clip, 1, LARGEST)), LINES)
    lines = [comparison.line(each.start, each.truth, each.end, each.t, networks) for each in windows]
    if not lines:
        return
    with whole(file) as aside:
        if not cv2.imwrite(str(aside), comparison.sheet(lines)[..., ::-1]):
            raise OSError("OpenCV wrote nothing")


def _remembered(weights: Path, count: int) -> float:
    """Moving-pixel PSNR on generated graphics: what the base knew before it saw the studio's footage."""
    network = registry.from_file(weights, "cpu", "torch").network(RGBA, "display")
    return _kept(studio.examined(network, studio.graphics(count)).psnr_moving)


def _summary(figures: Figures) -> dict[str, Any]:
    """The mean figures as the card keeps them."""
    means = {f"{gap} apart, {name}": metrics.mean(scores) for (gap, name), scores in figures.items() if scores}
    return {row: {name: _kept(value) for name, value in asdict(mean).items()} for row, mean in means.items()}


def _kept(value: float) -> float:
    """Five digits: sums over many pixels differ from run to run in the tenth, and equal runs give equal files."""
    return float(f"{value:.5g}")


def _refuse_worse(run: Run, figures: Figures) -> None:
    means = {
        name: metrics.mean(one for (_, who), scores in figures.items() if who == name for one in scores).psnr_moving
        for name in ("before", "after")
    }
    if means["after"] > means["before"] or run.settings.accept_worse:
        return
    raise ModelError(
        f"the weights came out no better than {run.settings.base} on the test shots ({means['after']:.2f} dB on moving "
        f"pixels, before {means['before']:.2f}) and are not handed over; add footage or steps, or say --accept-worse"
    )


def _card(run: Run, outcome: Outcome) -> Card:
    base, dataset = run.base, run.dataset["sha256"]
    learnt = [
        {"name": leave.show, "licence": f"permission {leave.sha256}", "fingerprint": dataset}
        for leave in run.permissions
    ]
    return replace(
        base,
        name=Path(run.settings.out).stem,
        version=f"{base.version}+{dataset[:8]}",
        summary=f"{base.name} taught {counted(len(run.side('train')), 'shot')} of {run.shows}.",
        data=[*base.data, *learnt],
        metrics={},
        command=f"inbetween-finetune RENDERS --base {base.name} --steps {run.settings.steps}",
        code=__version__,
        base=run.base_sha256,
        run={"settings": _decisive(run.settings), "steps": outcome.steps, "finished": outcome.finished},
        files={},
    )


def _decisive(settings: FineTune) -> dict[str, Any]:
    """What the weights depend on, and nothing of the machine they were made on: equal runs give equal files."""
    return {row["name"]: getattr(settings, row["name"]) for row in describe(FineTune) if row["pixels"]}


def _manifest(run: Run, described: Card, out: Path, seal: str) -> dict[str, Any]:
    return {
        "Model": {"name": described.name, "architecture": described.architecture, "version": described.version},
        "Dataset": run.dataset,
        "Run": {
            "trainer": "inbetween-finetune",
            "code": __version__,
            "isolation": asdict(run.isolation),
            "audit": seal,
            **described.run,
        },
        "Weights": {"file": str(out.resolve()), "ancestor": described.base, "metrics": described.metrics},
        "License": [
            {
                "parties": [leave.owner, leave.approver],
                "start": leave.start.isoformat(),
                "finish": leave.finish.isoformat(),
                "permissions": list(leave.scope),
            }
            for leave in run.permissions
        ],
        "Permission": [{"show": leave.show, "sha256": leave.sha256} for leave in run.permissions],
    }


def _place(written: Path, described: Card, out: Path) -> None:
    """Give the finished weights their name and card; graphs of weights that had this name before are removed."""
    with whole(out) as aside:
        shutil.copyfile(written, aside)
    card.write(described, card.beside(out))
    for graph in registry.ARCHITECTURES[described.architecture].graphs(out):
        if graph.name not in described.files:
            graph.unlink(missing_ok=True)
