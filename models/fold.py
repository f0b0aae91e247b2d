"""Convolutions over exactly three frames, computed as two-dimensional ones.

A 3x3x3 convolution that is padded by one frame sees, on three frames, every frame from every frame next to it. With the
frames laid into the channels it is therefore a 3x3 convolution whose weights are a block band: block (out j, in i) is
the temporal slice i - j + 1 of the kernel, and nothing where that slice does not exist: same weights, same parameters,
same result. ONNX Runtime has its good kernels for two dimensions only: three layers took 78 ms on one core of a Zen 5,
as Conv3D 111. In torch, whose kernels are as good for three, the zero blocks cost a tenth of a training step.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

FRAMES = 3
"""Of a triad."""


class TriadConv(nn.Module):
    """Conv3D(`inputs` -> `outputs`, 3x3x3, same) on a triad, stride (1, `stride`, `stride`).

    Takes and gives (N, 3 * channels, H, W), frames outermost: channel c of frame f is at f * channels + c. `weight` has
    the shape of a Conv3D's, (outputs, inputs, 3, 3, 3). Weights start Glorot-uniform and biases at zero, as Keras does.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(outputs, inputs, 3, 3, 3)))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, triad: Tensor) -> Tensor:
        return functional.conv2d(triad, band(self.weight), self.bias.repeat(FRAMES), self.stride, padding=1)

    def plain(self) -> nn.Module:
        """This layer as an ordinary Conv2D with the folded weights, for export and running."""
        outputs, inputs = self.weight.shape[:2]
        layer = nn.Conv2d(FRAMES * inputs, FRAMES * outputs, 3, self.stride, padding=1)
        return _filled(layer, band(self.weight), self.bias)


class TriadConvTranspose(nn.Module):
    """Conv3DTranspose(`inputs` -> `outputs`, 3x3x3, stride (1, 2, 2), same) on a triad: twice the height and width.

    Channels as in `TriadConv`; `weight` has the shape of a ConvTranspose3d's, (inputs, outputs, 3, 3, 3).
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(inputs, outputs, 3, 3, 3)))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, triad: Tensor) -> Tensor:
        weight, bias = band(self.weight), self.bias.repeat(FRAMES)
        return functional.conv_transpose2d(triad, weight, bias, stride=2, padding=1, output_padding=1)

    def plain(self) -> nn.Module:
        """This layer as an ordinary ConvTranspose2D with the folded weights, for export and running."""
        inputs, outputs = self.weight.shape[:2]
        layer = nn.ConvTranspose2d(FRAMES * inputs, FRAMES * outputs, 3, 2, padding=1, output_padding=1)
        return _filled(layer, band(self.weight), self.bias)


class ChannelNorm(nn.Module):
    """Layer norm over the channels of each frame at each pixel (Keras' LayerNormalization on channels-last data)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, triad: Tensor) -> Tensor:
        batch, _, height, width = triad.shape
        channels = self.weight.shape[0]
        pixels = triad.permute(0, 2, 3, 1).reshape(batch, height, width, FRAMES, channels)
        # Epsilon as in Keras, where PyTorch's own default is 1e-5.
        normed = functional.layer_norm(pixels, (channels,), self.weight, self.bias, eps=1e-3)
        return normed.reshape(batch, height, width, FRAMES * channels).permute(0, 3, 1, 2)


def band(weight: Tensor) -> Tensor:
    """Fold (A, B, 3, h, w) into (3 A, 3 B, h, w): block (j, i) is temporal slice i - j + 1.

    For a convolution A are outputs and B inputs; for a transposed one the other way round, and the same rule holds.
    """
    nothing = torch.zeros_like(weight[:, :, 0])
    before, here, after = weight.unbind(2)
    rows = ((here, after, nothing), (before, here, after), (nothing, before, here))
    return torch.cat([torch.cat(row, 1) for row in rows], 0)


def fold(network: nn.Module) -> nn.Module:
    """Replace, in place, every triad layer by the ordinary one that equals it; what is left to train is gone."""
    for name, child in network.named_children():
        plain: Callable[[], nn.Module] | None = getattr(child, "plain", None)
        setattr(network, name, fold(child) if plain is None else plain())
    return network


def _filled(layer: nn.Conv2d | nn.ConvTranspose2d, weight: Tensor, bias: Tensor) -> nn.Module:
    layer.weight = nn.Parameter(weight.detach().clone(), requires_grad=False)
    layer.bias = nn.Parameter(bias.detach().repeat(FRAMES), requires_grad=False)
    return layer.to(weight.device)
