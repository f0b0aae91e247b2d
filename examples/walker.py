"""Draws the keys of the walker: frames 1, 5, 9, 13 and 17, 960 x 540, PNG, ink on paper. Our own drawing, CC0.

python examples/walker.py

Contacts and passing poses of a walk, all of it lines: what swings has to be as long on its way as in the keys.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from canvas import INK, Canvas, Image, Points, both, oval, smooth

KEYS = Path(__file__).resolve().parent / "walker/keys"

PAPER, SKIN, RED = "f7f3ea", "ffdcb8", "d8473a"
LINE = 5.0


@dataclass(frozen=True)
class Pose:
    """Where the hips are, in pixels, and how the limbs are turned, in degrees forwards."""

    hips: tuple[float, float]
    legs: tuple[tuple[float, float], tuple[float, float]]
    """Thigh and shin, of the one in front and the one behind."""
    arms: tuple[tuple[float, float], tuple[float, float]]
    """Upper and lower arm."""
    lean: float = 5


POSES = {
    1: Pose((180, 300), ((27, 18), (-16, -38)), ((26, 52), (-32, -14))),
    5: Pose((316, 290), ((9, 3), (-8, -15)), ((15, 36), (-18, -3)), 3),
    9: Pose((452, 300), ((28, 19), (-17, -37)), ((28, 54), (-30, -12))),
    13: Pose((590, 290), ((10, 4), (-8, -14)), ((16, 37), (-18, -4)), 3),
    17: Pose((726, 300), ((27, 18), (-16, -38)), ((26, 52), (-32, -14))),
}


def walker(pose: Pose) -> Image:
    """Somebody who walks to the right: float32 (540, 960, 4), display-referred, covering everything."""
    canvas = Canvas(960, 540, (0, 0))
    canvas.fill(np.array([(0.0, 0.0), (960, 0), (960, 540), (0, 540)]), PAPER)
    canvas.stroke(np.array([(40.0, 476.0), (920, 476)]), 5, closed=False)
    hips = np.array(pose.hips)
    neck = joint(hips, 180 - pose.lean, 112)
    for leg in pose.legs:
        draw_limb(canvas, hips, 88, leg, foot=16)
    for arm in pose.arms:
        draw_limb(canvas, joint(neck, -pose.lean, 14), 56, arm)
    canvas.stroke(np.array([hips, neck]), LINE, closed=False)
    draw_head(canvas, joint(neck, 180 - pose.lean, 52))
    return canvas.finished()


def joint(start: Points, turn: float, length: float) -> Points:
    """Where something ends that hangs down when it is not turned."""
    angle = np.radians(turn)
    return np.asarray(start + length * np.array((np.sin(angle), np.cos(angle))))


def draw_limb(canvas: Canvas, start: Points, length: float, turns: tuple[float, float], foot: float = 0) -> None:
    middle = joint(start, turns[0], length)
    end = joint(middle, turns[1], length)
    joints = [start, middle, end]
    if foot:
        joints.append(joint(end, turns[1] + 84, foot))
    canvas.stroke(np.array(joints), LINE, closed=False)


def draw_head(canvas: Canvas, middle: Points) -> None:
    x, y = middle
    face = canvas.fill(oval(x, y, 52, 52), SKIN)
    cap = smooth([(x - 60, y - 8), (x - 60, y - 60), (x + 60, y - 60), (x + 60, y - 26), (x, y - 14)])
    canvas.paint(both(canvas.mask(cap), face), RED)
    canvas.stroke(smooth([(x - 51, y - 9), (x, y - 15), (x + 47, y - 24)], closed=False), LINE * 0.8, closed=False)
    canvas.stroke(oval(x, y, 52, 52), LINE)
    canvas.fill(oval(x + 24, y + 4, 6, 8), INK)
    canvas.stroke(
        smooth([(x + 16, y + 28), (x + 28, y + 32), (x + 40, y + 26)], closed=False), LINE * 0.7, closed=False
    )


def write(frame: Image, path: Path) -> None:
    """PNG, 8 bit, without alpha."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.round(frame[..., 2::-1] * 255).astype(np.uint8), [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    for number, pose in POSES.items():
        write(walker(pose), KEYS / f"walker.{number:04d}.png")
