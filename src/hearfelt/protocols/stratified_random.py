"""Random division of clips that keeps the proportions of the emotions; speakers are on both sides."""

from __future__ import annotations

from hearfelt.corpora.manifest import Manifest
from hearfelt.protocols._folds import Division
from hearfelt.protocols.config import ProtocolConfig
from hearfelt.protocols.random import divide_clips


def divide(manifest: Manifest, config: ProtocolConfig) -> Division:
    """Test a random share of each emotion, as scikit-learn's stratified splits choose it."""
    return divide_clips(
        manifest, config, [row.emotion for row in manifest], "Random division of clips by emotion"
    )
