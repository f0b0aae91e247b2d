"""Packages that only some work needs: which extra brings each, and how it is installed. Worded here alone."""

EXTRAS = {
    "onnxruntime": "cpu",
    "torch": "train",
    "safetensors": "train",
    "onnx": "train",
    "onnxscript": "train",
    "rlottie_python": "train",
    "PIL": "train",
    "filelock": "train",
    "optuna": "tune",
    "pyblish": "publish",
}
"""Module -> the extra in `pyproject.toml` that brings it."""


def command(extra: str) -> str:
    """What installs an extra. It takes the project's clone: an index may hold another package of the same name."""
    return f'pip install -c constraints.txt ".[{extra}]"'


def missing(module: str, instead: str = "") -> str:
    """The message for whoever lacks one of these modules; `instead` names another remedy."""
    other = f", or {instead}" if instead else ""
    return f"{module} is not installed; run `{command(EXTRAS[module])}` in the clone of inbetween{other}"
