"""The motion network (`net`) in the pieces that an engine runs, each exported as one graph.

There are several because the number of levels depends on the frame. They take both keys as `blocks` (2, 64, h, w), the
pixels of a cell as channels (pixel_unshuffle), so that all they take and give has the same open sizes.
"""

import torch
from torch import Tensor, nn

from inbetween.models.motion.modules import WIDTH
from inbetween.models.motion.net import MotionNet
from inbetween.models.motion.sizes import CELL


class Match(nn.Module):
    """The coarsest level's first flow and state."""

    def __init__(self, net: MotionNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, blocks: Tensor) -> tuple[Tensor, Tensor]:
        found: tuple[Tensor, Tensor] = self.net.matcher(self.net.encoder(torch.pixel_shuffle(blocks, CELL)))
        return found


class Refine(nn.Module):
    """One level's preparation: features, flow, extra, state."""

    def __init__(self, net: MotionNet) -> None:
        super().__init__()
        self.net = net

    def forward(
        self, blocks: Tensor, flow: Tensor, state: Tensor, candidate: Tensor, offered: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        pictures = torch.pixel_shuffle(blocks, CELL)
        level, state = self.net.refined(pictures, flow, state, candidate, offered.expand(2, -1, -1, -1))
        return level[0], level[1], level[2], state


class Draw(nn.Module):
    """One level at time t: cells, state, and what `Enlarge` takes of the last level."""

    def __init__(self, net: MotionNet) -> None:
        super().__init__()
        self.net = net

    def forward(
        self, features: Tensor, flow: Tensor, extra: Tensor, t: Tensor, above: Tensor, state: Tensor, known: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        drawn: tuple[Tensor, Tensor, Tensor] = self.net.drawn((features, flow, extra), t, above, state, known)
        return drawn


class Enlarge(nn.Module):
    """The last level's cells to pixels: flows to the start and to the end (1, H, W, 2), share of the start (1, H, W).

    What `enlarged` does, as one small matrix product per cell: ONNX Runtime takes a fraction of the time. Training
    can't, as autocast would round the flows.
    """

    def __init__(self, net: MotionNet) -> None:
        super().__init__()
        fine, count = net.between.fine, CELL * CELL
        assert fine.bias is not None
        order = torch.arange(9 * count).view(9, count).t().flatten()  # the pixels of a cell first, then its neighbours
        weight = fine.weight.detach().flatten(1)
        self.shares = nn.Linear(WIDTH, 9 * count)
        self.mask = nn.Linear(WIDTH, count)
        for layer, rows in ((self.shares, order), (self.mask, torch.arange(9 * count, 10 * count))):
            layer.weight, layer.bias = nn.Parameter(weight[rows]), nn.Parameter(fine.bias.detach()[rows])

    def forward(self, cells: Tensor, hidden: Tensor, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        height, width = cells.shape[2], cells.shape[3]
        here = hidden.flatten(2).transpose(1, 2)
        shares = torch.exp(self.shares(here).clamp(-20.0, 20.0)).view(height * width, CELL * CELL, 9)
        rows = torch.cat((cells, torch.ones_like(cells[:, :1])), 1).permute(0, 2, 3, 1)
        rows = torch.cat((rows[:, :1], rows, rows[:, -1:]), 1)
        rows = torch.cat((rows[:, :, :1], rows, rows[:, :, -1:]), 2)
        around = torch.cat([rows[:, i // 3 : i // 3 + height, i % 3 : i % 3 + width] for i in range(9)], 3)
        total = torch.matmul(shares, around.view(height * width, 9, 6))
        mean = total[:, :, :5] / total[:, :, 5:]
        share = torch.sigmoid(mean[:, :, 4] + self.mask(here).view(height * width, -1) + torch.log((1 - t) / t).view(1))

        def pixels(values: Tensor, channels: int) -> Tensor:
            blocks = values.view(1, height, width, CELL, CELL, channels)
            return blocks.transpose(2, 3).reshape(1, CELL * height, CELL * width, channels)

        flows = CELL * mean[:, :, :4]
        return pixels(flows[:, :, :2], 2), pixels(flows[:, :, 2:], 2), pixels(share, 1).squeeze(3)
