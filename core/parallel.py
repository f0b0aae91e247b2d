"""Work shared among the cores this process may use."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def cores() -> int:
    """How many processor cores this process may use: what a farm has given us, not all the machine's."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_parallel(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """The results of work(item), in order, found in threads: for what NumPy and OpenCV do outside the interpreter lock.

    The first exception that any of them raises is raised here, when all have ended.
    """
    with ThreadPoolExecutor(cores()) as pool:
        return list(pool.map(work, items))
