"""The same tests on every array library that core is promised to run on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
settings.load_profile("untimed")

Numbers = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Library:
    """An array library: `array` brings NumPy values into it, `numpy` brings them back."""

    name: str
    array: Callable[[Any], Any]
    numpy: Callable[[Any], Numbers]


def _library(name: str) -> Library:
    if name == "numpy":
        return Library(name, np.asarray, np.asarray)
    if name == "array_api_strict":
        strict = pytest.importorskip("array_api_strict", reason="array_api_strict is not installed")
        return Library(name, strict.asarray, np.from_dlpack)
    torch = pytest.importorskip("torch", reason="torch is not installed")
    if name == "torch":
        return Library(name, torch.asarray, lambda tensor: tensor.numpy())
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    return Library(name, lambda values: torch.asarray(values, device="cuda"), lambda tensor: tensor.cpu().numpy())


@pytest.fixture(params=["numpy", "torch", "torch-cuda", "array_api_strict"])
def library(request: pytest.FixtureRequest) -> Library:
    """NumPy; torch on the CPU and on CUDA; the library that knows nothing beyond the standard."""
    return _library(request.param)
