import json

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, recall_score

from hearfelt.errors import HearfeltError
from hearfelt.evaluation.metrics import MEASURES
from hearfelt.evaluation.predictions import Predictions, join_predictions, read_predictions
from hearfelt.evaluation.summary import SUMMARY_VERSION, read_fold_tables, summarize, summarize_run


@pytest.fixture(scope="module")
def summary(run):
    return json.loads((run / "metrics.json").read_text())


@pytest.fixture(scope="module")
def everything(run):
    return join_predictions(list(read_fold_tables(run, "predictions.csv").values()))


def _floats(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _floats(item)
    elif isinstance(value, float):
        yield value


def test_the_whole_is_scored_as_scikit_learn_does(summary, everything):
    truth, answer = everything.truth, everything.prediction
    assert summary["version"] == SUMMARY_VERSION
    assert summary["all"]["uar"]["value"] == pytest.approx(recall_score(truth, answer, average="macro"))
    assert summary["all"]["accuracy"]["value"] == pytest.approx(accuracy_score(truth, answer))
    assert summary["all"]["macro_f1"]["value"] == pytest.approx(f1_score(truth, answer, average="macro"))
    assert summary["all"]["n"] == len(everything) == sum(map(sum, summary["confusion"]["matrix"]))
    assert all(np.isfinite(value) for value in _floats(summary))


def test_parts_are_scored_on_their_own_rows(summary, everything):
    for column, key in ((everything.corpus, "per_corpus"), (everything.sex, "per_sex")):
        assert set(summary[key]) == set(column)
        for name, block in summary[key].items():
            rows = column == name
            expected = recall_score(
                everything.truth[rows],
                everything.prediction[rows],
                labels=np.unique(everything.truth[rows]),
                average="macro",
            )
            assert block["uar"]["value"] == pytest.approx(expected) and block["n"] == rows.sum()
    assert sum(row["n"] for row in summary["per_speaker"].values()) == len(everything)
    assert summary["per_speaker"]["aesdd_01"]["corpus"] == "aesdd"


def test_intervals_hold_the_value_and_say_why_there_is_none(summary):
    for block in (summary["all"], *summary["per_corpus"].values(), *summary["per_sex"].values()):
        for measure in MEASURES:
            for what in ("clips", "speakers"):
                interval = block[measure][what]
                assert interval["low"] < interval["high"]
                assert interval["low"] - 0.1 <= block[measure]["value"] <= interval["high"] + 0.1
    for row in summary["per_class"].values():
        assert row["recall_clips"]["low"] <= row["recall"] <= row["recall_clips"]["high"]


def test_fold_mean_and_deviation(summary):
    values = [row["uar"] for row in summary["per_fold"]["folds"]]
    assert len(values) == 3
    assert summary["per_fold"]["mean"]["uar"] == pytest.approx(np.mean(values))
    assert summary["per_fold"]["deviation"]["uar"] == pytest.approx(np.std(values, ddof=1))


def test_closed_set_is_given_where_a_corpus_lacks_classes(summary):
    assert "closed_set" not in summary["per_corpus"]["ravdess_speech"]
    closed = summary["per_corpus"]["aesdd"]["closed_set"]
    assert closed["labels"] == ["happy", "sad", "angry", "fearful", "disgust"]
    assert closed["uar"] >= summary["per_corpus"]["aesdd"]["uar"]["value"]


def test_calibration_is_fitted_on_validation_and_helps_the_test(run, summary):
    block = summary["calibration"]
    assert block["after"]["ece"] < block["before"]["ece"] and block["after"]["nll"] < block["before"]["nll"]
    assert block["temperature"] > 1.2 and len(block["temperatures"]) == 3
    assert sum(block["before"]["reliability"]["count"]) == summary["all"]["n"]
    # other test rows, same validation rows: the temperatures stay
    test, validation = read_fold_tables(run, "predictions.csv"), read_fold_tables(run, "validation.csv")
    half = {number: table[::2] for number, table in test.items()}
    again = summarize(half, validation, rng=np.random.default_rng(0), resamples=10)
    assert again["calibration"]["temperatures"] == block["temperatures"]


def test_without_validation_there_is_a_reason(everything):
    block = summarize(everything, rng=np.random.default_rng(0), resamples=10)["calibration"]
    assert block["after"] is None and block["temperature"] is None and "fold 0" in block["reason"]


def _tiny(speakers, truth, labels=("a", "b"), sex=""):
    n = len(truth)
    return Predictions(
        labels=labels,
        path=[str(i) for i in range(n)],
        start=[0] * n,
        end=[None] * n,
        corpus=["c"] * n,
        speaker=speakers,
        sex=[sex] * n,
        truth=truth,
        probabilities=np.full((n, 2), 0.5),
    )


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (_tiny(["s", "s"], [0, 1]), "one speaker"),
        (_tiny(["s", "t"], [1, 1]), "one class"),
        (_tiny(["s"], [1]), "one clip"),
    ],
)
def test_degenerate_tables_are_summarised_without_nan(table, says):
    found = summarize(table, table, rng=np.random.default_rng(0), resamples=10)
    json.dumps(found, allow_nan=False)
    assert says in found["all"]["uar"]["speakers"]["reason"]
    assert found["per_fold"]["deviation"]["uar"] is None and list(found["per_sex"]) == ["unknown"]


def test_a_clip_that_two_folds_test_is_one_clip_to_the_bootstrap(everything):
    rng = np.random.default_rng
    once = summarize(everything, rng=rng(0), resamples=400)["all"]
    twice = summarize({0: everything, 1: everything}, rng=rng(0), resamples=400)["all"]
    assert twice["n"] == 2 * once["n"] and twice["clips"] == once["clips"]
    widths = [block["uar"]["clips"]["high"] - block["uar"]["clips"]["low"] for block in (once, twice)]
    assert widths[1] == pytest.approx(widths[0], rel=0.2)  # and not by the root of two narrower


def test_masked_classes_stay_out_after_calibration(everything):
    probabilities = everything.probabilities.copy()
    probabilities[:, 0] = 0
    masked = Predictions(
        labels=everything.labels,
        **{
            name: getattr(everything, name)
            for name in ("path", "start", "end", "corpus", "speaker", "sex", "truth")
        },
        probabilities=probabilities / probabilities.sum(axis=1, keepdims=True),
        logits=everything.logits,
    )
    from hearfelt.evaluation.calibration import softmax

    assert softmax(masked.scores, 5.0)[:, 0].max() < 1e-9
    assert softmax(masked.scores) == pytest.approx(masked.probabilities, abs=1e-4)


def test_same_seed_same_file(run, tmp_path, summary):
    again = summarize_run(run, rng=np.random.default_rng(0), resamples=300)
    assert again == summary


def test_runs_without_answers_are_refused(tmp_path, everything):
    with pytest.raises(HearfeltError, match="no folds"):
        summarize_run(tmp_path, rng=np.random.default_rng(0))
    with pytest.raises(HearfeltError, match="no test rows"):
        summarize(everything[:0], rng=np.random.default_rng(0))


def test_tables_of_folds_are_found_by_number(run):
    assert list(read_fold_tables(run, "validation.csv")) == [0, 1, 2]
    assert len(read_predictions(run / "folds/0/validation.csv")) > 0
