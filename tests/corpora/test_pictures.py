from __future__ import annotations

import numpy as np
import pytest

from hearfelt.corpora.manifest import UNKNOWN_SPEAKER
from hearfelt.corpora.pictures import read_pictures
from hearfelt.errors import CorpusError, ProtocolError
from hearfelt.protocols._registry import create_protocol, make_split


@pytest.fixture
def folder(tmp_path):
    """Makes a folder of files that are called like pictures; what is in them is not looked at here."""

    def make(names):
        place = tmp_path / "pictures"
        place.mkdir()
        for name in names:
            (place / name).write_bytes(b"")
        return place

    return make


def numbers(count):
    return [f"{number}.png" for number in range(count)]


def names_of(manifest):
    return [row.path.rsplit("/", 1)[1] for row in manifest]


def test_common_words_for_emotions_and_unknown_speakers(folder, tmp_path):
    np.save(tmp_path / "l.npy", np.array(["ANG", "fear", "Happiness", "sadness"]))
    manifest, how = read_pictures(folder(["a1.png", "a2.png", "a3.png", "a4.png"]), tmp_path / "l.npy")
    assert [row.emotion for row in manifest] == ["angry", "fearful", "happy", "sad"]
    assert {row.speaker for row in manifest} == {UNKNOWN_SPEAKER}
    assert "names and numbers give the same order" in how


def test_numbers_without_a_gap_are_counted_as_numbers_and_that_is_said(folder, tmp_path):
    place = folder(numbers(12))
    np.save(tmp_path / "l.npy", np.array(["sad"] * 12))
    manifest, how = read_pictures(place, tmp_path / "l.npy")
    assert names_of(manifest) == numbers(12) and "order of numbers" in how and "--order sorted" in how
    manifest, how = read_pictures(place, tmp_path / "l.npy", order="sorted")
    assert names_of(manifest)[:4] == ["0.png", "1.png", "10.png", "11.png"] and "order of names" in how


def test_an_order_that_nobody_can_know_is_asked_for(folder, tmp_path):
    place = folder(["x3.png", "x20.png", "x100.png"])
    np.save(tmp_path / "l.npy", np.array(["sad"] * 3))
    with pytest.raises(CorpusError, match="--order sorted or --order numeric"):
        read_pictures(place, tmp_path / "l.npy")
    assert names_of(read_pictures(place, tmp_path / "l.npy", order="numeric")[0])[0] == "x3.png"
    (place / "last.png").write_bytes(b"")
    np.save(tmp_path / "l.npy", np.array(["sad"] * 4))
    with pytest.raises(CorpusError, match=r"not every name .* last\.png"):
        read_pictures(place, tmp_path / "l.npy", order="numeric")


@pytest.mark.parametrize(
    "values",
    [np.array([1, 0, 2]), np.array([1.0, 0.0, 2.0]), np.eye(3)[[1, 0, 2]], np.array([[1], [0], [2]])],
)
def test_numbers_need_to_be_explained(values, folder, tmp_path):
    place = folder(numbers(3))
    np.save(tmp_path / "l.npy", values)
    with pytest.raises(CorpusError, match="--classes angry,fear,happy,sad"):
        read_pictures(place, tmp_path / "l.npy")
    manifest, _ = read_pictures(place, tmp_path / "l.npy", classes=["angry", "fear", "sad"])
    assert [row.emotion for row in manifest] == ["fearful", "angry", "sad"]
    with pytest.raises(CorpusError, match="2 classes, 0 to 1"):
        read_pictures(place, tmp_path / "l.npy", classes=["angry", "fear"])


def test_objects_are_refused_and_the_way_out_is_told(folder, tmp_path):
    np.save(tmp_path / "l.npy", np.array(["sad", "sad"], dtype=object), allow_pickle=True)
    with pytest.raises(CorpusError, match=r"astype\(str\)"):
        read_pictures(folder(numbers(2)), tmp_path / "l.npy")


def test_a_table_with_names_needs_no_counting_and_may_know_speakers(folder):
    place = folder(["b.png", "a.png"])
    (place / "labels.csv").write_text("file,emotion,speaker,corpus\nb.png,HAP,s_1,c\na.png,sad,s_2,c\n")
    manifest, how = read_pictures(place)
    assert [(row.emotion, row.speaker, row.corpus) for row in manifest] == [
        ("happy", "s_1", "c"),
        ("sad", "s_2", "c"),
    ]
    assert "by their file names" in how
    (place / "labels.csv").write_text("label\nsad\nangry\n")
    assert [row.emotion for row in read_pictures(place)[0]] == ["sad", "angry"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,emotion\na.png,sad\n", "b.png has none"),
        ("file,emotion\na.png,sad\nb.png,sad\nc.png,sad\n", "not in the folder, such as c.png"),
        ("file,emotion\na.png,sad\na.png,sad\n", "more than once"),
        ("file,emotion\na.png,sad\nb.png,jolly\n", "jolly"),
        ("file,emotion\na.png,sad\nb.png,\n", "is empty"),
        ("file,mood\na.png,sad\n", "no column of labels"),
        ("sad\nsad\n", "no header"),
        ("emotion\n", "no lines"),
        ("emotion\nsad\n", "2 pictures and .* has 1 labels"),
    ],
)
def test_wrong_tables_get_one_clear_error(text, message, folder):
    place = folder(["a.png", "b.png"])
    (place / "labels.csv").write_text(text)
    with pytest.raises(CorpusError, match=message):
        read_pictures(place)


def test_wrong_folders_and_files_get_one_clear_error(folder, tmp_path):
    with pytest.raises(CorpusError, match="no folder"):
        read_pictures(tmp_path / "nowhere")
    place = folder(["a.png"])
    with pytest.raises(CorpusError, match="--labels FILE"):
        read_pictures(place)
    with pytest.raises(CorpusError, match="no label file"):
        read_pictures(place, tmp_path / "none.npy")
    (tmp_path / "l.npy").write_bytes(b"labels")
    with pytest.raises(CorpusError, match="not an array"):
        read_pictures(place, tmp_path / "l.npy")
    np.save(tmp_path / "l.npy", np.zeros((1, 2, 3)))
    with pytest.raises(CorpusError, match=r"\(1, 2, 3\)"):
        read_pictures(place, tmp_path / "l.npy")
    (tmp_path / "l.txt").write_text("sad")
    with pytest.raises(CorpusError, match=r"l\.txt"):
        read_pictures(place, tmp_path / "l.txt")
    (place / "a.png").unlink()
    with pytest.raises(CorpusError, match="no PNG pictures"):
        read_pictures(place)


def test_the_published_split_is_scikit_learns_by_picture_number(folder, tmp_path):
    model_selection = pytest.importorskip("sklearn.model_selection")
    labels = np.array(["angry", "fear", "happy", "sad"])[np.random.default_rng(0).integers(0, 4, 6924)]
    np.save(tmp_path / "l.npy", labels)
    manifest, _ = read_pictures(folder(numbers(6924)), tmp_path / "l.npy")
    (fold,) = make_split(manifest, create_protocol("published", scheme="project3_random")).folds
    train, rest = model_selection.train_test_split(np.arange(6924), test_size=0.2, random_state=42)
    first, last = model_selection.train_test_split(rest, test_size=0.5, random_state=42)
    assert (len(fold.train), len(fold.validation), len(fold.test)) == (5539, 692, 693)
    assert fold.train == tuple(sorted(train))
    assert fold.validation == tuple(sorted(first))
    assert fold.test == tuple(sorted(last))


def test_without_speakers_only_random_protocols_by_name(folder, tmp_path):
    np.save(tmp_path / "l.npy", np.array(["sad", "angry"] * 20))
    manifest, _ = read_pictures(folder(numbers(40)), tmp_path / "l.npy")
    for name in ("grouped_kfold", "leave_one_speaker_out"):
        with pytest.raises(ProtocolError, match=r"40 of 40 clips are not known.*stratified_random"):
            make_split(manifest, create_protocol(name))
    for name in ("random", "stratified_random", "all"):
        make_split(manifest, create_protocol(name))
