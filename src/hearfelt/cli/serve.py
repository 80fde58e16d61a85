"""``hearfelt serve``."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from hearfelt.cli._extras import check_installed
from hearfelt.cli._progress import note

_LIBRARIES = ("fastapi", "uvicorn", "httptools", "websockets", "python_multipart")


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 is every one of this machine.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 8000,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="A bundle's folder, or the name of a bundled model; may be repeated, the first leads."
        ),
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes that share the port.")] = 1,
    threads: Annotated[
        int | None,
        typer.Option(help="Threads of each worker; by default the processors, divided by the workers."),
    ] = None,
    max_seconds: Annotated[float, typer.Option(help="Longest recording.")] = 600.0,
    max_megabytes: Annotated[float, typer.Option(help="Largest request.")] = 50.0,
    max_files: Annotated[int, typer.Option(help="Most recordings of a request.")] = 32,
    queue: Annotated[int, typer.Option(help="Recordings that may wait in each worker; more get 429.")] = 64,
    streams: Annotated[int, typer.Option(help="Live connections at a time in each worker.")] = 32,
    timeout: Annotated[
        float, typer.Option(help="Seconds for a request from the end of its upload; then 503.")
    ] = 60.0,
    upload_timeout: Annotated[float, typer.Option(help="Seconds for an upload; then 408.")] = 60.0,
    idle_timeout: Annotated[
        float, typer.Option(help="Seconds in which a header, an upload or an answer has to move.")
    ] = 10.0,
    drain: Annotated[
        float, typer.Option(help="Seconds that accepted requests have when the service stops.")
    ] = 30.0,
    token: Annotated[
        str | None,
        typer.Option(
            help="Requests have to show it. HEARFELT_TOKEN in the environment is better: others see a command line."
        ),
    ] = None,
    cors_origin: Annotated[
        list[str] | None, typer.Option(help="Pages of this origin may use the service; may be repeated.")
    ] = None,
) -> int:
    """Serve recognition over HTTP and WebSocket, and the web page. Ctrl-C or SIGTERM stops it, and loses nothing.

    Exit status: 0 stopped by a signal; 2 the request was wrong, such as a port that is taken.
    """
    check_installed(_LIBRARIES, "serve", "the service")
    from hearfelt.app.server import serve as run
    from hearfelt.app.settings import ServiceSettings
    from hearfelt.recognition.ordered import processors

    settings = ServiceSettings(
        models=tuple(model or ("default",)),
        host=host,
        port=port,
        workers=workers,
        threads=max(1, processors() // max(1, workers)) if threads is None else threads,
        max_seconds=max_seconds,
        max_megabytes=max_megabytes,
        max_files=max_files,
        queue=queue,
        streams=streams,
        timeout_seconds=timeout,
        upload_seconds=upload_timeout,
        idle_seconds=idle_timeout,
        drain_seconds=drain,
        token=os.environ.get("HEARFELT_TOKEN", "") if token is None else token,
        cors_origins=tuple(cors_origin or ()),
    )
    return run(settings, lambda address: note(f"Serving on {address}; Ctrl-C stops."))
