"""Copy or link a corpus into RAVDESS-style names: one reader of ``name.split("-")[2]`` reads all of them.

``OUT/<corpus>/<speaker>/MM-CC-EE-II-SS-RR-AA.<suffix>``: 03 (audio only); channel 01 speech, 02 song; emotion
01-08 as in RAVDESS, 09 boredom; intensity 02 where the corpus calls it strong or high, else 01; statement;
repetition; speaker. Codes that are numbers are kept (a renamed RAVDESS keeps its names); others are numbered
in sorted order. Everything that a name cannot hold is in ``OUT/<corpus>/manifest.csv``;
``OUT/<corpus>/names.csv`` says what was called what. Corpus ``unified`` reads it all back.
"""

from __future__ import annotations

import csv
import filecmp
import io
import os
import re
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from hearfelt.corpora.manifest import Manifest, Row, read_manifest
from hearfelt.corpora.unified import MANIFEST
from hearfelt.emotions import emotion_number
from hearfelt.errors import CorpusError
from hearfelt.files import write_atomically

Mode = Literal["copy", "symlink", "hardlink"]
#: The modes by name, for callers with text from outside.
MODES: Mapping[str, Mode] = {"copy": "copy", "symlink": "symlink", "hardlink": "hardlink"}
#: The table of old and new names in each corpus' folder.
NAMES = "names.csv"
_STRONG = frozenset({"strong", "high"})


@dataclass(frozen=True)
class RenameResult:
    """What was done: (old, new) paths of all clips, and how many of them were there already."""

    names: tuple[tuple[str, str], ...]
    already_there: int


def plan_names(manifest: Manifest) -> list[str]:
    """New path of each row, relative to the output folder; the same rows in any order get the same names.

    Raises:
        CorpusError: a row is a part of a file, which a copy cannot be; or its corpus or speaker is no folder
            name.
    """
    for row in manifest:
        if row.start or row.end is not None:
            raise CorpusError(
                f"{row.path} from {row.start} to {row.end} s is a part of a file; rename works with whole "
                f"files."
            )
        for part in (row.corpus, row.speaker):
            if part in (".", "..") or "/" in part or os.sep in part or "\0" in part:
                raise CorpusError(f"{part!r} cannot be a folder's name; {row.path} is named so.")
    speakers = _numbers((row.corpus, row.speaker, _code(row.speaker)) for row in manifest)
    statements = _numbers((row.corpus, row.statement, row.statement) for row in manifest)
    planned, repetitions = {}, Counter[str]()
    for row in sorted(manifest, key=lambda row: row.path):
        fields = [
            "03",
            "02" if row.corpus.endswith("_song") else "01",
            f"{emotion_number(row.emotion):02d}",
            "02" if row.intensity in _STRONG else "01",
            f"{statements[row.corpus, row.statement]:02d}",
        ]
        actor = f"{speakers[row.corpus, row.speaker]:02d}"
        start = f"{row.corpus}/{row.speaker}/{'-'.join(fields)}"
        repetitions[start] += 1
        suffix = Path(row.path).suffix.lower()
        planned[row.path] = f"{start}-{repetitions[start]:02d}-{actor}{suffix}"
    return [planned[row.path] for row in manifest]


def _code(speaker: str) -> str:
    return speaker.rpartition("_")[2]


def _numbers(items: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str], int]:
    """(corpus, name) -> number: the code's own where all codes of the corpus are numbers, else its place."""
    codes: dict[str, dict[str, str]] = defaultdict(dict)
    for corpus, name, code in items:
        codes[corpus][name] = code
    numbers = {}
    for corpus, names in codes.items():
        values = [int(code) if re.fullmatch(r"\d{1,6}", code) else -1 for code in names.values()]
        own = min(values) >= 0 and len(set(values)) == len(values)
        for place, name in enumerate(sorted(names), start=1):
            numbers[corpus, name] = int(names[name]) if own else place
    return numbers


def rename(
    manifest: Manifest,
    out_dir: str | os.PathLike[str],
    *,
    mode: Mode = "copy",
    progress: Callable[[int, int], None] | None = None,
) -> RenameResult:
    """Copy or link every clip under its new name and write the tables.

    Each file appears whole or not at all, what is already there is not copied again, and a different file is
    never overwritten; a stopped run is continued by the same call.

    Args:
        manifest: of one or several corpora.
        out_dir: made where it is missing.
        mode: ``copy``, ``symlink`` (to the absolute path) or ``hardlink`` (same file system).
        progress: called with (clips done, clips in all).

    Raises:
        CorpusError: see `plan_names`; a different file has the new name; or the folder cannot be written.
    """
    out = Path(os.path.abspath(out_dir))  # noqa: PTH100 - resolve() would follow links
    names = plan_names(manifest)
    already = 0
    for done, (row, name) in enumerate(zip(manifest, names, strict=True), start=1):
        already += _place(Path(row.path), out / name, mode)
        if progress:
            progress(done, len(manifest))
    for corpus in manifest.counts("corpus"):
        renamed = [(row, name) for row, name in zip(manifest, names, strict=True) if row.corpus == corpus]
        _write_tables(out, corpus, renamed)
    pairs = tuple((row.path, str(out / name)) for row, name in zip(manifest, names, strict=True))
    return RenameResult(pairs, already)


def _place(source: Path, target: Path, mode: Mode) -> bool:
    """Make one file; true where it was there already."""
    try:
        if _same(source, target):
            return True
        target.parent.mkdir(parents=True, exist_ok=True)
        if mode == "symlink":
            target.symlink_to(os.path.abspath(source))  # noqa: PTH100 - resolve() would follow links
        elif mode == "hardlink":
            target.hardlink_to(source)
        else:
            _copy(source, target)
    except FileExistsError:  # another process was faster
        if not _same(source, target):
            raise _different(source, target) from None
        return True
    except OSError as error:
        raise CorpusError(f"Cannot {mode} {source} to {target}: {error.strerror or error}.") from error
    return False


def _same(source: Path, target: Path) -> bool:
    if not os.path.lexists(target):
        return False
    if not target.exists() or not (source.samefile(target) or filecmp.cmp(source, target, shallow=False)):
        raise _different(source, target)
    return True


def _different(source: Path, target: Path) -> CorpusError:
    return CorpusError(
        f"{target} exists and is not {source}. Nothing is overwritten: choose an empty folder, or move that "
        f"file."
    )


def _copy(source: Path, target: Path) -> None:
    descriptor, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=target.parent)
    os.close(descriptor)
    try:
        shutil.copy2(source, temporary)
        try:
            os.link(temporary, target)  # fails where the name was taken meanwhile, as a rename would not
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            Path(temporary).rename(target)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _write_tables(out: Path, corpus: str, renamed: list[tuple[Row, str]]) -> None:
    """The manifest of the new files and the table of names; earlier lines stay while their files do."""
    folder = out / corpus
    originals = {str(out / name): row.path for row, name in renamed}
    rows = {str(out / name): replace(row, path=str(out / name)) for row, name in renamed}
    if (folder / MANIFEST).is_file():
        earlier = _read_names(folder)
        for row in read_manifest(folder / MANIFEST):
            if row.path not in rows and Path(row.path).exists():
                rows[row.path], originals[row.path] = row, earlier.get(row.path, "")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["original", "name"])
    writer.writerows([originals[path], os.path.relpath(path, folder)] for path in sorted(rows))
    write_atomically(folder / NAMES, text.getvalue().encode("utf-8", "surrogateescape"))
    Manifest(rows[path] for path in sorted(rows)).write(folder / MANIFEST)


def _read_names(folder: Path) -> dict[str, str]:
    if not (folder / NAMES).is_file():
        return {}
    text = (folder / NAMES).read_bytes().decode("utf-8", "surrogateescape")
    lines = csv.DictReader(io.StringIO(text, newline=""))
    return {os.path.normpath(folder / line["name"]): line["original"] for line in lines}
