"""Who is recognised how well: groups of people and of clips, the gaps between them, and where a gap comes from.

Sex, age, language and corpus are confounded in emotional speech: one corpus is of men only, another of women only,
each language is one corpus. A gap is therefore taken within each corpus, on the classes that both groups have there,
and then averaged over the corpora that have both; its interval is over speakers, resampled within each group.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearfelt.errors import HearfeltError
from hearfelt.evaluation._columns import Column, join_manifest
from hearfelt.evaluation._people import (
    Figures,
    TwoGroups,
    figures,
    interval_of,
    mean_over,
    resampled,
    two_groups,
)
from hearfelt.evaluation.confidence import FEWEST_SPEAKERS, LEVEL, RESAMPLES, bootstrap_intervals
from hearfelt.evaluation.metrics import Floats, confusion_matrix, scores
from hearfelt.evaluation.predictions import Predictions
from hearfelt.evaluation.raters import compare_with_raters
from hearfelt.evaluation.trust import own_classes, trust

__all__ = ["COLUMNS", "FAIRNESS_VERSION", "age_group", "cause", "fairness", "join_manifest"]

FAIRNESS_VERSION = 1
#: What is looked at where nothing else is named.
COLUMNS = ("sex", "age", "language", "corpus", "intensity")
_AGES = ((0, 25, "under 25"), (25, 40, "25 to 39"), (40, 60, "40 to 59"), (60, 200, "60 and over"))
_MOST_PAIRS = 10
_REST = "the others"


def age_group(age: str) -> str:
    """The band of an age in years; empty where it is no number.

    >>> age_group("31"), age_group("60"), age_group("")
    ('25 to 39', '60 and over', '')
    """
    try:
        years = float(age)
    except ValueError:
        return ""
    return next((name for low, high, name in _AGES if low <= years < high), "")


def fairness(
    table: Predictions,
    columns: Mapping[str, Sequence[str] | Column] | None = None,
    *,
    by: Sequence[str] = COLUMNS,
    votes: Floats | None = None,
    calibrated: Predictions | None = None,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> dict[str, Any]:
    """Groups, gaps, causes, raters and trust of a table of answers; the schema is in docs/fairness.md.

    Args:
        table: of answers; its own columns ``sex`` and ``corpus`` are used where ``columns`` has none.
        columns: what else is known of each row, text, empty where it is not.
        by: the columns that make groups; one that is nowhere known is named as such.
        votes: of raters, see `join_manifest`.
        calibrated: the same rows with calibrated probabilities, where there are any.
        rng: where the bootstrap draws come from.
        resamples: number of bootstrap resamples.
        level: of the intervals.

    Raises:
        HearfeltError: no rows, or a column of another length.
    """
    if not len(table):
        raise HearfeltError("There are no answers to look at.")
    known: dict[str, Column] = {"sex": table.sex, "corpus": table.corpus}
    for name, values in (columns or {}).items():
        column = np.array([str(value or "") for value in values], dtype=object)
        if len(column) != len(table):
            raise HearfeltError(
                f"The column {name} has {len(column)} values for {len(table)} clips; one a clip was expected."
            )
        if any(column) or name not in known:
            known[name] = column
    if "age" in known:
        known["age"] = np.array([age_group(value) for value in known["age"]], dtype=object)
    sure = own_classes(table if calibrated is None else calibrated).confidence
    work = _Work(table, sure, rng, resamples, level)
    empty = np.full(len(table), "", dtype=object)
    return {
        "version": FAIRNESS_VERSION,
        "level": level,
        "resamples": resamples,
        "fewest_speakers": FEWEST_SPEAKERS,
        "labels": list(table.labels),
        "calibrated": calibrated is not None,
        "all": work.block(np.arange(len(table))),
        "columns": [work.column(name, known.get(name, empty)) for name in dict.fromkeys(by)],
        "raters": None
        if votes is None
        else compare_with_raters(
            table if calibrated is None else calibrated, votes, rng=rng, resamples=resamples, level=level
        ),
        "trust": trust(table, calibrated, rng=rng, resamples=resamples, level=level),
    }


class _Work:
    """One table and how its intervals are drawn."""

    def __init__(
        self, table: Predictions, sure: Floats, rng: np.random.Generator, resamples: int, level: float
    ) -> None:
        self.table, self.sure = table, sure
        self.rng, self.resamples, self.level = rng, resamples, level

    def block(self, rows: NDArray[np.intp]) -> dict[str, Any]:
        """Counts and scores of some rows, the interval over speakers, over clips where there is one."""
        part = self.table[rows]
        speakers = part.speaker.astype(str)
        several = np.unique(speakers).size > 1
        values = scores(confusion_matrix(part.truth, part.prediction, len(part.labels)))
        interval = bootstrap_intervals(
            part.truth,
            part.prediction,
            len(part.labels),
            rng=self.rng,
            groups=speakers if several else None,
            measures=("uar",),
            resamples=self.resamples,
            level=self.level,
        )["uar"]
        return {
            "n": len(part),
            "clips": len(set(part.keys)),
            "speakers": int(np.unique(speakers).size),
            "classes": int(np.unique(part.truth).size),
            "uar": {
                "value": values["uar"],
                **interval.to_json(),
                "over": "speakers" if several else "clips",
            },
            "accuracy": values["accuracy"],
            "confidence_minus_accuracy": float(self.sure[rows].mean() - part.right.mean()),
        }

    def column(self, name: str, values: Column) -> dict[str, Any]:
        """Groups of a column and the gaps between them."""
        order = [band for _, _, band in _AGES]
        names = sorted(
            {str(value) for value in values if value},
            key=lambda value: (order.index(value) if value in order else len(order), value),
        )
        groups = []
        for group in names:
            rows = np.flatnonzero(values == group)
            corpora = sorted(set(self.table.corpus[rows]))
            groups.append(
                {
                    "group": group,
                    **self.block(rows),
                    "corpora": {
                        corpus: self.block(rows[self.table.corpus[rows] == corpus]) for corpus in corpora
                    },
                }
            )
        gaps = [] if name == "corpus" else self._gaps(values, names)
        return {
            "column": name,
            "unknown": int(sum(not value for value in values)),
            "groups": groups,
            "one_group_only": self._alone(values, names),
            "gaps": gaps,
        }

    def _alone(self, values: Column, names: Sequence[str]) -> dict[str, str]:
        """Corpus -> the only group that it has, where it has one and others have other groups."""
        found = {}
        for corpus in sorted(set(self.table.corpus)):
            there = {str(value) for value in values[self.table.corpus == corpus] if value}
            if len(there) == 1 and len(names) > 1:
                found[str(corpus)] = there.pop()
        return found

    def _gaps(self, values: Column, names: Sequence[str]) -> list[dict[str, Any]]:
        pairs = list(combinations(names, 2))
        compared = [(values, first, second) for first, second in pairs]
        if len(pairs) > _MOST_PAIRS:
            compared = []
            for name in names:
                other = np.array(
                    ["" if not value else name if value == name else _REST for value in values], dtype=object
                )
                compared.append((other, name, _REST))
        gaps = [self._gap(column, first, second) for column, first, second in compared]
        return [gap for gap in gaps if gap is not None]

    def _gap(self, values: Column, first: str, second: str) -> dict[str, Any] | None:
        two = two_groups(self.table, values, first, second, self.sure)
        if not two.corpora:
            return None
        point = figures(two.counts.sum(axis=0), two.sure.sum(axis=0), two.shared)
        drawn = resampled(two, self.rng, self.resamples)
        speakers = two.speakers
        # A group of one person in a corpus says something of that person.
        used = [place for place, pair in enumerate(speakers) if pair.min() > 1]
        by_corpus = [
            {
                "corpus": corpus,
                "classes": int(two.shared[place].sum()),
                "speakers": speakers[place].tolist(),
                "clips": two.counts[:, place].sum(axis=(0, 2, 3)).astype(int).tolist(),
                "uar": point.uar[place].tolist(),
                "gap": self._difference(point.uar[place], drawn.uar[:, place], speakers[place].tolist()),
                "in_mean": place in used,
            }
            for place, corpus in enumerate(two.corpora)
        ]
        people = two.people(used) if used else (0, 0)
        result: dict[str, Any] = {
            "first": first,
            "second": second,
            "corpora": by_corpus,
            "speakers": list(people),
            "paired": bool(
                ((two.counts.sum(axis=(1, 3, 4)) > 0).sum(axis=1) == 2).all() if two.counts.size else False
            ),
            "pooled": self._pooled(values, first, second),
            "within": None,
            "trust": None,
            "emotions": [],
        }
        if used:
            mean = mean_over(point.uar[used], 0)
            result["within"] = self._difference(mean, mean_over(drawn.uar[:, used], 1), list(people))
            result["within"] |= {"uar": mean.tolist(), "corpora": len(used)}
            over = mean_over(point.trust[used], 0)
            result["trust"] = self._difference(over, mean_over(drawn.trust[:, used], 1), list(people))
            result["trust"] |= {"confidence_minus_accuracy": over.tolist()}
            result["emotions"] = self._emotions(two, point, drawn, used)
        return result

    def _pooled(self, values: Column, first: str, second: str) -> float:
        uar = [
            scores(
                confusion_matrix(
                    self.table.truth[values == name],
                    self.table.prediction[values == name],
                    len(self.table.labels),
                )
            )["uar"]
            for name in (first, second)
        ]
        return uar[0] - uar[1]

    def _difference(self, sides: Floats, drawn: Floats, people: Sequence[int]) -> dict[str, Any]:
        """First minus second with its interval; never clear with fewer than five speakers on a side."""
        reason = "One side has one speaker; an interval over speakers needs two." if min(people) < 2 else ""
        interval = interval_of(drawn[..., 0] - drawn[..., 1], self.level, reason)
        low, high = interval.low, interval.high
        clear = low is not None and high is not None and (low > 0 or high < 0)
        return {
            "value": float(sides[0] - sides[1]),
            **interval.to_json(),
            "clear": clear and min(people) >= FEWEST_SPEAKERS,
        }

    def _emotions(
        self, two: TwoGroups, point: Figures, drawn: Figures, used: list[int]
    ) -> list[dict[str, Any]]:
        """Recall of each emotion in both groups, and what it was heard as, averaged over corpora."""
        counts = two.counts.sum(axis=0)[used]
        support = counts.sum(axis=3, keepdims=True)
        valid = two.shared[used][:, None, :, None]
        share = mean_over(
            np.where(valid & (support > 0), counts / np.maximum(support, 1), np.nan), 0
        )  # (2, truth, answer)
        labels, found = self.table.labels, []
        recall = mean_over(point.recall[used], 0)
        resampled_recall = mean_over(drawn.recall[:, used], 1)
        for k in np.flatnonzero(two.shared[used].any(axis=0)):
            people = two.people([place for place in used if two.shared[place, k]])
            found.append(
                {
                    "emotion": labels[k],
                    "corpora": int(two.shared[used, k].sum()),
                    "speakers": list(people),
                    "recall": recall[:, k].tolist(),
                    "gap": self._difference(recall[:, k], resampled_recall[:, :, k], people),
                    "heard_as": [
                        {
                            labels[j]: float(share[side, k, j])
                            for j in np.argsort(-share[side, k])
                            if share[side, k, j] > 0
                        }
                        for side in (0, 1)
                    ],
                }
            )
        return found


def cause(gap: Mapping[str, Any]) -> str:
    """One sentence: the emotion that differs most in a gap, and what the worse group's is heard as more often."""
    if not gap["emotions"]:
        return ""
    worst = max(gap["emotions"], key=lambda entry: (entry["gap"]["clear"], abs(entry["gap"]["value"])))
    side = 0 if worst["gap"]["value"] < 0 else 1
    names = (gap["first"], gap["second"])
    excess = {
        label: share - worst["heard_as"][1 - side].get(label, 0.0)
        for label, share in worst["heard_as"][side].items()
        if label != worst["emotion"]
    }
    recall = worst["recall"]
    words = (
        f"{'Clearest' if worst['gap']['clear'] else 'Largest'} in {worst['emotion']}: "
        f"{100 * recall[side]:.0f} % recognised of {names[side]}, {100 * recall[1 - side]:.0f} % of {names[1 - side]}"
    )
    if excess:
        label = max(excess, key=lambda name: excess[name])
        shares = [100 * worst["heard_as"][s].get(label, 0.0) for s in (side, 1 - side)]
        words += f"; {names[side]} is heard as {label} in {shares[0]:.0f} %, {names[1 - side]} in {shares[1]:.0f} %"
    return words + ("." if worst["gap"]["clear"] else " (not a clear difference).")
