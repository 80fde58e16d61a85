"""CSV: one line a segment."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence

from hearfelt.recognition.timeline import Timeline
from hearfelt.recognition.timelines._base import TimelineWriter


class CsvWriter(TimelineWriter):
    """``path,start,end,channel,speaker,emotion,confidence,p_<label>...``; seconds, channels from 0."""

    suffix = ".csv"
    joins = True

    def begin(self, labels: Sequence[str]) -> str:
        """The header."""
        columns = ["path", "start", "end", "channel", "speaker", "emotion", "confidence"]
        return _line([*columns, *(f"p_{label}" for label in labels)])

    def render(self, timeline: Timeline, target: str | os.PathLike[str] | None = None) -> str:
        """The lines of a recording."""
        lines = []
        for segment in timeline.segments:
            cells = segment.to_dict()
            shares = cells.pop("probabilities")
            ordered = [cells[k] for k in ("start", "end", "channel", "speaker", "emotion", "confidence")]
            lines.append(_line([timeline.path, *ordered, *(shares.get(name) for name in timeline.labels)]))
        return "".join(lines)


def _line(cells: Sequence[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(["" if cell is None else cell for cell in cells])
    return text.getvalue()
