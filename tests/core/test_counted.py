"""Numbers of things read as people write them."""

import pytest

from inbetween.core.counted import counted


@pytest.mark.parametrize(
    ("count", "thing", "words"),
    [(0, "frame", "0 frames"), (1, "frame", "1 frame"), (2, "frame", "2 frames"), (1, "new shot", "1 new shot")],
)
def test_one_is_one_and_all_others_are_many(count: int, thing: str, words: str) -> None:
    assert counted(count, thing) == words
