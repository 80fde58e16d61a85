"""An earlier or later start."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from hearfelt.augment._base import ClipProvider, Parameters, Waveform, WaveformAugmentation, uniform


class Shift(WaveformAugmentation):
    """Move the clip in time; the length is kept.

    Attributes:
        max_seconds: farthest move, either way.
        wrap: what leaves at one end enters at the other; otherwise silence enters.
    """

    name: Literal["shift"] = "shift"
    max_seconds: float = Field(default=0.3, ge=0)
    wrap: bool = False

    def sample(self, generator: np.random.Generator, samples: int, sample_rate: int) -> Parameters:
        """Draw the move; later is positive, and some of the clip stays inside."""
        farthest = min(round(self.max_seconds * sample_rate), max(0, samples - 1))
        return {"samples": round(uniform(generator, -farthest, farthest))}

    def apply(
        self, waveform: Waveform, parameters: Parameters, sample_rate: int, clips: ClipProvider | None = None
    ) -> Waveform:
        """Move."""
        move = parameters["samples"]
        moved = np.roll(waveform, move)
        if not self.wrap and move > 0:
            moved[:move] = 0.0
        elif not self.wrap and move < 0:
            moved[move:] = 0.0
        return moved
