"""Clips become shots: cut at cuts, holds collapsed with their timing, nothing that does not move."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from inbetween.core.errors import FrameReadError, SettingsError
from inbetween.models.training.curate import Shot, shots
from inbetween.models.training.readers import Clip, Picture
from inbetween.models.training.rules import Rules

RED, BLUE = (1, 0, 0, 1), (0, 0, 1, 1)


def walk(steps: Iterable[int], colour: tuple[int, ...] = RED, row: int = 20) -> list[Picture]:
    """A disc-like block at these columns."""
    frames = []
    for step in steps:
        frame = np.zeros((64, 64, 4), np.float32)
        frame[row : row + 20, step : step + 20] = colour
        frames.append(frame)
    return frames


def clip_of(pictures: list[Picture], ticks: list[int] | None = None) -> Clip:
    shown = ticks or [1] * len(pictures)
    return Clip("walk.gif", (Path("walk.gif"),), 24.0, lambda: iter(zip(pictures, shown, strict=True)))


def curated(pictures: list[Picture], ticks: list[int] | None = None) -> tuple[list[Shot], list[str]]:
    dropped: list[str] = []
    return list(shots(clip_of(pictures, ticks), Rules(), dropped.append)), dropped


def test_drawings_on_twos_are_collapsed_and_their_timing_is_kept() -> None:
    single = walk([0, 4, 8, 12])
    (shot,), _ = curated([frame for frame in single for _ in range(2)])
    assert shot.drawings == (0, 2, 4, 6)
    assert shot.exposures == (2, 2, 2, 2)


def test_the_source_s_own_timing_adds_to_that_of_held_frames() -> None:
    a, b, c = walk([0, 6, 12])
    (shot,), _ = curated([a, a, b, c], ticks=[1, 2, 5, 1])
    assert shot.exposures == (3, 5, 1)


def test_grain_below_the_tolerance_is_a_hold_and_slow_drift_is_not() -> None:
    a, b, c = walk([0, 6, 12])
    grainy = a + np.float32(1 / 255)
    (shot,), _ = curated([a, grainy, b, c])
    assert shot.exposures == (2, 1, 1)
    drift = [np.full((16, 16, 4), i / 255, np.float32) for i in range(60)]
    (slow,), _ = curated(drift)
    assert len(slow.drawings) == 20


def test_a_cut_makes_two_shots_that_count_from_their_own_first_frame() -> None:
    def painted(seed: int, low: float) -> list[Picture]:
        """A picture that fills the frame and pans."""
        cells = np.random.default_rng(seed).random((16, 32, 4), np.float32) * 0.3 + low
        wide = cells.repeat(4, 0).repeat(4, 1)
        wide[..., 3] = 1
        return [wide[:, 2 * i : 2 * i + 64] for i in range(4)]

    before, after = curated(painted(1, 0.0) + painted(2, 0.6)[:3])[0]
    assert (before.first, before.drawings) == (0, (0, 1, 2, 3))
    assert (after.first, after.drawings) == (4, (0, 1, 2))


@pytest.mark.parametrize(
    ("pictures", "reason"),
    [
        ([], "holds no frame"),
        (walk([3]), "only one drawing"),
        (walk([3, 3, 3, 3]), "only one drawing"),
        (walk([3, 6]), "only 2 drawings"),
        ([np.full((8, 8, 4), 0.5 + 0.02 * i, np.float32) for i in range(4)], "hardly moves"),
    ],
    ids=["empty", "one frame", "a hold", "two drawings", "static"],
)
def test_what_cannot_be_learnt_from_is_dropped_with_its_reason(pictures: list[Picture], reason: str) -> None:
    kept, dropped = curated(pictures)
    assert kept == []
    assert len(dropped) == 1
    assert reason in dropped[0]
    assert "walk.gif" in dropped[0]


def test_the_same_movement_has_the_same_content_whatever_its_timing() -> None:
    (ones,), _ = curated(walk([0, 4, 8]))
    (twos,), _ = curated(walk([0, 0, 4, 4, 8, 8]))
    (another,), _ = curated(walk([0, 4, 9]))
    assert ones.content == twos.content != another.content


def test_fingerprints_are_of_one_length_and_alike_for_alike_movements() -> None:
    (small,), _ = curated(walk([0, 8, 16]))
    doubled = [frame.repeat(2, 0).repeat(2, 1) for frame in walk([0, 8, 16])]
    (large,), _ = curated(doubled)
    (other,), _ = curated(walk([0, 8, 16], BLUE, row=40))

    def apart(a: Shot, b: Shot) -> float:
        one, two = (np.frombuffer(s.fingerprint, np.uint8).astype(int) for s in (a, b))
        return float(np.abs(one - two).mean())

    assert apart(small, large) < 1 < apart(small, other)


def test_a_clip_that_breaks_off_yields_its_whole_shots_and_then_raises() -> None:
    def frames() -> Iterable[tuple[Picture, int]]:
        yield from ((frame, 1) for frame in walk([0, 4, 8]))
        yield from ((frame, 1) for frame in walk([30, 34], BLUE, row=40))
        raise FrameReadError("walk.gif is damaged; render it again")

    found = shots(Clip("walk.gif", (), None, frames), Rules())  # type: ignore[arg-type] # an iterable is enough
    with pytest.raises(FrameReadError, match=r"walk\.gif"):
        list(found)


def test_rules_out_of_bounds_are_refused() -> None:
    with pytest.raises(SettingsError, match="cut"):
        Rules(cut=1.5)
