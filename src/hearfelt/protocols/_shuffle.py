"""Random divisions of clips, draw for draw as scikit-learn makes them.

Results that others published with ``train_test_split(random_state=42)`` are repeated on the same clips (in
the same order of rows), without scikit-learn being installed. Methods: ``ShuffleSplit``,
``StratifiedShuffleSplit``, ``KFold`` and ``StratifiedKFold`` (both with ``shuffle=True``) of scikit-learn
1.x.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hearfelt.errors import ProtocolError

Indices = NDArray[np.intp]


def train_test(
    count: int, test_fraction: float, seed: int, labels: Sequence[str] | None = None
) -> tuple[Indices, Indices]:
    """Places of the training and the test clips, as ``train_test_split`` chooses and orders them.

    Args:
        count: number of clips.
        test_fraction: share of the test, rounded up to whole clips.
        seed: the ``random_state``.
        labels: (count,) classes to keep in proportion (``stratify``); None takes no notice of them.

    Raises:
        ProtocolError: too few clips, or a class with a single one.
    """
    test_count = math.ceil(test_fraction * count)
    train_count = count - test_count
    if train_count < 1 or test_count < 1:
        raise ProtocolError(
            f"{count} clips cannot be divided into training and {test_fraction:g} test; two are needed."
        )
    random = np.random.RandomState(seed)
    if labels is None:
        order = random.permutation(count)
        return order[test_count:], order[:test_count]
    classes, encoded = np.unique(np.asarray(labels), return_inverse=True)
    sizes = np.bincount(encoded)
    if sizes.min() < 2 or min(train_count, test_count) < len(classes):
        rare = classes[sizes.argmin()]
        raise ProtocolError(
            "A stratified split needs two clips of every class and as many clips on each side as there are "
            f"classes; {str(rare)!r} has {sizes.min()}, and there are {train_count} and {test_count} clips "
            f"for {len(classes)} classes. Add clips, merge classes, or change the fraction."
        )
    members = np.split(np.argsort(encoded, kind="mergesort"), np.cumsum(sizes)[:-1])
    in_train = _proportional(sizes, train_count, random)
    in_test = _proportional(sizes - in_train, test_count, random)
    train: list[Indices] = []
    test: list[Indices] = []
    for own, kept, tested in zip(members, in_train, in_test, strict=True):
        shuffled = own[random.permutation(len(own))]
        train.append(shuffled[:kept])
        test.append(shuffled[kept : kept + tested])
    return random.permutation(np.concatenate(train)), random.permutation(np.concatenate(test))


def _proportional(sizes: Indices, draws: int, random: np.random.RandomState) -> Indices:
    """Draws of each class: proportions rounded down, the rest to the largest remainders, ties by lot."""
    exact = sizes / sizes.sum() * draws
    counts = np.floor(exact)
    missing = int(draws - counts.sum())
    remainders = exact - counts
    for value in np.unique(remainders)[::-1]:
        if missing <= 0:
            break
        (tied,) = np.where(remainders == value)
        chosen = random.choice(tied, size=min(len(tied), missing), replace=False)
        counts[chosen] += 1
        missing -= len(chosen)
    rounded: Indices = counts.astype(np.intp)
    return rounded


def kfold(count: int, folds: int, seed: int, labels: Sequence[str] | None = None) -> list[Indices]:
    """Sorted places of each fold's test clips, as ``KFold`` or (with labels) ``StratifiedKFold`` makes them.

    Raises:
        ProtocolError: fewer clips than folds; with labels: in every class.
    """
    random = np.random.RandomState(seed)
    if count < folds:
        raise ProtocolError(f"{folds} folds need {folds} clips at least, there are {count}.")
    if labels is None:
        order = np.arange(count)
        random.shuffle(order)
        return [np.sort(part) for part in np.array_split(order, folds)]
    _, first, inverse = np.unique(np.asarray(labels), return_index=True, return_inverse=True)
    _, by_appearance = np.unique(first, return_inverse=True)
    encoded = by_appearance[inverse]
    if np.bincount(encoded).max() < folds:
        raise ProtocolError(f"{folds} stratified folds, but no class has {folds} clips. Use fewer folds.")
    ordered = np.sort(encoded)
    allocation = [np.bincount(ordered[start::folds], minlength=len(first)) for start in range(folds)]
    fold_of = np.empty(count, dtype=np.intp)
    for label in range(len(first)):
        own = np.arange(folds).repeat([counts[label] for counts in allocation])
        random.shuffle(own)
        fold_of[encoded == label] = own
    return [np.flatnonzero(fold_of == number) for number in range(folds)]
