"""Audacity's label track: start, end and text with tabs between them."""

from __future__ import annotations

import os

from hearfelt.recognition.timeline import Timeline
from hearfelt.recognition.timelines._base import TimelineWriter, one_line, says_emotion, says_who


class AudacityWriter(TimelineWriter):
    """For File > Import > Labels."""

    suffix = ".txt"

    def render(self, timeline: Timeline, target: str | os.PathLike[str] | None = None) -> str:
        """One line a segment: ``1.500000 2.250000 ann: angry 81%``, with tabs."""
        lines = []
        for segment in timeline.segments:
            who = one_line(says_who(segment))
            text = f"{who}: {says_emotion(segment)}" if who else says_emotion(segment)
            lines.append(f"{segment.start:.6f}\t{segment.end:.6f}\t{text}\n")
        return "".join(lines)
