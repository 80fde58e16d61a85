"""Paired differences are called clear by enough speakers only; a mean counts corpora alike, not clips."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hearfelt.errors import HearfeltError
from hearfelt.evaluation.predictions import Predictions, join_predictions
from hearfelt.studies._answers import Answers, difference, mean_and_gain
from hearfelt.studies._report import verdict


def table(speakers: int, wrong: int, truth: str = "ab") -> Answers:
    """Two clips a speaker; the first ``wrong`` speakers' second clip is misheard."""
    rows = [(f"s{n}", label, take) for n in range(speakers) for take, label in enumerate(truth)]
    heard = ["a" if take == 1 and int(name[1:]) < wrong else label for name, label, take in rows]
    return Answers(
        Predictions(
            labels=("a", "b"),
            path=[f"{name}{take}.wav" for name, _, take in rows],
            start=[0.0] * len(rows),
            end=[None] * len(rows),
            corpus=["c"] * len(rows),
            speaker=[name for name, _, _ in rows],
            sex=[""] * len(rows),
            truth=[label for _, label, _ in rows],
            probabilities=[[1.0, 0.0] if word == "a" else [0.0, 1.0] for word in heard],
        ),
        tuple([0] * len(rows)),
    )


@pytest.mark.parametrize(("speakers", "clear"), [(3, False), (8, True)])
def test_few_speakers_tell_nothing(speakers: int, clear: bool) -> None:
    found = difference(table(speakers, 0), table(speakers, speakers))
    assert found is not None
    assert found["value"] == pytest.approx(0.5)
    assert found["low"] > 0
    assert found["clear"] == clear
    assert ("too few" in verdict(found, "x", "y")) != clear


def test_only_rows_of_both_are_compared() -> None:
    found = difference(table(9, 0), table(6, 6))
    assert found is not None
    assert (found["n"], found["speakers"]) == (12, 6)
    assert difference(table(6, 0), None) is None


def test_other_truths_are_refused() -> None:
    with pytest.raises(HearfeltError, match="disagree about the truth"):
        difference(table(6, 0), table(6, 0, truth="ba"))


def both(first: Answers, second: Answers) -> Answers:
    """The second one's clips as another corpus."""
    other = replace(
        second.table, corpus=["d"] * len(second.table), path=["d" + path for path in second.table.path]
    )
    return Answers(join_predictions([first.table, other]), first.folds + second.folds)


def test_a_mean_counts_corpora_alike() -> None:
    small, large = table(6, 6), table(60, 0)
    found = mean_and_gain(both(small, large), both(table(6, 0), table(60, 30)))
    assert found["corpora"] == 2
    assert found["uar"]["value"] == pytest.approx((0.5 + 1) / 2)
    gap = found["difference"]
    assert gap["value"] == pytest.approx((-0.5 + 0.25) / 2)
    assert gap["low"] < gap["value"] < gap["high"] < 0
    assert gap["clear"]
    # one corpus: as its own figures
    alone, apart = mean_and_gain(large, table(60, 30)), difference(large, table(60, 30))
    assert apart is not None
    assert alone["difference"]["value"] == pytest.approx(apart["value"])
    assert alone["difference"]["low"] == pytest.approx(apart["low"], abs=0.02)


def test_a_mean_over_other_corpora_is_of_those_that_both_answered() -> None:
    found = mean_and_gain(both(table(6, 6), table(60, 0)), table(6, 0))
    assert found["corpora"] == 2
    assert found["difference"]["corpora"] == 1
    assert found["difference"]["value"] == pytest.approx(-0.5)
    assert mean_and_gain(table(6, 0), None)["difference"] is None
