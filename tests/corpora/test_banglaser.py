from pathlib import PurePath

import pytest

from hearfelt.corpora.banglaser import parse


def test_every_field_is_not_what_ravdess_means() -> None:
    assert parse(PurePath("03-01-04-02-03-02-15.wav")) == {
        "speaker": "banglaser_15",
        "sex": "male",
        "emotion": "surprised",  # RAVDESS: sad
        "statement": "03",
    }
    assert parse(PurePath("01-01-04-02-03-01-15.wav"))["speaker"] == "banglaser_15"  # so distributed


@pytest.mark.parametrize(
    "name",
    [
        "03-01-06-01-01-01-01",  # five emotions
        "03-01-01-02-01-01-01",  # happy is never strong here
        "03-01-03-01-01-01-01",  # angry always is
        "03-02-01-01-01-01-01",
        "03-01-01-01-04-01-01",
        "03-01-01-01-01-01-35",
    ],
)
def test_names_that_only_ravdess_has(name: str) -> None:
    assert parse(PurePath(f"{name}.wav")) is None
