"""What remains of descriptors over time: mean, deviation, percentiles, range, slope; a clip is one row of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from hearfelt.features._base import FrontEndConfig, Normalization, normalize
from hearfelt.features.descriptors import DescriptorsConfig, descriptors
from hearfelt.features.mfcc import MfccConfig, mfcc

Array = NDArray[np.float64]

#: Of each column, in this order; the last is in the column's unit a second, the others are in its unit.
FUNCTIONALS = ("mean", "std", "p10", "p50", "p90", "range", "slope_per_s")
PERCENTILES = (0.1, 0.5, 0.9)


class FunctionalsConfig(FrontEndConfig):
    """A front end of one frame: the functionals of descriptors and cepstra, for classifiers that see no time.

    Attributes:
        descriptors: whose functionals; not normalised.
        mfcc: whose functionals follow; not normalised; None leaves them out.
        normalization: ``corpus``, or ``none``; there is but one frame to normalise.
    """

    bands_share_unit: ClassVar[bool] = False

    name: Literal["functionals"] = "functionals"
    normalization: Normalization = "corpus"
    descriptors: DescriptorsConfig = DescriptorsConfig(normalization="none")
    mfcc: MfccConfig | None = MfccConfig(cepstra=13, deltas=1, normalization="none")

    @model_validator(mode="after")
    def _check_parts(self) -> FunctionalsConfig:
        if self.normalization not in ("none", "corpus"):
            raise ValueError(
                f"normalization {self.normalization!r} is one over time, and functionals have none: take corpus or none"
            )
        for part in filter(None, (self.descriptors, self.mfcc)):
            if part.normalization != "none":
                raise ValueError(
                    f"{part.name}.normalization has to be none: functionals are normalised after"
                )
            if part.sample_rate != self.sample_rate:
                raise ValueError(
                    f"{part.name}.sample_rate {part.sample_rate} differs from {self.sample_rate} of the front end"
                )
        return self

    @property
    def rows(self) -> int:
        """Descriptors and cepstra whose functionals these are."""
        return self.descriptors.band_count + (self.mfcc.band_count if self.mfcc else 0)

    @property
    def band_count(self) -> int:
        """Rows that a model sees: the mean of every descriptor, then every deviation, and so on."""
        return self.rows * len(FUNCTIONALS)

    def frame_count(self, samples: int) -> int:
        """One, of any signal."""
        return 1


def functionals(
    waveform: NDArray[np.floating], config: FunctionalsConfig | None = None
) -> NDArray[np.float32]:
    """The functionals of one clip as a front end's only frame.

    Args:
        waveform: (samples,) at ``config.sample_rate``.
        config: front end parameters.

    Returns:
        (band_count, 1) float32.

    >>> functionals(np.zeros(16000), FunctionalsConfig(normalization="none")).shape
    (231, 1)
    """
    config = config or FunctionalsConfig()
    parts = [over_time(descriptors(waveform, config.descriptors), config.descriptors.hop_seconds)]
    if config.mfcc is not None:
        parts.append(over_time(mfcc(waveform, config.mfcc), config.mfcc.hop_seconds))
    return normalize(np.concatenate(parts, axis=1).reshape(-1, 1), config).astype(np.float32)


def over_time(rows: NDArray[np.floating], hop_seconds: float) -> Array:
    """Functionals of rows (count, frames) without gaps: (len(FUNCTIONALS), count)."""
    values = np.asarray(rows, dtype=np.float64)
    mean = values.mean(axis=1)
    seconds = (np.arange(values.shape[1]) - (values.shape[1] - 1) / 2) * hop_seconds
    slope = (values - mean[:, None]) @ seconds / max(float(np.square(seconds).sum()), 1e-12)
    percentiles = np.quantile(values, PERCENTILES, axis=1)
    return np.stack([mean, values.std(axis=1), *percentiles, np.ptp(values, axis=1), slope])


def summarize(columns: Mapping[str, Array], hop_seconds: float) -> dict[str, float]:
    """Functionals of each column by name; frames that are NaN (no voice) are left out, all of them give NaN.

    Args:
        columns: column -> (frames,), as of `hearfelt.features.descriptors.measure`.
        hop_seconds: between frames.

    Returns:
        ``<column>_<functional>`` -> value, and ``voiced_share`` where there is ``f0_hz``.

    >>> found = summarize({"rms": np.array([0.1, 0.2, 0.3])}, hop_seconds=0.5)
    >>> round(found["rms_mean"], 3), round(found["rms_slope_per_s"], 3)
    (0.2, 0.2)
    """
    found: dict[str, float] = {}
    for column, values in columns.items():
        there = np.isfinite(values)
        numbers = [float("nan")] * len(FUNCTIONALS)
        if there.all() and there.size:
            numbers = over_time(values[None], hop_seconds)[:, 0].tolist()
        elif there.any():
            seconds, heard = np.flatnonzero(there) * hop_seconds, values[there]
            numbers = over_time(heard[None], hop_seconds)[:, 0].tolist()
            numbers[-1] = float(np.polyfit(seconds, heard, 1)[0]) if heard.size > 1 else 0.0
        found |= {f"{column}_{name}": number for name, number in zip(FUNCTIONALS, numbers, strict=True)}
        if column == "f0_hz":
            found["voiced_share"] = float(there.mean()) if there.size else 0.0
    return found
