"""What the formats share: one writer a format, tiers of segments that do not overlap, texts for people."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from hearfelt.recognition.timeline import Timeline, TimelineSegment


class TimelineWriter:
    """Timelines as text or bytes.

    Attributes:
        suffix: of files in this format.
        joins: whether several recordings fit into one file.
        binary: whether `render` gives bytes that are no text.
        overview: whether timelines need their `Timeline.overview`.
    """

    suffix = ""
    joins = False
    binary = False
    overview = False

    def begin(self, labels: Sequence[str]) -> str:
        """What stands before the first recording."""
        return ""

    def render(self, timeline: Timeline, target: str | os.PathLike[str] | None = None) -> str | bytes:
        """One recording.

        Args:
            timeline: of the recording.
            target: file that it will be written to, where it is known; links are relative to it.
        """
        raise NotImplementedError

    def failure(self, path: str, error: str) -> str:
        """A recording that could not be read; nothing where the format has no place for it."""
        return ""

    def end(self) -> str:
        """What stands after the last recording."""
        return ""


def tiers(timeline: Timeline) -> list[tuple[str, list[TimelineSegment]]]:
    """Segments of each channel and speaker; where those overlap, further tiers take them.

    Returns:
        (name, segments in time order that do not overlap) in order of their appearance; one tier at least.
    """
    found: dict[tuple[int | None, str], list[list[TimelineSegment]]] = {}
    for segment in timeline.segments:
        rows = found.setdefault((segment.channel, segment.speaker), [[]])
        row = next((row for row in rows if not row or row[-1].end <= segment.start), None)
        if row is None:
            rows.append(row := [])
        row.append(segment)
    named = [
        (tier_name(channel, speaker) + (f" ({number})" if number > 1 else ""), row)
        for (channel, speaker), rows in found.items()
        for number, row in enumerate(rows, start=1)
    ]
    return named or [(tier_name(None, ""), [])]


def tier_name(channel: int | None, speaker: str) -> str:
    """Name of who is heard; channels count from 1 for people.

    >>> tier_name(None, ""), tier_name(1, ""), tier_name(0, "ann")
    ('emotion', 'channel 2', 'channel 1 ann')
    """
    parts = [f"channel {channel + 1}"] if channel is not None else []
    return " ".join([*parts, *([speaker] if speaker else [])]) or "emotion"


def says_who(segment: TimelineSegment) -> str:
    """Speaker or channel of a segment; empty where neither is known."""
    return (
        "" if segment.channel is None and not segment.speaker else tier_name(segment.channel, segment.speaker)
    )


def says_emotion(segment: TimelineSegment) -> str:
    """Emotion and confidence for people: ``angry 81%``."""
    share = "" if segment.confidence is None else f" {segment.confidence:.0%}"
    return segment.emotion.replace("_", " ") + share


def one_line(text: str) -> str:
    """Without line breaks and characters that are no text, which would break a format."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def stem_of(path: str) -> str:
    """Name of a recording without folder and suffix, and without spaces."""
    return "_".join(one_line(PurePath(path).stem).split()) or "recording"


def milliseconds(segments: Sequence[TimelineSegment]) -> Iterator[tuple[int, int, TimelineSegment]]:
    """Times for formats that count milliseconds: rounded, one at least."""
    for segment in segments:
        start = round(segment.start * 1000)
        yield start, max(start + 1, round(segment.end * 1000)), segment
