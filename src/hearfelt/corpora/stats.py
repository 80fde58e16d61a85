"""What a manifest holds: counts by emotion, speaker, sex, language, corpus; durations. Text, JSON or page."""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from hearfelt.corpora.manifest import Manifest, Row
from hearfelt.emotions import ALL_EMOTIONS
from hearfelt.errors import CorpusError
from hearfelt.files import write_atomically


@dataclass(frozen=True)
class Durations:
    """Of the clips whose duration is known, in seconds."""

    clips: int
    total: float
    shortest: float
    median: float
    longest: float


@dataclass(frozen=True)
class Group:
    """Counts of some rows.

    Attributes:
        name: of the corpus, or "all".
        clips: how many rows.
        durations: None where none is known.
        emotions: emotion -> clips, in vocabulary order.
        speakers: speaker -> clips, sorted by name.
        sexes: sex -> (speakers, clips); "" is unknown.
        languages: language -> clips; "" is unknown.
    """

    name: str
    clips: int
    durations: Durations | None
    emotions: dict[str, int]
    speakers: dict[str, int]
    sexes: dict[str, tuple[int, int]]
    languages: dict[str, int]


@dataclass(frozen=True)
class Statistics:
    """Counts of a manifest as a whole and of each corpus in it."""

    all: Group
    corpora: tuple[Group, ...]

    def to_json(self) -> dict[str, Any]:
        """For machines: ``{"schema", "version", "all": group, "corpora": [group]}``, groups as `Group`."""
        return {"schema": "hearfelt.statistics", "version": 1, **asdict(self)}

    def to_text(self, width: int = 120) -> str:
        """Tables for a terminal.

        Args:
            width: characters in a line.
        """
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table

        text = io.StringIO()
        console = Console(file=text, width=width, color_system=None)
        for title, header, rows in self.tables():
            table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
            for index, column in enumerate(header):
                table.add_column(column, justify="right" if index else "left", overflow="fold")
            for row in rows:
                table.add_row(*("–" if cell == "" else str(cell) for cell in row))
            console.print(table)
        return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"

    def tables(self) -> list[tuple[str, list[str], list[list[Any]]]]:
        """The tables of text and page: (title, header, rows)."""
        groups = (self.all, *self.corpora) if len(self.corpora) > 1 else self.corpora
        header = ["corpus", "languages", "clips", "hours", "speakers", "women", "men"]
        header += ["shortest s", "median s", "longest s"]
        emotions = list(self.all.emotions)
        return [
            ("Corpora", header, [_overview(group) for group in groups]),
            (
                "Clips by emotion",
                ["corpus", *emotions],
                [[group.name, *(group.emotions.get(emotion, 0) for emotion in emotions)] for group in groups],
            ),
        ]


def _overview(group: Group) -> list[Any]:
    known = group.durations
    spread = (
        [f"{value:.2f}" for value in (known.shortest, known.median, known.longest)] if known else [""] * 3
    )
    hours = f"{known.total / 3600:.2f}" if known else ""
    told = any(group.sexes)  # where no sex is known, none is better than zero
    sexes = [group.sexes.get(sex, (0, 0))[0] if told else "" for sex in ("female", "male")]
    languages = " ".join(sorted(filter(None, group.languages)))
    return [group.name, languages, group.clips, hours, len(group.speakers), *sexes, *spread]


def describe(manifest: Manifest) -> Statistics:
    """Count.

    Raises:
        CorpusError: the manifest is empty.

    >>> rows = [Row("a.wav", "x", "x_1", "sad", "male"), Row("b.wav", "x", "x_2", "sad", "female")]
    >>> describe(Manifest(rows)).all.sexes
    {'female': (1, 1), 'male': (1, 1)}
    """
    if not len(manifest):
        raise CorpusError("There is nothing to count: the manifest has no rows.")
    names = list(manifest.counts("corpus"))
    corpora = tuple(_group(name, [row for row in manifest if row.corpus == name]) for name in names)
    return Statistics(_group("all", manifest.rows), corpora)


def _group(name: str, rows: Sequence[Row]) -> Group:
    seconds = [row.duration for row in rows if row.duration is not None]
    durations = None
    if seconds:
        durations = Durations(len(seconds), sum(seconds), min(seconds), median(seconds), max(seconds))
    emotions = Counter(row.emotion for row in rows)
    known = [emotion for emotion in ALL_EMOTIONS if emotion in emotions]
    order = [*known, *sorted(set(emotions) - set(known))]
    people = {
        sex: {row.speaker for row in rows if row.sex == sex} for sex in sorted({row.sex for row in rows})
    }
    return Group(
        name=name,
        clips=len(rows),
        durations=durations,
        emotions={emotion: emotions[emotion] for emotion in order},
        speakers=dict(sorted(Counter(row.speaker for row in rows).items())),
        sexes={sex: (len(who), sum(row.sex == sex for row in rows)) for sex, who in people.items()},
        languages=dict(sorted(Counter(row.language for row in rows).items())),
    )


def with_durations(
    manifest: Manifest, *, threads: int = 2, progress: Callable[[int, int], None] | None = None
) -> Manifest:
    """Fill in durations and sample rates from the files' headers; files that cannot be read stay without.

    Args:
        manifest: rows; those with a duration are left as they are.
        threads: readers at work.
        progress: called with (files read, files in all).
    """
    paths = list(dict.fromkeys(row.path for row in manifest if row.duration is None))
    headers = {}
    with ThreadPoolExecutor(max(1, threads)) as pool:
        for done, (path, header) in enumerate(zip(paths, pool.map(_header, paths), strict=True), start=1):
            headers[path] = header
            if progress:
                progress(done, len(paths))
    return Manifest(_fill(row, headers.get(row.path)) for row in manifest)


def _header(path: str) -> tuple[float, int] | None:
    import soundfile

    try:
        with Path(path).open("rb") as file:
            info = soundfile.info(file)
        return info.frames / info.samplerate, info.samplerate
    except (OSError, RuntimeError, ValueError, TypeError, ZeroDivisionError):
        return None


def _fill(row: Row, header: tuple[float, int] | None) -> Row:
    if header is None:
        return row
    end = header[0] if row.end is None else min(row.end, header[0])
    return replace(row, duration=max(0.0, end - row.start), sample_rate=header[1])


def write_page(manifest: Manifest, path: str | os.PathLike[str], *, title: str = "") -> None:
    """Write one self-contained HTML page with tables and pictures.

    Args:
        manifest: rows; see `with_durations` for the pictures of durations.
        path: of the page.
        title: heading; the corpora's names by default.

    Raises:
        CorpusError: the manifest is empty.
        HearfeltError: the file cannot be written.
    """
    from hearfelt.corpora._stats_page import render_page

    write_atomically(path, render_page(manifest, describe(manifest), title))
