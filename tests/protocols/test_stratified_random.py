from __future__ import annotations

from collections import Counter
from typing import Any

from sklearn.model_selection import StratifiedKFold, train_test_split

from hearfelt.protocols._registry import make_split
from hearfelt.protocols.config import ProtocolConfig


def test_shares_of_every_class_are_kept(clips: Any) -> None:
    manifest = clips.manifest({"first": 10}, takes=10)
    fold = make_split(manifest, ProtocolConfig(name="stratified_random", test_fraction=0.3)).folds[0]
    for part, share in (("test", 0.3), ("validation", 0.7 * 0.15)):
        counts = Counter(manifest[row].emotion for row in fold.parts()[part])
        assert set(counts) == {"angry", "happy", "sad"}
        assert all(abs(count - share * 100) <= 1 for count in counts.values())


def test_parts_are_scikit_learns_of_the_rows_by_name(clips: Any) -> None:
    manifest = clips.manifest({"a": 7}, takes=3)
    rows = sorted(range(len(manifest)), key=lambda n: manifest[n].path)
    labels = [manifest[n].emotion for n in rows]
    rest, test = train_test_split(rows, test_size=0.2, random_state=3, stratify=labels)
    rest.sort(key=rows.index)
    kept = [manifest[n].emotion for n in rest]
    train, validation = train_test_split(rest, test_size=0.15, random_state=3, stratify=kept)
    (fold,) = make_split(manifest, ProtocolConfig(name="stratified_random", seed=3)).folds
    assert [list(part) for part in fold.parts().values()] == [sorted(train), sorted(validation), sorted(test)]


def test_folds_are_scikit_learns(clips: Any) -> None:
    manifest = clips.manifest({"a": 6}, takes=3)
    rows = sorted(range(len(manifest)), key=lambda n: manifest[n].path)
    labels = [manifest[n].emotion for n in rows]
    split = make_split(manifest, ProtocolConfig(name="stratified_random", folds=4, seed=5))
    expected = StratifiedKFold(4, shuffle=True, random_state=5).split(rows, labels)
    for fold, (_, test) in zip(split.folds, expected, strict=True):
        assert list(fold.test) == sorted(rows[place] for place in test)
