"""From digits to weights that ship: train akaNet or bbCNN, measure it on digits never seen, write weights and card."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import nn

from inbetween import __version__
from inbetween.core.channels import GREY
from inbetween.models import card, registry
from inbetween.models.akanet_net import AkaNet, parameter_count
from inbetween.models.bbcnn import BbCnn
from inbetween.models.card import Card
from inbetween.models.engines import filled
from inbetween.models.fold import TriadConv
from inbetween.models.training import loop, moving_mnist
from inbetween.models.training.akanet_task import RECIPE, TEST_SEED, MovingMnistTask, clips_of, examination, triad_mse
from inbetween.models.training.moving_mnist_figures import triad_mse as triad_mse_as_drawn
from inbetween.models.training.recipe import Recipe

NETWORKS: dict[str, Callable[..., nn.Module]] = {"akanet": AkaNet, "bbcnn": BbCnn}
OPTIONS: dict[str, dict[str, Any]] = {"akanet": {"units": 2, "channels": 1}, "bbcnn": {"layers": 10, "channels": 1}}
SUMMARIES = {
    "akanet": "the thesis' network: paints the middle of two small grey pictures; trained on drifting digits",
    "bbcnn": "the thesis' plain network: paints the middle of two small grey pictures; trained on drifting digits",
}
TEST_SEQUENCES = 200


def learn(
    name: str,
    mnist: Path,
    run: Path,
    recipe: Recipe = RECIPE,
    device: str = "cpu",
    on_event: Callable[[loop.Event], None] = lambda event: None,
    base: Path | None = None,
) -> loop.Outcome:
    """Train "akanet" or "bbcnn" on Moving MNIST made of the training digits in `mnist`; goes on where `run` stopped.

    `base` are weights to begin with.
    """
    torch.manual_seed(recipe.seed)
    network = untrained(name)
    task = MovingMnistTask(filled(network, base) if base else network, mnist, seed=recipe.seed)
    return loop.train(task, recipe, run, device, on_event)


def untrained(name: str) -> nn.Module:
    """The network as training finds it: the cross-dissolve, so that only the architectures are compared."""
    network = NETWORKS[name](**OPTIONS[name])
    if isinstance(network, BbCnn):
        _start_as_dissolve(network)
    return network


@torch.no_grad()
def _start_as_dissolve(network: BbCnn) -> None:
    """As `AkaNet` does: the first channel carries the frames through, the last layer mixes each with its neighbours."""
    for layer in network.convolutions:
        assert isinstance(layer, TriadConv)
        layer.weight[0] = 0
        layer.weight[0, 0, 1, 1, 1] = 1
    network.last.weight.zero_()
    network.last.weight[0, 0, :, 1, 1] = torch.tensor([0.5, 1.0, 0.5])


def publish(
    name: str,
    mnist: Path,
    run: Path,
    weights: Path,
    command: str,
    recipe: Recipe = RECIPE,
    base: Path | None = None,
) -> Card:
    """Write NAME.safetensors, NAME.onnx and their card from the best weights of a run; the card.

    Its figures are of sequences made of the 10,000 test digits, with dissolve and flow on the very same triads.
    """
    network = filled(NETWORKS[name](**OPTIONS[name]), run / loop.BEST)
    described = _card(name, mnist, network, command, {"recipe": asdict(recipe), "step": _step(run / loop.BEST)})
    if base:
        before = card.read(card.beside(base))
        described = replace(described, base=card.verify(before, base), run={**described.run, "base": before.run})
    card.save(network.state_dict(), described, weights)
    registry.export(weights)
    described = replace(described, metrics=_figures(mnist, network, weights))
    card.save(network.state_dict(), described, weights)
    sealed = card.seal(described, [weights, weights.with_suffix(".onnx")])
    card.write(sealed, card.beside(weights))
    return sealed


def _step(best: Path) -> int:
    """At which step of its run these weights were the best."""
    with safe_open(best, "pt") as file:
        return int(file.metadata()["step"])


def _card(name: str, mnist: Path, network: nn.Module, command: str, run: dict[str, Any]) -> Card:
    learnt = hashlib.sha256(moving_mnist.digits(mnist, "train").tobytes()).hexdigest()
    return Card(
        name=name,
        version="1",
        licence="Apache-2.0",
        summary=SUMMARIES[name],
        architecture=name,
        options=OPTIONS[name],
        parameters=parameter_count(network),
        scheme="triads",
        data=[
            {
                "name": "Moving MNIST, made of the training digits of MNIST by the published rule",
                "attribution": "MNIST: Y. LeCun, C. Cortes, C. Burges",
                "licence": "CC-BY-SA-3.0",
                "fingerprint": learnt,
            }
        ],
        metrics={},
        command=command,
        code=__version__,
        run=run,
    )


def _figures(mnist: Path, network: nn.Module, weights: Path) -> dict[str, Any]:
    clips = clips_of(moving_mnist.digits(mnist, "test"), TEST_SEQUENCES, TEST_SEED)
    question, answer = examination(clips)
    models = [registry.from_file(weights, "cpu"), *map(registry.load, ("dissolve", "flow"))]
    rows = {model.name: triad_mse_as_drawn(model.network(GREY, "display"), answer) for model in models}
    return {
        "on": f"all triads of {len(clips)} clips of 10 frames, 32 x 32, made of MNIST's test digits",
        "figure": "mean squared error over the three frames of each triad, keys left as they are",
        "rows": {model: round(value, 6) for model, value in rows.items()},
        "with the network's own start and end": round(triad_mse(network, question, answer), 6),
    }
