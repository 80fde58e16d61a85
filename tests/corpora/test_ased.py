from pathlib import PurePath

from hearfelt.corpora.ased import parse


def test_every_field() -> None:
    assert parse(PurePath("02Fearful/f2-07-02-02-06.wav")) == {
        "speaker": "ased_06",
        "sex": "male",
        "emotion": "fearful",
        "statement": "07",
    }


def test_oddities() -> None:
    assert parse(PurePath("04Sad/S4-04-02-01-29.wav"))["emotion"] == "sad"  # a capital
    assert parse(PurePath("n1-01-01-02-15.wav"))["sex"] == "female"  # named as a man's, by mistake
    assert parse(PurePath("n1-01-01-02-16.wav"))["sex"] == "male"


def test_letter_and_number_must_agree() -> None:
    assert parse(PurePath("n2-01-01-02-16.wav")) is None
    assert parse(PurePath("n1-08-01-02-16.wav")) is None
    assert parse(PurePath("n1-01-01-02-66.wav")) is None
