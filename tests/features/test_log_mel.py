"""Laws of the front end, with librosa as the oracle, on tones and on real clips of every corpus."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from hearfelt.audio.decode import read_audio
from hearfelt.features._base import RUNNING_VARIANCE_FLOOR, hann
from hearfelt.features.log_mel import (
    LogMelConfig,
    hz_to_mel,
    log_mel,
    mel_filters,
    mel_to_hz,
)

RATE = 16000
CONFIGS = (
    LogMelConfig(level="none", normalization="none"),
    LogMelConfig(
        window_seconds=0.128, hop_seconds=0.032, mel_count=128, min_hz=0, max_hz=8000, normalization="none"
    ),
)


def by_librosa(waveform: np.ndarray, config: LogMelConfig) -> np.ndarray:
    signal = waveform.astype(np.float64)
    if config.level == "rms":
        signal = signal / np.sqrt(np.mean(signal**2))
    power = librosa.feature.melspectrogram(
        y=signal,
        sr=config.sample_rate,
        n_fft=config.window_samples,
        hop_length=config.hop_samples,
        n_mels=config.mel_count,
        fmin=config.min_hz,
        fmax=config.max_hz,
        center=False,
        window="hann",
    )
    return np.log(power + config.floor)


@pytest.mark.parametrize("config", CONFIGS)
def test_it_equals_librosa_on_noise(config: LogMelConfig, generator: np.random.Generator) -> None:
    waveform = generator.normal(0, 0.1, RATE).astype(np.float32)
    assert np.abs(log_mel(waveform, config) - by_librosa(waveform, config)).max() < 1e-4


@pytest.mark.parametrize("config", CONFIGS)
def test_it_equals_librosa_on_every_corpus(
    config: LogMelConfig, real_clips: Mapping[str, tuple[Path, ...]]
) -> None:
    for corpus, clips in real_clips.items():
        for clip in clips:
            waveform = read_audio(clip)
            assert np.abs(log_mel(waveform, config) - by_librosa(waveform, config)).max() < 1e-4, (
                corpus,
                clip.name,
            )


def test_filters_equal_librosa() -> None:
    for config in CONFIGS:
        expected = librosa.filters.mel(
            sr=RATE,
            n_fft=config.window_samples,
            n_mels=config.mel_count,
            fmin=config.min_hz,
            fmax=config.max_hz,
            dtype=np.float64,
        )
        assert np.abs(mel_filters(config) - expected).max() < 1e-12


@given(st.floats(100, 7000))
@settings(max_examples=40, deadline=None)
def test_a_tone_lands_in_its_mel_band(hertz: float) -> None:
    config = LogMelConfig(normalization="none")
    bands = log_mel(np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE), config)
    centres = mel_to_hz(
        np.linspace(*hz_to_mel(np.array([config.min_hz, config.max_hz])), config.mel_count + 2)
    )[1:-1]
    assert abs(int(bands.mean(axis=1).argmax()) - int(np.abs(centres - hertz).argmin())) <= 1


@given(st.integers(0, 3 * RATE), st.integers(2, 700), st.integers(1, 700))
@settings(max_examples=60, deadline=None)
def test_frames_are_counted_before_they_are_made(samples: int, window: int, hop: int) -> None:
    config = LogMelConfig(window_seconds=window / RATE, hop_seconds=hop / RATE, mel_count=8)
    bands = log_mel(np.zeros(samples), config)
    assert bands.shape == (8, config.frame_count(samples))
    assert np.isfinite(bands).all()
    assert bands.dtype == np.float32


@pytest.mark.parametrize("gain", [0.01, 30.0])
def test_level_rms_makes_loudness_irrelevant(gain: float, generator: np.random.Generator) -> None:
    waveform = generator.normal(0, 0.1, RATE)
    assert np.abs(log_mel(gain * waveform) - log_mel(waveform)).max() < 1e-3
    plain = LogMelConfig(level="none")
    assert np.abs(log_mel(gain * waveform, plain) - log_mel(waveform, plain)).max() > 0.01


def test_normalisation_clip_has_mean_zero_and_deviation_one(generator: np.random.Generator) -> None:
    bands = log_mel(generator.normal(0, 0.1, RATE))
    assert (bands.mean(), bands.std()) == (pytest.approx(0, abs=1e-5), pytest.approx(1, abs=1e-4))


def test_normalisation_running_does_not_look_ahead(generator: np.random.Generator) -> None:
    config = LogMelConfig(level="none", normalization="running")
    waveform = generator.normal(0, 0.1, 2 * RATE)
    half = log_mel(waveform[:RATE], config)
    assert np.abs(log_mel(waveform, config)[:, : half.shape[1]] - half).max() < 1e-5
    plain = log_mel(waveform, LogMelConfig(level="none", normalization="none")).astype(np.float64)
    last = (plain[:, -1] - plain.mean()) / np.sqrt(plain.var() + RUNNING_VARIANCE_FLOOR)
    assert np.abs(log_mel(waveform, config)[:, -1] - last).max() < 1e-4


def test_normalisation_corpus_uses_the_statistics_that_it_is_given(generator: np.random.Generator) -> None:
    waveform = generator.normal(0, 0.1, RATE)
    plain = log_mel(waveform, LogMelConfig(mel_count=8, normalization="none"))
    mean, deviation = np.arange(8.0), np.arange(1.0, 9.0)
    config = LogMelConfig(mel_count=8, normalization="corpus", mean=tuple(mean), deviation=tuple(deviation))
    assert np.abs(log_mel(waveform, config) - (plain - mean[:, None]) / deviation[:, None]).max() < 1e-4
    with pytest.raises(ValueError, match="needs the statistics of the training rows"):
        log_mel(waveform, LogMelConfig(normalization="corpus"))


def test_hann_is_periodic() -> None:
    assert np.allclose(hann(64) + np.roll(hann(64), 32), 1.0)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"max_hz": 9000}, "min_hz < max_hz <= sample_rate / 2"),
        ({"min_hz": 8000}, "min_hz < max_hz <= sample_rate / 2"),
        ({"hop_seconds": 1e-6}, "at least two samples and the hop one"),
        ({"mean": (1.0,)}, "mean has 1 values for 64 bands"),
        ({"mels": 3}, "Extra inputs are not permitted"),
    ],
)
def test_impossible_settings_are_refused(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        LogMelConfig(**options)
