"""Ages of speakers, where a corpus has published them; nothing is guessed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hearfelt.corpora._registry import get_corpus
from hearfelt.corpora.crema_d import read_demographics
from hearfelt.errors import CorpusError, UnknownNameError


def known_ages(corpora: Sequence[str], speakers: Sequence[str], paths: Sequence[str]) -> list[str]:
    """Years of each clip's speaker as text, empty where nobody published them.

    CREMA-D's are in the table beside its audio, those of EmoDB and TESS in their adapters.

    Args:
        corpora: of each clip.
        speakers: of each clip.
        paths: of each clip.
    """
    known: dict[str, str] = {}
    for corpus in dict.fromkeys(corpora):
        known |= _listed(corpus)
        if corpus == "crema_d":
            first = next(path for name, path in zip(corpora, paths, strict=True) if name == corpus)
            try:
                table = read_demographics(Path(first).parent)
            except CorpusError:
                continue  # the audio alone is there
            known |= {speaker: str(entry.age) for speaker, entry in table.items()}
    return [known.get(speaker, "") for speaker in speakers]


def _listed(corpus: str) -> dict[str, str]:
    """The ages that an adapter lists: ``03 31, 08 34``."""
    try:
        text = str(get_corpus(corpus).extra.get("ages", ""))
    except UnknownNameError:
        return {}
    pairs = [item.split() for item in text.split(",") if item.strip()]
    return {f"{corpus}_{name}": years for name, years in pairs}
