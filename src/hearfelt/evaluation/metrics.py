"""Scores of a classifier from its confusion matrix.

Every measure takes confusion matrices of shape (..., classes, classes), rows truth and columns prediction,
and gives an array of shape (...): one matrix gives a number, a stack of bootstrap resamples as many numbers.
UAR, unweighted average recall, is the field's leading measure: the mean recall over the classes that occur in
the truth, so that a frequent class counts no more than a rare one (Schuller et al., INTERSPEECH 2009).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hearfelt.errors import HearfeltError, UnknownNameError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def confusion_matrix(truth: ArrayLike, prediction: ArrayLike, n_classes: int) -> Ints:
    """Count how often each class was heard as each class.

    Args:
        truth: class indices, shape (clips,).
        prediction: class indices, shape (clips,).
        n_classes: number of classes.

    Returns:
        counts of shape (n_classes, n_classes); rows are the truth, columns the prediction.

    Raises:
        HearfeltError: the lengths differ, or an index is outside 0 to n_classes - 1.

    >>> confusion_matrix([0, 0, 1], [0, 1, 1], 2).tolist()
    [[1, 1], [0, 1]]
    """
    rows, columns = _indices(truth, n_classes, "truth"), _indices(prediction, n_classes, "prediction")
    if rows.shape != columns.shape:
        raise HearfeltError(
            f"Truth has {rows.size} clips and prediction {columns.size}; one prediction a clip was expected."
        )
    cells = np.bincount(rows * n_classes + columns, minlength=n_classes * n_classes)
    return cells.reshape(n_classes, n_classes).astype(np.int64)


def _indices(values: ArrayLike, n_classes: int, what: str) -> Ints:
    indices = np.asarray(values)
    if indices.size and not np.issubdtype(indices.dtype, np.integer):
        raise HearfeltError(f"The {what} holds {indices.dtype}; class indices (integers) were expected.")
    indices = indices.astype(np.int64).ravel()
    if indices.size and (indices.min() < 0 or indices.max() >= n_classes):
        raise HearfeltError(
            f"The {what} holds class indices from {indices.min()} to {indices.max()}; "
            f"0 to {n_classes - 1} was expected."
        )
    return indices


def _ratio(part: Floats, whole: Floats, otherwise: float = 0.0) -> Floats:
    """Divide; ``otherwise`` where the denominator is zero."""
    result: Floats = np.full(np.broadcast(part, whole).shape, otherwise)
    np.divide(part, whole, out=result, where=whole != 0)
    return result


def _parts(confusion: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """(correct, support, predicted) of each class, each of shape (..., classes)."""
    counts = np.asarray(confusion, dtype=np.float64)
    if counts.ndim < 2 or counts.shape[-1] != counts.shape[-2]:
        raise HearfeltError(f"A confusion matrix has shape (classes, classes), got {counts.shape}.")
    correct = np.diagonal(counts, axis1=-2, axis2=-1)
    support = counts.sum(axis=-1)
    if not np.all(support.sum(axis=-1) > 0):
        raise HearfeltError("There are no clips to score: the confusion matrix is empty.")
    return correct, support, counts.sum(axis=-2)


def class_recall(confusion: ArrayLike) -> Floats:
    """Share of each class' clips that were recognised, (..., classes); NaN for a class without clips."""
    correct, support, _ = _parts(confusion)
    return _ratio(correct, support, np.nan)


def class_precision(confusion: ArrayLike) -> Floats:
    """Share of each class' predictions that were right, (..., classes); 0 where it was never predicted."""
    correct, _, predicted = _parts(confusion)
    return _ratio(correct, predicted)


def class_f1(confusion: ArrayLike) -> Floats:
    """Harmonic mean of precision and recall, shape (..., classes); NaN for a class without clips."""
    correct, support, predicted = _parts(confusion)
    return np.where(support > 0, _ratio(2 * correct, support + predicted), np.nan)


def _over_present(values: Floats, support: Floats) -> Floats:
    present = support > 0
    mean: Floats = np.where(present, values, 0.0).sum(axis=-1) / present.sum(axis=-1)
    return mean


def unweighted_average_recall(confusion: ArrayLike) -> Floats:
    """UAR: mean recall over the classes that occur in the truth, shape (...).

    Raises:
        HearfeltError: a matrix without clips.

    >>> float(unweighted_average_recall([[8, 2], [1, 1]]))
    0.65
    """
    correct, support, _ = _parts(confusion)
    return _over_present(_ratio(correct, support), support)


def accuracy(confusion: ArrayLike) -> Floats:
    """Share of clips that are right, shape (...); the field also calls it WA, weighted accuracy.

    >>> float(accuracy([[8, 2], [1, 1]]))
    0.75
    """
    correct, support, _ = _parts(confusion)
    share: Floats = correct.sum(axis=-1) / support.sum(axis=-1)
    return share


def macro_precision(confusion: ArrayLike) -> Floats:
    """Mean precision over the classes that occur in the truth, shape (...)."""
    correct, support, predicted = _parts(confusion)
    return _over_present(_ratio(correct, predicted), support)


def macro_f1(confusion: ArrayLike) -> Floats:
    """Mean F1 over the classes that occur in the truth, shape (...)."""
    correct, support, predicted = _parts(confusion)
    return _over_present(_ratio(2 * correct, support + predicted), support)


def matthews_correlation(confusion: ArrayLike) -> Floats:
    """Multi-class Matthews correlation coefficient, shape (...): 1 perfect, 0 as good as a constant answer.

    Source: Gorodkin (2004), Comparing two K-category assignments by a K-category correlation coefficient.
    """
    correct, support, predicted = _parts(confusion)
    total = support.sum(axis=-1)
    covariance = correct.sum(axis=-1) * total - (support * predicted).sum(axis=-1)
    spread = (total**2 - (predicted**2).sum(axis=-1)) * (total**2 - (support**2).sum(axis=-1))
    return _ratio(covariance, np.sqrt(spread))


#: Measure name -> function from confusion matrices (..., classes, classes) to numbers (...).
MEASURES: Mapping[str, Callable[[ArrayLike], Floats]] = {
    "uar": unweighted_average_recall,
    "accuracy": accuracy,
    "macro_precision": macro_precision,
    "macro_f1": macro_f1,
    "mcc": matthews_correlation,
}


def scores(confusion: ArrayLike) -> dict[str, float]:
    """All measures of one confusion matrix, cheap enough for every epoch.

    Raises:
        HearfeltError: a matrix without clips.

    >>> scores([[8, 2], [1, 1]])["uar"]
    0.65
    """
    return {name: float(measure(confusion)) for name, measure in MEASURES.items()}


def label_indices(names: Sequence[str], labels: Sequence[str]) -> Ints:
    """Positions of class names in ``labels``, shape (clips,).

    Raises:
        UnknownNameError: a name is not among the labels.
    """
    position = {label: index for index, label in enumerate(labels)}
    try:
        return np.fromiter((position[name] for name in names), dtype=np.int64, count=len(names))
    except KeyError as error:
        raise UnknownNameError("class", str(error.args[0]), labels) from None


def confusion_metrics(confusion: ArrayLike, labels: Sequence[str]) -> dict[str, Any]:
    """What `classification_metrics` gives, from a confusion matrix."""
    counts = np.asarray(confusion)
    if counts.shape != (len(labels), len(labels)):
        raise HearfeltError(f"{len(labels)} labels do not fit a confusion matrix of shape {counts.shape}.")
    recall, precision, f1 = class_recall(counts), class_precision(counts), class_f1(counts)
    support = counts.sum(axis=1)
    return {
        "n": int(counts.sum()),
        **scores(counts),
        "per_class": {
            label: {
                "precision": float(precision[k]),
                "recall": float(recall[k]) if support[k] else None,
                "f1": float(f1[k]) if support[k] else None,
                "support": int(support[k]),
            }
            for k, label in enumerate(labels)
        },
        "confusion": {"labels": list(labels), "matrix": [[int(cell) for cell in row] for row in counts]},
    }


def classification_metrics(
    truth: Sequence[str], prediction: Sequence[str], labels: Sequence[str]
) -> dict[str, Any]:
    """Everything that is known of a set of answers, ready for JSON.

    Args:
        truth: class names, one a clip.
        prediction: class names, one a clip.
        labels: all classes, in the order of the confusion matrix.

    Returns:
        ``n``, the measures of `MEASURES`, ``per_class`` (label -> precision, recall, f1, support; recall and
        f1 are None for a class without clips) and ``confusion`` (labels, matrix; rows are the truth). Macro
        means are over the classes that occur in the truth.

    Raises:
        HearfeltError: no clips, or the lengths differ.
        UnknownNameError: a name that is not among the labels.

    >>> answer = classification_metrics(["sad", "sad", "happy"], ["sad", "happy", "happy"], ["happy", "sad"])
    >>> answer["uar"], answer["confusion"]["matrix"]
    (0.75, [[1, 0], [1, 1]])
    """
    counts = confusion_matrix(label_indices(truth, labels), label_indices(prediction, labels), len(labels))
    return confusion_metrics(counts, labels)


def closed_set_prediction(probabilities: ArrayLike, labels: Sequence[str], allowed: Sequence[str]) -> Ints:
    """Best class among those that a corpus has: a model of eight classes judged on a corpus of five.

    Args:
        probabilities: shape (clips, labels).
        labels: names of the columns.
        allowed: classes that may be answered.

    Returns:
        indices into ``labels``, shape (clips,).

    Raises:
        HearfeltError: the columns do not fit the labels, or nothing is allowed.
        UnknownNameError: an allowed class is not among the labels.

    >>> closed_set_prediction([[0.5, 0.3, 0.2]], ["calm", "happy", "sad"], ["happy", "sad"]).tolist()
    [1]
    """
    values = np.asarray(probabilities, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != len(labels):
        raise HearfeltError(f"Probabilities have shape {values.shape}; (clips, {len(labels)}) was expected.")
    columns = np.unique(label_indices(list(allowed), labels))
    if not columns.size:
        raise HearfeltError("A closed set needs at least one allowed class, got none.")
    best: Ints = columns[values[:, columns].argmax(axis=1)]
    return best
