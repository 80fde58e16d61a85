"""Who speaks in a manifest: the unit that speaker-independent protocols deal with."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hearfelt.corpora.manifest import Manifest


@dataclass(frozen=True)
class Person:
    """One speaker with all their rows.

    Attributes:
        name: `Row.speaker`.
        sex: as most of their rows say.
        population: the corpora among which this one's people are shared, joined by ``+``; RAVDESS speech and
            song are one population where both are there.
        rows: row numbers.
        classes: the emotions among them.
    """

    name: str
    sex: str
    population: str
    rows: tuple[int, ...]
    classes: frozenset[str]


def find_people(manifest: Manifest, rows: Iterable[int] | None = None) -> list[Person]:
    """Everybody in some rows of a manifest (all, if not given), sorted by name."""
    populations = _populations(manifest)
    mine: dict[str, list[int]] = defaultdict(list)
    for number in range(len(manifest)) if rows is None else rows:
        mine[manifest[number].speaker].append(number)
    people = []
    for name, numbers in sorted(mine.items()):
        sexes = Counter(manifest[number].sex for number in numbers)
        people.append(
            Person(
                name=name,
                sex=min(sexes, key=lambda sex: (-sexes[sex], sex)),
                population=populations[manifest[numbers[0]].corpus],
                rows=tuple(numbers),
                classes=frozenset(manifest[number].emotion for number in numbers),
            )
        )
    return people


def _populations(manifest: Manifest) -> dict[str, str]:
    """Corpus -> its population: corpora that share anybody are joined."""
    corpora_of: dict[str, set[str]] = defaultdict(set)
    for row in manifest:
        corpora_of[row.speaker].add(row.corpus)
    groups: list[set[str]] = []
    for corpora in {frozenset(found) for found in corpora_of.values()}:
        touching = [group for group in groups if group & corpora]
        groups = [group for group in groups if not group & corpora] + [set(corpora).union(*touching)]
    return {corpus: "+".join(sorted(group)) for group in groups for corpus in group}


def by_population(people: Sequence[Person]) -> dict[str, list[Person]]:
    """Population -> its people, both sorted by name."""
    groups: dict[str, list[Person]] = defaultdict(list)
    for person in sorted(people, key=lambda person: (person.population, person.name)):
        groups[person.population].append(person)
    return dict(groups)


def rows_of(people: Iterable[Person]) -> tuple[int, ...]:
    """All their rows, sorted."""
    return tuple(sorted(row for person in people for row in person.rows))


def speaker_code(speaker: str) -> str:
    """The corpus' own code in a speaker's name, written so that codes can be compared.

    >>> speaker_code("ravdess_07"), speaker_code("crema_d_1010"), speaker_code("savee_dc")
    ('7', '1010', 'DC')
    """
    code = speaker.rsplit("_", 1)[-1].upper()
    return str(int(code)) if code.isdecimal() else code
