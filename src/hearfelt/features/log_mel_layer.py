"""The front end as a torch layer: equal to `log_mel`, for padded batches, and exported into ONNX graphs."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hearfelt.features.log_mel import RUNNING_VARIANCE_FLOOR, TINY, LogMelConfig, hann, mel_filters


class LogMelLayer(nn.Module):
    """Waveforms to normalised log-mel spectrograms.

    In torch the Fourier transform is an FFT; in an exported graph it is a convolution with sines and cosines, which
    every ONNX runtime has and runs several times faster than the standard's own STFT.

    Shape:
        - waveform (batch, samples) float32, lengths (batch,) integer: valid samples of each row
        - features (batch, mel_count, frames), zero beyond a row's end, and frame lengths (batch,)
    """

    def __init__(self, config: LogMelConfig | None = None) -> None:
        super().__init__()
        self.config = config or LogMelConfig()
        window = self.config.window_samples
        angles = 2 * np.pi * np.outer(np.arange(window // 2 + 1), np.arange(window)) / window
        basis = np.concatenate([np.cos(angles), np.sin(angles)]) * hann(window)
        self.register_buffer("basis", torch.from_numpy(basis.astype(np.float32)), persistent=False)
        filters = mel_filters(self.config).astype(np.float32)
        self.register_buffer("filters", torch.from_numpy(filters), persistent=False)
        ones, zeros = (1.0,) * self.config.mel_count, (0.0,) * self.config.mel_count
        self.register_buffer("mean", torch.tensor(self.config.mean or zeros)[:, None], persistent=False)
        self.register_buffer(
            "deviation", torch.tensor(self.config.deviation or ones)[:, None], persistent=False
        )

    def frame_lengths(self, lengths: Tensor) -> Tensor:
        """Frames of signals of these many samples; `LogMelConfig.frame_count` for tensors."""
        extra = (lengths - self.config.window_samples).clamp(min=0)
        return 1 + torch.div(extra, self.config.hop_samples, rounding_mode="floor")

    def forward(self, waveform: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        with torch.autocast(waveform.device.type, enabled=False):
            bands, frame_lengths = self.bands(waveform.float(), lengths)
            return self.normalize(bands, frame_lengths), frame_lengths

    def bands(self, waveform: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Log band powers (batch, mel_count, frames) before normalisation, and frame lengths."""
        positions = torch.arange(waveform.shape[1], device=waveform.device)
        waveform = torch.where(positions < lengths[:, None], waveform, 0.0)
        if self.config.level == "rms":
            energy = waveform.square().sum(1, keepdim=True) / lengths[:, None].clamp(min=1)
            waveform = waveform / (energy.sqrt() + TINY)
        window, hop = self.config.window_samples, self.config.hop_samples
        padded = F.pad(waveform, (0, window))
        if torch.onnx.is_in_onnx_export():
            spectrum = F.conv1d(padded[:, None], self.basis[:, None], stride=hop)  # type: ignore[index]
            real, imaginary = spectrum.chunk(2, dim=1)
        else:
            hann_window = self.basis[0]  # type: ignore[index]
            complex_spectrum = torch.stft(
                padded, window, hop, window=hann_window, center=False, return_complex=True
            )
            real, imaginary = complex_spectrum.real, complex_spectrum.imag
        power = real.square() + imaginary.square()
        return torch.log(torch.matmul(self.filters, power) + self.config.floor), self.frame_lengths(lengths)

    def normalize(self, bands: Tensor, frame_lengths: Tensor) -> Tensor:
        """Apply the configured normalisation over the valid frames; the others become zero."""
        mask = (torch.arange(bands.shape[2], device=bands.device) < frame_lengths[:, None])[:, None].float()
        if self.config.normalization == "clip":
            count = frame_lengths[:, None, None] * float(self.config.mel_count)
            mean = (bands * mask).sum((1, 2), keepdim=True) / count
            variance = ((bands - mean) * mask).square().sum((1, 2), keepdim=True) / count
            bands = (bands - mean) / (variance.sqrt() + TINY)
        elif self.config.normalization == "running":
            count = torch.arange(1, bands.shape[2] + 1, device=bands.device)
            mean = bands.mean(1, keepdim=True).cumsum(2) / count
            variance = bands.square().mean(1, keepdim=True).cumsum(2) / count - mean.square()
            bands = (bands - mean) / (variance.clamp(min=0) + RUNNING_VARIANCE_FLOOR).sqrt()
        elif self.config.normalization == "corpus":
            if not self.config.mean or not self.config.deviation:
                raise ValueError(
                    "normalization 'corpus' needs the statistics of the training rows: mean and deviation"
                )
            bands = (bands - self.mean) / (self.deviation + TINY)
        return bands * mask
