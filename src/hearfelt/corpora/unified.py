"""Read folders that `hearfelt corpora rename` wrote, or that carry RAVDESS-style names made by hand.

Written by us: ``<corpus>/<speaker>/MM-CC-EE-II-SS-RR-AA.*`` with a ``<corpus>/manifest.csv``. The path alone
gives corpus, speaker, emotion and intensity; the manifest, where it is there, gives everything else back.
Made by hand: any folder, the third field is the emotion (01-08 as in RAVDESS, 09 boredom), the last the
speaker.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path, PurePath

from hearfelt.corpora._registry import CorpusInfo
from hearfelt.corpora.manifest import Row, read_manifest
from hearfelt.emotions import ALL_EMOTIONS
from hearfelt.errors import CorpusError

#: What `hearfelt.corpora.rename` leaves in each corpus' folder.
MANIFEST = "manifest.csv"

INFO = CorpusInfo(
    name="unified",
    title="Renamed corpora",
    language="",
    licence="as the originals",
    url="",
    citation="",
    speakers=0,
    clips={},
    extra={"example": "emodb/emodb_03/03-01-05-01-01-01-03.wav"},
)

_NAME = re.compile(r"0[1-3]-0[12]-(0[1-9])-(0[12])-(\d{2,})-(\d{2,})-(\d{2,})")


def parse(path: PurePath) -> dict[str, str] | None:
    """Columns that the path tells, or None where the name is not RAVDESS-style."""
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    corpus, speaker = path.parent.parent.name, path.parent.name
    if not re.fullmatch(r"[^\W_].*_.+", speaker) or re.fullmatch(
        r"actor_\d+", speaker.lower()
    ):  # made by hand
        corpus, speaker = INFO.name, f"{INFO.name}_{match[5]}"
    return {
        "corpus": corpus,
        "speaker": speaker,
        "emotion": ALL_EMOTIONS[int(match[1]) - 1],
        "intensity": "strong" if match[2] == "02" else "normal",
        "statement": match[3],
    }


def enrich(rows: list[Row], root: Path) -> list[Row]:
    """Give back what the names cannot hold, from the manifests beside them."""
    known: dict[str, Row] = {}
    for folder in sorted({PurePath(row.path).parent.parent for row in rows}):
        if Path(folder, MANIFEST).is_file():
            known |= {row.path: row for row in read_manifest(Path(folder, MANIFEST))}
    merged = []
    for row in rows:
        original = known.get(os.path.normpath(row.path))
        if original is None:
            merged.append(row)
            continue
        if original.emotion != row.emotion:
            raise CorpusError(
                f"{row.path} is {row.emotion} by its name and {original.emotion} by {MANIFEST} beside it. "
                "Rename the corpus again, or delete the table to trust the names."
            )
        merged.append(replace(original, path=row.path))
    return merged
