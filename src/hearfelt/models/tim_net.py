"""TIM-Net: temporal-aware blocks in both directions (Ye et al. 2023, ICASSP, arXiv 2211.08233), meant for 39 MFCC.

Each block gates what it is given with two causal, dilated convolutions; every block's mean over time is a view of the
recording at another scale, and a learnt weighted sum of the views is what is classified.

What differs from the paper: rows keep their own length (the paper pads or cuts the middle of all to one); the learnt
sum begins as a plain sum instead of near zero, which learns sooner; convolutions before a batch norm have no bias of
their own, which changes nothing; running statistics follow ten times faster, as trainings here have fewer steps.
"""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from hearfelt.models._layers import length_mask
from hearfelt.models._masked import MaskedBatchNorm, backwards, rearrange
from hearfelt.models._registry import ModelConfig, register_model


class TimNetConfig(ModelConfig):
    """Options of `TimNet`; the defaults are the paper's.

    Attributes:
        filters: of each direction.
        kernel_size: frames that a convolution weighs.
        blocks: their dilations are 1, 2, 4 and so on; 8 blocks hear 511 frames.
        dropout: of whole filters, in both convolutions of a block.
    """

    filters: int = Field(default=39, ge=1)
    kernel_size: int = Field(default=2, ge=2, le=15)
    blocks: int = Field(default=8, ge=1, le=12)
    dropout: float = Field(default=0.1, ge=0, lt=1)


class _TemporalAwareBlock(nn.Module):
    """Two causal convolutions decide how much of each filter passes; both directions at once, as two groups."""

    def __init__(self, filters: int, kernel_size: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.past = (kernel_size - 1) * dilation
        self.convolutions = nn.ModuleList(
            nn.Conv1d(2 * filters, 2 * filters, kernel_size, dilation=dilation, groups=2, bias=False)
            for _ in range(2)
        )
        # Keras' epsilon
        self.norms = nn.ModuleList(MaskedBatchNorm(2 * filters, eps=1e-3) for _ in range(2))
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout1d(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        gate = x
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            gate = self.dropout(self.relu(norm(convolution(F.pad(gate, (self.past, 0))), mask)))
        return x * torch.sigmoid(gate)


class TimNet(nn.Module):
    """Features (batch, bands, frames) and frame lengths (batch,) to logits (batch, class_count)."""

    def __init__(self, class_count: int, bands: int, config: TimNetConfig) -> None:
        super().__init__()
        self.filters = config.filters
        self.enter = nn.Conv1d(2 * bands, 2 * config.filters, 1, groups=2)
        self.blocks = nn.ModuleList(
            _TemporalAwareBlock(config.filters, config.kernel_size, 2**number, config.dropout)
            for number in range(config.blocks)
        )
        self.scales = nn.Parameter(torch.ones(config.blocks))
        self.output = nn.Linear(config.filters, class_count)

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """See the class."""
        mask = length_mask(lengths, features.shape[2])
        frames = mask.sum(1, keepdim=True)
        views = [(x.float() * mask[:, None]).sum(2) / frames for x in self.responses(features, lengths)]
        stacked = torch.stack(views, dim=1)
        both = stacked[:, :, : self.filters] + stacked[:, :, self.filters :]
        return self.output((both * self.scales[:, None]).sum(1))  # type: ignore[no-any-return]

    def responses(self, features: Tensor, lengths: Tensor) -> list[Tensor]:
        """What each block gives, (batch, 2 * filters, frames): from the beginning, then from the end of each row.

        The second half hears the row turned round, so its frame 0 is the row's last.
        """
        mask = length_mask(lengths, features.shape[2])
        features = features * mask[:, None].to(features.dtype)
        turned = rearrange(features, backwards(lengths, features.shape[2]))
        x = self.enter(torch.cat([features, turned], dim=1))
        given = []
        for block in self.blocks:
            x = block(x, mask)
            given.append(x)
        return given


@register_model("tim_net", TimNetConfig)
def tim_net(class_count: int, mel_count: int, config: TimNetConfig) -> nn.Module:
    """TIM-Net (Ye et al. 2023): gated causal convolutions in both directions, eight scales; 0.1 M weights, for MFCC."""
    return TimNet(class_count, mel_count, config)
