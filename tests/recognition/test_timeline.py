"""A timeline says when what was heard: exact to a sample, the same from any source, gaps left as gaps."""

import io
import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hearfelt.audio.decode import read_audio
from hearfelt.errors import AudioError, HearfeltError, UnknownNameError
from hearfelt.recognition.recognizer import load
from hearfelt.recognition.timeline import Timeline, TimelineSettings, timeline
from hearfelt.recognition.turns import Turn
from hearfelt.testing.voices import make_speakers, speak

RATE = 16000
GAPS = ((0.0, 2.0), (6.0, 9.0), (13.0, 15.0), (24.0, 26.0))


@pytest.fixture(scope="module")
def talk() -> np.ndarray:
    """26 s: voices of 4, 4 and 9 s, with the pauses of GAPS."""
    rng = np.random.default_rng(5)
    ann, bob = make_speakers(2, rng)
    parts = [speak(ann, "happy", rng, seconds=4), speak(bob, "angry", rng, seconds=4)]
    parts.append(np.concatenate([speak(ann, e, rng, seconds=3) for e in ("sad", "angry", "neutral")]))
    samples = np.zeros(26 * RATE, np.float32)
    for at, part in zip((2, 9, 15), parts, strict=True):
        samples[at * RATE : at * RATE + part.size] = part
    return samples + rng.normal(0, 1e-4, samples.size).astype(np.float32)


@pytest.fixture(scope="module")
def talk_file(talk, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("talk") / "talk.wav"
    soundfile.write(path, talk, RATE, subtype="FLOAT")
    return path


def same(first: Timeline, second: Timeline) -> None:
    assert len(first.segments) == len(second.segments)
    for one, other in zip(first.segments, second.segments, strict=True):
        assert (one.start, one.end, one.emotion) == (other.start, other.end, other.emotion)
        assert one.confidence == pytest.approx(other.confidence, abs=1e-5)


def test_laws_of_segments(recognizer, talk_file) -> None:
    found = timeline(recognizer, talk_file)
    assert found.duration == 26.0
    assert found.path == str(talk_file)
    assert len(found.segments) >= 3
    for segment in found.segments:
        assert 0 <= segment.start < segment.end <= found.duration
        assert segment.emotion in recognizer.labels
        assert sum(segment.probabilities.values()) == pytest.approx(1)
        assert segment.confidence == segment.probabilities[segment.emotion]
        for time in (segment.start, segment.end):
            assert time * RATE == pytest.approx(round(time * RATE), abs=1e-6)
            assert round(round(time, 6) * RATE) == round(time * RATE)  # JSON keeps the sample
    for one, other in itertools.pairwise(found.segments):
        assert one.end <= other.start
        assert one.end < other.start or one.emotion != other.emotion


def test_gaps_are_gaps(recognizer, talk_file) -> None:
    found = timeline(recognizer, talk_file)
    heard = np.zeros(26 * 100, bool)
    for segment in found.segments:
        heard[round(segment.start * 100) : round(segment.end * 100)] = True
    for start, end in GAPS:
        inside = slice(round(start * 100) + 30, round(end * 100) - 30)
        assert not heard[inside].any()
    assert heard.mean() > 0.5


def test_windows_tile_the_segments(recognizer, talk_file) -> None:
    found = timeline(recognizer, talk_file, settings=TimelineSettings(smoothing="none"))
    assert sum(item.seconds for item in found.windows) == pytest.approx(
        sum(s.seconds for s in found.segments)
    )
    for segment in found.segments:
        members = [w for w in found.windows if segment.start <= w.start < segment.end]
        assert members[0].start == segment.start
        assert members[-1].end == segment.end
        assert {member.emotion for member in members} == {segment.emotion}
        weights = np.array([member.seconds for member in members])
        mean = weights @ [list(member.probabilities.values()) for member in members] / weights.sum()
        np.testing.assert_allclose(list(segment.probabilities.values()), mean, atol=1e-9)


def test_a_given_stretch_is_heard_like_a_file(recognizer, talk, tmp_path) -> None:
    """The model hears exactly the samples between the times."""
    part = talk[3 * RATE + 7 : 5 * RATE + 11]
    turn = Turn((3 * RATE + 7) / RATE, (5 * RATE + 11) / RATE, "ann")
    (segment,) = timeline(recognizer, talk, RATE, turns=[turn]).segments
    alone = recognizer(part, RATE)
    assert (segment.start, segment.end, segment.speaker) == (turn.start, turn.end, "ann")
    for label, value in alone.probabilities.items():
        assert segment.probabilities[label] == pytest.approx(value, abs=1e-5)


def test_every_source_and_thread_count_gives_the_same(recognizer, tiny_bundle, talk, talk_file) -> None:
    expected = timeline(recognizer, talk_file)
    same(timeline(recognizer, talk, RATE), expected)
    same(timeline(load(tiny_bundle, threads=3), talk_file), expected)
    same(timeline(recognizer, io.BytesIO(talk_file.read_bytes())), expected)

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = io.BytesIO(talk_file.read_bytes())

        def read(self, size=-1):
            return self.data.read(size)

    same(timeline(recognizer, Pipe()), expected)


def test_channels_are_heard_apart(recognizer, talk) -> None:
    left = np.where(np.arange(talk.size) < 8 * RATE, talk, np.float32(1e-4) * talk)
    stereo = np.column_stack((left, np.roll(talk, RATE)))
    split = timeline(recognizer, stereo, RATE, channels="split")
    assert split.channels == 2
    for channel in range(2):
        alone = timeline(recognizer, stereo[:, channel], RATE)
        own = [segment for segment in split.segments if segment.channel == channel]
        assert [(s.start, s.end, s.emotion) for s in own] == [
            (s.start, s.end, s.emotion) for s in alone.segments
        ]
    assert timeline(recognizer, stereo, RATE).channels == 1
    assert {s.channel for s in timeline(recognizer, stereo, RATE).segments} == {None}


def test_channels_of_a_file(recognizer, talk, tmp_path) -> None:
    stereo = np.column_stack((talk, np.roll(talk, RATE)))
    soundfile.write(tmp_path / "call.wav", stereo, RATE, subtype="FLOAT")
    same(
        timeline(recognizer, tmp_path / "call.wav", channels="split"),
        timeline(recognizer, stereo, RATE, channels="split"),
    )


def test_given_turns(recognizer, talk) -> None:
    turns = [
        Turn(16.0, 23.0, "ann", 1),
        Turn(2.5, 5.5, "ann", 0),
        Turn(4.0, 5.0, "bob"),  # in the middle of ann's
        Turn(6.5, 8.5, "ann", 0),  # silent
        Turn(25.0, 99.0, "eve", 0),  # beyond the end
    ]
    found = timeline(recognizer, talk, RATE, turns=turns, settings=TimelineSettings(smoothing="none"))
    stretches = {(s.speaker, s.start) for s in found.segments}
    assert {("ann", 2.5), ("bob", 4.0), ("ann", 6.5), ("ann", 16.0), ("eve", 25.0)} <= stretches
    silent = next(segment for segment in found.segments if segment.start == 6.5)
    assert (silent.emotion, silent.confidence, dict(silent.probabilities)) == ("no_speech", None, {})
    assert found.segments[-1].end == found.duration
    long = [s for s in found.segments if s.start >= 16 and s.speaker == "ann"]
    assert long[-1].end == 23.0
    stereo = np.column_stack((talk, talk))
    split = timeline(recognizer, stereo, RATE, turns=turns, channels="split")
    assert {(s.channel, s.speaker) for s in split.segments} == {
        (0, "ann"),
        (1, "ann"),
        (0, "bob"),
        (1, "bob"),
        (0, "eve"),
    }


def test_turns_of_one_speaker_that_overlap(recognizer, talk) -> None:
    """The middles of their windows are in another order than their starts."""
    turns = [Turn(2.0, 5.5, "ann"), Turn(2.5, 3.0, "ann"), Turn(4.0, 4.5, "ann")]
    found = timeline(recognizer, talk, RATE, turns=turns)
    assert [(s.start, s.end) for s in found.segments] == [(2.0, 5.5), (2.5, 3.0), (4.0, 4.5)]


def test_turns_of_another_recording(recognizer, talk) -> None:
    with pytest.raises(AudioError, match="begins at 30 s, but the recording is 26 s long"):
        timeline(recognizer, talk, RATE, turns=[Turn(30, 31)])


def test_nothing_to_hear(recognizer) -> None:
    found = timeline(recognizer, np.zeros(RATE, np.float32), RATE, overview=True)
    assert (found.segments, found.windows, found.duration) == ((), (), 1.0)
    assert found.overview[0].duration == 1.0


def test_unsure(tiny_bundle, talk) -> None:
    found = timeline(load(tiny_bundle, unsure_below=1.0), talk, RATE)
    assert {segment.emotion for segment in found.segments} == {"unsure"}
    assert all(s.confidence == max(s.probabilities.values()) for s in found.segments)


def test_smoothing_makes_no_more_segments(tiny_bundle, talk) -> None:
    recognizer = load(tiny_bundle, window_seconds=1.0, hop_seconds=0.25)
    counts = {
        method: len(timeline(recognizer, talk, RATE, settings=TimelineSettings(smoothing=method)).segments)
        for method in ("none", "hysteresis", "viterbi")
    }
    assert counts["viterbi"] <= counts["none"]
    assert counts["hysteresis"] <= counts["none"]


def test_progress_reaches_its_end(recognizer, talk_file) -> None:
    told = []
    timeline(recognizer, talk_file, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (26, 26)
    assert told == sorted(told)


def test_refusals(recognizer, talk) -> None:
    with pytest.raises(UnknownNameError, match="channels named 'stereo'"):
        timeline(recognizer, talk, RATE, channels="stereo")
    with pytest.raises(UnknownNameError, match="smoothing"):
        TimelineSettings(smoothing="mean")
    with pytest.raises(HearfeltError, match="There is no file"):
        timeline(recognizer, "none.wav")


def test_real_clips(recognizer, real_clips) -> None:
    """Joined clips with pauses: nearly each is found."""
    clips = [read_audio(paths[0]) for paths in real_clips.values()]
    clips = [0.1 * clip / clip.std() for clip in clips]
    samples = np.concatenate([np.pad(clip, (0, 2 * RATE)) for clip in clips]).astype(np.float32)
    found = timeline(
        recognizer, samples + 1e-4 * np.random.default_rng(0).standard_normal(samples.size), RATE
    )
    edges = np.cumsum([0, *(clip.size + 2 * RATE for clip in clips)]) / RATE
    heard = [
        any(a <= (s.start + s.end) / 2 < b for s in found.segments) for a, b in itertools.pairwise(edges)
    ]
    assert np.mean(heard) > 0.9


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_memory_does_not_grow_with_the_length(tiny_bundle, talk, tmp_path) -> None:
    """Fifteen minutes need no more than two, within a few megabytes."""
    # ru_maxrss would begin with what this process has; VmHWM is the new program's own.
    code = (
        "import sys, hearfelt\n"
        "from hearfelt.recognition.timeline import timeline\n"
        "found = timeline(hearfelt.load(sys.argv[1]), sys.argv[2], overview=True)\n"
        "status = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
        "print(int(status['VmHWM'].split()[0]) / 1024, len(found.segments))"
    )
    used = []
    for minutes in (2, 15):
        path = tmp_path / f"{minutes}.flac"
        soundfile.write(path, np.resize(talk, minutes * 60 * RATE), RATE)
        out = subprocess.run(
            [sys.executable, "-c", code, str(tiny_bundle), str(path)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        used.append(float(out[0]))
    assert used[1] - used[0] < 25  # the samples alone would be 50 MB more
