from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import KFold, train_test_split

from hearfelt.corpora.manifest import Manifest
from hearfelt.errors import ProtocolError
from hearfelt.protocols._registry import make_split
from hearfelt.protocols.config import ProtocolConfig


def test_parts_are_scikit_learns_of_the_rows_by_name(clips: Any) -> None:
    manifest = clips.manifest({"b": 5, "a": 4}, takes=3)
    rows = sorted(range(len(manifest)), key=lambda n: (manifest[n].corpus, manifest[n].path))
    rest, test = train_test_split(rows, test_size=0.3, random_state=11)
    train, validation = train_test_split(sorted(rest, key=rows.index), test_size=0.2, random_state=11)
    config = ProtocolConfig(name="random", test_fraction=0.3, validation_fraction=0.2, seed=11)
    (fold,) = make_split(manifest, config).folds
    assert [list(part) for part in fold.parts().values()] == [sorted(train), sorted(validation), sorted(test)]


def test_folds_are_scikit_learns(clips: Any) -> None:
    manifest = clips.manifest({"a": 6}, takes=3)
    rows = np.array(sorted(range(len(manifest)), key=lambda n: manifest[n].path))
    split = make_split(manifest, ProtocolConfig(name="random", folds=4, seed=5))
    for fold, (_, test) in zip(split.folds, KFold(4, shuffle=True, random_state=5).split(rows), strict=True):
        assert list(fold.test) == sorted(rows[test])


def test_a_class_that_falls_out_of_training_is_refused(clips: Any) -> None:
    manifest = Manifest(
        clips.corpus("c", ["c_1"], takes=15) + clips.corpus("c", ["c_2"], emotions=["disgust"], takes=1)
    )
    refused = 0
    for seed in range(20):
        try:
            make_split(manifest, ProtocolConfig(name="random", seed=seed, test_fraction=0.4))
        except ProtocolError as error:
            assert "no clip of disgust in training" in str(error)
            refused += 1
    assert 0 < refused < 20
    with pytest.raises(ProtocolError, match="two are needed"):
        make_split(manifest[:1], ProtocolConfig(name="random"))
