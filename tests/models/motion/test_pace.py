"""How fast whole things move at either key: as their outlines do, within them too."""

import numpy as np
import pytest

from inbetween.models.motion.affine import inverse, mapped
from inbetween.models.motion.pace import paced

SIZE = (60, 160)
WAY = np.array(((1.5, 0, -10.0), (0, 1, 0)))
"""Of a bar that grows to the right: its left end stays at 20."""
NONE = np.zeros(SIZE, np.bool_)


def bar(right: int) -> np.ndarray:
    mask = np.zeros(SIZE, np.bool_)
    mask[20:40, 20:right] = True
    return mask


def still() -> tuple[np.ndarray, np.ndarray]:
    return np.zeros((*SIZE, 2), np.float32), np.zeros((*SIZE, 2), np.float32)


def test_a_bar_goes_as_a_whole_in_both_keys() -> None:
    masks = bar(80), bar(110)
    found = paced(still(), (NONE, NONE), [(masks, WAY)])
    for flow, mask, way in zip(found, masks, (WAY, inverse(WAY)), strict=True):
        here = np.argwhere(mask)[:, ::-1]
        goes = mapped(here, way) - here
        sure = np.abs(goes).max(-1) > 3
        assert np.abs(flow[mask] - goes)[sure].max() < 2


def test_a_ring_keeps_the_width_of_its_bars() -> None:
    def ring(right: int) -> np.ndarray:
        mask = bar(right)
        mask[24:36, 24 : right - 4] = False
        return mask

    (there, _) = paced(still(), (NONE, NONE), [((ring(80), ring(110)), WAY)])
    inner, outer = there[30, 76, 0], there[30, 79, 0]
    assert (inner, outer) == pytest.approx((30, 30), abs=1)


def test_flow_that_all_but_agrees_is_more_exact() -> None:
    flows, masks = still(), (bar(80), bar(110))
    here = np.argwhere(masks[0])[:, ::-1]
    flows[0][masks[0]] = mapped(here, WAY) - here + 0.3
    before = flows[0].copy()
    assert np.array_equal(paced(flows, (NONE, NONE), [(masks, WAY)])[0][masks[0]], before[masks[0]])
    assert np.array_equal(flows[0], before)


def test_what_is_taken_beside_it_and_what_is_far_stay_as_they_are() -> None:
    taken = NONE.copy()
    taken[:, 80:] = True
    (there, _) = paced(still(), (taken, NONE), [((bar(80), bar(110)), WAY)])
    assert not there[:, 80:].any()
    assert not there[:16].any()
    assert there[30, 79, 0] > 20


def test_what_one_key_lacks_changes_nothing() -> None:
    found = paced(still(), (NONE, NONE), [((bar(80), NONE), WAY)])
    assert not found[0].any()
    assert not found[1].any()
