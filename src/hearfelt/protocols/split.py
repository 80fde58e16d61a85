"""The division of a manifest's rows into training, validation and test, and its file."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hearfelt.corpora.manifest import Manifest
from hearfelt.errors import ProtocolError
from hearfelt.files import relative_below, write_atomically

PARTS = ("train", "validation", "test")
_COLUMNS = ["path", "start", "end", "fold", "part"]
_SHOWN = 3


@dataclass(frozen=True)
class Fold:
    """Row numbers of one training and its test, each sorted; a row that is in none is left out.

    Raises:
        ProtocolError: a row is in two parts.
    """

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]

    def __post_init__(self) -> None:
        count = len(self.train) + len(self.validation) + len(self.test)
        if len({*self.train, *self.validation, *self.test}) < count:
            raise ProtocolError("A row is in two parts of one fold; every row has one part at most.")

    def parts(self) -> Mapping[str, tuple[int, ...]]:
        """Part name -> row numbers, in the order train, validation, test."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


@dataclass(frozen=True)
class Split:
    """Every fold of a protocol.

    Attributes:
        protocol: `ProtocolConfig.label`, such as ``published/emobox_ravdess``.
        folds: in order; the number of a fold is its place.
        speaker_independent: no speaker that is tested on is heard in training or validation.
        description: plain words.
    """

    protocol: str
    folds: tuple[Fold, ...]
    speaker_independent: bool
    description: str

    def describe(self) -> str:
        """Sentences for a report: what was done, how many clips, and what the figures mean.

        >>> Split("all", (Fold((0, 1), (2,), ()),), True, "Everything is trained on.").describe()
        'Everything is trained on. 1 fold: 2 clips train, 1 validates, none is tested.'
        """
        sizes = {part: _range([len(fold.parts()[part]) for fold in self.folds]) for part in PARTS}
        one = {part: sizes[part] == "1" for part in PARTS}
        tested = "none is tested" if sizes["test"] == "0" else f"{sizes['test']} {_be(one['test'])} tested"
        count = f"{len(self.folds)} fold" + ("s, each" if len(self.folds) > 1 else "")
        trained = f"{sizes['train']} clip trains" if one["train"] else f"{sizes['train']} clips train"
        validated = f"{sizes['validation']} validate{'s' if one['validation'] else ''}"
        text = f"{self.description} {count}: {trained}, {validated}, {tested}."
        if not any(fold.test for fold in self.folds):
            return text
        if self.speaker_independent:
            return f"{text} Speaker-independent: nobody who is tested is heard in training or validation."
        return (
            f"{text} Speaker-dependent: the same voices are in training and test, so the figures are higher "
            "than for people the model has never heard (by 15 to 20 points of UAR on RAVDESS speech)."
        )

    def write(self, path: str | os.PathLike[str], manifest: Manifest) -> None:
        """Write ``split.csv`` atomically: path (relative below its folder), start, end, fold, part."""
        target = Path(path)
        base = _absolute(target.parent)
        cells = [
            [relative_below(row.path, base), row.start, "" if row.end is None else row.end]
            for row in manifest
        ]
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for number, fold in enumerate(self.folds):
            assigned = sorted((row, part) for part, rows in fold.parts().items() for row in rows)
            writer.writerows([*cells[row], number, part] for row, part in assigned)
        write_atomically(target, text.getvalue().encode("utf-8", "surrogateescape"))


def read_split(
    path: str | os.PathLike[str], manifest: Manifest, *, protocol: str = "file", partial: bool = False
) -> Split:
    """Read what `Split.write` wrote, for a manifest with the same rows in any order.

    Args:
        path: a ``split.csv``.
        manifest: the rows that it divides.
        protocol: `ProtocolConfig.label` of the protocol that made it. ``cross_corpus`` and
            ``published/serab`` leave rows out of folds; under any other name each row needs a part in every
            fold.
        partial: rows may be left out under any name.

    Raises:
        ProtocolError: no such file or not a split; a line whose row is not in the manifest; a row with two
            parts in one fold; a row without a part; a fold number that is missing.
    """
    source = Path(path)
    try:
        text = source.read_bytes().decode("utf-8-sig", "surrogateescape")
    except OSError as error:
        raise ProtocolError(f"Cannot read the split {source}: {error.strerror}.") from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if list(reader.fieldnames or []) != _COLUMNS:
        raise ProtocolError(
            f"{source} is not a split: its columns are {', '.join(reader.fieldnames or []) or 'none'}; "
            f"expected {', '.join(_COLUMNS)}."
        )
    numbers = {row.key: number for number, row in enumerate(manifest)}
    base = _absolute(source.parent)
    assigned: dict[int, dict[int, str]] = {}
    for line, cells in enumerate(reader, start=2):
        place = f"{source} line {line}"
        fold, part, key = _parse(cells, base, place)
        if key not in numbers:
            raise ProtocolError(
                f"{place}: {_show(key)} is not in the manifest ({len(numbers)} rows). The split belongs to "
                "other rows; make it again for this manifest."
            )
        before = assigned.setdefault(fold, {}).setdefault(numbers[key], part)
        if before != part:
            raise ProtocolError(
                f"{place}: {_show(key)} is in {before} and in {part} of fold {fold}; keep one line."
            )
    if sorted(assigned) != list(range(len(assigned))) or not assigned:
        raise ProtocolError(
            f"{source} has the folds {sorted(assigned)}; expected 0, 1, 2, ... without a gap."
        )
    if not partial and not _leaves_out(protocol):
        _check_complete(manifest, assigned, source)
    folds = tuple(
        Fold(*(tuple(sorted(row for row, p in assigned[n].items() if p == part)) for part in PARTS))
        for n in range(len(assigned))
    )
    independent = all(
        {manifest[row].speaker for row in fold.test}.isdisjoint(
            manifest[row].speaker for row in (*fold.train, *fold.validation)
        )
        for fold in folds
    )
    return Split(protocol, folds, independent, f"The division of {source.name} (protocol {protocol}).")


def _parse(
    cells: Mapping[str, str | None], base: str, place: str
) -> tuple[int, str, tuple[str, float, float | None]]:
    try:
        path, part = cells["path"], cells["part"]
        if not path or part not in PARTS:
            raise ValueError(f"needs a path and a part of {', '.join(PARTS)}, got {path!r} and {part!r}")
        end = float(cells["end"]) if cells["end"] else None
        key = (_absolute(Path(base, path)), float(cells["start"] or 0.0), end)
        return int(cells["fold"] or ""), part, key
    except ValueError as error:
        raise ProtocolError(f"{place}: {error}.") from error


def _check_complete(manifest: Manifest, assigned: Mapping[int, Mapping[int, str]], source: Path) -> None:
    for fold, rows in sorted(assigned.items()):
        missing = [row for number, row in enumerate(manifest) if number not in rows]
        if missing:
            raise ProtocolError(
                f"{source} gives {len(missing)} of {len(manifest)} rows no part in fold {fold}, such as "
                f"{', '.join(_show(row.key) for row in missing[:_SHOWN])}. Make the split again for this "
                "manifest, or take these rows out of it."
            )


def _leaves_out(protocol: str) -> bool:
    return protocol in ("cross_corpus", "published/serab")


def _absolute(path: Path) -> str:
    return os.path.abspath(path)  # noqa: PTH100 - as manifests do; resolve() would follow links


def _show(key: tuple[str, float, float | None]) -> str:
    path, start, end = key
    name = path.encode("utf-8", "replace").decode()
    return name if not start and end is None else f"{name} [{start}, {'end' if end is None else end}]"


def _range(sizes: list[int]) -> str:
    return str(min(sizes)) if min(sizes) == max(sizes) else f"{min(sizes)}-{max(sizes)}"


def _be(one: bool) -> str:
    return "is" if one else "are"
