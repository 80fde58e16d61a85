"""Hard clipping, as by a microphone that is shouted at."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from hearfelt.augment._base import ClipProvider, Parameters, Waveform, WaveformAugmentation, uniform

#: However much of a clip is silence, clipping leaves this share of the peak.
_LEAST_SHARE_OF_PEAK = 0.05


class Clip(WaveformAugmentation):
    """Cut the largest samples of a clip down to the level that the given share of samples stays below.

    Attributes:
        min_percentile: strongest clipping: this percentage of the samples stays as it is.
        max_percentile: mildest.
    """

    name: Literal["clip"] = "clip"
    min_percentile: float = Field(default=85.0, ge=0, le=100)
    max_percentile: float = Field(default=99.9, ge=0, le=100)

    def sample(self, generator: np.random.Generator, samples: int, sample_rate: int) -> Parameters:
        """Draw the percentile."""
        return {"percentile": uniform(generator, self.min_percentile, self.max_percentile)}

    def apply(
        self, waveform: Waveform, parameters: Parameters, sample_rate: int, clips: ClipProvider | None = None
    ) -> Waveform:
        """Clip; the level is not made up for."""
        if not waveform.size:
            return waveform.copy()
        sizes = np.abs(waveform)
        index = round((waveform.size - 1) * parameters["percentile"] / 100.0)
        limit = max(float(np.partition(sizes, index)[index]), _LEAST_SHARE_OF_PEAK * float(sizes.max()))
        return np.clip(waveform, np.float32(-limit), np.float32(limit))
