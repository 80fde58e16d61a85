"""How far a score can be trusted: percentile bootstrap over clips and over speakers.

Clips of one speaker resemble each other, so an interval for *unheard speakers* resamples speakers with all
their clips (cluster bootstrap); the interval over clips only says what other recordings of the same people
would give. A resample is drawn as counts of confusion cells, never as rows: 2,000 of them cost milliseconds.

Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap; Field and Welsh (2007), Bootstrapping
clustered data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hearfelt.errors import HearfeltError
from hearfelt.evaluation.metrics import MEASURES, Ints, confusion_matrix

RESAMPLES = 2000
LEVEL = 0.95
#: With fewer speakers than this a bootstrap over them has too few outcomes to call a difference clear.
FEWEST_SPEAKERS = 5
_DRAWS_AT_ONCE = 4_000_000  # bounds the memory of one block of resamples to some 32 MB


@dataclass(frozen=True)
class Interval:
    """Lower and upper end of a confidence interval, or the reason why there is none.

    Attributes:
        low: lower end; None where there is no interval.
        high: upper end; None where there is no interval.
        reason: empty, or one sentence that says why there is no interval.
    """

    low: float | None
    high: float | None
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """``{"low", "high"}``, with ``"reason"`` where both are None."""
        return {"low": self.low, "high": self.high} | ({"reason": self.reason} if self.reason else {})


@dataclass(frozen=True)
class Difference:
    """How much better the first of two systems is, with an interval of the difference."""

    value: float
    interval: Interval

    @property
    def is_clear(self) -> bool:
        """Whether the interval excludes zero; False where there is none."""
        low, high = self.interval.low, self.interval.high
        return low is not None and high is not None and (low > 0 or high < 0)


def resampled_confusions(
    truth: ArrayLike,
    predictions: Sequence[ArrayLike],
    n_classes: int,
    *,
    rng: np.random.Generator,
    groups: ArrayLike | None = None,
    resamples: int = RESAMPLES,
) -> list[Ints]:
    """Confusion matrices of bootstrap resamples, the same resamples for every system.

    Args:
        truth: class indices, shape (clips,).
        predictions: class indices of each system, each of shape (clips,).
        n_classes: number of classes.
        rng: where the draws come from.
        groups: what each clip belongs to, shape (clips,), drawn with all its clips; None draws clips.
        resamples: number of resamples.

    Returns:
        for each system an array of shape (resamples, n_classes, n_classes).
    """
    rows = np.asarray(truth, dtype=np.int64).ravel()
    systems = [np.asarray(prediction, dtype=np.int64).ravel() for prediction in predictions]
    cells = rows
    for system in systems:
        cells = cells * n_classes + system
    occurring, first, cell = np.unique(cells, return_index=True, return_inverse=True)
    if groups is None:
        # Drawing n clips and counting their cells is one multinomial draw over the cells.
        drawn = rng.multinomial(rows.size, np.bincount(cell) / rows.size, size=resamples)
    else:
        _, group = np.unique(np.asarray(groups), return_inverse=True)
        n_groups = int(group.max()) + 1
        held = np.bincount(group * occurring.size + cell, minlength=n_groups * occurring.size)
        held = held.reshape(n_groups, occurring.size).astype(np.float64)
        drawn = np.empty((resamples, occurring.size), dtype=np.int64)
        step = max(1, _DRAWS_AT_ONCE // n_groups)
        for begin in range(0, resamples, step):
            size = min(step, resamples - begin)
            times = rng.multinomial(n_groups, np.full(n_groups, 1.0 / n_groups), size=size)
            drawn[begin : begin + size] = np.rint(times.astype(np.float64) @ held).astype(np.int64)
    return [_scatter(drawn, rows[first] * n_classes + system[first], n_classes) for system in systems]


def _scatter(drawn: Ints, targets: Ints, n_classes: int) -> Ints:
    confusions = np.zeros((n_classes * n_classes, drawn.shape[0]), dtype=np.int64)
    np.add.at(confusions, targets, drawn.T)
    return np.ascontiguousarray(confusions.T).reshape(-1, n_classes, n_classes)


def percentile_interval(values: ArrayLike, level: float = LEVEL) -> Interval:
    """Central interval that holds ``level`` of the values.

    >>> percentile_interval(range(101), 0.5)
    Interval(low=25.0, high=75.0, reason='')
    """
    tail = 50.0 * (1.0 - level)
    low, high = np.percentile(np.asarray(values, dtype=np.float64), [tail, 100.0 - tail])
    return Interval(float(low), float(high))


def no_interval_because(truth: ArrayLike, groups: ArrayLike | None = None, what: str = "clip") -> str:
    """Why a bootstrap would say nothing about these clips; empty where it would."""
    rows = np.asarray(truth).ravel()
    if rows.size < 2:
        return f"There is {'one clip' if rows.size else 'no clip'}; an interval needs at least two."
    if np.unique(rows).size < 2:
        return "All clips have one class; an interval needs at least two classes."
    if groups is not None and np.unique(np.asarray(groups)).size < 2:
        return f"All clips are of one {what}; an interval over {what}s needs at least two."
    return ""


def bootstrap_intervals(
    truth: ArrayLike,
    prediction: ArrayLike,
    n_classes: int,
    *,
    rng: np.random.Generator,
    groups: ArrayLike | None = None,
    measures: Sequence[str] = tuple(MEASURES),
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    what: str = "speaker",
) -> dict[str, Interval]:
    """Intervals of measures, over clips or over groups of clips.

    A class that a resample happens to lack is left out of that resample's macro means.

    Args:
        truth: class indices, shape (clips,).
        prediction: class indices, shape (clips,).
        n_classes: number of classes.
        rng: where the draws come from.
        groups: speaker of each clip, for the interval over speakers; None for the interval over clips.
        measures: names from `hearfelt.evaluation.metrics.MEASURES`.
        resamples: number of resamples.
        level: confidence level.
        what: what a group is, for the reason.

    Returns:
        measure -> interval; with one class, one clip or one group the ends are None and the reason says why.

    >>> rng = np.random.default_rng(0)
    >>> bootstrap_intervals([0, 1], [0, 1], 2, rng=rng, groups=["a", "a"])["uar"].reason
    'All clips are of one speaker; an interval over speakers needs at least two.'
    """
    confusion_matrix(truth, prediction, n_classes)  # refuses indices and lengths that do not fit
    _check(truth, groups, resamples, level)
    reason = no_interval_because(truth, groups, what)
    if reason:
        return {name: Interval(None, None, reason) for name in measures}
    (confusions,) = resampled_confusions(
        truth, [prediction], n_classes, rng=rng, groups=groups, resamples=resamples
    )
    return {name: percentile_interval(MEASURES[name](confusions), level) for name in measures}


def paired_difference(
    truth: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    n_classes: int,
    *,
    rng: np.random.Generator,
    groups: ArrayLike | None = None,
    measures: Sequence[str] = tuple(MEASURES),
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    what: str = "speaker",
) -> Mapping[str, Difference]:
    """First minus second system on the same clips; both see the same resamples, so shared difficulty cancels.

    Args:
        truth: class indices, shape (clips,).
        first: class indices that the first system answered.
        second: class indices that the second system answered.
        n_classes: number of classes.
        rng: where the draws come from.
        groups: speaker of each clip; None resamples clips.
        measures: names from `hearfelt.evaluation.metrics.MEASURES`.
        resamples: number of resamples.
        level: confidence level.
        what: what a group is, for the reason.

    Returns:
        measure -> difference with its interval.

    Raises:
        HearfeltError: the lengths differ, or an index is outside the classes.
    """
    one, other = (confusion_matrix(truth, answers, n_classes) for answers in (first, second))
    _check(truth, groups, resamples, level)
    values = {name: float(MEASURES[name](one)) - float(MEASURES[name](other)) for name in measures}
    reason = no_interval_because(truth, groups, what)
    if reason:
        return {name: Difference(value, Interval(None, None, reason)) for name, value in values.items()}
    a, b = resampled_confusions(
        truth, [first, second], n_classes, rng=rng, groups=groups, resamples=resamples
    )
    return {
        name: Difference(value, percentile_interval(MEASURES[name](a) - MEASURES[name](b), level))
        for name, value in values.items()
    }


def _check(truth: ArrayLike, groups: ArrayLike | None, resamples: int, level: float) -> None:
    clips = np.asarray(truth).size
    if groups is not None and np.asarray(groups).size != clips:
        raise HearfeltError(
            f"There are {np.asarray(groups).size} groups for {clips} clips; one a clip was expected."
        )
    if resamples < 1 or not 0 < level < 1:
        raise HearfeltError(
            f"A bootstrap needs at least one resample and a level between 0 and 1, got {resamples} and "
            f"{level}."
        )


def group_numbers(keys: Sequence[Any]) -> Ints:
    """Number equal keys alike, in order of first appearance; for keys that numpy cannot sort.

    >>> group_numbers([("a", None), ("b", 1.0), ("a", None)]).tolist()
    [0, 1, 0]
    """
    seen: dict[Any, int] = {}
    return np.fromiter((seen.setdefault(key, len(seen)) for key in keys), dtype=np.int64, count=len(keys))
