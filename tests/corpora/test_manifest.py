"""The manifest: what is written is read back, what is wrong is told with its line, labels map by rule."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearfelt.corpora.manifest import COLUMNS, Manifest, Row, read_manifest
from hearfelt.emotions import ALL_EMOTIONS, SETS, LabelSet
from hearfelt.errors import CorpusError

# CSV cannot hold a bare carriage return inside what Python calls one line; names with NUL do not exist
TEXT = st.text(st.characters(exclude_characters="\0\r", exclude_categories=("Cs",)), max_size=8)
NAME = TEXT.map(lambda text: f"x{text}")
SECONDS = st.floats(0, 1e4, allow_nan=False)
ROWS = st.builds(
    Row,
    path=st.builds(lambda name: os.path.normpath(f"/data/{name.replace('/', '_')}.wav"), NAME),
    corpus=NAME,
    speaker=NAME,
    emotion=st.sampled_from(ALL_EMOTIONS),
    sex=st.sampled_from(["female", "male", ""]),
    language=TEXT,
    statement=TEXT,
    start=SECONDS,
    end=st.none() | SECONDS.filter(bool),
    duration=st.none() | SECONDS,
    sample_rate=st.none() | st.integers(1, 10**6),
    votes=st.dictionaries(st.sampled_from(ALL_EMOTIONS), st.floats(0, 1), max_size=3),
)


@given(st.lists(ROWS, min_size=1, max_size=5))
def test_written_is_read(rows: list[Row]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        Manifest(rows).write(Path(folder, "m.csv"))
        assert read_manifest(Path(folder, "m.csv")) == Manifest(rows)


def test_paths_below_move_with_the_csv(tmp_path: Path) -> None:
    inside, outside = str(tmp_path / "a" / "clips" / "1.wav"), "/elsewhere/2.wav"
    rows = Manifest([Row(inside, "c", "c_1", "sad"), Row(outside, "c", "c_1", "sad")])
    rows.write(tmp_path / "a" / "m.csv")
    (tmp_path / "a").rename(tmp_path / "b")
    moved = read_manifest(tmp_path / "b" / "m.csv")
    assert [row.path for row in moved] == [str(tmp_path / "b" / "clips" / "1.wav"), outside]
    assert moved.content_hash() == rows.content_hash()


HEADER = "path,corpus,speaker,emotion"


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "lacks the columns path, corpus, speaker, emotion; it has none"),
        ("path,label\n", "lacks the columns corpus, speaker, emotion; it has path, label"),
        (f"{HEADER}\n", "has a header and no rows"),
        (f"{HEADER}\na.wav,c,c_1,sad\nb.wav,c,,sad\n", "line 3: speaker is empty"),
        (f"{HEADER}\na.wav,c,c_1,sda\n", "line 2: There is no emotion named 'sda'. Did you mean 'sad'"),
        (f"{HEADER},start\na.wav,c,c_1,sad,soon\n", "line 2: could not convert"),
        (f"{HEADER}\na.wav\n", "line 2: corpus, speaker, emotion is empty"),
    ],
)
def test_wrong_files_are_told_with_their_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(CorpusError, match=message):
        read_manifest(tmp_path / "m.csv")
    with pytest.raises(CorpusError, match="Cannot read the manifest"):
        read_manifest(tmp_path / "none.csv")


def test_combining(tmp_path: Path) -> None:
    one = Manifest([Row("a", "c", "c_1", "sad")])
    two = Manifest([Row("b", "d", "d_1", "sad")])
    assert [row.path for row in one + two] == ["a", "b"]
    assert len(one + Manifest([replace(one[0], start=1.0)])) == 2
    with pytest.raises(CorpusError, match="1 clips are in both manifests, such as a"):
        _ = one + one


def test_labels_merge_drop_and_refuse() -> None:
    rows = Manifest([Row(emotion, "c", "c_1", emotion) for emotion in ALL_EMOTIONS])
    for labels in SETS.values():
        mapped = rows.map_labels(labels)
        assert set(mapped.counts("emotion")) == set(labels.labels)
        assert len(rows) - len(mapped) == len(labels.drop)
    assert rows.map_labels(SETS["seven"]).counts("emotion")["neutral"] == 2
    with pytest.raises(CorpusError, match=r"Emotion 'angry' is not in label set 'two'"):
        rows.map_labels(LabelSet("two", ("sad", "happy")))
    with pytest.raises(CorpusError, match=r"no clips of neutral, calm.*The data has: angry, sad"):
        rows.where(lambda row: row.emotion in ("sad", "angry")).map_labels(SETS["eight"])


def test_votes_merge_with_their_labels() -> None:
    row = Row("a", "c", "c_1", "calm", votes={"calm": 0.2, "neutral": 0.2, "boredom": 0.6})
    mapped = Manifest([row]).map_labels(SETS["seven"], require_all=False)[0]
    assert (mapped.emotion, mapped.votes) == ("neutral", {"neutral": 1.0})


def test_hash_is_of_content_not_of_place() -> None:
    row = Row("/x/a.wav", "c", "c_1", "sad", audio_hash="1")
    same = replace(row, path="/y/a.wav", duration=2.0, sample_rate=8000)
    assert Manifest([row]).content_hash() == Manifest([same]).content_hash()
    for change in ({"emotion": "happy"}, {"speaker": "c_2"}, {"audio_hash": "2"}, {"path": "/x/b.wav"}):
        assert Manifest([replace(row, **change)]).content_hash() != Manifest([row]).content_hash()


def test_frame_has_the_columns() -> None:
    pytest.importorskip("pandas")
    frame = Manifest([Row("a", "c", "c_1", "sad")]).to_frame()
    assert tuple(frame.columns) == COLUMNS and frame["emotion"][0] == "sad"
