"""Frame numbers in file names: which files of a folder are frames of one sequence, and what frame n is called.

Written by hand rather than taken from a library, because a number's sign is a matter of the trade: in `hdr-100.exr`
the dash separates, in `shot.-003.exr` it is a minus, which Nuke counts among the digits and Blender (`shot.-0003.exr`)
does not. Patterns and frame ranges are read by fileseq.
"""

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from inbetween.core.errors import InputError

EXTENSIONS = frozenset({".exr", ".dpx", ".tif", ".tiff", ".png", ".tga", ".jpg", ".jpeg"})
"""File types that are read and written, lower case."""

MOST_NAMED = 5
"""Frames that cannot be used, or are lacking, are named in one line, up to this many."""

FRAME = re.compile(r"(?P<base>|.*?\D)(?P<number>\d+)(?P<ext>\.[A-Za-z]\w*)", re.DOTALL)
"""Digits right before the extension are the frame number; a pattern alone can say that others are."""

VIEWS = re.compile(r"%[vV](?![A-Za-z])")
"""Nuke's token for the name of a view, or its first letter."""

TOKENS = re.compile(r"#|@|%\d*d|\$F\d*|<UDIM>")
"""What makes a path a pattern: `####`, `@@@@`, `%04d`, `$F4`. The last of them, if any, stands for the number."""

PLACE = re.compile(rf"(?P<head>.*(?:{TOKENS.pattern}))(?P<tail>.*?)(?P<ext>\.[^.]*)?", re.DOTALL)
"""A pattern around the end of what stands for the number."""


@dataclass(frozen=True)
class FrameSequence:
    """Frames that share everything in their names but the number.

    `padding` is the least width of the number, a minus sign included, as `%04d` and Nuke's `####` have it; where
    `sign_apart` it is that of the digits alone, as Blender has it. `numbers` rise.
    """

    folder: Path
    base: str
    padding: int
    ext: str
    numbers: tuple[int, ...]
    sign_apart: bool = False
    tail: str = ""
    """What stands between number and extension, as in `shot_0001_beauty.png`."""

    @property
    def pattern(self) -> str:
        """The name with the number as `#`, one for each digit."""
        return f"{self.base}{'#' * self.padding}{self.tail}{self.ext}"

    def name(self, number: int, ext: str = "") -> str:
        """The file name of a frame, of another type if `ext` says so."""
        return f"{self.base}{_written(number, self.padding, self.sign_apart)}{self.tail}{ext or self.ext}"

    def number(self, name: str) -> int | None:
        """The frame that has this file name; None for a name that none has."""
        found = re.fullmatch(rf"{re.escape(self.base)}(-?\d+){re.escape(self.tail + self.ext)}", name)
        return int(found[1]) if found and self.name(int(found[1])) == name else None

    def file(self, number: int) -> Path:
        """Where a frame lies."""
        return self.folder / self.name(number)

    def claims(self, file: Path) -> bool:
        """Whether a file, there or not, has a place and name that only a frame of this sequence may have.

        Upper and lower case are one, as they are on some disks.
        """
        frame = re.compile(rf"{re.escape(self.base)}-?\d+{re.escape(self.tail + self.ext)}", re.IGNORECASE)
        return bool(frame.fullmatch(file.name)) and file.parent.resolve() == self.folder.resolve()


def find(source: str) -> tuple[tuple[FrameSequence, ...], tuple[str, ...]]:
    """The sequences that a folder or a pattern names, and the names of visible files beside them that are none.

    Raises `InputError` when `source` is neither, or nothing is there.
    """
    if not _is_text(source):
        raise InputError(f"{source!r} is not valid text in this system's encoding; rename it")
    path = Path(source)
    if path.is_dir():
        return in_folder(path)
    if VIEWS.search(source):
        raise InputError(f"{source} holds the views token %V; run once for each view with its name in place of %V")
    if TOKENS.search(path.name):
        return (_by_own_name(path) or _by_pattern(path),), ()
    if path.exists():
        raise InputError(
            f"{source} is one file; name the folder that holds the keys, or a pattern such as {_hint(path)}"
        )
    raise InputError(f"{source} does not exist; name a folder of key frames or a pattern such as shot.####.exr")


def find_one(source: str, role: str, example: str) -> FrameSequence:
    """The one sequence that a folder or a pattern names, which has a role. Raises `InputError` for none or several."""
    found, _ = find(source)
    if len(found) != 1:
        there = ", ".join(each.pattern for each in found) or "no numbered frames"
        raise InputError(f"for {role}, {source} holds {there}; name one sequence, such as {example}")
    return found[0]


def numbers(spec: str) -> frozenset[int]:
    """The frame numbers of a range such as `1001-1007`, `1-10x3`, `-3--1` or `5,9,20-30`.

    Raises `InputError` for text that is no frame range.
    """
    from fileseq.constants import MAX_FRAME_SIZE
    from fileseq.exceptions import FileSeqException, MaxSizeException
    from fileseq.frameset import FrameSet

    try:
        found = tuple(FrameSet(spec))
        if any(number != int(number) for number in found):
            raise ValueError("frames between frames")
        return frozenset(map(int, found))
    except MaxSizeException as error:
        raise InputError(f"{spec!r} is more than {MAX_FRAME_SIZE} frames; check its numbers") from error
    except (FileSeqException, ValueError) as error:
        raise InputError(f"{spec!r} is no frame range; write it like 1001-1007 or 1,5,9-20x2") from error


def in_folder(folder: Path) -> tuple[tuple[FrameSequence, ...], tuple[str, ...]]:
    """The sequences in a folder, and the names of visible files that belong to none. Raises `InputError`."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    stray = []
    for name, is_file in _visible(folder).items():
        split = _split(name)
        if split and is_file and split[2].lower() in EXTENSIONS and _is_text(name):
            found[split[0], split[2]].append(split[1])
        else:
            stray.append(name)
    sequences = [
        FrameSequence(folder, base, padding, ext, tuple(sorted(map(int, texts))), _sign_apart(texts, padding))
        for (base, ext), digits in found.items()
        for padding, texts in _by_padding(digits)
    ]
    return tuple(sorted(sequences, key=lambda sequence: sequence.pattern)), tuple(stray)


def there(sequence: FrameSequence) -> frozenset[int]:
    """The frames that lie in a sequence's folder under its names, whether they are among its numbers or not.

    Raises `InputError`.
    """
    files = (name for name, is_file in _visible(sequence.folder).items() if is_file)
    return frozenset(number for number in map(sequence.number, files) if number is not None)


def likely_pattern(files: Iterable[str]) -> str:
    """A pattern by which two of these files at least would be frames, wherever their numbers stand; empty for none."""
    found: dict[str, set[str]] = defaultdict(set)
    for name in files:
        if Path(name).suffix.lower() in EXTENSIONS and _is_text(name):
            for digits in re.finditer(r"\d+", Path(name).stem):
                found[_in_hashes(name, digits)].add(digits[0])
    return next((pattern for pattern, numbers in found.items() if len(numbers) > 1), "")


def runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Rising numbers as runs without a gap, each by its first and its last."""
    steps = [(earlier, later) for earlier, later in pairwise(numbers) if later > earlier + 1]
    begins = [*numbers[:1], *(later for _, later in steps)]
    ends = [*(earlier for earlier, _ in steps), *numbers[-1:]]
    return zip(begins, ends, strict=True)


def first_few(numbers: Sequence[int]) -> str:
    """The first of some numbers of frames, for one line: `1, 2, 3, 4, 5, ...`."""
    return ", ".join([*map(str, numbers[:MOST_NAMED]), *(["..."] if len(numbers) > MOST_NAMED else [])])


def _by_own_name(path: Path) -> FrameSequence | None:
    """The sequence `a#1.####.exr`, whose name has what else stands for the number; None for a plain pattern."""
    if len(re.findall(f"(?:{TOKENS.pattern})+", path.name)) < 2 or not path.parent.is_dir():
        return None
    return next((each for each in in_folder(path.parent)[0] if each.pattern == path.name), None)


def _by_pattern(path: Path) -> FrameSequence:
    """The files that a pattern means, strictly: `####` is four digits or more where the number needs them."""
    from fileseq.constants import PAD_STYLE_HASH1
    from fileseq.exceptions import FileSeqException
    from fileseq.filesequence import FileSequence

    place = PLACE.fullmatch(path.name)
    assert place is not None  # it holds what makes it a pattern
    tail, ext = place["tail"], place["ext"] or ""
    try:
        parsed = FileSequence(place["head"] + ext, pad_style=PAD_STYLE_HASH1)
    except FileSeqException as error:
        raise InputError(
            f"{path.name} is no pattern of frames; write it like shot.####.exr or shot.%04d.exr"
        ) from error
    base, padding = parsed.basename(), parsed.zfill()
    if ext.lower() not in EXTENSIONS:
        raise InputError(f"{path.name}: {ext or 'no'} files are not read; known are {', '.join(sorted(EXTENSIONS))}")
    if not path.parent.is_dir():
        raise InputError(f"{path.parent} does not exist; name the folder that holds the keys")
    frames = parsed.frameSet()
    asked = None if frames is None else frozenset(map(int, frames))
    middles = (
        name.removeprefix(base).removesuffix(tail + ext)
        for name, is_file in _visible(path.parent).items()
        if is_file and name.startswith(base) and name.endswith(tail + ext)
    )
    texts = [text for text in middles if re.fullmatch(r"-?\d+", text)]
    sequence = FrameSequence(path.parent, base, padding, ext, (), _sign_apart(texts, padding), tail)
    found = there(sequence)
    chosen = tuple(sorted(found if asked is None else found & asked))
    if not chosen:
        raise InputError(f"no file in {path.parent} matches {path.name}; one # stands for one digit")
    return replace(sequence, numbers=chosen)


def _split(name: str) -> tuple[str, str, str] | None:
    """base, number, extension; a dash is a minus only where no letter, digit or bracket stands before it."""
    match = FRAME.fullmatch(name)
    if match is None:
        return None
    base, number, ext = match["base"], match["number"], match["ext"]
    if base.endswith("-") and not re.search(r"([^\W_]|[)\]])-$", base):
        return base[:-1], f"-{number}", ext
    return base, number, ext


def _written(number: int, padding: int, sign_apart: bool) -> str:
    """A frame number as it stands in a file's name."""
    return f"{number:0{padding + (sign_apart and number < 0)}d}"


def _sign_apart(texts: Iterable[str], padding: int) -> bool:
    """Whether numbers, as written, have a minus before their padding: some below 0 do, and none has it within."""
    below = [text for text in texts if text.startswith("-")]
    within, apart = (
        {text for text in below if _written(int(text), padding, outside) == text} for outside in (False, True)
    )
    return bool(apart - within) and not within - apart


def _by_padding(texts: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Group numbers, as written, by the padding they follow; a number that outgrew its padding stays in its group.

    A minus counts as a digit, unless the numbers above 0 say that it stands before the digits.
    """
    padded = {len(text) for text in texts if text.lstrip("-").startswith("0") and text.lstrip("-") != "0"}
    above = {len(text) for text in texts if not text.startswith("-")}
    below = {len(text) for text in texts if text.startswith("-0")}
    apart = {width for width in below if width - 1 in above and not below & above}
    padded = padded - apart | {width - 1 for width in apart}
    groups: dict[int | None, list[str]] = defaultdict(list)
    for text in texts:
        groups[max((width for width in padded if width <= len(text)), default=None)].append(text)
    for width, members in groups.items():
        yield width or min(map(len, members)), members


def _visible(folder: Path) -> dict[str, bool]:
    """Names in a folder, sorted, and whether each may be a file; hidden ones (unfinished frames among them) left out.

    A link may be one even if it leads nowhere: a key that is missing must not pass for a gap.
    """
    try:
        with os.scandir(folder) as entries:
            found = {entry.name: entry.is_file() or entry.is_symlink() for entry in entries}
    except OSError as error:
        raise InputError(f"{folder} cannot be listed: {error.strerror}; check its permissions") from error
    return {name: found[name] for name in sorted(found) if not name.startswith(".")}


def _is_text(name: str) -> bool:
    """Whether a name can be handed to OpenImageIO: on POSIX any bytes can be a file name."""
    try:
        return bool(name.encode())
    except UnicodeEncodeError:
        return False


def _hint(path: Path) -> str:
    """A pattern that has a file among its frames, by the last number in its name."""
    number = re.search(r"\d+(?=\D*\.\w+$)", path.name)
    return _in_hashes(path.name, number) if number else "shot.####.exr"


def _in_hashes(name: str, digits: re.Match[str]) -> str:
    """A file name with some of its digits as `#`."""
    return f"{name[: digits.start()]}{'#' * len(digits[0])}{name[digits.end() :]}"
