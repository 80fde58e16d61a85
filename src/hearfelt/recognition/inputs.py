"""From what people type to files: paths, folders, globs and ``-``."""

# ruff: noqa: PTH112, PTH113, PTH118, PTH119, PTH122, PTH207
# os.path keeps names as they were typed, and walks a million files faster.

from __future__ import annotations

import glob
import os
from collections.abc import Collection, Iterable, Iterator

from hearfelt.audio.decode import AUDIO_SUFFIXES
from hearfelt.recognition.results import Failure

#: Stands for standard input.
STANDARD_INPUT = "-"


def find_recordings(
    arguments: Iterable[str], suffixes: Collection[str] = AUDIO_SUFFIXES
) -> Iterator[str | Failure]:
    """Expand arguments in the order given.

    A file is taken whatever its suffix. A folder is searched with all below it, in name order, for files of
    ``suffixes`` in any case; hidden entries are passed over, links to folders not
    followed. A pattern (``*``, ``?``, ``[...]``, ``**``) is expanded where no file has that very name.

    Yields:
        a path, or a `Failure` for an argument that leads to nothing.
    """
    for argument in arguments:
        if argument == STANDARD_INPUT or os.path.isfile(argument):
            yield argument
        elif os.path.isdir(argument):
            yield from _search(argument, suffixes)
        elif not os.path.lexists(argument) and glob.has_magic(argument):
            matches = sorted(glob.glob(argument, recursive=True))
            if not matches:
                yield Failure(argument, f"No file matches the pattern {argument!r}.")
            for match in matches:
                if os.path.isdir(match):
                    if "**" not in argument:  # ** lists the files below by itself
                        yield from _search(match, suffixes)
                elif "**" not in argument or _is_recording(match, suffixes):
                    yield match
        else:
            yield argument  # reading it will say what is wrong


def _search(folder: str, wanted: Collection[str]) -> Iterator[str | Failure]:
    found = False
    unreadable: list[OSError] = []
    for parent, folders, names in os.walk(folder, onerror=unreadable.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if _is_recording(name, wanted):
                found = True
                yield os.path.join(parent, name)
        while unreadable:
            found = True
            yield _unreadable(unreadable.pop())
    for error in unreadable:
        found = True
        yield _unreadable(error)
    if not found:
        suffixes = " ".join(sorted(wanted))
        yield Failure(folder, f"The folder {folder!r} holds no recordings; they end in {suffixes}.")


def _is_recording(name: str, suffixes: Collection[str]) -> bool:
    base = os.path.basename(name)
    return not base.startswith(".") and os.path.splitext(base)[1].lower() in suffixes


def _unreadable(error: OSError) -> Failure:
    path = os.fsdecode(error.filename or "")
    return Failure(path, f"The folder {path!r} cannot be read: {error.strerror}.")
