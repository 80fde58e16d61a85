"""Whose voice each recording is, as ``--speakers`` says."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hearfelt.errors import HearfeltError

if TYPE_CHECKING:
    from hearfelt.recognition.results import Failure

#: The value of ``--speakers`` that stands for a folder a speaker.
FOLDERS = "folders"
_COLUMNS = ("path", "speaker")


def speakers_of(found: Sequence[str | Failure], speakers: str) -> list[str]:
    """Name of each recording's speaker, in order.

    Args:
        found: what is to be recognised.
        speakers: `FOLDERS`, or a CSV with the columns ``path`` and ``speaker`` (a manifest is one); relative paths are
            taken from its folder.

    Raises:
        HearfeltError: the table cannot be read, contradicts itself, or has no line for a recording.
    """
    paths = [item if isinstance(item, str) else item.path for item in found]
    if speakers == FOLDERS and not Path(speakers).is_file():
        return [str(Path(path).resolve().parent) for path in paths]
    table = _read(Path(speakers))
    missing = [path for path in paths if _key(Path(path)) not in table]
    if missing:
        raise HearfeltError(
            f"{speakers} has no line for {len(missing)} of {len(paths)} recordings, such as {missing[0]}. Add them, or "
            "give only recordings that it has."
        )
    return [table[_key(Path(path))] for path in paths]


def _read(table: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            lines = csv.DictReader(file)
            if lacking := [name for name in _COLUMNS if name not in (lines.fieldnames or ())]:
                raise HearfeltError(
                    f"{table} lacks the column {lacking[0]}; give a CSV with path and speaker, or 'folders'."
                )
            for line in lines:
                path, speaker = line["path"] or "", line["speaker"] or ""
                if not path or not speaker:
                    raise HearfeltError(f"{table}, line {lines.line_num}: the path or the speaker is empty.")
                if found.setdefault(_key(table.parent / path), speaker) != speaker:
                    raise HearfeltError(f"{table} names two speakers for {path}. A recording has one here.")
    except OSError as error:
        raise HearfeltError(
            f"Cannot read the speakers in {table}: {error.strerror}. Give a CSV with path and speaker, or 'folders'."
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise HearfeltError(f"{table} is no CSV in UTF-8: {error}.") from error
    return found


def _key(path: Path) -> str:
    return str(path.resolve())
