"""A model beside the people who rated the same clips: who is right how often, and do they doubt the same clips.

Votes are shares of raters, as in the manifest's ``votes_<emotion>`` columns. Two closed sets are compared: *open*, all
classes that the raters could choose from, and *own*, the classes that the corpus has in this table; there a rater's
votes for others are left out and the rest is taken as the whole, as the model too chooses among these alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearfelt.errors import HearfeltError
from hearfelt.evaluation._people import mean_over
from hearfelt.evaluation.confidence import (
    FEWEST_SPEAKERS,
    LEVEL,
    RESAMPLES,
    Interval,
    percentile_interval,
)
from hearfelt.evaluation.metrics import Floats
from hearfelt.evaluation.predictions import Predictions
from hearfelt.evaluation.trust import own_classes

#: Clips by the share of raters who chose the most frequent answer, and by the share who chose the truth.
_AGREEING = ((0.0, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1.01))
_HEARING = ((0.0, 0.1), (0.1, 0.3), (0.3, 0.5), (0.5, 1.01))
_FLOOR = 1e-3  # a model's probability of zero would make the divergence infinite


def compare_with_raters(
    table: Predictions,
    votes: Floats,
    *,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> dict[str, Any] | None:
    """Model and raters on the clips that have votes.

    A single rater is right as often as the share of votes for the truth says; the majority is right where the truth has
    most votes, in part where it shares the first place. Each clip counts alike, however many heard it.

    Args:
        table: answers.
        votes: share of raters by clip and label, (clips, labels); NaN rows where nobody voted.
        rng: where the bootstrap draws come from.
        resamples: number of bootstrap resamples.
        level: of the intervals.

    Returns:
        None where no clip has votes, else ``n``, ``speakers``, ``corpora``; ``choices`` (classes of the raters) and
        ``classes`` (of the truth); ``open`` and ``own``: ``rater``, ``majority`` and ``model`` with ``accuracy`` and
        ``uar``, ``model_minus_rater`` and ``model_minus_majority`` in UAR; ``agreement`` on the own classes (divergence
        of the model and of the mean vote from the votes in nats, correlation by class); ``doubt``, the accuracy of the
        model by how much raters agree and by how many name the truth, with the gaps between the halves.

    Raises:
        HearfeltError: votes of another shape.
    """
    shares = np.asarray(votes, dtype=np.float64)
    if shares.shape != table.probabilities.shape:
        raise HearfeltError(
            f"Votes have shape {shares.shape}; {table.probabilities.shape} (clips, labels) was expected."
        )
    there = np.isfinite(shares).all(axis=1) & (np.nan_to_num(shares).sum(axis=1) > 0)
    if not there.any():
        return None
    part, given = table[there], shares[there] / shares[there].sum(axis=1, keepdims=True)
    choices = given.sum(axis=0) > 0
    classes = np.zeros_like(choices)
    classes[np.unique(part.truth)] = True
    people = _People(part, rng, resamples, level)
    own = _among(given, classes)
    best = np.where(choices | classes, part.probabilities, -1.0).argmax(axis=1)
    return {
        "n": len(part),
        "speakers": people.count,
        "corpora": sorted(set(part.corpus)),
        "choices": _names(table.labels, choices),
        "classes": _names(table.labels, classes),
        "open": _scores(people, given, part.truth, best),
        "own": _scores(people, own, part.truth, part.prediction),
        "agreement": _agreement(own_classes(part), own, classes),
        "doubt": _doubt(people, part, given),
    }


def _names(labels: Sequence[str], mask: NDArray[np.bool_]) -> list[str]:
    return [label for label, there in zip(labels, mask, strict=True) if there]


def _among(votes: Floats, classes: NDArray[np.bool_]) -> Floats:
    """Votes for some classes alone; who chose none of them is a coin toss among these."""
    part = np.where(classes, votes, 0.0)
    total = part.sum(axis=1, keepdims=True)
    chosen: Floats = np.where(total > 0, part / np.where(total > 0, total, 1.0), classes / classes.sum())
    return chosen


class _People:
    """Means over clips and over classes of a credit a clip, with intervals over speakers."""

    def __init__(self, table: Predictions, rng: np.random.Generator, resamples: int, level: float) -> None:
        self.truth, self.classes, self.level = table.truth, np.unique(table.truth), level
        names, self.person = np.unique(table.speaker.astype(str), return_inverse=True)
        self.count = int(names.size)
        self.drawn = rng.multinomial(self.count, np.full(self.count, 1.0 / self.count), size=resamples)

    def sums(self, values: Floats) -> Floats:
        """Of each person and class, (people, classes)."""
        found = np.zeros((self.count, self.classes.size))
        np.add.at(found, (self.person, np.searchsorted(self.classes, self.truth)), values)
        return found

    def means(self, values: Floats, of: NDArray[np.bool_] | None = None) -> tuple[Floats, Floats]:
        """(accuracy, UAR) of a credit, each (1 + resamples,): as it is, then resampled; ``of`` picks clips."""
        use = np.ones(self.truth.size) if of is None else of.astype(np.float64)
        credit, count = self.sums(values * use), self.sums(use)
        times = np.concatenate([np.ones((1, self.count)), self.drawn])
        right, all_ = times @ credit, times @ count
        with np.errstate(invalid="ignore", divide="ignore"):
            accuracy = right.sum(axis=1) / all_.sum(axis=1)
            uar = mean_over(right / all_, 1)
        return accuracy, uar

    def figure(self, values: Floats) -> dict[str, Any]:
        """First value with the interval of the others; ``clear`` where it excludes zero and speakers are enough."""
        rest = values[1:][~np.isnan(values[1:])]
        interval = (
            percentile_interval(rest, self.level)
            if self.count > 1 and rest.size > 1
            else Interval(None, None, "All clips are of one speaker.")
        )
        low, high = interval.low, interval.high
        clear = low is not None and high is not None and (low > 0 or high < 0)
        return {
            "value": float(values[0]),
            **interval.to_json(),
            "clear": clear and self.count >= FEWEST_SPEAKERS,
        }


def _credits(votes: Floats, truth: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """What a single rater and the majority get for each clip."""
    rows = np.arange(truth.size)
    first = np.isclose(votes, votes.max(axis=1, keepdims=True))
    majority: Floats = first[rows, truth] / first.sum(axis=1)
    return votes[rows, truth], majority


def _scores(
    people: _People, votes: Floats, truth: NDArray[np.int64], answer: NDArray[np.int64]
) -> dict[str, Any]:
    rater, majority = _credits(votes, truth)
    found: dict[str, Any] = {}
    uars = {}
    for name, credit in (
        ("rater", rater),
        ("majority", majority),
        ("model", (answer == truth).astype(float)),
    ):
        accuracy, uar = people.means(credit)
        found[name] = {"accuracy": _plain(people.figure(accuracy)), "uar": _plain(people.figure(uar))}
        uars[name] = uar
    for other in ("rater", "majority"):
        found[f"model_minus_{other}"] = people.figure(uars["model"] - uars[other])
    return found


def _plain(figure: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in figure.items() if key != "clear"}


def _agreement(table: Predictions, votes: Floats, classes: NDArray[np.bool_]) -> dict[str, Any]:
    columns = np.flatnonzero(classes)
    given, model = votes[:, columns], np.maximum(table.probabilities[:, columns], _FLOOR)
    model = model / model.sum(axis=1, keepdims=True)
    mean = np.broadcast_to(given.mean(axis=0), given.shape)
    correlation = {}
    for place, column in enumerate(columns):
        varied = given[:, place].std() > 0 and model[:, place].std() > 0
        correlation[table.labels[column]] = (
            float(np.corrcoef(given[:, place], model[:, place])[0, 1]) if varied else None
        )
    return {
        "kl_model": _divergence(given, model),
        "kl_mean_votes": _divergence(given, np.maximum(mean, _FLOOR)),
        "correlation": correlation,
    }


def _divergence(votes: Floats, model: Floats) -> float:
    """Mean Kullback-Leibler divergence of the model from the votes, in nats."""
    ratio = np.where(votes > 0, votes, 1.0) / model
    return float(np.where(votes > 0, votes * np.log(ratio), 0.0).sum(axis=1).mean())


def _doubt(people: _People, table: Predictions, votes: Floats) -> dict[str, Any]:
    """The model where raters agree and where they do not, and where they hear the truth; all their choices count."""
    top, named = votes.max(axis=1), votes[np.arange(len(table)), table.truth]
    return {
        "by_agreement": _bands(people, table, top, _AGREEING),
        "agreed_minus_doubted": _halves(people, table, top),
        "by_share_for_truth": _bands(people, table, named, _HEARING),
        "heard_minus_missed": _halves(people, table, named),
    }


def _bands(
    people: _People, table: Predictions, share: Floats, bands: Sequence[tuple[float, float]]
) -> list[dict[str, Any]]:
    right, confidence = table.right.astype(np.float64), own_classes(table).confidence
    found = []
    for low, high in bands:
        inside = (share >= low) & (share < high)
        if inside.any():
            accuracy = _plain(people.figure(people.means(right, inside)[0]))
            sure = float(confidence[inside].mean())
            found.append(
                {
                    "from": low,
                    "to": min(high, 1.0),
                    "n": int(inside.sum()),
                    "accuracy": accuracy,
                    "confidence": sure,
                }
            )
    return found


def _halves(people: _People, table: Predictions, share: Floats) -> dict[str, Any] | None:
    """Accuracy on the clips of the larger shares minus that on the others, parted at the median."""
    right, middle = table.right.astype(np.float64), float(np.median(share))
    upper = share >= middle if (share < middle).any() else share > middle
    if not upper.any() or upper.all():
        return None
    gap = people.figure(people.means(right, upper)[0] - people.means(right, ~upper)[0])
    return {**gap, "median": middle}
