"""Stretches of a recording that were marked elsewhere: diarisation, subtitles, annotation.

Read from RTTM, TextGrid (long or short), SRT, WebVTT and CSV, told apart by their content.
"""

from __future__ import annotations

import csv
import math
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hearfelt.errors import HearfeltError

_MAX_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Turn:
    """One stretch.

    Attributes:
        start: seconds.
        end: seconds.
        speaker: who speaks; empty where the file does not say.
        channel: of the recording, from 0; None where the file does not say.
    """

    start: float
    end: float
    speaker: str = ""
    channel: int | None = None


def read_turns(path: str | os.PathLike[str], recording: str | os.PathLike[str] = "") -> list[Turn]:
    """Read turns in time order.

    RTTM: the lines of type SPEAKER; where they are about several recordings, those of the one whose name without
    suffix is theirs. TextGrid: the intervals with a text; the speaker is the tier's name where there are several
    tiers, else the text. SRT and WebVTT: each subtitle; the speaker is ``NAME:`` or ``[NAME]`` or ``<v NAME>`` at
    its beginning. CSV: columns ``start`` and ``end`` in seconds, perhaps ``speaker`` and ``channel`` (from 0).

    Args:
        path: of the file.
        recording: that the turns are wanted for.

    Raises:
        HearfeltError: cannot be read, holds no turns, or a turn ends before it begins; with the line.
    """
    source = Path(path)
    text = _text(source)
    form, reader = _reader(source, text)
    turns = sorted(reader(text, Path(recording).stem), key=lambda turn: (turn.start, turn.end))
    if not turns:
        raise HearfeltError(f"{source} ({form}) holds no turns{f' for {recording}' if recording else ''}.")
    for turn in turns:
        if not (math.isfinite(turn.start) and math.isfinite(turn.end) and 0 <= turn.start < turn.end):
            raise HearfeltError(
                f"{source} ({form}): a turn from {turn.start:g} s to {turn.end:g} s; a turn begins at 0 or later "
                "and ends after it began."
            )
    return turns


def _text(source: Path) -> str:
    try:
        if source.stat().st_size > _MAX_BYTES:
            raise HearfeltError(f"{source} is larger than {_MAX_BYTES >> 20} MB; that is no list of turns.")
        data = source.read_bytes()
    except OSError as error:
        raise HearfeltError(f"Cannot read {source}: {error.strerror}.") from error
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise HearfeltError(f"{source} is no text in UTF-8 or UTF-16; save it as UTF-8.") from error


_Reader = Callable[[str, str], Iterator[Turn]]


def _reader(source: Path, text: str) -> tuple[str, _Reader]:
    head = text.lstrip()[:4000]
    if "ooTextFile" in head[:200]:
        return "TextGrid", _text_grid
    if re.search(r"^SPEAKER(?:\s+\S+){6,}", head, re.MULTILINE):
        return "RTTM", _rttm
    first = re.split(r"[,;\t]", head.split("\n", 1)[0].lower())
    if {"start", "end"} <= {cell.strip(' "') for cell in first}:
        return "CSV", _csv
    if re.search(rf"^\s*{_TIMES.pattern}", head, re.MULTILINE):
        return "subtitles", _subtitles
    raise HearfeltError(
        f"{source} is none of the files that turns are read from: RTTM (SPEAKER lines), TextGrid, SRT, WebVTT, or "
        "CSV with the columns start and end."
    )


def _number(text: str, what: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise HearfeltError(f"{what}: {text[:40]!r} is no number of seconds.") from error


def _rttm(text: str, stem: str) -> Iterator[Turn]:
    lines = [
        (number, line.split())
        for number, line in enumerate(text.splitlines(), 1)
        if line.startswith("SPEAKER")
    ]
    files = {fields[1] for _, fields in lines if len(fields) > 1}
    if len(files) > 1 and stem not in files:
        raise HearfeltError(
            f"The RTTM file is about {len(files)} recordings ({', '.join(sorted(files)[:5])}), none of them "
            f"{stem!r}. Rename the recording or cut the file."
        )
    for number, fields in lines:
        if len(fields) < 8:
            raise HearfeltError(f"Line {number} of the RTTM file has {len(fields)} fields; 9 or 10 are due.")
        if len(files) > 1 and fields[1] != stem:
            continue
        start, length = (_number(field, f"Line {number}") for field in fields[3:5])
        channel = int(fields[2]) - 1 if fields[2].isdecimal() and int(fields[2]) > 0 else None
        yield Turn(start, start + length, "" if fields[7] == "<NA>" else fields[7], channel)


#: A quoted string (quotes are doubled), a number, or a flag; names before them are the long form's decoration.
_TOKEN = re.compile(r'"((?:[^"]|"")*)"|(?<![\w.\[])(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.\]])|<(\w+)>')


def _text_grid(text: str, _: str) -> Iterator[Turn]:
    found = [
        match[1].replace('""', '"') if match[1] is not None else float(match[2])
        for match in _TOKEN.finditer(text)
        if match[3] is None
    ]
    strings_and_numbers = iter(found[2:])  # after "ooTextFile" and "TextGrid"
    tiers: list[tuple[str, list[tuple[float, float, str]]]] = []

    def number() -> float:
        value = next(strings_and_numbers)
        if isinstance(value, str):
            raise HearfeltError(f"The TextGrid is damaged: a number was due where {value[:40]!r} stands.")
        return value

    def string() -> str:
        value = next(strings_and_numbers)
        if not isinstance(value, str):
            raise HearfeltError(f"The TextGrid is damaged: a text was due where {value:g} stands.")
        return value

    try:
        number(), number()
        for _tier in range(int(number())):
            kind, name = string(), string()
            number(), number()
            count = int(number())
            if kind == "IntervalTier":
                tiers.append((name, [(number(), number(), string()) for _ in range(count)]))
            else:  # points have no length
                for _point in range(count):
                    number(), string()
    except (StopIteration, RuntimeError) as error:
        raise HearfeltError("The TextGrid is damaged: it ends before its intervals do.") from error
    for name, intervals in tiers:
        for start, end, content in intervals:
            if content.strip():
                yield Turn(start, end, name if len(tiers) > 1 else content.strip())


_TIMES = re.compile(r"((?:\d+:)?\d+:\d+[.,]\d+)\s*-->\s*((?:\d+:)?\d+:\d+[.,]\d+)")
_SPEAKER = re.compile(r"<v(?:\.\S+)? ([^>]+)>|\[([^\]]{1,40})\]|([^\s:][^:\n]{0,39}):\s")


def _subtitles(text: str, _: str) -> Iterator[Turn]:
    for block in re.split(r"\n\s*\n", text):
        times = _TIMES.search(block)
        if not times:
            continue
        said = block[times.end() :].partition("\n")[2].strip()
        who = _SPEAKER.match(said + " ")
        speaker = next((group.strip() for group in who.groups() if group), "") if who else ""
        yield Turn(_clock(times[1]), _clock(times[2]), speaker)


def _clock(text: str) -> float:
    """Seconds of ``hh:mm:ss,mmm``.

    >>> _clock("01:02:03,500"), _clock("02:03.5")
    (3723.5, 123.5)
    """
    parts = text.replace(",", ".").split(":")
    return math.fsum(float(part) * 60**power for power, part in enumerate(reversed(parts)))


def _csv(text: str, _: str) -> Iterator[Turn]:
    first = text.lstrip().split("\n", 1)[0]
    mark = max(",;\t", key=first.count)
    rows = csv.DictReader(text.lstrip().splitlines(), delimiter=mark)
    rows.fieldnames = [name.strip().lower() for name in rows.fieldnames or ()]
    for row in rows:
        where = f"Line {rows.line_num} of the CSV file"
        channel = (row.get("channel") or "").strip()
        if channel and not channel.isdecimal():
            raise HearfeltError(f"{where}: {channel!r} is no channel; they are numbered from 0.")
        yield Turn(
            _number(row["start"] or "", where),
            _number(row["end"] or "", where),
            (row.get("speaker") or "").strip(),
            int(channel) if channel else None,
        )
