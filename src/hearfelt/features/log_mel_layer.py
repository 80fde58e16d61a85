"""The log-mel front end as a torch layer: equal to `log_mel`, for padded batches, and exported into ONNX graphs."""

from __future__ import annotations

import torch
from torch import Tensor

from hearfelt.features._layers import SpectrumLayer
from hearfelt.features.log_mel import LogMelConfig, MelConfig, mel_filters


class LogMelLayer(SpectrumLayer):
    """Waveforms to normalised log-mel spectrograms.

    Shape:
        - waveform (batch, samples) float32, lengths (batch,) integer: valid samples of each row
        - features (batch, mel_count, frames), zero beyond a row's end, and frame lengths (batch,)
    """

    config: MelConfig

    def __init__(self, config: MelConfig | None = None) -> None:
        config = config or LogMelConfig()
        super().__init__(config)
        self.filters: Tensor
        self._register("filters", mel_filters(config))

    def bands(self, waveform: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Log band powers (batch, mel_count, frames) before normalisation, and frame lengths."""
        power = self.power(self.levelled(waveform, lengths))
        return torch.log(torch.matmul(self.filters, power) + self.config.floor), self.frame_lengths(lengths)
