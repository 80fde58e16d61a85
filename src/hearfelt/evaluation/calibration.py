"""Whether a confidence of 0.8 is right 8 times in 10, and how to make it so.

Calibrated probabilities are ``softmax(logits / temperature + bias)``; a temperature alone never changes which
class is best. Both are fitted on validation rows only, by Newton's method on a convex loss.

Sources: Guo et al. (2017), On Calibration of Modern Neural Networks (temperature, calibration error);
Nixon et al. (2019), Measuring Calibration in Deep Learning (adaptive bins); Geifman et al. (2019),
Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers (area under the risk-coverage curve).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hearfelt.errors import HearfeltError
from hearfelt.evaluation.metrics import Floats, Ints

#: A fit stays within these; a fold without a single mistake would otherwise ask for temperature zero.
TEMPERATURE_RANGE = (0.05, 20.0)
_SMALLEST = 1e-12  # probabilities are kept above this before a logarithm


def softmax(logits: ArrayLike, temperature: float = 1.0, bias: ArrayLike | None = None) -> Floats:
    """Probabilities ``softmax(logits / temperature + bias)``, shape (clips, labels).

    >>> softmax([[0.0, 0.0]]).tolist()
    [[0.5, 0.5]]
    """
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    if bias is not None and np.size(bias):
        scaled = scaled + np.asarray(bias, dtype=np.float64)
    raised = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    probabilities: Floats = raised / raised.sum(axis=-1, keepdims=True)
    return probabilities


def log_probabilities(probabilities: ArrayLike) -> Floats:
    """Logits that give these probabilities back, for results that kept no logits."""
    logs: Floats = np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), _SMALLEST))
    return logs


def _checked(values: ArrayLike, truth: ArrayLike, what: str) -> tuple[Floats, Ints]:
    matrix, rows = np.asarray(values, dtype=np.float64), np.asarray(truth, dtype=np.int64).ravel()
    if matrix.ndim != 2 or matrix.shape[0] != rows.size or not rows.size:
        raise HearfeltError(
            f"{what} of shape {matrix.shape} and {rows.size} true classes: (clips, labels) and at least one "
            "clip were expected."
        )
    if not np.isfinite(matrix).all():
        bad = int((~np.isfinite(matrix)).any(axis=1).sum())
        raise HearfeltError(f"{what} of {bad} of {rows.size} clips are not finite numbers.")
    if rows.min() < 0 or rows.max() >= matrix.shape[1]:
        raise HearfeltError(
            f"True classes run from {rows.min()} to {rows.max()}; 0 to {matrix.shape[1] - 1} was expected."
        )
    return matrix, rows


def negative_log_likelihood(probabilities: ArrayLike, truth: ArrayLike) -> float:
    """Mean of -log of the probability that the true class was given."""
    matrix, rows = _checked(probabilities, truth, "Probabilities")
    return float(-log_probabilities(matrix[np.arange(rows.size), rows]).mean())


def brier_score(probabilities: ArrayLike, truth: ArrayLike) -> float:
    """Mean squared distance to the one-hot truth, summed over classes: 0 perfect, 2 worst.

    >>> brier_score([[1.0, 0.0], [0.5, 0.5]], [0, 0])
    0.25
    """
    matrix, rows = _checked(probabilities, truth, "Probabilities")
    distance = matrix.copy()
    distance[np.arange(rows.size), rows] -= 1.0
    return float((distance**2).sum(axis=1).mean())


@dataclass(frozen=True)
class Reliability:
    """Confidence against accuracy, in bins that are not empty.

    Attributes:
        low: lower edge of each bin.
        high: upper edge of each bin.
        count: clips in each bin.
        confidence: mean confidence of each bin.
        accuracy: share of right answers of each bin.
    """

    low: Floats
    high: Floats
    count: Ints
    confidence: Floats
    accuracy: Floats

    @property
    def expected_calibration_error(self) -> float:
        """Mean gap between confidence and accuracy, weighted by clips."""
        return float((np.abs(self.confidence - self.accuracy) * self.count).sum() / self.count.sum())

    def to_json(self) -> dict[str, list[Any]]:
        """One list a column."""
        return {
            name: [round(float(v), 6) for v in getattr(self, name)]
            for name in ("low", "high", "confidence", "accuracy")
        } | {"count": [int(v) for v in self.count]}


def reliability(
    probabilities: ArrayLike, truth: ArrayLike, *, bins: int = 15, adaptive: bool = False
) -> Reliability:
    """Sort clips into bins of confidence, the probability of the best class.

    Args:
        probabilities: shape (clips, labels).
        truth: class indices, shape (clips,).
        bins: how many.
        adaptive: bins with equally many clips instead of equally wide ones.

    Raises:
        HearfeltError: shapes that do not fit, values that are not finite, no clips.
    """
    matrix, rows = _checked(probabilities, truth, "Probabilities")
    confidence = matrix.max(axis=1)
    right = (matrix.argmax(axis=1) == rows).astype(np.float64)
    if adaptive:
        rank = np.empty(rows.size, dtype=np.int64)
        rank[np.argsort(confidence, kind="stable")] = np.arange(rows.size)
        index = rank * bins // rows.size
    else:
        # (low, high]: a confidence of exactly 1 belongs to the last bin
        index = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    count = np.bincount(index, minlength=bins)
    full = count > 0
    mean = np.bincount(index, confidence, minlength=bins)[full] / count[full]
    share = np.bincount(index, right, minlength=bins)[full] / count[full]
    if adaptive:
        low = np.array([confidence[index == k].min() for k in np.flatnonzero(full)])
        high = np.array([confidence[index == k].max() for k in np.flatnonzero(full)])
    else:
        low, high = np.flatnonzero(full) / bins, (np.flatnonzero(full) + 1) / bins
    return Reliability(low, high, count[full].astype(np.int64), mean, share)


def expected_calibration_error(
    probabilities: ArrayLike, truth: ArrayLike, *, bins: int = 15, adaptive: bool = False
) -> float:
    """Mean gap between confidence and accuracy over bins of confidence, weighted by clips.

    >>> expected_calibration_error([[0.75, 0.25]] * 4, [0, 0, 0, 1])
    0.0
    """
    return reliability(probabilities, truth, bins=bins, adaptive=adaptive).expected_calibration_error


@dataclass(frozen=True)
class TemperatureFit:
    """What was fitted, and what it was worth on the rows that it was fitted on.

    Attributes:
        temperature: divides the logits.
        bias: added a class after the temperature, sums to zero; empty where none was fitted.
        loss_before: mean negative log-likelihood at temperature 1.
        loss_after: the same after the fit.
        n: rows fitted on.
    """

    temperature: float
    bias: tuple[float, ...]
    loss_before: float
    loss_after: float
    n: int

    def apply(self, logits: ArrayLike) -> Floats:
        """Calibrated probabilities of other rows, shape (clips, labels)."""
        return softmax(logits, self.temperature, self.bias)


def fit_temperature(
    logits: ArrayLike, truth: ArrayLike, *, with_bias: bool = False, ridge: float = 1e-3
) -> TemperatureFit:
    """Find the temperature (and bias) that make the true classes most likely.

    The loss is convex in 1/temperature and bias, so damped Newton steps reach its one minimum.

    Args:
        logits: of validation rows, shape (clips, labels).
        truth: class indices, shape (clips,).
        with_bias: fit a bias a class too; that may change which class is best.
        ridge: weight of the squared bias, so that a class without rows keeps a finite bias.

    Raises:
        HearfeltError: shapes that do not fit, values that are not finite, no clips.
    """
    matrix, rows = _checked(logits, truth, "Logits")
    n, n_classes = matrix.shape
    # Shifting a row changes nothing and keeps numbers small.
    matrix = matrix - matrix.max(axis=1, keepdims=True)
    chosen = np.arange(n), rows

    def loss(parameters: Floats) -> float:
        scaled = matrix * parameters[0] + parameters[1:]
        top = scaled.max(axis=1)
        likelihood = scaled[chosen] - top - np.log(np.exp(scaled - top[:, None]).sum(axis=1))
        return float(-likelihood.mean() + 0.5 * ridge * (parameters[1:] ** 2).sum())

    parameters = np.zeros(1 + n_classes)
    parameters[0] = 1.0
    before = best = loss(parameters)
    low, high = 1.0 / TEMPERATURE_RANGE[1], 1.0 / TEMPERATURE_RANGE[0]
    free = 1 + n_classes if with_bias else 1
    one_hot = np.zeros_like(matrix)
    one_hot[chosen] = 1.0
    for _ in range(100):
        p = softmax(matrix * parameters[0] + parameters[1:])
        mean = (p * matrix).sum(axis=1)
        gradient = np.concatenate([[(mean - matrix[chosen]).mean()], (p - one_hot).mean(axis=0)])
        gradient[1:] += ridge * parameters[1:]
        hessian = np.empty((1 + n_classes, 1 + n_classes))
        hessian[0, 0] = ((p * matrix**2).sum(axis=1) - mean**2).mean()
        hessian[0, 1:] = hessian[1:, 0] = (p * (matrix - mean[:, None])).mean(axis=0)
        hessian[1:, 1:] = np.diag(p.mean(axis=0)) - p.T @ p / n
        hessian[np.diag_indices(1 + n_classes)] += np.concatenate([[1e-12], np.full(n_classes, ridge)])
        step = np.linalg.solve(hessian[:free, :free], gradient[:free])
        size, moved = 1.0, False
        while size > 1e-6 and not moved:
            trial = parameters.copy()
            trial[:free] -= size * step
            trial[0] = np.clip(trial[0], low, high)
            value = loss(trial)
            moved = value < best
            size /= 2
        if not moved:
            break
        gain, best, parameters = best - value, value, trial
        if gain < 1e-14:
            break
    bias = parameters[1:] - parameters[1:].mean()
    after = negative_log_likelihood(softmax(matrix * parameters[0] + bias), rows)
    return TemperatureFit(
        temperature=float(1.0 / parameters[0]),
        bias=tuple(float(b) for b in bias) if with_bias else (),
        loss_before=before,
        loss_after=after,
        n=n,
    )


def risk_coverage(confidence: ArrayLike, right: ArrayLike) -> tuple[Floats, Floats]:
    """Share of wrong answers when only the most confident clips are answered.

    Equal confidences share their mistakes evenly, so that the order of rows does not matter.

    Args:
        confidence: probability of the best class, shape (clips,).
        right: whether the answer is right, shape (clips,).

    Returns:
        coverage (1/n to 1) and risk, each of shape (clips,).

    >>> [values.tolist() for values in risk_coverage([0.9, 0.6], [True, False])]
    [[0.5, 1.0], [0.0, 0.5]]
    """
    values = np.asarray(confidence, dtype=np.float64).ravel()
    wrong = 1.0 - np.asarray(right, dtype=np.float64).ravel()
    if not values.size or values.size != wrong.size:
        raise HearfeltError(
            f"{values.size} confidences and {wrong.size} answers: as many, and at least one, needed."
        )
    _, tie, count = np.unique(-values, return_inverse=True, return_counts=True)
    share = np.bincount(tie, wrong) / count
    ordered = np.repeat(share, count)
    kept = np.arange(1, values.size + 1)
    return kept / values.size, np.cumsum(ordered) / kept


def area_under_risk_coverage(confidence: ArrayLike, right: ArrayLike) -> float:
    """AURC: mean risk over all coverages; lower is better, the error rate where confidence says nothing."""
    return float(risk_coverage(confidence, right)[1].mean())
