"""The motion model as the registry knows it: its card and weights, the engines that run them, and their export."""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from inbetween.core.channels import Channels
from inbetween.core.network import Network
from inbetween.models.card import Card, learnt
from inbetween.models.engines import Engine, filled, open_torch, open_weights, running
from inbetween.models.model import Abilities, Model
from inbetween.models.motion.mover import Graphs, Mover
from inbetween.models.motion.sizes import CELL, STATE

if TYPE_CHECKING:
    from torch import nn

    from inbetween.models.motion.net import MotionNet

ALGORITHM = 1
"""See `Model.algorithm`."""
GRAPHS = ("match", "refine", "draw", "enlarge")
"""The fields of `Graphs`."""


def from_card(card: Card, weights: Path, wanted: str, engine: str) -> Model:
    """The motion model with trained weights: NAME.safetensors for torch, NAME_match.onnx and so on for ONNX Runtime."""
    files = running(card, weights, graphs(weights), engine)
    engines, digest = open_weights(card, files, wanted, lambda file: in_torch(lambda: network_of(file), wanted))
    pieces = Graphs(*(each.run for each in engines))
    able = abilities(card)

    def network(channels: Channels, space: str) -> Network:
        return Mover(pieces, channels, space, able.knows_path)

    return Model(
        **vars(able),
        version=card.version,
        algorithm=ALGORITHM,
        licence=card.licence,
        weights_sha256=digest,
        learnt_sha256=learnt(card, weights),
        engine=engines[0].name,
        network=network,
    )


def abilities(card: Card) -> Abilities:
    """What the model of a card can be asked for. Without the help of optical flow it heeds neither paths nor marks."""
    offered = bool(card.options.get("candidate", True))
    return Abilities(
        name=card.name,
        scheme=card.scheme,
        knows_time=True,
        knows_path=offered,
        knows_marks=offered,
        knows_vectors=True,
    )


def export(card: Card, safetensors: Path, onnx: Path) -> None:
    """Write the `GRAPHS` beside `onnx`, NAME_match.onnx and so on, each checked against torch. Needs torch."""
    from inbetween.models.export import to_onnx
    from inbetween.models.motion.modules import FEATURES, MESSAGE, WIDTH
    from inbetween.models.motion.onnx_graphs import Draw, Enlarge, Match, Refine

    net = network_of(safetensors)
    level, above = {2: "height", 3: "width"}, {2: "height_above", 3: "width_above"}
    sizes = [((16, 30), (8, 15)), ((9, 16), (9, 16)), ((68, 120), (34, 60))]
    block, extra = 4 * CELL * CELL, 1 + MESSAGE

    def shapes(*channels: tuple[int, int, bool]) -> list[list[tuple[int, ...]]]:
        return [[(n, c, *(upper if coarser else own)) for n, c, coarser in channels] for own, upper in sizes]

    coarsest: list[list[tuple[int, ...]]] = [[(2, block, h, w)] for h, w in ((9, 16), (16, 16), (16, 3))]
    to_onnx(Match(net), graph_file(onnx, "match"), {"blocks": level}, ["flow", "state"], coarsest)
    one: list[tuple[int, ...]] = [(1, 1, 1, 1)]
    to_onnx(
        Refine(net),
        graph_file(onnx, "refine"),
        {"blocks": level, "flow": above, "state": above, "candidate": level, "offered": {}},
        ["features", "flow_here", "extra", "state_here"],
        [row + one for row in shapes((2, block, False), (2, 2, True), (2, STATE, True), (2, 2, False))],
    )
    drawn = shapes((2, FEATURES, False), (2, 2, False), (2, extra, False), (1, 5, True), (1, STATE, True))
    to_onnx(
        Draw(net),
        graph_file(onnx, "draw"),
        {"features": level, "flow": level, "extra": level, "t": {}, "above": above, "state": above, "known": {}},
        ["cells", "state_here", "hidden"],
        [row[:3] + one + row[3:] + one for row in drawn],
    )
    to_onnx(
        Enlarge(net),
        graph_file(onnx, "enlarge"),
        {"cells": level, "hidden": level, "t": {}},
        ["to_start", "to_end", "share"],
        [row + one for row in shapes((1, 5, False), (1, WIDTH, False))],
    )


def graphs(weights: Path) -> list[Path]:
    """The .onnx files of the model's weights."""
    return [graph_file(weights, name) for name in GRAPHS]


def graph_file(weights: Path, graph: str) -> Path:
    """Where one of the `GRAPHS` stands, beside the weights."""
    return weights.with_name(f"{weights.stem}_{graph}.onnx")


def network_of(safetensors: Path) -> "MotionNet":
    """The network with trained weights. Needs torch."""
    from inbetween.models.motion.net import MotionNet

    net = MotionNet()
    filled(net, safetensors)
    return net


def in_torch(net: "Callable[[], MotionNet]", wanted: str) -> list[Engine]:
    """The `GRAPHS` of a network, run by torch; `net` is asked for once, when torch is known to be there."""
    shared = cache(net)

    def piece(name: str) -> "nn.Module":
        from inbetween.models.motion.onnx_graphs import Draw, Enlarge, Match, Refine

        kinds: dict[str, Callable[[MotionNet], nn.Module]]
        kinds = {"match": Match, "refine": Refine, "draw": Draw, "enlarge": Enlarge}
        return kinds[name](shared())

    return [open_torch(partial(piece, name), wanted) for name in GRAPHS]
