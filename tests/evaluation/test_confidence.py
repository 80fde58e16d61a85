import time

import numpy as np
import pytest

from hearfelt.errors import HearfeltError
from hearfelt.evaluation import metrics
from hearfelt.evaluation.confidence import (
    Difference,
    Interval,
    bootstrap_intervals,
    group_numbers,
    paired_difference,
    resampled_confusions,
)


def answers(
    seed: int = 0, n: int = 600, n_classes: int = 4, skill: float = 0.5
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, n_classes, n)
    return truth, np.where(rng.random(n) < skill, truth, rng.integers(0, n_classes, n))


def by_rows(truth, prediction, n_classes, groups, rng, resamples):
    """The bootstrap as the textbook has it: draw rows (or groups), then score them."""
    members = [np.flatnonzero(groups == g) for g in np.unique(groups)]
    values = []
    for _ in range(resamples):
        rows = np.concatenate([members[k] for k in rng.integers(0, len(members), len(members))])
        counts = metrics.confusion_matrix(truth[rows], prediction[rows], n_classes)
        values.append(float(metrics.unweighted_average_recall(counts)))
    return np.percentile(values, [2.5, 97.5])


@pytest.mark.parametrize("speakers", [None, 12])
def test_counting_cells_gives_the_interval_of_drawing_rows(speakers):
    truth, prediction = answers()
    groups = np.arange(truth.size) if speakers is None else np.arange(truth.size) * speakers // truth.size
    if speakers:  # speakers differ in how well they are recognised
        prediction = np.where(groups % 3 == 0, truth, prediction)
    expected = by_rows(truth, prediction, 4, groups, np.random.default_rng(1), 1500)
    found = bootstrap_intervals(
        truth,
        prediction,
        4,
        rng=np.random.default_rng(2),
        groups=None if speakers is None else groups,
        resamples=6000,
    )["uar"]
    assert (found.low, found.high) == pytest.approx(tuple(expected), abs=0.012)


def test_speakers_who_differ_widen_the_interval():
    truth, prediction = answers(n=400)
    speaker = np.arange(400) // 40
    prediction = np.where(speaker < 5, truth, (truth + 1) % 4)
    clips, speakers = (
        bootstrap_intervals(truth, prediction, 4, rng=np.random.default_rng(0), groups=groups)["accuracy"]
        for groups in (None, speaker)
    )
    assert speakers.high - speakers.low > 2 * (clips.high - clips.low)


def test_interval_covers_the_true_accuracy_as_often_as_it_says():
    hits, trials = 0, 200
    for seed in range(trials):
        rng = np.random.default_rng(seed)
        truth = np.arange(300) % 3
        prediction = np.where(rng.random(300) < 0.7, truth, (truth + 1) % 3)
        interval = bootstrap_intervals(truth, prediction, 3, rng=rng, measures=["accuracy"], resamples=400)[
            "accuracy"
        ]
        hits += interval.low <= 0.7 <= interval.high
    assert 0.90 <= hits / trials <= 0.99


def test_every_resample_has_as_many_clips_and_same_speaker_sizes():
    truth, prediction = answers(n=120)
    (clips,) = resampled_confusions(truth, [prediction], 4, rng=np.random.default_rng(0), resamples=50)
    assert (clips.sum(axis=(1, 2)) == 120).all()
    groups = np.repeat(np.arange(4), 30)
    (grouped,) = resampled_confusions(
        truth, [prediction], 4, rng=np.random.default_rng(0), groups=groups, resamples=50
    )
    assert (grouped.sum(axis=(1, 2)) == 120).all()
    # a speaker who is drawn comes with all clips: class counts are sums of whole speakers' counts
    sizes = np.array([np.bincount(truth[groups == g], minlength=4) for g in range(4)])
    first = grouped[0].sum(axis=1)
    assert any(
        (first == sizes.T @ np.array([a, b, c, 4 - a - b - c])).all()
        for a in range(5)
        for b in range(5 - a)
        for c in range(5 - a - b)
    )


def test_same_generator_state_same_interval():
    truth, prediction = answers()
    one, two = (bootstrap_intervals(truth, prediction, 4, rng=np.random.default_rng(7)) for _ in range(2))
    assert one == two


@pytest.mark.parametrize(
    ("truth", "groups", "says"),
    [
        ([0], None, "one clip"),
        ([1, 1, 1], None, "one class"),
        ([0, 1, 1], ["a", "a", "a"], "one speaker"),
    ],
)
def test_what_cannot_have_an_interval_says_why(truth, groups, says):
    found = bootstrap_intervals(truth, truth, 2, rng=np.random.default_rng(0), groups=groups)
    for interval in found.values():
        assert interval.low is None and interval.high is None and says in interval.reason
        assert interval.to_json()["reason"]
    difference = paired_difference(truth, truth, truth, 2, rng=np.random.default_rng(0), groups=groups)["uar"]
    assert difference.value == 0 and difference.interval.low is None and not difference.is_clear


def test_paired_difference_of_a_system_with_itself_is_nothing():
    truth, prediction = answers()
    found = paired_difference(truth, prediction, prediction, 4, rng=np.random.default_rng(0))
    assert found["uar"] == Difference(0.0, Interval(0.0, 0.0)) and not found["uar"].is_clear


def test_pairing_sees_a_small_gain_on_hard_clips_that_two_intervals_hide():
    truth, weak = answers(n=1000)
    better = weak.copy()
    wrong = np.flatnonzero(weak != truth)[:30]
    better[wrong] = truth[wrong]
    rng = np.random.default_rng(0)
    one, two = (bootstrap_intervals(truth, p, 4, rng=rng)["accuracy"] for p in (better, weak))
    assert one.low < two.high  # the two intervals overlap
    found = paired_difference(truth, better, weak, 4, rng=rng)["accuracy"]
    assert found.value == pytest.approx(0.03) and found.is_clear
    back = paired_difference(truth, weak, better, 4, rng=rng)["accuracy"]
    assert back.value == pytest.approx(-0.03) and back.is_clear


def test_wrong_input_is_one_clear_error():
    rng = np.random.default_rng(0)
    with pytest.raises(HearfeltError, match="2 groups for 3 clips"):
        bootstrap_intervals([0, 1, 1], [0, 1, 1], 2, rng=rng, groups=["a", "b"])
    with pytest.raises(HearfeltError, match=r"0 and 0\.95"):
        bootstrap_intervals([0, 1], [0, 1], 2, rng=rng, resamples=0)


def test_groups_are_numbered_by_first_appearance():
    assert group_numbers(["b", "a", "b"]).tolist() == [0, 1, 0]


def test_two_thousand_resamples_of_three_thousand_clips_take_less_than_a_second():
    truth, prediction = answers(n=3000, n_classes=8)
    speaker = np.arange(3000) % 91
    rng = np.random.default_rng(0)
    start = time.perf_counter()
    bootstrap_intervals(truth, prediction, 8, rng=rng)
    bootstrap_intervals(truth, prediction, 8, rng=rng, groups=speaker)
    assert time.perf_counter() - start < 1.0
