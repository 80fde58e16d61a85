"""TurEV-DB: 6 speakers, 4 emotions, Turkish, single words of 0.4 to 2.5 seconds.

Names are ``<speaker>_<code>_<word>``: kz angry, sk calm, mt happy, hl sad. Speaker 1157 has only angry and
sad; there is no neutral.
"""

from __future__ import annotations

import re
from pathlib import PurePath

from hearfelt.corpora._registry import CorpusInfo, Source

_EMOTIONS = {"kz": "angry", "sk": "calm", "mt": "happy", "hl": "sad"}  # kızgın, sakin, mutlu, hüzünlü

INFO = CorpusInfo(
    name="turev",
    title="TurEV-DB",
    language="tr",
    licence="CC BY-NC-ND 4.0",
    url="https://github.com/Xeonen/TurEV-DB",
    citation="Canpolat, Ormanoglu & Zeyrek (2020), Turkish Emotion Voice Database (TurEV-DB), SLTU-CCURL",
    speakers=6,
    clips={"angry": 487, "calm": 408, "happy": 357, "sad": 483},
    folder_names=("turev", "turev-db", "turev-db-master", "sound-source"),
    # Pinned to one commit, so that everybody gets the same files.
    sources=(
        Source(
            url="https://github.com/Xeonen/TurEV-DB/archive/8a998e44fc3dbc7a9e6328e83a2e3aa9a2c22c2f.zip",
            filename="TurEV-DB-8a998e44.zip",
        ),
    ),
    instructions="""\
By hand: git clone https://github.com/Xeonen/TurEV-DB OUT/turev""",
    # No derivatives: whether weights are one is unsettled, so they are not published.
    redistributable_weights=False,
    extra={"example": "Angry/1157_kz_acaba.wav", "weights": "not to be published"},
)

_NAME = re.compile(r"(1157|1234|1358|1984|6783|7895)_(kz|sk|mt|hl)_(\w+)", re.IGNORECASE)


def parse(path: PurePath) -> dict[str, str] | None:
    """Columns that the name tells, or None where the file is not of this corpus. Sexes are not published."""
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    return {
        "speaker": f"turev_{match[1]}",
        "emotion": _EMOTIONS[match[2].lower()],
        "statement": match[3].lower(),
    }
