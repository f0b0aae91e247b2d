"""`inbetween train MODEL DATA`: a model from the beginning, by the recipe that made the weights that ship.

On several devices: torchrun --nproc-per-node 4 -m inbetween train MODEL DATA --device cuda
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

from inbetween.arguments import add_options, values
from inbetween.console import DONE, FAILED, Parser, perform, say
from inbetween.core.errors import PremisesError
from inbetween.models.training.recipe import Recipe
from inbetween.premises import permission


@dataclass(frozen=True)
class Trainer:
    """How a model is trained: by a module with `RECIPE`, `learn` and `publish`, on what, and judged by what."""

    module: str
    data: str
    score: str
    higher_is_better: bool


_MNIST = Trainer("inbetween.models.training.akanet_weights", "folder with MNIST's IDX files", "triad_mse", False)

_LIBRARY = "folder with a library of animations (manifest.json), or with clips packed from one"
_MOTION = Trainer("inbetween.models.training.motion_weights", _LIBRARY, "moving", True)

TRAINERS = {"akanet": _MNIST, "bbcnn": _MNIST, "motion": _MOTION}

EPILOGUE = """\
A stopped run goes on where it was when the same command is given again. The result, NAME.safetensors with its card and
graph, is a model like any other: inbetween-seq IN OUT --model NAME.safetensors

exit codes: 0 done, 1 out of time before the last step, 2 wrong use or wrong input, 130 interrupted"""


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    given = list(sys.argv[1:] if argv is None else argv)
    return perform(_parser(), lambda options: _run(options, given), given)


def _parser() -> Parser:
    parser = Parser(
        "inbetween train",
        description="Trains a model from the beginning.",
        epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", metavar="MODEL", choices=tuple(TRAINERS), help=" or ".join(TRAINERS))
    kinds = "; ".join(f"{name}: {trainer.data}" for name, trainer in TRAINERS.items())
    parser.add_argument("data", metavar="DATA", type=Path, help=kinds)
    parser.add_argument("--run", type=Path, help="Folder of checkpoints and log. [default runs/MODEL]")
    parser.add_argument("--out", type=Path, help="The weights that are written. [default MODEL.safetensors]")
    parser.add_argument("--base", type=Path, help="Weights (.safetensors) to begin with, instead of from nothing.")
    parser.add_argument("--device", default="cpu", help="Where to train: cpu, cuda or cuda:1. [default cpu]")
    add_options(parser.add_argument_group("recipe (defaults are the model's own)"), Recipe)
    said = parser.add_argument_group("what is said")
    said.add_argument("--json", action="store_true", help="One line of JSON on stdout for each thing that happens.")
    said.add_argument("-q", "--quiet", action="store_true", help="Say nothing but errors.")
    said.add_argument("-v", "--verbose", action="count", default=0, help="Say more; twice for everything.")
    return parser


def _run(options: argparse.Namespace, given: list[str]) -> int:
    require_leave(options.data)
    trainer: Any = import_module(TRAINERS[options.model].module)
    # What the command line leaves open is as the model's own recipe has it.
    options = _parser().parse_args(given, argparse.Namespace(**asdict(trainer.RECIPE)))
    recipe = Recipe(**values(options, Recipe))
    run, out = options.run or Path("runs") / options.model, options.out or Path(f"{options.model}.safetensors")
    from inbetween.training_progress import listener

    with listener("json" if options.json else "quiet" if options.quiet else "auto") as tell:
        outcome = trainer.learn(options.model, options.data, run, recipe, options.device, tell, options.base)
    if not outcome.finished:
        say(f"stopped by the clock at step {outcome.steps} of {recipe.steps}; the same command goes on from there")
        return FAILED
    if int(os.environ.get("RANK", "0")) == 0:
        again = command(options.model, recipe, trainer.RECIPE, options.base)
        trainer.publish(options.model, options.data, run, out, again, recipe, options.base)
        say(f"{out}: use it with inbetween-seq IN OUT --model {out}")
    return DONE


def command(model: str, recipe: Recipe, usual: Recipe, base: Path | None = None) -> str:
    """What is to be typed for this training again, whatever folder the data and the base are in."""
    own = asdict(usual)
    flags = [
        f"--{k.replace('_', '-')} {v}" for k, v in asdict(recipe).items() if v != own[k] and not isinstance(v, bool)
    ]
    return " ".join(["inbetween train", model, "DATA", *([f"--base {base.name}"] if base else []), *flags])


def require_leave(data: Path) -> None:
    """Footage that has a permission may be trained on only if it says so; public data need none."""
    try:
        file = permission.find(data)
    except PremisesError:
        return
    permission.require(permission.read(file), "train", date.today())
