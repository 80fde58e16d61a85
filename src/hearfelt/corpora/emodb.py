"""EmoDB (Berlin): 10 actors, 7 emotions with boredom and without surprise, German.

Names are ``SSTTTEv``: speaker, text, emotion (initial of the German word), version.
"""

from __future__ import annotations

import re
from pathlib import PurePath

from hearfelt.corpora._registry import CorpusInfo, Source

_EMOTIONS = {
    "W": "angry",  # Wut
    "L": "boredom",  # Langeweile
    "E": "disgust",  # Ekel
    "A": "fearful",  # Angst
    "F": "happy",  # Freude
    "T": "sad",  # Trauer
    "N": "neutral",
}
_SEXES = {
    "03": "male",
    "08": "female",
    "09": "female",
    "10": "male",
    "11": "male",
    "12": "male",
    "13": "female",
    "14": "female",
    "15": "male",
    "16": "female",
}

INFO = CorpusInfo(
    name="emodb",
    title="EmoDB",
    language="de",
    licence="CC0 1.0",
    url="http://emodb.bilderbar.info/",
    citation="Burkhardt et al. (2005), A Database of German Emotional Speech, Interspeech",
    speakers=10,
    clips={"angry": 127, "boredom": 81, "disgust": 46, "fearful": 69, "happy": 71, "sad": 62, "neutral": 79},
    folder_names=("emodb", "emo-db", "berlin-emodb"),
    sources=(
        Source(
            url="http://emodb.bilderbar.info/download/download.zip",
            filename="emodb.zip",
        ),
    ),
    # Public domain dedication.
    redistributable_weights=True,
    extra={
        "example": "wav/03a01Fa.wav",
        "weights": "freely",
        "notice": "EmoDB (Burkhardt et al. 2005, http://emodb.bilderbar.info/) is dedicated to the public domain, "
        "CC0 1.0 (https://creativecommons.org/publicdomain/zero/1.0/).",
        "ages": "03 31, 08 34, 09 21, 10 32, 11 26, 12 30, 13 32, 14 35, 15 25, 16 31",
    },
)

_NAME = re.compile(r"(\d\d)([AB]\d\d)([WLEAFTN])[A-Z]?", re.IGNORECASE)


def parse(path: PurePath) -> dict[str, str] | None:
    """Columns that the name tells, or None where the file is not of this corpus."""
    match = _NAME.fullmatch(path.stem)
    if match is None or match[1] not in _SEXES:
        return None
    return {
        "speaker": f"emodb_{match[1]}",
        "sex": _SEXES[match[1]],
        "emotion": _EMOTIONS[match[3].upper()],
        "statement": match[2].lower(),
    }
