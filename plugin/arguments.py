"""Command-line options made from settings dataclasses, so that a default and a limit stand in one place."""

import argparse
from collections.abc import Collection
from typing import Any

from inbetween.core.settings import describe

TYPES = {"str": str, "int": int, "float": float}


def add_options(parser: argparse._ActionsContainer, kind: type[Any], leave_out: Collection[str] = ()) -> None:
    """Add one `--option` for each field of a settings dataclass, with its help, limits, unit and default.

    A boolean is a flag that turns it on. Values are checked by the dataclass itself, in its own words.
    """
    for row in describe(kind):
        if row["name"] in leave_out:
            continue
        flag = f"--{row['name'].replace('_', '-')}"
        text = _help(row)
        if row["type"] == "bool":
            parser.add_argument(flag, action="store_true", default=row["default"], help=text)
            continue
        parser.add_argument(
            flag,
            type=TYPES[row["type"]],
            default=row["default"],
            choices=row["choices"] or None,
            metavar=None if row["choices"] else _shape(row),
            help=text,
        )


def values(options: argparse.Namespace, kind: type[Any], leave_out: Collection[str] = ()) -> dict[str, Any]:
    """What was given for the fields of a settings dataclass, by name."""
    return {row["name"]: getattr(options, row["name"]) for row in describe(kind) if row["name"] not in leave_out}


def _shape(row: dict[str, Any]) -> str:
    """What a value looks like, in a word: the field's own, or its unit, or its type."""
    return row["shape"] or row["unit"].upper() or {"str": "TEXT", "int": "N", "float": "X"}[row["type"]]


def _help(row: dict[str, Any]) -> str:
    """The field's own words, then its range and default where they say something; % is argparse's own sign."""
    low, high, default = row["minimum"], row["maximum"], row["default"]
    notes = []
    if low is not None and high is not None:
        notes.append(f"{low:g} to {high:g}")
    elif low is not None:
        notes.append(f"at least {low:g}")
    if default not in ("", False, None):
        notes.append(f"default {default}")
    text = str(row["help"]) + (f" [{'; '.join(notes)}]" if notes else "")
    return text.replace("%", "%%")
