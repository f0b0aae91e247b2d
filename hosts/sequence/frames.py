"""Frames on disk: read whole or not at all, written whole or not at all. OpenImageIO is spoken to here only.

OpenImageIO raises nothing: every answer is asked for its error text. `ImageInput` is used and not `ImageBuf`, which
hands out garbage for a damaged file.
"""

import contextlib
import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio

from inbetween.core.channels import Channels
from inbetween.core.colour import HALF_MAX
from inbetween.core.errors import FrameReadError
from inbetween.core.whole import sha256, whole
from inbetween.hosts.sequence.layers import channels_of, unsigned, views
from inbetween.hosts.sequence.window import Window

Pixels = np.ndarray[Any, np.dtype[np.float32]]

MULTIPART = frozenset({".exr"})
"""Types whose files may hold several parts that make one frame."""

NO_RGB = frozenset({"CMYK", "YCbCrK", "color separated", "CIELAB", "ICCLAB", "ITULAB"})
"""Colour for print, in OpenImageIO's words: it is read as RGB, and written as RGB or as inks of another separation."""

NOT_WHOLE = "what was written cannot be read again"
JPEG_SCAN, JPEG_END, PNG_END = b"\xff\xda", b"\xff\xd9", b"IEND\xaeB`\x82"


@dataclass(frozen=True)
class Header:
    """What a file says about its frame before any pixel is read, or is to say once it is written."""

    path: Path
    parts: tuple[oiio.ImageSpec, ...]
    straight: bool
    """Whether colour in the file is not multiplied by alpha (PNG, TGA, some TIFF)."""

    @cached_property
    def channels(self) -> Channels:
        """The layout of the pixels: the channels of all parts, in order."""
        return channels_of(self.parts)

    @cached_property
    def windows(self) -> tuple[Window, ...]:
        """The data window of each part."""
        return tuple(Window(spec.x, spec.y, spec.width, spec.height) for spec in self.parts)

    @cached_property
    def window(self) -> Window:
        """The smallest window that holds every part."""
        first, *others = self.windows
        for window in others:
            first |= window
        return first

    @cached_property
    def display(self) -> Window:
        """The display window: the picture's format, whatever part of it holds data."""
        spec = self.parts[0]
        return Window(spec.full_x, spec.full_y, spec.full_width, spec.full_height)

    @property
    def tag(self) -> str:
        """The file's colour space by name, or an empty string."""
        return self.parts[0].get_string_attribute("oiio:ColorSpace")

    @property
    def layout(self) -> tuple[Any, ...]:
        """What places and reads the pixels. Not the rest: OpenImageIO invents DPX metadata where a header is short."""
        kinds = tuple(tuple(map(str, part.get_channelformats())) for part in self.parts)
        return self.windows, self.display, self.channels, kinds, self.straight, self.tag

    def refuse_without_picture(self) -> None:
        """Raise `FrameReadError` where there is nothing to look at: ids, and 32-bit whole numbers, are no picture."""
        if set(self.channels.colour) & set(self.channels.ids):
            raise FrameReadError(
                f"{self.path} holds ids or 32-bit whole numbers only; add a picture, save it as 16 bit, or name as "
                "guide the files whose picture it moves with"
            )


@dataclass(frozen=True)
class Plate:
    """A frame with all its channels.

    `pixels` are float32 (H, W, C) over `header.window`, colour premultiplied, 0 where a part has no data. Channels of
    32-bit whole numbers (`Channels.ids`) hold the numbers' bits, so that every id survives.
    """

    header: Header
    pixels: Pixels
    sha256: str
    """Of the file's bytes."""

    def over(self, window: Window) -> Pixels:
        """The pixels over another window, 0 outside of their own."""
        if window == self.header.window:
            return self.pixels
        both = window | self.header.window
        wide = np.zeros((both.height, both.width, self.pixels.shape[2]), np.float32)
        wide[self.header.window.within(both)] = self.pixels
        return wide[window.within(both)]


def read_header(path: Path) -> Header:
    """Raises `FrameReadError` for a file that cannot be a frame: damaged, deep, subsampled, of an unknown type."""
    with _opened(path) as file:
        return _header(path, file)


def read_plate(path: Path) -> Plate:
    """Raises `FrameReadError` for a file that cannot be decoded whole."""
    digest = file_hash(path)
    _refuse_cut_off(path)
    with _opened(path) as file:
        header = _header(path, file)
        window = header.window
        _refuse_giants(header)
        pixels = np.zeros((window.height, window.width, len(header.channels.names)), np.float32)
        first = 0
        for number, (spec, part) in enumerate(zip(header.parts, header.windows, strict=True)):
            rows, columns = part.within(window)
            _read_part(path, file, number, spec, pixels[rows, columns, first : first + spec.nchannels])
            first += spec.nchannels
    if header.straight:
        _premultiply(pixels, header.channels)
    return Plate(header, pixels, digest)


def file_hash(path: Path) -> str:
    """sha256 (hex) of a file's bytes. Raises `FrameReadError`."""
    try:
        return sha256(path)
    except OSError as error:
        raise FrameReadError(f"{path} cannot be read: {error.strerror}; check the file and its permissions") from error


def write_frame(path: Path, header: Header, pixels: Pixels) -> None:
    """`encode` under the name `path`: a whole file appears, or none.

    Raises `FrameWriteError` when the disk is full or the file does not decode again.
    """
    with whole(path) as unfinished:
        encode(unfinished, header, pixels)


def encode(path: Path, header: Header, pixels: Pixels) -> None:
    """Write pixels over `header.window`, premultiplied, as the file that `header` describes, and decode it again.

    The parts' data windows are cut out; colour is made straight where the file wants it; values beyond a half float's
    reach are held at +-65504. Raises `OSError`; for use inside `whole`.
    """
    if header.straight:
        pixels = _straightened(pixels, header.channels)
    _encode(path, header, pixels)
    if path.suffix.lower() == ".dpx":
        _name_inside(path, header.path.name)
    _decode_again(path, header)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[oiio.ImageInput]:
    """An open file, whose alpha comes as it is stored. Raises `FrameReadError`."""
    raw = oiio.ImageSpec()
    raw["oiio:UnassociatedAlpha"] = 1
    file = oiio.ImageInput.open(str(path), raw)
    if file is None:
        raise _unreadable(path, _why(oiio))
    try:
        yield file
    finally:
        file.close()


def _header(path: Path, file: oiio.ImageInput) -> Header:
    parts: list[oiio.ImageSpec] = []
    while file.seek_subimage(len(parts), 0):
        parts.append(file.spec().copy())
    _why(file)  # the failed seek past the last part left a text behind
    if any(part.deep for part in parts):
        raise FrameReadError(f"{path} holds deep data, which is not in-betweened; flatten it first")
    if len(parts) > 1 and path.suffix.lower() not in MULTIPART:
        raise FrameReadError(f"{path} holds {len(parts)} pictures; save each as a file of its own")
    if not parts:
        raise _unreadable(path, "no picture in it")
    stored = parts[0].get_string_attribute(f"{file.format_name()}:ColorSpace")
    if stored in NO_RGB:
        raise FrameReadError(f"{path} is kept in {stored}, and in-betweens are drawn in RGB; convert it to RGB")
    if len(seen := views(parts)) > 1:
        raise FrameReadError(
            f"{path} holds the views {', '.join(seen)}, which would all move as the first does; "
            "save each view in files of its own"
        )
    try:
        header = Header(path, tuple(parts), False)
        alpha = header.channels.alpha
    except UnicodeDecodeError as error:
        raise _unreadable(path, "its header is damaged") from error
    straight = bool(parts[0].get_int_attribute("oiio:UnassociatedAlpha")) and alpha is not None
    return replace(header, straight=straight)


def _refuse_cut_off(path: Path) -> None:
    """libjpeg paints the rest of a cut-off file grey, and libpng speaks to stderr; so the end is looked for first."""
    kind = path.suffix.lower()
    if kind in (".jpg", ".jpeg"):
        content = path.read_bytes()
        ended = content.rfind(JPEG_END) > content.rfind(JPEG_SCAN)
    else:
        ended = kind != ".png" or PNG_END in path.read_bytes()
    if not ended:
        raise _unreadable(path, "it is cut off")


def _refuse_giants(header: Header) -> None:
    """A damaged header can claim any size: refuse what OpenImageIO's own limit (this machine's memory) forbids."""
    limit = oiio.get_int_attribute("limits:imagesize_MB")
    size = 4 * header.window.width * header.window.height * len(header.channels.names) // 2**20
    if limit and 4 * size > limit:
        raise FrameReadError(
            f"{header.path} claims {header.window}, {size} MiB in memory, of which four do not fit into this machine; "
            "check the file, or use a machine with more memory"
        )


def _read_part(path: Path, file: oiio.ImageInput, number: int, spec: oiio.ImageSpec, into: Pixels) -> None:
    """Decode one part; runs of whole-number channels as their bits, all others as float32."""
    for begin, end, whole_numbers in _runs(spec):
        kind = oiio.UINT32 if whole_numbers else oiio.FLOAT
        values = file.read_image(number, 0, begin, end, kind)
        if values is None or values.shape != (spec.height, spec.width, end - begin):
            raise _unreadable(path, _why(file))
        into[..., begin:end] = values.view(np.float32)


def _runs(spec: oiio.ImageSpec) -> Iterator[tuple[int, int, bool]]:
    """Neighbouring channels of a part that are read alike: begin, end, whether they hold 32-bit whole numbers."""
    kinds = [unsigned(spec, channel) for channel in range(spec.nchannels)]
    begin = 0
    for end in range(1, len(kinds) + 1):
        if end == len(kinds) or kinds[end] != kinds[begin]:
            yield begin, end, kinds[begin]
            begin = end


def _encode(path: Path, header: Header, pixels: Pixels) -> None:
    parts, file = header.parts, oiio.ImageOutput.create(str(path))
    if file is None:
        raise OSError(_why(oiio))
    first = 0
    for number, (spec, window) in enumerate(zip(parts, header.windows, strict=True)):
        if not _open_part(file, path, parts, number):
            raise OSError(_why(file))
        rows, columns = window.within(header.window)
        done = _write_part(file, path, spec, pixels[rows, columns, first : first + spec.nchannels])
        # A full disk shows for PNG in the error text alone; a text that comes after close() means nothing for TIFF.
        trouble = _why(file)
        if not done or trouble:
            file.close()
            raise OSError(trouble or "the disk may be full")
        first += spec.nchannels
    if not file.close():
        raise OSError(_why(file))


def _name_inside(path: Path, name: str) -> None:
    """DPX headers hold a file name (SMPTE 268M: 100 bytes at 36), and OpenImageIO puts the temporary path there."""
    with path.open("r+b") as file:
        file.seek(36)
        file.write(name.encode(errors="replace")[:99].ljust(100, b"\0"))


def _open_part(file: oiio.ImageOutput, path: Path, parts: tuple[oiio.ImageSpec, ...], number: int) -> bool:
    """Several parts are declared all at once, then opened one by one."""
    if number:
        return bool(file.open(str(path), parts[number], "AppendSubimage"))
    return bool(file.open(str(path), parts) if len(parts) > 1 else file.open(str(path), parts[0]))


def _write_part(file: oiio.ImageOutput, path: Path, spec: oiio.ImageSpec, pixels: Pixels) -> bool:
    """Write one part, whole numbers as such; says whether it went well."""
    kinds = {unsigned(spec, channel) for channel in range(spec.nchannels)}
    if kinds == {True}:
        return bool(file.write_image(np.ascontiguousarray(pixels).view(np.uint32)))
    if kinds == {False}:
        return bool(file.write_image(_in_reach(spec, pixels)))
    return _write_mixed(file, path, spec, pixels)


def _in_reach(spec: oiio.ImageSpec, pixels: Pixels) -> Pixels:
    """A contiguous copy with what goes into half floats held in their reach."""
    stored = np.array(pixels, order="C")
    for channel in range(spec.nchannels):
        if str(spec.channelformat(channel)) == "half":
            finite = np.isfinite(pixels[..., channel])
            # OpenEXR stores what is above as infinity, without a word.
            np.clip(stored[..., channel], -HALF_MAX, HALF_MAX, out=stored[..., channel], where=finite)
    return stored


def _write_mixed(file: oiio.ImageOutput, path: Path, spec: oiio.ImageSpec, pixels: Pixels) -> bool:
    """Write a part that holds whole numbers beside real ones; says whether it went well.

    OpenImageIO would take such pixels through float32, which has too few digits for ids. From file to file it copies
    what is stored: so their bits are laid down as float32 in a file beside, which is then told that they are numbers.
    """
    aside = path.with_name(f".ids{path.name}")
    plain = oiio.ImageSpec(spec.width, spec.height, spec.nchannels, oiio.FLOAT)
    plain.x, plain.y, plain.channelnames, plain["compression"] = spec.x, spec.y, spec.channelnames, "none"
    whole_numbers = [unsigned(spec, channel) for channel in range(spec.nchannels)]
    kinds = zip(whole_numbers, spec.get_channelformats(), strict=True)
    plain.channelformats = tuple(oiio.TypeDesc("float") if each else kind for each, kind in kinds)
    try:
        _encode(aside, Header(aside, (plain,), False), pixels)
        _tell_whole_numbers(aside, {plain.channelnames[at] for at, each in enumerate(whole_numbers) if each})
        with _opened(aside) as source:
            assert source.spec().channelnames == spec.channelnames  # a frame's header has the order of a file
            return bool(file.copy_image(source))
    finally:
        aside.unlink(missing_ok=True)


def _tell_whole_numbers(path: Path, names: Collection[str]) -> None:
    """Change these channels' type in an EXR file: its list of channels is, for each, name, NUL, type, 12 more bytes."""
    wanted = {name.encode(errors="surrogateescape") for name in names}
    with path.open("r+b") as file:
        header = file.read(2**20)
        at = header.index(b"chlist\0") + len(b"chlist\0") + 4
        while name := header[at : header.index(b"\0", at)]:
            at += len(name) + 1
            if name in wanted:
                file.seek(at)
                file.write(bytes(4))  # 0 is a 32-bit whole number, 2 would be float32
            at += 16


def _decode_again(path: Path, header: Header) -> None:
    """The one test of a finished file that holds for every format. Raises `OSError`."""
    try:
        _refuse_cut_off(path)
        with _opened(path) as file:
            for number, spec in enumerate(header.parts):
                if file.read_image(number, 0, 0, spec.nchannels, spec.format) is None:
                    raise OSError(NOT_WHOLE)
    except FrameReadError as error:
        raise OSError(NOT_WHOLE) from error


def _premultiply(pixels: Pixels, channels: Channels) -> None:
    assert channels.alpha is not None
    for channel in channels.colour:
        pixels[..., channel] *= pixels[..., channels.alpha]


def _straightened(pixels: Pixels, channels: Channels) -> Pixels:
    """A copy with colour divided by alpha; black where there is no coverage, as no such file can hold light there."""
    assert channels.alpha is not None
    straight, alpha = pixels.copy(), pixels[..., channels.alpha]
    for channel in channels.colour:
        straight[..., channel] = np.divide(pixels[..., channel], alpha, out=np.zeros_like(alpha), where=alpha > 0)
    return straight


def _why(source: Any) -> str:
    """The first line of the error text of OpenImageIO or one of its files, without codes; reading it clears it."""
    try:
        text = str(source.geterror())
    except UnicodeDecodeError:  # damaged names are quoted as they are
        text = "its header is damaged"
    return re.sub(r"^EXR Error \(.*?\): |EXR_ERR_[A-Z_]+ ", "", text.strip().partition("\n")[0])


def _unreadable(path: Path, why: str) -> FrameReadError:
    """Missing, forbidden or damaged, in the words of the case."""
    if not path.exists():
        return FrameReadError(f"{path} does not exist; put the key back")
    if not os.access(path, os.R_OK):
        return FrameReadError(f"{path} may not be read; check its permissions")
    if path.stat().st_size == 0:
        return FrameReadError(f"{path} is empty; render or copy it again")
    if "Subsampled" in why:
        return FrameReadError(f"{path} holds subsampled luminance and chroma, which is not read; save it as RGB")
    return FrameReadError(f"{path} is damaged ({why}); render or copy it again")
