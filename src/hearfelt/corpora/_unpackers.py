"""One function a format, all with the same checks; `archive.unpack` chooses among them."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Self

from hearfelt.errors import CorpusError

if TYPE_CHECKING:
    from hearfelt.corpora.archive import Limits, Progress

_CHUNK_BYTES = 1 << 20
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, LZMAError, tarfile.TarError, NotImplementedError)


def check_name(name: str, archive: Path) -> PurePosixPath:
    """The entry's relative path, or an error where following the name would leave the folder.

    Raises:
        CorpusError: empty, absolute, with ``..``, a backslash, a drive letter or a NUL.
    """
    path = PurePosixPath(name)
    if not name or "\0" in name:
        reason = "an empty name" if not name else "a name with a NUL byte"
    elif "\\" in name:
        reason = "a name with a backslash"
    elif re.match(r"[A-Za-z]:", name):
        reason = "a name with a drive letter"
    elif path.is_absolute():
        reason = "an absolute path"
    elif ".." in path.parts:
        reason = "a path that climbs out with '..'"
    elif any(len(part.encode("utf-8", "surrogateescape")) > 255 for part in path.parts):
        reason = "a name of more than 255 bytes"
    else:
        return path
    raise CorpusError(
        f"{archive} is not safe: it holds {reason} ({name[:80]!r}). Nothing was unpacked. Get the archive "
        "from the "
        "corpus' own site."
    )


@dataclass
class Job:
    """One archive on its way into an empty folder, with the counts that bound it."""

    source: Path
    staging: Path
    limits: Limits
    progress: Progress | None = None
    written_bytes: int = 0
    entries: int = 0
    links: dict[PurePosixPath, PurePosixPath] = field(default_factory=dict)

    def place(self, name: str) -> Path:
        """Where an entry goes; counts it."""
        self.entries += 1
        if self.entries > self.limits.max_files:
            raise CorpusError(
                f"{self.source} has more than {self.limits.max_files:,} entries, the limit. Nothing was "
                "unpacked."
            )
        return self.staging / check_name(name, self.source)

    def expect(self, count_bytes: int) -> None:
        """Refuse before writing where so many more bytes would pass the limit."""
        if self.written_bytes + count_bytes > self.limits.max_bytes:
            raise CorpusError(
                f"{self.source} unpacks to more than {self.limits.max_bytes:,} bytes, the limit. Nothing was "
                "unpacked."
            )

    def need_disk(self, count_bytes: int) -> None:
        """Refuse where the disk cannot hold that much."""
        free = shutil.disk_usage(self.staging).free
        if count_bytes > free:
            raise CorpusError(
                f"{self.source} unpacks to {count_bytes:,} bytes, but only {free:,} are free in "
                f"{self.staging.parent}. "
                "Make room or choose another folder."
            )

    def write(self, name: str, stream: IO[bytes], report: Callable[[], None] | None = None) -> None:
        """Copy one entry's content, bounded by what really comes and not by what its header states."""
        goal = self.place(name)
        if goal.exists() or goal == self.staging:
            raise CorpusError(
                f"{self.source} is not safe: it holds {name[:80]!r} twice. Nothing was unpacked."
            )
        goal.parent.mkdir(parents=True, exist_ok=True)
        with goal.open("wb") as file:
            while chunk := stream.read(_CHUNK_BYTES):
                self.expect(len(chunk))
                file.write(chunk)
                self.written_bytes += len(chunk)
                if report is not None:
                    report()

    def folder(self, name: str) -> None:
        """Make a folder entry."""
        self.place(name).mkdir(parents=True, exist_ok=True)

    def link(self, name: str, target: str, *, from_root: bool) -> None:
        """Remember a link that stays inside; symbolic ones start at their folder, hard ones at the root."""
        self.place(name)
        here = PurePosixPath(name)
        base = PurePosixPath() if from_root else here.parent
        goal = PurePosixPath(os.path.normpath(base / target))
        if (
            not target
            or "\0" in target
            or "\\" in target
            or PurePosixPath(target).is_absolute()
            or goal.parts[:1] == ("..",)
        ):
            raise CorpusError(
                f"{self.source} is not safe: the link {name[:80]!r} leads out of the archive, to "
                f"{target[:80]!r}. "
                "Nothing was unpacked."
            )
        self.links[here] = goal

    def resolve_links(self) -> None:
        """Make every remembered link a copy of the file it names."""
        for here, goal in self.links.items():
            seen = {here}
            while goal in self.links and goal not in seen:
                seen.add(goal)
                goal = self.links[goal]
            origin = self.staging / goal
            if not origin.is_file():
                raise CorpusError(
                    f"{self.source}: the link {str(here)!r} names no file of the archive ({str(goal)!r})."
                )
            self.expect(origin.stat().st_size)
            self.written_bytes += origin.stat().st_size
            copy = self.staging / here
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(origin, copy)

    def damaged(self, error: BaseException) -> CorpusError:
        """The one error for content that cannot be read."""
        return CorpusError(
            f"{self.source} is damaged or of a kind that cannot be read ({type(error).__name__}: {error}). "
            "Nothing was unpacked; delete it and download it again."
        )


def unpack_zip(job: Job) -> None:
    """Zip, with the standard library."""
    try:
        with zipfile.ZipFile(job.source) as archive:
            infos = archive.infolist()
            total = sum(info.file_size for info in infos)
            job.expect(total)
            for info in infos:
                check_name(info.orig_filename, job.source)  # zipfile cuts its own `filename` at a NUL
                if info.flag_bits & 1:
                    raise CorpusError(f"{job.source} is encrypted; unpack it by hand with its password.")
            job.need_disk(total)
            for info in infos:
                kind = stat.S_IFMT(info.external_attr >> 16)
                if info.is_dir():
                    job.folder(info.orig_filename)
                elif kind == stat.S_IFLNK:
                    with archive.open(info) as stream:
                        job.link(
                            info.orig_filename, stream.read(4096).decode("utf-8", "replace"), from_root=False
                        )
                elif kind not in (0, stat.S_IFREG):
                    raise _special(job, info.orig_filename)
                else:
                    with archive.open(info) as stream:
                        job.write(info.orig_filename, stream, lambda: _report(job, job.written_bytes, total))
            job.resolve_links()
    except (*_DAMAGED, RuntimeError, ValueError) as error:  # a ValueError for names that are no text
        raise job.damaged(error) from error


def unpack_tar(job: Job) -> None:
    """Tar, plain or compressed, read once from front to end so that a bomb is met before it is swallowed."""
    size = job.source.stat().st_size
    ended = False

    class StrictInfo(tarfile.TarInfo):
        """Tells a proper end from a broken header, which tarfile silently takes for one."""

        @classmethod
        def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
            nonlocal ended
            try:
                return super().fromtarfile(archive)
            except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
                ended = True
                raise

    try:
        with (
            job.source.open("rb") as raw,
            tarfile.open(fileobj=raw, mode="r:*", tarinfo=StrictInfo) as archive,
        ):
            for member in archive:
                if member.isdir():
                    job.folder(member.name)
                elif member.issym() or member.islnk():
                    check_name(member.name, job.source)
                    job.link(member.name, member.linkname, from_root=member.islnk())
                elif not member.isfile():
                    raise _special(job, member.name)
                else:
                    job.expect(member.size)
                    stream = archive.extractfile(member)
                    if stream is None:
                        raise _special(job, member.name)
                    job.write(member.name, stream, lambda: _report(job, min(raw.tell(), size), size))
            if not ended:
                raise EOFError("it ends in the middle")
            rest = job.limits.max_bytes
            while archive.fileobj is not None and (chunk := archive.fileobj.read(_CHUNK_BYTES)):
                rest -= len(chunk)  # gzip's checksum stands at the very end and is looked at only there
                if rest < 0:
                    job.expect(job.limits.max_bytes + 1)
            job.resolve_links()
    except (*_DAMAGED, ValueError) as error:
        raise job.damaged(error) from error
    except OSError as error:  # gzip and bzip2 report damage as OSError without a number
        if error.errno is not None:
            raise
        raise job.damaged(error) from error
    _report(job, size, size)


def unpack_7z(job: Job) -> None:
    """7z, by py7zr or else an installed tool."""
    try:
        import py7zr
    except ImportError:
        from hearfelt.corpora._unpack_tools import unpack_with_tool

        unpack_with_tool(job, "7z")
        return
    try:
        with py7zr.SevenZipFile(job.source) as archive:
            if archive.needs_password():
                raise CorpusError(f"{job.source} is encrypted; unpack it by hand with its password.")
            infos = archive.list()
            total = sum(int(info.uncompressed or 0) for info in infos)
            job.expect(total)
            for info in infos:
                job.place(info.filename)
                if info.is_symlink or not (info.is_file or info.is_directory):
                    raise _special(job, info.filename)
            job.need_disk(total)
            archive.extractall(path=job.staging)  # noqa: S202 - every name was checked above
    except (CorpusError, OSError):
        raise
    except Exception as error:  # py7zr has a family of its own and lets those of five decoders through
        raise job.damaged(error) from error
    _report(job, total, total)


def unpack_rar(job: Job) -> None:
    """Rar, by an installed tool; no library can read it."""
    from hearfelt.corpora._unpack_tools import unpack_with_tool

    unpack_with_tool(job, "rar")


def _special(job: Job, name: str) -> CorpusError:
    return CorpusError(
        f"{job.source} is not safe: {name[:80]!r} is a device, a pipe or a link, not a plain file. Nothing "
        "was unpacked."
    )


def _report(job: Job, completed: int, total: int) -> None:
    if job.progress is not None:
        job.progress(min(completed, total), total)


UNPACKERS: dict[str, Callable[[Job], None]] = {
    "zip": unpack_zip,
    "tar": unpack_tar,
    "7z": unpack_7z,
    "rar": unpack_rar,
}
