"""Every kind of animation is read to the same frames, and damaged ones are named."""

import gzip
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from inbetween.core.errors import FrameReadError
from inbetween.models.training import readers

SQUARE = {
    "v": "5.5.2", "fr": 30, "ip": 0, "op": 4, "w": 64, "h": 32, "nm": "square", "ddd": 0, "assets": [],
    "layers": [{
        "ddd": 0, "ind": 1, "ty": 1, "nm": "solid", "sr": 1, "sc": "#ff0000", "sw": 16, "sh": 16, "ip": 0, "op": 4,
        "st": 0, "bm": 0,
        "ks": {"o": {"a": 0, "k": 100}, "r": {"a": 0, "k": 0}, "a": {"a": 0, "k": [0, 0, 0]},
               "s": {"a": 0, "k": [100, 100, 100]}, "p": {"a": 0, "k": [0, 0, 0]}},
    }],
}  # fmt: skip


def drawings(count: int, size: tuple[int, int] = (12, 16)) -> list[np.ndarray]:
    """Straight-alpha RGBA bytes: a half-covered red bar that walks."""
    frames = [np.zeros((*size, 4), np.uint8) for _ in range(count)]
    for i, frame in enumerate(frames):
        frame[2:8, i : i + 4] = (255, 0, 0, 255)
    return frames


def save(file: Path, frames: list[np.ndarray], durations: list[int]) -> Path:
    images = [Image.fromarray(frame) for frame in frames]
    kind = {".gif": "GIF", ".apng": "PNG", ".webp": "WEBP", ".png": "PNG"}[file.suffix]
    lossless = {"lossless": True} if kind == "WEBP" else {"disposal": 2} if kind == "GIF" else {}
    images[0].save(file, kind, save_all=True, append_images=images[1:], duration=durations, loop=0, **lossless)
    return file


@pytest.mark.parametrize("suffix", [".gif", ".apng", ".webp"])
def test_an_animated_image_comes_back_frame_by_frame_with_its_timing(tmp_path: Path, suffix: str) -> None:
    frames = drawings(3)
    clip = readers.open_clip(save(tmp_path / f"walk{suffix}", frames, [100, 300, 200]))
    read = list(clip.frames())
    assert [ticks for _, ticks in read] == [1, 3, 2]
    assert clip.fps == pytest.approx(10)
    for (picture, _), frame in zip(read, frames, strict=True):
        assert picture.dtype == np.float32
        np.testing.assert_array_equal(picture, readers.premultiplied(frame))


def test_a_clip_can_be_read_again(tmp_path: Path) -> None:
    clip = readers.open_clip(save(tmp_path / "walk.gif", drawings(2), [100, 100]))
    first, second = (np.stack([p for p, _ in clip.frames()]) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("suffix", [".json", ".json.gz"])
def test_a_lottie_is_drawn_at_the_size_asked_for(tmp_path: Path, suffix: str) -> None:
    file, text = tmp_path / f"square{suffix}", json.dumps(SQUARE).encode()
    file.write_bytes(gzip.compress(text) if suffix.endswith("gz") else text)
    clip = readers.open_clip(file, size=32)
    pictures = [picture for picture, _ in clip.frames()]
    assert clip.fps == 30
    assert [picture.shape for picture in pictures] == [(16, 32, 4)] * 4
    assert pictures[0][2, 2].tolist() == [1, 0, 0, 1]
    assert pictures[0][12, 20].tolist() == [0, 0, 0, 0]


def test_a_video_is_opaque_and_has_its_colours_in_order(tmp_path: Path) -> None:
    file = tmp_path / "blue.avi"
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 25, (32, 16))
    if not writer.isOpened():
        pytest.skip("this OpenCV was built without a video encoder")
    for _ in range(3):
        writer.write(np.full((16, 32, 3), (255, 0, 0), np.uint8))
    writer.release()
    clip = readers.open_clip(file)
    pictures = [picture for picture, _ in clip.frames()]
    assert (len(pictures), clip.fps) == (3, 25)
    np.testing.assert_allclose(pictures[0][8, 8], (0, 0, 1, 1), atol=0.02)


def test_a_sequence_is_read_in_order_and_nothing_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    asked: list[Path] = []

    def read(file: Path) -> readers.Picture:
        asked.append(file)
        return np.zeros((4, 4, 4), np.float32)

    files = [tmp_path / f"{n}.exr" for n in (1, 3)]
    frames = readers.sequence("walk", files, [2, 1], read).frames()
    assert asked == []
    assert [ticks for _, ticks in frames] == [2, 1]
    assert asked == files


def test_mixed_sizes_are_named_with_both_sizes() -> None:
    files = [Path("a.1.exr"), Path("a.2.exr")]
    sizes = {files[0]: (4, 8, 4), files[1]: (5, 8, 4)}
    clip = readers.sequence("a", files, [1, 1], lambda file: np.zeros(sizes[file], np.float32))
    with pytest.raises(FrameReadError, match=r"a\.2\.exr is 8x5 but a\.1\.exr is 8x4"):
        list(clip.frames())


def broken(tmp_path: Path, name: str) -> Path:
    """A file that is not what its name says, or only the first half of it."""
    file = tmp_path / name
    if name.startswith("cut"):
        whole = save(tmp_path / f"whole{file.suffix}", drawings(8, (64, 64)), [100] * 8).read_bytes()
        file.write_bytes(whole[: len(whole) // 2])
    else:
        file.write_bytes(b"this is not an animation")
    return file


@pytest.mark.parametrize(
    "name",
    ["text.gif", "text.webp", "text.json", "text.json.gz", "text.mp4", "cut.webp", "cut.apng", "cut.gif", "empty.xyz"],
)
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(FrameReadError, match=name):
        list(readers.open_clip(broken(tmp_path, name)).frames())


@pytest.mark.parametrize("document", [[], {}, {"layers": []}, {**SQUARE, "w": 0}, {**SQUARE, "layers": [{"ty": "x"}]}])
def test_json_that_is_no_lottie_is_refused(tmp_path: Path, document: object) -> None:
    file = tmp_path / "other.json"
    file.write_text(json.dumps(document))
    with pytest.raises(FrameReadError, match=r"other\.json"):
        list(readers.open_clip(file).frames())


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for suffix in readers.READERS:
        with pytest.raises(FrameReadError, match="gone"):
            list(readers.open_clip(tmp_path / f"gone{suffix}").frames())
