"""`inbetween tune MODEL DATA`: a search for the recipe, by short trainings that are given up early where they lag.

The thesis searched with a tuner as well. Trials are kept in one journal file, so that a search goes on another day, and
several machines that share the file search together. No server is involved.
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inbetween.console import DONE, Parser, answer, log_at, say
from inbetween.core.errors import InputError
from inbetween.core.extras import missing
from inbetween.models.training.recipe import Recipe
from inbetween.train import TRAINERS, Trainer, command, require_leave

if TYPE_CHECKING:
    from optuna import Study, Trial

EXAMINATIONS = 8
"""Times that a trial is examined, and may be given up."""


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = Parser("inbetween tune", description="Searches for a better recipe by short trainings.")
    parser.add_argument("model", metavar="MODEL", choices=tuple(TRAINERS), help=" or ".join(TRAINERS))
    parser.add_argument("data", metavar="DATA", type=Path, help="as for `inbetween train`")
    parser.add_argument("--run", type=Path, help="Folder of the journal and the trials. [default runs/tune-MODEL]")
    parser.add_argument("--trials", type=int, default=20, help="Trainings to begin. [default 20]")
    parser.add_argument("--steps", type=int, default=1000, help="Optimiser steps of each. [default 1000]")
    parser.add_argument("--device", default="cpu", help="Where to train: cpu, cuda or cuda:1. [default cpu]")
    parser.add_argument("-v", "--verbose", action="count", default=0, help="Say more; twice for everything.")
    options = parser.parse_args(argv)
    log_at(options.verbose)
    return answer(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    if find_spec("optuna") is None:
        raise InputError(missing("optuna"))
    if options.trials < 1 or options.steps < EXAMINATIONS:
        raise InputError(f"at least one trial of {EXAMINATIONS} steps is needed; raise --trials or --steps")
    require_leave(options.data)
    trainer = TRAINERS[options.model]
    module: Any = import_module(trainer.module)
    base = replace(module.RECIPE, steps=options.steps, validate_every=options.steps // EXAMINATIONS)
    folder = options.run or Path("runs") / f"tune-{options.model}"
    study = _study(folder, options.model, trainer)

    def objective(trial: "Trial") -> float:
        return _trained(trial, options, trainer, module, base, folder / f"trial-{trial.number}")

    study.optimize(objective, n_trials=options.trials)
    best = replace(base, **study.best_params)
    say(f"best of {len(study.trials)} trials: {trainer.score} {study.best_value:.6g}")
    say(command(options.model, replace(best, steps=module.RECIPE.steps), module.RECIPE))
    return DONE


def _study(folder: Path, name: str, trainer: Trainer) -> "Study":
    """The search under way in a folder, or a new one."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    folder.mkdir(parents=True, exist_ok=True)
    return optuna.create_study(
        study_name=name,
        storage=JournalStorage(JournalFileBackend(str(folder / "journal.jsonl"))),
        sampler=optuna.samplers.TPESampler(),
        pruner=optuna.pruners.HyperbandPruner(),
        direction="maximize" if trainer.higher_is_better else "minimize",
        load_if_exists=True,
    )


def suggested(trial: "Trial", base: Recipe) -> Recipe:
    """What is searched through, around the recipe that is known."""
    return replace(
        base,
        optimiser=trial.suggest_categorical("optimiser", ["adamw", "adam", "nadam"]),
        rate=trial.suggest_float("rate", base.rate / 10, base.rate * 10, log=True),
        schedule=trial.suggest_categorical("schedule", ["cosine", "one-cycle", "constant"]),
        clip=trial.suggest_float("clip", 0.01, 10.0, log=True),
        weight_decay=trial.suggest_float("weight_decay", 1e-6, 1e-2, log=True),
    )


def _trained(
    trial: "Trial", options: argparse.Namespace, trainer: Trainer, module: Any, base: Recipe, folder: Path
) -> float:
    """The score of one trial. Raises `TrialPruned` where it lags behind the others."""
    from optuna import TrialPruned

    recipe = suggested(trial, base)

    def heed(event: dict[str, Any]) -> None:
        if event["event"] == "validation":
            trial.report(event[trainer.score], event["step"])
            if trial.should_prune():
                raise TrialPruned

    score = float(module.learn(options.model, options.data, folder, recipe, options.device, heed).score)
    tried = {name: value for name, value in asdict(recipe).items() if name in trial.params}
    say(f"trial {trial.number}: {trainer.score} {score:.6g} with {tried}")
    return score
