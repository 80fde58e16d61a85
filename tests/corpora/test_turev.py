from pathlib import PurePath

from hearfelt.corpora.turev import parse


def test_every_field() -> None:
    assert parse(PurePath("Sound Source/Sad/7895_hl_ogul1.wav")) == {
        "speaker": "turev_7895",
        "emotion": "sad",
        "statement": "ogul1",
    }
    assert parse(PurePath("1157_kz_acaba.wav"))["emotion"] == "angry"


def test_what_is_not_of_it() -> None:
    assert parse(PurePath("1158_kz_acaba.wav")) is None
    assert parse(PurePath("1157_xx_acaba.wav")) is None
