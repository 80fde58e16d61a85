"""A synthetic room."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from hearfelt.augment._base import (
    ClipProvider,
    Parameters,
    Waveform,
    WaveformAugmentation,
    draw_seed,
    uniform,
)
from hearfelt.augment._fourier import filter_by, quick_length, spectrum

#: Neperian decay of the amplitude over one RT60: 60 dB.
_DECAY = float(np.log(10.0) * 3.0)


class Reverb(WaveformAugmentation):
    """Convolve with a direct path and exponentially decaying noise (Polack's model of a diffuse room).

    The direct path stays where it was, so labels keep their times; the response has unit energy, so the level
    stays about what it was; the length is kept, the tail beyond the end is cut.

    Attributes:
        min_rt60_seconds: shortest time in which the reverberation falls by 60 dB.
        max_rt60_seconds: longest; a living room has 0.3 to 0.6, a lecture hall about 1, a church several.
        min_direct_db: lowest ratio of direct to reverberant energy (far from the microphone).
        max_direct_db: highest.
        max_delay_seconds: longest gap between the direct path and the first reflection.
    """

    name: Literal["reverb"] = "reverb"
    min_rt60_seconds: float = Field(default=0.15, gt=0, le=10)
    max_rt60_seconds: float = Field(default=0.8, gt=0, le=10)
    min_direct_db: float = Field(default=-3.0, ge=-60, le=60)
    max_direct_db: float = Field(default=12.0, ge=-60, le=60)
    max_delay_seconds: float = Field(default=0.01, ge=0, le=0.2)

    def sample(self, generator: np.random.Generator, samples: int, sample_rate: int) -> Parameters:
        """Draw the room and the seed of its reflections."""
        return {
            "rt60_seconds": uniform(generator, self.min_rt60_seconds, self.max_rt60_seconds),
            "direct_db": uniform(generator, self.min_direct_db, self.max_direct_db),
            "delay_seconds": uniform(generator, 0.0, self.max_delay_seconds),
            "seed": draw_seed(generator),
        }

    def apply(
        self, waveform: Waveform, parameters: Parameters, sample_rate: int, clips: ClipProvider | None = None
    ) -> Waveform:
        """Convolve; the length is kept."""
        response = impulse_response(parameters, sample_rate)[: max(1, waveform.size)]
        length = quick_length(waveform.size + response.size - 1)
        return filter_by(waveform, spectrum(response, length), length)


def impulse_response(parameters: Parameters, sample_rate: int) -> Waveform:
    """The room's response, (samples,) float32 of unit energy, the direct path at sample 0, down to -60 dB."""
    generator = np.random.default_rng(parameters["seed"])
    decay_samples = parameters["rt60_seconds"] * sample_rate
    delay = max(1, round(parameters["delay_seconds"] * sample_rate))
    tail = generator.standard_normal(max(1, round(decay_samples)), dtype=np.float32)
    tail *= np.exp(np.arange(tail.size, dtype=np.float32) * np.float32(-_DECAY / decay_samples))
    reverberant = 10.0 ** (-parameters["direct_db"] / 10.0)  # energy, the direct path having 1
    response = np.zeros(delay + tail.size, dtype=np.float32)
    response[0] = 1.0
    response[delay:] = tail * np.float32(np.sqrt(reverberant / max(float(np.dot(tail, tail)), 1e-30)))
    return response * np.float32(1.0 / np.sqrt(1.0 + reverberant))
