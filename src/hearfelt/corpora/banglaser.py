"""BanglaSER: 34 speakers, 5 emotions, Bangla, recorded at home on phones and laptops.

Names look like RAVDESS and are not: ``03-01-CC-DD-EE-FF-GG`` with CC 01 happy, 02 sad, 03 angry, 04
surprised, 05 neutral; DD intensity, fixed by the emotion; EE statement; FF repetition; GG speaker (odd =
male). Three files of speaker 15 begin ``01-01-``. One of 1467 officially counted clips, of neutral, is not in
the copy that we know.
"""

from __future__ import annotations

import re
from pathlib import PurePath

from hearfelt.corpora._registry import CorpusInfo, Source

# Emotion and intensity code together: others do not occur, which tells most RAVDESS names apart.
_EMOTIONS = {"01-01": "happy", "02-01": "sad", "03-02": "angry", "04-02": "surprised", "05-01": "neutral"}

INFO = CorpusInfo(
    name="banglaser",
    title="BanglaSER",
    language="bn",
    licence="CC BY 4.0",
    url="https://data.mendeley.com/datasets/t9h6p943xy",
    citation="Das et al. (2022), BanglaSER: A speech emotion recognition dataset, Data in Brief 42",
    speakers=34,
    clips={"happy": 306, "sad": 306, "angry": 306, "surprised": 306, "neutral": 243},
    folder_names=("banglaser", "bangla-ser"),
    sources=(
        Source(
            url="https://prod-dcd-datasets-cache-zipfiles.s3.eu-west-1.amazonaws.com/t9h6p943xy-5.zip",
            filename="t9h6p943xy-5.zip",
        ),
    ),
    instructions="""\
By hand: open https://data.mendeley.com/datasets/t9h6p943xy/5, press "Download All", and unpack the zip
into OUT/banglaser.""",
    # Attribution is all it asks.
    redistributable_weights=True,
    extra={
        "example": "03-01-01-01-01-01-01.wav",
        "weights": "freely, with attribution",
        "notice": "BanglaSER by R. K. Das, N. Islam, M. R. Ahmed, S. Islam, S. Shatabda and A. K. M. M. Islam (2022, "
        "https://data.mendeley.com/datasets/t9h6p943xy) is licensed under CC BY 4.0 "
        "(https://creativecommons.org/licenses/by/4.0/). Weights were trained on it; no recording of it is in here.",
    },
)

#: Named alike, with other meanings; `_scan` refuses a folder that is rather theirs.
LOOK_ALIKES = ("ravdess_speech",)

_NAME = re.compile(r"0[13]-01-(0[1-5]-0[12])-(0[1-3])-(0[1-3])-(\d\d)")


def parse(path: PurePath) -> dict[str, str] | None:
    """Columns that the name tells, or None where the file is not of this corpus."""
    match = _NAME.fullmatch(path.stem)
    if match is None or match[1] not in _EMOTIONS or not 1 <= int(match[4]) <= 34:
        return None
    return {
        "speaker": f"banglaser_{match[4]}",
        "sex": "male" if int(match[4]) % 2 else "female",
        "emotion": _EMOTIONS[match[1]],
        "statement": match[2],
    }
