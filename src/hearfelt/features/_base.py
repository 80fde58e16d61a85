"""What every front end is: a frozen configuration, rows that a model sees, and their normalisation, in numpy."""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

#: Guards divisions by the level or the deviation of silence; far below 16-bit quantisation.
TINY = 1e-7

#: Keeps the first frames of a running normalisation, whose variance is that of one frame, from blowing up.
RUNNING_VARIANCE_FLOOR = 1e-2

Normalization = Literal["none", "clip", "running", "corpus"]


class FrontEndConfig(BaseModel):
    """What all front ends have.

    Attributes:
        name: of the front end; tells the configurations apart.
        sample_rate: of the recordings, in hertz.
        normalization: ``none``; ``clip``, one mean and deviation a clip; ``running``, the same from the start of the
            recording up to each frame, so that it can be streamed; ``corpus``, a mean and deviation a band,
            from the training rows only (`mean`, `deviation`).
        mean: per band, for ``corpus``.
        deviation: per band, for ``corpus``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: What the layer is given: waveforms of `sample_rate`, or pictures.
    takes: ClassVar[Literal["waveform", "picture"]] = "waveform"
    #: Whether all bands have one unit, and so one mean and deviation (``clip``, ``running``) instead of one a band.
    bands_share_unit: ClassVar[bool] = True

    name: str
    sample_rate: int = Field(default=16000, ge=1000, le=192000)
    normalization: Normalization = "clip"
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()

    @model_validator(mode="after")
    def _check_statistics(self) -> FrontEndConfig:
        for name in ("mean", "deviation"):
            count = len(getattr(self, name))
            if count not in (0, self.band_count):
                raise ValueError(f"{name} has {count} values for {self.band_count} bands")
        return self

    @property
    def least_deviation(self) -> float:
        """Added to deviations before they divide; a band of its own may well be constant, all bands never are."""
        return TINY if self.bands_share_unit else 1e-4

    @property
    def band_count(self) -> int:
        """Rows that a model sees."""
        raise NotImplementedError

    def frame_count(self, samples: int) -> int:
        """Frames that a signal gives, one at least."""
        raise NotImplementedError


class FramedConfig(FrontEndConfig):
    """A front end that cuts the waveform into frames.

    Attributes:
        window_seconds: length of the Hann window, also the FFT length.
        hop_seconds: step between frames.
        level: ``rms`` brings every clip to unit root mean square first, so that level cannot matter; or ``none``.
    """

    window_seconds: float = Field(default=0.032, gt=0, le=1)
    hop_seconds: float = Field(default=0.016, gt=0, le=1)
    level: Literal["rms", "none"] = "rms"

    @model_validator(mode="after")
    def _check_frames(self) -> FramedConfig:
        if self.hop_samples < 1 or self.window_samples < 2:
            raise ValueError("the window needs at least two samples and the hop one")
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
        """Frames that a signal gives; one at least, as shorter signals are padded to a frame."""
        return 1 + max(0, samples - self.window_samples) // self.hop_samples


@lru_cache(maxsize=8)
def hann(length: int) -> NDArray[np.float64]:
    """Periodic Hann window, as for FFTs.

    >>> hann(4)
    array([0. , 0.5, 1. , 0.5])
    """
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)


def power_spectra(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    """Power of the Fourier transform of Hann-windowed frames (frames, samples): (samples // 2 + 1, frames)."""
    return np.square(np.abs(np.fft.rfft(frames * hann(frames.shape[1]), axis=1))).T


def framed(waveform: NDArray[np.floating], config: FramedConfig) -> NDArray[np.float64]:
    """A clip at the configured level, in frames.

    Args:
        waveform: (samples,) at ``config.sample_rate``; padded with silence up to one frame.
        config: of the frames.

    Returns:
        (frames, window_samples), not windowed.
    """
    signal = np.asarray(waveform, dtype=np.float64)
    if config.level == "rms":
        signal = signal / (np.sqrt(np.mean(np.square(signal)) if signal.size else 0.0) + TINY)
    if signal.size < config.window_samples:
        signal = np.pad(signal, (0, config.window_samples - signal.size))
    return np.lib.stride_tricks.sliding_window_view(signal, config.window_samples)[:: config.hop_samples]


def normalize(bands: NDArray[np.float64], config: FrontEndConfig) -> NDArray[np.float64]:
    """Apply the configured normalisation to (band_count, frames)."""
    together = config.bands_share_unit
    if config.normalization == "clip":
        axis = None if together else 1
        mean, deviation = bands.mean(axis=axis, keepdims=True), bands.std(axis=axis, keepdims=True)
        return np.asarray((bands - mean) / (deviation + config.least_deviation))
    if config.normalization == "running":
        count = np.arange(1, bands.shape[1] + 1)
        values, squares = bands, np.square(bands)
        if together:
            values, squares = values.mean(axis=0), squares.mean(axis=0)
        mean = np.cumsum(values, axis=-1) / count
        variance = np.cumsum(squares, axis=-1) / count - np.square(mean)
        return np.asarray((bands - mean) / np.sqrt(np.maximum(variance, 0.0) + RUNNING_VARIANCE_FLOOR))
    if config.normalization == "corpus":
        if not config.mean or not config.deviation:
            raise ValueError(
                "normalization 'corpus' needs the statistics of the training rows: mean and deviation"
            )
        mean, deviation = np.array(config.mean)[:, None], np.array(config.deviation)[:, None]
        return np.asarray((bands - mean) / (deviation + config.least_deviation))
    return bands
