"""Acoustic descriptors as a torch layer: equal to `descriptors`, for padded batches, and exported into ONNX graphs."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from hearfelt.features._base import TINY
from hearfelt.features._layers import SpectrumLayer
from hearfelt.features.descriptors import (
    BAND_FLOOR,
    FLATNESS_FLOOR,
    SILENT,
    DescriptorsConfig,
    chroma_filters,
)

_NOTHING = TINY**2


class DescriptorsLayer(SpectrumLayer):
    """Waveforms to descriptors, a row each, in kilohertz, bel and shares.

    Shape:
        - waveform (batch, samples) float32, lengths (batch,) integer: valid samples of each row
        - features (batch, band_count, frames), zero beyond a row's end, and frame lengths (batch,)
    """

    config: DescriptorsConfig

    def __init__(self, config: DescriptorsConfig | None = None) -> None:
        config = config or DescriptorsConfig()
        super().__init__(config)
        self.kilohertz: Tensor
        self.chroma: Tensor
        bins = np.arange(config.window_samples // 2 + 1, dtype=np.float64)[:, None]
        self._register("kilohertz", bins * (config.sample_rate / config.window_samples / 1000.0))
        self._register("chroma", chroma_filters(config.sample_rate, config.window_samples))

    def bands(self, waveform: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Descriptors (batch, band_count, frames) before normalisation, and frame lengths."""
        waveform = self.levelled(waveform, lengths)
        size, hop = self.config.window_samples, self.config.hop_samples
        padded = F.pad(waveform, (0, size))[:, None]
        power = self.power(waveform)
        magnitude = power.sqrt()
        total = magnitude.sum(1, keepdim=True)
        centroid = (self.kilohertz * magnitude).sum(1, keepdim=True) / (total + _NOTHING)
        rows = []
        for name in self.config.descriptors:
            if name == "rms":
                rows.append(F.avg_pool1d(padded.square(), size, hop).sqrt())
            elif name == "zcr":
                below = (padded < -SILENT).float()
                crossed = (below[:, :, 1:] - below[:, :, :-1]).abs()
                rows.append(F.avg_pool1d(crossed, size - 1, hop) * ((size - 1) / size))
            elif name == "ber":
                low = power[:, : self.config.split_bin].sum(1, keepdim=True)
                high = power[:, self.config.split_bin :].sum(1, keepdim=True)
                floor = BAND_FLOOR * (low + high) + _NOTHING
                rows.append(torch.log10((low + floor) / (high + floor)))
            elif name == "centroid":
                rows.append(centroid)
            elif name == "bandwidth":
                away = (self.kilohertz - centroid).square()
                rows.append(((away * magnitude).sum(1, keepdim=True) / (total + _NOTHING)).sqrt())
            elif name == "rolloff":
                below = magnitude.cumsum(1) - magnitude
                filled = (self.config.rolloff_share * total - below) / (magnitude + _NOTHING)
                rows.append(self.kilohertz[1] * (filled.clamp(0, 1).sum(1, keepdim=True) - 1).clamp(min=0))
            elif name == "flatness":
                bounded = power.clamp(min=FLATNESS_FLOOR)
                rows.append(bounded.log().mean(1, keepdim=True).exp() / bounded.mean(1, keepdim=True))
            else:
                classes = torch.matmul(self.chroma, power)
                rows.append(classes / (classes.amax(1, keepdim=True) + _NOTHING))
        return torch.cat(rows, dim=1), self.frame_lengths(lengths)
