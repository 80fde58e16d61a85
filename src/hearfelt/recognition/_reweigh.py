"""What the adaptations share: answers of the prediction JSON with one weight a class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearfelt.recognition.results import decide

Answer = Mapping[str, Any]


def matrix_of(answers: Sequence[Answer]) -> tuple[list[str], NDArray[np.float64]]:
    """Labels, and the probabilities (recordings, labels) of the answers with speech."""
    spoken = [answer["probabilities"] for answer in answers if answer.get("probabilities")]
    labels = list(spoken[0]) if spoken else []
    rows = [[row[label] for label in labels] for row in spoken]
    return labels, np.array(rows, dtype=np.float64).reshape(len(rows), len(labels))


def reweighed(
    answer: Answer, weights: Mapping[str, float], adapted: str, unsure_below: float
) -> dict[str, Any]:
    """An answer with its probabilities, and those of its segments, times the weights, and the mark ``adapted``.

    Failures and answers without speech stay as they are.
    """
    if not answer.get("probabilities"):
        return dict(answer)
    changed = _weighted(answer, weights, unsure_below)
    segments = changed.pop("segments", None)
    marked = {**changed, "adapted": adapted}
    if segments is None:
        return marked
    return {**marked, "segments": [_weighted(segment, weights, unsure_below) for segment in segments]}


def _weighted(answer: Answer, weights: Mapping[str, float], unsure_below: float) -> dict[str, Any]:
    if not answer.get("probabilities"):
        return dict(answer)
    labels = list(answer["probabilities"])
    row = np.array([answer["probabilities"][label] * weights[label] for label in labels])
    emotion, confidence, named = decide(row / row.sum(), labels, unsure_below)
    return {
        **answer,
        "emotion": emotion,
        "confidence": round(confidence or 0.0, 6),
        "probabilities": {label: round(value, 6) for label, value in named.items()},
    }
