"""``hearfelt images``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hearfelt.cli._clips import Data, Only, Targets, read_clips
from hearfelt.cli._progress import note, progress_bar

if TYPE_CHECKING:
    from hearfelt.corpora.manifest import Manifest
    from hearfelt.features.images import ImageConfig

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Draw spectrograms as a data set of pictures.",
)

_SOME_FAILED = 1
_SHOWN = 5


@app.callback()
def _images() -> None:
    """Draw spectrograms as a data set of pictures."""


@app.command()
def make(
    out: Annotated[
        str, typer.Option(help="Folder of the pictures; the same one goes on where it was stopped.")
    ],
    targets: Targets = None,
    data: Data = None,
    only: Only = None,
    kind: Annotated[
        str,
        typer.Option(help="mel (dB of mel bands), log_amplitude (dB, linear axis) or linear (amplitudes)."),
    ] = "mel",
    size: Annotated[str, typer.Option(help="Height x width in pixels.")] = "77x77",
    colours: Annotated[str, typer.Option(help="A colour map of matplotlib, or grey.")] = "magma",
    seconds: Annotated[float | None, typer.Option(help="Length that --duration brings clips to.")] = None,
    duration: Annotated[
        str | None,
        typer.Option(
            help="stretch (all of a clip fills the width), crop (long ones are cut), pad (short ones get silence), "
            "crop_pad (both; with --seconds the default), or keep (a column a frame)."
        ),
    ] = None,
    emotions: Annotated[str | None, typer.Option(help="Only these, such as angry,fearful,happy,sad.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; by default one a processor.")] = None,
) -> int:
    """Draw every clip of a manifest or folder as a numbered PNG, with labels.npy, labels.csv and a contact sheet.

    Exit status: 0 all drawn, 1 some clips could not be drawn, 2 the request was wrong.
    """
    from hearfelt.errors import RecipeError
    from hearfelt.features.image_set import SHEET_FILE, make_image_set

    if workers is not None and workers < 1:
        raise RecipeError(f"--workers is {workers}; at least one process has to draw.")
    config = _settings(kind, size, colours, seconds, duration)
    named = targets or []
    if data is None and len(named) == 1 and Path(named[0]).is_dir():
        named, data = [], named[0]
    rows = _kept(read_clips(named, data, only), emotions)
    with progress_bar() as tell:
        report = make_image_set(
            list(rows),
            out,
            config,
            workers=workers,
            progress=lambda done, total: tell("drawing", done, total),
        )
    for path, reason in report.failures[:_SHOWN]:
        note(f"Left out: {path}: {reason}")
    if len(report.failures) > _SHOWN:
        note(f"... and {len(report.failures) - _SHOWN} more.")
    counts = rows.counts("emotion")
    typer.echo(
        f"{report.drawn} pictures drawn, {report.kept} were there, {len(report.failures)} failed: {out}"
    )
    typer.echo(f"Emotions: {', '.join(f'{name} {count}' for name, count in sorted(counts.items()))}")
    typer.echo(f"To look at: {Path(out) / SHEET_FILE}")
    return _SOME_FAILED if report.failures else 0


def _settings(kind: str, size: str, colours: str, seconds: float | None, duration: str | None) -> ImageConfig:
    from pydantic import ValidationError

    from hearfelt.errors import RecipeError
    from hearfelt.features.images import ImageConfig

    height, times, width = size.lower().partition("x")
    if not (times and height.strip().isdigit() and width.strip().isdigit()):
        raise RecipeError(f"--size is {size!r}; height x width in pixels is expected, such as 77x77.")
    try:
        return ImageConfig.model_validate(
            {
                "kind": kind,
                "height": int(height),
                "width": int(width),
                "colours": colours,
                "seconds": seconds,
                "duration": duration or ("stretch" if seconds is None else "crop_pad"),
            }
        )
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].removeprefix('Value error, ')}".removeprefix(
                ": "
            )
            for fault in error.errors()
        )
        raise RecipeError(f"Pictures cannot be drawn so: {problems}.") from error


def _kept(rows: Manifest, emotions: str | None) -> Manifest:
    from hearfelt.emotions import parse_emotion
    from hearfelt.errors import CorpusError

    if emotions is not None:
        wanted = {parse_emotion(word) for word in emotions.split(",")}
        rows = rows.where(lambda row: row.emotion in wanted)
    if not len(rows):
        raise CorpusError(f"There are no clips of {emotions or 'any emotion'} to draw.")
    return rows
