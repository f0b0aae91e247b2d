"""bbCNN: ten plain convolutions over the triad, the thesis' "bare-bones" network (A. Vosskamp 2022, ch. 5.7).

250,881 parameters. It stands beside akaNet to show what the residual units, the norms and the subsampling are worth.
"""

from torch import Tensor, nn
from torch.nn import functional

from inbetween.models.fold import TriadConv

WIDTH = 32
"""Channels within the network."""


class BbCnn(nn.Module):
    """Triads (N, 3 * channels, H, W) in and out, as `akanet.AkaNet`. Any H and W."""

    def __init__(self, layers: int = 10, channels: int = 1) -> None:
        super().__init__()
        widths = [channels] + [WIDTH] * layers
        self.convolutions = nn.ModuleList(TriadConv(widths[i], WIDTH) for i in range(layers))
        self.last = TriadConv(WIDTH, channels)

    def forward(self, triad: Tensor) -> Tensor:
        inner = triad
        for convolution in self.convolutions:
            inner = functional.relu(convolution(inner))
        result: Tensor = self.last(inner)
        return result
