"""A recording of any length in as many columns as a screen has: envelope and log-mel spectrogram, while it streams."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hearfelt.features.log_mel import LogMelConfig, hz_to_mel, log_mel, mel_to_hz

_FLOOR = 1e-7  # of band powers: -70 dB


@dataclass(frozen=True)
class Overview:
    """A reduced recording.

    Attributes:
        duration: seconds.
        low: (columns,) least sample of each column.
        high: (columns,) largest sample of each column.
        decibels: (bands, columns) log-mel levels in dB, each the mean of its column's power.
        hertz: (bands,) centre frequencies.
        column_seconds: length of a column; the last one may be shorter.
    """

    duration: float
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    decibels: NDArray[np.float32]
    hertz: NDArray[np.float64]
    column_seconds: float


class OverviewBuilder:
    """Reduces a stream; what it holds does not grow with the stream's length.

    Args:
        sample_rate: in hertz.
        columns: the overview has at most twice as many, and more than this many where the recording allows.
        bands: of the spectrogram.
    """

    def __init__(self, sample_rate: int, columns: int = 2400, bands: int = 64) -> None:
        top = min(7600.0, 0.475 * sample_rate)
        # What there is to see, whatever a model hears: levels as they are.
        self._config = LogMelConfig(
            sample_rate=sample_rate,
            mel_count=bands,
            max_hz=top,
            level="none",
            normalization="none",
            floor=_FLOOR,
        )
        self._rate, self._most = sample_rate, 2 * columns
        self._hop, self._window = self._config.hop_samples, self._config.window_samples
        self._frames_a_column = 1
        self._held = np.zeros(0, np.float32)
        self._count = 0
        self._low = np.zeros(0, np.float32)
        self._high = np.zeros(0, np.float32)
        self._power = np.zeros((0, bands), np.float32)
        self._waiting: list[NDArray[np.float32]] = []  # rows of low, high, powers, one a frame
        self._waiting_count = 0

    def passing(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """The blocks themselves, seen on their way."""
        for block in blocks:
            self.add(block)
            yield block

    def add(self, block: NDArray[np.float32]) -> None:
        """Take the next samples."""
        self._count += block.size
        self._held = np.concatenate((self._held, block))
        frames = (self._held.size - self._window) // self._hop + 1
        if frames > 0:
            self._take(self._held[: (frames - 1) * self._hop + self._window], frames)
            self._held = self._held[frames * self._hop :]

    def finish(self) -> Overview:
        """The overview of all that was added; nothing may be added after it."""
        rest = self._held
        if rest.size:
            frames = -(-rest.size // self._hop)
            self._take(np.pad(rest, (0, (frames - 1) * self._hop + self._window - rest.size)), frames)
        if self._waiting_count:
            self._columns(np.concatenate(self._waiting), partial=True)
        low, high = hz_to_mel(np.array([self._config.min_hz, self._config.max_hz]))
        edges = mel_to_hz(np.linspace(low, high, self._config.mel_count + 2))
        return Overview(
            self._count / self._rate,
            self._low,
            self._high,
            (10 * np.log10(self._power.T + np.float32(_FLOOR))).astype(np.float32),
            edges[1:-1],
            self._frames_a_column * self._hop / self._rate,
        )

    def _take(self, samples: NDArray[np.float32], frames: int) -> None:
        powers = np.exp(log_mel(samples, self._config)).T[:frames]
        hops = samples[: frames * self._hop].reshape(frames, self._hop)
        self._waiting.append(np.column_stack((hops.min(axis=1), hops.max(axis=1), powers)).astype(np.float32))
        self._waiting_count += frames
        if self._waiting_count >= self._frames_a_column:
            self._columns(np.concatenate(self._waiting), partial=False)

    def _columns(self, rows: NDArray[np.float32], *, partial: bool) -> None:
        size = self._frames_a_column
        whole = len(rows) // size * size
        self._append(rows[:whole], size)
        rest = rows[whole:]
        if partial and len(rest):
            self._append(rest, len(rest))
            rest = rest[:0]
        self._waiting, self._waiting_count = ([rest] if len(rest) else []), len(rest)
        while not partial and len(self._low) > self._most:
            self._halve()

    def _append(self, rows: NDArray[np.float32], size: int) -> None:
        if len(rows):
            groups = rows.reshape(-1, size, rows.shape[1])
            self._low = np.concatenate((self._low, groups[:, :, 0].min(axis=1)))
            self._high = np.concatenate((self._high, groups[:, :, 1].max(axis=1)))
            self._power = np.concatenate((self._power, groups[:, :, 2:].mean(axis=1)))

    def _halve(self) -> None:
        """Two columns become one; a last odd one is filled by what comes."""
        even = len(self._low) // 2 * 2
        if even < len(self._low):
            odd = np.concatenate(([self._low[even]], [self._high[even]], self._power[even]))[None]
            self._waiting.insert(0, odd.repeat(self._frames_a_column, axis=0).astype(np.float32))
            self._waiting_count += self._frames_a_column
        self._low = self._low[:even].reshape(-1, 2).min(axis=1)
        self._high = self._high[:even].reshape(-1, 2).max(axis=1)
        self._power = self._power[:even].reshape(-1, 2, self._power.shape[1]).mean(axis=1)
        self._frames_a_column *= 2
