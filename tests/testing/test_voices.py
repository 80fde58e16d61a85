"""Laws of the synthetic voices: what was asked for is what can be measured."""

from __future__ import annotations

import time

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearfelt.emotions import ALL_EMOTIONS
from hearfelt.errors import HearfeltError, UnknownNameError
from hearfelt.features.log_mel import log_mel
from hearfelt.testing.voices import MANNERS, VOWELS, formants, make_speakers, speak, sustain, utter

RATE = 16000


def measured_f0(samples: np.ndarray) -> np.ndarray:
    return librosa.yin(samples.astype(np.float64), fmin=60, fmax=500, sr=RATE, frame_length=1024)


@settings(max_examples=25, deadline=None)
@given(
    f0_hz=st.floats(80, 400),
    vowel=st.sampled_from(sorted(VOWELS)),
    tract_cm=st.floats(13, 18),
)
def test_sustained_pitch_is_the_one_asked_for(f0_hz: float, vowel: str, tract_cm: float) -> None:
    samples = sustain(f0_hz, vowel=vowel, tract_cm=tract_cm, seconds=0.5)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size), 1 << 16))
    hertz = np.fft.rfftfreq(1 << 16, 1 / RATE)
    # the comb of harmonics: energy near multiples of the pitch, and nearly none half-way between
    numbers = np.arange(1, int(4000 / f0_hz))
    width = 0.03 * f0_hz
    on = max(spectrum[np.abs(hertz - n * f0_hz) < width].max() for n in numbers)
    off = max(spectrum[np.abs(hertz - (n + 0.5) * f0_hz) < width].max() for n in numbers)
    assert on > 10 * off


@pytest.mark.parametrize("f0_hz", [90.0, 140.0, 220.0, 330.0])
def test_sustained_pitch_agrees_with_yin(f0_hz: float) -> None:
    assert np.median(measured_f0(sustain(f0_hz))) == pytest.approx(f0_hz, rel=0.03)


@pytest.mark.parametrize("emotion", ["neutral", "sad", "happy", "angry"])
def test_pitch_of_an_utterance_is_the_one_it_says(emotion: str) -> None:
    speaker = make_speakers(2, np.random.default_rng(3))[1]
    spoken = utter(speaker, emotion, np.random.default_rng(4), seconds=4.0)
    tracks = [measured_f0(spoken.samples[int(a * RATE) : int(b * RATE)]) for a, b in spoken.syllables]
    assert np.median(np.concatenate(tracks)) == pytest.approx(spoken.f0_hz, rel=0.03)


@pytest.mark.parametrize("vowel", ["a", "e", "o"])
@pytest.mark.parametrize("tract_cm", [14.5, 17.5])
def test_formants_are_where_linear_prediction_finds_them(vowel: str, tract_cm: float) -> None:
    samples = sustain(70.0, vowel=vowel, tract_cm=tract_cm, seconds=0.5, tilt_db_per_octave=6.0)
    expected = formants(tract_cm, vowel)[:3]
    roots = np.roots(librosa.lpc(samples.astype(np.float64)[2000:6000] * np.hanning(4000), order=18))
    poles = roots[(roots.imag > 0) & (np.abs(roots) > 0.9)]
    found = np.sort(np.angle(poles) * RATE / (2 * np.pi))
    for formant in expected:
        assert np.abs(found - formant).min() < max(0.05 * formant, 40.0), (formant, found)


def test_a_shorter_tract_has_higher_resonances_in_proportion() -> None:
    count = formants(17.5).size
    assert formants(14.0, max_hz=10000)[:count] == pytest.approx(formants(17.5) * 17.5 / 14.0)


def test_same_generator_state_gives_the_same_voice_and_another_state_another() -> None:
    speaker = make_speakers(1, np.random.default_rng(0))[0]
    first, again, other = (speak(speaker, "sad", np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("emotion", ALL_EMOTIONS)
@pytest.mark.parametrize("sample_rate", [8000, 16000, 44100])
def test_every_emotion_has_a_voice_of_the_length_asked_for(emotion: str, sample_rate: int) -> None:
    speaker = make_speakers(1, np.random.default_rng(0))[0]
    samples = speak(speaker, emotion, np.random.default_rng(0), seconds=1.3, sample_rate=sample_rate)
    assert samples.shape == (round(1.3 * sample_rate),)
    assert samples.dtype == np.float32
    assert np.abs(samples).max() <= 1.0


def test_syllables_are_where_the_energy_is() -> None:
    spoken = utter(
        make_speakers(1, np.random.default_rng(0))[0], "neutral", np.random.default_rng(7), seconds=3.0
    )
    inside = np.zeros(spoken.samples.size, dtype=bool)
    for start, end in spoken.syllables:
        inside[int(start * RATE) : int(end * RATE)] = True
    power = np.square(spoken.samples)
    assert power[inside].mean() > 10 * power[~inside].mean()


def test_manners_move_as_the_literature_says(generator: np.random.Generator) -> None:
    def tilt_db(samples: np.ndarray) -> float:
        power = np.square(np.abs(np.fft.rfft(samples)))
        split = power.size // 8  # 1 kHz
        return float(10 * np.log10(power[split:].sum() / power[:split].sum()))

    speakers = make_speakers(4, generator)
    measured = {
        emotion: [utter(speaker, emotion, generator, seconds=4.0) for speaker in speakers]
        for emotion in ("neutral", "sad", "angry")
    }
    pitch = {emotion: np.mean([u.f0_hz for u in spoken]) for emotion, spoken in measured.items()}
    rate = {emotion: sum(len(u.syllables) for u in spoken) for emotion, spoken in measured.items()}
    slope = {emotion: np.mean([tilt_db(u.samples) for u in spoken]) for emotion, spoken in measured.items()}
    for quantity in (pitch, rate, slope):
        assert quantity["sad"] < quantity["neutral"] < quantity["angry"]


def test_emotions_can_be_learnt_from_other_speakers() -> None:
    emotions = ("neutral", "sad", "angry", "fearful")
    speakers = make_speakers(8, np.random.default_rng(5))
    features, truth, groups = [], [], []
    for group, speaker in enumerate(speakers):
        for label, emotion in enumerate(emotions):
            for take in range(3):
                bands = log_mel(
                    speak(speaker, emotion, np.random.default_rng((group, label, take)), seconds=1.5)
                )
                features.append(
                    np.concatenate([bands.mean(axis=1), np.abs(np.diff(bands, axis=1)).mean(axis=1)])
                )
                truth.append(label)
                groups.append(group)
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    scores = cross_val_score(
        make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500)),
        np.array(features),
        np.array(truth),
        groups=groups,
        cv=GroupKFold(4),
        scoring="balanced_accuracy",
    )
    assert scores.mean() > 0.6  # chance is 0.25


def test_a_hundred_times_faster_than_real_time() -> None:
    speaker = make_speakers(1, np.random.default_rng(0))[0]
    best = np.inf
    for seed in range(5):
        began = time.perf_counter()
        speak(speaker, "angry", np.random.default_rng(seed), seconds=3.0)
        best = min(best, time.perf_counter() - began)
    assert best < 3.0 / 100


def test_strangers_are_named() -> None:
    speaker = make_speakers(1, np.random.default_rng(0))[0]
    with pytest.raises(UnknownNameError, match="'angry'"):
        speak(speaker, "angri", np.random.default_rng(0))
    with pytest.raises(UnknownNameError, match="vowel"):
        formants(17.5, "y")
    with pytest.raises(HearfeltError, match=r"0\.05 s are too short"):
        speak(speaker, "sad", np.random.default_rng(0), seconds=0.05)


def test_every_emotion_of_the_vocabulary_has_a_manner() -> None:
    assert set(MANNERS) == set(ALL_EMOTIONS)
