from __future__ import annotations

import pytest

from hearfelt.errors import ProtocolError
from hearfelt.protocols._registry import create_protocol
from hearfelt.protocols.config import ProtocolConfig


def test_settings_are_checked() -> None:
    assert create_protocol("Grouped-KFold", folds=3) == ProtocolConfig(name="grouped_kfold", folds=3)
    for options, message in (
        ({"name": "grouped"}, "Did you mean 'grouped_kfold'"),
        ({"name": "published", "scheme": "emobox"}, "or 'emobox_ravdess'\\?"),
        ({"name": "random", "scheme": "serab"}, "belongs to protocol 'published'"),
        ({"name": "random", "train_corpora": ("x",)}, "belong to 'cross_corpus'"),
        ({"name": "random", "fraction": 0.1}, "fraction"),
        ({"name": "random", "fold": (1, 1)}, "different folds"),
    ):
        with pytest.raises(ProtocolError, match=message):
            create_protocol(**options)
    assert ProtocolConfig(fold=(2, 0)).folds_to_run(3) == (2, 0)
    assert ProtocolConfig().folds_to_run(3) == (0, 1, 2)


def test_a_recipe_writes_and_reads_it() -> None:
    config = ProtocolConfig(name="cross_corpus", train_corpora=("a", "b"), fold=(0, 2), seed=3)
    assert ProtocolConfig.model_validate_json(config.model_dump_json()) == config
    assert ProtocolConfig.model_validate({"name": "published", "scheme": "serab"}).label == "published/serab"
