"""Learning on from weights that exist: a studio's shots, mixed half and half with what the weights must not forget.

The other half are generated graphics (`graphics`), which every installation can make again. A lesson brings batches and
loss of one architecture; `Studio` makes of it a task for the loop, examined by running the weights as the product does.
"""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from inbetween.core.channels import RGBA
from inbetween.core.errors import InputError, ModelError
from inbetween.core.network import Network
from inbetween.models import akanet, card, metrics, registry
from inbetween.models.card import Card
from inbetween.models.engines import filled
from inbetween.models.metrics import Scores
from inbetween.models.motion.model import network_of
from inbetween.models.training import losses, reels
from inbetween.models.training.augment import augmented
from inbetween.models.training.graphics import sample
from inbetween.models.training.motion_task import GAPS, MotionTask
from inbetween.models.training.reels import Reel, Window

Array = np.ndarray[Any, Any]

NEVER_TRAINED = 10**9
"""Seeds of generated triads from here on are examined on, never learnt from."""


class Lesson(Protocol):
    """What one architecture learns: see `loop.Task`."""

    model: nn.Module

    def batch(self, index: int) -> Any: ...

    def loss(self, model: nn.Module, batch: Any) -> tuple[Tensor, dict[str, Tensor]]: ...


class TriadLesson:
    """akaNet and bbCNN: halfway triads of one channel, brought to 0..1 by its keys as `akanet.Painter` does."""

    def __init__(self, base: Card, weights: Path, footage: Sequence[Reel], seed: int, area: int) -> None:
        if base.options.get("channels", 1) != 1:
            raise ModelError(f"{weights} paints {base.options['channels']} channels together; only one can be taught")
        self.model: nn.Module = filled(akanet.architecture(base), weights).triads  # type: ignore[assignment] # a module
        self.footage, self.seed, self.area = footage, seed, area

    def batch(self, index: int) -> tuple[Tensor, Tensor]:
        """Questions (start and end) and answers (the whole triad), (N, 3, S, S)."""
        random = np.random.default_rng((self.seed, index))
        size = int(random.choice((32, 48, 64)))
        count = max(2, self.area // size**2)
        planes = [self._plane(random, size, generated=i % 2 == 0) for i in range(count)]
        answer = np.stack(planes)
        question = answer.copy()
        question[:, 1] = 0
        return torch.from_numpy(question), torch.from_numpy(answer)

    def loss(self, model: nn.Module, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        return losses.mean_square(model, batch)

    def _plane(self, random: np.random.Generator, size: int, generated: bool) -> Array:
        """One channel of a triad, (3, S, S), the liveliest of a random choice of two."""
        if generated:
            made = sample(int(random.integers(NEVER_TRAINED)), size, 0.5)
            frames = np.stack((made.start, made.middle, made.end))
        else:
            reel = self.footage[int(random.integers(len(self.footage)))]
            frames, _ = augmented(*_timed(reels.random_window(reel, random, size, halfway=True)), random)
        channels = random.choice(4, 2, replace=False)
        chosen = max(channels, key=lambda c: float(np.ptp(frames[..., c])))
        plane = frames[..., chosen]
        low, high = (float(f(plane[[0, 2]])) for f in (np.min, np.max))
        return np.ascontiguousarray((plane - low) / max(high - low, 1e-3))


class MotionLesson(MotionTask):
    """The motion network: its own task, with the studio's shots as its real clips."""

    def __init__(self, base: Card, weights: Path, footage: Sequence[Reel], seed: int, area: int) -> None:
        super().__init__(Path(), seed, area)
        self.model = network_of(weights)
        self.footage = footage

    def _real(self, random: np.random.Generator, size: int) -> tuple[Array, ...]:
        reel = self.footage[int(random.integers(len(self.footage)))]
        frames, (_, t, _) = augmented(*_timed(reels.random_window(reel, random, size)), random)
        no_flow = np.zeros((4, size, size, 2), np.float32)
        nothing_known = np.full((4, size, size), -1, np.float32)
        return frames[0], frames[2], frames[1], np.asarray(t, np.float32), no_flow, nothing_known


LESSONS: dict[str, Callable[[Card, Path, Sequence[Reel], int, int], Lesson]] = {
    "akanet": TriadLesson,
    "bbcnn": TriadLesson,
    "motion": MotionLesson,
}
"""Architecture -> what it learns, made from card, weights, training shots, seed and pixels in a batch."""


class Studio:
    """A `loop.Task`: one architecture's lesson, examined on a studio's validation shots and on generated graphics.

    The score is `moving`, the PSNR of moving pixels on the studio's shots; `remembered` is the same on the graphics.
    """

    score = "moving"
    higher_is_better = True

    def __init__(self, lesson: Lesson, base: Card, validation: Sequence[Reel], count: int) -> None:
        """`count` is how many windows of the shots are examined at most; of generated graphics a third as many.

        Raises `InputError` when nothing moves in the shots.
        """
        self.model, self.lesson, self.base, self.count = lesson.model, lesson, base, count
        found = [(reel, three) for reel in validation for three in reels.examination(reel, GAPS, 2)]
        if not found:
            raise InputError("nothing moves in the shots that are to choose the best weights; add footage that does")
        self.windows = found[:: max(1, len(found) // count)][:count]

    def batch(self, index: int) -> Any:
        return self.lesson.batch(index)

    def loss(self, model: nn.Module, batch: Any) -> tuple[Tensor, dict[str, Tensor]]:
        return self.lesson.loss(model, batch)

    def validate(self, model: nn.Module) -> dict[str, float]:
        with tempfile.TemporaryDirectory() as folder:
            weights = Path(folder) / "candidate.safetensors"
            card.save(model.state_dict(), self.base, weights)
            network = registry.from_file(weights, "cpu", "torch").network(RGBA, "display")
            figures = examined(network, (reel.window(*three) for reel, three in self.windows))
            remembered = examined(network, graphics(self.count // 3))
        return {"moving": figures.psnr_moving, **asdict(figures), "remembered": remembered.psnr_moving}


def examined(network: Network, windows: Iterable[Window]) -> Scores:
    """The mean figures of what a network draws for windows."""

    def scores(window: Window) -> Scores:
        start, middle, end = window.frames
        drawn = network(start[None], end[None], np.full((1, 1, 1, 1), window.t, np.float32))[0]
        return metrics.compare(drawn, middle, start, end)

    return metrics.mean(scores(window) for window in windows)


def graphics(count: int) -> Iterable[Window]:
    """Generated triads that no weights have learnt from, always the same."""
    for number in range(max(1, count)):
        made = sample(NEVER_TRAINED + number, 128, 0.5, (0.1, 0.4)[number % 2])
        yield Window(np.stack((made.start, made.middle, made.end)), 0.5)


def _timed(window: Window) -> tuple[Array, tuple[float, float, float]]:
    return window.frames, (0.0, window.t, 1.0)
