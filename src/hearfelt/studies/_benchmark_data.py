"""The corpora that the benchmark finds, and the classes that they have."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hearfelt.corpora.manifest import Manifest, read_manifest
from hearfelt.emotions import ALL_EMOTIONS
from hearfelt.errors import CorpusError
from hearfelt.protocols._people import find_people

_STRAYS = 0.02  # of a corpus' clips: a class with fewer was not meant to be there


def classes_of(rows: Manifest) -> list[str]:
    """Emotions in the vocabulary's order, strays left out corpus by corpus."""
    found: set[str] = set()
    for corpus, count in rows.counts("corpus").items():
        counts = Counter(row.emotion for row in rows if row.corpus == corpus)
        found |= {emotion for emotion, clips in counts.items() if clips >= _STRAYS * count}
    return [label for label in ALL_EMOTIONS if label in found]


def taught_elsewhere(rows: Manifest, keep: Sequence[str]) -> list[str]:
    """Classes of two populations or more: of one corpus alone nobody else could teach them."""
    populations = {
        corpus: person.population for person in find_people(rows) for corpus in person.population.split("+")
    }
    having: dict[str, set[str]] = {}
    for corpus, own in class_sets(rows).items():
        for label in own:
            having.setdefault(label, set()).add(populations[corpus])
    return [label for label in keep if len(having[label]) > 1]


def class_sets(manifest: Manifest) -> dict[str, list[str]]:
    """Corpus -> the classes that it has, without strays."""
    return {
        corpus: classes_of(manifest.where(lambda row, corpus=corpus: row.corpus == corpus))  # type: ignore[misc]
        for corpus in sorted(manifest.counts("corpus"))
    }


def data_part(rows: Manifest, corpora: Sequence[str], keep: Sequence[str]) -> dict[str, Any]:
    """The recipe's data part for some corpora and classes; the strays of each corpus are left out."""
    counts = Counter((row.corpus, row.emotion) for row in rows)
    totals = rows.counts("corpus")
    strays = [count for (corpus, _), count in counts.items() if count < _STRAYS * totals[corpus]]
    drop = sorted({row.emotion for row in rows} - set(keep))
    return {
        "corpora": list(corpora),
        "labels": {"keep": list(keep), "drop": drop},
        "min_class_clips": max(strays, default=-1) + 1,
    }


def gather(data: Sequence[str]) -> Manifest:
    """All clips of all corpora below some folders, and of manifests.

    Raises:
        CorpusError: no place is named, or nothing is there.
    """
    from hearfelt.corpora._scan import detect_corpora, scan_many

    places = list(data) or [place for place in [os.environ.get("HEARFELT_DATA", "")] if place]
    if not places:
        raise CorpusError(
            "Where are the corpora? Give --data FOLDER (one folder a corpus below it), or set HEARFELT_DATA."
        )
    manifest = Manifest(())
    for place in places:
        if Path(place).is_file():
            manifest = manifest + read_manifest(place)
        elif found := detect_corpora(place):
            manifest = manifest + scan_many(place, list(found))
    return manifest
