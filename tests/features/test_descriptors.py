"""Laws of the descriptors, with librosa as the oracle, on tones, noise and real clips of every corpus."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import librosa
import numpy as np
import pytest
from pydantic import ValidationError

from hearfelt.audio.decode import read_audio
from hearfelt.features.descriptors import (
    COLUMNS,
    DescriptorsConfig,
    chroma_filters,
    descriptors,
    measure,
    row_unit,
)

RATE = 16000
CONFIGS = (
    DescriptorsConfig(level="none", descriptors=tuple(COLUMNS)),
    DescriptorsConfig(
        level="none", descriptors=tuple(COLUMNS), window_seconds=0.064, hop_seconds=0.01, rolloff_share=0.5
    ),
)
ALL = CONFIGS[0]


def by_librosa(clip: np.ndarray, config: DescriptorsConfig) -> dict[str, np.ndarray]:
    window, hop = config.window_samples, config.hop_samples
    framing = {"frame_length": window, "hop_length": hop, "center": False}
    spectral = {"n_fft": window, "hop_length": hop, "center": False, "y": clip, "sr": RATE}
    feature = librosa.feature
    chroma = feature.chroma_stft(tuning=0, **spectral)
    return {
        "rms": feature.rms(y=clip, **framing)[0],
        "zero_crossing_rate": feature.zero_crossing_rate(y=clip, **framing)[0],
        "spectral_centroid_hz": feature.spectral_centroid(**spectral)[0],
        "spectral_bandwidth_hz": feature.spectral_bandwidth(**spectral)[0],
        "spectral_flatness": feature.spectral_flatness(y=clip, n_fft=window, hop_length=hop, center=False)[0],
        "spectral_rolloff_hz": feature.spectral_rolloff(roll_percent=config.rolloff_share, **spectral)[0],
        **dict(zip(COLUMNS["chroma"], chroma, strict=True)),
    }


@pytest.mark.parametrize("config", CONFIGS)
def test_they_equal_librosa_on_noise_and_on_every_corpus(
    config: DescriptorsConfig, generator: np.random.Generator, real_clips: Mapping[str, tuple[Path, ...]]
) -> None:
    clips = {"noise": generator.normal(0, 0.1, RATE)}
    clips |= {name: read_audio(paths[0]).astype(np.float64) for name, paths in real_clips.items()}
    for name, clip in clips.items():
        found = measure(clip, config)
        sounding = (
            found["rms"] > 1e-6
        )  # below that theirs is the shape of rounding, ours goes to that of silence
        assert sounding.sum() > 20
        for column, expected in by_librosa(clip, config).items():
            assert found[column].shape == (config.frame_count(clip.size),)
            if column == "spectral_rolloff_hz":  # theirs is the upper bin, ours lies between it and the lower
                above = (expected - found[column])[sounding]
                assert (above > -1e-6).all() and (above < RATE / config.window_samples + 1e-6).all()
            else:
                assert np.abs(found[column] - expected)[sounding].max() < 1e-4 * max(
                    1, np.abs(expected).max()
                ), (
                    name,
                    column,
                )


def test_band_energy_ratio_is_what_it_says(generator: np.random.Generator) -> None:
    clip = generator.normal(0, 0.1, RATE)
    config = DescriptorsConfig(level="none", descriptors=("ber",), split_hz=3000)
    power = np.abs(librosa.stft(clip, n_fft=512, hop_length=256, center=False)) ** 2
    below = np.fft.rfftfreq(512, 1 / RATE) < 3000
    expected = 10 * np.log10(power[below].sum(axis=0) / power[~below].sum(axis=0))
    assert np.abs(measure(clip, config)["band_energy_ratio_db"] - expected).max() < 1e-4


@pytest.mark.parametrize("hertz", [300.0, 1000.0, 3100.0])
def test_a_tone_has_its_centroid_crossings_level_and_side(hertz: float) -> None:
    tone = 0.5 * np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE)
    found = measure(tone, ALL)
    assert np.abs(found["spectral_centroid_hz"] - hertz).max() < 10
    assert (
        np.abs(found["zero_crossing_rate"] * RATE / 2 - hertz).max() < 32
    )  # a crossing a frame more or less
    assert np.abs(found["rms"] - 0.5 / np.sqrt(2)).max() < 0.01
    assert (np.sign(found["band_energy_ratio_db"]) == (1 if hertz < 2000 else -1)).all()
    assert found["spectral_flatness"].max() < 1e-4
    assert found["spectral_bandwidth_hz"].max() < 200


def test_an_a_is_an_a() -> None:
    filters = chroma_filters(RATE, 4096)
    assert filters.shape == (12, 2049) and np.isfinite(filters).all()
    for octave in (220, 440, 880):
        assert filters[:, round(octave * 4096 / RATE)].argmax() == 9  # from C


def test_level_rms_makes_loudness_irrelevant(generator: np.random.Generator) -> None:
    clip = generator.normal(0, 0.1, RATE)
    assert np.abs(descriptors(30 * clip) - descriptors(clip)).max() < 1e-3
    rms = [measure(gain * clip, ALL)["rms"].mean() for gain in (1, 2)]
    assert rms[1] == pytest.approx(2 * rms[0])


def test_rows_are_columns_in_units_about_one(generator: np.random.Generator) -> None:
    clip = generator.normal(0, 0.1, RATE)
    config = ALL.model_copy(update={"normalization": "none"})
    rows, columns = descriptors(clip, config), measure(clip, config)
    assert tuple(columns) == config.columns and rows.shape == (19, 61)
    for row, (column, values) in zip(rows, columns.items(), strict=True):
        assert np.abs(row * row_unit(column) - values).max() < 1e-3
    assert np.abs(rows).max() < 10


@pytest.mark.parametrize("samples", [0, 1, 100, 512, 3000])
def test_silence_of_any_length_is_finite_and_bounded(samples: int) -> None:
    for column, values in measure(np.zeros(samples), ALL).items():
        assert values.shape == (ALL.frame_count(samples),) and np.isfinite(values).all(), column
        assert np.allclose(values, 1 if column == "spectral_flatness" else 0), column


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"descriptors": ("rsm",)}, "There is no descriptor named 'rsm'. Did you mean 'rms'"),
        ({"descriptors": ()}, "at least 1 item"),
        ({"descriptors": ("rms", "rms")}, "descriptors repeat: rms, rms"),
        ({"split_hz": 8000}, "split_hz 8000.0 is not below half the sample rate 16000"),
        ({"mean": (1.0,)}, "mean has 1 values for 7 bands"),
    ],
)
def test_impossible_settings_are_refused(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        DescriptorsConfig(**options)
