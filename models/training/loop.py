"""The training loop. It knows no model and no data: a `Task` brings both.

Every batch is a pure function of its index and every step seeds its own random numbers, so a run that was killed and
resumed from its checkpoint ends with the weights it would have had. Started by `torchrun`, the same loop trains on
several processes: each takes its own batches, gradients are averaged, the first process writes.
"""

import contextlib
import json
import logging
import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, distributed, nn

from inbetween.core.errors import Cancelled, InputError
from inbetween.core.settings import fingerprint
from inbetween.models.training import checkpoint
from inbetween.models.training.recipe import Recipe, rate_at

log = logging.getLogger(__name__)

CHECKPOINT, BEST, LOG = "checkpoint.safetensors", "best.safetensors", "log.jsonl"

Event = dict[str, Any]
"""What happened, as JSON has it; a figure that is not finite is None."""


class Task(Protocol):
    """What is learnt: a model, its batches, its loss and its examination.

    Batches are made in worker processes; where processes cannot fork, the task is pickled to reach them.
    """

    model: nn.Module
    score: str
    """The figure of `validate` that decides which weights are kept."""
    higher_is_better: bool

    def batch(self, index: int) -> Any:
        """The batch of this index, always the same: tensors in tuples, lists or dicts, on the CPU."""
        ...

    def loss(self, model: nn.Module, batch: Any) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss to reduce, and its parts by name for the log."""
        ...

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Figures on data never trained on, the score among them. Called in evaluation mode, without gradients."""
        ...


@dataclass(frozen=True)
class Outcome:
    """How a run ended. `best` holds the kept weights; `finished` is False when time ran out before the last step."""

    steps: int
    score: float | None
    best: Path
    finished: bool


def train(
    task: Task,
    recipe: Recipe,
    folder: Path,
    device: str = "cpu",
    on_event: Callable[[Event], None] = lambda event: None,
) -> Outcome:
    """Train `task` in `folder`, on from its checkpoint if there is one; events go to `log.jsonl` and to `on_event`.

    `task.model` is moved to `device` and trained in place. Raises `Cancelled` on SIGTERM or SIGINT once the state is
    saved, `InputError` when the checkpoint in the folder was made by another recipe, or the score is not finite.
    """
    if recipe.threads:
        torch.set_num_threads(recipe.threads)
    with _processes(device) as (rank, world), _stop_signals() as stopped:
        run = _Run(task, recipe, folder, torch.device(device), rank, world, on_event)
        return run.go(stopped)


class _Run:
    """A run under way: its state and its clock."""

    def __init__(
        self,
        task: Task,
        recipe: Recipe,
        folder: Path,
        device: torch.device,
        rank: int,
        world: int,
        on_event: Callable[[Event], None],
    ) -> None:
        self.task, self.recipe, self.folder, self.device = task, recipe, folder, device
        self.rank, self.world, self.on_event = rank, world, on_event
        folder.mkdir(parents=True, exist_ok=True)
        model = task.model.to(device).train()
        if recipe.channels_last:
            for weight in model.parameters():
                weight.data = _laid(weight.data)
        mean = deepcopy(model).eval().requires_grad_(False) if recipe.ema else None
        self.state = checkpoint.State(model, mean, _optimiser(recipe, model))
        if (folder / CHECKPOINT).exists():
            checkpoint.load(self.state, fingerprint(recipe), folder / CHECKPOINT)
        _share([*model.parameters(), *model.buffers()], world)
        self.started = self.saved = time.monotonic()
        self.before = self.state.seconds

    def go(self, stopped: Callable[[], bool]) -> Outcome:
        state, recipe = self.state, self.recipe
        for batches in self._batches():
            self._step(batches)
            if state.step % recipe.validate_every == 0 or state.step == recipe.steps:
                self._validate()
            state.ended = state.step == recipe.steps or 0 < recipe.patience <= state.stale
            if self._agree(stopped()):
                self._save()
                raise Cancelled(f"Training stopped at step {state.step}; the same command goes on from there.")
            if self._agree(state.ended or 0 < 60 * recipe.minutes < time.monotonic() - self.started):
                break
            if time.monotonic() - self.saved > 60 * recipe.checkpoint_minutes:
                self._save()
        self._save()
        return Outcome(state.step, state.best, self.folder / BEST, state.ended)

    def _batches(self) -> Iterator[list[Any]]:
        """The batches of each step that is left, prepared ahead by the workers."""
        recipe, state = self.recipe, self.state
        left = 0 if state.ended else recipe.steps - state.step
        first = state.step * recipe.accumulate
        loader = torch.utils.data.DataLoader(
            _Indexed(self.task),
            sampler=[(first + i) * self.world + self.rank for i in range(left * recipe.accumulate)],
            batch_size=None,
            num_workers=recipe.workers,
            prefetch_factor=4 if recipe.workers else None,
            worker_init_fn=_ignore_stop_signals,
        )
        source = iter(loader)
        for _ in range(left):
            yield [next(source) for _ in range(recipe.accumulate)]

    def _step(self, batches: list[Any]) -> None:
        recipe, state = self.recipe, self.state
        torch.manual_seed((recipe.seed * 1_000_003 + state.step) * 1009 + self.rank)
        for group in state.optimiser.param_groups:
            group["lr"] = rate_at(recipe, state.step)
        parts: dict[str, Tensor] = {}
        for batch in batches:
            with torch.autocast(self.device.type, torch.bfloat16, enabled=recipe.precision == "bfloat16"):
                loss, parts = self.task.loss(state.model, _moved(batch, self.device, recipe.channels_last))
            (loss / len(batches)).backward()  # type: ignore[no-untyped-call] # untyped in torch
        parameters = [p for p in state.model.parameters() if p.grad is not None]
        _average([p.grad for p in parameters], self.world)
        _average([b for b in state.model.buffers() if b.is_floating_point()], self.world)
        norm = nn.utils.clip_grad_norm_(parameters, recipe.clip or float("inf"))
        if torch.isfinite(norm):
            state.optimiser.step()
        state.optimiser.zero_grad(set_to_none=True)
        self._follow()
        state.step += 1
        if state.step % recipe.report_every == 0 or not torch.isfinite(norm):
            figures = {"loss": loss.detach(), "gradient": norm, **parts}
            self._emit("step", rate=rate_at(recipe, state.step - 1), **{k: float(v) for k, v in figures.items()})

    def _follow(self) -> None:
        """Move the running mean; it keeps less of the past at first, so that it forgets the untrained weights."""
        state = self.state
        if state.mean is None:
            return
        keep = min(self.recipe.ema, (1 + state.step) / (10 + state.step))
        for mean, now in zip(state.mean.state_dict().values(), state.model.state_dict().values(), strict=True):
            if mean.is_floating_point():
                mean.lerp_(now, 1 - keep)
            else:
                mean.copy_(now)

    def _validate(self) -> None:
        """Every process validates the same weights, so all agree on when to stop early."""
        state, task = self.state, self.task
        state.judged.eval()
        with torch.no_grad():
            figures = task.validate(state.judged)
        state.model.train()
        score = figures[task.score]
        if not math.isfinite(score):
            raise InputError(
                f"at step {state.step} {task.score} of the validation frames is {score}: either too few of them move, "
                "and footage is to be added, or the network has diverged, and takes a lower rate"
            )
        better = state.best is None or (score > state.best if task.higher_is_better else score < state.best)
        if better:
            state.best, state.best_step, state.stale = score, state.step, 0
            if self.rank == 0:
                header = {"step": str(state.step), "figures": json.dumps(figures)}
                checkpoint.write(state.judged.state_dict(), header, self.folder / BEST)
        else:
            state.stale += 1
        self._emit("validation", best=better, **figures)

    def _save(self) -> None:
        self.state.seconds = self.before + time.monotonic() - self.started
        if self.rank == 0:
            checkpoint.save(self.state, fingerprint(self.recipe), self.folder / CHECKPOINT)
        self.saved = time.monotonic()

    def _emit(self, kind: str, **values: Any) -> None:
        if self.rank:
            return
        seconds = round(self.before + time.monotonic() - self.started, 1)
        told = {name: _finite(value) for name, value in values.items()}
        event = {"event": kind, "step": self.state.step, "steps": self.recipe.steps, "seconds": seconds, **told}
        with (self.folder / LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps(event, allow_nan=False) + "\n")
        self.on_event(event)

    def _agree(self, mine: bool) -> bool:
        """True on every process as soon as it is on one: they must stop at the same step."""
        if self.world == 1:
            return mine
        flag = torch.tensor(float(mine), device=self.device)
        distributed.all_reduce(flag, distributed.ReduceOp.MAX)
        return bool(flag)


def _finite(value: Any) -> Any:
    """None for a figure that is not finite, which JSON has no word for."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


class _Indexed(torch.utils.data.Dataset[Any]):
    """A task's batches in the form torch's loader reads."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def __getitem__(self, index: int) -> Any:
        return self.task.batch(index)


def _optimiser(recipe: Recipe, model: nn.Module) -> torch.optim.Optimizer:
    kinds: dict[str, Callable[..., torch.optim.Optimizer]] = {
        "adamw": torch.optim.AdamW,
        "adam": torch.optim.Adam,
        "nadam": torch.optim.NAdam,
    }
    learnt = [p for p in model.parameters() if p.requires_grad]
    return kinds[recipe.optimiser](learnt, lr=recipe.rate, weight_decay=recipe.weight_decay)


def _moved(batch: Any, device: torch.device, channels_last: bool) -> Any:
    if isinstance(batch, Tensor):
        batch = batch.to(device, non_blocking=True)
        return _laid(batch) if channels_last else batch
    if isinstance(batch, dict):
        return {name: _moved(value, device, channels_last) for name, value in batch.items()}
    return type(batch)([_moved(value, device, channels_last) for value in batch])


def _share(tensors: list[Tensor], world: int) -> None:
    """Give every process the first one's weights."""
    if world > 1:
        for tensor in tensors:
            distributed.broadcast(tensor.detach(), 0)


def _average(tensors: list[Any], world: int) -> None:
    if world > 1:
        for tensor in tensors:
            distributed.all_reduce(tensor)
            tensor.div_(world)


def _ignore_stop_signals(worker: int) -> None:
    """A signal meant for the whole group must not take the workers from a run that is about to save itself."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def _processes(device: str) -> Iterator[tuple[int, int]]:
    """This process' number and how many there are, as `torchrun` says; one alone without it."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield 0, 1
        return
    if device.startswith("cuda"):
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield distributed.get_rank(), world
    finally:
        distributed.destroy_process_group()


@contextlib.contextmanager
def _stop_signals() -> Iterator[Callable[[], bool]]:
    """Whether SIGTERM or SIGINT came: the loop then saves after the step under way instead of dying in it."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop.is_set
        return
    chosen = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda number, frame: stop.set()) for number in chosen]
    try:
        yield stop.is_set
    finally:
        for number, handler in zip(chosen, before, strict=True):
            signal.signal(number, handler)


def _laid(planes: Tensor) -> Tensor:
    """With channels last in memory, where there are height and width: torch raises on weights of other ranks."""
    return planes.contiguous(memory_format=torch.channels_last) if planes.ndim == 4 else planes
