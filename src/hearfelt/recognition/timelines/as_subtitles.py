"""SRT and WebVTT: the emotion as a subtitle. Times are milliseconds, as the formats have them."""

from __future__ import annotations

import os

from hearfelt.recognition.timeline import Timeline
from hearfelt.recognition.timelines._base import (
    TimelineWriter,
    milliseconds,
    one_line,
    says_emotion,
    says_who,
)


class SrtWriter(TimelineWriter):
    """SubRip."""

    suffix = ".srt"

    def render(self, timeline: Timeline, target: str | os.PathLike[str] | None = None) -> str:
        """``ann: angry 81%`` for each segment."""
        return "".join(
            f"{number}\n{_clock(start, ',')} --> {_clock(end, ',')}\n"
            f"{_safe(f'{who}: ' if (who := says_who(segment)) else '')}{says_emotion(segment)}\n\n"
            for number, (start, end, segment) in enumerate(milliseconds(timeline.segments), start=1)
        )


class VttWriter(TimelineWriter):
    """WebVTT, with the speaker as voice and the emotion as class, for styles."""

    suffix = ".vtt"

    def render(self, timeline: Timeline, target: str | os.PathLike[str] | None = None) -> str:
        """``<v ann><c.angry>angry 81%</c></v>`` for each segment."""
        cues = []
        for start, end, segment in milliseconds(timeline.segments):
            name = "".join(c if c.isalnum() or c in "_-" else "_" for c in segment.emotion)
            text = f"<c.{name}>{_escape(says_emotion(segment))}</c>"
            if who := _escape(one_line(says_who(segment))):
                text = f"<v {who}>{text}</v>"
            cues.append(f"{_clock(start, '.')} --> {_clock(end, '.')}\n{text}\n\n")
        return "WEBVTT\n\n" + "".join(cues)


def _clock(milliseconds: int, mark: str) -> str:
    """Time of a subtitle.

    >>> _clock(3_723_004, ",")
    '01:02:03,004'
    """
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{mark}{rest:03d}"


def _safe(text: str) -> str:
    return one_line(text).replace("-->", "→") + (" " if text else "")


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
