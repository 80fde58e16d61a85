"""Convolutions that find patterns, and a recurrent layer over what they found: CNN + LSTM and CNN + GRU.

After CLDNN (Sainath et al. 2015) and its descendants for emotion (Zhao et al. 2019, 2-D CNN LSTM), with attention over
time instead of the last state (`pooling` has both).
"""

from __future__ import annotations

from itertools import pairwise

from pydantic import Field, PositiveInt, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from hearfelt.models._layers import bands_of, length_mask, strided, unstack
from hearfelt.models._masked import MaskedBatchNorm
from hearfelt.models._recurrent import Cell, RecurrentHead, RecurrentOptions
from hearfelt.models._registry import register_model


class CnnRnnConfig(RecurrentOptions):
    """Options of `CnnRnn`.

    Attributes:
        input_channels: pictures that are stacked on the band axis; 1 for a spectrogram, 3 for a coloured picture.
        channels: of the convolutions; each halves the bands.
        time_pools: by which each divides the frames.
        width: of each direction's state.
        layers: recurrent ones, one above the other.
        bidirectional: hear every row from its end, too.
        pooling: of the frames: ``attention`` (one learnt vector), ``mean``, or the ``last`` state of each direction.
        dropout: between recurrent layers and before the output.
    """

    input_channels: int = Field(default=1, ge=1)
    channels: tuple[PositiveInt, ...] = Field(default=(32, 64, 64), min_length=1)
    time_pools: tuple[PositiveInt, ...] = Field(default=(2, 2, 1), min_length=1)
    layers: int = Field(default=1, ge=1, le=8)

    @model_validator(mode="after")
    def _check(self) -> CnnRnnConfig:
        if len(self.channels) != len(self.time_pools):
            raise ValueError(
                f"{len(self.channels)} channels and {len(self.time_pools)} time_pools; a convolution has one of each"
            )
        return self


class CnnRnn(nn.Module):
    """Features (batch, bands, frames) and frame lengths (batch,) to logits (batch, class_count).

    Convolution 3 x 3, batch norm, ReLU and max pooling, as often as there are `channels`; bands and channels together
    are what the recurrent layers hear.
    """

    def __init__(self, cell: Cell, class_count: int, bands: int, config: CnnRnnConfig) -> None:
        super().__init__()
        self.time_pools = config.time_pools
        self.input_channels = config.input_channels
        widths = (config.input_channels, *config.channels)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 3, padding=1, bias=False) for before, after in pairwise(widths)
        )
        self.relu = nn.ReLU()
        self.norms = nn.ModuleList(MaskedBatchNorm(channels) for channels in config.channels)
        bands = bands_of(bands, config.input_channels)
        for _ in config.channels:
            bands = -(-bands // 2)
        self.head = RecurrentHead(cell, widths[-1] * bands, class_count, config)

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """See the class."""
        mask = length_mask(lengths, features.shape[2])
        x = unstack(features, self.input_channels) * mask[:, None, None].to(features.dtype)
        for convolution, norm, pool in zip(self.convolutions, self.norms, self.time_pools, strict=True):
            x = self.relu(norm(convolution(x), mask))
            x = F.pad(x, (0, -x.shape[3] % pool, 0, x.shape[2] % 2))  # zero is the least that ReLU gives
            x, lengths = F.max_pool2d(x, (2, pool)), strided(lengths, pool)
            mask = length_mask(lengths, x.shape[3])
        return self.head(x.flatten(1, 2), lengths)  # type: ignore[no-any-return]


@register_model("cnn_lstm", CnnRnnConfig)
def cnn_lstm(class_count: int, mel_count: int, config: CnnRnnConfig) -> nn.Module:
    """Three convolutions (32-64-64) and a bidirectional LSTM of 96 with attention; 0.5 M weights, any length."""
    return CnnRnn("lstm", class_count, mel_count, config)


@register_model("cnn_gru", CnnRnnConfig)
def cnn_gru(class_count: int, mel_count: int, config: CnnRnnConfig) -> nn.Module:
    """Three convolutions (32-64-64) and a bidirectional GRU of 96 with attention; 0.4 M weights, any length."""
    return CnnRnn("gru", class_count, mel_count, config)
