"""Sources that stand for many files: a Dataverse dataset's listing, and Git LFS pointers in a repository.

Both publish a hash for every file: Dataverse in the listing, Git LFS in the pointer itself.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from hearfelt.corpora._http import Fetch, Patience, read_url
from hearfelt.corpora._registry import Source
from hearfelt.corpora._unpackers import check_name
from hearfelt.errors import CorpusError

Count = Callable[[str, int, int | None], None]

_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\noid sha256:([0-9a-f]{64})\nsize (\d+)\n"
)
_LFS_TYPE = "application/vnd.git-lfs+json"
_BATCH = 100  # objects asked for at once, as git-lfs itself does
_WORKERS = 8


@dataclass(frozen=True)
class Member:
    """One file of many: where from, and where it goes below the corpus folder."""

    source: Source
    place: PurePosixPath
    headers: Mapping[str, str] = field(default_factory=dict)


def is_dataverse(source: Source) -> bool:
    """Whether the address lists a Dataverse dataset."""
    return "/api/datasets/:persistentId" in source.url


def is_lfs(source: Source) -> bool:
    """Whether the address is a Git LFS server."""
    return source.url.endswith("/info/lfs")


def dataverse_members(source: Source, patience: Patience) -> list[Member]:
    """The audio files of a dataset, each with the hash and size of the listing.

    Raises:
        CorpusError: the listing cannot be fetched or understood, or a file in it has no hash.
    """
    base = source.url.partition("/api/")[0]
    try:
        files = json.loads(read_url(source.url, patience))["data"]["latestVersion"]["files"]
        found = [_dataverse_member(entry, base, Path(source.filename)) for entry in files]
    except (ValueError, KeyError, TypeError) as error:
        raise CorpusError(
            f"{source.url} sent a listing that cannot be read ({type(error).__name__}: {error})."
        ) from error
    members = [
        member for member in found if member.place.suffix.lower() in (".wav", ".flac", ".aiff", ".mp3")
    ]
    if not members:
        raise CorpusError(f"{source.url} lists no audio files.")
    return members


def _dataverse_member(entry: dict[str, Any], base: str, listing: Path) -> Member:
    data = entry["dataFile"]
    checksum = data.get("checksum") or {"type": "MD5", "value": data["md5"]}
    algorithm = str(checksum["type"]).lower().replace("-", "")
    if algorithm not in ("md5", "sha256"):
        raise CorpusError(
            f"{data['filename']}: the listing's hash is a {checksum['type']}; only MD5 and SHA-256 are read."
        )
    place = check_name(
        "/".join(part for part in (entry.get("directoryLabel"), data["filename"]) if part), listing
    )
    url, number = f"{base}/api/access/datafile/{int(data['id'])}", int(data["id"])
    return Member(Source(url, str(number), algorithm, str(checksum["value"]), int(data["filesize"])), place)


def fetch_members(members: Iterable[Member], folder: Path, patience: Patience, count: Count) -> None:
    """Fetch many small files at once, named as their sources say; those already in the folder are kept."""
    folder.mkdir(parents=True, exist_ok=True)

    def one(member: Member) -> None:
        source, final = member.source, folder / member.source.filename
        if not final.is_file():  # it got its name only after its hash was right
            Fetch(source, folder, patience, headers=member.headers).run().replace(final)
        count(source.filename, final.stat().st_size, source.bytes)

    executor = ThreadPoolExecutor(_WORKERS, thread_name_prefix="download")
    try:
        for future in [executor.submit(one, member) for member in members]:
            future.result()
    finally:  # on the first error or Ctrl-C the files not begun are left for the next run
        executor.shutdown(wait=True, cancel_futures=True)


def resolve_pointers(
    staging: Path, servers: list[Source], folder: Path, patience: Patience, count: Count
) -> None:
    """Put the real files in the place of Git LFS pointers.

    Args:
        staging: the unpacked repository.
        servers: tried in order; their ``filename`` is the folder whose pointers are wanted. Pointers
        elsewhere
            (videos) are removed.
        folder: where fetched objects wait, under their hash.
        patience: how long to try.
        count: called with (name, bytes there, bytes expected).

    Raises:
        CorpusError: no server has the files.
    """
    wanted: dict[str, list[Path]] = {}
    sizes: dict[str, int] = {}
    for path in sorted(path for path in staging.rglob("*") if path.is_file() and path.stat().st_size < 1024):
        match = _POINTER.match(path.read_bytes())
        if match is None:
            continue
        if servers[0].filename not in path.relative_to(staging).parts:
            path.unlink()
            continue
        oid = match[1].decode()
        wanted.setdefault(oid, []).append(path)
        sizes[oid] = int(match[2])
    for oid, size in sizes.items():
        count(oid, 0, size)
    problems = []
    for server in servers:
        missing = [oid for oid in wanted if not (folder / oid).is_file()]
        try:
            for start in range(0, len(missing), _BATCH):
                batch = missing[start : start + _BATCH]
                fetch_members(
                    _ask_lfs(server, {oid: sizes[oid] for oid in batch}, patience), folder, patience, count
                )
            break
        except CorpusError as error:
            problems.append(str(error))
    else:
        raise CorpusError(" ".join(["No server gave the recordings.", *problems]))
    for oid, paths in wanted.items():
        for path in paths:
            path.unlink()
            link_or_copy(folder / oid, path)


def _ask_lfs(server: Source, sizes: Mapping[str, int], patience: Patience) -> list[Member]:
    """Git LFS batch API: hashes in, addresses out."""
    question = {
        "operation": "download",
        "transfers": ["basic"],
        "hash_algo": "sha256",
        "objects": [{"oid": oid, "size": size} for oid, size in sizes.items()],
    }
    headers = {"Accept": _LFS_TYPE, "Content-Type": _LFS_TYPE}
    answer = read_url(
        f"{server.url}/objects/batch", patience, data=json.dumps(question).encode(), headers=headers
    )
    members = []
    try:
        for entry in json.loads(answer)["objects"]:
            oid = str(entry["oid"])
            if "error" in entry:
                raise CorpusError(
                    f"{server.url} does not give {oid[:12]}...: {entry['error'].get('message')}."
                )
            action = entry["actions"]["download"]
            if urlsplit(server.url).scheme == "https" and urlsplit(action["href"]).scheme != "https":
                raise CorpusError(
                    f"{server.url} sends us on to an address that is not encrypted; not followed."
                )
            if oid in sizes:
                source = Source(str(action["href"]), oid, "sha256", oid, sizes[oid])
                members.append(Member(source, PurePosixPath(oid), dict(action.get("header") or {})))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorpusError(
            f"{server.url} sent an answer that cannot be read ({type(error).__name__}: {error})."
        ) from error
    if len({member.source.filename for member in members}) < len(sizes):
        raise CorpusError(f"{server.url} gave {len(members)} of {len(sizes)} addresses.")
    return members


def link_or_copy(origin: Path, goal: Path) -> None:
    """The same content under a second name, without copying it where the disk allows."""
    import shutil

    goal.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(origin, goal)
    except FileExistsError:
        raise
    except OSError:
        shutil.copyfile(origin, goal)
