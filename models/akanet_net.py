"""akaNet: the in-betweening network of A. Vosskamp, "AI-driven animations of 2D rasterized graphics" (2022), ch. 5.8.

One convolution, self-contained residual units of eight, one convolution: every layer sees the whole triad (start,
blank, end) and the network returns all three frames. 445,153 parameters with two units and one channel.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from inbetween.models.fold import ChannelNorm, TriadConv, TriadConvTranspose

WIDTH, UNIT_CONVOLUTIONS = 32, 8
"""Channels within the network, and convolutions of a unit."""


class ResidualUnit(nn.Module):
    """Eight ReLU convolutions under one skip; the second halves the size, the last, a transposed one, doubles it.

    Layer norm follows every second convolution. The gain of the last starts at zero, so that an untrained unit passes
    its input through (Goyal et al. 2017, 5.1): the network starts as its first and last convolution.
    """

    def __init__(self) -> None:
        super().__init__()
        convolutions: list[nn.Module] = [
            TriadConv(WIDTH, WIDTH, stride=2 if i == 1 else 1) for i in range(UNIT_CONVOLUTIONS - 1)
        ]
        self.convolutions = nn.ModuleList([*convolutions, TriadConvTranspose(WIDTH, WIDTH)])
        self.norms = nn.ModuleList(ChannelNorm(WIDTH) for _ in range(UNIT_CONVOLUTIONS // 2))
        nn.init.zeros_(self.norms[-1].weight)  # type: ignore[arg-type] # a ChannelNorm's weight is a Parameter

    def forward(self, triad: Tensor) -> Tensor:
        height, width = triad.shape[2:]
        inner = triad
        for i, convolution in enumerate(self.convolutions):
            inner = functional.relu(convolution(inner))
            if i % 2 == 1:
                inner = self.norms[i // 2](inner)
        # An odd side comes back one pixel longer.
        return triad + inner[:, :, :height, :width]


class AkaNet(nn.Module):
    """Triads (N, 3 * channels, H, W) in, values about 0 to 1, frames outermost, the middle blank; triads out.

    Any H and W. `channels` are those of one frame. Untrained it is the cross-dissolve: see `_start_as_dissolve`.
    """

    def __init__(self, units: int = 2, channels: int = 1) -> None:
        super().__init__()
        self.first = TriadConv(channels, WIDTH)
        self.units = nn.ModuleList(ResidualUnit() for _ in range(units))
        self.last = TriadConv(WIDTH, channels)
        self._start_as_dissolve(channels)

    def forward(self, triad: Tensor) -> Tensor:
        inner = functional.relu(self.first(triad))
        for unit in self.units:
            inner = unit(inner)
        result: Tensor = self.last(inner)
        return result

    @torch.no_grad()
    def _start_as_dissolve(self, channels: int) -> None:
        """Let the first channels carry the frames through, and the last layer mix each with its neighbours by half.

        The middle being black, start and end come out as they are and the middle as their mean: training begins at the
        cross-dissolve, not at noise, and spends nothing on learning to copy.
        """
        self.first.weight[:channels] = 0
        self.last.weight.zero_()
        for c in range(channels):
            self.first.weight[c, c, 1, 1, 1] = 1
            self.last.weight[c, c, :, 1, 1] = torch.tensor([0.5, 1.0, 0.5])


class Middle(nn.Module):
    """A triad network as it is run: start and end (N, channels, H, W) in, their middle out.

    Its weights are the triad network's, under the same names.
    """

    def __init__(self, triads: nn.Module) -> None:
        super().__init__()
        self.triads = triads

    def forward(self, start: Tensor, end: Tensor) -> Tensor:
        channels = start.shape[1]
        triad = self.triads(torch.cat((start, torch.zeros_like(start), end), 1))
        middle: Tensor = triad[:, channels : 2 * channels]
        return middle

    def load_state_dict(self, *args: Any, **kwargs: Any) -> Any:
        return self.triads.load_state_dict(*args, **kwargs)


def parameter_count(network: nn.Module) -> int:
    """All parameters of a network, as the thesis' tables count them."""
    return sum(parameter.numel() for parameter in network.parameters())
