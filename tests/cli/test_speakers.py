"""Whose voice a recording is: folders, tables, and every way in which a table can be wrong."""

from __future__ import annotations

import pytest

from hearfelt.cli._speakers import speakers_of
from hearfelt.errors import HearfeltError
from hearfelt.recognition.results import Failure


def test_a_folder_a_speaker(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = [str(tmp_path / "ann" / "1.wav"), Failure("ann/2.wav", "gone"), "bob/1.wav"]
    first, second, third = speakers_of(found, "folders")
    assert first == second != third


def test_a_table_with_paths_from_its_own_folder(tmp_path, monkeypatch) -> None:
    (tmp_path / "lists").mkdir()
    table = tmp_path / "lists" / "who.csv"
    table.write_text(f"emotion,path,speaker\nsad,../a.wav,ann\n,{tmp_path}/b.wav,bob\n,unused.wav,eve\n")
    monkeypatch.chdir(tmp_path)
    assert speakers_of([str(tmp_path / "b.wav"), "./a.wav"], str(table)) == ["bob", "ann"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"path,speaker\nb.wav,bob\n", "no line for 1 of 1 recordings, such as .*a.wav"),
        (b"path,who\na.wav,ann\n", "lacks the column speaker"),
        (b"", "lacks the column path"),
        (b"path,speaker\na.wav,\n", "line 2: the path or the speaker is empty"),
        (b"path,speaker\na.wav\n", "line 2: the path or the speaker is empty"),
        (b"path,speaker\na.wav,ann\n./a.wav,bob\n", "two speakers for ./a.wav"),
        (b"path,speaker\n\xff.wav,ann\n", "no CSV in UTF-8"),
        (None, "Cannot read the speakers in .*No such file.*'folders'"),
    ],
)
def test_a_bad_table_is_one_sentence(tmp_path, content, sentence) -> None:
    if content is not None:
        (tmp_path / "who.csv").write_bytes(content)
    with pytest.raises(HearfeltError, match=sentence):
        speakers_of([str(tmp_path / "a.wav")], str(tmp_path / "who.csv"))
