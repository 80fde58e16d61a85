from pathlib import PurePath

from hearfelt.corpora.tess import parse


def test_every_field() -> None:
    assert parse(PurePath("YAF_pleasant_surprised/YAF_back_ps.wav")) == {
        "speaker": "tess_YAF",
        "sex": "female",
        "emotion": "surprised",
        "statement": "back",
    }


def test_oddities_of_spelling() -> None:
    assert parse(PurePath("OAF_neutral/OA_bite_neutral.wav"))["speaker"] == "tess_OAF"
    assert parse(PurePath("OAF_Fear/OAF_food_fear.wav"))["emotion"] == "fearful"
    assert parse(PurePath("OAF_food_angry/OAF_food.wav")) is None
