"""What the motion network (`net`) is made of besides layers: fetching, splatting, comparing, enlarging.

Scriptable, and the scripts load in torch 1.13, which hosts have: no functional interpolation, no global constants.
Flows and coordinates stay float32 under autocast.
"""

import torch
from torch import Tensor

from inbetween.models.motion.sizes import CELL

PLAIN = 4
"""Features that are the picture itself, shrunk; the first ones."""
REACH = 1
"""Cells that the local correlation looks each way."""


def resized(x: Tensor, height: int, width: int) -> Tensor:
    """Bilinear. `interpolate` would bring operators into a scripted model that older torch does not know."""
    return torch._C._nn.upsample_bilinear2d(x, [height, width], False, scale_factors=None)


def grid(height: int, width: int, like: Tensor) -> Tensor:
    """Cell coordinates (1, 2, H, W), x then y."""
    x = torch.arange(width, device=like.device, dtype=torch.float32).view(1, 1, 1, -1).expand(1, 1, height, width)
    y = torch.arange(height, device=like.device, dtype=torch.float32).view(1, 1, -1, 1).expand(1, 1, height, width)
    return torch.cat((x, y), 1)


def warped(x: Tensor, flow: Tensor) -> Tensor:
    """Fetch `x` (N, C, H, W) along `flow` (N, 2, H, W), bilinear, the border repeated; float32."""
    height, width = x.shape[2], x.shape[3]
    at = grid(height, width, x) + flow
    span = torch.cat((at[:, :1] * (2.0 / (width - 1)) - 1.0, at[:, 1:] * (2.0 / (height - 1)) - 1.0), 1)
    return torch.grid_sampler(x.float(), span.permute(0, 2, 3, 1), 0, 1, True)


def splatted(x: Tensor, flow: Tensor, importance: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Carry `x` (N, C, H, W) forward along `flow`; where several land, the more important outweighs.

    Returns the mean of what landed, its summed importance, and how many landed (1 each, bilinear shares).
    """
    batch, channels, height, width = x.shape
    weight = torch.exp(importance)
    load = torch.cat((x * weight, weight, torch.ones_like(weight)), 1)
    at = grid(height, width, x) + flow
    corner = torch.floor(at)
    share = at - corner
    total = torch.zeros(batch, channels + 2, height * width, device=x.device, dtype=x.dtype)
    for dx in range(2):
        for dy in range(2):
            px, py = corner[:, :1] + dx, corner[:, 1:] + dy
            inside = ((px >= 0) & (px < width) & (py >= 0) & (py < height)).to(x.dtype)
            wx = share[:, :1] if dx == 1 else 1.0 - share[:, :1]
            wy = share[:, 1:] if dy == 1 else 1.0 - share[:, 1:]
            index = (py.clamp(0, height - 1) * width + px.clamp(0, width - 1)).long().flatten(2)
            part = load * (wx * wy * inside)
            total = total.scatter_add(2, index.expand(-1, channels + 2, -1), part.flatten(2))
    total = total.view(batch, channels + 2, height, width)
    mass = total[:, channels : channels + 1]
    return total[:, :channels] / (mass + 1e-6), mass, total[:, channels + 1 :]


def correlation(a: Tensor, b: Tensor, reach: int = REACH) -> Tensor:
    """Mean product of each cell of `a` with the cells of `b` around it: (N, (2 reach + 1)^2, H, W)."""
    height, width = a.shape[2], a.shape[3]
    wide = torch.constant_pad_nd(b, [reach, reach, reach, reach], 0.0)
    found: list[Tensor] = []
    for dy in range(2 * reach + 1):
        for dx in range(2 * reach + 1):
            found.append((a * wide[:, :, dy : dy + height, dx : dx + width]).mean(1, keepdim=True))
    return torch.cat(found, 1)


def apart(a: Tensor, b: Tensor, plain: int = PLAIN) -> Tensor:
    """Mean difference of the pictures among two features, (N, 1, h, w), without a gradient."""
    return (a[:, :plain].float() - b[:, :plain].float()).abs().mean(1, keepdim=True).detach()


def bilinear_logits() -> Tensor:
    """Logits (9 * 16) with which `enlarged` begins as bilinear enlargement."""
    near = (torch.arange(CELL, dtype=torch.float32) + 0.5) / CELL - 0.5
    line = torch.stack((torch.clamp(-near, min=0), 1 - near.abs(), torch.clamp(near, min=0)))
    weights = line[:, None, :, None] * line[None, :, None, :]
    return torch.log(weights.flatten() + 0.005)


def enlarged(cells: Tensor, fine: Tensor, cell: int = CELL) -> Tensor:
    """Flows and mask logit of the cells (N, 5, h, w) to pixels (N, 5, 4h, 4w), each a mean of the nine cells around."""
    batch, height, width = cells.shape[0], cells.shape[2], cells.shape[3]
    count = cell * cell
    # A softmax along this axis is ONNX Runtime's slowest operation; the sum is divided by in the end.
    weights = torch.exp(fine[:, : 9 * count].clamp(-20.0, 20.0)).view(batch, 9, count, height, width)
    wide = torch.cat((cells[:, :, :1], cells, cells[:, :, -1:]), 2)
    wide = torch.cat((wide[:, :, :, :1], wide, wide[:, :, :, -1:]), 3).unsqueeze(2)
    total = torch.zeros(batch, 5, count, height, width, device=cells.device, dtype=cells.dtype)
    for index in range(9):
        dy, dx = index // 3, index % 3
        total = total + weights[:, index : index + 1] * wide[:, :, :, dy : dy + height, dx : dx + width]
    total = total / weights.sum(1, keepdim=True)
    flows, mask = cell * total[:, :4], total[:, 4:] + fine[:, 9 * count :].unsqueeze(1)
    return torch.pixel_shuffle(torch.cat((flows, mask), 1).flatten(1, 2), cell)
