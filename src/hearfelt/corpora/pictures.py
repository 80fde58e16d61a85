"""A folder of spectrogram pictures and their labels, by us or by somebody else, as a manifest.

Files are counted in an order, and the label of the same number belongs to each; a table that names its files needs no
counting. What is not known of strangers' pictures (speakers, above all) stays unknown, and protocols know that.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from hearfelt.corpora.manifest import UNKNOWN_SPEAKER, Manifest, Row
from hearfelt.emotions import parse_emotion
from hearfelt.errors import CorpusError, UnknownNameError

Order = Literal["auto", "sorted", "numeric"]

#: Label files that are looked for in the folder where none is named; the table says more.
LABEL_FILES = ("labels.csv", "labels.npy")
#: Pictures of a folder that are no part of its data.
NO_DATA = ("contact_sheet.png",)

_FILE_COLUMNS = ("file", "filename", "file_name", "image", "picture", "name")
_LABEL_COLUMNS = ("emotion", "label", "class", "target")


def read_pictures(
    folder: str | os.PathLike[str],
    labels: str | os.PathLike[str] | None = None,
    *,
    order: Order = "auto",
    classes: Sequence[str] = (),
) -> tuple[Manifest, str]:
    """The pictures of a folder with their labels.

    Args:
        folder: of PNGs; those of its subfolders are not looked at.
        labels: ``.npy`` of text, of class numbers or one-hot, or ``.csv``; by default one of `LABEL_FILES` in the
            folder.
        order: how files are counted: ``sorted`` by name as text, ``numeric`` by the last number in the name; ``auto``
            finds out where it can.
        classes: what class numbers stand for, the first being 0.

    Returns:
        the manifest, in the order of counting, with the number of each picture in `Row.statement`; and a sentence that
        says how files and labels were matched.

    Raises:
        CorpusError: no pictures, no labels, other numbers of them, an unknown class, or an order that nobody can know.
    """
    place = Path(folder)
    if not place.is_dir():
        raise CorpusError(f"There is no folder {place} with pictures.")
    names = sorted(
        entry.name
        for entry in place.iterdir()
        if entry.suffix.lower() == ".png" and not entry.name.startswith(".") and entry.name not in NO_DATA
    )
    if not names:
        raise CorpusError(f"{place} holds no PNG pictures. `hearfelt images make` draws them.")
    source = _label_file(place, labels)
    if source.suffix.lower() == ".csv":
        table = _read_table(source)
        if "file" in table[0]:
            cells, chosen = _by_file(table, names, source), [line["file"] for line in table]
            how = f"{len(chosen)} pictures matched with {source.name} by their file names"
            return _manifest(place, chosen, cells, source, classes), how
        cells = table
    elif source.suffix.lower() == ".npy":
        cells = [{"emotion": label} for label in _read_npy(source)]
    else:
        raise CorpusError(f"Labels are read from .npy and .csv, not from {source.name}.")
    if len(cells) != len(names):
        raise CorpusError(
            f"{place} holds {len(names)} pictures and {source} has {len(cells)} labels; each picture needs one."
        )
    chosen, how = _count(names, order)
    return _manifest(place, chosen, cells, source, classes), f"{len(chosen)} pictures, {how}"


def _label_file(folder: Path, labels: str | os.PathLike[str] | None) -> Path:
    if labels is not None and str(labels):
        given = Path(labels)
        if given.is_file():
            return given
        if (folder / given).is_file():
            return folder / given
        raise CorpusError(f"There is no label file {given}.")
    for name in LABEL_FILES:
        if (folder / name).is_file():
            return folder / name
    raise CorpusError(
        f"{folder} has no labels: neither {' nor '.join(LABEL_FILES)} is in it. Give --labels FILE, one label a "
        "picture in the order of the files."
    )


def _count(names: Sequence[str], order: Order) -> tuple[list[str], str]:
    """Files in the order of their labels, and a sentence that says which and why."""
    by_name = sorted(names)
    numbers = [re.findall(r"\d+", Path(name).stem) for name in by_name]
    by_number = (
        sorted(by_name, key=lambda name: int(re.findall(r"\d+", Path(name).stem)[-1]))
        if all(numbers) and len({int(found[-1]) for found in numbers}) == len(names)
        else None
    )
    if order == "numeric" and by_number is None:
        without = next((n for n, found in zip(by_name, numbers, strict=True) if not found), by_name[0])
        raise CorpusError(
            f"The pictures cannot be counted by number: not every name has a number of its own, such as {without}. Use "
            "--order sorted."
        )
    if order == "sorted" or by_number is None:
        return by_name, f"label i belongs to file i in the order of names ({_ends(by_name)})"
    if order == "numeric":
        return by_number, f"label i belongs to file i in the order of numbers ({_ends(by_number)})"
    if by_name == by_number:
        return by_name, f"label i belongs to file i; names and numbers give the same order ({_ends(by_name)})"
    values = sorted(int(found[-1]) for found in numbers)
    stems = {re.sub(r"\d+(?=\D*$)", "#", Path(name).stem) for name in names}
    if len(stems) == 1 and values[0] in (0, 1) and values[-1] - values[0] == len(values) - 1:
        return by_number, (
            f"label i belongs to file i in the order of numbers ({_ends(by_number)}), as they run from {values[0]} to "
            f"{values[-1]} without a gap; if the labels were written in the order of names ({_ends(by_name)}), give "
            "--order sorted"
        )
    raise CorpusError(
        f"The order of the pictures is not clear: by name they are {_ends(by_name)}, by number {_ends(by_number)}. "
        "Say which one the labels have: --order sorted or --order numeric."
    )


def _ends(names: Sequence[str]) -> str:
    shown = names if len(names) < 4 else [*names[:3], "...", names[-1]]
    return ", ".join(shown)


def _read_table(source: Path) -> list[dict[str, str]]:
    """Lines of a CSV with the columns emotion and, where they are there, file, corpus, speaker, path."""
    try:
        text = source.read_bytes().decode("utf-8-sig", "surrogateescape")
    except OSError as error:
        raise CorpusError(f"Cannot read {source}: {error.strerror}.") from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    header = {name.strip().lower(): name for name in reader.fieldnames or []}
    label = next((header[name] for name in _LABEL_COLUMNS if name in header), None)
    if label is None and len(header) == 1 and next(iter(header)) not in _FILE_COLUMNS:
        raise CorpusError(
            f"{source} has no header: its first line is {next(iter(header.values()))!r}. Its first line has to be "
            "`emotion`, or `file,emotion`."
        )
    if label is None:
        raise CorpusError(
            f"{source} has no column of labels ({', '.join(_LABEL_COLUMNS)}); it has "
            f"{', '.join(header.values()) or 'nothing'}."
        )
    file = next((header[name] for name in _FILE_COLUMNS if name in header), None)
    lines = []
    for cells in reader:
        line = {"emotion": (cells[label] or "").strip()}
        if file is not None:
            line["file"] = Path(cells[file] or "").name
        for name in ("corpus", "speaker", "sex", "language"):
            if name in header and (value := (cells[header[name]] or "").strip()):
                line[name] = value
        lines.append(line)
    if not lines:
        raise CorpusError(f"{source} has a header and no lines.")
    return lines


def _by_file(table: Sequence[dict[str, str]], names: Sequence[str], source: Path) -> list[dict[str, str]]:
    named = [line["file"] for line in table]
    if twice := sorted(
        {name for name in named if named.count(name) > 1} if len(set(named)) < len(named) else ()
    ):
        raise CorpusError(f"{source} names {twice[0]} more than once; a picture has one label.")
    if missing := sorted(set(named) - set(names)):
        raise CorpusError(
            f"{source} names {len(missing)} pictures that are not in the folder, such as {missing[0]}."
        )
    if unnamed := sorted(set(names) - set(named)):
        raise CorpusError(
            f"The folder holds {len(names)} pictures and {source} has {len(named)} labels; {unnamed[0]} has none."
        )
    return list(table)


def _read_npy(source: Path) -> list[Any]:
    """Text, or whole numbers; one-hot rows become numbers."""
    try:
        values = np.load(source, allow_pickle=False)
    except OSError as error:
        raise CorpusError(f"Cannot read {source}: {error.strerror or error}.") from error
    except ValueError as error:
        if "pickle" in str(error).lower() and _is_npy(source):
            raise CorpusError(
                f"{source} holds Python objects (dtype object), and reading these can run foreign code. If you trust "
                "the file, write the labels as text once: numpy.save('labels_text.npy', "
                f"numpy.load('{source.name}', allow_pickle=True).astype(str)), and give --labels labels_text.npy."
            ) from error
        raise CorpusError(f"{source} is not an array as numpy.save writes it: {error}") from error
    if not isinstance(values, np.ndarray):
        raise CorpusError(f"{source} holds several arrays (.npz); save the labels alone with numpy.save.")
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "replace")
    if values.ndim == 2 and values.dtype.kind in "biuf" and values.shape[1] > 1:
        if not (np.isin(values, (0, 1)).all() and (values.sum(axis=1) == 1).all()):
            raise CorpusError(
                f"{source} has the shape {values.shape} and is not one-hot; give one label a picture."
            )
        values = values.argmax(axis=1)
    values = values.reshape(-1) if values.ndim == 2 and values.shape[1] == 1 else values
    if values.ndim != 1:
        raise CorpusError(f"{source} has the shape {values.shape}; labels are one a picture.")
    if values.dtype.kind == "U":
        return [str(value).strip() for value in values]
    if values.dtype.kind in "biu" or (values.dtype.kind == "f" and bool((values == np.round(values)).all())):
        return [int(value) for value in values]
    raise CorpusError(f"{source} has labels of the type {values.dtype}; text or whole numbers are read.")


def _is_npy(source: Path) -> bool:
    with source.open("rb") as file:
        return file.read(6) == b"\x93NUMPY"


def _manifest(
    folder: Path,
    names: Sequence[str],
    cells: Sequence[Mapping[str, Any]],
    source: Path,
    classes: Sequence[str],
) -> Manifest:
    base = os.path.abspath(folder)  # noqa: PTH100 - resolve() would follow links
    corpus = re.sub(r"[^\w.-]", "_", Path(base).name) or "pictures"
    meanings: dict[Any, str] = {}
    rows = []
    for number, (name, cell) in enumerate(zip(names, cells, strict=True)):
        label = cell["emotion"]
        if label not in meanings:
            meanings[label] = _emotion(label, classes, f"{source}, label {number} ({name})")
        rows.append(
            Row(
                path=os.path.join(base, name),  # noqa: PTH118
                corpus=cell.get("corpus", corpus),
                speaker=cell.get("speaker", UNKNOWN_SPEAKER),
                emotion=meanings[label],
                sex=cell.get("sex", ""),
                language=cell.get("language", ""),
                statement=f"{number:08d}",
            )
        )
    return Manifest(rows)


def _emotion(label: Any, classes: Sequence[str], place: str) -> str:
    """The emotion that a label stands for."""
    if isinstance(label, int) or (isinstance(label, str) and re.fullmatch(r"\d+(\.0*)?", label)):
        number = int(float(label))
        if not classes:
            raise CorpusError(
                f"{place} is the number {number}, and what it stands for is not said. Name the classes in the order of "
                "their numbers, from 0: --classes angry,fear,happy,sad."
            )
        if not 0 <= number < len(classes):
            raise CorpusError(
                f"{place} is {number}; --classes names {len(classes)} classes, 0 to {len(classes) - 1}."
            )
        label = classes[number]
    if not label:
        raise CorpusError(f"{place} is empty.")
    try:
        return parse_emotion(label)
    except UnknownNameError as error:
        raise CorpusError(f"{place}: {error}") from error
