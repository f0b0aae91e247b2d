"""Clips are packed whole, and every one that is learnt from has a frame between two."""

from pathlib import Path

import numpy as np
import pytest

from inbetween.core.errors import InputError
from inbetween.models.training import clips


def pack(folder: Path, name: str, count: int) -> None:
    """A square that slides, `count` frames of it."""
    frames = np.zeros((count, 64, 64, 4), np.float32)
    for at, frame in enumerate(frames):
        frame[20:40, 10 + at : 30 + at] = (0.5, 0.25, 0, 1)
    clips.pack(frames, folder / "train" / f"{name}.npy")


def test_a_packed_clip_has_the_pictures_it_was_packed_from_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    pack(tmp_path, "slide", 8)
    (clip,) = clips.packed(tmp_path, "train")
    assert clip.name == "slide"
    assert clip.frames.shape == (8, 64, 64, 4)
    assert tuple(clip.frames[0, 30, 20]) == (128, 64, 0, 255)
    assert [file.name for file in (tmp_path / "train").iterdir()] == ["slide.npy"]


def test_clips_without_a_frame_between_two_are_left_out(tmp_path: Path) -> None:
    for name, count in (("one", 1), ("two", 2), ("three", 3)):
        pack(tmp_path, name, count)
    found = clips.packed(tmp_path, "train")
    assert [clip.name for clip in found] == ["three"]
    *frames, t = clips.triad(np.random.default_rng(1), found, 64)
    assert t == 0.5
    assert all(frame.shape == (64, 64, 4) for frame in frames)


def test_a_split_without_any_is_refused(tmp_path: Path) -> None:
    pack(tmp_path, "two", 2)
    for split in ("train", "val"):
        with pytest.raises(InputError, match="three frames or more"):
            clips.packed(tmp_path, split)
