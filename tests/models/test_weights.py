"""Cards, engines, the registry and export, with a small akaNet whose weights are drawn at random."""

import importlib.util
import json
import os
import pickle
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from inbetween import export as export_command  # noqa: E402 - only where torch is installed
from inbetween import model_list  # noqa: E402
from inbetween.core.channels import GREY, RGB, RGBA, Channels  # noqa: E402
from inbetween.core.errors import EngineError, ModelError  # noqa: E402
from inbetween.core.whole import sha256  # noqa: E402
from inbetween.models import akanet, card, engines, registry  # noqa: E402
from inbetween.models.akanet_net import AkaNet, parameter_count  # noqa: E402
from inbetween.models.motion import model as motion  # noqa: E402

Frames = NDArray[np.float32]
LAYERED = Channels(("R", "G", "B", "A", "Z", "id"), (0, 1, 2), 3, (5,))
MIDDLE = np.full((1, 1, 1, 1), 0.5, np.float32)


def described(**changes: object) -> card.Card:
    plain = card.Card(
        name="studio",
        version="3",
        licence="CC0-1.0",
        summary="a network for tests",
        architecture="akanet",
        options={"units": 1, "channels": 1},
        parameters=parameter_count(AkaNet(units=1)),
        scheme="triads",
        data=[{"name": "noise", "licence": "CC0-1.0", "fingerprint": "0"}],
        metrics={"on": "nothing", "rows": {}},
        command="none",
        code="0",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def random_network(seed: int = 1) -> AkaNet:
    torch.manual_seed(seed)
    network = AkaNet(units=1)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    return network


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with studio.safetensors, studio.onnx and their card."""
    folder = tmp_path_factory.mktemp("weights")
    card.save(random_network().state_dict(), described(), folder / "studio.safetensors")
    assert registry.export(folder / "studio.safetensors") == [folder / "studio.onnx", folder / "studio.json"]
    return folder


@pytest.fixture
def studio(exported: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may spoil."""
    shutil.copytree(exported, tmp_path / "copy")
    return tmp_path / "copy" / "studio.safetensors"


def keys(seed: int, height: int, width: int, channels: int, count: int = 1) -> tuple[Frames, Frames]:
    start, end = np.random.default_rng(seed).random((2, count, height, width, channels), dtype=np.float32)
    return start, end


class TestCard:
    def test_what_is_written_is_read(self, tmp_path: Path) -> None:
        card.write(described(), tmp_path / "a.json")
        assert card.read(tmp_path / "a.json") == described()

    def test_the_same_weights_and_card_give_the_same_bytes(self, tmp_path: Path) -> None:
        for name in ("a", "b"):
            (tmp_path / name).mkdir()
            card.save(random_network().state_dict(), described(), tmp_path / name / "n.safetensors")
        assert (tmp_path / "a" / "n.safetensors").read_bytes() == (tmp_path / "b" / "n.safetensors").read_bytes()
        assert (tmp_path / "a" / "n.json").read_bytes() == (tmp_path / "b" / "n.json").read_bytes()

    def test_the_weights_carry_the_card_under_one_key(self, studio: Path) -> None:
        from safetensors import safe_open

        with safe_open(studio, "np") as file:
            carried = file.metadata()
        assert list(carried) == ["inbetween"]
        assert json.loads(carried["inbetween"])["name"] == "studio"

    @pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
    def test_everyone_may_read_weights_and_card(self, studio: Path) -> None:
        before = os.umask(0o022)
        try:
            card.save(random_network().state_dict(), described(), studio)
        finally:
            os.umask(before)
        assert [file.stat().st_mode & 0o777 for file in (studio, card.beside(studio))] == [0o644, 0o644]

    def test_nothing_half_written_stays_behind(self, tmp_path: Path) -> None:
        with pytest.raises(TypeError):
            card.write(described(run={"not json": object()}), tmp_path / "a.json")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("spoil", "complaint"),
        [
            (lambda values: "no JSON {", "not a readable model card"),
            (lambda values: [values], "is not a model card"),
            (lambda values: {k: v for k, v in values.items() if k != "licence"}, "lacks licence"),
            (lambda values: {**values, "colour": "red"}, "has unknown colour"),
            (lambda values: {**values, "parameters": "many"}, "parameters must be int"),
            (lambda values: {**values, "scheme": "sideways"}, "scheme is 'sideways'"),
            (lambda values: {**values, "architecture": "gpt"}, "unknown architecture 'gpt'; known are akanet"),
        ],
    )
    def test_a_damaged_card_is_one_clear_line(self, studio: Path, spoil: object, complaint: str) -> None:
        spoilt = spoil(json.loads(card.beside(studio).read_text()))  # type: ignore[operator]
        card.beside(studio).write_text(spoilt if isinstance(spoilt, str) else json.dumps(spoilt))
        with pytest.raises(ModelError, match=complaint) as error:
            registry.load(str(studio))
        assert str(card.beside(studio)) in str(error.value)
        assert "\n" not in str(error.value)


class TestRegistry:
    def test_an_unknown_name_is_answered_with_the_known_ones(self) -> None:
        with pytest.raises(ModelError, match="unknown model 'flo'; known are dissolve, flow, akanet"):
            registry.load("flo")

    @pytest.mark.parametrize(("suffix", "engine"), [(".safetensors", "auto"), (".onnx", "auto"), (".onnx", "torch")])
    def test_either_file_stands_for_both(self, studio: Path, suffix: str, engine: str) -> None:
        model = registry.load(str(studio.with_suffix(suffix)), "cpu", engine)
        runs = studio if engine == "torch" else studio.with_suffix(".onnx")
        assert model.weights_sha256 == sha256(runs)
        assert model.learnt_sha256 == sha256(studio)
        assert (model.name, model.version, model.licence, model.scheme) == ("studio", "3", "CC0-1.0", "triads")
        assert not model.knows_time

    def test_the_engine_names_itself(self, studio: Path) -> None:
        assert registry.load(str(studio), "cpu").engine == "onnxruntime CPUExecutionProvider"
        assert registry.load(str(studio), "cpu", "torch").engine == "torch cpu"

    def test_a_missing_card_is_one_clear_line(self, studio: Path) -> None:
        card.beside(studio).unlink()
        with pytest.raises(ModelError, match=r"studio\.json is missing; .* copy it along"):
            registry.load(str(studio))

    def test_weights_renamed_with_their_card_are_told_their_name(self, studio: Path) -> None:
        for file in (studio, card.beside(studio)):
            file.rename(file.with_stem("mine"))
        with pytest.raises(ModelError) as error:
            registry.load(str(studio.with_stem("mine")))
        assert str(error.value).endswith(
            "mine.json does not know mine.safetensors; it is the card of studio.safetensors: "
            "give weights and card that name again, or copy the right card along"
        )

    def test_missing_weights_are_one_clear_line(self, studio: Path) -> None:
        with pytest.raises(ModelError, match=r"other\.onnx is missing"):
            registry.load(str(studio.with_name("other.onnx")))

    def test_a_name_without_weights_says_that_they_are_missing(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(registry, "WEIGHTS", tmp_path)
        with pytest.raises(ModelError, match="the weights of akanet are missing"):
            registry.load("akanet")
        assert [row["name"] for row in registry.catalogue()] == list(registry.MODELS)

    def test_weights_that_changed_are_not_loaded(self, studio: Path) -> None:
        content = bytearray(studio.with_suffix(".onnx").read_bytes())
        content[len(content) // 2] ^= 1
        studio.with_suffix(".onnx").write_bytes(content)
        with pytest.raises(ModelError, match="is not the file its card describes"):
            registry.load(str(studio))

    @pytest.mark.parametrize("engine", ["torch", "onnxruntime"])
    def test_truncated_weights_are_one_clear_line_even_if_the_card_was_made_for_them(
        self, studio: Path, engine: str
    ) -> None:
        for file in (studio, studio.with_suffix(".onnx")):
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        known = card.read(card.beside(studio))
        card.write(card.seal(known, [studio, studio.with_suffix(".onnx")]), card.beside(studio))
        with pytest.raises(ModelError, match="fetch it again") as error:
            registry.load(str(studio), "cpu", engine)
        assert "\n" not in str(error.value)

    def test_options_that_the_architecture_has_not_are_one_clear_line(self, studio: Path) -> None:
        card.save(random_network().state_dict(), described(options={"storeys": 2}), studio)
        with pytest.raises(ModelError, match="the card of studio has options that akanet has not"):
            registry.load(str(studio), "cpu", "torch")

    def test_weights_of_another_architecture_do_not_fit(self, studio: Path) -> None:
        card.save(random_network().state_dict(), described(options={"units": 2}), studio)
        with pytest.raises(ModelError, match="of another architecture"):
            registry.load(str(studio), "cpu", "torch")


class TestPickles:
    @pytest.mark.parametrize("name", ["net.pt", "net.pth", "net.ckpt", "net.safetensors", "net.onnx", "net"])
    @pytest.mark.parametrize("kind", ["torch", "pickle", "zip"])
    def test_are_refused_under_any_name_and_never_opened(self, tmp_path: Path, name: str, kind: str) -> None:
        path = tmp_path / name
        trap = Trap(tmp_path / "sprung")
        if kind == "torch":
            torch.save({"weights": trap}, path)
        elif kind == "pickle":
            path.write_bytes(pickle.dumps(trap))
        else:
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("data.pkl", pickle.dumps(trap))
        card.write(card.seal(described(), [path]), tmp_path / "net.json")
        with pytest.raises(ModelError, match="can run code and are not loaded"):
            registry.load(str(path))
        assert not (tmp_path / "sprung").exists()


class Trap:
    """Leaves a file when it is unpickled."""

    def __init__(self, sign: Path) -> None:
        self.sign = sign

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.sign,)


class TestEngines:
    def test_cuda_that_does_not_come_up_is_an_error(self, studio: Path) -> None:
        if torch.cuda.is_available():
            pytest.skip("this machine has CUDA")
        for engine in ("onnxruntime", "torch"):
            with pytest.raises(EngineError, match="device is 'cuda'"):
                registry.load(str(studio), "cuda", engine)

    def test_an_engine_without_its_file_is_an_error(self, studio: Path) -> None:
        studio.with_suffix(".onnx").unlink()
        with pytest.raises(EngineError, match=r"studio\.onnx is missing; make it with `inbetween export`"):
            registry.load(str(studio), "cpu", "onnxruntime")

    @pytest.mark.parametrize("engine", ["auto", "onnxruntime"])
    def test_a_graph_that_got_lost_is_an_error_for_every_engine(self, tmp_path: Path, engine: str) -> None:
        for file in registry.WEIGHTS.glob("motion*"):
            shutil.copyfile(file, tmp_path / file.name)
        (tmp_path / "motion_draw.onnx").unlink()
        with pytest.raises(EngineError, match=r"motion_draw\.onnx is missing; make it with `inbetween export`"):
            registry.load(str(tmp_path / "motion.safetensors"), "cpu", engine)

    def test_weights_fresh_from_training_run_in_torch(self, tmp_path: Path) -> None:
        card.save(random_network().state_dict(), described(), tmp_path / "fresh.safetensors")
        assert registry.load(str(tmp_path / "fresh.safetensors"), "cpu").engine == "torch cpu"

    def test_two_onnx_runtimes_are_complained_of(self, studio: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(engines, "_is_installed", lambda name: name in ("onnxruntime", "onnxruntime-gpu"))
        with pytest.raises(EngineError, match="onnxruntime and onnxruntime-gpu are both installed"):
            registry.load(str(studio), "cpu", "onnxruntime")

    @pytest.mark.parametrize(
        ("engine", "module"), [("torch", "torch"), ("torch", "safetensors"), ("onnxruntime", "onnxruntime")]
    )
    def test_an_engine_that_is_not_installed_says_how_to_get_it(
        self, studio: Path, monkeypatch: pytest.MonkeyPatch, engine: str, module: str
    ) -> None:
        real = importlib.util.find_spec
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == module else real(name))
        with pytest.raises(EngineError, match=r'not installed; run `pip install -c constraints\.txt "\.\['):
            registry.load(str(studio), "cpu", engine)

    def test_nothing_is_said_on_the_side(self, studio: Path, capfd: pytest.CaptureFixture[str]) -> None:
        registry.load(str(studio)).network(RGB, "display")(*keys(1, 8, 8, 3), MIDDLE)
        assert capfd.readouterr() == ("", "")


class TestPainting:
    @pytest.mark.parametrize("size", [(1, 1), (5, 9), (32, 32), (33, 50)])
    @pytest.mark.parametrize("channels", [GREY, RGB, RGBA, LAYERED])
    def test_torch_and_onnx_runtime_paint_the_same(
        self, exported: Path, channels: Channels, size: tuple[int, int]
    ) -> None:
        start, end = keys(2, *size, len(channels.names), count=2)
        t = MIDDLE.repeat(2, 0)
        drawn = [
            registry.load(str(exported / "studio.onnx"), "cpu", engine).network(channels, "linear")(start, end, t)
            for engine in ("torch", "onnxruntime")
        ]
        assert drawn[0].shape == start.shape
        assert drawn[0].dtype == np.float32
        assert np.allclose(drawn[0], drawn[1], atol=1e-4)

    def test_the_middle_is_what_the_network_says(self, exported: Path) -> None:
        start, end = keys(3, 20, 30, 1)
        drawn = registry.load(str(exported / "studio.onnx"), "cpu").network(GREY, "display")(start, end, MIDDLE)
        triad = torch.from_numpy(np.concatenate((start, 0 * start, end), -1)).permute(0, 3, 1, 2)
        with torch.no_grad():
            expected = random_network()(triad)[0, 1].clamp(0, 1).numpy()
        assert np.allclose(drawn[0, ..., 0], expected, atol=1e-5)

    def test_tiles_leave_no_seams(self, exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        network = registry.load(str(exported / "studio.onnx"), "cpu").network(RGB, "display")
        start, end = keys(4, 150, 131, 3)
        whole = network(start, end, MIDDLE)
        monkeypatch.setattr(akanet, "TILE", 48)
        assert np.allclose(network(start, end, MIDDLE), whole, atol=1e-5)

    def test_values_stay_within_the_keys_beyond_white_and_below_black(self, exported: Path) -> None:
        start, end = (key * 1000 - 200 for key in keys(5, 16, 16, 6))
        drawn = registry.load(str(exported / "studio.onnx"), "cpu").network(LAYERED, "linear")(start, end, MIDDLE)
        both = np.concatenate((start, end))
        assert np.all(drawn <= np.maximum(both.max((0, 1, 2)), 1) * 1.001)
        assert np.all(drawn >= np.minimum(both.min((0, 1, 2)), 0) * 1.001)
        assert np.isin(drawn[..., 5], both[..., 5]).all()

    def test_a_channel_that_does_not_change_is_kept_and_infinities_are_not_painted(self, exported: Path) -> None:
        start, end = keys(6, 12, 12, 6)
        start[..., 3] = end[..., 3] = 1
        start[0, 3, 3, 4] = np.inf
        drawn = registry.load(str(exported / "studio.onnx"), "cpu").network(LAYERED, "display")(start, end, MIDDLE)
        assert np.all(drawn[..., 3] == 1)
        assert np.array_equal(drawn[..., 4], start[..., 4])
        assert np.isfinite(drawn[..., :3]).all()

    def test_one_pair_at_several_times_gives_the_middle_each_time(self, exported: Path) -> None:
        network = registry.load(str(exported / "studio.onnx"), "cpu").network(RGBA, "display")
        start, end = keys(7, 12, 12, 4)
        drawn = network(start, end, np.asarray([0.2, 0.7], np.float32).reshape(-1, 1, 1, 1))
        assert np.array_equal(drawn[0], drawn[1])
        assert np.array_equal(drawn[:1], network(start, end, MIDDLE))

    def test_weights_for_several_channels_get_them_together(self, tmp_path: Path) -> None:
        torch.manual_seed(1)
        network = AkaNet(units=1, channels=3)
        torch.nn.init.normal_(network.last.weight, std=0.05)
        save = described(options={"units": 1, "channels": 3})
        card.save(network.state_dict(), save, tmp_path / "colour.safetensors")
        start, end = keys(8, 10, 14, 4)
        drawn = registry.load(str(tmp_path / "colour.safetensors"), "cpu").network(RGBA, "display")(start, end, MIDDLE)
        colour = [torch.from_numpy(key[..., :3]).permute(0, 3, 1, 2) for key in (start, end)]
        with torch.no_grad():
            expected = network(torch.cat((colour[0], 0 * colour[0], colour[1]), 1))[:, 3:6].clamp(0, 1)
        assert np.allclose(drawn[..., :3], expected.permute(0, 2, 3, 1).numpy(), atol=1e-5)
        assert drawn.shape == start.shape

    def test_tensors_come_back_as_tensors(self, exported: Path) -> None:
        start, end = map(torch.from_numpy, keys(9, 8, 8, 3))
        for engine in ("torch", "onnxruntime"):
            network = registry.load(str(exported / "studio.onnx"), "cpu", engine).network(RGB, "display")
            assert isinstance(network(start, end, torch.from_numpy(MIDDLE)), torch.Tensor)


class TestExport:
    def test_sizes_are_left_open(self, exported: Path) -> None:
        import onnx

        graph = onnx.load(exported / "studio.onnx").graph
        for value in (*graph.input, *graph.output):
            dims = value.type.tensor_type.shape.dim
            assert [dim.dim_param or dim.dim_value for dim in dims] == ["pairs", 1, "height", "width"]
        assert [value.name for value in graph.input] == ["start", "end"]
        assert not (exported / "studio.onnx.data").exists()

    def test_the_card_knows_both_files(self, exported: Path) -> None:
        known = card.read(exported / "studio.json")
        assert known.files == {file.name: sha256(file) for file in exported.iterdir() if file.suffix != ".json"}

    def test_a_graph_tells_nothing_of_the_machine_it_was_made_on(self, exported: Path) -> None:
        told = (exported / "studio.onnx").read_bytes()
        assert str(Path(__file__).parents[2]).encode() not in told
        assert str(Path(torch.__file__).parent).encode() not in told

    def test_a_graph_that_differs_from_torch_is_not_kept(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from inbetween.models import export

        monkeypatch.setattr(export, "TOLERANCE", -1.0)
        with pytest.raises(ModelError, match="the exported graph differs from torch"):
            export.to_onnx(torch.nn.Tanh(), tmp_path / "n.onnx", {"x": {0: "n"}}, ["y"], [[(2, 3)], [(4, 3)]])
        assert list(tmp_path.iterdir()) == []

    def test_the_command_refuses_what_it_cannot_export(self, studio: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert export_command.main(["flow"]) == 2
        assert export_command.main([str(studio.with_suffix(".onnx"))]) == 2
        assert export_command.main([str(studio), "--out", "elsewhere.onnx"]) == 2
        assert export_command.main(["motion"]) == 2
        said = capsys.readouterr().err
        assert "flow has no weights" in said
        assert "not a .safetensors file" in said
        assert "leave --out away" in said
        assert "motion comes with its graphs" in said

    def test_an_export_that_is_stopped_leaves_the_weights_as_they_were(
        self, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from inbetween.models import export

        folder = shutil.copytree(exported, tmp_path / "weights")
        before = {file.name: file.read_bytes() for file in folder.iterdir()}

        def stopped(*given: Any) -> None:
            original(*given)
            raise KeyboardInterrupt

        original = export.to_onnx
        monkeypatch.setattr(export, "to_onnx", stopped)
        with pytest.raises(KeyboardInterrupt):
            registry.export(folder / "studio.safetensors")
        assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_the_models_are_listed_with_their_weights(
    exported: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(registry, "WEIGHTS", exported)
    monkeypatch.setitem(registry.MODELS, "studio", registry.shipped("studio"))
    assert model_list.main([]) == 0
    table = capsys.readouterr().out
    assert sha256(exported / "studio.onnx")[:12] in table
    assert model_list.main(["--json"]) == 0
    rows = {row["name"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert rows["studio"]["parameters"] == parameter_count(AkaNet(units=1))
    assert rows["studio"]["files"] == card.read(exported / "studio.json").files
    assert (rows["flow"]["weights_sha256"], rows["flow"]["files"]) == ("", {})


@pytest.mark.parametrize("name", registry.MODELS)
def test_the_weights_have_one_hash_wherever_they_are_named(name: str) -> None:
    """In frames and the doctor it is the loaded model's; the list and the worker have it from the catalogue."""
    row = next(row for row in registry.catalogue() if row["name"] == name)
    assert row["weights_sha256"] == (registry.load(name, "cpu").weights_sha256 or "")


@pytest.mark.parametrize("changed", motion.graphs(Path("motion.safetensors")), ids=lambda file: file.stem)
def test_another_file_among_those_that_run_is_another_hash_of_the_weights(tmp_path: Path, changed: Path) -> None:
    for file in registry.WEIGHTS.glob("motion*"):
        shutil.copyfile(file, tmp_path / file.name)
    weights = tmp_path / "motion.safetensors"
    before = registry.load(str(weights), "cpu").weights_sha256
    with (tmp_path / changed.name).open("ab") as graph:
        graph.write(b"\x32\x00")  # an empty remark: the same graph in other bytes
    known = card.read(card.beside(weights))
    card.write(card.seal(known, [tmp_path / name for name in known.files]), card.beside(weights))
    assert registry.load(str(weights), "cpu").weights_sha256 != before


@pytest.mark.parametrize("graph", sorted(registry.WEIGHTS.glob("*.onnx")), ids=lambda file: file.stem)
def test_what_ships_tells_nothing_of_the_machine_it_was_made_on(graph: Path) -> None:
    assert b".py" not in graph.read_bytes()


class TestTheAkanetThatShips:
    def test_is_the_thesis_network_and_better_than_dissolve_and_flow_on_digits(self) -> None:
        known = card.read(registry.WEIGHTS / "akanet.json")
        assert known.parameters == parameter_count(AkaNet(**known.options)) == 445_153
        rows = known.metrics["rows"]
        assert rows["akanet"] < min(rows["dissolve"], rows["flow"])

    def test_paints_the_same_in_both_engines(self) -> None:
        start, end = keys(10, 20, 27, 1)
        drawn = [
            registry.load("akanet", "cpu", engine).network(GREY, "display")(start, end, MIDDLE)
            for engine in ("torch", "onnxruntime")
        ]
        assert np.allclose(drawn[0], drawn[1], atol=1e-4)

    def test_paints_a_moved_square_nearer_to_the_truth_than_a_dissolve(self) -> None:
        square = np.zeros((3, 32, 32, 1), np.float32)
        for frame, left in enumerate((8, 11, 14)):
            square[frame, 12:18, left : left + 6] = 1
        start, middle, end = (square[i : i + 1] for i in range(3))
        drawn = registry.load("akanet", "cpu").network(GREY, "display")(start, end, MIDDLE)
        assert np.square(drawn - middle).mean() < np.square((start + end) / 2 - middle).mean()
