"""Folds side by side, with small stand-ins for the training processes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hearfelt.errors import HearfeltError, RecipeError
from hearfelt.training import _folds
from hearfelt.training._folds import run_folds


@pytest.fixture
def workers(tmp_path, monkeypatch):
    """Gives a function that says what the process of each fold does, in Python; and their folder."""
    stand_in = tmp_path / "python"
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    stand_in.write_text(f'#!/bin/sh\nexec {sys.executable} -S -E "{scripts}/$4.py" "$3/folds/$4" "$5"\n')
    stand_in.chmod(0o755)
    monkeypatch.setattr(_folds.sys, "executable", str(stand_in))

    def say(fold: int, script: str) -> None:
        head = "import json, os, signal, sys, time\nhere = sys.argv[1]\n"
        (scripts / f"{fold}.py").write_text(head + script)

    return say


def finish(done: int = 4, total: int = 4) -> str:
    return f"print({done}, {total}, flush=True); open(here + '/done.json', 'w').write('{{}}')"


def test_every_fold_is_run_and_progress_is_of_all(tmp_path, workers) -> None:
    told = []
    for fold in (0, 1, 2):
        workers(fold, "print(2, 4, flush=True)\n" + finish())
    run_folds(tmp_path, (0, 1, 2), threads=1, jobs=2, progress=lambda *event: told.append(event))
    assert all((tmp_path / "folds" / str(fold) / "done.json").exists() for fold in (0, 1, 2))
    assert told[-1] == ("training", 12, 12)
    counts = [done for _, done, _ in told]
    assert counts == sorted(counts)


def test_finished_folds_have_no_process(tmp_path, workers) -> None:
    (tmp_path / "folds" / "0").mkdir(parents=True)
    (tmp_path / "folds" / "0" / "done.json").write_text("{}")
    workers(0, "sys.exit(1)")
    workers(1, finish())
    told = []
    run_folds(tmp_path, (0, 1), threads=1, progress=lambda *event: told.append(event))
    assert told[-1] == ("training", 8, 8)
    assert not (tmp_path / "folds" / "0" / "log.txt").exists()


@pytest.mark.parametrize(("threads", "jobs", "most"), [(2, None, 2), (8, None, 1), (1, 3, 3)])
def test_as_many_run_at_a_time_as_there_are_processors_for(
    tmp_path, workers, monkeypatch, threads, jobs, most
) -> None:
    monkeypatch.setattr(_folds.os, "cpu_count", lambda: 4)
    for fold in range(4):
        workers(
            fold,
            "import glob\nopen(here + '/began', 'w').write(repr(time.time()))\n"
            f"while len(glob.glob(here + '/../*/began')) < {most}: time.sleep(0.01)\n"  # as many as there may be
            "time.sleep(0.05); open(here + '/ended', 'w').write(repr(time.time())); " + finish(),
        )
    run_folds(tmp_path, range(4), threads=threads, jobs=jobs)
    times = []
    for fold in range(4):
        folder = tmp_path / "folds" / str(fold)
        times += [(float((folder / "began").read_text()), 1), (float((folder / "ended").read_text()), -1)]
    now = highest = 0
    for _, change in sorted(times):
        now += change
        highest = max(highest, now)
    assert highest == most


def test_threads_are_told_to_the_libraries(tmp_path, workers) -> None:
    workers(0, "open(here + '/threads', 'w').write(os.environ['OMP_NUM_THREADS']); " + finish())
    run_folds(tmp_path, (0,), threads=3)
    assert (tmp_path / "folds" / "0" / "threads").read_text() == "3"


@pytest.mark.parametrize(
    ("script", "error", "message"),
    [
        (
            "print(json.dumps({'error': 'The loss is nan.'}), flush=True); sys.exit(3)",
            RecipeError,
            r"^Fold 0: The loss is nan\.$",
        ),
        (
            "sys.stderr.write('Traceback\\nRuntimeError: out of memory\\n'); sys.exit(1)",
            HearfeltError,
            r"Fold 0 ended with status 1: RuntimeError: out of memory \(all of it: .*log\.txt\)\. .*--resume",
        ),
        (
            "os.kill(os.getpid(), signal.SIGKILL)",
            HearfeltError,
            r"Fold 0 was killed by signal 9: it said nothing",
        ),
    ],
    ids=["mistake", "crash", "killed"],
)
def test_one_failing_fold_is_one_error_and_the_others_are_resumable(
    tmp_path, workers, script, error, message
) -> None:
    workers(0, script)
    workers(1, "time.sleep(60)")
    began = time.monotonic()
    with pytest.raises(error, match=message) as caught:
        run_folds(tmp_path, (0, 1), threads=1, jobs=2)
    assert type(caught.value) is error
    assert time.monotonic() - began < 10  # the other was stopped, not waited for
    for fold in (0, 1):
        workers(fold, finish())
    run_folds(tmp_path, (0, 1), threads=1, jobs=2)
    assert (tmp_path / "folds" / "1" / "done.json").exists()


def test_a_worker_watches_whoever_started_it(tmp_path, workers) -> None:
    """It is told to, and its standard input stays open until the end."""
    workers(
        0,
        "import select; ready = bool(select.select([0], [], [], 0.3)[0])\n"
        "open(here + '/seen.json', 'w').write(json.dumps([sys.argv[2], ready])); " + finish(),
    )
    run_folds(tmp_path, (0,), threads=1)
    assert json.loads(Path(tmp_path, "folds", "0", "seen.json").read_text()) == ["--watch", False]


def test_a_worker_ends_with_whoever_started_it() -> None:
    code = "import time; from hearfelt.training import _worker; _worker.end_with_parent(); time.sleep(60)"
    worker = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(1)
    worker.stdin.close()  # as the system does when the parent dies
    assert worker.wait(10) == 1
