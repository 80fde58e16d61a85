"""Longer and shorter vocal tracts, on the mel axis."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from hearfelt.augment._arrays import like
from hearfelt.augment._base import Array, Parameters, SpectrogramAugmentation, uniform


class FrequencyWarp(SpectrogramAugmentation):
    """Vocal tract length perturbation (Jaitly and Hinton 2013).

    What was at f hertz lands at f * factor, up to a bend; from there a straight line leads to `highest_hz`,
    which stays. One product with a (bands, bands) matrix that interpolates between neighbouring bands.

    Attributes:
        min_factor: longest vocal tract; below 1 formants fall.
        max_factor: shortest.
        bend_hz: where the straight line begins, at factors up to 1; at ``bend_hz / factor`` above.
        lowest_hz: `min_hz` of the front end whose bands these are.
        highest_hz: its `max_hz`.
    """

    name: Literal["frequency_warp"] = "frequency_warp"
    min_factor: float = Field(default=0.85, ge=0.5, le=2)
    max_factor: float = Field(default=1.15, ge=0.5, le=2)
    bend_hz: float = Field(default=4800.0, gt=0)
    lowest_hz: float = Field(default=50.0, ge=0)
    highest_hz: float = Field(default=7600.0, gt=0)

    @model_validator(mode="after")
    def _check_bend(self) -> FrequencyWarp:
        if not self.lowest_hz < self.bend_hz < self.highest_hz:
            raise ValueError(
                "needs lowest_hz < bend_hz < highest_hz, "
                f"got {self.lowest_hz}, {self.bend_hz}, {self.highest_hz}"
            )
        return self

    def sample(self, generator: np.random.Generator, bands: int, frames: int) -> Parameters:
        """Draw the factor."""
        return {"factor": uniform(generator, self.min_factor, self.max_factor)}

    def apply(self, spectrogram: Array, parameters: Parameters) -> Array:
        """Warp; (..., bands, frames), log-mel or mel."""
        warped: Array = (
            like(self.matrix(parameters["factor"], spectrogram.shape[-2]), spectrogram) @ spectrogram
        )
        return warped

    def matrix(self, factor: float, bands: int) -> NDArray[np.float32]:
        """The (bands, bands) matrix; its rows sum to 1 and hold two weights at most.

        >>> bool((FrequencyWarp().matrix(1.0, 64) == np.eye(64)).all())
        True
        """
        edges = _hz_to_mel(np.array([self.lowest_hz, self.highest_hz]))
        step = (edges[1] - edges[0]) / (bands + 1)
        centres = _mel_to_hz(edges[0] + step * np.arange(1, bands + 1))
        bend = self.bend_hz * min(factor, 1.0) / factor
        source = np.interp(centres, [0.0, bend * factor, self.highest_hz], [0.0, bend, self.highest_hz])
        places = np.clip((_hz_to_mel(source) - edges[0]) / step - 1.0, 0.0, bands - 1.0)
        places = np.where(np.abs(places - np.rint(places)) < 1e-9, np.rint(places), places)
        below = np.minimum(places.astype(np.int64), max(0, bands - 2))
        matrix = np.zeros((bands, bands), dtype=np.float32)
        rows = np.arange(bands)
        matrix[rows, np.minimum(below + 1, bands - 1)] = places - below
        matrix[rows, below] += 1.0 - (places - below)
        return matrix


# Slaney's scale, as in the front end: linear below 1 kHz, logarithmic above. Written again here, as features
# stand on a higher floor; a test compares the two.
def _hz_to_mel(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = hertz * 3.0 / 200.0
    return np.where(
        linear < 15.0, linear, 15.0 + np.log(np.maximum(linear, 15.0) / 15.0) * 27.0 / np.log(6.4)
    )


def _mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mel < 15.0, mel * 200.0 / 3.0, 1000.0 * np.exp(np.log(6.4) / 27.0 * (mel - 15.0)))
