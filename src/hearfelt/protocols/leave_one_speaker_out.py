"""Leave one speaker out (LOSO): a fold a speaker, in the order of their names."""

from __future__ import annotations

from hearfelt.corpora.manifest import Manifest
from hearfelt.protocols._folds import Division, group_folds
from hearfelt.protocols._people import find_people
from hearfelt.protocols.config import ProtocolConfig


def divide(manifest: Manifest, config: ProtocolConfig) -> Division:
    """Test each speaker by a model that was trained on all the others."""
    people = find_people(manifest)
    return Division(
        group_folds(manifest, config, people, [[person] for person in people]),
        True,
        f"Leave one speaker out ({len(people)} speakers).",
    )
