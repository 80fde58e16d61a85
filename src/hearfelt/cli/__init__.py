"""The command line: one thin file per command, imported when the command is used."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``hearfelt`` with the given arguments, by default those of the process; returns the exit status."""
    from hearfelt.cli._main import run

    return run(arguments)
