"""Folds as parallel processes: on busy cores, single-thread processes beat one process with many threads."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from hearfelt.errors import HearfeltError, RecipeError

Tell = Callable[[str, int, int], None]


def run_folds(
    folder: Path, folds: Sequence[int], *, threads: int, jobs: int | None = None, progress: Tell | None = None
) -> None:
    """Train the folds of a prepared run that are not done yet.

    Args:
        folder: of the run.
        folds: their numbers.
        threads: of each process.
        jobs: processes at a time; by default processors / threads, one at least.
        progress: called with ("training", batches done, batches in all), over all folds.

    Raises:
        HearfeltError: a fold failed; the others are stopped and resumable.
    """
    waiting = [fold for fold in folds if not (folder / "folds" / str(fold) / "done.json").exists()]
    slots = max(1, jobs or (os.cpu_count() or 1) // threads)
    events: queue.Queue[tuple[int, str | None]] = queue.Queue()
    running: dict[int, subprocess.Popen[str]] = {}
    state = dict.fromkeys(folds, (0, 0))
    finished = {fold for fold in folds if fold not in waiting}
    try:
        while waiting or running:
            while waiting and len(running) < slots:
                fold = waiting.pop(0)
                running[fold] = start_fold(folder, fold, threads, events)
            fold, line = events.get()
            if line is None:
                check_fold(folder, fold, end_fold(running.pop(fold)))
                finished.add(fold)
            elif line.startswith("{"):
                raise RecipeError(f"Fold {fold}: {json.loads(line)['error']}")
            else:
                done, total = map(int, line.split())
                state[fold] = (done, total)
            if progress is not None:
                each = max((total for _, total in state.values()), default=0)
                done = sum(each if fold in finished else done for fold, (done, _) in state.items())
                progress("training", done, each * len(folds))
    finally:
        for process in running.values():
            process.kill()  # Lightning would put a mere SIGTERM off to the end of the epoch
            end_fold(process)


def start_fold(
    folder: Path, fold: int, threads: int, events: queue.Queue[tuple[int, str | None]]
) -> subprocess.Popen[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    (folder / "folds" / str(fold)).mkdir(parents=True, exist_ok=True)
    with (folder / "folds" / str(fold) / "log.txt").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hearfelt.training._worker", str(folder), str(fold), "--watch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment,
        )

    def read() -> None:
        if process.stdout is not None:
            for line in process.stdout:
                events.put((fold, line.strip()))
        events.put((fold, None))

    threading.Thread(target=read, daemon=True).start()
    return process


def end_fold(process: subprocess.Popen[str]) -> int:
    if process.stdin is not None:
        process.stdin.close()
    return process.wait()


def check_fold(folder: Path, fold: int, status: int) -> None:
    if status == 0:
        return
    log = folder / "folds" / str(fold) / "log.txt"
    last = log.read_text(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
    how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
    raise HearfeltError(
        f"Fold {fold} {how}: {last[0]} (all of it: {log}). `--resume` goes on from its last epoch."
    )
