"""Balanced answers have the shares that were said, keep their ranking, and need several recordings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearfelt.errors import HearfeltError
from hearfelt.recognition.balance import MOST, balance, class_weights


def weighted(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    rows = values * weights
    return rows / rows.sum(axis=1, keepdims=True)


@given(st.integers(20, 60), st.integers(2, 6), st.integers(0, 10_000))
def test_mean_probabilities_become_the_shares(count, labels, seed) -> None:
    generator = np.random.default_rng(seed)
    values = generator.dirichlet(np.ones(labels), size=count)
    shares = generator.uniform(0.7, 1.3, labels)
    weights = class_weights(values, shares)
    assert weighted(values, weights).mean(axis=0) == pytest.approx(shares / shares.sum(), abs=1e-5)
    assert np.log(weights).mean() == pytest.approx(0, abs=1e-9)


def test_ranking_within_a_class_stays(generator) -> None:
    values = generator.dirichlet(np.ones(2), size=50)
    balanced = weighted(values, class_weights(values))
    assert np.array_equal(np.argsort(values[:, 0]), np.argsort(balanced[:, 0]))


def test_order_of_the_recordings_does_not_matter(generator) -> None:
    values = generator.dirichlet(np.ones(4), size=30)
    assert class_weights(values[::-1]) == pytest.approx(class_weights(values))


def test_a_leaning_recogniser_is_set_right(generator) -> None:
    """Classes that are equally frequent, answers multiplied by a lean: nearly all of what it cost comes back."""
    truth = np.repeat(np.arange(4), 200)
    logits = generator.normal(0, 1, (800, 4)) + 2.5 * np.eye(4)[truth]
    fair = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    leaning = weighted(fair, np.array([6.0, 1.0, 0.4, 1.0]))
    right = [
        (rows.argmax(axis=1) == truth).mean()
        for rows in (fair, leaning, weighted(leaning, class_weights(leaning)))
    ]
    assert right[1] < right[0] - 0.1
    assert right[2] > right[0] - 0.02


def test_weights_are_bounded() -> None:
    sure = np.tile([1.0, 0.0, 0.0], (10, 1))
    weights = class_weights(sure)
    assert np.isfinite(weights).all()
    assert weights.max() / weights.min() <= MOST * 1.000001


def answer(path: str, happy: float) -> dict:
    said = {"emotion": "happy" if happy >= 0.5 else "sad", "confidence": max(happy, 1 - happy)}
    part = {**said, "probabilities": {"happy": happy, "sad": 1 - happy}}
    return {"path": path, "duration": 1.0, **part, "segments": [{"start": 0.0, "end": 1.0, **part}]}


def test_answers_segments_failures_and_silence() -> None:
    failure = {"path": "b.wav", "error": "Not a recording."}
    silence = {
        "path": "c.wav",
        "duration": 1.0,
        "emotion": "no_speech",
        "confidence": None,
        "probabilities": {},
    }
    silence["segments"] = [
        {"start": 0.0, "end": 1.0, "emotion": "no_speech", "confidence": None, "probabilities": {}}
    ]
    found = balance([answer("a.wav", 0.9), failure, silence, answer("d.wav", 0.6)])
    assert found[1] == failure
    assert found[2] == silence
    assert (found[0]["emotion"], found[3]["emotion"]) == ("happy", "sad")
    assert found[3]["segments"][0]["emotion"] == "sad"
    assert sum(item["probabilities"]["sad"] for item in (found[0], found[3])) == pytest.approx(1, abs=1e-4)
    unsure = balance([answer("a.wav", 0.9), answer("d.wav", 0.6)], unsure_below=0.99)
    assert {item["emotion"] for item in unsure} == {"unsure"}


def test_shares_other_than_alike() -> None:
    found = balance([answer(str(k), 0.5) for k in range(4)], shares={"happy": 3, "sad": 1})
    assert found[0]["probabilities"] == {"happy": 0.75, "sad": 0.25}


@pytest.mark.parametrize("answers", [[], [answer("a.wav", 0.9)], [{"path": "b.wav", "error": "x"}] * 3])
def test_too_few_recordings(answers) -> None:
    with pytest.raises(HearfeltError, match="several recordings"):
        balance(answers)


def test_shares_of_other_labels() -> None:
    with pytest.raises(HearfeltError, match="happy, sad"):
        balance([answer("a.wav", 0.9)] * 2, shares={"happy": 1.0})
