"""hearfelt serve: what is wrong is told in one line, before anything is served. Its running is tested in tests/app."""

from __future__ import annotations

import socket

import pytest

from hearfelt.cli import main

pytest.importorskip("uvicorn")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--model", "nobody"], "There is no model 'nobody'"),
        (["--port", "70000"], "Port 70000 does not exist"),
        (["--workers", "0"], "workers is 0"),
        (["--token", "short"], "16 at least"),
        (["--host", "no.such.host.invalid"], "cannot listen on no.such.host.invalid"),
        (["--cors-origin", "*"], "no origin"),
    ],
)
def test_wrong_requests(capsys, arguments, word) -> None:
    assert main(["serve", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and err.count("\n") == 1 and word in err


def test_a_port_that_is_taken(capsys) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["serve", "--port", str(taken.getsockname()[1])]) == 2
    assert "Address already in use" in capsys.readouterr().err


def test_help_names_the_limits(capsys) -> None:
    assert main(["serve", "--help"]) == 0
    text = capsys.readouterr().out
    for option in ("--max-seconds", "--max-megabytes", "--queue", "--token", "--cors-origin", "--workers"):
        assert option in text
