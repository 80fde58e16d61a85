"""Who validates, and how people are dealt to folds."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from hearfelt.corpora.manifest import Manifest
from hearfelt.errors import ProtocolError
from hearfelt.protocols._folds import deal
from hearfelt.protocols._people import find_people
from hearfelt.protocols._registry import make_split
from hearfelt.protocols.config import ProtocolConfig


def test_every_corpus_with_three_left_gives_its_share_and_keeps_two(clips: Any) -> None:
    manifest = clips.manifest({"two": 2, "three": 3, "four": 4, "forty": 40})
    for seed in range(5):
        fold = make_split(manifest, ProtocolConfig(name="all", seed=seed)).folds[0]
        chosen = Counter(name.split("_")[0] for name in clips.speakers(manifest, fold.validation))
        assert chosen == {"three": 1, "four": 1, "forty": 6}


def test_small_corpora_may_keep_everybody_and_change_nothing_elsewhere(clips: Any) -> None:
    manifest = clips.manifest({"four": 4, "nine": 9, "twelve": 12})
    for seed in range(5):
        usual, fewer = (
            clips.speakers(
                manifest,
                make_split(manifest, ProtocolConfig(name="all", seed=seed, **more)).folds[0].validation,
            )
            for more in ({}, {"validation_min_speakers": 9})
        )
        assert fewer == {name for name in usual if not name.startswith("four")} != usual
    everywhere = ProtocolConfig(name="all", validation_min_speakers=100)
    assert len(clips.speakers(manifest, make_split(manifest, everywhere).folds[0].validation)) == 1


def test_sexes_are_in_balance(clips: Any) -> None:
    manifest = clips.manifest({"a": 14, "b": 4, "c": 4, "d": 4, "e": 4, "f": 21})
    sex = {row.speaker: row.sex for row in manifest}
    for seed in range(5):
        fold = make_split(manifest, ProtocolConfig(name="all", seed=seed)).folds[0]
        chosen = Counter(sex[name] for name in clips.speakers(manifest, fold.validation))
        assert abs(chosen["female"] - chosen["male"]) <= 1


def test_the_last_woman_or_man_of_a_corpus_trains(clips: Any) -> None:
    manifest = clips.manifest({"a": 4, "b": 5})
    for fold in make_split(manifest, ProtocolConfig(name="leave_one_speaker_out")).folds:
        left = {(row.corpus, row.sex) for n, row in enumerate(manifest) if n not in fold.test}
        assert {(manifest[row].corpus, manifest[row].sex) for row in fold.train} == left


def test_four_men_are_two_one_and_one(clips: Any) -> None:
    manifest = clips.manifest({"savee": 4})
    for fold in make_split(manifest, ProtocolConfig(name="leave_one_speaker_out")).folds:
        assert [len(clips.speakers(manifest, rows)) for rows in fold.parts().values()] == [2, 1, 1]


def test_whoever_has_a_class_alone_trains(clips: Any) -> None:
    rows = clips.corpus("c", [f"c_{n}" for n in range(5)]) + clips.corpus("c", ["c_3"], emotions=["disgust"])
    manifest = Manifest(rows)
    for seed in range(8):
        fold = make_split(manifest, ProtocolConfig(name="all", seed=seed, validation_fraction=0.9)).folds[0]
        assert "c_3" in clips.speakers(manifest, fold.train)
        assert len(clips.speakers(manifest, fold.validation)) == 3


def test_no_validation_where_none_can_be(clips: Any) -> None:
    rows = clips.corpus("c", ["c_0"], emotions=["sad"]) + clips.corpus("c", ["c_1"], emotions=["angry"])
    with pytest.raises(ProtocolError, match="set validation_fraction to 0"):
        make_split(Manifest(rows), ProtocolConfig(name="all"))
    fold = make_split(Manifest(rows), ProtocolConfig(name="all", validation_fraction=0)).folds[0]
    assert fold.validation == ()


def test_a_single_training_voice_validates_with_other_sentences(clips: Any) -> None:
    manifest = clips.manifest({"tess": 2}, takes=20)
    split = make_split(manifest, ProtocolConfig(name="leave_one_speaker_out"))
    assert "other clips of the same voice" in split.describe()
    for fold in split.folds:
        said = [{manifest[row].statement for row in rows} for rows in (fold.train, fold.validation)]
        assert [len(statements) for statements in said] == [17, 3]
        assert not said[0] & said[1]


def test_people_are_dealt_evenly(clips: Any) -> None:
    manifest = clips.manifest({"big": 25, "middle": 12, "pair": 2})
    groups = deal(find_people(manifest), 6, seed=0)
    for corpus in ("big", "middle", "pair"):
        sizes = [sum(person.population == corpus for person in group) for group in groups]
        assert max(sizes) - min(sizes) <= 1
    for sex in ("female", "male"):
        sizes = [
            sum(person.sex == sex for person in group if person.population == "middle") for group in groups
        ]
        assert sizes == [1] * 6
    first = deal(find_people(manifest), 6, 0, fill_first=True)
    assert ["pair" in {person.population for person in group} for group in first] == [True] * 2 + [False] * 4


def test_shared_people_are_one_population(clips: Any) -> None:
    rows = clips.corpus("speech", ["x_1", "x_2"]) + clips.corpus("song", ["x_2", "x_3"])
    rows += clips.corpus("other", ["y_1"])
    people = find_people(Manifest(rows))
    assert [(person.name, person.population) for person in people] == [
        ("x_1", "song+speech"),
        ("x_2", "song+speech"),
        ("x_3", "song+speech"),
        ("y_1", "other"),
    ]
