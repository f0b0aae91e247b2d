"""Film grain and the noise of a render: what is at any place another one in every frame, and goes nowhere.

It hides even parts of a picture and gives motion search something to hold on to that is not there. So a grainy picture
is smoothed before it is looked at, its edges kept (bilateral filter: Tomasi and Manduchi 1998). Pixels that are moved
keep their grain.

Pictures are float32 (H, W, 4), premultiplied, display-referred, 0 to 1.
"""

import cv2
import numpy as np

from inbetween.models.warp import Plane

FAINT = 0.008
"""Standard deviation, of 1, up to which noise is none."""
BLOCK = 8
"""Pixels, a side of the squares whose noise is measured."""
QUIET_PERCENT, EVENNESS = 20, 1.5
"""Per cent of these, the quietest, that tell the noise; and times as rough that half of them are at most. Detail is
here and there, noise is everywhere."""
OPAQUE, FEWEST_BLOCKS, LEAST_SHARE = 0.99, 100, 0.05
"""Coverage of the squares that are measured, how many there must be, and which share of the frame."""
FILTER_WIDTH, FILTER_STRENGTH = 9, 4.0
"""Pixels across that are averaged, and standard deviations of the noise up to which they are."""


def noise(picture: Plane) -> float:
    """Standard deviation of the noise in a picture, where it covers anything."""
    fine = picture - cv2.blur(picture, (3, 3))
    height, width = (side // BLOCK for side in picture.shape[:2])
    if not height or not width:
        return 0.0
    blocks = fine[: height * BLOCK, : width * BLOCK, :3].reshape(height, BLOCK, width, BLOCK, 3)
    rough = np.sqrt(np.square(blocks).mean((1, 3, 4)) * 9 / 8)
    cover = cv2.resize(picture[: height * BLOCK, : width * BLOCK, 3], (width, height), interpolation=cv2.INTER_AREA)
    seen = rough[cover > OPAQUE]
    if len(seen) < max(FEWEST_BLOCKS, LEAST_SHARE * rough.size):
        return 0.0
    quiet, usual = np.percentile(seen, (QUIET_PERCENT, 50))
    return float(quiet) if usual < EVENNESS * quiet else 0.0


def smoothed(picture: Plane) -> Plane:
    """A picture without its grain; as it is if it has none."""
    rough = noise(picture)
    if rough <= FAINT:
        return picture
    colour = np.ascontiguousarray(picture[..., :3])
    smooth = cv2.bilateralFilter(colour, FILTER_WIDTH, FILTER_STRENGTH * rough, FILTER_WIDTH / 3)
    return np.asarray(np.dstack((smooth, picture[..., 3])), np.float32)
