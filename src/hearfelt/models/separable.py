"""The separable three-layer network of the third founding project, a student project that defined it and never ran it.

A separable convolution filters each channel alone and then mixes channels place by place (Chollet 2017), at a fraction
of the weights.
"""

from __future__ import annotations

from pydantic import Field, PositiveInt
from torch import nn

from hearfelt.models._registry import ModelConfig, register_model
from hearfelt.models._stages import Pooling, Stage, StagedNetwork, dense_layers


class SeparableConfig(ModelConfig):
    """Options of the separable network; the defaults are the project's.

    Attributes:
        input_channels: pictures that are stacked on the band axis; 1 for a spectrogram, 3 for a coloured picture.
        widths: channels of the three convolutions.
        kernel: side of the convolutions.
        strides: steps of the convolutions.
        dense: widths of the dense layers.
        dropout: after each max pooling.
        pooling: flatten, as the project; or mean or attention over the frames of a clip of any length, each band by
            itself.
        size: bands and frames that clips are resized to for flatten.
    """

    input_channels: int = Field(default=1, ge=1)
    widths: tuple[PositiveInt, PositiveInt, PositiveInt] = (32, 54, 128)
    kernel: int = Field(default=3, ge=1)
    strides: tuple[PositiveInt, PositiveInt, PositiveInt] = (1, 1, 2)
    dense: tuple[PositiveInt, ...] = (256,)
    dropout: float = Field(default=0.25, ge=0, lt=1)
    pooling: Pooling = "flatten"
    size: tuple[PositiveInt, PositiveInt] = (77, 77)


def _separable(inputs: int, outputs: int, kernel: int, stride: int) -> nn.Sequential:
    """As Keras' SeparableConv2D without padding: the filters have no bias, the mixing has one."""
    filters = nn.Conv2d(inputs, inputs, kernel, stride=stride, groups=inputs, bias=False)
    return nn.Sequential(filters, nn.Conv2d(inputs, outputs, 1))


@register_model("separable", SeparableConfig)
def separable(class_count: int, mel_count: int, config: SeparableConfig) -> nn.Module:
    """Three separable convolutions (32-54-128) with dropout and dense 256 on 77 x 77; 0.54 M weights."""
    inputs = (config.input_channels, *config.widths)
    return StagedNetwork(
        [
            Stage(_separable(before, after, config.kernel, stride), pool=2, dropout=config.dropout)
            for before, after, stride in zip(inputs, config.widths, config.strides, strict=False)
        ],
        lambda count: dense_layers(count, class_count, config.dense),
        mel_count=mel_count,
        input_channels=config.input_channels,
        pooling=config.pooling,
        size=config.size,
    )
