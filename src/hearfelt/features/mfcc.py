"""Mel-frequency cepstra: the cosine transform of log-mel bands, with their slopes over time, in numpy.

Davis & Mermelstein (1980), IEEE ASSP 28, 357-366; deltas are those of Savitzky & Golay (1964), Analytical Chemistry 36,
1627-1639, as in librosa, which is the oracle of the tests. Framing is `log_mel`'s: not centred.
"""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from hearfelt.features._base import normalize
from hearfelt.features.log_mel import MelConfig, log_mel_bands


class MfccConfig(MelConfig):
    """Parameters of the front end: those of `MelConfig` and these.

    Attributes:
        cepstra: coefficients that are kept, the first is the mean of the bands (times the root of their number).
        lifter: L multiplies coefficient n by ``1 + L / 2 sin(pi (n + 1) / L)``, which brings the higher ones to the
            size of the lower; 0 leaves them.
        deltas: 0, 1 adds the slope of each coefficient over time, 2 its curvature too.
        delta_frames: odd number of frames that a slope is taken over.
    """

    bands_share_unit: ClassVar[bool] = False

    name: Literal["mfcc"] = "mfcc"
    cepstra: int = Field(default=20, ge=1, le=512)
    lifter: float = Field(default=0.0, ge=0)
    deltas: int = Field(default=2, ge=0, le=2)
    delta_frames: int = Field(default=9, ge=3, le=99)

    @model_validator(mode="after")
    def _check_cepstra(self) -> MfccConfig:
        if self.cepstra > self.mel_count:
            raise ValueError(f"{self.cepstra} cepstra cannot be made of {self.mel_count} bands (mel_count)")
        if self.delta_frames % 2 == 0:
            raise ValueError(f"delta_frames {self.delta_frames} is even; a slope needs a frame in its middle")
        return self

    @property
    def band_count(self) -> int:
        """Rows that a model sees: coefficients, then their slopes, then their curvatures."""
        return self.cepstra * (1 + self.deltas)


def mfcc(waveform: NDArray[np.floating], config: MfccConfig | None = None) -> NDArray[np.float32]:
    """Cepstra of one clip, with their deltas.

    Args:
        waveform: (samples,) at ``config.sample_rate``.
        config: front end parameters.

    Returns:
        (band_count, frames) float32, ``frames = config.frame_count(samples)``.

    >>> mfcc(np.zeros(16000)).shape
    (60, 61)
    """
    config = config or MfccConfig()
    cepstra = cosine_transform(config) @ log_mel_bands(waveform, config)
    rows = [cepstra, *(delta(cepstra, config.delta_frames, order + 1) for order in range(config.deltas))]
    return normalize(np.concatenate(rows), config).astype(np.float32)


@lru_cache(maxsize=8)
def cosine_transform(config: MfccConfig) -> NDArray[np.float64]:
    """Orthonormal DCT-II with the lifter in it, (cepstra, mel_count)."""
    order = np.arange(config.cepstra)[:, None]
    angles = np.pi * order * (2 * np.arange(config.mel_count) + 1) / (2 * config.mel_count)
    scale = np.where(order == 0, np.sqrt(0.5), 1.0) * np.sqrt(2 / config.mel_count)
    if config.lifter > 0:
        scale = scale * (1 + config.lifter / 2 * np.sin(np.pi * (order + 1) / config.lifter))
    return np.asarray(scale * np.cos(angles))


def delta_weights(frames: int, order: int) -> NDArray[np.float64]:
    """Weights (frames,) whose product with as many values is the derivative of the polynomial fitted to them.

    Args:
        frames: odd.
        order: of the derivative and of the polynomial, 1 or 2.

    >>> delta_weights(3, 1)
    array([-0.5,  0. ,  0.5])
    """
    places = np.arange(frames, dtype=np.float64) - frames // 2
    shape = (
        places if order == 1 else np.square(places) - np.mean(np.square(places))
    )  # across the lower orders
    return np.asarray(order * shape / np.sum(np.square(shape)))


def delta(values: NDArray[np.float64], frames: int = 9, order: int = 1) -> NDArray[np.float64]:
    """Derivative over time, a frame: of the line (order 1) or parabola (order 2) through the frames around each.

    At both ends it is that of the first and the last whole stretch. Fewer than ``frames`` values have no derivative: 0.

    Args:
        values: (..., frames of the clip).
        frames: odd number of frames that it is taken over.
        order: 1 or 2.
    """
    length = values.shape[-1]
    if length < frames:
        return np.zeros_like(values)
    stretches = np.lib.stride_tricks.sliding_window_view(values, frames, axis=-1)
    inner = stretches @ delta_weights(frames, order)
    places = np.clip(np.arange(length) - frames // 2, 0, length - frames)
    return np.asarray(inner[..., places])
