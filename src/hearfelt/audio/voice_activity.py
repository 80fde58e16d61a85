"""Is there any speech here? Without a model, and in doubt: yes.

Speech changes its spectrum all the time; silence, a direct current, hum, a steady tone and stationary noise
do not. The measure is how much the log energies of a few bands vary over time, relative to how much those of
stationary Gaussian noise would vary by chance: about 1 for noise of any colour, near 0 for tones, above 9 for
each of 1,500 clips of eleven corpora (docs/recognition.md). Level does not enter.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

#: Shorter recordings hold no syllable.
MIN_SPEECH_SECONDS = 0.1
#: Peak below which a recording is digital silence: a thirtieth of the smallest 16-bit step.
SILENCE_PEAK = 1e-6
#: Between stationary noise (at most 1.5 in 3 s, 2.2 in 0.1 s) and speech (from 9; at 0 dB SNR
#: mostly from 2.3).
LEAST_VARIATION = 2.0
#: Few frames vary more by chance: the limit is raised by this over their number.
_FEW_FRAMES = 3.0

_FRAME_SECONDS = 0.032
_BANDS = 12
_MIN_HZ, _MAX_HZ = 120.0, 7000.0
#: Energies this far (-50 dB) below the mean frame are no sound but leakage and rounding.
_FLOOR = 1e-5
#: Neighbouring bins of a Hann window share this much: degrees of freedom are lost.
_OVERLAP = 1.3
_NEPERS_TO_DB = 10.0 / np.log(10.0)


def has_speech(samples: NDArray[np.float32], sample_rate: int) -> bool:
    """Whether a clip may hold speech (spoken, sung, shouted or whispered, at any level).

    Sounds that change, such as music or traffic, count as speech: what is left out here nobody will look at
    again.

    Args:
        samples: (samples,) mono, finite.
        sample_rate: in hertz.

    >>> has_speech(np.zeros(16000, np.float32), 16000)
    False
    """
    if samples.size < MIN_SPEECH_SECONDS * sample_rate:
        return False
    signal = samples - samples.mean(dtype=np.float64).astype(np.float32)
    peak = float(np.abs(signal).max())
    if peak < SILENCE_PEAK:
        return False
    frames = samples.size / (_FRAME_SECONDS / 2 * sample_rate)
    return variation(signal / np.float32(peak), sample_rate) > LEAST_VARIATION + _FEW_FRAMES / frames


def variation(samples: NDArray[np.float32], sample_rate: int) -> float:
    """How much the spectrum changes, in units of what stationary noise does by chance.

    Args:
        samples: (samples,) float32 without a mean, at a sensible level.
        sample_rate: in hertz.

    Returns:
        mean over the bands of (variance of the log energy) / (its variance in stationary Gaussian noise).
    """
    size = round(_FRAME_SECONDS * sample_rate)
    window, edges, expected = _analysis(size, sample_rate)
    if samples.size < size:
        samples = np.pad(samples, (0, size - samples.size))
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[:: size // 2]
    spectrum = np.fft.rfft(frames * window, axis=1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    energies = np.add.reduceat(power, edges, axis=1).astype(np.float64)
    floor = _FLOOR * energies.sum() / len(energies)
    energies = energies[:, :-1]  # what is above the bands only counts as what may leak into them
    if floor == 0:
        return 0.0
    levels = _NEPERS_TO_DB * np.log(energies + floor)
    return float(np.mean(levels.var(axis=0) / expected))


@lru_cache(maxsize=8)
def _analysis(
    size: int, sample_rate: int
) -> tuple[NDArray[np.float32], NDArray[np.intp], NDArray[np.float64]]:
    """Hann window, first bins of the bands with the end of the last, and dB² that noise varies by in each."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    top = min(_MAX_HZ, 0.45 * sample_rate)
    hertz = np.geomspace(min(_MIN_HZ, top / 4), top, _BANDS + 1)
    edges = np.maximum(1, np.round(hertz * size / sample_rate)).astype(np.intp)
    edges = np.unique(edges)  # low rates have fewer bins than bands
    # Energy of n degrees of freedom: the variance of its logarithm is trigamma(n / 2).
    half = np.maximum(1.0, np.diff(edges) / _OVERLAP)
    trigamma = 1 / half + 1 / (2 * half**2) + 1 / (6 * half**3)
    return window.astype(np.float32), edges, _NEPERS_TO_DB**2 * trigamma
