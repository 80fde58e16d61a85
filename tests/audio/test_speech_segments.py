"""Speech is found where it was put, nothing is found in what holds none, and blocks do not matter."""

import itertools
from importlib.metadata import distribution

import numpy as np
import onnxruntime
import pytest

from hearfelt.audio.decode import read_audio
from hearfelt.audio.speech_segments import SpeechSettings, speech_scores, speech_segments
from hearfelt.errors import AudioError
from hearfelt.testing.voices import make_speakers, speak, utter

RATE = 16000


def colored(size: int, slope: float, generator: np.random.Generator) -> np.ndarray:
    spectrum = np.fft.rfft(generator.standard_normal(size))
    hertz = np.maximum(np.fft.rfftfreq(size, 1 / RATE), 20.0)
    signal = np.fft.irfft(spectrum * hertz ** (-slope / 2), size)
    return signal / signal.std()


def found(samples: np.ndarray, rate: int = RATE, **settings) -> list[tuple[int, int]]:
    return list(speech_segments([samples.astype(np.float32)], rate, SpeechSettings(**settings)))


def covered(spans: list[tuple[int, int]], start: int, end: int) -> float:
    """Share of a stretch that lies in spans."""
    return sum(max(0, min(end, b) - max(start, a)) for a, b in spans) / (end - start)


def placed(clips, seconds: float, snr_db: float, generator) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Clips every five seconds, in noise so far below them."""
    samples = np.zeros(round(seconds * RATE))
    places = []
    for number, clip in enumerate(clips):
        at = round((2 + 5 * number) * RATE)
        clip = 0.1 * clip[: 3 * RATE] / clip.std()
        samples[at : at + clip.size] += clip
        loud = np.flatnonzero(np.abs(clip) > 0.1 * np.abs(clip).max())  # without the silence around it
        places.append((at + int(loud[0]), at + int(loud[-1])))
    return samples + 0.1 * 10 ** (-snr_db / 20) * colored(samples.size, 1.0, generator), places


@pytest.mark.parametrize("snr_db", [40, 20, 10])
def test_real_speech_is_found_where_it_is(real_clips, generator, snr_db) -> None:
    clips = [
        read_audio(clip)
        for corpus, paths in real_clips.items()
        if corpus != "ravdess-song"
        for clip in paths[1:2]
    ]
    samples, places = placed(clips, 5 * len(clips) + 2, snr_db, generator)
    spans = found(samples)
    shares = [covered(spans, *place) for place in places]
    assert np.mean(shares) > (0.9 if snr_db > 10 else 0.85)
    assert min(shares) > 0.5
    gaps = [(a[1] + RATE, b[0] - RATE) for a, b in itertools.pairwise(places)]
    assert np.mean([covered(spans, *gap) for gap in gaps if gap[1] > gap[0]]) < 0.1


class Silero:
    """The network of silero-vad as oracle; importing the package would change torch's threads."""

    def __init__(self) -> None:
        path = distribution("silero-vad").locate_file("silero_vad/data/silero_vad.onnx")
        self.session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """Whether there is speech, each 512 samples."""
        state, context, heard = np.zeros((2, 1, 128), np.float32), np.zeros((1, 64), np.float32), []
        for start in range(0, samples.size - 511, 512):
            block = samples[start : start + 512][None].astype(np.float32)
            inputs = {"input": np.concatenate((context, block), 1), "state": state, "sr": np.array(RATE)}
            probability, state = self.session.run(None, inputs)
            context = block[:, -64:]
            heard.append(float(probability[0, 0]) > 0.5)
        return np.array(heard)


@pytest.mark.parametrize("background", ["silence", "noise", "hum", "music"])
def test_it_agrees_with_silero(real_clips, generator, background) -> None:
    """On unheard corpora: what the oracle is sure of is heard, and nothing far from it."""
    clips = [
        read_audio(path) for corpus in ("emodb", "tess", "ased", "banglaser") for path in real_clips[corpus]
    ]
    samples, _ = placed(clips, 5 * len(clips) + 2, 60, generator)
    oracle = Silero()(samples)
    time = np.arange(samples.size) / RATE
    if background == "noise":
        samples += 0.1 * 10 ** (-15 / 20) * colored(samples.size, 1.0, generator)
    elif background == "hum":
        samples += 0.005 * sum(np.sin(2 * np.pi * 50 * k * time + k) / k for k in range(1, 12))
    elif background == "music":  # held tones in the pauses
        quiet = np.convolve(np.repeat(oracle, 512), np.ones(RATE), "same")[: samples.size] < 0.5
        quiet = np.pad(quiet, (0, samples.size - quiet.size))
        notes = 220 * 2 ** (generator.integers(0, 24, time.size // RATE + 1) / 12)
        hertz = np.repeat(notes, RATE)[: time.size]
        samples += 0.03 * quiet * sum(np.sin(2 * np.pi * k * hertz * time) / k for k in range(1, 6))
    marks = np.zeros(samples.size, bool)
    for start, end in found(samples):
        marks[start:end] = True
    own = marks[256::512][: oracle.size]
    far = np.convolve(oracle, np.ones(21), "same") == 0  # 0.3 s and more from speech
    assert own[oracle].mean() > 0.9
    assert own[far].mean() < 0.15


def test_ends_are_close_to_the_truth(generator) -> None:
    voice = utter(make_speakers(1, generator)[0], "neutral", generator, seconds=2.5)
    samples = np.concatenate((np.zeros(3 * RATE), voice.samples, np.zeros(3 * RATE)))
    samples += 1e-4 * generator.standard_normal(samples.size)
    ((start, end),) = found(samples, min_gap_seconds=1.0, pad_seconds=0.0)
    assert abs(start / RATE - (3.0 + voice.syllables[0][0])) < 0.2
    assert abs(end / RATE - (3.0 + voice.syllables[-1][1])) < 0.2


@pytest.mark.parametrize("slope", [0.0, 1.0, 2.0])
def test_steady_noise_is_no_speech(generator, slope) -> None:
    assert not found(0.05 * colored(30 * RATE, slope, generator))


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(1), np.zeros(5 * RATE), np.full(5 * RATE, 0.5)])
def test_silence_is_no_speech(samples) -> None:
    assert not found(samples)


def test_hum_and_tones_are_no_speech() -> None:
    time = np.arange(20 * RATE) / RATE
    assert not found(0.1 * np.sin(2 * np.pi * 440 * time))
    assert not found(0.1 * sum(np.sin(2 * np.pi * 50 * k * time + k) / k for k in range(1, 12)))


def test_chords_are_no_speech(generator) -> None:
    """Held chords, a new one every second; real music is harder (docs/timeline.md)."""
    time = np.arange(RATE) / RATE
    chords = []
    for _ in range(30):
        root = 220 * 2 ** (generator.integers(0, 12) / 12)
        tones = [root * 2 ** (step / 12) for step in (0, 4, 7)]
        wave = sum(np.sin(2 * np.pi * hertz * k * time) / k**1.5 for hertz in tones for k in range(1, 6))
        chords.append(wave * np.exp(-time) * np.minimum(1, time / 0.01))
    samples = 0.05 * np.concatenate(chords) + 1e-4 * generator.standard_normal(30 * RATE)
    assert covered(found(samples), 0, samples.size) < 0.25


@pytest.mark.parametrize("sizes", [[160], [7001], [16000 * 45], [1, 100_000]])
def test_blocks_do_not_matter(generator, sizes) -> None:
    voices = [
        speak(who, "happy", generator, seconds=2.0) for who in make_speakers(3, generator) for _ in range(4)
    ]
    samples = np.concatenate([np.concatenate((voice, np.zeros(2 * RATE))) for voice in voices])
    samples = (samples + 1e-3 * generator.standard_normal(samples.size)).astype(np.float32)
    whole = np.concatenate(list(speech_scores([samples], RATE)))
    edges = np.cumsum(np.resize(sizes, 100_000))
    blocks = np.split(samples, edges[edges < samples.size])
    np.testing.assert_allclose(np.concatenate(list(speech_scores(blocks, RATE))), whole, atol=1e-5)
    assert list(speech_segments(blocks, RATE)) == list(speech_segments([samples], RATE))
    assert len(list(speech_segments(blocks, RATE))) > 6


def test_the_level_does_not_matter(generator) -> None:
    voice = speak(make_speakers(1, generator)[0], "angry", generator, seconds=2.5)
    samples = np.concatenate((np.zeros(2 * RATE), voice / voice.std(), np.zeros(2 * RATE)))
    samples += 0.01 * generator.standard_normal(samples.size)
    spans = [found(samples * level) for level in (1.0, 0.1, 0.01)]
    assert all(len(span) == len(spans[0]) for span in spans)
    np.testing.assert_allclose(spans[1], spans[0], atol=0.1 * RATE)


@pytest.mark.parametrize("rate", [8000, 44100])
def test_other_rates(generator, rate) -> None:
    voice = speak(make_speakers(1, generator)[0], "neutral", generator, seconds=2.0, sample_rate=rate)
    samples = np.concatenate((np.zeros(2 * rate), voice, np.zeros(2 * rate)))
    samples += 1e-4 * generator.standard_normal(samples.size)
    spans = found(samples, rate)
    assert covered(spans, 2 * rate, 4 * rate) > 0.6
    assert covered(spans, 0, rate) == 0


def test_settings_shape_the_segments(generator) -> None:
    voice = speak(make_speakers(1, generator)[0], "neutral", generator, seconds=1.5)
    pause = 1e-4 * generator.standard_normal(RATE)
    samples = np.concatenate((pause, voice, pause, voice, pause))
    apart = found(samples, min_gap_seconds=0.5)
    together = found(samples, min_gap_seconds=3.0)
    assert len(apart) == 2
    assert together == [(apart[0][0], apart[1][1])]
    assert not found(samples, min_speech_seconds=10.0)
    assert all(0 <= start < end <= samples.size for start, end in found(samples, pad_seconds=5.0))
    assert all(a[1] < b[0] for a, b in itertools.pairwise(apart))


@pytest.mark.parametrize("wrong", [{"on": 1.5}, {"on": 0.3, "off": 0.5}, {"pad_seconds": -1.0}])
def test_wrong_settings(wrong) -> None:
    with pytest.raises(AudioError, match="Speech begins at"):
        SpeechSettings(**wrong)
