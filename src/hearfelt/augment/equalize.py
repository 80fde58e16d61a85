"""A random tone control: other microphones, other distances, other rooms' colour."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hearfelt.augment._base import ClipProvider, Parameters, Waveform, WaveformAugmentation
from hearfelt.augment._fourier import filter_by, quick_length


class Equalize(WaveformAugmentation):
    """Gains in decibels at a few frequencies, joined by straight lines over the logarithm of frequency.

    The frequencies are spaced evenly on a logarithmic axis from `lowest_hz` to half the sample rate; the
    phase is left alone.

    Attributes:
        points: number of frequencies.
        max_gain_db: every gain is drawn between minus and plus this.
        lowest_hz: first frequency; below it its gain holds.
    """

    name: Literal["equalize"] = "equalize"
    points: int = Field(default=7, ge=2, le=64)
    max_gain_db: float = Field(default=10.0, ge=0, le=60)
    lowest_hz: float = Field(default=60.0, gt=0, le=1000)

    def sample(self, generator: np.random.Generator, samples: int, sample_rate: int) -> Parameters:
        """Draw the gains."""
        gains = generator.uniform(-self.max_gain_db, self.max_gain_db, self.points)
        return {
            "hertz": [float(hertz) for hertz in np.geomspace(self.lowest_hz, sample_rate / 2, self.points)],
            "gains_db": [float(gain) for gain in gains],
        }

    def apply(
        self, waveform: Waveform, parameters: Parameters, sample_rate: int, clips: ClipProvider | None = None
    ) -> Waveform:
        """Filter; the length is kept."""
        # Room on both sides for the symmetric response: 1 / 16 s, where -60 dB is long reached.
        length = quick_length(waveform.size + sample_rate // 16)
        decibels = np.interp(
            _log_hertz(length, sample_rate), np.log(parameters["hertz"]), parameters["gains_db"]
        )
        response = np.exp(decibels.astype(np.float32) * np.float32(np.log(10.0) / 20.0))
        return filter_by(waveform, response, length)


@lru_cache(maxsize=32)
def _log_hertz(length: int, sample_rate: int) -> NDArray[np.float64]:
    hertz = np.fft.rfftfreq(length, 1 / sample_rate)
    log_hertz: NDArray[np.float64] = np.log(np.maximum(hertz, 1e-3))
    return log_hertz
