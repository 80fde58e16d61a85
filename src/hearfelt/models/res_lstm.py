"""ResLSTM: an LSTM beside its own input, then an LSTM with soft attention (Krasnoproshin and Vashkevich 2026, DSPA).

Made for 46 rows (34 MFCC and 12 chroma) in long frames: 85 ms at 48 kHz, hops of half of that.

What differs from the paper: the batch norm after the residual does not see what pads a row.
"""

from __future__ import annotations

from pydantic import Field
from torch import Tensor, nn

from hearfelt.models._layers import length_mask
from hearfelt.models._masked import MaskedBatchNorm, SoftAttention
from hearfelt.models._recurrent import Recurrent, RecurrentOptions
from hearfelt.models._registry import ModelConfig, register_model


class ResLstmConfig(ModelConfig):
    """Options of `ResLstm`; the defaults are those of the paper's best.

    Attributes:
        width: of the second LSTM; the first is as wide as its input.
        dropout: before the output; the paper searched 0.1 to 0.5.
    """

    width: int = Field(default=64, ge=1)
    dropout: float = Field(default=0.3, ge=0, lt=1)


class ResLstm(nn.Module):
    """Features (batch, bands, frames) and frame lengths (batch,) to logits (batch, class_count)."""

    def __init__(self, class_count: int, bands: int, config: ResLstmConfig) -> None:
        super().__init__()
        self.first = Recurrent("lstm", bands, _one_way(bands))
        self.second = Recurrent("lstm", bands, _one_way(config.width))
        self.residual_norm = MaskedBatchNorm(bands)
        self.attention = SoftAttention(config.width)
        self.norm = nn.BatchNorm1d(config.width)
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(config.width, class_count)

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """See the class."""
        mask = length_mask(lengths, features.shape[2])
        features = features * mask[:, None].to(features.dtype)
        x = self.residual_norm(self.first(features, lengths) + features, mask)
        pooled = self.attention(self.second(x, lengths), mask)
        return self.output(self.dropout(self.norm(pooled)))  # type: ignore[no-any-return]


def _one_way(width: int) -> RecurrentOptions:
    return RecurrentOptions(width=width, layers=1, bidirectional=False)


@register_model("res_lstm", ResLstmConfig)
def res_lstm(class_count: int, mel_count: int, config: ResLstmConfig) -> nn.Module:
    """ResLSTM (Krasnoproshin and Vashkevich 2026): residual LSTM, LSTM of 64, attention; 47 k weights."""
    return ResLstm(class_count, mel_count, config)
