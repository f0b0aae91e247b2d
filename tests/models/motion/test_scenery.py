"""Illustrated backgrounds: what rests, and what passes hides a part of it, is whole behind that at any time."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from inbetween.core.channels import RGBA
from inbetween.models import registry
from inbetween.models.motion.classical import offer
from inbetween.models.motion.marked import NO_MARKS, Marked
from inbetween.models.motion.matching import dissimilar
from inbetween.models.motion.piece_motion import BOTH, SCENERY, Manner
from inbetween.models.motion.regions import pieces
from inbetween.models.motion.scenery import Scenery, scenery
from inbetween.scenes import SCENES
from inbetween.stage import BLUE, GREEN, NIGHT, ORANGE, PAPER, RED, WHITE, Stage, over

STAGE = Stage(1)


def wall(*things: Any, count: int = 12) -> Any:
    """Stripes of three colours all over the frame, and things of one colour each before them."""
    wide = 480 / count
    stripes = ((STAGE.box(wide * (n + 0.5), 135, wide, 280), (BLUE, PAPER, GREEN)[n % 3]) for n in range(count))
    return over(STAGE.flat(NIGHT), *stripes, *things)


def found(start: Any, end: Any) -> tuple[Scenery, Any]:
    cut = pieces(start), pieces(end)
    marked = Marked((start, end), cut, NO_MARKS, dissimilar(*cut))
    return scenery(cut, (start, end), None, marked), cut


def test_what_a_camera_has_leave_the_frame_does_not_enter_it_on_the_other_side_but_where_marks_say_so() -> None:
    start, end = keys("the camera pans along a street")
    cut, camera = (pieces(start), pieces(end)), np.array(((1.0, 0, -120), (0, 1, 0)))
    # the window of the house that leaves on the left, and that of the one that comes in from the right
    names = [int(own.labels[165, x]) - 1 for own, x in zip(cut, (75, 385), strict=True)]
    pair = np.array([names], np.intp)
    for marks, kept in ((NO_MARKS, 0), (np.array([((75, 165), (385, 165))], np.float64), 1)):
        marked = Marked((start, end), cut, marks, dissimilar(*cut))
        stands = scenery(cut, (start, end), camera, marked)
        assert stands.beyond[0][names[0]] == stands.beyond[1][names[1]] == (not kept)
        among = stands.among(pair)
        assert np.count_nonzero((among == pair).all(1)) == kept


def keys(scene: str) -> tuple[Any, Any]:
    return SCENES[scene](STAGE, 0.0), SCENES[scene](STAGE, 1.0)


@pytest.mark.parametrize(
    ("scene", "least"),
    [
        ("a ball before tiles", 31),
        ("a lift goes up before a house", 55),
        ("the camera pans along a street", 38),
        ("a car passes houses", 40),
        ("a car passes houses, and the camera pans", 35),
        ("somebody passes a house", 29),
    ],
)
def test_what_passes_before_a_background_of_many_parts_arrives_whole_and_leaves_nothing_behind(
    psnr: Callable[[str, str], list[float]], scene: str, least: float
) -> None:
    assert min(psnr(scene, "motion")) > least
    assert min(psnr(scene, "motion")) > max(psnr(scene, "flow")) + 5


def test_of_the_halves_of_a_thing_neither_becomes_the_other(psnr: Callable[[str, str], list[float]]) -> None:
    """Turned over, the left half of a balloon would be its right one, and is nearer to where that goes."""
    assert min(psnr("a balloon passes a house", "motion")) > 40


def test_stripes_of_which_a_disc_hides_a_part_are_scenery_and_lie_below_it() -> None:
    start, end = wall((STAGE.disc(110, 135, 60), RED)), wall((STAGE.disc(350, 135, 60), RED))
    seen, cut = found(start, end)
    colours = [cut[0].colour[part.pieces[0][0]][:3] for part in seen.parts.values()]
    assert len(colours) == 8
    assert all(np.abs(colour - RED).max() > 0.1 for colour in colours)
    assert all((part.way == np.eye(2, 3)).all() for part in seen.parts.values())
    carried = offer(start, end).pieces
    (disc,) = (piece for piece in carried.pieces if piece.manner is Manner.CARRIED and piece.way[0, 2] > 200)
    assert disc.number == len(carried.pieces)


def test_equal_stripes_stay_although_each_has_its_like_where_the_disc_goes() -> None:
    carried = offer(wall((STAGE.disc(110, 135, 60), RED)), wall((STAGE.disc(350, 135, 60), RED))).pieces
    gone = [piece for piece in carried.pieces if piece.side == BOTH and np.abs(piece.way - np.eye(2, 3)).max() > 1]
    assert len(gone) == 1


def test_a_stripe_that_is_marked_to_go_goes_and_one_that_is_pinned_changes_nothing() -> None:
    start, end = wall((STAGE.disc(110, 135, 60), RED)), wall((STAGE.disc(350, 135, 60), RED))
    told = offer(start, end, np.array([((20.0, 135.0), (260.0, 135.0))])).pieces
    assert sum(np.abs(piece.way - np.eye(2, 3)).max() > 1 for piece in told.pieces) > 1
    pinned, usual = offer(start, end, np.array([((20.0, 135.0), (20.0, 135.0))])).pieces, offer(start, end).pieces
    assert all((one == other).all() for one, other in zip(pinned.labels, usual.labels, strict=True))
    assert all((one.way == other.way).all() for one, other in zip(pinned.pieces, usual.pieces, strict=True))


def test_a_tile_that_is_hidden_wholly_is_there_as_soon_as_what_hid_it_has_left() -> None:
    start, end = keys("a ball before tiles")
    carried = offer(start, end).pieces
    tile = slice(75, 95), slice(95, 105)
    assert (carried.grounds[1][tile] == SCENERY).all()
    assert not any(piece.side != BOTH for piece in carried.pieces)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (wall((STAGE.box(120, 200, 40, 60), RED)), wall((STAGE.box(120, 170, 40, 120), RED))),
        (wall((STAGE.box(120, 135, 80, 60), RED)), wall((STAGE.box(200, 135, 80, 60), RED))),
    ],
    ids=["a bar that grows", "a card that slides"],
)
def test_what_changes_before_what_rests_is_no_scenery_itself(start: Any, end: Any) -> None:
    seen, cut = found(start, end)
    for part in seen.parts.values():
        assert all(np.abs(cut[0].colour[name][:3] - RED).max() > 0.1 for name in part.pieces[0])


def test_a_window_that_something_hides_from_either_side_is_not_before_it() -> None:
    """A part of it in the one key, and of its frame in the other: what both show of it has different shapes."""

    def street(x: float) -> Any:
        windows = [(STAGE.box(at, y, 10, 12), ORANGE) for at in (116, 134, 176, 194) for y in (149, 171, 193, 215)]
        houses = (STAGE.box(126, 194, 46, 122), PAPER), (STAGE.box(186, 196, 46, 118), GREEN)
        return over(STAGE.flat(BLUE), *houses, *windows, (STAGE.disc(x, 150, 22), RED))

    network = registry.load("motion", "cpu").network(RGBA, "display")
    drawn = network(street(112)[None], street(160)[None], np.full((1, 1, 1, 1), 0.5, np.float32))[0]
    wrong = np.abs(drawn - street(136))[130:170, 112:162].max(-1) > 0.2
    assert np.count_nonzero(wrong) < 60  # on the outline, and in the corner of a window


def test_what_rests_and_is_seen_wholly_may_hide_what_comes_out_from_behind_it() -> None:
    start, end = keys("a box comes out from behind another")
    seen, _ = found(start, end)
    assert not seen.parts
    assert not seen.whole.size


def test_a_window_that_slides_before_a_wall_keeps_its_panes() -> None:
    """Neither pane takes the place of the other, which is nearer: all around them that could tell so rests."""

    def window(x: float) -> Any:
        panes = ((STAGE.box(x + side, 120, 36, 58), WHITE) for side in (-21, 21))
        return wall((STAGE.box(x, 120, 94, 74), NIGHT), *panes, count=4)

    carried = offer(window(110), window(310)).pieces
    moved = [piece for piece in carried.pieces if np.abs(piece.way - np.eye(2, 3)).max() > 1]
    assert all(np.abs(piece.way[:, 2] - (200, 0)).max() < 1 for piece in moved)
    assert all(carried.going[0][83:157, 110 + side - 18 : 110 + side + 18].mean() > 0.95 for side in (-29, -21, 21, 29))


def test_what_a_camera_brings_into_the_frame_does_not_grow_out_of_its_border() -> None:
    carried = offer(*keys("a car passes houses, and the camera pans")).pieces
    assert carried.backdrop.camera is not None
    assert not any(piece.manner in {Manner.GROWN, Manner.FADED} for piece in carried.pieces)


def test_what_passes_and_is_not_known_is_not_painted_over() -> None:
    """A shape that becomes another one has to be left to optical flow: what it hides of a wall is not drawn over it."""
    blob = np.array(((100, 60), (180, 90), (150, 200), (90, 170)), float)
    other = np.array(((290, 70), (420, 60), (330, 120), (400, 210), (300, 160)), float)
    start, end = wall((STAGE.shape(blob), ORANGE), count=6), wall((STAGE.shape(other), RED), count=6)
    carried = offer(start, end).pieces
    assert not any(piece.manner is Manner.PARTLY for piece in carried.pieces)
