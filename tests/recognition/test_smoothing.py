"""Smoothing keeps what is sure, drops what flickers, and forgets over pauses."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearfelt.errors import HearfeltError, UnknownNameError
from hearfelt.recognition.smoothing import SMOOTHINGS, smooth


def rows(generator: np.random.Generator, count: int, labels: int) -> np.ndarray:
    return generator.dirichlet(np.ones(labels), size=count)


@given(st.integers(1, 6), st.integers(2, 4), st.floats(0.1, 20.0), st.integers(0, 10_000))
def test_viterbi_is_the_best_of_all_paths(count, labels, stay_seconds, seed) -> None:
    generator = np.random.default_rng(seed)
    values = rows(generator, count, labels)
    times = np.cumsum(generator.uniform(0.2, 5.0, count))

    def score(path) -> float:
        total = sum(np.log(values[k, label]) for k, label in enumerate(path))
        for k in range(1, count):
            kept = np.exp(-(times[k] - times[k - 1]) / stay_seconds)
            total += np.log((1 - kept) / labels + kept * (path[k] == path[k - 1]))
        return total

    best = max(itertools.product(range(labels), repeat=count), key=score)
    assert score(smooth(values, times, stay_seconds=stay_seconds)) == pytest.approx(score(best))


def test_hysteresis_leaves_a_label_only_for_a_clearly_better_one() -> None:
    values = np.array([[0.6, 0.4], [0.45, 0.55], [0.44, 0.56], [0.3, 0.7], [0.45, 0.55], [0.6, 0.4]])
    assert smooth(values, range(6), method="hysteresis", margin=0.2).tolist() == [0, 0, 0, 1, 1, 1]
    assert smooth(values, range(6), method="hysteresis", margin=0.0).tolist() == [0, 1, 1, 1, 1, 0]


@pytest.mark.parametrize("method", ["viterbi", "hysteresis"])
def test_a_long_pause_begins_anew(method) -> None:
    values = np.array([[0.9, 0.1], [0.9, 0.1], [0.48, 0.52]])
    assert smooth(values, [0, 1, 2], method=method)[-1] == 0
    assert smooth(values, [0, 1, 200], method=method)[-1] == 1


def test_a_short_flicker_goes_and_a_lasting_change_stays() -> None:
    values = np.full((20, 3), 0.15)
    values[:10, 0] = values[10:, 2] = 0.7
    values[4] = [0.35, 0.45, 0.2]
    assert smooth(values, np.arange(20) * 1.5).tolist() == [0] * 10 + [2] * 10
    assert smooth(values, np.arange(20) * 1.5, method="none")[4] == 1


@pytest.mark.parametrize("method", SMOOTHINGS)
def test_edges(method, generator) -> None:
    assert smooth(np.zeros((0, 3)), [], method=method).size == 0
    assert smooth(np.array([[0.2, 0.5, 0.3]]), [0.0], method=method).tolist() == [1]
    certain = np.eye(4)[generator.integers(0, 4, 30)]
    assert np.array_equal(smooth(certain, np.arange(30.0), method=method), certain.argmax(axis=1))


def test_refusals() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'viterbi'"):
        smooth(np.ones((1, 1)), [0], method="vitterbi")
    with pytest.raises(HearfeltError, match="stay_seconds is 0"):
        smooth(np.ones((1, 1)), [0], stay_seconds=0)
    with pytest.raises(HearfeltError, match="margin is 1"):
        smooth(np.ones((1, 1)), [0], margin=1)
