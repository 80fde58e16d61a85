"""Divisions that others published, by name, so that figures can be compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hearfelt.corpora.manifest import Manifest
from hearfelt.errors import ProtocolError
from hearfelt.protocols import _shuffle
from hearfelt.protocols._folds import Division, deal, group_folds, speaker_fold
from hearfelt.protocols._people import Person, by_population, find_people, rows_of, speaker_code
from hearfelt.protocols._schemes import (
    EMOBOX_RAVDESS,
    RAVDESS,
    SCHEMES,
    SERAB,
    SERAB_AESDD_FIVE,
    Scheme,
    SingleSplit,
)
from hearfelt.protocols.config import ProtocolConfig
from hearfelt.protocols.random import divide_clips
from hearfelt.protocols.split import Fold

JOINT_FOLDS = 6
_PUBLISHED_SEED = 42


def divide(manifest: Manifest, config: ProtocolConfig) -> Division:
    """Divide as `config.scheme` says.

    Raises:
        ProtocolError: the manifest has other corpora or speakers than the scheme, or lacks those of a test.
    """
    scheme = SCHEMES[config.scheme]
    if scheme.corpora:
        strangers = sorted({row.corpus for row in manifest} - set(scheme.corpora))
        if strangers:
            raise ProtocolError(
                f"Scheme {config.scheme!r} is defined for {', '.join(scheme.corpora)}; the manifest also has "
                f"{', '.join(strangers)}. Leave these out, or use 'joint6' or 'grouped_kfold'."
            )
    text = f"Published division: {scheme.title}{f' ({scheme.source})' if scheme.source else ''}."
    if scheme.kind == "random":
        return _random(manifest, config, text)
    folds = {"speakers": _speakers, "serab": _serab, "joint": _joint}[scheme.kind](manifest, config, scheme)
    return Division(folds, True, text)


def _speakers(manifest: Manifest, config: ProtocolConfig, scheme: Scheme) -> tuple[Fold, ...]:
    people = find_people(manifest)
    groups = _by_code(people, scheme.tests, config.scheme)
    if len(groups) > 1 and sum(map(len, groups)) < len(people):
        listed = {person.name for group in groups for person in group}
        strangers = [person.name for person in people if person.name not in listed]
        raise ProtocolError(
            f"Scheme {config.scheme!r} tests everybody once, but does not know {', '.join(strangers[:3])} "
            f"({len(strangers)} speakers). Leave them out, or use 'leave_one_speaker_out'."
        )
    return group_folds(manifest, config, people, groups)


def _by_code(people: list[Person], tests: tuple[tuple[str, ...], ...], scheme: str) -> list[list[Person]]:
    codes = {speaker_code(person.name): person for person in people}
    groups = [[codes[code] for code in test if code in codes] for test in tests]
    for number, group in enumerate(groups):
        if not group:
            raise ProtocolError(
                f"Scheme {scheme!r} tests speakers {', '.join(tests[number])} in fold {number}, and the "
                "manifest has clips of none of them, but of "
                f"{', '.join(sorted(codes)[:8])}{' ...' * (len(codes) > 8)}."
            )
    return groups


def _serab(manifest: Manifest, config: ProtocolConfig, scheme: Scheme) -> tuple[Fold, ...]:
    test: list[int] = []
    left: list[Person] = []
    validation: set[str] = set()
    dropped = {name for single in SERAB.values() for name in single.left_out}
    kept = (
        n for n, row in enumerate(manifest) if row.corpus != "crema_d" or Path(row.path).stem not in dropped
    )
    for members in by_population(find_people(manifest, kept)).values():
        single = _serab_split(manifest[members[0].rows[0]].corpus, members)
        test.extend(rows_of(person for person in members if speaker_code(person.name) in single.test))
        left.extend(person for person in members if speaker_code(person.name) not in single.test)
        validation |= {person.name for person in members if speaker_code(person.name) in single.validation}
    if not test:
        raise ProtocolError(f"The manifest has no clips of the speakers that {scheme.title} tests.")
    return (speaker_fold(manifest, config, 0, test, left, validation),)


def _serab_split(corpus: str, members: list[Person]) -> SingleSplit:
    if corpus == "aesdd" and len(members) < 6:
        return SERAB_AESDD_FIVE
    return SERAB[corpus]


def _joint(manifest: Manifest, config: ProtocolConfig, scheme: Scheme) -> tuple[Fold, ...]:
    people = find_people(manifest)
    actors = {person.name for person in people if set(person.population.split("+")) <= set(RAVDESS)}
    groups: list[list[Person]] = [[] for _ in range(JOINT_FOLDS)]
    for person in people:
        if person.name in actors:
            code = speaker_code(person.name)
            groups[next((n for n, test in enumerate(EMOBOX_RAVDESS) if code in test), 0)].append(person)
    for members in by_population([person for person in people if person.name not in actors]).values():
        size = min(JOINT_FOLDS, len(members))
        for group, dealt in zip(groups, deal(members, size, config.seed, fill_first=True), strict=False):
            group.extend(dealt)
    return group_folds(manifest, config, people, [group for group in groups if group])


def _random(manifest: Manifest, config: ProtocolConfig, text: str) -> Division:
    if config.scheme == "project3_random":
        train, rest = _shuffle.train_test(len(manifest), 0.2, _PUBLISHED_SEED)
        validation, test = _shuffle.train_test(len(rest), 0.5, _PUBLISHED_SEED)
        parts = (train, rest[validation], rest[test])
        return Division((Fold(*(tuple(np.sort(part).tolist()) for part in parts)),), False, text)
    fixed = config.model_copy(update={"seed": _PUBLISHED_SEED, "test_fraction": 0.2, "folds": None})
    division = divide_clips(manifest, fixed, [row.emotion for row in manifest], "")
    return Division(division.folds, False, text)
