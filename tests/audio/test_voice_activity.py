"""Silence and what is stationary hold no speech; voices do, at any level."""

import time

import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from hearfelt.audio.decode import read_audio
from hearfelt.audio.voice_activity import has_speech
from hearfelt.testing.voices import make_speakers, speak

RATE = 16000


def noise(size: int, slope: float, seed: int) -> np.ndarray:
    """Gaussian noise whose power falls with frequency to the power of the slope."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(size))
    hertz = np.fft.rfftfreq(size, 1 / RATE)
    hertz[0] = hertz[1]
    signal = np.fft.irfft(spectrum * hertz ** (-slope / 2), size)
    return signal / signal.std()


def speech(samples: np.ndarray, rate: int = RATE) -> bool:
    return has_speech(np.asarray(samples, dtype=np.float32), rate)


@given(st.floats(0.1, 4.0), st.floats(0, 2.5), st.floats(-90, 20), st.integers(0, 2**31))
@settings(deadline=None, max_examples=150)
def test_stationary_noise_of_any_colour_and_level_is_no_speech(seconds, slope, level_db, seed) -> None:
    assert not speech(noise(round(seconds * RATE), slope, seed) * 10 ** (level_db / 20))


@given(st.floats(30, 7900), st.floats(0.1, 4.0), st.floats(-60, 0), st.floats(-0.5, 0.5))
@settings(deadline=None, max_examples=100)
def test_steady_tones_are_no_speech(hertz, seconds, level_db, offset) -> None:
    tone = np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)
    assert not speech(10 ** (level_db / 20) * tone + offset)


@pytest.mark.parametrize("mains", [50, 60])
@pytest.mark.parametrize("hiss_db", [-200, -60, -30])
def test_hum_is_no_speech(mains, hiss_db) -> None:
    seconds = np.arange(3 * RATE) / RATE
    hum = sum(np.sin(2 * np.pi * mains * k * seconds + k) / k for k in range(1, 12))
    assert not speech(0.1 * hum + 10 ** (hiss_db / 20) * noise(3 * RATE, 1, 1))


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(3 * RATE),
        np.full(3 * RATE, 0.7),
        np.full(3 * RATE, 1e-9),
        1e-8 * noise(3 * RATE, 0, 1),
        np.round(np.random.default_rng(0).uniform(-1, 1, 3 * RATE)) / 32768,  # dither
        np.zeros(1),
        np.ones(1),
        0.1 * noise(round(0.05 * RATE), 0, 1),
    ],
    ids=[
        "zeros",
        "direct current",
        "tiny current",
        "below 16 bits",
        "dither",
        "one zero",
        "one sample",
        "50 ms",
    ],
)
def test_silence_is_no_speech(samples) -> None:
    assert not speech(samples)


@pytest.mark.parametrize("level_db", [-60, -40, 0, 40])
@pytest.mark.parametrize("emotion", ["neutral", "sad", "angry", "calm"])
@pytest.mark.parametrize("seconds", [0.4, 2.5])
def test_voices_are_speech_at_any_level(generator, emotion, level_db, seconds) -> None:
    voice = speak(make_speakers(1, generator)[0], emotion, generator, seconds=seconds)
    assert speech(voice * 10 ** (level_db / 20))


def test_whispers_are_speech(generator) -> None:
    """A real utterance whose voice is replaced by noise: shape and rhythm without pitch."""
    voice = speak(make_speakers(1, generator)[0], "fearful", generator)
    _, _, spectrum = scipy.signal.stft(voice, RATE, nperseg=256)
    phase = np.exp(2j * np.pi * generator.uniform(size=spectrum.shape))
    _, whisper = scipy.signal.istft(np.abs(spectrum) * phase, RATE, nperseg=256)
    assert speech(whisper)


def test_real_speech_and_song_are_speech(real_clips) -> None:
    for corpus, clips in real_clips.items():
        for clip in clips:
            samples = read_audio(clip)
            for gain in (1.0, 0.01, 100.0):
                assert speech(samples * gain), (corpus, clip, gain)
            narrow = scipy.signal.sosfilt(
                scipy.signal.butter(4, [300, 3400], "band", fs=RATE, output="sos"), samples
            )
            hiss = narrow.std() * 10 ** (-10 / 20) * noise(samples.size, 0, 2)
            assert speech(scipy.signal.resample_poly(narrow + hiss, 1, 2), 8000), ("phone", corpus, clip)


def test_a_silent_recording_of_a_corpus(corpora_root) -> None:
    assert not speech(read_audio(corpora_root / "crema-d" / "AudioWAV" / "1076_MTI_SAD_XX.opus"))


@pytest.mark.parametrize("rate", [1000, 2000, 8000, 44100, 48000])
def test_rates(generator, rate) -> None:
    voice = speak(make_speakers(1, generator)[0], "happy", generator)
    assert speech(scipy.signal.resample(voice, round(voice.size * rate / RATE)), rate)
    assert not speech(generator.standard_normal(2 * rate), rate)


def test_it_is_cheap(generator) -> None:
    samples = generator.standard_normal(30 * RATE).astype(np.float32)
    has_speech(samples, RATE)
    began = time.perf_counter()
    has_speech(samples, RATE)
    assert time.perf_counter() - began < 30 * 0.002  # a second of audio in 2 ms, on a busy machine
