"""Read one recording once, and say everything that validation asks of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hearfelt.corpora.manifest import Row
from hearfelt.errors import AudioError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Rate of the samples that are looked at and hashed.
SAMPLE_RATE = 16000
#: Samples at or above this share of full scale count as cut off ...
CLIP_LEVEL = 0.99
#: ... and this share of them makes a clip "clipped": one peak at full scale is normalisation, not damage.
CLIP_SHARE = 0.001
#: A clip whose highest peak is below this (-60 dB of full scale) is silent.
SILENCE_PEAK = 0.001


@dataclass(frozen=True)
class Look:
    """What was seen of one row.

    Attributes:
        problem: why there is no audio, else empty.
        empty: the file has no samples at all (else ``problem`` is damage or access).
        container: libsndfile's name, such as ``WAV``; empty where the file cannot be opened.
        subtype: libsndfile's name of the coding, such as ``PCM_16``.
        sample_rate: of the file, in hertz.
        channels: of the file.
        duration: seconds of the clip.
        peak: highest absolute sample of the mono mix.
        clipped: share of samples at `CLIP_LEVEL` or above.
        audio_hash: of the clip, see `hearfelt.audio.content.audio_hash`.
    """

    problem: str = ""
    empty: bool = False
    container: str = ""
    subtype: str = ""
    sample_rate: int = 0
    channels: int = 0
    duration: float = 0.0
    peak: float = 0.0
    clipped: float = 0.0
    audio_hash: str = ""


def inspect_rows(
    rows: Sequence[Row], *, threads: int = 2, progress: Callable[[int, int], None] | None = None
) -> list[Look]:
    """Look at every row, each file decoded once; decoding runs in threads (libsndfile releases the lock)."""
    places: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        places.setdefault(row.path, []).append(index)
    looks: list[Look] = [Look()] * len(rows)
    with ThreadPoolExecutor(max(1, threads)) as pool:
        try:
            results = pool.map(lambda item: _inspect(item[0], [rows[i] for i in item[1]]), places.items())
            for done, (indices, found) in enumerate(zip(places.values(), results, strict=True), start=1):
                for index, look in zip(indices, found, strict=True):
                    looks[index] = look
                if progress:
                    progress(done, len(places))
        except BaseException:  # an interruption should not wait for thousands of queued files
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return looks


def _inspect(path: str, rows: Sequence[Row]) -> list[Look]:
    import soundfile

    from hearfelt.audio.decode import read_audio
    from hearfelt.audio.spans import part

    container, subtype, rate, channels, frames = "", "", 0, 0, -1
    try:
        with Path(path).open("rb") as file:  # by descriptor: any bytes may be in a name
            info = soundfile.info(file)
        container, subtype, rate, channels = info.format, info.subtype, info.samplerate, info.channels
        frames = info.frames
        samples = read_audio(path, SAMPLE_RATE)
    except (AudioError, OSError, RuntimeError, TypeError, ValueError) as error:
        empty = frames == 0 or _size(path) in range(64)  # a header at most
        reason = getattr(error, "error_string", "") or getattr(error, "strerror", "") or str(error)
        look = Look(reason, empty, container, subtype, rate, channels)
        return [look] * len(rows)
    parts = (part(samples, row.start, row.end, SAMPLE_RATE) for row in rows)
    return [_measure(cut, container, subtype, rate, channels) for cut in parts]


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - any bytes may be in a name
    except OSError:
        return -1


def _measure(samples: NDArray[np.float32], container: str, subtype: str, rate: int, channels: int) -> Look:
    import numpy as np

    from hearfelt.audio.content import audio_hash

    if not samples.size:
        return Look("the part lies outside the recording", True, container, subtype, rate, channels)
    level = np.abs(samples)
    return Look(
        container=container,
        subtype=subtype,
        sample_rate=rate,
        channels=channels,
        duration=samples.size / SAMPLE_RATE,
        peak=float(level.max()),
        clipped=float(np.mean(level >= CLIP_LEVEL)),
        audio_hash=audio_hash(samples),
    )
