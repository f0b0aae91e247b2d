"""What is handed to the worker: plain values and file paths, taken from strips and images at the start of a job."""

import re
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import bpy

from . import compat


class SelectionError(Exception):
    """What the artist chose cannot be in-betweened; one sentence that says what to choose instead."""


def absolute(path: str) -> Path:
    """A path of Blender's in full; raises `SelectionError` for // in a file that has no place yet."""
    if path.startswith("//") and not bpy.data.filepath:
        raise SelectionError(f"{path} begins with //, the folder of the .blend file: save the file first")
    found = Path(bpy.path.abspath(path))
    if not found.is_absolute():
        raise SelectionError(f"{path!r} neither is absolute nor begins with //: name the folder in full")
    return found


def folder(pattern: str, name: str) -> str:
    """A folder that is not there yet, for the frames of `name`: nothing that exists is ever written to again."""
    found = wanted = absolute(pattern.replace("{name}", name))
    count = 1
    while found.exists():
        count += 1
        found = wanted.with_name(f"{wanted.name}_{count}")
    return str(found)


def clean(name: str) -> str:
    """A name for folder and files: without extension and frame number, of characters that no file system minds."""
    stem = re.sub(r"(\.\d+)?(\.(png|exr|jpe?g|tiff?|tga|dpx))?(\.\d+)?$", "", name, flags=re.IGNORECASE)
    return re.sub(r"[^\w-]+", "_", stem).strip("_-") or "inbetween"


def image_strips(context: Any) -> list[Any]:
    """The selected image strips, first in time first."""
    editor = compat.edit_scene(context).sequence_editor
    if editor is None:
        return []
    chosen = [strip for strip in compat.shown(editor) if strip.select and strip.type == "IMAGE"]
    return sorted(chosen, key=lambda strip: strip.frame_final_start)


def gap(strips: list[Any]) -> tuple[Any, Any]:
    """The two strips with frames missing between them; raises `SelectionError` for any other selection."""
    if len(strips) != 2:
        raise SelectionError("Select two image strips with a gap between them")
    first, last = strips
    if last.frame_final_start <= first.frame_final_end:
        raise SelectionError(
            "There is no gap between the two strips: move them apart by as many frames as you want drawn"
        )
    return first, last


def differences(first: Any, last: Any) -> list[str]:
    """How two keys, strips or images, are shown by different rules, a sentence each; in-betweens follow the first."""
    rules = (
        ("colour space", first.colorspace_settings.name, last.colorspace_settings.name),
        ("alpha", first.alpha_mode.capitalize(), last.alpha_mode.capitalize()),
    )
    return [
        f"{first.name} is shown with {what} {one}, {last.name} with {other}; in-betweens are shown as {first.name} is: "
        "make the two alike"
        for what, one, other in rules
        if one != other
    ]


def strip_file(strip: Any, frame: int, library: Any = None) -> str:
    """The picture a strip shows at a frame; `elements[-1]` would be another one where the strip is trimmed."""
    element = strip.strip_elem_from_frame(frame)
    return str(Path(bpy.path.abspath(strip.directory, library=library), element.filename))


def free_channel(strips: Any, wanted: int, start: int, end: int) -> int:
    """The first channel from `wanted` upwards with nothing in it between two frames; new strips do not move aside."""
    taken = {s.channel for s in strips if s.frame_final_start < end and s.frame_final_end > start}
    while wanted in taken:
        wanted += 1
    return wanted


def on_disk(image: Any) -> bool:
    """Whether the image's file holds what Blender shows."""
    if image.source != "FILE" or image.is_dirty or image.packed_file is not None:
        return False
    return image_path(image).is_file()


def image_path(image: Any) -> Path:
    return Path(bpy.path.abspath(image.filepath, library=image.library))


def usable(image: Any) -> None:
    """Raise `SelectionError` unless the image is a single picture with pixels."""
    if image is None:
        raise SelectionError("Choose two images")
    if image.source not in ("FILE", "GENERATED"):
        raise SelectionError(f"{image.name} is a {image.source.lower()}; choose single images")
    if not image.has_data and not on_disk(image) and not len(image.pixels):
        raise SelectionError(f"{image.name} has no pixels: {image.filepath} cannot be read")


def image_keys(first: Any, last: Any, scratch: str) -> Generator[None, None, list[dict[str, Any]]]:
    """The two keys as files; yields while one is being written, and returns them in the end.

    Pictures that only Blender has (painted, packed, generated) are laid down as raw pixels, which takes milliseconds;
    the worker makes files of them.
    """
    images = first, last
    for image in images:
        usable(image)
    kinds = {image_path(image).suffix.lower() for image in images}
    if all(on_disk(image) for image in images) and len(kinds) == 1:
        return [{"path": str(image_path(image))} for image in images]
    if first.is_float != last.is_float:
        raise SelectionError(
            f"One of {first.name} and {last.name} has float pixels and the other has not: make them alike"
        )
    keys: list[dict[str, Any]] = []
    for image in images:
        raw = Path(scratch, f"{len(keys)}.raw")
        writing = threading.Thread(target=raw.write_bytes, args=(_pixels(image),))
        writing.start()
        while writing.is_alive():
            yield
        width, height = image.size
        shape = {"width": width, "height": height, "channels": image.channels, "float": image.is_float}
        keys.append({"path": str(raw), **shape})
    return keys


def _pixels(image: Any) -> bytearray:
    """The image's float32 pixels as Blender holds them, bottom row first."""
    data = bytearray(4 * len(image.pixels))
    image.pixels.foreach_get(memoryview(data).cast("f"))
    return data
