"""A folder over HTTP: the right types, this machine alone, and a clear sentence where the port is taken."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest

from hearfelt.app.local_server import HOST, open_server
from hearfelt.errors import HearfeltError


def test_files_come_with_the_types_that_browsers_insist_on(tmp_path: Path) -> None:
    types = {
        "index.html": "text/html",
        "a.js": "text/javascript",
        "a.wasm": "application/wasm",
        "a.webmanifest": "application/manifest+json",
        "a.svg": "image/svg+xml",
    }
    for name in types:
        (tmp_path / name).write_text(name)
    with open_server(tmp_path) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert server.server_address[0] == HOST == "127.0.0.1"
        for name, kind in types.items():
            with urllib.request.urlopen(f"http://{HOST}:{server.server_address[1]}/{name}") as answer:
                assert answer.headers.get_content_type() == kind
                assert answer.read() == name.encode()
        server.shutdown()


def test_ports_that_cannot_be_had(tmp_path: Path) -> None:
    with open_server(tmp_path) as server, pytest.raises(HearfeltError, match="cannot be had"):
        open_server(tmp_path, server.server_address[1])
    with pytest.raises(HearfeltError, match=r"0 .* to 65535"):
        open_server(tmp_path, 70000)


def test_control_c_ends_it(tmp_path: Path) -> None:
    script = (
        "import sys; from hearfelt.app.local_server import serve_folder; "
        "sys.exit(serve_folder(sys.argv[1], 0, ready=lambda address: print(address, flush=True)))"
    )
    process = subprocess.Popen([sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("http://127.0.0.1:")
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
