"""The recognizer that a command's options ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hearfelt.cli._options import listed

if TYPE_CHECKING:
    from hearfelt.recognition.recognizer import Recognizer


def load_recognizer(
    model: str,
    *,
    threads: int | None,
    window_seconds: float | None,
    hop_seconds: float | None,
    unsure_below: float,
    labels: str | None,
) -> Recognizer:
    """Load a model with the options that `predict`, `timeline` and `listen` share.

    Args:
        model: a bundle's folder, or the name of a bundled model.
        threads: None is one a processor.
        window_seconds: as for `hearfelt.load`.
        hop_seconds: as for `hearfelt.load`.
        unsure_below: as for `hearfelt.load`.
        labels: separated by commas; None is all.
    """
    from hearfelt.recognition.ordered import processors
    from hearfelt.recognition.recognizer import load

    return load(
        model,
        threads=processors() if threads is None else threads,
        window_seconds=window_seconds,
        hop_seconds=hop_seconds,
        unsure_below=unsure_below,
        labels=None if labels is None else listed(labels),
    )
