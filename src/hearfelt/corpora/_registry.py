"""The corpus catalogue: one adapter a file, found here by name.

An adapter is a module of this folder that holds one `CorpusInfo` named ``INFO`` and one function
``parse(path) -> dict | None``; it knows names only and never opens audio. Walking folders, counting strays
and building rows is done once, in `_scan`.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from types import ModuleType

from hearfelt.errors import UnknownNameError


@dataclass(frozen=True)
class Source:
    """One official file to download.

    Attributes:
        url: where it is.
        filename: the name it is stored under.
        algorithm: hash that the distributor publishes, ``md5`` or ``sha256``; empty where none is published.
        digest: its value, lower-case hexadecimal.
        bytes: its size, where known.
    """

    url: str
    filename: str
    algorithm: str = ""
    digest: str = ""
    bytes: int | None = None


@dataclass(frozen=True)
class CorpusInfo:
    """What is known of a corpus before any file is looked at.

    Attributes:
        name: adapter name = file stem.
        title: what people call it.
        language: ISO 639-1 code.
        licence: short name, as the distributor states it.
        url: home page.
        citation: one line.
        speakers: how many, officially.
        clips: emotion -> official number of clips; "missing" is counted against these.
        folder_names: folder names (lower case, ``-`` and ``_`` alike) under which ``--data ROOT`` finds it.
        sources: direct official downloads.
        instructions: exact steps where there is no direct download.
        redistributable_weights: whether the licence lets trained weights be published freely, in our reading.
    """

    name: str
    title: str
    language: str
    licence: str
    url: str
    citation: str
    speakers: int
    clips: Mapping[str, int]
    folder_names: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    instructions: str = ""
    redistributable_weights: bool = False
    extra: Mapping[str, str] = field(default_factory=dict)


#: Modules of this folder that are no adapters; not imported only to find that out.
_OTHERS = frozenset({"archive", "download", "manifest", "rename", "stats", "validate"})


@cache
def _adapters() -> Mapping[str, ModuleType]:
    package = import_module("hearfelt.corpora")
    found = {}
    for module in pkgutil.iter_modules(package.__path__):
        if module.name.startswith("_") or module.name in _OTHERS:
            continue
        candidate = import_module(f"hearfelt.corpora.{module.name}")
        if hasattr(candidate, "INFO") and hasattr(candidate, "parse"):
            found[candidate.INFO.name] = candidate
    return found


def list_corpora() -> list[str]:
    """Names of all corpora with an adapter, sorted."""
    return sorted(_adapters())


def get_corpus(name: str) -> CorpusInfo:
    """What is known of a corpus.

    Raises:
        UnknownNameError: lists the known corpora.
    """
    return get_adapter(name).INFO  # type: ignore[no-any-return]


def get_adapter(name: str) -> ModuleType:
    """The adapter module; ``-`` and ``_`` are alike.

    Raises:
        UnknownNameError: lists the known corpora.
    """
    adapters = _adapters()
    key = name.strip().lower().replace("-", "_")
    if key not in adapters:
        raise UnknownNameError("corpus", name, adapters)
    return adapters[key]
