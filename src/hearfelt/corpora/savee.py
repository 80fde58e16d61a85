"""SAVEE: 4 men, 7 emotions, British English.

Names are ``SPEAKER_<code>NN`` in one folder, or ``<code>NN`` in a folder a speaker.
"""

from __future__ import annotations

import re
from pathlib import PurePath

from hearfelt.corpora._registry import CorpusInfo

_EMOTIONS = {
    "a": "angry",
    "d": "disgust",
    "f": "fearful",
    "h": "happy",
    "n": "neutral",
    "sa": "sad",
    "su": "surprised",
}

INFO = CorpusInfo(
    name="savee",
    title="SAVEE",
    language="en",
    licence="research only, no redistribution",
    url="http://kahlan.eps.surrey.ac.uk/savee/",
    citation="Haq & Jackson (2009), Speaker-dependent audio-visual emotion recognition, AVSP",
    speakers=4,
    clips={emotion: 120 if emotion == "neutral" else 60 for emotion in _EMOTIONS.values()},
    folder_names=("savee", "savee-all", "audiodata"),
    instructions="""\
1. Register at http://personal.ee.surrey.ac.uk/Personal/P.Jackson/SAVEE/Register.html; the address of the
   data comes by mail.
2. Download Data/Zip/AudioData.zip from there.
3. Unpack it so that OUT/savee/AudioData/DC/a01.wav is there (folders DC, JE, JK, KL).
4. hearfelt corpora scan savee OUT/savee""",
    # Given to registered users for research; no right to pass anything on.
    redistributable_weights=False,
    extra={"example": "ALL/DC_a01.wav or DC/a01.wav", "weights": "not to be published"},
)

_SPEAKERS = frozenset({"DC", "JE", "JK", "KL"})
_NAME = re.compile(r"(?:(DC|JE|JK|KL)_)?(sa|su|a|d|f|h|n)(\d\d)", re.IGNORECASE)


def parse(path: PurePath) -> dict[str, str] | None:
    """Columns that the name (or the folder's, for the speaker) tells, or None: not of this corpus."""
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    speaker = (match[1] or path.parent.name).upper()
    if speaker not in _SPEAKERS:
        return None
    code = match[2].lower()
    return {
        "speaker": f"savee_{speaker}",
        "sex": "male",
        "emotion": _EMOTIONS[code],
        "statement": f"{code}{match[3]}",  # each emotion has sentences of its own, three of 15 are common
    }
