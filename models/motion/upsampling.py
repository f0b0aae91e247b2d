"""What was composited for the picture looked at, at full size: there the outlines of pieces are found anew.

Flows are float32 (H, W, 2) in pixels, shares (H, W), labels uint8 (H, W).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from inbetween.models.curve import Bend, Ways
from inbetween.models.motion.compositing import put_all
from inbetween.models.motion.disocclusion import jumps
from inbetween.models.motion.frame import Points
from inbetween.models.motion.masks import RIM, Mask, Numbers
from inbetween.models.motion.wholes import Wholes
from inbetween.models.warp import enlarge, enlarge_flow


def enlarged(
    pieces: Wholes, ways: Ways, numbers: Numbers, size: tuple[int, int], t: float, bend: Bend | None = None
) -> Ways:
    """What has `arrived`, for a frame of that height and width, with the outlines of pieces as fine as that frame's.

    Motion that is mixed across an outline leads nowhere: there every pixel goes either with the piece or with what is
    around it. Beside a piece that has the same even colour all around, the piece goes first: the smaller picture does
    not show to a pixel of the larger one where it ends.
    """
    height, width = numbers.shape
    near = _torn(ways, numbers).view(np.uint8)
    chosen = np.flatnonzero(cv2.resize(near, size[::-1], interpolation=cv2.INTER_NEAREST_EXACT))
    if not len(chosen):
        return ways
    scale = np.array((size[1] / width, size[0] / height), np.float32)
    rows, columns = np.divmod(chosen, size[1])
    places = (np.stack((columns, rows), -1) + np.float32(0.5)).astype(np.float32) / scale - np.float32(0.5)
    x, y = np.rint(places).astype(np.intp).T
    own = np.clip(y, 0, height - 1) * width + np.clip(x, 0, width - 1)
    around = _around(numbers)[own]
    first, second = (flow.reshape(-1, 2)[around] for flow in ways[:2])
    points = Points((first, second), ways[2].ravel()[around], np.zeros(len(chosen), np.uint8), places)
    put_all(points, pieces, t, bend)
    to_start, to_end = (enlarge_flow(flow[None], *size)[0] for flow in ways[:2])
    for flow, exact in zip((to_start, to_end), points.flows, strict=True):
        flow.reshape(-1, 2)[chosen] = exact * scale
    share = enlarge(ways[2][None, ..., None], *size)[0, ..., 0]
    share.ravel()[chosen] = points.share
    return to_start, to_end, share


def _torn(ways: Ways, numbers: Numbers) -> Mask:
    """Where pixels beside each other do not go one way, (H, W): at outlines of pieces, and wherever motion jumps."""
    return np.asarray(cv2.dilate(numbers, RIM) != cv2.erode(numbers, RIM)) | jumps(ways[:2])


def _around(numbers: Numbers) -> NDArray[np.intp]:
    """For each pixel of a piece one beside it that shows none, where there is one, else itself: flat indices."""
    none = numbers == 0
    index = np.arange(numbers.size, dtype=np.float32).reshape(numbers.shape)  # exact, for a picture is small
    beside = cv2.dilate(np.where(none, index, np.float32(-1)), RIM)
    return np.where(none | (beside < 0), index, beside).ravel().astype(np.intp)
