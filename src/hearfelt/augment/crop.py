"""A part of a clip."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from hearfelt.augment._base import ClipProvider, Parameters, Waveform, WaveformAugmentation, uniform


class Crop(WaveformAugmentation):
    """Keep a random stretch of the clip.

    Attributes:
        min_share: shortest stretch, as a share of the clip.
        max_share: longest.
        min_seconds: no stretch is shorter than this, unless the clip is.
    """

    name: Literal["crop"] = "crop"
    min_share: float = Field(default=0.6, gt=0, le=1)
    max_share: float = Field(default=1.0, gt=0, le=1)
    min_seconds: float = Field(default=0.5, ge=0)

    def sample(self, generator: np.random.Generator, samples: int, sample_rate: int) -> Parameters:
        """Draw length and start."""
        kept = round(samples * uniform(generator, self.min_share, self.max_share))
        kept = min(samples, max(1, kept, round(self.min_seconds * sample_rate)))
        return {"start": int(generator.integers(samples - kept + 1)), "samples": kept}

    def apply(
        self, waveform: Waveform, parameters: Parameters, sample_rate: int, clips: ClipProvider | None = None
    ) -> Waveform:
        """Cut the stretch out."""
        return waveform[parameters["start"] : parameters["start"] + parameters["samples"]].copy()
