import json
import time

import numpy as np
import pytest
import sklearn.metrics as oracle

from hearfelt.errors import HearfeltError, UnknownNameError
from hearfelt.evaluation import metrics

LABELS = ("neutral", "calm", "happy", "sad", "angry")


def draw(
    seed: int, n: int = 200, n_classes: int = 5, absent: tuple[int, ...] = ()
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.choice([k for k in range(n_classes) if k not in absent], n)
    prediction = np.where(rng.random(n) < 0.5, truth, rng.integers(0, n_classes, n))
    return truth, prediction


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("absent", [(), (1,), (0, 3)])
def test_measures_are_those_of_scikit_learn(seed, absent):
    truth, prediction = draw(seed, absent=absent)
    counts = metrics.confusion_matrix(truth, prediction, 5)
    present = np.unique(truth)
    assert counts.tolist() == oracle.confusion_matrix(truth, prediction, labels=range(5)).tolist()
    assert metrics.unweighted_average_recall(counts) == pytest.approx(
        oracle.recall_score(truth, prediction, labels=present, average="macro")
    )
    assert metrics.accuracy(counts) == pytest.approx(oracle.accuracy_score(truth, prediction))
    macro = {"labels": present, "average": "macro", "zero_division": 0}
    assert metrics.macro_precision(counts) == pytest.approx(
        oracle.precision_score(truth, prediction, **macro)
    )
    assert metrics.macro_f1(counts) == pytest.approx(oracle.f1_score(truth, prediction, **macro))
    assert metrics.matthews_correlation(counts) == pytest.approx(oracle.matthews_corrcoef(truth, prediction))


def test_per_class_values_are_those_of_scikit_learn():
    truth, prediction = draw(3, absent=(2,))
    answer = metrics.classification_metrics(
        [LABELS[k] for k in truth], [LABELS[k] for k in prediction], LABELS
    )
    json.dumps(answer, allow_nan=False)
    columns = oracle.precision_recall_fscore_support(truth, prediction, labels=range(5), zero_division=0)
    for k, label in enumerate(LABELS):
        mine, (precision, recall, f1, support) = answer["per_class"][label], [column[k] for column in columns]
        assert mine["precision"] == pytest.approx(precision)
        assert mine["support"] == support
        if support:
            assert (mine["recall"], mine["f1"]) == (pytest.approx(recall), pytest.approx(f1))
        else:
            assert mine["recall"] is None and mine["f1"] is None
    assert answer["n"] == 200 and list(answer["per_class"]) == list(LABELS)


def test_a_stack_of_matrices_gives_each_matrix_its_own_number():
    stack = np.stack([metrics.confusion_matrix(*draw(seed), 5) for seed in range(6)]).reshape(2, 3, 5, 5)
    for measure in metrics.MEASURES.values():
        together = measure(stack)
        assert together.shape == (2, 3)
        assert together[1, 2] == pytest.approx(float(measure(stack[1, 2])))


def test_uar_ignores_how_frequent_a_class_is():
    counts = np.array([[7, 3], [2, 8]])
    assert metrics.unweighted_average_recall(counts) == metrics.unweighted_average_recall(
        counts * [[100], [1]]
    )
    assert metrics.accuracy(counts) != metrics.accuracy(counts * [[100], [1]])


def test_one_constant_answer_is_chance():
    counts = metrics.confusion_matrix(np.arange(40) % 4, np.zeros(40, dtype=int), 4)
    assert metrics.unweighted_average_recall(counts) == 0.25
    assert metrics.matthews_correlation(counts) == 0


def test_closed_set_never_answers_outside_and_agrees_inside():
    probabilities = np.random.default_rng(0).dirichlet(np.ones(5), 300)
    free = probabilities.argmax(axis=1)
    closed = metrics.closed_set_prediction(probabilities, LABELS, ["sad", "neutral"])
    assert set(closed.tolist()) == {0, 3}
    inside = np.isin(free, [0, 3])
    assert (closed[inside] == free[inside]).all()
    assert (metrics.closed_set_prediction(probabilities, LABELS, LABELS) == free).all()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: metrics.confusion_matrix([0, 5], [0, 1], 3), "from 0 to 5; 0 to 2"),
        (lambda: metrics.confusion_matrix([0, -1], [0, 1], 3), "from -1"),
        (lambda: metrics.confusion_matrix([0], [0, 1], 3), "1 clips and prediction 2"),
        (lambda: metrics.confusion_matrix([0.5], [0], 3), "integers"),
        (lambda: metrics.scores(np.zeros((3, 3))), "no clips"),
        (lambda: metrics.accuracy(np.zeros((3, 2))), r"\(3, 2\)"),
        (lambda: metrics.classification_metrics([], [], LABELS), "no clips"),
        (lambda: metrics.closed_set_prediction([[0.5, 0.5]], ["a", "b"], []), "at least one"),
        (lambda: metrics.closed_set_prediction([[0.5, 0.5]], ["a", "b", "c"], ["a"]), r"\(clips, 3\)"),
    ],
)
def test_mistakes_are_one_clear_error(call, says):
    with pytest.raises(HearfeltError, match=says):
        call()


def test_an_unknown_class_is_named():
    with pytest.raises(UnknownNameError, match=r"'hapy'.*happy"):
        metrics.classification_metrics(["hapy"], ["happy"], LABELS)


def test_an_epoch_of_three_thousand_clips_is_scored_in_milliseconds():
    truth, prediction = draw(0, n=3000)
    metrics.scores(metrics.confusion_matrix(truth, prediction, 5))
    best = min(
        _seconds(lambda: metrics.scores(metrics.confusion_matrix(truth, prediction, 5))) for _ in range(5)
    )
    assert best < 0.02


def _seconds(work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
