from __future__ import annotations

from typing import Any

import pytest

from hearfelt.corpora.manifest import Manifest
from hearfelt.errors import ProtocolError, UnknownNameError
from hearfelt.protocols._registry import make_split
from hearfelt.protocols.config import ProtocolConfig


def _corpora(manifest: Manifest, rows: tuple[int, ...]) -> set[str]:
    return {manifest[row].corpus for row in rows}


def test_named_corpora_are_on_their_side_and_others_are_left_out(clips: Any) -> None:
    manifest = clips.manifest({"a": 4, "b": 4, "c": 4})
    config = ProtocolConfig(name="cross_corpus", train_corpora=("A",), test_corpora=("b",))
    (fold,) = make_split(manifest, config).folds
    assert _corpora(manifest, fold.train) == _corpora(manifest, fold.validation) == {"a"}
    assert [manifest[row].corpus for row in fold.test] == ["b"] * 24


def test_an_empty_side_is_all_the_rest(clips: Any) -> None:
    manifest = clips.manifest({"a": 4, "b": 4, "c": 4})
    (fold,) = make_split(manifest, ProtocolConfig(name="cross_corpus", test_corpora=("c",))).folds
    assert _corpora(manifest, fold.train) == {"a", "b"}
    (fold,) = make_split(manifest, ProtocolConfig(name="cross_corpus", train_corpora=("c",))).folds
    assert _corpora(manifest, fold.test) == {"a", "b"}


def test_each_in_turn_keeps_corpora_with_the_same_people_together(clips: Any) -> None:
    actors = [f"r_{n}" for n in range(4)]
    rows = (
        clips.corpus("speech", actors)
        + clips.corpus("song", actors[1:])
        + clips.corpus("z", ["z_1", "z_2", "z_3"])
    )
    manifest = Manifest(rows)
    split = make_split(manifest, ProtocolConfig(name="cross_corpus"))
    assert [_corpora(manifest, fold.test) for fold in split.folds] == [{"song", "speech"}, {"z"}]


def test_people_on_both_sides_are_dealt_to_folds(clips: Any) -> None:
    actors = [f"r_{n}" for n in range(6)]
    manifest = Manifest(clips.corpus("speech", actors) + clips.corpus("song", actors[:5]))
    config = ProtocolConfig(name="cross_corpus", train_corpora=("speech",), test_corpora=("song",), folds=3)
    split = make_split(manifest, config)
    assert len(split.folds) == 3
    assert sorted(row for fold in split.folds for row in fold.test) == [
        n for n, row in enumerate(manifest) if row.corpus == "song"
    ]
    for fold in split.folds:
        assert _corpora(manifest, fold.train) == {"speech"}
        heard = clips.speakers(manifest, (*fold.train, *fold.validation))
        assert not heard & clips.speakers(manifest, fold.test)


def test_what_cannot_be_is_refused(clips: Any) -> None:
    manifest = clips.manifest({"alpha": 4, "beta": 4})
    with pytest.raises(UnknownNameError, match="Did you mean 'alpha'"):
        make_split(manifest, ProtocolConfig(name="cross_corpus", train_corpora=("alfa",)))
    with pytest.raises(ProtocolError, match="alpha is in train_corpora and test_corpora"):
        make_split(
            manifest, ProtocolConfig(name="cross_corpus", train_corpora=("alpha",), test_corpora=("alpha",))
        )
    with pytest.raises(ProtocolError, match="both sides"):
        make_split(manifest, ProtocolConfig(name="cross_corpus", train_corpora=("alpha", "beta")))
    with pytest.raises(ProtocolError, match="two that share nobody"):
        make_split(clips.manifest({"alpha": 4}), ProtocolConfig(name="cross_corpus"))


def test_a_class_that_training_corpora_lack_is_named(clips: Any) -> None:
    rows = clips.corpus("a", ["a_1", "a_2", "a_3"]) + clips.corpus("b", ["b_1"], emotions=["boredom", "sad"])
    with pytest.raises(ProtocolError, match="nobody else has clips of boredom"):
        make_split(Manifest(rows), ProtocolConfig(name="cross_corpus", test_corpora=("b",)))
