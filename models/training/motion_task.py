"""What the motion network learns: generated graphics with exact motion, and real clips, at mixed sizes."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from inbetween.core.channels import RGBA
from inbetween.core.network import Network
from inbetween.models import dissolve, flow, metrics
from inbetween.models.motion.classical import offer
from inbetween.models.motion.model import in_torch
from inbetween.models.motion.mover import Graphs, Mover, candidate
from inbetween.models.motion.net import MotionNet, blended, share_of_start
from inbetween.models.motion.operations import warped
from inbetween.models.training import losses
from inbetween.models.training.clips import Packed, keys_apart, packed, triad
from inbetween.models.training.graphics import sample

Array = np.ndarray[Any, Any]
Batch = dict[str, Tensor]
Row = tuple[Any, ...]
"""Start, end, middle, t, flows and what is seen of them: a `Sample`'s, without flows for real clips."""

SIZES, CHANCES = (96, 128, 192, 256), (0.2, 0.4, 0.25, 0.15)
"""Pixels, a side of the pictures of a batch, and how likely it is to have them."""
OFFERED = 0.75
"""Share of triads that come with a candidate flow; without it the network must stand alone, as inside a host."""
SPRITES = 0.12
"""Share of real triads from clips drawn frame by frame."""
SMALL = 40
"""Fewer frames than this: drawn by hand, not by curve."""
GAPS = (2, 4, 8)
"""Frames from key to key of what is examined."""
WEIGHTS = {
    "picture": 6.0,
    "coarse": 1.0,
    "match": 0.2,
    "between": 0.12,
    "flow": 0.12,
    "mask": 0.1,
    "mixing": 0.5,
}
"""Of the parts of the loss."""


class MotionTask:
    """Learning motion (`loop.Task`). `area` is how many pixels a batch holds, whatever the size of its pictures."""

    score = "moving"
    higher_is_better = True

    def __init__(self, folder: Path, seed: int = 1, area: int = 8 * 128 * 128, examined: int = 36) -> None:
        torch.manual_seed(seed)
        self.model: nn.Module = MotionNet()
        self.folder, self.seed, self.area, self.examined = folder, seed, area, examined
        self.clips: tuple[list[Packed], list[Packed]] | None = None
        self.rivals: dict[str, float] | None = None

    def batch(self, index: int) -> Batch:
        random = np.random.default_rng((self.seed, index))
        size = int(random.choice(SIZES, p=CHANCES))
        count = max(2, round(self.area / size**2))
        rows = [self._generated(random, size) for _ in range(count // 2)]
        rows += [self._real(random, size) for _ in range(count - len(rows))]
        return _stacked(rows, random)

    def loss(self, model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        assert isinstance(model, MotionNet)
        start, end, middle, t = (batch[name] for name in ("start", "end", "middle", "t"))
        pictures, offers = model.pyramid(start, end, batch["candidate"])
        matched, state = model.matcher(model.encoder(pictures[0]))
        prepared = model.climbed(pictures, offers, matched, state, batch["offered"])
        cells, found = model.at(prepared, t)
        share = share_of_start(found, t)
        sides = warped(start, found[:, :2]), warped(end, found[:, 2:4])
        guess = share * sides[0] + (1 - share) * sides[1]
        parts = {
            "picture": losses.picture(over(guess, batch["ground"]), over(middle, batch["ground"]), batch["weight"]),
            "coarse": _coarse(cells, batch),
            "match": _between(matched, batch),
            "between": torch.stack([_between(flow, batch) for _, flow, _ in prepared]).sum(),
            "flow": _flows(cells, found, batch),
            "mask": losses.mask(found[:, 4:] + torch.log((1 - t) / t), batch["seen"][:, 2:3], batch["seen"][:, 3:]),
            "mixing": losses.mixing(share, *sides, middle),
        }
        total = torch.stack([WEIGHTS[name] * value for name, value in parts.items()]).sum()
        return total, {name: value.detach() for name, value in parts.items()}

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Figures of the network, and once and for all of dissolve and flow, on validation clips and on graphics."""
        assert isinstance(model, MotionNet)
        pieces = in_torch(lambda: model, next(model.parameters()).device.type)
        mover = Mover(Graphs(*(piece.run for piece in pieces)), RGBA, "display")
        if self.rivals is None:
            others = [build("cpu", "auto") for build in (dissolve.build, flow.build)]
            self.rivals = {}
            for other in others:
                self.rivals |= self._examine(f"{other.name}.", other.network(RGBA, "display"))
        return self._examine("", mover) | self.rivals

    def _examine(self, prefix: str, network: Network) -> dict[str, float]:
        half = np.full((1, 1, 1, 1), 0.5, np.float32)

        def draw(start: Array, end: Array) -> Array:
            return np.asarray(network(start[None], end[None], half)[0])

        _, clips = self._clips()
        figures: dict[str, float] = {}
        moving = []
        for gap in GAPS:
            triads = [w for clip in clips for w in keys_apart(clip, gap, 1)]
            triads = triads[:: max(1, len(triads) // self.examined)]
            if not triads:
                continue
            mean = metrics.mean(metrics.compare(draw(a, b), m, a, b) for a, m, b in triads)
            figures |= {f"{prefix}{gap}.{f.name}": round(getattr(mean, f.name), 5) for f in fields(mean)}
            moving.append(mean.psnr_moving)
        for reach in (0.1, 0.4):
            made = [sample(10**9 + i, 128, 0.5, reach) for i in range(self.examined // 3)]
            mean = metrics.mean(metrics.compare(draw(s.start, s.end), s.middle, s.start, s.end) for s in made)
            figures[f"{prefix}graphics{reach}"] = round(mean.psnr_moving, 4)
        figures[f"{prefix}moving"] = round(sum(moving) / len(moving), 5) if moving else float("nan")
        return figures

    def _generated(self, random: np.random.Generator, size: int) -> Row:
        made = sample(int(random.integers(2**62)), size)
        return (made.start, made.end, made.middle, np.float32(made.t), made.flows, made.seen)

    def _real(self, random: np.random.Generator, size: int) -> Row:
        clips, _ = self._clips()
        sprites = [c for c in clips if len(c.frames) < SMALL]
        curves = [c for c in clips if len(c.frames) >= SMALL]
        chosen = sprites if sprites and (not curves or random.random() < SPRITES) else curves
        start, middle, end, t = triad(random, chosen, size)
        nothing = np.zeros((4, size, size, 2), np.float32)
        return (start, end, middle, np.float32(t), nothing, np.full((4, size, size), -1, np.float32))

    def _clips(self) -> tuple[list[Packed], list[Packed]]:
        """Opened where they are used: a memory map does not travel between processes."""
        if self.clips is None:
            self.clips = packed(self.folder, "train"), packed(self.folder, "val")
        return self.clips

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "clips": None}


def over(picture: Tensor, ground: Tensor) -> Tensor:
    """A premultiplied picture, and beside it the same over a flat ground: what an artist may lay it on."""
    return torch.cat((picture, picture[:, :3] + ground * (1 - picture[:, 3:])), 1)


def _stacked(rows: Sequence[Row], random: np.random.Generator) -> Batch:
    start, end, middle, t, flows, seen = (np.stack(column) for column in zip(*rows, strict=True))
    found = np.stack([candidate(offer(a, b)) for a, b in zip(start, end, strict=True)], 1)
    offered = (random.random(len(rows)) < OFFERED).astype(np.float32)
    share = metrics.moving(middle, start, end).mean((1, 2))
    arrays = {
        "start": _planes(start),
        "end": _planes(end),
        "middle": _planes(middle),
        "t": t.reshape(-1, 1, 1, 1),
        "flows": flows.transpose(0, 1, 4, 2, 3).reshape(len(rows), 8, *start.shape[1:3]),
        "seen": seen,
        "candidate": found.reshape(-1, *found.shape[2:]),
        "offered": np.tile(offered, 2).reshape(-1, 1, 1, 1),
        "ground": random.uniform(0, 1, (len(rows), 3, 1, 1)).astype(np.float32),
        # A small thing that moves on an empty frame is to count as much as one that fills it.
        "weight": (0.4 / (0.1 + share)).astype(np.float32),
    }
    return {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}


def _planes(frames: Array) -> Array:
    return frames.transpose(0, 3, 1, 2)


def _coarse(cells: list[Tensor], batch: Batch) -> Tensor:
    """The frame drawn on every level's cells."""
    total = batch["t"].new_zeros(())
    for level in cells:
        cell = batch["start"].shape[3] // level.shape[3]
        start, end, middle = (losses.pooled(batch[name], cell) for name in ("start", "end", "middle"))
        total = total + losses.coarse(blended(start, end, level, batch["t"]), middle, batch["weight"])
    return total


def _between(found: Tensor, batch: Batch) -> Tensor:
    """Flow between the keys on one level, against the truth where there is one and against the keys everywhere."""
    truth = torch.cat((batch["flows"][:, :2], batch["flows"][:, 2:4]))
    seen = torch.cat((batch["seen"][:, :1], batch["seen"][:, 1:2]))
    cell = truth.shape[3] // found.shape[3]
    start, end = losses.pooled(batch["start"], cell), losses.pooled(batch["end"], cell)
    unlike = losses.coarse(warped(torch.cat((end, start)), found), torch.cat((start, end)), batch["weight"].repeat(2))
    return losses.flow(found, losses.sampled(truth, cell) / cell, losses.sampled(seen, cell)) + 0.3 * unlike


def _flows(cells: list[Tensor], motion: Tensor, batch: Batch) -> Tensor:
    """Backward flows from the middle frame, by cells on every level and by pixel on the last."""
    total = motion.new_zeros(())
    for guess, cell in [*((level, batch["start"].shape[3] // level.shape[3]) for level in cells), (motion, 1)]:
        for key in (0, 1):
            truth = losses.sampled(batch["flows"][:, 4 + 2 * key : 6 + 2 * key], cell) / cell
            seen = losses.sampled(batch["seen"][:, 2 + key : 3 + key], cell)
            scale = 0.25 if cell == 1 else 0.5
            total = total + scale * losses.flow(guess[:, 2 * key : 2 * key + 2], truth, seen)
    return total
