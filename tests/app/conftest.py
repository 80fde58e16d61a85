"""A real service in a process of its own, on a free port."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "src" / "hearfelt" / "assets" / "samples"


@dataclass
class Running:
    """A service under test."""

    process: subprocess.Popen[bytes]
    address: str
    log: Path
    temporary: Path

    @property
    def port(self) -> int:
        return int(self.address.rsplit(":", 1)[1])

    def client(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=self.address, timeout=60, **options)

    def lines(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@contextmanager
def start(folder: Path, *options: object, environment: Mapping[str, str] | None = None) -> Iterator[Running]:
    """`hearfelt serve` with options; ended at the end of the block."""
    log, temporary = folder / "log", folder / "tmp"
    temporary.mkdir(parents=True)
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "hearfelt", "serve", "--port", "0", *map(str, options)],
            stdout=sink,
            stderr=sink,
            env=os.environ | {"TMPDIR": str(temporary)} | dict(environment or {}),
        )
    try:
        until = time.monotonic() + 60
        while not (found := re.search(r"Serving on (http://\S+);", text := log.read_text())):
            assert process.poll() is None and time.monotonic() < until, text
            time.sleep(0.02)
        yield Running(process, found[1], log, temporary)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(30)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One service for all tests that do not stop it: the bundled model, small limits."""
    pytest.importorskip("uvicorn")
    limits = (
        "--max-seconds",
        40,
        "--max-megabytes",
        3,
        "--max-files",
        4,
        "--idle-timeout",
        1.5,
        "--queue",
        12,
    )
    with start(tmp_path_factory.mktemp("service"), *limits) as found:
        yield found
        assert found.stop() == 0, found.lines()
        assert '"event": "failure"' not in found.lines()
        assert list(found.temporary.iterdir()) == []  # no upload is left anywhere


@pytest.fixture
def client(running: Running) -> Iterator[httpx.Client]:
    with running.client() as found:
        yield found


@pytest.fixture(scope="session")
def samples() -> list[Path]:
    return sorted(SAMPLES.glob("*.opus"))


def files(*paths: Path) -> list[tuple[str, tuple[str, bytes]]]:
    """Form parts of files."""
    return [("file", (path.name, path.read_bytes())) for path in paths]
