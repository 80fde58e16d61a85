"""The one error family: what happened with the numbers, what was expected, what to do.

Everything that a user's input can cause is a `HearfeltError`; the command line prints its
sentence without a stack trace and leaves with status 2 (1 where only some files failed).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from importlib import import_module
from types import ModuleType


class HearfeltError(Exception):
    """Something in the input, not in hearfelt, has to change."""


class AudioError(HearfeltError):
    """A recording cannot be read or used."""


class CorpusError(HearfeltError):
    """A corpus folder, an archive, a download or a manifest is not what it should be."""


class ProtocolError(HearfeltError):
    """Rows cannot be divided as asked, or a division leaks."""


class RecipeError(HearfeltError):
    """A recipe or a setting in it is wrong."""


class BundleError(HearfeltError):
    """An exported model is missing, damaged, or does not fit the request."""


class MissingExtraError(HearfeltError):
    """An optional library is not installed."""


class UnknownNameError(HearfeltError, KeyError):
    """A name is not in a registry; the message lists the nearest and all known names."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        self.kind, self.name, self.known = kind, name, names
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        super().__init__(f"There is no {kind} named {name!r}.{hint} Known: {', '.join(names)}.")

    def __str__(self) -> str:  # KeyError would print the repr
        return str(self.args[0])


def require(module: str, extra: str, purpose: str) -> ModuleType:
    """Import an optional library, or say which extra brings it.

    Args:
        module: dotted name, such as ``"torch"``.
        extra: the extra of this package that installs it, such as ``"train"``.
        purpose: what needs it, such as ``"training"``; begins the sentence.

    Raises:
        MissingExtraError: the library is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"{purpose.capitalize()} needs {module.split('.')[0]!r}, which is not installed ({error}). "
            f"Install it with: pip install 'hearfelt[{extra}]'."
        ) from error
