"""``hearfelt report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(run: Annotated[str, typer.Argument(help="A run folder.")]) -> None:
    """Score a run's finished folds and write its metrics.json and report.html again."""
    from hearfelt.training.run import finish_run, open_run

    finish_run(open_run(run))
    typer.echo(f"Report: {Path(run) / 'report.html'}")
