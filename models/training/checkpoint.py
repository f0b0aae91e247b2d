"""The state of a training run on disk: one safetensors file, whole or not there, and nothing that can carry code."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from inbetween.core.errors import InputError
from inbetween.core.whole import whole


@dataclass
class State:
    """Everything a run needs to go on as if it had never stopped."""

    model: nn.Module
    mean: nn.Module | None
    """The running mean of the weights, where the recipe asks for one."""
    optimiser: torch.optim.Optimizer
    step: int = 0
    seconds: float = 0.0
    best: float | None = None
    best_step: int = 0
    stale: int = 0
    """Validations since the best one."""
    ended: bool = field(default=False)

    @property
    def judged(self) -> nn.Module:
        """The weights that are validated and kept."""
        return self.mean if self.mean is not None else self.model


FIGURES = ("step", "seconds", "best", "best_step", "stale", "ended")


def save(state: State, recipe: str, path: Path) -> None:
    """Write the state, marked with its recipe's fingerprint, under a temporary name, then rename it."""
    tensors = {f"model.{name}": value for name, value in state.model.state_dict().items()}
    if state.mean is not None:
        tensors |= {f"mean.{name}": value for name, value in state.mean.state_dict().items()}
    for index, values in state.optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{name}": torch.as_tensor(value) for name, value in values.items()}
    figures = {name: getattr(state, name) for name in FIGURES}
    write(tensors, {"recipe": recipe, "figures": json.dumps(figures)}, path)


def load(state: State, recipe: str, path: Path) -> None:
    """Fill `state` from a file that `save` wrote. Raises `InputError` when it is damaged or of another recipe."""
    try:
        with safe_open(path, "pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except (SafetensorError, OSError) as cause:
        raise InputError(f"{path}: damaged checkpoint; delete it to begin anew") from cause
    if header.get("recipe") != recipe:
        raise InputError(f"{path}: made by another recipe; take an empty folder, or the recipe it was made by")
    state.model.load_state_dict(_under("model.", tensors))
    if state.mean is not None:
        state.mean.load_state_dict(_under("mean.", tensors))
    _load_optimiser(state.optimiser, _under("optimiser.", tensors))
    for name, value in json.loads(header["figures"]).items():
        setattr(state, name, value)


def write(tensors: dict[str, Tensor], header: dict[str, str], path: Path) -> None:
    """A safetensors file that is whole or absent, tensors in the common memory order."""
    plain = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    with whole(path) as aside:
        save_file(plain, aside, header)


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _load_optimiser(optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    plain: dict[int, dict[str, Any]] = {}
    for name, value in tensors.items():
        index, key = name.split(".", 1)
        plain.setdefault(int(index), {})[key] = value
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": plain, "param_groups": groups})
