"""Reels hold a shot's drawings and timing; windows out of them are triads that tell the truth about time."""

from pathlib import Path

import numpy as np
import pytest

from inbetween.core.errors import FrameReadError
from inbetween.models.training import reels
from inbetween.models.training.curate import Shot
from inbetween.models.training.readers import Clip

COUNT = 9


def drawings(size: tuple[int, int], count: int = COUNT) -> list[np.ndarray]:
    """A bar that walks; the red of a drawing says which one it is."""
    frames = []
    for i in range(count):
        frame = np.zeros((*size, 4), np.float32)
        frame[:, i * size[1] // count : (i + 1) * size[1] // count] = (i / 16, 0, 0, 1)
        frames.append(frame)
    return frames


def reel(folder: Path, size: tuple[int, int] = (48, 64), exposures: tuple[int, ...] = (1,) * COUNT) -> reels.Reel:
    count = len(exposures)
    shot = Shot("bar.gif", 0, size, 24.0, tuple(range(count)), exposures, f"bar{size}", b"")
    clip = Clip("bar.gif", (), 24.0, lambda: iter(zip(drawings(size, count), exposures, strict=True)))
    return reels.decode(shot, clip, folder, 512)


def which(frame: np.ndarray) -> float:
    return float(frame[..., 0].max() * 16)


def test_a_reel_holds_the_drawings_as_they_were(tmp_path: Path) -> None:
    kept = reel(tmp_path).drawings()
    np.testing.assert_allclose(kept, np.stack(drawings((48, 64))), atol=1 / 2048)


def test_larger_pictures_are_reduced(tmp_path: Path) -> None:
    assert reel(tmp_path, (600, 1024)).drawings().shape == (COUNT, 300, 512, 4)


def test_a_reel_is_decoded_once(tmp_path: Path) -> None:
    first = reel(tmp_path)
    before = first.file.stat().st_mtime_ns
    assert reel(tmp_path).file.stat().st_mtime_ns == before


def test_a_clip_that_breaks_off_leaves_no_reel(tmp_path: Path) -> None:
    def broken() -> object:
        yield drawings((48, 64))[0], 1
        raise FrameReadError("bar.gif is damaged; render it again")

    shot = Shot("bar.gif", 0, (48, 64), None, (0, 1, 2), (1, 1, 1), "content", b"")
    with pytest.raises(FrameReadError):
        reels.decode(shot, Clip("bar.gif", (), None, broken), tmp_path, 512)  # type: ignore[arg-type] # an iterator is enough
    assert list(tmp_path.iterdir()) == []


def test_a_clip_that_has_lost_a_drawing_is_refused(tmp_path: Path) -> None:
    shot = Shot("bar.gif", 0, (48, 64), None, (0, 1, 2), (1, 1, 1), "content", b"")
    shorter = Clip("bar.gif", (), None, lambda: iter([(drawing, 1) for drawing in drawings((48, 64))[:2]]))
    with pytest.raises(FrameReadError, match="has 2 drawings, not 3"):
        reels.decode(shot, shorter, tmp_path, 512)
    assert list(tmp_path.iterdir()) == []


def test_time_follows_the_exposures(tmp_path: Path) -> None:
    held = reel(tmp_path, exposures=(3, 1, 2, 2))
    assert held.window(0, 1, 3).t == pytest.approx(3 / 6)
    assert held.window(1, 2, 3).t == pytest.approx(1 / 3)


@pytest.mark.parametrize("size", [(48, 64), (300, 200), (10, 14), (1, 1)], ids=str)
@pytest.mark.parametrize("halfway", [False, True])
def test_any_picture_gives_windows_of_the_size_asked_for(tmp_path: Path, size: tuple[int, int], halfway: bool) -> None:
    source = reel(tmp_path, size)
    for seed in range(10):
        window = reels.random_window(source, np.random.default_rng(seed), 32, halfway)
        assert window.frames.shape == (3, 32, 32, 4)
        assert window.frames.dtype == np.float32
        assert 0 < window.t < 1
        assert window.t == 0.5 or not halfway


def test_the_middle_of_a_window_is_the_drawing_at_its_time(tmp_path: Path) -> None:
    source = reel(tmp_path, (8, 9))
    for seed in range(20):
        window = reels.random_window(source, np.random.default_rng(seed), 9)
        start, middle, end = (which(frame) for frame in window.frames)
        assert window.t == pytest.approx((middle - start) / (end - start), abs=0.02)


def test_the_same_seed_gives_the_same_window(tmp_path: Path) -> None:
    source = reel(tmp_path)
    one, two = (reels.random_window(source, np.random.default_rng(3), 32).frames for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_an_examination_is_always_the_same_and_skips_what_stands_still(tmp_path: Path) -> None:
    moving = reel(tmp_path)
    found = list(reels.examination(moving, (2, 4), 2))
    assert found == list(reels.examination(moving, (2, 4), 2))
    assert [end - start for start, _, end in found] == [2, 2, 4, 4]
    still = np.load(moving.file)
    still[:] = still[0]
    np.save(tmp_path / "still.npy", still)
    assert list(reels.examination(reels.Reel(tmp_path / "still.npy", moving.ticks), (2, 4), 2)) == []
