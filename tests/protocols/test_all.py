from __future__ import annotations

from typing import Any

from hearfelt.protocols._registry import make_split
from hearfelt.protocols.config import ProtocolConfig


def test_nobody_is_tested_and_speakers_validate(clips: Any) -> None:
    manifest = clips.manifest({"a": 20, "tess": 2})
    split = make_split(manifest, ProtocolConfig(name="all"))
    (fold,) = split.folds
    assert fold.test == ()
    assert len(fold.train) + len(fold.validation) == len(manifest)
    chosen = clips.speakers(manifest, fold.validation)
    assert len(chosen) == 3
    assert not chosen & clips.speakers(manifest, fold.train)
    assert not any(name.startswith("tess") for name in chosen)
    assert "3 of 22 speakers validate, no test" in split.describe()


def test_two_women_alone_are_one_and_one(clips: Any) -> None:
    manifest = clips.manifest({"tess": 2})
    (fold,) = make_split(manifest, ProtocolConfig(name="all")).folds
    assert [len(clips.speakers(manifest, rows)) for rows in fold.parts().values()] == [1, 1, 0]


def test_no_validation_on_request(clips: Any) -> None:
    manifest = clips.manifest({"a": 3})
    (fold,) = make_split(manifest, ProtocolConfig(name="all", validation_fraction=0)).folds
    assert len(fold.train) == len(manifest)
