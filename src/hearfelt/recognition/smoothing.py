"""From probabilities of windows to one emotion at a time: as they are, by hysteresis, or by Viterbi."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hearfelt.errors import HearfeltError, UnknownNameError

SMOOTHINGS = ("viterbi", "hysteresis", "none")
_LEAST = 1e-9


def smooth(
    probabilities: NDArray[np.float64],
    times: Sequence[float] | NDArray[np.float64],
    *,
    method: str = "viterbi",
    stay_seconds: float = 2.0,
    margin: float = 0.15,
) -> NDArray[np.intp]:
    """Label of each window.

    Args:
        probabilities: (windows, labels), rows sum to 1.
        times: (windows,) seconds of their middles, rising.
        method: ``none`` takes the most probable label. ``hysteresis`` leaves a label only for one that is more
            probable by ``margin``, and begins anew after a pause of ``stay_seconds``. ``viterbi`` finds the most
            probable path of a chain that stays in an emotion for ``stay_seconds`` on average, so that a change
            costs less the more time has passed, and nothing after a long pause.
        stay_seconds: see ``method``.
        margin: see ``method``.

    Returns:
        (windows,) indices of labels.

    Raises:
        UnknownNameError: no such method.
        HearfeltError: a parameter is out of range.

    >>> shaky = np.array([[0.9, 0.1], [0.45, 0.55], [0.9, 0.1], [0.1, 0.9], [0.1, 0.9]])
    >>> [smooth(shaky, range(5), method=method).tolist() for method in ("none", "hysteresis", "viterbi")]
    [[0, 1, 0, 1, 1], [0, 0, 0, 1, 1], [0, 0, 0, 1, 1]]
    """
    check_smoothing(method, stay_seconds, margin)
    values = np.asarray(probabilities, dtype=np.float64)
    if not len(values):
        return np.zeros(0, dtype=np.intp)
    steps = np.diff(np.asarray(times, dtype=np.float64))
    if method == "none":
        return np.asarray(values.argmax(axis=1), dtype=np.intp)
    if method == "hysteresis":
        return _hysteresis(values, steps, stay_seconds, margin)
    return _viterbi(values, steps, stay_seconds)


def check_smoothing(method: str, stay_seconds: float, margin: float) -> None:
    """Refuse what `smooth` would refuse.

    Raises:
        UnknownNameError: no such method.
        HearfeltError: a parameter is out of range.
    """
    if method not in SMOOTHINGS:
        raise UnknownNameError("smoothing", method, SMOOTHINGS)
    if not 0 < stay_seconds <= 3600:
        raise HearfeltError(f"stay_seconds is {stay_seconds:g}; it must be above 0 and at most 3600 s.")
    if not 0 <= margin < 1:
        raise HearfeltError(f"margin is {margin:g}; it is a difference of probabilities, 0 to below 1.")


def _hysteresis(
    values: NDArray[np.float64], steps: NDArray[np.float64], stay_seconds: float, margin: float
) -> NDArray[np.intp]:
    path: NDArray[np.intp] = np.asarray(values.argmax(axis=1), dtype=np.intp)
    for k in range(1, len(values)):
        held = path[k - 1]
        if steps[k - 1] < stay_seconds and values[k, path[k]] <= values[k, held] + margin:
            path[k] = held
    return path


def _viterbi(
    values: NDArray[np.float64], steps: NDArray[np.float64], stay_seconds: float
) -> NDArray[np.intp]:
    count = values.shape[1]
    evidence = np.log(np.maximum(values, _LEAST))
    # A chain in continuous time: after a step all labels are reached alike but for what has not moved yet.
    kept = np.exp(-steps / stay_seconds)
    switch = np.log(np.maximum((1 - kept) / count, _LEAST))
    stay = np.log((1 - kept) / count + kept)
    best = evidence[0]
    back = np.zeros(values.shape, dtype=np.intp)
    back[0] = np.arange(count)
    for k in range(1, len(values)):
        source = int(best.argmax())
        staying, moving = best + stay[k - 1], best[source] + switch[k - 1]
        back[k] = np.where(staying >= moving, np.arange(count), source)
        best = np.maximum(staying, moving) + evidence[k]
    path = np.empty(len(values), dtype=np.intp)
    path[-1] = best.argmax()
    for k in range(len(values) - 1, 0, -1):
        path[k - 1] = back[k, path[k]]
    return path
