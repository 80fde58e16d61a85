"""The same clips as scikit-learn, draw for draw."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split

from hearfelt.errors import ProtocolError
from hearfelt.protocols._shuffle import kfold, train_test

_LABELS = st.lists(st.sampled_from("abcd"), min_size=2, max_size=120)


@settings(max_examples=60, deadline=None)
@given(labels=_LABELS, fraction=st.floats(0.05, 0.9), seed=st.integers(0, 2**32 - 1))
def test_a_division_is_scikit_learns(labels: list[str], fraction: float, seed: int) -> None:
    for stratify in (None, labels):
        places = np.arange(len(labels))
        try:
            expected = train_test_split(places, test_size=fraction, random_state=seed, stratify=stratify)
        except ValueError:
            with pytest.raises(ProtocolError):
                train_test(len(labels), fraction, seed, stratify)
            continue
        for ours, theirs in zip(train_test(len(labels), fraction, seed, stratify), expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@settings(max_examples=40, deadline=None)
@given(labels=_LABELS, folds=st.integers(2, 7), seed=st.integers(0, 1000))
@pytest.mark.filterwarnings("ignore:The least populated class")
def test_folds_are_scikit_learns(labels: list[str], folds: int, seed: int) -> None:
    for stratify, kind in ((None, KFold), (labels, StratifiedKFold)):
        try:
            splitter = kind(folds, shuffle=True, random_state=seed)
            expected = [test for _, test in splitter.split(np.zeros(len(labels)), stratify)]
        except ValueError:
            with pytest.raises(ProtocolError):
                kfold(len(labels), folds, seed, stratify)
            continue
        for ours, theirs in zip(kfold(len(labels), folds, seed, stratify), expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_a_rare_class_is_named() -> None:
    with pytest.raises(ProtocolError, match="'b' has 1"):
        train_test(11, 0.2, 0, ["a"] * 10 + ["b"])
