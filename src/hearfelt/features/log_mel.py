"""The front end: log-mel spectrograms, in numpy. `log_mel_layer` is the same in torch and in exported graphs.

Mel scale and filter normalisation are Slaney's (Auditory Toolbox, 1998), as in librosa, which is the oracle of the
tests. Frames lie wholly inside the signal (no centring), so streaming and offline give the same frames.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

#: Guards divisions by the level or the deviation of silence; far below 16-bit quantisation.
TINY = 1e-7

Normalization = Literal["none", "clip", "running", "corpus"]


class LogMelConfig(BaseModel):
    """Parameters of the front end.

    Attributes:
        sample_rate: in hertz.
        window_seconds: length of the Hann window, also the FFT length.
        hop_seconds: step between frames.
        mel_count: number of bands.
        min_hz: lower edge of the first band.
        max_hz: upper edge of the last band; at most half the sample rate.
        level: ``rms`` brings every clip to unit root mean square first, so that level cannot matter; or ``none``.
        floor: added to the band powers before the logarithm; hides what is quieter.
        normalization: ``none``; ``clip``, one mean and deviation a clip; ``running``, the same from the start of the
            recording up to each frame, so that it can be streamed; ``corpus``, a mean and deviation a band,
            from the training rows only (`mean`, `deviation`).
        mean: per band, for ``corpus``.
        deviation: per band, for ``corpus``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sample_rate: int = Field(default=16000, ge=1000, le=192000)
    window_seconds: float = Field(default=0.032, gt=0, le=1)
    hop_seconds: float = Field(default=0.016, gt=0, le=1)
    mel_count: int = Field(default=64, ge=4, le=512)
    min_hz: float = Field(default=50.0, ge=0)
    max_hz: float = Field(default=7600.0, gt=0)
    level: Literal["rms", "none"] = "rms"
    floor: float = Field(default=1e-3, gt=0)
    normalization: Normalization = "clip"
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> LogMelConfig:
        if not self.min_hz < self.max_hz <= self.sample_rate / 2:
            raise ValueError(
                f"bands need min_hz < max_hz <= sample_rate / 2, got {self.min_hz} and {self.max_hz} at "
                f"{self.sample_rate} Hz"
            )
        if self.hop_samples < 1 or self.window_samples < 2:
            raise ValueError("the window needs at least two samples and the hop one")
        for name in ("mean", "deviation"):
            count = len(getattr(self, name))
            if count not in (0, self.mel_count):
                raise ValueError(f"{name} has {count} values for {self.mel_count} bands")
        return self

    @property
    def window_samples(self) -> int:
        """Samples in a frame."""
        return round(self.window_seconds * self.sample_rate)

    @property
    def hop_samples(self) -> int:
        """Samples between frames."""
        return round(self.hop_seconds * self.sample_rate)

    def frame_count(self, samples: int) -> int:
        """Frames that a signal gives; one at least, as shorter signals are padded to a frame.

        >>> LogMelConfig().frame_count(16000), LogMelConfig().frame_count(1)
        (61, 1)
        """
        return 1 + max(0, samples - self.window_samples) // self.hop_samples


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
    signal = np.asarray(waveform, dtype=np.float64)
    if config.level == "rms":
        signal = signal / (np.sqrt(np.mean(np.square(signal)) if signal.size else 0.0) + TINY)
    if signal.size < config.window_samples:
        signal = np.pad(signal, (0, config.window_samples - signal.size))
    frames = np.lib.stride_tricks.sliding_window_view(signal, config.window_samples)[:: config.hop_samples]
    power = np.square(np.abs(np.fft.rfft(frames * hann(config.window_samples), axis=1)))
    bands: NDArray[np.float64] = np.log(mel_filters(config) @ power.T + config.floor)
    return normalize(bands, config).astype(np.float32)


def normalize(bands: NDArray[np.float64], config: LogMelConfig) -> NDArray[np.float64]:
    """Apply the configured normalisation to (mel_count, frames)."""
    if config.normalization == "clip":
        return np.asarray((bands - bands.mean()) / (bands.std() + TINY))
    if config.normalization == "running":
        count = np.arange(1, bands.shape[1] + 1)
        mean = np.cumsum(bands.mean(axis=0)) / count
        variance = np.cumsum(np.square(bands).mean(axis=0)) / count - np.square(mean)
        return np.asarray((bands - mean) / np.sqrt(np.maximum(variance, 0.0) + RUNNING_VARIANCE_FLOOR))
    if config.normalization == "corpus":
        if not config.mean or not config.deviation:
            raise ValueError(
                "normalization 'corpus' needs the statistics of the training rows: mean and deviation"
            )
        mean, deviation = np.array(config.mean)[:, None], np.array(config.deviation)[:, None]
        return np.asarray((bands - mean) / (deviation + TINY))
    return bands


#: Keeps the first frames of a running normalisation, whose variance is that of one frame, from blowing up.
RUNNING_VARIANCE_FLOOR = 1e-2


@lru_cache(maxsize=8)
def hann(length: int) -> NDArray[np.float64]:
    """Periodic Hann window, as for FFTs.

    >>> hann(4)
    array([0. , 0.5, 1. , 0.5])
    """
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)


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
def mel_filters(config: LogMelConfig) -> NDArray[np.float64]:
    """Triangular filters of unit area, (mel_count, window_samples // 2 + 1)."""
    low, high = hz_to_mel(np.array([config.min_hz, config.max_hz]))
    edges = mel_to_hz(np.linspace(low, high, config.mel_count + 2))
    bins = np.fft.rfftfreq(config.window_samples, 1 / config.sample_rate)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    return np.maximum(0.0, np.minimum(rising, falling)) * (2.0 / (edges[2:] - edges[:-2]))[:, None]
