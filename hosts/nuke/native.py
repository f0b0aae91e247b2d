"""The motion model as TorchScript, for Nuke's CatFileCreator and Inference nodes. Runs in the engine's own Python.

One tensor in, one out, as Inference has it: (1, 8, H, W) holds both keys, red green blue alpha each, premultiplied; of
nine channels the fifth, between the keys, is the time of each pixel and takes the place of `timestep` (Nuke hands depth
on between rgba and the motion layers, in which the second key travels). Out come five channels: the in-between and its
confidence, or the motion. What a compositor may turn are attributes of the module, and stay live
after `torch.jit.load`: `timestep`, `detail`, `output_mode`, `working_space`.

It draws what the runner draws with the model `motion-native`: the same network without a candidate flow, and every step
around it - how keys are shrunk, motion enlarged, pixels fetched - with the same arithmetic. Only values that are
not finite it mends otherwise (`sound`).

Nuke 15.1 to 17 carry torch 2.1, Nuke 14 and 15.0 torch 1.12, so nothing is used that these lack: no tracing (it would
freeze size and attributes), none of `torch.nn.functional`'s Python bodies (`interpolate` brings operators along that
older torch does not know), nothing that half precision lacks on a CPU.
"""

import copy
import math
import warnings
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from inbetween.core.colour import BEND
from inbetween.core.errors import ModelError
from inbetween.core.inbetween import NEAREST
from inbetween.core.whole import whole
from inbetween.hosts.nuke import native_files
from inbetween.models import card
from inbetween.models.engines import filled
from inbetween.models.motion.mover import LONGEST_SIDE
from inbetween.models.motion.net import MotionNet, share_of_start
from inbetween.models.motion.sizes import CELL, padding
from inbetween.models.surfaces import FRACTIONS

AT_ONCE = 1 << 20
"""Pixels moved at once: coordinates, motion and two fetched keys of as many take 200 MiB, whatever the frame's size."""
TIMES = 64
"""A pixel's own time is rounded to this share of the gap; each time that occurs is drawn once."""


class Convolution(nn.Module):
    """`nn.Conv2d` with float32 in and out whatever its weights are.

    Inference turns weights to half when it is told to; half convolutions exist on CUDA only, and flows need float32.
    """

    def __init__(self, source: nn.Conv2d) -> None:
        super().__init__()
        assert source.bias is not None
        self.weight, self.bias = source.weight, source.bias
        self.stride, self.padding = list(source.stride), [int(side) for side in source.padding]

    def forward(self, x: Tensor) -> Tensor:
        if self.weight.is_cuda and self.weight.dtype == torch.float16:
            return torch.conv2d(x.half(), self.weight, self.bias, self.stride, self.padding).float()
        return torch.conv2d(x, self.weight.float(), self.bias.float(), self.stride, self.padding)


class Linear(nn.Module):
    """`nn.Linear`, likewise."""

    def __init__(self, source: nn.Linear) -> None:
        super().__init__()
        self.weight, self.bias = source.weight, source.bias

    def forward(self, x: Tensor) -> Tensor:
        return torch.matmul(x, self.weight.float().t()) + self.bias.float()


class Normalisation(nn.Module):
    """`nn.LayerNorm`, likewise."""

    def __init__(self, source: nn.LayerNorm) -> None:
        super().__init__()
        self.weight, self.bias, self.eps = source.weight, source.bias, float(source.eps)
        self.shape = [int(side) for side in source.normalized_shape]

    def forward(self, x: Tensor) -> Tensor:
        return torch.layer_norm(x, self.shape, self.weight.float(), self.bias.float(), self.eps)


REPLACED = {nn.Conv2d: Convolution, nn.Linear: Linear, nn.LayerNorm: Normalisation}


class Native(nn.Module):
    """What Inference runs. `net` is a `MotionNet`, or anything with its `prepare` and `at`.

    Numbers that scripted code needs are bound to the class or to defaults: TorchScript sees no globals.
    """

    looked_at: Final[int] = LONGEST_SIDE
    at_once: Final[int] = AT_ONCE
    times: Final[float] = float(TIMES)
    cell: Final[int] = CELL
    nearest: Final[float] = NEAREST
    bend: Final[float] = BEND
    bent_one: Final[float] = math.log1p(BEND)

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net: Any = float_inside(net)
        self.timestep = 0.5
        """Where the in-between stands: 0 gives the first key to the bit, 1 the second."""
        self.detail = 0
        """Longest side, in pixels, of the copy on which motion is found; 0 leaves it to the model."""
        self.output_mode = 0
        """0: red, green, blue, alpha, confidence. 1: motion to the first key (u, v), to the second (u, v), share of the
        first; in pixels, v upwards as Nuke has it."""
        self.working_space = 0
        """0: scene-linear light. 1: encoded for a screen."""

    def forward(self, x: Tensor) -> Tensor:
        """(1, 8 or 9, H, W) to (1, 5, H, W), in the type and on the device of `x`."""
        if x.shape[1] == 8:
            if self.is_key(self.timestep) or (self.output_mode == 0 and torch.equal(x[:, :4], x[:, 4:])):
                return key(x, self.timestep)
            return self.drawn(sound(x), self.prepared(sound(x)), self.timestep)
        times = torch.round(x[:, 4:5].float().clamp(0.0, 1.0) * self.times)
        x = torch.cat((x[:, :4], x[:, 5:9]), 1)
        prepared = self.prepared(sound(x))
        result = torch.zeros(1, 5, x.shape[2], x.shape[3], dtype=x.dtype, device=x.device)
        present = torch.unique(times)
        for index in range(present.shape[0]):
            t = float(present[index]) / self.times
            shown = key(x, t) if self.is_key(t) else self.drawn(sound(x), prepared, t)
            result = torch.where(times == present[index], shown, result)
        return result.contiguous()

    def is_key(self, t: float) -> bool:
        return self.output_mode == 0 and (t < self.nearest or t > 1.0 - self.nearest)

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of the copy on which motion is found."""
        longest = self.detail if self.detail > 0 else self.looked_at
        shrink = min(1.0, float(longest) / float(max(height, width)))
        return max(1, rounded(height * shrink)), max(1, rounded(width * shrink))

    def prepared(self, x: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
        """What the network finds of the pair, whatever the time."""
        rows, columns = self.size(x.shape[2], x.shape[3])
        a, b = self.seen(x[:, :4].float(), rows, columns), self.seen(x[:, 4:].float(), rows, columns)
        flow = torch.zeros(2, 2, a.shape[2] // self.cell, a.shape[3] // self.cell, device=x.device)
        unheeded = torch.zeros(2, 1, 1, 1, device=x.device)  # there is no OpenCV here to find a flow to offer
        found: list[tuple[Tensor, Tensor, Tensor]] = self.net.prepare(a, b, flow, unheeded)
        return found

    def drawn(self, x: Tensor, prepared: list[tuple[Tensor, Tensor, Tensor]], t: float) -> Tensor:
        """The five channels at one time, in strips."""
        start, end = x[:, :4].float(), x[:, 4:].float()
        height, width = x.shape[2], x.shape[3]
        motion = self.motion(prepared, min(max(t, self.nearest), 1.0 - self.nearest), height, width)
        result = torch.zeros(1, 5, height, width, dtype=x.dtype, device=x.device)
        step = max(1, self.at_once // width)
        for top in range(0, height, step):
            strip = enlarged_strip(motion, height, width, top, min(step, height - top))
            shown = picture(start, end, strip, top) if self.output_mode == 0 else in_nukes_sense(strip)
            result[:, :, top : top + step] = shown.to(x.dtype)
        return result

    def motion(self, prepared: list[tuple[Tensor, Tensor, Tensor]], t: float, height: int, width: int) -> Tensor:
        """Flows and share of the start (1, 5, h, w), as found on smaller copies, in their pixels."""
        rows, columns = self.size(height, width)
        time = torch.full((1, 1, 1, 1), t, device=prepared[0][0].device)
        found: Tensor = self.net.at(prepared, time)[1]
        found = torch.cat((found[:, :4], share_of_start(found, time)), 1)
        return found[:, :, :rows, :columns]

    def seen(self, key: Tensor, rows: int, columns: int) -> Tensor:
        """A key as the network sees it: in the working space, smaller, its edge repeated so that it halves evenly."""
        colour = key[:, :3]
        if self.working_space == 0:
            colour = torch.sign(colour) * torch.log1p(self.bend * colour.abs()) / self.bent_one
        shown = torch.cat((colour, key[:, 3:]), 1).clamp(0.0, 1.0)
        if rows != key.shape[2] or columns != key.shape[3]:
            down, across = shares(key.shape[2], rows), shares(key.shape[3], columns)
            shown = torch.matmul(torch.matmul(down.to(key.device), shown), across.to(key.device).t())
        below, right = padding(rows, columns)
        wide: Tensor = torch._C._nn.replication_pad2d(shown, [0, right, 0, below])  # type: ignore[attr-defined]
        return wide


def float_inside(net: nn.Module) -> nn.Module:
    """A copy of the network that computes in float32 even when its weights have been turned to half.

    Raises `ModelError` for a network with a part that nobody has thought about here.
    """
    net = copy.deepcopy(net).cpu().float().eval()
    for module in list(net.modules()):
        for name, child in list(module.named_children()):
            if type(child) in REPLACED:
                setattr(module, name, REPLACED[type(child)](child))
        if not isinstance(module, tuple(REPLACED)):
            _keep_scalars(module)
    return net


def _keep_scalars(module: nn.Module) -> None:
    """A single number that was learnt becomes a plain attribute: `half()` leaves that alone."""
    for name, value in list(module.named_parameters(recurse=False)):
        if value.ndim:
            raise ModelError(f"{type(module).__name__}.{name} has no form that computes in float32 with half weights")
        delattr(module, name)
        setattr(module, name, value.detach().clone())


def sound(x: Tensor) -> Tensor:
    """Both keys without what cannot be drawn with: 0 for NaN, the largest half float, or its negative, for infinity.

    The runner takes the nearest finite pixel (`mend` in `hosts/sequence/gap.py`): around such pixels alone they differ.
    """
    return torch.nan_to_num(x, 0.0, 65504.0, -65504.0)


def rounded(side: float) -> int:
    """To the nearest whole number, halves to the even one, as Python rounds; TorchScript's `round` has its own mind."""
    whole = int(side)
    left = side - whole
    return whole + 1 if left > 0.5 or (left == 0.5 and whole % 2 == 1) else whole


def shares(count: int, fewer: int) -> Tensor:
    """How much of each of `count` pixels goes into each of `fewer`, by area, (fewer, count): OpenCV's INTER_AREA.

    Like OpenCV it leaves away slivers of less than a thousandth of a pixel.
    """
    scale = float(count) / float(fewer)
    first = torch.arange(fewer, dtype=torch.float64).view(-1, 1) * scale
    pixel = torch.arange(count, dtype=torch.float64).view(1, -1)
    common = torch.minimum(first + scale, pixel + 1.0) - torch.maximum(first, pixel)
    return (torch.where(common > 1e-3, common, torch.zeros_like(common)) / scale).float()


def enlarged_strip(motion: Tensor, height: int, width: int, top: int, count: int) -> Tensor:
    """`count` rows from `top` of the motion (1, 5, h, w) at full size, bilinear, its vectors scaled along."""
    if motion.shape[2] == height and motion.shape[3] == width:
        return motion[:, :, top : top + count]
    y, below = places(motion.shape[2], height, top, count, motion)
    x, right = places(motion.shape[3], width, 0, width, motion)
    across, down = float(width) / float(motion.shape[3]), float(height) / float(motion.shape[2])
    motion = motion * torch.tensor([across, down, across, down, 1.0], device=motion.device).view(1, 5, 1, 1)
    rows = between(motion.index_select(2, y), motion.index_select(2, next_to(y, motion.shape[2])), below.view(-1, 1))
    return between(rows.index_select(3, x), rows.index_select(3, next_to(x, motion.shape[3])), right.view(1, -1))


def places(fewer: int, count: int, first: int, some: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Where `some` of `count` pixels from `first` on lie among `fewer`: the one before, and the way to the next."""
    at = (torch.arange(some, dtype=torch.float64) + (float(first) + 0.5)) * (float(fewer) / float(count)) - 0.5
    at = at.float().clamp(0.0, float(fewer - 1))  # single precision from here on, as in OpenCV
    before = torch.floor(at)
    return before.long().to(like.device), (at - before).to(like.device)


def next_to(index: Tensor, count: int) -> Tensor:
    return (index + 1).clamp(max=count - 1)


def between(a: Tensor, b: Tensor, way: Tensor) -> Tensor:
    return a + (b - a) * way


def key(x: Tensor, t: float) -> Tensor:
    """The first or the second key as it came, and sure of itself."""
    chosen = x[:, :4] if t <= 0.0 else x[:, 4:]
    return torch.cat((chosen, torch.ones_like(chosen[:, :1])), 1)


def picture(start: Tensor, end: Tensor, strip: Tensor, top: int) -> Tensor:
    """The in-between and its confidence for some rows: both keys moved and mixed, and how far they agree there."""
    a, b = fetched(start, strip[:, :2], top), fetched(end, strip[:, 2:4], top)
    share = strip[:, 4:]
    apart = (a - b).abs().amax(1, keepdim=True) / (1.0 + torch.maximum(a.abs(), b.abs()).amax(1, keepdim=True))
    doubt = 4.0 * share * (1.0 - share) * apart
    return torch.cat((share * a + (1.0 - share) * b, 1.0 - doubt.clamp(0.0, 1.0)), 1)


def in_nukes_sense(strip: Tensor) -> Tensor:
    """Vectors with v upwards: a tensor's first row is the top one, Nuke counts from the bottom."""
    upwards = torch.tensor([1.0, -1.0, 1.0, -1.0, 1.0], device=strip.device).view(1, 5, 1, 1)
    return strip * upwards


def fetched(key: Tensor, flow: Tensor, top: int) -> Tensor:
    """Rows of a key (1, C, H, W) from `top`, fetched along their flow (1, 2, count, W).

    Bicubically, within the range of the four nearest pixels, as the runner does (`models/warp.py`).
    """
    height, width = key.shape[2], key.shape[3]
    x = torch.arange(width, device=key.device, dtype=torch.float32).view(1, 1, -1) + flow[:, 0]
    y = torch.arange(flow.shape[2], device=key.device, dtype=torch.float32).view(1, -1, 1) + (flow[:, 1] + float(top))
    x, y = to_fractions(x.clamp(0.0, float(width - 1))), to_fractions(y.clamp(0.0, float(height - 1)))
    at = torch.stack((x * (2.0 / max(width - 1, 1)) - 1.0, y * (2.0 / max(height - 1, 1)) - 1.0), 3)
    found = torch.grid_sampler(key, at, 2, 1, True)
    flat = key.flatten(2)
    left, upper = x.floor().long(), y.floor().long()
    right, lower = next_to(left, width), next_to(upper, height)
    least = torch.full_like(found, float("inf"))
    most = -least
    for corner in (upper * width + left, upper * width + right, lower * width + left, lower * width + right):
        nearby = flat.gather(2, corner.flatten(1).unsqueeze(1).expand(-1, key.shape[1], -1)).view_as(found)
        least, most = torch.minimum(least, nearby), torch.maximum(most, nearby)
    return torch.minimum(torch.maximum(found, least), most)


def to_fractions(places: Tensor, fractions: int = FRACTIONS) -> Tensor:
    """Places in pixels, as exact as the runner's filter has them."""
    return torch.round(places * fractions) / fractions


def scripted(net: nn.Module) -> torch.jit.ScriptModule:
    """The network as Inference will run it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer torch prefers torch.export, which Nuke cannot load
        module = torch.jit.script(Native(net).eval())
    assert isinstance(module, torch.jit.ScriptModule)
    return module


def export(weights: Path, folder: Path) -> list[Path]:
    """Write everything that Nuke needs of a motion model to a folder, a Cattery of its own; returns the files.

    `weights` is the .safetensors file with its card. Raises `ModelError` for a model that Inference cannot run, and for
    a file that is not the card's.
    """
    known = card.read(card.beside(weights))
    if known.architecture != "motion":
        raise ModelError(
            f"{weights} is of architecture {known.architecture!r}; Nuke's Inference runs motion models only"
        )
    card.verify(known, weights)
    folder.mkdir(parents=True, exist_ok=True)
    save(filled(MotionNet(), weights), folder / f"{native_files.NAME}.pt")
    texts = native_files.texts(folder.absolute(), known.summary)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in (f"{native_files.NAME}.pt", *texts)]


def save(net: nn.Module, path: Path) -> None:
    """Write the network as a TorchScript file; it is whole or not there."""
    with whole(path) as aside:
        scripted(net).save(str(aside))
