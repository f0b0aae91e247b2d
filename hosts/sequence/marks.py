"""Marks: points of the drawing that an artist names, and where each of them is on the keys.

A table in a file says so, one line for each mark and key. What bears one name on two neighbouring keys is one point of
the drawing: what is here in the one is there in the other.
"""

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import isfinite
from pathlib import Path

from inbetween.core.counted import counted
from inbetween.core.errors import InputError
from inbetween.core.network import Mark, Place
from inbetween.hosts.sequence import names
from inbetween.hosts.sequence.frames import Header
from inbetween.hosts.sequence.window import Window

COLUMNS = ("mark", "frame", "x", "y")

SEPARATORS = ",;\t"
"""What spreadsheets put between two values: where the decimals of a country begin with a comma, it is none."""

Marks = Mapping[int, Mapping[str, Place]]
"""Number of a key in the source -> name -> place, in pixels from the upper left corner of the display window."""


@dataclass(frozen=True)
class Line:
    """One line of a table: where a mark is on a key."""

    number: int
    """Of the line in its file, from 1 on."""
    mark: str
    key: int
    place: Place


@dataclass(frozen=True)
class Table:
    """What a file says, in its order; no mark is twice on one key."""

    path: Path
    lines: tuple[Line, ...]
    separator: str = ","
    """One of `SEPARATORS`."""

    @property
    def comma_is_point(self) -> bool:
        """Whether decimals may begin with a comma."""
        return self.separator != ","

    def refuse(self, line: int, why: str) -> InputError:
        """The error to raise about a line."""
        return InputError(f"{self.path}, line {line}: {why}")


def read(source: str) -> Table:
    """A CSV table with the columns mark, frame, x and y, as spreadsheets save it; lines that begin with # are remarks.

    Its first line says what stands between values: commas, or semicolons or tabs, beside which `12,5` is a number too.
    Raises `InputError` for a file that cannot be read or is no such table.
    """
    text = _text(Path(source))
    first = next((line for line in text if line.strip()), "")
    table = Table(Path(source), (), max(SEPARATORS, key=first.count))
    rows = _rows(table, text)
    if not rows:
        raise InputError(
            f"{table.path} is empty; write a line {','.join(COLUMNS)} and below it one for each mark and key"
        )
    (number, head), *rest = rows
    columns = [name.lower() for name in head]
    lacking = [name for name in COLUMNS if columns.count(name) != 1]
    if lacking:
        head_line = table.separator.join(COLUMNS)
        raise table.refuse(number, f"no column {' or '.join(lacking)}; begin the table with {head_line}")
    if not rest:
        raise table.refuse(number, "no mark below; write one line for each mark and key")
    found: dict[tuple[str, int], Line] = {}
    for number, cells in rest:
        line = _line(table, number, columns, cells)
        earlier = found.setdefault((line.mark, line.key), line)
        if earlier is not line:
            raise table.refuse(
                number, f"{line.mark} is on key {line.key} already, by line {earlier.number}; delete one of the two"
            )
    return replace(table, lines=tuple(found.values()))


def refuse_strangers(table: Table, keys: Collection[int]) -> None:
    """Raise `InputError` for a mark on a frame that is none of these keys, which are numbers in the source."""
    for line in table.lines:
        if line.key not in keys:
            known = names.first_few(sorted(keys))
            raise table.refuse(line.number, f"frame {line.key} is no key; marks are on keys, whose numbers are {known}")


def idle(table: Table, sequences: Iterable[Sequence[int]]) -> tuple[str, ...]:
    """The marks that lead nothing: on no two neighbouring keys of any sequence, each given by its numbers, rising."""
    on: dict[str, set[int]] = {}
    for line in table.lines:
        on.setdefault(line.mark, set()).add(line.key)
    neighbours = [pair for keys in sequences for pair in pairwise(keys)]
    return tuple(sorted(mark for mark, keys in on.items() if not any(keys.issuperset(pair) for pair in neighbours)))


def on_keys(table: Table, headers: Mapping[int, Header]) -> Marks:
    """The marks of these keys. Raises `InputError` for one that is outside of its key's picture."""
    found: dict[int, dict[str, Place]] = {}
    for line in table.lines:
        if line.key not in headers:
            continue
        display, (x, y) = headers[line.key].display, line.place
        if not (0 <= x <= display.width and 0 <= y <= display.height):
            raise table.refuse(
                line.number,
                f"{_told(line.place)} is outside of {headers[line.key].path.name}, whose display window is "
                f"{display.width}x{display.height}; count from its upper left corner, or delete the line",
            )
        found.setdefault(line.key, {})[line.mark] = line.place
    return found


def count(marks: Marks) -> int:
    """How many names there are."""
    return len({mark for places in marks.values() for mark in places})


def between(marks: Marks, first: int, second: int, display: Window, window: Window) -> tuple[Mark, ...]:
    """What is marked on both of two keys, for arrays over `window`: marks may lie beyond its edges. In order of names.

    `display` is the keys' display window.
    """

    def placed(place: Place) -> Place:
        return place[0] + display.x - window.x, place[1] + display.y - window.y

    return tuple((placed(one), placed(other)) for _, one, other in _shared(marks, first, second))


def told(marks: Marks, pairs: Iterable[tuple[int, int]]) -> str:
    """What is marked on both keys of any of these pairs, in words; empty where nothing is.

    `1 to 9: nose 12.5 30 to 40 22, tail 3 4 to 5 6; 9 to 17: ...`
    """
    said = []
    for first, second in pairs:
        shared = [f"{name} {_told(one)} to {_told(other)}" for name, one, other in _shared(marks, first, second)]
        if shared:
            said.append(f"{first} to {second}: {', '.join(shared)}")
    return "; ".join(said)


def _shared(marks: Marks, first: int, second: int) -> Iterator[tuple[str, Place, Place]]:
    """The marks that are on both of two keys, by name."""
    one, other = marks.get(first, {}), marks.get(second, {})
    return ((name, one[name], other[name]) for name in sorted(one.keys() & other.keys()))


def _told(place: Place) -> str:
    """With every digit there is: what is told enters a frame's recipe."""
    return " ".join(repr(value).removesuffix(".0") for value in place)


def _text(path: Path) -> list[str]:
    """The lines of a file, its remarks left empty. Raises `InputError`."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return ["\n" if line.lstrip().startswith("#") else line for line in file]
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; name a table of marks") from error
    except UnicodeError as error:
        raise InputError(f"{path} is no text in UTF-8; save the table as CSV in UTF-8") from error


def _rows(table: Table, text: Iterable[str]) -> list[tuple[int, list[str]]]:
    """The cells of each line that holds any, with the line's number. Raises `InputError`."""
    rows = []
    reader = csv.reader(text, delimiter=table.separator, skipinitialspace=True)
    try:
        for row in reader:
            cells = [" ".join(cell.split()) for cell in row]
            if any(cells):
                rows.append((reader.line_num, cells))
    except csv.Error as error:
        raise table.refuse(reader.line_num, f"no line of a table ({error}); save the table as CSV") from error
    return rows


def _line(table: Table, number: int, columns: Sequence[str], cells: Sequence[str]) -> Line:
    """One line, read. Raises `InputError`."""
    value = dict(zip(columns, cells, strict=False))
    if not value.keys() >= {*COLUMNS} or any(cells[len(columns) :]):
        said = f"{counted(len(cells), 'value')} for {len(columns)} columns"
        raise table.refuse(number, f"{said}; write {table.separator.join(columns)}")
    if not value["mark"]:
        raise table.refuse(number, "the mark has no name; give it one")
    try:
        key = int(value["frame"])
    except ValueError as error:
        raise table.refuse(number, f"frame is {value['frame']!r}; write the number of a key") from error
    return Line(number, value["mark"], key, (_pixels(table, number, "x", value), _pixels(table, number, "y", value)))


def _pixels(table: Table, number: int, name: str, value: Mapping[str, str]) -> float:
    try:
        found = float(value[name].replace(",", ".") if table.comma_is_point else value[name])
        if isfinite(found):
            return found
    except ValueError:
        pass
    raise table.refuse(number, f"{name} is {value[name]!r}; write a number of pixels, such as 412.5")
