"""Pictures of one size."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from hearfelt.augment._arrays import like
from hearfelt.augment._base import Array, Parameters, SpectrogramAugmentation

Interpolation = Literal["bilinear", "nearest"]


class Resize(SpectrogramAugmentation):
    """Bring every spectrogram or picture to the same height and width, whatever its duration.

    As Keras' ``Resizing`` and torch's ``interpolate`` (``align_corners=False``; ``nearest-exact``): pixel
    centres lie at halves, the border holds beyond the last centre, and there is no low-pass before shrinking.
    Tempo is lost.

    Attributes:
        bands: height of the result.
        frames: width of the result.
        interpolation: ``bilinear`` or ``nearest``.
        probability: 1, or 0 to leave it out: rows of a batch need one size.
    """

    name: Literal["resize"] = "resize"
    probability: float = Field(default=1.0, ge=0, le=1)
    bands: int = Field(default=128, ge=1, le=4096)
    frames: int = Field(default=128, ge=1, le=65536)
    interpolation: Interpolation = "bilinear"

    @model_validator(mode="after")
    def _check_probability(self) -> Resize:
        if self.probability not in (0.0, 1.0):
            raise ValueError(f"the probability is 1 or 0, as a batch needs one size, got {self.probability}")
        return self

    def sample(self, generator: np.random.Generator, bands: int, frames: int) -> Parameters:
        """Nothing is drawn."""
        return {"bands": self.bands, "frames": self.frames}

    def apply(self, spectrogram: Array, parameters: Parameters) -> Array:
        """Resize (..., bands, frames), of a floating type."""
        bands, frames = spectrogram.shape[-2:]
        down = like(axis_matrix(bands, parameters["bands"], self.interpolation), spectrogram)
        across = like(axis_matrix(frames, parameters["frames"], self.interpolation).T, spectrogram)
        resized: Array = down @ spectrogram @ across
        return resized


def axis_matrix(size: int, wanted: int, interpolation: Interpolation = "bilinear") -> NDArray[np.float32]:
    """The (wanted, size) matrix that resizes one axis.

    >>> axis_matrix(2, 4)
    array([[1.  , 0.  ],
           [0.75, 0.25],
           [0.25, 0.75],
           [0.  , 1.  ]], dtype=float32)
    """
    places = (np.arange(wanted) + 0.5) * (size / wanted)
    rows = np.arange(wanted)
    matrix = np.zeros((wanted, size), dtype=np.float32)
    if interpolation == "nearest":
        matrix[rows, np.minimum(places.astype(np.int64), size - 1)] = 1.0
        return matrix
    places = np.clip(places - 0.5, 0.0, size - 1.0)
    below = places.astype(np.int64)
    matrix[rows, below] = 1.0 - (places - below)
    matrix[rows, np.minimum(below + 1, size - 1)] += (places - below).astype(np.float32)
    return matrix
