"""Synthetic voices: source-filter "speech" of any speaker and emotion, for tests that need no corpus.

A train of glottal pulses (with jitter and shimmer) excites the resonances of a vocal tract of a given
length; syllables, pauses, fricatives and breath give it the rhythm of speech. It is no imitation of a
person and carries no words, but pitch, rate, level and tilt move with the emotion in the directions that
Scherer (2003, Speech Communication 40, 227-256) and Juslin & Laukka (2003, Psychological Bulletin 129,
770-814) report, so that a model can learn something from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hearfelt.emotions import parse_emotion
from hearfelt.errors import HearfeltError, UnknownNameError

_SOUND_CM_PER_SECOND = 35000.0  # in warm, moist air
_TAIL_SECONDS = 0.05  # a tract rings on after its last pulse
_LOUDEST = 0.98

#: Vowel -> its first three resonances relative to those of a straight tube.
VOWELS: Mapping[str, tuple[float, float, float]] = {
    "a": (1.45, 0.80, 1.00),
    "e": (1.00, 1.25, 1.02),
    "i": (0.60, 1.48, 1.18),
    "o": (1.00, 0.60, 0.98),
    "u": (0.65, 0.62, 0.92),
}


@dataclass(frozen=True)
class Speaker:
    """One synthetic person.

    Attributes:
        name: unique.
        sex: ``female`` or ``male``.
        f0_hz: pitch when neutral.
        tract_cm: length of the vocal tract; about 17.5 for men, 14.5 for women.
        breath_db: level of the breath noise relative to the voice.
    """

    name: str
    sex: str
    f0_hz: float
    tract_cm: float
    breath_db: float = -32.0


@dataclass(frozen=True)
class Manner:
    """How an emotion changes a voice.

    Attributes:
        f0_factor: on the speaker's pitch.
        range_semitones: standard deviation of the pitch within an utterance.
        syllables_per_second: speech rate.
        level_db: of the voiced parts, relative to full scale.
        tilt_db_per_octave: added to the slope of the spectrum; positive is brighter and more tense.
        jitter: standard deviation of the period, relative.
        final_semitones: rise or fall of the pitch over the utterance.
        breath_db: added to the speaker's breath.
    """

    f0_factor: float
    range_semitones: float
    syllables_per_second: float
    level_db: float
    tilt_db_per_octave: float = 0.0
    jitter: float = 0.005
    final_semitones: float = -2.0
    breath_db: float = 0.0


MANNERS: Mapping[str, Manner] = {
    "neutral": Manner(1.00, 1.2, 4.4, -26.0),
    "calm": Manner(0.96, 0.9, 3.6, -29.0, tilt_db_per_octave=-2.0, breath_db=4.0),
    "happy": Manner(1.38, 3.2, 5.2, -22.0, tilt_db_per_octave=2.0, final_semitones=2.0),
    "sad": Manner(0.88, 0.7, 2.8, -32.0, tilt_db_per_octave=-4.0, final_semitones=-4.0, breath_db=10.0),
    "angry": Manner(1.28, 2.4, 5.8, -17.0, tilt_db_per_octave=5.0, jitter=0.015),
    "fearful": Manner(1.62, 1.6, 6.4, -25.0, tilt_db_per_octave=1.0, jitter=0.03, breath_db=6.0),
    "disgust": Manner(0.86, 1.8, 3.4, -24.0, tilt_db_per_octave=2.5, jitter=0.025, final_semitones=-5.0),
    "surprised": Manner(1.55, 4.5, 4.4, -22.0, tilt_db_per_octave=1.5, final_semitones=8.0),
    "boredom": Manner(0.84, 0.5, 2.4, -30.0, tilt_db_per_octave=-2.5, final_semitones=-1.0),
}


@dataclass(frozen=True)
class Utterance:
    """Synthetic speech with what is true of it.

    Attributes:
        samples: (samples,) float32 in [-1, 1].
        sample_rate: in hertz.
        syllables: (start, end) in seconds of each voiced part.
        f0_hz: median pitch of the voiced parts, before jitter.
    """

    samples: NDArray[np.float32]
    sample_rate: int
    syllables: tuple[tuple[float, float], ...]
    f0_hz: float


def make_speakers(count: int, generator: np.random.Generator) -> list[Speaker]:
    """People with different pitch and tract, men and women in turn (odd numbers are men, as in RAVDESS).

    >>> [speaker.sex for speaker in make_speakers(3, np.random.default_rng(0))]
    ['male', 'female', 'male']
    """
    return [
        make_speaker(f"voice_{n:02d}", "male" if n % 2 else "female", generator) for n in range(1, count + 1)
    ]


def make_speaker(name: str, sex: str, generator: np.random.Generator) -> Speaker:
    """One person with a pitch and a tract that are usual for the sex."""
    female = sex == "female"
    f0_hz = (205.0 if female else 115.0) * 2 ** (generator.normal(0.0, 1.5) / 12)
    tract_cm = (14.6 if female else 17.4) * np.exp(generator.normal(0.0, 0.04))
    return Speaker(name, sex, float(f0_hz), float(tract_cm))


def formants(tract_cm: float, vowel: str = "a", max_hz: float = 8000.0) -> NDArray[np.float64]:
    """Resonances of a tract in hertz: those of a tube that is closed at one end, moved by the vowel.

    Raises:
        UnknownNameError: no such vowel.

    >>> formants(17.5, "a")[:3]
    array([ 725., 1200., 2500.])
    """
    if vowel not in VOWELS:
        raise UnknownNameError("vowel", vowel, VOWELS)
    first = _SOUND_CM_PER_SECOND / (4 * tract_cm)
    tube = first * np.arange(1.0, 2 * max(3, round(max_hz / (2 * first))) + 1, 2)
    tube[:3] *= VOWELS[vowel]
    return tube


def sustain(
    f0_hz: float,
    *,
    vowel: str = "a",
    tract_cm: float = 17.5,
    seconds: float = 1.0,
    sample_rate: int = 16000,
    tilt_db_per_octave: float = 0.0,
) -> NDArray[np.float32]:
    """One steady vowel without jitter or noise: pitch and resonances are exactly those asked for.

    Returns:
        (samples,) float32, RMS 0.1.
    """
    samples = round(seconds * sample_rate)
    voice = _voiced(
        np.full(samples, float(f0_hz)),
        _Tract(formants(tract_cm, vowel), tilt_db_per_octave),
        sample_rate,
    )[:samples]
    scaled: NDArray[np.float32] = (voice * (0.1 / np.sqrt(np.mean(np.square(voice))))).astype(np.float32)
    return scaled


def speak(
    speaker: Speaker,
    emotion: str,
    generator: np.random.Generator,
    *,
    seconds: float = 2.5,
    sample_rate: int = 16000,
) -> NDArray[np.float32]:
    """Samples of an `utter`ance.

    >>> voice = make_speakers(1, np.random.default_rng(0))[0]
    >>> speak(voice, "happy", np.random.default_rng(1), seconds=1.0).shape
    (16000,)
    """
    return utter(speaker, emotion, generator, seconds=seconds, sample_rate=sample_rate).samples


def utter(
    speaker: Speaker,
    emotion: str,
    generator: np.random.Generator,
    *,
    seconds: float = 2.5,
    sample_rate: int = 16000,
) -> Utterance:
    """Speech-like sound of a person in an emotion; another state of ``generator`` gives other "words".

    Raises:
        UnknownNameError: no such emotion.
        HearfeltError: too short for a syllable.
    """
    manner = MANNERS[parse_emotion(emotion)]
    samples = round(seconds * sample_rate)
    if seconds < 0.1:
        raise HearfeltError(f"{seconds} s are too short for a syllable; ask for 0.1 s or more.")
    spans = _rhythm(manner, seconds, generator)
    curve = _melody(speaker.f0_hz * manner.f0_factor, manner, spans, seconds, sample_rate, generator)
    voice = np.zeros(samples + sample_rate)
    noise = np.zeros(samples)
    hiss = _hiss(samples, sample_rate, generator)
    voiced = np.zeros(samples, dtype=bool)
    for start, end in spans:
        first, last = round(start * sample_rate), min(samples, round(end * sample_rate))
        vowel = list(VOWELS)[generator.integers(len(VOWELS))]
        tract = _Tract(formants(speaker.tract_cm, vowel), manner.tilt_db_per_octave)
        stress = 10 ** (generator.normal(0.0, 2.0) / 20)
        part = stress * _voiced(curve[first:last], tract, sample_rate, manner.jitter, generator)
        voice[first : first + part.size] += part
        voiced[first:last] = True
        if generator.random() < 0.6:  # a fricative leads into the vowel
            begin = max(0, first - round(generator.uniform(0.04, 0.08) * sample_rate))
            noise[begin:first] += np.hanning(first - begin) * generator.uniform(0.1, 0.4)
    voice = voice[:samples]
    voice *= 10 ** (manner.level_db / 20) / np.sqrt(np.mean(np.square(voice[voiced])))
    loud = 10 ** (manner.level_db / 20)
    breath = 10 ** ((speaker.breath_db + manner.breath_db) / 20)
    mixture = voice + loud * hiss * (noise + breath) + generator.normal(0.0, 10 ** (-66 / 20), samples)
    mixture *= min(1.0, _LOUDEST / float(np.abs(mixture).max()))
    return Utterance(mixture.astype(np.float32), sample_rate, tuple(spans), float(np.median(curve[voiced])))


@dataclass(frozen=True)
class _Tract:
    """Resonances in cascade, behind a glottal source of -12 dB an octave and lips of +6."""

    formants_hz: NDArray[np.float64]
    tilt_db_per_octave: float

    def response(self, hertz: NDArray[np.float64]) -> NDArray[np.complex128]:
        width = 50.0 + 0.035 * self.formants_hz
        square = np.square(self.formants_hz)[:, None]
        resonances = square / (square - np.square(hertz) + 1j * hertz * width[:, None])
        octaves = np.log2(np.maximum(hertz, 50.0) / 500.0)
        slope = 10 ** ((self.tilt_db_per_octave - 6.0) * octaves / 20)
        response: NDArray[np.complex128] = resonances.prod(axis=0) * slope * (hertz > 20.0)
        return response


def _rhythm(manner: Manner, seconds: float, generator: np.random.Generator) -> list[tuple[float, float]]:
    """Syllables of about the manner's rate, with a pause now and then and silence around."""
    length = 1.0 / manner.syllables_per_second
    time = min(0.15, 0.1 * seconds)
    spans: list[tuple[float, float]] = []
    while True:
        full = length * float(np.clip(generator.normal(1.0, 0.15), 0.6, 1.5))
        end = time + 0.72 * full
        if end > seconds - min(0.15, 0.1 * seconds):
            return spans or [(0.1 * seconds, 0.9 * seconds)]
        spans.append((time, end))
        time += full + (length if generator.random() < 0.12 else 0.0)


def _melody(
    f0_hz: float,
    manner: Manner,
    spans: list[tuple[float, float]],
    seconds: float,
    sample_rate: int,
    generator: np.random.Generator,
) -> NDArray[np.float64]:
    """Pitch in hertz at every sample: an accent on each syllable and a slope over all, around ``f0_hz``."""
    centres = np.array([(start + end) / 2 for start, end in spans])
    accents = generator.normal(0.0, manner.range_semitones, centres.size)
    slope = manner.final_semitones * (centres / seconds - 0.5)
    semitones = np.clip(accents - accents.mean() + slope, -10.0, 14.0)
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    melody: NDArray[np.float64] = f0_hz * 2 ** (np.interp(time, centres, semitones) / 12)
    return melody


def _voiced(
    f0_hz: NDArray[np.float64],
    tract: _Tract,
    sample_rate: int,
    jitter: float = 0.0,
    generator: np.random.Generator | None = None,
) -> NDArray[np.float64]:
    """Pulses of the given pitch through a tract; longer than ``f0_hz`` by what rings on."""
    count = f0_hz.size
    phase = np.cumsum(f0_hz) / sample_rate
    places = np.interp(np.arange(1, int(phase[-1]) + 1), phase, np.arange(count))
    edge = max(1, min(count // 3, round(0.03 * sample_rate)))
    size = np.interp(places, [0, edge, count - edge, count], [0.2, 1.0, 1.0, 0.1])
    if generator is not None and jitter > 0:
        period = sample_rate / f0_hz[places.astype(int)]
        places = np.clip(places + generator.normal(0.0, jitter, places.size) * period, 0, count - 2)
        size = size * (1 + generator.normal(0.0, 3 * jitter, places.size))
    whole = np.minimum(places.astype(int), count - 2)
    train = np.zeros(count + round(_TAIL_SECONDS * sample_rate))
    np.add.at(train, whole, size * (1 - (places - whole)))
    np.add.at(train, whole + 1, size * (places - whole))
    length = 1 << (train.size - 1).bit_length()
    hertz = np.asarray(np.fft.rfftfreq(length, 1 / sample_rate), dtype=np.float64)
    spectrum: NDArray[np.complex128] = np.asarray(np.fft.rfft(train, length), dtype=np.complex128)
    voice: NDArray[np.float64] = np.fft.irfft(np.multiply(spectrum, tract.response(hertz)), length)
    return voice[: train.size]


def _hiss(samples: int, sample_rate: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Noise of a narrow passage, most of it above 2 kHz, RMS 1."""
    spectrum = np.fft.rfft(generator.normal(size=samples))
    hertz = np.fft.rfftfreq(samples, 1 / sample_rate)
    hiss = np.fft.irfft(spectrum * hertz / (hertz + 2000.0), samples)
    shaped: NDArray[np.float64] = hiss / np.sqrt(np.mean(np.square(hiss)))
    return shaped
