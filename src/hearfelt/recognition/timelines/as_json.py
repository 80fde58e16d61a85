"""JSON (a list with one object a recording) and JSON Lines (the same objects, one a line)."""

from __future__ import annotations

import os
from collections.abc import Sequence

from hearfelt.recognition.formats import to_json
from hearfelt.recognition.timeline import Timeline
from hearfelt.recognition.timelines._base import TimelineWriter


class JsonLinesWriter(TimelineWriter):
    """One object a line."""

    suffix = ".jsonl"
    joins = True

    def render(self, timeline: Timeline, target: str | os.PathLike[str] | None = None) -> str:
        """The object and a line end."""
        return to_json(timeline.to_dict()) + "\n"

    def failure(self, path: str, error: str) -> str:
        """``{"path": ..., "error": ...}``."""
        return to_json({"path": path, "error": error}) + "\n"


class JsonWriter(TimelineWriter):
    """A list."""

    suffix = ".json"
    joins = True

    def __init__(self) -> None:
        self._separator = "\n"

    def begin(self, labels: Sequence[str]) -> str:
        """Opens the list."""
        return "["

    def render(self, timeline: Timeline, target: str | os.PathLike[str] | None = None) -> str:
        """The object on a line of its own."""
        return self._next(to_json(timeline.to_dict()))

    def failure(self, path: str, error: str) -> str:
        """``{"path": ..., "error": ...}``."""
        return self._next(to_json({"path": path, "error": error}))

    def end(self) -> str:
        """Closes the list."""
        return "\n]\n"

    def _next(self, text: str) -> str:
        separator, self._separator = self._separator, ",\n"
        return separator + text
