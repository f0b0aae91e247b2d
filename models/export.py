"""From torch to ONNX: one file, sizes left open, and held against torch at several sizes before it counts."""

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from inbetween.core.errors import ModelError
from inbetween.models.engines import open_onnx

log = logging.getLogger(__name__)

OPSET = 20
TOLERANCE = 1e-4
"""Largest difference between torch and ONNX Runtime, for values about 0 to 1."""

Shapes = Sequence[tuple[int, ...]]


def to_onnx(
    network: nn.Module,
    path: Path,
    inputs: dict[str, dict[int, str]],
    outputs: Sequence[str],
    sizes: Sequence[Shapes],
) -> None:
    """Write `network` to `path` and check it against torch at every one of `sizes`.

    `inputs` names the inputs and, by axis, their open dimensions; `sizes` holds for each check the shape of each input,
    the first serving as the example. Random values from 0 to 1 are used. The file is whole, checked, or not there.
    Raises `ModelError` when the graph differs from torch, names the size at which it does.
    """
    network = network.cpu().eval()
    aside = path.with_name(f".{path.stem}.{os.getpid()}.onnx")
    try:
        _write(network, aside, inputs, outputs, _examples(sizes[0]))
        engine = open_onnx(aside, "cpu")
        for shapes in sizes:
            examples = _examples(shapes)
            with torch.no_grad():
                expected = network(*examples)
            answers = engine.run(*(example.numpy() for example in examples))
            wanted = expected if isinstance(expected, tuple | list) else (expected,)
            worst = max(float(np.abs(a - b.numpy()).max()) for a, b in zip(answers, wanted, strict=True))
            if not worst <= TOLERANCE:
                raise ModelError(f"{path}: the exported graph differs from torch by {worst:.2g} at {list(shapes)}")
            log.info("%s agrees with torch to %.1e at %s", path.name, worst, list(shapes))
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _write(
    network: nn.Module, path: Path, inputs: dict[str, dict[int, str]], outputs: Sequence[str], examples: list[Tensor]
) -> None:
    # Named dimensions make the export fail where a size has been frozen; Dim.AUTO would freeze it in silence.
    open_ = {name: torch.export.Dim(name, min=1, max=1 << 15) for axes in inputs.values() for name in axes.values()}
    dynamic = tuple({axis: open_[name] for axis, name in axes.items()} for axes in inputs.values())
    with _quiet():
        program = torch.onnx.export(
            network,
            tuple(examples),
            dynamo=True,
            opset_version=OPSET,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_shapes=dynamic,
            verbose=False,
        )
        assert program is not None
        program.save(str(path), external_data=False)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The exporter warns of packages that nothing here needs, and reports its own optimiser at length."""
    loggers = [
        logging.getLogger(name) for name in ("torch.onnx", "torch.onnx._internal.exporter._registration", "onnx_ir")
    ]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _examples(shapes: Shapes) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.rand(shape, generator=generator) for shape in shapes]
