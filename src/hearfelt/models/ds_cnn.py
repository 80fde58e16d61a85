"""The deep-stride network of the third founding project, a student project that defined it and never ran it.

After the deep stride CNN of Mustaqeem and Kwon (2020), which reduces by the steps of its convolutions; the project put
max pooling between them as well, but for the last.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PositiveInt
from torch import nn

from hearfelt.models._registry import ModelConfig, register_model
from hearfelt.models._stages import Pooling, SameConv2d, Stage, StagedNetwork, dense_layers

_Dropout = Annotated[float, Field(ge=0, lt=1)]

#: (side, step, side of max pooling) of the five convolutions.
_LAYERS = ((11, 2, 2), (7, 2, 2), (5, 1, 2), (5, 1, 2), (5, 2, 1))


class DsCnnConfig(ModelConfig):
    """Options of the deep-stride network; the defaults are the project's.

    Attributes:
        input_channels: pictures that are stacked on the band axis; 1 for a spectrogram, 3 for a coloured picture.
        widths: channels of the five convolutions.
        dense: widths of the two dense layers.
        dropout: after each dense layer.
        pooling: flatten, as the project; or mean or attention over the frames of a clip of any length, each band by
            itself.
        size: bands and frames that clips are resized to for flatten.
    """

    input_channels: int = Field(default=1, ge=1)
    widths: tuple[PositiveInt, PositiveInt, PositiveInt, PositiveInt, PositiveInt] = (32, 64, 128, 128, 256)
    dense: tuple[PositiveInt, PositiveInt] = (512, 1024)
    dropout: tuple[_Dropout, _Dropout] = (0.5, 0.5)
    pooling: Pooling = "flatten"
    size: tuple[PositiveInt, PositiveInt] = (77, 77)


@register_model("ds_cnn", DsCnnConfig)
def ds_cnn(class_count: int, mel_count: int, config: DsCnnConfig) -> nn.Module:
    """Five convolutions 11 x 11 to 5 x 5 with strides and dense 512, 1024 on 77 x 77; 2.2 M weights."""
    inputs = (config.input_channels, *config.widths)
    return StagedNetwork(
        [
            Stage(SameConv2d(before, after, kernel, stride=stride), pool=pool)
            for before, after, (kernel, stride, pool) in zip(inputs, config.widths, _LAYERS, strict=False)
        ],
        lambda count: dense_layers(count, class_count, config.dense, config.dropout),
        mel_count=mel_count,
        input_channels=config.input_channels,
        pooling=config.pooling,
        size=config.size,
    )
