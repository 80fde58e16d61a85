"""The trials of a search: Optuna's journal of them, and those that are being trained."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hearfelt.errors import require
from hearfelt.studies._cells import Cell
from hearfelt.studies._pool import Job
from hearfelt.studies._study import Folder

if TYPE_CHECKING:
    from hearfelt.studies.search import SearchStudy

JOURNAL = "optuna.journal"


def open_journal(folder: Folder, options: SearchStudy) -> Any:
    """The Optuna study of a folder, made where there is none; a grid is written into it as trials to come."""
    optuna: Any = require("optuna", "train", "searching")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    logging.getLogger("optuna").setLevel(logging.ERROR)
    backend = optuna.storages.journal.JournalFileBackend(str(folder.path / JOURNAL))
    storage = optuna.storages.JournalStorage(backend)
    recipe = folder.base.recipe
    pruners = {
        "median": lambda: optuna.pruners.MedianPruner(
            n_startup_trials=options.startup, n_warmup_steps=options.patience_epochs
        ),
        "hyperband": lambda: optuna.pruners.HyperbandPruner(
            min_resource=max(1, options.patience_epochs),
            max_resource=max(2, recipe.training.epochs * len(recipe.protocol.fold or range(5))),
        ),
        "none": optuna.pruners.NopPruner,
    }
    study = optuna.create_study(
        study_name="search",
        storage=storage,
        direction="maximize",
        load_if_exists=True,
        pruner=pruners[options.pruner](),
    )
    begun = len(study.get_trials(deepcopy=False))
    # of a resumed search a seed of its own: the first draws would come again
    samplers = {
        "tpe": lambda: optuna.samplers.TPESampler(
            seed=options.seed + begun, n_startup_trials=options.startup, multivariate=False
        ),
        "random": lambda: optuna.samplers.RandomSampler(seed=options.seed + begun),
        "grid": lambda: optuna.samplers.RandomSampler(seed=options.seed),
    }
    study.sampler = samplers[options.sampler]()
    if options.sampler == "grid":
        points = list(product(*(dimension.grid() for dimension in options.space)))
        order = np.random.default_rng(options.seed).permutation(len(points))[: options.count]
        for place in order:
            values = dict(zip((d.field for d in options.space), points[place], strict=True))
            study.enqueue_trial(values, skip_if_exists=True)
    return study


@dataclass
class ActiveTrial:
    """A trial that is being trained, its folds one after another."""

    cell: Cell
    trial: Any
    jobs: list[Job]
    every: list[Job]
    reported: set[int]
    epochs: int = 0
    value: float = 0.0
    share: float = 0.0

    def next(self) -> Job:
        """The next fold."""
        self.share = 0.0
        return self.jobs.pop(0)

    @property
    def progress(self) -> float:
        """Share of its folds that is trained."""
        return (len(self.every) - len(self.jobs) - 1 + self.share) / max(1, len(self.every))


def folds_of(folder: Folder, cell: Cell) -> list[Job]:
    """All folds of a cell, done or not."""
    from hearfelt.training.run import open_run

    run = open_run(folder.run(cell.name))
    return [Job(cell.name, run.folder, fold) for fold in run.folds]


def best_value(place: Path) -> float:
    """Best validation UAR of a fold's epochs."""
    lines = [json.loads(line) for line in (place / "metrics.jsonl").read_text().splitlines()]
    return max(float(line["validation_uar"]) for line in lines if "validation_uar" in line)


def last_value(extra: Mapping[str, Any], cell: str) -> float | None:
    """The last figure that a trial reported."""
    for trial in extra["trials"]:
        if trial["cell"] == cell and trial["values"]:
            return float(list(trial["values"].values())[-1])
    return None


def state_of(name: str) -> Any:
    """Optuna's word for a trial's state."""
    optuna: Any = require("optuna", "train", "searching")
    return optuna.trial.TrialState[name]


def begun_states() -> tuple[Any, ...]:
    """States of trials that were begun."""
    return tuple(state_of(name) for name in ("RUNNING", "COMPLETE", "PRUNED", "FAIL"))


def short(value: Any) -> str:
    """A value with three digits."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)
