"""A corpus of your own: one folder an emotion, or a CSV/TSV with columns of your choice.

Folders: the deepest folder whose name is a word for an emotion (``angry``, ``02_Anger``) gives the label; the
other folders below the root, where there are any, give the speaker.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from hearfelt.corpora._registry import CorpusInfo
from hearfelt.corpora._scan import ScanResult, check_folder, name_examples, walk_audio
from hearfelt.corpora.manifest import Manifest, Row
from hearfelt.emotions import ALL_EMOTIONS, parse_emotion
from hearfelt.errors import CorpusError, UnknownNameError

INFO = CorpusInfo(
    name="folder",
    title="A corpus of your own",
    language="",
    licence="yours",
    url="",
    citation="",
    speakers=0,
    clips={},
    redistributable_weights=False,  # you know
    extra={"example": "angry/1.wav, anna/angry/1.wav, or a table: labels.csv"},
)

_SEXES = {"f": "female", "female": "female", "w": "female", "woman": "female"}
_SEXES |= {"m": "male", "male": "male", "man": "male"}
_GUESSES = {
    "path": ("path", "file", "filename", "file_name", "audio"),
    "emotion": ("emotion", "label", "class"),
}


@dataclass(frozen=True)
class FolderOptions:
    """How to read a corpus of your own.

    Attributes:
        name: of the corpus; by default the folder's name.
        language: ISO 639-1 code of all clips.
        table: CSV or TSV with one line a clip; paths in it are relative to the root.
        columns: manifest column -> column of the table: ``path``, ``emotion``, ``speaker``, ``sex``,
            ``language``, ``intensity``, ``statement``, ``start``, ``end``. By default those of the same name.
        emotions: your word -> one of `ALL_EMOTIONS`, or "" to leave its clips out.
        speaker_pattern: regular expression searched in the path below the root; its first group is the
            speaker.
    """

    name: str = ""
    language: str = ""
    table: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    emotions: Mapping[str, str] = field(default_factory=dict)
    speaker_pattern: str = ""


def parse(path: PurePath) -> dict[str, str] | None:
    """Columns that a path *below the root* tells, or None where no folder is a word for an emotion.

    >>> parse(PurePath("anna/Anger/1.wav"))
    {'speaker': 'anna', 'emotion': 'angry'}
    """
    return _parse(path, {})


def _parse(path: PurePath, emotions: Mapping[str, str]) -> dict[str, str] | None:
    folders = list(path.parts[:-1])
    for index in range(len(folders) - 1, -1, -1):
        emotion = _emotion(folders[index], emotions)
        if emotion is not None:
            return {"speaker": "-".join(folders[:index] + folders[index + 1 :]), "emotion": emotion}
    return None


def _emotion(word: str, emotions: Mapping[str, str]) -> str | None:
    """The vocabulary's word, "" where the user drops it, None where it is no emotion."""
    if word.strip().lower() in emotions:
        return emotions[word.strip().lower()]
    for candidate in (word, re.sub(r"^[\d\W_]+", "", word)):
        try:
            return parse_emotion(candidate)
        except UnknownNameError:
            continue
    return None


def scan_root(root: str | os.PathLike[str], options: FolderOptions | None = None) -> ScanResult:
    """Scan a corpus of one's own.

    Args:
        root: its folder; or a ``.csv`` or ``.tsv`` table, whose folder is then the root.
        options: see `FolderOptions`.

    Raises:
        CorpusError: no such folder or table, no clips, a missing column, a bad cell, or words that are no
            emotion.
    """
    options = options or FolderOptions()
    path = Path(root).expanduser()
    if path.is_file() and path.suffix.lower() in (".csv", ".tsv"):
        options = replace(options, table=options.table or path.name)
        path = path.parent
    folder = check_folder(path)
    name = options.name or re.sub(r"\W+", "_", Path(folder).name.lower()).strip("_") or INFO.name
    emotions = _check_emotions(options.emotions)
    result = (
        _scan_table(folder, name, options, emotions) if options.table else _scan_tree(folder, name, emotions)
    )
    rows = [_name_speaker(row, folder, name, options) for row in result.manifest]
    return replace(result, manifest=Manifest(rows), remarks=_remarks(rows, name))


def _check_emotions(emotions: Mapping[str, str]) -> dict[str, str]:
    try:
        return {word.strip().lower(): parse_emotion(to) if to else "" for word, to in emotions.items()}
    except UnknownNameError as error:
        raise CorpusError(str(error)) from error


def _scan_tree(folder: str, name: str, emotions: Mapping[str, str]) -> ScanResult:
    tree = walk_audio(folder)
    rows, strays = [], []
    for text in tree.audio:
        columns = _parse(PurePath(os.path.relpath(text, folder)), emotions)
        if columns and columns["emotion"]:
            rows.append(Row(text, name, columns["speaker"], columns["emotion"]))
        else:
            strays.append(text)
    if not rows:
        seen = (
            f"{len(strays)} audio files, such as {name_examples(strays, folder)}"
            if strays
            else "no audio file"
        )
        raise CorpusError(
            f"{folder} has {seen}, and none in a folder named by an emotion ({', '.join(ALL_EMOTIONS)}, or "
            f"words like "
            "anger, fear, happiness). Name the folders so, map your words with --emotion WORD=EMOTION, or "
            "give a "
            "table with --table."
        )
    return ScanResult(name, folder, Manifest(rows), strays, [], tree.unreadable, tree.other_files)


def _scan_table(folder: str, name: str, options: FolderOptions, emotions: Mapping[str, str]) -> ScanResult:
    source = Path(folder, options.table)
    header, lines = _read_table(source)
    columns = {field: _column(field, options.columns.get(field), header, source) for field in _FIELDS}
    rows, missing, unknown = [], [], Counter[str]()
    for number, line in enumerate(lines, start=2):
        cells = {field: (line.get(column) or "").strip() for field, column in columns.items() if column}
        if not cells["path"]:
            raise CorpusError(f"{source} line {number}: column {columns['path']!r} is empty.")
        emotion = _emotion(cells["emotion"], emotions)
        if emotion is None:
            unknown[cells["emotion"]] += 1
            continue
        path = os.path.normpath(Path(folder, cells["path"]))
        if emotion and Path(path).is_file():
            rows.append(_row(path, name, emotion, cells, f"{source} line {number}"))
        elif emotion:
            missing.append(path)
    if unknown:
        words = ", ".join(f"{word!r} ({count})" for word, count in unknown.most_common(12))
        raise CorpusError(
            f"{source}: {sum(unknown.values())} lines have emotions that are not known: {words}. Map each "
            f"with "
            f"--emotion WORD=EMOTION (or WORD= to leave it out); the emotions are {', '.join(ALL_EMOTIONS)}."
        )
    if missing:
        raise CorpusError(
            f"{source}: {len(missing)} of {len(rows) + len(missing)} files do not exist, such as "
            f"{name_examples(missing, folder)}. Paths are taken from {folder}; change the paths or the root."
        )
    if not rows:
        raise CorpusError(f"{source} has no clips: {len(lines)} lines, none kept.")
    return ScanResult(name, folder, Manifest(rows))


_FIELDS = ("path", "emotion", "speaker", "sex", "language", "intensity", "statement", "start", "end")


def _read_table(source: Path) -> tuple[list[str], list[dict[str, str]]]:
    try:
        text = source.read_bytes().decode("utf-8-sig", "surrogateescape")
    except OSError as error:
        raise CorpusError(f"Cannot read the table {source}: {error.strerror}.") from error
    first = text.partition("\n")[0]
    delimiter = max("\t,;|", key=first.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [column.strip() for column in reader.fieldnames or []]
        reader.fieldnames = header
        return header, list(reader)
    except csv.Error as error:
        raise CorpusError(f"{source} line {reader.line_num} is damaged: {error}.") from error


def _column(field: str, wanted: str | None, header: Iterable[str], source: Path) -> str:
    """The table's column for a field; "" where it may be absent and is."""
    by_lower = {column.lower(): column for column in header}
    for candidate in (wanted,) if wanted else _GUESSES.get(field, (field,)):
        if candidate.lower() in by_lower:
            return by_lower[candidate.lower()]
    if wanted or field in _GUESSES:
        looked = repr(wanted) if wanted else " or ".join(map(repr, _GUESSES[field]))
        raise CorpusError(
            f"{source} has no column {looked} for the {field}; it has "
            f"{', '.join(map(repr, by_lower.values()))}. "
            f"Name it with --{field}-column."
        )
    return ""


def _row(path: str, name: str, emotion: str, cells: Mapping[str, str], place: str) -> Row:
    sex = cells.get("sex", "").lower()
    try:
        start, end = float(cells.get("start") or 0), float(cells["end"]) if cells.get("end") else None
    except ValueError as error:
        raise CorpusError(f"{place}: start and end are seconds: {error}.") from error
    if not 0 <= start < (float("inf") if end is None else end):
        raise CorpusError(f"{place}: a clip from {start} to {end} seconds has no length.")
    return Row(
        path=path,
        corpus=name,
        speaker=cells.get("speaker", ""),
        emotion=emotion,
        sex=_SEXES.get(sex, ""),
        language=cells.get("language", ""),
        intensity=cells.get("intensity", ""),
        statement=cells.get("statement", ""),
        start=start,
        end=end,
    )


def _name_speaker(row: Row, folder: str, name: str, options: FolderOptions) -> Row:
    """Speakers are unique over all corpora; a pattern beats folders, a column beats both."""
    speaker = row.speaker
    if options.speaker_pattern and not (options.table and speaker):
        below = os.path.relpath(row.path, folder)
        try:
            match = re.search(options.speaker_pattern, below)
            speaker = match[1] if match else ""
        except (re.error, IndexError) as error:
            raise CorpusError(
                f"The speaker pattern {options.speaker_pattern!r} cannot be used ({error}). It is a regular "
                f"expression "
                r"with one group, such as '/(\w+?)_\d+\.wav$'."
            ) from error
        if not speaker:
            raise CorpusError(f"The speaker pattern {options.speaker_pattern!r} finds no speaker in {below}.")
    return replace(row, speaker=f"{name}_{speaker or 'unknown'}", language=row.language or options.language)


def _remarks(rows: list[Row], name: str) -> list[str]:
    speakers = sorted({row.speaker for row in rows})
    unknown = sum(row.speaker == f"{name}_unknown" for row in rows)
    if unknown:
        return [
            f"The speaker of {unknown} clip(s) is not known; they count as one person, {name}_unknown. "
            f"Tests on people "
            "who were not trained on need speakers: --speaker-column, --speaker-pattern, or a folder for "
            "each."
        ]
    shown = ", ".join(speakers[:5]) + (" and others" if len(speakers) > 5 else "")
    return [f"{len(speakers)} speaker(s): {shown}."]
