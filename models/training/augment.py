"""More footage from the same footage: a window of frames played backwards, mirrored, recoloured, on another ground.

A window is float32 (T, H, W, 4), premultiplied RGBA, 0 to 1. Each function returns new memory or a view and never
writes to its input.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Window = npt.NDArray[np.float32]


def augmented(
    window: Window, times: Sequence[float], random: np.random.Generator, grounds: bool = True
) -> tuple[Window, tuple[float, ...]]:
    """One random variation of a window and the times (0 to 1) of its frames; the same generator state gives the same.

    `grounds` allows backgrounds; without them transparent footage stays transparent.
    """
    backwards, mirrored, upside_down = random.random(3) < 0.5
    order = random.permutation(3)
    ground = random.random(4, np.float32)
    if backwards:
        window, times = reverse(window, times)
    if mirrored:
        window = window[:, :, ::-1]
    if upside_down:
        window = window[:, ::-1]
    window = permute_colours(window, order)
    if grounds and ground[3] < 0.5:
        window = on_ground(window, ground[:3])
    return np.ascontiguousarray(window), tuple(times)


def reverse(window: Window, times: Sequence[float]) -> tuple[Window, tuple[float, ...]]:
    """The window played backwards: the first frame becomes the last, t becomes 1 - t."""
    return window[::-1], tuple(1 - t for t in reversed(times))


def permute_colours(window: Window, order: Sequence[int] | npt.NDArray[np.int64]) -> Window:
    """Red, green and blue in another order; alpha stays."""
    return window[..., [*order, 3]]


def on_ground(window: Window, colour: npt.NDArray[np.float32]) -> Window:
    """The window over a flat colour (3,), opaque."""
    card = np.append(colour, np.float32(1))
    return window + (1 - window[..., 3:]) * card
