"""Fewer rows than a division has: one corpus of several, or a smaller training set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace

import numpy as np

from hearfelt.corpora.manifest import Manifest
from hearfelt.errors import ProtocolError, UnknownNameError
from hearfelt.protocols.split import Fold, Split


def keep_corpora(manifest: Manifest, split: Split, only: Collection[str]) -> tuple[Manifest, Split]:
    """Keep the rows of some corpora; who is in which part stays as it was divided over all of them.

    Args:
        manifest: all rows.
        split: over these.
        only: corpora to keep.

    Raises:
        UnknownNameError: a corpus that the manifest does not have.
        ProtocolError: a fold is left without rows to train on or to test, or a class without training.
    """
    there = manifest.counts("corpus")
    for name in only:
        if name not in there:
            raise UnknownNameError("corpus among the rows (data.only)", name, there)
    kept = [number for number, row in enumerate(manifest) if row.corpus in only]
    place = {number: new for new, number in enumerate(kept)}
    folds = tuple(
        Fold(*(tuple(place[row] for row in rows if row in place) for rows in fold.parts().values()))
        for fold in split.folds
    )
    rows = Manifest(manifest[number] for number in kept)
    classes = {row.emotion for row in manifest}
    for number, (before, fold) in enumerate(zip(split.folds, folds, strict=True)):
        trained = {rows[row].emotion for row in fold.train}
        empty = [part for part, now in fold.parts().items() if before.parts()[part] and not now]
        if empty or classes - trained:
            lacking = f"no rows for {' and '.join(empty)}" if empty else "no training clip of "
            raise ProtocolError(
                f"Of fold {number} data.only ({', '.join(only)}) leaves {lacking}"
                f"{'' if empty else ', '.join(sorted(classes - trained))}. Name more corpora, or other classes."
            )
    words = f"{split.description} Divided together with others; only {', '.join(sorted(only))} is used."
    return rows, replace(split, folds=folds, description=words)


def limit_training(manifest: Manifest, split: Split, count: int, seed: int) -> Split:
    """Take ``count`` training clips of each fold, in proportion to its classes and at least one of each.

    Of one seed the smaller draw is part of the larger, so that a curve over the count adds clips and swaps none.

    Args:
        manifest: the rows.
        split: their division.
        count: clips a fold; a fold that has fewer keeps them all.
        seed: of the draw.

    Raises:
        ProtocolError: fewer clips than classes.
    """
    folds = []
    for number, fold in enumerate(split.folds):
        groups: dict[str, list[int]] = defaultdict(list)
        for row in fold.train:
            groups[manifest[row].emotion].append(row)
        if count < len(groups):
            raise ProtocolError(
                f"data.max_training_clips is {count}, and fold {number} has {len(groups)} classes; each needs a clip."
            )
        ranked = []
        for label, rows in sorted(groups.items()):
            order = np.random.default_rng((seed, number, 71)).permutation(len(rows))
            # the k-th clip of a class stands at (k + 1/2) / clips of the class: any beginning is in proportion
            ranked += [
                ((turn > 0, (turn + 0.5) / len(rows)), label, rows[int(pick)])
                for turn, pick in enumerate(order)
            ]
        chosen = sorted(row for _, _, row in sorted(ranked)[:count])
        folds.append(replace(fold, train=tuple(chosen)))
    words = f"{split.description} At most {count} clips a fold are trained on."
    return replace(split, folds=tuple(folds), description=words)
