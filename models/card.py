"""Model cards: what a weights file is, what it learnt from, how well it does, and whether it is still that file.

A card stands beside its weights as `NAME.json`, for `NAME.safetensors` and `NAME.onnx` alike. Whatever is loaded is
held against the card first: without one nobody can say which architecture, licence or data a file belongs to.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from inbetween.core.errors import ModelError
from inbetween.core.whole import sha256, whole

KEY = "inbetween"
"""The one key of a safetensors header: several would be written in another order each time."""
SUFFIXES = (".safetensors", ".onnx")
ZIP, PROTOCOLS = b"PK\x03\x04", (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
"""How torch's checkpoints and plain pickles begin, whatever they are called."""


@dataclass(frozen=True)
class Card:
    """What is known about trained weights. All plain JSON values."""

    name: str
    version: str
    licence: str
    """SPDX identifier."""
    summary: str
    """One sentence: what it is and what it is for."""
    architecture: str
    """A name in `registry.ARCHITECTURES`."""
    options: dict[str, Any]
    """Arguments of the architecture."""
    parameters: int
    scheme: str
    """"triads" or "direct": what measured better."""
    data: list[dict[str, Any]]
    """What it learnt from, each with name, licence and fingerprint."""
    metrics: dict[str, Any]
    """Figures on frames never trained on, those of dissolve and flow on the same frames beside them."""
    command: str
    """What trained it."""
    code: str
    """Version of inbetween that trained it."""
    base: str | None = None
    """sha256 of the weights that training began with."""
    run: dict[str, Any] = field(default_factory=dict)
    """Recipe, seed, steps, time, and whatever else the training records (permission, audit)."""
    files: dict[str, str] = field(default_factory=dict)
    """sha256 of each weights file."""


def beside(weights: Path) -> Path:
    """Where the card of a weights file stands."""
    return weights.with_suffix(".json")


def read(path: Path) -> Card:
    """Read and check a card. Raises `ModelError` when it is missing, damaged or incomplete."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"{path} is missing; weights need their card beside them, so copy it along") from error
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} is not a readable model card ({error}); fetch it again") from error
    return _checked(values, path)


def write(card: Card, path: Path) -> None:
    """Write a card, the same bytes for the same card; it is whole or not there."""
    with whole(path) as aside:
        aside.write_text(
            json.dumps(asdict(card), indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8"
        )


def seal(card: Card, files: Iterable[Path]) -> Card:
    """The card with the sha256 of its weights files."""
    return replace(card, files={file.name: sha256(file) for file in sorted(files)})


def save(weights: Mapping[str, Any], card: Card, path: Path) -> Card:
    """Write tensors to NAME.safetensors and the sealed card beside it; the same bytes for the same tensors and card.

    An .onnx of the same name is another model's now, and is no longer in the card. Needs torch.
    """
    from safetensors.torch import save as serialised

    plain = {name: weights[name].detach().cpu().contiguous().clone() for name in sorted(weights)}
    with whole(path) as aside:
        aside.write_bytes(serialised(plain, header(card)))  # its own save_file lets nobody else read the file
    sealed = seal(card, [path])
    write(sealed, beside(path))
    return sealed


def header(card: Card) -> dict[str, str]:
    """The card as a safetensors file carries it, without hashes; the same bytes for the same card."""
    values = {name: value for name, value in asdict(card).items() if name != "files"}
    return {KEY: json.dumps(values, sort_keys=True)}


def verify(card: Card, weights: Path) -> str:
    """The sha256 of a weights file. Raises `ModelError` when it is not the file that the card describes."""
    refuse_pickle(weights)
    known = card.files.get(weights.name)
    if known is None:
        raise ModelError(
            f"{beside(weights)} does not know {weights.name}; it is the card of {_names(card, weights.suffix)}: "
            "give weights and card that name again, or copy the right card along"
        )
    found = sha256(weights)
    if found != known:
        raise ModelError(
            f"{weights} is not the file its card describes (sha256 {found[:12]}, not {known[:12]}); fetch it again"
        )
    return found


def identity(hashes: Iterable[str]) -> str:
    """One hash for the weights files that run together, given those of the files, hex, in any order.

    That of the file itself where there is one; of several, the sha256 over their sorted hashes, each on a line.
    """
    lines = sorted(hashes)
    return lines[0] if len(lines) == 1 else hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def learnt(card: Card, weights: Path) -> str:
    """One hash for what NAME.safetensors and its graphs have in common, whichever of them run.

    That of NAME.safetensors, as the card has it; of a card that knows graphs only, their `identity`.
    """
    own = card.files.get(weights.with_suffix(".safetensors").name)
    return own or identity(card.files.values())


def refuse_pickle(weights: Path) -> None:
    """Raises `ModelError` for anything that could run code while it is loaded, judged by content and by name."""
    start = _start_of(weights)
    if start.startswith((ZIP, *PROTOCOLS)) or weights.suffix not in SUFFIXES:
        raise ModelError(
            f"{weights} is not a .safetensors or .onnx file; pickled checkpoints can run code and are not loaded"
        )


def _names(card: Card, suffix: str) -> str:
    """The files that a card is of, those of one kind where there are any."""
    return ", ".join(sorted(name for name in card.files if name.endswith(suffix)) or sorted(card.files)) or "no file"


def _start_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(4)
    except FileNotFoundError as error:
        raise ModelError(f"{path} is missing; name an existing weights file, or one of `inbetween models`") from error
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}); name a weights file") from error


def _checked(values: Any, path: Path) -> Card:
    kinds = {"options": dict, "metrics": dict, "run": dict, "files": dict, "data": list, "parameters": int}
    if not isinstance(values, Mapping):
        raise ModelError(f"{path} is not a model card; fetch it again")
    known = {item.name for item in fields(Card)}
    missing = known - {"base", "run", "files"} - set(values)
    if missing or set(values) - known:
        names = ", ".join(sorted(missing or set(values) - known))
        raise ModelError(f"{path} {'lacks' if missing else 'has unknown'} {names}; it is not a card of this version")
    for name, value in values.items():
        kind = kinds.get(name, str)
        if not isinstance(value, kind) and not (name == "base" and value is None):
            raise ModelError(f"{path}: {name} must be {kind.__name__}, not {value!r}")
    if values["scheme"] not in ("triads", "direct"):
        raise ModelError(f"{path}: scheme is {values['scheme']!r}; it must be triads or direct")
    return Card(**values)
