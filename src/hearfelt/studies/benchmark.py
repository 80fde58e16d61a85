"""The benchmark: one model through published protocols, the figures of others beside it.

Cells are ordinary runs; see `hearfelt.studies`. What is written at the end is stated in docs/benchmark.md.
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from hearfelt.corpora.manifest import Manifest
from hearfelt.emotions import ALL_EMOTIONS
from hearfelt.errors import CorpusError, HearfeltError, RecipeError, UnknownNameError
from hearfelt.files import write_json
from hearfelt.studies._asking import PYTHON, open_model
from hearfelt.studies._benchmark_data import class_sets, classes_of, data_part, gather, taught_elsewhere
from hearfelt.studies._benchmark_models import answer_cells, check_name
from hearfelt.studies._benchmark_rows import (
    DEFAULT_RECIPE,
    QUICK_CORPORA,
    QUICK_OPTIONS,
    QUICK_ROWS,
    QUICK_TRAINING,
    ROWS,
    Row,
)
from hearfelt.studies._cells import Base, Cell, check_names, setting
from hearfelt.studies._folder import write_study
from hearfelt.studies._study import Folder, Note, Study, Tell, create_study

_TRAINED = ("model", "front_end", "augmentation", "training", "recognition", "description")


class BenchmarkStudy(Study):
    """Options of ``hearfelt benchmark``.

    Attributes:
        model: what was asked for, in words.
        way: ``recipe`` trains on every row; ``bundle`` and ``function`` only answer.
        rows: names of the table or patterns; where none are given, all but the random ones.
        seeds: trainings of each row, with 0, 1, 2, ...
        quick: one fold a row, few rows, short trainings.
        random: rows divided by clips too, on which most published figures are.
        matrix: train on each corpus alone and test on every other.
        threads: of a model that only answers.
    """

    kind: ClassVar[str] = "benchmark"
    question: ClassVar[str] = "How good is it on people and corpora that it never heard?"

    model: str = ""
    way: Literal["recipe", "bundle", "function"] = "recipe"
    rows: tuple[str, ...] = ()
    seeds: int = Field(default=1, ge=1, le=100)
    quick: bool = False
    random: bool = False
    matrix: bool = False
    threads: int = Field(default=1, ge=1)

    def first(self, base: Base, runs: Path) -> list[Cell]:
        """A cell a row and seed, of the rows whose corpora are there."""
        del runs
        manifest = gather(base.data)
        classes = class_sets(manifest)
        names, named = self._names(), bool(self.rows)
        cells: list[Cell] = []
        for name in names:
            row = ROWS[name]
            if missing := [corpus for corpus in row.corpora if corpus not in classes]:
                if named and not any(sign in " ".join(self.rows) for sign in "*?["):
                    raise CorpusError(
                        f"The row {name} needs {', '.join(missing)}; there are {', '.join(classes) or 'none'}. Give "
                        "its folder with --data, or leave the row out."
                    )
                continue
            corpora = row.corpora or self._several(classes)
            if len(corpora) < 2 and not row.corpora:
                continue
            cells += [self._cell(name, row, corpora, seed, manifest, base) for seed in range(self.seeds)]
        if self.matrix:
            cells += self._matrix(manifest, self._several(classes))
        if not cells:
            raise CorpusError(
                f"No row of the benchmark fits the corpora that are there: {', '.join(classes) or 'none'}. The rows "
                f"are {', '.join(ROWS)}."
            )
        return cells

    def _names(self) -> list[str]:
        if not self.rows:
            default = [
                n for n, row in ROWS.items() if row.group != "random" and (not self.quick or n in QUICK_ROWS)
            ]
            if self.way != "recipe":
                default = [n for n in default if n != "joint"]  # nothing is trained, together or alone
            if self.random:
                default += [
                    n
                    for n, row in ROWS.items()
                    if row.group == "random" and (not self.quick or row.partner in QUICK_ROWS)
                ]
            return default
        found: dict[str, None] = {}
        for pattern in self.rows:
            matching = fnmatch.filter(ROWS, pattern)
            if not matching:
                raise UnknownNameError("row of the benchmark", pattern, ROWS)
            found |= dict.fromkeys(matching)
        return list(found)

    def _several(self, classes: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
        few = [corpus for corpus in classes if corpus in QUICK_CORPORA]
        return tuple(few if self.quick and len(few) > 1 else classes)

    def _cell(
        self, name: str, row: Row, corpora: Sequence[str], seed: int, manifest: Manifest, base: Base
    ) -> Cell:
        protocol = {**row.protocol, "validation_fraction": row.validation or _least(base)}
        if self.quick and self.way == "recipe":
            protocol["fold"] = [0]
        rows = manifest.where(lambda clip: clip.corpus in corpora)
        keep = classes_of(rows)
        if row.protocol["name"] == "cross_corpus":
            keep = taught_elsewhere(rows, keep)
        title, _ = row.named(self.way)
        return Cell(
            name if seed == 0 else f"{name}-seed{seed}",
            title if seed == 0 else f"{title}, seed {seed}",
            frame=self._frame(base),
            settings=(
                setting("data", data_part(rows, corpora, keep)),
                setting("protocol", protocol),
                setting("seed", seed),
                setting("training.mask_labels_by_corpus", True),
            ),
            axes={"row": name, "seed": seed},
            candidate=False,
        )

    def _frame(self, base: Base) -> tuple[str, ...]:
        if not self.quick or self.way != "recipe":
            return ()
        short = [setting(f"training.{key}", value) for key, value in QUICK_TRAINING.items()]
        if base.content.get("model") == DEFAULT_RECIPE["model"]:
            short.append(setting("model.options", dict(QUICK_OPTIONS)))
        return tuple(short)

    def _matrix(self, manifest: Manifest, corpora: Sequence[str]) -> list[Cell]:
        if self.way != "recipe":
            raise RecipeError("The cross-corpus matrix trains on each corpus; --model has to name a recipe.")
        people = {corpus: {row.speaker for row in manifest if row.corpus == corpus} for corpus in corpora}
        cells = []
        for corpus in corpora:
            own = set(classes_of(manifest.where(lambda clip, corpus=corpus: clip.corpus == corpus)))  # type: ignore[misc]
            tested = []
            for other in corpora:
                theirs = set(classes_of(manifest.where(lambda clip, other=other: clip.corpus == other)))  # type: ignore[misc]
                if other != corpus and not people[corpus] & people[other] and len(own & theirs) > 1:
                    tested.append(other)
            if not tested:
                continue
            used = [corpus, *tested]
            rows = manifest.where(lambda clip, used=used: clip.corpus in used)  # type: ignore[misc]
            protocol = {"name": "cross_corpus", "train_corpora": [corpus], "test_corpora": tested}
            cells.append(
                Cell(
                    f"matrix-{corpus}",
                    f"Trained on {corpus} alone",
                    frame=tuple(setting(f"training.{k}", v) for k, v in QUICK_TRAINING.items())
                    if self.quick
                    else (),
                    settings=(
                        setting(
                            "data", data_part(rows, used, [label for label in ALL_EMOTIONS if label in own])
                        ),
                        setting("protocol", protocol),
                        setting("seed", 0),
                        setting("training.mask_labels_by_corpus", True),
                    ),
                    axes={"row": "matrix", "train": corpus, "seed": 0},
                    candidate=False,
                )
            )
        return cells

    def loop(self, folder: Folder, pool: Any, tell: Tell, note: Note) -> None:
        """Train every cell, or ask the model."""
        if self.way == "recipe":
            super().loop(folder, pool, tell, note)
        else:
            answer_cells(folder, self.model, self.threads, tell, note)


def _least(base: Base) -> float:
    """Who validates where speakers are few: nobody, unless the recipe selects by it."""
    training = base.recipe.training
    return 0.15 if training.select == "best" or training.early_stopping is not None else 0.0


def open_base(
    model: str, settings: Iterable[str], data: Iterable[str | os.PathLike[str]]
) -> tuple[Base, str, str]:
    """What ``--model`` means: the recipe behind all cells, the way (see `BenchmarkStudy`), the model's full name.

    Raises:
        HearfeltError: nothing of that name.
    """
    from hearfelt.recognition.bundle import SPECIFICATION_FILE, bundled_models
    from hearfelt.training._settings import read_recipe_file

    places = tuple(os.path.abspath(place) for place in data)  # noqa: PTH100 - links stay as they are
    content, way, name, beside = dict(DEFAULT_RECIPE), "recipe", model or "residual_attention", ""
    path = Path(model)
    if model.startswith(PYTHON):
        way = "function"
    elif model and (
        (path / SPECIFICATION_FILE).is_file() or (model in bundled_models() and not path.is_dir())
    ):
        way = "bundle"
        name = str(path.absolute()) if (path / SPECIFICATION_FILE).is_file() else model
    elif path.suffix in (".yaml", ".yml"):
        given = read_recipe_file(path)
        content = {"recipe_version": 1, "name": str(given.get("name", path.stem))}
        content |= {part: given[part] for part in _TRAINED if part in given}
        beside = str(path.absolute().parent)
    elif model:
        content |= _architecture(model)
    if way != "recipe":
        if extra := list(settings):
            raise RecipeError(f"--set {extra[0]} changes a training, and {name} is only asked.")
        content = {
            "recipe_version": 1,
            "name": "benchmark",
            "description": f"Only asked, nothing is trained: {name}.",
        }
        open_model(name)
    base = Base(content, tuple(settings), places, beside)
    if base.recipe.front_end.takes == "picture" or base.recipe.data.images:
        raise RecipeError("The benchmark is of recordings, and this recipe is of pictures.")
    return base, way, name


def _architecture(name: str) -> dict[str, Any]:
    from hearfelt.models._registry import list_models
    from hearfelt.studies.architectures import _MADE_FOR

    check_name(name, list_models())
    return {"name": name, "model": {"name": name}, **_MADE_FOR.get(name, {})}


def begin_benchmark(path: Path, study: BenchmarkStudy, base: Base, *, command: str = "") -> None:
    """Make the folder: ``study.yaml`` and ``plan.json``. Nothing is trained.

    Raises:
        HearfeltError: the folder is not empty, or a cell's recipe, model or data is wrong.
    """
    from hearfelt.training.recipe import check_recipe

    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise RecipeError(f"{path} exists and is no benchmark. Name another folder with --out.")
    cells = study.first(base, path / "runs")
    check_names(cells)
    for cell in cells:
        check_recipe(base.of(cell, path / "runs"))
    write_study(path, study, base, cells, command)


def run_benchmark(
    model: str = "",
    folder: str | os.PathLike[str] = "benchmark",
    *,
    options: Mapping[str, Any] | None = None,
    settings: Iterable[str] = (),
    data: Iterable[str | os.PathLike[str]] = (),
    processes: int = 1,
    command: str = "",
    tell: Tell | None = None,
    note: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Put a model through the benchmark, or go on with the one in the folder.

    Args:
        model: a recipe (``.yaml``), an architecture, a bundle or ``python:module.function``; ours where empty.
        folder: of the benchmark; one that was begun is gone on with, whose model, options and settings are kept.
        options: attributes of `BenchmarkStudy`, such as ``rows``, ``seeds``, ``quick``.
        settings: ``a.b=value`` each, for all trainings.
        data: folders with the corpora below them, and manifests; ``$HEARFELT_DATA`` where none is given.
        processes: trainings at a time; 0 trains in this process.
        command: that makes it again.
        tell: called with (what, done, total).
        note: gets sentences for people.

    Returns:
        the content of ``benchmark.json``.

    Raises:
        HearfeltError: anything wrong with model, options or data; or no row could be measured.
    """
    from hearfelt.studies._benchmark_page import write_page
    from hearfelt.studies._benchmark_scores import assemble
    from hearfelt.studies._folder import alone, is_study, open_study
    from hearfelt.studies._pool import Pool

    path = Path(folder)
    if not is_study(path):
        base, way, name = open_base(model, settings, data)
        given = {**(options or {}), "model": name, "way": way, "threads": max(1, processes)}
        made = create_study("benchmark", given)
        if isinstance(made, BenchmarkStudy):
            begin_benchmark(path, made, base, command=command)
    study, opened, content = open_study(path)
    if not isinstance(study, BenchmarkStudy):
        raise HearfeltError(
            f"{path} is a study of another kind ({study.kind}). Name another folder with --out."
        )
    with alone(path), Pool(processes) as pool:
        study.loop(opened, pool, tell or (lambda *_: None), note or (lambda _: None))
        if not opened.done():
            reason = next(iter(opened.failed.values()), "it has no rows")
            raise HearfeltError(f"No row of the benchmark {path} could be measured: {reason}")
        results = assemble(study, opened, content)
        write_json(path / "benchmark.json", results)
        write_page(path, results, content)
    return results
