"""`inbetween COMMAND`: every command by name; a command's module is imported when it runs."""

import sys
from collections.abc import Sequence
from importlib import import_module

from inbetween import __version__
from inbetween.console import DONE, WRONG, answer, complain, say

COMMANDS: dict[str, tuple[str, str]] = {
    "seq": ("inbetween.seq", "fill the gaps of a frame sequence (the same as inbetween-seq)"),
    "models": ("inbetween.model_list", "show which models there are, and the weights behind them"),
    "doctor": ("inbetween.doctor", "show what works on this machine: versions, engines, devices, models"),
    "farm": ("inbetween.farm", "write a render farm job that fills the gaps in parallel"),
    "bench": ("inbetween.bench", "measure how well and how fast each model draws"),
    "moving-mnist": ("inbetween.moving_mnist", "measure models on handwritten digits that none of them has seen"),
    "data": ("inbetween.data", "keep the training store: what is in it, and who may learn from it"),
    "finetune": ("inbetween.finetune", "let a model learn from a studio's own finished shots"),
    "train": ("inbetween.train", "train a model from scratch, resumable at any time"),
    "tune": ("inbetween.tune", "search for the settings a model learns best with"),
    "publish": ("inbetween.publish", "check finished sequences and put them into the training store"),
    "import-checkpoint": ("inbetween.import_checkpoint", "turn an old pickled checkpoint into safe weights"),
    "export": ("inbetween.export", "turn trained weights into what another program runs"),
}
"""Name -> module with `main(argv) -> int`, and what it does in a few words."""


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    given = list(sys.argv[1:] if argv is None else argv)
    if not given or given[0] in ("-h", "--help", "help"):
        say(_overview())
        return DONE if given else WRONG
    if given[0] in ("-V", "--version"):
        say(f"inbetween {__version__}")
        return DONE
    if given[0] not in COMMANDS:
        complain(f"there is no command {given[0]!r}; choose one of {', '.join(COMMANDS)}")
        return WRONG
    module, _ = COMMANDS[given[0]]
    return answer(lambda: int(import_module(module).main(given[1:])))


def _overview() -> str:
    rows = "\n".join(f"  {name:20}{text}" for name, (_, text) in COMMANDS.items())
    return f"usage: inbetween COMMAND ...\n\ncommands:\n{rows}\n\n`inbetween COMMAND --help` says more about each."
