"""The worst confident mistakes, and their sound small enough for a page."""

from __future__ import annotations

import base64
import io
import wave
from collections import Counter

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hearfelt.errors import HearfeltError
from hearfelt.evaluation.metrics import Ints
from hearfelt.evaluation.predictions import Predictions

_PAGE_RATE = 16000


def worst_mistakes(table: Predictions, count: int = 12, *, per_speaker: int = 3) -> Ints:
    """Rows of the wrong answers that were given with the highest probability, most confident first.

    Args:
        table: answers.
        count: at most.
        per_speaker: at most this many of one speaker, so that one odd voice does not fill the list.
    """
    wrong = np.flatnonzero(~table.right)
    ordered = wrong[np.argsort(-table.confidence[wrong], kind="stable")]
    taken: list[int] = []
    seen: Counter[str] = Counter()
    for row in ordered:
        speaker = table.speaker[row]
        if len(taken) < count and seen[speaker] < per_speaker:
            seen[speaker] += 1
            taken.append(int(row))
    return np.array(taken, dtype=np.int64)


def loudest_part(samples: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """The ``length`` neighbouring samples with the most energy."""
    if samples.size <= length:
        return samples
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples))])
    start = int(np.argmax(energy[length:] - energy[:-length]))
    return samples[start : start + length]


def audio_data_uri(samples: ArrayLike, sample_rate: int, *, max_seconds: float = 2.9) -> str:
    """Sound as a data URI: mono 16-bit WAV at 16 kHz or less, its loudest seconds, at a common level.

    Args:
        samples: mono, shape (samples,).
        sample_rate: hertz.
        max_seconds: longer clips are cut to their loudest part.

    Raises:
        HearfeltError: no samples, more than one channel, or values that are not finite.
    """
    sound = np.asarray(samples, dtype=np.float64)
    if sound.ndim != 1 or not sound.size or sample_rate <= 0 or not np.isfinite(sound).all():
        raise HearfeltError(f"Not playable: samples of shape {sound.shape} at {sample_rate} Hz.")
    sound = loudest_part(sound, int(max_seconds * sample_rate))
    if sample_rate > _PAGE_RATE:
        # cutting the spectrum off at the new Nyquist frequency is a resampling good enough to listen to
        length = max(1, round(sound.size * _PAGE_RATE / sample_rate))
        spectrum = np.fft.rfft(sound)[: length // 2 + 1]
        sound, sample_rate = np.fft.irfft(spectrum, length) * (length / sound.size), _PAGE_RATE
    peak = float(np.abs(sound).max())
    sound = sound * (0.9 / peak) if peak > 0 else sound
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(int(sample_rate))
        file.writeframes(np.round(sound * 32767).astype("<i2").tobytes())
    return "data:audio/wav;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
