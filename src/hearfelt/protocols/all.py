"""Train on everything: for the model that is given away, once another protocol has measured it."""

from __future__ import annotations

from hearfelt.corpora.manifest import Manifest
from hearfelt.protocols._folds import Division, speaker_fold
from hearfelt.protocols._people import find_people
from hearfelt.protocols.config import ProtocolConfig


def divide(manifest: Manifest, config: ProtocolConfig) -> Division:
    """Nobody is tested; validation speakers select the epoch."""
    people = find_people(manifest)
    fold = speaker_fold(manifest, config, 0, (), people)
    held = len({manifest[row].speaker for row in fold.validation})
    return Division(
        (fold,), True, f"Training on everything, {held} of {len(people)} speakers validate, no test."
    )
