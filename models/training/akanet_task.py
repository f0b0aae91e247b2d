"""What akaNet and bbCNN learn: the whole triad of Moving MNIST clips, by mean squared error (A. Vosskamp 2022, 5.4)."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from inbetween.core.triads import training_triads
from inbetween.models.training import losses, moving_mnist
from inbetween.models.training.recipe import Recipe
from inbetween.models.training.triads_data import CLIP, cut, in_batches, triads

HELD_OUT = 3000
"""The last training digits, kept for validation: five per cent."""
VALIDATION_SEQUENCES = 50
"""Sequences of held-out digits that weights are validated on."""
VALIDATION_SEED, TEST_SEED = 0, 1
"""Of how their digits drift, and those of the test."""

RECIPE = Recipe(
    steps=20_000,
    rate=5e-4,
    schedule="cosine",
    ema=0.99,
    clip=0.1,
    precision="bfloat16",
    validate_every=500,
    workers=0,
    threads=1,
)
"""Two hours on one free core of a Zen 5, 0.36 s a step. Tried and left: a rate of 1.5e-3, at which it stopped learning
after 500 steps, and a running mean over 1000 steps, which at step 2000 scored a seventh worse than the weights."""

Batch = tuple[Tensor, Tensor]


class MovingMnistTask:
    """A `loop.Task`: triads of sequences that never repeat, made from MNIST's training digits.

    A batch holds every one of the ten kinds of triad equally often (`each` times), each from a sequence of its own. The
    model takes and gives (N, 3, 32, 32), see `models.fold`. `validate` asks for digits that are never trained on; its
    score is the mean squared error over whole triads, the thesis' figure.
    """

    score = "triad_mse"
    higher_is_better = False

    def __init__(self, model: nn.Module, folder: Path, each: int = 2, seed: int = 1, fill: float = 0.0) -> None:
        pool = moving_mnist.digits(folder, "train")
        self.model, self.each, self.seed, self.fill = model, each, seed, fill
        self.pool = pool[:-HELD_OUT]
        clips = clips_of(pool[-HELD_OUT:], VALIDATION_SEQUENCES, VALIDATION_SEED)
        self.question, self.answer = examination(clips, fill)

    def batch(self, index: int) -> Batch:
        rng = np.random.default_rng((self.seed, index))
        numbers = np.asarray(training_triads(CLIP) * self.each)
        count = len(numbers)
        chosen = self.pool[rng.integers(0, len(self.pool), (count, moving_mnist.DIGITS))]
        places = moving_mnist.corners(rng, count)
        # Either half of the 20 frames is a clip; of it only the triad's three frames are drawn.
        frames = numbers + CLIP * rng.integers(0, moving_mnist.FRAMES // CLIP, (count, 1))
        pictures = moving_mnist.draw(chosen, places[np.arange(count)[:, None], frames])
        answer = moving_mnist.shrunk(pictures)[..., 0]
        question = answer.copy()
        question[:, 1] = self.fill
        return _planes(question), _planes(answer)

    def loss(self, model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        return losses.mean_square(model, batch)

    def validate(self, model: nn.Module) -> dict[str, float]:
        return {"triad_mse": triad_mse(model, self.question, self.answer)}


def clips_of(digits: np.ndarray, sequences: int, seed: int) -> np.ndarray:
    """Clips (2 * sequences, 10, 32, 32, 1), always the same: sequences of 20 frames, each cut in two."""
    return cut(moving_mnist.shrunk(moving_mnist.sequences(digits, np.random.default_rng(seed), sequences)))


def examination(clips: np.ndarray, fill: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Question and answer (N, 3, 32, 32): all triads of single-channel clips."""
    question, answer = triads(clips, fill)
    return question.reshape(-1, 3, *clips.shape[2:4]), answer.reshape(-1, 3, *clips.shape[2:4])


@torch.no_grad()
def triad_mse(model: nn.Module, question: np.ndarray, answer: np.ndarray) -> float:
    """Mean squared error over all three frames of all triads, of pictures from 0 to 1."""
    device = next(model.parameters()).device
    total = 0.0
    for part in in_batches(len(question), 100):
        drawn = model(_planes(question[part]).to(device)).float().cpu()
        total += float((drawn - torch.from_numpy(answer[part])).double().square().sum())
    return total / answer.size


def _planes(pictures: np.ndarray) -> Tensor:
    """Channels last in memory: on a CPU convolutions are then a tenth faster, in bfloat16 twice."""
    return torch.from_numpy(pictures).contiguous(memory_format=torch.channels_last)
