"""Train on some corpora and test on others: the nearest a corpus comes to a stranger's recording."""

from __future__ import annotations

from collections.abc import Iterable

from hearfelt.corpora.manifest import Manifest
from hearfelt.errors import ProtocolError, UnknownNameError
from hearfelt.protocols._folds import Division, deal, speaker_fold
from hearfelt.protocols._people import find_people, rows_of
from hearfelt.protocols.config import ProtocolConfig
from hearfelt.protocols.split import Fold

DEFAULT_FOLDS = 5


def divide(manifest: Manifest, config: ProtocolConfig) -> Division:
    """Test the test corpora with a model of the training corpora, or each corpus with all others.

    Where both sides share people (RAVDESS speaks and sings), these are dealt to folds, and nobody who is
    tested is heard in training. Corpora on neither side are left out.
    """
    known = sorted({row.corpus for row in manifest})
    train, test = _known(config.train_corpora, known), _known(config.test_corpora, known)
    if train & test:
        raise ProtocolError(
            f"{', '.join(sorted(train & test))} is in train_corpora and test_corpora; choose one."
        )
    if not train and not test:
        return _each_in_turn(manifest, config, known)
    train = train or set(known) - test
    test = test or set(known) - train
    if not train or not test:
        raise ProtocolError(
            f"Cross-corpus needs corpora on both sides; the manifest has {', '.join(known)} only."
        )
    folds = _divide(manifest, config, train, test, 0)
    text = f"Trained on {', '.join(sorted(train))}, tested on {', '.join(sorted(test))}."
    if len(folds) > 1:
        text += " Both have the same people, so these are dealt to folds."
    return Division(folds, True, text)


def _divide(
    manifest: Manifest, config: ProtocolConfig, train: set[str], test: set[str], first: int
) -> tuple[Fold, ...]:
    trainers = find_people(manifest, (n for n, row in enumerate(manifest) if row.corpus in train))
    testers = find_people(manifest, (n for n, row in enumerate(manifest) if row.corpus in test))
    shared = {person.name for person in trainers} & {person.name for person in testers}
    groups = [testers]
    if shared:
        groups = deal(testers, config.folds or min(DEFAULT_FOLDS, len(testers)), config.seed)
    folds = []
    for number, group in enumerate(groups, start=first):
        tested = {person.name for person in group}
        left = [person for person in trainers if person.name not in tested]
        folds.append(speaker_fold(manifest, config, number, rows_of(group), left))
    return tuple(folds)


def _each_in_turn(manifest: Manifest, config: ProtocolConfig, known: list[str]) -> Division:
    populations = sorted({person.population for person in find_people(manifest)})
    if len(populations) < 2:
        raise ProtocolError(
            "Leaving each corpus out in turn needs two that share nobody; the manifest has "
            f"{', '.join(known)}. Add a corpus, or name train_corpora and test_corpora."
        )
    folds: list[Fold] = []
    for population in populations:
        test = set(population.split("+"))
        folds.extend(_divide(manifest, config, set(known) - test, test, len(folds)))
    order = ", ".join(population.replace("+", " with ") for population in populations)
    return Division(tuple(folds), True, f"Each corpus tested by a model of all others, in turn: {order}.")


def _known(names: Iterable[str], known: list[str]) -> set[str]:
    found = {name.strip().lower().replace("-", "_") for name in names}
    for name in sorted(found - set(known)):
        raise UnknownNameError("corpus in the manifest", name, known)
    return found
