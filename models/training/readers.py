"""Anything that moves, read as frames: image sequences, GIF, APNG, WebP, Lottie and video.

Every reader gives a `Clip`, which reads nothing until its frames are asked for and can be read again and again.
Image sequences are decoded by whoever knows the files (`sequence` takes the function), because that knowledge
lives in the sequence runner.
"""

import gzip
import json
import math
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from inbetween.core.errors import FrameReadError

Picture = npt.NDArray[np.float32]
"""One frame: float32 (H, W, 4), top row first, red, green, blue premultiplied by alpha, from 0 to 1 as displayed."""

LARGEST_LOTTIE = 64 * 2**20
"""Bytes of JSON that are unpacked at most; the largest animation seen in the wild is a tenth of it."""


@dataclass(frozen=True)
class Clip:
    """One file or one image sequence, read from its beginning each time `frames` is called.

    `frames` yields every frame with the number of ticks it is shown for; a tick is 1 / `fps` seconds (`fps` is None
    where the source does not say). It raises `FrameReadError`, naming the file, where a frame cannot be had.
    """

    name: str
    files: tuple[Path, ...]
    fps: float | None
    frames: Callable[[], Iterator[tuple[Picture, int]]]


def sequence(name: str, files: Sequence[Path], ticks: Sequence[int], read_frame: Callable[[Path], Picture]) -> Clip:
    """An image sequence in the order given, each file shown for its `ticks`; `read_frame` decodes one into a `Picture`.

    Raises `FrameReadError` at the first file whose size is not that of the first.
    """

    def frames() -> Iterator[tuple[Picture, int]]:
        first: tuple[int, ...] | None = None
        for file, shown in zip(files, ticks, strict=True):
            picture = read_frame(file)
            first = first or picture.shape
            if picture.shape != first:
                raise FrameReadError(
                    f"{file} is {_size(picture.shape)} but {files[0]} is {_size(first)}; "
                    "render one sequence in one size, or keep the sizes in folders of their own"
                )
            yield picture, shown

    return Clip(name, tuple(files), None, frames)


def open_clip(file: Path, size: int = 512) -> Clip:
    """The clip in one file, chosen by its suffix.

    `size` is the longer side that vector animations are drawn at; pictures made of pixels keep their own size.
    Raises `FrameReadError` for a suffix that no reader takes.
    """
    for suffix, reader in READERS.items():
        if file.name.lower().endswith(suffix):
            return reader(file, size)
    raise FrameReadError(f"{file} is not an animation that can be read; use one of {', '.join(READERS)}")


def _animated_image(file: Path, size: int) -> Clip:
    """GIF, APNG or WebP. Ticks are the greatest common divisor of the frames' durations, so that none is lost."""
    durations = _durations(file)
    tick = math.gcd(*durations) or 100

    def frames() -> Iterator[tuple[Picture, int]]:
        from PIL import Image, ImageSequence

        try:
            with Image.open(file) as animation:
                for image, duration in zip(ImageSequence.Iterator(animation), durations, strict=True):
                    yield premultiplied(np.asarray(image.convert("RGBA"))), max(1, duration // tick)
        except PILLOW_ERRORS as error:
            raise FrameReadError(f"{file} cannot be decoded ({error}); export it again or leave it out") from error

    return Clip(file.name, (file,), 1000 / tick, frames)


PILLOW_ERRORS = (OSError, ValueError, SyntaxError, EOFError, zlib.error)
"""What Pillow raises for damaged files; `SyntaxError` is its own way of saying that a PNG chunk is broken."""


def _durations(file: Path) -> list[int]:
    """How long each frame of an animated image is shown, in milliseconds; 0 where the file does not say."""
    from PIL import Image, ImageSequence

    try:
        with Image.open(file) as animation:
            return [_duration(image) for image in ImageSequence.Iterator(animation)]
    except (*PILLOW_ERRORS, Image.DecompressionBombError) as error:
        raise FrameReadError(f"{file} cannot be opened ({error}); export it again or leave it out") from error


def _duration(image: Any) -> int:
    image.load()  # WebP says how long a frame is shown only once it is decoded
    return int(image.info.get("duration", 0))


def _lottie(file: Path, size: int) -> Clip:
    """A Lottie animation, plain or gzipped, drawn with its longer side at `size` and at its own frame rate."""
    from rlottie_python.rlottie_wrapper import LottieAnimation

    text = _lottie_text(file)
    animation = LottieAnimation.from_data(text)
    width, height = animation.lottie_animation_get_size()
    # rlottie counts the out point as a frame, which the format excludes: layers have ended there.
    count, fps = animation.lottie_animation_get_totalframe() - 1, animation.lottie_animation_get_framerate()
    if min(width, height, count) < 1 or not fps > 0:
        raise FrameReadError(f"{file} is JSON but not a Lottie animation that can be played; leave it out")
    scale = size / max(width, height)
    shape = max(1, round(height * scale)), max(1, round(width * scale))

    def frames() -> Iterator[tuple[Picture, int]]:
        player = LottieAnimation.from_data(text)
        for index in range(count):
            data = player.lottie_animation_render(index, width=shape[1], height=shape[0])
            pixels = np.frombuffer(data, np.uint8).reshape(*shape, 4)
            # rlottie draws blue, green, red, alpha, already premultiplied.
            yield pixels[..., [2, 1, 0, 3]].astype(np.float32) / np.float32(255), 1

    return Clip(file.name, (file,), float(fps), frames)


def _lottie_text(file: Path) -> str:
    """The JSON of a Lottie file. Parsed here first, because rlottie says nothing about what is wrong with it."""
    try:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
            data = stream.read(LARGEST_LOTTIE + 1)
        if len(data) > LARGEST_LOTTIE:
            raise ValueError(f"more than {LARGEST_LOTTIE // 2**20} MiB of JSON")
        document: Any = json.loads(data)
        if not isinstance(document, dict) or not isinstance(document.get("layers"), list):
            raise ValueError("no layers in it")
    except (OSError, EOFError, ValueError, RecursionError, zlib.error) as error:
        raise FrameReadError(f"{file} is not a Lottie animation ({error}); leave it out") from error
    return data.decode("utf-8-sig")


def _video(file: Path, size: int) -> Clip:
    """A video through OpenCV, read to its end: the frame count that containers state is often wrong."""
    import cv2

    if not file.is_file():
        raise FrameReadError(f"{file} does not exist; check the name")
    capture = cv2.VideoCapture(str(file))
    opened, fps = capture.isOpened(), capture.get(cv2.CAP_PROP_FPS)
    capture.release()
    if not opened:
        raise FrameReadError(f"{file} is not a video that OpenCV can decode; convert it or leave it out")

    def frames() -> Iterator[tuple[Picture, int]]:
        stream = cv2.VideoCapture(str(file))
        try:
            while True:
                decoded, pixels = stream.read()
                if not decoded:
                    return
                opaque = np.ones((*pixels.shape[:2], 4), np.float32)
                opaque[..., :3] = pixels[..., ::-1] / np.float32(255)
                yield opaque, 1
        finally:
            stream.release()

    return Clip(file.name, (file,), float(fps) if fps > 0 else None, frames)


READERS: dict[str, Callable[[Path, int], Clip]] = {
    **dict.fromkeys((".gif", ".apng", ".webp", ".png"), _animated_image),
    **dict.fromkeys((".json", ".json.gz", ".lottie.json"), _lottie),
    **dict.fromkeys((".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v"), _video),
}
"""Suffix -> reader of one file."""


def premultiplied(pixels: npt.NDArray[np.uint8]) -> Picture:
    """Straight-alpha RGBA bytes as a `Picture`."""
    picture = pixels.astype(np.float32) / np.float32(255)
    picture[..., :3] *= picture[..., 3:]
    return picture


def _size(shape: Sequence[int]) -> str:
    """Width x height, as artists say it."""
    return f"{shape[1]}x{shape[0]}"
