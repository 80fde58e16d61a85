"""What the recognition benchmarks share: a process measured from outside, the machine, and which model."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Measured:
    """One run of a command."""

    wall_seconds: float
    cpu_seconds: float
    peak_mb: float
    status: int
    stdout: str


# A process begins with the memory peak of the one that it was forked from: a small one stands between.
_LAUNCHER = """
import json, os, sys, time
began = time.perf_counter()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
wall = time.perf_counter() - began
found = [wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)]
open(sys.argv[1], "w").write(json.dumps(found))
"""


def measure(command: Sequence[str | Path], environment: dict[str, str] | None = None) -> Measured:
    """Run a command to its end; wall and processor seconds, and its largest resident set."""
    with tempfile.TemporaryDirectory() as place:
        figures = Path(place) / "figures.json"
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(figures), *map(str, command)],
            stdout=subprocess.PIPE,
            env=os.environ | (environment or {}),
            check=True,
        )
        return Measured(*json.loads(figures.read_text()), done.stdout.decode("utf-8", "replace"))


def hearfelt(*arguments: object) -> list[str]:
    """The command line of this checkout."""
    return [sys.executable, "-m", "hearfelt", *map(str, arguments)]


def parser(description: str | None) -> argparse.ArgumentParser:
    """Arguments that every recognition benchmark has."""
    found = argparse.ArgumentParser(description=description)
    found.add_argument("--model", default="default", help="bundle; 'tiny' is the one of the tests")
    return found


def model(name: str, folder: Path) -> str:
    """A bundle's name or folder; ``tiny`` is written into the given folder."""
    if name != "tiny":
        return name
    from hearfelt.testing.bundles import write_tiny_bundle

    return str(write_tiny_bundle(folder / "tiny"))


def machine() -> dict[str, Any]:
    """What the figures were met on; a load above 0 beside ours makes them worse."""
    return {"processors": len(os.sched_getaffinity(0)), "load": round(os.getloadavg()[0], 2)}


def show(result: dict[str, Any], sentence: str) -> None:
    """Print JSON and a sentence."""
    print(json.dumps(result, indent=2))
    print(sentence)
