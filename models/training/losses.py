"""What a drawn frame and its motion are held against in training.

Pictures are (N, C, H, W), premultiplied; flows (N, 2, h, w) in cells of their own size.
"""

import torch
from torch import Tensor, nn

ROUND = 1e-3
"""Differences much smaller than this count by their square: Charbonnier's rounding of the absolute value."""
HIDDEN = 0.1
"""Weight of flow where its target is covered: it has a truth, but nothing in the picture shows it."""


def mean_square(model: nn.Module, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
    """The mean squared error of what a model makes of questions, triads (N, 3, H, W), held against answers; by name."""
    question, answer = batch
    loss = nn.functional.mse_loss(model(question).float(), answer)
    return loss, {"triad_mse": loss.detach()}


def rounded(difference: Tensor) -> Tensor:
    return torch.sqrt(difference * difference + ROUND * ROUND)


def picture(guess: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
    """Charbonnier at full, half and quarter size, and on the gradients, which is where lines are. `weight` (N,)."""
    total = 2 * _mean(rounded(guess - truth), weight)
    for axis in (2, 3):
        total = total + 0.5 * _mean((guess.diff(dim=axis) - truth.diff(dim=axis)).abs(), weight)
    for share in (1.0, 0.5):
        guess, truth = pooled(guess, 2), pooled(truth, 2)
        total = total + share * _mean(rounded(guess - truth), weight)
    return total


def coarse(guess: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
    """Charbonnier alone, for levels below the last."""
    return _mean(rounded(guess - truth), weight)


def flow(guess: Tensor, truth: Tensor, seen: Tensor) -> Tensor:
    """Robust distance (|e| + 0.001)^0.8 of flows, in cells; `seen` (N, 1, h, w) is 1, 0 hidden, -1 unknown."""
    weight = torch.where(seen > 0, 1.0, HIDDEN) * (seen >= 0)
    wrong = ((guess - truth).abs().sum(1, keepdim=True) + 1e-3) ** 0.8
    return (weight * wrong).sum() / (weight.sum() + 1)


def sampled(truth: Tensor, cell: int) -> Tensor:
    """A truth by pixel (N, C, H, W) at the middle of cells of `cell` pixels."""
    return truth[:, :, cell // 2 :: cell, cell // 2 :: cell]


def mask(logit: Tensor, seen_start: Tensor, seen_end: Tensor) -> Tensor:
    """Where one key alone shows the pixel, that key is to be shown."""
    known = (seen_start >= 0) & (seen_end >= 0) & (seen_start != seen_end)
    wrong = nn.functional.binary_cross_entropy_with_logits(logit, (seen_start > 0).float(), reduction="none")
    return (wrong.clamp(max=4) * known).sum() / (known.sum() + 100)


def mixing(share: Tensor, from_start: Tensor, from_end: Tensor, truth: Tensor) -> Tensor:
    """See-through mixing of two different pictures where one of them alone would have been as near to the truth."""
    apart = (from_start - from_end).abs().mean(1, keepdim=True)
    mixed = share * from_start + (1 - share) * from_end
    wrong = [(x - truth).abs().mean(1, keepdim=True) for x in (mixed, from_start, from_end)]
    needless = (torch.minimum(wrong[1], wrong[2]) < wrong[0] + 0.02).float().detach()
    return (4 * share * (1 - share) * apart * needless).mean()


def pooled(x: Tensor, cell: int) -> Tensor:
    return nn.functional.avg_pool2d(x, cell)


def _mean(wrong: Tensor, weight: Tensor) -> Tensor:
    return (wrong.flatten(1).mean(1) * weight).mean()
