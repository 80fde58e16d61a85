"""Short against long clips: trainings on crops and joined clips of several lengths, each tested on every length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from hearfelt.evaluation._figures import both, signed, with_interval
from hearfelt.evaluation._html import paragraph, table
from hearfelt.studies._answers import difference, measure
from hearfelt.studies._cells import Base, Cell, setting
from hearfelt.studies._pictures import Point, plot_curves, plot_matrix
from hearfelt.studies._report import verdict
from hearfelt.studies._study import Folder, Note, Study, Tell

if TYPE_CHECKING:
    from hearfelt.corpora.manifest import Manifest
    from hearfelt.studies._pool import Pool

WHOLE = "whole"


class DurationStudy(Study):
    """Options of ``hearfelt study duration``.

    Attributes:
        train_seconds: lengths that are trained on, besides whole clips.
        test_seconds: lengths that are tested on, besides whole clips.
        join: bring shorter clips to the length with others of the same speaker and emotion; otherwise they stay short.
    """

    kind: ClassVar[str] = "duration"
    question: ClassVar[str] = "How long must a clip be, in training and in use?"

    train_seconds: tuple[float, ...] = (0.5, 1, 2, 3, 5)
    test_seconds: tuple[float, ...] = (0.5, 1, 2, 3, 5)
    join: bool = Field(default=True)

    @field_validator("train_seconds", "test_seconds")
    @classmethod
    def _check(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not value or min(value) < 0.1 or len(set(value)) < len(value):
            raise ValueError(f"different lengths of 0.1 s and more were expected, got {list(value)}")
        return tuple(sorted(value))

    def first(self, base: Base, runs: Path) -> list[Cell]:
        """Whole clips, and each length."""
        del base, runs
        whole = Cell(
            WHOLE,
            "whole clips",
            settings=("training.join_clips=false", "training.crop_seconds=null"),
            axes={"train_seconds": None},
        )
        return [
            whole,
            *(
                Cell(
                    f"{length:g}s",
                    f"{length:g} s",
                    settings=(
                        setting("training.join_clips", self.join),
                        setting("training.crop_seconds", length),
                    ),
                    axes={"train_seconds": length},
                    baseline=WHOLE,
                )
                for length in self.train_seconds
            ),
        ]

    def loop(self, folder: Folder, pool: Pool, tell: Tell, note: Note) -> None:
        """Train, then let every network answer every length."""
        super().loop(folder, pool, tell, note)
        done = folder.done()
        for number, cell in enumerate(done):
            answer_lengths(folder.run(cell.name), self.test_seconds, join=self.join)
            tell("tests of every length", number + 1, len(done))

    def findings(self, folder: Folder, cells: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The matrix: for each pair of lengths validation and test, and the difference to training on whole clips."""
        del cells
        entries, best = [], {}
        for length in (None, *self.test_seconds):
            ranked: list[tuple[float, str]] = []
            for cell in folder.done():
                tables = {
                    part: folder.answers(cell.name, table_name(part, length))
                    for part in ("validation", "test")
                }
                if tables["test"] is None:
                    continue
                figures = {part: measure(answers) for part, answers in tables.items()}
                baseline = folder.answers(WHOLE, table_name("test", length)) if cell.baseline else None
                entries.append(
                    {
                        "cell": cell.name,
                        "train_seconds": cell.axes["train_seconds"],
                        "test_seconds": length,
                        **{part: figure and figure["uar"] for part, figure in figures.items()},
                        "difference": difference(tables["test"], baseline),
                    }
                )
                if figures["validation"] is not None:
                    ranked.append((figures["validation"]["uar"]["value"], cell.name))
            if ranked:
                best["whole" if length is None else f"{length:g}"] = max(ranked, key=lambda pair: pair[0])[1]
        return {"matrix": entries, "best_by_validation": best, "join": self.join}

    def sections(self, folder: Path, results: Mapping[str, Any]) -> list[tuple[str, str, str]]:
        """The heat map, curves over the test length, and the table."""
        del folder
        matrix = results["findings"]["matrix"]
        if not matrix:
            return []
        trained = [entry["name"] for entry in results["cells"] if entry["state"] == "done"]
        titles = {entry["name"]: entry["title"] for entry in results["cells"]}
        lengths = [None, *self.test_seconds]
        found = {(entry["cell"], entry["test_seconds"]): entry for entry in matrix}
        names = [WHOLE if length is None else f"{length:g} s" for length in lengths]
        values = [
            [found[cell, length]["test"]["value"] if (cell, length) in found else None for length in lengths]
            for cell in trained
        ]
        how = "joined with others of the same speaker and emotion" if self.join else "left as they are"
        words = (
            f"UAR of every network (rows: the length that it was trained on) on every length of test clip. Longer "
            f"clips are cut from their middle, shorter ones are {how}."
        )
        heat = both(
            lambda dark: plot_matrix(
                values, [titles[cell] for cell in trained], names, x="tested on", y="trained on", dark=dark
            ),
            words,
        )
        curves = {
            titles[cell]: [
                Point(f"{length:g} s", entry["value"], entry["low"], entry["high"], length)
                for length in self.test_seconds
                if (entry := found.get((cell, length), {}).get("test")) is not None
            ]
            for cell in trained
        }
        lines = both(
            lambda dark: plot_curves(curves, x="length of the test clip", named=False, dark=dark),
            "UAR over the length of the test clip, a line a training length.",
        )
        rows = []
        for length, name in zip(lengths, names, strict=True):
            chosen = results["findings"]["best_by_validation"].get(
                "whole" if length is None else f"{length:g}"
            )
            if chosen is not None and (chosen, length) in found:
                entry = found[chosen, length]
                rows.append([name, titles[chosen], with_interval(entry["test"]), signed(entry["difference"])])
        choice = table(
            "For each length of test clip the training length chosen by validation at that length",
            ["tested on", "trained on", "test UAR", "against training on whole clips"],
            rows,
            text_columns=2,
        )
        sentences = "".join(
            paragraph(
                verdict(entry["difference"], f"Tested on {name}, trained on {titles[chosen]}", "whole clips")
            )
            for length, name in zip(lengths, names, strict=True)
            if (
                chosen := results["findings"]["best_by_validation"].get(
                    "whole" if length is None else f"{length:g}"
                )
            )
            and chosen != WHOLE
            and (entry := found.get((chosen, length)))
        )
        return [
            ("matrix", "Trained on one length, tested on another", paragraph(words, "muted") + heat),
            ("lengths", "UAR over the length of a test clip", lines),
            ("advice", "Which length to train on", choice + sentences),
        ]


def table_name(part: str, seconds: float | None) -> str:
    """Name of the table of answers to clips of a length, in a fold's folder.

    >>> table_name("test", None), table_name("validation", 0.5)
    ('predictions.csv', 'validation_0.5s.csv')
    """
    if seconds is None:
        return {"test": "predictions.csv", "validation": "validation.csv"}[part]
    return f"{'predictions' if part == 'test' else part}_{seconds:g}s.csv"


def answer_lengths(run_folder: Path, lengths: Sequence[float], *, join: bool) -> None:
    """Let the trained folds of a run answer clips of several lengths; tables that are there are kept."""
    from hearfelt.evaluation.predictions import write_predictions
    from hearfelt.training.export import load_network
    from hearfelt.training.fit import predict_rows
    from hearfelt.training.run import open_run

    run = open_run(run_folder)
    clips = None
    for fold in run.folds:
        division, network = run.split.folds[fold], None
        for part, rows in (("validation", division.validation), ("test", division.test)):
            for seconds in lengths:
                target = run.fold_folder(fold) / table_name(part, seconds)
                if not rows or target.exists():
                    continue
                clips = clips or run.clips()
                network = network or load_network(run, fold)
                plain = clips.waveforms
                clips.waveforms = _OfLength(plain, run.manifest, rows, seconds, join)  # type: ignore[assignment]
                try:
                    answers = predict_rows(network, clips, rows)
                finally:
                    clips.waveforms = plain
                write_predictions(target, answers)


class _OfLength:
    """Waveforms of one length: the middle of longer clips; shorter ones joined with those that follow in their part."""

    def __init__(
        self, waveforms: Any, manifest: Manifest, rows: Sequence[int], seconds: float, join: bool
    ) -> None:
        self._waveforms, self.manifest = waveforms, manifest
        self.sample_rate, self.report = waveforms.sample_rate, waveforms.report
        self._wanted = round(seconds * waveforms.sample_rate)
        groups: dict[tuple[str, str], list[int]] = {}
        for row in rows if join else ():
            groups.setdefault((manifest[row].speaker, manifest[row].emotion), []).append(row)
        self._next = {
            row: group[(place + 1) % len(group)]
            for group in groups.values()
            for place, row in enumerate(group)
        }

    def __len__(self) -> int:
        return len(self._waveforms)

    def samples(self, row: int) -> int:
        """Length of a clip without reading it."""
        length = int(self._waveforms.samples(row))
        wanted: int = self._wanted
        return wanted if row in self._next and length else min(length, wanted)

    def __getitem__(self, row: int) -> NDArray[np.float32]:
        clip: NDArray[np.float32] = self._waveforms[row]
        if len(clip) >= self._wanted:
            begin = (len(clip) - self._wanted) // 2
            return clip[begin : begin + self._wanted]
        if row not in self._next or not len(clip):
            return clip
        parts, length, other = [clip], len(clip), row
        while length < self._wanted:
            other = self._next[other]
            parts.append(self._waveforms[other])
            length += len(parts[-1])
        return np.concatenate(parts)[: self._wanted]
