"""The plain three-layer network of the third founding project, a student project that trained on spectrogram pictures.

It knew colour pictures of 77 x 77 (options ``input_channels: 3``) and two settings of the widths: (64, 128, 128) with
6.65 million weights and (64, 120, 200) with 10.3 million. With pooling ``mean`` or ``attention`` it takes whole clips.
"""

from __future__ import annotations

from pydantic import Field, PositiveInt
from torch import nn

from hearfelt.models._registry import ModelConfig, register_model
from hearfelt.models._stages import Pooling, Stage, StagedNetwork, dense_layers


class ThreeLayerConfig(ModelConfig):
    """Options of the three-layer network; the defaults are the project's.

    Attributes:
        input_channels: pictures that are stacked on the band axis; 1 for a spectrogram, 3 for a coloured picture.
        widths: channels of the three convolutions.
        kernel: side of the convolutions.
        dense: widths of the dense layers.
        dropout: after each dense layer; the project had none.
        pooling: flatten, as the project; or mean or attention over the frames of a clip of any length, each band by
            itself.
        size: bands and frames that clips are resized to for flatten.
    """

    input_channels: int = Field(default=1, ge=1)
    widths: tuple[PositiveInt, PositiveInt, PositiveInt] = (64, 128, 128)
    kernel: int = Field(default=3, ge=1)
    dense: tuple[PositiveInt, ...] = (1024,)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    pooling: Pooling = "flatten"
    size: tuple[PositiveInt, PositiveInt] = (77, 77)


@register_model("three_layer", ThreeLayerConfig)
def three_layer(class_count: int, mel_count: int, config: ThreeLayerConfig) -> nn.Module:
    """Three convolutions 3 x 3 (64-128-128) with max pooling and dense 1024 on 77 x 77; 6.65 M weights."""
    inputs = (config.input_channels, *config.widths)
    return StagedNetwork(
        [
            Stage(nn.Conv2d(before, after, config.kernel), pool=2)
            for before, after in zip(inputs, config.widths, strict=False)
        ],
        lambda count: dense_layers(count, class_count, config.dense, [config.dropout] * len(config.dense)),
        mel_count=mel_count,
        input_channels=config.input_channels,
        pooling=config.pooling,
        size=config.size,
    )
