"""RAVDESS song: 23 of the 24 actors of RAVDESS speech (no actor 18), 6 emotions, sung.

Names as in `ravdess_speech`, with channel 02. Neutral has one intensity, the others two.
"""

from __future__ import annotations

from pathlib import PurePath

from hearfelt.corpora._registry import CorpusInfo, Source
from hearfelt.corpora.ravdess_speech import parse_ravdess
from hearfelt.emotions import EMOTIONS

INFO = CorpusInfo(
    name="ravdess_song",
    title="RAVDESS song",
    language="en",
    licence="CC BY-NC-SA 4.0",
    url="https://zenodo.org/records/1188976",
    citation="Livingstone & Russo (2018), Ryerson Audio-Visual Database of Emotional Speech and Song",
    speakers=23,
    clips={emotion: 92 if emotion == "neutral" else 184 for emotion in EMOTIONS[:6]},
    folder_names=("ravdess-song", "audio_song_actors_01-24", "ravdess"),
    sources=(
        Source(
            url="https://zenodo.org/records/1188976/files/Audio_Song_Actors_01-24.zip",
            filename="Audio_Song_Actors_01-24.zip",
            algorithm="md5",
            digest="5411230427d67a21e18aa4d466e6d1b9",
            bytes=225_505_317,
        ),
    ),
    # Non-commercial and share-alike: weights only under the same terms, so not freely.
    redistributable_weights=False,
    extra={
        "example": "Actor_01/03-02-05-02-01-01-01.wav",
        "weights": "with attribution, for non-commercial use, under CC BY-NC-SA 4.0",
    },
)


def parse(path: PurePath) -> dict[str, str] | None:
    """Columns that the name tells, or None where the file is not of this corpus."""
    columns = parse_ravdess(path, channel="02")
    return columns if columns and columns["emotion"] in INFO.clips else None
