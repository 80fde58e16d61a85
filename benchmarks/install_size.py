"""The base install in an environment of its own: python benchmarks/install_size.py (needs an index)."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from _measure import REPOSITORY, machine, measure, show


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        environment = Path(place) / "venv"
        run(["python3", "-m", "venv", environment])
        python = environment / "bin" / "python"
        empty = size_mb(environment)
        began = time.perf_counter()
        run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", REPOSITORY])
        seconds = time.perf_counter() - began
        whole = size_mb(environment)
        packages = sorted(
            (round(size_mb(folder), 1), folder.name)
            for folder in (environment / "lib").glob("python*/site-packages/*")
            if folder.is_dir() and size_mb(folder) > 5
        )[::-1]
        torch = measure(
            [python, "-c", "import importlib.util as u, sys; sys.exit(u.find_spec('torch') is not None)"]
        )
        works = measure([environment / "bin" / "hearfelt", "--version"])
    assert works.status == 0
    show(
        {
            "machine": machine(),
            "installed_mb": round(whole - empty, 1),
            "environment_mb": round(whole, 1),
            "seconds": round(seconds, 1),
            "torch": torch.status != 0,
            "largest_mb": {name: size for size, name in packages},
        },
        f"The base install: {whole - empty:.0f} MB in {seconds:.0f} s ({whole:.0f} MB with the empty "
        f"environment), {'with' if torch.status else 'without'} torch.",
    )


def run(command: list[str | Path]) -> None:
    """Run a command that has to succeed."""
    done = measure(command)
    assert done.status == 0, done.stdout


def size_mb(folder: Path) -> float:
    """Space of all files below a folder."""
    return (
        sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())
        / 1e6
    )


if __name__ == "__main__":
    main()
