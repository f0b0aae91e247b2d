"""How a model is trained, as one settings dataclass: what a run depends on besides its data."""

import math
from dataclasses import dataclass

from inbetween.core.settings import check, option


@dataclass(frozen=True)
class Recipe:
    """One training run. Immutable; raises `SettingsError` when a value is out of bounds."""

    steps: int = option(10_000, "Optimiser steps of the whole run; the learning-rate schedule ends there.", minimum=1)
    minutes: float = option(
        0.0,
        "Stop and save after this much time, to go on another day; 0 runs to the last step.",
        minimum=0.0,
        unit="min",
        pixels=False,
    )
    optimiser: str = option(
        "adamw", "Optimiser; adamw suits most, nadam is the thesis'.", choices=("adamw", "adam", "nadam")
    )
    rate: float = option(5e-4, "Highest learning rate; halve it when the loss jumps.", minimum=0.0)
    schedule: str = option(
        "cosine",
        "Course of the learning rate: constant, cosine to nearly zero, or one-cycle (up for three tenths, then down).",
        choices=("constant", "cosine", "one-cycle"),
    )
    warm_up: int = option(100, "Steps in which the learning rate rises from zero.", minimum=0)
    weight_decay: float = option(1e-4, "Decay of the weights towards zero; adam and nadam take it as L2.", minimum=0.0)
    ema: float = option(
        0.999,
        "Share of the running mean of the weights kept at each step; the mean is what is validated and kept. 0 is off.",
        minimum=0.0,
        maximum=0.99999,
    )
    clip: float = option(1.0, "Largest norm of the whole gradient; 0 does not clip.", minimum=0.0)
    accumulate: int = option(1, "Batches summed into one optimiser step; raise it when memory is short.", minimum=1)
    precision: str = option(
        "float32",
        "Arithmetic of convolutions and products; bfloat16 is faster where the processor knows it.",
        choices=("float32", "bfloat16"),
    )
    channels_last: bool = option(False, "Keep pictures with channels last in memory; faster with bfloat16 on a CPU.")
    validate_every: int = option(1000, "Steps between validations.", minimum=1)
    patience: int = option(0, "Validations without a better score before stopping; 0 never stops early.", minimum=0)
    seed: int = option(1, "Seed of weights and data; the same seed gives the same run.", minimum=0)
    workers: int = option(1, "Processes that prepare batches ahead; 0 does it in between.", minimum=0, pixels=False)
    threads: int = option(0, "CPU threads of the training itself; 0 takes the default.", minimum=0, pixels=False)
    checkpoint_minutes: float = option(
        3.0, "Minutes between checkpoints; a killed run goes on from the last.", minimum=0.0, unit="min", pixels=False
    )
    report_every: int = option(50, "Steps between lines in the log.", minimum=1, pixels=False)

    def __post_init__(self) -> None:
        check(self)


def rate_at(recipe: Recipe, step: int) -> float:
    """The learning rate of step 0, 1, ...: a pure function, so that a resumed run continues its course."""
    warm = min(1.0, (step + 1) / max(recipe.warm_up, 1))
    done = min(1.0, step / recipe.steps)
    if recipe.schedule == "constant":
        return recipe.rate * warm
    if recipe.schedule == "cosine":
        return recipe.rate * warm * (0.01 + 0.99 * _half_cosine(done))
    rising = 0.3
    if done < rising:
        return recipe.rate * (0.04 + 0.96 * (1 - _half_cosine(done / rising)))
    return recipe.rate * (0.001 + 0.999 * _half_cosine((done - rising) / (1 - rising)))


def _half_cosine(share: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * share))
