"""Fetching the official files of a corpus: resumable, checked, unpacked, and in place only when all is right.

A `Source` is a file, unless its address says otherwise: a Dataverse dataset's listing
(``.../api/datasets/:persistentId/...``) stands for the audio files in it, and a Git LFS server
(``.../info/lfs``) for the real content of the pointers in the folder that its ``filename`` names.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hearfelt.corpora._registry import CorpusInfo, Source, get_adapter, get_corpus
from hearfelt.errors import CorpusError
from hearfelt.files import write_atomically, write_json

if TYPE_CHECKING:
    from hearfelt.corpora._http import Patience

Progress = Callable[[int, int], None]

#: Where archives, parts and their hashes are kept, below the download folder.
WORK_FOLDER = ".downloads"
COMPLETED = ".completed"
SUMS = "SHA256SUMS"

_ARCHIVE_SUFFIXES = frozenset({".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz"})


def download(
    name: str,
    out_dir: str | os.PathLike[str],
    *,
    progress: Progress | None = None,
    sources: Sequence[Source] | None = None,
    patience: Patience | None = None,
) -> Path:
    """Fetch and unpack a corpus into its own folder below ``out_dir``.

    Called again after any interruption (kill -9 too) it goes on where it stopped; after success it does
    nothing. A file with a published hash must have it. One without is trusted the first time, and its SHA-256
    is written to ``.downloads/<name>/SHA256SUMS``; from then on it must have that one.

    Args:
        name: a corpus of `list_corpora`.
        out_dir: the folder that holds corpora; made where needed.
        progress: called with (completed, total) bytes; the total grows where sizes are learnt on the way.
        sources: other sources than the official ones, a mirror for instance.
        patience: timeouts and number of tries.

    Returns:
        The corpus' folder, ready for `scan`.

    Raises:
        UnknownNameError: no such corpus.
        CorpusError: there is no direct download (the message holds the steps to get it by hand), or fetching,
            checking or unpacking failed; what is good so far is kept.
        KeyboardInterrupt: Ctrl-C; its text says what is kept and how to go on.
    """
    info = get_corpus(name)
    plan = info.sources if sources is None else tuple(sources)
    if not plan:
        steps = info.instructions or (
            f"See {info.url}." if info.url else f"Try: hearfelt corpora scan {name} FOLDER"
        )
        raise CorpusError(f"{info.title} cannot be downloaded directly.\n{steps}")
    out = Path(out_dir).expanduser().absolute()
    folder, work = out / _folder_name(info), out / WORK_FOLDER / info.name
    if (folder / COMPLETED).is_file():
        return folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CorpusError(
            f"{folder} exists and is not from a finished download. If it is the corpus, use it as it is "
            f"(`hearfelt corpora scan {info.name} {folder}`); else move it away or choose another folder."
        )
    from hearfelt.corpora._http import Patience
    from hearfelt.files import lock

    meter = _Meter(progress)
    try:
        work.mkdir(parents=True, exist_ok=True)
        with lock(work):
            if not (folder / COMPLETED).is_file():  # another process may just have finished it
                _Download(info, plan, work, patience or Patience(), meter).run(folder)
    except BlockingIOError as error:
        raise CorpusError(f"Another process is downloading {info.title} into {out}; wait for it.") from error
    except OSError as error:
        raise CorpusError(
            f"Cannot write {error.filename or out}: {error.strerror}. What was fetched is kept; run it again "
            "after "
            "mending that."
        ) from error
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"Stopped with {meter.completed:,} bytes of {info.title} in {work}. Nothing is lost: run the "
            "same command "
            "again to go on from there."
        ) from None
    return folder


def describe_sources(name: str) -> str:
    """What `download` would fetch, in words: addresses, sizes, hashes, licence; or the steps by hand.

    >>> print(describe_sources("savee").splitlines()[0])
    SAVEE (savee)

    Raises:
        UnknownNameError: no such corpus.
    """
    from hearfelt.corpora._members import is_dataverse, is_lfs

    info = get_corpus(name)
    lines = [
        f"{info.title} ({info.name})",
        f"licence: {info.licence}",
        f"home: {info.url}",
        f"cite: {info.citation}",
    ]
    if not info.sources:
        return "\n".join([*lines, "no direct download:", info.instructions or f"See {info.url}."])
    lines.append(f"folder: {_folder_name(info)}")
    for source in info.sources:
        if is_lfs(source):
            lines.append(f"{source.filename}/*: {source.url}")
            lines.append("    sha256 and size of each file: published, in the repository's Git LFS pointers")
        elif is_dataverse(source):
            lines.append(f"all audio files: {source.url}")
            lines.append("    hash and size of each file: published, in that listing")
        else:
            size = (
                f"{source.bytes / 1e6:,.1f} MB" if source.bytes is not None else "size not known beforehand"
            )
            hashed = (
                f"{source.algorithm} {source.digest}"
                if source.digest
                else f"no published hash; the first one is kept in {SUMS}"
            )
            plain = "; NOT ENCRYPTED" if urlsplit(source.url).scheme == "http" else ""
            lines += [f"{source.filename}: {source.url}", f"    {size}; {hashed}{plain}"]
    return "\n".join(lines)


def _folder_name(info: CorpusInfo) -> str:
    return info.folder_names[0] if info.folder_names else info.name


class _Meter:
    """Adds up bytes over files and threads for the one progress hook."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress, self._lock = progress, threading.Lock()
        self._files: dict[str, tuple[int, int]] = {}
        self._completed = self._total = 0

    @property
    def completed(self) -> int:
        return self._completed

    def count(self, name: str, completed: int, total: int | None) -> None:
        with self._lock:
            before = self._files.get(name, (0, 0))
            now = (completed, max(completed, total or 0))
            self._files[name] = now
            self._completed += now[0] - before[0]
            self._total += now[1] - before[1]
            if self._progress is not None:
                self._progress(self._completed, self._total)


class _Download:
    """One corpus on its way: files into the work folder, content into a staging folder, then one rename."""

    def __init__(
        self, info: CorpusInfo, plan: Sequence[Source], work: Path, patience: Patience, meter: _Meter
    ) -> None:
        from hearfelt.corpora._members import is_dataverse, is_lfs

        self.info, self.work, self.patience, self.meter = info, work, patience, meter
        self.servers = [source for source in plan if is_lfs(source)]
        self.listings = [source for source in plan if is_dataverse(source)]
        self.files = [source for source in plan if source not in self.servers and source not in self.listings]
        self.staging = work / "files"

    def run(self, folder: Path) -> None:
        from hearfelt.corpora._members import dataverse_members, fetch_members, link_or_copy, resolve_pointers

        self._need_disk()
        for source in self.files:
            self.meter.count(source.filename, 0, source.bytes)
        paths = [self._get(source) for source in self.files]
        members = [member for source in self.listings for member in dataverse_members(source, self.patience)]
        for member in members:
            self.meter.count(member.source.filename, 0, member.source.bytes)
        fetch_members(members, self.work / "members", self.patience, self.meter.count)

        shutil.rmtree(self.staging, ignore_errors=True)  # of a killed run; unpacking again is quick
        for path in paths:
            self._unpack(path)
        for member in members:
            link_or_copy(self.work / "members" / member.source.filename, self.staging / member.place)
        if self.servers:
            resolve_pointers(
                self.staging, self.servers, self.work / "objects", self.patience, self.meter.count
            )
        record = {
            "corpus": self.info.name,
            "clips": self._clips(),
            "licence": self.info.licence,
            "sources": [
                {"url": source.url, "filename": source.filename} for source in self.files + self.listings
            ],
            "sha256": self._sums(),
        }
        write_json(self.staging / COMPLETED, record)
        if folder.is_dir():
            folder.rmdir()  # empty, as checked before; Windows renames onto no folder
        self.staging.replace(folder)
        for name in ("members", "objects"):
            shutil.rmtree(self.work / name, ignore_errors=True)

    def _need_disk(self) -> None:
        missing = sum(
            source.bytes or 0 for source in self.files if not (self.work / source.filename).exists()
        )
        parts = sum(path.stat().st_size for path in self.work.glob("*.part"))
        # the archive, and as much again for its content: recordings hardly compress
        needed = max(0, missing - parts) + sum(source.bytes or 0 for source in self.files)
        free = shutil.disk_usage(self.work).free
        if needed > free:
            raise CorpusError(
                f"{self.info.title} needs about {needed:,} bytes (archive and content), but only {free:,} "
                "are free in "
                f"{self.work}. Make room or choose another folder."
            )

    def _get(self, source: Source) -> Path:
        """One file under its own name, as published or as the first time."""
        from hearfelt.corpora._http import Fetch, hash_file

        final = self.work / source.filename
        known = self._sums().get(source.filename)
        if final.is_file():
            right = hash_file(final, source.algorithm) == source.digest.lower() if source.digest else False
            if right or (not source.digest and known is not None and hash_file(final, "sha256") == known):
                self.meter.count(source.filename, final.stat().st_size, source.bytes)
                return final
            final.unlink()  # changed on disk since
        fetch = Fetch(
            source,
            self.work,
            self.patience,
            lambda have, total: self.meter.count(source.filename, have, total),
        )
        part = fetch.run()
        actual = hash_file(part, "sha256")
        if known is not None and actual != known and not source.digest:
            fetch.discard()
            raise CorpusError(
                f"{source.filename} from {source.url} is not the file of the first download: its sha256 is "
                f"{actual}, then "
                f"it was {known}. Nothing was kept. If the distributor replaced it knowingly, delete its "
                "line in "
                f"{self.work / SUMS} and run it again."
            )
        sums = {**self._sums(), source.filename: actual}
        write_atomically(
            self.work / SUMS, "".join(f"{value}  {key}\n" for key, value in sorted(sums.items()))
        )
        part.replace(final)
        return final

    def _sums(self) -> dict[str, str]:
        """The lock file, in the form that ``sha256sum -c`` reads."""
        try:
            text = (self.work / SUMS).read_text(encoding="utf-8")
        except OSError:
            return {}
        return {
            name: value for value, _, name in (line.partition("  ") for line in text.splitlines()) if name
        }

    def _unpack(self, path: Path) -> None:
        from hearfelt.corpora._members import link_or_copy
        from hearfelt.corpora.archive import detect_format, unpack

        if detect_format(path) is None:
            if self._is_page(path):
                raise CorpusError(
                    f"{path.name} is a web page, not data: the server asks for something first. Open "
                    f"{self.info.url} in "
                    f"a browser. Delete {path} before the next try."
                )
            link_or_copy(path, self.staging / path.name)
            return
        for inner in unpack(path, self.staging):
            if inner.suffix.lower() in _ARCHIVE_SUFFIXES and detect_format(inner) is not None:
                unpack(inner, inner.parent)  # repositories hold archives; one level, no deeper
                inner.unlink()

    @staticmethod
    def _is_page(path: Path) -> bool:
        with path.open("rb") as file:
            return file.read(512).lstrip().lower().startswith((b"<!doctype html", b"<html"))

    def _clips(self) -> int:
        """How many files have names of this corpus; none means that the wrong thing was fetched."""
        parse = get_adapter(self.info.name).parse
        clips = sum(1 for path in self.staging.rglob("*") if path.is_file() and parse(path) is not None)
        if not clips:
            example = self.info.extra.get("example", "")
            raise CorpusError(
                f"What was fetched holds no clip named as {self.info.title} names "
                f"them{f' ({example})' if example else ''}. "
                f"It is kept in {self.work}; see {self.info.url}."
            )
        return clips
