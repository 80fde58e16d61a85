"""A stream gives what the whole recording gives, in any division, at bounded memory and with the stated latency."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hearfelt.errors import AudioError, BundleError
from hearfelt.recognition.recognizer import Recognizer, load
from hearfelt.recognition.results import Segment
from hearfelt.recognition.streaming import Resampler, Stream, resampling_delay_seconds
from hearfelt.testing.bundles import write_tiny_bundle
from hearfelt.testing.voices import make_speakers, speak

RATES = (16000, 8000, 22050, 44100, 48000)


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Recognizer:
    """Short windows: many events from little sound."""
    return load(write_tiny_bundle(tmp_path_factory.mktemp("quick"), window_seconds=0.5, hop_seconds=0.2))


@pytest.fixture(scope="module")
def voices() -> dict[int, NDArray[np.float32]]:
    """Five seconds at each rate, with a silence inside."""
    rng = np.random.default_rng(3)
    voice = speak(make_speakers(1, rng)[0], "angry", rng, seconds=5.0).astype(np.float32)
    voice[32000:48000] = 0
    return {rate: voice if rate == 16000 else soxr.resample(voice, 16000, rate) for rate in RATES}


def streamed(stream: Stream, samples: NDArray[np.generic], sizes: list[int], rate: int) -> list[Segment]:
    """Events of a recording fed in pieces of the given sizes, over and over."""
    events: list[Segment] = []
    start, turn = 0, 0
    while start < len(samples):
        size = sizes[turn % len(sizes)]
        events += stream.feed(samples[start : start + size], rate)
        start, turn = start + size, turn + 1
    return events + stream.flush()


def same(found: list[Segment], expected: tuple[Segment, ...]) -> None:
    assert len(found) == len(expected)
    for event, wanted in zip(found, expected, strict=True):
        assert (event.start, event.end, event.emotion) == (wanted.start, wanted.end, wanted.emotion)
        assert event.confidence == pytest.approx(wanted.confidence, abs=1e-5)
        assert event.probabilities == pytest.approx(wanted.probabilities, abs=1e-5)


@given(
    st.sampled_from(RATES),
    st.floats(0.01, 5.0),
    st.lists(st.integers(0, 30000), min_size=1, max_size=8).filter(any),
)
@settings(deadline=None, max_examples=60)
def test_any_division_gives_the_segments_of_the_whole(quick, voices, rate, seconds, sizes) -> None:
    samples = voices[rate][: max(1, round(seconds * rate))]
    same(streamed(quick.stream(), samples, sizes, rate), quick(samples, rate).segments)


@pytest.mark.parametrize(("rate", "size"), [(16000, 1), (44100, 1), (48000, 7), (8000, 10**9)])
def test_single_samples_and_one_piece_are_divisions_too(quick, voices, rate, size) -> None:
    samples = voices[rate][: rate * 3 // 2]
    same(streamed(quick.stream(), samples, [size], rate), quick(samples, rate).segments)


def test_a_stream_of_a_file_is_the_answer_for_the_file(quick, voices, tmp_path: Path) -> None:
    """Stereo, 16 bits, read as integers, at another rate."""
    path = tmp_path / "a.wav"
    stereo = np.stack([voices[44100], 0.3 * voices[44100][::-1]], axis=1)
    soundfile.write(path, stereo, 44100, subtype="PCM_16")
    same(streamed(quick.stream(), soundfile.read(path, dtype="int16")[0], [441], 44100), quick(path).segments)


def test_real_recordings_too(quick, real_clips) -> None:
    """A clip of each corpus, as it is stored: Opus, MP3, FLAC or WAV at its own rate and channels."""
    rng = np.random.default_rng(6)
    for clips in real_clips.values():
        samples, rate = soundfile.read(clips[0], dtype="float32")
        sizes = rng.integers(1, rate // 4, 20).tolist()
        same(streamed(quick.stream(), samples, sizes, rate), quick(clips[0]).segments)


def test_silence_inside_is_no_speech(quick, voices) -> None:
    events = streamed(quick.stream(), voices[16000], [1600], 16000)
    silent = [event for event in events if event.emotion == "no_speech"]
    assert silent and all(event.confidence is None and event.probabilities == {} for event in silent)
    assert all(event.start > 1.9 and event.end < 3.1 for event in silent)


def test_options_of_the_recognizer_hold(tiny_bundle, voices) -> None:
    recognizer = load(
        tiny_bundle, window_seconds=1, hop_seconds=0.5, unsure_below=0.9, labels=["happy", "sad"]
    )
    stream = recognizer.stream()
    assert stream.labels == ("happy", "sad")
    events = streamed(stream, voices[16000], [999], 16000)
    same(events, recognizer(voices[16000], 16000).segments)
    assert "unsure" in {event.emotion for event in events}


@pytest.mark.parametrize("rate", RATES)
def test_events_come_within_the_stated_latency(quick, voices, rate) -> None:
    """The clock is the sound itself: how much was fed when an event came."""
    stream, step = quick.stream(), rate // 100
    samples, covered, arrivals = voices[rate], 0.0, []
    for start in range(0, samples.size, step):
        events = stream.feed(samples[start : start + step], rate)
        for event in events:
            arrivals.append((stream.seconds - covered, stream.seconds))
            covered = event.end
    waits = [wait for wait, _ in arrivals[1:]]
    assert arrivals[0][1] <= stream.warm_up_seconds + 0.01
    assert 0.9 * stream.latency_seconds < max(waits) <= stream.latency_seconds + 0.01
    assert stream.latency_seconds < 0.2 + 0.12


def test_the_rate_is_the_models_unless_said_and_stays(quick, voices) -> None:
    stream = quick.stream()
    assert stream.sample_rate == 16000
    found = stream.feed(voices[16000]) + stream.flush()
    same(found, quick(voices[16000], 16000).segments)
    stream.reset()
    stream.feed(voices[44100][:100], 44100)
    assert stream.sample_rate == 44100 and stream.seconds == pytest.approx(100 / 44100)
    stream.feed(voices[44100][:0], 44100.0)  # as drivers say it
    assert isinstance(stream.sample_rate, int) and stream.latency_seconds > 0.2
    stream.feed(voices[44100][100:200])
    with pytest.raises(AudioError, match="began at 44100 Hz and this chunk is at 8000 Hz"):
        stream.feed(voices[8000], 8000)
    with pytest.raises(AudioError, match="10 Hz; 1000 to 1000000 Hz"):
        quick.stream().feed(voices[8000], 10)


def test_after_flush_only_reset_goes_on_and_time_begins_anew(quick, voices) -> None:
    stream = quick.stream()
    first = streamed(stream, voices[48000], [4800], 48000)
    assert stream.flush() == []
    with pytest.raises(AudioError, match="is over"):
        stream.feed(voices[48000], 48000)
    stream.reset()
    assert streamed(stream, voices[48000], [1234], 48000) == first
    stream.reset()
    stream.feed(voices[16000][:5000], 16000)
    stream.reset()  # what was fed is forgotten
    same(streamed(stream, voices[16000], [777], 16000), quick(voices[16000], 16000).segments)


def test_nothing_gives_nothing(quick) -> None:
    stream = quick.stream()
    assert stream.feed([]) == [] and stream.feed(np.empty((0, 2))) == [] and stream.flush() == []
    assert stream.seconds == 0


@pytest.mark.parametrize("bad", [[0.0, np.nan], [np.inf], np.zeros((2, 2, 2)), "sound", [1e20]])
def test_a_bad_chunk_is_refused_and_changes_nothing(quick, voices, bad) -> None:
    stream, samples = quick.stream(), voices[16000]
    found = stream.feed(samples[:9000], 16000)
    with pytest.raises(AudioError):
        stream.feed(bad, 16000)
    same(found + stream.feed(samples[9000:]) + stream.flush(), quick(samples, 16000).segments)


def test_the_callers_buffer_may_be_used_again(quick, voices) -> None:
    """Sound libraries hand out the same memory for every block."""
    stream, samples, buffer = quick.stream(), voices[16000], np.empty(1600, np.float32)
    found = []
    for start in range(0, samples.size, 1600):
        buffer[:] = samples[start : start + 1600]
        found += stream.feed(buffer)
    same(found + stream.flush(), quick(samples, 16000).segments)


def test_streams_of_one_recognizer_do_not_mix(quick, voices) -> None:
    one, two = quick.stream(), quick.stream()
    first, second = voices[16000], voices[16000][::-1]
    found: tuple[list[Segment], list[Segment]] = ([], [])
    for start in range(0, first.size, 1000):
        found[0].extend(one.feed(first[start : start + 1000]))
        found[1].extend(two.feed(second[start : start + 1000]))
    same(found[0] + one.flush(), quick(first, 16000).segments)
    same(found[1] + two.flush(), quick(second, 16000).segments)


def test_a_failing_model_ends_the_stream(quick, voices, monkeypatch) -> None:
    stream = quick.stream()

    def fail(pieces: object) -> None:
        raise BundleError("the graph is broken")

    monkeypatch.setattr(stream._engine, "run", fail)
    with pytest.raises(BundleError, match="broken"):
        stream.feed(voices[16000])
    with pytest.raises(AudioError, match="is over"):
        stream.feed(voices[16000])
    assert stream.flush() == []


def test_memory_does_not_grow(quick, voices) -> None:
    """Peaks of each ten seconds, tiny chunks at a foreign rate."""
    stream, chunks = quick.stream(), voices[44100][: 441 * 250].reshape(250, 441)
    peaks = []
    tracemalloc.start()
    try:
        for _ in range(6):
            tracemalloc.reset_peak()
            for number in range(1000):
                stream.feed(chunks[number % 250], 44100)
            peaks.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
    assert max(peaks[1:]) - min(peaks[1:]) < 50_000 and max(peaks) < 2_000_000


@pytest.mark.parametrize("rate", [8000, 11025, 48000, 192000])
def test_the_resampler_is_the_whole_at_once(rate) -> None:
    rng = np.random.default_rng(rate)
    samples = rng.standard_normal(rate).astype(np.float32)
    expected = soxr.resample(samples, rate, 16000, quality="HQ")
    resampler = Resampler(rate, 16000)
    edges = np.sort(rng.integers(0, samples.size, 50))
    found = [resampler(part) for part in np.split(samples, edges)]
    found.append(resampler(np.empty(0, np.float32), last=True))
    np.testing.assert_allclose(np.concatenate(found), expected, atol=1e-6)
    assert 0 < resampling_delay_seconds(rate, 16000) < 0.13
