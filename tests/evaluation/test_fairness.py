"""Fairness: a gap is found where there is one, is not made by the corpora, and the order of rows changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hearfelt.errors import HearfeltError
from hearfelt.evaluation._fairness_page import gap_in_words, write_page
from hearfelt.evaluation.fairness import age_group, cause, fairness, join_manifest
from hearfelt.evaluation.metrics import confusion_matrix, unweighted_average_recall
from hearfelt.evaluation.predictions import Predictions

LABELS = ("neutral", "happy", "sad")


def table(rows: list[tuple[str, str, str, str, str]]) -> Predictions:
    """Of (corpus, speaker, sex, truth, answer)."""
    corpus, speaker, sex, truth, answer = zip(*rows, strict=True)
    probabilities = np.full((len(rows), 3), 0.1)
    probabilities[np.arange(len(rows)), [LABELS.index(name) for name in answer]] = 0.8
    return Predictions(
        labels=LABELS,
        path=[f"/x/{n}.wav" for n in range(len(rows))],
        start=np.zeros(len(rows)),
        end=[None] * len(rows),
        corpus=corpus,
        speaker=speaker,
        sex=sex,
        truth=truth,
        probabilities=probabilities,
    )


def people(
    corpus: str, sex: str, count: int, share: dict[str, float], wrong: str = "neutral", clips: int = 20
) -> list[tuple[str, str, str, str, str]]:
    """Clips of people who are recognised to a share by emotion, the rest heard as something else."""
    rows = []
    for person in range(count):
        for truth, right in share.items():
            hits = round(right * clips)
            other = wrong if wrong != truth else "happy"
            rows += [
                (corpus, f"{corpus}_{sex}{person}", sex, truth, truth if clip < hits else other)
                for clip in range(clips)
            ]
    return rows


def look(rows: list[tuple[str, str, str, str, str]], **options: Any) -> dict[str, Any]:
    return fairness(table(rows), rng=np.random.default_rng(0), resamples=200, **options)


def gap(results: dict[str, Any], column: str = "sex") -> dict[str, Any]:
    return next(entry for entry in results["columns"] if entry["column"] == column)["gaps"][0]


def test_a_gap_of_the_corpora_is_no_gap_of_the_people() -> None:
    """Men are mostly in the hard corpus, a third has women alone: pooled they differ, within corpora they do not."""
    easy, hard = dict.fromkeys(LABELS, 0.9), dict.fromkeys(LABELS, 0.4)
    rows = people("a", "female", 10, easy) + people("a", "male", 5, easy)
    rows += people("b", "female", 5, hard) + people("b", "male", 12, hard) + people("c", "female", 5, easy)
    results = look(rows)
    found = gap(results)
    assert found["pooled"] > 0.1
    assert found["within"]["value"] == pytest.approx(0, abs=1e-12)
    assert not found["within"]["clear"]
    assert found["within"]["corpora"] == 2
    assert results["columns"][0]["one_group_only"] == {"c": "female"}
    assert "not told apart" in gap_in_words(found)


def test_a_gap_and_its_cause_are_found() -> None:
    good, bad = {"neutral": 0.9, "happy": 0.8, "sad": 0.9}, {"neutral": 0.9, "happy": 0.8, "sad": 0.3}
    rows = people("a", "female", 6, good) + people("a", "male", 7, bad)
    found = gap(look(rows))
    assert found["within"]["clear"]
    assert found["within"]["value"] == pytest.approx(0.2)
    assert found["speakers"] == [6, 7]
    by_name = {entry["emotion"]: entry for entry in found["emotions"]}
    assert by_name["sad"]["gap"]["value"] == pytest.approx(0.6)
    assert by_name["sad"]["heard_as"][1] == pytest.approx({"neutral": 0.7, "sad": 0.3})
    assert by_name["happy"]["gap"]["value"] == pytest.approx(0)
    words = cause(found)
    assert words.startswith(
        "Clearest in sad: 30 % recognised of male, 90 % of female; male is heard as neutral in 70 %"
    )
    assert found["trust"]["value"] == pytest.approx(-0.2), (
        "men are over-trusted by what they are recognised worse"
    )


def test_too_few_people_are_never_clear() -> None:
    rows = people("a", "female", 4, dict.fromkeys(LABELS, 1.0)) + people(
        "a", "male", 9, dict.fromkeys(LABELS, 0.0)
    )
    found = gap(look(rows))["within"]
    assert found["low"] > 0
    assert not found["clear"]
    alone = look(
        people("a", "female", 1, dict.fromkeys(LABELS, 1.0))
        + people("a", "male", 9, dict.fromkeys(LABELS, 0.5))
    )
    assert gap(alone)["within"] is None, "one person is no group"
    assert gap(alone)["corpora"][0]["gap"]["low"] is None
    assert "no gap to speak of" in gap_in_words(gap(alone))


def test_only_classes_that_both_have_count() -> None:
    """Women alone have a hard class; what both have is recognised alike."""
    rows = people("a", "female", 5, {"neutral": 0.8, "happy": 0.8, "sad": 0.1})
    rows += people("a", "male", 5, {"neutral": 0.8, "happy": 0.8})
    found = gap(look(rows))
    assert found["pooled"] < -0.1
    assert found["within"]["value"] == pytest.approx(0, abs=1e-12)
    assert found["corpora"][0]["classes"] == 2


def test_the_same_people_in_both_groups_are_drawn_together() -> None:
    """People differ widely and each gains exactly as much: with them drawn together the gap has no width."""
    rows, intensity = [], []
    for person in range(6):
        for level, more in (("normal", 0), ("strong", 4)):
            for truth in LABELS:
                hits = 2 * person + more
                rows += [
                    ("a", f"a_{person}", "", truth, truth if clip < hits else LABELS[LABELS.index(truth) - 1])
                    for clip in range(20)
                ]
                intensity += [level] * 20
    found = gap(look(rows, columns={"intensity": intensity}, by=["intensity"]), "intensity")
    assert found["paired"]
    assert found["within"]["low"] == pytest.approx(-0.2)
    assert found["within"]["high"] == pytest.approx(-0.2)


def test_the_point_is_the_plain_difference(generator: np.random.Generator) -> None:
    rows = []
    for corpus in ("a", "b"):
        for person in range(12):
            for truth in LABELS:
                rows += [
                    (
                        corpus,
                        f"{corpus}{person}",
                        ("female", "male")[person % 2],
                        truth,
                        LABELS[generator.integers(3)],
                    )
                    for _ in range(int(generator.integers(2, 9)))
                ]
    made = table(rows)
    found = gap(look(rows))
    each = []
    for corpus in ("a", "b"):
        sides = []
        for sex in ("female", "male"):
            use = (made.corpus == corpus) & (made.sex == sex)
            sides.append(
                float(unweighted_average_recall(confusion_matrix(made.truth[use], made.prediction[use], 3)))
            )
        each.append(sides[0] - sides[1])
    assert [entry["gap"]["value"] for entry in found["corpora"]] == pytest.approx(each)
    assert found["within"]["value"] == pytest.approx(np.mean(each))
    low, high = found["within"]["low"], found["within"]["high"]
    assert low < found["within"]["value"] < high


def test_the_order_of_rows_changes_nothing(generator: np.random.Generator) -> None:
    rows = people("a", "female", 5, dict.fromkeys(LABELS, 0.7)) + people(
        "a", "male", 6, dict.fromkeys(LABELS, 0.5)
    )
    order = generator.permutation(len(rows))
    first, second = look(rows), look([rows[k] for k in order])
    assert first["columns"][0]["gaps"][0]["within"] == second["columns"][0]["gaps"][0]["within"]
    assert first["trust"]["all"]["ece_own"] == second["trust"]["all"]["ece_own"]


def test_who_sings_and_speaks_is_one_person() -> None:
    from hearfelt.evaluation._people import two_groups

    rows = people("speech", "female", 3, dict.fromkeys(LABELS, 0.5)) + people(
        "speech", "male", 3, dict.fromkeys(LABELS, 0.5)
    )
    rows += [("song", *row[1:]) for row in rows if not row[1].endswith("male2")]
    made = table(rows)
    two = two_groups(made, made.sex, "female", "male", made.confidence)
    assert two.people([0, 1]) == (3, 3)
    assert len(set(two.strata.tolist())) == 2, (
        "the one who does not sing is drawn with the others of the same sex"
    )


@pytest.mark.parametrize(
    ("age", "band"), [("24.9", "under 25"), ("25", "25 to 39"), ("60", "60 and over"), ("old", "")]
)
def test_ages_are_banded(age: str, band: str) -> None:
    assert age_group(age) == band


def test_what_is_not_known_is_said() -> None:
    rows = people("a", "", 3, dict.fromkeys(LABELS, 0.5))
    results = look(rows)
    assert {entry["column"]: len(entry["groups"]) for entry in results["columns"]} == {
        "sex": 0, "age": 0, "language": 0, "corpus": 1, "intensity": 0,
    }  # fmt: skip
    with pytest.raises(HearfeltError, match="has 1 values for 180 clips"):
        look(rows, columns={"age": ["30"]})
    with pytest.raises(HearfeltError, match="no answers"):
        fairness(table(rows)[:0], rng=np.random.default_rng(0))


def test_a_manifest_is_joined_by_path_and_times(tmp_path: Path) -> None:
    made = table(people("a", "female", 1, {"happy": 1.0, "sad": 1.0}, clips=2))
    lines = ["path,start,end,corpus,speaker,emotion,language,votes_happy,votes_sad"]
    lines += [
        "/x/0.wav,0.0,,a,s,happy,de,0.75,0.25",
        "/x/1.wav,5.0,6.0,a,s,happy,fr,,",
        "/x/../x/2.wav,,,a,s,sad,de,,",
    ]
    (tmp_path / "m.csv").write_text("\n".join(lines) + "\n")
    columns, votes = join_manifest(made, tmp_path / "m.csv")
    assert columns["language"].tolist() == ["de", "", "de", ""]
    assert votes is not None
    assert votes[0].tolist() == [0.0, 0.75, 0.25]
    assert np.isnan(votes[1:]).all()
    (tmp_path / "other.csv").write_text("path,start,end\n/y/0.wav,0.0,\n")
    with pytest.raises(HearfeltError, match=r"has none of the 4 clips, such as /x/0\.wav"):
        join_manifest(made, tmp_path / "other.csv")
    (tmp_path / "no.csv").write_text("a,b\n1,2\n")
    with pytest.raises(HearfeltError, match="no column `path`"):
        join_manifest(made, tmp_path / "no.csv")
    (tmp_path / "bad.csv").write_text("path,start,end\n/x/0.wav,soon,\n")
    with pytest.raises(HearfeltError, match="is not a manifest"):
        join_manifest(made, tmp_path / "bad.csv")


def test_the_page_asks_for_nothing(tmp_path: Path) -> None:
    rows = people("a<b>", "female", 3, dict.fromkeys(LABELS, 0.7)) + people(
        "a<b>", "male", 3, dict.fromkeys(LABELS, 0.4)
    )
    votes = np.zeros((len(rows), 3))
    votes[:, 1:] = 0.5
    results = look(rows, votes=votes)
    json.dumps(results, allow_nan=False)
    write_page(tmp_path / "f.html", results, name="run <1>", command="hearfelt fairness x")
    text = (tmp_path / "f.html").read_text()
    assert "http://" not in text
    assert "https://" not in text
    assert "a<b>" not in text
    assert "data:image/png;base64," in text
    assert 'id="age"' in text
    assert "nothing is guessed" in text
