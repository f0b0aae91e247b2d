"""Clean-up of what a network drew: the binary clamp, k-means, and the choice between them and the palette.

After Voßkamp (2022), section 5.3. Both belong to black-and-white work; `core/palette.py` is their like for colour.
"""

import random
from collections.abc import Callable
from functools import cache
from math import inf

from array_api_compat import array_namespace, device

from inbetween.core import palette
from inbetween.core.alpha import straight
from inbetween.core.channels import Channels, pick, put
from inbetween.core.colour import decode, encode
from inbetween.core.network import Array
from inbetween.core.settings import Settings

SAMPLES = 65536
"""Pixels that k-means learns its centres from; beyond that many, an even sample gives the same centres."""

ROUNDS = 20
"""Lloyd iterations at most. It stops earlier when the centres stand still."""


def binary(pixels: Array, theta: float = 0.3, epsilon: float = 0.1) -> Array:
    """Equation 7: 0 below theta - epsilon, 1 from theta + epsilon on, unchanged between."""
    xp = array_namespace(pixels)
    high = xp.where(pixels >= theta + epsilon, xp.ones_like(pixels), pixels)
    return xp.where(pixels < theta - epsilon, xp.zeros_like(pixels), high)


def kmeans(pixels: Array, count: int, seed: int = 0) -> Array:
    """Every pixel of a frame (H, W, C) replaced by the nearest of `count` colours found in it.

    k-means++ starts (Arthur and Vassilvitskii 2007), Lloyd rounds; `seed` makes the same frame come out the same.
    """
    xp = array_namespace(pixels)
    flat = xp.reshape(pixels, (-1, pixels.shape[-1]))
    sample = flat[:: -(-flat.shape[0] // SAMPLES), :]
    centres = _lloyd(sample, _spread(sample, count, random.Random(seed)))
    parts = (flat[at : min(at + SAMPLES, flat.shape[0]), :] for at in range(0, flat.shape[0], SAMPLES))
    nearest = [xp.argmin(_distances(part, centres), axis=1) for part in parts]
    return xp.reshape(xp.take(centres, xp.concat(nearest), axis=0), pixels.shape)


def cleaner(settings: Settings, channels: Channels, start: Array, end: Array, space: str) -> Callable[[Array], Array]:
    """What `settings` ask to be done to each in-between of this pair of keys: frame (H, W, C) to frame.

    Only colour and alpha are touched, k-means first; with everything off, the frame itself comes back, and so it does
    where there is no picture but data. `space` is what the keys' values are: all that is measured is measured as a
    network sees it (`colour.encode`), so that a drawing comes out alike from files of either kind.
    """
    if not channels.shown:
        return lambda frame: frame
    steps: list[Callable[[Array], Array]] = []
    seen = channels.picture
    if settings.kmeans:
        steps.append(lambda frame: put(frame, seen, _few_colours(pick(frame, seen), settings.kmeans, space)))
    if settings.clamp == "binary":
        steps.append(lambda frame: _binary_plate(frame, channels, settings, space))
    elif settings.clamp == "palette":
        # Looked for when the first frame is there: a gap that is held needs none.
        colours = cache(lambda: palette.find(pick(start, seen), pick(end, seen), settings.epsilon, space))
        steps.append(lambda frame: put(frame, seen, palette.snap(pick(frame, seen), colours())))
    return lambda frame: _in_turn(steps, frame)


def _in_turn(steps: list[Callable[[Array], Array]], frame: Array) -> Array:
    for step in steps:
        frame = step(frame)
    return frame


def _few_colours(pixels: Array, count: int, space: str) -> Array:
    """`kmeans` of what a network sees of a frame (H, W, C)."""
    return decode(kmeans(encode(pixels, space), count), space)


def _binary_plate(frame: Array, channels: Channels, settings: Settings, space: str) -> Array:
    """The binary clamp on a plate: coverage, and the colour of what is covered, which is then dimmed anew.

    Clamped premultiplied, a white line's soft edge would turn white before its coverage does.
    """
    theta, epsilon = settings.theta, settings.epsilon
    own = pick(straight(frame, channels), channels.colour)
    seen = encode(own, space)
    clamped = binary(seen, theta, epsilon)
    colour = array_namespace(own).where(clamped == seen, own, clamped)  # 0 and 1 are the same in either space
    if channels.alpha is None:
        return put(frame, channels.colour, colour)
    alpha = binary(pick(frame, (channels.alpha,)), theta, epsilon)
    return put(put(frame, channels.colour, colour * alpha), (channels.alpha,), alpha)


def _spread(sample: Array, count: int, chance: random.Random) -> Array:
    """k-means++: the first centre anywhere, each further one with odds by its squared distance from the nearest."""
    xp = array_namespace(sample)
    drawn = chance.randrange(sample.shape[0])
    centres = sample[drawn : drawn + 1, :]
    apart = xp.full(sample.shape[0], inf, dtype=sample.dtype, device=device(sample))
    while centres.shape[0] < count:
        apart = xp.minimum(apart, _distances(sample, centres[-1:, :])[:, 0])
        reach = xp.cumulative_sum(apart, dtype=xp.float64)
        drawn = int(xp.sum(xp.astype(reach <= chance.random() * float(reach[-1]), xp.int64)))
        if drawn >= sample.shape[0]:  # every pixel is a centre already
            break
        centres = xp.concat([centres, sample[drawn : drawn + 1, :]], axis=0)
    return centres


def _lloyd(sample: Array, centres: Array) -> Array:
    """Move each centre to the mean of the pixels nearest to it, until none moves; an empty one stays."""
    xp = array_namespace(sample)
    labels = xp.arange(centres.shape[0], device=device(sample))
    for _ in range(ROUNDS):
        nearest = xp.argmin(_distances(sample, centres), axis=1)
        member = xp.astype(nearest[:, None] == labels[None, :], sample.dtype)
        size = xp.sum(member, axis=0)[:, None]
        moved = xp.where(size > 0, (xp.matrix_transpose(member) @ sample) / xp.where(size > 0, size, 1.0), centres)
        if bool(xp.all(moved == centres)):
            break
        centres = moved
    return centres


def _distances(pixels: Array, centres: Array) -> Array:
    """Squared distances (pixels, centres)."""
    xp = array_namespace(pixels)
    return xp.stack([xp.sum((pixels - centres[k : k + 1, :]) ** 2, axis=1) for k in range(centres.shape[0])], axis=1)
