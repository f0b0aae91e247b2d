"""What a weights file learned from, in the words of the film industry's own schema.

The nouns are those of the Academy Software Foundation's model-training sandbox (rmtc): Model, Dataset, Run, Weights,
License, Permission; a facility that keeps such records can take ours in. One JSON file for each weights file stands in
the training store; the weights' own card names the same dataset and permission.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inbetween.core.errors import InputError
from inbetween.core.whole import finished, whole
from inbetween.models.training.store import Entry

FOLDER = "runs"


@dataclass(frozen=True)
class Learned:
    """A weights file that learned from a show."""

    file: str
    """Where it was handed over."""
    sha256: str
    """Of its bytes."""
    shots: int
    """How many of the show's shots it saw; none where it began from weights that saw some."""


def dataset(entries: Sequence[Entry]) -> dict[str, Any]:
    """The shots that were used, each with its side and its files; the same shots give the same sha256."""
    assets = [
        {
            "show": entry.show,
            "content": entry.shot.content,
            "side": entry.place.side,
            "permission": entry.permission,
            "files": [blob.sha256 for blob in entry.blobs],
        }
        for entry in sorted(entries, key=lambda entry: (entry.show, entry.shot.content))
    ]
    return {"sha256": hashlib.sha256(_text(assets).encode()).hexdigest(), "assets": assets}


def record(store: Path, sha256: str, manifest: Mapping[str, Any]) -> Path:
    """Write the manifest of the weights file of that sha256, which is about to be handed over."""
    file = store / FOLDER / f"{sha256}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    complete = {**manifest, "Weights": {**manifest["Weights"], "sha256": sha256}}
    with whole(file) as aside:
        aside.write_text(_text(complete, indent=1) + "\n", encoding="utf-8")
    return file


def sheet(store: Path, sha256: str) -> Path:
    """Where the comparison sheet of a weights file lies, which shows footage."""
    return store / FOLDER / f"{sha256}.png"


def manifests(store: Path) -> Iterator[dict[str, Any]]:
    """Every recorded manifest. Raises `InputError` for a file that is none."""
    for file in finished(store / FOLDER, "*.json"):
        try:
            manifest = json.loads(file.read_text(encoding="utf-8"))
            manifest["Weights"]["sha256"], manifest["Dataset"]["assets"], manifest["Run"]["audit"]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{file} is not the manifest of a weights file ({error}); restore it from a backup"
            ) from error
        yield manifest


def learned_from(store: Path, show: str) -> list[Learned]:
    """The weights files that saw shots of a show, in training, validation or test, and all that began from these."""
    shots = {
        manifest["Weights"]["sha256"]: sum(asset["show"] == show for asset in manifest["Dataset"]["assets"])
        for manifest in manifests(store)
    }
    tainted = {sha256 for sha256, count in shots.items() if count}
    weights = [manifest["Weights"] for manifest in manifests(store)]
    while heirs := {one["sha256"] for one in weights if one.get("ancestor") in tainted} - tainted:
        tainted |= heirs
    return [Learned(one["file"], one["sha256"], shots[one["sha256"]]) for one in weights if one["sha256"] in tainted]


def _text(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, sort_keys=True, indent=indent)
