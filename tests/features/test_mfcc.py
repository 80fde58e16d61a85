"""Laws of the cepstra, with librosa and scipy as oracles, on noise and on real clips of every corpus."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import librosa
import numpy as np
import pytest
from pydantic import ValidationError
from scipy.fft import dct

from hearfelt.audio.decode import read_audio
from hearfelt.features._base import TINY
from hearfelt.features.log_mel import LogMelConfig, log_mel
from hearfelt.features.mfcc import MfccConfig, cosine_transform, delta, mfcc

RATE = 16000
CONFIGS = (
    MfccConfig(normalization="none"),
    MfccConfig(cepstra=13, lifter=22, mel_count=40, deltas=1, delta_frames=5, normalization="none", level="none"),
    MfccConfig(cepstra=39, mel_count=128, window_seconds=0.128, hop_seconds=0.032, normalization="none", deltas=0),
)  # fmt: skip


def by_librosa(waveform: np.ndarray, config: MfccConfig) -> np.ndarray:
    signal = waveform.astype(np.float64)
    if config.level == "rms":
        signal = signal / (np.sqrt(np.mean(signal**2)) + TINY)
    power = librosa.feature.melspectrogram(
        y=signal,
        sr=config.sample_rate,
        n_fft=config.window_samples,
        hop_length=config.hop_samples,
        n_mels=config.mel_count,
        fmin=config.min_hz,
        fmax=config.max_hz,
        center=False,
    )
    cepstra = librosa.feature.mfcc(
        S=np.log(power + config.floor), n_mfcc=config.cepstra, lifter=config.lifter
    )
    rows = [cepstra]
    for order in range(1, config.deltas + 1):
        rows.append(librosa.feature.delta(cepstra, width=config.delta_frames, order=order))
    return np.concatenate(rows)


@pytest.mark.parametrize("config", CONFIGS)
def test_it_equals_librosa_on_noise_and_on_every_corpus(
    config: MfccConfig, generator: np.random.Generator, real_clips: Mapping[str, tuple[Path, ...]]
) -> None:
    clips = {"noise": generator.normal(0, 0.1, RATE).astype(np.float32)}
    clips |= {name: read_audio(paths[0]) for name, paths in real_clips.items()}
    for name, clip in clips.items():
        found, expected = mfcc(clip, config), by_librosa(clip, config)
        assert found.shape == expected.shape == (config.band_count, config.frame_count(clip.size))
        assert np.abs(found - expected).max() < 1e-4, name


def test_it_equals_librosa_from_the_waveform_where_nothing_is_cut(generator: np.random.Generator) -> None:
    clip = generator.normal(0, 0.1, RATE)
    config = MfccConfig(cepstra=13, deltas=0, normalization="none", level="none", floor=1e-12)
    theirs = librosa.feature.mfcc(
        y=clip, sr=RATE, n_mfcc=13, n_fft=512, hop_length=256, n_mels=64, fmin=50, fmax=7600, center=False
    )
    assert np.abs(mfcc(clip, config) * 10 / np.log(10) - theirs).max() < 1e-3  # theirs are in decibels


def test_all_cepstra_together_are_the_bands(generator: np.random.Generator) -> None:
    clip = generator.normal(0, 0.1, RATE)
    config = MfccConfig(cepstra=64, deltas=0, normalization="none")
    transform = cosine_transform(config)
    assert np.abs(transform @ transform.T - np.eye(64)).max() < 1e-12
    assert np.abs(transform - dct(np.eye(64), norm="ortho", axis=0)).max() < 1e-12
    bands = log_mel(clip, LogMelConfig(normalization="none"))
    assert np.abs(transform.T @ mfcc(clip, config) - bands).max() < 1e-4


def test_slopes_of_lines_and_parabolas_are_exact() -> None:
    time = np.arange(30.0)
    assert np.allclose(delta(3 * time[None] + 7, 9, 1), 3.0)
    assert np.allclose(delta((time**2)[None], 7, 2), 2.0)
    assert np.allclose(delta(np.full((2, 30), 4.0)), 0.0)
    assert not delta(time[None, :8], 9).any()  # shorter than the stretch


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("frames", [3, 9])
def test_deltas_equal_librosa_to_the_ends(order: int, frames: int, generator: np.random.Generator) -> None:
    values = generator.normal(size=(4, 20))
    theirs = librosa.feature.delta(values, width=frames, order=order)
    assert np.abs(delta(values, frames, order) - theirs).max() < 1e-10


def test_normalisation_is_a_coefficients_own(generator: np.random.Generator) -> None:
    clip = generator.normal(0, 0.1, RATE) * np.linspace(0.1, 1, RATE)
    rows = mfcc(clip)
    assert np.abs(rows.mean(axis=1)).max() < 1e-5 and np.abs(rows.std(axis=1) - 1).max() < 5e-3  # a floor
    config = MfccConfig(normalization="running", level="none", deltas=0)
    half = mfcc(clip[: RATE // 2], config)
    assert np.abs(mfcc(clip, config)[:, : half.shape[1]] - half).max() < 1e-5  # never looks ahead
    plain = mfcc(clip, MfccConfig(normalization="none")).astype(np.float64)
    statistics = {"mean": tuple(plain.mean(axis=1)), "deviation": tuple(plain.std(axis=1))}
    corpus = MfccConfig(normalization="corpus", **statistics)
    assert np.abs(mfcc(clip, corpus) - rows).max() < 1e-3


@pytest.mark.parametrize("samples", [0, 1, 511, 512, 2000])
def test_any_length_has_its_frames(samples: int) -> None:
    rows = mfcc(np.full(samples, 0.1))
    assert rows.shape == (60, MfccConfig().frame_count(samples)) and np.isfinite(rows).all()
    assert rows.dtype == np.float32


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"cepstra": 65}, "65 cepstra cannot be made of 64 bands"),
        ({"delta_frames": 8}, "delta_frames 8 is even"),
        ({"mean": (1.0,) * 20}, "mean has 20 values for 60 bands"),
    ],
)
def test_impossible_settings_are_refused(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        MfccConfig(**options)
