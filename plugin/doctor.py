"""`inbetween doctor`: what works on this machine, found by doing it, on one page."""

import json
import platform
from collections.abc import Iterator, Sequence
from importlib import metadata
from typing import Any

from inbetween import __version__
from inbetween.console import DONE, FAILED, Parser, answer, say
from inbetween.core.errors import InbetweenError
from inbetween.core.extras import command
from inbetween.core.settings import Settings

LIBRARIES = (
    ("numpy", "frames are arrays"),
    ("OpenImageIO", "reads and writes frames"),
    ("fileseq", "reads frame patterns"),
    ("opencv-python-headless or opencv-python", "optical flow, contact sheets"),
    ("onnxruntime", "runs models [cpu]"),
    ("onnxruntime-gpu", "runs models on CUDA [gpu]"),
    ("torch", "trains and exports models [train]"),
    ("pyblish-base", "publishes [publish]"),
    ("optuna", "tunes [tune]"),
)
"""What is used where it is installed, for what, and the extra that brings it where it is one."""

WAYS = tuple((engine, device) for engine in ("onnxruntime", "torch") for device in ("cpu", "cuda"))


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code: 1 when the default model does not draw."""
    parser = Parser(
        "inbetween doctor", description="Shows what works on this machine: each model draws a small frame in each way."
    )
    parser.add_argument("--json", action="store_true", help="The same as one object of JSON.")
    options = parser.parse_args(argv)
    return answer(lambda: _report(options.json))


def _report(as_json: bool) -> int:
    found: dict[str, Any] = {"machine": _machine(), "libraries": _libraries(), "models": list(_models())}
    if as_json:
        say(json.dumps(found, sort_keys=True))
    else:
        for line in _page(found):
            say(line)
    default = next(model for model in found["models"] if model["name"] == Settings().model)
    return DONE if default["ways"]["auto"]["works"] else FAILED


def _machine() -> dict[str, str]:
    import OpenImageIO as oiio

    memory = oiio.get_int_attribute("limits:imagesize_MB")
    return {
        "inbetween": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "largest picture": f"{memory} MiB",
    }


def _libraries() -> list[dict[str, str]]:
    return [{"name": names, "version": _version(names), "use": use} for names, use in LIBRARIES]


def _version(names: str) -> str:
    """Of the first that is installed of `this or that`; empty where none is."""
    for name in names.split(" or "):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return ""


def _models() -> Iterator[dict[str, Any]]:
    from inbetween.models.registry import MODELS

    for name in MODELS:
        ways = {"auto": _try(name, "auto", "auto")}
        if ways["auto"].get("weights"):
            ways |= {f"{engine} {device}": _try(name, device, engine) for engine, device in WAYS}
        yield {"name": name, "ways": ways}


def _try(name: str, device: str, engine: str) -> dict[str, Any]:
    """Load a model and have it draw: only then it works."""
    import numpy as np

    from inbetween.core.channels import RGBA
    from inbetween.models.registry import load

    start, end = np.zeros((1, 64, 64, 4), np.float32), np.ones((1, 64, 64, 4), np.float32)
    try:
        model = load(name, device, engine)
        frame = np.asarray(model.network(RGBA, "display")(start, end, np.full((1, 1, 1, 1), 0.5, np.float32)))
    except InbetweenError as error:
        return {"works": False, "says": str(error)}
    works = frame.shape == start.shape and bool(np.isfinite(frame).all())
    says = model.engine if works else "what it draws is no picture"
    return {"works": works, "says": says, "version": model.version, "weights": model.weights_sha256 or ""}


def _page(found: dict[str, Any]) -> Iterator[str]:
    yield ", ".join(f"{name} {value}" for name, value in found["machine"].items())
    yield "\nlibraries"
    for row in found["libraries"]:
        yield f"  {row['name']:41}{row['version'] or '-':12}{row['use']}"
    yield f"  in brackets: extras, each installed in the clone of inbetween by {command('EXTRA')}"
    yield "\nmodels (each drew a frame, or says why not)"
    for model in found["models"]:
        auto = model["ways"]["auto"]
        weights = f", weights {auto['weights'][:12]}" if auto.get("weights") else ""
        yield f"  {model['name']:20}{'works: ' if auto['works'] else 'NO: '}{auto['says']}{weights}"
        for way, result in model["ways"].items():
            if way != "auto":
                yield f"    {way:18}{'works: ' if result['works'] else 'no: '}{result['says']}"
