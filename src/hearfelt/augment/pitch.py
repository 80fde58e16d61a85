"""A higher or lower voice at the same tempo."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from hearfelt.augment._base import ClipProvider, Parameters, Waveform, WaveformAugmentation, uniform
from hearfelt.augment.speed import change_speed
from hearfelt.augment.tempo import change_tempo


class Pitch(WaveformAugmentation):
    """Shift the pitch and keep the length: stretch, then resample. Formants move along.

    Attributes:
        min_semitones: lowest shift.
        max_semitones: highest.
    """

    name: Literal["pitch"] = "pitch"
    min_semitones: float = Field(default=-2.0, ge=-24, le=24)
    max_semitones: float = Field(default=2.0, ge=-24, le=24)

    def sample(self, generator: np.random.Generator, samples: int, sample_rate: int) -> Parameters:
        """Draw the shift."""
        return {"semitones": uniform(generator, self.min_semitones, self.max_semitones)}

    def apply(
        self, waveform: Waveform, parameters: Parameters, sample_rate: int, clips: ClipProvider | None = None
    ) -> Waveform:
        """Shift; the length is kept."""
        factor = 2.0 ** (parameters["semitones"] / 12.0)
        longer = change_tempo(waveform, 1.0 / factor, sample_rate)
        return change_speed(longer, factor, samples=waveform.size)
