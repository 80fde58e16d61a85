"""The fundamental frequency of tones, glides and voices is found within one percent; noise and silence have none."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from hearfelt.features.descriptors import DescriptorsConfig
from hearfelt.features.pitch import PitchConfig, pitch
from hearfelt.testing.voices import make_speakers, utter

RATE = 16000
TIME = np.arange(RATE) / RATE


def saw(hertz: float) -> np.ndarray:
    return np.sum([np.sin(2 * np.pi * hertz * n * TIME) / n for n in range(1, int(8000 // hertz))], axis=0)


@pytest.mark.parametrize("hertz", [65, 110, 155.5, 220, 333, 440, 590])
@pytest.mark.parametrize("timbre", ["sine", "saw", "missing fundamental", "noisy"])
def test_a_tone_has_its_pitch(hertz: float, timbre: str, generator: np.random.Generator) -> None:
    tone = np.sin(2 * np.pi * hertz * TIME) if timbre == "sine" else saw(hertz)
    if timbre == "missing fundamental":
        tone = tone - np.sin(2 * np.pi * hertz * TIME)
    if timbre == "noisy":
        tone = tone + generator.normal(0, 0.1 * tone.std(), RATE)
    f0, voicing = pitch(tone)
    assert np.isfinite(f0).all()
    assert np.abs(f0 / hertz - 1).max() < 0.01
    assert voicing.min() > 0.75


def test_a_glide_is_followed() -> None:
    hertz = 120 * 2**TIME  # an octave in a second
    f0, _ = pitch(np.sin(2 * np.pi * np.cumsum(hertz) / RATE))
    config = DescriptorsConfig()
    middles = np.arange(f0.size) * config.hop_samples + config.window_samples // 2
    inner = slice(2, -2)
    assert np.abs(f0[inner] / hertz[middles[inner]] - 1).max() < 0.01


@pytest.mark.parametrize("emotion", ["neutral", "happy", "sad", "angry"])
def test_a_voice_has_the_pitch_that_it_was_made_with(emotion: str, generator: np.random.Generator) -> None:
    for speaker in make_speakers(2, generator):
        made = utter(speaker, emotion, generator, seconds=2.0, sample_rate=RATE)
        f0, _ = pitch(made.samples)
        # the true pitch moves within an utterance: its median over other moments differs a little more
        assert np.nanmedian(f0) == pytest.approx(made.f0_hz, rel=0.03)
        voiced = np.isfinite(f0)
        seconds = np.arange(f0.size) * 0.016 + 0.016
        within = np.array([any(a <= t <= b for a, b in made.syllables) for t in seconds])
        assert (voiced == within).mean() > 0.7


def test_noise_and_silence_have_none(generator: np.random.Generator) -> None:
    for clip in (generator.normal(0, 0.1, RATE), np.zeros(RATE), np.ones(RATE), np.zeros(0), np.zeros(7)):
        f0, voicing = pitch(clip)
        assert np.isnan(f0).all() and np.isfinite(voicing).all() and voicing.max() < 0.5


def test_frames_are_those_of_the_other_descriptors() -> None:
    config = DescriptorsConfig()
    for samples in (0, 100, 512, 513, 767, 768, 5000, RATE):
        f0, voicing = pitch(TIME[:samples])
        assert f0.shape == voicing.shape == (config.frame_count(samples),)


def test_long_recordings_are_measured_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = pitch(saw(140))
    monkeypatch.setattr("hearfelt.features.pitch._BLOCK_FRAMES", 7)
    parts = pitch(saw(140))
    assert all(np.allclose(a, b, equal_nan=True) for a, b in zip(whole, parts, strict=True))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"min_hz": 700}, "min_hz < max_hz <= sample_rate / 4"),
        ({"max_hz": 5000}, "min_hz < max_hz <= sample_rate / 4"),
        ({"min_hz": 30}, "fewer than two periods of min_hz 30"),
    ],
)
def test_impossible_settings_are_refused(options: dict[str, float], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        PitchConfig(**options)
