"""What a sequence must be before it is published, as plain functions; the Pyblish plug-ins call them.

Each check yields one sentence for each fault and nothing for a sound sequence.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from inbetween import footage
from inbetween.core.counted import counted
from inbetween.core.errors import FrameReadError, InputError
from inbetween.core.whole import whole
from inbetween.hosts.sequence import provenance
from inbetween.hosts.sequence.frames import Header, Plate, file_hash, read_plate
from inbetween.hosts.sequence.names import FrameSequence


def missing_frames(sequence: FrameSequence) -> Iterator[str]:
    """Numbers between the first and the last that no file has."""
    gaps = sorted(set(range(sequence.numbers[0], sequence.numbers[-1] + 1)) - set(sequence.numbers))
    if gaps:
        named = ", ".join(map(str, gaps[:5])) + (f" and {len(gaps) - 5} more" if len(gaps) > 5 else "")
        lacking = counted(len(gaps), "frame")
        yield f"{sequence.pattern} lacks {lacking}, {named}; fill the gap with inbetween-seq, or render it"


def unsound_plates(sequence: FrameSequence) -> Iterator[str]:
    """Frames that do not decode, are not finite, or differ from the first in what a sequence shares."""
    first: Plate | None = None
    for file in map(sequence.file, sequence.numbers):
        try:
            plate = read_plate(file)
            plate.header.refuse_without_picture()
        except FrameReadError as error:
            yield str(error)
            continue
        first = first or plate
        yield from _differences(first.header, plate.header)
        if _has_faults(plate):
            yield f"{file.name} holds values that are no numbers (NaN or infinity); render it again"


def _has_faults(plate: Plate) -> bool:
    """Whether amounts are not finite, or measures no numbers: there is infinite depth where there is nothing."""
    channels = plate.header.channels
    amounts = np.delete(plate.pixels, [*channels.ids, *channels.measures], axis=-1)
    return not np.isfinite(amounts).all() or bool(np.isnan(plate.pixels[..., list(channels.measures)]).any())


def changed_keys(sequence: FrameSequence, keys: Path) -> Iterator[str]:
    """Keys that are not in the sequence byte for byte. `keys` is the folder that the sequence was made from."""
    for key in sorted(keys.glob(f"*{sequence.ext}")):
        published = sequence.folder / key.name
        if sequence.number(key.name) is None:
            continue
        if not published.exists():
            yield f"{key.name} is a key but not in {sequence.folder}; publish the whole sequence"
        elif file_hash(published) != file_hash(key):
            yield f"{key.name} is not the key any more; copy it from {keys} again"


def unknown_origin(sequence: FrameSequence, keys: Path) -> Iterator[str]:
    """Frames that are neither keys nor drawn by this tool."""
    for file in map(sequence.file, sequence.numbers):
        if not (keys / file.name).exists() and provenance.made(file) is None:
            yield f"{file.name} is no key and has no record of who drew it; if an artist did, put it among the keys"


def manifest(sequence: FrameSequence) -> dict[str, Any]:
    """Every frame of a sequence with its hash and whether this tool drew it."""
    files = {number: sequence.file(number) for number in sequence.numbers}
    return {
        "sequence": sequence.pattern,
        "frames": [
            {"number": number, "sha256": file_hash(file), "drawn": footage.drawn_by_us(file)}
            for number, file in files.items()
        ],
    }


def write_manifest(values: dict[str, Any], file: Path) -> None:
    """Raises `FrameWriteError` when it cannot be written whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with whole(file) as aside:
        aside.write_text(json.dumps(values, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _differences(first: Header, other: Header) -> Iterator[str]:
    """What one header has that a sequence's first has not."""
    traits: dict[str, Callable[[Header], str]] = {
        "size": lambda header: str(header.display),
        "channels": lambda header: " ".join(header.channels.names),
        "pixel type": lambda header: " ".join(str(part.format) for part in header.parts),
        "colour space": lambda header: header.tag or "none",
    }
    for name, trait in traits.items():
        if trait(first) != trait(other):
            yield (
                f"{other.path.name} has {name} {trait(other)}, {first.path.name} has {trait(first)}; "
                "render the sequence in one go"
            )


def refuse(faults: Iterator[str]) -> None:
    """Raise one `InputError` that holds every fault, a line each, if there is any."""
    lines = list(faults)
    if lines:
        raise InputError("\n".join(lines))
