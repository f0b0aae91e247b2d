"""What runs a network: ONNX Runtime or torch, on the CPU or on CUDA. What was asked for, or an error; never another.

`Engine.name` is what the engine itself says it runs on, after loading: ONNX Runtime lists CUDA among its providers on
machines that have none and then runs on the CPU without a word, so only a session's own first provider is believed.
"""

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inbetween.core.errors import EngineError, ModelError
from inbetween.core.extras import command, missing
from inbetween.core.network import Array
from inbetween.core.parallel import cores
from inbetween.models.arrays import like, numpy_of
from inbetween.models.card import Card, identity, verify

if TYPE_CHECKING:
    from torch import nn

OWNERS = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino", "onnxruntime-qnn")
"""Distributions that all install the one module `onnxruntime`, each over the other."""
CUDA = "CUDAExecutionProvider"
CPU = "CPUExecutionProvider"


@dataclass(frozen=True)
class Engine:
    """A network that is loaded and placed."""

    name: str
    """As the engine reports it: "onnxruntime CPUExecutionProvider", "torch cuda:0"."""
    run: Callable[..., list[Array]]
    """Takes float32 arrays in the order of the graph's inputs, gives its outputs: the same kind, on the same device."""


def require_cpu(model: str, wanted: str, engine: str) -> None:
    """For models without weights. Raises `EngineError` when a device or an engine is asked for that cannot run them."""
    if wanted not in ("auto", "cpu"):
        raise EngineError(f"device is {wanted!r}, but {model} runs on the CPU only; choose auto or cpu")
    if engine != "auto":
        raise EngineError(f"engine is {engine!r}, but {model} has no network to run in it; choose auto")


def running(card: Card, weights: Path, graphs: Sequence[Path], engine: str = "auto") -> list[Path]:
    """The files that run: the model's `graphs` in ONNX Runtime, or NAME.safetensors in torch; there or not.

    `auto` takes ONNX Runtime where the card knows all the graphs.
    """
    if engine == "auto":
        engine = "onnxruntime" if all(graph.name in card.files for graph in graphs) else "torch"
    return list(graphs) if engine == "onnxruntime" else [weights.with_suffix(".safetensors")]


def open_weights(
    card: Card, files: Sequence[Path], wanted: str, in_torch: Callable[[Path], list[Engine]]
) -> tuple[list[Engine], str]:
    """Load the files that are `running`, graphs into ONNX Runtime or a .safetensors `in_torch`; also their identity.

    Raises `EngineError` when a file is missing or the engine is not there, `ModelError` when a file is not the one its
    card describes.
    """
    for file in files:
        if not file.exists():
            remedy = "make it with `inbetween export`, or choose torch" if file.suffix == ".onnx" else "fetch it again"
            raise EngineError(f"{file} is missing; {remedy}")
    digest = identity(verify(card, file) for file in files)
    if files[0].suffix == ".onnx":
        return [open_onnx(file, wanted) for file in files], digest
    return in_torch(files[0]), digest


def filled(network: "nn.Module", path: Path) -> "nn.Module":
    """The network with the weights of a safetensors file. Raises `ModelError` when they are damaged or do not fit."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        network.load_state_dict(load_file(path))
    except (SafetensorError, OSError, RuntimeError) as error:
        raise ModelError(
            f"{path} is damaged or of another architecture ({_first_line(error)}); fetch it again"
        ) from error
    return network


def open_onnx(path: Path, wanted: str) -> Engine:
    """Load a graph into ONNX Runtime on "cpu", "cuda" or, for "auto", on CUDA where it comes up.

    Raises `EngineError` when ONNX Runtime is missing, installed twice, or CUDA was asked for and does not come up;
    `ModelError` when the graph cannot be loaded.
    """
    ort = _onnxruntime()
    session = _session(ort, path, _providers(ort, wanted))
    running = session.get_providers()[0]
    if wanted == "cuda" and running != CUDA:
        raise EngineError(
            f"device is 'cuda', but ONNX Runtime runs {path.name} on {running}; install onnxruntime-gpu with a driver "
            "that it can use, or choose cpu"
        )
    names = [item.name for item in session.get_inputs()]

    def run(*arrays: Array) -> list[Array]:
        if len(arrays) != len(names):
            raise EngineError(
                f"{path} takes {', '.join(names)}: it was exported by another release; run `inbetween export` on its "
                ".safetensors again"
            )
        feed = {name: np.ascontiguousarray(numpy_of(array)) for name, array in zip(names, arrays, strict=True)}
        return [like(arrays[0], answer) for answer in session.run(None, feed)]

    return Engine(f"onnxruntime {running}", run)


def open_torch(module: "Callable[[], nn.Module]", wanted: str) -> Engine:
    """Place a network (made by `module`, its weights loaded) in torch on "cpu", "cuda", or "auto": CUDA if it is there.

    Raises `EngineError` when torch or what reads its weights is not installed, or CUDA was asked for and is not there.
    """
    for package in ("torch", "safetensors"):
        if importlib.util.find_spec(package) is None:
            raise EngineError(missing(package, "run the model from an .onnx file"))
    import torch

    cuda = torch.cuda.is_available()
    if wanted == "cuda" and not cuda:
        raise EngineError(
            "device is 'cuda', but torch sees no CUDA device; choose cpu, or install a CUDA build of torch"
        )
    place = torch.device("cuda" if cuda and wanted != "cpu" else "cpu")
    network = module().to(place).eval()

    def run(*arrays: Array) -> list[Array]:
        with torch.no_grad():
            answer = network(*(torch.as_tensor(array).to(place) for array in arrays))
        answers = answer if isinstance(answer, tuple | list) else (answer,)
        return [like(arrays[0], one) for one in answers]

    return Engine(f"torch {next(network.parameters()).device}", run)


def _onnxruntime() -> Any:
    installed = [name for name in OWNERS if _is_installed(name)]
    if len(installed) > 1:
        raise EngineError(
            f"{' and '.join(installed)} are both installed and overwrite each other; uninstall both, then install one"
        )
    if importlib.util.find_spec("onnxruntime") is None:
        raise EngineError(missing("onnxruntime", f"for CUDA `{command('gpu')}`"))
    import onnxruntime  # type: ignore[import-untyped] # it ships no types

    onnxruntime.set_default_logger_severity(4)  # its warnings come as coloured banners in the middle of our output
    return onnxruntime


def _is_installed(distribution: str) -> bool:
    try:
        metadata.distribution(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def _providers(ort: Any, wanted: str) -> list[Any]:
    if wanted == "cpu" or CUDA not in ort.get_available_providers():
        return [CPU]
    ort.preload_dlls()  # finds the CUDA libraries that pip installed
    # The default search times every algorithm again for each new frame size.
    return [(CUDA, {"cudnn_conv_algo_search": "HEURISTIC"}), CPU]


def _session(ort: Any, path: Path, providers: list[Any]) -> Any:
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = cores()  # it would take all the machine's
    # Between two calls its threads would spin on the cores that OpenCV and NumPy need by then.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # its exceptions share no base class
        raise ModelError(f"{path} cannot be loaded by ONNX Runtime ({_first_line(error)}); fetch it again") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
