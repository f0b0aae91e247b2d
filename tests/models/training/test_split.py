"""The split goes by content: stable when footage is added, near-duplicates on one side, no side ever empty."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbetween.core.errors import InputError
from inbetween.models.training.curate import Shot
from inbetween.models.training.split import Place, assign

Known = dict[str, tuple[bytes, Place]]


def shot(number: int, like: int | None = None, differing_by: int = 0) -> Shot:
    """A shot with a content of its own, and a thumbnail of its own unless it is `like` another."""
    random = np.random.default_rng(number if like is None else like)
    print_ = np.minimum(random.integers(0, 200, 512) + differing_by, 255).astype(np.uint8).tobytes()
    content = hashlib.sha256(str(number).encode()).hexdigest()
    return Shot(f"{number}.gif", 0, (64, 64), None, (0, 1, 2), (1, 1, 1), content, print_)


def recorded(shots: list[Shot], known: Known | None = None) -> Known:
    places = assign(shots, known or {})
    added = {s.content: (s.fingerprint, place) for s in shots if (place := places[s.content]) is not None}
    return {**(known or {}), **added}


def side(known: Known, shot: Shot) -> str:
    return known[shot.content][1].side


def test_shares_are_about_80_15_5() -> None:
    sides = [place.side for _, place in recorded([shot(i) for i in range(1000)]).values()]
    assert len(sides) == 1000
    assert sides.count("train") == pytest.approx(800, abs=40)
    assert sides.count("validation") == pytest.approx(150, abs=40)
    assert sides.count("test") == pytest.approx(50, abs=25)


def test_the_same_footage_falls_the_same_way_in_any_order() -> None:
    shots = [shot(i) for i in range(40)]
    assert recorded(shots) == recorded(shots[::-1])


@given(st.sets(st.integers(0, 10_000), min_size=3, max_size=25), st.sets(st.integers(10_001, 20_000), max_size=25))
def test_more_footage_moves_nothing(first: set[int], later: set[int]) -> None:
    before = recorded([shot(i) for i in sorted(first)])
    after = recorded([shot(i) for i in sorted(later)], before)
    assert {content: after[content] for content in before} == before


@given(st.sets(st.integers(0, 10_000), min_size=3, max_size=12))
def test_no_side_is_ever_empty(numbers: set[int]) -> None:
    assert {place.side for _, place in recorded([shot(i) for i in numbers]).values()} == {"train", "validation", "test"}


@given(st.integers(0, 2))
def test_fewer_than_three_shots_are_refused(count: int) -> None:
    with pytest.raises(InputError, match="three"):
        assign([shot(i) for i in range(count)], {})


def test_near_duplicates_are_on_one_side_at_once_or_later() -> None:
    originals = [shot(i) for i in range(30)]
    takes = [shot(100 + i, like=i, differing_by=3) for i in range(30)]
    together = recorded(originals + takes)
    later = recorded(takes, recorded(originals))
    for original, take in zip(originals, takes, strict=True):
        assert side(together, original) == side(together, take)
        assert side(later, original) == side(later, take)


def test_a_shot_between_two_sides_is_left_out() -> None:
    """Halfway between a training and a test shot that are not alike enough to be one group."""
    low, high = shot(1), shot(2, like=1, differing_by=8)
    known: Known = {
        low.content: (low.fingerprint, Place(low.content, "train")),
        high.content: (high.fingerprint, Place(high.content, "test")),
        "v": (shot(3).fingerprint, Place("v", "validation")),
    }
    between = shot(4, like=1, differing_by=4)
    assert assign([between], known) == {between.content: None}
