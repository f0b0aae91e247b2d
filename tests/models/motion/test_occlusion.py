"""Limbs and things of which something hides a part: whole, below what hides them, about their joints."""

from typing import Any

import cv2
import numpy as np
import pytest

from inbetween.models.motion.affine import mapped, turn
from inbetween.models.motion.alignment import View
from inbetween.models.motion.depth_order import half_hidden
from inbetween.models.motion.occlusion import Hidden, Parts, crossing, hidden
from inbetween.models.motion.piece_motion import BOTH, Carried, Manner, carried
from inbetween.models.motion.regions import pieces
from inbetween.models.motion.verification import Sight, mismatch
from inbetween.models.motion.wholes import wholes

HEIGHT, WIDTH = 160, 240
PAPER, SKIN, COAT, RED = (0.9, 0.9, 0.9, 1), (0.95, 0.6, 0.3, 1), (0.2, 0.3, 0.8, 1), (0.8, 0.1, 0.1, 1)
INK = (0.1, 0.1, 0.1, 1)
TIMES = (0.25, 0.5, 0.75)


def sheet(*things: tuple[Any, Any]) -> Any:
    """A picture of masks and their colours, the first lowest, on paper."""
    picture = np.full((HEIGHT, WIDTH, 4), PAPER, np.float32)
    for mask, colour in things:
        picture[mask > 0] = colour
    return picture


def limb(degrees: float, x: float = 110, y: float = 70, length: float = 65) -> Any:
    """What hangs at a place and is turned from straight down, with a thumb."""
    mask, angle = np.zeros((HEIGHT, WIDTH), np.uint8), np.radians(degrees)
    along, aside = np.array((np.sin(angle), np.cos(angle))), np.array((np.cos(angle), -np.sin(angle)))
    foot = np.array((x, y))
    for first, last, width in (((0, 0), (1, 0), 16), ((0.8, 0), (0.8, 0.3), 9)):
        begin, end = (np.rint(foot + length * (up * along + out * aside)).astype(int) for up, out in (first, last))
        cv2.line(mask, begin.tolist(), end.tolist(), 1, width)
    return mask


def box(left: int, top: int, right: int, bottom: int) -> Any:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[top:bottom, left:right] = 1
    return mask


def named(picture: Any, colour: Any) -> int:
    """The largest piece of a colour."""
    return int(np.flatnonzero(np.abs(pieces(picture).colour - colour).max(-1) < 0.05)[0])


def found(start: Any, end: Any, colour: Any) -> Hidden | None:
    cut = pieces(start), pieces(end)
    every = np.arange(len(cut[0].area)), np.arange(len(cut[1].area))
    return hidden((Parts(cut[0]), Parts(cut[1])), named(start, colour), named(end, colour), every, ())


def stiffly(part: Hidden) -> Any:
    """The map (2, 3) of what does not bend."""
    assert isinstance(part.way, np.ndarray)
    return part.way


def told(start: Any, end: Any) -> Carried:
    still = np.zeros((*start.shape[:2], 2), np.float32)
    return carried(start, end, (still, still))


@pytest.mark.parametrize(("before", "after"), [(-60, 40), (0, 75), (50, 130), (-120, -70)])
def test_a_limb_behind_a_body_is_found_to_have_turned_about_its_joint(before: float, after: float) -> None:
    body = box(90, 20, 125, 85), COAT
    part = found(sheet((limb(before), SKIN), body), sheet((limb(after), SKIN), body), SKIN)
    assert part is not None
    assert turn(stiffly(part)) == pytest.approx(np.radians(abs(after - before)), abs=0.03)
    assert np.abs(mapped(np.array((110.0, 70.0)), stiffly(part)) - (110, 70)).max() < 1.5


def bent_limb(upper: float, lower: float) -> Any:
    """A leg of two bones that hangs at a hip."""
    mask, place = np.zeros((HEIGHT, WIDTH), np.uint8), np.array((120.0, 40.0))
    for degrees in (upper, lower):
        angle, begin = np.radians(degrees), place
        place = begin + 50 * np.array((np.sin(angle), np.cos(angle)))
        cv2.line(mask, np.rint(begin).astype(int).tolist(), np.rint(place).astype(int).tolist(), 1, 15)
    return mask


@pytest.mark.parametrize(("before", "after"), [((-30, -70), (-2, -30)), ((40, 20), (5, 10))])
def test_a_leg_bends_behind_another_one(before: tuple[int, int], after: tuple[int, int]) -> None:
    """Thigh and shin turn by other angles, so that no map of the whole explains it; and most of it is hidden then."""
    front, paper = bent_limb(0, -8), np.ones((HEIGHT, WIDTH), np.uint8)
    start, end = (sheet((paper, PAPER), (bent_limb(*leg), SKIN), (front, COAT)) for leg in (before, after))
    pile = told(start, end)
    (piece,) = (piece for piece in pile.pieces if piece.manner is Manner.PARTLY)
    assert piece.bent is not None
    knees = [np.array((120, 40)) + 50 * np.array((np.sin(a), np.cos(a))) for a in np.radians((before[0], after[0]))]
    feet = [
        k + 42 * np.array((np.sin(a), np.cos(a))) for k, a in zip(knees, np.radians((before[1], after[1])), strict=True)
    ]
    for there, goal in zip(
        piece.bent.mapped(np.rint([knees[0], feet[0]]).astype(np.intp), 0), (knees[1], feet[1]), strict=True
    ):
        assert np.abs(there - goal).max() < 5


def test_what_hides_it_is_known() -> None:
    body = box(90, 20, 125, 85), COAT
    start, end = sheet((limb(-60), SKIN), body), sheet((limb(40), SKIN), body)
    part = found(start, end, SKIN)
    assert part is not None
    assert part.beyond == 0
    assert part.by(((named(start, COAT),), (named(end, COAT),))) == part.pixels > 0


def test_what_something_crosses_is_one_thing() -> None:
    """A coat that an arm parts in two, elsewhere in either key."""
    coat = box(80, 20, 140, 130)
    start = sheet((coat, COAT), (limb(-50, 150, 40, 110), SKIN))
    end = sheet((np.roll(coat, 30, 1), COAT), (limb(55, 100, 40, 110), SKIN))
    assert all(len(crossing(pieces(each), named(each, COAT))) > 1 for each in (start, end))
    part = found(start, end, COAT)
    assert part is not None
    assert all(len(names) > 1 for names in part.pieces)
    assert np.allclose(stiffly(part), ((1, 0, 30), (0, 1, 0)), atol=0.03 * 30)


def test_bits_of_an_outline_of_which_nothing_hides_any_are_not_one_thing() -> None:
    """All ink of a drawing is of one colour, and beside what it surrounds."""
    body, head = box(80, 70, 140, 130), box(95, 30, 125, 60)
    eyes = [(box(x, 38, x + 9, 47), INK) for x in (99, 112)]
    inked = [(cv2.dilate(mask, np.ones((9, 9), np.uint8)), INK) for mask in (body, head)]
    start = sheet(inked[0], (body, COAT), inked[1], (head, SKIN), *eyes)
    end = np.roll(start, 15, 1)
    end[38:41, 114:118] = SKIN  # an eye that is not quite the same
    cut, still = (pieces(start), pieces(end)), np.zeros((HEIGHT, WIDTH, 2), np.float32)
    wrong = mismatch(start, end, still), mismatch(end, start, still)
    sight = Sight(cut, (View(start, cut[0]), View(end, cut[1])), (still, still), wrong)
    pairs = np.stack((np.arange(len(cut[0].area)),) * 2, 1)
    assert any(len(crossing(cut[0], int(name))) > 1 for name in np.flatnonzero(cut[0].thin))
    found = half_hidden(sight, pairs)
    assert all(len(names) == 1 for part in found.values() for names in part.pieces)


def test_what_the_frame_cuts_off_is_hidden_as_well() -> None:
    thing = limb(-40, 40, 40, 60)
    part = found(
        sheet((thing, SKIN)),
        sheet((cv2.warpAffine(thing, np.eye(2, 3) - ((0, 0, 25), (0, 0, 0)), (WIDTH, HEIGHT)), SKIN)),
        SKIN,
    )
    assert part is not None
    assert part.beyond > 0
    assert np.allclose(stiffly(part), ((1, 0, -25), (0, 1, 0)), atol=0.6)


def test_a_mouth_that_opens_in_a_face_is_not_behind_it() -> None:
    """What has another thing all around shows its own outline, and none that hides it."""
    face = box(60, 20, 180, 150), SKIN
    assert found(sheet(face, (box(100, 90, 140, 100), RED)), sheet(face, (box(95, 85, 145, 125), RED)), RED) is None


def test_a_thing_of_another_shape_is_not_half_hidden() -> None:
    body = box(90, 20, 125, 85), COAT
    disc = cv2.circle(np.zeros((HEIGHT, WIDTH), np.uint8), (150, 90), 30, 1, -1)
    assert found(sheet((limb(50), SKIN), body), sheet((disc, SKIN), body), SKIN) is None


def test_nothing_is_carried_where_nothing_is() -> None:
    nothing = np.zeros((HEIGHT, WIDTH, 4), np.float32)
    assert not told(nothing, nothing).pieces
    assert all(piece.side != BOTH for piece in told(nothing, sheet((limb(0), SKIN))).pieces)


def test_what_hides_a_part_lies_on_top_and_is_carried_although_it_stays() -> None:
    body = box(90, 20, 125, 85), COAT
    pile = told(sheet((limb(-60), SKIN), body), sheet((limb(40), SKIN), body))
    assert len(pile.pieces) == 2
    assert pile.pieces[0].manner is Manner.PARTLY
    assert np.allclose(pile.ways[1], np.eye(2, 3), atol=0.1)


def test_a_limb_swings_about_a_joint_that_goes_with_its_body() -> None:
    """The body walks 60 pixels; the shoulder stays where it is in it at any time."""
    body = box(60, 20, 95, 85)
    start = sheet((limb(-60, 80), SKIN), (body, COAT))
    end = sheet((limb(40, 140), SKIN), (np.roll(body, 60, 1), COAT))
    pile = told(start, end)
    arm, coat = wholes(pile, (start[..., 0] * 255, end[..., 0] * 255)).each
    assert arm is not None
    assert coat is not None
    assert coat.pivot is None
    assert arm.pivot == pytest.approx((80, 70), abs=2.5)
    assert mapped(arm.pivot, arm.piece.way) - arm.pivot == pytest.approx((60, 0), abs=1)


def test_eyes_go_with_the_face_that_they_are_in() -> None:
    """They are alike and far apart from where they were: each is nearer to the other's old place than to its own."""
    face = cv2.circle(np.zeros((HEIGHT, WIDTH), np.uint8), (60, 60), 30, 1, -1)
    eyes = [cv2.circle(np.zeros((HEIGHT, WIDTH), np.uint8), (x, 55), 4, 1, -1) for x in (52, 70)]

    def at(shift: int) -> Any:
        return sheet(
            *((np.roll(mask, shift, 1), colour) for mask, colour in ((face, SKIN), *((eye, COAT) for eye in eyes)))
        )

    pile = told(at(0), at(100))
    assert len(pile.ways) == 3
    assert np.allclose(pile.ways, ((1, 0, 100), (0, 1, 0)), atol=0.5)


@pytest.mark.parametrize(
    ("scene", "least"),
    [
        ("an arm swings behind a body", 25),
        ("legs walk under a coat", 30),
        ("a head nods", 28),
        ("a box comes out from behind another", 33),
    ],
)
def test_what_is_half_hidden_is_drawn_whole_and_below_what_hides_it(scene: str, least: float, psnr: Any) -> None:
    ours, flow, dissolve = (psnr(scene, model) for model in ("motion", "flow", "dissolve"))
    assert min(ours) > least
    assert all(own > max(others) + 2 for own, *others in zip(ours, flow, dissolve, strict=True))


def test_thick_outlines_go_with_their_limbs() -> None:
    """Ink so wide that it is a piece of its own, all around a limb and the body that it hangs on."""

    def at(degrees: float) -> tuple[Any, Any, Any]:
        arm, body = limb(degrees, 110, 90, 60), box(80, 20, 125, 95)
        rims: list[Any] = [cv2.dilate(mask, np.ones((9, 9), np.uint8)) for mask in (arm, body)]
        return sheet((rims[0], INK), (arm, SKIN), (rims[1], INK), (body, COAT)), arm, rims[0] & ~arm & ~rims[1]

    (start, arm, rim), (end, *_) = at(-50), at(45)
    pile = told(start, end)
    number = np.bincount(pile.labels[0][arm > 0]).argmax()
    assert number > 0
    assert np.mean(pile.labels[0][rim > 0] == number) > 0.8


def test_what_comes_out_from_behind_was_near() -> None:
    """A bush that is not the one it was, which has gone off far away."""
    start, near, far = (sheet((box(x, 90, x + 30, 130), SKIN)) for x in (10, 60, 170))
    still = np.zeros((HEIGHT, WIDTH, 2), np.float32)

    def pairs(end: Any) -> int:
        cut = pieces(start), pieces(end)
        sight = Sight(cut, (View(start, cut[0]), View(end, cut[1])), (still, still), (still[..., 0], still[..., 0]))
        return len(sight.emerging(np.zeros((0, 2), np.intp)))

    assert pairs(near) == 1
    assert pairs(far) == 0


def test_what_is_no_wider_than_an_outline_is_thin() -> None:
    thin = pieces(sheet((box(20, 20, 29, 120), INK), (box(60, 20, 75, 120), INK))).thin
    assert sorted(thin) == [False, True]


def test_what_crosses_a_bar_is_told_from_its_like_that_is_known_to_rest_against_it() -> None:
    """Drops of one colour: one falls through behind a bar, in two pieces in both keys; the others hang on it."""

    def drop(x: int, y: int) -> Any:
        return cv2.line(np.zeros((HEIGHT, WIDTH), np.uint8), (x, y), (x + 12, y + 50), 1, 22)

    def at(fallen: int) -> Any:
        drops = [drop(100, 35 + fallen), *(drop(x, 84) for x in (35, 65, 165, 195))]
        return sheet(*((each, RED) for each in drops), (box(20, 70, WIDTH - 10, 84), COAT))

    cut = pieces(at(0)), pieces(at(20))
    falls = [np.flatnonzero((np.abs(key.centre[:, 0] - 107) < 7) & (key.colour[:, 0] > 0.7)).tolist() for key in cut]
    known = tuple(np.setdiff1d(np.arange(len(key.area)), names) for key, names in zip(cut, falls, strict=True))
    part = hidden((Parts(cut[0]), Parts(cut[1])), falls[0][0], falls[1][0], (known[0], known[1]), ())
    assert part is not None
    assert [sorted(names) for names in part.pieces] == falls
    assert stiffly(part) == pytest.approx(np.array(((1, 0, 0), (0, 1, 20))), abs=0.5)


def test_an_outline_is_known_by_all_its_sides() -> None:
    """Two pixels of it stand in each row: every other one is on its left."""
    square = box(40, 20, 140, 120)
    part = Parts(pieces(sheet((square, RED)))).of((0,), np.zeros(0, np.intp))
    sides = (part.outline[:, 0] < 50).mean(), (part.outline[:, 0] > 130).mean()
    assert sides == pytest.approx((0.3, 0.3), abs=0.05)
