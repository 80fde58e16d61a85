"""The exported graph of a model that is given pictures."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from hearfelt.features.picture import PictureConfig


class PictureGraph(nn.Module):
    """Pictures (batch, height, width, channels) uint8 to logits and probabilities, around what does it for rows.

    Attributes:
        inner: takes (batch, values) float32 and lengths (batch,).
        config: size of the pictures.
    """

    def __init__(self, inner: nn.Module, config: PictureConfig) -> None:
        super().__init__()
        self.inner, self.config = inner, config

    def forward(self, picture: Tensor) -> Any:
        """See the class."""
        values = picture.flatten(1).float()
        # of the batch's length without asking for it, which tracing would make a constant
        lengths = torch.zeros_like(values[:, 0]).long() + self.config.values
        return self.inner(values, lengths)

    def example_inputs(self) -> tuple[Tensor]:
        """Two pictures to trace with."""
        shape = (2, self.config.height, self.config.width, self.config.channels)
        return ((torch.arange(2 * self.config.values) % 256).to(torch.uint8).reshape(shape),)
