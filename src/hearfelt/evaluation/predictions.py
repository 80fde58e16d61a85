"""The table of answers: `predictions.csv` and `validation.csv` of a run folder.

Columns: ``path, start, end, corpus, speaker, sex, truth, prediction``, then ``p_<label>`` for every label in
order, then optionally ``logit_<label>``. Floats have six significant digits.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hearfelt.errors import HearfeltError
from hearfelt.evaluation.calibration import log_probabilities
from hearfelt.evaluation.metrics import Floats, Ints, label_indices
from hearfelt.files import write_atomically

Strings = NDArray[np.object_]
_KEYS = ("path", "start", "end", "corpus", "speaker", "sex", "truth", "prediction")


@dataclass(frozen=True, eq=False)
class Predictions:
    """Answers to labelled clips, one row a clip.

    Anything array-like goes in; names of classes and indices are both understood.

    Attributes:
        labels: classes, in the order of the columns.
        path: recording of each clip, shape (clips,).
        start: seconds into the file.
        end: seconds into the file; NaN is the end of the file.
        corpus: name of each clip's corpus.
        speaker: name of each clip's speaker.
        sex: ``female``, ``male`` or empty.
        truth: class indices.
        probabilities: shape (clips, labels).
        prediction: class indices; the most probable class where not given.
        logits: shape (clips, labels), before calibration; None where not kept.
    """

    labels: tuple[str, ...]
    path: Strings
    start: Floats
    end: Floats
    corpus: Strings
    speaker: Strings
    sex: Strings
    truth: Ints
    probabilities: Floats
    prediction: Ints
    logits: Floats | None

    def __init__(
        self,
        *,
        labels: Sequence[str],
        path: Sequence[str],
        start: Sequence[float] | ArrayLike,
        end: Sequence[float | None] | ArrayLike,
        corpus: Sequence[str],
        speaker: Sequence[str],
        sex: Sequence[str],
        truth: Sequence[str] | ArrayLike,
        probabilities: ArrayLike,
        prediction: Sequence[str] | ArrayLike | None = None,
        logits: ArrayLike | None = None,
    ) -> None:
        names = tuple(labels)
        matrix = np.asarray(probabilities, dtype=np.float64).reshape(-1, len(names))
        columns: dict[str, Any] = {
            "labels": names,
            "path": _strings(path),
            "start": np.asarray(start, dtype=np.float64).ravel(),
            "end": np.asarray(end, dtype=np.float64).ravel(),  # None becomes NaN
            "corpus": _strings(corpus),
            "speaker": _strings(speaker),
            "sex": _strings(sex),
            "truth": _classes(truth, names),
            "probabilities": matrix,
            "prediction": matrix.argmax(axis=1) if prediction is None else _classes(prediction, names),
            "logits": None
            if logits is None
            else np.asarray(logits, dtype=np.float64).reshape(-1, len(names)),
        }
        for name, value in columns.items():
            if name != "labels" and value is not None and len(value) != len(matrix):
                raise HearfeltError(
                    f"Predictions have {len(matrix)} rows of probabilities and {len(value)} of {name}; as "
                    "many of each were expected."
                )
            object.__setattr__(self, name, value)
        if not np.isfinite(matrix).all() or (
            columns["logits"] is not None and not np.isfinite(columns["logits"]).all()
        ):
            raise HearfeltError("Predictions hold probabilities or logits that are not finite numbers.")
        if matrix.size and (matrix.min() < -1e-6 or matrix.max() > 1 + 1e-6):
            raise HearfeltError(
                f"Probabilities run from {matrix.min():.6g} to {matrix.max():.6g}; 0 to 1 was expected. "
                "Logits have a field of their own."
            )

    def __len__(self) -> int:
        return len(self.path)

    def __getitem__(self, rows: Any) -> Predictions:
        """Some of the rows: a slice, a mask or indices."""
        return Predictions(
            labels=self.labels,
            **{name: getattr(self, name)[rows] for name in (*_KEYS, "probabilities")},
            logits=None if self.logits is None else self.logits[rows],
        )

    def with_probabilities(
        self, probabilities: Floats, *, prediction: Ints | None = None, logits: Floats | None = None
    ) -> Predictions:
        """The same rows with other probabilities, shape (clips, labels); answers and logits stay where not given."""
        columns: dict[str, Any] = {name: getattr(self, name) for name in _KEYS}
        if prediction is not None:
            columns["prediction"] = prediction
        return Predictions(
            labels=self.labels,
            **columns,
            probabilities=probabilities,
            logits=self.logits if logits is None else logits,
        )

    @property
    def keys(self) -> list[tuple[str, float, float | None]]:
        """(path, start, end) of each row; end is None for the end of the file."""
        return [
            (path, float(start), None if np.isnan(end) else float(end))
            for path, start, end in zip(self.path, self.start, self.end, strict=True)
        ]

    @property
    def confidence(self) -> Floats:
        """Probability of the answer, shape (clips,)."""
        chosen: Floats = self.probabilities[np.arange(len(self)), self.prediction]
        return chosen

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether the answer is the truth, shape (clips,)."""
        return np.asarray(self.truth == self.prediction)

    @property
    def scores(self) -> Floats:
        """The logits, or where they were not kept logits that give the same probabilities.

        A class with probability exactly zero was masked, so that it stays out at any temperature.
        """
        logits = log_probabilities(self.probabilities) if self.logits is None else self.logits
        if not (self.probabilities == 0).any():
            return logits
        masked: Floats = np.where(self.probabilities == 0, logits.max(axis=1, keepdims=True) - 1e4, logits)
        return masked


def _strings(values: Sequence[str]) -> Strings:
    column = np.empty(len(values), dtype=object)
    column[:] = [str(value) for value in values]
    return column


def _classes(values: Sequence[str] | ArrayLike, labels: tuple[str, ...]) -> Ints:
    array = np.asarray(values)
    if array.dtype.kind in "OU":
        return label_indices([str(value) for value in array.ravel()], labels)
    indices = array.astype(np.int64).ravel()
    if indices.size and (indices.min() < 0 or indices.max() >= len(labels)):
        raise HearfeltError(
            f"Class indices run from {indices.min()} to {indices.max()}; 0 to {len(labels) - 1} was expected."
        )
    return indices


def join_predictions(parts: Sequence[Predictions]) -> Predictions:
    """Rows of several tables, one after another. Logits are kept where all have them.

    Raises:
        HearfeltError: nothing to join, or the labels differ.
    """
    if not parts:
        raise HearfeltError("There are no predictions to join.")
    labels = parts[0].labels
    for part in parts:
        if part.labels != labels:
            raise HearfeltError(
                f"Predictions of different labels cannot be joined: {labels} and {part.labels}."
            )
    logits = [part.logits for part in parts if part.logits is not None]
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in (*_KEYS, "probabilities")
    }
    return Predictions(
        labels=labels,
        **columns,
        logits=np.concatenate(logits) if len(logits) == len(parts) else None,
    )


def write_predictions(path: str | os.PathLike[str], table: Predictions) -> None:
    """Write as CSV, atomically.

    Raises:
        HearfeltError: the file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    header = [*_KEYS, *(f"p_{label}" for label in table.labels)]
    if table.logits is not None:
        header += [f"logit_{label}" for label in table.labels]
    writer.writerow(header)
    for i, (name, start, end) in enumerate(table.keys):
        values = (
            table.probabilities[i] if table.logits is None else [*table.probabilities[i], *table.logits[i]]
        )
        writer.writerow(
            [
                name,
                # Seconds are keys: written in full, so that the other tables' rows are found again.
                repr(start),
                "" if end is None else repr(end),
                table.corpus[i],
                table.speaker[i],
                table.sex[i],
                table.labels[table.truth[i]],
                table.labels[table.prediction[i]],
                *(f"{value:.6g}" for value in values),
            ]
        )
    write_atomically(path, text.getvalue().encode("utf-8", "surrogateescape"))


def read_predictions(path: str | os.PathLike[str]) -> Predictions:
    """Read what `write_predictions` wrote.

    Raises:
        HearfeltError: no such file, a missing column, or a bad cell (with its line).
    """
    source = Path(path)
    try:
        text = source.read_bytes().decode("utf-8-sig", "surrogateescape")
    except OSError as error:
        raise HearfeltError(f"Cannot read the predictions {source}: {error.strerror}.") from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    header = list(reader.fieldnames or [])
    labels = [name.removeprefix("p_") for name in header if name.startswith("p_")]
    with_logits = any(name.startswith("logit_") for name in header)
    wanted = [*_KEYS, *(f"logit_{label}" for label in labels if with_logits)]
    missing = [name for name in wanted if name not in header]
    if missing or not labels:
        raise HearfeltError(
            f"{source} is not a table of predictions: it lacks {', '.join(missing) or 'p_<label> columns'}; "
            f"it has {', '.join(header) or 'nothing'}."
        )
    cells: dict[str, list[Any]] = {name: [] for name in _KEYS}
    numbers: list[list[float]] = []
    floats = [f"p_{label}" for label in labels] + [f"logit_{label}" for label in labels if with_logits]
    for line, row in enumerate(reader, start=2):
        try:
            numbers.append([float(row[name]) for name in floats])
            start, end = float(row["start"]), float(row["end"]) if row["end"] else None
        except (TypeError, ValueError) as error:
            raise HearfeltError(f"{source} line {line}: {error}.") from error
        for name in _KEYS:
            cells[name].append(start if name == "start" else end if name == "end" else row[name])
    matrix = np.array(numbers, dtype=np.float64).reshape(len(numbers), len(floats))
    try:
        return Predictions(
            labels=labels,
            **cells,
            probabilities=matrix[:, : len(labels)],
            logits=matrix[:, len(labels) :] if with_logits else None,
        )
    except HearfeltError as error:
        raise HearfeltError(f"{source}: {error}") from error
