"""From "these people are tested" to a fold: the rest trains, and some of the rest validate."""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from hearfelt.corpora.manifest import Manifest
from hearfelt.errors import ProtocolError
from hearfelt.protocols._people import Person, by_population, rows_of
from hearfelt.protocols.config import SMALLEST_WITH_VALIDATION, ProtocolConfig
from hearfelt.protocols.split import Fold


@dataclass(frozen=True)
class Division:
    """What a protocol module returns: the parts of a `Split` that it decides."""

    folds: tuple[Fold, ...]
    speaker_independent: bool
    description: str


def speaker_fold(
    manifest: Manifest,
    config: ProtocolConfig,
    number: int,
    test: Iterable[int],
    left: Sequence[Person],
    validation: Collection[str] | None = None,
) -> Fold:
    """One fold by speakers.

    Args:
        manifest: all rows.
        config: gives the validation share and the seed.
        number: of the fold; other folds draw other validation speakers.
        test: rows to test on.
        left: the people who train or validate; nobody of them is in the test.
        validation: names of those who validate, where a published split says so; None draws them.

    Raises:
        ProtocolError: nobody is left, a class would be missing from training, or no validation can be chosen.
    """
    tested = tuple(sorted(test))
    wanted = {manifest[row].emotion for row in tested}.union(*(person.classes for person in left))
    trained: set[str] = set().union(*(person.classes for person in left))
    if not trained:
        raise ProtocolError(f"Fold {number} leaves nobody to train on. Use more speakers or fewer folds.")
    if wanted - trained:
        speakers = sorted({manifest[row].speaker for row in tested})
        raise ProtocolError(
            f"Fold {number} tests {_names(speakers)}, and nobody else has clips of "
            f"{', '.join(sorted(wanted - trained))}. Every class must be in training: merge or drop the "
            "class with a label set, add speakers, or use fewer folds."
        )
    if validation is None and config.validation_fraction > 0 and len(left) == 1:
        clips = _by_statement(manifest, left[0].rows, config, number)
        return Fold(tuple(row for row in left[0].rows if row not in clips), tuple(sorted(clips)), tested)
    chosen = choose_validation(left, config, number) if validation is None else validation
    return Fold(
        rows_of(person for person in left if person.name not in chosen),
        rows_of(person for person in left if person.name in chosen),
        tested,
    )


def choose_validation(left: Sequence[Person], config: ProtocolConfig, number: int) -> set[str]:
    """Names of the people who validate, balanced over populations and sexes.

    Every population gives its share of `validation_fraction`, at least one person, where `validation_min_speakers`
    or more are left, and keeps two for training. Smaller ones give nobody, unless there would be no validation at
    all.

    Raises:
        ProtocolError: whoever is taken, a class would be missing from training.
    """
    if config.validation_fraction == 0:
        return set()
    having = Counter(label for person in left for label in person.classes)
    sexes: Counter[str] = Counter()
    chosen: set[str] = set()
    for population, people in by_population(left).items():
        if len(people) < SMALLEST_WITH_VALIDATION:
            continue
        quota = min(max(1, round(config.validation_fraction * len(people))), len(people) - 2)
        drawn = _draw(population, people, quota, having, sexes, config, number)
        if len(people) >= config.validation_min_speakers:
            chosen |= drawn  # otherwise drawn all the same: who validates elsewhere does not depend on it
    if chosen:
        return chosen
    having = Counter(label for person in left for label in person.classes)
    largest_first = sorted(by_population(left).items(), key=lambda item: (-len(item[1]), item[0]))
    for population, people in largest_first:
        chosen = _draw(population, people, 1, having, sexes, config, number)
        if chosen:
            return chosen
    raise ProtocolError(
        f"Fold {number}: of the {len(left)} speakers beside the test nobody can be taken for validation "
        "without a class missing from training. Add speakers, merge classes, or set validation_fraction to 0."
    )


def _draw(
    population: str,
    people: Sequence[Person],
    quota: int,
    having: Counter[str],
    sexes: Counter[str],
    config: ProtocolConfig,
    number: int,
) -> set[str]:
    """Take up to ``quota`` people; updates ``having`` (class -> people who have it) and ``sexes``."""
    random = np.random.default_rng(
        [config.seed, number, zlib.crc32(population.encode("utf-8", "surrogateescape"))]
    )
    pool = [people[place] for place in random.permutation(len(people))]
    every = frozenset().union(*(person.classes for person in people))
    own: Counter[str] = Counter()
    taken: set[str] = set()
    while len(taken) < quota:
        able = [person for person in pool if all(having[label] > 1 for label in person.classes)]
        if not able:
            break
        same_sex = Counter(person.sex for person in pool)
        # the last man or woman stays in training; then sexes in balance; then who has all classes; then by
        # lot
        person = min(
            able,
            key=lambda p: (same_sex[p.sex] == 1, own[p.sex], sexes[p.sex], len(every - p.classes)),
        )
        pool.remove(person)
        having.subtract(person.classes)
        own[person.sex] += 1
        sexes[person.sex] += 1
        taken.add(person.name)
    return taken


def _by_statement(
    manifest: Manifest, rows: Sequence[int], config: ProtocolConfig, number: int
) -> frozenset[int]:
    """Validation rows of the only speaker there is: other sentences, else other clips of each class."""
    random = np.random.default_rng([config.seed, number])
    classes = {manifest[row].emotion for row in rows}
    statements: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        statements[manifest[row].statement].append(row)
    quota = round(config.validation_fraction * len(statements))
    if quota and "" not in statements:
        names = sorted(statements)
        chosen = {names[place] for place in random.permutation(len(names))[:quota]}
        if {manifest[row].emotion for row in rows if manifest[row].statement not in chosen} == classes:
            return frozenset(row for name in chosen for row in statements[name])
    taken: list[int] = []
    for label in sorted(classes):
        own = [row for row in rows if manifest[row].emotion == label]
        count = min(max(1, round(config.validation_fraction * len(own))), len(own) - 1)
        taken.extend(own[place] for place in random.permutation(len(own))[:count])
    return frozenset(taken)


def deal(people: Sequence[Person], folds: int, seed: int, *, fill_first: bool = False) -> list[list[Person]]:
    """Deal people to groups: as many of each population and sex in each, and about as many clips.

    Within a population the ones with most clips go first, ties by lot, each to the group with the fewest of
    this population, then of their sex, then of clips.

    Args:
        people: whom to deal.
        folds: number of groups.
        seed: decides ties.
        fill_first: a population with fewer people than groups fills the first ones; otherwise the emptiest.

    Raises:
        ProtocolError: fewer people than groups.
    """
    if len(people) < folds:
        raise ProtocolError(
            f"{folds} folds by speaker need {folds} speakers at least, there are {len(people)}. Use at most "
            f"{len(people)} folds, or leave_one_speaker_out."
        )
    groups: list[list[Person]] = [[] for _ in range(folds)]
    totals = [0] * folds
    populations = list(by_population(people).items())
    if not fill_first:  # the heaviest people first: the others can then even things out
        populations = sorted(populations, key=lambda item: (-max(len(p.rows) for p in item[1]), item[0]))
    for population, members in populations:
        random = np.random.default_rng([seed, zlib.crc32(population.encode("utf-8", "surrogateescape"))])
        lots = random.permutation(len(members))
        count, clips = [0] * folds, [0] * folds
        sexes: list[Counter[str]] = [Counter() for _ in range(folds)]
        for lot in sorted(range(len(members)), key=lambda place: (-len(members[place].rows), lots[place])):
            person = members[lot]
            load = clips if fill_first else totals
            group = min(range(folds), key=lambda g: (count[g], sexes[g][person.sex], load[g], g))
            groups[group].append(person)
            count[group] += 1
            sexes[group][person.sex] += 1
            clips[group] += len(person.rows)
            totals[group] += len(person.rows)
    return groups


def group_folds(
    manifest: Manifest, config: ProtocolConfig, people: Sequence[Person], groups: Sequence[Sequence[Person]]
) -> tuple[Fold, ...]:
    """One fold a group: its people are tested, all others train or validate."""
    folds = []
    for number, group in enumerate(groups):
        tested = {person.name for person in group}
        left = [person for person in people if person.name not in tested]
        folds.append(speaker_fold(manifest, config, number, rows_of(group), left))
    return tuple(folds)


def _names(names: Sequence[str], shown: int = 3) -> str:
    return ", ".join(names[:shown]) + (f" and {len(names) - shown} more" if len(names) > shown else "")
