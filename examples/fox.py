"""Draws the keys of the waving fox cub: frames 1, 9 and 17, 1920 x 1080, PNG with alpha. Our own drawing, CC0.

python examples/fox.py
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from canvas import INK, Canvas, Image, Place, Points, limb, move, oval, smooth

KEYS = Path(__file__).resolve().parent / "fox/keys"

ORANGE, RUST, CREAM, SAND = "f68840", "df6a2f", "fff3e0", "f0d9c0"
SOCK, SHADE, EAR, BLUSH = "74413a", "5b302c", "8f4b40", "ff9a86"
TEAL, PETROL, NIGHT = "2bb0a8", "1d8589", "2b1b4d"
LINE = 7.0


@dataclass(frozen=True)
class Pose:
    """What the animator moves, in degrees and pixels."""

    squash: float = 0
    """Above 0 flatter and wider, below taller and thinner; the volume stays."""
    lean: float = 0
    tilt: float = 0
    """Of the head."""
    nod: float = 0
    wave: float = 0
    """Of the raised arm."""
    tail: float = 0
    ears: float = 0
    scarf: float = 0
    look: tuple[float, float] = (0, 0)
    smile: float = 0.3
    """From closed (0) to laughing (1)."""


POSES = {
    1: Pose(squash=0.04, lean=-1.5, tilt=-5, nod=5, wave=-6, tail=-8, ears=4, scarf=0, look=(-5, 1), smile=0.2),
    9: Pose(squash=-0.02, lean=1, tilt=3, nod=-5, wave=8, tail=0, ears=-3, scarf=11, look=(3, -4), smile=0.6),
    17: Pose(squash=0.015, lean=2.5, tilt=9, nod=0, wave=-6, tail=5, ears=2, scarf=3, look=(7, 2), smile=0.9),
}


def fox(pose: Pose) -> Image:
    """A fox cub that sits and waves: float32 (1080, 1920, 4), premultiplied, display-referred."""
    canvas = Canvas(1920, 1080, (1000, 1012), scale=1.15)
    wide = 1 + pose.squash

    def body(points: Points) -> Points:
        return move(points * (wide, 1 / wide), pose.lean)

    def skull(points: Points) -> Points:
        neck = body(np.array([[0.0, -392.0]]))[0]
        return move(points, pose.tilt + pose.lean) + neck + (0, -150 + pose.nod)

    shadow = canvas.mask(oval(-50, 4, 390 * wide, 36))
    canvas.paint(cv2.GaussianBlur(shadow, (0, 0), 30), NIGHT, 0.4)
    draw_tail(canvas, pose, body)
    draw_trunk(canvas, body)
    draw_arm(canvas, pose, body)
    draw_scarf(canvas, pose, body)
    draw_head(canvas, pose, skull)
    return canvas.finished()


def draw_tail(canvas: Canvas, pose: Pose, body: Place) -> None:
    spine = smooth([(-90, -70), (-240, -70), (-356, -132), (-402, -252), (-378, -372), (-336, -452)], closed=False)
    bend = np.linspace(0, 1, len(spine))
    spine = np.concatenate([move(p[None], pose.tail * float(b), (-90, -70)) for p, b in zip(spine, bend, strict=True)])
    brush = body(limb(spine, [34, 58, 82, 94, 84, 46, 4]))
    fur = canvas.shape(brush, ORANGE, RUST, (-20, -18))
    cut = body(limb(spine[int(len(spine) * 0.64) :], [120, 120, 120]))
    tip = canvas.fill(cut, CREAM, fur)
    canvas.shade(tip, brush + (-20, -18), SAND)
    canvas.stroke(brush, LINE)


def draw_trunk(canvas: Canvas, body: Place) -> None:
    left = [(0, -425), (-84, -392), (-128, -285), (-168, -150), (-170, -50), (-128, 0), (0, 8)]
    right = [(-x, y) for x, y in left[1:-1]][::-1]
    trunk = body(smooth([*left, *right]))
    fur = canvas.shape(trunk, ORANGE, RUST, (-20, -6))
    chest = body(
        smooth([(0, -400), (-86, -360), (-92, -270), (-58, -196), (0, -160), (58, -196), (92, -270), (86, -360)])
    )
    canvas.shade(canvas.fill(chest, CREAM, fur), chest + (-14, -8), SAND)
    canvas.stroke(trunk, LINE)
    for side in (-1, 1):
        thigh = body(smooth([(-92, -148), (-178, -126), (-212, -52), (-176, -4), (-96, -2), (-70, -66)]) * (-side, 1))
        canvas.shape(thigh, ORANGE, RUST, (-14, -12))
        canvas.stroke(thigh, LINE)
        foot = body(oval(side * 146, -16, 74, 27))
        canvas.shape(foot, SOCK, SHADE, (-8, -9))
        canvas.stroke(foot, LINE)
    draw_foreleg(canvas, body, -54)


def draw_foreleg(canvas: Canvas, body: Place, x: float) -> None:
    leg = body(limb(smooth([(x - 16, -262), (x - 8, -140), (x, -22)], closed=False), [44, 38, 34]))
    fur = canvas.shape(leg, ORANGE, RUST, (-14, -4))
    sock = canvas.fill(body(smooth([(x - 70, -112), (x, -96), (x + 60, -118), (x + 60, 30), (x - 70, 30)])), SOCK, fur)
    canvas.shade(sock, leg + (-14, -4), SHADE)
    canvas.stroke(leg, LINE)


def draw_arm(canvas: Canvas, pose: Pose, body: Place) -> None:
    shoulder = (96, -318)
    spine = smooth([shoulder, (200, -290), (298, -332), (344, -436)], closed=False)
    spine = move(spine, pose.wave, shoulder)
    sleeve = body(limb(spine, [46, 44, 42, 46]))
    fur = canvas.shape(sleeve, ORANGE, RUST, (-12, -12))
    sock = canvas.fill(body(limb(spine[int(len(spine) * 0.6) :], [70, 70, 70])), SOCK, fur)
    canvas.shade(sock, sleeve + (-12, -12), SHADE)
    canvas.stroke(sleeve, LINE)
    forward = (spine[-1] - spine[-6]) / np.hypot(*(spine[-1] - spine[-6]))
    palm = spine[-1] - forward * 4
    canvas.fill(body(oval(*palm, 15, 13)), BLUSH)
    for turn in (-52, 0, 52):
        toe = palm + move(forward * 27, turn)
        canvas.fill(body(oval(*toe, 8.5, 8.5)), BLUSH)


def draw_scarf(canvas: Canvas, pose: Pose, body: Place) -> None:
    flap = smooth([(-70, -392), (-104, -330), (-128, -262), (-150, -218)], closed=False)
    flap = move(flap, pose.scarf, (-70, -392))
    ribbon = body(limb(flap, [26, 34, 38, 40]))
    canvas.shape(ribbon, TEAL, PETROL, (-12, -4))
    canvas.stroke(ribbon, LINE)
    band = body(
        smooth(
            [
                (-132, -412),
                (-60, -378),
                (0, -370),
                (60, -378),
                (132, -412),
                (122, -358),
                (60, -326),
                (0, -318),
                (-60, -326),
                (-122, -358),
            ]
        )
    )
    canvas.shape(band, TEAL, PETROL, (0, -16))
    canvas.stroke(band, LINE)


def draw_head(canvas: Canvas, pose: Pose, skull: Place) -> None:
    for side in (-1, 1):
        draw_ear(canvas, pose, skull, side)
    left = [(0, -176), (-104, -158), (-182, -88), (-214, 4), (-252, 68), (-196, 100), (-182, 128), (-96, 158), (0, 172)]
    skin = skull(smooth([*left, *[(-x, y) for x, y in left[1:-1]][::-1]]))
    fur = canvas.shape(skin, ORANGE, RUST, (-12, -16))
    blaze = [(0, 40), (-40, 34), (-100, 8), (-176, 22), (-300, 66), (-220, 150), (-90, 190), (0, 200)]
    mask = skull(smooth([*blaze, *[(-x, y) for x, y in blaze[1:-1]][::-1]]))
    white = canvas.fill(mask, CREAM, fur)
    canvas.shade(white, skin + (-12, -16), SAND)
    for side in (-1, 1):
        canvas.fill(skull(oval(side * 168, 74, 34, 20)), BLUSH, fur, 0.65)
    canvas.stroke(skin, LINE)
    for side in (-1, 1):
        draw_eye(canvas, pose, skull, side)
    draw_muzzle(canvas, pose, skull)


def draw_ear(canvas: Canvas, pose: Pose, skull: Place, side: int) -> None:
    turn, about = pose.ears * side, (-130.0, -110.0)
    outer = smooth([(-198, -52), (-222, -160), (-206, -292), (-122, -238), (-44, -150), (-90, -60)])
    inner = smooth([(-172, -92), (-190, -170), (-186, -240), (-132, -196), (-92, -140), (-120, -90)])
    outer, inner = (skull(move(p, turn * side, about) * (-side, 1)) for p in (outer, inner))
    fur = canvas.shape(outer, ORANGE, RUST, (-12, -10))
    canvas.fill(inner, EAR, fur)
    canvas.stroke(outer, LINE)


def draw_eye(canvas: Canvas, pose: Pose, skull: Place, side: int) -> None:
    x, y = side * 92, 8
    lx, ly = pose.look
    canvas.fill(skull(oval(x + lx, y + ly, 27, 37)), INK)
    canvas.fill(skull(oval(x + lx - 9, y + ly - 14, 10, 11)), "ffffff")
    canvas.fill(skull(oval(x + lx + 9, y + ly + 14, 5, 5)), "ffffff", opacity=0.8)
    brow = smooth([(x - 24, y - 62 - side * 3), (x, y - 72), (x + 24, y - 62 + side * 3)], closed=False)
    canvas.stroke(skull(brow), 8, closed=False)


def draw_muzzle(canvas: Canvas, pose: Pose, skull: Place) -> None:
    lx, ly = pose.look[0] * 0.6, pose.look[1] * 0.6
    drop = 14 + 30 * pose.smile
    mouth = smooth(
        [(-44, 98), (-20, 108), (0, 102), (20, 108), (44, 98), (26, 104 + drop), (0, 112 + drop), (-26, 104 + drop)]
    )
    inside = canvas.fill(skull(mouth + (lx, ly)), "7a2b33")
    canvas.fill(skull(oval(lx, ly + 116 + drop, 26, 20)), "ff8d86", inside)
    canvas.stroke(skull(mouth + (lx, ly)), 6)
    nose = smooth([(-30, 66), (0, 60), (30, 66), (22, 86), (0, 98), (-22, 86)]) + (lx, ly)
    canvas.fill(skull(nose), INK)
    canvas.fill(skull(oval(lx - 9, ly + 71, 9, 5)), "8a6d6a")


def write(frame: Image, path: Path) -> None:
    """PNG holds straight alpha: the colour is divided by it, and what is fully clear is black."""
    alpha = frame[..., 3:]
    straight = np.where(alpha > 0, frame[..., :3] / np.maximum(alpha, 1e-6), 0)
    pixels = np.concatenate([straight[..., ::-1], alpha], -1)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.round(np.clip(pixels, 0, 1) * 255).astype(np.uint8), [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    for number, pose in POSES.items():
        write(fox(pose), KEYS / f"fox.{number:04d}.png")
