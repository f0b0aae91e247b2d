"""Seconds and memory of each model: every measurement in a process of its own, so that none warms up for another."""

import itertools
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING

from inbetween import markdown
from inbetween.core.channels import RGBA
from inbetween.core.network import Array, Beyond, Network, PathNetwork
from inbetween.models.model import Model

if TYPE_CHECKING:
    from inbetween.bench import Speed
    from inbetween.models.metrics import Frame

SIZES = ((256, 256), (512, 512), (1920, 1080), (3840, 2160))
"""Width and height, RGBA float32."""

MORE = 7
"""In-betweens of one pair beyond the first, as between keys 1 and 9."""

PATIENCE = 20.0
"""Seconds; a model that takes longer for one frame is timed by that frame alone."""


@dataclass(frozen=True)
class Timing:
    """One model at one size."""

    model: str
    size: tuple[int, int]
    first: float
    """Seconds for one frame of a new pair of keys; in a sequence, of the next gap."""
    next: float | None
    """Seconds for each further frame of the same pair, asked for together; None where one frame took too long."""
    memory: float | None
    """MiB that the process held at its peak, engine and libraries included; None where the system does not say."""


def measure(models: Sequence[Model], asked: "Speed", tell: Callable[[str], None]) -> list[Timing]:
    """Every model at every size, the dissolve always among them as the measure of this machine's day.

    Those that heed the keys beyond a pair are measured once more as a sequence has them draw by default.
    """
    rows = dict.fromkeys([("dissolve", False), *((model.name, way) for model in models for way in _paths(model))])
    timings = []
    for size in SIZES:
        for name, smooth in rows:
            tell(f"{_row(name, smooth)} at {size[0]} x {size[1]}")
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
                work = process.submit(timing, name, smooth, size, asked.device, asked.engine, asked.repeats)
                timings.append(work.result())
    return timings


def _paths(model: Model) -> tuple[bool, ...]:
    return (False, True) if model.knows_path else (False,)


def _row(name: str, smooth: bool) -> str:
    return f"{name}, smooth" if smooth else name


def timing(name: str, smooth: bool, size: tuple[int, int], device: str, engine: str, repeats: int) -> Timing:
    """Load a model and take its times: medians of `repeats` runs after one that does not count."""
    import numpy as np

    from inbetween.models import registry

    network = registry.load(name, device, engine).network(RGBA, "display")
    tasks = _gaps(network, size) if smooth and isinstance(network, PathNetwork) else _pairs(network, size)

    def seconds(times: Sequence[float]) -> float:
        draw, t = next(tasks), np.array(times, np.float32).reshape(-1, 1, 1, 1)
        began = time.perf_counter()
        draw(t)
        return time.perf_counter() - began

    once = seconds([0.5])
    if once > PATIENCE:
        return Timing(_row(name, smooth), size, once, None, peak_memory())
    first = statistics.median(seconds([0.5]) for _ in range(repeats))
    many = statistics.median(seconds([i / (MORE + 2) for i in range(1, MORE + 2)]) for _ in range(repeats))
    return Timing(_row(name, smooth), size, first, max(0.0, many - first) / MORE, peak_memory())


def _pairs(network: Network, size: tuple[int, int]) -> Iterator[Callable[[Array], Array]]:
    """Pairs of keys none of which was seen before: a model may remember the last one."""
    start = picture(size, 0)[None]
    for moved in itertools.count(size[0] // 40):
        yield partial(network, start, picture(size, moved)[None])


def _gaps(network: PathNetwork, size: tuple[int, int]) -> Iterator[Callable[[Array], Array]]:
    """The gaps of one long sequence, one after the other, between the keys before and after each."""
    before, start, end = (picture(size, size[0] // 40 * key) for key in range(3))
    for key in itertools.count(3):
        after = picture(size, size[0] // 40 * key)
        yield partial(network.through(Beyond(before, 1.0), Beyond(after, 1.0), False), start[None], end[None])
        before, start, end = start, end, after


def picture(size: tuple[int, int], moved: int) -> "Frame":
    """Forty discs of flat colours on nothing, shifted by some pixels: float32 (H, W, 4), premultiplied."""
    import cv2
    import numpy as np

    width, height = size
    random = np.random.default_rng(7)
    pixels = np.zeros((height, width, 4), np.uint8)
    for _ in range(40):
        x, y, radius = random.random(3)
        colour = [*(int(c) for c in random.integers(0, 256, 3)), 255]
        centre = round(x * width) + moved, round(y * height)
        cv2.circle(pixels, centre, round((0.02 + 0.08 * radius) * height), colour, -1, cv2.LINE_AA)
    return pixels.astype(np.float32) / np.float32(255)


def peak_memory() -> float | None:
    """MiB of this process at its peak."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def table(timings: Sequence[Timing]) -> str:
    """Markdown: seconds, and how many times those of the dissolve at the same size in the same run."""
    yardstick = {one.size: one.first for one in timings if one.model == "dissolve"}
    head = ["model", "size", "first frame of a pair, ms", "as dissolves", "each further frame, ms", "peak memory, MiB"]
    rows = []
    for one in timings:
        size, memory = f"{one.size[0]} x {one.size[1]}", "" if one.memory is None else f"{one.memory:.0f}"
        ratio = one.first / yardstick[one.size]
        further = "" if one.next is None else f"{1e3 * one.next:.1f}"
        rows.append([one.model, size, f"{1e3 * one.first:.1f}", f"{ratio:.1f}", further, memory])
    return markdown.table(head, rows, names=2)
