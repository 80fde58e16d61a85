"""ELAN's EAF 3.0: a tier of emotions and one of confidences for each channel and speaker; milliseconds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from hearfelt.recognition.timeline import Timeline, TimelineSegment
from hearfelt.recognition.timelines._base import TimelineWriter, milliseconds, one_line, tiers

_MIME = {".wav": "audio/x-wav", ".mp3": "audio/mpeg", ".ogg": "audio/ogg", ".opus": "audio/ogg"}


class EafWriter(TimelineWriter):
    """Linked to the recording, so that ELAN plays it.

    Args:
        media: whether to name the recording's place; not where its path is but a name.
    """

    suffix = ".eaf"

    def __init__(self, media: bool = True) -> None:
        self.media = media

    def render(self, timeline: Timeline, target: str | os.PathLike[str] | None = None) -> str:
        """The whole file."""
        return "\n".join(_lines(timeline, target, self.media)) + "\n"


def _lines(timeline: Timeline, target: str | os.PathLike[str] | None, media: bool) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield (
        f'<ANNOTATION_DOCUMENT AUTHOR="hearfelt" DATE="{datetime.now(UTC).isoformat(timespec="seconds")}" '
        'FORMAT="3.0" VERSION="3.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">'
    )
    yield '  <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">'
    if media:
        yield from _media(timeline.path, target)
    slots: list[int] = []
    body: list[str] = []
    annotations = 0
    for name, segments in tiers(timeline):
        speaker = segments[0].speaker if segments else ""
        times = [
            (len(slots) + 2 * k + 1, start, end, segment)
            for k, (start, end, segment) in enumerate(milliseconds(segments))
        ]
        slots += [time for _, start, end, _ in times for time in (start, end)]
        for tier, says in ((name, _emotion), (f"{name} confidence", _confidence)):
            who = f" PARTICIPANT={quoteattr(one_line(speaker))}" if speaker else ""
            body.append(f'  <TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID={quoteattr(one_line(tier))}{who}>')
            for slot, _, _, segment in times:
                annotations += 1
                body.append(
                    f'    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{annotations}" '
                    f'TIME_SLOT_REF1="ts{slot}" TIME_SLOT_REF2="ts{slot + 1}">'
                    f"<ANNOTATION_VALUE>{escape(says(segment))}</ANNOTATION_VALUE>"
                    "</ALIGNABLE_ANNOTATION></ANNOTATION>"
                )
            body.append("  </TIER>")
    yield f'    <PROPERTY NAME="lastUsedAnnotationId">{annotations}</PROPERTY>'
    yield "  </HEADER>"
    yield "  <TIME_ORDER>"
    for number, time in enumerate(slots, start=1):
        yield f'    <TIME_SLOT TIME_SLOT_ID="ts{number}" TIME_VALUE="{time}"/>'
    yield "  </TIME_ORDER>"
    yield from body
    yield '  <LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="default-lt" TIME_ALIGNABLE="true"/>'
    yield "</ANNOTATION_DOCUMENT>"


def _media(path: str, target: str | os.PathLike[str] | None) -> Iterator[str]:
    if not path or path == "-":
        return
    recording = Path(path)
    clean = recording.resolve().as_uri()
    relative = ""
    if target is not None:
        try:
            near = os.path.relpath(recording.resolve(), Path(target).resolve().parent)
            relative = f" RELATIVE_MEDIA_URL={quoteattr('./' + Path(near).as_posix())}"
        except ValueError:  # on another drive
            relative = ""
    kind = _MIME.get(recording.suffix.lower(), "audio/*")
    yield f'    <MEDIA_DESCRIPTOR MEDIA_URL={quoteattr(clean)} MIME_TYPE="{kind}"{_printable(relative)}/>'


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def _emotion(segment: TimelineSegment) -> str:
    return segment.emotion


def _confidence(segment: TimelineSegment) -> str:
    return "" if segment.confidence is None else f"{segment.confidence:.3f}"
