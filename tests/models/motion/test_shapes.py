"""Between two shapes lies a shape, and what fills it comes from as deep inside either of them."""

from typing import Any

import numpy as np
import pytest

from inbetween.models.motion.shapes import Shape, between, shape

SIDE = 96


def disc(x: float, y: float, radius: float) -> Any:
    rows, columns = np.indices((SIDE, SIDE))
    return np.hypot(columns - x, rows - y) <= radius


def known(mask: Any) -> Shape:
    found = shape(mask)
    assert found is not None
    return found


def everywhere() -> Any:
    rows, columns = np.indices((SIDE, SIDE), np.float32)
    return np.stack((columns, rows), -1)


def test_nothing_has_no_shape() -> None:
    assert shape(np.zeros((8, 9), np.bool_)) is None


def test_a_shape_is_inside_where_its_pixels_are_and_nowhere_else() -> None:
    mask = np.random.default_rng(2).random((SIDE, SIDE)) < 0.3
    assert np.array_equal(known(mask).outside(everywhere()) < 0, mask)


def test_distances_are_those_from_the_outline_however_far_away() -> None:
    rows, columns = np.indices((SIDE, SIDE))
    outside = known(disc(20, 20, 12)).outside(everywhere())
    assert outside == pytest.approx(np.hypot(columns - 20, rows - 20) - 12, abs=1.5 + 0.05 * 110)
    assert outside[:40, :40] == pytest.approx((np.hypot(columns - 20, rows - 20) - 12)[:40, :40], abs=1.0)


@pytest.mark.parametrize("t", [0.25, 0.5, 0.75])
def test_between_a_small_disc_and_a_large_one_is_one_of_the_size_between(t: float) -> None:
    shapes = known(disc(48, 48, 10)), known(disc(48, 48, 30))
    inside = between(shapes, (everywhere(), everywhere()), t)[0] <= 0
    assert inside.sum() == pytest.approx(np.pi * (10 + 20 * t) ** 2, rel=0.06)


@pytest.mark.parametrize(("t", "size"), [(0.0, 10), (1.0, 30)])
def test_at_either_end_it_is_that_shape_itself(t: float, size: float) -> None:
    shapes = known(disc(48, 48, 10)), known(disc(48, 48, 30))
    outside, sources = between(shapes, (everywhere(), everywhere()), t)
    inside = outside <= 0
    assert np.array_equal(inside, disc(48, 48, size))
    assert np.array_equal(sources[int(t)], everywhere()[inside])


def test_the_edge_comes_from_the_edge_and_the_inside_from_the_inside() -> None:
    shapes = known(disc(48, 48, 14)), known(disc(48, 48, 30))
    outside, sources = between(shapes, (everywhere(), everywhere()), 0.5)
    inside = outside <= 0
    depth = np.hypot(*(everywhere()[inside] - 48).T) - 22
    for source, found, radius in zip(sources, shapes, (14, 30), strict=True):
        deep = np.hypot(*(source - 48).T) - radius
        rim = depth > -2
        assert deep[rim] == pytest.approx(depth[rim], abs=1.6)
        assert (found.outside(source[None])[0, depth < -5] < -1.5).all()


def test_it_answers_for_more_places_than_stand_in_a_row() -> None:
    places = np.full((40000, 2), 48, np.float32)
    places[::2] = 0
    shapes = known(disc(48, 48, 10)), known(disc(48, 48, 30))
    outside, (first, _) = between(shapes, (places, places), 0.5)
    inside = outside <= 0
    assert inside.sum() == len(first) == 20000
    assert inside[1::2].all()


def test_what_is_cut_off_by_the_border_is_deep_inside_there() -> None:
    outside = known(disc(0, 48, 20)).outside(everywhere())
    assert outside[48, 0] == pytest.approx(-20, abs=1)


@pytest.mark.parametrize("t", [0.2, 0.5, 0.8])
def test_what_lies_around_a_corner_comes_from_inside_either_shape(t: float) -> None:
    """Where two sides of what enters are as near, neither is crossed."""

    def around(right: int) -> Any:
        mask = np.ones((SIDE, SIDE), np.bool_)
        mask[30:66, :right] = False
        return mask

    masks = around(20), around(60)
    outside, sources = between((known(masks[0]), known(masks[1])), (everywhere(), everywhere()), t)
    inside = outside <= 0
    assert inside[48, 60]
    for mask, source in zip(masks, sources, strict=True):
        assert known(mask).outside(source).max() <= 0.5
