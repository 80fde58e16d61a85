"""``hearfelt ensemble``."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer


def ensemble(
    runs: Annotated[list[str], typer.Argument(help="Two or more finished run folders, divided alike.")],
    out: Annotated[str, typer.Option(help="Run folder to write.")],
    name: Annotated[str | None, typer.Option(help="Name of the average; the first run's by default.")] = None,
) -> None:
    """Average runs fold by fold: a run folder that is scored, reported and exported like any other."""
    from hearfelt.cli.train import say
    from hearfelt.training.ensemble import ensemble as average

    say(average(runs, out, name=name, command=shlex.join(["hearfelt", *sys.argv[1:]])), Path(out))
