"""The example keys: what a stranger's first run is made of."""

import importlib
from pathlib import Path

import cv2
import numpy as np
import OpenImageIO as oiio
import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def test_the_keys_leave_gaps_to_fill() -> None:
    numbers = {folder.parent.name: sorted(int(f.stem.split(".")[1]) for f in folder.iterdir()) for folder in keys()}
    walker = [1, 5, 9, 13, 17]
    assert numbers == {"columns": [1, 9, 17], "firefly": [1, 5, 9], "fox": [1, 9, 17], "walker": walker}


def keys() -> list[Path]:
    return sorted(EXAMPLES.glob("*/keys"))


def test_a_clone_stays_small() -> None:
    assert sum(file.stat().st_size for folder in keys() for file in folder.parent.glob("*/*")) < 3 * 2**20


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("fox/keys/*.png")), ids=lambda file: file.name)
def test_the_fox_is_drawn_at_1080p_on_nothing(file: Path) -> None:
    pixels = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    assert pixels.shape == (1080, 1920, 4)
    assert pixels[0, 0, 3] == 0
    assert 0.1 < (pixels[..., 3] == 255).mean() < 0.5


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("firefly/keys/*.exr")), ids=lambda file: file.name)
def test_the_firefly_is_brighter_than_white_and_glows_where_nothing_is(file: Path) -> None:
    pixels = np.asarray(oiio.ImageInput.open(str(file)).read_image("float"))
    assert pixels.shape == (540, 960, 4)
    assert pixels[..., :3].max() > 8
    assert (pixels[..., :3].max(-1) > 0.05)[pixels[..., 3] == 0].any()


@pytest.mark.parametrize("name", ["fox", "firefly", "walker"])
def test_the_keys_are_what_their_script_draws(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(EXAMPLES)
    script = importlib.import_module(name)
    number, pose = next(iter(script.POSES.items()))
    suffix = next((EXAMPLES / name / "keys").iterdir()).suffix
    script.write(getattr(script, name)(pose), tmp_path / f"anew{suffix}")
    anew, kept = tmp_path / f"anew{suffix}", EXAMPLES / name / f"keys/{name}.{number:04d}{suffix}"
    pictures = [np.asarray(oiio.ImageInput.open(str(file)).read_image("float")) for file in (anew, kept)]
    assert np.abs(pictures[0] - pictures[1]).max() < 0.02
