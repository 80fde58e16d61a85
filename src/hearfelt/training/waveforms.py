"""The waveform cache: every clip decoded once to 16-bit mono, one memory-mapped file a corpus.

A corpus' folder is named by the content of its files, so a changed file gives a new cache and a moved corpus keeps
its own. Folders are built under a lock and a temporary name, checked when opened, and built again where damaged.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
import zlib
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearfelt.audio.content import audio_hash
from hearfelt.audio.decode import read_audio
from hearfelt.corpora.manifest import Manifest, Row
from hearfelt.errors import AudioError, CorpusError
from hearfelt.files import lock

#: Raised when the layout changes, or when `read_audio` gives other samples than before.
FORMAT_VERSION = 3
Progress = Callable[[int, int], None]


def cache_folder() -> Path:
    """Where caches live: ``$HEARFELT_CACHE``, else ``$XDG_CACHE_HOME/hearfelt``, else ``~/.cache/hearfelt``."""
    if configured := os.environ.get("HEARFELT_CACHE"):
        return Path(configured)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hearfelt"


@dataclass(frozen=True)
class CacheReport:
    """What caching did.

    Attributes:
        clips: that can be used.
        decoded: files that were not in a cache.
        seconds: it took.
        audio_seconds: length of all clips together.
        failures: path (of a part: with its times) -> why it is left out.
    """

    clips: int = 0
    decoded: int = 0
    seconds: float = 0.0
    audio_seconds: float = 0.0
    failures: dict[str, str] = field(default_factory=dict)

    def describe(self) -> str:
        """One line for people, with clips a second where any was decoded."""
        speed = f", {self.decoded / self.seconds:.0f} clips/s" if self.decoded and self.seconds else ""
        bad = f"; {len(self.failures)} cannot be used" if self.failures else ""
        return (
            f"{self.clips} clips, {self.audio_seconds / 3600:.2f} h; {self.decoded} decoded in "
            f"{self.seconds:.1f} s{speed}{bad}"
        )


class Waveforms(Sequence[NDArray[np.float32]]):
    """The clips of a manifest's rows, read from memory-mapped caches.

    Attributes:
        manifest: the rows that could be read, with ``duration`` and ``audio_hash`` filled in.
        sample_rate: in hertz.
        report: what caching did.
    """

    def __init__(
        self,
        manifest: Manifest,
        sample_rate: int,
        clips: Sequence[tuple[NDArray[np.int16], int, int]],
        report: CacheReport,
    ) -> None:
        self.manifest, self.sample_rate, self.report = manifest, sample_rate, report
        self._clips = clips

    def __len__(self) -> int:
        return len(self._clips)

    def __getitem__(self, index: Any) -> Any:
        samples, begin, end = self._clips[index]
        return samples[begin:end].astype(np.float32) / 32767.0

    def samples(self, index: int) -> int:
        """Length of a clip without reading it."""
        _, begin, end = self._clips[index]
        return end - begin


def cache_waveforms(
    manifest: Manifest,
    *,
    sample_rate: int = 16000,
    folder: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Waveforms:
    """Decode what is not cached yet and open everything.

    Args:
        manifest: rows; several corpora are cached apart.
        sample_rate: of the cache, in hertz.
        folder: where caches live; `cache_folder` by default.
        threads: decoders (libsndfile works without the interpreter's lock); default: processors, 4 at most.
        progress: called with (clips done, clips in all) while decoding.

    Raises:
        CorpusError: no clip can be read, or the cache cannot be written.
    """
    start = time.monotonic()
    root = Path(folder) if folder is not None else cache_folder() / "waveforms"
    workers = threads or min(4, os.cpu_count() or 1)
    failures: dict[str, str] = {}
    clips: dict[str, tuple[NDArray[np.int16], dict[str, Any]]] = {}
    total, decoded, done = len({row.path for row in manifest}), 0, 0
    try:
        root.mkdir(parents=True, exist_ok=True)
        for corpus in sorted(manifest.counts("corpus")):
            paths = sorted({row.path for row in manifest if row.corpus == corpus})
            contents = _hash_files(paths, workers, failures)
            if contents:
                (samples, entries, unreadable), fresh = _open_or_build(
                    root,
                    re.sub(r"[^\w.-]", "_", corpus)[:80],  # any text of a manifest as a file name
                    contents,
                    sample_rate,
                    workers,
                    _after(done, total, progress),
                )
                decoded += fresh
                for path, (content, _) in contents.items():
                    if content in entries:
                        clips[path] = (samples, entries[content])
                    else:
                        failures[path] = unreadable[content]
            done += len(paths)
            if progress:
                progress(done, total)
    except OSError as error:
        raise CorpusError(
            f"The waveform cache in {root} cannot be written: {error.strerror or error}. Free some space, or name "
            "another folder with the environment variable HEARFELT_CACHE."
        ) from error
    rows, views = [], []
    for row in manifest:
        if row.path not in clips:
            continue
        samples, entry = clips[row.path]
        begin, end = _part(row, entry["samples"], sample_rate)
        if end <= begin:
            part = f"{row.path} ({row.start} s to {'its end' if row.end is None else f'{row.end} s'})"
            failures[part] = f"no such part: the file has {entry['samples'] / sample_rate:.2f} s"
            continue
        rows.append(replace(row, duration=(end - begin) / sample_rate, audio_hash=entry["audio_hash"]))
        views.append((samples, entry["offset"] + begin, entry["offset"] + end))
    if not rows:
        first = next(iter(failures.items()), ("", "the manifest is empty"))
        raise CorpusError(
            f"None of the {len(manifest)} clips can be read; the first is {first[0]}: {first[1]}"
        )
    audio_seconds = sum(end - begin for _, begin, end in views) / sample_rate
    report = CacheReport(len(rows), decoded, time.monotonic() - start, audio_seconds, failures)
    return Waveforms(Manifest(rows), sample_rate, views, report)


def _after(before: int, total: int, progress: Progress | None) -> Callable[[int], None]:
    """Progress within a corpus as progress over all."""

    def tick(done: int) -> None:
        if progress is not None:
            progress(before + done, total)

    return tick


def _part(row: Row, samples: int, sample_rate: int) -> tuple[int, int]:
    """First sample and the one after the last; equal where the file has no such part, or a time is no number."""
    seconds = samples / sample_rate
    end = seconds if row.end is None else min(row.end, seconds)
    if not 0 <= row.start < end:
        return 0, 0
    return round(row.start * sample_rate), round(end * sample_rate)


#: Of a file: inode, size and times of change; it is the same file with the same bytes as long as they are.
_State = tuple[int, ...]


def _hash_files(
    paths: Sequence[str], workers: int, failures: dict[str, str]
) -> dict[str, tuple[str, _State]]:
    """Path -> hash of its bytes and the file's state when they were read."""

    def content(path: str) -> tuple[str, _State] | OSError | ValueError:
        try:
            with Path(path).open("rb") as file:
                state = _state(os.fstat(file.fileno()))
                return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest(), state
        except (OSError, ValueError) as error:  # ValueError: a path with a null character
            return error

    hashes: dict[str, tuple[str, _State]] = {}
    with ThreadPoolExecutor(workers) as pool:
        for path, result in zip(paths, pool.map(content, paths), strict=True):
            if isinstance(result, Exception):
                failures[path] = f"cannot be opened: {getattr(result, 'strerror', None) or result}"
            else:
                hashes[path] = result
    return hashes


def _state(status: os.stat_result) -> _State:
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


_Store = tuple[NDArray[np.int16], dict[str, dict[str, Any]], dict[str, str]]


def _open_or_build(
    root: Path,
    corpus: str,
    contents: dict[str, tuple[str, _State]],
    sample_rate: int,
    workers: int,
    tick: Callable[[int], None],
) -> tuple[_Store, int]:
    unique = {content: (path, state) for path, (content, state) in sorted(contents.items(), reverse=True)}
    digest = hashlib.blake2b(digest_size=8)
    digest.update(f"{FORMAT_VERSION} {sample_rate}".encode())
    digest.update("".join(sorted(unique)).encode())
    target = root / f"{corpus}-{digest.hexdigest()}"
    if (store := _find(root, corpus, target, unique, sample_rate)) is not None:
        return store, 0
    with lock(root / f".{corpus}.lock", wait=True):
        # another process may have built it while this one waited
        if (store := _find(root, corpus, target, unique, sample_rate)) is not None:
            return store, 0
        shutil.rmtree(target, ignore_errors=True)
        # this process has the lock: what others began was never finished
        for leftover in root.glob(f".{glob.escape(corpus)}-{'[0-9a-f]' * 16}.*"):
            shutil.rmtree(leftover, ignore_errors=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=root))
        try:
            _build(temporary, unique, sample_rate, workers, tick)
            temporary.replace(target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        store = _find(root, corpus, target, unique, sample_rate)
    if store is None:
        raise CorpusError(
            f"The waveform cache {target} was written and does not read back; is the disk sound?"
        )
    return store, len(unique)


def _find(root: Path, corpus: str, target: Path, wanted: Collection[str], sample_rate: int) -> _Store | None:
    """An undamaged cache that has all the wanted clips: the one of this very set, or that of a larger one."""
    others = sorted(path for path in root.glob(f"{glob.escape(corpus)}-*") if path != target)
    for folder in (target, *others):
        index = _read_index(folder)
        if index is None or index["sample_rate"] != sample_rate:
            continue
        has_all = all(content in index["clips"] or content in index["unreadable"] for content in wanted)
        if has_all and (store := _open(folder, index)) is not None:
            return store
    return None


def _build(
    folder: Path,
    unique: dict[str, tuple[str, _State]],
    sample_rate: int,
    workers: int,
    tick: Callable[[int], None],
) -> None:
    def decode(source: tuple[str, _State]) -> tuple[bytes, str] | AudioError:
        path, state = source
        samples: NDArray[np.float32] | AudioError
        try:
            samples = read_audio(path, sample_rate)
        except AudioError as error:
            samples = error
        if not _is_still(path, state):  # or samples would be kept under the hash of others
            raise CorpusError(
                f"{path} changed or went away while it was read. Start again once it is complete."
            )
        if isinstance(samples, AudioError):
            return samples
        return np.round(np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2").tobytes(), audio_hash(samples)

    entries, unreadable, offset = {}, {}, 0
    pending = list(unique.items())
    with (folder / "waveforms.i16").open("wb") as file, ThreadPoolExecutor(workers) as pool:
        for begin in range(0, len(pending), 256):  # bounded: decoded clips do not pile up behind a slow disk
            batch = pending[begin : begin + 256]
            for (content, _), clip in zip(
                batch, pool.map(decode, [source for _, source in batch]), strict=True
            ):
                if isinstance(clip, AudioError):
                    unreadable[content] = str(clip)
                    continue
                data, sound = clip
                samples = len(data) // 2
                file.write(data)
                entries[content] = {
                    "offset": offset,
                    "samples": samples,
                    "crc32": zlib.crc32(data),
                    "audio_hash": sound,
                }
                offset += samples
            tick(begin + len(batch))
        file.flush()
        os.fsync(file.fileno())
    index = {
        "version": FORMAT_VERSION,
        "sample_rate": sample_rate,
        "samples": offset,
        "clips": entries,
        "unreadable": unreadable,
    }
    (folder / "index.json").write_text(json.dumps({**index, "crc32": _checksum(index)}))


def _is_still(path: str, state: _State) -> bool:
    try:
        return _state(Path(path).stat()) == state
    except OSError:
        return False


def _checksum(index: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(index, sort_keys=True).encode())


def _read_index(folder: Path) -> dict[str, Any] | None:
    """The index of a cache in today's format; None where it is none or damaged."""
    try:
        index = json.loads((folder / "index.json").read_text())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(index, dict) or index.get("version") != FORMAT_VERSION:
        return None
    return index if index.pop("crc32", None) == _checksum(index) else None


def _open(folder: Path, index: dict[str, Any]) -> _Store | None:
    """Open and check a cache; None where it is damaged."""
    path = folder / "waveforms.i16"
    try:
        if path.stat().st_size != 2 * index["samples"]:
            return None
        samples = np.memmap(path, dtype="<i2", mode="r") if index["samples"] else np.zeros(0, dtype="<i2")
        for entry in index["clips"].values():
            clip = samples[entry["offset"] : entry["offset"] + entry["samples"]]
            if zlib.crc32(clip.data if len(clip) else b"") != entry["crc32"]:
                return None
        return samples, index["clips"], index["unreadable"]
    except (OSError, ValueError):  # gone or cut short meanwhile
        return None
