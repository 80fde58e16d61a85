"""Everything that a run's answers say, as one JSON object: `metrics.json` of a run folder.

The schema is stated in `docs/evaluation.md`; `SUMMARY_VERSION` is raised when a field changes its meaning or
goes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hearfelt.errors import HearfeltError
from hearfelt.evaluation import calibration
from hearfelt.evaluation.confidence import (
    LEVEL,
    RESAMPLES,
    Interval,
    group_numbers,
    no_interval_because,
    percentile_interval,
    resampled_confusions,
)
from hearfelt.evaluation.metrics import (
    MEASURES,
    Floats,
    class_recall,
    closed_set_prediction,
    confusion_matrix,
    confusion_metrics,
    scores,
)
from hearfelt.evaluation.predictions import Predictions, join_predictions, read_predictions
from hearfelt.files import write_json

SUMMARY_VERSION = 1
_CURVE_POINTS = 100


def summarize(
    test: Mapping[int, Predictions] | Predictions,
    validation: Mapping[int, Predictions] | Predictions | None = None,
    *,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> dict[str, Any]:
    """Score all test rows together, and by fold, corpus, speaker, sex and class, with intervals.

    Args:
        test: fold number -> answers to its test rows; one table is fold 0.
        validation: fold number -> answers to its validation rows; the calibration is fitted on these, and
            left out where a fold has none.
        rng: where the bootstrap draws come from.
        resamples: number of bootstrap resamples.
        level: confidence level of the intervals.

    Returns:
        the schema of ``metrics.json``; ready for JSON, without NaN.

    Raises:
        HearfeltError: no test rows, or folds of different labels.
    """
    folds = {0: test} if isinstance(test, Predictions) else {k: test[k] for k in sorted(test)}
    held = {0: validation} if isinstance(validation, Predictions) else dict(validation or {})
    folds = {number: table for number, table in folds.items() if len(table)}
    if not folds:
        raise HearfeltError("There are no test rows to score. A run without a test part has no metrics.")
    everything = join_predictions(list(folds.values()))
    bootstrap = _Bootstrap(rng, resamples, level)
    sexes = np.array([sex or "unknown" for sex in everything.sex], dtype=object)
    counts = confusion_matrix(everything.truth, everything.prediction, len(everything.labels))
    return {
        "version": SUMMARY_VERSION,
        "labels": list(everything.labels),
        "level": level,
        "resamples": resamples,
        "all": bootstrap.block(everything),
        "per_fold": _per_fold(folds),
        "per_corpus": _grouped(everything, everything.corpus, bootstrap, closed=True),
        "per_sex": _grouped(everything, sexes, bootstrap),
        "per_speaker": {
            name: {"corpus": str(table.corpus[0]), "sex": str(table.sex[0]), **_plain(table)}
            for name, table in _parts(everything, everything.speaker)
        },
        "per_class": bootstrap.classes(everything),
        "confusion": {"labels": list(everything.labels), "matrix": counts.tolist()},
        "calibration": _calibration(folds, held),
    }


def summarize_run(
    run: str | os.PathLike[str], *, rng: np.random.Generator, resamples: int = RESAMPLES, level: float = LEVEL
) -> dict[str, Any]:
    """Score the predictions of every finished fold of a run folder; write and return its ``metrics.json``.

    Raises:
        HearfeltError: no fold has predictions, or a table is damaged.
    """
    root = Path(run)
    test, validation = read_fold_tables(root, "predictions.csv"), read_fold_tables(root, "validation.csv")
    if not test:
        raise HearfeltError(f"{root} has no folds/*/predictions.csv. Train a fold to its end first.")
    result = summarize(test, validation, rng=rng, resamples=resamples, level=level)
    write_json(root / "metrics.json", result)
    return result


def read_fold_tables(run: Path, name: str) -> dict[int, Predictions]:
    """Fold number -> the table of that name, of the folds that have one."""
    found = {
        int(path.parent.name): path for path in run.glob(f"folds/*/{name}") if path.parent.name.isdigit()
    }
    return {number: read_predictions(found[number]) for number in sorted(found)}


class _Bootstrap:
    """Intervals over clips and over speakers of one measure after another."""

    def __init__(self, rng: np.random.Generator, resamples: int, level: float) -> None:
        self.rng, self.resamples, self.level = rng, resamples, level

    def _confusions(self, table: Predictions) -> dict[str, Floats | str]:
        """Resampled confusion matrices, or the reason why there are none, over clips and over speakers."""
        clips = group_numbers(table.keys)  # a clip that several folds tested is one clip
        found: dict[str, Floats | str] = {}
        for what, groups in {"clips": clips, "speakers": table.speaker.astype(str)}.items():
            reason = no_interval_because(table.truth, groups, what.removesuffix("s"))
            distinct = what == "clips" and clips.size == np.unique(clips).size
            found[what] = reason or resampled_confusions(
                table.truth,
                [table.prediction],
                len(table.labels),
                rng=self.rng,
                groups=None if distinct else groups,
                resamples=self.resamples,
            )[0].astype(np.float64)
        return found

    def block(self, table: Predictions) -> dict[str, Any]:
        """Counts, and every measure with both intervals."""
        drawn = self._confusions(table)
        block: dict[str, Any] = _counts(table)
        for name, value in _scores(table).items():
            block[name] = {"value": value} | {
                what: (
                    Interval(None, None, found)
                    if isinstance(found, str)
                    else percentile_interval(MEASURES[name](found), self.level)
                ).to_json()
                for what, found in drawn.items()
            }
        return block

    def classes(self, table: Predictions) -> dict[str, Any]:
        """Precision, recall with both intervals, F1 and support of each class."""
        counts = confusion_matrix(table.truth, table.prediction, len(table.labels))
        per_class: dict[str, Any] = confusion_metrics(counts, table.labels)["per_class"]
        drawn = self._confusions(table)
        recalls = {
            what: found if isinstance(found, str) else class_recall(found) for what, found in drawn.items()
        }
        for k, label in enumerate(table.labels):
            for what, found in recalls.items():
                if isinstance(found, str):
                    interval = Interval(None, None, found)
                elif not counts[k].any():
                    interval = Interval(None, None, "No clip has this class.")
                else:
                    column = found[:, k]
                    interval = percentile_interval(column[~np.isnan(column)], self.level)
                per_class[label][f"recall_{what}"] = interval.to_json()
        return per_class


def _counts(table: Predictions) -> dict[str, Any]:
    return {
        "n": len(table),
        "clips": len(set(table.keys)),
        "speakers": len(set(table.speaker)),
    }


def _scores(table: Predictions) -> dict[str, float]:
    return scores(confusion_matrix(table.truth, table.prediction, len(table.labels)))


def _plain(table: Predictions) -> dict[str, Any]:
    return {"n": len(table), **_scores(table)}


def _parts(table: Predictions, column: Any) -> list[tuple[str, Predictions]]:
    return [(name, table[column == name]) for name in sorted(set(column))]


def _grouped(
    table: Predictions, column: Any, bootstrap: _Bootstrap, *, closed: bool = False
) -> dict[str, Any]:
    groups: dict[str, Any] = {}
    for name, part in _parts(table, column):
        groups[name] = bootstrap.block(part)
        present = [label for k, label in enumerate(part.labels) if (part.truth == k).any()]
        if closed and 1 < len(present) < len(part.labels):
            # What the model would score if it were told which classes this corpus has.
            answers = closed_set_prediction(part.probabilities, part.labels, present)
            masked = confusion_matrix(part.truth, answers, len(part.labels))
            groups[name]["closed_set"] = {"labels": present, **scores(masked)}
    return groups


def _per_fold(folds: Mapping[int, Predictions]) -> dict[str, Any]:
    rows = [{"fold": number, **_counts(table), **_scores(table)} for number, table in folds.items()]
    columns = {name: np.array([row[name] for row in rows]) for name in MEASURES}
    return {
        "folds": rows,
        "mean": {name: float(column.mean()) for name, column in columns.items()},
        # of single folds, not of their mean
        "deviation": {
            name: float(column.std(ddof=1)) if len(rows) > 1 else None for name, column in columns.items()
        },
    }


def _calibration(folds: Mapping[int, Predictions], held: Mapping[int, Predictions]) -> dict[str, Any]:
    everything = join_predictions(list(folds.values()))
    result: dict[str, Any] = {
        "fitted_on": "",
        "temperature": None,
        "temperatures": {},
        "before": calibration_figures(everything),
        "after": None,
    }
    calibrated, fits, reason = calibrate_folds(folds, held)
    if calibrated is None:
        return result | {"reason": reason}
    together = join_predictions([held[number] for number in folds])
    pooled = calibration.fit_temperature(together.scores, together.truth)
    return result | {
        "fitted_on": f"{pooled.n} validation rows of {len(folds)} fold{'s' * (len(folds) > 1)}; no test row",
        "temperature": pooled.temperature,
        "temperatures": {str(number): value for number, value in fits.items()},
        "after": calibration_figures(calibrated),
    }


def calibrate_folds(
    folds: Mapping[int, Predictions], held: Mapping[int, Predictions]
) -> tuple[Predictions | None, dict[int, float], str]:
    """All test rows with the probabilities of temperatures that each fold's validation rows gave.

    Args:
        folds: fold -> answers to test rows, not empty.
        held: fold -> answers to validation rows.

    Returns:
        the table, or None where a fold has no validation rows; fold -> temperature; the reason for None.
    """
    fits = {
        number: calibration.fit_temperature(held[number].scores, held[number].truth)
        for number in folds
        if number in held and len(held[number])
    }
    temperatures = {number: fit.temperature for number, fit in fits.items()}
    if missing := [str(number) for number in folds if number not in fits]:
        return None, temperatures, f"No validation rows to fit a temperature on in fold {', '.join(missing)}."
    tables = [table.with_probabilities(fits[number].apply(table.scores)) for number, table in folds.items()]
    return join_predictions(tables), temperatures, ""


def calibration_figures(table: Predictions) -> dict[str, Any]:
    """Calibration errors, proper scores, reliability table and risk-coverage curve of some answers."""
    probabilities, truth = table.probabilities, table.truth
    right = probabilities.argmax(axis=1) == truth
    coverage, risk = calibration.risk_coverage(probabilities.max(axis=1), right)
    shown = np.unique(np.linspace(0, len(risk) - 1, min(_CURVE_POINTS, len(risk))).round().astype(int))
    return {
        "ece": calibration.expected_calibration_error(probabilities, truth),
        "ece_adaptive": calibration.expected_calibration_error(probabilities, truth, adaptive=True),
        "brier": calibration.brier_score(probabilities, truth),
        "nll": calibration.negative_log_likelihood(probabilities, truth),
        "aurc": calibration.area_under_risk_coverage(probabilities.max(axis=1), right),
        "reliability": calibration.reliability(probabilities, truth).to_json(),
        "risk_coverage": {
            "coverage": [round(float(value), 6) for value in coverage[shown]],
            "risk": [round(float(value), 6) for value in risk[shown]],
        },
    }
