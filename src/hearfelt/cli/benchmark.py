"""``hearfelt benchmark``: one model through published protocols, the figures of others beside it."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from hearfelt.cli._extras import check_installed
from hearfelt.cli._options import Data, Settings, listed
from hearfelt.cli._progress import interruptible, note


def benchmark(
    model: Annotated[
        str,
        typer.Option(
            metavar="NAME|RECIPE|BUNDLE|python:M.F",
            help="An architecture, a recipe (.yaml), a bundle (nothing is trained), or a function of "
            "(waveform, sample rate) that gives label -> probability; our network by default.",
        ),
    ] = "",
    rows: Annotated[
        str,
        typer.Option(help="Rows of the table or patterns, with commas; all but the random ones by default."),
    ] = "",
    seeds: Annotated[int, typer.Option(min=1, max=100, help="Trainings of each row.")] = 1,
    quick: Annotated[
        bool, typer.Option("--quick", help="One fold a row, few rows, short trainings.")
    ] = False,
    random: Annotated[
        bool, typer.Option("--random", help="Rows divided by clips as well, as most published figures are.")
    ] = False,
    matrix: Annotated[
        bool, typer.Option("--matrix", help="Train on each corpus alone, test on every other.")
    ] = False,
    settings: Settings = None,
    data: Data = None,
    out: Annotated[str, typer.Option(help="Folder; one that was begun is gone on with.")] = "benchmark",
    processes: Annotated[
        int | None, typer.Option(min=1, help="Trainings at a time; as many as processors by default.")
    ] = None,
) -> None:
    """Measure a model on people and corpora that it never heard, beside what others published.

    The same command goes on after a stop: what was measured stays.
    """
    check_installed(("torch", "lightning", "safetensors", "tensorboard"), "train", "the benchmark")
    from hearfelt.studies._folder import is_study
    from hearfelt.studies.benchmark import run_benchmark

    if is_study(Path(out)):
        note(f"{out} is gone on with, by the model, rows and settings that it was begun with.")
    options: dict[str, Any] = {
        "rows": listed(rows),
        "seeds": seeds,
        "quick": quick,
        "random": random,
        "matrix": matrix,
    }
    with interruptible("the same command goes on.") as progress:
        results = run_benchmark(
            model,
            out,
            options=options,
            settings=settings or (),
            data=data or (),
            processes=processes or os.cpu_count() or 1,
            command=shlex.join(["hearfelt", *sys.argv[1:]]),
            tell=progress,
            note=note,
        )
    _say(results, Path(out))


def _say(results: dict[str, Any], folder: Path) -> None:
    from hearfelt.evaluation._figures import with_interval

    width = max((len(row["title"]) for row in results["rows"]), default=0)
    for row in results["rows"]:
        figures = row["test"] or row["mean"]
        if figures is None:
            continue
        words = f"{row['title']:<{width}}  UAR {with_interval(figures['uar'])} %"
        if row["heard"]["speakers"]:
            words += f"  ({row['heard']['speakers']} of {row['heard']['of']} speakers were heard in training"
            rest = row["unheard"]
            words += f"; the others: {with_interval(rest['uar'])} %)" if rest else ")"
        typer.echo(words)
    failed = [cell["name"] for cell in results["cells"] if cell["state"] == "failed"]
    if failed:
        note(f"Failed: {', '.join(failed)}; the page says why.")
    typer.echo(f"Page: {folder / 'benchmark.html'}")
