"""What every front end is in torch: a layer for padded batches that exports into ONNX graphs."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from hearfelt.features._base import RUNNING_VARIANCE_FLOOR, TINY, FramedConfig, FrontEndConfig, hann


class FrontEndLayer(nn.Module):
    """Waveforms to normalised features.

    Shape:
        - waveform (batch, samples) float32, lengths (batch,) integer: valid samples of each row
        - features (batch, band_count, frames), zero beyond a row's end, and frame lengths (batch,)
    """

    #: Subclasses have narrower ones.
    config: Any

    def __init__(self, config: FrontEndConfig) -> None:
        super().__init__()
        self.config = config
        self.mean: Tensor
        self.deviation: Tensor
        bands = config.band_count
        self._register("mean", np.array(config.mean or (0.0,) * bands)[:, None])
        self._register("deviation", np.array(config.deviation or (1.0,) * bands)[:, None])

    def _register(self, name: str, values: NDArray[np.float64]) -> None:
        self.register_buffer(name, torch.from_numpy(values.astype(np.float32)), persistent=False)

    def forward(self, waveform: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        with torch.autocast(waveform.device.type, enabled=False):
            bands, frame_lengths = self.bands(waveform.float(), lengths)
            return self.normalize(bands, frame_lengths), frame_lengths

    def bands(self, waveform: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Features (batch, band_count, frames) before normalisation, and frame lengths (batch,)."""
        raise NotImplementedError

    def example_inputs(self) -> tuple[Tensor, Tensor]:
        """What an export traces the layer with: two rows of different lengths."""
        return torch.randn(2, 20000) * 0.1, torch.tensor([20000, 15000])

    def normalize(self, bands: Tensor, frame_lengths: Tensor) -> Tensor:
        """Apply the configured normalisation over the valid frames; the others become zero."""
        mask = (torch.arange(bands.shape[2], device=bands.device) < frame_lengths[:, None])[:, None].float()
        together = self.config.bands_share_unit
        if self.config.normalization == "clip":
            axes = (1, 2) if together else (2,)
            count = frame_lengths[:, None, None] * float(self.config.band_count if together else 1)
            mean = (bands * mask).sum(axes, keepdim=True) / count
            variance = ((bands - mean) * mask).square().sum(axes, keepdim=True) / count
            bands = (bands - mean) / (variance.sqrt() + self.config.least_deviation)
        elif self.config.normalization == "running":
            count = torch.arange(1, bands.shape[2] + 1, device=bands.device)
            values, squares = bands, bands.square()
            if together:
                values, squares = values.mean(1, keepdim=True), squares.mean(1, keepdim=True)
            mean = values.cumsum(2) / count
            variance = squares.cumsum(2) / count - mean.square()
            bands = (bands - mean) / (variance.clamp(min=0) + RUNNING_VARIANCE_FLOOR).sqrt()
        elif self.config.normalization == "corpus":
            if not self.config.mean or not self.config.deviation:
                raise ValueError(
                    "normalization 'corpus' needs the statistics of the training rows: mean and deviation"
                )
            bands = (bands - self.mean) / (self.deviation + self.config.least_deviation)
        return bands * mask


class SpectrumLayer(FrontEndLayer):
    """A front end that begins with power spectra of frames.

    In torch the Fourier transform is an FFT. In an exported graph it is two products with cosines and sines, each over
    half a window, as the even and the odd part of a frame need one of them each; every ONNX runtime has that, and runs
    it several times faster than the standard's own STFT.
    """

    config: FramedConfig

    def __init__(self, config: FramedConfig) -> None:
        super().__init__(config)
        self.window: Tensor
        self.cosines: Tensor
        self.sines: Tensor
        window = hann(config.window_samples)
        self._register("window", window)
        places = np.arange(1, window.size // 2 + 1)  # the window's first sample weighs nothing
        angles = 2 * np.pi * np.outer(places, np.arange(window.size // 2 + 1)) / window.size
        weights = window[places] * np.where(2 * places == window.size, 0.5, 1.0)  # its own mirror image
        self._register("cosines", weights[:, None] * np.cos(angles))
        self._register("sines", weights[:, None] * np.sin(angles))

    def frame_lengths(self, lengths: Tensor) -> Tensor:
        """Frames of signals of these many samples; `FramedConfig.frame_count` for tensors."""
        extra = (lengths - self.config.window_samples).clamp(min=0)
        return 1 + torch.div(extra, self.config.hop_samples, rounding_mode="floor")

    def levelled(self, waveform: Tensor, lengths: Tensor) -> Tensor:
        """Waveforms at the configured level, silent beyond each row's end."""
        positions = torch.arange(waveform.shape[1], device=waveform.device)
        waveform = torch.where(positions < lengths[:, None], waveform, 0.0)
        if self.config.level == "rms":
            energy = waveform.square().sum(1, keepdim=True) / lengths[:, None].clamp(min=1)
            waveform = waveform / (energy.sqrt() + TINY)
        return waveform

    def power(self, waveform: Tensor) -> Tensor:
        """Power spectra (batch, bins, frames) of levelled waveforms; frames that begin within the signal."""
        return self._power_for_export(waveform) if torch.onnx.is_in_onnx_export() else self._power(waveform)

    def _power(self, waveform: Tensor) -> Tensor:
        size, hop = self.config.window_samples, self.config.hop_samples
        padded = F.pad(waveform, (0, size))
        spectrum = torch.stft(padded, size, hop, window=self.window, center=False, return_complex=True)
        return spectrum.real.square() + spectrum.imag.square()

    def _power_for_export(self, waveform: Tensor) -> Tensor:
        """The same without complex numbers."""
        near, far = self._mirrored(waveform)
        real, imaginary = (near + far) @ self.cosines, (near - far) @ self.sines
        return (real.square() + imaginary.square()).transpose(1, 2)

    def _mirrored(self, waveform: Tensor) -> tuple[Tensor, Tensor]:
        """Samples 1 to half a window of every frame, and those as far from its end: (batch, frames, half)."""
        size, hop = self.config.window_samples, self.config.hop_samples
        frames = waveform.shape[1] // hop + 1
        padded = F.pad(waveform, (0, size))
        if size == 2 * hop:  # whole blocks are moved, several times faster than single samples
            blocks = padded[:, : (frames + 1) * hop].reshape(-1, frames + 1, hop)
            near = torch.cat([blocks[:, :-1, 1:], blocks[:, 1:, :1]], dim=2)
            return near, blocks.flip(2)[:, 1:]
        starts = torch.arange(frames, device=waveform.device)[:, None] * hop
        places = torch.arange(1, size // 2 + 1, device=waveform.device)[None]
        return padded[:, starts + places], padded[:, starts + (size - places)]
