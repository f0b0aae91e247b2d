"""From animations to weights that ship: pack the clips, train the motion network, write weights, graphs and card."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from safetensors import safe_open

from inbetween import __version__
from inbetween.models import card, registry
from inbetween.models.card import Card
from inbetween.models.motion.model import network_of
from inbetween.models.training import clips, loop
from inbetween.models.training.graphics import sample
from inbetween.models.training.motion_task import WEIGHTS, MotionTask
from inbetween.models.training.recipe import Recipe

RECIPE = Recipe(
    steps=12_000,
    rate=1e-3,
    schedule="cosine",
    ema=0.998,
    precision="bfloat16",
    channels_last=True,
    validate_every=500,
    workers=1,
    threads=2,
)
"""For two CPU cores. On a CUDA device: --device cuda --steps 20000 --workers 14."""
AREA = {"cpu": 8 * 128 * 128, "cuda": 64 * 128 * 128}
"""Pixels in a batch."""
CACHE = "clips"
SOURCES = {
    "Animated Noto Emoji": "(c) Google",
    "Lottie-Windows": "Microsoft",
    "Freedoom": "contributors to the Freedoom project",
    "Go gophers": "Renee French",
    "Superpowers asset packs": "Sparklin Labs",
}
"""Whose clips may be learnt from, as `clips.pack_library` chooses them."""


def learn(
    name: str,
    library: Path,
    run: Path,
    recipe: Recipe = RECIPE,
    device: str = "cpu",
    on_event: Callable[[loop.Event], None] = lambda event: None,
    base: Path | None = None,
) -> loop.Outcome:
    """Train on generated graphics and a library of animations (`clips.pack_library`); goes on where `run` stopped.

    The library is packed into `run` first, once. `base` are weights to begin with.
    """
    task = MotionTask(_packed(library, run), recipe.seed, AREA[device.split(":")[0]])
    if base:
        task.model = network_of(base)
    return loop.train(task, recipe, run, device, on_event)


def publish(
    name: str,
    library: Path,
    run: Path,
    weights: Path,
    command: str,
    recipe: Recipe = RECIPE,
    base: Path | None = None,
) -> Card:
    """Write NAME.safetensors, the graphs and their card from the best weights of a run; the card.

    Its figures are those of the validation clips, with dissolve and flow on the very same frames.
    """
    network = network_of(run / loop.BEST)
    with safe_open(run / loop.BEST, "pt") as file:
        header = file.metadata()
    described = Card(
        name=name,
        version="1",
        licence="Apache-2.0",
        summary="moves the keys' own pixels: any size, channels and range, any time between",
        architecture="motion",
        options={},
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        scheme="direct",
        data=_data(library, run),
        metrics=_figures(json.loads(header["figures"])),
        command=command,
        code=__version__,
        run={"recipe": asdict(recipe), "step": int(header["step"]), "weights of the loss": WEIGHTS},
    )
    if base:
        before = card.read(card.beside(base))
        described = replace(described, base=card.verify(before, base), run={**described.run, "base": before.run})
    card.save(network.state_dict(), described, weights)
    registry.export(weights)
    return card.read(card.beside(weights))


def _packed(library: Path, run: Path) -> Path:
    """The folder of packed clips: the library itself if it is one, else made beside the run's checkpoints."""
    if (library / "train").is_dir() and not (library / "manifest.json").exists():
        return library
    for _ in clips.pack_library(library, run / CACHE):
        pass
    return run / CACHE


def _data(library: Path, run: Path) -> list[dict[str, Any]]:
    files = [clip.name for clip in clips.packed(_packed(library, run), "train")]
    digest = hashlib.sha256()
    for file in files:
        digest.update((_packed(library, run) / "train" / f"{file}.npy").read_bytes())
    return [
        {
            "name": "generated layered graphics (models/training/graphics.py)",
            "licence": "Apache-2.0",
            "fingerprint": hashlib.sha256(sample(0, 64).middle.tobytes()).hexdigest(),
        },
        {
            "name": f"{len(files)} clips: {', '.join(SOURCES)}",
            "licence": "CC-BY-4.0 AND MIT AND BSD-3-Clause AND CC0-1.0",
            "attribution": "; ".join(f"{name}: {owner}" for name, owner in SOURCES.items()),
            "fingerprint": digest.hexdigest(),
        },
    ]


def _figures(measured: dict[str, float]) -> dict[str, Any]:
    """Model -> figure -> value, of the middle of keys 2, 4 and 8 frames apart."""
    rows: dict[str, dict[str, float]] = {}
    for name, value in measured.items():
        model, figure = name.split(".", 1) if name.startswith(("dissolve.", "flow.")) else ("motion", name)
        rows.setdefault(model, {})[figure] = value
    return {"on": "validation clips, the middle of keys 2, 4 and 8 frames apart at 24 a second", "rows": rows}
