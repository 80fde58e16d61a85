"""Samples in memory, as callers have them, made mono float32 at the rate asked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hearfelt.audio.decode import MAX_AMPLITUDE, MAX_SOURCE_RATE, MIN_SOURCE_RATE, RESAMPLING_QUALITY
from hearfelt.errors import AudioError

#: Full scale of integer samples, and the value of silence.
_INTEGERS = {"int16": (2.0**15, 0), "int32": (2.0**31, 0), "uint8": (2.0**7, 128), "int8": (2.0**7, 0)}
_MAX_CHANNELS = 64


def mono_at(samples: ArrayLike, sample_rate: int | None, target_rate: int) -> NDArray[np.float32]:
    """Mix samples to mono and resample them, as `hearfelt.audio.decode.read_audio` does with files.

    Args:
        samples: (samples,) or (samples, channels); floats, nominally in [-1, 1], or integers of 8, 16 or 32
            bits.
        sample_rate: of the samples, in hertz.
        target_rate: of the result, in hertz.

    Returns:
        (samples,) float32, finite, not empty.

    Raises:
        AudioError: no rate, wrong shape or type, no samples, or samples that are no numbers.

    >>> mono_at(np.array([[16384, 0], [-32768, 0]], dtype=np.int16), 16000, 16000)
    array([ 0.25, -0.5 ], dtype=float32)
    """
    if sample_rate is None:
        raise AudioError("Samples need their sample rate: recognizer(samples, sample_rate).")
    if not MIN_SOURCE_RATE <= sample_rate <= MAX_SOURCE_RATE:
        raise AudioError(
            f"The samples are said to be at {sample_rate} Hz; {MIN_SOURCE_RATE} to {MAX_SOURCE_RATE} Hz are "
            "possible."
        )
    try:
        given = np.asarray(samples)
    except (ValueError, TypeError, RuntimeError) as error:
        raise AudioError(f"The samples are no array of numbers: {error}.") from error
    if given.ndim not in (1, 2) or (given.ndim == 2 and given.shape[1] > _MAX_CHANNELS):
        raise AudioError(
            f"The samples have shape {given.shape}; (samples,) or (samples, channels) with up to "
            f"{_MAX_CHANNELS} channels was expected. Transpose them if channels come first."
        )
    if not given.size:
        raise AudioError("There are no samples.")
    mono = _floats(given)
    if mono.ndim == 2:
        mono = mono.mean(axis=1)
    if not max(float(mono.max()), -float(mono.min())) <= MAX_AMPLITUDE:
        bad = int(np.argmin(np.abs(mono) <= MAX_AMPLITUDE))
        raise AudioError(f"Sample {bad} is {mono[bad]}, which is no sound (full scale is 1).")
    mono = mono.astype(np.float32)
    if sample_rate != target_rate:
        import soxr

        mono = soxr.resample(mono, sample_rate, target_rate, quality=RESAMPLING_QUALITY)
        if not mono.size:
            raise AudioError(f"{given.shape[0]} samples at {sample_rate} Hz are too few.")
    return np.ascontiguousarray(mono)


def _floats(given: NDArray[np.generic]) -> NDArray[np.float64]:
    if given.dtype.kind == "f":
        with np.errstate(over="ignore", invalid="ignore"):
            return given.astype(np.float64)
    if given.dtype.name in _INTEGERS:
        scale, silence = _INTEGERS[given.dtype.name]
        return (given.astype(np.float64) - silence) / scale
    raise AudioError(
        f"The samples are of type {given.dtype}; floats in [-1, 1] or integers of 8, 16 or 32 bits were "
        "expected."
    )
