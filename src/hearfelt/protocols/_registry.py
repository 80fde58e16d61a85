"""Protocols by name: one module of this folder each, with ``divide(manifest, config) -> Division``.

The module sees the rows in an order of their own, so that a division depends on what the rows are and never
on how a manifest happens to be sorted.
"""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

from pydantic import ValidationError

from hearfelt.corpora.manifest import UNKNOWN_SPEAKER, Manifest, Row
from hearfelt.errors import ProtocolError
from hearfelt.protocols._folds import Division
from hearfelt.protocols.config import PROTOCOLS, ProtocolConfig
from hearfelt.protocols.split import Fold, Split


def list_protocols() -> list[str]:
    """Names of all protocols, sorted.

    >>> list_protocols()[:4]
    ['all', 'cross_corpus', 'grouped_kfold', 'leave_one_speaker_out']
    """
    return sorted(PROTOCOLS)


def create_protocol(name: str, **options: Any) -> ProtocolConfig:
    """The settings of a protocol, checked.

    Raises:
        ProtocolError: an unknown name or option, or a value out of range.

    >>> create_protocol("grouped_kfold", folds=4).folds
    4
    """
    try:
        return ProtocolConfig(name=name, **options)
    except ValidationError as error:
        reasons = "; ".join(
            f"{'.'.join(map(str, each['loc'])) or 'protocol'}: {each['msg'].removeprefix('Value error, ')}"
            for each in error.errors()
        )
        raise ProtocolError(f"Protocol {name!r}: {reasons}") from error


def make_split(manifest: Manifest, config: ProtocolConfig) -> Split:
    """Divide a manifest.

    The result is the same for the same rows and seed, in whatever order the rows come, and moves with them.

    Args:
        manifest: rows with their labels mapped.
        config: see `ProtocolConfig`.

    Returns:
        all folds; every class of a fold is in its training, and only the random protocols mix speakers.

    Raises:
        ProtocolError: the rows cannot be divided so; says why and what to do.
        UnknownNameError: a corpus that the manifest does not have.
    """
    if not manifest.rows:
        raise ProtocolError("The manifest has no rows to divide.")
    order = sorted(range(len(manifest)), key=lambda number: _order(manifest[number]))
    canonical = Manifest(manifest[number] for number in order)
    for row, following in zip(canonical.rows, canonical.rows[1:], strict=False):
        if row.key == following.key:
            raise ProtocolError(
                f"{row.path} is twice in the manifest with the same start and end; keep one row."
            )
    _check_speakers(canonical, config)
    division: Division = import_module(f"hearfelt.protocols.{config.name}").divide(canonical, config)
    for number, fold in enumerate(division.folds):
        _check(canonical, number, fold, config)
    folds = tuple(
        Fold(*(tuple(sorted(order[row] for row in rows)) for rows in fold.parts().values()))
        for fold in division.folds
    )
    try:
        config.folds_to_run(len(folds))
    except ValueError as error:
        raise ProtocolError(f"{error}.") from error
    text = division.description
    if division.speaker_independent and any(_one_voice(manifest, fold) for fold in folds):
        text += " Where one speaker alone is left to train, the validation is other clips of the same voice."
    return Split(config.label, folds, division.speaker_independent, text)


def _one_voice(manifest: Manifest, fold: Fold) -> bool:
    return (
        bool(fold.validation) and len({manifest[row].speaker for row in (*fold.train, *fold.validation)}) == 1
    )


def _order(row: Row) -> tuple[str, str, float, float]:
    if row.path.lower().endswith(
        ".png"
    ):  # pictures are divided by their number in the data set, as published
        return ("", f"{row.statement} {row.path}", 0.0, 0.0)
    return (row.corpus, row.path, row.start, math.inf if row.end is None else row.end)


def _check_speakers(manifest: Manifest, config: ProtocolConfig) -> None:
    speakers = {row.speaker for row in manifest}
    if UNKNOWN_SPEAKER in speakers and config.name != "all" and "random" not in config.label:
        count = sum(row.speaker == UNKNOWN_SPEAKER for row in manifest)
        raise ProtocolError(
            f"The speakers of {count} of {len(manifest)} clips are not known, and protocol {config.label!r} tests "
            "speakers that were not trained on. Give the speakers (column `speaker`; of pictures, in labels.csv), or "
            "ask for a random protocol by name, such as `stratified_random`: its figures hold for the same voices."
        )
    if len(speakers) < 2 and config.name != "all" and "random" not in config.label:
        raise ProtocolError(
            f"All {len(manifest)} clips are by one speaker ({min(speakers)}), and protocol {config.label!r} "
            "tests speakers that were not trained on: two are needed at least. Add speakers (column "
            "`speaker`), or ask for `stratified_random` by name: its figures hold for this voice."
        )


def _check(manifest: Manifest, number: int, fold: Fold, config: ProtocolConfig) -> None:
    if not fold.train or not (fold.test or config.name == "all"):
        raise ProtocolError(
            f"Fold {number} of {config.label!r} has {len(fold.train)} rows to train on and "
            f"{len(fold.test)} to test. Use more clips or fewer folds."
        )
    trained = {manifest[row].emotion for row in fold.train}
    missing = {manifest[row].emotion for row in (*fold.validation, *fold.test)} - trained
    if missing:
        raise ProtocolError(
            f"Fold {number} of {config.label!r} has no clip of {', '.join(sorted(missing))} in training. Add "
            "clips, merge the class with a label set, or (of the random protocols) use `stratified_random`."
        )
