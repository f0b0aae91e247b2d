"""The bench of renders: shots on disk, with motion vectors and without."""

from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest

from inbetween import bench, bench_renders
from inbetween.hosts.sequence.frames import Header, write_frame

WIDTH, HEIGHT = 64, 40


def write(path: Path, names: tuple[str, ...], pixels: np.ndarray, kind: str) -> None:
    spec = oiio.ImageSpec(WIDTH, HEIGHT, len(names), kind)
    spec.channelnames = names
    path.parent.mkdir(parents=True, exist_ok=True)
    write_frame(path, Header(path, (spec,), False), pixels.astype(np.float32))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One shot of nine frames, in which a box goes 3 pixels to the right each; and a folder that is none."""
    noise = np.random.default_rng(1).random((12, 12, 3))
    for frame in range(1, 10):
        picture, vectors = np.full((HEIGHT, WIDTH, 3), 0.5), np.zeros((HEIGHT, WIDTH, 4))
        box = slice(14, 26), slice(4 + 3 * frame, 16 + 3 * frame)
        picture[box], vectors[box] = noise, (3, 0, -3, 0)
        write(tmp_path / f"a_box/beauty/box.{frame:04d}.png", ("R", "G", "B"), picture, "uint16")
        names = ("forward.u", "forward.v", "backward.u", "backward.v")
        write(tmp_path / f"a_box/vectors/box.{frame:04d}.exr", names, vectors, "float")
    (tmp_path / "notes").mkdir()
    return tmp_path


def test_windows_are_keys_one_behind_the_other_with_those_beyond(folder: Path) -> None:
    (shot,) = bench_renders.shots(folder)
    assert shot.name == "a box"
    gaps, windows = zip(*shot.windows(4), strict=True)
    assert [(gap.first, gap.last) for gap in gaps] == [(1, 5), (5, 9)]
    assert [(window.before is None, window.after is None) for window in windows] == [(True, False), (False, True)]
    np.testing.assert_array_equal(windows[0].truth, shot.frames[3])


def test_vectors_make_what_a_dissolve_cannot(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["renders", str(folder), "--models", "dissolve"]) == 0
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    psnr = {row[1].strip(): float(row[2]) for row in rows if "dissolve" in row[1]}
    assert psnr["dissolve, motion vectors"] > psnr["dissolve"] + 4
    assert [row[1].strip() for row in rows if row[1].strip() == "a box"] == ["a box"]


def test_a_folder_without_shots_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        assert bench.main(["renders", str(folder), "--models", "dissolve"]) == 2
        assert "holds no shots with the folders beauty and vectors" in capsys.readouterr().err
