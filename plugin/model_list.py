"""`inbetween models`: which models there are, what they are, and which weights stand behind them."""

import json
from collections.abc import Sequence
from typing import Any

from inbetween.console import DONE, Parser, answer, say

HEAD = ("NAME", "VERSION", "SCHEME", "PARAMETERS", "LICENCE", "WEIGHTS", "WHAT IT IS")


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = Parser("inbetween models", description="Shows the models that --model takes by name.")
    parser.add_argument("--json", action="store_true", help="One line of JSON for each model, hashes in full.")
    options = parser.parse_args(argv)
    return answer(lambda: _list(options.json))


def _list(as_json: bool) -> int:
    from inbetween.models.registry import catalogue

    rows = catalogue()
    if as_json:
        for row in rows:
            say(json.dumps(row, sort_keys=True))
        return DONE
    cells = [HEAD, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEAD))]
    for line in cells:
        say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    return DONE


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    """One line of the table."""
    parameters = f"{row['parameters']:,}" if row["parameters"] else "-"
    digest = row["weights_sha256"][:12] or "-"
    return (row["name"], row["version"], row["scheme"], parameters, row["licence"], digest, row["summary"])
