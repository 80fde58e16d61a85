"""Fewer rows: parts stay where they were, and smaller draws are parts of larger ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hearfelt.corpora.manifest import Manifest, Row
from hearfelt.errors import ProtocolError, UnknownNameError
from hearfelt.protocols._registry import make_split
from hearfelt.protocols.config import ProtocolConfig
from hearfelt.training.run import open_run, prepare_run
from hearfelt.training.subset import keep_corpora, limit_training


@pytest.fixture
def rows() -> Manifest:
    """Ten people who speak and sing, ten clips of happy and five of sad each."""
    return Manifest(
        Row(f"{corpus}/{person}/{emotion}{take}.wav", corpus, f"p{person}", emotion)
        for corpus in ("speech", "song")
        for person in range(10)
        for emotion, count in (("happy", 10), ("sad", 5))
        for take in range(count)
    )


def test_runs_on_one_and_on_the_other_corpus_share_their_folds(rows: Manifest) -> None:
    split = make_split(rows, ProtocolConfig(name="grouped_kfold", folds=3))
    people = {}
    for corpus in ("speech", "song"):
        manifest, kept = keep_corpora(rows, split, [corpus])
        assert {row.corpus for row in manifest} == {corpus}
        assert len(manifest) == 150
        people[corpus] = [
            [{manifest[row].speaker for row in part} for part in fold.parts().values()] for fold in kept.folds
        ]
        for before, after in zip(split.folds, kept.folds, strict=True):
            expected = [rows[row].key for row in before.test if rows[row].corpus == corpus]
            assert [manifest[row].key for row in after.test] == expected
    assert people["speech"] == people["song"]


def test_a_corpus_that_is_not_there_is_named(rows: Manifest) -> None:
    split = make_split(rows, ProtocolConfig(name="grouped_kfold", folds=3))
    with pytest.raises(UnknownNameError, match="Did you mean 'song'"):
        keep_corpora(rows, split, ["songs"])


def test_a_class_that_only_the_others_have_is_refused(rows: Manifest) -> None:
    changed = rows + Manifest(Row(f"x{n}.wav", "speech", f"p{n}", "angry") for n in range(10))
    split = make_split(changed, ProtocolConfig(name="grouped_kfold", folds=3))
    with pytest.raises(ProtocolError, match="no training clip of angry"):
        keep_corpora(changed, split, ["song"])


def test_smaller_draws_are_parts_of_larger_ones_and_in_proportion(rows: Manifest) -> None:
    split = make_split(rows, ProtocolConfig(name="grouped_kfold", folds=3))
    before: set[int] = set()
    for count in (2, 6, 30, 90, 10_000):
        limited = limit_training(rows, split, count, seed=4)
        fold, whole = limited.folds[0], split.folds[0]
        assert len(fold.train) == min(count, len(whole.train))
        assert (fold.validation, fold.test) == (whole.validation, whole.test)
        assert before <= set(fold.train) <= set(whole.train)
        before = set(fold.train)
        counts = Counter(rows[row].emotion for row in fold.train)
        assert abs(counts["happy"] - 2 * counts["sad"]) <= 2
    assert (
        limit_training(rows, split, 30, 5).folds[0].train != limit_training(rows, split, 30, 4).folds[0].train
    )


def test_fewer_clips_than_classes_are_refused(rows: Manifest) -> None:
    split = make_split(rows, ProtocolConfig(name="grouped_kfold", folds=3))
    with pytest.raises(ProtocolError, match="2 classes"):
        limit_training(rows, split, 1, 0)


def test_a_run_keeps_to_both(tiny_corpora: Path, tiny_recipe: Callable[..., Any], tmp_path: Path) -> None:
    recipe = tiny_recipe("data.only=[emodb]", "data.max_training_clips=5")
    prepare_run(recipe, tmp_path / "run", data=tiny_corpora)
    run = open_run(tmp_path / "run")
    assert {row.corpus for row in run.manifest} == {"emodb"}
    assert [len(fold.train) for fold in run.split.folds] == [5, 5]
    assert "At most 5 clips" in run.split.description
