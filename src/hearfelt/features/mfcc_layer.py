"""Mel-frequency cepstra as a torch layer: equal to `mfcc`, for padded batches, and exported into ONNX graphs."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from hearfelt.features.log_mel_layer import LogMelLayer
from hearfelt.features.mfcc import MfccConfig, cosine_transform, delta_weights


class MfccLayer(LogMelLayer):
    """Waveforms to cepstra and their deltas.

    Shape:
        - waveform (batch, samples) float32, lengths (batch,) integer: valid samples of each row
        - features (batch, band_count, frames), zero beyond a row's end, and frame lengths (batch,)
    """

    config: MfccConfig

    def __init__(self, config: MfccConfig | None = None) -> None:
        config = config or MfccConfig()
        super().__init__(config)
        self.transform: Tensor
        self._register("transform", cosine_transform(config))
        for order in range(1, config.deltas + 1):
            self._register(f"slope_{order}", delta_weights(config.delta_frames, order)[None, None])

    def bands(self, waveform: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Cepstra and deltas (batch, band_count, frames) before normalisation, and frame lengths."""
        bands, frame_lengths = super().bands(waveform, lengths)
        cepstra = torch.matmul(self.transform, bands)
        slopes = [self.get_buffer(f"slope_{order}") for order in range(1, self.config.deltas + 1)]
        rows = [cepstra, *(deltas(cepstra, frame_lengths, weights) for weights in slopes)]
        return torch.cat(rows, dim=1), frame_lengths


def deltas(values: Tensor, frame_lengths: Tensor, weights: Tensor) -> Tensor:
    """`hearfelt.features.mfcc.delta` of padded rows.

    Args:
        values: (batch, bands, frames).
        frame_lengths: (batch,) valid frames of each row.
        weights: (1, 1, width) of `delta_weights`.
    """
    width, bands, frames = weights.shape[2], values.shape[1], values.shape[2]
    padded = F.pad(
        values, (0, width - 1)
    )  # as many stretches as frames, those that reach beyond the end unused
    single = padded.reshape(-1, 1, frames + width - 1)  # a fixed number of channels, as ONNX wants it
    stretches = F.conv1d(single, weights).reshape(-1, bands, frames)
    last = (frame_lengths - width).clamp(min=0)[:, None]
    places = torch.arange(frames, device=values.device)[None] - width // 2
    places = torch.minimum(places.clamp(min=0), last)
    found = stretches.gather(2, places[:, None].expand(-1, bands, -1))
    return found * (frame_lengths >= width)[:, None, None]
