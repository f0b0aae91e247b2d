"""Draws `docs/pictures/marks.png`: what two keys alone make of legs that pass each other, and what marks make of them.

python docs/marks_picture.py
"""

from pathlib import Path

import cv2
import numpy as np

from inbetween.bench_marks import SCENES
from inbetween.bench_scenes import Stage
from inbetween.core.channels import RGBA
from inbetween.models import registry
from inbetween.models.training.readers import Picture

PICTURE = Path(__file__).parent / "pictures" / "marks.png"
SCENE, STAGE = SCENES["legs pass each other"], Stage(2)
ROWS, COLUMNS = slice(16, 520), slice(250, 730)
TIMES = (0.0, 0.25, 0.5, 0.75, 1.0)
SMALL, GAP = (240, 252), 6
CROSSES = ((40, 110, 250), (250, 90, 30))


def main() -> None:
    """Two rows: without marks and with them, the keys at both ends."""
    start, end = SCENE.draw(STAGE, 0.0), SCENE.draw(STAGE, 1.0)
    marks = [((a + 0.5) * 2, (b + 0.5) * 2) for a, b in zip(SCENE.points(0.0), SCENE.points(1.0), strict=True)]
    rows = []
    for told in ([], marks):
        network = registry.load("motion", "cpu").network(RGBA, "display")
        led = network.through(None, None, False, [(tuple(a), tuple(b)) for a, b in told])
        asked = np.array(TIMES[1:-1], np.float32).reshape(-1, 1, 1, 1)
        frames = [start, *led(start[None], end[None], asked), end]
        tiles = [_tile(frame) for frame in frames]
        for key, tile in ((0, tiles[0]), (1, tiles[-1])):
            for mark, colour in zip(told, CROSSES, strict=False):
                _cross(tile, mark[key], colour)
        rows.append(_row(tiles))
    gap = np.full((GAP, rows[0].shape[1], 3), 255, np.uint8)
    cv2.imwrite(str(PICTURE), np.concatenate((rows[0], gap, rows[1])))


def _tile(frame: Picture) -> np.ndarray:
    cut = np.asarray(frame)[ROWS, COLUMNS, 2::-1]
    return cv2.resize(np.round(np.clip(cut, 0, 1) * 255).astype(np.uint8), SMALL, interpolation=cv2.INTER_AREA)


def _cross(tile: np.ndarray, place: np.ndarray, colour: tuple[int, int, int]) -> None:
    x, y = np.round((place - (COLUMNS.start, ROWS.start)) / 2).astype(int).tolist()
    for width, shade in ((5, (255, 255, 255)), (2, colour)):
        cv2.drawMarker(tile, (x, y), shade, cv2.MARKER_CROSS, 22, width, cv2.LINE_AA)
        cv2.circle(tile, (x, y), 8, shade, width, cv2.LINE_AA)


def _row(tiles: list[np.ndarray]) -> np.ndarray:
    gap = np.full((tiles[0].shape[0], GAP, 3), 255, np.uint8)
    parts = [part for tile in tiles for part in (tile, gap)]
    return np.concatenate(parts[:-1], axis=1)


if __name__ == "__main__":
    main()
