"""Corpora of emotional speech: find their clips by name, check their audio, count and rename them.

>>> from hearfelt.corpora import get_corpus, list_corpora
>>> "emodb" in list_corpora(), get_corpus("emodb").language
(True, 'de')
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hearfelt.corpora._registry import CorpusInfo as CorpusInfo
    from hearfelt.corpora._registry import get_corpus as get_corpus
    from hearfelt.corpora._registry import list_corpora as list_corpora
    from hearfelt.corpora._scan import ScanResult as ScanResult
    from hearfelt.corpora._scan import detect_corpora as detect_corpora
    from hearfelt.corpora._scan import load_frame as load_frame
    from hearfelt.corpora._scan import scan as scan
    from hearfelt.corpora._scan import scan_all as scan_all
    from hearfelt.corpora._scan import scan_many as scan_many

_HOMES = {
    "CorpusInfo": "hearfelt.corpora._registry",
    "get_corpus": "hearfelt.corpora._registry",
    "list_corpora": "hearfelt.corpora._registry",
    "ScanResult": "hearfelt.corpora._scan",
    "detect_corpora": "hearfelt.corpora._scan",
    "load_frame": "hearfelt.corpora._scan",
    "scan": "hearfelt.corpora._scan",
    "scan_all": "hearfelt.corpora._scan",
    "scan_many": "hearfelt.corpora._scan",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
