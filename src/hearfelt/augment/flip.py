"""Mirrored pictures."""

from __future__ import annotations

from typing import Literal

import numpy as np

from hearfelt.augment._arrays import mirror
from hearfelt.augment._base import Array, Parameters, SpectrogramAugmentation


class Flip(SpectrogramAugmentation):
    """Mirror a spectrogram as if it were a photograph.

    It is here because the field tried it (Keras' ``RandomFlip("horizontal")`` is ``axis: time``): speech
    played backwards.

    Attributes:
        axis: ``time`` exchanges left and right, ``frequency`` high and low.
    """

    name: Literal["flip"] = "flip"
    axis: Literal["time", "frequency"] = "time"

    def sample(self, generator: np.random.Generator, bands: int, frames: int) -> Parameters:
        """Nothing is drawn; the axis is kept."""
        return {"axis": self.axis}

    def apply(self, spectrogram: Array, parameters: Parameters) -> Array:
        """Mirror (..., bands, frames)."""
        return mirror(spectrogram, -1 if parameters["axis"] == "time" else -2)
