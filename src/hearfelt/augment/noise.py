"""Background noise at a signal-to-noise ratio that is reached exactly."""

from __future__ import annotations

from math import gcd
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
from hearfelt.augment._fourier import quick_length
from hearfelt.errors import RecipeError

Kind = Literal["white", "pink", "brown", "hum", "babble"]

#: Power falls with frequency to this exponent.
_SLOPES = {"white": 0.0, "pink": 1.0, "brown": 2.0}
#: Coloured noise has no more power below this, where microphones and ears end.
_LOWEST_HZ = 20.0


class Noise(WaveformAugmentation):
    """Add noise; the ratio of mean powers over the whole clip is the drawn one.

    Attributes:
        kinds: what is drawn from, alike: ``white``, ``pink`` (-3 dB an octave), ``brown`` (-6 dB), ``hum``
            (mains with harmonics), ``babble`` (several other clips at once; needs the `clips` provider). A
            kind named twice is drawn twice as often.
        min_snr_db: lowest ratio of signal to noise.
        max_snr_db: highest.
        min_voices: fewest clips in babble.
        max_voices: most.
    """

    name: Literal["noise"] = "noise"
    kinds: tuple[Kind, ...] = Field(default=("white", "pink", "brown"), min_length=1)
    min_snr_db: float = Field(default=5.0, ge=-60, le=120)
    max_snr_db: float = Field(default=30.0, ge=-60, le=120)
    min_voices: int = Field(default=3, ge=1, le=50)
    max_voices: int = Field(default=7, ge=1, le=50)

    def sample(self, generator: np.random.Generator, samples: int, sample_rate: int) -> Parameters:
        """Draw kind, ratio and the seed of the noise."""
        return {
            "kind": self.kinds[int(generator.integers(len(self.kinds)))],
            "snr_db": uniform(generator, self.min_snr_db, self.max_snr_db),
            "voices": int(generator.integers(self.min_voices, self.max_voices + 1)),
            "seed": draw_seed(generator),
        }

    def apply(
        self, waveform: Waveform, parameters: Parameters, sample_rate: int, clips: ClipProvider | None = None
    ) -> Waveform:
        """Add the noise. Silence stays silence, as no noise has a finite ratio to it.

        Raises:
            RecipeError: babble without a provider of clips.
        """
        generator = np.random.default_rng(parameters["seed"])
        kind = parameters["kind"]
        if kind == "hum":
            noise = hum(generator, waveform.size, sample_rate)
        elif kind == "babble":
            if clips is None:
                raise RecipeError(
                    "Noise of the kind 'babble' is made of other clips, and none were given. "
                    "Pass clips=..., or leave 'babble' out of the kinds."
                )
            noise = babble(generator, waveform.size, parameters["voices"], clips)
        else:
            noise = coloured(generator, waveform.size, sample_rate, _SLOPES[kind])
        return add_at_snr(waveform, noise, parameters["snr_db"])


def add_at_snr(waveform: Waveform, noise: Waveform, snr_db: float) -> Waveform:
    """Add noise, scaled so that mean powers have the ratio asked for; both (samples,).

    >>> add_at_snr(np.ones(4, np.float32), np.full(4, 3, np.float32), 20.0)
    array([1.1, 1.1, 1.1, 1.1], dtype=float32)
    """
    signal_power, noise_power = _energy(waveform), _energy(noise)
    if signal_power == 0.0 or noise_power == 0.0:
        return waveform.copy()
    scale = np.sqrt(signal_power / noise_power) * 10.0 ** (-snr_db / 20.0)
    return waveform + noise * np.float32(scale)


def _energy(waveform: Waveform) -> float:
    return float(np.dot(waveform, waveform))


def coloured(generator: np.random.Generator, samples: int, sample_rate: int, slope: float) -> Waveform:
    """Gaussian noise whose power falls as frequency to the power of `slope`; (samples,), level arbitrary."""
    if slope == 0.0:
        return generator.standard_normal(samples, dtype=np.float32)
    length = quick_length(samples)
    spectrum = generator.standard_normal(length + 2, dtype=np.float32).view(np.complex64)
    hertz = np.fft.rfftfreq(length, 1 / sample_rate).astype(np.float32)
    spectrum *= np.maximum(hertz, np.float32(_LOWEST_HZ)) ** np.float32(-slope / 2) * np.float32(length)
    return np.fft.irfft(spectrum, length)[:samples].astype(np.float32, copy=False)


def hum(generator: np.random.Generator, samples: int, sample_rate: int, harmonics: int = 12) -> Waveform:
    """Mains hum of 50 or 60 Hz with random harmonics, falling; (samples,), level arbitrary."""
    mains = int(generator.choice((50, 60)))
    period = sample_rate // gcd(sample_rate, mains)  # the shortest whole number of samples that repeats
    hertz = mains * np.arange(1, harmonics + 1)
    hertz = hertz[hertz < sample_rate / 2]
    levels = generator.uniform(0.2, 1.0, hertz.size) / np.arange(1, hertz.size + 1)
    phases = generator.uniform(0.0, 2 * np.pi, hertz.size)
    one = levels @ np.sin(2 * np.pi * hertz[:, None] * np.arange(period) / sample_rate + phases[:, None])
    return np.resize(one.astype(np.float32), samples)


def babble(generator: np.random.Generator, samples: int, voices: int, clips: ClipProvider) -> Waveform:
    """Several clips at once, each at the same level, from a random place in it on, repeated as needed."""
    mixed = np.zeros(samples, dtype=np.float32)
    for _ in range(voices):
        clip = np.asarray(clips(generator), dtype=np.float32)
        if not clip.size or not (energy := _energy(clip)):
            continue
        start = int(generator.integers(clip.size))
        level = np.float32(np.sqrt(clip.size / energy))
        mixed += np.resize(np.concatenate((clip[start:], clip[:start])), samples) * level
    return mixed
