"""The loop that trains the cells of a study, several folds at a time, and picks up after a kill."""

from __future__ import annotations

from collections import Counter

from hearfelt.errors import HearfeltError
from hearfelt.evaluation.summary import summarize_run
from hearfelt.studies._answers import measure
from hearfelt.studies._cells import Cell
from hearfelt.studies._pool import Job, Pool
from hearfelt.studies._study import Folder, Note, Tell
from hearfelt.training.run import open_run, prepare_run

_SHARE = 1000  # progress of one fold


def train_cells(folder: Folder, pool: Pool, tell: Tell, note: Note) -> None:
    """Train every cell that is planned and not done; one that fails is left behind and named."""
    waiting = [cell for cell in folder.cells if cell not in folder.done() and cell.name not in folder.failed]
    jobs: list[Job] = []
    left: Counter[str] = Counter()
    shares: dict[Job, float] = {}
    expected = 1

    def report() -> None:
        total = (len(folder.cells)) * expected
        done = len(folder.done()) * expected + sum(
            share for job, share in shares.items() if left[job.cell] or job in pool.jobs
        )
        tell("trainings", round(_SHARE * done), _SHARE * total)

    while waiting or jobs or pool.jobs:
        while pool.has_room() and (jobs or waiting):
            if not jobs:
                ready = _next(folder, waiting, note)
                if ready is None:
                    break  # all that wait need what is being trained
                cell = ready
                jobs = prepare_cell(folder, cell, note)
                left[cell.name] = len(jobs)
                expected = max(expected, len(jobs))
                if not jobs:
                    finish_cell(folder, cell.name, note)
                continue
            pool.start(jobs.pop(0))
        if not pool.jobs:
            if waiting and not jobs and all(cell.sources for cell in waiting):
                give_up(folder, waiting.pop(0).name, "What it starts from is not in the plan.", note)
            continue
        event = pool.wait()
        job = event.job
        if event.error:
            give_up(folder, job.cell, event.error, note)
            jobs = [other for other in jobs if other.cell != job.cell]
            for other in pool.jobs:
                if other.cell == job.cell:
                    pool.stop(other)
        elif event.finished:
            shares[job] = 1.0
            left[job.cell] -= 1
            if not left[job.cell] and job.cell not in folder.failed:
                finish_cell(folder, job.cell, note)
        else:
            shares[job] = event.done / max(1, event.total)
        report()


def _next(folder: Folder, waiting: list[Cell], note: Note) -> Cell | None:
    """Take the first cell whose sources are trained; those whose source failed are given up."""
    trained = {cell.name for cell in folder.done()}
    for cell in list(waiting):
        lost = [name for name in cell.sources if name in folder.failed]
        if lost:
            waiting.remove(cell)
            give_up(folder, cell.name, f"It starts from {lost[0]}, which failed.", note)
        elif all(name in trained for name in cell.sources):
            waiting.remove(cell)
            return cell
    return None


def prepare_cell(folder: Folder, cell: Cell, note: Note) -> list[Job]:
    """Make the run folder of a cell, or open the one that is there; the folds that are not done yet."""
    path = folder.run(cell.name)
    try:
        if not (path / "resolved.yaml").exists():
            prepare_run(
                folder.base.of(cell, folder.runs),
                path,
                data=folder.base.data or None,
                command=f"a cell of {folder.path}",
                resume=True,
            )
        run = open_run(path)
    except HearfeltError as error:
        give_up(folder, cell.name, str(error), note)
        return []
    found = [Job(cell.name, path, fold, run.recipe.training.threads) for fold in run.folds]
    return [job for job in found if not job.is_done()]


def give_up(folder: Folder, cell: str, reason: str, note: Note) -> None:
    """Leave a cell behind; a study that goes on later tries it again."""
    folder.failed[cell] = " ".join(reason.split())
    note(f"Failed: {cell}: {folder.failed[cell]}")


def finish_cell(folder: Folder, cell: str, note: Note) -> None:
    """Score a cell whose folds are all trained."""
    if cell in folder.failed:
        return
    import numpy as np

    summarize_run(folder.run(cell), rng=np.random.default_rng(0))
    figures = measure(folder.answers(cell, "validation.csv"))
    said = f"validation UAR {100 * figures['uar']['value']:.1f} %" if figures else "no validation"
    note(f"{len(folder.done())}/{len(folder.cells)} {folder.cell(cell).title}: {said}")
