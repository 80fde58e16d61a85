"""The three- and four-layer networks of the fourth founding project, a student project on AESDD.

It trained on clips of their own length, one at a time (``training.batch_size: 1``), with a mean over all that the last
convolution gives; here rows of different length share a batch, and the mean is over each row's own frames, which gives
the same. Its other variant resized clips to 128 x 256, with batch norm and every place weighted: options
``pooling: flatten, norm: true, dropout: 0.5``.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveInt
from torch import nn

from hearfelt.models._registry import ModelConfig, register_model
from hearfelt.models._stages import Pooling, SameConv2d, Stage, StagedNetwork, dense_layers


class LengthFreeConfig(ModelConfig):
    """Options of the length-free networks; the defaults are the project's three layers.

    Attributes:
        input_channels: pictures that are stacked on the band axis; 1 for a spectrogram, 3 for a coloured picture.
        layers: 3 or 4 convolutions.
        widths: channels of the convolutions; of three layers, the first three.
        max_pools: how many of the convolutions are followed by max pooling; by default all, but the project's two of
            three layers on clips of any length.
        norm: batch norm after each convolution; not for batches of one.
        dense: widths of dense layers before the output; the project had none.
        dropout: before the output, and after each dense layer.
        pooling: mean over bands and frames, as the project's main networks; attention over frames; or flatten, as its
            resized ones.
        size: bands and frames that clips are resized to for flatten.
    """

    input_channels: int = Field(default=1, ge=1)
    layers: Literal[3, 4] = 3
    widths: tuple[PositiveInt, PositiveInt, PositiveInt, PositiveInt] = (16, 32, 64, 128)
    max_pools: int | None = Field(default=None, ge=0, le=4)
    norm: bool = False
    dense: tuple[PositiveInt, ...] = ()
    dropout: float = Field(default=0.25, ge=0, lt=1)
    pooling: Pooling = "mean"
    size: tuple[PositiveInt, PositiveInt] = (128, 256)


@register_model("length_free", LengthFreeConfig)
def length_free(class_count: int, mel_count: int, config: LengthFreeConfig) -> nn.Module:
    """Three or four convolutions 3 x 3 (16-32-64) and a mean over the clip, of any length; 24 thousand weights."""
    pools = config.max_pools
    if pools is None:
        pools = 2 if config.layers == 3 and config.pooling != "flatten" else config.layers
    widths = config.widths[: config.layers]
    inputs = (config.input_channels, *widths)
    return StagedNetwork(
        [
            Stage(SameConv2d(before, after, 3), pool=2 if place < pools else 1, norm=config.norm)
            for place, (before, after) in enumerate(zip(inputs, widths, strict=False))
        ],
        lambda count: nn.Sequential(
            nn.Dropout(config.dropout),
            *dense_layers(count, class_count, config.dense, [config.dropout] * len(config.dense)),
        ),
        mel_count=mel_count,
        input_channels=config.input_channels,
        pooling=config.pooling,
        size=config.size,
        mean_over_bands=True,
    )
