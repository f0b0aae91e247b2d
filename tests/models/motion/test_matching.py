"""Equal things and things that change: which piece of one key is which of the other."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

from inbetween.core.channels import RGBA
from inbetween.models import registry
from inbetween.models.motion.affine import mapped
from inbetween.models.motion.backdrop import Backdrop
from inbetween.models.motion.classical import offer
from inbetween.models.motion.piece_motion import BOTH, Carried, Manner, Piece
from inbetween.models.motion.wholes import wholes
from inbetween.scenes import SCENES
from inbetween.stage import BLUE, NIGHT, ORANGE, PAPER, Stage, over

STAGE = Stage(1)


def crowd(aside: float, turned: float) -> Any:
    """Equal boxes in rows and columns; the first column moved aside and turned."""
    boxes = [
        STAGE.box(150 + 60 * column - (aside if column == 0 else 0), 60 + 60 * row, 44, 44, turned * (column == 0))
        for column, row in product(range(4), range(3))
    ]
    return over(STAGE.flat(PAPER), *((box, BLUE) for box in boxes))


def test_of_equal_things_in_a_row_none_takes_the_place_of_one_that_stays() -> None:
    """All but the first column could have moved by one, for all that their looks tell."""
    found = offer(crowd(0, 0), crowd(44, 35)).pieces
    for piece in found.pieces:
        middle = piece.box.mean(0)
        if middle[0] > 180:
            assert np.abs(mapped(middle, piece.way) - middle).max() < 1
        else:
            assert mapped(middle, piece.way)[0] < middle[0] + 1


def test_tiles_that_grow_one_after_another_grow_in_their_places(psnr: Callable[[str, str], list[float]]) -> None:
    """Each looks in the end as its neighbour did in the start: they could all have moved on by two."""
    assert min(psnr("tiles grow one after another", "motion")) > 37


def test_equal_things_that_go_together_all_arrive(psnr: Callable[[str, str], list[float]]) -> None:
    """Each but the last in its row is nearest to where the next one arrives."""
    assert min(psnr("a school of fish swims on", "motion")) > 40


@pytest.mark.parametrize(("scene", "least"), [("twins walk towards each other", 45), ("a flower turns", 25)])
def test_of_those_that_are_alike_each_stays_itself(
    psnr: Callable[[str, str], list[float]], scene: str, least: float
) -> None:
    """With all its parts, either twin could have become the other; petals turn by less than half a petal."""
    assert min(psnr(scene, "motion")) > least


def test_bars_that_change_their_height_stay_where_they_stand(psnr: Callable[[str, str], list[float]]) -> None:
    """Each is in the end as high as its neighbour was."""
    assert min(psnr("an equaliser", "motion")) > 45


def test_a_knob_slides_over_a_track_that_changes_its_colour_and_does_not_turn(
    psnr: Callable[[str, str], list[float]],
) -> None:
    """The track is seen but where the knob is: turned by half, all that is seen of it would fit."""
    assert min(psnr("a switch is thrown", "motion")) > 38


def test_what_rests_on_a_card_stays_on_it_while_that_shrinks_moves_and_changes_its_colour(
    psnr: Callable[[str, str], list[float]],
) -> None:
    scene = "a card shrinks under a badge at rest"
    assert min(psnr(scene, "motion")) > 34
    network = registry.load("motion", "cpu").network(RGBA, "display")
    start, end = (SCENES[scene](STAGE, t)[None] for t in (0.0, 1.0))
    (drawn,) = network(start, end, np.full((1, 1, 1, 1), 0.5, np.float32))
    badge = STAGE.disc(310, 120, 23)[..., 0] == 1
    assert np.abs(drawn[badge][:, :3] - NIGHT).max() < 0.02


def test_a_knob_lies_on_its_track_although_it_is_larger_than_what_is_seen_of_that() -> None:
    def switch(t: float) -> Any:
        track, knob = STAGE.line([(216, 135), (264, 135)], 120), STAGE.disc(216 + 48 * t, 135, 54)
        return over(STAGE.flat(PAPER), (track, BLUE if t == 0 else NIGHT), (knob, ORANGE))

    network = registry.load("motion", "cpu").network(RGBA, "display")
    (drawn,) = network(switch(0.0)[None], switch(1.0)[None], np.full((1, 1, 1, 1), 0.5, np.float32))
    knob = STAGE.disc(240, 135, 52)[..., 0] == 1
    assert np.abs(drawn[knob][:, :3] - ORANGE).max() < 0.02


def test_what_changes_its_colour_under_something_that_hides_nearly_all_of_it_is_taken_from_where_it_is_seen() -> None:
    """A rim too narrow to be seen without its soft edge, of which a key has no other place to offer."""
    away = np.hypot(*(np.indices((90, 90)) - 45))
    labels = [np.select([away < knob, away < 34], [2, 1]).astype(np.uint8) for knob in (32, 20)]
    aside = np.array(((1, 0, 9), (0, 1, 0)), np.float64)
    pieces = [
        Piece(number, way, None, np.array(((11.0, 11.0), (79.0, 79.0))), BOTH, manner)
        for number, way, manner in ((1, np.eye(2, 3), Manner.TINTED), (2, aside, Manner.CARRIED))
    ]
    flow, grey = np.zeros((90, 90, 2), np.float32), np.zeros((90, 90), np.float32)
    grounds = [(label == 0).view(np.uint8) for label in labels]
    backdrop = Backdrop(None, (grounds[0], grounds[1]))
    found = Carried((flow, flow), (labels[0], labels[1]), pieces, (grounds[0], grounds[1]), backdrop, (flow, flow))
    rim = wholes(found, (grey, grey)).each[0]
    assert rim is not None
    assert rim.seen is not None
    assert not rim.seen[0].any()
    assert rim.nearest is None
