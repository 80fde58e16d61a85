"""What every augmentation is: a frozen configuration that draws parameters and applies them.

Drawing and applying are apart, so that a draw can be logged, repeated and tested. Parameters are plain JSON
values; whatever is random inside (the noise itself) comes from a seed among them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

Waveform = NDArray[np.float32]
Parameters = dict[str, Any]

#: Gives some other clip at the same sample rate, chosen with the Generator; (samples,) float32.
ClipProvider = Callable[[np.random.Generator], Waveform]

#: A numpy array or a torch tensor; the same kind comes back.
Array = TypeVar("Array", bound=Any)


class Augmentation(BaseModel):
    """A configuration; every ``min_x`` is checked against its ``max_x``.

    Attributes:
        probability: share of clips it is applied to.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    stage: ClassVar[Literal["waveform", "spectrogram", "batch"]]
    name: str
    probability: float = Field(default=0.5, ge=0, le=1)

    @model_validator(mode="after")
    def _check_ranges(self) -> Augmentation:
        for field in type(self).model_fields:
            if field.startswith("min_"):
                low, high = getattr(self, field), getattr(self, "max_" + field[4:], None)
                if high is not None and low > high:
                    raise ValueError(f"{field} {low} is above max_{field[4:]} {high}")
        return self

    def happens(self, generator: np.random.Generator) -> bool:
        """Throw the coin: true with `probability`; one number is drawn whatever the outcome."""
        return bool(generator.random() < self.probability)


class WaveformAugmentation(Augmentation):
    """Works on one clip, (samples,) float32."""

    stage = "waveform"

    def sample(self, generator: np.random.Generator, samples: int, sample_rate: int) -> Parameters:
        """Draw parameters (JSON values) for a clip of that many samples."""
        raise NotImplementedError

    def apply(
        self, waveform: Waveform, parameters: Parameters, sample_rate: int, clips: ClipProvider | None = None
    ) -> Waveform:
        """Apply drawn parameters; a new array, float32 and finite. `clips` serves those that mix clips in."""
        raise NotImplementedError


class SpectrogramAugmentation(Augmentation):
    """Works on (..., bands, frames), numpy or torch: a clip, or a picture with channels first."""

    stage = "spectrogram"

    def sample(self, generator: np.random.Generator, bands: int, frames: int) -> Parameters:
        """Draw parameters (JSON values) for one clip."""
        raise NotImplementedError

    def apply(self, spectrogram: Array, parameters: Parameters) -> Array:
        """Apply drawn parameters; a new array of the same kind and type."""
        raise NotImplementedError


def uniform(generator: np.random.Generator, low: float, high: float) -> float:
    """One number between two, as JSON holds it."""
    return float(generator.uniform(low, high))


def draw_seed(generator: np.random.Generator) -> int:
    """A seed to keep among the parameters."""
    return int(generator.integers(2**32))
