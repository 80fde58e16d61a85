"""The check that no knowledge of the test reaches the training, and the repair of a corpus' identical clips.

It looks for shared speakers, for one recording on two sides (under one name or two, whole or in overlapping
pieces), for augmented copies of a clip on the other side, and for statistics that were fitted on more than
the training rows.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from pathlib import PurePath
from typing import Literal

from hearfelt.corpora.manifest import Manifest, Row
from hearfelt.errors import ProtocolError
from hearfelt.protocols.split import PARTS, Fold, Split

Kind = Literal["speaker", "audio", "augmented", "statistics"]
_SHOWN = 5

_ADVICE: Mapping[str, str] = {
    "speaker": "Use a speaker-independent protocol, or ask for a random one by its name.",
    "audio": "Drop identical clips first (`hearfelt corpora validate --drop`) and divide again.",
    "augmented": "Divide the original clips only, and augment the training rows afterwards.",
    "statistics": "Fit them on the training rows of the fold only.",
}
_SUFFIX = re.compile(
    r"__(?:noise|pitch|speed|stretch|gain|reverb|codec|shift|mask|filter|augmented)[-+.0-9a-z]*$",
    re.IGNORECASE,
)


class LeakError(ProtocolError):
    """A split leaks; `leaks` holds what was found."""

    def __init__(self, message: str, leaks: Sequence[Leak]) -> None:
        super().__init__(message)
        self.leaks = tuple(leaks)


@dataclass(frozen=True)
class Leak:
    """One way in which two parts of a fold are not apart.

    Attributes:
        kind: ``speaker``, ``audio``, ``augmented`` or ``statistics``.
        fold: its number.
        parts: the two parts, in the order train, validation, test.
        rows: row numbers on both sides, sorted.
        message: what was found, with counts and the first names, and what to do.
    """

    kind: Kind
    fold: int
    parts: tuple[str, str]
    rows: tuple[int, ...]
    message: str


def check_leaks(
    manifest: Manifest,
    split: Split,
    *,
    statistics_rows: Mapping[int, Collection[int]] | Collection[int] | None = None,
) -> list[Leak]:
    """Everything that leaks in a split, one `Leak` for a kind, fold and pair of parts.

    Speakers may be shared where the protocol is random by name, and between training and validation where one
    speaker alone is left to train. Identical audio is found by `Row.audio_hash`, where it is known, and path.

    Args:
        manifest: the rows.
        split: its division.
        statistics_rows: rows that normalisation statistics were fitted on: fold -> rows, or one collection of
            rows for all folds.

    Returns:
        leaks in the order of folds; empty where there is none.
    """
    leaks: list[Leak] = []
    pieces = list(_same_audio(manifest))
    copies = list(_augmented(manifest))
    for number, fold in enumerate(split.folds):
        part_of = {row: part for part, rows in fold.parts().items() for row in rows}
        if not is_random(split.protocol):
            leaks += _speakers(manifest, number, fold)
        leaks += _across(manifest, number, part_of, pieces, "audio")
        leaks += _across(manifest, number, part_of, copies, "augmented")
        if statistics_rows is not None:
            chosen = (
                statistics_rows.get(number, ()) if isinstance(statistics_rows, Mapping) else statistics_rows
            )
            leaks += _statistics(manifest, number, part_of, chosen)
    return leaks


def refuse_leaks(
    manifest: Manifest,
    split: Split,
    *,
    statistics_rows: Mapping[int, Collection[int]] | Collection[int] | None = None,
) -> None:
    """Raise where a split leaks; arguments as `check_leaks`.

    Raises:
        LeakError: says what leaks in which fold, with the first rows.
    """
    leaks = check_leaks(manifest, split, statistics_rows=statistics_rows)
    if leaks:
        folds = len({leak.fold for leak in leaks})
        head = f"The split {split.protocol!r} leaks in {folds} of {len(split.folds)} folds:"
        lines = [f"  {leak.message}" for leak in leaks[:_SHOWN]]
        if len(leaks) > _SHOWN:
            lines.append(f"  and {len(leaks) - _SHOWN} more.")
        raise LeakError("\n".join([head, *lines]), leaks)


def is_random(protocol: str) -> bool:
    """Whether a protocol's label says by name that speakers are on both sides.

    >>> is_random("published/project2_random"), is_random("grouped_kfold")
    (True, False)
    """
    return "random" in protocol.rsplit("/", 1)[-1].split("_")


def heard_in(manifest: Manifest, rows: Sequence[int]) -> set[str]:
    """Speakers and audio hashes of some rows.

    >>> sorted(heard_in(Manifest([Row("a", "x", "ann", "sad", audio_hash="1"), Row("b", "x", "bob", "sad")]), (0, 1)))
    ['1', 'ann', 'bob']
    """
    picked = [manifest[row] for row in rows]
    return {row.speaker for row in picked} | {row.audio_hash for row in picked if row.audio_hash}


def source_stem(path: str) -> str:
    """File name without folder, ending and the marks that augmentation adds (``__noise10db``, ``__pitch+2``).

    >>> source_stem("x/03-01-05__noise10db__pitch+2.wav"), source_stem("recording__1.wav")
    ('03-01-05', 'recording__1')
    """
    stem = PurePath(path).stem
    while match := _SUFFIX.search(stem):
        stem = stem[: match.start()]
    return stem


def drop_identical(manifest: Manifest) -> Manifest:
    """Keep the first of each group of identical clips, and none where their labels contradict each other.

    Identical are rows with one `Row.audio_hash` and the same start and end. Rows without a hash are kept.

    >>> clips = [Row("a", "x", "s", "sad", audio_hash="1"), Row("b", "x", "s", "sad", audio_hash="1")]
    >>> [row.path for row in drop_identical(Manifest(clips))]
    ['a']
    """
    groups: dict[Hashable, list[Row]] = defaultdict(list)
    for row in manifest:
        if row.audio_hash:
            groups[row.audio_hash, row.start, row.end].append(row)
    dropped: set[int] = set()
    for group in groups.values():
        agree = len({row.emotion for row in group}) == 1
        dropped.update(id(row) for row in group[1 if agree else 0 :])
    return manifest.where(lambda row: id(row) not in dropped)


def _speakers(manifest: Manifest, number: int, fold: Fold) -> Iterator[Leak]:
    rows_of: dict[str, dict[str, list[int]]] = {part: defaultdict(list) for part in PARTS}
    for part, rows in fold.parts().items():
        for row in rows:
            rows_of[part][manifest[row].speaker].append(row)
    one_voice = len(rows_of["train"].keys() | rows_of["validation"].keys()) == 1
    for first, second in combinations(PARTS, 2):
        shared = sorted(rows_of[first].keys() & rows_of[second].keys())
        if not shared or (one_voice and (first, second) == ("train", "validation")):
            continue
        both = sorted(row for name in shared for row in rows_of[first][name] + rows_of[second][name])
        what = f"{_count(len(shared), 'speaker')} ({_first(shared)})"
        yield _leak("speaker", number, (first, second), both, what)


def _across(
    manifest: Manifest,
    number: int,
    part_of: Mapping[int, str],
    groups: Iterable[Sequence[int]],
    kind: Literal["audio", "augmented"],
) -> Iterator[Leak]:
    sides: dict[tuple[str, str], list[tuple[int, ...]]] = defaultdict(list)
    for group in groups:
        parts = {part_of[row] for row in group if row in part_of}
        for pair in combinations([part for part in PARTS if part in parts], 2):
            sides[pair].append(tuple(row for row in group if part_of.get(row) in pair))
    what = "recording" if kind == "audio" else "clip with augmented copies"
    for pair, found in sorted(sides.items()):
        names = [" = ".join(_name(manifest[row]) for row in group[:3]) for group in found]
        rows = sorted({row for group in found for row in group})
        yield _leak(kind, number, pair, rows, f"{_count(len(found), what)} ({_first(names)})")


def _statistics(
    manifest: Manifest, number: int, part_of: Mapping[int, str], chosen: Collection[int]
) -> Iterator[Leak]:
    for part in ("validation", "test"):
        rows = sorted({row for row in chosen if part_of.get(row) == part})
        if rows:
            names = _first([_name(manifest[row]) for row in rows])
            what = f"statistics that are fitted on {_count(len(rows), 'row')} of {part} too ({names})"
            yield _leak("statistics", number, ("train", part), rows, what)


def _leak(kind: Kind, fold: int, parts: tuple[str, str], rows: Sequence[int], what: str) -> Leak:
    message = f"Fold {fold}: {parts[0]} and {parts[1]} share {what}. {_ADVICE[kind]}"
    return Leak(kind, fold, parts, tuple(rows), message)


def _same_audio(manifest: Manifest) -> Iterator[list[int]]:
    """Groups of rows that hold the same sound: one file or identical ones, in overlapping pieces."""
    hash_of = {row.path: row.audio_hash for row in manifest if row.audio_hash}
    recordings: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(manifest):
        recordings[row.audio_hash or hash_of.get(row.path, "") or row.path].append(number)
    for rows in recordings.values():
        if len(rows) < 2:
            continue
        group: list[int] = []
        until = -math.inf
        for number in sorted(rows, key=lambda number: manifest[number].start):
            row = manifest[number]
            if row.start >= until and group:
                yield from [group] if len(group) > 1 else []
                group, until = [], -math.inf
            group.append(number)
            until = max(until, math.inf if row.end is None else row.end)
        if len(group) > 1:
            yield group


def _augmented(manifest: Manifest) -> Iterator[list[int]]:
    """Groups of rows of which at least one is named as an augmented copy of another's source."""
    copied = {
        source_stem(row.path)
        for row in manifest
        if "__" in row.path and source_stem(row.path) != PurePath(row.path).stem
    }
    if not copied:
        return
    keyed = sorted(
        ((row.corpus, row.speaker, row.emotion, source_stem(row.path)), number)
        for number, row in enumerate(manifest)
        if source_stem(row.path) in copied
    )
    for _, group in groupby(keyed, key=lambda item: item[0]):
        rows = [number for _, number in group]
        if len({PurePath(manifest[row].path).stem for row in rows}) > 1:
            yield rows


def _name(row: Row) -> str:
    name = PurePath(row.path).name.encode("utf-8", "replace").decode()
    return name if row.end is None and not row.start else f"{name} [{row.start:g} s]"


def _first(names: Sequence[str], shown: int = 3) -> str:
    return ", ".join(names[:shown]) + (f" and {len(names) - shown} more" if len(names) > shown else "")


def _count(count: int, what: str) -> str:
    first, *rest = what.split(" ", 1)
    return " ".join([str(count), first + "s" * (count != 1), *rest])
