"""Backward warping: every pixel of the result is fetched from where a flow points to in the source.

A flow is float32 (N, H, W, 2) in pixels of the frame, x to the right and then y down:
`result[y, x] = source[y + flow[y, x, 1], x + flow[y, x, 0]]`. What lies outside the frame is the nearest border pixel.
NumPy arrays go through OpenCV in parts and groups of channels; torch tensors stay on their device.

What is only looked at (motion, masks) is fetched bilinearly, pictures that are shown bicubically (Keys 1981, with
a = -0.75 as OpenCV and torch have it) and within the range of the four nearest pixels: bilinear filters blur lines that
come to stand between pixels, bicubic ones alone draw halos around them. OpenCV does so to 1/32 of a pixel; torch
follows it there. Layers of data are fetched as `surfaces` says.
"""

from collections.abc import Iterator, Set
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace, device, is_torch_array
from numpy.typing import NDArray

from inbetween.core.channels import pick, put
from inbetween.core.network import Array
from inbetween.core.parallel import in_parallel
from inbetween.models.surfaces import FRACTIONS, Layer, Place

Plane = NDArray[np.float32]
Marks = NDArray[np.uint8]
"""(H, W), 0 and 1."""
Part = tuple[slice, slice]
"""Rows and columns of a frame."""

STRIP_PIXELS = 1 << 18
"""Pixels warped at once on the CPU: the coordinates of a strip (2 MiB) stay in the cache, whatever the frame's size."""
ROW = 1024
"""Points that stand in a row where they are none of a frame: OpenCV takes no side of 2**15 or more."""
CHANNELS_AT_ONCE = 4
"""cv2.remap takes at most four channels."""
DISTINCT = np.sqrt(np.array([2, 3, 5, 7], np.float32))
"""Weights of channels in a sum that two colours hardly ever have in common."""


class Mixer:
    """Two frames (1, H, W, C), to be fetched along flows and mixed, any number of times.

    Fetched bicubically, within the range of the four nearest pixels: flat colour stays flat, and nothing leaves the
    range of the source, but for float32 rounding. Channels `ids` are never mixed: they are the nearest pixel's of the
    frame that has the larger share. `data` are layers, each by its channels, that are mixed within a surface only; of
    them, `normals` keep their length.
    """

    def __init__(
        self,
        start: Array,
        end: Array,
        ids: tuple[int, ...] = (),
        data: tuple[tuple[int, ...], ...] = (),
        normals: tuple[tuple[int, ...], ...] = (),
    ) -> None:
        self.frames, self.ids, self.data, self.normals = (start, end), ids, data, normals
        self._uneven: dict[int, list[Marks]] = {}
        """Of both frames, by the first channel of a lot: they cost more than a mixture."""

    def draw(self, flows: tuple[Array, Array], share: Array, result: Array) -> None:
        """Each fetched along its flow (1, H, W, 2), and mixed by the share of the first, (1, H, W, 1).

        Written into `result`, (1, H, W, C): frames are large, and many of them are asked for together.
        """
        if is_torch_array(result):
            result[...] = self._mixed(flows, share)
        else:
            for lot in _lots(result.shape[3], self.ids, set().union(*self.data)):
                self._draw_lot((flows[0][0], flows[1][0]), share[0], lot, result[0])
        for layer in self.data:
            self._draw_data((flows[0][0], flows[1][0]), share[0, ..., 0], layer, result[0])

    def _mixed(self, flows: tuple[Array, Array], share: Array) -> Array:
        first, second = (_sharp_torch(*pair, self.ids) for pair in zip(self.frames, flows, strict=True))
        both = second + share * (first - second)
        if self.ids:
            xp = array_namespace(first)
            both = put(both, self.ids, xp.where(share >= 0.5, pick(first, self.ids), pick(second, self.ids)))
        return both

    def _draw_data(self, flows: tuple[Array, Array], share: Array, layer: tuple[int, ...], result: Array) -> None:
        """A layer of data, into `result` (H, W, C), a strip at a time on every core."""
        first, second = (pick(frame[0], layer) for frame in self.frames)
        fetched = Layer(first, second, layer in self.normals)

        def draw(rows: slice) -> None:
            start, end = (Place(*(each.reshape(-1) for each in _places(flow, rows))) for flow in flows)
            values = fetched.drawn((start, end), share[rows].reshape(-1))
            for channel, found in zip(layer, values, strict=True):
                result[rows][..., channel] = found.reshape(share[rows].shape)

        in_parallel(draw, _strips(*result.shape[:2]))

    def _draw_lot(self, flows: tuple[Array, Array], share: Array, lot: "_Lot", result: Array) -> None:
        """The channels of one lot, into `result` (H, W, C), a strip at a time on every core."""
        sources = [_source(frame[0], lot) for frame in self.frames]
        first_channel = lot.channels[0]
        if not lot.nearest and first_channel not in self._uneven:
            self._uneven[first_channel] = in_parallel(_uneven, sources)
        uneven = self._uneven.get(first_channel, (None, None))

        def draw(rows: slice) -> None:
            ends = zip(sources, flows, uneven, strict=True)
            first, second = (_fetched(source, flow, rows, lot.nearest, rough) for source, flow, rough in ends)
            if lot.nearest:
                first = np.where(share[rows] >= 0.5, first, second)
            else:
                first -= second
                first *= share[rows]
                first += second
            result[rows][..., lot.place] = first

        in_parallel(draw, _strips(*result.shape[:2]))


def fetched_along(plane: Plane, flow: Plane) -> Plane:
    """A plane (h, w) or (h, w, c) fetched along a flow (h, w, 2), bilinearly: float32, new memory.

    Any channel count, any finite values: each result is a weighted mean of four source pixels, so flat colour stays
    flat and nothing leaves the range of the source, but for float32 rounding.
    """
    frame = plane.reshape(*plane.shape[:2], -1)
    result = np.empty(frame.shape, np.float32)
    for lot in _lots(frame.shape[2]):
        source = _source(frame, lot)
        for rows in _strips(*flow.shape[:2]):
            result[rows][..., lot.place] = _fetched(source, flow, rows, lot.nearest)
    return result.reshape(plane.shape)


def fetched_at(plane: NDArray[Any], points: NDArray[Any], nearest: bool = False) -> NDArray[Any]:
    """A plane (h, w) or (h, w, c) at points (n, 2), x and y, bilinear or at the nearest pixel: (n,) or (n, c).

    What lies outside is the nearest border pixel; at the nearest pixel it is 0.
    """
    import cv2

    if not len(points):
        return np.zeros((0, *plane.shape[2:]), plane.dtype)
    rows = np.asarray(points, np.float32)
    if len(rows) > ROW:
        rows = np.pad(rows, ((0, -len(rows) % ROW), (0, 0)), "edge")
    rows = rows.reshape(-1, min(len(rows), ROW), 2)
    mode, border = (cv2.INTER_NEAREST, cv2.BORDER_CONSTANT) if nearest else (cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)
    # OpenCV's stub knows no remap by one map of both coordinates
    found = cv2.remap(plane, rows, None, mode, borderMode=border)  # type: ignore[call-overload]
    return np.asarray(found).reshape(-1, *plane.shape[2:])[: len(points)]


def enlarge(planes: Array, height: int, width: int) -> Array:
    """Planes (N, h, w, C) resampled bilinearly to (N, height, width, C); the same array where they have that size."""
    if planes.shape[1:3] == (height, width):
        return planes
    if is_torch_array(planes):
        import torch

        first = planes.permute(0, 3, 1, 2)
        large = torch.nn.functional.interpolate(first, (height, width), mode="bilinear", align_corners=False)
        return large.permute(0, 2, 3, 1)
    import cv2

    resized = [cv2.resize(one, (width, height), interpolation=cv2.INTER_LINEAR) for one in planes]
    stack = resized[0][None] if len(resized) == 1 else np.stack(resized)  # no copy of a large one
    return stack.reshape(len(planes), height, width, -1)


def enlarge_flow(flow: Array, height: int, width: int) -> Array:
    """A flow (N, h, w, 2) that was found on a smaller frame for one of height x width: its vectors grow along."""
    if flow.shape[1:3] == (height, width):
        return flow
    xp = array_namespace(flow)
    count, rows, columns = flow.shape[:3]
    scale = xp.asarray([width / columns, height / rows], dtype=flow.dtype, device=device(flow))
    # As one long row of x and y: NumPy is slow where an axis of two is the innermost.
    larger = xp.reshape(flow, (count, rows, 2 * columns)) * xp.tile(scale, (columns,))
    return enlarge(xp.reshape(larger, flow.shape), height, width)


class _Lot(NamedTuple):
    """Channels that are fetched together."""

    channels: list[int]
    nearest: bool

    @property
    def place(self) -> slice | list[int]:
        """Where they are among all; a slice, which is quicker, where they lie side by side."""
        span = slice(self.channels[0], self.channels[-1] + 1)
        return span if span.stop - span.start == len(self.channels) else self.channels


def _lots(count: int, ids: tuple[int, ...] = (), left_out: Set[int] = frozenset()) -> Iterator[_Lot]:
    for nearest in (False, True):
        chosen = [c for c in range(count) if (c in ids) == nearest and c not in left_out]
        for first in range(0, len(chosen), CHANNELS_AT_ONCE):
            yield _Lot(chosen[first : first + CHANNELS_AT_ONCE], nearest)


def _source(frame: Array, lot: _Lot) -> Array:
    return np.ascontiguousarray(frame if len(lot.channels) == frame.shape[2] else frame[..., lot.place])


def _strips(height: int, width: int) -> Iterator[slice]:
    rows = max(1, STRIP_PIXELS // width)
    return (slice(top, min(top + rows, height)) for top in range(0, height, rows))


def _fetched(source: Array, flow: Array, rows: slice, nearest: bool, uneven: Marks | None = None) -> Array:
    """Rows of a frame (H, W, C), of at most four channels, fetched along its flow (H, W, 2).

    Bicubically where the frame is `uneven`.
    """
    import cv2

    x, y = _places(flow, rows)
    if nearest:
        np.floor(x + np.float32(0.5), out=x)
        np.floor(y + np.float32(0.5), out=y)
    mode = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    found = cv2.remap(source, x, y, mode, borderMode=cv2.BORDER_REPLICATE).reshape(*x.shape, -1)
    if uneven is not None:
        rough = np.flatnonzero(cv2.remap(uneven, x, y, cv2.INTER_NEAREST).view(np.bool_))
        found.reshape(-1, found.shape[2])[rough] = _bicubic(source, x.ravel()[rough], y.ravel()[rough])
    return found


def _places(flow: Array, rows: slice) -> tuple[Array, Array]:
    """x and y where rows of a flow (H, W, 2) lead, within the frame.

    Held there because remap's fixed-point coordinates wrap around far outside of it.
    """
    if is_torch_array(flow):
        x, y = _places_torch(flow[None, rows], rows.start, flow.shape[0])
        return x[0], y[0]
    height, width = flow.shape[:2]
    x = np.arange(width, dtype=np.float32) + flow[rows, :, 0]
    y = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] + flow[rows, :, 1]
    return np.clip(x, 0, width - 1, out=x), np.clip(y, 0, height - 1, out=y)


def _uneven(frame: Array) -> Marks:
    """Where pixels beside each other differ in a frame (H, W, C) of at most four channels: (H, W), 0 where none do."""
    import cv2

    mixed, box = frame @ DISTINCT[: frame.shape[2]], np.ones((3, 3), np.uint8)
    return np.asarray(cv2.dilate(mixed, box) != cv2.erode(mixed, box)).view(np.uint8)


def _bicubic(source: Array, x: Plane, y: Plane) -> Array:
    """A frame (H, W, C) at points, x and y (n,), within the range of the four pixels around each: (n, C)."""
    import cv2

    if not len(x):
        return np.empty((0, source.shape[2]), np.float32)
    columns, rows = (np.pad(each, (0, -len(x) % ROW), "edge").reshape(-1, ROW) for each in (x, y))
    whole, fraction = cv2.convertMaps(columns, rows, cv2.CV_16SC2)
    border = cv2.BORDER_REPLICATE
    found = cv2.remap(source, whole, fraction, cv2.INTER_CUBIC, borderMode=border)
    down, right = (int(side > 1) for side in source.shape[:2])
    shifted = source, source[:, right:], source[down:], source[down:, right:]
    unused = np.empty(0, np.uint16)  # places to a fraction of a pixel
    corners = [cv2.remap(each, whole, unused, cv2.INTER_NEAREST, borderMode=border) for each in shifted]
    limited = cv2.min(cv2.max(found, reduce(cv2.min, corners)), reduce(cv2.max, corners))
    return limited.reshape(-1, source.shape[2])[: len(x)]


def _sharp_torch(frames: Any, flow: Any, ids: tuple[int, ...]) -> Any:
    import torch

    exact = _places_torch(flow)
    x, y = (torch.round(place * FRACTIONS) / FRACTIONS for place in exact)
    corners = [_corner(frames, x + across, y + down) for across in (0, 1) for down in (0, 1)]
    least, most = reduce(torch.minimum, corners), reduce(torch.maximum, corners)
    limited = torch.minimum(torch.maximum(_bicubic_torch(frames, x, y), least), most)
    return _with_ids(limited, frames, exact, ids)


def _with_ids(result: Any, frames: Any, places: tuple[Any, Any], ids: tuple[int, ...]) -> Any:
    """`result`, written to: its channels `ids` are those of the pixels of `frames` nearest to `places`."""
    if ids:
        chosen = list(ids)
        result[..., chosen] = _corner(frames[..., chosen], *(place + 0.5 for place in places))
    return result


def _bicubic_torch(frames: Any, x: Any, y: Any) -> Any:
    """Frames (1, H, W, C) at places x and y (1, H, W) within them."""
    import torch

    height, width = x.shape[1:]
    planes = frames.permute(0, 3, 1, 2)
    # A side of one pixel has no extent to normalise by; any coordinate then means that pixel.
    grid = torch.stack((x * (2 / max(width - 1, 1)) - 1, y * (2 / max(height - 1, 1)) - 1), -1)
    found = torch.nn.functional.grid_sample(planes, grid, mode="bicubic", padding_mode="border", align_corners=True)
    return found.permute(0, 2, 3, 1).contiguous()


def _places_torch(flow: Any, top: int = 0, frame_height: int | None = None) -> tuple[Any, Any]:
    """x and y where a flow (N, H, W, 2), of a frame or of its rows from `top` on, leads within the frame."""
    import torch

    height, width = flow.shape[1:3]
    x = torch.arange(width, device=flow.device, dtype=torch.float32) + flow[..., 0].float()
    y = torch.arange(top, top + height, device=flow.device, dtype=torch.float32)[:, None] + flow[..., 1].float()
    return x.clamp(0, width - 1), y.clamp(0, (frame_height or height) - 1)


def _corner(frames: Any, x: Any, y: Any) -> Any:
    """The pixels of frames (1, H, W, C) at whole places no greater than x and y (1, H, W)."""
    height, width = frames.shape[1:3]
    return frames[0, y.floor().long().clamp(max=height - 1), x.floor().long().clamp(max=width - 1)]


def pixels(size: tuple[int, ...]) -> Plane:
    """x and y of every pixel of a frame by its height and width, (H, W, 2)."""
    return pixels_of((slice(0, size[0]), slice(0, size[1])))


def pixels_of(part: Part) -> Plane:
    """x and y of every pixel of a part of the frame, (h, w, 2)."""
    rows, columns = (np.arange(axis.start, axis.stop, dtype=np.float32) for axis in part)
    return np.stack(np.meshgrid(columns, rows), -1)


def labels_at(labels: NDArray[np.uint8], places: NDArray[Any]) -> NDArray[np.uint8]:
    """Labels at the nearest pixel to places (..., 2), x and y; 0 outside the frame."""
    outside = -2.0  # remap's fixed-point coordinates wrap around far outside the frame
    at = np.clip(np.rint(places), outside, max(labels.shape) + 1).astype(np.float32)
    return np.asarray(fetched_at(labels, at.reshape(-1, 2), nearest=True)).reshape(places.shape[:-1])
