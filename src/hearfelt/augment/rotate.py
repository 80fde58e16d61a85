"""Turned pictures."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hearfelt.augment._arrays import indices_like, like
from hearfelt.augment._base import Array, Parameters, SpectrogramAugmentation, uniform
from hearfelt.augment.resize import Interpolation


class Rotate(SpectrogramAugmentation):
    """Turn a spectrogram as if it were a photograph, about its centre; the size is kept.

    It is here because the field tried it (Keras' ``RandomRotation(0.2)`` is ``max_degrees: 72``): it mixes
    time with frequency, which no voice does.

    Attributes:
        max_degrees: largest angle, either way; a positive angle turns counter-clockwise, with row 0 on top.
        fill: beyond the edge: ``reflect`` (d c b a | a b c d | d c b a), ``edge`` (the last pixel),
            or ``zero``.
        interpolation: ``bilinear`` or ``nearest``.
    """

    name: Literal["rotate"] = "rotate"
    max_degrees: float = Field(default=10.0, ge=0, le=180)
    fill: Literal["reflect", "edge", "zero"] = "reflect"
    interpolation: Interpolation = "bilinear"

    def sample(self, generator: np.random.Generator, bands: int, frames: int) -> Parameters:
        """Draw the angle."""
        return {"degrees": uniform(generator, -self.max_degrees, self.max_degrees)}

    def apply(self, spectrogram: Array, parameters: Parameters) -> Array:
        """Rotate (..., bands, frames)."""
        height, width = spectrogram.shape[-2:]
        angle = np.deg2rad(parameters["degrees"])
        down = np.arange(height)[:, None] - (height - 1) / 2
        across = np.arange(width)[None, :] - (width - 1) / 2
        source_down = np.cos(angle) * down + np.sin(angle) * across + (height - 1) / 2
        source_across = -np.sin(angle) * down + np.cos(angle) * across + (width - 1) / 2
        flat = spectrogram.reshape((*spectrogram.shape[:-2], height * width))
        rotated = None
        for rows, row_weights in self._neighbours(source_down, height):
            for columns, column_weights in self._neighbours(source_across, width):
                weights = like((row_weights * column_weights).reshape(-1), spectrogram)
                places = indices_like((rows * width + columns).reshape(-1), spectrogram)
                part = flat[..., places] * weights
                rotated = part if rotated is None else rotated + part
        result: Array = rotated.reshape(spectrogram.shape)  # type: ignore[union-attr]
        return result

    def _neighbours(
        self, places: NDArray[np.float64], size: int
    ) -> list[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """The pixels of one axis that a place is made of, each with its weights."""
        if self.interpolation == "nearest":
            nearest = np.floor(places + 0.5).astype(np.int64)
            pairs = [(nearest, np.ones(places.shape))]
        else:
            below = np.floor(places).astype(np.int64)
            pairs = [(below, 1.0 - (places - below)), (below + 1, places - below)]
        if self.fill == "zero":
            pairs = [(indices, weights * ((indices >= 0) & (indices < size))) for indices, weights in pairs]
        if self.fill == "reflect":
            around = [(np.mod(indices, 2 * size), weights) for indices, weights in pairs]
            return [(np.minimum(indices, 2 * size - 1 - indices), weights) for indices, weights in around]
        return [(np.clip(indices, 0, size - 1), weights) for indices, weights in pairs]
