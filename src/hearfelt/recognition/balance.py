"""Balance the answers of a folder: for recordings of which it is known that every emotion is about as frequent.

On voices and rooms that a model never heard, its answers lean to a few classes: the ranking within a class is better
than the choice between classes. Where the shares of the classes are known, no labels are needed to mend that: a weight
a class is found such that the mean probabilities over all recordings are the known shares (the label shift correction
of Saerens et al. 2002 turned round, as Sinkhorn's iteration). It uses the whole folder, so figures that are made with
it are to be stated apart; and where the shares are not as said, it makes answers worse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hearfelt.errors import HearfeltError
from hearfelt.recognition._reweigh import matrix_of, reweighed

#: Weights beyond this ratio to each other would only follow noise.
MOST = 20.0
#: What `adapted` says in the answers.
MARK = "balance"
_ROUNDS = 500
_CLOSE = 1e-9
_TINY = 1e-12


def class_weights(probabilities: ArrayLike, shares: ArrayLike | None = None) -> NDArray[np.float64]:
    """Weights that bring the mean probabilities to known shares.

    Args:
        probabilities: (recordings, labels), rows sum to 1.
        shares: (labels,) positive; by default all alike.

    Returns:
        (labels,), with a geometric mean of 1 and within `MOST` of each other; multiply and normalise each row.

    >>> leaning = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4]])
    >>> weights = class_weights(leaning)
    >>> balanced = leaning * weights / (leaning * weights).sum(axis=1, keepdims=True)
    >>> balanced.mean(axis=0).round(6)
    array([0.5, 0.5])
    """
    values = np.maximum(np.asarray(probabilities, dtype=np.float64), _TINY)
    wanted = np.ones(values.shape[1]) if shares is None else np.asarray(shares, dtype=np.float64)
    wanted = wanted / wanted.sum()
    weights = np.ones(values.shape[1])
    span = np.log(MOST) / 2
    for _ in range(_ROUNDS):
        rows = values * weights
        mean = (rows / rows.sum(axis=1, keepdims=True)).mean(axis=0)
        logs = np.log(weights * wanted / mean)
        new = np.exp(np.clip(logs - logs.mean(), -span, span))
        if np.abs(new - weights).max() < _CLOSE:
            break
        weights = new
    return weights


def balance(
    answers: Sequence[Mapping[str, Any]],
    *,
    shares: Mapping[str, float] | None = None,
    unsure_below: float = 0.0,
) -> list[dict[str, Any]]:
    """Answers of the prediction JSON with balanced classes; segments are weighted as their recordings are.

    The answers that were changed say so in ``adapted``.

    Args:
        answers: objects of the prediction JSON; failures and recordings without speech stay as they are.
        shares: label -> share of the recordings; all alike by default. They are normalised.
        unsure_below: as it was when the answers were made.

    Raises:
        HearfeltError: fewer than two recordings with speech, or shares of other labels.
    """
    labels, matrix = matrix_of(answers)
    if len(matrix) < 2:
        raise HearfeltError(
            f"Balancing needs several recordings with speech, and there are {len(matrix)}. Leave --balance out."
        )
    if shares is not None and (set(shares) != set(labels) or min(shares.values()) <= 0):
        raise HearfeltError(
            f"Shares are needed for each of {', '.join(labels)}, above 0; got "
            + (", ".join(f"{label}={share:g}" for label, share in shares.items()) or "none")
            + "."
        )
    found = class_weights(matrix, None if shares is None else [shares[label] for label in labels])
    weights = dict(zip(labels, found.tolist(), strict=True))
    return [reweighed(answer, weights, MARK, unsure_below) for answer in answers]
