"""The adapted multi-branch network of the third founding project, a student project that trained on pictures.

Three convolutions look at the same 77 x 77 picture with windows of three sizes; their maxima over squares of 15 x 15
are joined. Its dense layers have an L2 penalty of their own, which ``training.weight_decay`` cannot express, as that is
one for all layers: the model adds its gradient (`hearfelt.models._layers.PenalizedLinear`). To train as the project
did, set ``training.weight_decay: 0`` beside it.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PositiveInt, model_validator
from torch import nn

from hearfelt.models._layers import PenalizedLinear
from hearfelt.models._registry import ModelConfig, register_model
from hearfelt.models._stages import Branches, Pooling, SameConv2d, Stage, StagedNetwork

_Dropout = Annotated[float, Field(ge=0, lt=1)]


class MultiBranchConfig(ModelConfig):
    """Options of the multi-branch network; the defaults are the project's.

    Attributes:
        input_channels: pictures that are stacked on the band axis; 1 for a spectrogram, 3 for a coloured picture.
        widths: channels of the branches.
        kernels: sides of the branches' convolutions; odd.
        pool: side of the squares whose maximum is taken.
        dense: widths of the two dense layers.
        dropout: after each dense layer; the project's augmented and weighted variant had 0.35 after both.
        penalty: of the L2 norm of the dense layers' weights.
        pooling: flatten, as the project; or mean or attention over the frames of a clip of any length, each band by
            itself.
        size: bands and frames that clips are resized to for flatten; the project's augmented variants had 128 x 128.
    """

    input_channels: int = Field(default=1, ge=1)
    widths: tuple[PositiveInt, PositiveInt, PositiveInt] = (64, 120, 200)
    kernels: tuple[PositiveInt, PositiveInt, PositiveInt] = (9, 7, 3)
    pool: int = Field(default=15, ge=1)
    dense: tuple[PositiveInt, PositiveInt] = (256, 512)
    dropout: tuple[_Dropout, _Dropout] = (0.25, 0.0)
    penalty: float = Field(default=0.001, ge=0)
    pooling: Pooling = "flatten"
    size: tuple[PositiveInt, PositiveInt] = (77, 77)

    @model_validator(mode="after")
    def _check(self) -> MultiBranchConfig:
        if any(kernel % 2 == 0 for kernel in self.kernels):
            raise ValueError(f"kernels {self.kernels} must be odd, so that the branches stay of one size")
        return self


@register_model("multi_branch", MultiBranchConfig)
def multi_branch(class_count: int, mel_count: int, config: MultiBranchConfig) -> nn.Module:
    """Parallel convolutions 9 x 9, 7 x 7 and 3 x 3, joined, and dense 256, 512 on 77 x 77; 2.6 M weights."""

    def dense(inputs: int) -> nn.Module:
        first, second = config.dense
        return nn.Sequential(
            PenalizedLinear(inputs, first, config.penalty),
            nn.ReLU(),
            nn.Dropout(config.dropout[0]),
            PenalizedLinear(first, second, config.penalty),
            nn.ReLU(),
            nn.Dropout(config.dropout[1]),
            nn.Linear(second, class_count),
        )

    branches = [
        Stage(SameConv2d(config.input_channels, width, kernel), pool=config.pool)
        for width, kernel in zip(config.widths, config.kernels, strict=True)
    ]
    return StagedNetwork(
        [Branches(branches)],
        dense,
        mel_count=mel_count,
        input_channels=config.input_channels,
        pooling=config.pooling,
        size=config.size,
    )
