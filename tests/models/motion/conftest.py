"""What several tests of the motion model measure by."""

from collections.abc import Callable
from functools import cache

import pytest

from inbetween.bench_scenes import Compare, compared, slowing
from inbetween.core.channels import RGBA
from inbetween.models import registry
from inbetween.stage import Stage


def _psnr(compare: Compare) -> Callable[[str, str], list[float]]:
    @cache
    def measured(scene: str, model: str) -> list[float]:
        (scores,) = compare([registry.load(model, "cpu").network(RGBA, "display")], Stage(1), scene)
        return [score.psnr for score in scores]

    return measured


@pytest.fixture(scope="session")
def psnr() -> Callable[[str, str], list[float]]:
    """Of a generated scene and a model, by name: how near its frames come to the truth, in dB at each time."""
    return _psnr(compared)


@pytest.fixture(scope="session")
def psnr_slowing() -> Callable[[str, str], list[float]]:
    """The same of a scene that slows down from key to key."""
    return _psnr(slowing)
