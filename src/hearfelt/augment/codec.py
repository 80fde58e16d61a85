"""What telephones and low bit rates do to a voice."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Literal

import numpy as np
import soxr
from numpy.typing import NDArray
from pydantic import Field

from hearfelt.augment._base import ClipProvider, Parameters, Waveform, WaveformAugmentation, uniform
from hearfelt.augment._fourier import filter_by, quick_length
from hearfelt.errors import RecipeError

Kind = Literal["telephone", "narrowband", "mu_law", "opus", "mp3"]

_TELEPHONE_RATE = 8000
_OPUS_RATES = (8000, 12000, 16000, 24000, 48000)
_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
#: Samples by which encoder and decoder together delay.
_MP3_DELAY = 1105


def _compression_level(subtype: str, kbps: float, rate: int) -> float:
    """The level 0..1 of libsndfile: linear over a range of bit rates; 1 itself it refuses for MP3."""
    if subtype == "OPUS":
        low, high = 6.0, 256.0
    else:
        low, high = (32.0, 320.0) if rate >= 32000 else (8.0, 160.0) if rate >= 16000 else (8.0, 64.0)
    return min(0.9999, max(0.0, (high - kbps) / (high - low)))


class Codec(WaveformAugmentation):
    """Send the clip through a channel and bring it back; length and sample rate are kept.

    Attributes:
        kinds: what is drawn from, alike: ``telephone`` (300 to 3400 Hz, 8 kHz, mu-law), ``narrowband``
            (8 kHz only), ``mu_law`` (8 bits at the clip's own rate), ``opus`` and ``mp3`` (encoded and
            decoded in memory; these take some milliseconds a second of sound).
        min_kbps: lowest bit rate of ``opus`` and ``mp3``, in thousand bits a second; each takes the nearest
            it has (``mp3`` at 16 kHz: 8 to 160).
        max_kbps: highest.
    """

    name: Literal["codec"] = "codec"
    kinds: tuple[Kind, ...] = Field(default=("telephone", "narrowband", "mu_law"), min_length=1)
    min_kbps: float = Field(default=6.0, ge=6, le=256)
    max_kbps: float = Field(default=24.0, ge=6, le=256)

    def sample(self, generator: np.random.Generator, samples: int, sample_rate: int) -> Parameters:
        """Draw the kind and the bit rate."""
        return {
            "kind": self.kinds[int(generator.integers(len(self.kinds)))],
            "kbps": uniform(generator, self.min_kbps, self.max_kbps),
        }

    def apply(
        self, waveform: Waveform, parameters: Parameters, sample_rate: int, clips: ClipProvider | None = None
    ) -> Waveform:
        """Encode and decode.

        Raises:
            RecipeError: the installed libsndfile does not write the format.
        """
        kind = parameters["kind"]
        if kind == "mu_law":
            return mu_law(waveform)
        if kind == "narrowband":
            return _at_rate(waveform, sample_rate, _TELEPHONE_RATE)
        if kind == "telephone":
            return telephone(waveform, sample_rate)
        if kind == "opus":
            return through_opus(waveform, sample_rate, parameters["kbps"])[0]
        return through_mp3(waveform, sample_rate, parameters["kbps"])[0]


def mu_law(waveform: Waveform, levels: int = 127) -> Waveform:
    """Quantise as G.711 does: 127 steps on each side of zero, logarithmically spaced; peaks beyond 1 are cut.

    >>> mu_law(np.array([0.0, 0.5, -2.0], np.float32)).round(3)
    array([ 0.   ,  0.495, -1.   ], dtype=float32)
    """
    size = np.minimum(np.abs(waveform), np.float32(1.0))
    steps = np.rint(np.log1p(size * np.float32(255.0)) * np.float32(levels / np.log(256.0)))
    quantised = np.expm1(steps * np.float32(np.log(256.0) / levels)) * np.float32(1 / 255.0)
    return np.copysign(quantised, waveform)


def telephone(waveform: Waveform, sample_rate: int) -> Waveform:
    """The band of a telephone, 300 to 3400 Hz, its rate of 8 kHz and its mu-law."""
    length = quick_length(waveform.size + sample_rate // 16)
    banded = filter_by(waveform, _telephone_band(length, sample_rate), length)
    return _at_rate(banded, sample_rate, _TELEPHONE_RATE, quantise=True)


@lru_cache(maxsize=32)
def _telephone_band(length: int, sample_rate: int) -> NDArray[np.float32]:
    hertz = np.fft.rfftfreq(length, 1 / sample_rate)
    # Raised cosines over the edges: silent below 200 and above 3700 Hz, whole from 300 to 3400.
    rising = np.clip((hertz - 200.0) / 100.0, 0.0, 1.0)
    falling = np.clip((3700.0 - hertz) / 300.0, 0.0, 1.0)
    band: NDArray[np.float64] = 0.25 * (1 - np.cos(np.pi * rising)) * (1 - np.cos(np.pi * falling))
    return band.astype(np.float32)


def _at_rate(waveform: Waveform, sample_rate: int, rate: int, quantise: bool = False) -> Waveform:
    narrow = waveform
    if sample_rate > rate and waveform.size:
        narrow = soxr.resample(waveform, sample_rate, rate, quality="MQ")
    if quantise:
        narrow = mu_law(narrow)
    if sample_rate > rate and waveform.size:
        narrow = soxr.resample(narrow, rate, sample_rate, quality="MQ")
    return _fit(narrow, waveform.size)


def through_opus(waveform: Waveform, sample_rate: int, kbps: float) -> tuple[Waveform, int]:
    """What is left after Ogg Opus near a bit rate, as long as before, and the size of the file in bytes.

    Raises:
        RecipeError: the installed libsndfile does not write the format.
    """
    return _encoded(waveform, sample_rate, "OGG", "OPUS", kbps, _OPUS_RATES)


def through_mp3(waveform: Waveform, sample_rate: int, kbps: float) -> tuple[Waveform, int]:
    """What is left after MP3 near a bit rate, as long as before, and the size of the file in bytes.

    Raises:
        RecipeError: the installed libsndfile does not write the format.
    """
    return _encoded(waveform, sample_rate, "MP3", "MPEG_LAYER_III", kbps, _MP3_RATES)


def _encoded(
    waveform: Waveform, sample_rate: int, container: str, subtype: str, kbps: float, rates: tuple[int, ...]
) -> tuple[Waveform, int]:
    import soundfile

    if not waveform.size:
        return waveform.copy(), 0
    rate = min((rate for rate in rates if rate >= sample_rate), default=rates[-1])
    sent = waveform if rate == sample_rate else soxr.resample(waveform, sample_rate, rate, quality="MQ")
    level = _compression_level(subtype, kbps, rate)
    mode = "CONSTANT" if container == "MP3" else None
    buffer = io.BytesIO()
    try:
        soundfile.write(
            buffer,
            sent,
            rate,
            format=container,
            subtype=subtype,
            compression_level=level,
            bitrate_mode=mode,
        )
        buffer.seek(0)
        received, _ = soundfile.read(buffer, dtype="float32")
    except (soundfile.SoundFileError, ValueError) as error:
        raise RecipeError(
            f"The codec {subtype} failed: libsndfile {soundfile.__libsndfile_version__} says: {error} "
            "Leave it out of the kinds, or install a soundfile whose libsndfile has it (1.1 or later)."
        ) from error
    if container == "MP3" and received.size > sent.size:  # not cut to length, so the delay is still in it
        received = received[min(_MP3_DELAY, received.size - sent.size) :]
    if rate != sample_rate:
        received = soxr.resample(received, rate, sample_rate, quality="MQ")
    return _fit(received, waveform.size), buffer.getbuffer().nbytes


def _fit(waveform: Waveform, samples: int) -> Waveform:
    out = np.zeros(samples, dtype=np.float32)
    out[: waveform.size] = waveform[:samples]
    return out
