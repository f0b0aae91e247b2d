"""A tiny model learns from tiny footage by the real command: report, refusals, kills, records."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from inbetween import data
from inbetween.core.whole import sha256
from inbetween.finetune import main
from inbetween.models import card, registry
from inbetween.models.akanet_net import AkaNet
from inbetween.models.card import Card, save
from inbetween.premises import audit, manifest

OPTIONS = ["--steps", "6", "--area", "2048", "--validations", "2", "--examined", "3", "--rate", "0.002"]
OPTIONS += ["--workers", "0", "--minutes", "0"]
COMMAND = [sys.executable, "-c", "import sys; from inbetween.finetune import main; sys.exit(main())"]
ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Sums come out the same wherever the run is made."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


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


def arguments(desk: Path, place: Path, *more: str) -> list[str]:
    place.mkdir(exist_ok=True)
    paths = ["--base", str(desk / "tiny.safetensors"), "--out", str(place / "studio.safetensors")]
    return [str(desk / "renders"), *paths, "--store", str(place / "store"), *OPTIONS, *more]


def here(desk: Path, place: Path, *more: str) -> int:
    """The command in this process, which has threads already and cannot leave the network."""
    return main(arguments(desk, place, "--allow-open-network", *more))


def can_cut() -> bool:
    program = "from inbetween.premises.isolation import cut_network; cut_network()"
    return subprocess.run([sys.executable, "-c", program], capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def tuned(desk: Path) -> Path:
    """Where one run was made, without a break."""
    place = desk / "whole"
    assert here(desk, place, "--accept-worse") == 0
    return place


def test_the_result_is_a_model_like_any_other(tuned: Path) -> None:
    model = registry.load(str(tuned / "studio.safetensors"), "cpu", "torch")
    assert (model.name, model.licence) == ("studio", "CC0-1.0")
    described = card.read(tuned / "studio.json")
    assert described.run["finished"] is True
    assert described.data[-1]["name"] == "short"


def test_learning_changed_the_weights(desk: Path, tuned: Path) -> None:
    before, after = load_file(desk / "tiny.safetensors"), load_file(tuned / "studio.safetensors")
    assert before.keys() == after.keys()
    assert any(not torch.equal(before[name], after[name]) for name in before)


def test_every_step_is_on_the_record(tuned: Path) -> None:
    store = tuned / "store"
    events = {event["event"]: event["details"] for event in audit.events(store)}
    assert list(events) == ["start", "add", "hand over"]
    assert events["start"]["isolation"]["cut"] is False
    assert "threads are running" in events["start"]["isolation"]["reason"]
    (recorded,) = manifest.manifests(store)
    handed_over = events["hand over"]["weights"]
    assert recorded["Weights"]["sha256"] == handed_over == sha256(tuned / "studio.safetensors")
    assert {asset["side"] for asset in recorded["Dataset"]["assets"]} == {"train", "validation", "test"}
    assert recorded["License"][0]["parties"] == ["The Studio", "A. Producer"]
    assert [weights.shots for weights in manifest.learned_from(store, "short")] == [3]
    assert recorded["Run"]["audit"] == [*audit.events(store)][-1]["sha256"]


def test_a_log_whose_end_was_cut_off_is_found_out(tuned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = tuned / "store"
    log = store / audit.FILE
    whole = log.read_text()
    assert data.main(["verify", "--store", str(store)]) == 0
    log.write_text("".join(whole.splitlines(keepends=True)[:-1]))
    assert data.main(["verify", "--store", str(store)]) == 1
    assert "no longer tells how" in capsys.readouterr().err
    log.write_text(whole)


def test_a_sheet_shows_the_test_shots_before_and_after(tuned: Path) -> None:
    sheet = manifest.sheet(tuned / "store", sha256(tuned / "studio.safetensors"))
    with Image.open(sheet) as picture:
        width, height = picture.size
    assert width == 7 * 184  # first key, truth, before, after, dissolve, flow, second key
    assert height % 202 == 0


def test_nothing_of_the_footage_is_left_outside_of_the_store(tuned: Path) -> None:
    assert list((tuned / "store" / "work").iterdir()) == []
    assert sorted(p.name for p in tuned.iterdir()) == ["store", "studio.json", "studio.safetensors"]


def test_stopped_and_killed_half_way_it_ends_with_the_same_file(desk: Path, tuned: Path) -> None:
    """The command as a studio gives it, in a process of its own, cut off the network where that can be."""
    place = desk / "interrupted"
    network = [] if can_cut() else ["--allow-open-network"]
    given = [*COMMAND, *arguments(desk, place, "--accept-worse", "--json", *network)]
    for number in (signal.SIGTERM, signal.SIGKILL):
        process = subprocess.Popen(given, stdout=subprocess.PIPE, text=True, env=ONE_THREAD)
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["event"] == "step":
                break
        process.send_signal(number)
        process.communicate()
        assert process.returncode == (130 if number == signal.SIGTERM else -signal.SIGKILL)
        assert not (place / "studio.safetensors").exists()
    ended = subprocess.run(given, capture_output=True, text=True, env=ONE_THREAD)
    assert ended.returncode == 0, ended.stderr
    assert (place / "studio.safetensors").read_bytes() == (tuned / "studio.safetensors").read_bytes()
    cuts = [e["details"]["isolation"]["cut"] for e in audit.events(place / "store") if e["event"] == "start"]
    assert cuts == [not network] * 3


def test_the_card_keeps_five_digits_so_that_sums_that_differ_in_the_tenth_give_equal_files(tuned: Path) -> None:
    kept = card.read(tuned / "studio.json").metrics
    figures = [value for row in kept.values() for value in row.values() if np.isfinite(value)]
    assert figures
    assert all(value == float(f"{value:.5g}") for value in figures)


def test_weights_that_are_no_better_are_refused_and_can_be_taken_all_the_same(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a learning rate nothing is learnt; told to take the weights, nothing is trained again."""
    place = desk / "worse"
    assert here(desk, place, "--rate", "0") == 2
    said = capsys.readouterr()
    rows = [line.split("|")[1].strip() for line in said.out.splitlines() if line.startswith("|")]
    assert {"before", "after", "dissolve", "flow"} <= set(rows)
    assert "generated graphics, which the base knew" in said.out
    assert "no better than" in said.err
    assert not (place / "studio.safetensors").exists()
    assert here(desk, place, "--rate", "0", "--accept-worse", "--json") == 0
    assert '"event": "step"' not in capsys.readouterr().out
    metrics = card.read(place / "studio.json").metrics
    assert {"psnr", "psnr_moving", "ssim", "line_chamfer", "smear", "alpha_error"} <= set(metrics["2 apart, after"])


def test_graphs_of_weights_that_had_the_same_name_are_gone(desk: Path) -> None:
    place = desk / "twice"
    assert here(desk, place, "--rate", "0", "--accept-worse") == 0
    registry.export(place / "studio.safetensors")
    assert registry.load(str(place / "studio.safetensors"), "cpu").engine == "onnxruntime CPUExecutionProvider"
    assert here(desk, place, "--rate", "0", "--accept-worse", "--seed", "2") == 0
    assert not (place / "studio.onnx").exists()
    assert registry.load(str(place / "studio.safetensors"), "cpu").engine == "torch cpu"


def test_forgetting_a_show_ends_its_unfinished_runs_and_leaves_no_picture_of_it(desk: Path) -> None:
    place = desk / "unfinished"
    assert here(desk, place, "--rate", "0", "--accept-worse") == 0
    assert here(desk, place, "--rate", "0", "--seed", "2") == 2
    assert list((place / "store" / "work").iterdir()) != []
    assert list((place / "store" / "runs").glob("*.png")) != []
    assert data.main(["forget", "short", "--store", str(place / "store")]) == 0
    assert list((place / "store" / "work").iterdir()) == []
    assert list((place / "store" / "runs").glob("*.png")) == []


def test_what_is_in_the_store_already_can_be_learnt_from_without_the_renders(desk: Path, tuned: Path) -> None:
    out = desk / "again.safetensors"
    paths = ["--base", str(desk / "tiny.safetensors"), "--out", str(out), "--show", "short"]
    given = [str(tuned / "store"), *paths, *OPTIONS, "--accept-worse", "--allow-open-network"]
    assert main(given) == 0
    learnt, again = load_file(tuned / "studio.safetensors"), load_file(out)
    assert all(torch.equal(learnt[name], again[name]) for name in learnt)


def test_without_leave_nothing_happens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bare = tmp_path / "renders"
    bare.mkdir()
    shot(bare / "shot.gif", 0)
    assert main([str(bare), "--store", str(tmp_path / "store"), "--out", str(tmp_path / "new.safetensors")]) == 2
    said = capsys.readouterr().err
    assert "no permission.json" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "store").exists()


WRONG: list[tuple[list[str], str]] = [
    (["--out", "studio.pt"], "--out is studio.pt"),
    (["--out", "nowhere/studio.safetensors"], "nowhere does not exist"),
    (["--base", "nothing.safetensors"], "nothing.safetensors is missing"),
    (["--base", "dissolve"], "dissolve has no weights"),
    (["--base", "unheard-of"], "unheard-of"),
    (["--steps", "0"], "steps is 0"),
    (["--device", "cuda"], "torch sees no CUDA device"),
]


@pytest.mark.parametrize(("flags", "words"), WRONG, ids=[" ".join(flags) for flags, _ in WRONG])
def test_wrong_use_is_one_line(
    desk: Path, tmp_path: Path, flags: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if "cuda" in flags and torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    assert here(desk, tmp_path / "place", "-q", *flags) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


def test_too_few_shots_are_refused(desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    renders = tmp_path / "renders"
    renders.mkdir()
    (renders / "permission.json").write_bytes((desk / "renders" / "permission.json").read_bytes())
    shot(renders / "only.gif", 0)
    given: list[Any] = arguments(desk, tmp_path / "place", "--allow-open-network")
    assert main([str(renders), *given[1:]]) == 2
    assert "1 shot, too few to learn from: at least three" in capsys.readouterr().err
