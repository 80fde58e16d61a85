"""Corpora of emotional speech: find their clips by name, check their audio, count and rename them.

>>> from hearfelt.corpora import get_corpus, list_corpora
>>> "emodb" in list_corpora(), get_corpus("emodb").language
(True, 'de')

``load_crema_d(root)`` and so on, one for each corpus, give its clips as a pandas table.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

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
    if name.startswith("load_"):  # load_crema_d(root) and so on, one for each adapter
        return _loader(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _loader(name: str) -> Callable[[str | os.PathLike[str]], pd.DataFrame]:
    from hearfelt.corpora._registry import list_corpora
    from hearfelt.corpora._scan import load_frame

    corpus = name.removeprefix("load_")
    if corpus not in list_corpora():
        known = ", ".join(f"load_{corpus}" for corpus in list_corpora())
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; loaders: {known}")
    loader = partial(load_frame, corpus)
    loader.__doc__ = f"The clips of {corpus} below a folder as a pandas table; see `load_frame`."
    return loader


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
