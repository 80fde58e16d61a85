"""Recurrent networks, LSTM and GRU, straight on the features: log-mel, MFCC or descriptors.

LSTM: Hochreiter and Schmidhuber 1997; GRU: Cho et al. 2014; attention over time for emotion: Mirsamadi et al. 2017.
"""

from __future__ import annotations

from pydantic import Field
from torch import Tensor, nn

from hearfelt.models._layers import length_mask
from hearfelt.models._recurrent import Cell, RecurrentHead, RecurrentOptions, stack_frames
from hearfelt.models._registry import register_model


class RecurrentConfig(RecurrentOptions):
    """Options of `RecurrentNetwork`.

    Attributes:
        stack: neighbouring frames that are joined into one step; 2 halves the steps and the time of training.
        width: of each direction's state.
        layers: one above the other.
        bidirectional: hear every row from its end, too.
        pooling: of the frames: ``attention`` (one learnt vector), ``mean``, or the ``last`` state of each direction.
        dropout: between layers and before the output.
    """

    stack: int = Field(default=2, ge=1, le=16)


class RecurrentNetwork(nn.Module):
    """Features (batch, bands, frames) and frame lengths (batch,) to logits (batch, class_count)."""

    def __init__(self, cell: Cell, class_count: int, bands: int, config: RecurrentConfig) -> None:
        super().__init__()
        self.stack = config.stack
        self.head = RecurrentHead(cell, bands * config.stack, class_count, config)

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """See the class."""
        mask = length_mask(lengths, features.shape[2])[:, None].to(features.dtype)
        return self.head(*stack_frames(features * mask, lengths, self.stack))  # type: ignore[no-any-return]


@register_model("lstm", RecurrentConfig)
def lstm(class_count: int, mel_count: int, config: RecurrentConfig) -> nn.Module:
    """Two bidirectional LSTM layers of 96 and attention pooling; 0.4 M weights, any length."""
    return RecurrentNetwork("lstm", class_count, mel_count, config)


@register_model("gru", RecurrentConfig)
def gru(class_count: int, mel_count: int, config: RecurrentConfig) -> nn.Module:
    """Two bidirectional GRU layers of 96 and attention pooling; 0.3 M weights, any length."""
    return RecurrentNetwork("gru", class_count, mel_count, config)
