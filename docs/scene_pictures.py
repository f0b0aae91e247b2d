"""Draws pictures of generated scenes into `docs/pictures`, and of renders where these are.

`marks.png`: what two keys alone make of legs that pass each other, and what marks make of them. `stroll.png`: what
optical flow makes of somebody who walks, and what motion does; `street.png`: the same of a car that passes houses.
`renders.png`: what optical flow makes of two rendered keys, and what it does where motion vectors lead it.

python docs/scene_pictures.py [RENDERS]

RENDERS is a folder that `docs/renders.py` filled.
"""

import sys
from pathlib import Path

import cv2
import numpy as np

from inbetween import bench_marks, bench_renders, scenes
from inbetween.core.channels import RGBA
from inbetween.core.network import Network
from inbetween.core.schedule import Gap
from inbetween.models import registry
from inbetween.models.rendered import RenderedNetwork
from inbetween.models.training.readers import Picture
from inbetween.stage import Stage

PICTURES = Path(__file__).parent / "pictures"
LEGS = bench_marks.SCENES["legs pass each other"]
STAGE = Stage(2)
Part = tuple[slice, slice]
WALKER: Part = slice(16, 520), slice(250, 730)
STREET: Part = slice(126, 504), slice(0, 720)
ALL: Part = slice(None), slice(None)
SHOT, KEYS = "a camera passes columns", Gap(5, 13)
TIMES = (0.0, 0.25, 0.5, 0.75, 1.0)
WIDE, GAP = 240, 6
CROSSES = ((40, 110, 250), (250, 90, 30))


def main(renders: str = "") -> None:
    """Each picture is two rows, the keys at both ends."""
    _save("marks.png", _marked())
    _save("stroll.png", [_played("somebody walks on the spot", model, WALKER) for model in ("flow", "motion")])
    _save("street.png", [_played("a car passes houses", model, STREET) for model in ("flow", "motion")])
    if renders:
        _save("renders.png", _rendered(next(each for each in bench_renders.shots(Path(renders)) if each.name == SHOT)))


def _rendered(shot: bench_renders.Shot) -> list[np.ndarray]:
    """By optical flow alone, and led by motion vectors."""
    flow = registry.load("flow", "cpu").network(RGBA, "display")
    start, end = shot.frames[KEYS.first], shot.frames[KEYS.last]
    led = RenderedNetwork(flow, RGBA, shot.motion(KEYS))
    return [_row(_between(network, start, end, ALL)) for network in (flow, led)]


def _played(scene: str, model: str, part: Part) -> np.ndarray:
    start, end = (scenes.SCENES[scene](STAGE, t) for t in (0.0, 1.0))
    return _row(_between(registry.load(model, "cpu").network(RGBA, "display"), start, end, part))


def _marked() -> list[np.ndarray]:
    """Without marks and with them."""
    start, end = LEGS.draw(STAGE, 0.0), LEGS.draw(STAGE, 1.0)
    marks = [((a + 0.5) * 2, (b + 0.5) * 2) for a, b in zip(LEGS.points(0.0), LEGS.points(1.0), strict=True)]
    rows = []
    for told in ([], marks):
        network = registry.load("motion", "cpu").network(RGBA, "display")
        led = network.through(None, None, False, [(tuple(a), tuple(b)) for a, b in told])
        tiles = _between(led, start, end, WALKER)
        for key, tile in ((0, tiles[0]), (1, tiles[-1])):
            for mark, colour in zip(told, CROSSES, strict=False):
                _cross(tile, mark[key], colour)
        rows.append(_row(tiles))
    return rows


def _between(network: Network, start: Picture, end: Picture, part: Part) -> list[np.ndarray]:
    """A part of both keys, and of what a network draws between them."""
    asked = np.array(TIMES[1:-1], np.float32).reshape(-1, 1, 1, 1)
    return [_tile(frame, part) for frame in (start, *network(start[None], end[None], asked), end)]


def _save(name: str, rows: list[np.ndarray]) -> None:
    gap = np.full((GAP, rows[0].shape[1], 3), 255, np.uint8)
    cv2.imwrite(str(PICTURES / name), np.concatenate((rows[0], gap, rows[1])))


def _tile(frame: Picture, part: Part) -> np.ndarray:
    cut = np.asarray(frame)[*part, 2::-1]
    small = WIDE, round(WIDE * cut.shape[0] / cut.shape[1])
    return cv2.resize(np.round(np.clip(cut, 0, 1) * 255).astype(np.uint8), small, interpolation=cv2.INTER_AREA)


def _cross(tile: np.ndarray, place: np.ndarray, colour: tuple[int, int, int]) -> None:
    x, y = np.round((place - (WALKER[1].start, WALKER[0].start)) / 2).astype(int).tolist()
    for width, shade in ((5, (255, 255, 255)), (2, colour)):
        cv2.drawMarker(tile, (x, y), shade, cv2.MARKER_CROSS, 22, width, cv2.LINE_AA)
        cv2.circle(tile, (x, y), 8, shade, width, cv2.LINE_AA)


def _row(tiles: list[np.ndarray]) -> np.ndarray:
    gap = np.full((tiles[0].shape[0], GAP, 3), 255, np.uint8)
    parts = [part for tile in tiles for part in (tile, gap)]
    return np.concatenate(parts[:-1], axis=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
