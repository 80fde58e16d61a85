from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from hearfelt.corpora.manifest import Manifest
from hearfelt.protocols._registry import make_split
from hearfelt.protocols.config import ProtocolConfig


def test_five_folds_by_default_each_with_a_fifth_of_every_corpus(clips: Any) -> None:
    manifest = clips.manifest({"a": 10, "b": 15})
    split = make_split(manifest, ProtocolConfig())
    for fold in split.folds:
        tested = Counter(name[0] for name in clips.speakers(manifest, fold.test))
        assert tested == {"a": 2, "b": 3}
    assert len(split.folds) == 5


def test_small_corpora_even_out_the_folds(clips: Any) -> None:
    manifest = clips.manifest({"a": 2, "b": 2})
    split = make_split(manifest, ProtocolConfig(folds=4, validation_fraction=0.3))
    assert [len(clips.speakers(manifest, fold.test)) for fold in split.folds] == [1] * 4


@pytest.mark.parametrize("folds", [3, 5])
def test_real_corpora_are_spread(real_manifest: Manifest, folds: int) -> None:
    split = make_split(real_manifest, ProtocolConfig(folds=folds))
    people = Counter(corpus for _, corpus in {(row.speaker, row.corpus) for row in real_manifest})
    for fold in split.folds:
        tested = {(real_manifest[row].speaker, real_manifest[row].corpus) for row in fold.test}
        counts = Counter(corpus for _, corpus in tested)
        for corpus, count in people.items():
            if corpus != "ravdess_song":  # dealt together with speech, and one actor does not sing
                assert count // folds <= counts[corpus] <= -(-count // folds)
        heard = {real_manifest[row].speaker for row in (*fold.train, *fold.validation)}
        assert not heard & {speaker for speaker, _ in tested}
        left = Counter({corpus: people[corpus] - counts[corpus] for corpus in people})
        validating = {real_manifest[row].corpus for row in fold.validation}
        assert validating == {corpus for corpus, count in left.items() if count >= 3}
