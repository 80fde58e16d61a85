"""Fundamental frequency and voicing of speech, in numpy.

Candidates are the dips of YIN's normalised difference (de Cheveigné & Kawahara 2002, JASA 111, 1917-1930); the path
through them, with an unvoiced place in every frame, is the cheapest (Viterbi), as in Boersma (1993), where jumps and
changes of voicing cost.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

Array = NDArray[np.float64]

_BLOCK_FRAMES = 2048  # bounds memory on long recordings
_CANDIDATES = 8


class PitchConfig(BaseModel):
    """Parameters of the fundamental frequency.

    Attributes:
        sample_rate: in hertz.
        frame_seconds: of the descriptors whose frames these shall lie beside; the middles of both are the same.
        hop_seconds: step between frames.
        window_seconds: of sound that a frame looks at; two periods of `min_hz` at least.
        min_hz: lowest.
        max_hz: highest.
        unvoiced_cost: a frame is voiced where its normalised difference dips below this, about.
        octave_cost: of a period twice as long, so that of equal dips the shortest period is taken.
        jump_cost: of an octave between neighbouring frames.
        switch_cost: of a change between voiced and unvoiced.
        silence: share of the clip's highest level below which a frame is unvoiced.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sample_rate: int = Field(default=16000, ge=4000, le=192000)
    frame_seconds: float = Field(default=0.032, gt=0, le=1)
    hop_seconds: float = Field(default=0.016, gt=0, le=1)
    window_seconds: float = Field(default=0.048, gt=0, le=1)
    min_hz: float = Field(default=60.0, gt=0)
    max_hz: float = Field(default=600.0, gt=0)
    unvoiced_cost: float = Field(default=0.45, gt=0, lt=1)
    octave_cost: float = Field(default=0.03, ge=0)
    jump_cost: float = Field(default=0.35, ge=0)
    switch_cost: float = Field(default=0.14, ge=0)
    silence: float = Field(default=0.02, ge=0, lt=1)

    @model_validator(mode="after")
    def _check(self) -> PitchConfig:
        if not self.min_hz < self.max_hz <= self.sample_rate / 4:
            raise ValueError(
                f"pitch needs min_hz < max_hz <= sample_rate / 4, got {self.min_hz} and {self.max_hz} at "
                f"{self.sample_rate} Hz"
            )
        if self.window_seconds * self.min_hz < 2:
            raise ValueError(
                f"a window of {self.window_seconds} s has fewer than two periods of min_hz {self.min_hz}"
            )
        return self


def pitch(waveform: NDArray[np.floating], config: PitchConfig | None = None) -> tuple[Array, Array]:
    """Fundamental frequency and voicing of one clip.

    Args:
        waveform: (samples,) at ``config.sample_rate``.
        config: parameters.

    Returns:
        f0 (frames,) in hertz, NaN where there is no voice; and the voicing (frames,), 1 - the depth of the dip: 1 is
        exactly periodic, about 0 is noise or silence. As many frames as the other descriptors have.

    >>> f0, voicing = pitch(np.sin(2 * np.pi * 220 * np.arange(8000) / 16000))
    >>> round(float(np.nanmedian(f0)))
    220
    """
    config = config or PitchConfig()
    rate, signal = config.sample_rate, np.asarray(waveform, dtype=np.float64)
    frame, hop = round(config.frame_seconds * rate), round(config.hop_seconds * rate)
    size = round(config.window_seconds * rate)
    count = 1 + max(0, signal.size - frame) // hop
    before = max(0, (size - frame) // 2)
    signal = np.pad(signal, (before, size + frame))
    windows = np.lib.stride_tricks.sliding_window_view(signal[max(0, (frame - size) // 2) :], size)[::hop]
    parts = [
        _dips(windows[first : first + _BLOCK_FRAMES], config) for first in range(0, count, _BLOCK_FRAMES)
    ]
    lags, depths, levels = (np.concatenate(columns)[:count] for columns in zip(*parts, strict=True))
    depths[levels <= config.silence * levels.max(initial=0.0)] = np.inf
    chosen = _cheapest_path(lags, depths, config)
    rows = np.arange(count)
    voiced = chosen < lags.shape[1]
    place = np.minimum(chosen, lags.shape[1] - 1)
    f0 = np.where(voiced, rate / lags[rows, place], np.nan)
    shown = np.where(voiced, depths[rows, place], depths.min(axis=1))
    return f0, np.clip(1.0 - shown, 0.0, 1.0)


def _dips(windows: Array, config: PitchConfig) -> tuple[Array, Array, Array]:
    """Lags and depths of the deepest dips (frames, candidates), infinite where there are none, and levels."""
    size = windows.shape[1]
    longest = min(int(np.ceil(config.sample_rate / config.min_hz)) + 1, size // 2)
    shortest = max(2, int(config.sample_rate / config.max_hz))
    part = size - longest  # samples that are compared with those a lag later
    length = 1 << (size + part - 1).bit_length()
    windows = windows - windows.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(windows, length)
    product = np.fft.irfft(spectrum * np.conj(np.fft.rfft(windows[:, :part], length)), length)[
        :, : longest + 1
    ]
    sums = np.pad(np.cumsum(np.square(windows), axis=1), ((0, 0), (1, 0)))
    energy = sums[:, part : part + longest + 1] - sums[:, : longest + 1]
    difference = np.maximum(energy[:, :1] + energy - 2 * product, 0.0)
    mean = np.cumsum(difference[:, 1:], axis=1) / np.arange(1, longest + 1)
    normal = np.ones_like(difference)
    enough = mean > 1e-12
    normal[:, 1:] = np.where(enough, difference[:, 1:] / np.where(enough, mean, 1.0), 1.0)
    inner = normal[:, shortest:longest]
    left, right = normal[:, shortest - 1 : longest - 1], normal[:, shortest + 1 : longest + 1]
    depth = np.where((inner < left) & (inner <= right), inner, np.inf)
    count = min(_CANDIDATES, depth.shape[1])
    # octave cost decides here as well: sixteen periods of a high voice dip alike
    cost = depth + config.octave_cost * np.log2(np.arange(shortest, longest) / shortest)
    order = np.argpartition(cost, count - 1, axis=1)[:, :count]
    rows = np.arange(len(windows))[:, None]
    lag = order + shortest
    a, b, c = (difference[rows, lag + step] for step in (-1, 0, 1))
    bend = a - 2 * b + c
    shift = np.where(bend > 0, 0.5 * (a - c) / np.where(bend > 0, bend, 1.0), 0.0)
    levels = np.sqrt(np.mean(np.square(windows), axis=1))
    return lag + np.clip(shift, -0.5, 0.5), depth[rows, order], levels


def _cheapest_path(lags: Array, depths: Array, config: PitchConfig) -> NDArray[np.int64]:
    """(frames,) candidate of each frame; as many as there are candidates says unvoiced."""
    count, unvoiced = lags.shape
    octaves = np.log2(lags)
    lowest = np.log2(config.sample_rate / config.max_hz)
    cost = np.full((count, unvoiced + 1), config.unvoiced_cost)
    cost[:, :unvoiced] = depths + config.octave_cost * (octaves - lowest)
    step = np.full((unvoiced + 1, unvoiced + 1), config.switch_cost)
    step[unvoiced, unvoiced] = 0.0
    total, back = cost[0], np.zeros((count, unvoiced + 1), dtype=np.int64)
    for frame in range(1, count):
        jumps = np.abs(octaves[frame - 1][:, None] - octaves[frame][None])
        step[:unvoiced, :unvoiced] = config.jump_cost * jumps
        ways = total[:, None] + step
        back[frame] = ways.argmin(axis=0)
        total = ways[back[frame], np.arange(unvoiced + 1)] + cost[frame]
    path = np.zeros(count, dtype=np.int64)
    path[-1] = total.argmin()
    for frame in range(count - 1, 0, -1):
        path[frame - 1] = back[frame, path[frame]]
    return path
