"""TESS: 2 women (26 and 64 years old), 7 emotions, Canadian English: "Say the word ...".

Names are ``SPEAKER_word_emotion``; one of 2800 is spelt ``OA_bite_neutral`` as distributed. Folders are spelt
in several ways (``OAF_Fear``, ``YAF_pleasant_surprised``) and are not looked at.
"""

from __future__ import annotations

import re
from pathlib import PurePath

from hearfelt.corpora._registry import CorpusInfo, Source

_EMOTIONS = {
    "angry": "angry",
    "disgust": "disgust",
    "fear": "fearful",
    "happy": "happy",
    "neutral": "neutral",
    "ps": "surprised",  # pleasant surprise
    "sad": "sad",
}

INFO = CorpusInfo(
    name="tess",
    title="TESS",
    language="en",
    licence="CC BY-NC-ND 4.0",
    url="https://doi.org/10.5683/SP2/E8H2MF",
    citation="Pichora-Fuller & Dupuis (2020), Toronto emotional speech set (TESS), Toronto Dataverse",
    speakers=2,
    clips=dict.fromkeys(_EMOTIONS.values(), 400),
    folder_names=("tess", "toronto-emotional-speech-set", "tess-toronto-emotional-speech-set-data"),
    # The University of Toronto's Dataverse: one listing, with the MD5 of each of the 2800 files.
    sources=(
        Source(
            url="https://borealisdata.ca/api/datasets/:persistentId/?persistentId=doi:10.5683/SP2/E8H2MF",
            filename="listing.json",
        ),
    ),
    instructions="""\
By hand: open https://tspace.library.utoronto.ca/handle/1807/24487 or https://doi.org/10.5683/SP2/E8H2MF,
download all WAV files, and put them into OUT/tess (folders inside do not matter).""",
    # No derivatives: whether weights are one is unsettled, so they are not published.
    redistributable_weights=False,
    extra={
        "example": "OAF_angry/OAF_back_angry.wav",
        "weights": "not to be published",
        "ages": "OAF 64, YAF 26",
    },
)

_NAME = re.compile(r"(OAF|OA|YAF)_([a-z]+)_(angry|disgust|fear|happy|neutral|ps|sad)", re.IGNORECASE)


def parse(path: PurePath) -> dict[str, str] | None:
    """Columns that the name tells, or None where the file is not of this corpus."""
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    return {
        "speaker": "tess_YAF" if match[1].upper() == "YAF" else "tess_OAF",
        "sex": "female",
        "emotion": _EMOTIONS[match[3].lower()],
        "statement": match[2].lower(),
    }
