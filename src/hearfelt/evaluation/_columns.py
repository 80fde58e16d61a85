"""What a manifest says of the clips of a table of answers."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearfelt.errors import HearfeltError
from hearfelt.evaluation.metrics import Floats
from hearfelt.evaluation.predictions import Predictions

Column = NDArray[np.object_]


def join_manifest(
    table: Predictions, manifest: str | os.PathLike[str]
) -> tuple[dict[str, Column], Floats | None]:
    """What a manifest says of each row of a table, found by path, start and end.

    Returns:
        column -> text of each row, empty where it is not known; and the votes, (clips, labels), NaN where nobody
        voted, None where there are no ``votes_<label>`` columns.

    Raises:
        HearfeltError: no such file, no ``path`` column, or it has not one of the clips.
    """
    source = Path(manifest)
    try:
        with source.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            reader = csv.DictReader(file)
            names = list(reader.fieldnames or [])
            base = os.path.abspath(source.parent)  # noqa: PTH100 - links stay as they are
            rows = {_key(row, base): row for row in reader} if "path" in names else {}
    except OSError as error:
        raise HearfeltError(f"Cannot read the manifest {source}: {error.strerror}.") from error
    except (csv.Error, ValueError) as error:
        raise HearfeltError(f"{source} is not a manifest: {error}.") from error
    if "path" not in names:
        raise HearfeltError(
            f"{source} is not a manifest: it has no column `path`; it has {', '.join(names) or 'nothing'}."
        )
    places = [(os.path.normpath(path), start, end) for path, start, end in table.keys]
    found = [rows.get(place, {}) for place in places]
    if not any(found):
        raise HearfeltError(
            f"{source} has none of the {len(table)} clips, such as {table.path[0]} (path, start and end are compared). "
            "Give the manifest of these answers."
        )
    columns = {
        name: np.array([row.get(name) or "" for row in found], dtype=object)
        for name in names
        if name and not name.startswith("votes_")
    }
    return columns, _votes(found, names, table.labels)


def _key(row: Mapping[str, Any], base: str) -> tuple[str, float, float | None]:
    path, end = str(row.get("path") or ""), row.get("end")
    return os.path.normpath(Path(base) / path), float(row.get("start") or 0), float(end) if end else None


def _votes(rows: Sequence[Mapping[str, Any]], names: Sequence[str], labels: Sequence[str]) -> Floats | None:
    if not any(name.startswith("votes_") for name in names):
        return None
    votes = np.full((len(rows), len(labels)), np.nan)
    for number, row in enumerate(rows):
        given = [row.get(f"votes_{label}") or "" for label in labels]
        if any(given):
            try:
                votes[number] = [float(value or 0) for value in given]
            except ValueError as error:
                raise HearfeltError(
                    f"The votes on {row['path']} are no numbers: {', '.join(given)}."
                ) from error
    return votes
