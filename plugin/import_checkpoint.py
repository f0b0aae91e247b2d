"""`inbetween import-checkpoint OLD.pt NEW.safetensors`: the one door for pickled checkpoints, and a narrow one.

A pickle is a program. torch's restricted reader runs none of it: it takes tensors and plain containers and refuses the
rest. What comes out is safetensors with a card; nothing else in this package opens a pickle.
"""

import argparse
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inbetween.console import DONE, Parser, answer, log_at, say
from inbetween.core.errors import InputError, ModelError

if TYPE_CHECKING:
    from torch import Tensor

NESTED = ("state_dict", "model_state_dict", "model", "weights")
"""Names under which training scripts put the weights beside optimisers and counters."""
PREFIX = "module."
"""What torch's data-parallel wrappers put before every name."""


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = Parser(
        "inbetween import-checkpoint",
        description="Turns a pickled torch checkpoint into safetensors, without running anything that is in it.",
    )
    parser.add_argument("checkpoint", metavar="OLD", type=Path, help="a .pt, .pth or .ckpt file")
    parser.add_argument(
        "weights", metavar="NEW.safetensors", type=Path, help="the weights; a card is written beside them"
    )
    parser.add_argument(
        "--like", required=True, metavar="MODEL", help="the model or weights file whose shape they have"
    )
    parser.add_argument(
        "--licence", required=True, metavar="SPDX", help="licence of the weights, as an SPDX identifier"
    )
    parser.add_argument("-v", "--verbose", action="count", default=0, help="Say more; twice for everything.")
    options = parser.parse_args(argv)
    log_at(options.verbose)
    return answer(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    from inbetween.finetuning import starting_point
    from inbetween.models import card

    if options.weights.suffix != ".safetensors":
        raise InputError(f"{options.weights} must end in .safetensors")
    base, like = starting_point(options.like)
    tensors = read(options.checkpoint)
    described = replace(
        base,
        name=options.weights.stem,
        licence=options.licence,
        summary=f"Imported from {options.checkpoint.name}.",
        data=[],
        metrics={},
        command="",
        base=None,
        run={},
        files={},
    )
    _require_same_shapes(options.checkpoint, tensors, like)
    card.save(tensors, described, options.weights)
    say(f"{options.weights}: {len(tensors)} tensors from {options.checkpoint}")
    return DONE


def read(checkpoint: Path) -> "dict[str, Tensor]":
    """The tensors of a pickled checkpoint, by name.

    Raises `ModelError` for a file that holds anything but tensors and plain values, without having run it.
    """
    import torch

    try:
        loaded = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise ModelError(f"{checkpoint} is missing; name a checkpoint file") from error
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, OSError, KeyError) as error:
        reason = str(error).strip().split("\n")[0]
        raise ModelError(f"{checkpoint} is refused: it is damaged or holds more than weights ({reason})") from error
    tensors = {name.removeprefix(PREFIX): value for name, value in _weights(loaded).items() if torch.is_tensor(value)}
    if not tensors:
        raise ModelError(f"{checkpoint} holds no weights; save the network's state_dict() and import that")
    return tensors


def _weights(loaded: Any) -> Mapping[str, Any]:
    """The mapping from names to tensors, wherever it is nested."""
    while isinstance(loaded, Mapping):
        inner = next((loaded[name] for name in NESTED if isinstance(loaded.get(name), Mapping)), None)
        if inner is None:
            return loaded
        loaded = inner
    return {}


def _require_same_shapes(checkpoint: Path, tensors: "dict[str, Tensor]", like: Path) -> None:
    """Raises `ModelError` naming the first tensor in which the checkpoint differs from the model it is to be like."""
    from safetensors import safe_open

    with safe_open(like, "pt") as file:
        wanted = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 - not a dict
    found = {name: tuple(value.shape) for name, value in tensors.items()}
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            raise ModelError(
                f"{checkpoint} is not of the shape of {like}: {name} is {found.get(name, 'missing')}, "
                f"not {wanted.get(name, 'known there')}"
            )
