"""What every explanation is: a plane of bands and frames, and what its numbers mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hearfelt.errors import HearfeltError

Plane = NDArray[np.float64]


@dataclass(frozen=True)
class Heat:
    """What a method says of one clip.

    Attributes:
        values: (bands, frames), low frequencies first; positive speaks for the label.
        seconds: (frames + 1,) edges of the frames, from the beginning of the clip.
        hertz: (bands + 1,) edges of the bands.
        total: what the values sum to, where they sum to anything.
    """

    values: Plane
    seconds: Plane
    hertz: Plane
    total: float | None = None

    def __post_init__(self) -> None:
        if self.values.shape != (self.hertz.size - 1, self.seconds.size - 1):
            raise ValueError(
                f"{self.values.shape} values for {self.hertz.size} and {self.seconds.size} edges"
            )
        if not np.isfinite(self.values).all():
            raise HearfeltError(
                "The explanation has values that are no numbers: the model's gradients or probabilities are not finite."
            )


@dataclass(frozen=True)
class Explanation(Heat):
    """Which time and frequency regions decided for a label.

    Attributes:
        values: (bands, frames), low frequencies first; positive speaks for `label`. See `unit`.
        seconds: (frames + 1,) edges of the frames, from the beginning of the recording.
        hertz: (bands + 1,) edges of the bands.
        total: what the values sum to; None where they sum to nothing that has a name.
        method: that made it.
        model: that is explained.
        label: that is explained.
        probability: of the label in the stretch that is explained; not calibrated where a run is explained.
        start: of that stretch, in seconds.
        end: of that stretch, in seconds.
        unit: of the values.
        meaning: one sentence on the values.
    """

    method: str = ""
    model: str = ""
    label: str = ""
    probability: float = 0.0
    start: float = 0.0
    end: float = 0.0
    unit: str = ""
    meaning: str = ""
