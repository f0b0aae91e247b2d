"""`inbetween-finetune RENDERS --base MODEL --out studio.safetensors`: a model learns from a studio's finished shots.

Nothing heavy is imported here: the process is cut off the network before libraries that start threads are loaded.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from inbetween.arguments import add_options, values
from inbetween.console import DONE, Parser, perform
from inbetween.core.errors import InputError
from inbetween.core.settings import check, option
from inbetween.models.training.rules import Rules
from inbetween.premises import isolation, permission

PURPOSE = "fine-tune"

EPILOGUE = """\
RENDERS needs a permission.json with the owner's leave (docs/premises.md). The process cuts itself off the network
first. Shots are split 80/15/5: the last part is never learnt from, and the report is made on it. A stopped run goes on
where it was when the same command is given again, and ends with the same weights.

The result is a model like any other: inbetween-seq IN OUT --model studio.safetensors

exit codes: 0 done, 1 something failed, 2 wrong use, wrong input, no permission or no improvement, 130 interrupted"""


@dataclass(frozen=True)
class FineTune:
    """One fine-tuning. Immutable; raises `SettingsError` when a value is out of bounds."""

    base: str = option(
        "motion", "Model to begin with: a name from `inbetween models`, or a .safetensors file.", pixels=False
    )
    out: str = option("studio.safetensors", "The new weights; a card is written beside them.", pixels=False)
    store: str = option("training-store", "Folder that keeps the footage and the audit log.", pixels=False)
    show: str = option("", "Of a training store, learn from this show alone.", pixels=False)
    steps: int = option(
        1500, "Optimiser steps; twice as many take twice as long and gain a little.", minimum=1, maximum=1_000_000
    )
    rate: float = option(1e-4, "Highest learning rate; lower it when the base is forgotten.", minimum=0.0, maximum=1.0)
    area: int = option(8 * 128 * 128, "Pixels in a batch; lower it when memory is short.", minimum=1024, unit="px")
    longest: int = option(
        512, "Longer side at which footage is learnt from; the report is made at full size.", minimum=64, unit="px"
    )
    validations: int = option(10, "How often the weights are examined on the way; the best are kept.", minimum=1)
    examined: int = option(48, "In-betweens that each examination draws; fewer are quicker to draw.", minimum=3)
    seed: int = option(1, "The same seed and footage give the same weights.", minimum=0)
    minutes: float = option(
        60.0, "Time after which the best weights so far are taken; 0 has no end.", minimum=0.0, unit="min", pixels=False
    )
    device: str = option(
        "auto", "Where to train; auto takes CUDA where it works.", choices=("auto", "cpu", "cuda"), pixels=False
    )
    precision: str = option(
        "bfloat16",
        "Arithmetic of the training; take float32 on processors and cards that are slow at bfloat16.",
        choices=("float32", "bfloat16"),
    )
    workers: int = option(1, "Processes that prepare batches.", minimum=0, maximum=64, pixels=False)
    strict: bool = option(False, "Stop at the first clip that cannot be read instead of leaving it out.", pixels=False)
    accept_worse: bool = option(False, "Hand over the weights even if they are no better than the base.", pixels=False)
    allow_open_network: bool = option(
        False, "Go on where the kernel refuses to cut the network off; it is written into the record.", pixels=False
    )

    def __post_init__(self) -> None:
        check(self)


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    return perform(_parser(), _run, argv)


def _parser() -> Parser:
    parser = Parser(
        "inbetween-finetune",
        description="Teaches a model a studio's own style, from its finished shots, on its own machine.",
        epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("renders", metavar="RENDERS", help="folder of finished sequences and animations, or a store")
    add_options(parser.add_argument_group("what is learnt"), FineTune)
    add_options(parser.add_argument_group("what is fit to learn from"), Rules)
    said = parser.add_argument_group("what is said")
    said.add_argument("--json", action="store_true", help="One line of JSON on stdout for each thing that happens.")
    said.add_argument("-q", "--quiet", action="store_true", help="Say nothing but errors and the report.")
    said.add_argument("-v", "--verbose", action="count", default=0, help="Say more; twice for everything.")
    return parser


def _run(options: argparse.Namespace) -> int:
    settings, rules = FineTune(**values(options, FineTune)), Rules(**values(options, Rules))
    renders = Path(options.renders)
    _require_writable(Path(settings.out))
    if not permission.is_store(renders):
        permission.require(permission.read(permission.find(renders)), PURPOSE, date.today())
    evidence = isolation.cut_network(settings.allow_open_network)
    from inbetween import finetuning  # only now: its libraries start threads, and threads cannot be moved
    from inbetween.training_progress import listener

    voice = "json" if options.json else "quiet" if options.quiet else "auto"
    with listener(voice) as tell:
        finetuning.finetune(renders, settings, rules, evidence, tell)
    return DONE


def _require_writable(out: Path) -> None:
    """Raises `InputError` before an hour is spent on weights that could not be written."""
    if out.suffix != ".safetensors":
        raise InputError(f"--out is {out}; weights are written as .safetensors")
    if not out.parent.is_dir():
        raise InputError(f"{out.parent} does not exist; make the folder for the new weights first")
