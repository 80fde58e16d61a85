"""A recording that is read more than once, the stretches of speech in it, and the windows in those."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearfelt.audio.arrays import mono_at
from hearfelt.audio.decode import channel_count, read_blocks
from hearfelt.audio.speech_segments import SpeechSettings, speech_segments
from hearfelt.audio.windows import windows
from hearfelt.errors import AudioError
from hearfelt.features.overview import Overview, OverviewBuilder
from hearfelt.recognition._engine import is_file, source_name
from hearfelt.recognition.turns import Turn

_BLOCK_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Speech, in samples, and whose it is."""

    start: int
    end: int
    speaker: str


class RecordingReader:
    """A recording that can be read more than once."""

    def __init__(self, source: Any, sample_rate: int | None, rate: int, *, split: bool) -> None:
        self.rate, self.split, self._given = rate, split, sample_rate
        self.name = source_name(source)
        if hasattr(source, "read") and not (hasattr(source, "seekable") and source.seekable()):
            source = io.BytesIO(source.read())
        self._source = source
        self._at = source.tell() if hasattr(source, "tell") else 0
        if not split:
            self.channels = 1
        elif is_file(source):
            self.channels = channel_count(self._rewound())
        else:
            self._source = np.asarray(source)
            self.channels = self._source.shape[1] if self._source.ndim == 2 else 1

    def _rewound(self) -> Any:
        if hasattr(self._source, "seek"):
            self._source.seek(self._at)
        return self._source

    def blocks(self, channel: int | None) -> Iterator[NDArray[np.float32]]:
        if is_file(self._source):
            return read_blocks(self._rewound(), self.rate, _BLOCK_SECONDS, channel=channel)
        samples = np.asarray(self._source)
        if channel is not None and samples.ndim == 2:
            samples = samples[:, channel]
        return iter([mono_at(samples, self._given, self.rate)])


def find_stretches(
    reader: RecordingReader,
    channel: int | None,
    turns: Sequence[Turn] | None,
    speech: SpeechSettings,
    overview: bool,
) -> tuple[list[Stretch], int, list[Overview]]:
    """What is to be heard of a channel, how many samples it has, and what it looks like."""
    counter = [0]
    builder = OverviewBuilder(reader.rate) if overview else None

    def counted() -> Iterator[NDArray[np.float32]]:
        for block in reader.blocks(channel):
            counter[0] += block.size
            yield block

    blocks = builder.passing(counted()) if builder else counted()
    if turns is None:
        stretches = [Stretch(*span, "") for span in speech_segments(blocks, reader.rate, speech)]
    else:
        for _ in blocks:
            pass
        stretches = list(_given(turns, channel, counter[0], reader.rate))
    return stretches, counter[0], [builder.finish()] if builder else []


def _given(turns: Sequence[Turn], channel: int | None, samples: int, rate: int) -> Iterator[Stretch]:
    for turn in sorted(turns, key=lambda turn: turn.start):
        start, end = round(turn.start * rate), min(samples, round(turn.end * rate))
        if start >= samples:
            raise AudioError(
                f"A given segment begins at {turn.start:g} s, but the recording is {samples / rate:g} s long. Do the "
                "segments belong to another recording?"
            )
        if end > start and (channel is None or turn.channel in (None, channel)):
            yield Stretch(start, end, turn.speaker)


@dataclass(frozen=True, slots=True)
class StretchWindow:
    """What goes through the model, whose it is, and the part of the time that it answers for."""

    start: int
    end: int
    stretch: int
    begins: int
    ends: int


def stretch_windows(stretches: Sequence[Stretch], window: int, hop: int) -> list[StretchWindow]:
    found: list[StretchWindow] = []
    for number, stretch in enumerate(stretches):
        spans = windows(stretch.end - stretch.start, window, hop)
        middles = [(start + end) // 2 for start, end in spans]
        borders = [0, *((a + b) // 2 for a, b in pairwise(middles))]
        borders.append(stretch.end - stretch.start)
        at = stretch.start
        found += [
            StretchWindow(at + span[0], at + span[1], number, at + begins, at + ends)
            for span, (begins, ends) in zip(spans, pairwise(borders), strict=True)
        ]
    return sorted(found, key=lambda item: (item.start, item.end))
