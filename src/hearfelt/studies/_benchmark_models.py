"""Models that the benchmark only asks, cell by cell; see `hearfelt.studies._asking`. Nothing is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hearfelt.errors import HearfeltError, UnknownNameError
from hearfelt.evaluation.predictions import Predictions, write_predictions
from hearfelt.files import write_json
from hearfelt.studies._asking import Asked, answered, ask_in_blocks, open_model

if TYPE_CHECKING:
    from hearfelt.corpora.manifest import Row as Clip
    from hearfelt.studies._cells import Cell
    from hearfelt.studies._study import Folder, Note, Tell
    from hearfelt.training.run import Run

_AT_ONCE = 64  # clips that are asked about together


def answer_cells(folder: Folder, name: str, threads: int, tell: Tell, note: Note) -> None:
    """Ask a model for the test clips of every cell that is not done; a clip is asked for once a set of classes."""
    from hearfelt.evaluation.summary import summarize_run
    from hearfelt.studies._loop import give_up, prepare_cell
    from hearfelt.training.run import open_run

    ask = open_model(name, threads)
    known: dict[Any, dict[str, float]] = {}
    done = folder.done()
    for number, cell in enumerate(folder.cells):
        if cell in done:
            continue
        jobs = prepare_cell(folder, cell, note)
        if cell.name in folder.failed:
            continue
        try:
            run = open_run(folder.run(cell.name))
            for job in jobs:
                rows = run.split.folds[job.fold].test
                table = answer_rows(ask, run, rows, known)
                write_predictions(job.place / "predictions.csv", table)
                write_json(job.place / "done.json", {"model": name, "clips": len(table)})
            summarize_run(run.folder, rng=np.random.default_rng(0))
        except HearfeltError as error:
            give_up(folder, cell.name, str(error), note)
            continue
        _tell(number, cell, folder, tell, note)


def _tell(number: int, cell: Cell, folder: Folder, tell: Tell, note: Note) -> None:
    tell("rows", number + 1, len(folder.cells))
    note(f"{number + 1}/{len(folder.cells)} {cell.title}: recognised")


def answer_rows(ask: Asked, run: Run, rows: Sequence[int], known: dict[Any, dict[str, float]]) -> Predictions:
    """The answers to some rows of a run, each among the classes that its corpus has.

    A clip without an answer (no speech was heard, or nothing but other classes) counts as wrong.
    """
    clips = run.clips()
    labels, waves = clips.labels, clips.waveforms
    rate = run.recipe.front_end.sample_rate
    clip: list[Clip] = [run.manifest[row] for row in rows]
    sets = [
        tuple(label for label, there in zip(labels, clips.allowed[row], strict=True) if there) for row in rows
    ]
    wanted = [(row.key, names) for row, names in zip(clip, sets, strict=True)]
    missing = [n for n, key in enumerate(wanted) if key not in known]
    for block in ask_in_blocks(ask, missing, sets, lambda n: np.asarray(waves[rows[n]]), rate, _AT_ONCE):
        known |= {wanted[n]: answer for n, answer in block.items()}
    return answered(clip, sets, [known[key] for key in wanted], labels)


def check_name(name: str, known: Sequence[str]) -> None:
    """Refuse what is no architecture.

    Raises:
        UnknownNameError: names the nearest.
    """
    if name not in known:
        raise UnknownNameError("model, recipe, bundle or python:module.function", name, known)
