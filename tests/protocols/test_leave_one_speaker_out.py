from __future__ import annotations

from typing import Any

from sklearn.model_selection import LeaveOneGroupOut

from hearfelt.protocols._registry import make_split
from hearfelt.protocols.config import ProtocolConfig


def test_folds_are_scikit_learns_groups_in_order_of_names(clips: Any) -> None:
    manifest = clips.manifest({"b": 4, "a": 12})
    split = make_split(manifest, ProtocolConfig(name="leave_one_speaker_out"))
    speakers = [row.speaker for row in manifest]
    expected = list(LeaveOneGroupOut().split(speakers, groups=speakers))
    assert len(split.folds) == len(expected) == 16
    for fold, (rest, test) in zip(split.folds, expected, strict=True):
        assert list(fold.test) == list(test)
        assert sorted((*fold.train, *fold.validation)) == list(rest)
