import threading

import pytest

from inbetween.core.parallel import cores, in_parallel


def test_results_come_in_the_order_of_the_items() -> None:
    assert in_parallel(lambda number: number * number, range(50)) == [number * number for number in range(50)]
    assert in_parallel(str, ()) == []


@pytest.mark.skipif(cores() < 2, reason="one core has one thread")
def test_two_items_are_worked_on_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=30)
    assert len(in_parallel(lambda _: both.wait(), range(2))) == 2


def test_what_one_item_raises_is_raised() -> None:
    def work(number: int) -> float:
        return 1 / number

    with pytest.raises(ZeroDivisionError):
        in_parallel(work, (1, 0, 2))
