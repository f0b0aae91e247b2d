"""Frames of one file type as another (`--ext`): what type, depth and alpha they get. Nothing is dropped in silence."""

from dataclasses import replace

import OpenImageIO as oiio

from inbetween.core.colour import resolve
from inbetween.core.errors import InputError
from inbetween.hosts.sequence.frames import Header

DEPTHS = {"uint8": 8, "half": 11, "uint16": 16, "float": 24}
"""Significant bits of a value of each type."""

TYPES = {
    ".exr": ("half", "float"),
    ".dpx": ("uint8", "uint16"),
    ".tif": ("uint8", "uint16", "float"),
    ".tiff": ("uint8", "uint16", "float"),
    ".png": ("uint8", "uint16"),
    ".tga": ("uint8",),
    ".jpg": ("uint8",),
    ".jpeg": ("uint8",),
}
"""What each file type can hold, least first."""

STRAIGHT = frozenset({".png", ".tga"})
"""Types whose colour is by their own definition not multiplied by alpha."""

WINDOWS = frozenset({".exr"})
"""Types that keep a data window apart from the display window."""

VECTORS = ("forward.u", "forward.v", "backward.u", "backward.v", "confidence.a")
"""Channels of motion, the first four of which compositing software knows by these names (Nuke's layers of motion)."""

KEPT = frozenset({"PixelAspectRatio", "FramesPerSecond", "smpte:TimeCode", "ImageDescription", "Artist", "Copyright"})
"""Metadata that means the same in any file."""


def retyped(header: Header, ext: str) -> Header:
    """The header that the same frame has as a file of another type; the one it has where the type stays.

    Raises `InputError` where something would be lost: layers, alpha, overscan, light kept as scene-linear values.
    """
    if ext == header.path.suffix:
        return header
    _refuse_losses(header, ext)
    source = header.parts[0]
    kind = str(source.format)
    bits = DEPTHS.get(kind, 24)
    fitting = [each for each in TYPES[ext] if DEPTHS[each] >= bits]
    part = oiio.ImageSpec(source.width, source.height, source.nchannels, (fitting or TYPES[ext][-1:])[0])
    part.channelnames = source.channelnames
    part.alpha_channel = source.alpha_channel
    for side in ("x", "y", "full_x", "full_y", "full_width", "full_height"):
        setattr(part, side, getattr(source, side))
    for item in source.extra_attribs:
        if item.name in KEPT:
            part.attribute(item.name, item.type, item.value)
    if header.tag:
        part["oiio:ColorSpace"] = header.tag
    straight = ext in STRAIGHT and header.channels.alpha is not None
    if straight:
        part["oiio:UnassociatedAlpha"] = 1
    return replace(header, path=header.path.with_suffix(ext), parts=(part,), straight=straight)


def of_vectors(header: Header, ext: str) -> Header:
    """The header of a file, over the same pixels, that tells how the frame moves: `VECTORS` as floats, one part.

    Not as halves: above 2048 those know whole pixels only, and above 16 no hundredth of one.
    """
    window, display = header.window, header.display
    part = oiio.ImageSpec(window.width, window.height, len(VECTORS), oiio.FLOAT)
    part.channelnames = VECTORS
    part.x, part.y = window.x, window.y
    part.full_x, part.full_y, part.full_width, part.full_height = display.x, display.y, display.width, display.height
    for item in header.parts[0].extra_attribs:
        if item.name in KEPT:
            part.attribute(item.name, item.type, item.value)
    part["compression"] = "zip"
    return Header(header.path.with_suffix(ext), (part,), straight=False)


def _refuse_losses(header: Header, ext: str) -> None:
    name, kind = header.path.name, ext[1:]
    channels = header.channels
    if len(channels.names) > len(channels.picture) or len(header.parts) > 1:
        raise InputError(f"{name} holds layers, which would not all fit {kind} files; leave the type as it is")
    if channels.alpha is not None and ext in (".jpg", ".jpeg"):
        raise InputError(f"{name} holds alpha, which {kind} files cannot; take png or tif")
    if ext not in WINDOWS and header.window != header.display:
        raise InputError(
            f"{name} has data window {header.window} in display window {header.display}, "
            f"which {kind} files cannot keep; leave the type as it is"
        )
    before, after = resolve("auto", name, header.tag).name, resolve("auto", ext).name
    if before != after:
        raise InputError(
            f"{name} holds {before} values, and {kind} files hold {after} ones; "
            "convert the result with the show's own colour pipeline"
        )
