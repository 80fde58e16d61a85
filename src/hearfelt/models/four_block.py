"""The four-block convolutional network of the second founding project, on spectrograms of one size."""

from __future__ import annotations

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn

from hearfelt.models._layers import Resize, bands_of
from hearfelt.models._registry import ModelConfig, register_model


class FourBlockConfig(ModelConfig):
    """Options of `FourBlock`; the defaults are the project's.

    Attributes:
        bands: height that spectrograms are resized to.
        frames: width that spectrograms are resized to.
        channels: of the four convolutions.
        input_channels: pictures that are stacked on the band axis; 1 for a spectrogram, 3 for a coloured picture.
        dense: widths of the dense layers.
        dropout: after each dense layer.
    """

    bands: int = Field(default=128, ge=46)
    frames: int = Field(default=128, ge=46)
    channels: tuple[PositiveInt, PositiveInt, PositiveInt, PositiveInt] = (32, 64, 128, 256)
    input_channels: int = Field(default=1, ge=1)
    dense: tuple[PositiveInt, ...] = (512, 256)
    dropout: float = Field(default=0.5, ge=0, lt=1)


class FourBlock(nn.Module):
    """Log-mel (batch, mel_count, frames) and frame lengths (batch,) to logits (batch, class_count).

    Four times convolution 3 x 3 without padding, ReLU, batch norm, max pooling by two; then dense layers with dropout.
    """

    def __init__(self, class_count: int, config: FourBlockConfig) -> None:
        super().__init__()
        self.resize = Resize(config.bands, config.frames, config.input_channels)
        blocks: list[nn.Module] = []
        inputs, height, width = config.input_channels, config.bands, config.frames
        for outputs in config.channels:
            # Keras' batch norm constants: momentum 0.99 and epsilon 1e-3
            norm = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01)
            blocks += [nn.Conv2d(inputs, outputs, 3), nn.ReLU(), norm, nn.MaxPool2d(2)]
            inputs, height, width = outputs, (height - 2) // 2, (width - 2) // 2
        self.blocks = nn.Sequential(*blocks)
        layers: list[nn.Module] = []
        features = inputs * height * width
        for units in config.dense:
            layers += [nn.Linear(features, units), nn.ReLU(), nn.Dropout(config.dropout)]
            features = units
        self.dense = nn.Sequential(*layers, nn.Linear(features, class_count))

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """See the class."""
        picture = self.resize(features, lengths)
        return self.dense(torch.flatten(self.blocks(picture), 1))  # type: ignore[no-any-return]


@register_model("four_block", FourBlockConfig)
def four_block(class_count: int, mel_count: int, config: FourBlockConfig) -> nn.Module:
    """Four convolution blocks (32-64-128-256) and dense 512, 256 on 128 x 128; 5.2 M weights, resizes every clip."""
    bands_of(mel_count, config.input_channels)  # any number of bands is resized
    return FourBlock(class_count, config)
