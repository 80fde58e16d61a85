"""A change of level."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from hearfelt.augment._base import ClipProvider, Parameters, Waveform, WaveformAugmentation, uniform


class Gain(WaveformAugmentation):
    """Multiply by a factor drawn in decibels.

    A front end that levels every clip undoes it, unless `limit` cuts the peaks.

    Attributes:
        min_gain_db: lowest.
        max_gain_db: highest.
        limit: cut what leaves [-1, 1], as an overdriven recorder does.
    """

    name: Literal["gain"] = "gain"
    min_gain_db: float = Field(default=-12.0, ge=-120, le=120)
    max_gain_db: float = Field(default=12.0, ge=-120, le=120)
    limit: bool = False

    def sample(self, generator: np.random.Generator, samples: int, sample_rate: int) -> Parameters:
        """Draw the gain."""
        return {"gain_db": uniform(generator, self.min_gain_db, self.max_gain_db)}

    def apply(
        self, waveform: Waveform, parameters: Parameters, sample_rate: int, clips: ClipProvider | None = None
    ) -> Waveform:
        """Apply the gain, and the limit where configured."""
        louder = waveform * np.float32(10.0 ** (parameters["gain_db"] / 20.0))
        return np.clip(louder, -1.0, 1.0, out=louder) if self.limit else louder
