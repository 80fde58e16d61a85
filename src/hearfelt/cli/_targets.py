"""What may be written over, asked before the work begins: never a recording, never what is being read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from hearfelt.errors import HearfeltError


def check_target(path: str, *, inputs: Iterable[str] = ()) -> None:
    """Refuse a file to write that is a folder, a device, a recording, or one of the inputs.

    Args:
        path: as given after ``--out`` and the like.
        inputs: files that the command reads.

    Raises:
        HearfeltError: writing there would lose something, or cannot be.
    """
    from hearfelt.audio.decode import AUDIO_SUFFIXES

    target = Path(path)
    if target.is_dir():
        raise HearfeltError(f"Cannot write {path}: it is a folder. Name a file.")
    if not target.exists():
        return
    if not target.is_file():
        raise HearfeltError(f"Cannot write {path}: it is a device or a pipe. Name a file.")
    if target.suffix.lower() in AUDIO_SUFFIXES:
        raise HearfeltError(
            f"Cannot write {path}: a recording is there, and would be lost. Name another file."
        )
    real = target.resolve()
    if any(Path(item).resolve() == real for item in inputs):
        raise HearfeltError(f"Cannot write {path}: it is being read, and would be lost. Name another file.")
