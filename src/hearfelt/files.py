"""Writing files so that an interruption loses nothing, and locks that die with their process."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from hearfelt.errors import HearfeltError

_DEVICES = (Path("/dev"), Path("/dev/fd"), Path("/proc/self/fd"))


@contextlib.contextmanager
def atomic_writer(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a binary file that takes its name only when the block ends without an error.

    Missing parent folders are made. On an error, an interruption included, the temporary file is removed and
    what stood at ``path`` is untouched.

    Raises:
        HearfeltError: the folder cannot be made or written, the disk is full, or ``path`` is a device or a pipe,
            which a rename would replace by a file.
    """
    target = Path(path)
    temporary = ""
    if target.absolute().parent in _DEVICES or (
        target.exists() and not (target.is_file() or target.is_dir())
    ):
        raise HearfeltError(f"Cannot write {target}: it is a device or a pipe. Name a file.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(
            prefix=f".{target.name[:80]}.", suffix=".part", dir=target.parent
        )
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)  # mkstemp makes files for the owner alone; give them the usual mode
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)
        Path(temporary).replace(target)
    except OSError as error:
        raise HearfeltError(
            f"Cannot write {target}: {error.strerror or error}. Nothing was changed."
        ) from error
    finally:
        if temporary:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()


def write_atomically(path: str | os.PathLike[str], data: bytes | str) -> None:
    """Write a whole file in one step, or leave what was there; see `atomic_writer`."""
    with atomic_writer(path) as file:
        file.write(data.encode("utf-8") if isinstance(data, str) else data)


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write JSON (UTF-8, two spaces, no NaN) atomically."""
    write_atomically(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | os.PathLike[str], error: type[HearfeltError] = HearfeltError) -> Any:
    """Read a JSON file, with one clear error of the given class where that fails."""
    source = Path(path)
    try:
        return json.loads(source.read_text(encoding="utf-8"))
    except OSError as cause:
        raise error(f"Cannot read {source}: {cause.strerror}.") from cause
    except ValueError as cause:
        raise error(f"{source} is damaged: it is not JSON ({cause}).") from cause


def relative_below(path: str, base: str) -> str:
    """A path relative to a folder that it is below, so that both can move together; others as they are.

    >>> relative_below("/data/a.wav", "/data"), relative_below("/other/a.wav", "/data")
    ('a.wav', '/other/a.wav')
    """
    return os.path.relpath(path, base) if path.startswith(base + os.sep) else path


@contextlib.contextmanager
def lock(path: str | os.PathLike[str], *, wait: bool = False) -> Iterator[bool]:
    """Hold a folder, or a file made for it, for the length of the block; a process that dies lets go of it.

    Args:
        path: a folder; or a file, which is made where it is missing and stays.
        wait: for another process that holds it.

    Yields:
        True where it is held; False where the system has no such locks (Windows) and nothing is known.

    Raises:
        BlockingIOError: another process holds it, and ``wait`` is not set.
        OSError: it cannot be opened.
    """
    try:
        import fcntl
    except ImportError:
        yield False
        return
    descriptor = os.open(path, os.O_RDONLY if Path(path).is_dir() else os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield True
    finally:
        os.close(descriptor)
