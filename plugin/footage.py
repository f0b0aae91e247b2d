"""A studio's folder as clips: image sequences through the sequence runner's reader, everything else by its suffix."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from inbetween.core.colour import encode, resolve
from inbetween.core.errors import FrameReadError, InputError
from inbetween.hosts.sequence import frames, names, provenance
from inbetween.models.training import readers
from inbetween.models.training.readers import Clip, Picture
from inbetween.premises import permission

log = logging.getLogger(__name__)


def clips(renders: Path, size: int, refused: Callable[[FrameReadError], None]) -> Iterator[Clip]:
    """Every clip under a folder in the order of their paths, or the one that a file or pattern (shot.####.exr) names.

    `size` is the longer side that vector animations are drawn at. `refused` gets the error of each file that looks like
    an animation and cannot be opened. Raises `InputError` where there is nothing of the name.
    """
    if renders.is_file():
        yield readers.open_clip(renders, size)
        return
    if names.TOKENS.search(renders.name) and not renders.is_dir():
        for found in names.find(str(renders))[0]:
            yield from _sequence(found, size, refused)
        return
    if not renders.is_dir():
        raise InputError(f"{renders} does not exist; name a folder of renders or an animation")
    for folder in [renders, *sorted(path for path in renders.rglob("*") if path.is_dir())]:
        if any(part.startswith(".") for part in folder.relative_to(renders).parts):
            continue
        sequences, others = names.find(str(folder))
        for found in sequences:
            yield from _sequence(found, size, refused)
        for file in (folder / name for name in others):
            yield from _file(file, size, refused)


def picture(file: Path) -> Picture:
    """One frame of an image sequence in the working space, over its display window, so that every frame has one size.

    Raises `FrameReadError` for a frame that is damaged or holds values that are no numbers.
    """
    plate = frames.read_plate(file)
    header, channels = plate.header, plate.header.channels
    header.refuse_without_picture()
    rows, columns = header.display.within(header.display | header.window)
    pixels = plate.over(header.display | header.window)[rows, columns]
    colour = encode(pixels[..., channels.colour], resolve("auto", file.name, header.tag).name)
    result = np.ones((*colour.shape[:2], 4), np.float32)
    result[..., :3] = colour  # grey goes to all three
    if channels.alpha is not None:
        result[..., 3] = pixels[..., channels.alpha]
    if not np.isfinite(result).all():
        raise FrameReadError(f"{file} holds values that are no numbers (NaN or infinity); render it again")
    return result


def _sequence(found: names.FrameSequence, size: int, refused: Callable[[FrameReadError], None]) -> Iterator[Clip]:
    """An image sequence; a missing number holds the frame before it, so that the timing of the others stays true."""
    numbers = [number for number in found.numbers if not drawn_by_us(found.file(number))]
    files = [found.file(number) for number in numbers]
    if len(found.numbers) == 1:
        yield from _file(found.file(found.numbers[0]), size, refused)
    elif not files:
        refused(FrameReadError(f"{found.folder / found.pattern} was drawn by this tool; artists' frames are needed"))
    else:
        ticks = [*(int(n) for n in np.diff(numbers)), 1]
        yield readers.sequence(str(found.folder / found.pattern), files, ticks, picture)


def drawn_by_us(frame: Path) -> bool:
    """Whether this tool drew a frame and nobody has touched it since: a model learns nothing from itself.

    Keys that the tool copied are the artist's, and so is a frame that was corrected by hand.
    """
    made = provenance.made(frame)
    return made is not None and made.recipe != provenance.of_key(frame, frames.file_hash(frame), frame.suffix)["recipe"]


def _file(file: Path, size: int, refused: Callable[[FrameReadError], None]) -> Iterator[Clip]:
    """The clip in one file; what is no animation at all is passed over."""
    if file.name.lower().endswith(tuple(readers.READERS)) and not _other_document(file):
        yield from _opened(file, size, refused)
    elif file.suffix.lower() in names.EXTENSIONS:
        refused(FrameReadError(f"{file} is a single frame; learning needs at least three drawings in a sequence"))
    else:
        log.debug("%s is no animation and is passed over", file)


def _opened(file: Path, size: int, refused: Callable[[FrameReadError], None]) -> Iterator[Clip]:
    try:
        yield readers.open_clip(file, size)
    except FrameReadError as error:
        refused(error)


def _other_document(file: Path) -> bool:
    """Whether a JSON file is sound but not meant as an animation: a permission, a sidecar, a manifest."""
    if file.name == permission.FILE or file.suffix.lower() != ".json":
        return file.name == permission.FILE
    try:
        document = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return False  # a reader says what is wrong with it
    return not (isinstance(document, dict) and "layers" in document)
