"""A studio's shots as lessons: batches that repeat, a loss that teaches, an examination as the product draws."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from inbetween.core.channels import RGBA
from inbetween.core.errors import InputError
from inbetween.models import card, dissolve
from inbetween.models.akanet_net import AkaNet
from inbetween.models.bbcnn import BbCnn
from inbetween.models.motion.net import MotionNet
from inbetween.models.training import motion_task, reels, studio
from inbetween.models.training.graphics import sample
from inbetween.models.training.reels import Reel

SMALL: dict[str, tuple[Any, dict[str, int]]] = {
    "akanet": (AkaNet, {"units": 0, "channels": 1}),
    "bbcnn": (BbCnn, {"layers": 1, "channels": 1}),
    "motion": (MotionNet, {}),
}


@pytest.fixture
def footage(tmp_path: Path) -> list[Reel]:
    """Two reels of a bar that walks."""
    made = []
    for number in range(2):
        drawings = np.zeros((6, 40, 64, 4), np.float16)
        for step in range(6):
            drawings[step, 10 : 20 + 8 * number, 8 * step : 8 * step + 12] = (0.8, 0.2 * number, 0.1, 1)
        np.save(tmp_path / f"{number}.npy", drawings)
        made.append(Reel(tmp_path / f"{number}.npy", (0, 1, 2, 3, 4, 5)))
    return made


def lesson(architecture: str, folder: Path, footage: list[Reel]) -> tuple[studio.Lesson, card.Card]:
    torch.manual_seed(0)
    make, options = SMALL[architecture]
    described = card.Card("tiny", "1", "CC0-1.0", "Untrained.", architecture, options, 0, "direct", [], {}, "", "0")
    card.save(make(**options).state_dict(), described, folder / "tiny.safetensors")
    taught = studio.LESSONS[architecture](described, folder / "tiny.safetensors", footage, 1, 2 * 64 * 64)
    return taught, card.read(folder / "tiny.json")


def tensors(batch: Any) -> list[Any]:
    return list(batch.values()) if isinstance(batch, dict) else list(batch)


@pytest.mark.parametrize("architecture", list(studio.LESSONS))
def test_a_batch_is_the_same_whenever_it_is_asked_for(architecture: str, tmp_path: Path, footage: list[Reel]) -> None:
    taught, _ = lesson(architecture, tmp_path, footage)
    first = tensors(taught.batch(3))
    assert all(torch.equal(a, b) for a, b in zip(first, tensors(taught.batch(3)), strict=True))
    assert any(
        a.shape != b.shape or not torch.equal(a, b) for a, b in zip(first, tensors(taught.batch(4)), strict=True)
    )


@pytest.mark.parametrize("architecture", list(studio.LESSONS))
def test_a_batch_holds_the_studio_s_footage_and_what_must_not_be_forgotten(
    architecture: str, tmp_path: Path, footage: list[Reel], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"footage": 0, "graphics": 0}

    def counted(name: str, original: Any) -> Any:
        def call(*given: Any, **named: Any) -> Any:
            asked[name] += 1
            return original(*given, **named)

        return call

    monkeypatch.setattr(reels, "random_window", counted("footage", reels.random_window))
    for module in (studio, motion_task):
        monkeypatch.setattr(module, "sample", counted("graphics", sample))
    taught, _ = lesson(architecture, tmp_path, footage)
    taught.batch(0)
    assert min(asked.values()) > 0
    assert abs(asked["footage"] - asked["graphics"]) <= 1


@pytest.mark.parametrize("architecture", list(studio.LESSONS))
def test_the_loss_teaches(architecture: str, tmp_path: Path, footage: list[Reel]) -> None:
    taught, _ = lesson(architecture, tmp_path, footage)
    loss, parts = taught.loss(taught.model, taught.batch(0))
    loss.backward()
    assert bool(torch.isfinite(loss))
    assert parts
    assert any(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in taught.model.parameters())


@pytest.mark.parametrize("architecture", list(studio.LESSONS))
def test_an_examination_runs_the_weights_as_the_product_does(
    architecture: str, tmp_path: Path, footage: list[Reel]
) -> None:
    taught, described = lesson(architecture, tmp_path, footage)
    task = studio.Studio(taught, described, footage, 3)
    with torch.no_grad():
        figures = task.validate(task.model)
    assert {"moving", "remembered", "psnr_moving", "smear"} <= figures.keys()
    assert figures["moving"] == figures["psnr_moving"]
    assert all(np.isfinite(value) for value in figures.values())


def test_shots_in_which_nothing_moves_choose_no_weights(tmp_path: Path, footage: list[Reel]) -> None:
    taught, described = lesson("motion", tmp_path, footage)
    drawings = np.load(footage[0].file)
    np.save(footage[0].file, np.repeat(drawings[:1], len(drawings), axis=0))
    with pytest.raises(InputError, match="nothing moves"):
        studio.Studio(taught, described, footage[:1], 3)


def test_examined_is_better_the_nearer_the_truth(footage: list[Reel]) -> None:
    network = dissolve.build("cpu", "auto").network(RGBA, "display")
    windows = [reel.window(*three) for reel in footage for three in reels.examination(reel, (2,), 2)]
    faded = studio.examined(network, windows)
    true = studio.examined(lambda start, end, t: windows[0].frames[1][None], windows[:1])
    assert true.psnr_moving > faded.psnr_moving


def test_generated_graphics_to_remember_are_always_the_same() -> None:
    first, second = ([window.frames for window in studio.graphics(2)] for _ in range(2))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
