"""Pictures that are wider or narrower, higher or lower, and moved."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hearfelt.augment._arrays import like
from hearfelt.augment._base import Array, Parameters, SpectrogramAugmentation, uniform


class Zoom(SpectrogramAugmentation):
    """Stretch and move a spectrogram along each axis; its size is kept.

    Along time that is another tempo and another start, along a mel axis about another pitch and vocal tract. Of a
    picture with channels, every channel moves alike.

    Attributes:
        max_time_stretch: 0.2 draws a factor of 1 / 1.2 to 1.2, evenly in its logarithm.
        max_time_shift: farthest move either way, a share of the width.
        max_frequency_stretch: the same for bands.
        max_frequency_shift: the same for bands, a share of the height.
        fill: beyond the border: ``edge`` repeats the last row or column, ``wrap`` goes on at the other end.
    """

    name: Literal["zoom"] = "zoom"
    max_time_stretch: float = Field(default=0.2, ge=0, le=4)
    max_time_shift: float = Field(default=0.1, ge=0, le=1)
    max_frequency_stretch: float = Field(default=0.0, ge=0, le=4)
    max_frequency_shift: float = Field(default=0.0, ge=0, le=1)
    fill: Literal["edge", "wrap"] = "edge"

    def sample(self, generator: np.random.Generator, bands: int, frames: int) -> Parameters:
        """Draw a factor and a move (in bands and frames) for each axis."""
        time, frequency = np.log1p(self.max_time_stretch), np.log1p(self.max_frequency_stretch)
        return {
            "time_factor": float(np.exp(uniform(generator, -time, time))),
            "time_shift": uniform(generator, -self.max_time_shift, self.max_time_shift) * frames,
            "frequency_factor": float(np.exp(uniform(generator, -frequency, frequency))),
            "frequency_shift": uniform(generator, -self.max_frequency_shift, self.max_frequency_shift)
            * bands,
        }

    def apply(self, spectrogram: Array, parameters: Parameters) -> Array:
        """Zoom (..., bands, frames), of a floating type; positive moves are towards later frames, higher rows."""
        bands, frames = spectrogram.shape[-2:]
        down = self.matrix(bands, parameters["frequency_factor"], parameters["frequency_shift"])
        across = self.matrix(frames, parameters["time_factor"], parameters["time_shift"])
        zoomed: Array = like(down, spectrogram) @ spectrogram @ like(across.T, spectrogram)
        return zoomed

    def matrix(self, size: int, factor: float, shift: float) -> NDArray[np.float32]:
        """The (size, size) matrix of one axis, stretched about its centre; each row interpolates two neighbours.

        >>> Zoom().matrix(3, 1.0, 1.0)
        array([[1., 0., 0.],
               [1., 0., 0.],
               [0., 1., 0.]], dtype=float32)
        """
        rows = np.arange(size)
        middle = (size - 1) / 2
        places = (rows - shift - middle) / factor + middle
        if self.fill == "edge":
            places = np.clip(places, 0, size - 1)
        below = np.floor(places)
        weights = (places - below).astype(np.float32)
        first = below.astype(np.int64)
        second = first + 1
        if self.fill == "edge":
            second = np.minimum(second, size - 1)
        matrix = np.zeros((size, size), dtype=np.float32)
        matrix[rows, first % size] = 1 - weights
        np.add.at(matrix, (rows, second % size), weights)
        return matrix
