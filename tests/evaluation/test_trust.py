"""Trust: the surer half by hand, order and temperature do not matter, errors equal those of calibration."""

from __future__ import annotations

import numpy as np
import pytest

from hearfelt.evaluation.calibration import expected_calibration_error, softmax
from hearfelt.evaluation.predictions import Predictions
from hearfelt.evaluation.trust import own_classes, surer_half, trust


def table(probabilities: np.ndarray, truth: list[int], speakers: int = 6, corpora: int = 1) -> Predictions:
    size = len(truth)
    return Predictions(
        labels=("a", "b", "c")[: probabilities.shape[1]],
        path=[str(n) for n in range(size)],
        start=np.zeros(size),
        end=[None] * size,
        corpus=[f"c{n % corpora}" for n in range(size)],
        speaker=[f"s{n % speakers}" for n in range(size)],
        sex=[""] * size,
        truth=np.array(truth),
        probabilities=probabilities,
    )


def random_table(generator: np.random.Generator, size: int = 300) -> Predictions:
    logits = generator.normal(size=(size, 3)) * 2
    p = softmax(logits)
    return table(p, [int(generator.choice(3, p=row)) for row in p], corpora=2)


def test_the_half_by_hand() -> None:
    p = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]])
    found = surer_half(table(p, [0, 0, 1, 0]), rng=np.random.default_rng(0), resamples=50)
    assert (found["accuracy"], found["half"]) == (0.75, 1.0)
    assert found["gain"]["value"] == 0.25
    assert found["threshold"] == pytest.approx(0.8)


def test_equal_confidence_gains_nothing() -> None:
    found = surer_half(table(np.full((10, 2), 0.5), [0, 1] * 5), rng=np.random.default_rng(0), resamples=50)
    assert found["gain"]["value"] == pytest.approx(0)
    assert found["gain"]["low"] == pytest.approx(0)


def test_order_and_temperature_change_nothing(generator: np.random.Generator) -> None:
    made = random_table(generator)
    value = surer_half(made, rng=np.random.default_rng(0), resamples=20)["gain"]["value"]
    mixed = made[generator.permutation(len(made))]
    assert surer_half(mixed, rng=np.random.default_rng(0), resamples=20)["gain"]["value"] == pytest.approx(
        value
    )
    assert value > 0.05


def test_errors_are_those_of_calibration(generator: np.random.Generator) -> None:
    made = random_table(generator)
    after = made.with_probabilities(softmax(np.log(made.probabilities) / 3))
    found = trust(made, after, rng=np.random.default_rng(0), resamples=20)
    assert set(found["corpora"]) == {"c0", "c1"}
    assert found["all"]["ece_open"]["before"] == pytest.approx(
        expected_calibration_error(made.probabilities, made.truth)
    )
    assert found["all"]["ece_open"]["after"] > found["all"]["ece_open"]["before"] + 0.1, (
        "flattened on purpose"
    )
    assert trust(made, rng=np.random.default_rng(0), resamples=20)["all"]["ece_own"]["after"] is None


def test_own_classes_are_those_of_the_corpus() -> None:
    p = np.array([[0.2, 0.2, 0.6], [0.5, 0.3, 0.2], [0.0, 0.0, 1.0]])
    made = table(p, [0, 1, 1])
    closed = Predictions(
        labels=made.labels, path=made.path, start=made.start, end=made.end, corpus=made.corpus, speaker=made.speaker,
        sex=made.sex, truth=made.truth, probabilities=p, prediction=np.array([0, 0, 1]),
    )  # fmt: skip
    assert own_classes(closed).probabilities == pytest.approx(
        np.array([[0.5, 0.5, 0], [0.625, 0.375, 0], [0.5, 0.5, 0]])
    )
    assert own_classes(made).probabilities == pytest.approx(p), (
        "an answer of a class makes it one of the corpus"
    )


def test_one_speaker_has_an_interval_over_clips(generator: np.random.Generator) -> None:
    made = random_table(generator)
    alone = made[made.speaker == "s0"]
    gain = surer_half(alone, rng=np.random.default_rng(0), resamples=50)["gain"]
    assert gain["low"] < gain["value"] < gain["high"]
    assert not gain["clear"], "one speaker tells nothing of others"
