from pathlib import PurePath

import pytest

from hearfelt.corpora.aesdd import parse


@pytest.mark.parametrize(
    "name, speaker, emotion, statement",
    [
        ("a01 (1)", "aesdd_1", "angry", "01"),
        ("h20 (6)", "aesdd_6", "happy", "20"),
        ("d03 (01)", "aesdd_1", "disgust", "03"),
        ("s01 (5)a", "aesdd_5", "sad", "01"),
        ("f18 (5)b", "aesdd_5", "fearful", "18"),
        ("s05 (3)", "aesdd_3", "sad", "05"),
    ],
)
def test_regular_and_irregular_names(name: str, speaker: str, emotion: str, statement: str) -> None:
    columns = {"speaker": speaker, "emotion": emotion, "statement": statement}
    assert parse(PurePath(f"{name}.wav")) == columns


@pytest.mark.parametrize("name", ["a01", "a01 (7)", "n01 (1)", "a1 (1)", "a01 (1) (1)"])
def test_what_is_not_of_it(name: str) -> None:
    assert parse(PurePath(f"{name}.wav")) is None
