"""The motion network: where every pixel of the frame at time t comes from in both keys, and which key it shows.

It paints nothing. Both keys are pyramids of halved pictures; features are taken at a quarter of each level. On the
coarsest level every cell is matched with every cell of the other key (softmax over all pairs with self- and
cross-attention, after GMFlow, Xu et al., CVPR 2022), because flat shapes have no texture to follow and only their
surroundings tell them apart. From there up one refinement, the same weights on every level (after UPR-Net, Jin et al.,
CVPR 2023), corrects the flow between the keys by local correlation; a larger frame is simply more levels. It may be
offered a flow found by other means (`candidate`) and takes it where it explains the keys better.

For a time t the flows are splatted forward (Niklaus and Liu, CVPR 2020), and a second shared refinement turns them,
again from coarse to fine, into backward flows to both keys and a mask, brought to full size by convex combination of
neighbours (RAFT, Teed and Deng, ECCV 2020), which keeps edges of motion sharp.

Everything until `at` is independent of t. Scriptable, and the script loads in torch 1.13, which hosts have: no
functional interpolation, no fused attention, no global constants in functions. Flows and coordinates stay float32
under autocast.
"""

from typing import Final

import torch
from torch import Tensor, nn

from inbetween.models.motion.modules import Between, Encoder, Matcher, Prepared, Step
from inbetween.models.motion.operations import enlarged, resized, warped
from inbetween.models.motion.sizes import STATE, level_count


class MotionNet(nn.Module):
    """The whole. Pictures are float32 (N, 4, H, W), premultiplied, both sides multiples of `CELL * 2^(levels - 1)`."""

    def __init__(self) -> None:
        super().__init__()
        self.states: Final[int] = STATE
        self.encoder, self.matcher, self.step, self.between = Encoder(), Matcher(), Step(), Between()

    def prepare(self, start: Tensor, end: Tensor, candidate: Tensor, offered: Tensor) -> list[Prepared]:
        """Everything that does not depend on t, coarsest level first.

        `candidate` (2N, 2, H / 4, W / 4), in cells: flow from start to end, then from end to start, of which
        `offered` (2N, 1, 1, 1) says by 1 or 0 whether it may be used.
        """
        pictures, offers = self.pyramid(start, end, candidate)
        flow, state = self.matcher(self.encoder(pictures[0]))
        return self.climbed(pictures, offers, flow, state, offered)

    def pyramid(self, start: Tensor, end: Tensor, candidate: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Both keys and the candidate of every level, coarsest first."""
        pictures, offers = [torch.cat((start, end))], [candidate]
        for _ in range(level_count(start.shape[2], start.shape[3]) - 1):
            pictures.insert(0, nn.functional.avg_pool2d(pictures[0], [2, 2]))
            offers.insert(0, offers[0][:, :, ::2, ::2] / 2)  # a mean would mix the motions of two things
        return pictures, offers

    def climbed(
        self, pictures: list[Tensor], offers: list[Tensor], flow: Tensor, state: Tensor, offered: Tensor
    ) -> list[Prepared]:
        """Every level prepared, from the matcher's flow and state up."""
        result: list[Prepared] = []
        for picture, offer in zip(pictures, offers):  # noqa: B905 - scripts know no `strict`
            level, state = self.refined(picture, flow, state, offer, offered)
            flow = level[1]
            result.append(level)
        return result

    def refined(
        self, pictures: Tensor, flow: Tensor, state: Tensor, candidate: Tensor, offered: Tensor
    ) -> tuple[Prepared, Tensor]:
        """One level prepared, and its state; flow and state are those of the coarser level, or the matcher's."""
        features = self.encoder(pictures)
        height, width = features.shape[2], features.shape[3]
        flow = resized(flow, height, width) * (width / flow.shape[3])
        flow, extra, state = self.step(features, flow, resized(state.float(), height, width), candidate, offered)
        return (features, flow, extra), state

    def at(self, prepared: list[Prepared], t: Tensor) -> tuple[list[Tensor], Tensor]:
        """Per level, coarsest first, the cells' flows and mask logit at time t (N, 1, 1, 1); and the last by pixel.

        By pixel, (N, 5, H, W): x and y of the flow to the start, of the flow to the end, and the logit of the share
        of the start, to which log((1 - t) / t) is still to be added.
        """
        cells: list[Tensor] = []
        height, width = prepared[0][0].shape[2], prepared[0][0].shape[3]
        above = torch.zeros(t.shape[0], 5, height, width, device=t.device)
        state = torch.zeros(t.shape[0], self.states, height, width, device=t.device)
        known, hidden = torch.zeros(1, 1, 1, 1, device=t.device), t
        for level in prepared:
            above, state, hidden = self.drawn(level, t, above, state, known)
            known = torch.ones_like(known)
            cells.append(above)
        return cells, enlarged(above, self.between.fine(hidden).float())

    def drawn(
        self, level: Prepared, t: Tensor, above: Tensor, state: Tensor, known: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """One level at time t (`Between`); `above` and `state` are those of the coarser level."""
        height, width = level[0].shape[2], level[0].shape[3]
        scale = width / above.shape[3]
        above = resized(above, height, width)
        above = torch.cat((scale * above[:, :4], above[:, 4:]), 1)
        drawn: tuple[Tensor, Tensor, Tensor] = self.between(level, t, above, resized(state, height, width), known)
        return drawn

    def forward(self, start: Tensor, end: Tensor, t: Tensor, candidate: Tensor, offered: Tensor) -> Tensor:
        """The frame at time t, (N, 4, H, W)."""
        return blended(start, end, self.at(self.prepare(start, end, candidate, offered), t)[1], t)


def share_of_start(motion: Tensor, t: Tensor) -> Tensor:
    """The mask, (N, 1, H, W), 0 to 1: at even odds, which are 0 as the network has them, it is 1 - t."""
    return torch.sigmoid(motion[:, 4:] + torch.log((1 - t) / t))


def blended(start: Tensor, end: Tensor, motion: Tensor, t: Tensor) -> Tensor:
    """Both keys moved to time t and mixed by the mask."""
    share = share_of_start(motion, t)
    return share * warped(start, motion[:, :2]) + (1 - share) * warped(end, motion[:, 2:4])
