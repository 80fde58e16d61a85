"""Masks over time and frequency."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from hearfelt.augment._arrays import clone
from hearfelt.augment._base import Array, Parameters, SpectrogramAugmentation


class SpecAugment(SpectrogramAugmentation):
    """Hide random stretches of frames and of bands (Park et al. 2019, without the time warp).

    Attributes:
        time_masks: number of masks over time; they may overlap.
        max_time_frames: each is 0 to this many frames wide, ends included.
        max_time_share: and at most this share of the clip, so that short clips keep something to hear.
        frequency_masks: number of masks over frequency.
        max_frequency_bands: each is 0 to this many bands wide, ends included.
        fill: ``mean`` of the clip, or ``zero`` (the mean where the front end normalises the clip).
    """

    name: Literal["spec_augment"] = "spec_augment"
    probability: float = Field(default=1.0, ge=0, le=1)
    time_masks: int = Field(default=2, ge=0, le=100)
    max_time_frames: int = Field(default=20, ge=0)
    max_time_share: float = Field(default=0.2, ge=0, le=1)
    frequency_masks: int = Field(default=2, ge=0, le=100)
    max_frequency_bands: int = Field(default=8, ge=0)
    fill: Literal["mean", "zero"] = "mean"

    def sample(self, generator: np.random.Generator, bands: int, frames: int) -> Parameters:
        """Draw the masks, each as [first, one past the last]."""
        widest_time = min(self.max_time_frames, int(self.max_time_share * frames))
        widest_band = min(self.max_frequency_bands, bands)
        return {
            "time": [_mask(generator, frames, widest_time) for _ in range(self.time_masks)],
            "frequency": [_mask(generator, bands, widest_band) for _ in range(self.frequency_masks)],
        }

    def apply(self, spectrogram: Array, parameters: Parameters) -> Array:
        """Fill the masks; (..., bands, frames)."""
        masked = clone(spectrogram)
        fill = float(spectrogram.mean()) if self.fill == "mean" and min(spectrogram.shape) else 0.0
        for first, end in parameters["time"]:
            masked[..., :, first:end] = fill
        for first, end in parameters["frequency"]:
            masked[..., first:end, :] = fill
        return masked


def _mask(generator: np.random.Generator, length: int, widest: int) -> list[int]:
    width = int(generator.integers(widest + 1))
    first = int(generator.integers(length - width + 1))
    return [first, first + width]
