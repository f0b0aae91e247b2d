"""Things of one colour that touch in one key and not in the other: apart on the way, and each of them whole."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from inbetween.models.motion.affine import inverse, mapped
from inbetween.models.motion.alignment import View
from inbetween.models.motion.depth_order import half_hidden
from inbetween.models.motion.matching import matches
from inbetween.models.motion.piece_motion import Manner, carried
from inbetween.models.motion.regions import pieces
from inbetween.models.motion.touching import parted, touching
from inbetween.models.motion.verification import Sight, mismatch

HEIGHT, WIDTH = 160, 240
PAPER, RED, BLUE = (0.9, 0.9, 0.88, 1), (0.8, 0.2, 0.2, 1), (0.2, 0.3, 0.8, 1)


def sheet(*things: Any, colour: Any = RED) -> Any:
    """A picture of masks of one colour on paper."""
    picture = np.full((HEIGHT, WIDTH, 4), PAPER, np.float32)
    for mask in things:
        picture[mask > 0] = colour
    return picture


def disc(x: float, y: float, radius: int) -> Any:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    return cv2.circle(mask, (round(x), round(y)), radius, 1, -1)


def bar(x: float, y: float, degrees: float) -> Any:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    return cv2.fillPoly(mask, [np.rint(cv2.boxPoints(((x, y), (60, 22), degrees))).astype(np.int32)], 1)


def seen(start: Any, end: Any) -> Sight:
    """Two pictures with flows that lead nowhere, as those of things that go far."""
    cut = pieces(start), pieces(end)
    astray = np.full((HEIGHT, WIDTH, 2), 9, np.float32)
    still = np.zeros_like(astray)
    wrong = mismatch(start, end, still), mismatch(end, start, still)
    return Sight(cut, (View(start, cut[0]), View(end, cut[1])), (astray, astray), wrong)


def pairs(sight: Sight) -> Any:
    nothing = np.zeros(len(sight.cut[0].area), np.bool_), np.zeros(len(sight.cut[1].area), np.bool_)
    return matches(*sight.cut, sight.flow_shifts(), sight.judged, sight.marked, nothing)


def found(start: Any, end: Any) -> Any:
    sight = seen(start, end)
    return touching(sight, pairs(sight), {})


APART, TOGETHER = (disc(60, 60, 26), bar(180, 110, 10)), (disc(80, 70, 26), bar(125, 90, -20))


@pytest.mark.parametrize("turned", [False, True])
def test_it_is_told_where_each_went_whichever_key_shows_them_apart(turned: bool) -> None:
    keys = (sheet(*APART), sheet(*TOGETHER))[:: -1 if turned else 1]
    (one,) = found(*keys)
    assert one.key == (0 if turned else 1)
    centres = pieces(sheet(*APART)).centre
    went = {
        round(centres[part][0]): mapped(centres[part][None], way)[0]
        for part, way in zip(one.parts, one.ways, strict=True)
    }
    assert went[60] == pytest.approx((80, 70), abs=1)
    assert went[180] == pytest.approx((125, 90), abs=1)
    angles = sorted(float(np.degrees(np.arctan2(way[1, 0], way[0, 0]))) for way in one.ways[1:])
    assert angles == pytest.approx([-30], abs=3)


def test_the_piece_is_cut_between_them_and_all_else_stays() -> None:
    start, end = sheet(*APART, bar(60, 140, 0)), sheet(*TOGETHER, bar(60, 140, 0))
    sight = seen(start, end)
    touch = touching(sight, pairs(sight), {})
    apart = parted(sight.cut, (start, end), touch)
    cut = apart.cut
    assert len(cut[1].area) == 3
    assert np.array_equal(cut[0].labels, sight.cut[0].labels)
    assert np.array_equal(cut[1].labels > 0, sight.cut[1].labels > 0)
    for (one, other), way in apart.ways.items():
        rows, columns = np.nonzero(cut[1].labels == other + 1)
        there = np.rint(mapped(np.stack((columns, rows), 1), inverse(way))).astype(int)
        assert np.mean(cut[0].labels[there[:, 1], there[:, 0]] == one + 1) > 0.95


def test_what_covers_another_of_its_colour_hides_a_part_of_it() -> None:
    start, end = sheet(disc(60, 60, 30), bar(180, 110, 0)), sheet(disc(80, 70, 30), bar(124, 80, 0))
    still = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    load = carried(start, end, (still + 9, still + 9))
    assert sorted(piece.manner.name for piece in load.pieces) == [Manner.CARRIED.name, Manner.PARTLY.name]


def test_a_third_of_their_colour_that_stays_by_itself_is_none_of_them() -> None:
    alone = disc(200, 35, 14)
    (one,) = found(sheet(*APART, alone), sheet(*TOGETHER, np.roll(alone, 12, 0)))
    assert len(one.parts) == 2


@pytest.mark.parametrize(
    ("apart", "together"),
    [
        ((disc(60, 60, 26),), (disc(90, 70, 26),)),  # one thing in either key
        ((disc(60, 60, 26), bar(180, 110, 0)), (disc(90, 70, 26), bar(170, 110, 20))),  # they stay apart
        ((disc(60, 60, 26), disc(180, 110, 10)), (cv2.dilate(disc(90, 70, 26), np.ones((19, 19), np.uint8)),)),
        ((disc(30, 30, 26), bar(180, 130, 0)), (disc(80, 70, 26), bar(80, 70, 0))),  # nothing of one is seen
    ],
)
def test_nothing_is_parted_that_is_no_several_things(apart: Any, together: Any) -> None:
    assert found(sheet(*apart), sheet(*together)) == []


def test_things_of_another_colour_are_no_part() -> None:
    start = sheet(APART[0]) * 1
    start[APART[1] > 0] = BLUE
    assert found(start, sheet(*TOGETHER)) == []


@pytest.mark.parametrize(
    ("scene", "ahead"),
    [
        ("shapes of one colour meet", 15),
        ("legs of one colour close", 8),
        ("a hand goes to the cheek", 5),
        ("a silhouette lowers its arms", 5),
        ("a box of one colour is opened", 8),
        ("four squares make one", 15),
    ],
)
def test_they_come_nearer_to_the_truth_than_dissolve_and_optical_flow(
    psnr: Callable[[str, str], list[float]], scene: str, ahead: float
) -> None:
    others = zip(psnr(scene, "dissolve"), psnr(scene, "flow"), strict=True)
    for motion, both in zip(psnr(scene, "motion"), others, strict=True):
        assert motion > max(both) + ahead


def test_what_another_thing_crosses_is_one_thing() -> None:
    leg = cv2.line(np.zeros((HEIGHT, WIDTH), np.uint8), (60, 30), (120, 130), 1, 22)
    post = np.zeros((HEIGHT, WIDTH), np.uint8)
    post[:, 84:100] = 1
    start, end = sheet(np.roll(leg, 60, 1)), sheet(leg)
    for picture in (start, end):
        picture[post > 0] = BLUE
    sight = seen(start, end)
    known = pairs(sight)
    assert touching(sight, known, half_hidden(sight, known)) == []
