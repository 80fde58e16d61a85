"""AESDD: 6 speakers, 5 emotions, Greek.

Names are ``<code>UU (S)``: emotion, utterance, speaker. Fourteen are irregular: ``(01)`` is speaker 1, and
``(5)a``, ``(5)b`` are further takes of speaker 5. ``s05 (3).wav`` is a header without audio, as distributed.
"""

from __future__ import annotations

import re
from pathlib import PurePath

from hearfelt.corpora._registry import CorpusInfo

_EMOTIONS = {"a": "angry", "d": "disgust", "f": "fearful", "h": "happy", "s": "sad"}

INFO = CorpusInfo(
    name="aesdd",
    title="AESDD",
    language="el",
    licence="research; no open licence found",
    url="https://m3c.web.auth.gr/research/aesdd-speech-emotion-recognition/",
    citation="Vryzas et al. (2018), Speech Emotion Recognition for Performance Interaction, JAES 66(6)",
    speakers=6,
    clips={"angry": 121, "disgust": 122, "fearful": 120, "happy": 119, "sad": 122},
    folder_names=("aesdd", "acted-emotional-speech-dynamic-database"),
    instructions="""\
1. Open http://m3c.web.auth.gr/research/aesdd-speech-emotion-recognition/ and follow its download link,
   a folder on MEGA: https://mega.nz/#F!0ShVXY7C!-73kVoK05OjTPEA95UUvMw
2. Download "Acted Emotional Speech Dynamic Database" and unpack it into OUT/aesdd (folders anger, disgust,
   fear, happiness, sadness).
3. hearfelt corpora scan aesdd OUT/aesdd""",
    # No licence grants it.
    redistributable_weights=False,
    extra={"example": "anger/a01 (1).wav", "weights": "no licence found that grants it"},
)

_NAME = re.compile(r"([adfhs])(\d\d) ?\(0?([1-6])\)[a-z]?", re.IGNORECASE)


def parse(path: PurePath) -> dict[str, str] | None:
    """Columns that the name tells, or None where the file is not of this corpus. Sexes are not published."""
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    return {"speaker": f"aesdd_{match[3]}", "emotion": _EMOTIONS[match[1].lower()], "statement": match[2]}
