"""What is joined to carried pieces: faint rings, shades and lines that are no pieces of their own.

Where optical flow has gone astray, what lies beside a piece is tried along the piece's own way, and goes with it where
patch by patch that fits (propagation of motion from seeds: Barnes et al. 2009, "PatchMatch").

Pictures are float32 (H, W, 4), premultiplied, display-referred, 0 to 1; flows float32 (H, W, 2) in pixels.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inbetween.models.arrays import max_difference
from inbetween.models.motion.affine import Floats
from inbetween.models.motion.masks import Mask, nearest
from inbetween.models.warp import Plane, fetched_at

JOINED_REACH = 40
"""Pixels around a piece in which the rest of its thing may lie."""
PATCH = 7
"""Pixels, a side of the patch that must fit."""
FITS = 0.06
"""Mean difference of colour or coverage, of 1, up to which a patch fits."""
BETTER = 0.7
"""Share of the difference that the flow leaves up to which the piece's way explains more."""
MISFIT_CAP = 0.3
"""Difference that a pixel of a patch counts for at most: something else may cover it."""


def joined(pictures: tuple[Plane, Plane], flow: Plane, labels: NDArray[Any], ways: Floats, astray: Mask) -> Plane:
    """A flow from the first picture to the other, with what is joined to carried pieces going along with them.

    `labels` (H, W) are the numbers of the pieces, from 1; `ways` (n, 2, 3) the affine map of each to the other picture.
    `astray` (H, W) is where the flow may be wrong. A piece that stays in its place takes nothing along.
    """
    source = np.append(False, np.any(ways != np.eye(2, 3), axis=(1, 2)))[labels]
    if not source.any():
        return flow
    far, seed = nearest(source)
    loose = astray & (labels == 0) & (far < JOINED_REACH)
    rows, columns = np.nonzero(loose)
    here = np.stack((columns, rows), 1)
    way = ways[labels.ravel()[seed[loose]] - 1]
    moves = np.asarray(np.einsum("nij,nj->ni", way[..., :2], here) + way[..., 2] - here, np.float32)
    apart, usual = (_unlike(pictures, loose, here + move) for move in (moves, flow[loose]))
    along = (apart < FITS) & (apart < BETTER * usual)
    together = flow.copy()
    together[rows[along], columns[along]] = moves[along]
    return together


def _unlike(pictures: tuple[Plane, Plane], loose: Mask, there: NDArray[Any]) -> Plane:
    """How different the patch around each loose pixel is from what its pixels lead to, (n,), at `there` (n, 2)."""
    plane = np.zeros(loose.shape, np.float32)
    plane[loose] = np.minimum(max_difference(pictures[0][loose], fetched_at(pictures[1], there)), MISFIT_CAP)
    total, count = (cv2.blur(values, (PATCH, PATCH)) for values in (plane, loose.astype(np.float32)))
    return np.asarray(total[loose] / count[loose])
