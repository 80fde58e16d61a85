"""Read any recording as mono float32 at the rate asked for."""

from __future__ import annotations

import os

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from hearfelt.errors import AudioError

#: What folders are searched for.
AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif"})


def read_audio(path: str | os.PathLike[str], sample_rate: int = 16000) -> NDArray[np.float32]:
    """Decode a whole recording, mix it to mono and resample it.

    Args:
        path: any file that libsndfile reads (WAV, FLAC, Ogg Vorbis and Opus, MP3, AIFF), whatever its suffix.
        sample_rate: of the result, in hertz.

    Returns:
        (samples,) float32, finite, nominally in [-1, 1].

    Raises:
        AudioError: missing, not audio, damaged, or without samples.
    """
    try:
        samples, rate = soundfile.read(os.fspath(path), dtype="float32", always_2d=True)
    except (OSError, RuntimeError) as error:
        raise AudioError(f"{os.fspath(path)!r} cannot be read as audio: {error}") from error
    mono = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1)
    if rate != sample_rate:
        mono = soxr.resample(mono, rate, sample_rate, quality="VHQ")
    return np.ascontiguousarray(mono, dtype=np.float32)
