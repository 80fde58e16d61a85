"""The front end: log-mel spectrograms, in numpy. `log_mel_layer` is the same in torch and in exported graphs.

Mel scale and filter normalisation are Slaney's (Auditory Toolbox, 1998), as in librosa, which is the oracle of the
tests. Frames lie wholly inside the signal (no centring), so streaming and offline give the same frames.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from hearfelt.features._base import FramedConfig, framed, normalize, power_spectra


class MelConfig(FramedConfig):
    """Parameters of mel bands, for all front ends that begin with them.

    Attributes:
        sample_rate: in hertz.
        window_seconds: length of the Hann window, also the FFT length.
        hop_seconds: step between frames.
        mel_count: number of bands.
        min_hz: lower edge of the first band.
        max_hz: upper edge of the last band; at most half the sample rate.
        level: ``rms`` brings every clip to unit root mean square first, so that level cannot matter; or ``none``.
        floor: added to the band powers before the logarithm; hides what is quieter.
        normalization: see `hearfelt.features._base.FrontEndConfig`.
        mean: per band, for ``corpus``.
        deviation: per band, for ``corpus``.
    """

    mel_count: int = Field(default=64, ge=4, le=512)
    min_hz: float = Field(default=50.0, ge=0)
    max_hz: float = Field(default=7600.0, gt=0)
    floor: float = Field(default=1e-3, gt=0)

    @model_validator(mode="after")
    def _check_edges(self) -> MelConfig:
        if not self.min_hz < self.max_hz <= self.sample_rate / 2:
            raise ValueError(
                f"bands need min_hz < max_hz <= sample_rate / 2, got {self.min_hz} and {self.max_hz} at "
                f"{self.sample_rate} Hz"
            )
        return self


class LogMelConfig(MelConfig):
    """Parameters of the front end: those of `MelConfig`.

    >>> LogMelConfig().frame_count(16000), LogMelConfig().frame_count(1)
    (61, 1)
    """

    name: Literal["log_mel"] = "log_mel"

    @property
    def band_count(self) -> int:
        """Rows that a model sees."""
        return self.mel_count


def log_mel(waveform: NDArray[np.floating], config: LogMelConfig | None = None) -> NDArray[np.float32]:
    """Log-mel spectrogram of one clip.

    Args:
        waveform: (samples,) at ``config.sample_rate``.
        config: front end parameters.

    Returns:
        (mel_count, frames) float32, ``frames = config.frame_count(samples)``.

    >>> log_mel(np.zeros(16000)).shape
    (64, 61)
    """
    config = config or LogMelConfig()
    return normalize(log_mel_bands(waveform, config), config).astype(np.float32)


def log_mel_bands(waveform: NDArray[np.floating], config: MelConfig) -> NDArray[np.float64]:
    """Logarithms of the band powers (mel_count, frames), not normalised."""
    return np.asarray(np.log(mel_filters(config) @ power_spectra(framed(waveform, config)) + config.floor))


def hz_to_mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slaney's mel scale: linear below 1 kHz, logarithmic above."""
    linear = np.asarray(hz, dtype=np.float64) / _HZ_PER_MEL
    return np.where(linear < 15.0, linear, 15.0 + np.log(np.maximum(linear, 1e-12) / 15.0) / _LOG_STEP)


def mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Inverse of `hz_to_mel`.

    >>> float(mel_to_hz(hz_to_mel(np.array(4000.0))).round(6))
    4000.0
    """
    mel = np.asarray(mel, dtype=np.float64)
    return np.where(mel < 15.0, mel * _HZ_PER_MEL, 1000.0 * np.exp(_LOG_STEP * (mel - 15.0)))


_HZ_PER_MEL = 200.0 / 3.0
_LOG_STEP = np.log(6.4) / 27.0


@lru_cache(maxsize=8)
def mel_filters(config: MelConfig) -> NDArray[np.float64]:
    """Triangular filters of unit area, (mel_count, window_samples // 2 + 1)."""
    low, high = hz_to_mel(np.array([config.min_hz, config.max_hz]))
    edges = mel_to_hz(np.linspace(low, high, config.mel_count + 2))
    bins = np.fft.rfftfreq(config.window_samples, 1 / config.sample_rate)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    return np.maximum(0.0, np.minimum(rising, falling)) * (2.0 / (edges[2:] - edges[:-2]))[:, None]
