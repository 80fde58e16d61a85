"""Model and raters: counted by hand, and the laws of a perfect and of a guessing model."""

from __future__ import annotations

import numpy as np
import pytest

from hearfelt.errors import HearfeltError
from hearfelt.evaluation.predictions import Predictions
from hearfelt.evaluation.raters import compare_with_raters

LABELS = ("neutral", "happy", "sad")


def table(truth: list[str], answers: list[str], speakers: list[str]) -> Predictions:
    probabilities = np.full((len(truth), 3), 0.05)
    probabilities[np.arange(len(truth)), [LABELS.index(name) for name in answers]] = 0.9
    return Predictions(
        labels=LABELS,
        path=[str(n) for n in range(len(truth))],
        start=np.zeros(len(truth)),
        end=[None] * len(truth),
        corpus=["c"] * len(truth),
        speaker=speakers,
        sex=[""] * len(truth),
        truth=truth,
        probabilities=probabilities,
    )


def compare(made: Predictions, votes: list[list[float]]) -> dict:
    found = compare_with_raters(made, np.array(votes), rng=np.random.default_rng(0), resamples=100)
    assert found is not None
    return found


def test_by_hand() -> None:
    made = table(["happy", "happy", "sad", "sad"], ["happy", "sad", "sad", "sad"], ["a", "b", "a", "b"])
    votes = [[0.5, 0.5, 0.0], [0.0, 0.2, 0.8], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    found = compare(made, votes)
    assert found["classes"] == ["happy", "sad"]
    assert found["choices"] == ["neutral", "happy", "sad"]
    assert found["open"]["rater"]["accuracy"]["value"] == pytest.approx((0.5 + 0.2 + 0 + 1) / 4)
    assert found["open"]["majority"]["accuracy"]["value"] == pytest.approx((0.5 + 0 + 0 + 1) / 4), (
        "a tie counts in part"
    )
    assert found["own"]["rater"]["accuracy"]["value"] == pytest.approx((1 + 0.2 + 0.5 + 1) / 4), (
        "no vote is a coin toss"
    )
    assert found["own"]["rater"]["uar"]["value"] == pytest.approx(((1 + 0.2) / 2 + (0.5 + 1) / 2) / 2)
    assert found["own"]["model"]["accuracy"]["value"] == 0.75
    assert found["own"]["model_minus_rater"]["value"] == pytest.approx(0.75 - 0.675)
    assert not found["own"]["model_minus_rater"]["clear"], "two speakers tell nothing"
    assert sum(band["n"] for band in found["doubt"]["by_agreement"]) == 4
    assert found["doubt"]["by_share_for_truth"][0]["n"] == 1


def test_a_model_that_gives_the_votes_agrees_with_them() -> None:
    truth = ["happy", "sad", "neutral", "happy", "sad", "neutral"]
    votes = [
        [0.1, 0.7, 0.2],
        [0.3, 0.1, 0.6],
        [0.8, 0.1, 0.1],
        [0.2, 0.5, 0.3],
        [0.1, 0.2, 0.7],
        [0.6, 0.3, 0.1],
    ]
    made = table(truth, truth, list("abcabc")).with_probabilities(np.array(votes))
    found = compare(made, votes)["agreement"]
    assert found["kl_model"] == pytest.approx(0, abs=1e-9)
    assert found["kl_mean_votes"] > 0.1
    assert all(value == pytest.approx(1) for value in found["correlation"].values())


def test_without_votes_there_is_nothing() -> None:
    made = table(["happy", "sad"], ["happy", "sad"], ["a", "b"])
    assert compare_with_raters(made, np.full((2, 3), np.nan), rng=np.random.default_rng(0)) is None
    with pytest.raises(HearfeltError, match=r"shape \(2, 2\)"):
        compare_with_raters(made, np.zeros((2, 2)), rng=np.random.default_rng(0))


def test_clips_without_votes_are_left_out() -> None:
    made = table(["happy", "sad", "sad"], ["happy", "sad", "happy"], ["a", "b", "b"])
    found = compare(made, [[0, 1, 0], [0, 0, 1], [np.nan] * 3])
    assert found["n"] == 2
    assert found["own"]["model"]["accuracy"]["value"] == 1.0
