"""A lock on a folder that dies with its process, kill -9 included."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def lock_folder(folder: Path) -> Iterator[bool]:
    """Hold the folder for the length of the block.

    Yields:
        True where it is held; False where the system has no such locks (Windows) and nothing is known.

    Raises:
        BlockingIOError: another process holds it.
        OSError: no such folder.
    """
    try:
        import fcntl
    except ImportError:
        yield False
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    finally:
        os.close(descriptor)
