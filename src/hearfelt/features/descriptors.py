"""Acoustic descriptors, a row each: energy, zero crossings, where the spectrum lies and how it is shaped, in numpy.

Definitions are librosa's, the oracle of the tests, where it has them; frames are `log_mel`'s, not centred. `pitch` has
the fundamental frequency, `functionals` what remains of a descriptor over time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from hearfelt.errors import UnknownNameError
from hearfelt.features._base import TINY, FramedConfig, framed, normalize, power_spectra

Array = NDArray[np.float64]

PITCH_CLASSES = ("c", "c_sharp", "d", "d_sharp", "e", "f", "f_sharp", "g", "g_sharp", "a", "a_sharp", "b")

#: Descriptor -> its columns, with their units.
COLUMNS: dict[str, tuple[str, ...]] = {
    "rms": ("rms",),
    "zcr": ("zero_crossing_rate",),
    "ber": ("band_energy_ratio_db",),
    "centroid": ("spectral_centroid_hz",),
    "bandwidth": ("spectral_bandwidth_hz",),
    "rolloff": ("spectral_rolloff_hz",),
    "flatness": ("spectral_flatness",),
    "chroma": tuple(f"chroma_{name}" for name in PITCH_CLASSES),
}
#: The seven that are on by default.
USUAL = ("rms", "zcr", "ber", "centroid", "bandwidth", "rolloff", "flatness")

#: Of the power of a frame: bounds the band energy ratio at 80 dB, below the noise of any recording.
BAND_FLOOR = 1e-8
#: Samples nearer to zero are zero for the crossings; librosa's.
SILENT = 1e-10
#: Of a bin's power, for the flatness; librosa's.
FLATNESS_FLOOR = 1e-10


class DescriptorsConfig(FramedConfig):
    """Parameters of the front end: those of frames and these.

    Attributes:
        descriptors: which, in the order of the rows; keys of `COLUMNS`.
        split_hz: between the two bands of ``ber``.
        rolloff_share: of the magnitudes that lie below ``rolloff``.
    """

    bands_share_unit: ClassVar[bool] = False

    name: Literal["descriptors"] = "descriptors"
    descriptors: tuple[str, ...] = Field(default=USUAL, min_length=1)
    split_hz: float = Field(default=2000.0, gt=0)
    rolloff_share: float = Field(default=0.85, gt=0, lt=1)

    @field_validator("descriptors")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in COLUMNS:
                raise ValueError(str(UnknownNameError("descriptor", name, COLUMNS)))
        if len(set(value)) < len(value):
            raise ValueError(f"descriptors repeat: {', '.join(value)}")
        return value

    @model_validator(mode="after")
    def _check_split(self) -> DescriptorsConfig:
        if self.split_hz >= self.sample_rate / 2:
            raise ValueError(f"split_hz {self.split_hz} is not below half the sample rate {self.sample_rate}")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the rows, with their units."""
        return tuple(column for name in self.descriptors for column in COLUMNS[name])

    @property
    def band_count(self) -> int:
        """Rows that a model sees."""
        return len(self.columns)

    @property
    def split_bin(self) -> int:
        """First bin of the upper band."""
        return int(np.ceil(self.split_hz * self.window_samples / self.sample_rate))


def descriptors(
    waveform: NDArray[np.floating], config: DescriptorsConfig | None = None
) -> NDArray[np.float32]:
    """What a model sees: `measure` in units that make numbers about 1 (kilohertz for hertz, bel for decibel).

    Args:
        waveform: (samples,) at ``config.sample_rate``.
        config: front end parameters.

    Returns:
        (band_count, frames) float32, ``frames = config.frame_count(samples)``.

    >>> descriptors(np.zeros(16000)).shape
    (7, 61)
    """
    config = config or DescriptorsConfig()
    rows = [values / row_unit(column) for column, values in measure(waveform, config).items()]
    return normalize(np.stack(rows), config).astype(np.float32)


def row_unit(column: str) -> float:
    """What a column is divided by to be a front end's row.

    >>> row_unit("spectral_centroid_hz"), row_unit("band_energy_ratio_db"), row_unit("rms")
    (1000.0, 10.0, 1.0)
    """
    return 1000.0 if column.endswith("_hz") else 10.0 if column.endswith("_db") else 1.0


def measure(waveform: NDArray[np.floating], config: DescriptorsConfig | None = None) -> dict[str, Array]:
    """The descriptors of one clip in their own units.

    Args:
        waveform: (samples,) at ``config.sample_rate``.
        config: which, and how; its normalisation is not used. `level` is: ``none`` measures the clip as it is.

    Returns:
        column -> (frames,), in the order of ``config.columns``.

    >>> tone = np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000)
    >>> found = measure(tone, DescriptorsConfig(level="none"))
    >>> round(float(found["spectral_centroid_hz"].mean())), round(float(found["rms"][0]), 3)
    (1000, 0.707)
    """
    config = config or DescriptorsConfig(level="none")
    frames = framed(waveform, config)
    power = power_spectra(frames)
    magnitude = np.sqrt(power)
    hertz = np.arange(len(power), dtype=np.float64) * (config.sample_rate / config.window_samples)
    found: dict[str, Array] = {}
    for name in config.descriptors:
        if name == "rms":
            values = root_mean_square(frames)
        elif name == "zcr":
            values = zero_crossing_rate(frames)
        elif name == "ber":
            values = band_energy_ratio(power, config.split_bin)
        elif name == "centroid":
            values = spectral_centroid(magnitude, hertz)
        elif name == "bandwidth":
            values = spectral_bandwidth(magnitude, hertz)
        elif name == "rolloff":
            values = spectral_rolloff(magnitude, hertz, config.rolloff_share)
        elif name == "flatness":
            values = spectral_flatness(power)
        else:
            values = chroma(power, chroma_filters(config.sample_rate, config.window_samples))
        found |= dict(zip(COLUMNS[name], np.atleast_2d(values), strict=True))
    return found


def root_mean_square(frames: Array) -> Array:
    """Level of (frames, samples), full scale: (frames,), from 0 to 1."""
    return np.asarray(np.sqrt(np.mean(np.square(frames), axis=1)))


def zero_crossing_rate(frames: Array) -> Array:
    """Share of a frame's samples whose sign differs from that of the sample before: (frames,), from 0 to 1."""
    below = frames < -SILENT
    return np.asarray(np.count_nonzero(below[:, 1:] != below[:, :-1], axis=1) / frames.shape[1])


def band_energy_ratio(power: Array, split_bin: int) -> Array:
    """Decibels that the bins below a split have more than those above: (bins, frames) to (frames,), from -80 to 80."""
    low, high = power[:split_bin].sum(axis=0), power[split_bin:].sum(axis=0)
    floor = BAND_FLOOR * (low + high) + TINY**2
    return np.asarray(10 * np.log10((low + floor) / (high + floor)))


def spectral_centroid(magnitude: Array, hertz: Array) -> Array:
    """Mean frequency, weighted by magnitude: (bins, frames) to (frames,), hertz; 0 in silence."""
    return np.asarray(hertz @ magnitude / (magnitude.sum(axis=0) + TINY**2))


def spectral_bandwidth(magnitude: Array, hertz: Array) -> Array:
    """Standard deviation of the frequency, weighted by magnitude: (bins, frames) to (frames,), hertz."""
    away = np.square(hertz[:, None] - spectral_centroid(magnitude, hertz))
    return np.asarray(np.sqrt((away * magnitude).sum(axis=0) / (magnitude.sum(axis=0) + TINY**2)))


def spectral_rolloff(magnitude: Array, hertz: Array, share: float = 0.85) -> Array:
    """Frequency below which a share of the magnitudes lies: (bins, frames) to (frames,), hertz.

    Interpolated between two bins, of which librosa gives the upper one: a step would jump with the last bit.
    """
    below = np.cumsum(magnitude, axis=0) - magnitude
    target = share * magnitude.sum(axis=0)
    filled = np.clip(
        (target - below) / (magnitude + TINY**2), 0.0, 1.0
    )  # of each bin, the share that is needed
    return np.asarray(np.maximum(filled.sum(axis=0) - 1.0, 0.0) * hertz[1])


def spectral_flatness(power: Array) -> Array:
    """Geometric over arithmetic mean of the powers: (bins, frames) to (frames,); near 0 a tone, near 1 noise."""
    power = np.maximum(power, FLATNESS_FLOOR)
    return np.asarray(np.exp(np.log(power).mean(axis=0)) / power.mean(axis=0))


def chroma(power: Array, filters: Array) -> Array:
    """Power of the twelve pitch classes, the largest is 1: (bins, frames) to (12, frames)."""
    classes = filters @ power
    return np.asarray(classes / (classes.max(axis=0) + TINY**2))


@lru_cache(maxsize=8)
def chroma_filters(sample_rate: int, window_samples: int) -> Array:
    """Weights (12, bins) of pitch classes from C at 440 Hz tuning, as librosa's.

    Bumps one class wide or as wide as a bin, weighted by a bump over the octaves around the fifth (Ellis 2007).
    """
    hertz = np.arange(1, window_samples) * sample_rate / window_samples
    places = 12 * np.log2(hertz / 27.5)  # semitones above the lowest A of a piano
    places = np.concatenate(([places[0] - 18.0], places))
    widths = np.concatenate((np.maximum(np.diff(places), 1.0), [1.0]))
    distance = np.remainder(places[None] - np.arange(12)[:, None] + 126, 12) - 6
    weights = np.exp(-0.5 * np.square(2 * distance / widths))
    weights /= np.sqrt(np.sum(np.square(weights), axis=0))
    weights *= np.exp(-0.5 * np.square((places / 12 - 5.0) / 2.0))
    return np.roll(weights, -3, axis=0)[:, : window_samples // 2 + 1]
