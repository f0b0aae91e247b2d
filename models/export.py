"""From torch to ONNX: one file, sizes left open, and held against torch at several sizes before it counts."""

import contextlib
import logging
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from onnx_ir.passes.common import ClearMetadataAndDocStringPass
from torch import Tensor, nn

from inbetween.core.errors import ModelError
from inbetween.core.whole import whole
from inbetween.models.engines import open_onnx

log = logging.getLogger(__name__)

OPSET = 20
"""Version of ONNX's operators; the first in which `GridSample` calls its mode `linear`."""
FLOAT, INT64 = 1, 7
"""Types as ONNX numbers them."""
FEW = 10
"""Channels up to which `GridSample` is quicker than gathering rows."""
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
    with whole(path) as aside:
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
            custom_translation_table=quicker(),
            verbose=False,
        )
        assert program is not None
        ClearMetadataAndDocStringPass()(program.model)  # where the sources lie on this machine
        program.save(str(path), external_data=False)


def quicker() -> dict[Any, Any]:
    """How operators are written that ONNX Runtime runs slowly as the exporter writes them: torch operator -> function.

    Bilinear fetching of many channels gathers whole rows of them; `GridSample` takes one value at a time.
    """
    from onnxscript import opset20

    op: Any = opset20  # its types cannot follow what is built up from operator to operator

    def numbers(*values: int) -> Any:
        return op.Constant(value_ints=list(values))

    def real(value: float) -> Any:
        return op.Constant(value_float=value)

    def grid_sampler(x: Any, grid: Any, mode: int, padding: int, align_corners: bool) -> Any:
        if (mode, padding, align_corners) != (0, 1, True):
            raise NotImplementedError("bilinear, border repeated, corners aligned")
        if x.shape[1] <= FEW:
            return op.GridSample(x, grid, mode="linear", padding_mode="border", align_corners=1)
        height, width = op.Shape(x, start=2, end=3), op.Shape(x, start=3, end=4)
        count, channels = op.Shape(x, start=0, end=1), op.Shape(x, start=1, end=2)
        rows = op.Reshape(op.Transpose(x, perm=[0, 2, 3, 1]), op.Concat(numbers(-1), channels, axis=0))
        first, share = [], []
        for axis, size in ((0, width), (1, height)):
            last = op.Cast(op.Sub(size, numbers(1)), to=FLOAT)
            at = op.Gather(grid, op.Constant(value_int=axis), axis=3)
            at = op.Mul(op.Mul(op.Add(at, real(1.0)), real(0.5)), last)
            at = op.Min(op.Max(at, real(0.0)), last)
            whole = op.Floor(at)
            share.append(op.Unsqueeze(op.Sub(at, whole), numbers(3)))
            here = op.Cast(whole, to=INT64)
            first.append((here, op.Min(op.Add(here, numbers(1)), op.Sub(size, numbers(1)))))
        batch = op.Range(op.Constant(value_int=0), op.Squeeze(count), op.Constant(value_int=1))
        batch = op.Reshape(op.Mul(batch, op.Mul(height, width)), numbers(-1, 1, 1))
        lines = [op.Add(batch, op.Mul(y, width)) for y in first[1]]

        def along(line: Any) -> Any:
            left, right = (op.Gather(rows, op.Add(line, x_), axis=0) for x_ in first[0])
            return op.Add(left, op.Mul(share[0], op.Sub(right, left)))

        above, below = (along(line) for line in lines)
        found = op.Add(above, op.Mul(share[1], op.Sub(below, above)))
        return op.Transpose(found, perm=[0, 3, 1, 2])

    return {torch.ops.aten.grid_sampler.default: grid_sampler}


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
