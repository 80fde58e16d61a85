"""Adapt answers to a voice without labels: what a recogniser always says of somebody is taken off what it says.

A strange voice or room pulls all answers to some classes. The mean log-probability of each class over a few recordings
of the same voice shows where to, if their emotions are mixed. It is subtracted, shrunk towards nothing where the
recordings are few, and limited, because recordings that really are of one emotion look the same as a voice that leans.
docs/results.md has what it gives and costs; benchmarks/speaker_normalize.py makes the figures, and chose the constants.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hearfelt.errors import HearfeltError
from hearfelt.recognition._reweigh import matrix_of, reweighed

#: Fewer recordings of a voice with speech tell too little; its answers are left as they are.
FEWEST = 5
#: Recordings that the assumption "this voice leans nowhere" counts for.
STRENGTH = 5.0
#: Log-probabilities move by less than this.
LIMIT = 1.0
#: What `adapted` says in the answers.
MARK = "speaker_normalize"

_TINY = 1e-6  # what the prediction JSON rounds to


def lean(
    probabilities: ArrayLike, *, strength: float = STRENGTH, limit: float = LIMIT
) -> NDArray[np.float64]:
    """Where the answers to one voice lean: to be subtracted from its log-probabilities.

    Args:
        probabilities: (recordings, labels) of one voice, rows sum to 1.
        strength: recordings that "leans nowhere" counts for; 0 believes the recordings alone.
        limit: of what comes out, approached smoothly.

    Returns:
        (labels,): positive where a class is answered too readily.

    >>> lean([[0.7, 0.2, 0.1]] * 10).round(2).tolist()
    [0.61, -0.12, -0.53]
    """
    logs = np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), _TINY))
    mean = logs.mean(axis=0)
    shrunk = (mean - mean.mean()) * len(logs) / (len(logs) + strength)
    found: NDArray[np.float64] = limit * np.tanh(shrunk / limit)
    return found


def learn(answers: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The weight of each label for one voice, from answers to recordings of it; `apply` uses them on these or others.

    Args:
        answers: objects of the prediction JSON; failures and recordings without speech do not count.

    Raises:
        HearfeltError: fewer than `FEWEST` recordings with speech.
    """
    labels, matrix = matrix_of(answers)
    if len(matrix) < FEWEST:
        raise HearfeltError(
            f"Normalising to a speaker needs {FEWEST} or more recordings of the voice with speech, and there are "
            f"{len(matrix)}. Give more of them, or leave it out."
        )
    return dict(zip(labels, np.exp(-lean(matrix)).tolist(), strict=True))


def apply(
    answers: Sequence[Mapping[str, Any]], weights: Mapping[str, float], *, unsure_below: float = 0.0
) -> list[dict[str, Any]]:
    """Answers to recordings of a voice, with the weights that `learn` found for it; ``adapted`` says so.

    Args:
        answers: objects of the prediction JSON; failures and recordings without speech stay as they are.
        weights: of each label.
        unsure_below: as it was when the answers were made.

    Raises:
        HearfeltError: the weights are those of other labels.
    """
    for answer in answers:
        if answer.get("probabilities") and set(answer["probabilities"]) != set(weights):
            raise HearfeltError(
                f"The weights are for {', '.join(weights)}, and an answer has "
                f"{', '.join(answer['probabilities'])}. Use the same model and labels for both."
            )
    return [reweighed(answer, weights, MARK, unsure_below) for answer in answers]


def speaker_normalize(
    answers: Sequence[Mapping[str, Any]],
    *,
    speakers: Sequence[str] | None = None,
    unsure_below: float = 0.0,
) -> list[dict[str, Any]]:
    """Answers adapted to the voices that they are of, in the same order.

    Each voice is adapted to by all its recordings. Where it has fewer than `FEWEST` with speech, its answers stay as
    they are and have no ``adapted``.

    Args:
        answers: objects of the prediction JSON.
        speakers: name of each answer's voice; by default all are of one.
        unsure_below: as it was when the answers were made.

    Raises:
        HearfeltError: no voice has enough recordings, or as many names as answers are not given.
    """
    if speakers is None:
        return apply(answers, learn(answers), unsure_below=unsure_below)
    if len(speakers) != len(answers):
        raise HearfeltError(f"There are {len(answers)} answers and {len(speakers)} names of speakers.")
    of: dict[str, list[int]] = {}
    for place, speaker in enumerate(speakers):
        of.setdefault(speaker, []).append(place)
    found = [dict(answer) for answer in answers]
    spoken = {
        speaker: sum(bool(found[place].get("probabilities")) for place in of[speaker]) for speaker in of
    }
    if max(spoken.values(), default=0) < FEWEST:
        raise HearfeltError(
            f"Normalising to a speaker needs {FEWEST} or more recordings of a voice with speech; of {len(of)} speakers "
            f"the most has {max(spoken.values(), default=0)}. Give more of them, or leave it out."
        )
    for speaker, places in of.items():
        if spoken[speaker] >= FEWEST:
            own = [found[place] for place in places]
            for place, answer in zip(places, apply(own, learn(own), unsure_below=unsure_below), strict=True):
                found[place] = answer
    return found
