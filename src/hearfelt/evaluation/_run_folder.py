"""A run folder as far as it is there: what is missing or damaged becomes a note, not an error."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from hearfelt.errors import HearfeltError
from hearfelt.evaluation.predictions import Predictions, join_predictions
from hearfelt.evaluation.summary import SUMMARY_VERSION, read_fold_tables
from hearfelt.files import read_json

PARTS = ("train", "validation", "test")
_T = TypeVar("_T")


@dataclass
class RunFolder:
    """What a report needs of a run.

    Attributes:
        path: the folder.
        recipe: ``resolved.yaml``, or ``recipe.yaml`` where that is missing.
        provenance: ``provenance.json``.
        metrics: ``metrics.json``.
        curves: fold -> lines of ``metrics.jsonl``.
        rows: ``manifest.csv``.
        parts: fold -> part -> (clips, speakers).
        shared_speakers: speakers that are tested in a fold that trains or validates on them too.
        answers: all test rows; None where there are none.
        notes: what is missing.
    """

    path: Path
    recipe: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    curves: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    rows: list[dict[str, str]] = field(default_factory=list)
    parts: dict[int, dict[str, tuple[int, int]]] = field(default_factory=dict)
    shared_speakers: set[str] = field(default_factory=set)
    answers: Predictions | None = None
    notes: list[str] = field(default_factory=list)

    def text(self, *keys: str, of: str = "recipe") -> str:
        """A value of the recipe or the provenance as text; empty where it is not there."""
        value: Any = getattr(self, of)
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return "" if value is None else str(value)

    def corpora(self) -> dict[str, int]:
        """Corpus -> number of clips."""
        return dict(sorted(Counter(row.get("corpus") or "" for row in self.rows).items()))


def read_run_folder(path: str | os.PathLike[str]) -> RunFolder:
    """Read everything that is there.

    Raises:
        HearfeltError: the folder does not exist.
    """
    root = Path(path)
    if not root.is_dir():
        raise HearfeltError(f"{root} is not a folder; `hearfelt train` makes run folders.")
    run = RunFolder(root)

    def attempt(read: Callable[[], _T], otherwise: _T) -> _T:
        try:
            return read()
        except (HearfeltError, OSError, ValueError, KeyError, csv.Error) as error:
            run.notes.append(str(error))
            return otherwise

    resolved = root / "resolved.yaml"
    run.recipe = attempt(lambda: _read_yaml(resolved if resolved.exists() else root / "recipe.yaml"), {})
    run.provenance = attempt(lambda: _mapping(read_json(root / "provenance.json"), "provenance.json"), {})
    run.metrics = attempt(lambda: _metrics(root / "metrics.json"), {})
    run.rows = attempt(lambda: _table(root / "manifest.csv", ("path", "corpus", "speaker", "emotion")), [])
    attempt(lambda: _read_split(run), None)
    for file in sorted(root.glob("folds/*/metrics.jsonl")):
        if file.parent.name.isdigit():
            run.curves[int(file.parent.name)] = attempt(lambda file=file: _lines(file), [])  # type: ignore[misc]
    run.curves = {fold: lines for fold, lines in sorted(run.curves.items()) if lines}
    if not run.curves and not (root / "members").is_dir():
        run.notes.append("No fold has a metrics.jsonl: there are no learning curves.")
    nothing: dict[int, Predictions] = {}
    found = attempt(lambda: read_fold_tables(root, "predictions.csv"), nothing)
    tables = [table for table in found.values() if len(table)]
    run.answers = attempt(lambda: join_predictions(tables), None) if tables else None
    unfinished = [
        p.name for p in sorted(root.glob("folds/*")) if p.is_dir() and not (p / "done.json").exists()
    ]
    if unfinished:
        run.notes.append(f"Not finished: fold {', '.join(unfinished)}. The figures are of the other folds.")
    return run


def _read_yaml(path: Path) -> dict[str, Any]:
    import yaml

    try:
        return _mapping(yaml.safe_load(path.read_text(encoding="utf-8")), path.name)
    except FileNotFoundError as error:
        raise HearfeltError("There is no recipe (resolved.yaml).") from error
    except yaml.YAMLError as error:
        raise HearfeltError(f"{path.name} is damaged: {' '.join(str(error).split())}") from error


def _mapping(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise HearfeltError(f"{name} holds {type(value).__name__}, not keys and values.")
    return value


def _metrics(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise HearfeltError("There is no metrics.json: nothing was tested, or the run is not finished.")
    metrics = _mapping(read_json(path), path.name)
    if metrics.get("version") != SUMMARY_VERSION:
        raise HearfeltError(
            f"metrics.json has version {metrics.get('version')}, and this hearfelt knows {SUMMARY_VERSION}."
        )
    return metrics


def _table(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    if not path.exists():
        raise HearfeltError(f"There is no {path.name}.")
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        reader = csv.DictReader(file)
        missing = [column for column in columns if column not in (reader.fieldnames or ())]
        if missing:
            raise HearfeltError(f"{path.name} is damaged: it lacks the columns {', '.join(missing)}.")
        return list(reader)


def _lines(path: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [line for line in lines if isinstance(line, dict) and isinstance(line.get("epoch"), int | float)]


def _key(row: Mapping[str, str]) -> tuple[str, float, str]:
    return os.path.normpath(row["path"]), float(row.get("start") or 0), row.get("end") or ""


def _read_split(run: RunFolder) -> None:
    lines = _table(run.path / "split.csv", ("path", "fold", "part"))
    speakers = {_key(row): row.get("speaker", "") for row in run.rows}
    clips: Counter[tuple[int, str]] = Counter()
    people: dict[tuple[int, str], set[str]] = {}
    for line in lines:
        place = int(line["fold"]), line["part"]
        clips[place] += 1
        people.setdefault(place, set()).add(speakers.get(_key(line), ""))
    for fold in sorted({fold for fold, _ in clips}):
        run.parts[fold] = {
            part: (clips[fold, part], len(people.get((fold, part), set()) - {""})) for part in PARTS
        }
        heard = people.get((fold, "train"), set()) | people.get((fold, "validation"), set())
        run.shared_speakers |= (people.get((fold, "test"), set()) & heard) - {""}
