import os

import pytest

from hearfelt.recognition.inputs import find_recordings
from hearfelt.recognition.results import Failure


@pytest.fixture
def tree(tmp_path, monkeypatch):
    for name in (
        "b/2.wav",
        "b/10.WAV",
        "a/x.flac",
        "a/notes.txt",
        "top.mp3",
        "b/.hidden.wav",
        ".git/y.wav",
        "[x].wav",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    (tmp_path / "empty.wav").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(*arguments: str) -> list[str]:
    return [item if isinstance(item, str) else f"failure {item.path}" for item in find_recordings(arguments)]


def test_folders_with_all_below_in_name_order(tree) -> None:
    assert found(".") == ["./[x].wav", "./top.mp3", "./a/x.flac", "./b/10.WAV", "./b/2.wav"]


def test_files_are_taken_by_any_name_in_the_order_given(tree) -> None:
    assert found("top.mp3", "a/notes.txt", "top.mp3", "-") == ["top.mp3", "a/notes.txt", "top.mp3", "-"]


def test_patterns(tree) -> None:
    assert found("b/*") == ["b/10.WAV", "b/2.wav"]
    assert found("*.mp3", "?/x.*") == ["top.mp3", "a/x.flac"]
    assert found("**/*.wav") == ["[x].wav", "b/2.wav"]
    assert sorted(found("**")) == sorted(["[x].wav", "a/x.flac", "b/10.WAV", "b/2.wav", "top.mp3"])
    assert found("*.ogg") == ["failure *.ogg"]
    assert found("[x].wav") == ["[x].wav"]  # a file of that very name


def test_what_leads_to_nothing_is_a_failure(tree) -> None:
    (failure,) = find_recordings(["empty.wav"])
    assert isinstance(failure, Failure) and "holds no recordings" in failure.error
    assert found("gone.wav") == ["gone.wav"]  # reading it will say so


def test_links_to_folders_do_not_lead_in_circles(tree) -> None:
    (tree / "a" / "loop").symlink_to(tree)
    assert len(found(".")) == 5


def test_names_that_are_no_utf8(tree) -> None:
    (tree / "a" / os.fsdecode(b"\xff.wav")).touch()
    assert found("a") == ["a/x.flac", "a/\udcff.wav"]
