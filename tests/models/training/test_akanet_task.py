import gzip
import hashlib
import struct
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

pytest.importorskip("torch")

import torch

from inbetween import moving_mnist as moving_mnist_command
from inbetween.core.channels import GREY
from inbetween.core.triads import training_triads
from inbetween.models import dissolve, registry
from inbetween.models.akanet_net import AkaNet
from inbetween.models.training import akanet_task, akanet_weights, moving_mnist
from inbetween.models.training import moving_mnist_figures as figures
from inbetween.models.training.akanet_task import MovingMnistTask, clips_of, examination, triad_mse
from inbetween.models.training.loop import train
from inbetween.models.training.triads_data import SHARES, cut, split, triads


def random_digits(count: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, 28, 28), np.uint8)


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MovingMnistTask:
    """The task on a few noisy "digits", with a small network."""
    images, name = random_digits(12), moving_mnist.FILES["train"][0]
    raw = struct.pack(">4i", 2051, *images.shape) + images.tobytes()
    (tmp_path / name).write_bytes(gzip.compress(raw))
    monkeypatch.setitem(moving_mnist.FILES, "train", (name, hashlib.md5(raw).hexdigest()))
    monkeypatch.setattr(akanet_task, "HELD_OUT", 4)
    monkeypatch.setattr(akanet_task, "VALIDATION_SEQUENCES", 2)
    torch.manual_seed(0)
    return MovingMnistTask(AkaNet(units=1), tmp_path, each=1)


class TestData:
    @given(st.integers(20, 2000), st.integers(0, 99))
    def test_the_split_is_80_15_5_and_shares_nothing(self, count: int, seed: int) -> None:
        parts = split(count, seed)
        everything = np.concatenate(list(parts.values()))
        assert np.array_equal(np.sort(everything), np.arange(count))
        for name, share in SHARES.items():
            assert abs(len(parts[name]) - share * count) <= 1

    def test_sequences_are_cut_into_whole_clips(self) -> None:
        frames = np.arange(2 * 25).reshape(2, 25, 1, 1, 1)
        clips = cut(frames)
        assert clips.shape == (4, 10, 1, 1, 1)
        assert clips[:, 0].ravel().tolist() == [0, 10, 25, 35]

    def test_only_the_middle_is_hidden_from_a_triad(self) -> None:
        clips = np.random.default_rng(0).random((2, 10, 4, 4, 1), dtype=np.float32)
        question, answer = triads(clips, fill=1.0)
        assert question.shape == answer.shape == (2, 10, 3, 4, 4, 1)
        assert np.all(question[:, :, 1] == 1)
        assert np.array_equal(question[:, :, [0, 2]], answer[:, :, [0, 2]])
        for k, numbers in enumerate(training_triads(10)):
            assert np.array_equal(answer[:, k], clips[:, list(numbers)])


class TestTask:
    def test_a_batch_depends_on_its_index_alone(self, task: MovingMnistTask) -> None:
        first, again, other = task.batch(7), task.batch(7), task.batch(8)
        assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
        assert not torch.equal(first[1], other[1])

    def test_a_batch_has_every_kind_of_triad_and_hides_its_middle(self, task: MovingMnistTask) -> None:
        question, answer = task.batch(0)
        assert question.shape == answer.shape == (10, 3, 32, 32)
        assert not question[:, 1].any()
        assert torch.equal(question[:, [0, 2]], answer[:, [0, 2]])
        closing = training_triads(10).index((8, 9, 9))
        assert torch.equal(answer[closing, 1], answer[closing, 2])
        assert not torch.equal(answer[closing, 1], answer[closing, 0])

    def test_held_out_digits_are_never_learnt(self, task: MovingMnistTask) -> None:
        assert len(task.pool) == 8
        assert np.array_equal(task.pool, random_digits(12)[:8])

    def test_the_score_of_an_untrained_akanet_is_the_dissolve_s(self, task: MovingMnistTask) -> None:
        faded = task.question.copy()
        faded[:, 1] = (faded[:, 0] + faded[:, 2]) / 2
        dissolve = float(np.square(faded - task.answer).mean())
        assert task.validate(task.model)["triad_mse"] == pytest.approx(dissolve, rel=1e-4)

    @pytest.mark.parametrize("name", ["akanet", "bbcnn"])
    def test_both_networks_of_the_thesis_set_out_from_the_dissolve(self, name: str) -> None:
        triad = torch.rand(2, 3, 8, 8)
        triad[:, 1] = 0
        faded = triad.clone()
        faded[:, 1] = (triad[:, 0] + triad[:, 2]) / 2
        with torch.no_grad():
            assert torch.allclose(akanet_weights.untrained(name)(triad), faded, atol=1e-6)

    def test_the_examination_is_always_the_same(self) -> None:
        twice = [examination(clips_of(random_digits(6), 2, seed=3)) for _ in range(2)]
        assert np.array_equal(twice[0][1], twice[1][1])
        assert twice[0][0].shape == (40, 3, 32, 32)

    def test_a_perfect_answer_scores_0(self) -> None:
        class Oracle(torch.nn.Linear):
            def forward(self, triad: torch.Tensor) -> torch.Tensor:
                return triad

        _, answer = examination(clips_of(random_digits(6), 1, seed=3))
        assert triad_mse(Oracle(1, 1), answer, answer) == 0

    def test_the_loop_learns_it_and_gets_better_than_the_dissolve(self, task: MovingMnistTask, tmp_path: Path) -> None:
        before = task.validate(task.model)["triad_mse"]
        recipe = replace(akanet_task.RECIPE, steps=6, rate=3e-3, warm_up=2, validate_every=6, precision="float32")
        outcome = train(task, recipe, tmp_path / "run")
        assert outcome.score is not None
        assert outcome.score < before


class TestFigures:
    def test_the_dissolve_on_triads_is_what_arithmetic_says(self) -> None:
        _, answer = examination(clips_of(random_digits(6), 1, seed=3))
        network = dissolve.network(GREY, "display")
        expected = np.square((answer[:, 0] + answer[:, 2]) / 2 - answer[:, 1]).mean() / 3
        assert figures.triad_mse(network, answer) == pytest.approx(expected, rel=1e-5)

    def test_a_clip_is_filled_from_its_two_ends_alone(self) -> None:
        clip = np.random.default_rng(0).random((10, 8, 8, 1), dtype=np.float32)
        other = np.concatenate((clip[:1], np.zeros_like(clip[1:-1]), clip[-1:]))
        drawn = [figures.filled(dissolve.network(GREY, "display"), each, True) for each in (clip, other)]
        assert np.array_equal(drawn[0], drawn[1])
        assert np.array_equal(drawn[0][[0, -1]], clip[[0, -1]])
        assert figures.inbetween_mse(drawn[0][None], drawn[1][None]) == 0

    def test_the_sheet_shows_every_row_of_every_clip(self) -> None:
        clips = np.random.default_rng(0).random((2, 10, 32, 32, 1), dtype=np.float32)
        picture = figures.sheet({"truth": clips, "model": 1 - clips})
        assert picture.dtype == np.uint8
        line = figures.SIDE + figures.GAP
        assert picture.shape == (2 * 2 * line + 4 * figures.GAP, figures.NAME + 10 * line)
        assert np.array_equal(
            picture[: figures.SIDE : 3, figures.NAME : figures.NAME + figures.SIDE : 3],
            (clips[0, 0, ..., 0] * 255).astype(np.uint8),
        )

    def test_the_command_measures_models_and_writes_the_sheet(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(moving_mnist, "digits", lambda folder, part: random_digits(5))
        sheet = tmp_path / "sheet.png"
        given = [str(tmp_path), "--models", "dissolve,flow", "--sequences", "2", "--sheet", str(sheet)]
        assert moving_mnist_command.main(given) == 0
        assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["MODEL", "dissolve", "flow"]
        assert cv2.imread(str(sheet)).shape[0] > 3 * 4 * figures.SIDE
        assert moving_mnist_command.main([*given[:-1], str(tmp_path / "none" / "sheet.png")]) == 2
        assert moving_mnist_command.main([*given[:-1], str(tmp_path / "sheet.odd")]) == 2


def test_training_ends_with_weights_their_graph_and_a_card_with_the_baselines(
    task: MovingMnistTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving_mnist, "digits", lambda folder, part: random_digits(12))
    monkeypatch.setattr(akanet_weights, "TEST_SEQUENCES", 1)
    monkeypatch.setitem(akanet_weights.OPTIONS, "akanet", {"units": 1, "channels": 1})
    recipe = replace(akanet_task.RECIPE, steps=2, validate_every=1, precision="float32")
    outcome = akanet_weights.learn("akanet", tmp_path, tmp_path / "run", recipe)
    assert outcome.finished
    weights = tmp_path / "small.safetensors"
    known = akanet_weights.publish("akanet", tmp_path, tmp_path / "run", weights, "the command", recipe)
    assert set(known.files) == {"small.safetensors", "small.onnx"}
    assert set(known.metrics["rows"]) == {"akanet", "dissolve", "flow"}
    assert (known.command, known.run["recipe"]["steps"]) == ("the command", 2)
    assert 1 <= known.run["step"] <= 2
    model = registry.load(str(weights), "cpu")
    assert (model.name, model.engine, model.scheme) == ("akanet", "onnxruntime CPUExecutionProvider", "triads")
    assert model.weights_sha256 == known.files["small.onnx"]
