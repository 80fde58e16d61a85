"""Recognise the same audio under another name, in another container or at another place."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray


def audio_hash(samples: NDArray[np.floating]) -> str:
    """Hash of what a recording sounds like, whatever it was stored in.

    Samples are rounded to 16 bits first, so that one recording as 16-bit WAV, as FLAC and as float WAV has one
    hash. Lossy copies have hashes of their own.

    Args:
        samples: (samples,) mono, nominally in [-1, 1], at 16 kHz by the convention of manifests.

    Returns:
        32 hexadecimal digits (BLAKE2b, 16 bytes).

    >>> audio_hash(np.zeros(3, np.float32)) == audio_hash(np.full(3, 1e-6, np.float32))
    True
    """
    quantised = np.round(np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2")
    return hashlib.blake2b(quantised.tobytes(), digest_size=16).hexdigest()
