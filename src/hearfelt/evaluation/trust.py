"""Can the confidence be believed, corpus by corpus; and what is gained by answering only the surer half.

Two sets of answers: *open*, any class of the model; *own*, the best of the classes that the corpus has.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hearfelt.evaluation.calibration import expected_calibration_error
from hearfelt.evaluation.confidence import (
    FEWEST_SPEAKERS,
    LEVEL,
    RESAMPLES,
    no_interval_because,
    percentile_interval,
)
from hearfelt.evaluation.metrics import Floats, confusion_matrix, unweighted_average_recall
from hearfelt.evaluation.predictions import Predictions

_AT_ONCE = 4_000_000


def own_classes(table: Predictions) -> Predictions:
    """The table with probabilities among the classes of each clip's corpus alone: its truths and its answers.

    >>> table = Predictions(labels=("happy", "sad", "calm"), path=["a", "b"], start=[0, 0], end=[None, None],
    ...     corpus=["x", "x"], speaker=["s", "s"], sex=["", ""], truth=["happy", "sad"],
    ...     probabilities=[[0.4, 0.1, 0.5], [0.2, 0.2, 0.6]], prediction=["happy", "sad"])
    >>> own_classes(table).probabilities.tolist()
    [[0.8, 0.2, 0.0], [0.5, 0.5, 0.0]]
    """
    matrix = table.probabilities.copy()
    for corpus in set(table.corpus):
        inside = np.flatnonzero(table.corpus == corpus)
        used = np.union1d(table.truth[inside], table.prediction[inside])
        kept = np.zeros(len(table.labels), dtype=bool)
        kept[used] = True
        part = np.where(kept, matrix[inside], 0.0)
        total = part.sum(axis=1, keepdims=True)
        matrix[inside] = np.where(total > 0, part / np.where(total > 0, total, 1.0), kept / kept.sum())
    return table.with_probabilities(matrix)


def trust(
    before: Predictions,
    after: Predictions | None = None,
    *,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> dict[str, Any]:
    """Calibration error and the surer half, of all rows and of each corpus.

    Args:
        before: answers with the probabilities as they were given.
        after: the same rows with calibrated probabilities.
        rng: where the bootstrap draws come from.
        resamples: number of bootstrap resamples.
        level: of the intervals.

    Returns:
        ``all`` and ``corpora`` (name -> the same): ``n``, ``speakers``, ``ece_open`` and ``ece_own`` with ``before``
        and ``after`` (None without calibrated ones), and ``surer_half``, see `surer_half`.
    """
    mine = own_classes(before), None if after is None else own_classes(after)

    def block(rows: Any) -> dict[str, Any]:
        part = before[rows]
        found: dict[str, Any] = {"n": len(part), "speakers": len(set(part.speaker))}
        for name, (first, second) in {"open": (before, after), "own": mine}.items():
            found[f"ece_{name}"] = {
                "before": _error(first[rows]),
                "after": None if second is None else _error(second[rows]),
            }
        ordered = mine[0] if mine[1] is None else mine[1]
        found["surer_half"] = surer_half(ordered[rows], rng=rng, resamples=resamples, level=level)
        return found

    everything = np.arange(len(before))
    return {
        "calibrated": after is not None,
        "all": block(everything),
        "corpora": {
            corpus: block(np.flatnonzero(before.corpus == corpus)) for corpus in sorted(set(before.corpus))
        },
    }


def _error(table: Predictions) -> float:
    return expected_calibration_error(table.probabilities, table.truth)


def surer_half(
    table: Predictions, *, rng: np.random.Generator, resamples: int = RESAMPLES, level: float = LEVEL
) -> dict[str, Any]:
    """How much oftener the half with the higher confidence is right than all clips are.

    Clips of equal confidence count in part, so that the order of the rows does not matter. The interval is over
    speakers, over clips where one speaker is there.

    Returns:
        ``accuracy`` of all, ``half`` (that of the surer half), ``gain`` with ``value``, ``low``, ``high``, ``clear``
        (and ``reason``), ``uar`` of all and ``half_uar``; ``threshold``, the confidence of the last clip of the half.
    """
    order = np.argsort(-table.confidence, kind="stable")
    ordered = table[order]
    confidence, right = ordered.confidence, ordered.right.astype(np.float64)
    size = len(ordered)
    speakers = ordered.speaker.astype(str)
    over = speakers if np.unique(speakers).size > 1 else np.arange(size)
    reason = no_interval_because(ordered.truth, over)
    one = np.ones((1, size))
    whole, half = float(right.mean()), float(_surer(confidence, right, one)[0])
    found: dict[str, Any] = {"value": half - whole, "low": None, "high": None}
    if reason:
        found["reason"] = reason
    else:
        _, person = np.unique(over, return_inverse=True)
        people = int(person.max()) + 1
        gains = []
        step = max(1, _AT_ONCE // size)
        for begin in range(0, resamples, step):
            drawn = rng.multinomial(
                people, np.full(people, 1.0 / people), size=min(step, resamples - begin)
            ).astype(np.float64)[:, person]
            gains.append(_surer(confidence, right, drawn) - (drawn @ right) / drawn.sum(axis=1))
        found |= percentile_interval(np.concatenate(gains), level).to_json()
    enough = np.unique(speakers).size >= FEWEST_SPEAKERS
    found["clear"] = bool(found["low"] is not None and enough and (found["low"] > 0 or found["high"] < 0))
    last = max(0, (size + 1) // 2 - 1)
    kept = ordered[: last + 1]
    return {
        "accuracy": whole,
        "half": half,
        "gain": found,
        "uar": _uar(ordered),
        "half_uar": _uar(kept),
        "threshold": float(confidence[last]),
    }


def _surer(confidence: Floats, right: Floats, weights: Floats) -> Floats:
    """Share of right answers in the surer half of weighted rows, (resamples,); rows come most confident first."""
    starts = np.flatnonzero(np.r_[True, np.diff(confidence) != 0])
    ties = np.add.reduceat(weights, starts, axis=1)
    correct = np.add.reduceat(weights * right, starts, axis=1)
    upto = np.cumsum(ties, axis=1)
    half = upto[:, -1:] / 2
    part = np.clip(half - (upto - ties), 0.0, ties)  # how much of each tie is in the half
    share = np.divide(part, ties, out=np.zeros_like(part), where=ties > 0)
    result: Floats = (share * correct).sum(axis=1) / half[:, 0]
    return result


def _uar(table: Predictions) -> float:
    return float(
        unweighted_average_recall(confusion_matrix(table.truth, table.prediction, len(table.labels)))
    )
