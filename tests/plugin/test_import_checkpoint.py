"""Pickled checkpoints come in by one door, which runs nothing that is in them."""

import os
import pickle
from pathlib import Path

import pytest
import torch

from inbetween.core.channels import RGBA
from inbetween.core.errors import ModelError
from inbetween.import_checkpoint import main
from inbetween.models import registry
from inbetween.models.akanet_net import AkaNet
from inbetween.models.card import Card, save


@pytest.fixture
def base(tmp_path: Path) -> Path:
    options = {"units": 0, "channels": 1}
    described = Card("tiny", "1", "CC0-1.0", "Untrained.", "akanet", options, 0, "triads", [], {}, "", "0")
    save(AkaNet(**options).state_dict(), described, tmp_path / "tiny.safetensors")
    return tmp_path / "tiny.safetensors"


class Malicious:
    """Unpickled by the ordinary reader this makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.folder),)


def importing(base: Path, checkpoint: Path) -> int:
    new = str(base.with_name("new.safetensors"))
    return main([str(checkpoint), new, "--like", str(base), "--licence", "CC0-1.0"])


@pytest.mark.parametrize("nested", ["bare", "state_dict", "model"])
def test_an_honest_checkpoint_becomes_a_model_that_runs(base: Path, nested: str) -> None:
    weights = AkaNet(0).state_dict()
    named = {f"module.{name}": value for name, value in weights.items()}
    checkpoint = base.with_name("old.pt")
    torch.save(weights if nested == "bare" else {nested: named, "step": 7}, checkpoint)
    assert importing(base, checkpoint) == 0
    model = registry.load(str(base.with_name("new.safetensors")), "cpu", "torch")
    assert model.licence == "CC0-1.0"
    assert model.network(RGBA, "display") is not None


def test_a_malicious_pickle_is_refused_and_never_runs(base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    harm = base.with_name("harm")
    torch.save({"state_dict": Malicious(harm)}, base.with_name("zip.pt"))
    base.with_name("plain.pt").write_bytes(pickle.dumps(Malicious(harm)))
    for name in ("zip.pt", "plain.pt"):
        assert importing(base, base.with_name(name)) == 2
        said = capsys.readouterr().err
        assert name in said
        assert "refused" in said
        assert said.count("\n") == 1
    assert not harm.exists()
    assert not base.with_name("new.safetensors").exists()


@pytest.mark.parametrize("suffix", [".pt", ".safetensors", ".onnx"])
def test_a_pickle_planted_as_weights_is_not_loaded(base: Path, suffix: str) -> None:
    harm, planted = base.with_name("harm"), base.with_name(f"planted{suffix}")
    torch.save({"state_dict": Malicious(harm)}, planted)
    base.with_name("planted.json").write_bytes(base.with_suffix(".json").read_bytes())
    with pytest.raises(ModelError, match="pickled checkpoints can run code"):
        registry.load(str(planted))
    assert not harm.exists()


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 half a zip"])
def test_a_damaged_checkpoint_is_one_line(base: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    base.with_name("old.pt").write_bytes(content)
    assert importing(base, base.with_name("old.pt")) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_weights_of_another_shape_are_named(base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save(AkaNet(1).state_dict(), base.with_name("old.pt"))
    assert importing(base, base.with_name("old.pt")) == 2
    assert "units.0" in capsys.readouterr().err


def test_a_checkpoint_without_weights_is_refused(base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"step": 7}, base.with_name("old.pt"))
    assert importing(base, base.with_name("old.pt")) == 2
    assert "holds no weights" in capsys.readouterr().err
