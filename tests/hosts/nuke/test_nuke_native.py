"""The motion model as Nuke itself runs it: TorchScript, the nodes around it, and older torch."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nk_text
import nuke_render
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from nuke_nodes import Group
from nuke_studio import Studio, drawing, engine, load_exr, save_exr

pytest.importorskip("torch", reason="TorchScript is written with the [train] extra")

import torch
from safetensors.torch import save_file

from inbetween import export as export_command
from inbetween.core.channels import RGBA
from inbetween.core.errors import ModelError
from inbetween.core.settings import Settings
from inbetween.hosts.nuke import native, native_files
from inbetween.hosts.sequence.job import Job
from inbetween.hosts.sequence.run import run as run_job
from inbetween.models import card, registry
from inbetween.models.card import Card
from inbetween.models.motion import mover
from inbetween.models.motion.net import MotionNet

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")

KNOWN_TO_INFERENCE = {
    *(f"rgba.{name}" for name in ("red", "green", "blue", "alpha")),
    *(f"{layer}.{name}" for layer in ("forward", "backward") for name in "uv"),
    *(f"disparity{side}.{name}" for side in "LR" for name in "xy"),
    *(f"{layer}.a" for layer in ("mask", "rotopaint_mask", "mask_planartrack", "mask_splinewarp")),
    "depth.Z",
    "deep.front",
    "deep.back",
}
"""The channels that CatFileCreator may name (Foundry, .cat file creation guide, appendix)."""


class Shift(torch.nn.Module):
    """Stands in for the network: everything moves by the same vector, halfway is half of it."""

    def __init__(self, right: float, down: float) -> None:
        super().__init__()
        self.right, self.down = right, down

    def prepare(self, start: Any, end: Any, candidate: Any, offered: Any) -> Any:
        return [(start, candidate, offered)]

    def at(self, prepared: Any, t: Any) -> Any:
        start = prepared[0][0]
        ones = torch.ones_like(start[:, :1])
        way = [-t * self.right * ones, -t * self.down * ones]
        way += [(1 - t) * self.right * ones, (1 - t) * self.down * ones]
        return [], torch.cat((*way, torch.zeros_like(ones)), 1)


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """TorchScript optimises a module for every new shape; for a picture or two that takes longer than it saves."""
    torch._C._set_graph_executor_optimize(False)
    yield
    torch._C._set_graph_executor_optimize(True)


@pytest.fixture(scope="module")
def net() -> MotionNet:
    torch.manual_seed(7)
    found = MotionNet().eval()
    for parameter in found.parameters():  # heads begin near zero; a network that has learnt something does not
        parameter.data += 0.02 * torch.randn_like(parameter)
    return found


@pytest.fixture(scope="module")
def file(net: MotionNet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("native") / f"{native_files.NAME}.pt"
    native.save(net, path)
    return path


@pytest.fixture
def model(file: Path) -> Any:
    return torch.jit.load(str(file))  # type: ignore[no-untyped-call] # untyped in torch


def keys(height: int = 40, width: int = 56) -> Any:
    """Two keys in one tensor, light above 1 and below 0 among them."""
    start, end = (drawing(x, width, height)[..., :4] for x in (20, 34))
    return torch.from_numpy(np.concatenate((start, end), -1).transpose(2, 0, 1)[None].copy())


def run(model: Any, x: Any, **attributes: Any) -> Any:
    for name, value in attributes.items():
        setattr(model, name, value)
    with torch.no_grad():
        return model(x)


def test_at_both_ends_the_keys_come_back_to_the_bit(model: Any) -> None:
    x = keys()
    assert torch.equal(run(model, x, timestep=0.0)[:, :4], x[:, :4])
    assert torch.equal(run(model, x, timestep=1.0)[:, :4], x[:, 4:])


def test_equal_keys_come_back_to_the_bit(model: Any) -> None:
    x = keys()
    x[:, 4:] = x[:, :4]
    assert torch.equal(run(model, x, timestep=0.5)[:, :4], x[:, :4])


def carded(weights: Path, network: Any, architecture: str, **options: Any) -> Path:
    """A weights file with its card."""
    save_file(network.state_dict(), weights)
    plain = Card("m", "1", "Apache-2.0", "Moves.", architecture, options, 0, "direct", [], {}, "", "")
    card.write(card.seal(plain, [weights]), card.beside(weights))
    return weights


def by_the_runner(model: str | Path, x: Any, t: float, space: str = "linear") -> Any:
    """What the product's own model draws between the keys in a tensor (1, 8, H, W), as a tensor (1, 4, H, W)."""
    start, end = (x[:, part].permute(0, 2, 3, 1).contiguous().numpy() for part in (slice(0, 4), slice(4, 8)))
    engine = "auto" if model in registry.MODELS else "torch"
    network = registry.load(str(model), "cpu", engine).network(RGBA, space)
    drawn = network(start, end, np.full((1, 1, 1, 1), t, np.float32))
    return torch.from_numpy(np.asarray(drawn)).permute(0, 3, 1, 2)


def test_it_draws_what_the_runner_draws_without_a_candidate(model: Any, net: MotionNet, tmp_path: Path) -> None:
    weights = carded(tmp_path / "m.safetensors", net, "motion", candidate=False)
    x = keys()
    for t in (0.25, 0.5, 0.9):
        assert (run(model, x, timestep=t)[:, :4] - by_the_runner(weights, x, t)).abs().max() < 1e-3, t


@pytest.mark.parametrize("size", [(45, 64), (83, 61), (90, 33), (41, 82)], ids=str)
def test_large_frames_are_shrunk_and_their_motion_enlarged_as_the_runner_does_it(
    net: MotionNet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    """Frames need not be large: the copy that is looked at is made small."""
    monkeypatch.setattr(mover, "LONGEST_SIDE", 40)
    monkeypatch.setattr(native.Native, "looked_at", 40)
    eager, x = native.Native(net).eval(), keys(*size)
    with torch.no_grad():
        drawn = eager(x)[:, :4]
    weights = carded(tmp_path / "m.safetensors", net, "motion", candidate=False)
    assert (drawn - by_the_runner(weights, x, 0.5)).abs().max() < 1e-3


@examples(max_examples=10, deadline=None)
@given(height=st.integers(1, 80), width=st.integers(1, 80), t=st.floats(0, 1), half=st.booleans())
def test_any_size_and_time_gives_finite_pixels_within_the_keys_range(
    net: MotionNet, height: int, width: int, t: float, half: bool
) -> None:
    x = torch.rand((1, 8, height, width), generator=torch.Generator().manual_seed(height)) * 3 - 1
    eager = native.Native(net).eval()
    eager.timestep = t
    with torch.no_grad():
        result = (eager.half() if half else eager)(x.half() if half else x)
    assert result.shape == (1, 5, height, width)
    assert result.is_contiguous()
    assert torch.isfinite(result).all()
    assert x.min() - 1e-2 <= result[:, :4].min()
    assert result[:, :4].max() <= x.max() + 1e-2
    assert result[:, 4].min() >= 0
    assert result[:, 4].max() <= 1


def test_half_precision_changes_little(model: Any) -> None:
    x = keys()
    full = run(model, x, timestep=0.5)
    half = run(model.half(), x.half(), timestep=0.5)
    assert half.dtype == torch.float16
    assert (full - half.float()).abs().mean() < 5e-3


def test_attributes_stay_live_in_the_file(model: Any) -> None:
    x = keys()
    early, late = run(model, x, timestep=0.25), run(model, x, timestep=0.75)
    assert not torch.equal(early, late)
    assert not torch.equal(run(model, x, working_space=1), late)
    assert not torch.equal(run(model, x, working_space=0, detail=20), late)
    assert torch.equal(run(model, x, detail=0), late)


def test_a_time_for_each_pixel_draws_each_pixel_at_its_time(model: Any) -> None:
    x = keys()
    time = torch.full_like(x[:, :1], 0.25)
    time[..., 28:] = 0.75
    time[:, :, :5] = 1.0
    drawn = run(model, torch.cat((x[:, :4], time, x[:, 4:]), 1))
    for t in (0.25, 0.75, 1.0):
        one = run(model, x, timestep=t)
        assert torch.equal(torch.where(time == t, drawn, 0.0), torch.where(time == t, one, 0.0))


def test_what_is_no_number_is_mended_and_does_not_spread(model: Any) -> None:
    x = keys()
    x[0, 1, 20, 20], x[0, 6, 30, 30] = torch.nan, torch.inf
    drawn, whole = run(model, x, timestep=0.5), run(model, keys(), timestep=0.5)
    assert torch.isfinite(drawn).all()
    assert ((drawn - whole).abs().amax(1) > 1e-3).sum() < 200
    assert torch.equal(run(model, x, timestep=1.0)[:, :4], x[:, 4:])


def test_strips_do_not_show(net: MotionNet) -> None:
    whole, strips = native.Native(net).eval(), native.Native(net).eval()
    strips.at_once = 56 * 3  # type: ignore[misc] # a smaller budget than any user can choose
    x = keys()
    with torch.no_grad():
        assert torch.allclose(whole(x), strips(x), atol=1e-5)


def test_motion_comes_out_in_pixels_with_v_upwards() -> None:
    eager = native.Native(Shift(right=4.0, down=2.0)).eval()
    eager.timestep, eager.output_mode = 0.25, 1
    vectors = eager(torch.rand(1, 8, 32, 32))[0, :, 16, 16]
    assert vectors.tolist() == pytest.approx([-1.0, 0.5, 3.0, -1.5, 0.75])


def test_what_moves_is_where_it_should_be_and_sure_where_the_keys_agree() -> None:
    x = torch.zeros(1, 8, 32, 32)
    x[:, :4, 10:14, 8:12] = 2.5
    x[:, 4:, 10:14, 16:20] = 2.5
    drawn = native.Native(Shift(right=8.0, down=0.0)).eval()(x)
    assert torch.allclose(drawn[:, :4, 10:14, 12:16], torch.full((1, 4, 4, 4), 2.5))
    assert drawn[:, :4].sum() == pytest.approx(2.5 * 64, rel=1e-4)
    assert drawn[:, 4].min() == pytest.approx(1.0)
    wrong = native.Native(Shift(right=0.0, down=0.0)).eval()(x)
    assert wrong[0, 4, 12, 10] < 0.5


def test_a_part_that_nobody_thought_about_is_refused() -> None:
    class Odd(Shift):
        def __init__(self) -> None:
            super().__init__(0.0, 0.0)
            self.table = torch.nn.Parameter(torch.zeros(3))

    with pytest.raises(ModelError, match=r"Odd\.table"):
        native.Native(Odd())


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `inbetween export motion --format nuke` fills with the weights that come with the product."""
    folder = tmp_path_factory.mktemp("shipped")
    assert export_command.main(["motion", "--format", "nuke", "--out", str(folder)]) == 0
    return folder


@pytest.mark.parametrize("t", [0.25, 0.5])
def test_the_shipped_weights_draw_what_the_runner_draws_with_motion_native(shipped: Path, t: float) -> None:
    x = keys(72, 110)
    loaded = torch.jit.load(str(shipped / f"{native_files.NAME}.pt"))  # type: ignore[no-untyped-call] # untyped in torch
    drawn = run(loaded, x, timestep=t)[:, :4]
    assert (drawn - by_the_runner("motion-native", x, t)).abs().max() < 1e-3


@pytest.fixture(scope="module")
def cattery(net: MotionNet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `inbetween export --format nuke` fills."""
    folder = tmp_path_factory.mktemp("export")
    written = native.export(carded(folder / "m.safetensors", net, "motion"), folder / "Cattery")
    assert sorted(written) == sorted((folder / "Cattery").iterdir())
    return folder / "Cattery"


def test_only_a_motion_model_and_only_its_own_weights_are_exported(net: MotionNet, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="motion models only"):
        native.export(carded(tmp_path / "other.safetensors", net, "akanet"), tmp_path / "out")
    weights = carded(tmp_path / "m.safetensors", net, "motion")
    save_file({name: tensor * 2 for name, tensor in net.state_dict().items()}, weights)
    with pytest.raises(ModelError, match="not the file its card describes"):
        native.export(weights, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_cat_file_creators_name_channels_and_attributes_that_exist(cattery: Path, model: Any) -> None:
    creators = nk_text.parse((cattery / f"{native_files.NAME}_CatFileCreator.nk").read_text("utf-8"))
    widths = []
    for creator in creators:
        taken, given_ = (creator.knobs[name].split(",") for name in ("channelsIn", "channelsOut"))
        assert {*taken, *given_} <= KNOWN_TO_INFERENCE
        assert len(set(taken)) == len(taken)
        widths.append(len(taken))
        assert run(model, torch.rand(1, len(taken), 8, 8)).shape[1] == len(given_)
        for knob in creator.user:
            if knob.kind != 20:
                default = next(nk_text.words(creator.knobs[knob.name]))
                assert getattr(model, knob.name) == float(default)
        assert Path(next(nk_text.words(creator.knobs["torchScriptFile"]))).exists()
    assert widths == [8, 9]


@pytest.mark.parametrize("name", [f"{native_files.NAME}.gizmo", f"{native_files.NAME}_demo.nk"])
def test_every_expression_in_the_shipped_text_names_a_knob_that_is_there(cattery: Path, name: str) -> None:
    nodes = nk_text.parse((cattery / name).read_text("utf-8"))
    group = next(node for node in nodes if node.children)
    there = {knob.name for knob in group.user}
    text = " ".join(word for child in group.children for word in child.knobs.values())
    named = set(re.findall(r"parent\.(\w+)", text))
    assert named == there - {"inbetween_tab"}
    assert "python" not in text


def test_the_gizmo_draws_with_the_file(studio: Studio, cattery: Path, tmp_path: Path, model: Any) -> None:
    x = keys()
    plates = []
    for number, part in enumerate((x[0, :4], x[0, 4:])):
        path = save_exr(tmp_path / f"{number}.exr", part.permute(1, 2, 0).numpy())
        plates.append(studio.plate(f"P{number}", path))
    flat = np.full((40, 56, 4), 0.75, np.float32)
    plates.append(studio.plate("T", save_exr(tmp_path / "time.exr", flat)))
    studio.host.create_cats(cattery / f"{native_files.NAME}_CatFileCreator.nk")
    gizmo = studio.host.nodePaste(str(cattery / f"{native_files.NAME}.gizmo"))
    assert isinstance(gizmo, Group)
    for number, plate in enumerate(plates):
        gizmo.setInput(number, plate)
    gizmo["timestep"].setValue(0.25)
    assert np.array_equal(shown(gizmo), run(model, x, timestep=0.25)[0].numpy())
    gizmo["per_pixel"].setValue(True)
    assert np.array_equal(shown(gizmo), run(model, x, timestep=0.75)[0].numpy())
    gizmo["per_pixel"].setValue(False)
    gizmo["output_mode"].setValue("motion")
    assert np.array_equal(shown(gizmo), run(model, x, timestep=0.25, output_mode=1)[0].numpy())


def test_the_gizmo_shows_the_frames_that_the_command_line_writes(studio: Studio, shipped: Path, tmp_path: Path) -> None:
    """What `inbetween-seq --model motion-native` writes: light above 1, dark below 0, alpha, and a NaN in the keys."""
    x = keys(72, 110)
    x[0, 1, 30, 25] = torch.nan
    plates = []
    for frame, part in ((1, x[0, :4]), (5, x[0, 4:])):
        path = save_exr(tmp_path / f"keys/k.{frame:04d}.exr", part.permute(1, 2, 0).numpy())
        plates.append(studio.plate(f"P{frame}", path))
    out = tmp_path / "out"
    run_job(Job(str(tmp_path / "keys"), str(out), Settings(model="motion-native")), lambda event: None)
    studio.host.create_cats(shipped / f"{native_files.NAME}_CatFileCreator.nk")
    gizmo = studio.host.nodePaste(str(shipped / f"{native_files.NAME}.gizmo"))
    assert isinstance(gizmo, Group)
    for number, plate in enumerate(plates):
        gizmo.setInput(number, plate)
    for frame in range(1, 6):
        gizmo["timestep"].setValue((frame - 1) / 4)
        expected = load_exr(out / f"k.{frame:04d}.exr").transpose(2, 0, 1)
        worst = 0 if frame in (1, 5) else 1e-3
        assert np.allclose(shown(gizmo)[:4], expected, rtol=0, atol=worst, equal_nan=True), frame


def test_the_script_for_owners_of_a_licence_checks_the_native_node(
    open_nuke: Callable[..., Studio], shipped: Path, tmp_path: Path
) -> None:
    studio = open_nuke(gui=False, config={**engine(), "models": [*engine()["models"], "motion-native"]})
    studio.host.create_cats(shipped / f"{native_files.NAME}_CatFileCreator.nk")
    from inbetween.hosts.nuke import selfcheck

    assert selfcheck.main([str(tmp_path / "check"), str(shipped)]) == 0, "\n".join(studio.host.printed)
    assert sum("native node" in line for line in studio.host.printed) == 3
    assert sum(line.startswith("holds") for line in studio.host.printed) == 16


def test_the_cattery_card_is_what_nuke_reads(cattery: Path) -> None:
    card = json.loads((cattery / "cat.json").read_text("utf-8"))
    assert card["minimum_nuke_version_required"] >= 14.0
    assert [(cattery / cat["filepath"]).exists() for cat in card["cats"]] == [True]


def shown(node: Group) -> Any:
    """What the gizmo puts out, in the order of the module's channels."""
    channels = nuke_render.picture(node, 1).channels
    return np.stack([channels[name] for name in native_files.OUT])


OTHERS = [python for python in os.environ.get("INBETWEEN_TORCH_PYTHONS", "").split(os.pathsep) if python]
TIMES = (0.0, 0.3, 1.0)
LOAD = f"""
import sys, torch
module, given, answer = sys.argv[1:]
model, x = torch.jit.load(module), torch.load(given)
made = []
for channels in (torch.cat((x[:, :4], x[:, 5:]), 1), x):
    for name, value in [("timestep", t) for t in {TIMES}] + [("output_mode", 1), ("detail", 50), ("working_space", 1)]:
        setattr(model, name, value)
        with torch.no_grad():
            made.append(model(channels))
    model.timestep, model.output_mode, model.detail, model.working_space = 0.5, 0, 0, 0
model.half()
with torch.no_grad():
    made.append(model(torch.cat((x[:, :4], x[:, 5:]), 1).half()).float())
torch.save(made, answer)
print(torch.__version__)
"""


@pytest.mark.parametrize("weights", ["untrained", "shipped"])
@pytest.mark.parametrize("python", OTHERS or [""], ids=lambda python: Path(python).parent.parent.name or "none named")
def test_other_torch_versions_give_the_same_pictures(
    python: str, weights: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if not python:
        pytest.skip("INBETWEEN_TORCH_PYTHONS names no other Python; tests/hosts/nuke/torch_versions.py makes them")
    if weights == "shipped":
        module = request.getfixturevalue("shipped") / f"{native_files.NAME}.pt"
    else:
        module = request.getfixturevalue("file")
    x = keys(72, 110)
    torch.save(torch.cat((x[:, :4], x[:, :1].clamp(0, 1), x[:, 4:]), 1), tmp_path / "given")
    answers = []
    for number, one in enumerate((sys.executable, python)):
        command = [one, "-W", "ignore", "-c", LOAD, str(module), str(tmp_path / "given"), str(tmp_path / str(number))]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        answers.append(torch.load(tmp_path / str(number)))
    for here, there in zip(*answers, strict=True):
        assert (here - there).abs().max() < 1e-3
    first, between, last = (picture[:, :4] for picture in answers[1][: len(TIMES)])
    assert torch.equal(first, x[:, :4])
    assert torch.equal(last, x[:, 4:])
    if weights == "shipped":
        assert (between - by_the_runner("motion-native", x, TIMES[1])).abs().max() < 1e-3
