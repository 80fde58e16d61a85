"""One fold in a process of its own: ``python -m hearfelt.training._worker RUN FOLD [--watch]``.

Tells its progress on standard output, one ``done total`` a line. With ``--watch`` it ends as soon as its standard input
does, which is when its parent is gone, however that died; the training is resumable.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Train the fold; the exit status is 0, or 3 with one JSON line for a user's mistake."""
    import torch

    from hearfelt.errors import HearfeltError
    from hearfelt.training.fit import fit_fold
    from hearfelt.training.run import open_run

    folder, fold = Path(arguments[0]), int(arguments[1])
    if "--watch" in arguments:
        end_with_parent()
    told = 0.0

    def progress(done: int, total: int) -> None:
        nonlocal told
        if done == total or time.monotonic() - told > 0.5:
            told = time.monotonic()
            sys.stdout.write(f"{done} {total}\n")
            sys.stdout.flush()

    try:
        run = open_run(folder)
        torch.set_num_threads(run.recipe.training.threads)
        division = run.split.folds[fold]
        fit_fold(
            run.recipe, run.clips(), division, folder / "folds" / str(fold), fold=fold, progress=progress
        )
    except HearfeltError as error:
        sys.stdout.write(json.dumps({"error": str(error)}) + "\n")
        return 3
    return 0


def end_with_parent() -> None:
    """From now on, end this process when its standard input ends."""

    def watch() -> None:
        while os.read(0, 1):
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
