from pathlib import PurePath

import pytest

from hearfelt.corpora.savee import parse


@pytest.mark.parametrize("path", ["ALL/DC_sa01.wav", "DC/sa01.wav", "AudioData/dc/SA01.WAV"])
def test_both_layouts(path: str) -> None:
    assert parse(PurePath(path)) == {
        "speaker": "savee_DC",
        "sex": "male",
        "emotion": "sad",
        "statement": "sa01",
    }


def test_two_letters_before_one() -> None:
    codes = {"a": "angry", "d": "disgust", "f": "fearful", "h": "happy", "n": "neutral", "su": "surprised"}
    assert {code: parse(PurePath(f"KL_{code}15.wav"))["emotion"] for code in codes} == codes
    assert parse(PurePath("ALL/sa01.wav")) is None  # nobody's
    assert parse(PurePath("XX_sa01.wav")) is None
