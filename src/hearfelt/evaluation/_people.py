"""Two groups of people compared corpus by corpus: counts of each person, and resamples of the people.

A person who is in both groups (one voice, two intensities) or in two corpora (who speaks and who sings) is drawn
with everything that they said. People are drawn within their stratum: the corpora that share their people, and the
groups that they are in, so that a resample has as many people of each group in each corpus as there were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hearfelt.evaluation.confidence import Interval, percentile_interval
from hearfelt.evaluation.metrics import Floats, Ints
from hearfelt.evaluation.predictions import Predictions

_AT_ONCE = 2_000_000  # numbers of one block of resamples


@dataclass(frozen=True)
class TwoGroups:
    """What the people of two groups said and were heard as, on the classes that both groups have.

    Attributes:
        corpora: that have both groups and at least two classes of both, in order.
        shared: which classes both groups have, shape (corpora, classes).
        counts: of truths and answers, shape (people, corpora, 2, classes, classes).
        sure: sum of the confidences, shape (people, corpora, 2).
        strata: of each person, shape (people,).
    """

    corpora: tuple[str, ...]
    shared: NDArray[np.bool_]
    counts: Floats
    sure: Floats
    strata: Ints

    @property
    def speakers(self) -> Ints:
        """How many people each group has in each corpus, shape (corpora, 2)."""
        found: Ints = (self.counts.sum(axis=(3, 4)) > 0).sum(axis=0)
        return found

    def people(self, corpora: Sequence[int]) -> tuple[int, int]:
        """How many different people each group has in some corpora."""
        there = self.counts[:, list(corpora)].sum(axis=(1, 3, 4)) > 0
        first, second = there.sum(axis=0).tolist()
        return first, second


def two_groups(
    table: Predictions, group: NDArray[np.object_], first: str, second: str, sure: Floats
) -> TwoGroups:
    """Count two groups of a table; corpora that lack one of them are left out.

    Args:
        table: of answers.
        group: of each row, shape (clips,).
        first: name of a group.
        second: name of another.
        sure: confidence of each row.
    """
    size = len(table.labels)
    sides = [group == first, group == second]
    corpora, shared = [], []
    for corpus in sorted({str(name) for name in table.corpus[sides[0] | sides[1]]}):
        inside = table.corpus == corpus
        both = np.ones(size, dtype=bool)
        for side in sides:
            both &= np.bincount(table.truth[inside & side], minlength=size) > 0
        if both.sum() > 1:
            corpora.append(corpus)
            shared.append(both)
    place = {name: number for number, name in enumerate(corpora)}
    classes = np.array(shared, dtype=bool).reshape(len(corpora), size)
    at = np.array([place.get(str(name), -1) for name in table.corpus], dtype=np.int64)
    use = (sides[0] | sides[1]) & (at >= 0)
    if corpora:
        use &= classes[np.maximum(at, 0), table.truth]
    rows = np.flatnonzero(use)
    names, person = np.unique(table.speaker[rows].astype(str), return_inverse=True)
    side = sides[1][rows].astype(np.int64)
    counts = np.zeros((names.size, len(corpora), 2, size, size))
    np.add.at(counts, (person, at[rows], side, table.truth[rows], table.prediction[rows]), 1.0)
    total = np.zeros((names.size, len(corpora), 2))
    np.add.at(total, (person, at[rows], side), sure[rows])
    return TwoGroups(tuple(corpora), classes, counts, total, _strata(counts.sum(axis=(3, 4)) > 0))


def _strata(there: NDArray[np.bool_]) -> Ints:
    """Number the strata of people from where they are, (people, corpora, 2)."""
    population = list(range(there.shape[1]))
    spoken = np.asarray(there.any(axis=2))
    for row in range(len(spoken)):
        mine = np.flatnonzero(spoken[row])
        joined = {population[corpus] for corpus in mine}
        population = [min(joined) if number in joined else number for number in population]
    seen: dict[tuple[int, bool, bool], int] = {}
    strata = []
    for person in there:
        home = population[int(np.flatnonzero(person.any(axis=1))[0])]
        first, second = person.any(axis=0).tolist()
        strata.append(seen.setdefault((home, first, second), len(seen)))
    return np.array(strata, dtype=np.int64)


def draw_people(strata: Ints, rng: np.random.Generator, resamples: int) -> Floats:
    """How often each person is in each resample, (resamples, people): as many of each stratum as there are."""
    times = np.zeros((resamples, strata.size))
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        times[:, members] = rng.multinomial(
            members.size, np.full(members.size, 1.0 / members.size), size=resamples
        )
    return times


@dataclass(frozen=True)
class Figures:
    """Figures of two groups, first and second along the axis of 2; of one sample or of many resamples in front.

    Attributes:
        uar: (..., corpora, 2), over the shared classes.
        recall: (..., corpora, 2, classes); NaN where a class is not shared.
        trust: mean confidence minus share of right answers, (..., corpora, 2).
    """

    uar: Floats
    recall: Floats
    trust: Floats


def figures(counts: Floats, sure: Floats, shared: NDArray[np.bool_]) -> Figures:
    """From summed counts (..., corpora, 2, classes, classes) and confidences (..., corpora, 2)."""
    support = counts.sum(axis=-1)
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        recall = np.where(shared[:, None, :], right / support, np.nan)
        # A class that a resample lost in one group says nothing of the other group either.
        recall = np.where(np.isnan(recall).any(axis=-2, keepdims=True), np.nan, recall)
        trust = (sure - right.sum(axis=-1)) / support.sum(axis=-1)
    return Figures(mean_over(recall, -1), recall, trust)


def mean_over(values: Floats, axis: int) -> Floats:
    """Mean of what is there; NaN where nothing is."""
    there = ~np.isnan(values)
    count = there.sum(axis=axis)
    total = np.where(there, values, 0.0).sum(axis=axis)
    mean: Floats = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean


def resampled(two: TwoGroups, rng: np.random.Generator, resamples: int) -> Figures:
    """Figures of resamples of the people, in front of the axes of `figures`."""
    size = int(np.prod(two.counts.shape[1:]))
    step = max(1, _AT_ONCE // max(1, size))
    flat, sure = (
        two.counts.reshape(two.counts.shape[0], size),
        two.sure.reshape(two.sure.shape[0], two.sure[0].size),
    )
    parts = []
    for begin in range(0, resamples, step):
        times = draw_people(two.strata, rng, min(step, resamples - begin))
        parts.append(
            figures(
                (times @ flat).reshape(-1, *two.counts.shape[1:]),
                (times @ sure).reshape(-1, *two.sure.shape[1:]),
                two.shared,
            )
        )
    return Figures(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("uar", "recall", "trust"))
    )


def interval_of(values: Floats, level: float, reason: str = "") -> Interval:
    """Interval of what resamples gave; where there is a reason against one, or nothing is left, none."""
    there = values[~np.isnan(values)]
    if reason or there.size < 2:
        return Interval(None, None, reason or "No resample gave a figure.")
    return percentile_interval(there, level)
