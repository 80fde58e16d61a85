"""ASED: 65 volunteers (40 men, 25 women), 5 emotions, Amharic.

Names are ``xn-yy-aa-gg-bb``: emotion (letter and number), sentence, repetition, sex, speaker. Sentences 01
and 02 were said in every emotion, 03-07 in one each: text gives the emotion away.
"""

from __future__ import annotations

import re
from pathlib import PurePath

from hearfelt.corpora._registry import CorpusInfo, Source

_EMOTIONS = {"n1": "neutral", "f2": "fearful", "h3": "happy", "s4": "sad", "a5": "angry"}

INFO = CorpusInfo(
    name="ased",
    title="ASED",
    language="am",
    licence="none stated; paper: freely available",
    url="https://github.com/Ethio2021/ASED_V1",
    citation="Retta et al. (2023), A New Amharic Speech Emotion Dataset and Benchmark, ACM TALLIP 22",
    speakers=65,
    clips={"neutral": 522, "fearful": 510, "happy": 486, "sad": 470, "angry": 486},
    folder_names=("ased", "ased-v1", "ased-v1-main"),
    sources=(
        Source(
            url="https://github.com/Ethio2021/ASED_V1/archive/refs/heads/main.zip",
            filename="ASED_V1-main.zip",
        ),
    ),
    instructions="""\
By hand: git clone https://github.com/Ethio2021/ASED_V1 OUT/ased""",
    # "Freely available" in the paper is no licence.
    redistributable_weights=False,
    extra={"example": "01Neutral/n1-01-01-01-04.wav", "weights": "no licence found that grants it"},
)

_NAME = re.compile(r"(n1|f2|h3|s4|a5)-(0[1-7])-(\d\d)-(0[12])-(\d\d)", re.IGNORECASE)
# Women with one clip each that is named as a man's: 11 to 65 other clips say otherwise.
_WOMEN = frozenset({"09", "15", "21", "23", "25"})


def parse(path: PurePath) -> dict[str, str] | None:
    """Columns that the name tells, or None where the file is not of this corpus."""
    match = _NAME.fullmatch(path.stem)
    if match is None or not 1 <= int(match[5]) <= 65:
        return None
    return {
        "speaker": f"ased_{match[5]}",
        "sex": "female" if match[4] == "01" or match[5] in _WOMEN else "male",
        "emotion": _EMOTIONS[match[1].lower()],
        "statement": match[2],
    }
