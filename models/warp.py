"""Backward warping: every pixel of the result is fetched from where a flow points to in the source.

A flow is float32 (N, H, W, 2) in pixels of the frame, x to the right and then y down:
`result[y, x] = source[y + flow[y, x, 1], x + flow[y, x, 0]]`. What lies outside the frame is the nearest border pixel.
NumPy arrays go through OpenCV in strips and groups of channels; torch tensors stay on their device and keep gradients.
"""

from typing import Any

import numpy as np
from array_api_compat import array_namespace, device, is_torch_array

from inbetween.core.network import Array

STRIP_PIXELS = 1 << 18
"""Pixels warped at once on the CPU: the coordinates of a strip (2 MiB) stay in the cache, whatever the frame's size."""
CHANNELS_AT_ONCE = 4
"""cv2.remap takes at most four channels."""


def warp(frames: Array, flow: Array, ids: tuple[int, ...] = ()) -> Array:
    """Fetch `frames` (N, H, W, C) along `flow` (M, H, W, 2), bilinearly; channels `ids` from the nearest pixel instead.

    N equals M or is 1. Any channel count, any finite values: each result is a weighted mean of four source pixels, so
    flat colour stays flat and nothing leaves the range of the source, but for float32 rounding. New memory; inputs are
    not written to. OpenCV rounds positions to 1/32 of a pixel; torch does not.
    """
    if is_torch_array(frames):
        return _warp_torch(frames, flow, ids)
    result = np.empty((flow.shape[0], *frames.shape[1:]), np.float32)
    for i in range(flow.shape[0]):
        _warp_opencv(frames[i if len(frames) > 1 else 0], flow[i], ids, result[i])
    return result


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

    resized = np.stack([cv2.resize(one, (width, height), interpolation=cv2.INTER_LINEAR) for one in planes])
    return resized.reshape(len(planes), height, width, -1)


def enlarge_flow(flow: Array, height: int, width: int) -> Array:
    """A flow (N, h, w, 2) that was found on a smaller frame for one of height x width: its vectors grow along."""
    xp = array_namespace(flow)
    scale = xp.asarray([width / flow.shape[2], height / flow.shape[1]], dtype=flow.dtype, device=device(flow))
    return enlarge(flow * scale, height, width)


def _warp_opencv(frame: Array, flow: Array, ids: tuple[int, ...], result: Array) -> None:
    import cv2

    height, width, count = frame.shape
    blended = [c for c in range(count) if c not in ids]
    groups = [(blended[i : i + CHANNELS_AT_ONCE], False) for i in range(0, len(blended), CHANNELS_AT_ONCE)]
    groups += [(list(ids[i : i + CHANNELS_AT_ONCE]), True) for i in range(0, len(ids), CHANNELS_AT_ONCE)]
    rows = max(1, STRIP_PIXELS // width)
    columns = np.arange(width, dtype=np.float32)
    for chosen, nearest in groups:
        source = np.ascontiguousarray(frame if len(chosen) == count else frame[..., chosen])
        for top in range(0, height, rows):
            strip = flow[top : top + rows]
            x = columns + strip[..., 0]
            y = np.arange(top, top + len(strip), dtype=np.float32)[:, None] + strip[..., 1]
            # Clamped here because remap's fixed-point coordinates wrap around far outside the frame.
            np.clip(x, 0, width - 1, out=x)
            np.clip(y, 0, height - 1, out=y)
            if nearest:
                np.floor(x + np.float32(0.5), out=x)
                np.floor(y + np.float32(0.5), out=y)
            mode = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
            warped = cv2.remap(source, x, y, mode, borderMode=cv2.BORDER_REPLICATE)
            result[top : top + len(strip)][..., chosen] = warped.reshape(*strip.shape[:2], len(chosen))


def _warp_torch(frames: Any, flow: Any, ids: tuple[int, ...]) -> Any:
    import torch

    count, height, width = flow.shape[:3]
    # arange rather than linspace: linspace would freeze the size in an exported graph.
    x = torch.arange(width, device=flow.device, dtype=torch.float32) + flow[..., 0].float()
    y = torch.arange(height, device=flow.device, dtype=torch.float32)[:, None] + flow[..., 1].float()
    x, y = x.clamp(0, width - 1), y.clamp(0, height - 1)
    planes = frames.permute(0, 3, 1, 2).expand(count, -1, -1, -1)
    # A side of one pixel has no extent to normalise by; any coordinate then means that pixel.
    grid = torch.stack((x * (2 / max(width - 1, 1)) - 1, y * (2 / max(height - 1, 1)) - 1), -1)
    warped = torch.nn.functional.grid_sample(
        planes.float(), grid, mode="bilinear", padding_mode="border", align_corners=True
    )
    result = warped.permute(0, 2, 3, 1).contiguous()
    if ids:
        chosen = list(ids)
        here = torch.arange(count, device=flow.device)[:, None, None]
        sources = frames[..., chosen].expand(count, -1, -1, -1)
        result[..., chosen] = sources[here, (y + 0.5).floor().long(), (x + 0.5).floor().long()]
    return result
