"""Data and display windows: where the pixels of a frame lie."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Window:
    """A rectangle of pixels; `x`, `y` is its upper left corner in the frame's own coordinates."""

    x: int
    y: int
    width: int
    height: int

    def __or__(self, other: "Window") -> "Window":
        """The smallest window that holds both."""
        x, y = min(self.x, other.x), min(self.y, other.y)
        right = max(self.x + self.width, other.x + other.width)
        bottom = max(self.y + self.height, other.y + other.height)
        return Window(x, y, right - x, bottom - y)

    def widened(self, margin: int, limits: "Window") -> "Window":
        """Wider by a margin on every side, in pixels, as far as `limits` go; no smaller than it is."""
        right, bottom = self.x + self.width, self.y + self.height
        left = min(self.x, max(self.x - margin, limits.x))
        top = min(self.y, max(self.y - margin, limits.y))
        right = max(right, min(right + margin, limits.x + limits.width))
        bottom = max(bottom, min(bottom + margin, limits.y + limits.height))
        return Window(left, top, right - left, bottom - top)

    def holding(self, mask: NDArray[np.bool_]) -> "Window | None":
        """The smallest window of what is true in an array (H, W) that covers this one; None where nothing is."""
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if not rows.size:
            return None
        left, top, right, bottom = (int(at) for at in (columns[0], rows[0], columns[-1], rows[-1]))
        return Window(self.x + left, self.y + top, right - left + 1, bottom - top + 1)

    def within(self, outer: "Window") -> tuple[slice, slice]:
        """Rows and columns of this window in an array that covers `outer`."""
        top, left = self.y - outer.y, self.x - outer.x
        return slice(top, top + self.height), slice(left, left + self.width)

    def __str__(self) -> str:
        return f"{self.width}x{self.height}" + (f" at {self.x},{self.y}" if self.x or self.y else "")
