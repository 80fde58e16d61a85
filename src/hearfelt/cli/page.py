"""``hearfelt page``."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from hearfelt.cli._progress import note, progress_bar


def page(
    out: Annotated[str, typer.Option(help="Folder to write; made where it is missing.")],
    model: Annotated[
        str, typer.Option(help="A bundle's folder, or the name of a bundled model.")
    ] = "default",
    runtime: Annotated[
        str | None,
        typer.Option(
            help="onnxruntime-web, as a .tgz or an unpacked folder, instead of fetching it from the npm registry once."
        ),
    ] = None,
    serve: Annotated[
        int | None, typer.Option(help="Afterwards serve the folder on this port of this machine, to try it.")
    ] = None,
) -> int:
    """Write a web page that recognises in the browser, for any static server.

    Nothing that visitors record or open leaves their machine, and the page works offline after the first visit.
    """
    from hearfelt.app.local_server import serve_folder
    from hearfelt.app.static_page import write_static_page

    with progress_bar() as tell:
        written = write_static_page(out, model=model, runtime=runtime, progress=tell)
    sys.stdout.write(f"{written.folder}: {len(written.files)} files, {written.bytes / 1e6:.1f} MB\n")
    if serve is None:
        note("Put the folder on any web server, or try it with --serve 8000.")
        return 0
    return serve_folder(written.folder, serve, ready=lambda address: note(f"{address} (Ctrl-C ends it)"))
