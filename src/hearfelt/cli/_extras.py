"""Libraries that a command needs, looked for before it begins: a worker that lacks one fails late and at length."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec

from hearfelt.errors import require


def check_installed(modules: Iterable[str], extra: str, purpose: str) -> None:
    """Refuse where one is missing, without importing those that are there; see `hearfelt.errors.require`."""
    for module in modules:
        try:
            found = find_spec(module)
        except (ImportError, ValueError):
            found = None
        if found is None:
            require(module, extra, purpose)
