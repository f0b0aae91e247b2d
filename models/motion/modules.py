"""The modules of the motion network (`net`): features, matching, a step between the keys, a step between them in time.

Scriptable; the scripts load in torch 1.13.
"""

import math
from typing import Final

import torch
from torch import Tensor, nn

from inbetween.models.motion.operations import (
    PLAIN,
    REACH,
    apart,
    bilinear_logits,
    correlation,
    grid,
    resized,
    splatted,
    warped,
)
from inbetween.models.motion.sizes import CELL, STATE

FEATURES = 40
"""Channels of the features of a cell."""
MESSAGE = 6
"""Learned channels that travel with a splatted pixel, besides its flow."""
TRUST = 20.0
"""How strongly flows are chosen by the likeness of what they bring together, before anything is learnt."""
WIDTH = 48
"""Channels of a refinement."""

Prepared = tuple[Tensor, Tensor, Tensor]
"""One level of a prepared pair, both directions stacked: features, flow, importance and message."""


def conv(inputs: int, outputs: int, stride: int = 1, size: int = 3) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, stride, size // 2), nn.LeakyReLU(0.1, inplace=True))


def begin(head: nn.Conv2d, biases: dict[int, float]) -> None:
    """Let a last layer begin with these answers, the others nothing, and hardly any from what comes in."""
    nn.init.normal_(head.weight, std=1e-3)
    assert head.bias is not None
    nn.init.zeros_(head.bias)
    with torch.no_grad():
        for index, value in biases.items():
            head.bias[index] = value


class Encoder(nn.Module):
    """Features of a picture at a quarter of its size; the first `PLAIN` are the picture itself, shrunk."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.PixelUnshuffle(2),
            conv(16, 24),
            conv(24, FEATURES, 2),
            conv(FEATURES, FEATURES),
            nn.Conv2d(FEATURES, FEATURES - PLAIN, 3, 1, 1),
        )
        self.cell: Final[int] = CELL

    def forward(self, picture: Tensor) -> Tensor:
        learnt = self.layers(picture - 0.5)
        return torch.cat((nn.functional.avg_pool2d(picture, self.cell).to(learnt.dtype), learnt), 1)


class Attention(nn.Module):
    """Attention from `x` (N, K, D) to `y`."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        query = self.query(x) / math.sqrt(x.shape[2])
        weight = torch.softmax(torch.matmul(query, self.key(y).transpose(1, 2)), 2)
        seen: Tensor = self.out(torch.matmul(weight, self.value(y)))
        return seen


class Block(nn.Module):
    """Look around in one's own key, then in the other one."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.own, self.other = Attention(width), Attention(width)
        self.mix = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        here = self.norm1(x)
        x = x + self.own(here, here)
        here = self.norm2(x)
        half = here.shape[0] // 2
        x = x + self.other(here, torch.cat((here[half:], here[:half])))
        mixed: Tensor = x + self.mix(self.norm3(x))
        return mixed


class Matcher(nn.Module):
    """Flow between the keys from all pairs of cells."""

    def __init__(self, width: int = 96, blocks: int = 2) -> None:
        super().__init__()
        self.width: Final[int] = width
        self.states: Final[int] = STATE
        self.enter = nn.Sequential(conv(FEATURES, width), nn.Conv2d(width, width, 3, 1, 1))
        self.blocks = nn.ModuleList([Block(width) for _ in range(blocks)])
        self.norm = nn.LayerNorm(width)
        self.sharpness = nn.Parameter(torch.tensor(1.0))
        self.lonely = nn.Linear(width + 1, 1)
        self.state = nn.Linear(width + 1, STATE)

    def places(self, height: int, width: int, like: Tensor) -> Tensor:
        """Sines of the coordinates, (1, H * W, D)."""
        count = self.width // 4
        step = torch.arange(count, device=like.device, dtype=torch.float32) / (count - 1)
        turn = grid(height, width, like).flatten(2).unsqueeze(3) * (torch.exp(5.0 * step) / 320.0)
        return torch.cat((turn.sin(), turn.cos()), 3).transpose(1, 2).flatten(2)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Features (2N, C, h, w) of both keys to flow (2N, 2, h, w), in cells, and first state."""
        height, width = features.shape[2], features.shape[3]
        x = self.enter(features).flatten(2).transpose(1, 2)
        x = x + 0.5 * self.places(height, width, features).to(x.dtype)
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        half = x.shape[0] // 2
        other = torch.cat((x[half:], x[:half]))
        likeness = torch.matmul(x, other.transpose(1, 2)).float() * (torch.exp(self.sharpness) / math.sqrt(self.width))
        share = torch.softmax(likeness, 2)
        cells = grid(height, width, features).flatten(2).transpose(1, 2)
        flow = torch.matmul(share, cells.expand(share.shape[0], -1, -1)) - cells
        # Cells without a partner take the flow of cells that look alike and have one (GMFlow, section 3.3).
        sure = share.amax(2, keepdim=True)
        alike = torch.matmul(x, x.transpose(1, 2)).float() / math.sqrt(self.width)
        spread = torch.matmul(torch.softmax(alike + torch.log(sure + 1e-3).transpose(1, 2), 2), flow)
        known = torch.cat((x.float(), sure), 2)
        flow = flow + torch.sigmoid(self.lonely(known).float() - 1) * (spread - flow)
        state = self.state(known).transpose(1, 2).reshape(-1, self.states, height, width)
        return flow.transpose(1, 2).reshape(-1, 2, height, width), state


class Refiner(nn.Module):
    """A small U of convolutions: detail at the level's cells, surroundings at half of that."""

    def __init__(self, inputs: int, width: int = WIDTH, deep: int = 80) -> None:
        super().__init__()
        self.enter = nn.Sequential(conv(inputs, width, 1, 1), conv(width, width))
        self.down = nn.Sequential(conv(width, deep, 2), conv(deep, deep))
        self.merge = nn.Sequential(conv(width + deep, width, 1, 1), conv(width, width))

    def forward(self, x: Tensor) -> Tensor:
        x = self.enter(x)
        deep = resized(self.down(x).float(), x.shape[2], x.shape[3])
        merged: Tensor = self.merge(torch.cat((x, deep.to(x.dtype)), 1))
        return merged


class Step(nn.Module):
    """One level's correction of the flow between the keys."""

    def __init__(self) -> None:
        super().__init__()
        self.features: Final[int] = FEATURES
        self.glance: Final[int] = 16  # channels by which the candidate is judged
        self.extra: Final[int] = 1 + MESSAGE
        self.plain: Final[int] = PLAIN
        self.trust: Final[float] = TRUST
        self.compared = nn.Conv2d(FEATURES, 24, 1)
        self.refiner = Refiner(2 * FEATURES + (2 * REACH + 1) ** 2 + 9 + STATE)
        self.head = nn.Conv2d(WIDTH, 3 + 1 + MESSAGE + STATE, 1)
        begin(self.head, {2: 2.0})  # by trusting the candidate

    def forward(
        self, features: Tensor, flow: Tensor, state: Tensor, candidate: Tensor, offered: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """All (2N, ., h, w), both directions stacked; `offered` (2N, 1, 1, 1) is 1 where `candidate` is to be used.

        Returns flow, importance with message, and state.
        """
        half, count = features.shape[0] // 2, self.features
        other = torch.cat((features[half:], features[:half]))
        back = torch.cat((flow[half:], flow[:half]))
        gap = (candidate - flow) * offered
        # Positions are fetched at without a gradient (as in RAFT): through many levels it would grow without bound.
        at = flow.detach()
        fetched = warped(torch.cat((other.float(), back.detach()), 1), at)
        partner, loop = fetched[:, :count], fetched[:, count:] + at
        offer = warped(other[:, : self.glance], at + gap.detach())
        wrong = (features - partner).abs().mean(1, keepdim=True)
        wrong_offer = (features[:, : self.glance] - offer).abs().mean(1, keepdim=True)
        near = correlation(self.compared(features), self.compared(partner.to(features.dtype)))
        offered = offered.expand(-1, -1, flow.shape[2], flow.shape[3])
        small = torch.cat((at / 8, gap.detach(), loop, wrong, wrong_offer, offered), 1)
        out = self.head(self.refiner(torch.cat((features.float(), partner, near.float(), small, state.float()), 1)))
        out = out.float()
        better = apart(features, partner) - apart(features, offer)
        flow = flow + out[:, :2] + torch.sigmoid(out[:, 2:3] + self.trust * better) * gap
        importance = out[:, 3:4] - self.doubt(features, flow.detach())
        extra = torch.cat((importance, out[:, 4 : 3 + self.extra]), 1)
        return flow, extra, out[:, 3 + self.extra :]

    def doubt(self, features: Tensor, flow: Tensor) -> Tensor:
        """How far a flow is from leading back to where it came from, and from bringing like to like."""
        half = flow.shape[0] // 2
        back, other = torch.cat((flow[half:], flow[:half])), torch.cat((features[half:], features[:half]))
        fetched = warped(torch.cat((back, other[:, : self.plain].float()), 1), flow)
        loop = (flow + fetched[:, :2]).square().sum(1, keepdim=True).sqrt()
        return loop.clamp(max=4.0) + 0.25 * self.trust * apart(features, fetched[:, 2:])


class Between(nn.Module):
    """One level's backward flows to both keys at time t, and the mask."""

    def __init__(self) -> None:
        super().__init__()
        self.plain: Final[int] = PLAIN
        self.trust: Final[float] = TRUST
        self.refiner = Refiner(2 * FEATURES + 16 + 2 * MESSAGE + 5 + STATE)
        self.head = nn.Conv2d(WIDTH, 4 + 4 + 1 + STATE, 1)
        self.fine = nn.Conv2d(WIDTH, 9 * CELL**2 + CELL**2, 1)
        begin(self.head, {4: 2.0})  # by trusting what was splatted from both keys
        begin(self.fine, dict(enumerate(bilinear_logits().tolist())))

    def forward(
        self, prepared: Prepared, t: Tensor, above: Tensor, state: Tensor, known: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """`above` (N, 5, h, w): flows to start and end, and mask logit, from the coarser level; t (N, 1, 1, 1).

        `known` (1, 1, 1, 1) is 0 on the coarsest level, where `above` says nothing, else 1. Returns the same for this
        level, its state, and what `fine` makes pixels of.
        """
        features, flow, extra = prepared
        half = features.shape[0] // 2
        height, width = features.shape[2], features.shape[3]
        ahead = torch.cat((flow[:half] * t, flow[half:] * (1 - t)))
        load = torch.cat((flow, extra[:, 1:]), 1)
        landed, mass, count = splatted(load, ahead.detach(), extra[:, :1].clamp(-6.0, 6.0))
        a, b = landed[:half], landed[half:]
        from_start = torch.cat((-t * a[:, :2], (1 - t) * a[:, :2]), 1)
        from_end = torch.cat((t * b[:, :2], -(1 - t) * b[:, :2]), 1)
        mass_start, mass_end = mass[:half] * (1 - t), mass[half:] * t
        both = (mass_start * from_start + mass_end * from_end) / (mass_start + mass_end + 1e-6)
        covered = torch.clamp(count[:half] + count[half:], 0.0, 1.0)
        up = known * above[:, :4] + (1 - known) * both
        first = covered * both + (1 - covered) * up
        here = first.detach()
        w0, w1 = warped(features[:half], here[:, :2]), warped(features[half:], here[:, 2:])
        share = mass_start / (mass_start + mass_end + 1e-6)
        plain = torch.cat((count[:half].clamp(0.0, 2.0), count[half:].clamp(0.0, 2.0), share, above[:, 4:]), 1)
        time = t.expand(-1, 1, height, width)
        others = torch.cat((from_start - first, from_end - first, up - first), 1).detach()
        x = torch.cat((w0, w1, here / 8, others), 1)
        x = torch.cat((x, a[:, 2:], b[:, 2:], plain, time, state.float()), 1)
        hidden = self.refiner(x)
        out = self.head(hidden).float()
        ways = (first, from_start, from_end, up)
        landed_there = (covered, count[:half].clamp(max=1.0), count[half:].clamp(max=1.0), torch.ones_like(covered))
        unlike = torch.cat((apart(w0, w1), self.unlike(features[:, : self.plain].float(), ways[1:])), 1)
        liking = torch.exp((out[:, 4:8] - self.trust * unlike + 4 * torch.cat(landed_there, 1)).clamp(-30.0, 30.0))
        chosen = torch.zeros_like(first)
        for index, way in enumerate(ways):
            chosen = chosen + liking[:, index : index + 1] * way
        flows = out[:, :4] + chosen / liking.sum(1, keepdim=True)
        # Where one key alone has the pixel, less lands from the other, and that in doubt.
        alone = torch.log((mass[:half] + 0.05) / (mass[half:] + 0.05))
        return torch.cat((flows, alone + out[:, 8:9]), 1), out[:, 9:], hidden

    def unlike(self, pictures: Tensor, ways: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """How different what each way brings together is, (N, 3, h, w)."""
        half = pictures.shape[0] // 2
        stacked = torch.cat(ways).detach()
        start, end = pictures[:half].repeat(3, 1, 1, 1), pictures[half:].repeat(3, 1, 1, 1)
        wrong = apart(warped(start, stacked[:, :2]), warped(end, stacked[:, 2:]))
        return torch.cat(torch.split(wrong, half), 1)
