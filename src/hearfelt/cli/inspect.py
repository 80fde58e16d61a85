"""``hearfelt inspect``."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Annotated

import typer

from hearfelt.cli._options import listed
from hearfelt.errors import HearfeltError


def inspect(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A recording, or - for stdin.")],
    out: Annotated[str | None, typer.Option(help="Write the page here.")] = None,
    png: Annotated[str | None, typer.Option(help="Write the single pictures into this folder.")] = None,
    model: Annotated[
        str, typer.Option(help="A bundle's folder, or the name of a bundled model.")
    ] = "default",
    explain: Annotated[
        str,
        typer.Option(
            help="occlusion, none; with --run also grad_cam and integrated_gradients; several separated by commas."
        ),
    ] = "occlusion",
    run: Annotated[
        str | None, typer.Option(help="A run folder, whose network has gradients to explain by.")
    ] = None,
    fold: Annotated[
        int | None, typer.Option(help="Of the run; the first that is trained by default.")
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="Explain this emotion; by default the one that is recognised.")
    ] = None,
    at: Annotated[
        float | None, typer.Option(help="Explain the window around this second; by default the surest.")
    ] = None,
    window_seconds: Annotated[
        float | None, typer.Option(help="Windows that a long recording is cut into.")
    ] = None,
    hop_seconds: Annotated[float | None, typer.Option(help="Step between windows.")] = None,
    audio: Annotated[
        str, typer.Option(help="Page: embed the sound, link to it, none, or auto (embed).")
    ] = "auto",
) -> None:
    """See, hear and explain one recording: a self-contained page, or single pictures.

    Waveform, magnitude spectrum, spectrograms, descriptors, recognised emotions over time, and which regions decided.
    """
    from hearfelt.cli._progress import progress_bar
    from hearfelt.cli._targets import check_target
    from hearfelt.inspection.page import write_page, write_pictures
    from hearfelt.inspection.view import inspect_recording
    from hearfelt.recognition.timelines.as_html import HtmlWriter

    if out is None and png is None:
        raise HearfeltError("Say where to: --out PAGE.html for a page, --png FOLDER for pictures, or both.")
    HtmlWriter(audio)  # checks it
    if out is not None:
        check_target(out, inputs=[file])
    if png is not None and Path(png).exists() and not Path(png).is_dir():
        raise HearfeltError(f"Cannot write pictures into {png}: it is a file. Name a folder.")
    if fold is not None and run is None:
        raise HearfeltError("--fold belongs to a run: give its folder with --run.")
    methods = [name for name in listed(explain) if name != "none"]
    piped = io.BytesIO(sys.stdin.buffer.read()) if file == "-" else None
    with progress_bar() as tell:
        inspection = inspect_recording(
            file if piped is None else piped,
            model=model,
            methods=list(dict.fromkeys(methods)),
            run=run,
            fold=fold,
            label=label,
            at=at,
            window_seconds=window_seconds,
            hop_seconds=hop_seconds,
            progress=tell,
        )
        if png is not None:
            write_pictures(inspection, png)
        if out is not None:
            write_page(inspection, out, audio=audio, sound=piped)
