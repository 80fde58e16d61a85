"""Speaking faster or slower at the same pitch."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hearfelt.augment._base import ClipProvider, Parameters, Waveform, WaveformAugmentation, uniform

_HOP_SECONDS = 0.02
#: Half the search range: the whole of it has to hold a period of the lowest voice, 1 / 60 s.
_SEARCH_SECONDS = 0.0085
#: Lags are searched at about this rate in hertz, then refined: three times as fast.
_COARSE_RATE = 8000


class Tempo(WaveformAugmentation):
    """Stretch time and keep the pitch, by overlapping frames where they fit best (WSOLA).

    Attributes:
        min_factor: slowest; 0.8 makes a clip 25 % longer.
        max_factor: fastest.
    """

    name: Literal["tempo"] = "tempo"
    min_factor: float = Field(default=0.85, ge=0.25, le=4)
    max_factor: float = Field(default=1.2, ge=0.25, le=4)

    def sample(self, generator: np.random.Generator, samples: int, sample_rate: int) -> Parameters:
        """Draw the factor."""
        return {"factor": uniform(generator, self.min_factor, self.max_factor)}

    def apply(
        self, waveform: Waveform, parameters: Parameters, sample_rate: int, clips: ClipProvider | None = None
    ) -> Waveform:
        """Stretch; ``round(samples / factor)`` samples come back, one at least."""
        return change_tempo(waveform, parameters["factor"], sample_rate)


def change_tempo(waveform: Waveform, factor: float, sample_rate: int) -> Waveform:
    """Waveform similarity overlap-add (Verhelst and Roelands 1993).

    Each output frame is taken near its place in the input, at the lag where it continues the frame before
    best, by normalised cross-correlation.

    Args:
        waveform: (samples,) float32.
        factor: above 1 is faster and shorter.
        sample_rate: in hertz; sets frame and search lengths.

    Returns:
        ``round(samples / factor)`` samples, one at least.

    >>> change_tempo(np.zeros(16000, np.float32), 0.8, 16000).size
    20000
    """
    wanted = max(1, round(waveform.size / factor))
    if factor == 1.0 or not waveform.size:
        return np.resize(waveform, wanted)  # a copy; of no samples, zeros
    hop = max(1, round(_HOP_SECONDS * sample_rate))
    search = max(1, round(_SEARCH_SECONDS * sample_rate))
    step = max(1, sample_rate // _COARSE_RATE)
    frame, count = 2 * hop, -(-wanted // hop) + 1
    # In front: half a frame, so that the first is centred on the first sample, and room to search backwards.
    end = round(count * hop * factor) + 2 * frame + 4 * search + 2 * step
    padded = np.zeros(max(end, waveform.size + hop + search), dtype=np.float32)
    padded[hop + search : hop + search + waveform.size] = waveform
    positions = _best_positions(padded, factor, count, hop, search, step)
    frames = np.lib.stride_tricks.sliding_window_view(padded, frame)[positions]
    frames = frames * (0.5 - 0.5 * np.cos(np.pi * np.arange(frame) / hop)).astype(np.float32)
    # Frame k covers output blocks k and k + 1; block 0 is the half frame before the clip.
    blocks = frames[1:, :hop] + frames[:-1, hop:]
    return np.ascontiguousarray(blocks.reshape(-1)[:wanted])


def _best_positions(
    padded: Waveform, factor: float, count: int, hop: int, search: int, step: int
) -> list[int]:
    """Where in the padded clip each frame begins."""
    frame = 2 * hop
    coarse_energy = _running_energy(padded[::step])
    positions = [search]
    for index in range(1, count):
        first, natural = round(index * hop * factor), positions[-1] + hop
        # Every `step`-th sample first, then the lags around the best.
        begin = first // step
        lags, length = 2 * search // step + 1, frame // step
        region = padded[begin * step : (begin + lags + length - 1) * step : step]
        match = np.correlate(region, padded[natural : natural + length * step : step])
        level = coarse_energy[begin + length : begin + length + lags] - coarse_energy[begin : begin + lags]
        best = (begin + int(np.argmax(match / np.sqrt(level)))) * step
        if step > 1:
            low = max(0, best - step + 1)
            match = np.correlate(padded[low : best + step - 1 + frame], padded[natural : natural + frame])
            best = low + int(np.argmax(match))
        positions.append(best)
    return positions


def _running_energy(waveform: Waveform) -> NDArray[np.float64]:
    """Sums of squares up to each sample, (samples + 1,), growing in silence too, so that no level is zero."""
    squares = np.square(waveform, dtype=np.float64)
    squares += squares.mean() * 1e-6 + 1e-30
    return np.concatenate(([0.0], np.cumsum(squares)))
