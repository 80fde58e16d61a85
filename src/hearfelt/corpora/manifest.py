"""The manifest: one row a clip, the only thing that later rooms know of a corpus.

Rows are plain frozen dataclasses and the file is CSV, so that the base install can handle them;
`Manifest.to_frame` gives a pandas table.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hearfelt.emotions import LabelSet, parse_emotion
from hearfelt.errors import CorpusError, require
from hearfelt.files import relative_below, write_atomically

if TYPE_CHECKING:
    import pandas as pd


#: Speaker of clips that nobody knows the speaker of; they are in no protocol that keeps speakers apart.
UNKNOWN_SPEAKER = "unknown"


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled clip.

    Attributes:
        path: absolute path of the recording.
        corpus: adapter name, such as ``ravdess_song``.
        speaker: unique over all corpora, such as ``ravdess_07``; one person has one name, also where
            two corpora share them; `UNKNOWN_SPEAKER` where nobody knows.
        sex: ``female``, ``male`` or empty where unknown.
        language: ISO 639-1 code.
        emotion: one of `hearfelt.emotions.ALL_EMOTIONS`, or a class of a label set after mapping.
        intensity: the corpus' own word (``normal``, ``strong``, ``low``, ...), empty where unknown.
        statement: the corpus' own code of what is said.
        start: seconds into the file.
        end: seconds into the file; None is the end of the file.
        duration: seconds; None until the audio was looked at.
        sample_rate: of the file, in hertz; None until the audio was looked at.
        audio_hash: of the decoded samples, so that copies under two names share it; empty until decoded.
        votes: emotion -> share of the raters, where a corpus has raters.
    """

    path: str
    corpus: str
    speaker: str
    emotion: str
    sex: str = ""
    language: str = ""
    intensity: str = ""
    statement: str = ""
    start: float = 0.0
    end: float | None = None
    duration: float | None = None
    sample_rate: int | None = None
    audio_hash: str = ""
    votes: Mapping[str, float] = field(default_factory=dict, hash=False)

    @property
    def key(self) -> tuple[str, float, float | None]:
        """What result tables are keyed by: (path, start, end)."""
        return (self.path, self.start, self.end)


#: Column order of the CSV; `votes_<emotion>` columns follow where any row has votes.
COLUMNS = (
    "path",
    "corpus",
    "speaker",
    "sex",
    "language",
    "emotion",
    "intensity",
    "statement",
    "start",
    "end",
    "duration",
    "sample_rate",
    "audio_hash",
)
_REQUIRED = ("path", "corpus", "speaker", "emotion")
if set(COLUMNS) != {f.name for f in fields(Row)} - {"votes"}:  # a column must not be forgotten
    raise TypeError("COLUMNS and Row differ")


@dataclass(frozen=True)
class Manifest(Sequence[Row]):
    """Rows in a fixed order, with the operations that every later room needs."""

    rows: tuple[Row, ...]

    def __init__(self, rows: Iterable[Row]) -> None:
        object.__setattr__(self, "rows", tuple(rows))

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        return Manifest(self.rows[index]) if isinstance(index, slice) else self.rows[index]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __add__(self, other: Manifest) -> Manifest:
        """Combine corpora. Rows with the same (path, start, end) are a mistake.

        Raises:
            CorpusError: a clip is in both.
        """
        both = {row.key for row in self} & {row.key for row in other}
        if both:
            raise CorpusError(
                f"{len(both)} clips are in both manifests, such as {min(both)[0]}. Combine each corpus once."
            )
        return Manifest((*self.rows, *other.rows))

    def where(self, keep: Callable[[Row], bool]) -> Manifest:
        """The rows for which ``keep`` is true, in order."""
        return Manifest(row for row in self.rows if keep(row))

    def counts(self, column: str) -> Counter[str]:
        """How many rows have each value of a column.

        >>> Manifest([Row("a", "x", "s", "sad"), Row("b", "x", "s", "sad")]).counts("emotion")
        Counter({'sad': 2})
        """
        return Counter(str(getattr(row, column)) for row in self.rows)

    def map_labels(self, labels: LabelSet, *, require_all: bool = True) -> Manifest:
        """Map emotions onto a label set, leaving out the rows that it drops.

        Args:
            labels: the target set and its rules.
            require_all: refuse data without a clip of every class.

        Raises:
            CorpusError: an emotion without a rule, or a class without clips (lists what is there).
        """
        if require_all:
            labels.check_present(row.emotion for row in self.rows)
        mapped = ((row, labels.map(row.emotion)) for row in self.rows)
        return Manifest(
            replace(row, emotion=emotion, votes=_map_votes(row.votes, labels))
            for row, emotion in mapped
            if emotion is not None
        )

    def content_hash(self) -> str:
        """Hash of what the rows say: labels, speakers and audio, whatever folder the files are in."""
        digest = hashlib.sha256()
        for row in self.rows:
            cells = [
                getattr(row, column)
                for column in COLUMNS
                if column not in ("path", "duration", "sample_rate")
            ]
            digest.update(
                "\x1f".join([Path(row.path).name, *map(str, cells)]).encode("utf-8", "surrogateescape")
            )
            digest.update(b"\n")
        return digest.hexdigest()

    def to_frame(self) -> pd.DataFrame:
        """A pandas table with one column for each of `COLUMNS`.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        pandas = require("pandas", "train", "a manifest as a table")
        frame: pd.DataFrame = pandas.DataFrame(
            [{column: getattr(row, column) for column in COLUMNS} for row in self.rows], columns=list(COLUMNS)
        )
        return frame

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write as CSV, atomically. Paths below the CSV's folder are written relative to it."""
        target = Path(path)
        base = os.path.abspath(target.parent)  # noqa: PTH100 - resolve() would follow links
        emotions = sorted({emotion for row in self.rows for emotion in row.votes})
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*COLUMNS, *(f"votes_{emotion}" for emotion in emotions)])
        for row in self.rows:
            cells = [getattr(row, column) for column in COLUMNS]
            cells[0] = relative_below(row.path, base)
            writer.writerow(
                ["" if cell is None else cell for cell in cells]
                + [row.votes.get(emotion, "") for emotion in emotions]
            )
        write_atomically(target, text.getvalue().encode("utf-8", "surrogateescape"))


def _map_votes(votes: Mapping[str, float], labels: LabelSet) -> dict[str, float]:
    mapped: dict[str, float] = {}
    for emotion, share in votes.items():
        target = labels.map(emotion)
        if target is not None:
            mapped[target] = mapped.get(target, 0.0) + share
    total = sum(mapped.values())
    return {emotion: share / total for emotion, share in mapped.items()} if total else {}


def read_manifest(path: str | os.PathLike[str], *, classes: Collection[str] = ()) -> Manifest:
    """Read a manifest that `Manifest.write` or `hearfelt corpora scan` wrote.

    Args:
        path: the CSV; relative paths in it are taken from its own folder.
        classes: names beside the vocabulary that may stand as emotions, such as merged classes.

    Raises:
        CorpusError: no such file, no rows, a missing or unknown column, or a bad cell (with its line).
    """
    source = Path(path)
    try:
        text = source.read_bytes().decode("utf-8-sig", "surrogateescape")
    except OSError as error:
        raise CorpusError(f"Cannot read the manifest {source}: {error.strerror}.") from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    header = reader.fieldnames or []
    missing = [column for column in _REQUIRED if column not in header]
    if missing:
        there = ", ".join(header)
        if not there.isprintable():
            there = "no text"
        elif len(there) > 200:
            there = f"{there[:200]}..."
        raise CorpusError(
            f"{source} is not a manifest: it lacks the columns {', '.join(missing)}; it has "
            f"{there or 'none'}. `hearfelt corpora scan` writes one; a table with columns of "
            "your own goes in as corpus `folder`."
        )
    base = os.path.abspath(source.parent)  # noqa: PTH100 - resolve() would follow links
    rows = [
        _parse(cells, base, f"{source} line {line}", classes) for line, cells in enumerate(reader, start=2)
    ]
    if not rows:
        raise CorpusError(f"The manifest {source} has a header and no rows.")
    return Manifest(rows)


def _parse(cells: Mapping[str, str], base: str, place: str, classes: Collection[str]) -> Row:
    empty = [column for column in _REQUIRED if not cells.get(column)]
    if empty:
        raise CorpusError(f"{place}: {', '.join(empty)} is empty.")
    try:
        return Row(
            path=os.path.normpath(Path(base, cells["path"])),
            corpus=cells["corpus"],
            speaker=cells["speaker"],
            emotion=cells["emotion"] if cells["emotion"] in classes else parse_emotion(cells["emotion"]),
            sex=cells.get("sex") or "",
            language=cells.get("language") or "",
            intensity=cells.get("intensity") or "",
            statement=cells.get("statement") or "",
            start=float(cells.get("start") or 0.0),
            end=float(cells["end"]) if cells.get("end") else None,
            duration=float(cells["duration"]) if cells.get("duration") else None,
            sample_rate=int(cells["sample_rate"]) if cells.get("sample_rate") else None,
            audio_hash=cells.get("audio_hash") or "",
            votes={
                name.removeprefix("votes_"): float(share)
                for name, share in cells.items()
                if name and name.startswith("votes_") and share
            },
        )
    except (ValueError, KeyError) as error:
        raise CorpusError(f"{place}: {error}") from error
