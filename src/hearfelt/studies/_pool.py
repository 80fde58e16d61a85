"""Folds of many runs in parallel single-thread processes, told to whoever watches and stopped where it says so."""

from __future__ import annotations

import json
import queue
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hearfelt.errors import HearfeltError
from hearfelt.training._folds import check_fold, end_fold, start_fold


@dataclass(frozen=True)
class Job:
    """One fold of one run."""

    cell: str
    folder: Path
    fold: int
    threads: int = 1

    @property
    def place(self) -> Path:
        """The fold's folder."""
        return self.folder / "folds" / str(self.fold)

    def is_done(self) -> bool:
        """Whether it was trained to its end."""
        return (self.place / "done.json").exists()


@dataclass(frozen=True)
class Event:
    """What a job said: how far it is, that it is done, or why it failed."""

    job: Job
    done: int = 0
    total: int = 0
    finished: bool = False
    error: str = ""


class Pool:
    """Processes that train; leaving the ``with`` block ends those that still run, and they can be resumed.

    With 0 slots everything is trained in this process, one fold after another, and nothing is stopped half-way.
    """

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._events: queue.Queue[tuple[int, str | None]] = queue.Queue()
        self._running: dict[int, tuple[Job, subprocess.Popen[str] | None]] = {}
        self._said: dict[int, str] = {}
        self._count = 0

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *exception: object) -> None:
        for _, process in self._running.values():
            _kill(process)
        self._running.clear()

    @property
    def jobs(self) -> list[Job]:
        """What runs now."""
        return [job for job, _ in self._running.values()]

    def has_room(self) -> bool:
        """Whether another job may start."""
        return len(self._running) < max(1, self.slots)

    def start(self, job: Job) -> None:
        """Begin, or go on with, one fold."""
        number, self._count = self._count, self._count + 1
        if not self.slots:
            self._running[number] = (job, None)
            self._train_here(number, job)
            return
        relay: queue.Queue[tuple[int, str | None]] = _Numbered(self._events, number)
        self._running[number] = (job, start_fold(job.folder, job.fold, job.threads, relay))

    def stop(self, job: Job) -> None:
        """End a job that is not worth going on with; it says nothing more."""
        for number, (other, process) in list(self._running.items()):
            if other == job:
                del self._running[number]
                _kill(process)

    def wait(self) -> Event:
        """The next that any job says.

        Raises:
            HearfeltError: nothing runs.
        """
        if not self._running:
            raise HearfeltError("No training runs that could be waited for.")
        while True:
            number, line = self._events.get()
            if number not in self._running:
                continue  # of a job that was stopped
            job, process = self._running[number]
            if line is None:
                del self._running[number]
                return self._ended(number, job, process)
            if line.startswith("{"):
                self._said[number] = str(json.loads(line)["error"])
                continue
            done, total = map(int, line.split())
            return Event(job, done, total)

    def _train_here(self, number: int, job: Job) -> None:
        from hearfelt.training.fit import fit_fold
        from hearfelt.training.run import open_run

        def progress(done: int, total: int) -> None:
            self._events.put((number, f"{done} {total}"))

        try:
            run = open_run(job.folder)
            fit_fold(
                run.recipe,
                run.clips(),
                run.split.folds[job.fold],
                job.place,
                fold=job.fold,
                progress=progress,
            )
        except HearfeltError as error:
            self._events.put((number, json.dumps({"error": str(error)})))
        self._events.put((number, None))

    def _ended(self, number: int, job: Job, process: subprocess.Popen[str] | None) -> Event:
        status = 0 if process is None else end_fold(process)
        if said := self._said.pop(number, ""):
            return Event(job, error=f"Fold {job.fold}: {said}")
        try:
            check_fold(job.folder, job.fold, status)
        except HearfeltError as error:
            return Event(job, error=str(error))
        return Event(job, finished=True)


def _kill(process: subprocess.Popen[str] | None) -> None:
    if process is not None:
        process.kill()
        end_fold(process)


class _Numbered(queue.Queue[tuple[int, str | None]]):
    """Gives what a fold says the number of its process, as folds of two runs share theirs."""

    def __init__(self, target: queue.Queue[tuple[int, str | None]], number: int) -> None:
        super().__init__()
        self._target, self._number = target, number

    def put(self, item: tuple[int, str | None], block: bool = True, timeout: float | None = None) -> None:
        self._target.put((self._number, item[1]), block, timeout)
