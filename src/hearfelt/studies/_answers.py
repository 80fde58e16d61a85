"""What the cells of a study answered, scored with intervals and compared clip by clip."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hearfelt.errors import HearfeltError
from hearfelt.evaluation.confidence import FEWEST_SPEAKERS, bootstrap_intervals, paired_difference
from hearfelt.evaluation.metrics import confusion_matrix, scores
from hearfelt.evaluation.predictions import Predictions, join_predictions
from hearfelt.evaluation.summary import read_fold_tables

MEASURES = ("uar", "accuracy", "macro_f1")
Key = tuple[int, str, float, float | None]


@dataclass(frozen=True)
class Answers:
    """Answers to the rows of one part of all folds.

    Attributes:
        table: of all folds, one after another.
        folds: number of the fold of each row.
    """

    table: Predictions
    folds: tuple[int, ...]

    @property
    def keys(self) -> list[Key]:
        """(fold, path, start, end) of each row: a clip may be tested in several folds."""
        return [(fold, *key) for fold, key in zip(self.folds, self.table.keys, strict=True)]


def read_answers(run: Path, name: str) -> Answers | None:
    """The tables ``name`` of a run's folds together; None where there is none.

    Args:
        run: its folder.
        name: ``predictions.csv``, ``validation.csv`` or another table of the folds' folders.
    """
    found = {fold: table for fold, table in read_fold_tables(run, name).items() if len(table)}
    if not found:
        return None
    folds = tuple(fold for fold, table in found.items() for _ in range(len(table)))
    return Answers(join_predictions(list(found.values())), folds)


def measure(answers: Answers | None) -> dict[str, Any] | None:
    """UAR, accuracy and macro F1 with 95 % intervals, over speakers where there are two or more, else over clips."""
    if answers is None:
        return None
    table = answers.table
    over, groups = _groups(table)
    classes = len(table.labels)
    intervals = bootstrap_intervals(
        table.truth,
        table.prediction,
        classes,
        rng=np.random.default_rng(0),
        groups=groups,
        measures=MEASURES,
        what="clip" if groups is None else "speaker",
    )
    values = scores(confusion_matrix(table.truth, table.prediction, classes))
    return {
        "n": len(table),
        "clips": len(set(table.keys)),
        "speakers": len(set(table.speaker)),
        "interval_over": over,
        **{name: {"value": values[name], **intervals[name].to_json()} for name in MEASURES},
    }


def difference(answers: Answers | None, baseline: Answers | None) -> dict[str, Any] | None:
    """UAR minus that of the baseline on the rows that both answered, with a paired 95 % interval.

    Returns:
        ``value``, ``low``, ``high``, ``clear`` (the interval excludes zero and is of enough speakers), ``n``,
        ``speakers``; None where they share no
        row or differ in their classes.
    """
    if answers is None or baseline is None or answers.table.labels != baseline.table.labels:
        return None
    mine, other = _paired(answers, baseline)
    if not len(mine):
        return None
    _, groups = _groups(mine)
    result = paired_difference(
        mine.truth,
        mine.prediction,
        other.prediction,
        len(mine.labels),
        rng=np.random.default_rng(0),
        groups=groups,
        measures=("uar",),
        what="clip" if groups is None else "speaker",
    )["uar"]
    speakers = len(set(mine.speaker))
    clear = result.is_clear and (groups is None or speakers >= FEWEST_SPEAKERS)
    return {
        "value": result.value,
        **result.interval.to_json(),
        "clear": clear,
        "n": len(mine),
        "speakers": speakers,
    }


def _paired(answers: Answers, baseline: Answers) -> tuple[Predictions, Predictions]:
    place = {key: number for number, key in enumerate(baseline.keys)}
    pairs = [(number, place[key]) for number, key in enumerate(answers.keys) if key in place]
    mine = answers.table[[first for first, _ in pairs]]
    other = baseline.table[[second for _, second in pairs]]
    if (mine.truth != other.truth).any():
        raise HearfeltError("Two cells of the study disagree about the truth of a clip; their data differ.")
    return mine, other


def _groups(table: Predictions) -> tuple[str, Any]:
    speakers = table.speaker.astype(str)
    return ("speakers", speakers) if len(set(speakers)) > 1 else ("clips", None)
