"""What an in-between's file says of itself: the key's own layout and metadata, with what must differ changed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import OpenImageIO as oiio

from inbetween.core.errors import InputError
from inbetween.hosts.sequence import timecode
from inbetween.hosts.sequence.frames import Header
from inbetween.hosts.sequence.window import Window

NAMESPACE = "inbetween:"
"""Our metadata, in the files that can hold any."""

CARRIES_METADATA = frozenset({".exr"})
"""Types that bring any named value back; the others lose it."""

STALE = ("oiio:SHA-1", "oiio:ConstantColor", "oiio:AverageColor", "openexr:chunkCount", "textureformat", "hash")
"""What was true of the key's pixels or file structure, and is not of an in-between."""

COUNTERS = ("imageCounter", "dpx:FramePosition", "nuke/input/frame", "nuke/input/timecode")
"""What numbers the frames of a shot, besides the timecode proper."""

TIMECODES = ("smpte:TimeCode", "dpx:TimeCode")

STORED = (
    *("oiio:", "openexr:", "tiff:", "png:", "jpeg:", "targa:alpha", "targa:version"),
    *("dpx:black", "dpx:colorimetric", "dpx:high", "dpx:imagedescriptor", "dpx:low", "dpx:packing", "dpx:signal"),
    *("dpx:transfer", "dpx:white", "compression", "dwacompression", "planarconfig", "orientation", "pixelaspect"),
    *("resolutionunit", "xresolution", "yresolution", "chromaticities", "adoptedneutral", "whiteluminance", "cicp"),
    *("exif:colorspace", "icc"),
)
"""How the names, in lower case, of what says how a file keeps its pixels and what their values mean begin: of two keys
that differ in it the first one decides."""


@dataclass(frozen=True)
class Step:
    """How far an in-between lies behind the first key, and the second key behind the first, in frames of the result."""

    frames: int
    distance: int


def in_between(
    start: Header, end: Header, step: Step, marks: Mapping[str, str | float], reached: Window | None = None
) -> Header:
    """The header of an in-between's file; `marks` become `inbetween:*` metadata where the type can hold them.

    Everything is the first key's, but for the data windows, which hold both keys' (what moves may be anywhere between),
    what counts frames, which goes on where it does so from key to key, and is left out elsewhere, and what else differs
    from key to key, such as a camera's matrices: nobody knows it in between, and it is left out.
    """
    parts = []
    for first, second, window, other in zip(start.parts, end.parts, start.windows, end.windows, strict=True):
        part = first.copy()
        _place(part, window | other | (reached or window))
        _advance_timecode(part, second, step)
        _advance_counters(part, second, step)
        if step.frames:
            _leave_out_unknown(part, first, second)
        _settle(part, start.path.suffix.lower())
        parts.append(part)
    _lay_alike(parts)
    if start.path.suffix.lower() in CARRIES_METADATA:
        for name, value in marks.items():
            parts[0][NAMESPACE + name] = value
    return replace(start, parts=tuple(parts))


def alone(key: Header, marks: Mapping[str, str | float]) -> Header:
    """The header of a key's file as this tool writes it anew."""
    return in_between(key, key, Step(0, 0), marks)


def fit(first: Header, other: Header) -> None:
    """Raise `InputError`, naming the difference, unless two keys are frames of one picture format."""
    for what, a, b in (
        ("display window", str(first.display), str(other.display)),
        ("parts", len(first.parts), len(other.parts)),
        ("channels", _listing(first), _listing(other)),
        ("alpha", _alpha(first), _alpha(other)),
        ("colour space", first.tag or "untold", other.tag or "untold"),
    ):
        if a != b:
            raise InputError(
                f"{other.path} has {what} {b}, but {first.path.name} has {a}; "
                "make the keys alike, or keep them in folders of their own"
            )


def _listing(header: Header) -> str:
    """Channel names with their types: `R G B A (half)`, or `R (half) Z (float)` where types differ."""
    kinds = [str(part.channelformat(channel)) for part in header.parts for channel in range(part.nchannels)]
    if len(set(kinds)) == 1:
        return f"{' '.join(header.channels.names)} ({kinds[0]})"
    return " ".join(f"{name} ({kind})" for name, kind in zip(header.channels.names, kinds, strict=True))


def _alpha(header: Header) -> str:
    return "straight" if header.straight else "premultiplied or none"


def _place(part: oiio.ImageSpec, window: Window) -> None:
    part.x, part.y, part.width, part.height = window.x, window.y, window.width, window.height


def _lay_alike(parts: list[oiio.ImageSpec]) -> None:
    """Tiles beside scanlines become scanlines: OpenImageIO reads parts of both kinds in one file, and writes none."""
    tiled = [part for part in parts if part.tile_width]
    if len(tiled) < len(parts):
        for part in tiled:
            part.tile_width = part.tile_height = 0
            part.erase_attribute("openexr:lineOrder")  # tiles may lie in any order, lines may not


def _settle(part: oiio.ImageSpec, ext: str) -> None:
    """Leave out what is no longer true, and make the file's bytes depend on its content alone."""
    for name in STALE:
        part.erase_attribute(name)
    names = [item.name for item in part.extra_attribs]
    for name in names:
        if name.startswith(NAMESPACE):
            part.erase_attribute(name)
    if "DateTime" not in names:
        part["DateTime"] = ""  # an empty one keeps OpenImageIO from writing the time of day
    if "openexr:dwaCompressionLevel" in names:  # OpenImageIO reads it under this name and heeds it under the other
        part["dwaCompressionLevel"] = part.get_float_attribute("openexr:dwaCompressionLevel")
    if ext == ".png":
        # Measured on 1080p RGBA16: five times quicker than the default, and 3 % smaller.
        part["png:compressionLevel"] = 1
        part["png:filter"] = 16
    if ext in (".jpg", ".jpeg") and "Compression" not in names:
        part["Compression"] = "jpeg:98"


def _advance_timecode(part: oiio.ImageSpec, second: oiio.ImageSpec, step: Step) -> None:
    """Move the timecode on where the keys' own lie as far apart as their frames do, at a rate that is said or found."""
    first, last = _timecode(part), _timecode(second)
    if first is None or not step.frames:
        return
    for name in TIMECODES:
        part.erase_attribute(name)
    fps = last and timecode.rate(part.get_float_attribute("FramesPerSecond"), first[0], last[0], step.distance)
    if fps:
        part.attribute(
            "smpte:TimeCode", oiio.TypeDesc("timecode"), (timecode.advance(first[0], step.frames, fps), first[1])
        )


def _advance_counters(part: oiio.ImageSpec, second: oiio.ImageSpec, step: Step) -> None:
    """The same for the numbers of frames; one that is the key's and the next key's stays."""
    for name in COUNTERS:
        first, last = part.get(name), second.get(name)
        if not step.frames or first == last:
            continue
        part.erase_attribute(name)
        if isinstance(first, int | float) and isinstance(last, int | float) and last - first == step.distance:
            part[name] = first + step.frames


def _leave_out_unknown(part: oiio.ImageSpec, first: oiio.ImageSpec, second: oiio.ImageSpec) -> None:
    """Erase what differs from key to key, but for how pixels are stored and what has been counted on."""
    later = {item.name: item for item in second.extra_attribs}
    for item in first.extra_attribs:
        settled = item.name in (*COUNTERS, *TIMECODES) or item.name.lower().startswith(STORED)
        if not settled and not _same(item, later.get(item.name)):
            part.erase_attribute(item.name)


def _same(one: oiio.ParamValue, other: oiio.ParamValue | None) -> bool:
    """Whether two attributes have one value, which may be an array."""
    return other is not None and np.array_equal(np.asarray(one.value), np.asarray(other.value))


def _timecode(part: oiio.ImageSpec) -> tuple[int, int] | None:
    """The packed timecode and its user bits."""
    value = part.get("smpte:TimeCode")
    return value if isinstance(value, tuple) and len(value) == 2 else None
