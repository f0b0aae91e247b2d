"""What several tests of the motion model measure by."""

from collections.abc import Callable
from functools import cache
from typing import TypeAlias

import pytest

from inbetween.bench_scenes import Compare, compared, slowing
from inbetween.core.channels import RGBA
from inbetween.models import registry
from inbetween.stage import Stage

Psnr: TypeAlias = Callable[[str, str], list[float]]


def _psnr(compare: Compare) -> Psnr:
    @cache
    def measured(scene: str, model: str) -> list[float]:
        (scores,) = compare([registry.load(model, "cpu").network(RGBA, "display")], Stage(1), scene)
        return [score.psnr for score in scores]

    return measured


@pytest.fixture(scope="session")
def psnr() -> Psnr:
    """Of a generated scene and a model, by name: how near its frames come to the truth, in dB at each time."""
    return _psnr(compared)


@pytest.fixture(scope="session")
def psnr_slowing() -> Psnr:
    """The same of a scene that slows down from key to key."""
    return _psnr(slowing)


def _whole(psnr: Psnr) -> Callable[[str, float], None]:
    def whole(scene: str, least: float) -> None:
        ours, flow, dissolve = (psnr(scene, model) for model in ("motion", "flow", "dissolve"))
        assert min(ours) > least
        assert min(ours) > max(*flow, *dissolve)

    return whole


@pytest.fixture(scope="session")
def whole(psnr: Psnr) -> Callable[[str, float], None]:
    """Asserts that a scene is drawn nearer to the truth than so many dB, and than by flow and dissolve, at any time."""
    return _whole(psnr)


@pytest.fixture(scope="session")
def whole_slowing(psnr_slowing: Psnr) -> Callable[[str, float], None]:
    """The same of a scene that slows down from key to key."""
    return _whole(psnr_slowing)
