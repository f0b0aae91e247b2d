"""A tiny model learns from tiny footage by the real command: report, refusals, kills, records."""

import json
import os
import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from inbetween.models import card, registry
from inbetween.models.akanet_net import AkaNet
from inbetween.models.card import Card, save
from inbetween.premises import audit, manifest

OPTIONS = [
    "--steps",
    "6",
    "--area",
    "4096",
    "--validations",
    "2",
    "--workers",
    "0",
    "--rate",
    "0.002",
    "--minutes",
    "0",
]
COMMAND = [sys.executable, "-c", "import sys; from inbetween.finetune import main; sys.exit(main())"]
QUIET = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a base model, and renders of three shots with the owner's leave."""
    folder = tmp_path_factory.mktemp("desk")
    torch.manual_seed(0)
    options = {"units": 0, "channels": 1}
    described = Card("tiny", "1", "CC0-1.0", "Untrained.", "akanet", options, 0, "triads", [], {}, "", "0")
    save(AkaNet(**options).state_dict(), described, folder / "tiny.safetensors")
    renders = folder / "renders"
    renders.mkdir()
    today = date.today()
    leave = {"show": "short", "owner": "The Studio", "approver": "A. Producer", "scope": ["fine-tune"]}
    dates = {"start": today.isoformat(), "finish": (today + timedelta(1)).isoformat()}
    (renders / "permission.json").write_text(json.dumps({**leave, **dates}))
    for seed in range(3):
        shot(renders / f"shot{seed}.gif", seed)
    return folder


def shot(file: Path, seed: int, count: int = 5) -> None:
    random = np.random.default_rng(seed)
    row, colour = int(random.integers(2, 12)), (*random.integers(80, 255, 3), 255)
    frames = []
    for step in range(count):
        pixels = np.zeros((24, 32, 4), np.uint8)
        pixels[row : row + 8, 4 * step : 4 * step + 6 + 3 * seed] = colour
        frames.append(Image.fromarray(pixels))
    frames[0].save(file, save_all=True, append_images=frames[1:], duration=80, loop=0, disposal=2)


def command(desk: Path, place: Path, *more: str) -> list[str]:
    place.mkdir(exist_ok=True)
    paths = ["--base", str(desk / "tiny.safetensors"), "--out", str(place / "studio.safetensors")]
    network = [] if can_cut() else ["--allow-open-network"]
    return [*COMMAND, str(desk / "renders"), *paths, "--store", str(place / "store"), *OPTIONS, *network, *more]


def can_cut() -> bool:
    program = "from inbetween.premises.isolation import cut_network; cut_network()"
    return subprocess.run([sys.executable, "-c", program], capture_output=True).returncode == 0


def run(desk: Path, place: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(desk, place, *more), capture_output=True, text=True, env=QUIET)


@pytest.fixture(scope="module")
def tuned(desk: Path) -> "tuple[Path, subprocess.CompletedProcess[str]]":
    """One whole run, whatever it came to."""
    place = desk / "whole"
    ended = run(desk, place, "--accept-worse")
    assert ended.returncode == 0, ended.stderr
    return place, ended


Tuned = tuple[Path, "subprocess.CompletedProcess[str]"]


def test_the_result_is_a_model_like_any_other(tuned: Tuned) -> None:
    model = registry.load(str(tuned[0] / "studio.safetensors"), "cpu", "torch")
    assert (model.name, model.licence) == ("studio", "CC0-1.0")
    described = card.read(tuned[0] / "studio.json")
    assert described.run["finished"] is True
    assert described.data[-1]["name"] == "short"


def test_the_report_has_before_after_dissolve_and_flow_for_every_metric(tuned: Tuned) -> None:
    rows = [line.split("|")[1].strip() for line in tuned[1].stdout.splitlines() if line.startswith("|")]
    for name in ("before", "after", "dissolve", "flow"):
        assert name in rows
    assert "generated graphics, which the base knew" in tuned[1].stdout
    metrics = card.read(tuned[0] / "studio.json").metrics
    assert {"psnr", "psnr_moving", "ssim", "line_chamfer", "smear", "alpha_error"} <= set(metrics["2 apart, after"])


def test_every_step_is_on_the_record(tuned: Tuned) -> None:
    store = tuned[0] / "store"
    events = {event["event"]: event["details"] for event in audit.events(store)}
    assert list(events) == ["start", "add", "hand over"]
    assert events["start"]["isolation"]["cut"] is can_cut()
    (recorded,) = manifest.manifests(store)
    assert (
        recorded["Weights"]["sha256"] == events["hand over"]["weights"] == card.sha256(tuned[0] / "studio.safetensors")
    )
    assert {asset["side"] for asset in recorded["Dataset"]["assets"]} == {"train", "validation", "test"}
    assert recorded["License"]["parties"] == ["The Studio", "A. Producer"]
    assert [weights.shots for weights in manifest.learned_from(store, "short")] == [3]


def test_nothing_of_the_footage_is_left_outside_of_the_store(tuned: Tuned) -> None:
    assert list((tuned[0] / "store" / "work").iterdir()) == []
    assert sorted(p.name for p in tuned[0].iterdir()) == ["store", "studio.json", "studio.safetensors"]


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_stopped_half_way_it_ends_with_the_same_file(desk: Path, tuned: Tuned, how: str) -> None:
    place = desk / how
    slow = command(desk, place, "--accept-worse", "--json")
    process = subprocess.Popen(slow, stdout=subprocess.PIPE, text=True, env=QUIET)
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["event"] == "step":
            break
    process.send_signal(signal.SIGKILL if how == "killed" else signal.SIGTERM)
    process.communicate()
    assert process.returncode == (-signal.SIGKILL if how == "killed" else 130)
    assert not (place / "studio.safetensors").exists()
    assert run(desk, place, "--accept-worse").returncode == 0
    assert (place / "studio.safetensors").read_bytes() == (tuned[0] / "studio.safetensors").read_bytes()


def test_learning_changed_the_weights(desk: Path, tuned: Tuned) -> None:
    before, after = load_file(desk / "tiny.safetensors"), load_file(tuned[0] / "studio.safetensors")
    assert before.keys() == after.keys()
    assert any(not torch.equal(before[name], after[name]) for name in before)


def test_weights_that_are_no_better_are_not_handed_over(desk: Path) -> None:
    """Without a learning rate nothing is learnt; the second time, told to, they are taken without training again."""
    ended = run(desk, desk / "worse", "--rate", "0")
    assert ended.returncode == 2
    assert "no better than" in ended.stderr
    assert not (desk / "worse" / "studio.safetensors").exists()
    again = run(desk, desk / "worse", "--rate", "0", "--accept-worse", "--json")
    assert again.returncode == 0
    assert "step" not in {json.loads(line)["event"] for line in again.stdout.splitlines()}
    assert (desk / "worse" / "studio.safetensors").exists()


def test_without_leave_nothing_happens(desk: Path, tmp_path: Path) -> None:
    bare = tmp_path / "renders"
    bare.mkdir()
    shot(bare / "shot.gif", 0)
    ended = subprocess.run(
        [*COMMAND, str(bare), "--store", str(tmp_path / "store")], capture_output=True, text=True, env=QUIET
    )
    assert ended.returncode == 2
    assert "no permission.json" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--out", "studio.pt"], "--out is studio.pt"),
        (["--out", "nowhere/studio.safetensors"], "nowhere does not exist"),
        (["--base", "nothing.safetensors"], "nothing.safetensors is missing"),
        (["--base", "dissolve"], "dissolve has no weights"),
        (["--steps", "0"], "steps is 0"),
        (["--device", "cuda"], "torch sees no CUDA device"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_is_one_line(desk: Path, tmp_path: Path, flags: list[str], words: str) -> None:
    if "cuda" in flags and torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    ended = run(desk, tmp_path / "place", *flags)
    assert ended.returncode == 2
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


def test_too_few_shots_are_refused(desk: Path, tmp_path: Path) -> None:
    renders = tmp_path / "renders"
    renders.mkdir()
    (renders / "permission.json").write_bytes((desk / "renders" / "permission.json").read_bytes())
    shot(renders / "only.gif", 0)
    arguments: list[Any] = command(desk, tmp_path / "place")
    arguments[3] = str(renders)
    ended = subprocess.run(arguments, capture_output=True, text=True, env=QUIET)
    assert ended.returncode == 2
    assert "too few" in ended.stderr
