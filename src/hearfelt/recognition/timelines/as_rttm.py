"""RTTM, the format of diarisation: one SPEAKER line a segment, with the emotion in the place of the name."""

from __future__ import annotations

import os

from hearfelt.recognition.timeline import Timeline
from hearfelt.recognition.timelines._base import TimelineWriter, one_line, stem_of


class RttmWriter(TimelineWriter):
    """The name is the emotion, or ``speaker:emotion``; the confidence has its own field."""

    suffix = ".rttm"
    joins = True

    def render(self, timeline: Timeline, target: str | os.PathLike[str] | None = None) -> str:
        """The lines of a recording."""
        name = stem_of(timeline.path)
        lines = []
        for segment in timeline.segments:
            start, end = round(segment.start, 6), round(segment.end, 6)
            who = "_".join(one_line(segment.speaker).split())
            label = f"{who}:{segment.emotion}" if who else segment.emotion
            sure = "<NA>" if segment.confidence is None else f"{segment.confidence:.6f}"
            channel = (segment.channel or 0) + 1
            lines.append(
                f"SPEAKER {name} {channel} {start:.6f} {end - start:.6f} <NA> <NA> {label} {sure} <NA>\n"
            )
        return "".join(lines)
