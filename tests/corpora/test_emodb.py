from pathlib import PurePath

from hearfelt.corpora.emodb import INFO, parse


def test_every_field() -> None:
    assert parse(PurePath("wav/14b10Lb.wav")) == {
        "speaker": "emodb_14",
        "sex": "female",
        "emotion": "boredom",
        "statement": "b10",
    }


def test_initials_are_german() -> None:
    letters = {
        "W": "angry",
        "L": "boredom",
        "E": "disgust",
        "A": "fearful",
        "F": "happy",
        "T": "sad",
        "N": "neutral",
    }
    assert {letter: parse(PurePath(f"03a01{letter}a.wav"))["emotion"] for letter in letters} == letters
    assert "surprised" not in INFO.clips and "boredom" in INFO.clips


def test_what_is_not_of_it() -> None:
    assert parse(PurePath("04a01Fa.wav")) is None  # no such speaker
    assert parse(PurePath("03c01Fa.wav")) is None
    assert parse(PurePath("03a01Sa.wav")) is None  # no surprise
