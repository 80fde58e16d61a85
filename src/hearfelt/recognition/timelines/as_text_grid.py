"""Praat's TextGrid, long form: a tier of emotions and one of confidences for each channel and speaker."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence

from hearfelt.recognition.timeline import Timeline, TimelineSegment
from hearfelt.recognition.timelines._base import TimelineWriter, one_line, tiers

_Intervals = list[tuple[float, float, str]]


class TextGridWriter(TimelineWriter):
    """Gaps are intervals without text. Seconds with six decimals, which keep the sample."""

    suffix = ".TextGrid"

    def render(self, timeline: Timeline, target: str | os.PathLike[str] | None = None) -> str:
        """The whole file; UTF-8, as Praat reads it."""
        duration = timeline.duration
        rows: list[tuple[str, _Intervals]] = []
        for name, segments in tiers(timeline):
            rows.append((name, _intervals(segments, duration, lambda segment: segment.emotion)))
            rows.append((f"{name} confidence", _intervals(segments, duration, _confidence)))
        return "\n".join(_lines(rows, duration)) + "\n"


def _confidence(segment: TimelineSegment) -> str:
    return "-" if segment.confidence is None else f"{segment.confidence:.3f}"


def _intervals(
    segments: Sequence[TimelineSegment], duration: float, says: Callable[[TimelineSegment], str]
) -> _Intervals:
    found: _Intervals = []
    at = 0.0
    for segment in segments:
        if segment.start > at:
            found.append((at, segment.start, ""))
        found.append((segment.start, segment.end, says(segment)))
        at = segment.end
    if at < duration or not found:
        found.append((at, duration, ""))
    return found


def _lines(rows: Sequence[tuple[str, _Intervals]], duration: float) -> Iterator[str]:
    yield 'File type = "ooTextFile"'
    yield 'Object class = "TextGrid"'
    yield ""
    yield "xmin = 0"
    yield f"xmax = {_time(duration)}"
    yield "tiers? <exists>"
    yield f"size = {len(rows)}"
    yield "item []:"
    for number, (name, intervals) in enumerate(rows, start=1):
        yield f"    item [{number}]:"
        yield '        class = "IntervalTier"'
        yield f"        name = {_quoted(name)}"
        yield "        xmin = 0"
        yield f"        xmax = {_time(duration)}"
        yield f"        intervals: size = {len(intervals)}"
        for place, (start, end, text) in enumerate(intervals, start=1):
            yield f"        intervals [{place}]:"
            yield f"            xmin = {_time(start)}"
            yield f"            xmax = {_time(end)}"
            yield f"            text = {_quoted(text)}"


def _time(seconds: float) -> str:
    """Plain decimals, which every reader knows.

    >>> _time(0.0), _time(1.5), _time(0.0000625)
    ('0', '1.5', '0.000063')
    """
    return f"{seconds:.6f}".rstrip("0").rstrip(".")


def _quoted(text: str) -> str:
    return '"' + one_line(text).replace('"', '""') + '"'
