"""The split goes by content: stable when footage is added, near-duplicates on one side, no side ever empty."""

import hashlib
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbetween.models.training.curate import Shot
from inbetween.models.training.split import Known, Place, assign


def shot(number: int, like: int | None = None, differing_by: int = 0, mirrored: bool = False) -> Shot:
    """A shot with a content of its own, and a thumbnail of its own unless it is `like` another."""
    thumbnail = np.random.default_rng(number if like is None else like).integers(0, 200, (2, 8, 8, 4)) + differing_by
    print_ = thumbnail[:, :, :: -1 if mirrored else 1].astype(np.uint8).tobytes()
    content = hashlib.sha256(str(number).encode()).hexdigest()
    return Shot(f"{number}.gif", 0, (64, 64), None, (0, 1, 2), (1, 1, 1), content, print_)


def recorded(shots: list[Shot], before: dict[str, Known] | None = None, show: str = "show") -> dict[str, Known]:
    """Everything that is known after these shots were added to what was known before."""
    places = assign(show, shots, (before or {}).values())
    added = {s.content: Known(show, s.fingerprint, place) for s in shots if (place := places[s.content]) is not None}
    return {**(before or {}), **added}


def sides(known: dict[str, Known], show: str = "show") -> Counter[str]:
    return Counter(item.place.side for item in known.values() if item.show == show)


def test_shares_are_about_80_15_5() -> None:
    found = sides(recorded([shot(i) for i in range(1000)]))
    assert found.total() == 1000
    assert found["train"] == pytest.approx(800, abs=40)
    assert found["validation"] == pytest.approx(150, abs=40)
    assert found["test"] == pytest.approx(50, abs=25)


def test_the_same_footage_falls_the_same_way_in_any_order() -> None:
    shots = [shot(i) for i in range(40)]
    assert recorded(shots) == recorded(shots[::-1])


@given(st.sets(st.integers(0, 10_000), min_size=3, max_size=25), st.sets(st.integers(10_001, 20_000), max_size=25))
def test_more_footage_moves_nothing(first: set[int], later: set[int]) -> None:
    before = recorded([shot(i) for i in sorted(first)])
    after = recorded([shot(i) for i in sorted(later)], before)
    assert {content: after[content] for content in before} == before


@given(st.sets(st.integers(0, 10_000), min_size=3, max_size=12), st.sets(st.integers(10_001, 20_000), max_size=12))
def test_no_side_of_a_show_is_ever_empty(numbers: set[int], others: set[int]) -> None:
    elsewhere = recorded([shot(i) for i in sorted(others)], show="another show")
    assert set(sides(recorded([shot(i) for i in sorted(numbers)], elsewhere))) == {"train", "validation", "test"}


@given(st.permutations(range(6)))
def test_shots_that_come_one_by_one_fill_every_side_in_the_end(order: list[int]) -> None:
    known: dict[str, Known] = {}
    for number in order:
        known = recorded([shot(number)], known)
    assert sides(known)["train"] > 0
    assert len(sides(known)) == 3


def test_near_duplicates_are_on_one_side_at_once_or_later() -> None:
    originals = [shot(i) for i in range(30)]
    takes = [shot(100 + i, like=i, differing_by=3, mirrored=i % 2 == 1) for i in range(30)]
    together = recorded(originals + takes)
    later = recorded(takes, recorded(originals))
    for original, take in zip(originals, takes, strict=True):
        assert together[original.content].place == together[take.content].place
        assert later[original.content].place == later[take.content].place


def test_a_shot_between_two_sides_is_left_out() -> None:
    """Halfway between a training and a test shot that are not alike enough to be one group."""
    low, high, between = shot(1), shot(2, like=1, differing_by=20), shot(4, like=1, differing_by=10)
    known = [
        Known("show", low.fingerprint, Place(low.content, "train")),
        Known("show", high.fingerprint, Place(high.content, "test")),
    ]
    assert assign("show", [between], known) == {between.content: None}
