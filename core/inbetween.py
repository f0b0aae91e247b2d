"""Keys in, in-betweens out: asks a network for the drawings of one gap, in as few calls as memory allows.

Two schemes. `direct` asks for every t of the pair at once: for networks that heed t. `triads` draws the middle first
and goes on into both halves (`core/triads.py`), so that a network which draws one frame fills any gap.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

from array_api_compat import array_namespace, device

from inbetween.core.errors import DrawingError, InputError, SettingsError
from inbetween.core.network import Array, Network
from inbetween.core.schedule import Drawing
from inbetween.core.triads import batches

NEAREST = 2.0**-24
"""A drawing nearer to a key than this share of the gap is the key: float32 cannot hold a t closer to 1."""

HALVINGS = 10
"""How often at most a middle-only network halves a gap to reach one t: 1/1024 of the way is closer than is seen."""

COPIES = 8
"""What one asked-for frame costs, counted in float32 frames: start, end, result, the network's copies of them in its
working space, and what is kept for deeper triads."""


def inbetween(
    start: Array,
    end: Array,
    drawings: Sequence[Drawing],
    network: Network,
    *,
    scheme: str,
    knows_time: bool = True,
    clean: Callable[[Array], Array] = lambda frame: frame,
    batch: int | None = None,
) -> Iterator[tuple[Drawing, Array]]:
    """Yield every drawing with its frame, each as soon as it exists (in triads that is not the order of time).

    `start` and `end` are the keys, float32 (H, W, C), NumPy or torch on any device; frames come back of the same kind.
    Drawings at t = 0 or 1 are the keys themselves, the very arrays that were handed in, and never reach the network.
    The others go through `clean` on their way out; triads recurse into what the network drew, not into the cleaned
    picture, so that a clean-up cannot pile up. At most `batch` frames are asked for in one call (`frames_at_once`),
    or all that can be. A frame may be a view of its batch and an end of deeper triads: read it, never write to it.

    `knows_time` says whether the network heeds t. One that does is asked for each drawing at its t within the triad.
    A middle-only one recurses over the drawings where they are evenly spaced, as the source does; any other spacing
    it reaches by halving the gap to the nearest place, exact to an eighth of the closest spacing (`HALVINGS` at
    most), and what it draws on the way is not shown.

    Raises `SettingsError` for `direct` with a middle-only network, `InputError` for keys of different shapes, and
    `DrawingError` when what the network draws is no picture.
    """
    if scheme not in ("direct", "triads"):
        raise SettingsError(f"scheme is {scheme!r}; choose one of direct, triads")
    if scheme == "direct" and not knows_time:
        raise SettingsError("scheme is 'direct', but this model draws only the middle of two frames; choose triads")
    if start.shape != end.shape:
        raise InputError(f"keys differ in shape: {tuple(start.shape)} and {tuple(end.shape)}; give both the same size")
    walk = _directly if scheme == "direct" else _by_triads if knows_time else _by_halves
    return _fill(start, end, drawings, network, walk, clean, batch)


def frames_at_once(memory: int, shape: tuple[int, ...]) -> int:
    """How many frames of `shape` (H, W, C) one call may ask for within `memory` MiB; at least one."""
    return max(1, memory * 2**20 // max(1, 4 * prod(shape) * COPIES))


@dataclass(frozen=True)
class _Ruler:
    """Marks on a gap: `times` has the t of each mark, both keys included; `shown` the drawings that sit on a mark."""

    times: Sequence[float]
    shown: dict[int, list[Drawing]]


def _fill(
    start: Array,
    end: Array,
    drawings: Sequence[Drawing],
    network: Network,
    walk: Callable[..., Iterator[tuple[Drawing, Array]]],
    clean: Callable[[Array], Array],
    batch: int | None,
) -> Iterator[tuple[Drawing, Array]]:
    asked = []
    for drawing in sorted(drawings, key=lambda drawing: drawing.t):
        if drawing.t < NEAREST:
            yield drawing, start
        elif drawing.t > 1 - NEAREST:
            yield drawing, end
        else:
            asked.append(drawing)
    if asked:
        for drawing, frame in walk(start, end, asked, network, batch):
            yield drawing, clean(frame)


def _directly(
    start: Array, end: Array, drawings: list[Drawing], network: Network, batch: int | None
) -> Iterator[tuple[Drawing, Array]]:
    """All times of the pair in one call, or `batch` of them at a time."""
    size, sound = batch or len(drawings), _sound(start, end)
    for chunk in (drawings[at : at + size] for at in range(0, len(drawings), size)):
        frames = _ask(network, start[None, ...], end[None, ...], [drawing.t for drawing in chunk])
        for place, drawing in enumerate(chunk):
            yield drawing, _checked(frames[place, ...], sound, f"frame {drawing.frame}")


def _by_triads(
    start: Array, end: Array, drawings: list[Drawing], network: Network, batch: int | None
) -> Iterator[tuple[Drawing, Array]]:
    """Recursion over the drawings themselves."""
    times = (0.0, *(drawing.t for drawing in drawings), 1.0)
    ruler = _Ruler(times, {mark: [drawing] for mark, drawing in enumerate(drawings, start=1)})
    return _walk(start, end, ruler, network, batch)


def _by_halves(
    start: Array, end: Array, drawings: list[Drawing], network: Network, batch: int | None
) -> Iterator[tuple[Drawing, Array]]:
    """Recursion for a network that only knows the middle: over the drawings if evenly spaced, else over halves."""
    count = len(drawings) + 1
    if all(abs(drawing.t - place / count) < 1e-6 for place, drawing in enumerate(drawings, start=1)):
        return _by_triads(start, end, drawings, network, batch)
    return _walk(start, end, _halved(drawings), network, batch)


def _halved(drawings: list[Drawing]) -> _Ruler:
    """The coarsest ruler of 2, 4, 8 ... steps with a mark near enough to every drawing."""
    ends = [0.0, *(drawing.t for drawing in drawings), 1.0]
    closest = min(after - before for before, after in pairwise(ends))
    for steps in (2**halvings for halvings in range(1, HALVINGS + 1)):
        marks = [min(max(round(drawing.t * steps), 1), steps - 1) for drawing in drawings]
        if all(abs(mark / steps - drawing.t) <= closest / 8 for mark, drawing in zip(marks, drawings, strict=True)):
            break
    shown: dict[int, list[Drawing]] = {}
    for mark, drawing in zip(marks, drawings, strict=True):
        shown.setdefault(mark, []).append(drawing)
    return _Ruler([mark / steps for mark in range(steps + 1)], shown)


def _walk(
    start: Array, end: Array, ruler: _Ruler, network: Network, batch: int | None
) -> Iterator[tuple[Drawing, Array]]:
    """Draw the marks that lead to drawings, each as the middle of a triad; a frame is dropped after its last use."""
    xp, sound, times = array_namespace(start, end), _sound(start, end), ruler.times
    plan = list(batches((0, len(times) - 1), at_most=batch, wanted=ruler.shown.__contains__))
    last_use = {mark: step for step, triads in enumerate(plan) for triad in triads for mark in (triad.start, triad.end)}
    frames = {0: start, len(times) - 1: end}
    for step, triads in enumerate(plan):
        starts, ends = (xp.stack([frames[triad[side]] for triad in triads]) for side in (0, 2))
        local = [(times[b] - times[a]) / (times[c] - times[a]) for a, b, c in triads]
        drawn = _ask(network, starts, ends, local)
        for place, triad in enumerate(triads):
            shown = ruler.shown.get(triad.middle, [])
            name = f"frame {shown[0].frame}" if shown else f"t = {times[triad.middle]:.4g}"
            frames[triad.middle] = _checked(drawn[place, ...], sound, name)
            yield from ((drawing, frames[triad.middle]) for drawing in shown)
        frames = {mark: frame for mark, frame in frames.items() if last_use.get(mark, -1) > step}


def _ask(network: Network, start: Array, end: Array, times: list[float]) -> Array:
    """One call: frames (M, H, W, C) at M times strictly between 0 and 1. Raises `DrawingError` for another shape."""
    xp = array_namespace(start, end)
    inside = [min(max(t, NEAREST), 1 - NEAREST) for t in times]
    t = xp.reshape(xp.asarray(inside, dtype=xp.float32, device=device(start)), (-1, 1, 1, 1))
    frames = network(start, end, t)
    expected = (len(times), *start.shape[1:])
    if tuple(frames.shape) != expected:
        raise DrawingError(f"the network returned frames of shape {tuple(frames.shape)}, not {expected}; fix the model")
    return frames


def _sound(start: Array, end: Array) -> Array:
    """For each channel whether both keys are finite in it: only there must drawings be finite too.

    Depth layers hold infinity where there is nothing; a network that moves pixels moves that as well.
    """
    xp = array_namespace(start, end)
    return xp.all(xp.isfinite(start), axis=(0, 1)) & xp.all(xp.isfinite(end), axis=(0, 1))


def _checked(frame: Array, sound: Array, name: str) -> Array:
    """The frame, if it is one. Raises `DrawingError` naming it where values are not finite although the keys' are."""
    xp = array_namespace(frame)
    if not bool(xp.all(xp.isfinite(frame) | ~sound)):
        raise DrawingError(
            f"the network drew values that are not finite (NaN or infinity) for {name}; "
            "choose another model or add a breakdown in this gap"
        )
    return frame
