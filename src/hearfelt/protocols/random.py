"""Random division of clips: the same voices are on both sides, so it says little about strangers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hearfelt.corpora.manifest import Manifest
from hearfelt.protocols import _shuffle
from hearfelt.protocols._folds import Division
from hearfelt.protocols.config import ProtocolConfig
from hearfelt.protocols.split import Fold


def divide(manifest: Manifest, config: ProtocolConfig) -> Division:
    """Test a random share of the clips, as scikit-learn's ``train_test_split`` or ``KFold`` chooses it."""
    return divide_clips(manifest, config, None, "Random division of clips")


def divide_clips(
    manifest: Manifest, config: ProtocolConfig, labels: Sequence[str] | None, title: str
) -> Division:
    """Divide clips by lot, keeping the proportions of ``labels`` where they are given.

    The validation is drawn from the clips that are not tested, in the same way.
    """
    count, seed = len(manifest), config.seed
    if config.folds is None:
        tests = [_shuffle.train_test(count, config.test_fraction, seed, labels)[1]]
        text = f"{title}, {config.test_fraction:.0%} tested, seed {seed}."
    else:
        tests = _shuffle.kfold(count, config.folds, seed, labels)
        text = f"{title}, {config.folds}-fold, seed {seed}."
    folds = []
    for test in tests:
        rest = np.setdiff1d(np.arange(count), test)
        validation = rest[:0]
        if config.validation_fraction > 0:
            kept = None if labels is None else [labels[row] for row in rest]
            train, chosen = _shuffle.train_test(len(rest), config.validation_fraction, seed, kept)
            rest, validation = rest[train], rest[chosen]
        folds.append(Fold(_sorted(rest), _sorted(validation), _sorted(test)))
    return Division(tuple(folds), False, text)


def _sorted(rows: _shuffle.Indices) -> tuple[int, ...]:
    return tuple(np.sort(rows).tolist())
