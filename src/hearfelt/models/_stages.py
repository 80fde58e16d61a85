"""Convolutional networks in stages, for pictures of one size or for whole clips of any length.

The projects' networks end in ``Flatten``, so that their first dense layer fixes the size of the picture. Here the same
stages also run over whole clips, with pooling over the frames that are there: ``pooling`` chooses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hearfelt.errors import RecipeError
from hearfelt.models._layers import (
    AttentiveStatistics,
    MaskedMean,
    Resize,
    bands_of,
    length_mask,
    unstack,
)

#: ``flatten``: resized to one size, every place has weights of its own; ``mean`` and ``attention``: any length.
Pooling = Literal["flatten", "mean", "attention"]

Count = TypeVar("Count", int, Tensor)


class SameConv2d(nn.Conv2d):
    """A convolution that keeps the size (before its step), on pictures of any size.

    In training, a picture not larger than the padding is padded before, not within the convolution: oneDNN 3.12 in bf16
    leaves the gradient of weights that meet nothing but padding unwritten, so that it holds whatever was in memory.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, *, stride: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride=stride, padding=kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, inputs, bands, frames) to (batch, outputs, ...)."""
        edge = int(self.padding[0])
        if not self.training or min(x.shape[2:]) > edge:
            return super().forward(x)
        return F.conv2d(F.pad(x, [edge] * 4), self.weight, self.bias, self.stride)


class Stage(nn.Module):
    """Convolution, activation and what reduces and regularises: one stage.

    Args:
        convolution: an `nn.Conv2d`, or layers that keep the size but for the first, which is one.
        pool: side and step of max pooling; 1 is none.
        dropout: after the pooling.
        norm: batch norm after the convolution.
    """

    def __init__(
        self,
        convolution: nn.Conv2d | nn.Sequential,
        *,
        pool: int = 1,
        dropout: float = 0.0,
        norm: bool = False,
    ) -> None:
        super().__init__()
        convolutions = [layer for layer in convolution.modules() if isinstance(layer, nn.Conv2d)]
        self.outputs = convolutions[-1].out_channels
        self.kernel, self.stride = convolutions[0].kernel_size[0], convolutions[0].stride[0]
        self.padding = int(convolutions[0].padding[0])
        self.pool_size = pool
        layers: list[nn.Module] = [convolution]
        if norm:
            layers.append(nn.BatchNorm2d(self.outputs))
        layers.append(nn.ReLU())
        if pool > 1:
            layers.append(nn.MaxPool2d(pool))
        if dropout:
            layers.append(nn.Dropout(dropout))
        self.layers = nn.Sequential(*layers)

    def size(self, size: Count) -> Count:
        """Bands or frames that leave, of those that enter."""
        return ((size + 2 * self.padding - self.kernel) // self.stride + 1) // self.pool_size

    def least(self, size: int) -> int:
        """Bands or frames that must enter, so that this many leave."""
        return max((size * self.pool_size - 1) * self.stride + self.kernel - 2 * self.padding, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, bands, frames) to the same, fewer and deeper."""
        return self.layers(x)  # type: ignore[no-any-return]


class Branches(nn.Module):
    """Stages side by side, that reduce alike; their channels are joined."""

    def __init__(self, branches: Sequence[Stage]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)
        self.outputs = sum(branch.outputs for branch in branches)
        self._first = (branches[0].size, branches[0].least)

    def size(self, size: Count) -> Count:
        """See `Stage`."""
        return self._first[0](size)

    def least(self, size: int) -> int:
        """See `Stage`."""
        return self._first[1](size)

    def forward(self, x: Tensor) -> Tensor:
        """See `Stage`."""
        return torch.cat([branch(x) for branch in self.branches], dim=1)


class StagedNetwork(nn.Module):
    """Log-mel (batch, mel_count, frames) and frame lengths (batch,) to logits (batch, class_count).

    Args:
        stages: in order.
        make_dense: the layers after pooling, of the number of their inputs.
        mel_count: bands of the input; with several channels, of all of them.
        input_channels: pictures that are stacked on the band axis.
        pooling: see `Pooling`.
        size: bands and frames that every clip is resized to, for ``flatten``.
        mean_over_bands: pool over bands too, where pooling is over frames; else each band is pooled by itself.
    """

    def __init__(
        self,
        stages: Sequence[Stage | Branches],
        make_dense: Callable[[int], nn.Module],
        *,
        mel_count: int,
        input_channels: int,
        pooling: Pooling,
        size: tuple[int, int],
        mean_over_bands: bool = False,
    ) -> None:
        super().__init__()
        bands = bands_of(mel_count, input_channels)
        self.least = 1
        for stage in reversed(stages):
            self.least = stage.least(self.least)
        self.pooling, self.input_channels, self.mean_over_bands = pooling, input_channels, mean_over_bands
        channels = stages[-1].outputs
        if pooling == "flatten":
            if min(size) < self.least:
                raise RecipeError(
                    f"A picture of {size[0]} x {size[1]} is used up by the layers before their end: both sides of the "
                    f"option size must be at least {self.least}."
                )
            height, width = size
            for stage in stages:
                height, width = stage.size(height), stage.size(width)
            self.resize = Resize(*size, input_channels)
            inputs = channels * height * width
        else:
            self.missing_bands = max(0, self.least - bands)
            height = bands + self.missing_bands
            for stage in stages:
                height = stage.size(height)
            inputs = channels if mean_over_bands else channels * height
            self.pool = MaskedMean() if pooling == "mean" else AttentiveStatistics(inputs)
            inputs *= 1 if pooling == "mean" else 2
        self.stages = nn.ModuleList(stages)
        self.dense = make_dense(inputs)

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """See the class."""
        if self.pooling != "flatten":
            return self.dense(self._pooled(features, lengths))  # type: ignore[no-any-return]
        x = self.resize(features, lengths)
        for stage in self.stages:
            x = stage(x)
        return self.dense(x.flatten(1))  # type: ignore[no-any-return]

    def _pooled(self, features: Tensor, lengths: Tensor) -> Tensor:
        # A row that is too short for the layers goes on as silence, alone as in company; frames beyond a row's end
        # are zero before each stage, as the padding of its convolution is.
        missing = self.least if torch.onnx.is_in_onnx_export() else max(0, self.least - features.shape[2])
        x = F.pad(unstack(features, self.input_channels), (0, missing, 0, self.missing_bands))
        x = x * length_mask(lengths, x.shape[3])[:, None, None].to(x.dtype)
        lengths = lengths.clamp(min=self.least)
        for stage in self.stages:
            x, lengths = stage(x), stage.size(lengths)  # type: ignore[operator]
            x = x * length_mask(lengths, x.shape[3])[:, None, None].to(x.dtype)
        x = x.mean(2) if self.mean_over_bands else x.flatten(1, 2)
        return self.pool(x, length_mask(lengths, x.shape[2]))  # type: ignore[no-any-return]


def dense_layers(
    inputs: int, class_count: int, widths: Sequence[int], dropout: Sequence[float] = ()
) -> nn.Sequential:
    """Dense layers with ReLU, each followed by its dropout, then the output."""
    layers: list[nn.Module] = []
    for place, width in enumerate(widths):
        layers += [nn.Linear(inputs, width), nn.ReLU()]
        if place < len(dropout) and dropout[place]:
            layers.append(nn.Dropout(dropout[place]))
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, class_count))
