from pathlib import PurePath

import pytest

from hearfelt.corpora.ravdess_speech import parse


def test_every_field() -> None:
    assert parse(PurePath("Actor_08/03-01-06-02-02-01-08.wav")) == {
        "speaker": "ravdess_08",
        "sex": "female",
        "emotion": "fearful",
        "intensity": "strong",
        "statement": "02",
    }
    assert parse(PurePath("03-01-01-01-01-02-23.wav"))["sex"] == "male"


@pytest.mark.parametrize(
    "name",
    [
        "02-01-06-02-02-01-08",  # video
        "01-01-06-02-02-01-08",  # video with sound
        "03-02-06-02-02-01-08",  # song
        "03-01-09-01-01-01-08",  # no such emotion
        "03-01-01-02-01-01-08",  # neutral has no strong intensity
        "03-01-06-02-03-01-08",  # two statements only
        "03-01-06-02-02-01-25",  # 24 actors
        "03-01-06-02-02-01-00",
        "03-01-06-02-02-01-08 (1)",
    ],
)
def test_what_is_not_of_it(name: str) -> None:
    assert parse(PurePath(f"{name}.wav")) is None
