"""``hearfelt robustness``: what a model still recognises when the recording is disturbed."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from hearfelt.cli._options import listed
from hearfelt.cli._progress import interruptible, note


def robustness(
    model: Annotated[
        str,
        typer.Argument(
            metavar="RUN|BUNDLE|python:M.F",
            help="A run folder (its unheard speakers are asked about), a bundle's folder or name, or a function of "
            "(waveform, sample rate) that gives label -> probability.",
        ),
    ],
    data: Annotated[
        list[str] | None,
        typer.Option(
            help="Folder with the corpora below it, or a manifest; repeatable; $HEARFELT_DATA by default. A run has "
            "its own clips."
        ),
    ] = None,
    clips: Annotated[int, typer.Option(min=2, help="At most so many clips, drawn by chance.")] = 1000,
    conditions: Annotated[
        str,
        typer.Option(help="Names or patterns with commas, such as babble-*,telephone; all by default."),
    ] = "",
    fold: Annotated[int, typer.Option(min=0, help="Of a run.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Of the clips that are drawn, and of all noise.")] = 0,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Of the model; as many as processors by default.")
    ] = None,
    out: Annotated[str, typer.Option(help="Folder; one that was begun is gone on with.")] = "robustness",
) -> None:
    """Ask a model about the same clips under noise, in rooms, over telephones and codecs, louder, cut, faster.

    The same command goes on after a stop: conditions that are done are not asked again.
    """
    from hearfelt.recognition.ordered import processors
    from hearfelt.studies.robustness import run_robustness

    if data and (Path(model) / "resolved.yaml").is_file():
        note("A run has its own clips; --data is not used.")
    with interruptible("the same command goes on.") as progress:
        results = run_robustness(
            model,
            out,
            data=data or (),
            clips=clips,
            conditions=listed(conditions),
            fold=fold,
            seed=seed,
            threads=processors() if threads is None else threads,
            command=shlex.join(["hearfelt", *sys.argv[1:]]),
            tell=progress,
            note=note,
        )
    from hearfelt.evaluation._figures import with_interval

    width = max(len(entry["title"]) for entry in results["conditions"])
    for entry in results["conditions"]:
        kept = with_interval(entry["share"])
        typer.echo(f"{entry['title']:<{width}}  UAR {with_interval(entry['uar'])} %, {kept} % of clean")
    for floor in results["floors"]:
        if floor["met"] is not None:
            typer.echo(f"Floor of {floor['name']}: {'met' if floor['met'] else 'missed'}")
    typer.echo(f"Page: {Path(out) / 'robustness.html'}")
