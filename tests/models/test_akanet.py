from typing import TypeVar

import pytest

pytest.importorskip("torch")

import torch
from torch.nn import functional

from inbetween.models.akanet_net import AkaNet, Middle, parameter_count
from inbetween.models.bbcnn import BbCnn
from inbetween.models.fold import ChannelNorm, TriadConv, TriadConvTranspose, fold

N = TypeVar("N", bound=torch.nn.Module)


def frames_first(triad: torch.Tensor) -> torch.Tensor:
    """(N, 3 C, H, W), frames outermost, as Conv3D takes it: (N, C, 3, H, W)."""
    video: torch.Tensor = triad.unflatten(1, (3, -1)).transpose(1, 2)
    return video


def frames_in_channels(video: torch.Tensor) -> torch.Tensor:
    return video.transpose(1, 2).flatten(1, 2)


def lively(network: N) -> N:
    """The network with weights in which nothing is zero any more, so that every layer tells."""
    torch.manual_seed(3)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return network.eval()


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize(("height", "width"), [(8, 8), (7, 10), (1, 5)])
@torch.no_grad()
def test_a_folded_convolution_equals_the_conv3d(stride: int, height: int, width: int) -> None:
    torch.manual_seed(1)
    layer, triad = lively(TriadConv(5, 4, stride)), torch.randn(2, 15, height, width)
    expected = functional.conv3d(frames_first(triad), layer.weight, layer.bias, (1, stride, stride), padding=1)
    assert torch.allclose(layer(triad), frames_in_channels(expected), atol=1e-5)
    assert torch.equal(layer(triad), layer.plain()(triad))


@torch.no_grad()
def test_a_folded_transposed_convolution_equals_the_conv3d() -> None:
    torch.manual_seed(1)
    layer, triad = lively(TriadConvTranspose(5, 4)), torch.randn(2, 15, 6, 9)
    expected = functional.conv_transpose3d(
        frames_first(triad), layer.weight, layer.bias, (1, 2, 2), padding=1, output_padding=(0, 1, 1)
    )
    assert torch.allclose(layer(triad), frames_in_channels(expected), atol=1e-5)
    assert torch.equal(layer(triad), layer.plain()(triad))


def test_the_fold_gives_the_conv3d_its_gradients() -> None:
    torch.manual_seed(1)
    layer, triad = TriadConv(3, 4), torch.randn(2, 9, 6, 6)
    layer(triad).square().sum().backward()
    weight = layer.weight.detach().clone().requires_grad_()
    functional.conv3d(frames_first(triad), weight, layer.bias, padding=1).square().sum().backward()
    assert layer.weight.grad is not None
    assert weight.grad is not None
    assert torch.allclose(layer.weight.grad, weight.grad, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_the_norm_is_over_the_channels_of_each_frame_and_pixel() -> None:
    triad = torch.randn(2, 12, 5, 6) * 3 + 1
    normed = ChannelNorm(4)(triad).unflatten(1, (3, 4))
    assert normed.mean(2).abs().max() < 1e-4
    assert (normed.std(2, correction=0) - 1).abs().max() < 0.2


def test_layers_have_the_parameters_of_the_source_s_tables() -> None:
    assert [parameter_count(TriadConv(*shape)) for shape in ((1, 32), (32, 32), (32, 1))] == [896, 27_680, 865]
    assert parameter_count(TriadConvTranspose(32, 32)) == 27_680


def test_the_networks_have_the_parameters_of_the_source() -> None:
    assert parameter_count(BbCnn()) == 250_881
    norms = 2 * 4 * 2 * 32
    assert parameter_count(AkaNet()) == 896 + 2 * 8 * 27_680 + 865 + norms == 445_153


@pytest.mark.parametrize("units", [1, 2, 3])
def test_units_are_self_contained(units: int) -> None:
    per_unit = parameter_count(AkaNet(units=2)) - parameter_count(AkaNet(units=1))
    assert parameter_count(AkaNet(units=units)) == 896 + 865 + units * per_unit
    assert per_unit == 8 * 27_680 + 4 * 64


@pytest.mark.parametrize(("channels", "height", "width"), [(1, 32, 32), (3, 13, 22), (4, 1, 1), (2, 2, 9)])
@torch.no_grad()
def test_any_size_and_channel_count_comes_back_as_it_went_in(channels: int, height: int, width: int) -> None:
    for network in (AkaNet(channels=channels), BbCnn(layers=2, channels=channels)):
        triad = torch.rand(2, 3 * channels, height, width)
        assert network(triad).shape == triad.shape


@torch.no_grad()
def test_training_starts_at_the_dissolve() -> None:
    start, end = torch.rand(2, 3, 12, 9), torch.rand(2, 3, 12, 9)
    network = AkaNet(channels=3)
    triad = network(torch.cat((start, torch.zeros_like(start), end), 1))
    assert torch.allclose(triad, torch.cat((start, (start + end) / 2, end), 1), atol=1e-6)
    assert torch.equal(Middle(network)(start, end), triad[:, 3:6])


def test_every_parameter_learns() -> None:
    network = AkaNet()
    optimiser = torch.optim.SGD(network.parameters(), 0.1)
    for _ in range(3):
        network(torch.rand(2, 3, 16, 16)).square().mean().backward()
        optimiser.step()
    silent = [name for name, parameter in network.named_parameters() if not parameter.grad.abs().sum()]
    assert silent == []


@torch.no_grad()
def test_the_folded_network_is_the_network() -> None:
    network, triad = lively(AkaNet()), torch.rand(2, 3, 17, 12)
    expected = network(triad)
    assert torch.equal(fold(network)(triad), expected)
    assert not any(isinstance(layer, TriadConv | TriadConvTranspose) for layer in network.modules())
