import base64
import io
import wave

import numpy as np
import pytest

from hearfelt.errors import HearfeltError
from hearfelt.evaluation.mistakes import audio_data_uri, loudest_part, worst_mistakes
from hearfelt.evaluation.predictions import Predictions


def _decode(uri: str) -> tuple[np.ndarray, int]:
    head, _, data = uri.partition(",")
    assert head == "data:audio/wav;base64"
    with wave.open(io.BytesIO(base64.b64decode(data))) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768, file.getframerate()


def test_mistakes_are_wrong_sorted_and_shared_among_speakers():
    rng = np.random.default_rng(0)
    n = 200
    table = Predictions(
        labels=("a", "b", "c"),
        path=[str(i) for i in range(n)],
        start=np.zeros(n),
        end=[None] * n,
        corpus=["c"] * n,
        speaker=[f"s{i % 5}" for i in range(n)],
        sex=[""] * n,
        truth=rng.integers(0, 3, n),
        probabilities=rng.dirichlet(np.ones(3), n),
    )
    rows = worst_mistakes(table, 10, per_speaker=2)
    assert len(rows) == 10 and not table.right[rows].any()
    assert (np.diff(table.confidence[rows]) <= 0).all()
    speakers = table.speaker[rows].tolist()
    assert max(speakers.count(name) for name in speakers) == 2
    wrong = table.confidence[~table.right]
    assert table.confidence[rows[0]] == wrong.max()
    assert worst_mistakes(table[table.right]).size == 0


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
def test_a_tone_stays_the_same_tone(rate):
    tone = 0.01 * np.sin(2 * np.pi * 500 * np.arange(rate * 4) / rate)
    sound, page_rate = _decode(audio_data_uri(tone, rate))
    assert page_rate == min(rate, 16000)
    assert sound.size / page_rate == pytest.approx(2.9, abs=0.01)
    peak = np.abs(np.fft.rfft(sound * np.hanning(sound.size))).argmax() * page_rate / sound.size
    assert peak == pytest.approx(500, abs=1)
    assert np.abs(sound).max() == pytest.approx(0.9, abs=0.02)


def test_the_loudest_part_is_kept():
    sound = np.zeros(10_000)
    sound[6_000:6_500] = 1
    assert loudest_part(sound, 1_000).sum() == 500
    assert loudest_part(sound, 20_000) is sound


def test_twelve_clips_stay_small():
    assert len(audio_data_uri(np.random.default_rng(0).normal(size=48000 * 10), 48000)) < 130_000


def test_silence_plays_and_nonsense_is_refused():
    assert not _decode(audio_data_uri(np.zeros(100), 16000))[0].any()
    for bad in (np.zeros(0), np.zeros((2, 5)), np.array([np.nan])):
        with pytest.raises(HearfeltError, match="Not playable"):
            audio_data_uri(bad, 16000)
