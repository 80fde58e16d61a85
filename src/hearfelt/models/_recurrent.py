"""Recurrent layers for padded batches, and the options that all models with them share."""

from __future__ import annotations

from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from hearfelt.models._layers import length_mask, strided
from hearfelt.models._masked import SoftAttention, backwards, rearrange
from hearfelt.models._registry import ModelConfig

Cell = Literal["lstm", "gru"]
Pooling = Literal["attention", "mean", "last"]


class RecurrentOptions(ModelConfig):
    """Options of the recurrent part of a network.

    Attributes:
        width: of each direction's state.
        layers: one above the other.
        bidirectional: hear every row from its end, too.
        pooling: of the frames: ``attention`` (one learnt vector), ``mean``, or the ``last`` state of each direction.
        dropout: between layers and before the output.
    """

    width: int = Field(default=96, ge=1)
    layers: int = Field(default=2, ge=1, le=8)
    bidirectional: bool = True
    pooling: Pooling = "attention"
    dropout: float = Field(default=0.3, ge=0, lt=1)


class Recurrent(nn.Module):
    """Layers of LSTM or GRU over each row's own frames.

    The second direction hears every row turned round within its length, so that padding never comes before sound: no
    packing, which is 4 to 10 times slower on processors, and the same graph for every length when exported.

    Shape: x (batch, inputs, frames), lengths (batch,) -> (batch, outputs, frames); frames beyond a row's end hold
    anything.
    """

    def __init__(self, cell: Cell, inputs: int, options: RecurrentOptions) -> None:
        super().__init__()
        self.cell = cell
        self.outputs = options.width * (2 if options.bidirectional else 1)
        sizes = [inputs, *[self.outputs] * (options.layers - 1)]
        self.ahead = nn.ModuleList(make_cell(cell, size, options.width) for size in sizes)
        self.back = nn.ModuleList(
            make_cell(cell, size, options.width) for size in (sizes if options.bidirectional else [])
        )
        self.dropout = nn.Dropout(options.dropout)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """See the class."""
        # A GRU in bf16 takes twice the time of one in 32 bits on processors; an LSTM takes two thirds.
        slow = self.cell == "gru" and x.device.type == "cpu"
        with torch.autocast(x.device.type, enabled=torch.is_autocast_enabled(x.device.type) and not slow):
            x, places = x.float(), backwards(lengths, x.shape[2])
            for number, ahead in enumerate(self.ahead):
                x = self.dropout(x) if number else x
                heard = [_run(ahead, x)]
                if len(self.back):
                    heard.append(rearrange(_run(self.back[number], rearrange(x, places)), places))
                x = torch.cat(heard, dim=1)
        return x.float()


def make_cell(cell: Cell, inputs: int, width: int) -> nn.Module:
    """One layer in one direction; an LSTM begins by remembering (Jozefowicz et al. 2015)."""
    layer = (nn.LSTM if cell == "lstm" else nn.GRU)(inputs, width, batch_first=True)
    weights = dict(layer.named_parameters())
    nn.init.xavier_normal_(weights["weight_ih_l0"])
    nn.init.orthogonal_(weights["weight_hh_l0"])
    nn.init.zeros_(weights["bias_ih_l0"])
    nn.init.zeros_(weights["bias_hh_l0"])
    if cell == "lstm":
        with torch.no_grad():
            weights["bias_ih_l0"][width : 2 * width] = 1.0
    return layer


def _run(layer: Any, x: Tensor) -> Tensor:
    return layer(x.transpose(1, 2))[0].transpose(1, 2)  # type: ignore[no-any-return]


class RecurrentHead(nn.Module):
    """Recurrent layers, pooling over the valid frames, dropout and the output layer.

    Shape: x (batch, inputs, frames), lengths (batch,) -> logits (batch, class_count).
    """

    def __init__(self, cell: Cell, inputs: int, class_count: int, options: RecurrentOptions) -> None:
        super().__init__()
        self.recurrent = Recurrent(cell, inputs, options)
        self.pooling, self.width = options.pooling, options.width
        outputs = self.recurrent.outputs
        self.attention = SoftAttention(outputs) if options.pooling == "attention" else None
        self.dropout = nn.Dropout(options.dropout)
        self.output = nn.Linear(outputs, class_count)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """See the class."""
        x = self.recurrent(x, lengths)
        return self.output(self.dropout(self.pooled(x, lengths)))  # type: ignore[no-any-return]

    def pooled(self, x: Tensor, lengths: Tensor) -> Tensor:
        """(batch, outputs, frames) to (batch, outputs)."""
        mask = length_mask(lengths, x.shape[2])
        if self.attention is not None:
            return self.attention(x, mask)  # type: ignore[no-any-return]
        if self.pooling == "mean":
            return (x * mask[:, None]).sum(2) / mask.sum(1, keepdim=True)
        last = (lengths - 1).clamp(min=0)[:, None, None].expand(-1, self.width, 1)
        ends = x[:, : self.width].gather(2, last)[:, :, 0]
        return torch.cat(
            [ends, x[:, self.width :, 0]], dim=1
        )  # the other direction ends where the row begins


def stack_frames(x: Tensor, lengths: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Join ``count`` frames into one step; a row's last step is filled up with zeros.

    Shape: x (batch, bands, frames), zero beyond each row's end -> (batch, count * bands, steps), and lengths in steps.
    """
    if count == 1:
        return x, lengths
    x = nn.functional.pad(x, (0, -x.shape[2] % count))
    return torch.cat([x[:, :, number::count] for number in range(count)], dim=1), strided(lengths, count)
