"""LIGHT-SERNET: three parallel branches over time, frequency and both (Aftab et al. 2022, ICASSP, arXiv 2110.03435).

Made for 40 MFCC at 64 ms windows and 16 ms hops, from 128 bands between 80 and 7600 Hz.

What differs from the paper: rows keep their own length, and neither batch norm nor pooling sees what pads them; running
statistics follow ten times faster, as trainings here have fewer steps; the weights' L2 of 1e-6 is left to the recipe.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from hearfelt.models._layers import bands_of, length_mask, unstack
from hearfelt.models._masked import MaskedBatchNorm, average_pool
from hearfelt.models._registry import ModelConfig, register_model

#: Bands and frames of the branches' filters: time alone, frequency alone, both.
_BRANCHES = ((1, 11), (9, 1), (3, 3))
#: By which the pooling after each convolution divides bands and frames; none after the last.
_POOLS = ((2, 2), (2, 2), (1, 2), (1, 2))


class LightSernetConfig(ModelConfig):
    """Options of `LightSernet`; the defaults are the paper's.

    Attributes:
        input_channels: pictures that are stacked on the band axis; 1 for a spectrogram, 3 for a coloured picture.
        branch_channels: of each of the three branches.
        channels: of the four 3 x 3 convolutions and the last, which is 1 x 1.
        dropout: before the output.
    """

    input_channels: int = Field(default=1, ge=1)
    branch_channels: int = Field(default=32, ge=1)
    channels: tuple[PositiveInt, PositiveInt, PositiveInt, PositiveInt, PositiveInt] = (64, 96, 128, 160, 320)
    dropout: float = Field(default=0.3, ge=0, lt=1)


class LightSernet(nn.Module):
    """Features (batch, bands, frames) and frame lengths (batch,) to logits (batch, class_count)."""

    def __init__(self, class_count: int, config: LightSernetConfig) -> None:
        super().__init__()
        self.input_channels = config.input_channels
        first = config.branch_channels
        self.branches = nn.ModuleList(
            nn.Conv2d(config.input_channels, first, size, padding=(size[0] // 2, size[1] // 2))
            for size in _BRANCHES
        )
        widths = (3 * first, *config.channels)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, size, padding=size // 2, bias=False)
            for (before, after), size in zip(pairwise(widths), (3, 3, 3, 3, 1), strict=True)
        )
        # Keras' epsilon
        self.norms = nn.ModuleList(MaskedBatchNorm(width, eps=1e-3) for width in widths)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(widths[-1], class_count)

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """See the class."""
        frames = length_mask(lengths, features.shape[2])
        x = unstack(features, self.input_channels)
        mask = frames[:, None, None].expand(-1, 1, x.shape[2], -1)
        x = x * mask.to(features.dtype)
        # The branches share one norm: its statistics are by channel, so this is one norm each.
        x = self.relu(self.norms[0](torch.cat([branch(x) for branch in self.branches], dim=1), frames))
        x, mask = _pool(x, mask, 2, 2)
        for number, convolution in enumerate(self.convolutions):
            x = self.relu(self.norms[number + 1](convolution(x), mask[:, 0, 0]))
            if number < len(_POOLS):
                x, mask = _pool(x, mask, *_POOLS[number])
        mean = x.float().sum((2, 3)) / (mask[:, 0, 0].sum(1, keepdim=True) * x.shape[2])
        return self.output(self.dropout(mean))  # type: ignore[no-any-return]


def _pool(x: Tensor, mask: Tensor, bands: int, frames: int) -> tuple[Tensor, Tensor]:
    """Pooled cells, and which of them stand for any valid one."""
    pooled = average_pool(x, mask, bands, frames)
    space = (0, -mask.shape[3] % frames, 0, -mask.shape[2] % bands)
    return pooled, F.max_pool2d(F.pad(mask, space), (bands, frames))


@register_model("light_sernet", LightSernetConfig)
def light_sernet(class_count: int, mel_count: int, config: LightSernetConfig) -> nn.Module:
    """LIGHT-SERNET (Aftab et al. 2022): branches over time, frequency and both; 0.46 M weights, for MFCC."""
    bands_of(mel_count, config.input_channels)  # convolutions and a mean take any number of bands
    return LightSernet(class_count, config)
