"""RAVDESS speech: 24 actors, 8 emotions, North American English.

Names are ``MM-CC-EE-II-SS-RR-AA``: modality (03 audio only), channel (01 speech, 02 song), emotion 01-08,
intensity, statement, repetition, actor (odd = male).
"""

from __future__ import annotations

import re
from pathlib import PurePath

from hearfelt.corpora._registry import CorpusInfo, Source
from hearfelt.emotions import EMOTIONS

INFO = CorpusInfo(
    name="ravdess_speech",
    title="RAVDESS speech",
    language="en",
    licence="CC BY-NC-SA 4.0",
    url="https://zenodo.org/records/1188976",
    citation="Livingstone & Russo (2018), Ryerson Audio-Visual Database of Emotional Speech and Song",
    speakers=24,
    clips={emotion: 96 if emotion == "neutral" else 192 for emotion in EMOTIONS},
    folder_names=("ravdess-speech", "audio_speech_actors_01-24", "ravdess"),
    sources=(
        Source(
            url="https://zenodo.org/records/1188976/files/Audio_Speech_Actors_01-24.zip",
            filename="Audio_Speech_Actors_01-24.zip",
            algorithm="md5",
            digest="bc696df654c87fed845eb13823edef8a",
            bytes=208_468_073,
        ),
    ),
    # Non-commercial and share-alike: weights only under the same terms, so not freely.
    redistributable_weights=False,
    extra={
        "example": "Actor_01/03-01-05-02-01-01-01.wav",
        "weights": "with attribution, for non-commercial use, under CC BY-NC-SA 4.0",
    },
)

#: Named alike, with other meanings; `_scan` refuses a folder that is rather theirs.
LOOK_ALIKES = ("banglaser",)

_NAME = re.compile(r"(\d\d)-(\d\d)-(0[1-8])-(0[12])-(0[12])-(\d\d)-(\d\d)")


def parse(path: PurePath) -> dict[str, str] | None:
    """Columns that the name tells, or None where the file is not of this corpus."""
    return parse_ravdess(path, channel="01")


def parse_ravdess(path: PurePath, *, channel: str) -> dict[str, str] | None:
    """The naming shared by speech and song; both have the same people, so both name speakers alike."""
    match = _NAME.fullmatch(path.stem)
    if match is None or match[1] != "03" or match[2] != channel or not 1 <= int(match[7]) <= 24:
        return None
    if match[3] == "01" and match[4] == "02":  # neutral has no strong intensity
        return None
    return {
        "speaker": f"ravdess_{match[7]}",
        "sex": "male" if int(match[7]) % 2 else "female",
        "emotion": EMOTIONS[int(match[3]) - 1],
        "intensity": "strong" if match[4] == "02" else "normal",
        "statement": match[5],
    }
