"""A folder over HTTP on this machine alone, to try a static page."""

from __future__ import annotations

import functools
import http.server
import os
from collections.abc import Callable

from hearfelt.errors import HearfeltError

HOST = "127.0.0.1"


class Handler(http.server.SimpleHTTPRequestHandler):
    """Plain files with the types that browsers insist on; says nothing."""

    extensions_map = {  # noqa: RUF012 - as the base class has it
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".wasm": "application/wasm",
        ".webmanifest": "application/manifest+json",
        ".svg": "image/svg+xml",
    }

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class' name
        """Nothing: what a visitor opens is nobody's business."""


def open_server(folder: str | os.PathLike[str], port: int = 0) -> http.server.ThreadingHTTPServer:
    """A server that is bound but does not run yet; its address is ``server_address``.

    Args:
        folder: to serve.
        port: 0 takes a free one.

    Raises:
        HearfeltError: the port cannot be had.
    """
    if not 0 <= port <= 65535:
        raise HearfeltError(f"Port {port} does not exist; ports are 0 (any free one) to 65535.")
    try:
        return http.server.ThreadingHTTPServer(
            (HOST, port), functools.partial(Handler, directory=os.fspath(folder))
        )
    except OSError as error:
        raise HearfeltError(f"Port {port} cannot be had ({error.strerror}). Name another one.") from error


def serve_folder(folder: str | os.PathLike[str], port: int, *, ready: Callable[[str], None]) -> int:
    """Serve until Ctrl-C.

    Args:
        folder: to serve.
        port: 0 takes a free one.
        ready: called with the address.

    Returns:
        0.

    Raises:
        HearfeltError: the port cannot be had.
    """
    with open_server(folder, port) as server:
        try:
            ready(f"http://{HOST}:{server.server_address[1]}/")
            server.serve_forever()
        except KeyboardInterrupt:
            return 0
    return 0
