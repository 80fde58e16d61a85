"""Long recordings: where is speech, and which emotion is in it when. Hours at flat memory.

A recording is read twice: once to find the speech (or to know its length, where the stretches are given), once to
recognise the windows in it. Between stretches of speech there is nothing: gaps are gaps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hearfelt.audio.decode import Source
from hearfelt.audio.spans import cut_spans
from hearfelt.audio.speech_segments import SpeechSettings
from hearfelt.audio.voice_activity import has_speech
from hearfelt.errors import UnknownNameError
from hearfelt.features.overview import Overview
from hearfelt.recognition._engine import Piece
from hearfelt.recognition._many import stream
from hearfelt.recognition._stretches import (
    RecordingReader,
    Stretch,
    StretchWindow,
    find_stretches,
    stretch_windows,
)
from hearfelt.recognition.recognizer import Recognizer
from hearfelt.recognition.results import NO_SPEECH, UNSURE, combine
from hearfelt.recognition.smoothing import check_smoothing, smooth
from hearfelt.recognition.turns import Turn

CHANNELS = ("mix", "split")
_DIGITS = 6


@dataclass(frozen=True)
class TimelineSettings:
    """How windows become segments; see `hearfelt.recognition.smoothing.smooth`.

    Attributes:
        smoothing: ``viterbi``, ``hysteresis`` or ``none``.
        stay_seconds: how long an emotion lasts on average (Viterbi), or after which pause to begin anew.
        margin: of hysteresis.
        speech: when speech begins and ends; not used where the stretches are given.
    """

    smoothing: str = "viterbi"
    stay_seconds: float = 2.0
    margin: float = 0.15
    speech: SpeechSettings = field(default_factory=SpeechSettings)

    def __post_init__(self) -> None:
        check_smoothing(self.smoothing, self.stay_seconds, self.margin)


@dataclass(frozen=True, slots=True)
class TimelineSegment:
    """A stretch of speech in one emotion.

    Attributes:
        start: seconds; a whole number of samples at the timeline's `sample_rate`.
        end: seconds; likewise.
        emotion: a label of the model, `UNSURE`, or `NO_SPEECH` where a given stretch holds none.
        confidence: mean probability of the emotion (of the best one where unsure); None without speech.
        probabilities: label -> mean probability; empty without speech.
        channel: from 0; None where channels were mixed.
        speaker: as given; empty where unknown.
    """

    start: float
    end: float
    emotion: str
    confidence: float | None
    probabilities: Mapping[str, float] = field(hash=False)
    channel: int | None = None
    speaker: str = ""

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end - self.start

    def to_dict(self) -> dict[str, Any]:
        """The segment as an object of the timeline JSON."""
        return {
            "start": round(self.start, _DIGITS),
            "end": round(self.end, _DIGITS),
            "channel": self.channel,
            "speaker": self.speaker or None,
            "emotion": self.emotion,
            "confidence": None if self.confidence is None else round(self.confidence, _DIGITS),
            "probabilities": {name: round(value, _DIGITS) for name, value in self.probabilities.items()},
        }


@dataclass(frozen=True)
class Timeline:
    """A recording over time.

    Attributes:
        path: of the recording; empty for samples in memory.
        duration: seconds.
        sample_rate: at which it was heard, in hertz; times are whole samples of it.
        labels: of the answers, in order.
        channels: that were heard apart; 1 where they were mixed.
        segments: in time order; those of one speaker and channel do not overlap unless given so.
        windows: what the model heard, one for each window: the same fields, between the middles of its
            neighbours, with its own probabilities and the smoothed emotion.
        settings: how it was made.
        overview: envelope and spectrogram of each channel; empty unless asked for.
    """

    path: str
    duration: float
    sample_rate: int
    labels: tuple[str, ...]
    channels: int
    segments: tuple[TimelineSegment, ...]
    windows: tuple[TimelineSegment, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    overview: tuple[Overview, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The timeline as an object of the timeline JSON (docs/timeline.md)."""
        return {
            "path": self.path,
            "duration": round(self.duration, _DIGITS),
            "sample_rate": self.sample_rate,
            "channels": self.channels,
            "labels": list(self.labels),
            "settings": dict(self.settings),
            "segments": [segment.to_dict() for segment in self.segments],
        }


def timeline(
    recognizer: Recognizer,
    source: Source | ArrayLike,
    sample_rate: int | None = None,
    *,
    channels: str = "mix",
    turns: Sequence[Turn] | None = None,
    settings: TimelineSettings | None = None,
    overview: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Timeline:
    """Recognise a long recording over time.

    Args:
        recognizer: the model.
        source: a path, a binary file object, or samples: (samples,) or (samples, channels).
        sample_rate: of samples, in hertz.
        channels: ``mix`` them, or ``split``: hear each for itself, as in calls with one person a channel.
        turns: stretches to hear instead of those that voice activity finds. With split channels a turn without a
            channel is heard in each.
        settings: how windows become segments.
        overview: whether to keep what pictures need.
        progress: called with (seconds done, seconds in all), of both readings.

    Raises:
        AudioError: the recording cannot be read, or a turn begins after its end.
        BundleError: the model fails.
    """
    if channels not in CHANNELS:
        raise UnknownNameError("channels", channels, CHANNELS)
    settings = settings or TimelineSettings()
    reader = RecordingReader(
        source, sample_rate, recognizer.specification.sample_rate, split=channels == "split"
    )
    found: list[TimelineSegment] = []
    heard: list[TimelineSegment] = []
    seen: list[Overview] = []
    samples = 0
    for number in range(reader.channels):
        channel = number if channels == "split" else None
        stretches, samples, view = find_stretches(reader, channel, turns, settings.speech, overview)
        seen += view

        def tell(done: int, number: int = number, samples: int = samples) -> None:
            if progress is not None:
                # Sample counts would be large and say little: seconds.
                total = samples * reader.channels / reader.rate
                progress(round((samples * number + done) / reader.rate), round(total))

        segments, cells = _hear(
            recognizer, reader, channel, stretches, settings, tell, given=turns is not None
        )
        tell(samples)
        found += segments
        heard += cells
    order = [
        sorted(group, key=lambda item: (item.start, item.end, item.channel or 0, item.speaker))
        for group in (found, heard)
    ]
    return Timeline(
        reader.name,
        samples / reader.rate,
        reader.rate,
        tuple(recognizer.labels),
        reader.channels,
        tuple(order[0]),
        tuple(order[1]),
        _settings(recognizer, settings, channels, given=turns is not None),
        tuple(seen),
    )


def _hear(
    recognizer: Recognizer,
    reader: RecordingReader,
    channel: int | None,
    stretches: Sequence[Stretch],
    settings: TimelineSettings,
    tell: Callable[[int], None],
    *,
    given: bool,
) -> tuple[list[TimelineSegment], list[TimelineSegment]]:
    """Segments and windows of a channel."""
    engine = recognizer._engine
    todo = stretch_windows(stretches, engine.window, engine.hop)
    least = round(recognizer.specification.min_seconds * reader.rate)

    def pieces() -> Iterator[Piece]:
        cuts = cut_spans(reader.blocks(channel), ((item.start, item.end) for item in todo))
        for item, samples in zip(todo, cuts, strict=True):
            tell(item.start)
            padded = np.pad(samples, (0, max(0, least - samples.size)))
            yield Piece(item.start, item.end, padded if has_speech(samples, reader.rate) else None)

    values = [row.values for row in stream(engine, pieces(), recognizer.threads)] if todo else []
    segments: list[TimelineSegment] = []
    cells: list[TimelineSegment] = []
    for speaker in dict.fromkeys(stretch.speaker for stretch in stretches):
        own = [k for k, item in enumerate(todo) if stretches[item.stretch].speaker == speaker]
        spoken = [k for k in own if values[k] is not None]
        chosen = dict(zip(spoken, _smoothed(todo, values, spoken, reader.rate, settings), strict=True))
        by_stretch: dict[int, list[int]] = {}
        for k in own:
            by_stretch.setdefault(todo[k].stretch, []).append(k)
        for members in by_stretch.values():
            if not given:  # what holds no speech after all is a gap
                members = [k for k in members if k in chosen]
            segments += [
                _segment(recognizer, todo, values, run, chosen, channel, speaker)
                for run in _runs(members, chosen, todo)
            ]
            cells += [_segment(recognizer, todo, values, [k], chosen, channel, speaker) for k in members]
    return segments, cells


def _smoothed(
    todo: Sequence[StretchWindow],
    values: Sequence[NDArray[np.float64] | None],
    spoken: Sequence[int],
    rate: int,
    settings: TimelineSettings,
) -> list[int]:
    if not spoken:
        return []
    times = np.array([(todo[k].begins + todo[k].ends) / 2 / rate for k in spoken])
    order = np.argsort(times, kind="stable")  # given stretches may overlap
    rows = np.stack([row for k in spoken if (row := values[k]) is not None])
    path = np.empty(len(spoken), dtype=np.intp)
    path[order] = smooth(
        rows[order],
        times[order],
        method=settings.smoothing,
        stay_seconds=settings.stay_seconds,
        margin=settings.margin,
    )
    return [int(label) for label in path]


def _runs(
    members: Sequence[int], chosen: Mapping[int, int], todo: Sequence[StretchWindow]
) -> Iterator[list[int]]:
    """Windows of one emotion that follow on each other."""
    run: list[int] = []
    for k in members:
        apart = run and todo[run[-1]].ends != todo[k].begins
        if run and (apart or chosen.get(k) != chosen.get(run[-1])):
            yield run
            run = []
        run.append(k)
    if run:
        yield run


def _segment(
    recognizer: Recognizer,
    todo: Sequence[StretchWindow],
    values: Sequence[NDArray[np.float64] | None],
    run: Sequence[int],
    chosen: Mapping[int, int],
    channel: int | None,
    speaker: str,
) -> TimelineSegment:
    rate = recognizer.specification.sample_rate
    start, end = todo[run[0]].begins / rate, todo[run[-1]].ends / rate
    if run[0] not in chosen:
        return TimelineSegment(start, end, NO_SPEECH, None, {}, channel, speaker)
    rows = np.stack([row for k in run if (row := values[k]) is not None])
    mean = combine(rows, np.array([todo[k].ends - todo[k].begins for k in run], dtype=np.float64))
    label = chosen[run[0]]
    confidence = float(mean[label])
    emotion = recognizer.labels[label]
    if float(mean.max()) < recognizer.unsure_below:
        emotion, confidence = UNSURE, float(mean.max())
    named = dict(zip(recognizer.labels, map(float, mean), strict=True))
    return TimelineSegment(start, end, emotion, confidence, named, channel, speaker)


def _settings(
    recognizer: Recognizer, settings: TimelineSettings, channels: str, *, given: bool
) -> dict[str, Any]:
    said = asdict(settings)
    speech = said.pop("speech")
    return {
        "model": recognizer.specification.name,
        "window_seconds": recognizer.window_seconds,
        "hop_seconds": recognizer.hop_seconds,
        "unsure_below": recognizer.unsure_below,
        "channels": channels,
        **said,
        "speech": "given" if given else speech,
    }
