from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hearfelt.augment import create_augmentation

SAMPLE_RATE = 16000


@pytest.fixture
def tone() -> Callable[..., np.ndarray]:
    """A sine of the given frequency, float32."""

    def make(hertz: float, seconds: float = 1.0, level: float = 0.5) -> np.ndarray:
        return (
            level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE)
        ).astype(np.float32)

    return make


@pytest.fixture
def peak_hz() -> Callable[[np.ndarray], float]:
    """Frequency of the strongest bin, interpolated."""

    def measure(waveform: np.ndarray) -> float:
        size = np.abs(np.fft.rfft(waveform * np.hanning(waveform.size), 8 * waveform.size))
        return float(np.argmax(size) * SAMPLE_RATE / (8 * waveform.size))

    return measure


@pytest.fixture
def level_at() -> Callable[[np.ndarray, float], float]:
    """Decibels of a tone in the middle of a clip."""

    def measure(waveform: np.ndarray, hertz: float) -> float:
        middle = waveform[waveform.size // 4 : 3 * waveform.size // 4].astype(np.float64)
        window = np.hanning(middle.size)
        turn = np.exp(-2j * np.pi * hertz * np.arange(middle.size) / SAMPLE_RATE)
        return float(20 * np.log10(np.abs(np.sum(middle * window * turn)) / np.sum(window) * 2 + 1e-12))

    return measure


@pytest.fixture
def voice() -> np.ndarray:
    """Three seconds that are voiced, with pauses, like speech."""
    generator = np.random.default_rng(7)
    time = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
    phase = 2 * np.pi * np.cumsum(120 + 30 * np.sin(2 * np.pi * 0.7 * time)) / SAMPLE_RATE
    voiced = sum(np.sin(order * phase) / order for order in range(1, 25))
    envelope = np.maximum(0, np.sin(2 * np.pi * 2.5 * time)) ** 2
    return (0.1 * envelope * voiced + 1e-4 * generator.standard_normal(time.size)).astype(np.float32)


@pytest.fixture
def run() -> Callable[..., Any]:
    """Make an augmentation by name, draw with a seed, apply; parameters can be overruled."""

    def apply(
        name: str, waveform: np.ndarray, parameters: dict[str, Any] | None = None, seed: int = 0, **options
    ):
        augmentation = create_augmentation({"name": name, **options})
        drawn = augmentation.sample(np.random.default_rng(seed), waveform.size, SAMPLE_RATE)
        return augmentation.apply(waveform, {**drawn, **(parameters or {})}, SAMPLE_RATE)

    return apply
