"""Limbs that bend and line drawings that walk: whole at any time, as long as they are, with their lines."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from inbetween.core.channels import RGBA
from inbetween.models import registry
from inbetween.models.motion.deformation import Deformation
from inbetween.models.motion.deformation_graph import complexes, graph
from inbetween.models.motion.lines import bent_lines
from inbetween.models.motion.marked import NO_MARKS
from inbetween.models.motion.regions import pieces
from inbetween.models.motion.registration import explained, registered, share
from inbetween.models.warp import fetched_at

HEIGHT, WIDTH = 160, 240
FRAME = slice(0, HEIGHT), slice(0, WIDTH)
TIMES = (0.25, 0.5, 0.75)
WALK = sorted((Path(__file__).resolve().parents[3] / "examples/walker/keys").iterdir())


def limb(*degrees: float, x: float = 70, y: float = 80, length: float = 60, width: int = 20) -> Any:
    """A mask of what hangs at a place and is straight down where no part of it is turned."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    for angle in np.radians(degrees):
        end = x + length * np.sin(angle), y + length * np.cos(angle)
        cv2.line(mask, (round(x), round(y)), (round(end[0]), round(end[1])), 1, width)
        x, y = end
    return mask > 0


def stays(places: Any, key: int) -> Any:
    return places


def at(bent: Deformation, t: float, start: Any, end: Any) -> Any:
    """What either key fills, put where it is at a time by the deformation alone, (H, W)."""
    first, second = bent.sources(FRAME, bent.at(t, (HEIGHT, WIDTH)), t)
    masks = [
        fetched_at(mask.astype(np.float32), source.reshape(-1, 2)).reshape(mask.shape)
        for mask, source in ((start, first), (end, second))
    ]
    return (1 - t) * masks[0] + t * masks[1] > 0.5


def overlap(one: Any, other: Any) -> float:
    return float((one & other).sum() / (one | other).sum())


def test_every_pixel_of_a_shape_is_in_one_cell_and_all_cells_hang_together() -> None:
    mask = limb(90, 30) | limb(90, x=150, y=20)
    found = graph(mask, 8)
    assert found.area.sum() == mask.sum()
    _, parts = cv2.connectedComponents(mask.astype(np.uint8))
    apart = [len({parts[round(y), round(x)] for x, y in found.places[link]} - {0}) > 1 for link in found.links]
    assert sum(apart) == 1
    assert apart[-1]
    assert not any(apart[: found.touching])


def test_what_stays_does_not_bend() -> None:
    mask = limb(90, 20)
    found = registered(mask, mask, stays)
    assert found is not None
    assert np.abs(found[0].end - found[0].graph.places).max() < 2
    assert share(found[1], (mask, mask)) == 1


@pytest.mark.parametrize("degrees", [(60, 130), (130, 60), (20, -40), (90, 170)])
def test_a_limb_that_bends_is_found_in_both_keys_and_is_the_same_limb_on_the_way(degrees: tuple[int, int]) -> None:
    start, end = limb(90, degrees[0]), limb(90, degrees[1])
    found = registered(start, end, stays)
    assert found is not None
    assert share(found[1], (start, end)) > 0.93
    for t in TIMES:
        truth = limb(90, degrees[0] + t * (degrees[1] - degrees[0]))
        assert overlap(at(found[0], t, start, end), truth) > 0.85, t


def test_what_swings_goes_on_an_arc_and_keeps_its_length() -> None:
    shape = graph(limb(90, 90, y=90, width=4), 6)
    start = complexes(shape.places)
    foot = start[start.real.argmin()]
    end = foot + (start - foot) * np.exp(-2j * np.pi / 3)
    swung = Deformation(shape, np.stack((end.real, end.imag), 1))
    half = swung.at(0.5, (HEIGHT, WIDTH))
    assert np.abs(half - (foot + (start - foot) * np.exp(-1j * np.pi / 3))).max() < 0.1 * np.abs(start - foot).max()
    assert np.allclose(np.abs(shape.link_vectors(half)), np.abs(shape.link_vectors(start)), rtol=0.05)


def test_both_keys_are_reached() -> None:
    start, end = limb(90, 60), limb(90, 130)
    found = registered(start, end, stays)
    assert found is not None
    bent = found[0]
    size = start.shape
    assert np.abs(bent.at(0, size) - complexes(bent.graph.places)).max() < 0.01
    assert np.abs(bent.at(1, size) - complexes(bent.end)).max() < 0.01
    backwards = explained(end, start, bent.back)
    assert all((told == other).all() for told, other in zip(backwards, found[1][::-1], strict=True))


def test_other_shapes_do_not_bend_into_each_other() -> None:
    disc = cv2.circle(np.zeros((HEIGHT, WIDTH), np.uint8), (120, 80), 35, 1, -1) > 0
    found = registered(disc, limb(90, 90, width=8), stays)
    assert found is None or share(found[1], (disc, limb(90, 90, width=8))) < 0.9


SWINGS = ("an arm swings 120 degrees", 28)


@pytest.mark.parametrize(("scene", "least"), [SWINGS, ("an arm bends by 105 degrees", 22), ("a line figure walks", 27)])
def test_limbs_are_whole_where_optical_flow_loses_them(scene: str, least: float, psnr: Any) -> None:
    ours, flow, dissolve = (psnr(scene, model) for model in ("motion", "flow", "dissolve"))
    assert min(ours) > least
    assert all(own > max(others) + 2 for own, *others in zip(ours, flow, dissolve, strict=True))


def test_a_walk_in_lines_keeps_all_its_limbs() -> None:
    network = registry.load("motion", "cpu").network(RGBA, "display")
    keys = []
    for file in WALK:
        picture = cv2.imread(str(file))
        assert picture is not None
        opaque = np.full(picture.shape[:2], 255, np.uint8)
        keys.append(np.dstack((picture[..., ::-1], opaque)).astype(np.float32) / 255)
    ink = [np.count_nonzero(key[..., :3].max(-1) < 0.4) for key in keys]
    for start, end in pairwise(keys):
        frames = network(start[None], end[None], np.array(TIMES, np.float32).reshape(-1, 1, 1, 1))
        for frame in frames:
            drawn = np.count_nonzero(np.asarray(frame)[..., :3].max(-1) < 0.4)
            assert 0.95 * min(ink) < drawn < 1.05 * max(ink)


def test_a_stick_that_is_thrown_turns_about_its_middle_and_that_goes_straight() -> None:
    network = registry.load("motion", "cpu").network(RGBA, "display")

    def stick(t: float) -> Any:
        picture = np.full((HEIGHT, WIDTH, 4), (0.9, 0.9, 0.9, 1), np.float32)
        corners = cv2.boxPoints(((70 + 100 * t, 90 - 30 * t), (70, 14), 60 * t))
        return cv2.fillPoly(picture, [np.round(corners).astype(np.int32)], (0.2, 0.3, 0.8, 1))

    frames = network(stick(0)[None], stick(1)[None], np.array(TIMES, np.float32).reshape(-1, 1, 1, 1))
    for frame, t in zip(frames, TIMES, strict=True):
        middle = np.argwhere(np.asarray(frame)[..., 0] < 0.5).mean(0)[::-1]
        assert np.abs(middle - (70 + 100 * t, 90 - 30 * t)).max() < 1.5


def test_a_texture_is_no_line_drawing() -> None:
    random = np.random.default_rng(3)
    keys = [np.dstack((random.random((HEIGHT, WIDTH, 3), np.float32), np.ones((HEIGHT, WIDTH), np.float32)))] * 2
    cut, everywhere = pieces(keys[0]), np.ones((HEIGHT, WIDTH), np.bool_)
    both = everywhere, everywhere
    assert bent_lines((keys[0], keys[1]), (cut, cut), both, both, stays, NO_MARKS) is None


def test_more_specks_than_a_shape_may_have_cells_do_not_bend() -> None:
    specks = np.zeros((HEIGHT, WIDTH), np.bool_)
    specks[::6, ::6] = True
    assert registered(specks, np.roll(specks, 3, axis=1), stays) is None


def test_links_between_parts_are_the_shortest_that_hold_all_of_them() -> None:
    spots = [(20, 20), (60, 20), (60, 50), (150, 50), (155, 110)]
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    for spot in spots:
        cv2.circle(mask, spot, 5, 1, -1)
    found = graph(mask > 0, 20)
    owner = np.square(found.places[:, None] - spots).sum(-1).argmin(1)
    assert {tuple(sorted(owner[link])) for link in found.links[found.touching :]} == {(0, 1), (1, 2), (2, 3), (3, 4)}


def test_strokes_on_rough_paper_that_fall_into_specks_are_no_lines() -> None:
    """Of each stroke the pen's own colour is on every other bit only."""
    rows, columns = np.indices((480, 640))
    strokes = (rows % 30 < 4) & (rows > 30) & (rows < 450) & (columns > 200) & (columns < 420)
    ink = np.where(columns % 5 < 3, 0.9, 0.4) * strokes
    keys = [np.dstack([1 - np.roll(ink, shift, axis=1)] * 3 + [np.ones_like(ink)]) for shift in (0, 60)]
    first, second = (key.astype(np.float32) for key in keys)
    cut, everywhere = (pieces(first), pieces(second)), np.ones(ink.shape, np.bool_)
    both = everywhere, everywhere
    assert bent_lines((first, second), cut, both, both, stays, NO_MARKS) is None
