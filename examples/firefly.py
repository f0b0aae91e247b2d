"""Draws the keys of the firefly: frames 1, 5 and 9, 960 x 540, half-float EXR in scene-linear light. Our own, CC0.

    python examples/firefly.py

Its lantern is sixteen times as bright as white, and its glow is light without coverage: what an in-between must not
clip and must not mistake for something solid.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
from canvas import INK, Canvas, Image, Place, limb, move, oval, smooth

KEYS = Path(__file__).resolve().parent / "firefly/keys"

SHELL, DUSK, FACE, WING, LAMP, AMBER, BLUSH = "4a5fb0", "34448c", "ffe3c4", "d9f0ff", "fff3a6", "ffc94d", "ff9a86"
LINE = 4.0
GLOW = 155.0
"""Pixels from the lantern to where its light ends."""


@dataclass(frozen=True)
class Pose:
    """Where it is, in pixels from the middle of the frame, how it leans and beats its wings, in degrees."""

    at: tuple[float, float]
    lean: float
    wings: float
    light: float
    """Of the lantern; 1 is white."""


POSES = {
    1: Pose((-74, 30), -12, -10, 10.0),
    5: Pose((-4, -24), 2, 6, 16.0),
    9: Pose((70, 6), 14, -6, 12.0),
}


def firefly(pose: Pose) -> Image:
    """The firefly: float32 (540, 960, 4), premultiplied, scene-linear; the lantern and its glow exceed 1."""
    canvas = Canvas(960, 540, (480, 246))

    def place(points: np.ndarray) -> np.ndarray:
        return move(points * 1.2, pose.lean, by=pose.at)

    for side in (1, -1):
        draw_wings(canvas, pose, place, side)
    draw_body(canvas, place)
    draw_head(canvas, place)
    lantern = place(np.array([[0.0, 88.0]]))[0] + canvas.origin
    return lit(linear(canvas.finished()), lantern, pose.light)


def draw_wings(canvas: Canvas, pose: Pose, place: Place, side: int) -> None:
    for turn, length, width in ((-34 + pose.wings, 118, 36), (6 + pose.wings * 0.6, 92, 28)):
        wing = limb(smooth([(14, -4), (length * 0.5, -16), (length, -8)], closed=False), [8, width, width * 0.8])
        wing = place(move(wing, turn, (14, -4)) * (side, 1))
        canvas.fill(wing, WING, opacity=0.55)
        canvas.stroke(wing, LINE * 0.8, "8fb4d6")


def draw_body(canvas: Canvas, place: Place) -> None:
    lamp = place(smooth([(0, 38), (-40, 48), (-46, 84), (-24, 118), (0, 126), (24, 118), (46, 84), (40, 48)]))
    glass = canvas.shape(lamp, LAMP, AMBER, (-7, -6))
    for height in (70, 98):
        rib = smooth([(-60, height - 6), (0, height + 5), (60, height - 6)], closed=False)
        canvas.paint(canvas.line(place(rib), 3), "e0992c", 1, glass)
    canvas.stroke(lamp, LINE)
    shell = place(smooth([(0, -34), (-40, -14), (-46, 32), (-24, 56), (0, 50), (24, 56), (46, 32), (40, -14)]))
    canvas.shape(shell, SHELL, DUSK, (-7, -6))
    canvas.stroke(shell, LINE)
    canvas.stroke(place(smooth([(0, -20), (1, 14), (0, 50)], closed=False)), LINE * 0.8, closed=False)


def draw_head(canvas: Canvas, place: Place) -> None:
    for side in (1, -1):
        feeler = smooth([(14, -100), (26, -136), (50, -150)], closed=False) * (side, 1)
        canvas.stroke(place(feeler), LINE, closed=False)
        canvas.fill(place(oval(*feeler[-1], 8, 8)), AMBER)
        canvas.stroke(place(oval(*feeler[-1], 8, 8)), LINE * 0.8)
    hood = place(oval(0, -66, 62, 54))
    fur = canvas.shape(hood, SHELL, DUSK, (-7, -7))
    canvas.fill(
        place(smooth([(0, -84), (-28, -92), (-52, -66), (-40, -26), (0, -14), (40, -26), (52, -66), (28, -92)])),
        FACE,
        fur,
    )
    canvas.stroke(hood, LINE)
    for side in (1, -1):
        canvas.fill(place(oval(side * 23, -56, 9.5, 13)), INK)
        canvas.fill(place(oval(side * 23 - 3, -61, 3.6, 4)), "ffffff")
        canvas.fill(place(oval(side * 38, -38, 9, 5.5)), BLUSH, opacity=0.7)
    canvas.stroke(place(smooth([(-10, -40), (0, -34), (10, -40)], closed=False)), LINE * 0.8, closed=False)


def linear(frame: Image) -> Image:
    """Display-referred (sRGB) to scene-linear light, premultiplied both ways."""
    alpha = frame[..., 3:]
    colour = np.where(alpha > 0, frame[..., :3] / np.maximum(alpha, 1e-6), 0)
    colour = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    return np.concatenate([colour * alpha, alpha], -1).astype(np.float32)


def lit(frame: Image, lantern: np.ndarray, light: float) -> Image:
    """Add the lantern's light: a hot core on the glass and a glow that ends exactly at GLOW pixels."""
    y, x = np.mgrid[: frame.shape[0], : frame.shape[1]].astype(np.float32)
    away = np.hypot(x - lantern[0], y - lantern[1])
    core = light * np.exp(-((away / 30) ** 4))
    halo = 0.03 * light * np.clip(1 - (away / GLOW) ** 2, 0, 1) ** 3
    warm = np.array([1.0, 0.72, 0.24], np.float32)
    glow = np.concatenate([(core + halo)[..., None] * warm, np.zeros_like(away)[..., None]], -1)
    return (frame + glow).astype(np.float32)


def write(frame: Image, path: Path) -> None:
    spec = oiio.ImageSpec(frame.shape[1], frame.shape[0], 4, "half")
    spec.channelnames, spec.alpha_channel = ("R", "G", "B", "A"), 3
    spec["compression"] = "zip"
    spec["DateTime"] = "2026:01:01 12:00:00"  # else the time of day, and no two runs write the same file
    spec["oiio:ColorSpace"] = "lin_rec709_scene"
    path.parent.mkdir(parents=True, exist_ok=True)
    output = oiio.ImageOutput.create(str(path))
    if not (output and output.open(str(path), spec) and output.write_image(frame) and output.close()):
        raise SystemExit(f"{path} could not be written: {oiio.geterror()}")


if __name__ == "__main__":
    for number, pose in POSES.items():
        write(firefly(pose), KEYS / f"firefly.{number:04d}.exr")
