"""Renaming loses nothing, overwrites nothing, and goes on where it stopped."""

import csv
import os
from dataclasses import replace
from pathlib import Path

import pytest

from hearfelt.corpora import rename as room
from hearfelt.corpora import scan, scan_many
from hearfelt.corpora.manifest import Manifest, Row
from hearfelt.corpora.rename import plan_names, rename
from hearfelt.emotions import ALL_EMOTIONS, emotion_number
from hearfelt.errors import CorpusError


def corpus(root: Path) -> Manifest:
    rows = []
    for name, speaker, emotion, intensity, statement, sex in (
        ("03a01Fa.wav", "emodb_03", "happy", "", "a01", "male"),
        ("08a01La.WAV", "emodb_08", "boredom", "", "a01", "female"),
        ("08a02Lb.wav", "emodb_08", "boredom", "", "a02", "female"),
        ("08a02Lc.wav", "emodb_08", "boredom", "", "a02", "female"),
    ):
        (root / name).write_bytes(name.encode())
        rows.append(Row(str(root / name), "emodb", speaker, emotion, sex, "de", intensity, statement))
    (root / "k.flac").write_bytes(b"k")
    votes = {"sad": 0.75, "calm": 0.25}
    rows.append(Row(str(root / "k.flac"), "savee", "savee_KL", "sad", "male", "en", "high", "x", votes=votes))
    return Manifest(rows)


@pytest.fixture
def original(tmp_path: Path) -> Manifest:
    (tmp_path / "in").mkdir()
    return corpus(tmp_path / "in")


def test_names(original: Manifest) -> None:
    assert plan_names(original) == [
        "emodb/emodb_03/03-01-03-01-01-01-03.wav",
        "emodb/emodb_08/03-01-09-01-01-01-08.wav",
        "emodb/emodb_08/03-01-09-01-02-01-08.wav",
        "emodb/emodb_08/03-01-09-01-02-02-08.wav",
        "savee/savee_KL/03-01-04-02-01-01-01.flac",
    ]
    backwards = Manifest(reversed(original.rows))
    assert plan_names(backwards) == plan_names(original)[::-1]


@pytest.mark.parametrize("mode", ["copy", "symlink", "hardlink"])
def test_everything_comes_back(original: Manifest, tmp_path: Path, mode: str) -> None:
    result = rename(original, tmp_path / "out", mode=mode)
    back = scan("unified", tmp_path / "out")
    assert not back.strays
    truth = {new: row for row, (_, new) in zip(original, result.names, strict=True)}
    assert {row.path: replace(row, path="") for row in back.manifest} == {
        new: replace(row, path="") for new, row in truth.items()
    }
    for old, new in result.names:
        assert Path(old).read_bytes() == Path(new).read_bytes()
        assert Path(new).is_symlink() == (mode == "symlink")
        assert Path(new).samefile(old) == (mode != "copy")


def test_names_alone_keep_corpus_speaker_and_emotion(original: Manifest, tmp_path: Path) -> None:
    rename(original, tmp_path / "out")
    for table in (tmp_path / "out").rglob("*.csv"):
        table.unlink()
    back = scan("unified", tmp_path / "out").manifest
    kept = sorted((row.corpus, row.speaker, row.emotion) for row in back)
    assert kept == sorted((row.corpus, row.speaker, row.emotion) for row in original)
    for row in back:  # what a reader of RAVDESS expects
        assert int(Path(row.path).name.split("-")[2]) == emotion_number(row.emotion)


def test_the_table_of_names(original: Manifest, tmp_path: Path) -> None:
    rename(original, tmp_path / "out")
    with (tmp_path / "out" / "savee" / "names.csv").open() as file:
        assert list(csv.DictReader(file)) == [
            {"original": original[4].path, "name": "savee_KL/03-01-04-02-01-01-01.flac"}
        ]


def test_going_on_after_an_interruption(original: Manifest, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rename(original, tmp_path / "out", progress=stop)
    assert rename(original, tmp_path / "out").already_there == 2
    assert rename(original, tmp_path / "out").already_there == 5
    assert not [name for _, _, names in os.walk(tmp_path / "out") for name in names if name.endswith(".part")]


def test_a_second_corpus_and_a_second_part_join_the_first(original: Manifest, tmp_path: Path) -> None:
    rename(Manifest(original[:1]), tmp_path / "out")
    rename(Manifest(original[1:]), tmp_path / "out")
    assert len(scan("unified", tmp_path / "out").manifest) == 5
    with (tmp_path / "out" / "emodb" / "names.csv").open() as file:
        assert {line["original"] for line in csv.DictReader(file)} == {row.path for row in original[:4]}


def test_a_different_file_is_never_overwritten(original: Manifest, tmp_path: Path) -> None:
    victim = tmp_path / "out" / plan_names(original)[1]
    victim.parent.mkdir(parents=True)
    victim.write_bytes(b"mine")
    with pytest.raises(CorpusError, match=r"exists and is not .* Nothing is overwritten"):
        rename(original, tmp_path / "out")
    assert victim.read_bytes() == b"mine"


def test_a_race_is_not_lost(original: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process makes a different file between our look and our copy."""
    real = room.shutil.copy2

    def meanwhile(source, temporary):
        real(source, temporary)
        (tmp_path / "out" / plan_names(original)[0]).write_bytes(b"theirs")

    monkeypatch.setattr(room.shutil, "copy2", meanwhile)
    with pytest.raises(CorpusError, match="exists and is not"):
        rename(Manifest(original[:1]), tmp_path / "out")
    assert (tmp_path / "out" / plan_names(original)[0]).read_bytes() == b"theirs"


def test_what_cannot_be_renamed(original: Manifest, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="is a part of a file"):
        plan_names(Manifest([replace(original[0], end=2.0)]))
    for bad in ("../x", ".."):
        with pytest.raises(CorpusError, match="cannot be a folder's name"):
            plan_names(Manifest([replace(original[0], speaker=bad)]))
    with pytest.raises(CorpusError, match=r"Cannot copy .*gone\.wav"):
        rename(Manifest([replace(original[0], path=str(tmp_path / "gone.wav"))]), tmp_path / "out")


def test_the_real_ravdess_keeps_its_names(corpora_root: Path, tmp_path: Path) -> None:
    rows = scan_many(corpora_root, ["ravdess_speech", "ravdess_song", "savee"])
    result = rename(rows, tmp_path, mode="symlink")
    for row, (old, new) in zip(rows, result.names, strict=True):
        assert row.corpus == "savee" or Path(old).name == Path(new).name
    back = scan("unified", tmp_path).manifest
    columns = ("corpus", "speaker", "emotion", "sex", "language", "intensity", "statement")
    as_set = [{(row.path, *(getattr(row, column) for column in columns)) for row in m} for m in (rows, back)]
    renamed = {(dict(result.names)[path], *rest) for path, *rest in as_set[0]}
    assert renamed == as_set[1] and len(renamed) == 1440 + 1012 + 480


def test_all_emotions_have_a_number() -> None:
    assert [emotion_number(emotion) for emotion in ALL_EMOTIONS] == list(range(1, 10))
