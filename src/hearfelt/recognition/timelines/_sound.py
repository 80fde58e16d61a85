"""The sound of a page: in it as Ogg Vorbis, or beside it."""

from __future__ import annotations

import base64
import io
import os
from pathlib import Path
from typing import IO
from urllib.parse import quote

from hearfelt.audio.decode import read_blocks
from hearfelt.errors import AudioError, HearfeltError, UnknownNameError

MODES = ("auto", "embed", "link", "none")
_EMBEDDED_SECONDS = 15 * 60.0
_MOST_SECONDS = 3 * 3600.0
_RATE = 24000
#: Vorbis: as small as Opus here at a tenth of its time (0.2 s a minute), and as exact in time.
_COMPRESSION = 0.8


def sound_source(
    path: str | IO[bytes], duration: float, mode: str, target: str | os.PathLike[str] | None
) -> str:
    """What stands in ``src``: a data URI, a link relative to the page, or nothing.

    Args:
        path: of the recording, empty or ``-`` for one that is not a file; or the open recording itself.
        duration: of the recording, in seconds.
        mode: one of `MODES`; ``auto`` embeds up to 15 minutes.
        target: the page, from whose folder links go.

    Raises:
        HearfeltError: too long to be embedded.
    """
    if mode not in MODES:
        raise UnknownNameError("audio mode", mode, MODES)
    if not isinstance(path, str):
        path.seek(0)
        return "" if mode == "none" else _data_uri(path)
    if mode == "none" or not os.path.isfile(path):  # noqa: PTH113 - bytes that are no text are possible
        return ""
    if mode == "embed" and duration > _MOST_SECONDS:
        raise HearfeltError(
            f"{path} is {duration / 3600:.1f} h long; up to {_MOST_SECONDS / 3600:g} h can be embedded into a page. "
            "Link to it instead: --audio link"
        )
    if mode == "embed" or (mode == "auto" and duration <= _EMBEDDED_SECONDS):
        try:
            return _data_uri(path)
        except (AudioError, RuntimeError, ValueError):  # a libsndfile without Vorbis
            if mode == "embed":
                raise
    folder = Path(target).resolve().parent if target is not None else Path.cwd()
    try:
        near = os.path.relpath(Path(path).resolve(), folder)
    except ValueError:  # on another drive
        return Path(path).resolve().as_uri()
    return quote(os.fsencode(Path(near).as_posix()))


def _data_uri(source: str | IO[bytes]) -> str:
    return "data:audio/ogg;base64," + base64.b64encode(_vorbis(source)).decode("ascii")


def _vorbis(path: str | IO[bytes]) -> bytes:
    import soundfile

    buffer = io.BytesIO()
    with soundfile.SoundFile(
        buffer, "w", _RATE, 1, format="OGG", subtype="VORBIS", compression_level=_COMPRESSION
    ) as file:
        for block in read_blocks(path, _RATE, 1.0):
            file.write(block.clip(-1.0, 1.0))
    return buffer.getvalue()
