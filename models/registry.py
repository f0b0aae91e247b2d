"""Every model by name, and weights files by their card."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from inbetween.core.errors import ModelError
from inbetween.models import akanet, card, dissolve, flow
from inbetween.models.card import Card
from inbetween.models.engines import running
from inbetween.models.model import Abilities, Model
from inbetween.models.motion import model as motion

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
    return from_file(_file(name), device, engine)


def abilities(name: str) -> Abilities:
    """What the model that `load` would load can be asked for, by its card: no engine or device is needed.

    Raises `ModelError` as `load` does, but for weights that are not those of their card.
    """
    if name in WEIGHTLESS:
        return MODELS[name]("auto", "auto")
    known, weights = _shipped_card(name) if name in MODELS else _card_of(_file(name))
    return _architecture(known, weights).abilities(known)


def from_file(weights: Path, device: str = "auto", engine: str = "auto") -> Model:
    """The model of a weights file and its card. Either of NAME.safetensors and NAME.onnx stands for both."""
    known, _ = _card_of(weights)
    return _architecture(known, weights).load(known, weights, device, engine)


def export(weights: Path) -> list[Path]:
    """Write the .onnx beside NAME.safetensors and enter it into their card; the files written.

    All of them take their places at the end: whatever happens before, the weights are what they were. Raises
    `ModelError` when the weights are not those of their card, or the graph does not do what they do.
    """
    if weights.suffix != ".safetensors":
        raise ModelError(f"{weights} is not a .safetensors file; that is what is exported from")
    known = card.read(card.beside(weights))
    card.verify(known, weights)
    architecture = _architecture(known, weights)
    with tempfile.TemporaryDirectory(prefix=f".{weights.stem}-", dir=weights.parent) as aside:
        architecture.export(known, weights, Path(aside, weights.name).with_suffix(".onnx"))
        made = architecture.graphs(Path(aside, weights.name))
        sealed = card.seal(known, [weights, *made])
        graphs = [graph.replace(weights.with_name(graph.name)) for graph in made]
    card.write(sealed, card.beside(weights))
    return [*graphs, card.beside(weights)]


def catalogue() -> list[dict[str, Any]]:
    """What there is, without loading it: each model's name, version, licence, scheme, parameters and summary.

    `weights_sha256` is the hash of the files that run by default, as frames have it (`card.identity`), and `files` has
    that of every weights file; both are empty where there are none.
    """
    shown = ("version", "licence", "scheme", "parameters", "summary")
    rows: list[dict[str, Any]] = []
    for name in MODELS:
        described = card.beside(_shipped(name))
        if name in WEIGHTLESS:
            model = MODELS[name]("auto", "auto")
            values: tuple[Any, ...] = (model.version, model.licence, model.scheme, 0, WEIGHTLESS[name])
            files: dict[str, str] = {}
            identity = ""
        elif described.exists():
            known = card.read(described)
            values, files = tuple(getattr(known, field) for field in shown), known.files
            loaded = running(known, _shipped(name), _architecture(known, described).graphs(_shipped(name)))
            identity = card.identity(files[file.name] for file in loaded)
            if name in VARIANTS:
                values = (*values[:-1], VARIANTS[name].summary)
        else:
            values, files, identity = ("", "", "", 0, "its weights are missing"), {}, ""
        hashes = {"weights_sha256": identity, "files": files}
        rows.append({"name": name, **dict(zip(shown, values, strict=True)), **hashes})
    return rows


def shipped(name: str) -> Build:
    """The builder of a model whose weights come with the product."""

    def build(device: str, engine: str) -> Model:
        known, weights = _shipped_card(name)
        return _architecture(known, weights).load(known, weights, device, engine)

    return build


def weights_of(name: str) -> Path:
    """The .safetensors of a model that comes with the product, whose card and graphs are beside it.

    Raises `ModelError` when they do not.
    """
    if name in WEIGHTLESS:
        raise ModelError(f"{name} has no weights; name one of {', '.join(set(MODELS) - set(WEIGHTLESS))}")
    weights = _shipped(name)
    if not card.beside(weights).exists():
        remedy = f"train them with `inbetween train {weights.stem}`"
        raise ModelError(f"the weights of {name} are missing from {WEIGHTS}; {remedy}")
    return weights


def _shipped_card(name: str) -> tuple[Card, Path]:
    """The card of a model that comes with the product, as that runs its weights, and these."""
    weights = weights_of(name)
    known = card.read(card.beside(weights))
    if name in VARIANTS:
        known = replace(known, name=name, options={**known.options, **VARIANTS[name].options})
    return known, weights


def _shipped(name: str) -> Path:
    return WEIGHTS / f"{VARIANTS[name].of if name in VARIANTS else name}.safetensors"


@dataclass(frozen=True)
class Variant:
    """Another way to run weights that the product ships."""

    of: str
    options: dict[str, Any]
    """In place of those of its card."""
    summary: str


@dataclass(frozen=True)
class Architecture:
    """What is done with a card's architecture."""

    load: Callable[[Card, Path, str, str], Model]
    """Called with card, weights file, device and engine."""
    export: Callable[[Card, Path, Path], None]
    """Called with card, .safetensors and the .onnx to write. Needs torch."""
    abilities: Callable[[Card], Abilities]
    graphs: Callable[[Path], list[Path]]
    """The .onnx files that belong to a weights file, there or not."""


def _file(name: str) -> Path:
    """The weights file of that name, there or not. Raises `ModelError` for what is no file's name."""
    path = Path(name)
    if path.name and (path.suffix or path.exists() or path.parent != Path()):
        return path
    raise ModelError(f"unknown model {name!r}; known are {', '.join(MODELS)}, or name a .safetensors or .onnx file")


def _card_of(weights: Path) -> tuple[Card, Path]:
    """The card of a weights file, and that. Raises `ModelError` for a pickle."""
    card.refuse_pickle(weights)
    return card.read(card.beside(weights)), weights


def _architecture(known: Card, weights: Path) -> Architecture:
    if known.architecture not in ARCHITECTURES:
        names = ", ".join(ARCHITECTURES)
        raise ModelError(f"{card.beside(weights)}: unknown architecture {known.architecture!r}; known are {names}")
    return ARCHITECTURES[known.architecture]


ARCHITECTURES = {
    "akanet": Architecture(akanet.from_card, akanet.export, akanet.abilities, akanet.graphs),
    "bbcnn": Architecture(akanet.from_card, akanet.export, akanet.abilities, akanet.graphs),
    "motion": Architecture(motion.from_card, motion.export, motion.abilities, motion.graphs),
}

WEIGHTLESS = {
    "dissolve": "cross-dissolve: one key fades into the other; the baseline",
    "flow": "optical flow: moves the keys' own pixels, any channels and range",
}

VARIANTS = {
    "motion-native": Variant(
        "motion",
        {"candidate": False},
        "motion as Nuke's own Inference runs it: the network alone, without optical flow",
    ),
}

MODELS: dict[str, Build] = {
    "dissolve": dissolve.build,
    "flow": flow.build,
    "akanet": shipped("akanet"),
    "motion": shipped("motion"),
    "motion-native": shipped("motion-native"),
}
