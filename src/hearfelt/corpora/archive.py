"""Unpacking archives from strangers: zip, tar (plain or compressed), 7z and rar, told by content.

Every name is checked before anything is written, no link is ever made on disk, sizes and counts are bounded
while unpacking (not only as the archive states them), and files appear in the target folder only once all of
them are there.
"""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hearfelt.errors import CorpusError
from hearfelt.files import lock

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Limits:
    """How much an archive may hold; the largest corpus known here is below 1 GB and 10,000 files.

    Attributes:
        max_bytes: all files together, unpacked.
        max_files: number of entries, folders included.
    """

    max_bytes: int = 16 * 2**30
    max_files: int = 200_000


DEFAULT_LIMITS = Limits()

_TAR_MAGIC_OFFSET = 257
_MAGIC = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),  # an empty zip
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"\x1f\x8b", "tar"),
    (b"BZh", "tar"),
    (b"\xfd7zXZ\x00", "tar"),
)


def detect_format(path: str | os.PathLike[str]) -> str | None:
    """What a file is by its first bytes: ``zip``, ``tar`` (also compressed), ``7z``, ``rar``, or None.

    Raises:
        CorpusError: the file cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            head = file.read(_TAR_MAGIC_OFFSET + 5)
    except OSError as error:
        raise CorpusError(f"Cannot read {path}: {error.strerror}.") from error
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    return "tar" if head[_TAR_MAGIC_OFFSET:] == b"ustar" else None


def unpack(
    archive: str | os.PathLike[str],
    out_dir: str | os.PathLike[str],
    *,
    progress: Progress | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> list[Path]:
    """Unpack an archive into a folder, all of it or nothing.

    The work happens in a hidden folder beside ``out_dir``, which is then renamed; where ``out_dir`` already
    exists its files are replaced one by one and the others stay. Doing it again gives the same. What a killed
    run left behind is removed by the next. Links that point to a file inside the archive become copies of it.

    Args:
        archive: the file; its suffix does not matter.
        out_dir: made where needed.
        progress: called with (completed, total) bytes.
        limits: bounds on what comes out.

    Returns:
        The files, sorted, as they now stand in ``out_dir``.

    Raises:
        CorpusError: not an archive, damaged, encrypted, dangerous, over the limits, the disk is full, or
            a tool is missing (the message says which and how to install it).
    """
    source, target = Path(archive), Path(out_dir).expanduser().absolute()
    if source.is_dir():
        raise CorpusError(f"{source} is a folder, not an archive.")
    kind = detect_format(source)
    if kind is None:
        raise CorpusError(
            f"{source} is not an archive: it begins like no zip, tar, 7z or rar file. A download that failed "
            "often "
            "leaves a web page under the archive's name; look into it, delete it and download again."
        )
    from hearfelt.corpora import _unpackers  # keeps zipfile and tarfile out of start-up

    with _staging(target) as staging:
        try:
            _unpackers.UNPACKERS[kind](_unpackers.Job(source, staging, limits, progress))
        except OSError as error:
            raise CorpusError(
                f"Cannot unpack {source} into {target}: {error.strerror or error}. Nothing was changed."
            ) from error
        _verify_tree(staging, source, limits)
        return _settle(staging, target)


@contextlib.contextmanager
def _staging(target: Path) -> Iterator[Path]:
    """A hidden folder beside the target, gone afterwards; folders of killed runs are removed first."""
    prefix = f".{target.name}.unpacking-"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for stale in target.parent.glob(f"{glob.escape(prefix)}*"):
            with contextlib.suppress(OSError), lock(stale) as locked:
                if locked:  # nobody else holds it, so its maker is dead
                    shutil.rmtree(stale, ignore_errors=True)
        holder = Path(tempfile.mkdtemp(prefix=prefix, dir=target.parent))
    except OSError as error:
        raise CorpusError(
            f"Cannot write into {target.parent}: {error.strerror}. Nothing was changed."
        ) from error
    with lock(holder):
        try:
            inside = holder / "files"  # renamed away as a whole, while the lock stays on its parent
            inside.mkdir()
            yield inside
        finally:
            shutil.rmtree(holder, ignore_errors=True)


def _verify_tree(staging: Path, source: Path, limits: Limits) -> None:
    """The last check, on what really lies on disk; it also covers what an outside tool wrote."""
    total = count = 0
    for folder, folders, files in os.walk(staging):
        for name in folders + files:
            path = Path(folder, name)
            count += 1
            if path.is_symlink() or not (path.is_dir() or path.is_file()):
                raise CorpusError(
                    f"{source} made something that is no plain file: {name!r}. Nothing was kept."
                )
        total += sum(Path(folder, name).lstat().st_size for name in files)
    if total > limits.max_bytes or count > limits.max_files:
        raise CorpusError(
            f"{source} unpacks to {total:,} bytes in {count:,} entries; at most {limits.max_bytes:,} bytes "
            "in "
            f"{limits.max_files:,} are allowed. Nothing was kept."
        )


def _settle(staging: Path, target: Path) -> list[Path]:
    names = sorted(path.relative_to(staging) for path in staging.rglob("*") if path.is_file())
    if not names:
        raise CorpusError("The archive holds no files.")
    try:
        if not target.exists():
            staging.rename(target)
            return [target / name for name in names]
        for name in names:
            goal = target / name
            # a link that stood in the target before must not lead the files out of it
            if not goal.parent.resolve().is_relative_to(target.resolve()):
                raise CorpusError(
                    f"{goal.parent} leads out of {target} by a link; remove the link and try again."
                )
        for name in names:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (staging / name).replace(target / name)
    except OSError as error:
        raise CorpusError(f"Cannot write into {target}: {error.strerror}: {error.filename}.") from error
    return [target / name for name in names]
