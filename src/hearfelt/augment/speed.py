"""Playing faster or slower: pitch and tempo change together, as a tape does."""

from __future__ import annotations

from typing import Literal

import numpy as np
import soxr
from pydantic import Field

from hearfelt.augment._base import ClipProvider, Parameters, Waveform, WaveformAugmentation, uniform


class Speed(WaveformAugmentation):
    """Resample by a factor (Ko et al. 2015, "Audio augmentation for speech recognition").

    Attributes:
        min_factor: slowest; 0.9 makes a clip 11 % longer and lower.
        max_factor: fastest.
    """

    name: Literal["speed"] = "speed"
    min_factor: float = Field(default=0.9, ge=0.25, le=4)
    max_factor: float = Field(default=1.1, ge=0.25, le=4)

    def sample(self, generator: np.random.Generator, samples: int, sample_rate: int) -> Parameters:
        """Draw the factor."""
        return {"factor": uniform(generator, self.min_factor, self.max_factor)}

    def apply(
        self, waveform: Waveform, parameters: Parameters, sample_rate: int, clips: ClipProvider | None = None
    ) -> Waveform:
        """Resample; ``round(samples / factor)`` samples come back, one at least."""
        return change_speed(waveform, parameters["factor"])


def change_speed(waveform: Waveform, factor: float, samples: int | None = None) -> Waveform:
    """Resample so that a tone of f Hz becomes one of f * factor Hz.

    Args:
        waveform: (samples,) float32.
        factor: above 1 is faster, shorter and higher.
        samples: length to give back, cut or padded; by default ``round(waveform.size / factor)``.

    >>> change_speed(np.zeros(16000, np.float32), 1.1).size
    14545
    """
    wanted = max(1, round(waveform.size / factor)) if samples is None else samples
    same = factor == 1.0 or not waveform.size
    # MQ has 60 dB of stopband and is twice as fast as HQ
    changed = waveform if same else soxr.resample(waveform, factor, 1.0, quality="MQ")
    out = np.zeros(wanted, dtype=np.float32)
    out[: changed.size] = changed[:wanted]
    return out
