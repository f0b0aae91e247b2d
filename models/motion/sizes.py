"""The sizes that the motion network (`net`) is built by, and those of the pictures it takes.

Whoever runs it needs them, with torch or without. The functions are scriptable: they see no globals.
"""

CELL = 4
"""Side in pixels of what has one feature vector and one flow."""
COARSEST = 64
"""Longest side in pixels of the coarsest level: all pairs of its cells are matched."""
STATE = 24
"""Channels that a refinement hands to itself on the next level."""


def level_count(height: int, width: int, coarsest: int = COARSEST) -> int:
    """How many levels a picture has: the times it is halved, plus one, until no side is longer than `coarsest`."""
    count, side = 1, max(height, width)
    while side > coarsest:
        side = (side + 1) // 2
        count += 1
    return count


def padding(height: int, width: int, cell: int = CELL) -> tuple[int, int]:
    """Rows below and columns to the right that a picture lacks to halve evenly down to the coarsest level.

    There it has two cells each way at least: the network measures in shares of the way from the first to the last.
    """
    unit = cell
    for _ in range(level_count(height, width) - 1):
        unit = 2 * unit
    return max(2 * unit - height, -height % unit), max(2 * unit - width, -width % unit)
