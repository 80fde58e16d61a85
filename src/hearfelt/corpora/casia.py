"""CASIA (public part): 4 speakers, 6 emotions, Mandarin; the same 50 sentences in every emotion.

Paths are ``<speaker>/<emotion>/<sentence 201-250>``; the three may also stand in one file name in any order
(``201-angry-wangzhe``).
"""

from __future__ import annotations

import re
from pathlib import PurePath

from hearfelt.corpora._registry import CorpusInfo

_EMOTIONS = {
    "angry": "angry",
    "fear": "fearful",
    "happy": "happy",
    "neutral": "neutral",
    "sad": "sad",
    "surprise": "surprised",
}
_SPEAKERS = {  # lower case -> (as distributed, sex)
    "liuchanhg": ("liuchanhg", "female"),
    "zhaoquanyin": ("zhaoquanyin", "female"),
    "wangzhe": ("wangzhe", "male"),
    "zhaozuoxiang": ("ZhaoZuoxiang", "male"),
}

INFO = CorpusInfo(
    name="casia",
    title="CASIA (public part)",
    language="zh",
    licence="none stated; research only",
    url="http://www.chineseldc.org/resource_info.php?rid=76",
    citation="Chinese Academy of Sciences, Institute of Automation (2005), CASIA Mandarin emotional corpus",
    speakers=4,
    clips=dict.fromkeys(_EMOTIONS.values(), 200),
    folder_names=("casia", "casia-database"),
    instructions="""\
1. The whole corpus is licensed by the Chinese Linguistic Data Consortium:
   http://www.chineseldc.org/resource_info.php?rid=76
2. Its public part (4 speakers, 1200 clips) has no official download; ask your institute for its copy.
3. Put it into OUT/casia as <speaker>/<emotion>/201.wav (speakers liuchanhg, wangzhe, zhaoquanyin,
   ZhaoZuoxiang; emotions angry, fear, happy, neutral, sad, surprise).
4. hearfelt corpora scan casia OUT/casia""",
    # Research only; no right to pass anything on.
    redistributable_weights=False,
    extra={"example": "wangzhe/angry/201.wav", "weights": "not to be published"},
)


def parse(path: PurePath) -> dict[str, str] | None:
    """Columns that the last three parts of the path tell, or None where the file is not of this corpus."""
    words = [word for part in (*path.parts[-3:-1], path.stem) for word in re.split(r"[-_. ]+", part.lower())]
    speakers = [word for word in words if word in _SPEAKERS]
    emotions = [word for word in words if word in _EMOTIONS]
    sentences = [word for word in words if re.fullmatch(r"2[0-5]\d", word) and 201 <= int(word) <= 250]
    if not (speakers and emotions and sentences):
        return None
    speaker, sex = _SPEAKERS[speakers[-1]]
    return {
        "speaker": f"casia_{speaker}",
        "sex": sex,
        "emotion": _EMOTIONS[emotions[-1]],
        "statement": sentences[-1],
    }
