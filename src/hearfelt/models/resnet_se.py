"""ResNet-SE: residual convolutions over time with squeeze-excitation, on 64 log-mel bands.

The strongest of the four networks of a study of how much random splits flatter (DeerNeverStop/SER-reproducibility on
GitHub, `ResNet1DSE`, its configuration 2), from ResNet (He et al. 2016) and squeeze-excitation (Hu et al. 2018).

What differs from the study: rows keep their own length (the study cuts or pads all to 128 frames), so that group norms,
gates and the mean see valid frames only, and an odd last frame is pooled alone instead of being dropped.
"""

from __future__ import annotations

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from hearfelt.models._layers import length_mask, strided
from hearfelt.models._masked import MaskedGroupNorm
from hearfelt.models._registry import ModelConfig, register_model


class ResnetSeConfig(ModelConfig):
    """Options of `ResnetSe`; the defaults are the study's.

    Attributes:
        width: channels; a multiple of 2.
        blocks: residual ones; frames are halved after every second but the last.
        kernel_size: frames that a convolution weighs; odd.
        max_dilation: dilations go 1, 2, 4 and begin again, and stop at this.
        reduction: by which the gates' inner layer is narrower.
        dropout: in every block and before the output.
    """

    width: int = Field(default=48, ge=2, multiple_of=2)
    blocks: int = Field(default=4, ge=1, le=16)
    kernel_size: int = Field(default=5, ge=1, le=31)
    max_dilation: int = Field(default=4, ge=1)
    reduction: int = Field(default=4, ge=1)
    dropout: float = Field(default=0.1, ge=0, lt=1)

    @model_validator(mode="after")
    def _check(self) -> ResnetSeConfig:
        if self.kernel_size % 2 == 0:
            raise ValueError(f"kernel_size {self.kernel_size} is even; an odd one has a middle")
        return self


def _groups(channels: int) -> int:
    return next(groups for groups in (8, 4, 2) if channels % groups == 0)


class _Block(nn.Module):
    """Two convolutions, a gate a channel from the mean of the valid frames, and the input beside them."""

    def __init__(self, config: ResnetSeConfig, dilation: int) -> None:
        super().__init__()
        width, groups = config.width, _groups(config.width)
        padding = dilation * (config.kernel_size // 2)
        self.conv1 = nn.Conv1d(width, width, config.kernel_size, padding=padding, dilation=dilation)
        self.norm1 = MaskedGroupNorm(width, groups)
        self.conv2 = nn.Conv1d(width, width, config.kernel_size, padding=padding, dilation=dilation)
        self.norm2 = MaskedGroupNorm(width, groups)
        hidden = max(4, width // config.reduction)
        self.gate = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width), nn.Sigmoid())
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        inner = F.gelu(self.norm1(self.conv1(x), mask))
        inner = self.norm2(self.conv2(inner), mask)
        gates = self.gate(inner.sum(2) / mask.sum(1, keepdim=True))
        return F.gelu(x + self.dropout(inner * gates[:, :, None]))


class ResnetSe(nn.Module):
    """Features (batch, bands, frames) and frame lengths (batch,) to logits (batch, class_count)."""

    def __init__(self, class_count: int, bands: int, config: ResnetSeConfig) -> None:
        super().__init__()
        self.enter = nn.Conv1d(bands, config.width, 1)
        self.norm = MaskedGroupNorm(config.width, _groups(config.width))
        self.blocks = nn.ModuleList(
            _Block(config, min(2 ** (number % 3), config.max_dilation)) for number in range(config.blocks)
        )
        self.head = nn.Sequential(
            nn.Linear(config.width, config.width),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.width, class_count),
        )

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """See the class."""
        mask = length_mask(lengths, features.shape[2])
        x = F.gelu(self.norm(self.enter(features), mask))  # zero stays zero in a GELU
        for number, block in enumerate(self.blocks):
            x = block(x, mask)
            if number % 2 == 1 and number < len(self.blocks) - 1:
                x, mask, lengths = _halve(x, mask, lengths)
        return self.head((x * mask[:, None]).sum(2) / mask.sum(1, keepdim=True))  # type: ignore[no-any-return]


def _halve(x: Tensor, mask: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Maximum of every two frames; frames beyond a row's end never are it."""
    low = torch.full_like(x[:1, :1, :1], -1e4)
    x = F.pad(torch.where(mask[:, None] > 0, x, low), (0, x.shape[2] % 2), value=-1e4)
    lengths = strided(lengths, 2)
    x = F.max_pool1d(x, 2)
    mask = length_mask(lengths, x.shape[2])
    return x * mask[:, None], mask, lengths


@register_model("resnet_se", ResnetSeConfig)
def resnet_se(class_count: int, mel_count: int, config: ResnetSeConfig) -> nn.Module:
    """ResNet-SE of a reproducibility study: residual convolutions over time with gates; 0.1 M weights, for log-mel."""
    return ResnetSe(class_count, mel_count, config)
