"""NumPy arrays: as torch tensors and back, and along their last axis, channel by channel.

NumPy reduces a last axis of two or four numbers many times slower than it takes the greater of two whole channels.
"""

from functools import reduce
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


def channel_max(values: NDArray[Any]) -> NDArray[Any]:
    """The greatest of the channels (..., C) at each place, (...); of truths, whether any holds."""
    return reduce(np.maximum, np.moveaxis(values, -1, 0))


def channel_min(values: NDArray[Any]) -> NDArray[Any]:
    """The least of the channels (..., C) at each place, (...); of truths, whether all hold."""
    return reduce(np.minimum, np.moveaxis(values, -1, 0))


def max_difference(one: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
    """How far apart two arrays (..., C) are in the channel in which they are farthest apart, (...)."""
    channels = zip(np.moveaxis(one, -1, 0), np.moveaxis(other, -1, 0), strict=True)
    return reduce(np.maximum, (np.abs(first - second) for first, second in channels))


def length(vectors: NDArray[Any]) -> NDArray[Any]:
    """The Euclidean length of vectors (..., C), (...)."""
    return np.asarray(np.sqrt(reduce(np.add, np.moveaxis(vectors * vectors, -1, 0))))


def selected(values: NDArray[Any], mask: NDArray[np.bool_]) -> NDArray[Any]:
    """The channels (n, C) of values (..., C) at the n places at which a mask (...) holds."""
    return np.compress(mask.ravel(), values.reshape(-1, values.shape[-1]), axis=0)
