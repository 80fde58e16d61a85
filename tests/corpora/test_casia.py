from pathlib import PurePath

import pytest

from hearfelt.corpora.casia import parse


@pytest.mark.parametrize(
    "path",
    [
        "ZhaoZuoxiang/fear/250.wav",
        "zhaozuoxiang/Fear/250.WAV",
        "all/250-fear-ZhaoZuoxiang.wav",
        "x/ZhaoZuoxiang_fear_250.wav",
    ],
)
def test_layouts(path: str) -> None:
    assert parse(PurePath(path)) == {
        "speaker": "casia_ZhaoZuoxiang",
        "sex": "male",
        "emotion": "fearful",
        "statement": "250",
    }


@pytest.mark.parametrize(
    "path", ["wangzhe/fear/251.wav", "wangzhe/201.wav", "fear/201.wav", "lisa/fear/201.wav"]
)
def test_what_is_not_of_it(path: str) -> None:
    assert parse(PurePath(path)) is None
