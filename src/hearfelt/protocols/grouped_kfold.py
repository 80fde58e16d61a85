"""K folds by speaker: everybody is tested once, by a model that has never heard them."""

from __future__ import annotations

from hearfelt.corpora.manifest import Manifest
from hearfelt.protocols._folds import Division, deal, group_folds
from hearfelt.protocols._people import find_people
from hearfelt.protocols.config import ProtocolConfig

DEFAULT_FOLDS = 5


def divide(manifest: Manifest, config: ProtocolConfig) -> Division:
    """Deal the speakers of every corpus and sex evenly to the folds."""
    people = find_people(manifest)
    folds = config.folds or DEFAULT_FOLDS
    groups = deal(people, folds, config.seed)
    text = (
        f"{folds}-fold by speaker, {len(people)} speakers dealt evenly by corpus and sex, seed {config.seed}."
    )
    return Division(group_folds(manifest, config, people, groups), True, text)
