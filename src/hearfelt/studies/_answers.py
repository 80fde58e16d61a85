"""What the cells of a study answered, scored with intervals and compared clip by clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hearfelt.errors import HearfeltError
from hearfelt.evaluation.confidence import (
    FEWEST_SPEAKERS,
    Difference,
    Interval,
    bootstrap_intervals,
    no_interval_because,
    paired_difference,
    percentile_interval,
    resampled_confusions,
)
from hearfelt.evaluation.metrics import MEASURES as MEASURE_OF
from hearfelt.evaluation.metrics import confusion_matrix, scores
from hearfelt.evaluation.predictions import Predictions, join_predictions
from hearfelt.evaluation.summary import read_fold_tables

MEASURES = ("uar", "accuracy", "macro_f1")
Key = tuple[int, str, float, float | None]
Floats = NDArray[np.float64]


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

    def pick(self, rows: ArrayLike) -> Answers:
        """Some of the rows: a mask, or their numbers in any order."""
        numbers = np.asarray(rows)
        numbers = np.flatnonzero(numbers) if numbers.dtype == bool else numbers
        return Answers(self.table[numbers], tuple(self.folds[number] for number in numbers))

    def of_corpus(self, corpus: str) -> Answers:
        """The rows of one corpus."""
        return self.pick(self.table.corpus.astype(str) == corpus)


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
    over, groups = resampled(table)
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
    _, groups = resampled(mine)
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


def mean_and_gain(answers: Answers, baseline: Answers | None) -> dict[str, Any]:
    """Mean UAR over corpora, and minus the baseline's on the corpora and rows that both answered.

    Speakers are resampled within their corpus: the interval is of these corpora, not of another one.

    Returns:
        ``corpora``, ``uar`` and ``difference`` with ``value``, ``low``, ``high``; of the difference (None as in
        `difference`) ``corpora`` and ``clear`` too.
    """
    values, draws = uar_by_corpus([answers.table])
    found: dict[str, Any] = {
        "corpora": len(values),
        "uar": {
            "value": float(values.mean()),
            **_interval(None if draws is None else draws.mean((0, 1))).to_json(),
        },
        "difference": None,
    }
    if baseline is None or baseline.table.labels != answers.table.labels:
        return found
    pair = _paired(answers, baseline)
    if not len(pair[0]):
        return found
    values, draws = uar_by_corpus(pair)
    interval = _interval(None if draws is None else (draws[:, 0] - draws[:, 1]).mean(0))
    gain = Difference(float((values[:, 0] - values[:, 1]).mean()), interval)
    enough = len(set(pair[0].speaker)) >= FEWEST_SPEAKERS
    found["difference"] = {
        "corpora": len(values),
        "value": gain.value,
        **interval.to_json(),
        "clear": enough and gain.is_clear,
    }
    return found


def uar_by_corpus(tables: Sequence[Predictions]) -> tuple[Floats, Floats | None]:
    """UAR of tables of the same rows: (corpora, tables), and of resamples (corpora, tables, resamples).

    No resamples where a corpus has too few clips or classes for an interval.
    """
    first, of = tables[0], MEASURE_OF["uar"]
    values, drawn = [], []
    for number, corpus in enumerate(sorted(set(map(str, first.corpus)))):
        parts = [table[np.flatnonzero(first.corpus.astype(str) == corpus)] for table in tables]
        classes, truth, (_, groups) = len(first.labels), parts[0].truth, resampled(parts[0])
        values.append([float(of(confusion_matrix(truth, part.prediction, classes))) for part in parts])
        if not no_interval_because(truth, groups):
            rng = np.random.default_rng((0, number))
            predictions = [part.prediction for part in parts]
            draws = resampled_confusions(truth, predictions, classes, rng=rng, groups=groups)
            drawn.append([of(draw) for draw in draws])
    return np.array(values), np.array(drawn) if len(drawn) == len(values) else None


def _interval(resamples: Floats | None) -> Interval:
    return Interval(None, None) if resamples is None else percentile_interval(resamples)


def _paired(answers: Answers, baseline: Answers) -> tuple[Predictions, Predictions]:
    place = {key: number for number, key in enumerate(baseline.keys)}
    pairs = [(number, place[key]) for number, key in enumerate(answers.keys) if key in place]
    mine = answers.table[[first for first, _ in pairs]]
    other = baseline.table[[second for _, second in pairs]]
    if (mine.truth != other.truth).any():
        raise HearfeltError("Two cells of the study disagree about the truth of a clip; their data differ.")
    return mine, other


def resampled(table: Predictions) -> tuple[str, NDArray[np.str_] | None]:
    """What intervals are over, and which of it each clip belongs to: speakers where there are two, else clips."""
    speakers = table.speaker.astype(str)
    return ("speakers", speakers) if len(set(speakers)) > 1 else ("clips", None)
