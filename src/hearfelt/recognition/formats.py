"""Answers as text: JSON, JSON Lines, CSV and a table, each written one answer at a time.

An answer is an object of the prediction JSON (docs/contracts.md).
"""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from hearfelt.emotions import COLORS
from hearfelt.errors import UnknownNameError

Answer = Mapping[str, Any]

_BARS = " ▁▂▃▄▅▆▇█"
_MAX_NAME = 48


class Format(Protocol):
    """Text before the answers, of each answer, and after them."""

    def begin(self) -> str:
        """What stands before the first answer."""

    def answer(self, answer: Answer) -> str:
        """One answer."""

    def end(self) -> str:
        """What stands after the last answer."""


class JsonLines:
    """One object a line."""

    def begin(self) -> str:
        """Nothing."""
        return ""

    def answer(self, answer: Answer) -> str:
        """The object and a line end."""
        return to_json(answer) + "\n"

    def end(self) -> str:
        """Nothing."""
        return ""


class Json:
    """A list with one object a file."""

    def __init__(self) -> None:
        self._separator = "\n"

    def begin(self) -> str:
        """Opens the list."""
        return "["

    def answer(self, answer: Answer) -> str:
        """The object on a line of its own."""
        separator, self._separator = self._separator, ",\n"
        return separator + to_json(answer)

    def end(self) -> str:
        """Closes the list."""
        return "\n]\n"


class Csv:
    """One line a file: ``path,duration,emotion,confidence,p_<label>...,error``; without the segments."""

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = labels

    def begin(self) -> str:
        """The header."""
        return _csv_line(
            ["path", "duration", "emotion", "confidence", *(f"p_{label}" for label in self.labels), "error"]
        )

    def answer(self, answer: Answer) -> str:
        """One line."""
        probabilities = answer.get("probabilities", {})
        cells = [answer.get(column) for column in ("path", "duration", "emotion", "confidence")]
        return _csv_line([*cells, *(probabilities.get(label) for label in self.labels), answer.get("error")])

    def end(self) -> str:
        """Nothing."""
        return ""


class Table:
    """For reading: file, duration, emotion, confidence and a small bar a label.

    Args:
        labels: of the model.
        widest: length of the longest path.
        colored: whether to use terminal colours.
    """

    def __init__(self, labels: Sequence[str], widest: int = _MAX_NAME, colored: bool = False) -> None:
        self.labels = labels
        self.width = max(4, min(widest, _MAX_NAME))
        self.colored = colored
        self._emotion_width = max(9, *map(len, labels))

    def begin(self) -> str:
        """The header."""
        bars = " ".join(label[:3] for label in self.labels)
        return f"{'file':<{self.width}}  seconds  {'emotion':<{self._emotion_width}}  confidence  {bars}\n"

    def answer(self, answer: Answer) -> str:
        """One line."""
        name = _pad(_shorten(_printable(str(answer["path"])), self.width), self.width)
        if "error" in answer:
            return f"{name}  error: {_printable(answer['error'])}\n"
        confidence = "" if answer["confidence"] is None else f"{answer['confidence']:.0%}"
        emotion = self._paint(f"{answer['emotion']:<{self._emotion_width}}", answer["emotion"])
        bars = " ".join(
            self._paint(_BARS[round(answer["probabilities"].get(label, 0.0) * 8)] * 3, label)
            for label in self.labels
        )
        return f"{name}  {answer['duration']:7.1f}  {emotion}  {confidence:>10}  {bars}".rstrip() + "\n"

    def end(self) -> str:
        """Nothing."""
        return ""

    def _paint(self, text: str, emotion: str) -> str:
        if not self.colored or emotion not in COLORS:
            return text
        red, green, blue = bytes.fromhex(COLORS[emotion].removeprefix("#"))
        return f"\x1b[38;2;{red};{green};{blue}m{text}\x1b[0m"


FORMATS = ("table", "json", "jsonl", "csv")


def create_format(
    name: str, labels: Sequence[str], *, widest: int = _MAX_NAME, colored: bool = False
) -> Format:
    """A format by name.

    Raises:
        UnknownNameError: lists the formats.
    """
    if name == "table":
        return Table(labels, widest, colored)
    if name == "json":
        return Json()
    if name == "jsonl":
        return JsonLines()
    if name == "csv":
        return Csv(labels)
    raise UnknownNameError("format", name, FORMATS)


def to_json(answer: Answer) -> str:
    r"""One line of JSON; file names that are no UTF-8 keep their bytes as ``\udcXX``.

    >>> to_json({"path": "é.wav"}), to_json({"path": "\udce9.wav"})
    ('{"path": "é.wav"}', '{"path": "\\udce9.wav"}')
    """
    text = json.dumps(answer, ensure_ascii=False, allow_nan=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(answer, allow_nan=False)
    return text


def _csv_line(cells: Sequence[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(["" if cell is None else cell for cell in cells])
    return text.getvalue()


def _printable(text: str) -> str:
    """Without control characters, which could play tricks on a terminal, and bytes that are no text."""
    return "".join(
        "\ufffd" if unicodedata.category(character) in ("Cc", "Cs", "Cf") else character for character in text
    )


def _shorten(text: str, width: int) -> str:
    return text if len(text) <= width else "…" + text[-(width - 1) :]


def _pad(text: str, width: int) -> str:
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return text + " " * max(0, width - len(text) - wide)
