"""Our small network: residual convolutions with squeeze-excitation, attentive pooling, any length."""

from __future__ import annotations

from pydantic import Field, PositiveInt, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from hearfelt.models._layers import (
    AttentiveStatistics,
    MixedHeads,
    SqueezeExcitation,
    bands_of,
    length_mask,
    strided,
    unstack,
)
from hearfelt.models._registry import ModelConfig, register_model


class ResidualAttentionConfig(ModelConfig):
    """Options of `ResidualAttention`.

    Attributes:
        input_channels: pictures that are stacked on the band axis; 1 for a spectrogram, 3 for a coloured picture.
        stem_channels: after the first convolution, which halves bands and frames.
        channels: of the stages; each halves the bands.
        time_strides: of the stages.
        embedding: width of the frame embedding that is pooled.
        dropout: before the output, and half of it before the embedding.
        heads: output layers, of which each clip gets a mixture of its own.
    """

    input_channels: int = Field(default=1, ge=1)
    stem_channels: int = Field(default=24, ge=4)
    channels: tuple[PositiveInt, ...] = Field(default=(40, 80, 160, 224), min_length=1)
    time_strides: tuple[PositiveInt, ...] = Field(default=(1, 2, 2, 1), min_length=1)
    embedding: int = Field(default=256, ge=8)
    dropout: float = Field(default=0.3, ge=0, lt=1)
    heads: int = Field(default=1, ge=1, le=32)

    @model_validator(mode="after")
    def _check(self) -> ResidualAttentionConfig:
        if len(self.channels) != len(self.time_strides):
            raise ValueError(
                f"{len(self.channels)} channels and {len(self.time_strides)} time_strides; a stage has one of each"
            )
        return self


class _Block(nn.Module):
    """Two 3 x 3 convolutions with a gated residual; frames beyond a row's end stay zero."""

    def __init__(self, inputs: int, outputs: int, time_stride: int) -> None:
        super().__init__()
        self.time_stride = time_stride
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=(2, time_stride), padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.gate = SqueezeExcitation(outputs)
        self.skip = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.skip_norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        # Zeros are what follows a row in a padded batch, too: alone or in company, a row gives the same.
        even = F.pad(x, (0, -x.shape[3] % self.time_stride, 0, x.shape[2] % 2))
        residual = self.skip_norm(self.skip(F.avg_pool2d(even, (2, self.time_stride))))
        x = F.relu(self.norm1(self.conv1(x)))
        lengths = strided(lengths, self.time_stride)
        mask = length_mask(lengths, x.shape[3])[:, None, None].to(x.dtype)
        x = self.gate(self.norm2(self.conv2(x * mask)), mask)
        return F.relu(x + residual) * mask, lengths


class ResidualAttention(nn.Module):
    """Log-mel (batch, mel_count, frames) and frame lengths (batch,) to logits (batch, class_count)."""

    def __init__(self, class_count: int, mel_count: int, config: ResidualAttentionConfig) -> None:
        super().__init__()
        self.input_channels = config.input_channels
        self.stem = nn.Conv2d(config.input_channels, config.stem_channels, 5, stride=2, padding=2, bias=False)
        self.stem_norm = nn.BatchNorm2d(config.stem_channels)
        widths = (config.stem_channels, *config.channels)
        self.blocks = nn.ModuleList(
            _Block(before, after, stride)
            for before, after, stride in zip(widths[:-1], widths[1:], config.time_strides, strict=True)
        )
        bands = -(-bands_of(mel_count, config.input_channels) // 2 ** (1 + len(config.channels)))
        self.embed = nn.Conv1d(widths[-1] * bands, config.embedding, 1, bias=False)
        self.embed_norm = nn.BatchNorm1d(config.embedding)
        self.pool = AttentiveStatistics(config.embedding)
        self.pool_norm = nn.BatchNorm1d(2 * config.embedding)
        self.dropout = nn.Dropout(config.dropout)
        self.block_dropout = nn.Dropout(config.dropout / 2)
        width = 2 * config.embedding
        single = config.heads == 1
        self.output = (
            nn.Linear(width, class_count) if single else MixedHeads(width, class_count, config.heads)
        )

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """See the class."""
        return self.output(self.dropout(self.embedding(features, lengths)))  # type: ignore[no-any-return]

    def embedding(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Pooled statistics (batch, 2 * embedding) before the output layer."""
        x = F.relu(self.stem_norm(self.stem(unstack(features, self.input_channels))))
        lengths = strided(lengths, 2)
        x = x * length_mask(lengths, x.shape[3])[:, None, None].to(x.dtype)
        for block in self.blocks:
            x, lengths = block(x, lengths)
        x = F.relu(self.embed_norm(self.embed(self.block_dropout(x.flatten(1, 2)))))
        return self.pool_norm(self.pool(x, length_mask(lengths, x.shape[2])))  # type: ignore[no-any-return]


@register_model("residual_attention", ResidualAttentionConfig)
def residual_attention(class_count: int, mel_count: int, config: ResidualAttentionConfig) -> nn.Module:
    """Residual convolutions with squeeze-excitation and attentive pooling; 1.4 M weights, any length."""
    return ResidualAttention(class_count, mel_count, config)
