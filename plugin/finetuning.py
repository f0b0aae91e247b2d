"""Fine-tuning, from renders to weights: take in, split, learn, report on shots never seen, hand over."""

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch

from inbetween import __version__, footage, handover, intake
from inbetween.core.counted import counted
from inbetween.core.errors import EngineError, InputError, ModelError
from inbetween.core.settings import fingerprint
from inbetween.finetune import PURPOSE, FineTune
from inbetween.handover import Run, Tell
from inbetween.models import card, registry
from inbetween.models.card import Card
from inbetween.models.training import loop, reels, store, studio
from inbetween.models.training.recipe import Recipe
from inbetween.models.training.reels import Reel
from inbetween.models.training.rules import Rules
from inbetween.models.training.store import Entry
from inbetween.premises import audit, permission
from inbetween.premises.isolation import Isolation
from inbetween.premises.permission import Permission

REELS = "reels"


def finetune(renders: Path, settings: FineTune, rules: Rules, evidence: Isolation, tell: Tell) -> Path:
    """Teach `settings.base` the shots of `renders` and write `settings.out`; returns its path.

    A run that was stopped goes on where it was: it is found again by what it is made of. Raises `InputError` when
    there are too few shots, and `ModelError` when the weights came out no better than the base.
    """
    place = device(settings.device)
    base, weights = starting_point(settings.base)
    target = renders if permission.is_store(renders) else Path(settings.store)
    audit.append(target, "start", renders=str(renders.resolve()), base=settings.base, isolation=asdict(evidence))
    entries, leaves = _footage(renders, target, settings, rules, tell)
    run = Run(settings, base, weights, target, entries, leaves, evidence)
    _require_every_side(run)
    counts = {side: len(run.side(side)) for side in ("train", "validation", "test")}
    tell({"event": "footage", "show": run.shows, **counts})
    work = _begin(run)
    run = replace(run, weights=_own_copy(run, work))
    outcome = _learn(run, work, place, tell)
    handover.hand_over(run, outcome, work, Path(settings.out), tell)
    shutil.rmtree(work)
    return Path(settings.out)


def starting_point(name: str) -> tuple[Card, Path]:
    """Card and .safetensors of a model that can be taught. Raises `ModelError` for one that cannot."""
    weights = registry.weights_of(name) if name in registry.MODELS else Path(name)
    card.refuse_pickle(weights)
    weights = weights.with_suffix(".safetensors")
    known = card.read(card.beside(weights))
    card.verify(known, weights)
    if known.architecture not in studio.LESSONS:
        raise ModelError(f"{weights}: nothing teaches {known.architecture!r}; known are {', '.join(studio.LESSONS)}")
    return known, weights


def recipe(settings: FineTune) -> Recipe:
    """Gentle steps with a running mean over the last few: the base is to be bent, not broken."""
    return Recipe(
        steps=settings.steps,
        minutes=settings.minutes,
        rate=settings.rate,
        warm_up=max(1, settings.steps // 20),
        ema=max(0.0, 1 - 10 / settings.steps),
        validate_every=max(1, settings.steps // settings.validations),
        report_every=max(1, settings.steps // 100),
        seed=settings.seed,
        precision=settings.precision,
        channels_last=settings.precision == "bfloat16",
        workers=settings.workers,
    )


def device(wanted: str) -> str:
    """What torch calls the device: cpu or cuda. Raises `EngineError` when CUDA is asked for and not there."""
    if wanted == "cuda" and not torch.cuda.is_available():
        raise EngineError("device is 'cuda', but torch sees no CUDA device; choose cpu")
    return "cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu"


def _footage(
    renders: Path, target: Path, settings: FineTune, rules: Rules, tell: Tell
) -> tuple[tuple[Entry, ...], tuple[Permission, ...]]:
    """The shots to learn from, in the store: what `renders` holds, or what is in the store already if it is that."""
    if renders == target:
        return intake.stored(target, settings.show, PURPOSE)
    taken = intake.take_in(renders, target, PURPOSE, rules, settings.strict, _warner(tell))
    return taken.entries, (taken.permission,)


def _require_every_side(run: Run) -> None:
    if all(run.side(side) for side in ("train", "validation", "test")):
        return
    raise InputError(
        f"{counted(len(run.entries), 'shot')}, too few to learn from: at least three that are not alike are needed, "
        "one to learn from, one to choose the best weights by and one to report on; add footage"
    )


def _begin(run: Run) -> Path:
    """The run's folder, named after everything the weights depend on, so that the same command finds it again.

    The plan in it tells `intake.forget` whose footage it holds.
    """
    plan = {
        "base": run.base_sha256,
        "settings": fingerprint(run.settings),
        "code": __version__,
        "shows": sorted({entry.show for entry in run.entries}),
        "dataset": run.dataset["sha256"],
    }
    text = json.dumps(plan, indent=1, sort_keys=True)
    work = run.target / intake.WORK / hashlib.sha256(text.encode()).hexdigest()[:16]
    work.mkdir(parents=True, exist_ok=True)
    (work / intake.PLAN).write_text(text, encoding="utf-8")
    return work


def _own_copy(run: Run, work: Path) -> Path:
    """The base in the run's folder: after an hour the one outside may be another, and the report needs this one."""
    kept = work / "base" / run.weights.name
    kept.parent.mkdir(exist_ok=True)
    for file in (run.weights, card.beside(run.weights)):
        shutil.copyfile(file, kept.with_name(file.name))
    return kept


def _learn(run: Run, work: Path, place: str, tell: Tell) -> loop.Outcome:
    settings = run.settings
    train, validation = (_decoded(run, run.side(side), work) for side in ("train", "validation"))
    lesson = studio.LESSONS[run.base.architecture](run.base, run.weights, train, settings.seed, settings.area)
    task = studio.Studio(lesson, run.base, validation, settings.examined)
    if not (work / loop.CHECKPOINT).exists():
        with torch.no_grad():
            tell({"event": "base", **task.validate(task.model)})
    return loop.train(task, recipe(settings), work, place, tell)


def _decoded(run: Run, entries: Sequence[Entry], work: Path) -> list[Reel]:
    clips = [(entry.shot, store.clip(run.target, entry, footage.picture)) for entry in entries]
    return [reels.decode(shot, clip, work / REELS, run.settings.longest) for shot, clip in clips]


def _warner(tell: Tell) -> Callable[[str], None]:
    return lambda message: tell({"event": "warning", "message": message})
