"""Plain ground at rest: paper, sky, nothing at all. Nobody sees where it goes, so it goes nowhere.

Flow makes such ground go along with whatever moves before it, since any way brings like to like there. That does not
show in a frame that is drawn, but would in what is done with its motion: in motion blur, or in what is painted over it.
"""

import cv2
import numpy as np

from inbetween.models.curve import Ways
from inbetween.models.metrics import Mask
from inbetween.models.warp import Marks, Plane, labels_at, pixels

EVEN, PLAIN = 3.0, 0.6
"""Range of values around a pixel, of 255, up to which nothing is to be seen there; and the share of an even part that
is no farther from its usual value, or it is a smooth picture of something."""
FAINT = 0.02
"""Share up to which nobody sees what a key shows."""
BOX, FILLED = 0.5, 0.5
"""An even part whose bounding box covers more of the frame than this is ground; and the share of its box that it fills
at least, if it does not reach the frame's border: else it is a frame around others."""


def ground(grey: Plane) -> Marks:
    """Where a picture, (h, w), in steps of 255, shows plain ground: (h, w), 1 where it does."""
    height, width = grey.shape
    box = np.ones((3, 3), np.uint8)
    even = np.asarray(cv2.dilate(grey, box) - cv2.erode(grey, box)) <= EVEN
    _, parts, stats, _ = cv2.connectedComponentsWithStats(even.view(np.uint8), connectivity=4)
    left, top, wide, high, area = stats.T
    inside = (left > 0) & (top > 0) & (left + wide < width) & (top + high < height)
    large = (wide * high > BOX * height * width) & ~(inside & (area < FILLED * wide * high))
    large[0] = False  # what is not even
    for part in np.flatnonzero(large):
        values = grey[parts == part]
        large[part] = np.mean(np.abs(values - np.median(values)) <= EVEN) >= PLAIN
    return np.asarray(large[parts]).view(np.uint8)


def rested(ways: Ways, grounds: tuple[Marks, Marks]) -> tuple[Ways, Mask]:
    """Ways that rest where what a pixel shows is ground, and where that is, (h, w)."""
    to_start, to_end, share = ways
    still = _shown(ways, grounds)
    moves = (~still[..., None]).astype(np.float32)
    return (to_start * moves, to_end * moves, share), still


def _shown(ways: Ways, grounds: tuple[Marks, Marks]) -> Mask:
    """Where nothing but ground is shown, (h, w), of either key; `grounds` may be of another size."""
    share = ways[2]
    height, width = grounds[0].shape
    scale = np.array((width / share.shape[1], height / share.shape[0]), np.float32)
    here, last = pixels(share.shape) + np.float32(0.5), np.array((width - 1, height - 1), np.float32)
    first, second = (  # beyond the border the frame goes on as it ends
        labels_at(plain, np.clip((here + flow) * scale - np.float32(0.5), 0, last)) > 0
        for plain, flow in zip(grounds, ways[:2], strict=True)
    )
    return np.asarray((first | (share < FAINT)) & (second | (share > 1 - FAINT)))
