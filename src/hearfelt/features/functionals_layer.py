"""Functionals over time as a torch layer: equal to `functionals`, for padded batches, and exported into ONNX graphs."""

from __future__ import annotations

import torch
from torch import Tensor

from hearfelt.features._layers import FrontEndLayer
from hearfelt.features.descriptors_layer import DescriptorsLayer
from hearfelt.features.functionals import PERCENTILES, FunctionalsConfig
from hearfelt.features.mfcc_layer import MfccLayer

_BEYOND = 1e30  # larger than any value of a descriptor


class FunctionalsLayer(FrontEndLayer):
    """Waveforms to one frame of functionals.

    Shape:
        - waveform (batch, samples) float32, lengths (batch,) integer: valid samples of each row
        - features (batch, band_count, 1), and frame lengths (batch,), all 1
    """

    config: FunctionalsConfig

    def __init__(self, config: FunctionalsConfig | None = None) -> None:
        config = config or FunctionalsConfig()
        super().__init__(config)
        self.descriptors = DescriptorsLayer(config.descriptors)
        self.mfcc = MfccLayer(config.mfcc) if config.mfcc is not None else None

    def bands(self, waveform: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Functionals (batch, band_count, 1) before normalisation, and ones (batch,)."""
        rows, frames = self.descriptors.bands(waveform, lengths)
        parts = [over_time(rows, frames, self.config.descriptors.hop_seconds)]
        if self.mfcc is not None and self.config.mfcc is not None:
            rows, frames = self.mfcc.bands(waveform, lengths)
            parts.append(over_time(rows, frames, self.config.mfcc.hop_seconds))
        return torch.cat(parts, dim=2).flatten(1)[:, :, None], torch.ones_like(lengths)


def over_time(rows: Tensor, frame_lengths: Tensor, hop_seconds: float) -> Tensor:
    """`hearfelt.features.functionals.over_time` of padded rows (batch, rows, frames): (batch, functionals, rows)."""
    places = torch.arange(rows.shape[2], device=rows.device)
    inside = (places < frame_lengths[:, None])[:, None]
    count = frame_lengths[:, None, None].float()
    mask = inside.float()
    mean = (rows * mask).sum(2, keepdim=True) / count
    away = (rows - mean) * mask
    deviation = (away.square().sum(2) / count[:, :, 0]).sqrt()
    seconds = (places.float() - (count - 1) / 2) * hop_seconds * mask
    slope = (away * seconds).sum(2) / seconds.square().sum(2).clamp(min=1e-12)
    ordered = torch.where(inside, rows, _BEYOND).sort(dim=2).values
    found = [mean[:, :, 0], deviation]
    for share in PERCENTILES:
        place = share * (frame_lengths - 1).float()
        low = place.floor().long()
        high = torch.minimum(low + 1, frame_lengths - 1)
        below, above = (_at(ordered, index) for index in (low, high))
        found.append(below + (above - below) * (place - place.floor())[:, None])
    least, most = _at(ordered, torch.zeros_like(frame_lengths)), _at(ordered, frame_lengths - 1)
    return torch.stack([*found, most - least, slope], dim=1)


def _at(ordered: Tensor, places: Tensor) -> Tensor:
    """Of (batch, rows, frames) the value at each batch row's place (batch,): (batch, rows)."""
    return ordered.gather(2, places[:, None, None].expand(-1, ordered.shape[1], 1))[:, :, 0]
