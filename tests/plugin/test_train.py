"""`inbetween train` and `inbetween tune` drive any trainer: its recipe, its checkpoints, its weights."""

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from inbetween import train, tune
from inbetween.models.training import checkpoint, loop
from inbetween.models.training.recipe import Recipe

RECIPE = Recipe(steps=12, rate=0.05, validate_every=4, ema=0.0, warm_up=1, workers=0, clip=2.0)


class Line:
    """The smallest task: fit y = 2 x."""

    score = "error"
    higher_is_better = False

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.model: nn.Module = nn.Linear(1, 1)

    def batch(self, index: int) -> Tensor:
        return torch.from_numpy(np.random.default_rng(index).random((8, 1), np.float32))

    def loss(self, model: nn.Module, batch: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        return (model(batch) - 2 * batch).square().mean(), {}

    def validate(self, model: nn.Module) -> dict[str, float]:
        return {"error": float((model(torch.ones(1, 1)) - 2).abs())}


def learn(
    name: str, data: Path, run: Path, recipe: Recipe, device: str, tell: Any, base: Path | None = None
) -> loop.Outcome:
    return loop.train(Line(), recipe, run, device, tell)


def publish(name: str, data: Path, run: Path, weights: Path, command: str, recipe: Recipe, base: Path | None) -> None:
    checkpoint.write(load_file(run / loop.BEST), {"command": command}, weights)


@pytest.fixture(autouse=True)
def line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A model called "line", and an empty desk to work at."""
    module = ModuleType("line_trainer")
    vars(module).update(RECIPE=RECIPE, learn=learn, publish=publish)
    monkeypatch.setitem(sys.modules, "line_trainer", module)
    monkeypatch.setitem(train.TRAINERS, "line", train.Trainer("line_trainer", "anything", "error", False))
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()


def trained(capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and events of one command."""
    code = train.main(["line", "data", "--json", *more])
    lines = capsys.readouterr().out.splitlines()
    return code, [json.loads(line) for line in lines if line.startswith("{")]


def test_what_is_not_given_is_as_the_model_s_own_recipe_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    code, events = trained(capsys)
    assert code == 0
    assert events[-1]["step"] == events[-1]["steps"] == RECIPE.steps
    assert [event["step"] for event in events if event["event"] == "validation"] == [4, 8, 12]
    assert Path("line.safetensors").exists()


def test_the_command_that_is_recorded_makes_the_same_weights_again(capsys: pytest.CaptureFixture[str]) -> None:
    recipe = Recipe(**{**vars(RECIPE), "steps": 8, "rate": 0.1})
    assert train.command("line", recipe, RECIPE) == "inbetween train line DATA --steps 8 --rate 0.1"
    begun = train.command("line", recipe, RECIPE, Path("elsewhere/before.safetensors"))
    assert begun == "inbetween train line DATA --base before.safetensors --steps 8 --rate 0.1"
    trained(capsys, "--run", "one", "--out", "one.safetensors", "--steps", "8", "--rate", "0.1")
    trained(capsys, "--run", "two", "--out", "two.safetensors", "--steps", "8", "--rate", "0.1")
    one, two = load_file("one.safetensors"), load_file("two.safetensors")
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_run_that_was_ended_is_not_done_again(capsys: pytest.CaptureFixture[str]) -> None:
    trained(capsys)
    _, events = trained(capsys)
    assert [event for event in events if event["event"] == "step"] == []


def test_out_of_time_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    code = train.main(["line", "data", "--minutes", "0.0000001", "--steps", "500"])
    assert code == 1
    assert "the same command goes on from there" in capsys.readouterr().out
    assert not Path("line.safetensors").exists()


@pytest.mark.parametrize(
    ("flags", "words"), [(["--rate", "-1"], "rate is -1"), (["--steps", "0"], "steps is 0")], ids=["rate", "steps"]
)
def test_wrong_use_is_one_line(capsys: pytest.CaptureFixture[str], flags: list[str], words: str) -> None:
    assert train.main(["line", "data", *flags]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


def test_footage_under_a_permission_is_trained_on_only_if_that_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    leave = {"show": "s", "owner": "o", "approver": "a", "start": "2020-01-01", "finish": "9999-12-31"}
    Path("data/permission.json").write_text(json.dumps({**leave, "scope": ["fine-tune"]}))
    assert train.main(["line", "data"]) == 2
    assert "not train" in capsys.readouterr().err
    Path("data/permission.json").write_text(json.dumps({**leave, "scope": ["train"]}))
    assert train.main(["line", "data"]) == 0


def test_a_search_ends_with_the_command_of_the_best_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("optuna", reason="optuna is not installed")
    assert tune.main(["line", "data", "--trials", "3", "--steps", "16"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[-2].startswith("best of 3 trials: error")
    assert said[-1].startswith("inbetween train line DATA")
    assert "--steps" not in said[-1]


def test_a_search_goes_on_where_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("optuna", reason="optuna is not installed")
    for _ in range(2):
        assert tune.main(["line", "data", "--trials", "2", "--steps", "16"]) == 0
    assert "best of 4 trials" in capsys.readouterr().out


def test_a_search_too_short_to_judge_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert tune.main(["line", "data", "--steps", "3"]) == 2
    assert "raise --trials or --steps" in capsys.readouterr().err
