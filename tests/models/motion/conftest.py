"""What several tests of the motion model measure by."""

from collections.abc import Callable
from functools import cache

import pytest

from inbetween.bench_scenes import compared
from inbetween.core.channels import RGBA
from inbetween.models import registry
from inbetween.stage import Stage


@pytest.fixture(scope="session")
def psnr() -> Callable[[str, str], list[float]]:
    """Of a generated scene and a model, by name: how near its frames come to the truth, in dB at each time."""

    @cache
    def measured(scene: str, model: str) -> list[float]:
        (scores,) = compared([registry.load(model, "cpu").network(RGBA, "display")], Stage(1), scene)
        return [score.psnr for score in scores]

    return measured
