"""Pieces of even colour are found, recognised in the other key, however far they went or whatever became of them, and
put where they are in between."""

import tracemalloc
from typing import Any

import cv2
import numpy as np
import pytest

from inbetween.core.channels import RGBA
from inbetween.models import curve
from inbetween.models import optical as optical_flow
from inbetween.models.motion import regions
from inbetween.models.motion.classical import offer
from inbetween.models.motion.compositing import LATE, arrived
from inbetween.models.motion.mover import candidate
from inbetween.models.motion.piece_motion import START, carried
from inbetween.models.motion.regions import pieces
from inbetween.models.motion.upsampling import enlarged
from inbetween.models.motion.wholes import wholes
from inbetween.models.warp import fetched_along

SIZE = 160


def drawing(*shapes: Any, size: int = SIZE, finer: int = 1) -> Any:
    """Polygons (colour, corners) on nothing, premultiplied, with soft edges; `finer` times as large."""
    big = np.zeros((4 * finer * size, 4 * finer * size, 4), np.float32)
    for colour, corners in shapes:
        cv2.fillPoly(big, [np.round(np.asarray(corners) * 4 * finer).astype(np.int32)], (*colour, 1.0))
    return cv2.resize(big, (finer * size, finer * size), interpolation=cv2.INTER_AREA)


def box(x: float, y: float, width: float = 24, height: float = 16, angle: float = 0.0) -> Any:
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (width / 2, height / 2)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return corners @ turn + (x, y)


RED, BLUE, GREEN = (0.9, 0.1, 0.1), (0.1, 0.2, 0.9), (0.1, 0.8, 0.3)


def optical(start: Any, end: Any) -> Any:
    return optical_flow.find_motion(*(optical_flow.grey_copy(key, RGBA, "display") for key in (start, end))).flows


def placed(found: Any, flow_: Any, share: float, t: float, bend: Any = None) -> Any:
    """The ways at `t` where the frame would else have one flow to both keys and one share."""
    height, width = found.labels[0].shape
    everywhere = np.full((height, width, 2), flow_, np.float32)
    ways = everywhere, everywhere, np.full((height, width), share, np.float32)
    return arrived(put(found), ways, t, found.backdrop.at(t, bend), bend)[0]


def put(found: Any) -> Any:
    """What is carried over an even grey."""
    return wholes(found, (np.zeros(found.labels[0].shape, np.float32),) * 2)


def drawn(start: Any, end: Any, ways: Any) -> Any:
    to_start, to_end, share = ways
    first, second = (fetched_along(key, way) for key, way in ((start, to_start), (end, to_end)))
    return share[..., None] * first + (1 - share[..., None]) * second


def middle_of(flows: Any, x: int, y: int) -> Any:
    return flows[0][y, x]


def test_every_shape_is_one_piece_with_its_outline_and_nothing_is_none() -> None:
    found = regions.pieces(drawing((RED, box(40, 40)), (BLUE, box(110, 90, 30, 30))))
    assert len(found.area) == 2
    assert found.area == pytest.approx([900, 384], rel=0.15)
    assert found.centre == pytest.approx(np.array([[109.5, 89.5], [39.5, 39.5]]), abs=0.6)
    assert found.colour[:, :3] == pytest.approx(np.array([BLUE, RED]), abs=0.01)


def test_an_outline_that_is_even_here_and_there_is_not_in_pieces() -> None:
    angles = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    outer, inner = (80 + np.stack((1.2 * r * np.cos(angles), r * np.sin(angles)), 1) for r in (50, 47))
    assert len(regions.pieces(drawing((BLUE, outer), (RED, inner))).area) == 1


def test_the_core_of_an_outline_goes_with_the_rest_of_it() -> None:
    """Where a line is just wide enough to have one, it is even for a pixel or two."""
    angles = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    outer, inner = (80 + np.stack((r * np.cos(angles), r * np.sin(angles)), 1) for r in (50, 46.2))
    picture = drawing((BLUE, outer), (RED, inner))
    ink = (picture[..., 3] > 0.5) & (np.abs(picture[..., :3] - RED).max(-1) > 0.4)
    assert (regions.pieces(picture).labels[ink] > 0).all()


def test_the_soft_edge_between_two_grounds_is_no_line() -> None:
    """A sheet larger than half of the frame is ground, as what lies around it."""
    assert not len(regions.pieces(drawing((RED, box(80.4, 80.3, 150, 120)))).area)


def test_a_line_too_thin_to_have_an_inside_is_a_piece() -> None:
    found = regions.pieces(drawing((RED, box(80, 80, 60, 2))))
    assert len(found.area) == 1


def test_noise_has_no_pieces_and_leaves_optical_flow_alone() -> None:
    random = np.random.default_rng(1)
    start, end = (random.random((64, 64, 4), np.float32) for _ in range(2))
    flows = optical(start, end)
    assert all(np.array_equal(a, b) for a, b in zip(carried(start, end, flows).flows, flows, strict=True))


def test_small_shapes_that_went_far_are_followed_where_optical_flow_loses_them() -> None:
    start = drawing((RED, box(30, 40)), (BLUE, box(120, 40)), (GREEN, box(40, 120)))
    end = drawing((RED, box(80, 60)), (BLUE, box(100, 100)), (GREEN, box(100, 130)))
    lost = optical(start, end)
    found = carried(start, end, lost).flows
    for (x, y), (dx, dy) in (((30, 40), (50, 20)), ((120, 40), (-20, 60)), ((40, 120), (60, 10))):
        assert middle_of(found, x, y) == pytest.approx((dx, dy), abs=0.5)
        assert np.abs(middle_of(lost, x, y) - (dx, dy)).max() > 5
        assert found[1][y + dy, x + dx] == pytest.approx((-dx, -dy), abs=0.5)


def test_a_square_that_is_a_hair_higher_than_wide_does_not_turn_when_it_is_wider() -> None:
    start, end = drawing((RED, box(50, 60, 40, 40.5))), drawing((RED, box(90, 70, 40.5, 40)))
    (way,) = carried(start, end, optical(start, end)).ways
    assert way == pytest.approx(np.array([[1, 0, 40], [0, 1, 10]]), abs=0.7)
    assert way[:, :2] == pytest.approx(np.eye(2), abs=0.05)


@pytest.mark.parametrize("angle", [-0.6, 0.3, 0.7])
def test_a_turn_is_found_where_no_side_is_longer(angle: float) -> None:
    """A square by the smaller of its turns: their moments are the same in every direction."""
    start, end = drawing((RED, box(50, 60, 40, 40))), drawing((RED, box(80, 80, 40, 40, angle=angle)))
    (way,) = carried(start, end, optical(start, end)).ways
    cos, sin = np.cos(angle), np.sin(angle)
    assert way[:, :2] == pytest.approx(np.array([[cos, -sin], [sin, cos]]), abs=0.03)


def test_a_piece_of_another_shape_is_not_the_same_piece() -> None:
    start, end = drawing((RED, box(50, 50, 30, 20))), drawing((RED, [(90, 125), (125, 125), (108, 88)]))
    assert not carried(start, end, optical(start, end)).pieces


def test_a_turn_is_found_with_the_way() -> None:
    start = drawing((RED, box(50, 50, 50, 14)))
    end = drawing((RED, box(100, 90, 50, 14, angle=0.5)))
    found = carried(start, end, optical(start, end)).flows
    tip = np.array([20.0, 0.0])
    turned = np.array([np.cos(0.5), np.sin(0.5)]) * 20
    assert middle_of(found, 70, 50) == pytest.approx(np.array([50, 40]) + turned - tip, abs=1.5)


def test_shapes_of_one_kind_go_where_their_neighbours_go() -> None:
    """Each of a row of equal dots is nearest to where another one arrives."""
    row = [(20, 50), (44, 50), (68, 50)]
    start = drawing((BLUE, box(30, 90, 40, 24)), *((RED, box(x, y, 10, 10)) for x, y in row))
    end = drawing((BLUE, box(60, 90, 40, 24)), *((RED, box(x + 30, y, 10, 10)) for x, y in row))
    found = carried(start, end, optical(start, end)).flows
    assert [middle_of(found, x, y)[0] for x, y in row] == pytest.approx([30, 30, 30], abs=1)


def test_a_crowd_of_equal_things_asks_for_no_more_memory_than_a_few() -> None:
    """Snow, stars, a halftone, a page of text: each of 64 dots may have become each of 64."""
    places = [(12 + 18 * column, 12 + 18 * row) for column in range(8) for row in range(8)]
    start, end = (drawing(*((BLUE, box(x + went, y, 8, 8)) for x, y in places)) for went in (0, 6))
    flows = optical(start, end)
    tracemalloc.start()
    found = carried(start, end, flows).flows
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 32 * 2**20
    assert [middle_of(found, x, y) for x, y in places] == [pytest.approx((6, 0), abs=0.1)] * 64


def test_the_eyes_of_a_face_go_with_its_mouth_and_not_with_the_middle_of_a_body_of_another_shape() -> None:
    """By the middle of the body, the right eye would arrive where the left one does."""
    dark = (0.2, 0.1, 0.0)
    bodies = [np.array(corners) for corners in ([(20, 25), (145, 25), (145, 115)], [(20, 35), (145, 35), (20, 125)])]
    parts = {(100, 40): (9, 9), (130, 40): (9, 9), (115, 52): (12, 5)}

    def face(x: float, y: float) -> Any:
        return [(dark, box(px + x, py + y, *size)) for (px, py), size in parts.items()]

    start, end = drawing((GREEN, bodies[0]), *face(0, 0)), drawing((GREEN, bodies[1]), *face(-16, 12))
    found = carried(start, end, optical(start, end)).flows
    for x, y in parts:
        assert middle_of(found, x, y) == pytest.approx((-16, 12), abs=1)


def test_what_fades_where_it_stands_is_not_taken_for_its_neighbour() -> None:
    """A wave of opacity through a row of equal shapes: the colour walks, the shapes do not."""
    places = [(30, 50), (80, 50), (130, 50)]
    start = drawing(*((np.full(3, v), box(x, y)) for v, (x, y) in zip((0.9, 0.6, 0.3), places, strict=True)))
    end = drawing(*((np.full(3, v), box(x, y)) for v, (x, y) in zip((0.6, 0.3, 0.9), places, strict=True)))
    nothing = np.zeros((SIZE, SIZE, 2), np.float32)
    found = carried(start, end, (nothing, nothing))
    assert not any(flow_.any() for flow_ in found.flows)
    to_start, _, share = placed(found, 7, 0.9, 0.25)
    for x, y in places:
        assert not to_start[y, x].any()
        assert share[y, x] == 0.75


def test_the_outlines_of_things_that_touch_at_a_corner_go_with_their_own() -> None:
    picture = np.zeros((SIZE, SIZE, 4), np.float32)
    picture[20:60, 20:60] = picture[58:120, 58:120] = (*RED, 1)
    labels = regions.pieces(picture).labels
    assert set(np.unique(labels[20:57, 20:57])) == {labels[40, 40]}
    assert set(np.unique(labels[61:120, 61:120])) == {labels[90, 90]}
    assert labels[40, 40] != labels[90, 90]


@pytest.mark.parametrize("ink", [3.0, 4.0, 5.0, 7.0])
@pytest.mark.parametrize("degrees", [0.0, 13.0, 40.0])
def test_an_outlined_thing_is_measured_alike_before_whatever_it_lies(ink: float, degrees: float) -> None:
    """Half before a body of another colour: there its outline is one of both, beside it all of it is its own."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))

    def bar(wide: float, high: float) -> Any:
        return box(0, 0, wide, high) @ np.array(((cos, sin), (-sin, cos))) + (80.3, 79.6)

    arm = [((0.1, 0.1, 0.1), bar(90 + 2 * ink, 26 + 2 * ink)), (RED, bar(90, 26))]
    cuts = [pieces(drawing(*under, *arm)) for under in ((), [(BLUE, box(115, 80, 70, 120))])]
    measures = [
        (cut.area[name], *cut.centre[name], *np.sqrt(np.linalg.eigvalsh(cut.spread[name])))
        for cut in cuts
        for name in [int(np.flatnonzero(np.abs(cut.colour[:, :3] - RED).max(-1) < 0.05)[0])]
    ]
    area, *others = np.abs(np.subtract(*measures))
    assert area < 0.02 * measures[0][0]
    assert max(others) < 0.3


def test_another_colour_is_another_thing() -> None:
    start, end = drawing((RED, box(40, 40))), drawing((BLUE, box(110, 110)))
    assert not any(going.any() for going in carried(start, end, optical(start, end)).going)


@pytest.mark.parametrize("t", [0.15, 0.85])
@pytest.mark.parametrize("vanishes", [True, False])
def test_what_one_key_alone_has_grows_out_of_its_middle_or_shrinks_into_it(vanishes: bool, t: float) -> None:
    """Beside something that moves, and over something that stays; outlined, so that it is of several pieces."""
    ground, thing = (GREEN, box(60, 110, 90, 60)), [(BLUE, box(60, 110, 40, 30)), (RED, box(60, 110, 30, 20))]
    full, empty = drawing(ground, *thing, (RED, box(30, 30))), drawing(ground, (RED, box(70, 40)))
    start, end = (full, empty) if vanishes else (empty, full)
    size = (1 - t if vanishes else t) ** LATE
    truth = drawing(ground, (BLUE, box(60, 110, 40 * size, 30 * size)), (RED, box(60, 110, 30 * size, 20 * size)))
    found = carried(start, end, optical(start, end))
    ways = placed(found, 7, 0.6, t)
    assert np.abs(drawn(start, end, ways) - truth)[96:125, 41:80].mean() < 0.02
    assert set(np.unique(ways[2][96:125, 41:80])) == {0, 1}


def test_what_vanishes_does_so_in_its_place_although_something_touches_it() -> None:
    start, end = drawing((BLUE, box(80, 80, 60, 60)), (RED, box(80, 47, 6, 8))), drawing((RED, box(80, 30, 6, 8)))
    found = carried(start, end, optical(start, end))
    assert START in [piece.side for piece in found.pieces]
    assert not drawn(start, end, placed(found, 0, 0.5, 0.5))[60:70, 60:100].any()


def test_an_empty_strip_at_the_border_is_nothing_that_goes() -> None:
    start, end = (drawing((BLUE, box(x, 80, 140, 170))) for x in (70, 90))
    assert not pieces(start).labels[:, 143:].any()
    middle = drawn(start, end, placed(carried(start, end, optical(start, end)), 0, 0.5, 0.5))
    assert middle[:, 20:140, 3].min() > 0.99


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_what_the_border_cuts_off_shrinks_towards_it(side: str) -> None:
    """Half of a box beyond each border of the frame in turn: its middle lies on that border."""
    x, y = {"left": (0, 70), "right": (SIZE, 70), "top": (70, 0), "bottom": (70, SIZE)}[side]
    start, end = drawing((RED, box(x, y, 40, 40))), drawing()
    found = carried(start, end, (np.zeros((SIZE, SIZE, 2), np.float32),) * 2)
    assert [piece.side for piece in found.pieces] == [START]
    truth = drawing((RED, box(x, y, 20, 20)))
    half = 1 - 0.5 ** (1 / LATE)
    assert np.abs(drawn(start, end, placed(found, 0, 0.5, half)) - truth).mean() < 0.1 * np.abs(start - truth).mean()


@pytest.mark.parametrize("vanishes", [True, False])
def test_a_frame_that_vanishes_around_something_fades_and_leaves_it_whole(vanishes: bool) -> None:
    spot, frame = (BLUE, box(80, 80, 24, 24)), [(RED, box(80, 80, 60, 60)), (GREEN, box(80, 80, 44, 44))]
    full, empty = drawing((GREEN, box(80, 80, 120, 120)), *frame, spot), drawing((GREEN, box(80, 80, 120, 120)), spot)
    start, end = (full, empty) if vanishes else (empty, full)
    found = carried(start, end, (np.zeros((SIZE, SIZE, 2), np.float32),) * 2)
    to_start, to_end, share = placed(found, 7, 0.9, 0.25)
    edge = np.s_[51:57, 51:109]
    assert not to_start[edge].any()
    assert not to_end[edge].any()
    assert np.allclose(share[edge], 0.75**LATE if vanishes else 1 - 0.25**LATE)
    assert not (found.labels[0][70:90, 70:90].any() and (to_start[70:90, 70:90] != 7).any())


@pytest.mark.parametrize("vanishes", [True, False])
def test_what_covers_most_of_the_frame_vanishes_without_a_trace(vanishes: bool) -> None:
    """A shine over a badge: too large to be one of its pieces."""
    badge, shine = (BLUE, box(80, 80, 150, 150)), (RED, [(15, 15), (145, 15), (130, 100), (15, 130)])
    full, empty = drawing(badge, shine), drawing(badge)
    start, end = (full, empty) if vanishes else (empty, full)
    found = carried(start, end, optical(start, end))
    picture = drawn(start, end, placed(found, 0, 0.5, 0.5))
    assert np.abs(picture - empty)[30:70, 30:70].max() < 0.01
    assert np.abs(picture - empty).mean() < 0.05 * np.abs(full - empty).mean()


def test_a_frame_that_vanishes_around_nothing_shrinks() -> None:
    ground = (GREEN, box(80, 80, 120, 120))
    start = drawing(ground, (RED, box(80, 80, 60, 60)), (GREEN, box(80, 80, 44, 44)))
    found = carried(start, drawing(ground), (np.zeros((SIZE, SIZE, 2), np.float32),) * 2)
    assert [piece.side for piece in found.pieces] == [START]


def test_a_bar_does_not_become_a_block_by_being_stretched() -> None:
    start, end = drawing((RED, box(80, 40, 44, 8))), drawing((RED, box(80, 80, 16, 24)))
    assert not carried(start, end, optical(start, end)).pieces


def test_what_changes_its_colour_on_its_way_is_carried() -> None:
    track = (GREEN, box(80, 80, 130, 40))
    start, end = drawing(track, (RED, box(50, 80))), drawing(track, (BLUE, box(100, 80)))
    (way,) = carried(start, end, optical(start, end)).ways
    assert way == pytest.approx(np.array([[1, 0, 50], [0, 1, 0]]), abs=0.1)


def test_what_changes_its_colour_and_its_size_where_it_stands_is_carried() -> None:
    start, end = drawing((RED, box(80, 80, 60, 40))), drawing((BLUE, box(80, 80, 40, 30)))
    found = carried(start, end, optical(start, end))
    truth = drawing((np.add(RED, BLUE) / 2, box(80, 80, 50, 35)))
    assert np.abs(drawn(start, end, placed(found, 0, 0.5, 0.5)) - truth).mean() < 0.004


@pytest.mark.parametrize("shape", ["hook", "cross"])
def test_what_turns_and_grows_while_it_fades_in_arrives_whole(shape: str) -> None:
    bars = {"hook": [box(-20, 0, 12, 60), box(0, 24, 52, 12)], "cross": [box(0, 0, 12, 60), box(0, 0, 60, 12)]}[shape]
    turned = 0.6

    def at(u: float) -> Any:
        cos, sin = np.cos(turned * u), np.sin(turned * u)
        spin = (0.7 + 0.4 * u) * np.array(((cos, sin), (-sin, cos)))
        return (0.5 + 0.5 * u) * drawing(*((RED, bar @ spin + (70 + 20 * u, 80)) for bar in bars))

    found = carried(at(0), at(1), optical(at(0), at(1)))
    truth = at(0.5)
    picture = drawn(at(0), at(1), placed(found, 0, 0.5, 0.5))
    assert np.abs(picture - truth).mean() < 0.32 * np.abs((at(0) + at(1)) / 2 - truth).mean()


def test_what_is_uncovered_by_something_that_moves_does_not_fade() -> None:
    """A blue spot that a red sheet slides over: its surroundings change with it."""
    spot, sheet = (BLUE, box(100, 80, 16, 16)), box(40, 80, 70, 70)
    start, end = drawing(spot, (RED, sheet)), drawing(spot, (RED, np.add(sheet, (70, 0))))
    found = carried(start, end, optical(start, end))
    assert all(way[0, 2] == pytest.approx(70, abs=1) for way in found.ways)


def test_nothing_at_all_is_no_trouble() -> None:
    empty = np.zeros((20, 30, 4), np.float32)
    flows = (np.zeros((20, 30, 2), np.float32),) * 2
    assert not carried(empty, empty, flows).flows[0].any()


def test_the_candidate_is_in_cells_at_the_middle_of_cells() -> None:
    start, end = drawing((RED, box(30, 40))), drawing((RED, box(80, 60)))
    found = candidate(offer(start, end))
    assert found.shape == (2, 2, SIZE // 4, SIZE // 4)
    assert found[0, :, 10, 7] * 4 == pytest.approx((50, 20), abs=0.5)


@pytest.mark.parametrize("t", [0.25, 0.5, 0.8])
def test_carried_pieces_arrive_whole_and_leave_no_ghosts(t: float) -> None:
    """Even if all else stands still: what a piece left or has yet to reach shows what is there without it."""

    def at(u: float) -> Any:
        return drawing((RED, box(30 + 50 * u, 40 + 20 * u)), (BLUE, box(120 - 20 * u, 40 + 90 * u, angle=0.4 * u)))

    start, end = at(0), at(1)
    found = carried(start, end, optical(start, end))
    assert len(found.pieces) == 2
    picture = drawn(start, end, placed(found, 0, 0.5, t))
    assert np.abs(picture - at(t)).mean() < 0.15 * np.abs((start + end) / 2 - at(t)).mean()
    assert np.abs(picture - at(t)).max(-1).mean() < 0.003


@pytest.mark.parametrize("t", [0.25, 0.5])
def test_a_piece_turns_on_its_way_and_does_not_shrink(t: float) -> None:
    """Points that go straight through half a turn would all meet in the middle."""

    def at(u: float) -> Any:
        return drawing((RED, box(50 + 50 * u, 70, 60, 16, angle=1.2 * u)))

    found = carried(at(0), at(1), optical(at(0), at(1)))
    picture = drawn(at(0), at(1), placed(found, 0, 0.5, t))
    assert np.abs(picture - at(t)).max(-1).mean() < 0.004
    assert picture[..., 3].sum() == pytest.approx(at(t)[..., 3].sum(), rel=0.03)


@pytest.mark.parametrize("finer", [2, 3])
@pytest.mark.parametrize("ground", [(), ((BLUE, box(80, 80, 300, 300)),)])
def test_outlines_are_as_fine_as_the_frame_however_small_the_picture_was_that_was_looked_at(
    finer: int, ground: Any
) -> None:
    def at(t: float, finer: int = 1) -> Any:
        return drawing(*ground, (RED, box(40 + 60 * t, 60 + 30 * t, 50, 30, 0.6 * t)), finer=finer)

    found, size = carried(at(0), at(1), optical(at(0), at(1))), (finer * SIZE, finer * SIZE)
    whole, still = put(found), np.zeros((SIZE, SIZE, 2), np.float32)
    even = still, still, np.full((SIZE, SIZE), 0.5, np.float32)
    ways, numbers = arrived(whole, even, 0.5, found.backdrop.at(0.5, None))
    fine = enlarged(whole, ways, numbers, size, 0.5)
    coarse = [cv2.resize(each * np.float32(scale), size) for each, scale in zip(ways, (finer, finer, 1), strict=True)]
    off, worse = (
        np.abs(drawn(at(0, finer), at(1, finer), each) - at(0.5, finer)).max(-1) > 0.5 for each in (fine, coarse)
    )
    assert off.sum() < 0.2 * worse.sum()
    assert off.mean() < 1e-3


def test_no_ground_is_seen_between_pieces_that_cross() -> None:
    def at(t: float, finer: int = 1) -> Any:
        return drawing((RED, box(30 + 90 * t, 70, 40, 40)), (BLUE, box(130 - 90 * t, 90, 40, 40)), finer=finer)

    found, size = carried(at(0), at(1), optical(at(0), at(1))), (3 * SIZE, 3 * SIZE)
    assert len(found.pieces) == 2
    still = np.zeros((SIZE, SIZE, 2), np.float32)
    even = still, still, np.full((SIZE, SIZE), 0.5, np.float32)
    ways, numbers = arrived(put(found), even, 0.5, found.backdrop.at(0.5, None))
    picture = drawn(at(0, 3), at(1, 3), enlarged(put(found), ways, numbers, size, 0.5))
    assert picture[156:324, 201:279, 3].min() > 0.99


def test_what_a_piece_hides_in_both_keys_is_drawn_as_its_surroundings_are() -> None:
    """A flow that leads into the piece in either key, beside the place where the piece is."""
    start, end = drawing((RED, box(60, 80, 60, 60))), drawing((RED, box(100, 80, 60, 60)))
    found = carried(start, end, optical(start, end))
    to_start, to_end, share = placed(found, 0, 0.5, 0.5)
    lost = (to_start.copy(), to_end.copy(), share)
    for way in lost[:2]:
        way[118:126, 76:84] = (0, -30)  # into the middle of the red box of both keys
    cleared = drawn(start, end, arrived(put(found), lost, 0.5, found.backdrop.at(0.5, None))[0])
    assert drawn(start, end, lost)[118:126, 76:84, 3].min() == 1
    assert not cleared[118:126, 76:84].any()


def test_a_piece_whose_outline_optical_flow_has_lost_becomes_the_other_shape_on_its_way() -> None:
    """A slim box that is a thick one, far away: not the same piece, but no less whole half-way there."""
    start, end = drawing((RED, box(40, 60, 50, 24))), drawing((RED, box(112, 96, 46, 36)))
    found = carried(start, end, optical(start, end))
    assert len(found.pieces) == 1
    picture = drawn(start, end, placed(found, 0, 0.5, 0.5))
    assert np.abs(picture - drawing((RED, box(76, 78, 48, 30)))).mean() < 0.01
    assert set(np.unique(np.round(picture[70:87, 56:97, 3], 2))) == {1.0}


def test_a_speck_that_seems_to_have_gone_across_the_frame_is_not_carried() -> None:
    speck, other = box(20, 30, 4, 4), box(120, 110, 4, 4)
    start, end = drawing((RED, speck), (BLUE, box(80, 80))), drawing((RED, other), (BLUE, box(82, 80)))
    assert not any(going[26:34, 16:24].any() for going in carried(start, end, optical(start, end)).going)


def test_an_eye_goes_with_its_face_however_far_that_goes() -> None:
    start, end = (
        drawing((RED, box(x, y, 50, 50)), (BLUE, box(x + 10, y - 8, 7, 7))) for x, y in ((35, 40), (120, 110))
    )
    found = carried(start, end, optical(start, end))
    assert len(found.pieces) == 2
    assert middle_of(found.flows, 45, 32) == pytest.approx((85, 70), abs=1)


def test_a_limb_turns_the_way_round_that_what_it_hangs_on_tells() -> None:
    """A bar is the same both ways round; the block at one of its ends is not."""

    def arm(degrees: float) -> Any:
        angle = np.radians(degrees)
        bar = box(60 + 30 * np.cos(angle), 80 - 30 * np.sin(angle), 64, 12, -angle)
        return drawing((BLUE, box(60, 95, 34, 60)), (RED, bar))

    start, end = arm(85), arm(-15)
    found = carried(start, end, optical(start, end))
    way = found.ways[found.labels[0][50, 62] - 1]
    turned = np.degrees(np.arctan2(way[1, 0], way[0, 0]))
    assert turned == pytest.approx(100, abs=2)


def test_two_shapes_of_one_colour_in_one_place_become_each_other() -> None:
    """An eye that opens: a line in its lower half becomes all of it."""
    face = (GREEN, box(80, 80, 150, 150))
    start, end = drawing(face, (BLUE, box(80, 100, 60, 8))), drawing(face, (BLUE, box(80, 80, 60, 48)))
    found = carried(start, end, (np.full((SIZE, SIZE, 2), 9, np.float32), np.full((SIZE, SIZE, 2), 9, np.float32)))
    picture = drawn(start, end, placed(found, 0, 0.5, 0.5))
    blue = np.abs(picture[..., :3] - BLUE).max(-1) < 0.05
    assert 480 < blue.sum() < 0.8 * 60 * 48
    assert np.mean(blue | (np.abs(picture[..., :3] - GREEN).max(-1) < 0.05)[...]) > 0.85


def test_a_piece_keeps_together_on_a_curve() -> None:
    """Speeds beyond the keys that differ from place to place, as optical flow has them, bend it as a whole."""
    start, end = drawing((RED, box(50, 60, 40, 24))), drawing((RED, box(100, 60, 40, 24)))
    found = carried(start, end, optical(start, end))
    speed = np.random.default_rng(3).normal((50, 30), 15, (SIZE, SIZE, 2)).astype(np.float32)
    bend = curve.Bend(curve.Side(speed, 1.0), None, even=False)
    picture = drawn(start, end, placed(found, 0, 0.5, 0.5, bend))
    y, x = (axis[picture[..., 3] > 0.5].mean() for axis in np.indices((SIZE, SIZE)))
    assert (x, y) == pytest.approx((74.5, 59.5 + 30 / 16), abs=0.6)
    straight = drawing((RED, box(75, 60 + 30 / 16, 40, 24)))
    assert np.abs(picture - straight).max(-1).mean() < 0.006


def test_a_frame_that_becomes_wider_keeps_its_bars() -> None:
    """Bars of one width whatever its proportions: no map of the whole brings one frame over the other."""

    def frame(width: float) -> Any:
        return drawing((RED, box(80, 80, width, 100)), (GREEN, box(80, 80, width - 16, 84)))

    found = carried(frame(44), frame(132), optical(frame(44), frame(132)))
    picture = drawn(frame(44), frame(132), placed(found, 0, 0.5, 0.5))
    red = np.abs(picture[..., :3] - RED).max(-1) < 0.1
    true = np.abs(frame(88)[..., :3] - RED).max(-1) < 0.1
    assert (red & true).sum() > 0.85 * (red | true).sum()


def test_what_keeps_its_shape_lies_over_what_changes_it() -> None:
    """A box that becomes a triangle, and a larger one that stays as it is; half-way they meet."""
    triangle = [(66, 92), (122, 92), (94, 136)]
    start = drawing((BLUE, box(70, 60, 50, 24)), (RED, box(34, 126, 60, 44)))
    end = drawing((BLUE, triangle), (RED, box(126, 40, 60, 44)))
    found = carried(start, end, optical(start, end))
    assert len(found.pieces) == 2
    picture = drawn(start, end, placed(found, 0, 0.5, 0.5))
    assert np.abs(picture[66:100, 56:104, :3] - RED).max() < 0.05
