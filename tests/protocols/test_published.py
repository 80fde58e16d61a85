"""Published divisions: the people in each part are those of the publication."""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.model_selection import train_test_split

from hearfelt.corpora.manifest import Manifest
from hearfelt.errors import ProtocolError
from hearfelt.protocols._registry import make_split
from hearfelt.protocols._schemes import list_schemes
from hearfelt.protocols.config import ProtocolConfig
from hearfelt.protocols.leaks import refuse_leaks

EMOBOX = [
    {"01", "11", "20", "21"},
    {"04", "10", "12", "14"},
    {"08", "09", "19", "23"},
    {"03", "05", "07", "24"},
    {"02", "15", "16", "18"},
    {"06", "13", "17", "22"},
]
ACTORS = [f"ravdess_{n:02}" for n in range(1, 25)]


def _published(scheme: str, **options: object) -> ProtocolConfig:
    return ProtocolConfig(name="published", scheme=scheme, **options)  # type: ignore[arg-type]


def _codes(manifest: Manifest, rows: tuple[int, ...]) -> set[str]:
    return {manifest[row].speaker.rsplit("_", 1)[-1] for row in rows}


@pytest.mark.parametrize(
    "corpora", [("ravdess_speech",), ("ravdess_song",), ("ravdess_speech", "ravdess_song")]
)
def test_emobox_tests_its_six_groups_of_actors(clips: Any, corpora: tuple[str, ...]) -> None:
    manifest = Manifest(
        row
        for corpus in corpora
        for row in clips.corpus(corpus, [a for a in ACTORS if corpus != "ravdess_song" or a != "ravdess_18"])
    )
    split = make_split(manifest, _published("emobox_ravdess"))
    present = _codes(manifest, tuple(range(len(manifest))))
    assert [_codes(manifest, fold.test) for fold in split.folds] == [group & present for group in EMOBOX]
    assert all(len(_codes(manifest, fold.validation)) == 3 for fold in split.folds)
    refuse_leaks(manifest, split)


def test_every_actor_is_tested_once_in_the_folds_of_res_lstm(clips: Any) -> None:
    manifest = Manifest(clips.corpus("ravdess_speech", ACTORS))
    split = make_split(manifest, _published("res_lstm_ravdess"))
    assert _codes(manifest, split.folds[4].test) == {"01", "04", "09", "22"}
    assert sorted(row for fold in split.folds for row in fold.test) == list(range(len(manifest)))


@pytest.mark.parametrize(
    ("corpus", "speakers", "test", "validation"),
    [
        ("ravdess_speech", ACTORS, {"01", "04", "13", "16", "22"}, {"06", "08", "10", "19", "20"}),
        ("savee", ["savee_DC", "savee_JE", "savee_JK", "savee_KL"], {"DC"}, {"JE"}),
        ("aesdd", [f"aesdd_{n}" for n in range(1, 7)], {"1", "5"}, {"4"}),
        ("aesdd", [f"aesdd_{n}" for n in range(1, 6)], {"5"}, {"4"}),
        (
            "emodb",
            [f"emodb_{code}" for code in "03 08 09 10 11 12 13 14 15 16".split()],  # noqa: SIM905
            {"03", "12"},
            {"10", "14"},
        ),
    ],
)
def test_serab_has_its_own_validation(
    clips: Any, corpus: str, speakers: list[str], test: set[str], validation: set[str]
) -> None:
    manifest = Manifest(clips.corpus(corpus, speakers))
    (fold,) = make_split(manifest, _published("serab")).folds
    assert _codes(manifest, fold.test) == test
    assert _codes(manifest, fold.validation) == validation
    assert len(_codes(manifest, fold.train)) == len(speakers) - len(test) - len(validation)


def test_serab_of_crema_d_has_63_9_and_19_speakers_of_91(clips: Any) -> None:
    manifest = Manifest(clips.corpus("crema_d", [f"crema_d_{n}" for n in range(1001, 1092)], takes=1))
    (fold,) = make_split(manifest, _published("serab")).folds
    assert [len(clips.speakers(manifest, rows)) for rows in fold.parts().values()] == [63, 9, 19]


def test_song_is_tested_on_its_last_four_actors(clips: Any) -> None:
    manifest = Manifest(clips.corpus("ravdess_song", ACTORS))
    (fold,) = make_split(manifest, _published("ravdess_song_actors_21_24")).folds
    assert _codes(manifest, fold.test) == {"21", "22", "23", "24"}
    assert len(_codes(manifest, fold.train) | _codes(manifest, fold.validation)) == 20


def test_joint6_measures_every_corpus_on_unheard_people(clips: Any) -> None:
    manifest = Manifest(clips.corpus("ravdess_speech", ACTORS) + clips.corpus("ravdess_song", ACTORS[1:]))
    manifest = manifest + clips.manifest({"tess": 2, "savee": 4, "emodb": 10})
    split = make_split(manifest, _published("joint6"))
    assert len(split.folds) == 6
    for fold, actors in zip(split.folds, EMOBOX, strict=True):
        tested = {name for name in clips.speakers(manifest, fold.test) if name.startswith("ravdess")}
        assert {name[-2:] for name in tested} == actors
    tests = [{manifest[row].corpus for row in fold.test} for fold in split.folds]
    assert ["tess" in corpora for corpora in tests] == [True] * 2 + [False] * 4
    assert ["savee" in corpora for corpora in tests] == [True] * 4 + [False] * 2
    assert all("emodb" in corpora for corpora in tests)
    assert not any("tess" in {manifest[row].corpus for row in fold.validation} for fold in split.folds)
    refuse_leaks(manifest, split)


def test_random_schemes_choose_the_clips_of_scikit_learn(clips: Any) -> None:
    manifest = clips.manifest({"aesdd": 6}, takes=7)
    rows = sorted(range(len(manifest)), key=lambda n: manifest[n].path)
    labels = [manifest[n].emotion for n in rows]
    train, test = train_test_split(rows, test_size=0.2, stratify=labels, random_state=42)
    for scheme in ("project2_random", "project4_random"):
        (fold,) = make_split(manifest, _published(scheme, seed=7)).folds
        assert fold.test == tuple(sorted(test))
        assert sorted((*fold.train, *fold.validation)) == sorted(train)
    train, rest = train_test_split(rows, test_size=0.2, random_state=42)
    validation, test = train_test_split(rest, test_size=0.5, random_state=42)
    (fold,) = make_split(manifest, _published("project3_random")).folds
    assert [list(part) for part in fold.parts().values()] == [sorted(train), sorted(validation), sorted(test)]


def test_other_corpora_and_speakers_are_refused(clips: Any) -> None:
    with pytest.raises(ProtocolError, match="also has tess"):
        make_split(clips.manifest({"savee": 4, "tess": 2}), _published("savee_loso"))
    with pytest.raises(
        ProtocolError, match="tests speakers JE in fold 0, and the manifest has clips of none"
    ):
        make_split(clips.manifest({"savee": 4}), _published("savee_loso"))
    with pytest.raises(ProtocolError, match=r"does not know aesdd_7 \(1 speakers\)"):
        make_split(clips.manifest({"aesdd": 7}), _published("aesdd_loso"))


@pytest.mark.parametrize(
    ("scheme", "corpora", "folds"),
    [
        ("emobox_ravdess", {"ravdess_speech", "ravdess_song"}, 6),
        ("res_lstm_ravdess", {"ravdess_speech", "ravdess_song"}, 5),
        ("savee_loso", {"savee"}, 4),
        ("emodb_loso", {"emodb"}, 10),
        ("aesdd_loso", {"aesdd"}, 6),
        ("tess_cross", {"tess"}, 2),
        ("ravdess_song_actors_21_24", {"ravdess_song"}, 1),
        ("serab", {"ravdess_speech", "savee", "emodb", "aesdd"}, 1),
        ("project2_random", {"ravdess_speech", "savee", "tess", "crema_d"}, 1),
        ("project3_random", {"savee", "tess", "crema_d"}, 1),
        ("project4_random", {"aesdd"}, 1),
        ("joint6", set(), 6),
    ],
)
def test_real_corpora_are_divided(
    real_manifest: Manifest, scheme: str, corpora: set[str], folds: int
) -> None:
    manifest = real_manifest.where(lambda row: not corpora or row.corpus in corpora)
    assert {row.corpus for row in manifest} >= corpora
    split = make_split(manifest, _published(scheme))
    assert len(split.folds) == folds
    refuse_leaks(manifest, split)
    assert all(fold.validation for fold in split.folds)
    if folds > 1:
        assert sorted(row for fold in split.folds for row in fold.test) == list(range(len(manifest)))
    if scheme == "joint6":
        corpora_tested = {manifest[row].corpus for row in split.folds[0].test}
        assert corpora_tested == {row.corpus for row in manifest}


def test_every_scheme_is_tried_above() -> None:
    marks = test_real_corpora_are_divided.pytestmark  # type: ignore[attr-defined]
    assert sorted(case[0] for case in marks[0].args[1]) == list_schemes()
