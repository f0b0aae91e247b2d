"""A model whose pictures change has another number, so that no finished frame passes for one of today's code.

To keep the pictures of a number that was raised: `python tests/models/test_algorithm.py`.
"""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from inbetween.core.channels import RGBA
from inbetween.core.inbetween import inbetween
from inbetween.core.network import Beyond
from inbetween.core.schedule import Gap, schedule
from inbetween.core.settings import Settings
from inbetween.models import registry
from inbetween.models.model import Model

PICTURES = Path(__file__).parent / "drawn"
NUDGED, FEW = 2, 0.003
"""Steps of 255 by which another machine's arithmetic may change a value, and the share of values it may change more.

Measured: torch in place of ONNX Runtime changes none by more than 1; OpenCV and NumPy without AVX2 and FMA change more
than 2 in 0.001 of what flow draws, in 0.0001 of what motion draws, and elsewhere less.
"""
HEIGHT, WIDTH = 120, 200


def scene(t: float) -> Any:
    """What models draw in ways of their own: things that slide, turn, bend, are drawn on, come and cast shadows."""
    picture = np.full((4 * HEIGHT, 4 * WIDTH, 4), (0.92, 0.9, 0.85, 1), np.float32)
    rows, columns = np.indices((160, 280))
    picture[300:460, 480:760, :3] *= (0.7 + 0.3 * np.sin(rows / 17) * np.cos(columns / 19 + rows / 43))[..., None]
    shadow = cv2.circle(np.zeros(picture.shape[:2], np.float32), (round(120 + 90 * t), 400), 44, 0.4, -1)
    picture[..., :3] *= 1 - cv2.GaussianBlur(shadow, (0, 0), 9)[..., None]
    cv2.circle(picture, (round(110 + 90 * t), 385), 40, (0.2, 0.6, 0.3, 1), -1)
    bar = cv2.boxPoints(((110 + 110 * t, 80), (150, 44), 80 * t))
    cv2.fillPoly(picture, [np.round(bar).astype(np.int32)], (0.15, 0.3, 0.7, 1))
    cv2.circle(picture, (round(520 + 150 * t), 380), 40, (0.8, 0.2, 0.1, 1), -1)
    elbow = np.array((400 + 80 * np.sin(0.3 + t), 200 + 80 * np.cos(0.3 + t)))
    hand = elbow + 90 * np.array((np.sin(0.3 + 2.2 * t), np.cos(0.3 + 2.2 * t)))
    arm = np.round(np.stack(((400, 200), elbow, hand))).astype(np.int32)
    cv2.polylines(picture, [arm], False, (0.5, 0.3, 0.6, 1), 30)
    for place in range(4):
        cv2.circle(picture, (round(520 + 50 * place + 70 * t), round(60 + 20 * t)), 14, (0.1, 0.1, 0.1, 1), -1)
    way = np.array([(40, 220), (40, 300), (40 + round(50 + 180 * t), 300)])
    cv2.polylines(picture, [way], False, (0.1, 0.4, 0.2, 1), 14)
    if t > 0.5:
        cv2.circle(picture, (680, 210), 40, (0.9, 0.7, 0.1, 1), -1)
    return cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)


def drawn(model: Model) -> Any:
    """Three in-betweens one below the other, as the runner has them drawn, 8-bit BGRA."""
    network: Any = model.network(RGBA, "display")
    if model.knows_path:
        network = network.through(Beyond(scene(-0.6), 1.0), None, even=False)
    drawings = schedule(Gap(1, 5), Settings())
    made = inbetween(scene(0), scene(1), drawings, network, scheme=model.scheme, knows_time=model.knows_time)
    frames = {drawing.frame: np.asarray(frame) for drawing, frame in made}
    picture = np.concatenate([frames[number] for number in sorted(frames)])
    return np.round(picture.clip(0, 1) * 255).astype(np.uint8)[..., [2, 1, 0, 3]]


def kept(model: Model) -> Path:
    """Where the pictures that a model's number stands for are."""
    return PICTURES / f"{model.name}-{model.algorithm}.png"


def elsewhere(name: str) -> str:
    """The file that holds a model's number."""
    return {"motion": "models/motion/model.py", "motion-native": "models/motion/model.py"}.get(
        name, f"models/{name}.py"
    )


@pytest.mark.parametrize("name", registry.MODELS)
def test_a_model_draws_what_its_number_stands_for(name: str) -> None:
    model = registry.load(name, "cpu")
    remedy = f"raise ALGORITHM in {elsewhere(name)}, then run `python tests/models/test_algorithm.py`"
    before = cv2.imread(str(kept(model)), cv2.IMREAD_UNCHANGED)
    assert before is not None, f"{kept(model)} is missing; {remedy}"
    apart = np.abs(drawn(model).astype(int) - before)
    assert np.mean(apart > NUDGED) < FEW, f"{name} draws other pictures than its number {model.algorithm}; {remedy}"


def test_a_change_of_the_pictures_is_noticed() -> None:
    """Half a pixel is more than machines differ by."""
    now = drawn(registry.load("flow", "cpu")).astype(int)
    moved = np.roll(now, 1, axis=1) * 0.5 + now * 0.5
    assert np.mean(np.abs(now - moved) > NUDGED) > FEW


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    for each in (registry.load(name, "cpu") for name in registry.MODELS):
        if not kept(each).exists():
            for old in PICTURES.glob(f"{each.name}-[0-9]*.png"):
                old.unlink()
            cv2.imwrite(str(kept(each)), drawn(each))
