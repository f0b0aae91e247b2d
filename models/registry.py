"""Every model by name, and weights files by their card."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from inbetween.core.errors import ModelError
from inbetween.models import akanet, card, dissolve, flow
from inbetween.models.card import Card
from inbetween.models.model import Model

Build = Callable[[str, str], Model]
"""Called with the device and the engine that are asked for."""

WEIGHTS = Path(__file__).parent / "weights"


def load(name: str, device: str = "auto", engine: str = "auto") -> Model:
    """The model of that name, or the one whose weights file (.safetensors or .onnx, its card beside it) is named.

    Raises `ModelError` for an unknown name and for weights that are missing, foreign, damaged or pickled; `EngineError`
    when the device or engine asked for is not there.
    """
    if name in MODELS:
        return MODELS[name](device, engine)
    path = Path(name)
    if path.suffix or path.exists() or path.parent != Path():
        return from_file(path, device, engine)
    raise ModelError(f"unknown model {name!r}; known are {', '.join(MODELS)}, or name a .safetensors or .onnx file")


def from_file(weights: Path, device: str = "auto", engine: str = "auto") -> Model:
    """The model of a weights file and its card. Either of NAME.safetensors and NAME.onnx stands for both."""
    card.refuse_pickle(weights)
    known = card.read(card.beside(weights))
    if known.architecture not in ARCHITECTURES:
        raise ModelError(
            f"{card.beside(weights)}: unknown architecture {known.architecture!r}; known are {', '.join(ARCHITECTURES)}"
        )
    return ARCHITECTURES[known.architecture].load(known, weights, device, engine)


def shipped(name: str) -> Build:
    """The builder of a model whose weights come with the product."""

    def build(device: str, engine: str) -> Model:
        found = [file for suffix in card.SUFFIXES if (file := WEIGHTS / f"{name}{suffix}").exists()]
        if not found:
            raise ModelError(
                f"the weights of {name} are missing from {WEIGHTS}; train them with `inbetween train {name}`"
            )
        return from_file(found[0], device, engine)

    return build


@dataclass(frozen=True)
class Architecture:
    """What is done with a card's architecture."""

    load: Callable[[Card, Path, str, str], Model]
    """Called with card, weights file, device and engine."""
    export: Callable[[Card, Path, Path], None]
    """Called with card, .safetensors and the .onnx to write. Needs torch."""


ARCHITECTURES = {
    "akanet": Architecture(akanet.from_card, akanet.export),
    "bbcnn": Architecture(akanet.from_card, akanet.export),
}

MODELS: dict[str, Build] = {
    "dissolve": dissolve.build,
    "flow": flow.build,
    "akanet": shipped("akanet"),
}
