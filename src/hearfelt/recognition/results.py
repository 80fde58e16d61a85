"""What recognition answers: for each recording one emotion, its probabilities and its segments in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Answers beside the labels of a model.
NO_SPEECH = "no_speech"
UNSURE = "unsure"

_DIGITS = 6  # of probabilities and seconds in JSON; float32 has no more


@dataclass(frozen=True, slots=True)
class Segment:
    """A window of a recording.

    Attributes:
        start: seconds.
        end: seconds.
        emotion: a label of the model, `NO_SPEECH` or `UNSURE`.
        confidence: probability of the best label; None without speech.
        probabilities: label -> probability, sums to 1; empty without speech.
    """

    start: float
    end: float
    emotion: str
    confidence: float | None
    probabilities: Mapping[str, float] = field(hash=False)

    def to_dict(self) -> dict[str, Any]:
        """The segment as an object of the prediction JSON."""
        return {"start": round(self.start, _DIGITS), "end": round(self.end, _DIGITS), **_answer(self)}


@dataclass(frozen=True, slots=True)
class Recognition:
    """The answer for a recording.

    Attributes:
        path: of the file, ``-`` for standard input, empty for samples in memory.
        duration: seconds.
        emotion: a label of the model, `NO_SPEECH` or `UNSURE`.
        confidence: probability of the best label; None without speech.
        probabilities: label -> probability, sums to 1; empty without speech.
        segments: the windows, in time order; they overlap where the hop is shorter than the window.
    """

    path: str
    duration: float
    emotion: str
    confidence: float | None
    probabilities: Mapping[str, float] = field(hash=False)
    segments: tuple[Segment, ...]

    def to_dict(self) -> dict[str, Any]:
        """The answer as an object of the prediction JSON (docs/contracts.md)."""
        return {
            "path": self.path,
            "duration": round(self.duration, _DIGITS),
            **_answer(self),
            "segments": [segment.to_dict() for segment in self.segments],
        }


@dataclass(frozen=True, slots=True)
class Failure:
    """A recording that could not be recognised.

    Attributes:
        path: as in `Recognition`.
        error: one sentence.
    """

    path: str
    error: str

    def to_dict(self) -> dict[str, Any]:
        """The failure as an object of the prediction JSON."""
        return {"path": self.path, "error": self.error}


def combine(probabilities: NDArray[np.float64], seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities of a recording from those of its windows: their mean, weighted by duration.

    Args:
        probabilities: (windows, labels), rows sum to 1.
        seconds: (windows,) positive.

    Returns:
        (labels,), sums to 1.

    >>> combine(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([3.0, 1.0]))
    array([0.75, 0.25])
    """
    mean = (seconds / seconds.sum()) @ probabilities
    return np.asarray(mean / mean.sum(), dtype=np.float64)


def decide(
    probabilities: NDArray[np.float64] | None, labels: Sequence[str], unsure_below: float
) -> tuple[str, float | None, dict[str, float]]:
    """Emotion, confidence and named probabilities of an answer; None stands for no speech.

    >>> decide(np.array([0.4, 0.6]), ["sad", "angry"], unsure_below=0.7)
    ('unsure', 0.6, {'sad': 0.4, 'angry': 0.6})
    """
    if probabilities is None:
        return NO_SPEECH, None, {}
    best = int(np.argmax(probabilities))
    confidence = float(probabilities[best])
    named = dict(zip(labels, map(float, probabilities), strict=True))
    return UNSURE if confidence < unsure_below else labels[best], confidence, named


def _answer(result: Segment | Recognition) -> dict[str, Any]:
    return {
        "emotion": result.emotion,
        "confidence": None if result.confidence is None else round(result.confidence, _DIGITS),
        "probabilities": {label: round(value, _DIGITS) for label, value in result.probabilities.items()},
    }
