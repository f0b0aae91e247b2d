"""NumPy arrays and torch tensors: the one as the other, wherever it lies."""

from typing import Any

import numpy as np
from array_api_compat import array_namespace, device, is_torch_array
from numpy.typing import NDArray

from inbetween.core.network import Array


def numpy_of(array: Array) -> NDArray[Any]:
    """The values of an array as NumPy has them, in memory of the CPU; an array of NumPy's itself."""
    return array.detach().cpu().numpy() if is_torch_array(array) else np.asarray(array)


def like(model: Array, values: Array) -> Array:
    """The values of an array as the kind of array that `model` is, on its device; their type stays."""
    if is_torch_array(model):
        return array_namespace(model).asarray(values, device=device(model))
    return numpy_of(values)
