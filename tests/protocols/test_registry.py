"""Laws that hold for every protocol."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearfelt.corpora.manifest import Manifest, Row
from hearfelt.errors import ProtocolError
from hearfelt.protocols._registry import list_protocols, make_split
from hearfelt.protocols.config import ProtocolConfig
from hearfelt.protocols.leaks import check_leaks, is_random
from hearfelt.protocols.split import Split

CONFIGS = [
    {"name": "random"},
    {"name": "random", "folds": 3},
    {"name": "stratified_random"},
    {"name": "stratified_random", "folds": 3},
    {"name": "grouped_kfold", "folds": 3},
    {"name": "leave_one_speaker_out"},
    {"name": "cross_corpus", "train_corpora": ("first",)},
    {"name": "cross_corpus"},
    {"name": "all"},
    {"name": "published", "scheme": "joint6"},
    {"name": "published", "scheme": "project2_random"},
    {"name": "published", "scheme": "project3_random"},
]
_LEAVES_OUT = ("cross_corpus",)


@st.composite
def manifests(draw: st.DrawFn, *, gaps: bool) -> Manifest:
    """Two or three corpora; with ``gaps`` speakers lack emotions, share corpora, or are alone."""
    rows = []
    for corpus in ("first", "second", "third")[: draw(st.integers(2, 3))]:
        for number in range(draw(st.integers(1 if gaps else 3, 8))):
            shared = gaps and draw(st.integers(0, 5)) == 0
            emotions = ["angry", "happy", "sad"]
            if gaps and draw(st.integers(0, 3)) == 0:
                emotions = emotions[: draw(st.integers(1, 2))]
            sex = draw(st.sampled_from(["female", "male", ""]))
            for emotion in emotions:
                for take in range(draw(st.integers(1, 3)) if gaps else 3):
                    speaker = f"shared_{number}" if shared else f"{corpus}_{number}"
                    path = f"/data/{corpus}/{number}{emotion}{take}.wav"
                    rows.append(Row(path, corpus, speaker, emotion, sex=sex, statement=str(take)))
    return Manifest(draw(st.permutations(rows)) if gaps else rows)


def _laws(manifest: Manifest, config: ProtocolConfig, split: Split) -> None:
    tested: list[int] = []
    for fold in split.folds:
        rows = [*fold.train, *fold.validation, *fold.test]
        assert len(set(rows)) == len(rows)
        assert set(rows) <= set(range(len(manifest)))
        if config.name not in _LEAVES_OUT:
            assert len(rows) == len(manifest)
        assert {manifest[row].emotion for row in rows} == {manifest[row].emotion for row in fold.train}
        tested += fold.test
    if config.name in ("grouped_kfold", "leave_one_speaker_out") or config.folds or config.scheme == "joint6":
        assert sorted(tested) == list(range(len(manifest)))
    assert check_leaks(manifest, split) == []
    assert split.speaker_independent is not is_random(config.label)


@pytest.mark.parametrize("options", CONFIGS, ids=lambda options: "-".join(map(str, options.values())))
@settings(max_examples=12, deadline=None)
@given(manifest=manifests(gaps=False), seed=st.integers(0, 10_000))
def test_a_complete_manifest_is_divided_lawfully(options: dict, manifest: Manifest, seed: int) -> None:
    config = ProtocolConfig(**options, seed=seed)
    split = make_split(manifest, config)
    _laws(manifest, config, split)
    assert all(fold.validation for fold in split.folds)


@pytest.mark.parametrize("options", CONFIGS, ids=lambda options: "-".join(map(str, options.values())))
@settings(max_examples=25, deadline=None)
@given(manifest=manifests(gaps=True), seed=st.integers(0, 10_000))
def test_a_manifest_with_gaps_is_divided_lawfully_or_refused(
    options: dict, manifest: Manifest, seed: int
) -> None:
    config = ProtocolConfig(**options, seed=seed)
    try:
        split = make_split(manifest, config)
    except ProtocolError as error:
        assert str(error).endswith(".")
        return
    _laws(manifest, config, split)


@pytest.mark.parametrize("options", CONFIGS, ids=lambda options: "-".join(map(str, options.values())))
@settings(max_examples=8, deadline=None)
@given(manifest=manifests(gaps=False), seed=st.integers(0, 10_000), data=st.data())
def test_the_order_of_rows_changes_nothing(
    options: dict, manifest: Manifest, seed: int, data: st.DataObject
) -> None:
    config = ProtocolConfig(**options, seed=seed)
    order = data.draw(st.permutations(range(len(manifest))))
    split, moved = (make_split(rows, config) for rows in (manifest, Manifest(manifest[n] for n in order)))
    assert len(split.folds) == len(moved.folds)
    for fold, other in zip(split.folds, moved.folds, strict=True):
        for part, rows in other.parts().items():
            assert {order[row] for row in rows} == set(fold.parts()[part])
            assert list(rows) == sorted(rows)


@pytest.mark.parametrize("options", CONFIGS, ids=lambda options: "-".join(map(str, options.values())))
def test_the_seed_decides(options: dict, clips: Any) -> None:
    manifest = clips.manifest({"first": 8, "second": 6})
    one, again, *others = (
        make_split(manifest, ProtocolConfig(**options, seed=seed)) for seed in (0, 0, 1, 2, 3, 4)
    )
    assert one == again
    fixed = options.get("scheme", "").startswith("project")
    assert all(other.folds == one.folds for other in others) is fixed


def test_every_protocol_is_tried_above() -> None:
    assert {options["name"] for options in CONFIGS} == set(list_protocols())


def test_where_the_data_lies_changes_nothing(clips: Any) -> None:
    manifest = clips.manifest({"first": 6, "second": 5})
    moved = Manifest(
        Row(row.path.replace("/data", "/elsewhere"), row.corpus, row.speaker, row.emotion, row.sex)
        for row in manifest
    )
    for name in ("stratified_random", "grouped_kfold"):
        config = ProtocolConfig(name=name)
        assert make_split(manifest, config).folds == make_split(moved, config).folds


def test_one_speaker_alone_is_one_clear_error(clips: Any) -> None:
    manifest = clips.manifest({"mine": 1}, takes=5)
    for name in ("grouped_kfold", "leave_one_speaker_out", "cross_corpus"):
        with pytest.raises(ProtocolError, match="one speaker \\(mine_1\\)"):
            make_split(manifest, ProtocolConfig(name=name))
    assert make_split(manifest, ProtocolConfig(name="stratified_random", validation_fraction=0.3)).folds
    assert make_split(manifest, ProtocolConfig(name="all")).folds[0].validation


def test_an_empty_manifest_a_repeated_row_and_too_many_folds_are_refused(clips: Any) -> None:
    manifest = clips.manifest({"mine": 4})
    with pytest.raises(ProtocolError, match="no rows"):
        make_split(Manifest([]), ProtocolConfig())
    with pytest.raises(ProtocolError, match="twice"):
        make_split(Manifest([*manifest, manifest[0]]), ProtocolConfig(folds=2))
    with pytest.raises(ProtocolError, match="5 speakers at least, there are 4"):
        make_split(manifest, ProtocolConfig())
    with pytest.raises(ProtocolError, match="0 to 3"):
        make_split(manifest, ProtocolConfig(folds=4, fold=(4,)))


def test_a_class_of_one_speaker_is_named(clips: Any) -> None:
    rows = clips.corpus("c", ["c_1", "c_2", "c_3"]) + clips.corpus("c", ["c_3"], emotions=["disgust"])
    with pytest.raises(ProtocolError, match=r"tests c_3, and nobody else has clips of disgust"):
        make_split(Manifest(rows), ProtocolConfig(name="leave_one_speaker_out"))
