"""What the channels of a frame mean: which the network looks at, which is coverage, which may not be mixed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Channels:
    """The layout of a frame's last axis, in the file's own channel order.

    `colour` are the indices the network looks at: one (grey) or three (red, green, blue). `alpha` is coverage
    from 0 to 1; colour is premultiplied by it. `ids` are channels whose values are names rather than amounts
    (object ids, cryptomatte): they move with the picture but are never blended. Whatever is in none of the three
    is an extra layer (AOV): moved and blended as the picture is.
    """

    names: tuple[str, ...]
    colour: tuple[int, ...]
    alpha: int | None = None
    ids: tuple[int, ...] = ()


GREY = Channels(("Y",), (0,))
RGB = Channels(("R", "G", "B"), (0, 1, 2))
RGBA = Channels(("R", "G", "B", "A"), (0, 1, 2), 3)
